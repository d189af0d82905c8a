"""Every step of the small world, taken by the kernel and by the reference model, and all that must hold after it.

Rules of this file
- The kernel decides on the state itself: what is refused must leave no trace there, and is not carried out.
- What succeeds is carried out on a kernel and a model of its own, which must then be the same state.
- Who has more than `MAX_UNREAD` messages reads before anything else happens: so the world is finite.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.kernel import model as m
from tests.kernel.smallworld import (
    FRESH_CAP,
    FRESH_ENDPOINT,
    FRESH_SLOT,
    MAX_CAPS,
    MAX_ENDPOINTS,
    NOW,
    NS_PER_MS,
    Key,
    Row,
    Scene,
    key_of,
)
from zos_core import abi
from zos_core.abi import ObjectType, Rights, Sys
from zos_core.kernel.call import Call, Outcome, State
from zos_core.kernel.commits import CapInserted, CapRemoved, EndpointCreated, NoticeUndeliverable
from zos_core.kernel.dispatch import Op, decide
from zos_core.kernel.effects import perform
from zos_core.kernel.reduce import apply
from zos_core.kernel.transient import Message

MAX_UNREAD = 2
EMPTY = 3000
PAYLOAD = b"x"
_TAG = 7
_RW, _WG, _RWG = int(Rights.READ | Rights.WRITE), int(Rights.WRITE | Rights.GRANT), int(Rights.ALL)
COPIES = ((_RWG, 0, 0), (_RW, 1, 0), (_WG, 0, 2))
"""(rights, milliseconds, uses) of what is granted and derived."""
_LIMITS = {(ms, uses): abi.pack_limits(ms, uses) for _, ms, uses in COPIES}
_SYSTEM_TAGS = frozenset({int(abi.Tag.CAP_REVOKED), int(abi.Tag.PROCESS_EXITED)})


class Step(NamedTuple):
    """A call, and the model's method and arguments that stand for it; no method: nothing but a queue changes."""

    pid: int
    num: int
    args: tuple[Any, ...]
    method: str
    told: tuple[Any, ...]
    data: bytes = b""
    ns: int = 0


def steps(scene: Scene) -> Iterator[Step]:
    """Everything that can happen next."""
    crowded = [endpoint for endpoint in scene.endpoints if len(endpoint[2]) > MAX_UNREAD]
    for endpoint, owner, senders in crowded or scene.endpoints:
        if senders:
            yield _receive(scene, endpoint, owner)
    if crowded:
        return
    yield Step(0, Op.EXPIRE, (), "pass_time", (NS_PER_MS,), ns=NS_PER_MS)
    for pid in scene.alive:
        yield Step(pid, Sys.EXIT, (9,), "end", (pid, int(abi.ExitHow.EXITED), 9))
        yield from _on_nothing(pid)
        if len(scene.held) < MAX_CAPS and len(scene.endpoints) < MAX_ENDPOINTS:
            yield Step(pid, Sys.EP_CREATE, (0, 0, 0), "new_endpoint", (pid, FRESH_SLOT))
    for row in scene.held:
        yield from _on(scene, row)


def _receive(scene: Scene, endpoint: int, owner: int) -> Step:
    slot = next(
        row.slot for row in scene.held
        if (row.object_type, row.object_id, row.pid) == (m.ENDPOINT, endpoint, owner) and row.perms & m.READ
    )  # fmt: skip
    return Step(owner, Sys.RECEIVE, (slot, 0, 0), "", (endpoint,))


