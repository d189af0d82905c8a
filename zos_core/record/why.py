"""Why a recorded call was refused: the chain from what was missing back to who took it away, or never gave it.

Rules of this file
- Everything is read from the recording: calls, commits, and the answers a person gave to prompts.
- One link is one fact: what, when, and by which commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from zos_core.abi import Errno, ObjectType, Rights, Sys
from zos_core.axiom.syslog import SysEvent
from zos_core.calltext import answer_text, call_name, went_well
from zos_core.errors import Refused
from zos_core.kernel import commits as k
from zos_core.kernel.commits import InsertHow, RemoveHow
from zos_core.kernel.descriptors import authority, held_on
from zos_core.kernel.dispatch import Op
from zos_core.kernel.state import Cap
from zos_core.record.history import Held, Past, Place, happenings
from zos_core.record.plain import unpack_commands
from zos_core.record.recording import Progress, Recording
from zos_core.record.uses import USES, slot_of, wanted_by
from zos_core.runtime import commands as c
from zos_core.snapshot import rights_text
from zos_core.wasi.preview1 import FIRST_CALL
from zos_core.wasi.rows import split

_CAME = {
    InsertHow.ROOT: "made with its object",
    InsertHow.SPAWN: "given at the start of the process",
    InsertHow.GRANT: "granted",
    InsertHow.DERIVE: "derived",
}
_NAMES_A_PROCESS: dict[int, tuple[int, ...]] = {
    Sys.CAP_GRANT: (1,), Sys.REPLY: (0,), Op.KILL_PROCESS: (0,), Op.GRANT_CAPABILITY: (0,), Op.SEND_MESSAGE: (0,),
    Op.DELIVER_CONSOLE_INPUT: (0,), Op.REVOKE_CAPABILITY: (0,), Op.DERIVE_CAPABILITY: (0, 2),
}  # fmt: skip
"""Calls and privileges that name processes, and in which arguments."""
_NAMES_A_SLOT = frozenset({Op.SEND_MESSAGE, Op.REVOKE_CAPABILITY, Op.DERIVE_CAPABILITY})
"""Privileges whose first two arguments are a process and a slot of it."""


class Link(NamedTuple):
    """One fact. `commit` 0 is none; `time_ns` is uptime."""

    text: str
    tick: int
    time_ns: int
    commit: int = 0


def explain(recording: Recording, pid: int, seq: int, progress: Progress | None = None) -> list[Link]:
    """The chain behind the refusal of call `seq` of `pid`, the refusal first.

    Raises `Refused` when there is no such call, or it was not refused.
    """
    past = Past()
    for happening in happenings(recording, progress):
        event = happening.what
        if isinstance(event, SysEvent) and event.seq == seq:
            if event.pid != pid:
                raise Refused(f"call {seq} is one of {past.name(event.pid)}, not of pid {pid}")
            if event.error is Errno.E_OK:
                raise Refused(f"call {seq} of {past.name(pid)} was not refused: {call_name(event.num)} {_went(event)}")
            first = Link(_refusal(past, event), happening.tick, event.time_ns)
            chain = _Chain(past, event, happening.tick)
            links = [first, *chain.links()]
            return links + (list(_denials(recording, event, happening.tick)) if chain.missing else [])
        past.add(happening)
    raise Refused(f"{recording.path}: no call {seq} is in the log; what exercises no capability is not kept in it")


def _refusal(past: Past, event: SysEvent) -> str:
    reason = event.reason or event.error.text
    return f"{past.name(event.pid)} was refused {call_name(event.num)}: {event.error.name}, {reason}"


def _went(event: SysEvent) -> str:
    """How a call went that was not refused; the host may have its own reasons for saying no."""
    return "went well" if went_well(event) else f"was let through, and the host answered {answer_text(event)}"


def _denials(recording: Recording, event: SysEvent, tick: int) -> Iterator[Link]:
    """Requests for this type of capability that were answered with no."""
    wanted = wanted_by(event)
    for row in recording.ticks() if wanted is not None else ():
        if row.tick > tick:
            return
        for command in unpack_commands(row.commands):
            asked = isinstance(command, c.AnswerPrompt) and command.pid == event.pid and not command.allowed
            if asked and isinstance(command, c.AnswerPrompt) and command.object_type == wanted:
                kind = ObjectType(command.object_type).name.lower()
                yield Link(f"it had asked for a {kind} capability and was told no", row.tick, row.time_ns)


class _Chain:
    """The links below one refusal; `past` is everything before the call.

    `missing` says after `links` whether a capability, or a right of it, was what was missing.
    """

    def __init__(self, past: Past, event: SysEvent, tick: int) -> None:
        self._past, self._event, self._tick = past, event, tick
        self.missing = False

    def links(self) -> Iterator[Link]:
        event, past = self._event, self._past
        if event.error is Errno.E_NOENT:
            yield from self._processes()
        if event.error is Errno.E_INVAL:
            # The call itself was malformed: what it names was not looked at.
            return
        if event.num in _NAMES_A_SLOT and event.error is Errno.E_BADF:
            yield from self._empty(_number(event, 0), _number(event, 1))
        if event.num >= FIRST_CALL:
            yield from self._descriptors()
        if event.num not in USES or not event.pid:
            return
        slot = slot_of(event, past.state)
        if slot is None:
            yield from self._no_console()
            return
        cap = past.state.cap(event.pid, slot)
        if cap is None:
            yield from self._empty(event.pid, slot)
        else:
            yield from self._held(cap)

    def _processes(self) -> Iterator[Link]:
        """What has become of the processes that the call names."""
        past = self._past
        for at in _NAMES_A_PROCESS.get(self._event.num, ()):
            pid = _number(self._event, at)
            if pid in past.ends:
                yield _at(past.ended_at[pid], f"{past.name(pid)} {past.ends[pid]}")
            elif pid > 0 and pid not in past.born:
                yield self._here(f"no process {pid} was ever started")
            elif self._event.num == Sys.REPLY:
                yield self._here(f"{past.name(pid)} lives, but had made no call, or was answered already")

    def _here(self, text: str) -> Link:
        return Link(text, self._tick, self._event.time_ns)

    def _no_console(self) -> Iterator[Link]:
        """A write to the console it was given, which is not there."""
        self.missing = True
        pid = self._event.pid
        lost = [
            held[-1] for (holder, _), held in self._past.slots.items()
            if holder == pid and held[-1].cap.object_type == ObjectType.CONSOLE and held[-1].gone is not None
        ]  # fmt: skip
        if not lost:
            yield self._here(f"no console was ever given to {self._past.name(pid)}")
            return
        yield from self._gone(max(lost, key=lambda held: held.came.seq))

    def _descriptors(self) -> Iterator[Link]:
        """A call by a descriptor: each directory that it needs, or the console."""
        own, needs = split(self._event.num, self._event.args)
        if not needs:
            yield from self._no_console()
        state, pid, used = self._past.state, self._event.pid, []
        for need in needs:
            cap, held = authority(state, pid, need), held_on(state, pid, need.directory)
            if cap is not None:
                used.append(cap)
            elif held:
                yield from self._lacks(held[0], need.rights)
            else:
                yield from self._no_directory(need.directory)
        if not self.missing:
            paths = " and ".join(repr(each) for each in own if isinstance(each, str))
            for cap in used:
                yield self._here(f"{self._holds(cap)}, which reaches nothing outside of it, as {paths} would")

    def _no_directory(self, directory: int) -> Iterator[Link]:
        """What has become of the capability on a directory that a descriptor stands for."""
        self.missing = True
        pid, past = self._event.pid, self._past
        lost = [
            held[-1] for (holder, _), held in past.slots.items()
            if holder == pid and (held[-1].cap.object_type, held[-1].cap.object_id) == (ObjectType.STORAGE, directory)
        ]  # fmt: skip
        if not lost:
            name = past.object_name(ObjectType.STORAGE, directory)
            yield self._here(f"{name} was never given to {past.name(pid)}")
            return
        yield from self._gone(max(lost, key=lambda held: held.came.seq))

    def _holds(self, cap: Cap) -> str:
        name = self._past.object_name(cap.object_type, cap.object_id)
        return f"slot {cap.slot} holds {name} {rights_text(cap.perms)}"

    def _lacks(self, cap: Cap, right: Rights) -> Iterator[Link]:
        """The capability is there, but not all of what the call needs of it."""
        self.missing = True
        yield self._here(f"{self._holds(cap)}; the call needs {rights_text(right)}")
        yield from self._narrowed(cap, right)
        yield from self._origin(cap)

    def _empty(self, pid: int, slot: int) -> Iterator[Link]:
        """Nothing is in that slot, or only something that was moved into it since."""
        self.missing = True
        held = self._past.slots.get((pid, slot))
        if not held or held[-1].gone is None:
            if held:
                return
            yield self._here(f"nothing was ever in slot {slot} of {self._past.name(pid)}: it was never granted")
            return
        yield from self._gone(held[-1])

    def _held(self, cap: Cap) -> Iterator[Link]:
        """What the slot holds is of the wrong type, lacks the right, or is not what was wrong."""
        use, what = USES[self._event.num], self._holds(cap)
        self.missing = True
        if use.object_type not in (None, cap.object_type):
            yield self._here(f"{what}, not a capability of the type that this call takes")
        elif use.right & ~cap.perms:
            yield from self._lacks(cap, use.right)
            return
        else:
            self.missing = False
            yield self._here(f"{what}, which is all that the call needs: no capability was missing")
            yield from self._owner(cap)
            return
        yield from self._origin(cap)

    def _owner(self, cap: Cap) -> Iterator[Link]:
        """Whose endpoint it is, where that was what the call stumbled over."""
        owner = self._past.owners.get(cap.object_id)
        if cap.object_type != ObjectType.ENDPOINT or owner is None:
            return
        name = self._past.name(owner)
        if self._event.error is Errno.E_AGAIN:
            yield self._here(f"{name}, who receives from it, had not taken what was waiting there")
        elif self._event.error is Errno.E_PERM:
            yield self._here(f"{name} receives from it, and nobody else")

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
                return f"its time was over at {cap.expires_at / 1e9:.6f} s"
            case RemoveHow.SPENT:
                return f"its last use was spent by {past.name(left.by_pid)}"
            case RemoveHow.DELETED:
                return f"{past.name(left.by_pid)} deleted it"
        ended = past.ended_by.get(place.caused_by)
        if ended is None:
            return f"its endpoint was closed, because {past.name(left.by_pid)} gave up reading from it"
        how = f"{past.name(ended)} {past.ends.get(ended, 'ended')}"
        if cap.object_type == ObjectType.PROCESS and cap.object_id == ended:
            return f"it went with its process: {how}"
        if cap.object_type == ObjectType.ENDPOINT and past.owners.get(cap.object_id) == ended:
            return f"it went with the owner of the endpoint: {how}"
        return f"it went with whoever it came from: {how}"

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
            yield _at(came, f"slot {node.slot} of {past.name(node.pid)} had been {self._came(node, came)}")
            above = past.state.caps.get(node.parent) or getattr(past.gone.get(node.parent), "cap", None)
            if above is None or not above.pid:
                return
            node = above

    def _came(self, cap: Cap, came: Place) -> str:
        if cap.how == InsertHow.SPAWN and self._past.born.get(cap.pid) != came.caused_by:
            return "made with its object"
        limit = f" for {(cap.expires_at - came.time_ns) / 1e9:g} s" if cap.expires_at else ""
        return f"{_CAME[InsertHow(cap.how)]} by {self._past.name(cap.by_pid)}{limit}"


def _number(event: SysEvent, at: int) -> int:
    """A number among the arguments; -1 where there is none, for a privilege's are as free as its row in the file."""
    value = event.args[at] if at < len(event.args) else None
    return int(value) if isinstance(value, int) else -1


def _at(place: Place, text: str) -> Link:
    return Link(text, place.tick, place.time_ns, place.seq)
