"""The kernel beside a reference model: the same operations, and after each step the same state.

After every step: the states agree; the commits alone give the same state and hash; no capability has a right, an
expiry or a use that its parent lacks; every loss its holder did not ask for is told in exactly one notice with the
right bytes; no slot and no pid comes back.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.kernel import model as m
from tests.kernel.world import FACTORY, RWG, R, W, World
from zos_core import abi
from zos_core.abi import ObjectType, Sys
from zos_core.kernel.commits import NoticeUndeliverable
from zos_core.kernel.dispatch import Op
from zos_core.kernel.reduce import reduce
from zos_core.kernel.state import Committed, state_hash

STEPS = 100
TEST_STEPS = 20_000
PARTS, EXAMPLES, FEW = 4, 60, 3
SOAK_FROM = 1_000
"""The first number of a run in the soak; those below are for the parts."""
SOAK_STEPS = 1_000_000
SOAK_STEPS_NEED_S = 2000
"""So many steps are asked for only of a soak that was given this much of a processor; it needs half of it."""
HASH_EVERY = 10
"""Equal states have equal hashes; that is looked at now and then, for it costs more than all the rest."""
MAX_ALIVE = 6
MAX_NODES = 120

index = st.integers(0, 15)
rights = st.sampled_from([7, 7, 7, 6, 5, 3, 2, 1, 4, 0])
milliseconds = st.sampled_from([0, 0, 0, 0, 1, 5, 20])
places = st.sampled_from([None, None, 0, 1, 7, 300])
uses = st.sampled_from([0, 0, 1, 2, 3])


class Side(RuleBasedStateMachine):
    """Each rule asks the kernel and the model the same, and compares the answers."""

    taken: ClassVar[int]
    """Steps of all examples of a class."""

    @initialize()
    def start(self) -> None:
        self.world = World()
        self.model = m.Model()
        self.seen: set[tuple[int, int]] = set()
        self.held: set[tuple[int, int]] = set()
        self.explicit: set[tuple[int, int]] = set()
        self.fresh: list[Any] = []
        self.replayed = Committed()
        self.checked_to = self.steps = 0
        self._adopt()
        for _ in range(3):
            self.create()
        first = min(self.users())
        self.world.give(first, FACTORY.object_type, FACTORY.object_id, RWG)
        self.model.give(first, m.PROCESS, m.FACTORY, 7, None, 0, 0)

    def _adopt(self) -> None:
        """The model begins with the world as it is after boot."""
        committed = self.world.committed
        known: dict[int, m.Node] = {}
        for cap in sorted(committed.caps.values(), key=lambda c: c.id):
            parent = known.get(cap.parent)
            node = m.Node(
                cap.object_type, cap.object_id, cap.perms, parent, cap.expires_at, cap.uses_left, cap.pid,
                cap.slot if parent is not None else -1,
            )  # fmt: skip
            known[cap.id] = node
            self.model.nodes.append(node)
        self.model.owners = dict(committed.endpoints)
        self.model.alive = set(committed.processes)
        self.model.spawner = {process.pid: process.parent for process in committed.processes.values()}
        self.model.free_slot = {pid: space.next_slot for pid, space in committed.spaces.items()}
        self.model.pids = committed.next_pid - 1
        self.model.endpoints, self.model.consoles = committed.next_endpoint - 1, committed.next_console - 1

    # --- choices --------------------------------------------------------------------------------------------------

    def users(self) -> list[int]:
        """Programs that take part: the two services only stand there to be written to."""
        return sorted(pid for pid in self.model.alive if pid > abi.PID_PERMISSION)

    def actor(self, choice: int) -> int:
        users = self.users()
        return users[choice % len(users)]

    def slot(self, pid: int, choice: int) -> int:
        """Mostly a slot that is filled, now and then one that is not or is no more."""
        filled = sorted(node.slot for node in self.model.nodes if node.pid == pid)
        return [*filled, 5000 + choice, max(filled, default=0) // 2][(choice * 7) % (len(filled) + 2)]

    def likely(self, pid: int, choice: int, *kinds: int, perms: int = 0) -> int:
        """Mostly a slot that suits the call, counted ones first; else as `slot`."""
        suits = [n for n in self.model.nodes if n.pid == pid and n.kind in kinds and not perms & ~n.perms]
        slots = [n.slot for n in sorted(suits, key=lambda n: (not n.uses, n.slot))]
        return slots[choice // 2 % len(slots)] if slots and choice % 5 else self.slot(pid, choice)

    def same(self, num: int, result: int, code: int) -> None:
        assert abi.errno_of(num, result) == code

    def busy(self) -> bool:
        return bool(self.users())

    def roomy(self) -> bool:
        return self.busy() and len(self.model.nodes) < MAX_NODES

    # --- rules ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.users()) < MAX_ALIVE)
    @rule()
    def create(self) -> None:
        assert self.world.create("p") == self.model.create(0, abi.DEFAULT_MEMORY)

    @precondition(roomy)
    @rule(who=index, which=index, to=index, perms=rights, ms=milliseconds, uses=uses)
    def grant(self, who: int, which: int, to: int, perms: int, ms: int, uses: int) -> None:
        pid = self.actor(who)
        slot = self.likely(pid, which, *ObjectType, perms=m.GRANT)
        target = [*self.users(), 999][to % (len(self.users()) + 1)]
        result = self.world.call(pid, Sys.CAP_GRANT, slot, target, perms, data=abi.pack_limits(ms, uses))
        self.same(Sys.CAP_GRANT, result, self.model.grant(pid, slot, target, perms, ms, uses))

    @precondition(roomy)
    @rule(who=index, which=index, perms=rights, ms=milliseconds, uses=uses)
    def derive(self, who: int, which: int, perms: int, ms: int, uses: int) -> None:
        pid = self.actor(who)
        slot = self.likely(pid, which, m.ENDPOINT, m.CONSOLE, m.PROCESS, perms=m.WRITE)
        result = self.world.call(pid, Sys.CAP_DERIVE, slot, perms, data=abi.pack_limits(ms, uses))
        self.same(Sys.CAP_DERIVE, result, self.model.derive(pid, slot, perms, ms, uses))

    @precondition(roomy)
    @rule(to=index, which=index, perms=rights, ms=milliseconds, uses=uses, at=places)
    def give(self, to: int, which: int, perms: int, ms: int, uses: int, at: int | None) -> None:
        pid = self.actor(to)
        endpoints, other = sorted(self.model.owners), self.actor(which)
        kind, thing = [
            (m.STORAGE, which % 3), (m.MEMORY, 1 << 20), (m.PROCESS, m.FACTORY), (m.PROCESS, other), (m.PROCESS, 998),
            (m.ENDPOINT, endpoints[which % len(endpoints)]), (m.CONSOLE, self.model.console_of[other]),
        ][which % 7]  # fmt: skip
        until = self.model.until(ms)
        result = self.world.privileged(Op.GRANT_CAPABILITY, pid, kind, thing, perms, at, until, uses).result
        given = self.model.give(pid, kind, thing, perms, at, ms, uses)
        assert (not result & abi.ERROR_BIT) == given
        if given and at is not None:
            self.explicit.add((pid, at))

    @precondition(roomy)
    @rule(who=index)
    def create_endpoint(self, who: int) -> None:
        pid = self.actor(who)
        slot = self.world.ok(pid, Sys.EP_CREATE)
        self.model.new_endpoint(pid, self.model.take_slot(pid))
        assert self.world.has(pid, slot)

    @precondition(busy)
    @rule(who=index, which=index, keep=st.booleans())
    def revoke(self, who: int, which: int, keep: bool) -> None:
        pid = self.actor(who)
        slot = self.slot(pid, which)
        result = self.world.call(pid, Sys.CAP_REVOKE, slot, keep)
        self.same(Sys.CAP_REVOKE, result, self.model.revoke(pid, slot, keep))

    @precondition(busy)
    @rule(who=index, which=index)
    def revoke_by_privilege(self, who: int, which: int) -> None:
        pid = self.actor(who)
        slot = self.slot(pid, which)
        outcome = self.world.privileged(Op.REVOKE_CAPABILITY, pid, slot, False)
        self.same(Op.REVOKE_CAPABILITY, outcome.result, self.model.revoke_by_privilege(pid, slot))

    @precondition(busy)
    @rule(who=index, which=index)
    def delete(self, who: int, which: int) -> None:
        pid = self.actor(who)
        slot = self.slot(pid, which)
        self.same(Sys.CAP_DELETE, self.world.call(pid, Sys.CAP_DELETE, slot), self.model.delete(pid, slot))

    @precondition(busy)
    @rule(who=index, which=index)
    def send(self, who: int, which: int) -> None:
        pid = self.actor(who)
        slot = self.likely(pid, which, m.ENDPOINT, perms=m.WRITE)
        self.same(Sys.SEND, self.world.send(pid, slot), self.model.send(pid, slot))

    @precondition(busy)
    @rule(who=index, which=index)
    def write(self, who: int, which: int) -> None:
        pid = self.actor(who)
        slot = self.likely(pid, which, m.CONSOLE)
        result = self.world.call(pid, Sys.CONSOLE_WRITE, 1, slot + 1, data=b"x")
        self.same(Sys.CONSOLE_WRITE, result, self.model.write(pid, slot))

    @precondition(busy)
    @rule(which=index)
    def use_what_is_counted(self, which: int) -> None:
        """The deepest counted capability there is, or one near it: so that charges go up a chain."""
        users = self.users()
        counted = [n for n in self.model.nodes if n.uses and n.pid in users and n.perms & m.WRITE]
        usable = [n for n in counted if n.kind in (m.ENDPOINT, m.CONSOLE)]
        if not usable:
            return
        node = sorted(usable, key=self.depth, reverse=True)[which % min(len(usable), 3)]
        if node.kind == m.ENDPOINT:
            self.same(Sys.SEND, self.world.send(node.pid, node.slot), self.model.send(node.pid, node.slot))
        else:
            result = self.world.call(node.pid, Sys.CONSOLE_WRITE, 1, node.slot + 1, data=b"x")
            self.same(Sys.CONSOLE_WRITE, result, self.model.write(node.pid, node.slot))

    def depth(self, node: m.Node) -> int:
        return 0 if node.parent is None else 1 + self.depth(node.parent)

    @precondition(busy)
    @rule(who=index, which=index, moved=st.lists(index, max_size=3))
    def move(self, who: int, which: int, moved: list[int]) -> None:
        pid = self.actor(who)
        slot = self.likely(pid, which, m.ENDPOINT, perms=m.WRITE)
        slots = [self.likely(pid, each, *ObjectType, perms=m.GRANT) for each in moved]
        self.same(Sys.SEND_CAP, self.world.send_cap(pid, slot, slots), self.model.move(pid, slot, slots))

    @precondition(lambda self: self.roomy() and len(self.users()) < MAX_ALIVE)
    @rule(who=index, which=index)
    def spawn(self, who: int, which: int) -> None:
        pid = self.actor(who)
        slot = self.likely(pid, which, m.PROCESS)
        answer = self.world.ask(pid, Sys.SPAWN, slot, 0, data=b"\x05child")
        if pid in self.world.waiting:
            child = self.world.create("child", request=self.world.take_spawn())
            answer = self.world.again(pid)
            assert answer.result == child
        self.same(Sys.SPAWN, answer.result, self.model.spawn(pid, slot, abi.DEFAULT_MEMORY))

    @precondition(busy)
    @rule(who=index, which=index)
    def kill(self, who: int, which: int) -> None:
        pid = self.actor(who)
        slot = self.likely(pid, which, m.PROCESS)
        self.same(Sys.KILL, self.world.call(pid, Sys.KILL, slot), self.model.kill(pid, slot))

    @precondition(lambda self: len(self.users()) > MAX_ALIVE - 2)
    @rule(who=index, how=st.sampled_from(["exit", "kill", "fault"]))
    def end(self, who: int, how: str) -> None:
        pid = self.actor(who)
        if how == "exit":
            self.world.call(pid, Sys.EXIT, 0xFFFF_FFF9)
            self.model.end(pid, abi.ExitHow.EXITED, -7)
        elif how == "kill":
            self.world.kill(pid)
            self.model.end(pid, abi.ExitHow.KILLED, -1)
        else:
            self.world.privileged(Op.FAULT_PROCESS, pid, "unreachable", "by a test")
            self.model.end(pid, abi.ExitHow.FAULTED, abi.EXIT_FAULT_STATUS)

    @rule(ns=st.sampled_from([1_000_000, 1_000_000, 5_000_000, 20_000_000]))
    def pass_time(self, ns: int) -> None:
        self.world.tick(ns)
        self.model.pass_time(ns)

    # --- what holds after each step -------------------------------------------------------------------------------

    @invariant()
    def everything_holds(self) -> None:
        """One step, looked at from all sides; in this order, for hearing a notice is a step of its own."""
        self.fresh = self.world.commits(self.checked_to)
        self.the_notices_agree()
        self.the_states_agree()
        self.the_log_tells_the_whole_story()
        self.nothing_is_amplified()
        self.slots_and_pids_never_return()

    def the_notices_agree(self) -> None:
        untold = [tuple(body) for body in self.fresh if isinstance(body, NoticeUndeliverable)]
        told: list[m.Notice] = []
        exits: list[tuple[int, int, int, int]] = []
        for pid in sorted(self.model.alive):
            for endpoint in sorted(e for e, owner in self.model.owners.items() if owner == pid):
                self._hear(pid, endpoint, told, exits)
        assert sorted(told) == sorted(self.model.told)
        assert sorted(exits) == sorted(self.model.exits)
        assert sorted(untold) == sorted(self.model.untold)
        self.model.told, self.model.exits, self.model.untold = [], [], []

    def _hear(self, pid: int, endpoint: int, told: list[m.Notice], exits: list[tuple[int, int, int, int]]) -> None:
        """Empty one endpoint, and note what the system said there."""
        if not self.world.transient.queues[endpoint].items:
            return
        slot = next(
            n.slot for n in self.model.nodes
            if (n.kind, n.thing, n.pid) == (m.ENDPOINT, endpoint, pid) and n.perms & m.READ
        )  # fmt: skip
        while (message := self.world.receive(pid, slot)) is not None:
            sender, tag, payload = message
            if sender == 0 and tag == abi.Tag.CAP_REVOKED:
                assert len(payload) == 14
                told.append((pid, *abi.unpack_revoked(payload)))
            elif sender == 0:
                exits.append((pid, *abi.unpack_exited(payload)))

    def the_states_agree(self) -> None:
        committed = self.world.committed
        kernel = sorted(
            (*self._key(cap), cap.object_type, cap.object_id, int(cap.perms), cap.expires_at, cap.uses_left,
             self._key(committed.caps[cap.parent]) if cap.parent else ())
            for cap in committed.caps.values()
            if cap.parent
        )  # fmt: skip
        model = sorted(
            (*node.key(), node.kind, node.thing, node.perms, node.until, node.uses, node.parent.key())
            for node in self.model.nodes
            if node.parent is not None
        )
        assert kernel == model
        assert committed.endpoints == self.model.owners
        assert {pid for pid in committed.processes if committed.alive(pid)} == self.model.alive
        assert {pid: committed.spaces[pid].next_slot for pid in self.users()} == {
            pid: self.model.free_slot[pid] for pid in self.users()
        }

    def _key(self, cap: Any) -> tuple[object, ...]:
        return (cap.pid, cap.slot) if cap.parent else ("root", cap.object_type, cap.object_id)

    def nothing_is_amplified(self) -> None:
        caps = self.world.committed.caps
        below: dict[int, set[int]] = {cap_id: set() for cap_id in caps}
        for cap in caps.values():
            parent = caps.get(cap.parent)
            if parent is None:
                assert not cap.parent
                continue
            below[cap.parent].add(cap.id)
            assert not parent.expires_at or 0 < cap.expires_at <= parent.expires_at
            assert not parent.uses_left or cap.uses_left
            if cap.object_id == parent.object_id:
                assert not cap.perms & ~parent.perms & 7
            else:
                # the one exception: who starts a program by the factory holds a capability on it (kernel: At spawn)
                assert (parent.object_type, parent.object_id) == (ObjectType.PROCESS, abi.FACTORY)
        assert below == {cap_id: cap.children for cap_id, cap in caps.items()}

    def slots_and_pids_never_return(self) -> None:
        committed = self.world.committed
        held = {(cap.pid, cap.slot) for cap in committed.caps.values()}
        assert not held & (self.seen - self.held - self.explicit)
        self.seen |= held
        self.held = held
        self.explicit = set()

    def the_log_tells_the_whole_story(self) -> None:
        committed = self.world.committed
        reduce(self.fresh, self.replayed)
        self.checked_to += len(self.fresh)
        assert self.replayed == committed
        self.steps += 1
        if self.steps % HASH_EVERY == 0:
            assert state_hash(self.replayed) == state_hash(committed)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.check()
            type(self).taken += self.steps


def run_side(number: int, examples: int) -> int:
    """One run of many examples, and how many steps they had together; another number asks other questions."""

    class Counted(Side):
        taken = 0

    run_state_machine_as_test(
        seed(number)(Counted),
        settings=settings(
            max_examples=examples, stateful_step_count=STEPS, deadline=None, database=None,
            phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    return Counted.taken


@pytest.mark.parametrize("part", range(PARTS))
def test_the_kernel_and_the_model_agree_after_each_step(part: int) -> None:
    """An example may end early: there are as many as it takes for the promised steps."""
    steps, number = 0, part
    while (left := TEST_STEPS // PARTS - steps) > 0:
        steps += run_side(number, left // STEPS + FEW)
        number += PARTS


@pytest.mark.soak
def test_the_kernel_and_the_model_agree_for_a_million_steps(
    soak_seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    end, started = time.monotonic() + soak_seconds, time.process_time()
    number, steps = SOAK_FROM, 0
    while time.monotonic() < end:
        steps += run_side(number, EXAMPLES)
        number += 1
    given = time.process_time() - started
    with capsys.disabled():
        print(f"\n{steps:,} steps of the kernel beside the model; {given:.0f} s of a processor")
    assert steps >= SOAK_STEPS or given < SOAK_STEPS_NEED_S


def test_the_model_sees_a_right_that_was_added() -> None:
    """The comparison itself is under test: a state that differs in one bit does not pass."""
    side = Side()
    side.start()
    pid = side.actor(0)
    slot = side.world.derive(pid, 0, R)
    side.model.derive(pid, 0, int(R), 0, 0)
    side.the_states_agree()
    side.world.cap(pid, slot).perms |= int(W)
    with pytest.raises(AssertionError):
        side.the_states_agree()
