"""Endpoints and messages: send, receive, call, reply, messages with capabilities.

Rules of this file (kernel: IPC; abi: System calls)
- An endpoint has one owner, who alone receives. Order is kept; a full queue answers E_AGAIN and loses nothing.
- A call blocks until its one reply. Whoever received it may reply once.
- A message a process sends to its own slot 0 with an app tag goes to its tab's view.
"""

from __future__ import annotations

import struct

from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights
from zos_core.kernel import capabilities
from zos_core.kernel import commits as k
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import WAIT, Call, Outcome, State, refuse
from zos_core.kernel.insertion import Insertion
from zos_core.kernel.state import Cap

_READ, _WRITE, _GRANT = int(Rights.READ), int(Rights.WRITE), int(Rights.GRANT)
_ENDPOINT = int(ObjectType.ENDPOINT)
_NS_PER_MS = 1_000_000


def _target(s: State, call: Call, slot: int, right: int) -> Cap | Outcome:
    """The Endpoint capability in `slot` with `right`, or the refusal."""
    space = s.committed.spaces[call.pid].slots
    cap = space.get(slot)
    if cap is None or cap.object_type != _ENDPOINT:
        return refuse(call, Errno.E_BADF, "no endpoint capability in that slot")
    if not cap.perms & right:
        return refuse(call, Errno.E_PERM, "the capability lacks the right")
    return cap


def sys_send(s: State, call: Call) -> Outcome:
    """SYS_SEND(slot, tag, len) payload -> status."""
    slot, tag, length = call.args
    cap = _target(s, call, slot, _WRITE)
    if isinstance(cap, Outcome):
        return cap
    data = call.data
    if length != len(data):
        if length > len(data):
            return refuse(call, Errno.E_INVAL, "less was sent than declared")
        data = data[:length]
    if length > abi.MAX_PAYLOAD:
        return refuse(call, Errno.E_OVERFLOW, "payload too long")
    if slot == abi.SLOT_OWN_ENDPOINT and tag in abi.APP_VIEW_TAGS:
        return Outcome(0, (), (e.AppMessage(call.pid, tag, data), e.CapExercised(cap.id, call.now)))
    endpoint = cap.object_id
    if s.transient.queues[endpoint].programs >= abi.MAX_QUEUE:
        return refuse(call, Errno.E_AGAIN, "queue full")
    sent = k.MessageSent(call.pid, endpoint, tag, length)
    message = t.Message(call.pid, tag, data)
    enqueue = e.Enqueue(endpoint, s.committed.endpoints[endpoint], message, cap.id, call.now)
    if not cap.uses_left:
        return Outcome(0, (sent,), (enqueue,))
    commits, effects = capabilities.spend(s, cap, call.pid)
    return Outcome(0, [sent, *commits], [enqueue, *effects])


def sys_receive(s: State, call: Call) -> Outcome:
    """SYS_RECEIVE(slot) -> length; data `from_pid u32, tag u32, payload`. 0 when empty."""
    cap = _target(s, call, call.args[0], _READ)
    if isinstance(cap, Outcome):
        return cap
    return _receive(s, call, cap)


def _receive(s: State, call: Call, cap: Cap) -> Outcome:
    if s.committed.endpoints[cap.object_id] != call.pid:
        return refuse(call, Errno.E_PERM, "only its owner receives from an endpoint")
    items = s.transient.queues[cap.object_id].items
    if not items:
        return Outcome(0)
    first = items[0]
    data = abi.pack_received(first.from_pid, first.tag, first.payload)
    return Outcome(len(data), (), (e.Dequeue(call.pid, cap.object_id, cap.id, call.now),), data)


