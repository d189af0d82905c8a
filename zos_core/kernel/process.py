"""Processes: how one comes to be, asks for another, and ends.

Rules of this file (kernel: Processes, Capabilities "At spawn")
- Only pid 0 creates a process; a program's SYS_SPAWN parks it until pid 0 has answered.
- An ending process takes along its endpoints, every capability on it, and all that was derived from what it held.
- Slots at spawn: 0 own endpoint, 1 input, 2 init, 3 permission service, then Console, manifest grants, Memory.
"""

from __future__ import annotations

from typing import NamedTuple

from zos_core import abi
from zos_core.abi import Errno, ExitHow, Malformed, ObjectType, Rights, Tag
from zos_core.kernel import capabilities
from zos_core.kernel import commits as k
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import WAIT, Call, Outcome, State, refuse
from zos_core.kernel.commits import InsertHow
from zos_core.kernel.console import default_console
from zos_core.kernel.insertion import Insertion, refuses_grant
from zos_core.kernel.state import Cap, Committed

_NEVER_KILLED = (abi.FACTORY, abi.PID_INIT, abi.PID_PERMISSION)
# Plain integers, of which commits are made.
_ENDPOINT, _CONSOLE = int(ObjectType.ENDPOINT), int(ObjectType.CONSOLE)
_MEMORY, _PROCESS = int(ObjectType.MEMORY), int(ObjectType.PROCESS)
_WRITE = int(Rights.WRITE)
_SPAWN_FLAGS = abi.SPAWN_SHARE_CONSOLE | abi.SPAWN_LEND_INPUT


class Grant(NamedTuple):
    """What a manifest was given. `expires_at` in ns of uptime, 0 for never; `uses` 0 for unlimited."""

    object_type: int
    object_id: int
    perms: int
    expires_at: int = 0
    uses: int = 0


def factory(c: Committed, pid: int) -> Cap | None:
    """The lowest capability of `pid` that lets it start programs."""
    return next(
        (
            cap
            for cap in c.held_by(pid)
            if (cap.object_type, cap.object_id) == (ObjectType.PROCESS, abi.FACTORY) and cap.perms & Rights.WRITE
        ),
        None,
    )


def sys_spawn(s: State, call: Call) -> Outcome:
    """SYS_SPAWN(slot, flags) name, arguments -> value: pid; data `pid u32, slot u32`."""
    slot, flags, _ = call.args
    cap = s.committed.cap(call.pid, slot)
    if cap is None or cap.object_type != ObjectType.PROCESS:
        return refuse(call, Errno.E_BADF, "no process capability in that slot")
    if cap.object_id != abi.FACTORY or not cap.perms & Rights.WRITE:
        return refuse(call, Errno.E_PERM, "not a writable capability on the process factory")
    if flags & ~_SPAWN_FLAGS or flags == abi.SPAWN_LEND_INPUT:
        return refuse(call, Errno.E_INVAL, "unknown flags")
    try:
        name, args = abi.unpack_spawn(call.data)
    except Malformed as error:
        return refuse(call, Errno.E_INVAL, str(error))
    if not abi.valid_name(name):
        code = Errno.E_OVERFLOW if len(name.encode()) > abi.MAX_NAME else Errno.E_INVAL
        return refuse(call, code, "not a program name")
    refused = _console_refusal(s, call, flags)
    if refused is not None:
        return refused
    wait = t.Wait(t.WaitKind.SPAWN, call.num, call.event, None, cap.id)
    request = t.SpawnRequest(call.pid, call.event, cap.id, flags, name, args)
    return Outcome(WAIT, (), (e.SpawnAsked(request), e.BeginWait(call.pid, wait)))


def _console_refusal(s: State, call: Call, flags: int) -> Outcome | None:
    """Only who writes to a console can share it, only who reads from it can lend it."""
    if not flags:
        return None
    shared = default_console(s.committed, call.pid)
    if shared is None or not shared.perms & Rights.WRITE:
        return refuse(call, Errno.E_PERM, "no console to share")
    if flags & abi.SPAWN_LEND_INPUT and s.committed.consoles[shared.object_id].reader != call.pid:
        return refuse(call, Errno.E_PERM, "its keystrokes are not the caller's to lend")
    return None


