"""Descriptors: the authority behind what a program does through one (runtime: WASI programs).

Rules of this file
- A descriptor names an object, not a slot: any capability of the process on that object with the right will do, the one
  in the lowest slot first. So a descriptor fails from the moment its capability goes, and works again when it is given
  again.
- The kernel checks and charges. What the host answers is a device result; a call that takes long waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights
from zos_core.kernel import capabilities, console
from zos_core.kernel import commits as k
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import WAIT, Call, Outcome, State, refuse
from zos_core.kernel.state import Cap, Committed


class Need(NamedTuple):
    """A directory and the rights a call needs on it; without any, holding a capability on it is enough."""

    directory: int
    rights: Rights


def held_on(c: Committed, pid: int, directory: int) -> list[Cap]:
    """The capabilities of a process on a directory, by rising slot."""
    ids = c.by_object.get((ObjectType.STORAGE, directory), ())
    return sorted((cap for each in ids if (cap := c.caps[each]).pid == pid), key=lambda cap: cap.slot)


def authority(c: Committed, pid: int, need: Need) -> Cap | None:
    """The capability by which a process may do what needs that."""
    needed = int(need.rights)
    return next((cap for cap in held_on(c, pid, need.directory) if not needed & ~cap.perms), None)


def _authority(s: State, call: Call, needs: Iterable[Need]) -> list[Cap] | Outcome:
    """The capabilities that a call exercises, or its refusal."""
    used = []
    for need in needs:
        cap = authority(s.committed, call.pid, need)
        if cap is None:
            if held_on(s.committed, call.pid, need.directory):
                return refuse(call, Errno.E_PERM, "the capability lacks the right")
            return refuse(call, Errno.E_BADF, "no capability on that directory")
        if need.rights and cap not in used:
            used.append(cap)
    return used


def use(s: State, call: Call) -> Outcome:
    """(need, ...) -> status: a call that the host answers at once; it is carried out only if the host succeeds."""
    caps = _authority(s, call, call.args)
    if isinstance(caps, Outcome):
        return caps
    commits: list[k.Body] = []
    effects: list[e.Effect] = []
    for cap in caps:
        charged, after = capabilities.spend(s, cap, call.pid)
        commits += charged
        effects += [e.CapExercised(cap.id, call.now), *after]
    return Outcome(0, commits, effects)


def await_host(s: State, call: Call) -> Outcome:
    """(need, ...) -> WAIT: the same for a call that takes long; the first capability is charged when it is answered."""
    caps = _authority(s, call, call.args)
    if isinstance(caps, Outcome):
        return caps
    wait = t.Wait(t.WaitKind.HOST, call.num, call.event, cap_id=caps[0].id if caps else 0)
    return Outcome(WAIT, (), (e.BeginWait(call.pid, wait),))


def host_done(s: State, call: Call) -> Outcome:
    """Privileged (pid, event, failed) data -> status: what the host answered to a parked call."""
    pid, event, failed = call.args
    wait = s.transient.waits.get(pid)
    if wait is None or wait.event != event or wait.result is not None:
        return Outcome(0)
    answer = e.Answer(pid, event, 0, call.data)
    cap = s.committed.caps.get(wait.cap_id)
    if failed or cap is None:
        return Outcome(0, (), (answer,))
    commits, after = capabilities.spend(s, cap, pid)
    return Outcome(0, commits, [answer, e.CapExercised(cap.id, call.now), *after])


def name_directory(s: State, call: Call) -> Outcome:
    """Privileged (object_id, path) -> status: what a person gave, so that lists and logs can say it."""
    object_id, path = call.args
    if object_id < abi.FIRST_DIRECTORY:
        return refuse(call, Errno.E_INVAL, "not a directory's number")
    return Outcome(0, (), (e.DirectoryNamed(object_id, path),))


def write_console(s: State, call: Call) -> Outcome:
    """(stream,) data -> status: the descriptors of a program's own console; waits while it is full."""
    (stream,) = call.args
    return console.write(s, call, 0, stream, call.data)
