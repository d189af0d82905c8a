"""Messages: order, room, calls and their one reply, capabilities that travel, and waits that end with an error."""

from __future__ import annotations

import pytest

from tests.kernel.world import FACTORY, RWG, G, R, W, World
from zos_core import abi
from zos_core.abi import Errno, ObjectType, RevokeReason, Sys
from zos_core.kernel.commits import MessageSent
from zos_core.kernel.dispatch import Op

FOREVER = (0xFFFF_FFFF, 0xFFFF_FFFF)


class Pair(World):
    """`a` may write to the endpoint `b` has in slot 0."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = self.create("a"), self.create("b")
        self.to_b = self.grant(self.b, 0, self.a, RWG)


@pytest.fixture
def w() -> Pair:
    return Pair()


# --- send and receive ---------------------------------------------------------------------------------------------


def test_messages_arrive_whole_in_order_and_with_the_senders_pid(w: Pair) -> None:
    for number in range(3):
        assert w.send(w.a, w.to_b, 100 + number, bytes([number]) * number) == 0
    assert [w.receive(w.b) for _ in range(4)] == [(w.a, 100, b""), (w.a, 101, b"\1"), (w.a, 102, b"\2\2"), None]
    assert [c for c in w.commits() if isinstance(c, MessageSent)][-1] == (w.a, w.endpoint(w.b), 102, 2)


def test_a_payload_shorter_than_what_was_sent_is_cut_and_the_longest_fits(w: Pair) -> None:
    assert w.call(w.a, Sys.SEND, w.to_b, 1, 2, data=b"abcd") == 0
    assert w.receive(w.b) == (w.a, 1, b"ab")
    longest = bytes(abi.MAX_PAYLOAD)
    assert w.send(w.a, w.to_b, 1, longest) == 0
    answer = w.ask(w.b, Sys.RECEIVE, 0)
    assert answer.result == abi.MAX_PAYLOAD + 8
    assert answer.data == abi.pack_received(w.a, 1, longest)


def test_a_full_queue_loses_nothing_and_system_messages_have_room_above(w: Pair) -> None:
    for number in range(abi.MAX_QUEUE):
        assert w.send(w.a, w.to_b, number) == 0
    assert w.send(w.a, w.to_b, 999) == Errno.E_AGAIN
    mine = w.grant(w.a, 0, w.b)
    w.ok(w.b, Sys.CAP_DELETE, 1)
    w.ok(w.a, Sys.CAP_REVOKE, 0, 1)
    received = [w.receive(w.b) for _ in range(abi.MAX_QUEUE + 1)]
    assert [m[1] for m in received if m and m[0]] == list(range(abi.MAX_QUEUE))
    assert received[-1] == (0, abi.Tag.CAP_REVOKED, abi.pack_revoked(mine, 1, w.endpoint(w.a), 1))
    assert w.send(w.a, w.to_b, 999) == 0


def test_an_app_message_to_ones_own_slot_0_goes_to_the_view_and_any_other_is_queued(w: Pair) -> None:
    assert w.send(w.a, 0, abi.Tag.APP_STATE, b"state") == 0
    assert w.send(w.a, 0, 5, b"queued") == 0
    assert w.send(w.a, w.to_b, abi.Tag.APP_STATE, b"for b") == 0
    assert w.transient.app_views == {w.a: (abi.Tag.APP_STATE, b"state")}
    assert w.receive(w.a) == (w.a, 5, b"queued")
    assert w.receive(w.b) == (w.a, abi.Tag.APP_STATE, b"for b")


def test_only_the_owner_receives_even_if_another_holds_every_right(w: Pair) -> None:
    assert w.cap(w.a, w.to_b).perms == RWG
    assert w.send(w.a, w.to_b) == 0
    assert w.call(w.a, Sys.RECEIVE, w.to_b) == abi.length_error(Errno.E_PERM)


def test_the_owner_receives_by_any_capability_with_the_read_right(w: Pair) -> None:
    by_another = w.derive(w.b, 0, R)
    assert w.send(w.a, w.to_b, 8) == 0
    assert w.receive(w.b, by_another) == (w.a, 8, b"")


# --- waiting ------------------------------------------------------------------------------------------------------


def test_receive_wait_takes_what_is_there_and_otherwise_waits_for_it(w: Pair) -> None:
    assert w.send(w.a, w.to_b, 1) == 0
    assert w.ask(w.b, Sys.RECEIVE_WAIT, 0, *FOREVER).data == abi.pack_received(w.a, 1, b"")
    w.blocks(w.b, Sys.RECEIVE_WAIT, 0, *FOREVER)
    w.tick(10**15)
    w.blocks(w.b, *w.waiting[w.b])
    assert w.send(w.a, w.to_b, 2, b"x") == 0
    assert w.again(w.b).data == abi.pack_received(w.a, 2, b"x")


def test_receive_wait_ends_with_0_when_its_time_is_over_counted_from_the_clock_at_the_call(w: Pair) -> None:
    w.clock.ns += 500_000
    w.blocks(w.b, Sys.RECEIVE_WAIT, 0, 2, 0)
    w.tick(1_999_999)
    w.blocks(w.b, *w.waiting[w.b])
    w.tick(1)
    assert w.again(w.b) == (0, b"")
    assert w.call(w.b, Sys.RECEIVE_WAIT, 0, 0, 0) == 0


def test_a_wait_longer_than_a_32_bit_number_of_milliseconds_is_one(w: Pair) -> None:
    w.blocks(w.b, Sys.RECEIVE_WAIT, 0, 0, 1)
    w.tick((2**32 - 1) * 1_000_000)
    w.blocks(w.b, *w.waiting[w.b])
    w.tick(1_000_000)
    assert w.again(w.b).result == 0


def test_a_receive_wait_ends_when_its_capability_or_its_endpoint_goes(w: Pair) -> None:
    second = w.derive(w.b, 0)
    w.blocks(w.b, Sys.RECEIVE_WAIT, second, *FOREVER)
    w.privileged(Op.REVOKE_CAPABILITY, w.b, second, False)
    assert w.again(w.b).result == abi.length_error(Errno.E_BADF)
    w.blocks(w.b, Sys.RECEIVE_WAIT, 0, *FOREVER)
    w.privileged(Op.REVOKE_CAPABILITY, w.b, 0, False)
    assert w.again(w.b).result == abi.length_error(Errno.E_BADF)


# --- call and reply -----------------------------------------------------------------------------------------------


def call(w: Pair, tag: int = 1, data: bytes = b"") -> None:
    w.blocks(w.a, Sys.CALL, w.to_b, tag, len(data), data=data)


def reply(w: World, pid: int, caller: int, tag: int = 2, data: bytes = b"") -> int:
    return w.call(pid, Sys.REPLY, caller, tag, len(data), data=data)


def test_a_call_waits_for_its_one_reply(w: Pair) -> None:
    call(w, 7, b"question")
    w.blocks(w.a, *w.waiting[w.a])
    assert w.receive(w.b) == (w.a, 7, b"question")
    assert reply(w, w.b, w.a, 8, b"answer") == 0
    assert reply(w, w.b, w.a, 9, b"again") == Errno.E_NOENT
    answer = w.again(w.a)
    assert (answer.result, answer.data) == (14, abi.pack_received(w.b, 8, b"answer"))


def test_nobody_replies_to_a_call_it_has_not_received(w: Pair) -> None:
    other = w.create("other")
    call(w)
    assert reply(w, w.b, w.a) == Errno.E_NOENT
    w.receive(w.b)
    assert reply(w, other, w.a) == Errno.E_NOENT
    assert reply(w, w.b, w.a) == 0


def test_a_sent_message_gives_no_right_to_reply(w: Pair) -> None:
    w.send(w.a, w.to_b)
    w.receive(w.b)
    assert reply(w, w.b, w.a) == Errno.E_NOENT


def test_a_malformed_reply_leaves_the_call_waiting_and_the_right_to_reply(w: Pair) -> None:
    call(w)
    w.receive(w.b)
    assert w.call(w.b, Sys.REPLY, w.a, 1, 5, data=b"abc") == Errno.E_INVAL
    assert reply(w, w.b, w.a, 1, bytes(abi.MAX_PAYLOAD + 1)) == Errno.E_OVERFLOW
    assert reply(w, w.b, w.a, 1, bytes(abi.MAX_PAYLOAD)) == 0
    assert w.again(w.a).result == abi.MAX_PAYLOAD + 8


def test_a_call_ends_when_its_callee_ends_before_or_after_it_has_received_it(w: Pair) -> None:
    for received in (False, True):
        b = w.create("callee")
        to_b = w.grant(b, 0, w.a)
        w.blocks(w.a, Sys.CALL, to_b, 1, 0)
        if received:
            w.receive(b)
        w.kill(b)
        assert w.again(w.a).result == abi.length_error(Errno.E_NOENT)


def test_a_call_ends_when_the_endpoint_goes_and_its_owner_lives(w: Pair) -> None:
    call(w)
    w.receive(w.b)
    w.ok(w.b, Sys.CAP_DELETE, 0)
    assert w.again(w.a).result == abi.length_error(Errno.E_NOENT)
    assert reply(w, w.b, w.a) == Errno.E_NOENT


def test_a_call_ends_when_the_callers_capability_is_revoked_and_a_late_reply_does_not_answer_the_next(w: Pair) -> None:
    call(w)
    w.receive(w.b)
    w.ok(w.b, Sys.CAP_REVOKE, 0, 1)
    assert reply(w, w.b, w.a) == Errno.E_NOENT
    assert w.again(w.a).result == abi.length_error(Errno.E_BADF)
    w.to_b = w.grant(w.b, 0, w.a)
    call(w, 2)
    assert reply(w, w.b, w.a) == Errno.E_NOENT
    assert w.receive(w.b) == (w.a, 2, b"")
    assert reply(w, w.b, w.a) == 0


def test_a_reply_to_a_caller_that_ended_has_no_one_to_go_to(w: Pair) -> None:
    call(w)
    w.receive(w.b)
    w.kill(w.a)
    assert reply(w, w.b, w.a) == Errno.E_NOENT


def test_a_call_that_spends_its_capability_still_gets_its_reply(w: Pair) -> None:
    once = w.derive(w.a, w.to_b, uses=1)
    w.blocks(w.a, Sys.CALL, once, 1, 0)
    assert not w.has(w.a, once)
    assert w.receive(w.b) == (w.a, 1, b"")
    assert reply(w, w.b, w.a) == 0
    assert w.again(w.a).result == 8
    assert [n.reason for n in w.notices(w.a)] == [RevokeReason.EXPIRED]


def test_a_call_whose_use_ends_the_endpoint_itself_is_answered(w: Pair) -> None:
    carrier = w.derive(w.b, 0, RWG, uses=1)
    w.derive(w.b, carrier, R)
    helper = w.create("helper")
    to_a = w.grant(w.a, 0, w.b)
    assert w.send_cap(w.b, to_a, [carrier]) == 0
    w.ok(w.b, Sys.CAP_DELETE, 0)
    (slot,) = [cap.slot for cap in w.committed.held_by(w.a) if cap.uses_left == 1]
    w.blocks(w.a, Sys.CALL, slot, 1, 0)
    assert w.again(w.a).result == abi.length_error(Errno.E_NOENT)
    assert w.call(helper, Sys.GET_PID) == helper


# --- messages with capabilities -----------------------------------------------------------------------------------


def received_slots(w: World, pid: int) -> list[int]:
    data = w.ask(pid, Sys.RECEIVED_CAPS).data
    return [int.from_bytes(data[at : at + 4], "little") for at in range(4, len(data), 4)]


def test_capabilities_move_at_once_and_the_receiver_learns_their_slots_with_the_message(w: Pair) -> None:
    first, second = w.derive(w.a, 0), w.derive(w.a, w.to_b, W | G)
    ids = [w.cap(w.a, first).id, w.cap(w.a, second).id]
    assert w.send_cap(w.a, w.to_b, [second, first], 9, b"hi") == 0
    assert not w.has(w.a, first) and not w.has(w.a, second)
    assert received_slots(w, w.b) == []
    assert w.receive(w.b) == (w.a, 9, b"hi")
    got = received_slots(w, w.b)
    assert [w.cap(w.b, slot).id for slot in got] == ids[::-1]
    assert w.notices(w.a) == []
    w.ok(w.b, Sys.CAP_DELETE, got[0])
    assert received_slots(w, w.b) == got[1:]


def test_the_next_message_replaces_what_the_last_one_brought(w: Pair) -> None:
    w.send_cap(w.a, w.to_b, [w.derive(w.a, 0)])
    w.send(w.a, w.to_b)
    w.receive(w.b)
    assert len(received_slots(w, w.b)) == 1
    w.receive(w.b)
    assert received_slots(w, w.b) == []


def test_one_capability_that_may_not_travel_keeps_all_of_them_at_home(w: Pair) -> None:
    good, bad = w.derive(w.a, 0), w.derive(w.a, 0, W)
    before = w.fingerprint()
    assert w.send_cap(w.a, w.to_b, [good, bad]) == Errno.E_PERM
    assert w.send_cap(w.a, w.to_b, [good, 3999]) == Errno.E_BADF
    assert w.fingerprint() == before


def test_a_moved_capability_is_still_the_granters_to_revoke_and_not_the_movers(w: Pair) -> None:
    granter, mover, holder = w.create("granter"), w.create("mover"), w.create("holder")
    slot = w.grant(granter, 0, mover)
    to_holder = w.grant(holder, 0, mover)
    assert w.send_cap(mover, to_holder, [slot]) == 0
    (moved,) = [c for c in w.committed.held_by(holder) if c.object_id == w.endpoint(granter)]
    below = w.grant(holder, moved.slot, w.a)
    w.kill(mover)
    assert w.has(holder, moved.slot) and w.has(w.a, below)
    w.ok(granter, Sys.CAP_REVOKE, 0, 1)
    assert w.notices(holder) == [(moved.slot, ObjectType.ENDPOINT, w.endpoint(granter), RevokeReason.EXPLICIT)]
    assert not w.has(w.a, below)


def test_the_new_holders_exit_takes_what_it_derived_from_a_moved_capability(w: Pair) -> None:
    slot = w.grant(w.b, 0, w.a)
    w.send_cap(w.a, w.to_b, [w.derive(w.a, 0)])
    holder = w.create("holder")
    to_holder = w.grant(holder, 0, w.a)
    w.send_cap(w.a, to_holder, [slot])
    (moved,) = [c for c in w.committed.held_by(holder) if c.object_id == w.endpoint(w.b)]
    below = w.grant(holder, moved.slot, w.a)
    w.kill(holder)
    assert (below, ObjectType.ENDPOINT, w.endpoint(w.b), RevokeReason.SOURCE_EXITED) in w.notices(w.a)


def test_who_gives_its_last_read_capability_away_has_lost_its_endpoint(w: Pair) -> None:
    endpoint = w.endpoint(w.a)
    to_a = w.grant(w.a, 0, w.b, W)
    assert w.send_cap(w.a, w.to_b, [0]) == 0
    assert endpoint not in w.committed.endpoints
    told = w.notices(w.b)
    assert [(n.object_id, n.reason) for n in told] == [(endpoint, 3)] * 2
    assert to_a in [n.slot for n in told]
    w.check()


def test_a_capability_moved_to_oneself_only_changes_its_slot(w: Pair) -> None:
    mine, node = w.derive(w.a, 0), w.derive(w.a, w.to_b)
    cap = w.cap(w.a, node)
    assert w.send_cap(w.a, mine, [node]) == 0
    w.receive(w.a)
    (at,) = received_slots(w, w.a)
    assert w.cap(w.a, at) is cap and at > node and not w.has(w.a, node)


def test_a_message_with_no_capabilities_needs_no_room_in_the_receivers_space(w: Pair) -> None:
    while len(w.slots(w.b)) < abi.MAX_CAPS:
        w.derive(w.b, 0, R)
    assert w.send_cap(w.a, w.to_b, [], 3, b"only words") == 0
    assert w.receive(w.b) == (w.a, 3, b"only words")


# --- endpoints ----------------------------------------------------------------------------------------------------


def test_a_new_endpoint_is_its_creators_with_every_right(w: Pair) -> None:
    answer = w.ask(w.a, Sys.EP_CREATE)
    slot, pad, low, high = (int.from_bytes(answer.data[at : at + 4], "little") for at in range(0, 16, 4))
    assert (slot, pad) == (answer.result, 0)
    assert w.cap(w.a, slot).perms == RWG
    assert low | high << 32 == w.endpoint(w.a, slot)
    assert w.call(w.a, Sys.EP_CREATE, 1) == high


def test_the_high_half_of_an_endpoints_id_is_that_of_the_last_one_created(w: Pair) -> None:
    w.committed.next_endpoint = 5 << 32 | 7
    w.ok(w.a, Sys.EP_CREATE)
    assert w.call(w.a, Sys.EP_CREATE, 1) == 5


def test_with_the_last_read_capability_the_endpoint_goes_and_everyone_on_it_is_told(w: Pair) -> None:
    endpoint = w.endpoint(w.b)
    second = w.derive(w.b, 0, R)
    w.ok(w.b, Sys.CAP_DELETE, 0)
    assert w.send(w.a, w.to_b, 4) == 0
    w.ok(w.b, Sys.CAP_DELETE, second)
    assert w.notices(w.a) == [(w.to_b, ObjectType.ENDPOINT, endpoint, RevokeReason.SOURCE_EXITED)]
    assert w.notices(w.b) == []
    assert w.send(w.a, w.to_b) == Errno.E_BADF
    w.check()


def test_a_service_endpoint_is_reached_from_birth_and_not_by_the_service_itself() -> None:
    w = World()
    a = w.create("a", FACTORY)
    assert [w.endpoint(a, slot) for slot in (2, 3)] == [abi.ENDPOINT_INIT, w.endpoint(abi.PID_PERMISSION)]
    assert w.send(a, 2, 1, b"to init") == 0
    assert w.receive(abi.PID_INIT) == (a, 1, b"to init")
    assert not w.has(abi.PID_INIT, 2)
    assert w.endpoint(abi.PID_PERMISSION, 2) == abi.ENDPOINT_INIT