def _on_nothing(pid: int) -> Iterator[Step]:
    """Every call on a slot that is empty."""
    for num, method, rest in (
        (Sys.SEND, "send", ()), (Sys.CAP_DELETE, "delete", ()), (Sys.CAP_REVOKE, "revoke", (False,)),
        (Sys.KILL, "kill", ()), (Sys.SEND_CAP, "move", ([],)),
    ):  # fmt: skip
        yield Step(pid, num, (EMPTY, 0, 0), method, (pid, EMPTY, *rest))
    yield Step(pid, Sys.CAP_GRANT, (EMPTY, pid, 1), "grant", (pid, EMPTY, pid, 1, 0, 0))
    yield Step(pid, Sys.CAP_DERIVE, (EMPTY, 1, 0), "derive", (pid, EMPTY, 1, 0, 0))


def _on(scene: Scene, row: Row) -> Iterator[Step]:
    """Every call on one capability."""
    pid, slot = row.pid, row.slot
    if len(scene.held) < MAX_CAPS:
        for perms, ms, uses in COPIES:
            data = _LIMITS[ms, uses]
            yield Step(pid, Sys.CAP_DERIVE, (slot, perms, 0), "derive", (pid, slot, perms, ms, uses), data)
            for to in scene.alive:
                if to != pid:
                    yield Step(pid, Sys.CAP_GRANT, (slot, to, perms), "grant", (pid, slot, to, perms, ms, uses), data)
    for keep in (False, True):
        yield Step(pid, Sys.CAP_REVOKE, (slot, int(keep), 0), "revoke", (pid, slot, keep))
    yield Step(0, Op.REVOKE_CAPABILITY, (pid, slot, False), "revoke_by_privilege", (pid, slot))
    yield Step(pid, Sys.CAP_DELETE, (slot, 0, 0), "delete", (pid, slot))
    yield Step(pid, Sys.KILL, (slot, 0, 0), "kill", (pid, slot))
    yield Step(pid, Sys.SEND, (slot, _TAG, len(PAYLOAD)), "send", (pid, slot), PAYLOAD)
    slots = [other.slot for other in scene.held if other.pid == pid]
    for index, first in enumerate(slots):
        yield _move(pid, slot, [first])
        for second in slots[index + 1 :]:
            yield _move(pid, slot, [second, first])


def _move(pid: int, slot: int, slots: list[int]) -> Step:
    data = b"".join(each.to_bytes(4, "little") for each in slots)
    return Step(pid, Sys.SEND_CAP, (slot, _TAG, len(slots) << 16), "move", (pid, slot, slots), data)


# --- taking a step ------------------------------------------------------------------------------------------------


class Explored(NamedTuple):
    """What one state leads to: the states after it, and how many steps were refused."""

    after: list[Key]
    refused: int


def explore(key: Key) -> Explored:
    """Take every step from a state. Raises AssertionError, naming the step, when something does not hold."""
    scene = Scene(key)
    before, idle = scene.kernel(), scene.model()
    assert key_of(before) == key
    after: list[Key] = []
    refused = 0
    for step in steps(scene):
        now = NOW + step.ns
        try:
            outcome = decide(before, Call(step.pid, step.num, step.args, step.data, now, now, 1))
            code = abi.errno_of(step.num, outcome.result) if step.method else 0
            if code:
                refused += 1
                assert getattr(idle, step.method)(*step.told) == code, code
                assert not outcome.commits and not outcome.effects and outcome.reason
            else:
                after.append(_carry_out(scene, step, outcome, now))
        except Exception as error:
            raise AssertionError(f"{step} from {key.hex()}: {type(error).__name__} {error}") from error
    assert before == scene.kernel(), f"a decision changed the state {key.hex()}"
    return Explored(after, refused)


def _carry_out(scene: Scene, step: Step, outcome: Outcome, now: int) -> Key:
    state, model = scene.kernel(), scene.model()
    for body in outcome.commits:
        apply(state.committed, body)
    for effect in outcome.effects:
        perform(state.transient, effect)
    if step.method:
        assert not getattr(model, step.method)(*step.told), "the model refuses this"
    the_states_agree(state, model)
    the_messages_agree(scene, step, state, outcome, model)
    the_order_is_right(scene, step, outcome)
    the_state_is_sound(state, now)
    numbers_are_fresh(outcome)
    return key_of(state, now)


