"""Recent programs: the last starts of the dialog, the newest first, in a small file of the data folder.

Rules of this file
- The file is its owner's alone (0600): arguments and variables may be secrets. It is replaced whole, or not at all.
- What cannot be read is an empty list; what cannot be written is forgotten with the session.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from zos_core.abi import Rights
from zos_core.snapshot import rights_text
from zos_core.wasi.directories import DirectoryGrant
from zos_tui.starts import Start

MAX_RECENT = 20
MAX_FILE = 1 << 20
_MODE = 0o600


class Recents:
    """`path` None keeps them for this session only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._kept: list[Start] | None = None

    def list(self) -> list[Start]:
        """At most `MAX_RECENT`."""
        if self._kept is None:
            self._kept = _read(self._path) if self._path is not None else []
        return list(self._kept)

    def add(self, start: Start) -> None:
        """Put it first; an earlier start of the same program with the same arguments gives way."""
        older = [each for each in self.list() if (each.program, each.args) != (start.program, start.args)]
        self._kept = [start, *older][:MAX_RECENT]
        if self._path is not None:
            with contextlib.suppress(OSError):
                _write(self._path, self._kept)


def _write(path: Path, starts: list[Start]) -> None:
    """Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps([_plain(start) for start in starts], indent=1).encode()
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, _MODE)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, _MODE)
            file.write(text)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _read(path: Path) -> list[Start]:
    try:
        with path.open("rb") as file:
            rows = json.loads(file.read(MAX_FILE))
        return [_start(row) for row in rows[:MAX_RECENT]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def _plain(start: Start) -> dict[str, Any]:
    return {
        "program": start.program,
        "args": start.args,
        "directories": [
            {"host": str(each.host), "guest": each.guest, "rights": rights_text(each.perms)}
            for each in start.directories
        ],
        "environ": start.environ,
        "memory": start.memory,
        "stub_imports": start.stub_imports,
    }


def _start(row: dict[str, Any]) -> Start:
    """Raises one of the errors of `_read` for anything but what `_plain` makes."""
    return Start(
        program=_text(row["program"]),
        args=tuple(map(_text, row["args"])),
        directories=tuple(
            DirectoryGrant(
                Path(_text(each["host"])),
                _text(each["guest"]),
                Rights.READ | (Rights.WRITE if "w" in each["rights"] else Rights.NONE),
            )
            for each in row["directories"]
        ),
        environ=tuple((_text(name), _text(value)) for name, value in row["environ"]),
        memory=int(row["memory"]),
        stub_imports=row["stub_imports"] is True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("no text")
    return value
