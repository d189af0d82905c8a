"""What the programs of a session store: opened, and imported, when it is first wanted.

Rules of this file
- A store that cannot be opened is refused to whoever wants it, and the session goes on; `problem` says why.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zos_core.errors import Refused
from zos_core.launcher import BUNDLED
from zos_core.prompts import harmless
from zos_core.recorded import Recorded

if TYPE_CHECKING:
    from zos_core.record.storage import Storage

_OWNER_SHOWN, _ORIGIN_SHOWN = 40, 8


def owner_text(program: str, origin: str) -> str:
    """Whose a namespace is: the id a manifest claims, and which module claims it if it is not a bundled one."""
    claimed = harmless(program[:_OWNER_SHOWN])
    return claimed if origin == BUNDLED else f"{claimed} (module {origin[:_ORIGIN_SHOWN]})"


class Stored:
    """The storage in the file `path`, None for one that is forgotten; it follows the journal of what is `recorded`."""

    def __init__(self, path: Path | None, recorded: Recorded) -> None:
        self._path, self._recorded = path, recorded
        self._storage: Storage | None = None
        self.problem = ""

    def open(self) -> Storage:
        """Raises `Refused`."""
        from zos_core.record.storage import Storage

        try:
            self._storage = self._storage or Storage(self._path, self._recorded.recorder)
        except Refused as refused:
            self.problem = str(refused)
            raise
        return self._storage

    def namespace(self, program: str, origin: str) -> int:
        """The number of a program's namespace. Raises `Refused`."""
        return self.open().namespace(program, origin)

    def name(self, namespace: int) -> str:
        """A namespace by the program it belongs to; empty when no program has one of this number."""
        owner = self._storage.owner_of(namespace) if self._storage is not None else None
        return "" if owner is None else f"storage {namespace} of {owner_text(*owner)}"

    def close(self) -> None:
        if self._storage is not None:
            self._storage.close()