# --- what must hold -----------------------------------------------------------------------------------------------


def the_states_agree(state: State, model: m.Model) -> None:
    c = state.committed
    nodes = {(node.pid, node.slot): node for node in model.nodes if node.parent is not None}
    held = [cap for cap in c.caps.values() if cap.parent]
    assert len(held) == len(nodes), f"the kernel has {held}, the model {list(nodes)}"
    for cap in held:
        node = nodes[cap.pid, cap.slot]
        assert cap.object_type == node.kind and cap.object_id == node.thing and cap.perms == node.perms
        assert cap.expires_at == node.until and cap.uses_left == node.uses
        parent, above = c.caps[cap.parent], node.parent
        assert above is not None and parent.pid == above.pid
        assert parent.slot == above.slot if parent.parent else above.parent is None
    assert c.endpoints == model.owners
    assert {pid for pid, process in c.processes.items() if process.how is None} == model.alive


def the_messages_agree(scene: Scene, step: Step, state: State, outcome: Outcome, model: m.Model) -> None:
    """Queues keep their order and grow at the end; what the system tells is what the model says it must."""
    told: list[m.Notice] = []
    exits: list[tuple[int, ...]] = []
    sent: list[tuple[int, Message]] = []
    queues = state.transient.queues
    before = {endpoint: (owner, senders) for endpoint, owner, senders in scene.endpoints}
    for endpoint, queue in queues.items():
        owner, senders = before.get(endpoint, (0, b""))
        skipped = not step.method and step.told[0] == endpoint
        old = len(senders) - skipped
        items = list(queue.items)
        assert [item.payload for item in items[:old]] == [bytes([at + skipped]) for at in range(old)], "not in order"
        for item in items[old:]:
            if item.from_pid or item.tag not in _SYSTEM_TAGS:
                sent.append((endpoint, item))
            elif item.tag == abi.Tag.CAP_REVOKED:
                assert len(item.payload) == 14
                told.append((owner, *abi.unpack_revoked(item.payload)))
            else:
                exits.append((owner, *abi.unpack_exited(item.payload)))
    assert sorted(told) == sorted(model.told), f"told {told}, should be {model.told}"
    assert sorted(exits) == sorted(model.exits), f"told {exits}, should be {model.exits}"
    untold = [tuple(body) for body in outcome.commits if isinstance(body, NoticeUndeliverable)]
    assert sorted(untold) == sorted(model.untold), f"recorded {untold}, should be {model.untold}"
    assert sent == list(_sent(scene, step, state)), f"sent {sent}"
    if not step.method:
        head = before[step.told[0]][1][0]
        assert outcome.data == abi.pack_received(head, abi.Tag.CAP_REVOKED, b"\0")
    gone = [body for body in outcome.commits if isinstance(body, CapRemoved)]
    _told_in_order(gone, told)


def _sent(scene: Scene, step: Step, state: State) -> Iterator[tuple[int, Message]]:
    """The message a program's step leaves behind, unless its endpoint went in the same step."""
    if step.num not in (Sys.SEND, Sys.SEND_CAP):
        return
    named = next(row for row in scene.held if (row.pid, row.slot) == (step.pid, step.args[0]))
    if named.object_id not in state.transient.queues:
        return
    slots = step.told[2] if step.num == Sys.SEND_CAP else []
    moved = tuple(row.id for slot in slots for row in scene.held if (row.pid, row.slot) == (step.pid, slot))
    yield named.object_id, Message(step.pid, _TAG, step.data if step.num == Sys.SEND else b"", moved)


def _told_in_order(gone: list[CapRemoved], told: list[m.Notice]) -> None:
    """Each process hears of its losses in the order they happened."""
    for pid in {each[0] for each in told}:
        heard = [each[1] for each in told if each[0] == pid]
        assert heard == [body.slot for body in gone if body.pid == pid and body.slot in heard]


