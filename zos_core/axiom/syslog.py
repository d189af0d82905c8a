"""The SysLog: one row for each call that reached the kernel and is audited.

Rules of this file (kernel: Axiom)
- A row holds the request and the answer. A call that had to wait has two: the second names the first in `resumes`.
- Every refusal is a row, with its reason in words; a reason never changes what a program is told.
- The last 10,000 rows stay in memory; `take()` hands each row once to whoever records.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from zos_core import abi

KEPT_EVENTS = 10_000
WAITING = -1
"""Result of a row whose call had to wait."""


class SysEvent(NamedTuple):
    """`args` are the call's; `size` is the number of outgoing bytes; `reason` is empty for a success.

    `notice` is the payload of the MSG_CAP_REVOKED that a receive took, empty for anything else.
    """

    seq: int
    time_ns: int
    pid: int
    num: int
    args: tuple[Any, ...]
    size: int
    result: int
    reason: str = ""
    resumes: int = 0
    notice: bytes = b""

    @property
    def error(self) -> abi.Errno:
        return abi.Errno.E_OK if self.result == WAITING else abi.errno_of(self.num, self.result)


class SysLog:
    """Rows in order of their sequence numbers, which also number the calls that are not kept."""

    def __init__(self, kept: int = KEPT_EVENTS) -> None:
        self.rows: deque[SysEvent] = deque(maxlen=kept)
        self.total = 0
        self.refusals = 0
        self._recorded: list[SysEvent] | None = None

    def append(self, row: SysEvent) -> None:
        self.rows.append(row)
        self.total += 1
        if self._recorded is not None:
            self._recorded.append(row)

    def record(self, on: bool) -> None:
        """Keep every row until it is taken, from here on."""
        self._recorded = [] if on else None

    def take(self) -> list[SysEvent]:
        """The rows since the last call, when recording."""
        taken, self._recorded = self._recorded or [], None if self._recorded is None else []
        return taken

    def after(self, seq: int) -> Iterator[SysEvent]:
        """Kept rows with a higher sequence number, oldest first."""
        newer: list[SysEvent] = []
        for row in reversed(self.rows):
            if row.seq <= seq:
                break
            newer.append(row)
        newer.reverse()
        return iter(newer)
