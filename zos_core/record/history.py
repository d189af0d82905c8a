"""What happened in a recording, in order: calls and commits, read from the file alone, nothing run again.

Rules of this file
- A tick's calls and commits are told in the order they came about: a call, then what it made true.
- `Past` follows committed state along, and keeps what has gone, so that a later question can name it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from zos_core.abi import FACTORY, ExitHow, Malformed, ObjectType
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.kernel import commits as k
from zos_core.kernel.dispatch import Op
from zos_core.kernel.reduce import apply
from zos_core.kernel.state import Cap, Committed
from zos_core.record.journal import unpack_events, unpack_list
from zos_core.record.recording import Progress, Recording

_HEAD = struct.Struct("<QQQB")
_KINDS = {kind: (body, codes) for body, (kind, codes) in k.LAYOUTS.items()}
_TEXT_LENGTH = struct.Struct("<H")
_HASH_BYTES = 32
_NAMED = 2
"""Arguments of the privilege that names a directory."""


class RecordedCommit(NamedTuple):
    """`timestamp` in ns of uptime, `caused_by` the number of a call."""

    seq: int
    timestamp: int
    caused_by: int
    body: k.Body


class Happening(NamedTuple):
    """One thing that happened, in `tick`."""

    tick: int
    what: SysEvent | RecordedCommit


def decode_commit(data: bytes) -> RecordedCommit:
    """The inverse of the canonical encoding. Raises `Malformed`."""
    try:
        seq, timestamp, caused_by, kind = _HEAD.unpack_from(data)
        body, codes = _KINDS[kind]
        fields, at = list[Any](), _HEAD.size
        for code in codes:
            value, at = _field(data, at, code)
            fields.append(value)
    except (struct.error, KeyError, UnicodeDecodeError):
        raise Malformed("a commit that cannot be read") from None
    if at != len(data):
        raise Malformed("a commit of another length than its kind has")
    return RecordedCommit(seq, timestamp, caused_by, body(*fields))


def _field(data: bytes, at: int, code: str) -> tuple[Any, int]:
    """One field and where the next begins."""
    if code == "t":
        at, length = at + _TEXT_LENGTH.size, _TEXT_LENGTH.unpack_from(data, at)[0]
        return data[at : at + length].decode(), at + length
    if code == "h":
        return data[at : at + _HASH_BYTES], at + _HASH_BYTES
    return struct.unpack_from("<" + code, data, at)[0], at + struct.calcsize("<" + code)


def happenings(recording: Recording, progress: Progress | None = None) -> Iterator[Happening]:
    """Everything, in order. Raises `Refused` where the file cannot be read."""
    for row in recording.ticks():
        if progress is not None:
            progress(row.tick)
        try:
            events = unpack_events(row.syslog)
            commits = [decode_commit(each) for each in unpack_list(row.commits)]
        except Malformed as malformed:
            raise Refused(f"{recording.path}: tick {row.tick}: {malformed}") from None
        done = 0
        for event in events:
            while done < len(commits) and commits[done].caused_by < event.seq:
                yield Happening(row.tick, commits[done])
                done += 1
            yield Happening(row.tick, event)
        for commit in commits[done:]:
            yield Happening(row.tick, commit)


class Place(NamedTuple):
    """Where a commit stands."""

    tick: int
    seq: int
    time_ns: int
    caused_by: int


@dataclass(frozen=True, slots=True)
class Held:
    """A capability in a slot for a while. `cap` is as it was last; `gone` None while it is there.

    `left` tells why it is not there any more: a `CapRemoved`, or a `CapMoved` to another slot.
    """

    cap: Cap
    came: Place
    gone: Place | None = None
    left: k.CapRemoved | k.CapMoved | None = None


class Past:
    """Committed state up to a commit, with everything that was ever in a slot.

    `gone` is every capability that was removed, by its id; `ends` how processes ended, `ended_at` where, and `ended_by`
    which of them a call ended; `born` are the calls that made them; `owners` who received from an endpoint, whether it
    is still there or not; `causes` are the calls that took capabilities away, by their numbers; `directories` are paths
    of the host by their objects.
    """

    def __init__(self) -> None:
        self.state = Committed()
        self.slots: dict[tuple[int, int], list[Held]] = {}
        self.gone: dict[int, Held] = {}
        self.ends: dict[int, str] = {}
        self.ended_at: dict[int, Place] = {}
        self.born: dict[int, int] = {}
        self.owners: dict[int, int] = {}
        self.ended_by: dict[int, int] = {}
        self.causes: dict[int, SysEvent] = {}
        self.directories: dict[int, str] = {}
        self._names: dict[int, str] = {}
        self._last: SysEvent | None = None

    def add(self, happening: Happening) -> None:
        """One thing more. Raises `Refused` for a commit that does not fit what stands before it."""
        tick, what = happening
        if isinstance(what, SysEvent):
            self._last = what
            if what.num == Op.NAME_DIRECTORY and len(what.args) == _NAMED:
                self.directories[what.args[0]] = str(what.args[1])
            return
        place, body = Place(tick, what.seq, what.timestamp, what.caused_by), what.body
        try:
            self._before(place, body)
            apply(self.state, body)
            if isinstance(body, k.CapInserted | k.CapMoved):
                cap = self.state.caps[body.cap_id]
                self.slots.setdefault((cap.pid, cap.slot), []).append(Held(cap, place))
        except (KeyError, ValueError, TypeError, IndexError):
            raise Refused(f"tick {tick}: commit {what.seq} does not fit what stands before it") from None

    def _before(self, place: Place, body: k.Body) -> None:
        match body:
            case k.ProcessCreated(pid, _, name):
                self._names[pid], self.born[pid] = name, place.caused_by
            case k.EndpointCreated(endpoint, owner):
                self.owners[endpoint] = owner
            case k.ProcessExited(pid, how, code):
                self._end(place, pid, "was killed" if how == ExitHow.KILLED else f"exited with {code}")
            case k.ProcessFaulted(pid, reason, _):
                self._end(place, pid, f"faulted ({reason})")
            case k.ProcessRestarted(pid):
                self.ends.pop(pid, None)
            case k.CapInserted():
                # A machine writes no other; what asks later must be able to name them.
                ObjectType(body.object_type), k.InsertHow(body.how)
            case k.CapRemoved(cap_id):
                self.gone[cap_id] = self._left(self.state.caps[cap_id], place, body)
                if self._last is not None and self._last.seq == place.caused_by:
                    self.causes[place.caused_by] = self._last
            case k.CapMoved(cap_id):
                self._left(self.state.caps[cap_id], place, body)

    def _end(self, place: Place, pid: int, how: str) -> None:
        self.ends[pid], self.ended_at[pid] = how, place
        self.ended_by[place.caused_by] = pid

    def _left(self, cap: Cap, place: Place, body: k.CapRemoved | k.CapMoved) -> Held:
        """The capability as it was, off its slot."""
        held = self.slots[cap.pid, cap.slot]
        held[-1] = Held(replace(cap, children=set()), held[-1].came, place, body)
        return held[-1]

    def name(self, pid: int) -> str:
        """A process as a person calls it."""
        return f"{self._names.get(pid, '?')} ({pid})" if pid else "the system"

    def program(self, pid: int) -> str:
        """The name of the program that runs as `pid`."""
        return self._names.get(pid, "")

    def object_name(self, object_type: int, object_id: int) -> str:
        """An object as a person calls it, whether it is still there or not."""
        if object_type == ObjectType.PROCESS:
            return "the process factory" if object_id == FACTORY else f"the process {self.name(object_id)}"
        if object_type == ObjectType.STORAGE and object_id in self.directories:
            return f"the directory {self.directories[object_id]}"
        known = object_type in frozenset(ObjectType)
        return f"{ObjectType(object_type).name.lower() if known else object_type} {object_id}"
