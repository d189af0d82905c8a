"""The rows of the message log that are kept: the newest 5,000, and which of them a person wants to see.

Pure but for the reader it pulls from; the machine makes rows only when somebody pulls. What a program does again and
again (a refused call, a message) is one row with its number of times, or what happened between would scroll away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from zos_core.snapshot import EventKind, EventSnapshot
from zos_tui.ports import Events

MAX_ROWS = 5_000
_REPEATED = frozenset({EventKind.REFUSED, EventKind.INPUT, EventKind.MESSAGE})
_LOOK_BACK = 4
"""Rows back from the last one that may tell the same: a program may repeat a few different calls in turn."""


class KindFilter(NamedTuple):
    """A choice of kinds under one word; no kinds means all of them."""

    title: str
    kinds: frozenset[EventKind] = frozenset()


KIND_FILTERS: tuple[KindFilter, ...] = (
    KindFilter("everything"),
    KindFilter("revocations", frozenset({EventKind.REVOKED, EventKind.RECEIVED})),
    KindFilter("grants", frozenset({EventKind.GRANTED})),
    KindFilter("refusals", frozenset({EventKind.REFUSED})),
    KindFilter("starts and ends", frozenset({EventKind.STARTED, EventKind.EXIT, EventKind.FAULT})),
    KindFilter("input", frozenset({EventKind.INPUT})),
    KindFilter("messages", frozenset({EventKind.MESSAGE})),
)


@dataclass(frozen=True, slots=True)
class View:
    """What is to be seen: one process (0 for all) and one choice of kinds."""

    pid: int = 0
    kinds: KindFilter = KIND_FILTERS[0]

    def wants(self, row: EventSnapshot) -> bool:
        of_process = not self.pid or self.pid in (row.pid, row.by_pid)
        return of_process and (not self.kinds.kinds or row.kind in self.kinds.kinds)


class Told(NamedTuple):
    """A kept row under a number that never returns; it has come `times` times, and `row` is the first of them."""

    number: int
    row: EventSnapshot
    times: int = 1


class Chronicle:
    """`make_reader(messages)` opens a reader; with `messages` it also tells what programs send each other."""

    def __init__(self, make_reader: Callable[[bool], Events], messages: bool = False) -> None:
        self._make_reader = make_reader
        self._reader = make_reader(messages)
        self.messages = messages
        self._rows: deque[Told] = deque(maxlen=MAX_ROWS)
        self._number = 0

    def anew(self) -> Chronicle:
        """One that tells the same, from the beginning."""
        return Chronicle(self._make_reader, self.messages)

    def pull(self) -> list[EventSnapshot]:
        """Take in what is new since the last pull, and return it."""
        news = self._reader.news()
        for row in news:
            if not self._told_again(row):
                self._number += 1
                self._rows.append(Told(self._number, row))
        return news

    def _told_again(self, row: EventSnapshot) -> bool:
        """Whether one of the last rows tells the same, with nothing but rows of its kind and process in between."""
        for back in range(1, min(_LOOK_BACK, len(self._rows)) + 1 if row.kind in _REPEATED else 0):
            number, other, times = self._rows[-back]
            if (other.kind, other.pid) != (row.kind, row.pid):
                return False
            if (other.text, other.by_pid) == (row.text, row.by_pid):
                self._rows[-back] = Told(number, other, times + 1)
                return True
        return False

    def tell_messages(self, wanted: bool) -> None:
        """Begin or stop to tell what programs send each other, from here on."""
        self.pull()
        self.messages, self._reader = wanted, self._make_reader(wanted)
        self._reader.news()

    def rows(self, view: View) -> Iterator[Told]:
        """The kept rows that `view` wants, oldest first."""
        return (told for told in self._rows if view.wants(told.row))
