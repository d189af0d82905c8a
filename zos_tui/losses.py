"""Capabilities that went a moment ago: what flashes in the tab, the process row and the list at once.

Rules of this file (desktop: Messages)
- Pure: rows of the message log come in with the time they were seen at, in seconds of any steady clock.
- A loss is bright for 1.5 s, then dim, then forgotten. It always has a word: colour and brightness only repeat it.
- What a process deleted itself is no loss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from zos_core.snapshot import EventKind, EventSnapshot

BRIGHT_S = 1.5
KEPT_S = 10.0
_MARKED = re.compile(r"✗ slot (\d+) (.+)", re.DOTALL)
"""How the message log words a capability that went; what else it tells of revocations has no mark."""
_BY_ITS_HOLDER = "deleted"


class Loss(NamedTuple):
    """Process `pid` lost its `slot` at `at_s`; `word` says how: `revoked`, `expired`, `gone with its source`."""

    pid: int
    slot: int
    word: str
    at_s: float

    def bright(self, now_s: float) -> bool:
        return now_s - self.at_s < BRIGHT_S


class Losses:
    """The losses of the last ten seconds, newest last."""

    def __init__(self) -> None:
        self._recent: list[Loss] = []

    def note(self, rows: Iterable[EventSnapshot], now_s: float) -> bool:
        """Take in what the log tells; True when some of it is a loss."""
        found = [loss for row in rows if (loss := _loss_of(row, now_s)) is not None]
        self._recent += found
        return bool(found)

    def forget_old(self, now_s: float) -> None:
        self._recent = [loss for loss in self._recent if now_s - loss.at_s < KEPT_S]

    def of(self, pid: int) -> tuple[Loss, ...]:
        """What this process lost lately, oldest first."""
        return tuple(loss for loss in self._recent if loss.pid == pid)

    def next_change_s(self, now_s: float) -> float | None:
        """Seconds until some loss turns dim or is forgotten; None when there is none."""
        ends = [loss.at_s + (BRIGHT_S if loss.bright(now_s) else KEPT_S) for loss in self._recent]
        return max(0.0, min(ends) - now_s) if ends else None


def _loss_of(row: EventSnapshot, now_s: float) -> Loss | None:
    if row.kind is not EventKind.REVOKED:
        return None
    match = _MARKED.fullmatch(row.text)
    if match is None or match[2] == _BY_ITS_HOLDER:
        return None
    return Loss(row.pid, int(match[1]), match[2], now_s)