def the_order_is_right(scene: Scene, step: Step, outcome: Outcome) -> None:
    """What goes, goes from the leaves up; of one named capability: siblings by rising id, itself last."""
    gone = [body.cap_id for body in outcome.commits if isinstance(body, CapRemoved)]
    if not gone:
        return
    assert len(set(gone)) == len(gone), "gone twice"
    place = {cap_id: at for at, cap_id in enumerate(gone)}
    if step.num == Sys.CAP_DELETE:
        return
    for row in scene.rows:
        if row.parent in place:
            assert place[row.id] < place[row.parent], "a capability went before one below it"
    if step.num in (Sys.CAP_REVOKE, Op.REVOKE_CAPABILITY):
        pid, slot = step.told[:2]
        named = next(row.id for row in scene.held if (row.pid, row.slot) == (pid, slot))
        expected = _post_order(scene, named)[: -1 if step.told[2:] == (True,) else None]
        assert gone[: len(expected)] == expected


def _post_order(scene: Scene, cap_id: int) -> list[int]:
    below = [row.id for row in scene.rows if row.parent == cap_id]
    return [*(each for child in sorted(below) for each in _post_order(scene, child)), cap_id]


def the_state_is_sound(state: State, now: int) -> None:
    """Every table tells the same story, and no capability has more than its parent."""
    c = state.committed
    caps = c.caps
    by_object: dict[tuple[int, int], set[int]] = {}
    given = dict.fromkeys(c.spaces, 0)
    expiring, children = set(), 0
    for cap_id, cap in caps.items():
        thing = (cap.object_type, cap.object_id)
        assert cap.id == cap_id and c.spaces[cap.pid].slots[cap.slot] is cap
        by_object.setdefault(thing, set()).add(cap_id)
        given[cap.pid] += cap.given
        children += len(cap.children)
        if cap.parent:
            parent = caps[cap.parent]
            assert cap_id in parent.children and thing == (parent.object_type, parent.object_id)
            assert c.processes[cap.pid].how is None, "the dead hold nothing"
            assert not cap.perms & ~parent.perms
            assert not parent.expires_at or 0 < cap.expires_at <= parent.expires_at
            assert not parent.uses_left or 0 < cap.uses_left <= parent.uses_left
        else:
            assert cap.pid == 0 and c.roots[thing] == cap_id
        if cap.expires_at:
            assert now < cap.expires_at
            expiring.add(cap_id)
    assert children == len(caps) - len(c.roots), "a child that is nobody's"
    assert c.by_object == by_object
    assert c.expiring == expiring
    assert {pid: space.given for pid, space in c.spaces.items()} == given
    assert sum([len(space.slots) for space in c.spaces.values()]) == len(caps)
    the_queues_are_sound(state)


def the_queues_are_sound(state: State) -> None:
    endpoints, t = state.committed.endpoints, state.transient
    assert t.queues.keys() == endpoints.keys()
    assert {thing for kind, thing in state.committed.roots if kind == ObjectType.ENDPOINT} == endpoints.keys()
    unread = dict.fromkeys(t.notices, 0)
    for endpoint, queue in t.queues.items():
        system = [item.from_pid for item in queue.items].count(0)
        assert queue.programs == len(queue.items) - system and not queue.inputs
        unread[endpoints[endpoint]] += system
    assert t.notices == unread
    assert t.uses.keys() <= state.committed.caps.keys()


def numbers_are_fresh(outcome: Outcome) -> None:
    """Ids and slots are handed out rising and never again."""
    born = [body for body in outcome.commits if isinstance(body, CapInserted)]
    assert all(body.cap_id >= FRESH_CAP and body.slot >= FRESH_SLOT for body in born)
    assert all(body.endpoint_id >= FRESH_ENDPOINT for body in outcome.commits if isinstance(body, EndpointCreated))
