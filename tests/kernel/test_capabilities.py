"""Authority: given weaker, taken whole, in one order, with one notice for each loss nobody asked for."""

from __future__ import annotations

import pytest

from tests.kernel.world import CONSOLE_SLOT, RWG, SECOND, G, R, W, World
from zos_core import abi
from zos_core.abi import Errno, ObjectType, RevokeReason, Sys
from zos_core.kernel.commits import CapRemoved, CapUsed, EndpointDestroyed, NoticeUndeliverable, RemoveHow
from zos_core.kernel.dispatch import Op
from zos_core.kernel.process import Grant

ENDPOINT, STORAGE = ObjectType.ENDPOINT, ObjectType.STORAGE
EXPLICIT, EXPIRED, SOURCE_EXITED = RevokeReason


class Three(World):
    """`a` holds a Storage capability in `slot`; `b` and `c` are there to be given something."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = self.create("a"), self.create("b"), self.create("c")
        self.slot = self.give(self.a, STORAGE, 7)

    def removed(self) -> list[tuple[int, int]]:
        """(pid, slot) of all that has gone, in order."""
        return [(c.pid, c.slot) for c in self.commits() if isinstance(c, CapRemoved)]


@pytest.fixture
def w() -> Three:
    return Three()


# --- giving -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", range(8))
@pytest.mark.parametrize("held", range(8))
def test_rights_are_intersected_and_nothing_adds_one(w: Three, held: int, asked: int) -> None:
    slot = w.derive(w.a, w.slot, held)
    assert w.cap(w.a, w.derive(w.a, slot, asked)).perms == held & asked
    if held & G:
        assert w.cap(w.b, w.grant(w.a, slot, w.b, asked)).perms == held & asked


@pytest.mark.parametrize(("held_ms", "asked_ms", "kept_ms"), [(0, 0, 0), (0, 5, 5), (5, 0, 5), (5, 9, 5), (9, 5, 5)])
def test_an_expiry_is_never_later_than_that_of_its_parent(w: Three, held_ms: int, asked_ms: int, kept_ms: int) -> None:
    w.tick(SECOND)
    slot = w.derive(w.a, w.slot, ms=held_ms)
    kept = SECOND + kept_ms * 1_000_000 if kept_ms else 0
    assert w.cap(w.a, w.derive(w.a, slot, ms=asked_ms)).expires_at == kept
    assert w.cap(w.b, w.grant(w.a, slot, w.b, ms=asked_ms)).expires_at == kept


@pytest.mark.parametrize(("held", "asked", "kept"), [(0, 0, 0), (0, 2, 2), (3, 0, 3), (3, 9, 3), (9, 3, 3)])
def test_uses_are_never_more_than_those_of_the_parent(w: Three, held: int, asked: int, kept: int) -> None:
    slot = w.derive(w.a, w.slot, uses=held)
    assert w.cap(w.a, w.derive(w.a, slot, uses=asked)).uses_left == kept
    assert w.cap(w.b, w.grant(w.a, slot, w.b, uses=asked)).uses_left == kept


def test_an_expiry_beyond_64_bits_never_comes(w: Three) -> None:
    w.tick(SECOND)
    slot = w.derive(w.a, w.slot, ms=2**64 - 1)
    assert w.cap(w.a, slot).expires_at == 2**64 - 1
    w.gateway.commits.seal()


def test_the_expiry_alone_may_follow_a_grant(w: Three) -> None:
    slot = w.ok(w.a, Sys.CAP_GRANT, w.slot, w.b, R, data=(5).to_bytes(8, "little"))
    assert (w.cap(w.b, slot).expires_at, w.cap(w.b, slot).uses_left) == (5_000_000, 0)


def test_inspect_and_both_lists_tell_what_is_held(w: Three) -> None:
    slot = w.derive(w.a, w.slot, W, ms=3, uses=4)
    answer = w.ask(w.a, Sys.CAP_INSPECT, slot)
    assert answer == (1, bytes([3, 2, 0, 0]) + slot.to_bytes(4, "little") + (7).to_bytes(8, "little"))
    assert w.ask(w.a, Sys.CAP_INSPECT, slot + 1) == (0, b"")
    assert w.ask(w.a, Sys.CAP_INSPECT, 0xFFFF_FFFF) == (0, b"")
    rows = abi.unpack_caps(w.ask(w.a, Sys.LIST_CAPS, 1).data)
    assert [row.slot for row in rows] == w.slots(w.a)
    assert rows[-1] == (slot, STORAGE, W, 7, 3_000_000, 4)
    short = w.ask(w.a, Sys.LIST_CAPS, 0).data
    assert short[:4] == len(rows).to_bytes(4, "little")
    assert short[-13:] == slot.to_bytes(4, "little") + b"\3" + (7).to_bytes(8, "little")


# --- taking -------------------------------------------------------------------------------------------------------


def test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last(w: Three) -> None:
    second = w.grant(w.a, w.slot, w.b)
    first = w.grant(w.a, w.slot, w.c)
    deep = w.grant(w.b, second, w.c)
    deeper = w.derive(w.c, deep)
    w.ok(w.a, Sys.CAP_REVOKE, w.slot)
    assert w.removed() == [(w.c, deeper), (w.c, deep), (w.b, second), (w.c, first), (w.a, w.slot)]
    assert w.notices(w.c) == [(s, STORAGE, 7, EXPLICIT) for s in (deeper, deep, first)]
    assert w.notices(w.b) == [(second, STORAGE, 7, EXPLICIT)]
    assert w.notices(w.a) == []
    w.check()


def test_revocation_may_keep_the_named_capability_but_nothing_below_it(w: Three) -> None:
    mine, theirs = w.derive(w.a, w.slot), w.grant(w.a, w.slot, w.b)
    w.ok(w.a, Sys.CAP_REVOKE, w.slot, 1)
    assert w.has(w.a, w.slot) and not w.has(w.a, mine) and not w.has(w.b, theirs)
    assert w.notices(w.a) == [(mine, STORAGE, 7, EXPLICIT)]


def test_a_notice_is_14_bytes_and_comes_when_the_capability_has_gone(w: Three) -> None:
    slot = w.grant(w.a, w.slot, w.b)
    w.ok(w.a, Sys.CAP_REVOKE, w.slot, 1)
    assert not w.has(w.b, slot)
    assert w.receive(w.b, 1) == (0, 0x3010, bytes([slot, 0, 0, 0, 3, 7, 0, 0, 0, 0, 0, 0, 0, 1]))


def test_a_revoked_slot_names_nothing_ever_again(w: Three) -> None:
    slot = w.grant(w.a, w.slot, w.b)
    w.ok(w.a, Sys.CAP_REVOKE, w.slot, 1)
    assert w.call(w.b, Sys.CAP_DERIVE, slot, R) == abi.value_error(Errno.E_BADF)
    assert w.grant(w.a, w.slot, w.b) > slot


def test_only_a_privileged_grant_fills_an_explicit_free_slot(w: Three) -> None:
    w.ok(w.a, Sys.CAP_DELETE, w.slot)
    assert w.give(w.a, STORAGE, 1, R, w.slot) == w.slot
    refused = w.privileged(Op.GRANT_CAPABILITY, w.a, STORAGE, 1, R, w.slot, 0, 0)
    assert refused.result == abi.value_error(Errno.E_EXIST)
    w.give(w.a, STORAGE, 1, R, 900)
    assert w.derive(w.a, w.slot) == 901
    too_high = w.privileged(Op.GRANT_CAPABILITY, w.a, STORAGE, 1, R, abi.MAX_EXPLICIT_SLOT + 1, 0, 0)
    assert too_high.result == abi.value_error(Errno.E_INVAL)


def test_delete_takes_one_node_and_hands_its_children_to_its_parent(w: Three) -> None:
    middle = w.grant(w.a, w.slot, w.b)
    below = w.grant(w.b, middle, w.c)
    w.ok(w.b, Sys.CAP_DELETE, middle)
    assert w.cap(w.c, below).parent == w.cap(w.a, w.slot).id
    assert w.notices(w.b) == w.notices(w.c) == []
    w.ok(w.a, Sys.CAP_REVOKE, w.slot, 1)
    assert w.notices(w.c) == [(below, STORAGE, 7, EXPLICIT)]


def test_what_a_program_deletes_stays_under_the_root_that_pid_0_holds(w: Three) -> None:
    below = w.grant(w.a, w.slot, w.b)
    w.ok(w.a, Sys.CAP_DELETE, w.slot)
    w.kill(w.a)
    assert w.has(w.b, below)
    root = w.committed.caps[w.cap(w.b, below).parent]
    assert (root.pid, root.parent) == (0, 0)


def test_the_holder_is_told_when_the_supervisor_revokes_what_it_holds(w: Three) -> None:
    assert w.privileged(Op.REVOKE_CAPABILITY, w.a, w.slot, False).result == 0
    assert w.notices(w.a) == [(w.slot, STORAGE, 7, EXPLICIT)]


def test_an_object_keeps_its_root_when_pid_0_revokes_it(w: Three) -> None:
    given = w.grant(w.a, 0, w.b)
    root = w.committed.caps[w.cap(w.a, 0).parent]
    w.privileged(Op.REVOKE_CAPABILITY, 0, root.slot, False)
    assert not w.has(w.a, 0) and not w.has(w.b, given)
    factory = w.committed.caps[w.committed.roots[ObjectType.PROCESS, abi.FACTORY]]
    w.privileged(Op.REVOKE_CAPABILITY, 0, factory.slot, False)
    w.give(w.b, ObjectType.PROCESS, abi.FACTORY)
    w.check()


def test_a_loss_without_an_endpoint_to_tell_it_to_is_recorded(w: Three) -> None:
    slot = w.grant(w.a, w.slot, w.b)
    w.ok(w.b, Sys.CAP_DELETE, 1)
    w.ok(w.b, Sys.CAP_DELETE, 0)
    w.ok(w.a, Sys.CAP_REVOKE, w.slot, 1)
    assert [c for c in w.commits() if isinstance(c, NoticeUndeliverable)] == [(w.b, slot)]


def test_without_slot_1_notices_come_to_slot_0_and_never_to_anothers_endpoint(w: Three) -> None:
    first, second = w.grant(w.a, w.slot, w.b), w.grant(w.a, w.slot, w.b)
    w.ok(w.b, Sys.CAP_DELETE, 1)
    w.privileged(Op.REVOKE_CAPABILITY, w.b, first, False)
    assert [n.slot for n in w.notices(w.b, 0)] == [first]
    w.give(w.b, ENDPOINT, w.endpoint(w.c), RWG, 1)
    w.privileged(Op.REVOKE_CAPABILITY, w.b, second, False)
    assert [n.slot for n in w.notices(w.b, 0)] == [second]
    assert w.receive(w.c) is None


def test_losing_the_input_endpoint_itself_is_told_on_slot_0_with_its_own_reason(w: Three) -> None:
    endpoint = w.endpoint(w.a, 1)
    w.privileged(Op.REVOKE_CAPABILITY, w.a, 1, False)
    assert w.notices(w.a, 0) == [(1, ENDPOINT, endpoint, EXPLICIT)]
    assert [c for c in w.commits() if isinstance(c, EndpointDestroyed)] == [(endpoint,)]


def test_others_on_an_endpoint_that_went_by_revocation_are_told_reason_3(w: Three) -> None:
    endpoint = w.endpoint(w.a)
    given = w.grant(w.a, 0, w.b, W)
    by_root = w.give(w.c, ENDPOINT, endpoint, W)
    w.privileged(Op.REVOKE_CAPABILITY, w.a, 0, False)
    assert w.notices(w.a) == [(0, ENDPOINT, endpoint, EXPLICIT)]
    assert w.notices(w.b) == [(given, ENDPOINT, endpoint, SOURCE_EXITED)]
    assert w.notices(w.c) == [(by_root, ENDPOINT, endpoint, SOURCE_EXITED)]


# --- time ---------------------------------------------------------------------------------------------------------


def test_a_capability_works_until_the_tick_that_reaches_its_time(w: Three) -> None:
    slot = w.grant(w.a, w.slot, w.b, ms=10)
    below = w.grant(w.b, slot, w.c)
    w.tick(9_999_999)
    w.derive(w.b, slot)
    w.notices(w.b)
    w.tick(1)
    assert not w.has(w.b, slot) and not w.has(w.c, below)
    assert [(n.slot, n.reason) for n in w.notices(w.c)] == [(below, EXPIRED)]
    assert {n.reason for n in w.notices(w.b)} == {EXPIRED}
    assert {c.how for c in w.commits() if isinstance(c, CapRemoved)} == {RemoveHow.EXPIRED}
    w.check()


def test_two_read_capabilities_that_expire_together_end_the_endpoint_and_both_say_so(w: Three) -> None:
    slot = w.ok(w.a, Sys.EP_CREATE)
    endpoint = w.endpoint(w.a, slot)
    first, second = w.derive(w.a, slot, ms=5), w.derive(w.a, slot, ms=5)
    given = w.grant(w.a, slot, w.b, W)
    w.ok(w.a, Sys.CAP_DELETE, slot)
    w.tick(5_000_000)
    assert sorted(w.notices(w.a)) == [(s, ENDPOINT, endpoint, EXPIRED) for s in (first, second)]
    assert w.notices(w.b) == [(given, ENDPOINT, endpoint, SOURCE_EXITED)]


def test_ten_thousand_expire_in_one_step(w: Three) -> None:
    holders = [w.create("h") for _ in range(10)]
    for holder in holders:
        slot = w.give(holder, STORAGE, 9, RWG, expires_at=1)
        for _ in range(1000):
            w.derive(holder, slot, R)
    before = w.gateway.event
    w.tick(1)
    assert w.gateway.event == before + 1
    assert sum(cap.object_id == 9 for cap in w.committed.caps.values() if cap.object_type == STORAGE) == 1
    assert len(w.notices(holders[0])) == 1001


# --- uses ---------------------------------------------------------------------------------------------------------


def test_a_use_charges_the_capability_and_every_counted_ancestor(w: Three) -> None:
    top = w.derive(w.a, 0, uses=3)
    given = w.grant(w.a, top, w.b, uses=2)
    below = w.grant(w.b, given, w.c)
    assert w.send(w.c, below) == 0
    assert [c for c in w.commits() if isinstance(c, CapUsed)] == [
        (w.cap(w.c, below).id, 1), (w.cap(w.b, given).id, 1), (w.cap(w.a, top).id, 2),
    ]  # fmt: skip
    assert w.send(w.b, given) == 0
    assert not w.has(w.b, given) and not w.has(w.c, below)
    assert w.notices(w.b) == [(given, ENDPOINT, w.endpoint(w.a), EXPIRED)]
    assert w.notices(w.c) == [(below, ENDPOINT, w.endpoint(w.a), EXPIRED)]
    assert w.cap(w.a, top).uses_left == 1
    assert [w.receive(w.a) is not None for _ in range(3)] == [True, True, False]


def test_the_uses_of_many_children_together_are_those_of_their_parent(w: Three) -> None:
    top = w.derive(w.a, 0, uses=5)
    children = [w.grant(w.a, top, w.b, uses=4) for _ in range(3)]
    sent = sum(w.send(w.b, children[turn % 3]) == 0 for turn in range(30))
    assert sent == 5


def test_what_is_refused_is_no_use(w: Three) -> None:
    once = w.derive(w.a, 0, uses=1)
    to_b = w.grant(w.b, 0, w.a, uses=1)
    assert w.call(w.a, Sys.SEND, once, 1, 9, data=b"short") == Errno.E_INVAL
    assert w.call(w.a, Sys.CALL, once, 1, 0) == abi.length_error(Errno.E_BUSY)
    assert w.send_cap(w.a, to_b, [3000]) == Errno.E_BADF
    assert w.cap(w.a, once).uses_left == w.cap(w.a, to_b).uses_left == 1
    assert w.call(w.a, Sys.CONSOLE_WRITE, 5, CONSOLE_SLOT + 1, data=b"abc") == Errno.E_INVAL


def test_the_operation_a_last_use_paid_for_completes(w: Three) -> None:
    console = w.give(w.a, ObjectType.CONSOLE, w.console(w.b), W, uses=1)
    assert w.call(w.a, Sys.CONSOLE_WRITE, 3, console + 1, data=b"out") == 0
    assert w.output(w.console(w.b)) == b"out"
    assert not w.has(w.a, console)
    to_b = w.grant(w.b, 0, w.a, uses=1)
    moving = w.derive(w.a, w.slot)
    assert w.send_cap(w.a, to_b, [moving]) == 0
    assert w.receive(w.b) == (w.a, 1, b"")
    assert not w.has(w.a, to_b) and w.slots(w.b)[-1] >= 6


def test_a_spent_capability_is_told_like_an_expired_one_and_logged_as_spent(w: Three) -> None:
    once = w.grant(w.a, 0, w.b, uses=1)
    w.send(w.b, once)
    assert w.notices(w.b) == [(once, ENDPOINT, w.endpoint(w.a), EXPIRED)]
    assert [c.how for c in w.commits() if isinstance(c, CapRemoved)] == [RemoveHow.SPENT]


def test_what_is_known_of_the_uses_of_a_capability_goes_with_it(w: Three) -> None:
    once, often = w.derive(w.a, 0, uses=1), w.derive(w.a, 0)
    w.send(w.a, once)
    w.send(w.a, often)
    assert w.transient.uses[w.cap(w.a, often).id].count == 1
    w.ok(w.a, Sys.CAP_DELETE, often)
    assert not set(w.transient.uses) - set(w.committed.caps)


# --- ends ---------------------------------------------------------------------------------------------------------


def test_an_exit_takes_everything_below_relayed_or_not(w: Three) -> None:
    given = w.grant(w.a, w.slot, w.b)
    relayed = w.grant(w.b, given, w.c)
    w.call(w.a, Sys.EXIT, 0)
    assert w.notices(w.b) == [(given, STORAGE, 7, SOURCE_EXITED)]
    assert w.notices(w.c) == [(relayed, STORAGE, 7, SOURCE_EXITED)]
    w.check()


def test_an_exit_takes_nothing_below_a_capability_that_was_deleted_before(w: Three) -> None:
    given = w.grant(w.a, w.slot, w.b)
    w.ok(w.a, Sys.CAP_DELETE, w.slot)
    w.call(w.a, Sys.EXIT, 0)
    assert w.has(w.b, given)


def test_a_grant_wakes_whom_it_is_given_to(w: Three) -> None:
    w.transient.woken.clear()
    w.grant(w.a, w.slot, w.b)
    w.give(w.c, STORAGE, 3)
    assert w.transient.woken == [w.b, w.c]


@pytest.mark.parametrize(
    ("kind", "object_id", "perms", "until", "uses", "code"),
    [
        (9, 1, 1, 0, 0, Errno.E_INVAL),
        (STORAGE, 2**64, 1, 0, 0, Errno.E_INVAL),
        (STORAGE, -1, 1, 0, 0, Errno.E_INVAL),
        (STORAGE, 1, 8, 0, 0, Errno.E_INVAL),
        (STORAGE, 1, 1, -5, 0, Errno.E_INVAL),
        (STORAGE, 1, 1, 0, 2**32, Errno.E_INVAL),
        (ENDPOINT, 999, 1, 0, 0, Errno.E_NOENT),
        (ObjectType.CONSOLE, 999, 2, 0, 0, Errno.E_NOENT),
        (ObjectType.PROCESS, 999, 2, 0, 0, Errno.E_NOENT),
    ],
)
def test_the_supervisor_grants_only_what_there_is_and_neither_does_a_manifest(
    w: Three, kind: int, object_id: int, perms: int, until: int, uses: int, code: Errno
) -> None:
    before = w.fingerprint()
    refused = w.privileged(Op.GRANT_CAPABILITY, w.a, kind, object_id, perms, None, until, uses)
    assert refused.result == abi.value_error(code)
    grants = (Grant(kind, object_id, perms, until, uses),)
    refused = w.privileged(Op.CREATE_PROCESS, "p", 0, None, b"", grants, abi.DEFAULT_MEMORY)
    assert refused.result == abi.value_error(code)
    assert w.fingerprint() == before


def test_a_use_brings_down_what_was_derived_from_what_it_charges(w: Three) -> None:
    parent = w.derive(w.a, 0, uses=5)
    child, other = w.derive(w.a, parent), w.derive(w.a, parent, uses=2)
    for _ in range(3):
        w.send(w.a, parent)
        w.receive(w.a, 0)
    assert [w.cap(w.a, slot).uses_left for slot in (parent, child, other)] == [2, 2, 2]
    w.send(w.a, child)
    assert [w.cap(w.a, slot).uses_left for slot in (parent, child, other)] == [1, 1, 1]


def test_a_count_cannot_be_multiplied_by_deleting_what_holds_it(w: Three) -> None:
    parent = w.derive(w.a, 0, uses=5)
    first, second = w.derive(w.a, parent), w.derive(w.a, parent)
    assert w.call(w.a, Sys.CAP_DELETE, parent) == Errno.E_BUSY
    w.ok(w.a, Sys.CAP_DELETE, second)
    w.ok(w.a, Sys.CAP_DELETE, parent)
    assert w.cap(w.a, first).uses_left == 5
