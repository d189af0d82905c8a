"""What pid 0 does by privilege: grants from the roots, revocations, expiry, messages; and the init debug channel.

Rules of this file (kernel: Axiom, Capabilities, The init debug channel)
- A privileged call goes through the same gateway as a program's, with sender pid 0.
- A preview is computed by the code that revokes.
- `INIT:` text is a command only from who may give it; from anyone else it is only text.
"""

from __future__ import annotations

from collections.abc import Sequence

from zos_core import abi
from zos_core.abi import Errno, ObjectType
from zos_core.kernel import capabilities
from zos_core.kernel import commits as k
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import Call, Outcome, State, refuse
from zos_core.kernel.commits import InsertHow, RemoveHow
from zos_core.kernel.insertion import RIGHTS, Insertion, refuses_grant
from zos_core.kernel.process import factory

_MAX_DIGITS = 20
"""Enough for every number of a command; more is malformed, however small its value."""
_PERMISSION_NAMES = frozenset({"permission", "permission_manager"})


def genesis(s: State, call: Call) -> Outcome:
    """Privileged (seed_hash,): the first commit, and the process factory's root."""
    made = Insertion(s.committed)
    made.commits.append(k.Genesis(abi.ABI_VERSION, call.args[0]))
    made.root(ObjectType.PROCESS, abi.FACTORY)
    return Outcome(0, made.commits)


def grant_capability(s: State, call: Call) -> Outcome:
    """Privileged (pid, object_type, object_id, perms, slot | None, expires_at, uses) -> value: the slot."""
    pid, object_type, object_id, perms, slot, expires_at, uses = call.args
    c = s.committed
    error = refuses_grant(c, object_type, object_id, perms, expires_at, uses)
    if error is not None:
        return refuse(call, error, "no such object, or malformed rights or limits")
    if not c.alive(pid):
        return refuse(call, Errno.E_NOENT, "no such process")
    if slot is not None and not 0 <= slot <= abi.MAX_EXPLICIT_SLOT:
        return refuse(call, Errno.E_INVAL, "slot out of range")
    if slot is not None and c.cap(pid, slot) is not None:
        return refuse(call, Errno.E_EXIST, "slot taken")
    if s.transient.notices.get(pid, 0) >= abi.MAX_NOTICES_UNREAD:
        return refuse(call, Errno.E_AGAIN, "too many unread notices")
    if capabilities.free_slot(c, pid) is None:
        return refuse(call, Errno.E_NOMEM, "no free slot")
    made = Insertion(c)
    at = made.slot(pid) if slot is None else slot
    made.under_root(object_type, object_id, pid, at, perms, expires_at, uses, InsertHow.GRANT)
    return Outcome(at, made.commits, (e.Wake(pid),))


def derive_capability(s: State, call: Call) -> Outcome:
    """Privileged (pid, slot, to_pid, perms, expires_at, uses) -> value: a child of that capability in `to_pid`."""
    pid, slot, to_pid, perms, expires_at, uses = call.args
    c, parent = s.committed, s.committed.cap(pid, slot)
    if parent is None:
        return refuse(call, Errno.E_BADF, "no capability in that slot")
    if perms not in RIGHTS:
        return refuse(call, Errno.E_INVAL, "unknown rights")
    if not c.alive(to_pid):
        return refuse(call, Errno.E_NOENT, "no such process")
    if s.transient.notices.get(to_pid, 0) >= abi.MAX_NOTICES_UNREAD:
        return refuse(call, Errno.E_AGAIN, "too many unread notices")
    if capabilities.free_slot(c, to_pid) is None:
        return refuse(call, Errno.E_NOMEM, "no free slot")
    made = Insertion(c)
    at = made.slot(to_pid)
    made.child(parent, to_pid, at, perms, expires_at, uses, abi.PID_SUPERVISOR, InsertHow.DERIVE)
    return Outcome(at, made.commits, (e.Wake(to_pid),))


Targets = Sequence[tuple[int, int]]
"""(pid, slot) of each capability that is named."""


def revocation(s: State, targets: Targets, keep_own: bool = False) -> capabilities.Removal | None:
    """What revoking these slots by privilege takes, in one step: the preview's answer and the revocation's plan.

    A root stays for as long as its object is there: revoking it takes all that is below it.
    """
    removal = capabilities.Removal(s, abi.PID_SUPERVISOR)
    for pid, slot in targets:
        cap = s.committed.cap(pid, slot)
        if cap is None:
            return None
        removal.take([cap.id], RemoveHow.REVOKED, keep_own=keep_own or not cap.parent)
    return removal


def revoke_all(s: State, call: Call) -> Outcome:
    """Privileged (targets, keep_own) -> status: several revocations as one step."""
    removal = revocation(s, *call.args)
    if removal is None:
        return refuse(call, Errno.E_BADF, "no capability in that slot")
    return Outcome(0, removal.commits(), removal.effects())


def revoke_capability(s: State, call: Call) -> Outcome:
    """Privileged (pid, slot, keep_own) -> status."""
    pid, slot, keep_own = call.args
    return revoke_all(s, call._replace(args=(((pid, slot),), keep_own)))


