"""Several capabilities revoked by privilege as one step: what goes, in which order, who is told and what is recorded.

The forests are random and their seeds are fixed. What must go is found here by walking up from every capability, which
is not how the kernel finds it; preview, list, commits and notices must all be that.
"""

from __future__ import annotations

import random

from tests.kernel.smallworld import NOW
from zos_core import abi
from zos_core.abi import ObjectType, Rights
from zos_core.kernel import commits as k
from zos_core.kernel.call import Call, State
from zos_core.kernel.commits import InsertHow, RemoveHow
from zos_core.kernel.dispatch import Op, decide
from zos_core.kernel.effects import perform
from zos_core.kernel.privilege import revocation
from zos_core.kernel.reduce import apply, reduce
from zos_core.kernel.state import Cap, Committed
from zos_core.kernel.transient import Queue, Statistics, Transient

FORESTS = 4000
MOST_CAPS = 24
HOLDERS = range(3, 8)
NOT_LISTENING = HOLDERS[-1]
"""It has no endpoint of its own: what it loses is recorded and not told."""
STORAGES = (1, 2)
_ALL, _STORAGE, _ENDPOINT = int(Rights.ALL), int(ObjectType.STORAGE), int(ObjectType.ENDPOINT)
_ROOT, _GRANT = int(InsertHow.ROOT), int(InsertHow.GRANT)


def forest(rng: random.Random) -> State:
    """Processes, an endpoint for each but one, random derivation trees of two storages; a copy moved or deleted."""
    bodies: list[k.Body] = [k.ProcessCreated(pid, 0, "p") for pid in HOLDERS]
    caps = 0
    for endpoint, pid in enumerate((pid for pid in HOLDERS if pid != NOT_LISTENING), 1):
        bodies.append(k.EndpointCreated(endpoint, pid))
        bodies.append(k.CapInserted(caps + 1, 0, 0, caps + 4, _ENDPOINT, endpoint, _ALL, 0, 0, 0, _ROOT))
        bodies.append(k.CapInserted(caps + 2, caps + 1, pid, 0, _ENDPOINT, endpoint, _ALL, 0, 0, 0, _GRANT))
        caps += 2
    trees = []
    for thing in STORAGES:
        caps += 1
        bodies.append(k.CapInserted(caps, 0, 0, caps + 4, _STORAGE, thing, _ALL, 0, 0, 0, _ROOT))
        trees.append([caps])
    for _ in range(rng.randint(1, MOST_CAPS)):
        caps += 1
        thing = rng.choice(STORAGES)
        tree = trees[thing - 1]
        parent = tree[-1 - min(int(rng.expovariate(0.4)), len(tree) - 1)] if rng.random() < 0.5 else rng.choice(tree)
        pid = rng.choice(HOLDERS)
        bodies.append(k.CapInserted(caps, parent, pid, caps + 4, _STORAGE, thing, _ALL, 0, 0, 0, _GRANT))
        tree.append(caps)
    copies = [cap_id for tree in trees for cap_id in tree[1:]]
    if rng.random() < 0.3:
        bodies.append(k.CapMoved(rng.choice(copies), rng.choice(HOLDERS), 2 * caps))
    if rng.random() < 0.3:
        bodies.append(k.CapRemoved(rng.choice(copies), 0, 0, int(RemoveHow.DELETED), 0))
    t = Transient(
        queues={endpoint: Queue() for endpoint in range(1, len(HOLDERS))},
        stats={pid: Statistics() for pid in HOLDERS}, notices=dict.fromkeys(HOLDERS, 0),
    )  # fmt: skip
    return State(reduce(bodies), t)


def is_below(c: Committed, cap: Cap, top: Cap) -> bool:
    while cap is not top and cap.parent:
        cap = c.caps[cap.parent]
    return cap is top


def post_order(c: Committed, top: Cap, wanted: set[int]) -> list[int]:
    """The wanted ids at and below a node: siblings by rising id, the node itself last."""
    below = [cap for cap in c.caps.values() if cap.parent == top.id]
    ids = [each for cap in sorted(below, key=lambda cap: cap.id) for each in post_order(c, cap, wanted)]
    return [*ids, top.id] if top.id in wanted else ids


def one_forest(seed: int) -> int:
    """How many capabilities one revocation in one random forest took."""
    rng = random.Random(seed)
    s = forest(rng)
    c = s.committed
    keep = rng.random() < 0.3
    storages = [cap for cap in c.caps.values() if cap.object_type == _STORAGE]
    named = rng.sample(storages, min(rng.choice((1, 2, 2, 3)), len(storages)))
    targets = [(cap.pid, cap.slot) for cap in named]
    wanted = {
        cap.id for cap in storages
        if any(is_below(c, cap, top) and not (cap is top and (keep or not cap.parent)) for top in named)
    }  # fmt: skip
    expected: list[int] = []
    for top in named:
        ids = post_order(c, top, wanted - {top.id} if keep else wanted)
        expected += [cap_id for cap_id in ids if cap_id not in expected]
    where = {cap.id: (cap.pid, cap.slot) for cap in storages}

    preview = revocation(s, targets, keep)
    assert preview is not None
    shown = [lost.cap_id for lost in preview.removed()]
    assert shown == expected

    outcome = decide(s, Call(0, Op.REVOKE_ALL, (targets, keep), b"", NOW, 0, 1))
    before = set(c.caps)
    for body in outcome.commits:
        apply(c, body)
    for effect in outcome.effects:
        perform(s.transient, effect)
    assert before - set(c.caps) == set(shown)
    assert [body.cap_id for body in outcome.commits if isinstance(body, k.CapRemoved)] == shown
    untold = [tuple(body) for body in outcome.commits if isinstance(body, k.NoticeUndeliverable)]
    assert untold == [where[cap_id] for cap_id in shown if where[cap_id][0] == NOT_LISTENING]
    for endpoint, queue in s.transient.queues.items():
        told = [abi.unpack_revoked(message.payload).slot for message in queue.items]
        pid = c.endpoints[endpoint]
        assert told == [where[cap_id][1] for cap_id in shown if where[cap_id][0] == pid]
    return len(shown)


def test_all_that_is_below_the_named_ones_goes_in_post_order_in_random_forests() -> None:
    taken = [one_forest(seed) for seed in range(FORESTS)]
    assert max(taken) > MOST_CAPS / 2 and len(set(taken)) > MOST_CAPS / 2


def test_a_preview_of_a_slot_that_is_empty_is_none_and_the_revocation_is_refused() -> None:
    s = forest(random.Random(0))
    before = forest(random.Random(0))
    assert revocation(s, [(HOLDERS[0], 0), (HOLDERS[0], 999)]) is None
    outcome = decide(s, Call(0, Op.REVOKE_ALL, ([(HOLDERS[0], 0), (HOLDERS[0], 999)], False), b"", NOW, 0, 1))
    assert (outcome.commits, outcome.effects) == ((), ())
    assert abi.errno_of(Op.REVOKE_ALL, outcome.result) is abi.Errno.E_BADF
    assert s == before
