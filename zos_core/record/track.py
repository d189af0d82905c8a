"""The track of a session: its ticks and commits in order, and committed state after any of them.

Rules of this file
- A track is read in slices, from its beginning; what has been read is known by number, time and place. Whoever asks for
  a state waits for no more than the way from the keyframe before it.
- `RecordedTrack` reads a recording, which may still be growing; `KeptTrack` the commits a machine keeps in memory.
- A recording is somebody else's word: the track ends where it cannot be read any further, and `problem` says why.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, islice
from typing import Any

from zos_core.abi import Malformed, ObjectType
from zos_core.axiom.commitlog import CommitLog
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.kernel.commits import (
    KINDS,
    Body,
    CapInserted,
    CapRemoved,
    Entry,
    InsertHow,
    MessageSent,
    ProcessCreated,
    ProcessFaulted,
    RemoveHow,
    body_of,
)
from zos_core.kernel.reduce import apply
from zos_core.kernel.state import Committed
from zos_core.record.history import RecordedCommit, decode_commit
from zos_core.record.journal import unpack_events, unpack_list
from zos_core.record.keyframes import Keyframes, keyframe
from zos_core.record.recording import Recording

PAGE_TICKS = 32
MAX_TICKS_BACK = 4096
"""So far back calls are looked for."""
NEAR_COMMITS = 2000
_ROW_US, _ITEM_US, _APPLIED_US = 15.0, 0.6, 10.0
"""What reading a tick, passing over a commit, and making one true costs, in round terms."""
_MESSAGE = KINDS[MessageSent]
_MESSAGE_BYTE = bytes([_MESSAGE])
_KIND_AT = 24
"""Where the kind stands in a commit's canonical bytes."""
_UNFIT = (KeyError, ValueError, TypeError, IndexError)

Page = list[tuple[int, Sequence[Any]]]
"""Ticks in order: their times in ns of uptime, and their commits in the form the track keeps them."""


class Track(ABC):
    """`base` is the last commit before its beginning; ticks count from 1 there.

    `times` are the ticks' times in ns of uptime, `last` the number of the last commit by the end of each.
    """

    def __init__(self, base: int, state: Committed) -> None:
        self.base = base
        self.times, self.last = array("Q"), array("Q")
        self.changes = array("Q")
        """The numbers of the commits that are no messages."""
        self.problem = ""
        self._keyframes = Keyframes(keyframe(base, 0, state))
        self._state = state
        self._ahead: Page = []

    # --- what a source gives --------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def ticks(self) -> int:
        """How many ticks there are to read at present."""

    @abstractmethod
    def _page(self, first: int, count: int = PAGE_TICKS) -> Page:
        """Up to `count` ticks from number `first` on; none at the end. Raises `Refused` if that one is damaged."""

    @abstractmethod
    def _changes(self, item: Any) -> Body | None:
        """What a commit says, None for a message: that changes nothing. Raises `Malformed`."""

    @abstractmethod
    def _commit(self, item: Any) -> RecordedCommit:
        """Raises `Malformed`."""

    # --- reading it -----------------------------------------------------------------------------------------------

    @property
    def known(self) -> int:
        """Ticks that have been read."""
        return len(self.times)

    @property
    def commits(self) -> int:
        """The last commit that has been read."""
        return self.last[-1] if self.last else self.base

    @property
    def read(self) -> bool:
        """Everything there is has been read."""
        return bool(self.problem) or self.known >= self.ticks

    def scan(self, more: Callable[[], bool]) -> None:
        """Read on while `more()`, a tick at least."""
        while not self.read:
            try:
                self._ahead = self._ahead or self._page(self.known + 1)[::-1]
                if not self._ahead:
                    raise Refused(f"tick {self.known + 1} is missing")
                self._take(*self._ahead.pop())
            except Refused as refused:
                self.problem = str(refused)
            if not more():
                return

    def _take(self, time_ns: int, items: Sequence[Any]) -> None:
        tick, seq, applied = self.known + 1, self.commits, len(self.changes)
        try:
            for item in items:
                seq += 1
                body = self._changes(item)
                if body is not None:
                    _check(self._state, body)
                    apply(self._state, body)
                    self.changes.append(seq)
        except (*_UNFIT, Malformed):
            # The running state may be half of a tick ahead; nothing is read from here on.
            raise Refused(f"tick {tick}: its commits do not fit what stands before them") from None
        self.last.append(seq)
        self.times.append(time_ns)
        work = _ROW_US + _ITEM_US * len(items) + _APPLIED_US * (len(self.changes) - applied)
        self._keyframes.passed(work, seq, tick, self._state)

    # --- looking things up ----------------------------------------------------------------------------------------

    def tick_of(self, commit: int) -> int:
        """The tick in which this commit came about; the last known one when it is not there yet."""
        return min(bisect_left(self.last, commit) + 1, max(self.known, 1))

    def tick_at(self, time_ns: int) -> int:
        """The last tick that is not after this time, 1 at least."""
        return max(1, bisect_right(self.times, time_ns))

    def changes_upto(self, commit: int) -> int:
        """How many of `changes` are not after this commit."""
        return bisect_right(self.changes, commit)

    def before(self, tick: int) -> int:
        """The last commit before this tick."""
        return self.last[tick - 2] if tick > 1 else self.base

    def state_at(self, commit: int, near: tuple[int, Committed] | None = None) -> Committed:
        """Committed state after this commit, which has been read; the caller's own. Raises `Refused`.

        `near` is a state to go on from, and after which commit it is: it is used up when it is not far before.
        """
        if near is not None and 0 <= commit - near[0] <= NEAR_COMMITS:
            done, state = near
        else:
            frame = self._keyframes.before(commit)
            done, state = frame.commit, frame.state()
        tick = self.tick_of(done + 1)
        while done < commit:
            page = self._page(tick)
            if not page:
                raise Refused(f"tick {tick} is missing")
            for _, items in page:
                before = self.before(tick)
                self._go_on(state, tick, items[done - before : commit - before])
                done, tick = min(self.last[tick - 1], commit), tick + 1
                if done >= commit:
                    break
        return state

    def _go_on(self, state: Committed, tick: int, items: Sequence[Any]) -> None:
        try:
            for item in items:
                body = self._changes(item)
                if body is not None:
                    apply(state, body)
        except (*_UNFIT, Malformed):
            raise Refused(f"tick {tick}: its commits are others than they were") from None

    def numbered(self, numbers: Sequence[int]) -> list[RecordedCommit]:
        """The commits with these rising numbers, which have been read. Raises `Refused`."""
        out: list[RecordedCommit] = []
        for tick, group in groupby(numbers, key=self.tick_of):
            _, items = self._page(tick, 1)[0]
            try:
                out += [self._commit(items[seq - self.before(tick) - 1]) for seq in group]
            except Malformed as malformed:
                raise Refused(f"tick {tick}: {malformed}") from None
        return out

    @abstractmethod
    def calls(self, tick: int, most: int) -> list[SysEvent]:
        """About `most` rows of the SysLog up to the end of this tick, oldest first. Raises `Refused`."""


