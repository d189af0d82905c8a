"""Every operation at every step of a small world: the kernel beside the reference model, breadth first.

The states of one depth are all taken before those of the next. A state counts once however it is reached, and every
way to it is checked.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import pytest

from tests.kernel.smallsteps import explore
from tests.kernel.smallworld import FRESH_SLOT, NOW, STARTS, A, B, C, Key, Scene, key_of
from tests.kernel.world import RWG, W
from zos_core import abi
from zos_core.abi import Sys
from zos_core.kernel import capabilities
from zos_core.kernel.call import Call
from zos_core.kernel.dispatch import decide
from zos_core.kernel.reduce import reduce
from zos_core.kernel.state import Cap, Committed

SOAK_STATES = 100_000
SOAK_STATES_NEED_S = 120
"""So many states are asked for only of a soak that was given this much of a processor; it needs three quarters."""
TEST_DEPTH = 2


class Cover(NamedTuple):
    """`states` are distinct and checked; from `explored` of them every step was taken, `depth` steps deep in full."""

    states: int
    explored: int
    steps: int
    refusals: int
    depth: int

    def describe(self) -> str:
        return (
            f"{self.states:,} states of a small world, {self.steps:,} steps and {self.refusals:,} refusals from "
            f"{self.explored:,} of them; every state within {self.depth} steps"
        )


def cover(*, seconds: float | None = None, depth: int | None = None) -> Cover:
    """Breadth first from every start, until the time is over, the depth is reached, or nothing is left."""
    end = None if seconds is None else time.monotonic() + seconds
    level = sorted(set(STARTS.values()))
    seen: set[Key] = set(level)
    explored = taken = refusals = done = 0
    while level and done != depth:
        following: list[Key] = []
        for key in level:
            if end is not None and time.monotonic() >= end:
                return Cover(len(seen), explored, taken, refusals, done)
            found = explore(key)
            explored += 1
            taken += len(found.after)
            refusals += found.refused
            for after in found.after:
                if after not in seen:
                    seen.add(after)
                    following.append(after)
        level = following
        done += 1
    return Cover(len(seen), explored, taken, refusals, done)


def test_every_state_within_two_steps_of_the_small_world_agrees_with_the_model() -> None:
    covered = cover(depth=TEST_DEPTH)
    assert covered.depth == TEST_DEPTH
    assert covered.states > 2000 and covered.refusals > 2000, covered.describe()


@pytest.mark.soak
def test_a_hundred_thousand_states_of_the_small_world_agree_with_the_model(
    soak_seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.process_time()
    covered = cover(seconds=soak_seconds)
    given = time.process_time() - started
    with capsys.disabled():
        print(f"\n{covered.describe()}; {given:.0f} s of a processor")
    assert covered.states >= SOAK_STATES or given < SOAK_STATES_NEED_S, covered.describe()


# --- the exploration itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STARTS)
def test_a_key_is_read_and_written_without_loss(name: str) -> None:
    scene = Scene(STARTS[name])
    assert key_of(scene.kernel()) == STARTS[name]
    assert len(scene.held) == len(scene.model().nodes) - len(scene.endpoints) - len(scene.alive)


def test_states_that_differ_only_in_ids_and_slots_have_one_key() -> None:
    no_limits = abi.pack_limits(0, 0)
    to_b, to_c = (Sys.CAP_GRANT, (0, B, W), no_limits), (Sys.CAP_GRANT, (0, C, RWG), no_limits)
    vain = [(Sys.CAP_DERIVE, (0, RWG, 0), no_limits), (Sys.CAP_DELETE, (FRESH_SLOT, 0, 0), b"")]
    keys = set()
    for calls in ([to_b, to_c], [to_c, to_b], [*vain, to_c, to_b]):
        state = Scene(STARTS["apart"]).kernel()
        for num, args, data in calls:
            outcome = decide(state, Call(A, num, args, data, NOW, NOW, 1))
            reduce(outcome.commits, state.committed)
        keys.add(key_of(state))
    assert len(keys) == 1 and keys != {STARTS["apart"]}


def test_states_that_differ_in_a_right_a_time_a_use_a_holder_or_a_parent_have_different_keys() -> None:
    start = STARTS["two that read"]
    keys = {start}
    for field, value in [("perms", 1), ("expires_at", 0), ("uses_left", 3), ("pid", 0)]:
        state = Scene(start).kernel()
        cap = next(cap for cap in state.committed.caps.values() if cap.expires_at)
        setattr(cap, field, A if field == "pid" else value)
        keys.add(key_of(state))
    state = Scene(start).kernel()
    cap = next(cap for cap in state.committed.caps.values() if cap.expires_at)
    parent = state.committed.caps[cap.parent]
    parent.children.remove(cap.id)
    state.committed.caps[parent.parent].children.add(cap.id)
    keys.add(key_of(state))
    assert len(keys) == 6


def only_the_node(c: Committed, cap_id: int) -> list[Cap]:
    return [c.caps[cap_id]]


def test_a_revocation_that_forgets_what_is_below_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Committed, "subtree", only_the_node)
    with pytest.raises(AssertionError, match="Step"):
        cover(depth=TEST_DEPTH)


def test_a_decision_that_changes_the_state_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = capabilities.charge

    def meddling(c: Committed, cap: Cap) -> object:
        c.next_cap += 1
        return honest(c, cap)

    monkeypatch.setattr(capabilities, "charge", meddling)
    with pytest.raises(AssertionError, match="changed the state"):
        explore(STARTS["a relay of counted uses"])