def expire(s: State, call: Call) -> Outcome:
    """Privileged (): every node whose time has come goes, with its descendants (kernel: expiry)."""
    caps = s.committed.caps
    due = sorted(cap_id for cap_id in s.committed.expiring if caps[cap_id].expires_at <= call.now)
    removal = capabilities.Removal(s, abi.PID_SUPERVISOR)
    removal.take(due, RemoveHow.EXPIRED)
    return Outcome(0, removal.commits(), removal.effects())


def expiry_due(s: State, now: int) -> bool:
    caps = s.committed.caps
    return any(caps[cap_id].expires_at <= now for cap_id in s.committed.expiring)


def send_message(s: State, call: Call) -> Outcome:
    """Privileged (pid, slot, tag) payload -> status: to an endpoint that the process itself owns."""
    pid, slot, tag = call.args
    cap = s.committed.cap(pid, slot)
    if cap is None or cap.object_type != ObjectType.ENDPOINT:
        return refuse(call, Errno.E_BADF, "no endpoint capability in that slot")
    if len(call.data) > abi.MAX_PAYLOAD:
        return refuse(call, Errno.E_OVERFLOW, "payload too long")
    owner = s.committed.endpoints[cap.object_id]
    if owner != pid:
        return refuse(call, Errno.E_PERM, "not an endpoint of its own")
    sent = k.MessageSent(abi.PID_SUPERVISOR, cap.object_id, tag, len(call.data))
    message = t.Message(abi.PID_SUPERVISOR, tag, call.data)
    return Outcome(0, (sent,), (e.Enqueue(cap.object_id, owner, message),))


def take_message(s: State, call: Call) -> Outcome:
    """Privileged (endpoint,) -> length: the first message on an endpoint of pid 0's own, as SYS_RECEIVE gives it."""
    (endpoint,) = call.args
    if s.committed.endpoints.get(endpoint) != abi.PID_SUPERVISOR:
        return refuse(call, Errno.E_NOENT, "not an endpoint of pid 0")
    items = s.transient.queues[endpoint].items
    if not items:
        return Outcome(0)
    data = abi.pack_received(items[0].from_pid, items[0].tag, items[0].payload)
    return Outcome(len(data), (), (e.Dequeue(abi.PID_SUPERVISOR, endpoint),), data)


# --- SYS_DEBUG and the init debug channel ---------------------------------------------------------------------------


def sys_debug(s: State, call: Call) -> Outcome:
    """SYS_DEBUG(len) text -> status; the text is logged, and may be a command of the init debug channel."""
    length = call.args[0]
    if length > len(call.data):
        return refuse(call, Errno.E_INVAL, "less was sent than declared")
    data = call.data[:length]
    said = e.Debug(call.now, call.pid, data)
    if not data.startswith(b"INIT:"):
        return Outcome(0, (), (said,))
    outcome = _command(s, call, data.decode(errors="replace").split(":")[1:])
    return outcome._replace(effects=[said, *outcome.effects])


def _command(s: State, call: Call, words: list[str]) -> Outcome:
    match words:
        case ["SPAWN", name] if call.pid == abi.PID_INIT or factory(s.committed, call.pid) is not None:
            return _spawn(s, call, name.strip())
        case ["GRANT", *numbers] if call.pid == abi.PID_INIT:
            fields = _numbers(numbers, 5)
            if fields is None:
                return refuse(call, Errno.E_INVAL, "malformed INIT:GRANT")
            to_pid, slot, object_type, object_id, perms = fields
            args = (to_pid, object_type, object_id, perms, slot, 0, 0)
            return _as_status(grant_capability(s, call._replace(args=args)))
        case ["REVOKE", *numbers] if call.pid == abi.PID_INIT:
            fields = _numbers(numbers, 2)
            if fields is None:
                return refuse(call, Errno.E_INVAL, "malformed INIT:REVOKE")
            return revoke_capability(s, call._replace(args=(*fields, False)))
        case _ if call.pid == abi.PID_INIT:
            return refuse(call, Errno.E_INVAL, "unknown INIT: command")
    return Outcome(0, reason="INIT: text without authority is only text")


def _as_status(outcome: Outcome) -> Outcome:
    return outcome._replace(result=0) if outcome.commits else outcome


def _numbers(words: list[str], count: int) -> list[int] | None:
    """Exactly `count` decimal numbers, or None."""
    words = [word.strip() for word in words]
    if len(words) != count or not all(w.isascii() and w.isdigit() and len(w) <= _MAX_DIGITS for w in words):
        return None
    return [int(word) for word in words]


def _spawn(s: State, call: Call, name: str) -> Outcome:
    if not abi.valid_name(name):
        return refuse(call, Errno.E_INVAL, "not a program name")
    if name in _PERMISSION_NAMES and s.committed.alive(abi.PID_PERMISSION):
        return refuse(call, Errno.E_EXIST, "the permission service is running")
    cap = factory(s.committed, call.pid)
    request = t.SpawnRequest(call.pid, call.event, cap.id if cap is not None else 0, 0, name, ())
    return Outcome(0, (), (e.SpawnAsked(request),))
