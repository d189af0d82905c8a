"""A preview is what the revocation then does: in 10,000 random trees, by the same list in the same order."""

from __future__ import annotations

from random import Random

import pytest

from tests.kernel.world import RWG, World
from zos_core import abi
from zos_core.abi import ObjectType, Sys
from zos_core.kernel.commits import CapRemoved, EndpointDestroyed
from zos_core.kernel.dispatch import Op
from zos_core.kernel.privilege import revocation

TREES, PARTS = 10_000, 4


def plant(w: World, pids: list[int], random: Random) -> list[tuple[int, int]]:
    """A tree of some kind of object, grown by grants, derivations, moves and deletions; where its nodes are."""
    first = random.choice(pids)
    if random.random() < 0.3:
        nodes = [(first, w.ok(first, Sys.EP_CREATE))]
    else:
        nodes = [(first, w.give(first, ObjectType.STORAGE, random.randrange(3)))]
    for _ in range(random.randrange(14)):
        pid, slot = nodes[random.randrange(len(nodes))]
        act, to = random.randrange(8), random.choice(pids)
        if not w.has(pid, slot):
            continue
        if act < 4 and w.cap(pid, slot).perms & abi.Rights.GRANT:
            nodes.append((to, w.grant(pid, slot, to, RWG)))
        elif act < 6:
            nodes.append((pid, w.derive(pid, slot, random.choice([7, 7, 5, 3]))))
        elif act == 6 and len(nodes) > 1:
            w.ok(pid, Sys.CAP_DELETE, slot)
    return [(pid, slot) for pid, slot in nodes if w.has(pid, slot)]


@pytest.mark.parametrize("part", range(PARTS))
def test_what_a_preview_shows_is_what_goes_and_who_is_told(part: int) -> None:
    random = Random(part)
    for number in range(TREES // PARTS):
        if number % 250 == 0:
            w = World()
            pids = [w.create("p") for _ in range(4)]
        nodes = [node for node in plant(w, pids, random) if w.cap(*node).perms & abi.Rights.GRANT]
        if not nodes:
            continue
        compare(w, pids, random.choice(nodes), random.random() < 0.3)
        for pid, slot in nodes:
            w.call(pid, Sys.CAP_REVOKE, slot)
        for pid in pids:
            w.system_messages(pid)


def test_a_preview_changes_nothing() -> None:
    w = World()
    pids = [w.create("p") for _ in range(4)]
    for number in range(50):
        for pid, slot in plant(w, pids, Random(number)):
            before = w.fingerprint()
            preview = revocation(w.gateway.state, ((pid, slot),), bool(number % 2))
            assert preview is not None
            preview.commits(), preview.effects(), preview.losers()
            assert w.fingerprint() == before


def compare(w: World, pids: list[int], target: tuple[int, int], keep: bool) -> None:
    for pid in pids:
        w.system_messages(pid)
    seq = w.gateway.commits.seq
    preview = revocation(w.gateway.state, (target,), keep)
    assert preview is not None
    shown = [(lost.cap_id, lost.pid, lost.slot) for lost in preview.removed()]
    told = {pid: [(n.slot, preview.reason(n)) for n in preview.losers() if n.pid == pid] for pid in pids}
    assert w.privileged(Op.REVOKE_CAPABILITY, *target, keep).result == 0
    fresh = w.commits(seq)
    assert [(c.cap_id, c.pid, c.slot) for c in fresh if isinstance(c, CapRemoved)] == shown
    assert [c.endpoint_id for c in fresh if isinstance(c, EndpointDestroyed)] == preview.destroyed
    assert {pid: [(n.slot, n.reason) for n in w.notices(pid)] for pid in pids} == told
    assert not any(cap_id in w.committed.caps for cap_id, _, _ in shown)
