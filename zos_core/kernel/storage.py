"""Storage: what a program keeps under keys in a namespace that a capability names.

Rules of this file (abi: SYS_STORAGE_*; runtime: Time, ticks and the journal)
- The kernel checks; the storage itself stands outside the machine. The caller is parked until it has answered.
- The capability is charged when the answer comes; if it went meanwhile, the caller is told that instead.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights, Sys
from zos_core.kernel import capabilities
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import WAIT, Call, Outcome, State, refuse

_RIGHT = {
    Sys.STORAGE_READ: Rights.READ,
    Sys.STORAGE_WRITE: Rights.WRITE,
    Sys.STORAGE_DELETE: Rights.WRITE,
    Sys.STORAGE_LIST: Rights.READ,
}


def sys_storage(s: State, call: Call) -> Outcome:
    """SYS_STORAGE_*(slot, key_len, offset or cursor) key, value; see abi for what each answers."""
    slot, key_len, at = call.args
    cap = s.committed.cap(call.pid, slot)
    if cap is None or cap.object_type != ObjectType.STORAGE:
        return refuse(call, Errno.E_BADF, "no storage capability in that slot")
    if cap.object_id >= abi.FIRST_DIRECTORY:
        return refuse(call, Errno.E_BADF, "a directory of the host, which only descriptors reach")
    if not cap.perms & _RIGHT[Sys(call.num)]:
        return refuse(call, Errno.E_PERM, "the capability lacks the right")
    if key_len > len(call.data) or (not key_len and call.num != Sys.STORAGE_LIST):
        return refuse(call, Errno.E_INVAL, "no key, or less was sent than declared")
    key, value = call.data[:key_len], call.data[key_len:] if call.num == Sys.STORAGE_WRITE else b""
    if key_len > abi.MAX_KEY or len(value) > abi.MAX_VALUE:
        return refuse(call, Errno.E_OVERFLOW, "key or value too long")
    wait = t.Wait(t.WaitKind.STORAGE, call.num, call.event, cap_id=cap.id)
    request = t.StorageRequest(call.pid, call.event, call.num, cap.object_id, key, value, at)
    return Outcome(WAIT, (), (e.BeginWait(call.pid, wait), e.StorageAsked(request)))


def storage_done(s: State, call: Call) -> Outcome:
    """Privileged (pid, event, code, at) data -> status: what the storage answered to a parked call."""
    pid, event, code, at = call.args
    wait = s.transient.waits.get(pid)
    cap = s.committed.caps.get(wait.cap_id) if wait is not None else None
    if wait is None or wait.event != event or wait.result is not None or cap is None:
        return Outcome(0)
    if code:
        return Outcome(0, (), (e.Answer(pid, event, abi.refusal(wait.num, Errno(code))),))
    returns_length = abi.RETURNS.get(wait.num) is abi.Returns.LENGTH
    answer = e.Answer(pid, event, len(call.data) if returns_length else 0, call.data)
    if wait.num == Sys.STORAGE_READ and at:
        return Outcome(0, (), (answer,))
    commits, after = capabilities.spend(s, cap, pid)
    return Outcome(0, commits, [answer, e.CapExercised(cap.id, call.now), *after])
