"""`apply`: the only mutator of committed state, live and in replay.

Rules of this file
- `apply` checks nothing: what reaches it was decided. It is total over the commits `decide` can produce.
- It reads nothing but the state and the commit: `reduce(genesis, commits)` gives the same state anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from zos_core import abi
from zos_core.kernel import commits as k
from zos_core.kernel.state import Cap, Committed, Console, Process, Space

# Plain integers: every commit passes through here, and the attribute of an enum costs more than a dictionary look-up.
_GRANT = int(k.InsertHow.GRANT)
_CONSOLE = int(abi.ObjectType.CONSOLE)


def _created(s: Committed, b: k.ProcessCreated) -> None:
    s.processes[b.pid] = Process(b.pid, b.parent, b.name)
    s.spaces[b.pid] = Space()
    s.next_pid = b.pid + 1


def _restarted(s: Committed, b: k.ProcessRestarted) -> None:
    process = s.processes[b.pid]
    process.how, process.code, process.reason, process.description = None, 0, "", ""
    if b.pid in s.ended:
        s.ended.remove(b.pid)


def _exited(s: Committed, b: k.ProcessExited) -> None:
    process = s.processes[b.pid]
    process.how, process.code = abi.ExitHow(b.how), b.code
    _list_ended(s, b.pid)


def _faulted(s: Committed, b: k.ProcessFaulted) -> None:
    process = s.processes[b.pid]
    process.how, process.reason, process.description = abi.ExitHow.FAULTED, b.reason, b.description
    _list_ended(s, b.pid)


def _list_ended(s: Committed, pid: int) -> None:
    """The last 256 ended processes stay listed (kernel: Processes); the two services are never forgotten."""
    s.ended.append(pid)
    while len(s.ended) > abi.MAX_ENDED_LISTED:
        oldest = s.ended.pop(0)
        del s.processes[oldest]
        s.spaces.pop(oldest, None)


def _endpoint_created(s: Committed, b: k.EndpointCreated) -> None:
    s.endpoints[b.endpoint_id] = b.owner
    s.next_endpoint = b.endpoint_id + 1


def _endpoint_destroyed(s: Committed, b: k.EndpointDestroyed) -> None:
    del s.endpoints[b.endpoint_id]


def _console_created(s: Committed, b: k.ConsoleCreated) -> None:
    s.consoles[b.console_id] = Console(b.console_id, b.pid, b.pid)
    s.processes[b.pid].console = b.console_id
    s.next_console = b.console_id + 1


def _console_reader(s: Committed, b: k.ConsoleReader) -> None:
    console = s.consoles[b.console_id]
    console.reader = b.pid
    if b.pid != console.owner:
        s.processes[b.pid].borrowed = b.console_id


def _inserted(s: Committed, b: k.CapInserted) -> None:
    cap_id, parent, pid, slot, object_type, object_id, perms, expires_at, uses_left, by_pid, how = b
    given = how == _GRANT and by_pid not in (pid, abi.PID_SUPERVISOR)
    cap = Cap(
        cap_id, object_type, object_id, perms, parent, expires_at, uses_left, pid, slot, by_pid, how, given, set()
    )
    s.caps[cap_id] = cap
    key = (object_type, object_id)
    held = s.by_object.get(key)
    if held is None:
        s.by_object[key] = {cap_id}
    else:
        held.add(cap_id)
    if parent:
        s.caps[parent].children.add(cap_id)
    else:
        s.roots[key] = cap_id
    if expires_at:
        s.expiring.add(cap_id)
    s.next_cap = cap_id + 1
    _place(s.spaces[pid], cap)


def _place(space: Space, cap: Cap) -> None:
    slot = cap.slot
    space.slots[slot] = cap
    space.given += cap.given
    if slot >= space.next_slot:
        space.next_slot = slot + 1


def _moved(s: Committed, b: k.CapMoved) -> None:
    cap = s.caps[b.cap_id]
    source = s.spaces[cap.pid]
    del source.slots[cap.slot]
    source.given -= cap.given
    cap.given = b.to_pid != cap.pid
    cap.by_pid, cap.how = cap.pid, int(k.InsertHow.GRANT)
    cap.pid, cap.slot = b.to_pid, b.to_slot
    _place(s.spaces[b.to_pid], cap)


def _used(s: Committed, b: k.CapUsed) -> None:
    s.caps[b.cap_id].uses_left = b.uses_left


def _removed(s: Committed, b: k.CapRemoved) -> None:
    """Children of a removed node go to its parent; in a revocation they have gone before it."""
    cap = s.caps.pop(b.cap_id)
    space = s.spaces[cap.pid]
    del space.slots[cap.slot]
    space.given -= cap.given
    s.expiring.discard(b.cap_id)
    key = (cap.object_type, cap.object_id)
    held = s.by_object[key]
    held.discard(b.cap_id)
    if not held:
        del s.by_object[key]
    if cap.parent:
        siblings = s.caps[cap.parent].children
        siblings.discard(b.cap_id)
        siblings |= cap.children
        for child in cap.children:
            s.caps[child].parent = cap.parent
        return
    del s.roots[key]
    if cap.object_type == _CONSOLE:
        s.consoles.pop(cap.object_id, None)


def _nothing(s: Committed, b: k.Genesis | k.NoticeUndeliverable | k.MessageSent) -> None:
    """Facts that the log keeps and no committed state depends on."""


_APPLY: dict[type[k.Body], Callable[[Committed, Any], None]] = {
    k.Genesis: _nothing,
    k.ProcessCreated: _created,
    k.ProcessRestarted: _restarted,
    k.ProcessExited: _exited,
    k.ProcessFaulted: _faulted,
    k.EndpointCreated: _endpoint_created,
    k.EndpointDestroyed: _endpoint_destroyed,
    k.ConsoleCreated: _console_created,
    k.ConsoleReader: _console_reader,
    k.CapInserted: _inserted,
    k.CapMoved: _moved,
    k.CapUsed: _used,
    k.CapRemoved: _removed,
    k.NoticeUndeliverable: _nothing,
    k.MessageSent: _nothing,
}


def apply(state: Committed, body: k.Body) -> None:
    """Make one commit true."""
    _APPLY[type(body)](state, body)


def reduce(bodies: Iterable[k.Body], state: Committed | None = None) -> Committed:
    """The state that a sequence of commits stands for, from genesis or from `state`, which is changed."""
    state = Committed() if state is None else state
    for body in bodies:
        _APPLY[type(body)](state, body)
    return state
