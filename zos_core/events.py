"""The message log: what happened to authority, as rows a person reads.

Rules of this file (desktop: Messages)
- Rows are made from the two logs when somebody looks, never while the machine runs.
- Messages between programs are told only on demand: there can be a hundred thousand a second.
- A revocation is told when it is in force, and told again when its holder has received the notice.
- What a process held when it ended is no revocation: its end tells it all. What others lose by it is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from zos_core import abi
from zos_core.abi import Errno, ObjectType, RevokeReason, Sys
from zos_core.axiom.gateway import Gateway
from zos_core.axiom.syslog import SysEvent
from zos_core.calltext import call_name, call_text
from zos_core.kernel import commits as k
from zos_core.kernel.dispatch import Op
from zos_core.snapshot import CommitSnapshot, EventKind, EventSnapshot, Named, rights_text
from zos_core.wasi.preview1 import FIRST_CALL

_QUIET: tuple[type[k.Body], ...] = (
    k.ProcessCreated,
    k.ProcessRestarted,
    k.ProcessExited,
    k.ProcessFaulted,
    k.CapInserted,
    k.CapMoved,
    k.CapRemoved,
    k.NoticeUndeliverable,
)
_RECEIVES = frozenset({Sys.RECEIVE, Sys.RECEIVE_WAIT})
_REMOVED = {
    k.RemoveHow.REVOKED: "revoked",
    k.RemoveHow.EXPIRED: "expired",
    k.RemoveHow.SPENT: "spent",
    k.RemoveHow.SOURCE_EXIT: "gone with its source",
    k.RemoveHow.DELETED: "deleted",
}
_REASONS = {
    RevokeReason.EXPLICIT: "explicit",
    RevokeReason.EXPIRED: "expired or spent",
    RevokeReason.SOURCE_EXITED: "source exited",
}


class Told(Protocol):
    """A commit, live or recorded."""

    @property
    def seq(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def caused_by(self) -> int: ...

    @property
    def body(self) -> k.Body: ...


class EventLog:
    """Remembers how far it has read; `messages` adds what programs send each other."""

    def __init__(self, gateway: Gateway, named: Named, *, messages: bool = False) -> None:
        self._gateway, self._named = gateway, named
        self.messages = messages
        self._commit = self._event = 0

    def news(self) -> list[EventSnapshot]:
        """Rows since the last look, in the order they came about."""
        commits = self._gateway.commits
        events = list(self._gateway.syslog.after(self._event))
        told = commits.of_kinds((*_QUIET, k.MessageSent) if self.messages else _QUIET, self._commit)
        self._commit = commits.seq
        self._event = events[-1].seq if events else self._event
        return rows_of(told, events, self._named)


def rows_of(commits: Iterable[Told], events: Sequence[SysEvent], named: Named) -> list[EventSnapshot]:
    """The rows of these commits and calls, in the order they came about; commits of some kinds have none."""
    callers = {event.seq: event.pid for event in events}
    rows: list[EventSnapshot] = []
    ended = (0, 0)
    for commit in commits:
        body = commit.body
        if isinstance(body, k.ProcessExited | k.ProcessFaulted):
            ended = (commit.caused_by, body.pid)
        if isinstance(body, k.CapRemoved) and (commit.caused_by, body.pid) == ended:
            continue
        row = _of_commit(commit, callers, named)
        rows += [row] if row is not None else []
    for event in events:
        rows.extend(_of_event(event, named))
    return sorted(rows, key=lambda row: (row.event, row.commit))


def _of_commit(commit: Told, callers: Mapping[int, int], named: Named) -> EventSnapshot | None:
    """`callers` is who made the calls that are still known, by their sequence numbers."""
    row: tuple[EventKind, int, int, str] | None = None
    match commit.body:
        case k.ProcessCreated(pid, parent, name):
            row = (EventKind.STARTED, pid, parent, f"{name} started")
        case k.ProcessRestarted(pid):
            row = (EventKind.STARTED, pid, 0, "started again in place")
        case k.ProcessExited(pid, how, code):
            said = "killed" if how == abi.ExitHow.KILLED else f"exited {code}"
            row = (EventKind.EXIT, pid, callers.get(commit.caused_by, pid), said)
        case k.ProcessFaulted(pid, reason, _):
            row = (EventKind.FAULT, pid, pid, f"faulted: {reason}")
        case k.CapInserted() as body if body.pid and body.how != k.InsertHow.SPAWN:
            what = f"slot {body.slot} {named(body.object_type, body.object_id)} {rights_text(body.perms)}"
            row = (EventKind.GRANTED, body.pid, body.by_pid, what)
        case k.CapMoved(_, pid, slot):
            row = (EventKind.GRANTED, pid, pid, f"slot {slot} by a message")
        case k.CapRemoved(_, pid, slot, how, by_pid) if pid:
            row = (EventKind.REVOKED, pid, by_pid, f"✗ slot {slot} {_REMOVED[k.RemoveHow(how)]}")
        case k.NoticeUndeliverable(pid, slot):
            row = (EventKind.REVOKED, pid, 0, f"slot {slot}: nobody to tell, it owns no endpoint")
        case k.MessageSent(pid, endpoint, tag, size):
            row = (EventKind.MESSAGE, pid, pid, f"0x{tag:04x}, {_bytes(size)} to endpoint {endpoint}")
    return None if row is None else EventSnapshot(commit.timestamp, *row, commit.seq, commit.caused_by)


def _of_event(event: SysEvent, named: Named) -> Iterator[EventSnapshot]:
    if event.error is not Errno.E_OK or (event.reason and event.num == Sys.DEBUG):
        said = f"{call_name(event.num)}: {event.error.name}: {event.reason or event.error.text}"
        if event.num >= FIRST_CALL:
            said = call_text(event, named)
        yield EventSnapshot(event.time_ns, EventKind.REFUSED, event.pid, event.pid, said, 0, event.seq)
    elif event.num == Op.DELIVER_CONSOLE_INPUT:
        said = f"{_bytes(event.size)} of console input"
        yield EventSnapshot(event.time_ns, EventKind.INPUT, event.args[0], 0, said, 0, event.seq)
    elif event.num in _RECEIVES and event.notice:
        lost = abi.unpack_revoked(event.notice)
        what = ObjectType(lost.object_type).name.lower()
        said = f"received MSG_CAP_REVOKED: slot {lost.slot} {what}, {_REASONS[RevokeReason(lost.reason)]}"
        yield EventSnapshot(event.time_ns, EventKind.RECEIVED, event.pid, 0, said, 0, event.seq)


def commit_row(commit: Told, tick: int, named: Named) -> CommitSnapshot:
    """A commit of any kind, as the timeline tells it."""
    kind, pid, text = _told(commit.body, named)
    return CommitSnapshot(commit.seq, tick, commit.timestamp, kind, pid, text)


def _told(body: k.Body, named: Named) -> tuple[str, int, str]:
    """(kind, pid, text)."""
    row: tuple[str, int, str]
    match body:
        case k.ProcessCreated(pid, parent, name):
            row = "started", pid, f"{name}, by pid {parent}" if parent else name
        case k.ProcessRestarted(pid):
            row = "started", pid, "again in place"
        case k.ProcessExited(pid, how, code):
            row = "exit", pid, "killed" if how == abi.ExitHow.KILLED else f"exited {code}"
        case k.ProcessFaulted(pid, reason, _):
            row = "fault", pid, reason
        case k.EndpointCreated(endpoint, owner):
            row = "endpoint", owner, f"endpoint {endpoint}"
        case k.EndpointDestroyed(endpoint):
            row = "endpoint", 0, f"endpoint {endpoint} destroyed"
        case k.ConsoleCreated(console, pid) | k.ConsoleReader(console, pid):
            row = "console", pid, f"{'reads ' if isinstance(body, k.ConsoleReader) else ''}console {console}"
        case k.CapInserted():
            what = named(body.object_type, body.object_id)
            row = k.InsertHow(body.how).name.lower(), body.pid, f"slot {body.slot} {what} {rights_text(body.perms)}"
        case k.CapRemoved(_, pid, slot, how):
            row = "removed", pid, f"✗ slot {slot} {_REMOVED[k.RemoveHow(how)]}"
        case k.CapMoved(cap_id, pid, slot):
            row = "moved", pid, f"capability {cap_id} to slot {slot}"
        case k.CapUsed(cap_id, left):
            row = "used", 0, f"capability {cap_id}, {left} uses left"
        case k.MessageSent(pid, endpoint, tag, size):
            row = "message", pid, f"0x{tag:04x}, {_bytes(size)} to endpoint {endpoint}"
        case k.NoticeUndeliverable(pid, _):
            row = "notice", pid, "nobody to tell, it owns no endpoint"
        case k.Genesis():
            row = "genesis", 0, "the machine begins"
    return row


def _bytes(size: int) -> str:
    return "1 byte" if size == 1 else f"{size} bytes"