def sys_receive_wait(s: State, call: Call) -> Outcome:
    """SYS_RECEIVE_WAIT(slot, ms_low, ms_high) -> as SYS_RECEIVE, waiting; 0 on time-out; all ones: for ever."""
    slot, low, high = call.args
    cap = _target(s, call, slot, _READ)
    if isinstance(cap, Outcome):
        return cap
    outcome = _receive(s, call, cap)
    milliseconds = low | high << 32
    if outcome.result or not milliseconds:
        return outcome
    until = None if milliseconds == abi.FOREVER_MS else call.sample + milliseconds * _NS_PER_MS
    wait = t.Wait(t.WaitKind.RECEIVE, call.num, call.event, until, cap.id, cap.object_id)
    return Outcome(WAIT, (), (e.BeginWait(call.pid, wait),))


def resume_receive(s: State, call: Call, wait: t.Wait) -> Outcome:
    cap = _target(s, call, call.args[0], _READ)
    if isinstance(cap, Outcome):
        return cap
    outcome = _receive(s, call, cap)
    if outcome.result or (wait.until is not None and call.now >= wait.until):
        return outcome
    return Outcome(WAIT)


def sys_call(s: State, call: Call) -> Outcome:
    """SYS_CALL(slot, tag, len) payload -> length as SYS_RECEIVE once the reply has come."""
    slot, tag, length = call.args
    cap = _target(s, call, slot, _WRITE)
    if isinstance(cap, Outcome):
        return cap
    endpoint = cap.object_id
    if s.committed.endpoints[endpoint] == call.pid:
        return refuse(call, Errno.E_BUSY, "an endpoint of one's own")
    if length > len(call.data):
        return refuse(call, Errno.E_INVAL, "less was sent than declared")
    if length > abi.MAX_PAYLOAD:
        return refuse(call, Errno.E_OVERFLOW, "payload too long")
    if s.transient.queues[endpoint].programs >= abi.MAX_QUEUE:
        return refuse(call, Errno.E_AGAIN, "queue full")
    message = t.Message(call.pid, tag, call.data[:length], (), call.event)
    commits: list[k.Body] = [k.MessageSent(call.pid, endpoint, tag, length)]
    effects: list[e.Effect] = [e.Enqueue(endpoint, s.committed.endpoints[endpoint], message, cap.id, call.now)]
    paid_by = cap.id
    if cap.uses_left:
        more, after = capabilities.spend(s, cap, call.pid)
        commits += more
        effects += after
        paid_by = 0 if any(isinstance(c, k.CapRemoved) and c.cap_id == cap.id for c in more) else cap.id
    wait = t.Wait(t.WaitKind.CALL, call.num, call.event, None, paid_by, endpoint)
    if k.EndpointDestroyed(endpoint) in commits:
        effects.append(e.Answer(call.pid, call.event, abi.length_error(Errno.E_NOENT)))
    return Outcome(WAIT, commits, [e.BeginWait(call.pid, wait), *effects])


def sys_reply(s: State, call: Call) -> Outcome:
    """SYS_REPLY(caller_pid, tag, len) payload -> status; each received call once, else E_NOENT."""
    caller, tag, length = call.args
    due = s.transient.reply_rights[call.pid].get(caller)
    wait = s.transient.waits.get(caller)
    if due is None or wait is None or wait.event != due or wait.result is not None:
        return refuse(call, Errno.E_NOENT, "no call of that process waits for a reply")
    if length > len(call.data):
        return refuse(call, Errno.E_INVAL, "less was sent than declared")
    if length > abi.MAX_PAYLOAD:
        return refuse(call, Errno.E_OVERFLOW, "payload too long")
    data = abi.pack_received(call.pid, tag, call.data[:length])
    return Outcome(0, (), (e.ReplyRightUsed(call.pid, caller), e.Answer(caller, due, len(data), data)))