def _check(state: Committed, body: Body) -> None:
    """Whether a machine could have written this next. Raises ValueError: what is shown must name it, and end."""
    match body:
        case CapInserted(cap_id, parent):
            ObjectType(body.object_type), InsertHow(body.how)
            if cap_id < state.next_cap or parent >= cap_id:
                raise ValueError("capabilities are numbered in the order they come")
        case CapRemoved():
            RemoveHow(body.how)


def _harmless(body: Body) -> Body:
    """Without anything in its texts that could do something to a terminal."""
    match body:
        case ProcessCreated():
            return body._replace(name=_printable(body.name))
        case ProcessFaulted():
            return body._replace(reason=_printable(body.reason), description=_printable(body.description))
    return body


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


class RecordedTrack(Track):
    """The track of a recording. Raises `Refused`."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(0, Committed())
        self._recording = recording
        self._ticks = recording.last_tick()

    @property
    def ticks(self) -> int:
        return self._ticks

    def grow(self) -> None:
        """Look how far the recording reaches by now. Raises `Refused`."""
        self._ticks = self._recording.last_tick()

    def calls(self, tick: int, most: int) -> list[SysEvent]:
        found: list[SysEvent] = []
        last = tick
        while last > max(0, tick - MAX_TICKS_BACK) and len(found) < most:
            first = max(1, last - PAGE_TICKS // 4 + 1)
            rows = islice(self._recording.ticks(first), last - first + 1)
            try:
                found[:0] = [
                    event._replace(reason=_printable(event.reason)) if event.reason else event
                    for row in rows
                    for event in unpack_events(row.syslog)
                ]
            except Malformed as malformed:
                raise Refused(f"{self._recording.path}: before tick {last + 1}: {malformed}") from None
            last = first - 1
        return found[-most:]

    def _page(self, first: int, count: int = PAGE_TICKS) -> Page:
        page: Page = []
        for at, (tick, time_ns, commits) in enumerate(self._recording.facts(first, count)):
            try:
                if tick != first + at:
                    raise Malformed("it is missing")
                page.append((time_ns, unpack_list(commits)))
            except Malformed as malformed:
                if not page:
                    raise Refused(f"{self._recording.path}: tick {first}: {malformed}") from None
                break
        return page

    def _changes(self, item: bytes) -> Body | None:
        return None if item[_KIND_AT : _KIND_AT + 1] == _MESSAGE_BYTE else _harmless(decode_commit(item).body)

    def _commit(self, item: bytes) -> RecordedCommit:
        commit = decode_commit(item)
        return commit._replace(body=_harmless(commit.body))


class KeptTrack(Track):
    """The track of what a log keeps in memory, from its base to here. What comes later is not in it.

    Commits of one time are one tick; `calls` are the rows of the SysLog that are kept.
    """

    def __init__(self, log: CommitLog, calls: Iterable[SysEvent]) -> None:
        base = log.base_copy()
        self._calls = list(calls)
        super().__init__(base.commit, base.state)
        self._entries: list[list[Entry]] = [list(group) for _, group in groupby(base.entries, key=_time_of)]

    @property
    def ticks(self) -> int:
        return len(self._entries)

    def calls(self, tick: int, most: int) -> list[SysEvent]:
        time_ns = self.times[tick - 1] if self.times else 0
        return [event for event in self._calls if event.time_ns <= time_ns][-most:]

    def _page(self, first: int, count: int = PAGE_TICKS) -> Page:
        return [(entries[0][1], entries) for entries in self._entries[first - 1 : first - 1 + count]]

    def _changes(self, item: Entry) -> Body | None:
        return None if item[3] == _MESSAGE else body_of(item)

    def _commit(self, item: Entry) -> RecordedCommit:
        return RecordedCommit(item[0], item[1], item[2], body_of(item))


def _time_of(entry: Entry) -> int:
    time_ns: int = entry[1]
    return time_ns