def create_process(s: State, call: Call) -> Outcome:
    """Privileged (name, parent, request | None, args, grants, memory_ceiling) -> the new pid, or a refusal.

    With a `SpawnRequest` the spawner's capability is checked and charged again: it may have lost it meanwhile.
    """
    name, parent, request, args, grants, ceiling = call.args
    c, spawner = s.committed, None
    if len(c.processes) - len(c.ended) >= abi.MAX_PROCESSES:
        return refuse(call, Errno.E_NOMEM, "too many processes")
    if request is not None and request.cap_id:
        spawner = c.caps.get(request.cap_id)
        if spawner is None or spawner.pid != request.pid or not c.alive(parent):
            return refuse(call, Errno.E_BADF, "the factory capability went while the program was compiled")
        if capabilities.free_slot(c, parent) is None:
            return refuse(call, Errno.E_NOMEM, "the spawner has no free slot")
    for grant in grants:
        error = refuses_grant(c, *grant)
        if error is not None:
            return refuse(call, error, f"cannot be granted: {_named(grant)}")
    pid, made = c.next_pid, Insertion(c)
    made.commits.append(k.ProcessCreated(pid, parent, name))
    own, incoming = made.endpoint(pid, abi.SLOT_OWN_ENDPOINT), made.endpoint(pid, abi.SLOT_INPUT)
    for slot, service in ((abi.SLOT_INIT, abi.PID_INIT), (abi.SLOT_PERMISSION, abi.PID_PERMISSION)):
        cap = c.cap(service, abi.SLOT_OWN_ENDPOINT)
        if pid > service and cap is not None and _owns(c, service, cap):
            made.under_root(_ENDPOINT, cap.object_id, pid, slot, _WRITE)
    prompts = 0
    if pid == abi.PID_PERMISSION:
        prompts = made.endpoint(abi.PID_SUPERVISOR, made.slot(abi.PID_SUPERVISOR))
        made.under_root(_ENDPOINT, prompts, pid, abi.SLOT_PERMISSION, _WRITE)
    _give_console(c, made, pid, request)
    for grant in grants:
        made.under_root(
            grant.object_type, grant.object_id, pid, made.slot(pid), grant.perms, grant.expires_at, grant.uses
        )
    made.under_root(_MEMORY, ceiling, pid, made.slot(pid), _WRITE)
    made.root(_PROCESS, pid)
    effects: list[e.Effect] = [e.Started(pid, args), e.EndpointOpened(pid, own), e.EndpointOpened(pid, incoming)]
    effects += [e.EndpointOpened(abi.PID_SUPERVISOR, prompts)] if prompts else []
    if spawner is not None:
        effects += _hand_over(s, made, spawner, pid, request, call.now)
    return Outcome(pid, made.commits, effects)


def _owns(c: Committed, pid: int, cap: Cap) -> bool:
    return cap.object_type == ObjectType.ENDPOINT and c.endpoints[cap.object_id] == pid


def _named(grant: Grant) -> str:
    known = grant.object_type in frozenset(ObjectType)
    kind = ObjectType(grant.object_type).name.lower() if known else f"type {grant.object_type}"
    return f"{kind} {grant.object_id}"


def _give_console(c: Committed, made: Insertion, pid: int, request: t.SpawnRequest | None) -> None:
    shared = default_console(c, request.pid) if request is not None and request.flags else None
    slot = made.slot(pid)
    if request is None or shared is None:
        made.commits.append(k.ConsoleCreated(c.next_console, pid))
        made.under_root(_CONSOLE, c.next_console, pid, slot, _WRITE)
        return
    made.child(shared, pid, slot, Rights.WRITE, 0, 0, request.pid, InsertHow.SPAWN)
    if request.flags & abi.SPAWN_LEND_INPUT and c.consoles[shared.object_id].reader == request.pid:
        made.commits.append(k.ConsoleReader(shared.object_id, pid))


def _hand_over(
    s: State, made: Insertion, spawner: Cap, pid: int, request: t.SpawnRequest, now: int
) -> list[e.Effect]:
    """The spawner's capability on its child, the charge for the factory, and the answer to its call."""
    slot = made.slot(request.pid)
    handle = capabilities.Lost(
        made.handle(spawner, pid, slot), request.pid, slot, int(ObjectType.PROCESS), pid, int(Rights.WRITE)
    )
    removal = capabilities.Removal(s, request.pid, born={spawner.id: handle})
    commits, after = capabilities.spend(s, spawner, request.pid, removal)
    made.commits += commits
    answer = e.Answer(request.pid, request.event, pid, abi.pack_spawned(pid, slot))
    return [answer, e.CapExercised(spawner.id, now), *after]


def refuse_spawn(s: State, call: Call) -> Outcome:
    """Privileged (pid, event, errno): answers a parked SYS_SPAWN with a refusal."""
    pid, event, code = call.args
    return Outcome(0, (), (e.Answer(pid, event, abi.value_error(code)),))


