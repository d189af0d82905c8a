"""System calls on capabilities: grant, derive, revoke, delete, inspect, list.

Rules of this file (kernel: Capabilities)
- grant and revoke need the grant right; derive, delete and inspect need only to hold the capability.
- Nothing can add a right. A refusal changes nothing.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Errno, Malformed, Rights
from zos_core.kernel import capabilities
from zos_core.kernel import effects as e
from zos_core.kernel.call import Call, Outcome, State, refuse
from zos_core.kernel.commits import InsertHow, RemoveHow
from zos_core.kernel.insertion import RIGHTS, Insertion, expiry
from zos_core.kernel.state import Cap

_MEMORY = int(abi.ObjectType.MEMORY)


def _held(s: State, call: Call, slot: int, right: Rights = Rights.NONE) -> Cap | Outcome:
    cap = s.committed.cap(call.pid, slot)
    if cap is None:
        return refuse(call, Errno.E_BADF, "no capability in that slot")
    if right & ~cap.perms:
        return refuse(call, Errno.E_PERM, "the capability lacks the right")
    return cap


def _limits(call: Call) -> tuple[int, int] | Outcome:
    try:
        expires_in_ms, uses = abi.unpack_limits(call.data)
    except Malformed as error:
        return refuse(call, Errno.E_INVAL, str(error))
    return expiry(call.now, expires_in_ms), uses


def sys_cap_grant(s: State, call: Call) -> Outcome:
    """SYS_CAP_GRANT(from_slot, to_pid, perms) optional expiry, uses -> value: slot in the target."""
    slot, to_pid, perms = call.args
    cap = _held(s, call, slot, Rights.GRANT)
    if isinstance(cap, Outcome):
        return cap
    limits = _limits(call)
    if isinstance(limits, Outcome):
        return limits
    if perms not in RIGHTS:
        return refuse(call, Errno.E_INVAL, "unknown rights")
    if not s.committed.alive(to_pid):
        return refuse(call, Errno.E_NOENT, "no such process")
    if to_pid == call.pid:
        return _derived(s, call, cap, perms, limits, InsertHow.GRANT)
    error = capabilities.refuses_gift(s, to_pid)
    if error is not None:
        return refuse(call, error, "the target takes no more")
    made = Insertion(s.committed)
    to_slot = made.slot(to_pid)
    made.child(cap, to_pid, to_slot, perms, *limits, call.pid, InsertHow.GRANT)
    return Outcome(to_slot, made.commits, (e.Wake(to_pid),))


def sys_cap_derive(s: State, call: Call) -> Outcome:
    """SYS_CAP_DERIVE(slot, perms) optional expiry, uses -> value: the new slot."""
    slot, perms, _ = call.args
    cap = _held(s, call, slot)
    if isinstance(cap, Outcome):
        return cap
    limits = _limits(call)
    if isinstance(limits, Outcome):
        return limits
    if perms not in RIGHTS:
        return refuse(call, Errno.E_INVAL, "unknown rights")
    return _derived(s, call, cap, perms, limits, InsertHow.DERIVE)


def _derived(s: State, call: Call, cap: Cap, perms: int, limits: tuple[int, int], how: InsertHow) -> Outcome:
    if capabilities.free_slot(s.committed, call.pid) is None:
        return refuse(call, Errno.E_NOMEM, "no free slot")
    made = Insertion(s.committed)
    slot = made.slot(call.pid)
    made.child(cap, call.pid, slot, perms, *limits, call.pid, how)
    return Outcome(slot, made.commits)


def sys_cap_revoke(s: State, call: Call) -> Outcome:
    """SYS_CAP_REVOKE(slot, keep_own) -> status; everything derived goes, everywhere, and itself unless kept."""
    slot, keep_own, _ = call.args
    cap = _held(s, call, slot, Rights.GRANT)
    if isinstance(cap, Outcome):
        return cap
    removal = capabilities.Removal(s, call.pid)
    removal.take([cap.id], RemoveHow.REVOKED, keep_own=bool(keep_own), silent=True)
    return Outcome(0, removal.commits(), removal.effects())


def sys_cap_delete(s: State, call: Call) -> Outcome:
    """SYS_CAP_DELETE(slot) -> status; only the caller's copy; what was derived from it goes to its parent.

    A counted capability is what holds its children to one count: with several of them it stays, E_BUSY, or each
    would carry the whole count away.
    """
    cap = _held(s, call, call.args[0])
    if isinstance(cap, Outcome):
        return cap
    if cap.uses_left and len(cap.children) > 1:
        return refuse(call, Errno.E_BUSY, "its count is shared by several capabilities derived from it")
    removal = capabilities.Removal(s, call.pid)
    removal.take_one(cap.id)
    return Outcome(0, removal.commits(), removal.effects())


def sys_cap_inspect(s: State, call: Call) -> Outcome:
    """SYS_CAP_INSPECT(slot) -> 1 and its description, 0 if empty."""
    cap = s.committed.cap(call.pid, call.args[0])
    return Outcome(0) if cap is None else Outcome(1, data=abi.pack_inspect(entry(cap)))


def sys_list_caps(s: State, call: Call) -> Outcome:
    """SYS_LIST_CAPS(form) -> status; rows of form 0 or 1 by rising slot."""
    form = call.args[0]
    if form > 1:
        return refuse(call, Errno.E_INVAL, "unknown form")
    return Outcome(0, data=abi.pack_caps([entry(cap) for cap in s.committed.held_by(call.pid)], form))


def entry(cap: Cap) -> abi.CapEntry:
    return abi.CapEntry(cap.slot, cap.object_type, cap.perms, cap.object_id, cap.expires_at, cap.uses_left)


def memory_ceiling(s: State, pid: int) -> int:
    """Bytes the linear memory of `pid` may reach: the largest ceiling it holds, not a sum (kernel: Memory)."""
    held = s.committed.spaces[pid].slots.values()
    return max([cap.object_id for cap in held if cap.object_type == _MEMORY], default=0)


def exercised(cap: Cap, now: int) -> e.CapExercised:
    return e.CapExercised(cap.id, now)