def sys_send_cap(s: State, call: Call) -> Outcome:
    """SYS_SEND_CAP(slot, tag, len | cap_count << 16) payload, slots u32... -> status; all or nothing."""
    slot, _, packed = call.args
    length, count = packed & 0xFFFF, packed >> 16
    cap = _target(s, call, slot, _WRITE)
    if isinstance(cap, Outcome):
        return cap
    if len(call.data) < length + 4 * count:
        return refuse(call, Errno.E_INVAL, "less was sent than declared")
    if length > abi.MAX_PAYLOAD or count > abi.MAX_CAPS_PER_MESSAGE:
        return refuse(call, Errno.E_OVERFLOW, "message too long")
    slots = struct.unpack_from(f"<{count}I", call.data, length)
    if len(set(slots)) != count or slot in slots:
        return refuse(call, Errno.E_INVAL, "a slot twice, or the sending slot")
    moved = _movable(s, call, slots)
    if isinstance(moved, Outcome):
        return moved
    endpoint = cap.object_id
    owner = s.committed.endpoints[endpoint]
    if s.transient.queues[endpoint].programs >= abi.MAX_QUEUE:
        return refuse(call, Errno.E_AGAIN, "queue full")
    to_others = owner not in (call.pid, abi.PID_SUPERVISOR)
    error = capabilities.refuses_gift(s, owner, count) if to_others and count else None
    first = capabilities.free_slot(s.committed, owner, count if to_others else 0)
    if error is not None or first is None:
        return refuse(call, error or Errno.E_NOMEM, "the receiver has no room")
    return _send_with(s, call, cap, moved, first)


def _movable(s: State, call: Call, slots: tuple[int, ...]) -> list[Cap] | Outcome:
    found: list[Cap] = []
    for slot in slots:
        node = s.committed.cap(call.pid, slot)
        if node is None:
            return refuse(call, Errno.E_BADF, f"no capability in slot {slot}")
        if not node.perms & _GRANT:
            return refuse(call, Errno.E_PERM, f"slot {slot} lacks the grant right")
        found.append(node)
    return found


def _send_with(s: State, call: Call, cap: Cap, moved: list[Cap], first: int) -> Outcome:
    _, tag, packed = call.args
    length, endpoint = packed & 0xFFFF, cap.object_id
    owner = s.committed.endpoints[endpoint]
    places = {node.id: (owner, first + i) for i, node in enumerate(moved)}
    message = t.Message(call.pid, tag, call.data[:length], tuple(places))
    paid, after = capabilities.spend(s, cap, call.pid, capabilities.Removal(s, call.pid, places))
    commits: list[k.Body] = [
        k.MessageSent(call.pid, endpoint, tag, length),
        *(k.CapMoved(cap_id, *place) for cap_id, place in places.items()),
        *paid,
    ]
    return Outcome(0, commits, [e.Enqueue(endpoint, owner, message, cap.id, call.now), *after])


def sys_received_caps(s: State, call: Call) -> Outcome:
    """SYS_RECEIVED_CAPS -> length; where the last received message's capabilities are, those that still exist."""
    caps = s.committed.caps
    held = (caps.get(cap_id) for cap_id in s.transient.received_caps.get(call.pid, ()))
    data = abi.pack_received_caps([cap.slot for cap in held if cap is not None and cap.pid == call.pid])
    return Outcome(len(data), data=data)


def sys_ep_create(s: State, call: Call) -> Outcome:
    """SYS_EP_CREATE(part) -> value: the slot; part 1: the high half of the last created id."""
    if call.args[0]:
        return Outcome(s.transient.stats[call.pid].last_endpoint >> 32)
    c = s.committed
    slot = capabilities.free_slot(c, call.pid)
    if slot is None or len(c.endpoints_of(call.pid)) >= abi.MAX_ENDPOINTS:
        return refuse(call, Errno.E_NOMEM, "a table is full")
    made = Insertion(c)
    endpoint = made.endpoint(call.pid, slot)
    effects = (e.EndpointOpened(call.pid, endpoint),)
    return Outcome(slot, made.commits, effects, abi.pack_endpoint_created(slot, endpoint))
