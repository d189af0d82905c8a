"""Why a recorded call was refused: the chain from what was missing back to who took it away, or never gave it.

Rules of this file
- Everything is read from the recording: calls, commits, and the answers a person gave to prompts.
- One link is one fact: what, when, and by which commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from zos_core.abi import Errno, ObjectType, Sys
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.events import call_name
from zos_core.kernel import commits as k
from zos_core.kernel.commits import InsertHow, RemoveHow
from zos_core.kernel.dispatch import Op
from zos_core.kernel.state import Cap
from zos_core.record.history import Held, Past, Place, happenings
from zos_core.record.plain import unpack_commands
from zos_core.record.recording import Recording
from zos_core.record.uses import USES, slot_of
from zos_core.runtime import commands as c
from zos_core.snapshot import rights_text

_CAME = {
    InsertHow.ROOT: "made with its object",
    InsertHow.SPAWN: "given at the start of the process",
    InsertHow.GRANT: "granted",
    InsertHow.DERIVE: "derived",
}
_NAMES_A_PROCESS: dict[int, int] = {Sys.CAP_GRANT: 1, Sys.REPLY: 0}
"""Calls that name a process, and in which argument."""


class Link(NamedTuple):
    """One fact. `commit` 0 is none; `time_ns` is uptime."""

    text: str
    tick: int
    time_ns: int
    commit: int = 0


def explain(recording: Recording, pid: int, seq: int) -> list[Link]:
    """The chain behind the refusal of call `seq` of `pid`, the refusal first.

    Raises `Refused` when there is no such call, or it was not refused.
    """
    past = Past()
    for happening in happenings(recording):
        event = happening.what
        if isinstance(event, SysEvent) and event.seq == seq:
            if event.pid != pid:
                raise Refused(f"call {seq} is one of {past.name(event.pid)}, not of pid {pid}")
            if event.error is Errno.E_OK:
                raise Refused(f"call {seq} of {past.name(pid)} was not refused: {call_name(event.num)} went well")
            first = Link(_refusal(past, event), happening.tick, event.time_ns)
            return [first, *_Chain(past, event, happening.tick).links(), *_denials(recording, event, happening.tick)]
        past.add(happening)
    raise Refused(f"{recording.path}: no call {seq} is in the log; what exercises no capability is not kept in it")


def _refusal(past: Past, event: SysEvent) -> str:
    reason = event.reason or event.error.text
    return f"{past.name(event.pid)} was refused {call_name(event.num)}: {event.error.name}, {reason}"


def _denials(recording: Recording, event: SysEvent, tick: int) -> Iterator[Link]:
    """Requests for this type of capability that were answered with no."""
    wanted = USES.get(event.num)
    for row in recording.ticks() if wanted is not None else ():
        if row.tick > tick:
            return
        for command in unpack_commands(row.commands):
            asked = isinstance(command, c.AnswerPrompt) and command.pid == event.pid and not command.allowed
            if asked and isinstance(command, c.AnswerPrompt) and wanted and command.object_type == wanted.object_type:
                kind = ObjectType(command.object_type).name.lower()
                yield Link(f"it had asked for a {kind} capability and was told no", row.tick, row.time_ns)


class _Chain:
    """The links below one refusal; `past` is everything before the call."""

    def __init__(self, past: Past, event: SysEvent, tick: int) -> None:
        self._past, self._event, self._tick = past, event, tick

    def links(self) -> Iterator[Link]:
        event, past = self._event, self._past
        if event.num in _NAMES_A_PROCESS:
            named = int(event.args[_NAMES_A_PROCESS[event.num]])
            if named in past.ends:
                yield self._here(f"{past.name(named)} {past.ends[named]}")
        if event.num not in USES or not event.pid:
            return
        slot = slot_of(event, past.state)
        if slot is None:
            yield from self._no_console()
            return
        cap = past.state.cap(event.pid, slot)
        if cap is None:
            yield from self._empty(slot)
        else:
            yield from self._held(cap)

    def _here(self, text: str) -> Link:
        return Link(text, self._tick, self._event.time_ns)

    def _no_console(self) -> Iterator[Link]:
        """A write to the console it was given, which is not there."""
        pid = self._event.pid
        lost = [
            held[-1] for (holder, _), held in self._past.slots.items()
            if holder == pid and held[-1].cap.object_type == ObjectType.CONSOLE and held[-1].gone is not None
        ]  # fmt: skip
        if not lost:
            yield self._here(f"no console was ever given to {self._past.name(pid)}")
            return
        yield from self._gone(max(lost, key=lambda held: held.came.seq))

    def _empty(self, slot: int) -> Iterator[Link]:
        pid = self._event.pid
        held = self._past.slots.get((pid, slot))
        if not held:
            yield self._here(f"nothing was ever in slot {slot} of {self._past.name(pid)}: it was never granted")
            return
        yield from self._gone(held[-1])

    def _held(self, cap: Cap) -> Iterator[Link]:
        """What the slot holds is of the wrong type, lacks the right, or is not what was wrong."""
        use, past = USES[self._event.num], self._past
        what = f"slot {cap.slot} holds {past.object_name(cap.object_type, cap.object_id)} {rights_text(cap.perms)}"
        if use.object_type not in (None, cap.object_type):
            yield self._here(f"{what}, not a capability of the type that this call takes")
        elif use.right & ~cap.perms:
            yield self._here(f"{what}; the call needs {rights_text(use.right)}")
            yield from self._narrowed(cap, use.right)
        else:
            yield self._here(f"{what}, which is all that the call needs: no capability was missing")
            return
        yield from self._origin(cap)

    def _narrowed(self, cap: Cap, right: int) -> Iterator[Link]:
        """Who had the right and passed on less."""
        caps = self._past.state.caps
        parent = caps.get(cap.parent)
        while parent is not None:
            if not right & ~parent.perms:
                held = self._past.name(parent.pid)
                yield self._here(f"{held} holds {rights_text(parent.perms)} in slot {parent.slot} and gave less")
                return
            parent = caps.get(parent.parent)

    def _gone(self, held: Held) -> Iterator[Link]:
        cap, place, left, past = held.cap, held.gone, held.left, self._past
        if place is None or left is None:
            return
        what = f"slot {cap.slot} held {past.object_name(cap.object_type, cap.object_id)} {rights_text(cap.perms)}"
        if isinstance(left, k.CapMoved):
            yield _at(place, f"{what}, and {past.name(cap.pid)} sent it away to {past.name(left.to_pid)}")
        else:
            yield _at(place, f"{what}, and {self._how(cap, place, left)}")
            yield from self._with(cap, place)
        yield from self._origin(cap)

    def _how(self, cap: Cap, place: Place, left: k.CapRemoved) -> str:
        past = self._past
        match left.how:
            case RemoveHow.REVOKED:
                by = "the person at the machine" if not left.by_pid else past.name(left.by_pid)
                return f"it was revoked by {by}"
            case RemoveHow.EXPIRED:
                return "its time was over"
            case RemoveHow.SPENT:
                return f"its last use was spent by {past.name(left.by_pid)}"
            case RemoveHow.DELETED:
                return f"{past.name(left.by_pid)} deleted it"
        ended = past.ended_by.get(place.caused_by)
        if ended is None:
            return f"its endpoint was closed, because {past.name(left.by_pid)} gave up reading from it"
        return f"{past.name(ended)}, from which it came or which it named, {past.ends.get(ended, 'ended')}"

    def _with(self, cap: Cap, place: Place) -> Iterator[Link]:
        """The capability above it that went in the same step, and the call that took it."""
        past, top = self._past, cap
        while (parent := past.gone.get(top.parent)) is not None and parent.gone is not None:
            if parent.gone.caused_by != place.caused_by:
                break
            top = parent.cap
        if top is not cap:
            above = f"slot {top.slot} of {past.name(top.pid)}, {past.object_name(top.object_type, top.object_id)}"
            yield _at(place, f"it went with {above}, from which it was derived")
        cause = past.causes.get(place.caused_by)
        if cause is not None and cause.num != Op.EXPIRE:
            yield Link(f"the call was {call_name(cause.num)} of {past.name(cause.pid)}, number {cause.seq}",
                       place.tick, cause.time_ns)  # fmt: skip

    def _origin(self, cap: Cap) -> Iterator[Link]:
        """Where it came from, up to the root."""
        past, node = self._past, cap
        while node.parent:
            came = next((held.came for held in reversed(past.slots.get((node.pid, node.slot), []))
                         if held.cap.id == node.id), None)  # fmt: skip
            if came is None:
                return
            by = f"{_CAME[InsertHow(node.how)]} by {past.name(node.by_pid)}"
            yield _at(came, f"slot {node.slot} of {past.name(node.pid)} had been {by}")
            above = past.state.caps.get(node.parent) or getattr(past.gone.get(node.parent), "cap", None)
            if above is None or not above.pid:
                return
            node = above


def _at(place: Place, text: str) -> Link:
    return Link(text, place.tick, place.time_ns, place.seq)