def sys_kill(s: State, call: Call) -> Outcome:
    """SYS_KILL(slot) -> status; pids 1 and 2 cannot be killed by programs."""
    cap = s.committed.cap(call.pid, call.args[0])
    if cap is None or cap.object_type != ObjectType.PROCESS:
        return refuse(call, Errno.E_BADF, "no process capability in that slot")
    if not cap.perms & Rights.WRITE or cap.object_id in _NEVER_KILLED:
        return refuse(call, Errno.E_PERM, "not allowed to end that process")
    target = cap.object_id
    removal = capabilities.Removal(s, call.pid)
    gone = k.ProcessExited(target, ExitHow.KILLED, abi.KILLED_CODE)
    return _end(s, target, gone, removal, cap)


def sys_exit(s: State, call: Call) -> Outcome:
    """SYS_EXIT(code) never returns."""
    code = call.args[0] - 2**32 if call.args[0] & 0x8000_0000 else call.args[0]
    exited = k.ProcessExited(call.pid, ExitHow.EXITED, code)
    return _end(s, call.pid, exited, capabilities.Removal(s, call.pid))


def kill_process(s: State, call: Call) -> Outcome:
    """Privileged (pid,) -> status."""
    (pid,) = call.args
    if not s.committed.alive(pid):
        return refuse(call, Errno.E_NOENT, "no such process")
    gone = k.ProcessExited(pid, ExitHow.KILLED, abi.KILLED_CODE)
    return _end(s, pid, gone, capabilities.Removal(s, abi.PID_SUPERVISOR))


def fault_process(s: State, call: Call) -> Outcome:
    """Privileged (pid, reason, description) -> status: a trap, a bad pointer, a spent budget."""
    pid, reason, description = call.args
    fault = k.ProcessFaulted(pid, k.bounded_text(reason), k.bounded_text(description))
    return _end(s, pid, fault, capabilities.Removal(s, abi.PID_SUPERVISOR))


def restart_process(s: State, call: Call) -> Outcome:
    """Privileged (pid, reason, description): a fault of pid 1 or 2 that keeps its capabilities.

    Calls it had received and not answered fail; what is queued waits for the module that starts again.
    """
    pid, reason, description = call.args
    commits = (
        k.ProcessFaulted(pid, k.bounded_text(reason), k.bounded_text(description)),
        k.ProcessRestarted(pid),
    )
    failed = abi.length_error(Errno.E_NOENT)
    waits = s.transient.waits
    callers = [who for who, due in s.transient.reply_rights[pid].items() if who in waits and waits[who].event == due]
    effects: list[e.Effect] = [e.EndWait(pid), *(e.ReplyRightUsed(pid, who) for who in callers)]
    return Outcome(0, commits, [*effects, *(e.Answer(who, waits[who].event, failed) for who in callers)])


def _end(
    s: State,
    pid: int,
    body: k.ProcessExited | k.ProcessFaulted,
    removal: capabilities.Removal,
    paid_by: Cap | None = None,
) -> Outcome:
    """What the end of a process takes along, in one step; the one path for exit, kill and fault."""
    c, process = s.committed, s.committed.processes[pid]
    removal.end_process(pid)
    taken, after = (
        (removal.commits(), removal.effects())
        if paid_by is None
        else capabilities.spend(s, paid_by, paid_by.pid, removal)
    )
    commits: list[k.Body] = [body]
    console = c.consoles.get(process.borrowed)
    if console is not None and console.reader == pid:
        commits.append(k.ConsoleReader(console.id, _next_reader(c, process.parent, console.id)))
    commits += taken
    effects: list[e.Effect] = [*after, e.Ended(pid)]
    if c.alive(process.parent):
        endpoint = removal.notice_to(process.parent)
        if endpoint:
            effects.append(e.Enqueue(endpoint, process.parent, _exit_notice(body)))
        else:
            commits.append(k.NoticeUndeliverable(process.parent, k.NO_SLOT))
    return Outcome(0, commits, effects)


def _exit_notice(body: k.ProcessExited | k.ProcessFaulted) -> t.Message:
    """MSG_PROCESS_EXITED, as the spawner gets it."""
    if isinstance(body, k.ProcessFaulted):
        payload = abi.pack_exited(body.pid, ExitHow.FAULTED, abi.EXIT_FAULT_STATUS)
    else:
        payload = abi.pack_exited(body.pid, body.how, body.code)
    return t.Message(abi.PID_SUPERVISOR, Tag.PROCESS_EXITED, payload)


def _next_reader(c: Committed, pid: int, console: int) -> int:
    """The nearest living ancestor the console was lent through, else its owner."""
    while (process := c.processes.get(pid)) is not None:
        if process.alive and process.borrowed == console:
            return pid
        pid = process.parent
    return c.consoles[console].owner
