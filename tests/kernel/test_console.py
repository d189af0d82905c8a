"""Consoles: who writes where, who reads the keys, a buffer that makes its writer wait, input that stays whole."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tests.kernel.world import CONSOLE_SLOT, FACTORY, RWG, R, W, World
from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights, Stream, Sys
from zos_core.kernel.console import split_input
from zos_core.kernel.dispatch import Op

FACTORY_SLOT = CONSOLE_SLOT + 1
SHARE, LEND = abi.SPAWN_SHARE_CONSOLE, abi.SPAWN_SHARE_CONSOLE | abi.SPAWN_LEND_INPUT
FULL = bytes(abi.MAX_CONSOLE_BUFFER)


@pytest.fixture
def w() -> World:
    return World()


def write(w: World, pid: int, data: bytes, console: int = 0) -> int:
    return w.call(pid, Sys.CONSOLE_WRITE, len(data), console, data=data)


def type_in(w: World, pid: int, data: bytes) -> Errno:
    return abi.errno_of(Op.DELIVER_CONSOLE_INPUT, w.privileged(Op.DELIVER_CONSOLE_INPUT, pid, data=data).result)


def typed(w: World, pid: int) -> list[bytes]:
    return [payload for tag, payload in w.system_messages(pid) if tag == abi.Tag.CONSOLE_INPUT]


# --- output -------------------------------------------------------------------------------------------------------


def test_what_is_written_goes_to_ones_own_console_and_no_other(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    assert write(w, a, b"from a") == 0
    assert write(w, b, b"from b") == 0
    assert (w.output(w.console(a)), w.output(w.console(b))) == (b"from a", b"from b")
    assert w.transient.consoles[w.console(a)] == [(Stream.OUTPUT, b"from a")]


def test_only_the_declared_bytes_are_written_and_nothing_is_a_success(w: World) -> None:
    a = w.create("a")
    assert w.call(a, Sys.CONSOLE_WRITE, 3, data=b"abcdef") == 0
    assert w.call(a, Sys.CONSOLE_WRITE, 0) == 0
    assert w.output(w.console(a)) == b"abc"


def test_another_console_is_named_by_its_slot_plus_one(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    slot = w.give(a, ObjectType.CONSOLE, w.console(b), W)
    assert write(w, a, b"mine") == write(w, a, b"yours", slot + 1) == 0
    assert w.output(w.console(b)) == b"yours"


def test_a_program_that_lost_its_console_is_refused_until_pid_0_gives_it_one(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    w.privileged(Op.REVOKE_CAPABILITY, a, CONSOLE_SLOT, False)
    assert write(w, a, b"x") == Errno.E_PERM
    from_pid_0 = w.give(b, ObjectType.CONSOLE, w.console(b), RWG)
    w.grant(b, from_pid_0, a)
    assert write(w, a, b"x") == Errno.E_PERM
    w.give(a, ObjectType.CONSOLE, w.console(b), W)
    assert write(w, a, b"x") == 0
    assert w.output(w.console(b)) == b"x"


def test_a_console_that_another_program_moved_here_is_not_the_default_one(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    w.privileged(Op.REVOKE_CAPABILITY, a, CONSOLE_SLOT, False)
    from_pid_0 = w.give(b, ObjectType.CONSOLE, w.console(b), RWG)
    to_a = w.grant(a, 0, b)
    assert w.send_cap(b, to_a, [from_pid_0]) == 0
    assert write(w, a, b"secret") == Errno.E_PERM
    moved = w.slots(a)[-1]
    assert write(w, a, b"on purpose", moved + 1) == 0


def test_a_full_buffer_makes_its_writer_wait_and_loses_nothing(w: World) -> None:
    a = w.create("a")
    data = bytes(range(256)) * 600
    w.blocks(a, Sys.CONSOLE_WRITE, len(data), data=data)
    console, seen = w.console(a), b""
    while a in w.waiting:
        assert len(w.output(console)) == min(abi.MAX_CONSOLE_BUFFER, len(data) - len(seen))
        seen += w.output(console)
        w.transient.woken.clear()
        w.privileged(Op.DRAIN_CONSOLE_OUTPUT, console)
        assert w.transient.woken == [a]
        w.again(a)
    assert seen + w.output(console) == data


def test_a_writer_that_waits_is_refused_when_its_capability_goes(w: World) -> None:
    a = w.create("a")
    write(w, a, FULL)
    w.blocks(a, Sys.CONSOLE_WRITE, 1, data=b"x")
    w.privileged(Op.REVOKE_CAPABILITY, a, CONSOLE_SLOT, False)
    assert w.again(a).result == Errno.E_PERM


def test_a_counted_write_that_waits_is_one_use_when_its_last_byte_is_in(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    slot = w.give(a, ObjectType.CONSOLE, w.console(b), W, uses=2)
    w.blocks(a, Sys.CONSOLE_WRITE, len(FULL) + 1, slot + 1, data=FULL + b"x")
    assert w.cap(a, slot).uses_left == 2
    w.privileged(Op.DRAIN_CONSOLE_OUTPUT, w.console(b))
    assert w.again(a).result == 0
    assert w.cap(a, slot).uses_left == 1


def test_what_a_program_wrote_is_still_there_when_it_has_ended(w: World) -> None:
    a = w.create("a")
    console = w.console(a)
    write(w, a, b"last words")
    w.kill(a)
    assert w.output(console) == b"last words"
    assert console not in w.committed.consoles


# --- input --------------------------------------------------------------------------------------------------------


def test_each_delivery_is_one_message_from_pid_0_to_that_process_alone(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    for key in (b"l", b"s", b"\r"):
        assert type_in(w, a, key) is Errno.E_OK
    assert typed(w, a) == [b"l", b"s", b"\r"]
    assert typed(w, b) == []


def test_input_is_refused_without_effect_when_nobody_can_take_it(w: World) -> None:
    a = w.create("a")
    assert type_in(w, a, bytes(abi.MAX_SYSTEM_PAYLOAD + 1)) is Errno.E_OVERFLOW
    for _ in range(abi.MAX_QUEUE):
        assert type_in(w, a, b"k") is Errno.E_OK
    assert type_in(w, a, b"k") is Errno.E_AGAIN
    assert len(typed(w, a)) == abi.MAX_QUEUE
    w.ok(a, Sys.CAP_DELETE, 1)
    w.ok(a, Sys.CAP_DELETE, 0)
    assert type_in(w, a, b"k") is Errno.E_BADF
    w.kill(a)
    assert type_in(w, a, b"k") is Errno.E_NOENT
    assert type_in(w, 99, b"k") is Errno.E_NOENT


def test_keystrokes_wait_beside_a_full_queue_of_messages_not_behind_its_limit(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    to_a = w.grant(a, 1, b)
    for _ in range(abi.MAX_QUEUE):
        assert w.send(b, to_a) == 0
    assert type_in(w, a, b"k") is Errno.E_OK
    assert w.send(b, to_a) == Errno.E_AGAIN


@given(st.text(max_size=60), st.integers(4, 12))
def test_input_split_for_messages_never_splits_a_character(text: str, limit: int) -> None:
    data = text.encode()
    pieces = split_input(data, limit)
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert "".join(piece.decode() for piece in pieces) == text


@given(st.binary(max_size=60), st.integers(4, 12))
def test_bytes_that_are_no_text_pass_in_order_too(data: bytes, limit: int) -> None:
    pieces = split_input(data, limit)
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= limit for piece in pieces)


# --- shared and lent ----------------------------------------------------------------------------------------------


def test_a_child_has_a_console_of_its_own_unless_its_parent_shares(w: World) -> None:
    a = w.create("a", FACTORY)
    own, shared = w.spawn(a, FACTORY_SLOT), w.spawn(a, FACTORY_SLOT, flags=SHARE)
    write(w, own, b"own")
    write(w, shared, b"shared")
    assert w.output(w.console(a)) == b"shared"
    assert w.output(w.console(own)) == b"own"
    cap = w.cap(shared, CONSOLE_SLOT)
    assert cap.parent == w.cap(a, CONSOLE_SLOT).id and cap.perms == Rights.WRITE


def test_a_shared_console_goes_when_its_owner_ends(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT, flags=SHARE)
    w.kill(a)
    assert write(w, child, b"x") == Errno.E_PERM
    assert [(n.slot, n.reason) for n in w.notices(child)] == [(CONSOLE_SLOT, 3)]
    w.check()


def test_lent_keystrokes_go_to_the_child_until_it_ends(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT, flags=LEND)
    type_in(w, a, b"1")
    assert (typed(w, child), typed(w, a)) == ([b"1"], [])
    w.call(child, Sys.EXIT, 0)
    type_in(w, a, b"2")
    assert b"2" in typed(w, a)
    w.check()


def test_sharing_alone_lends_no_keystroke(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT, flags=SHARE)
    type_in(w, a, b"1")
    assert (typed(w, child), typed(w, a)) == ([], [b"1"])


@pytest.mark.parametrize("first_to_end", ["borrower", "lender"])
def test_keystrokes_lent_on_come_back_step_by_step(w: World, first_to_end: str) -> None:
    a = w.create("a", FACTORY)
    middle = w.spawn(a, FACTORY_SLOT, flags=LEND)
    factory = w.give(middle, ObjectType.PROCESS, abi.FACTORY, W)
    last = w.spawn(middle, factory, flags=LEND)
    type_in(w, a, b"1")
    assert typed(w, last) == [b"1"]
    if first_to_end == "lender":
        w.kill(middle)
        type_in(w, a, b"2")
        assert typed(w, last) == [b"2"]
    w.kill(last)
    type_in(w, a, b"3")
    assert b"3" in typed(w, middle if first_to_end == "borrower" else a)
    w.check()


def test_a_child_of_a_borrower_that_only_writes_gives_nothing_back(w: World) -> None:
    a = w.create("a", FACTORY)
    reader, writer = w.spawn(a, FACTORY_SLOT, flags=LEND), w.spawn(a, FACTORY_SLOT, flags=SHARE)
    w.kill(writer)
    type_in(w, a, b"1")
    assert typed(w, reader) == [b"1"]


def test_a_console_names_its_reader_in_committed_state(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT, flags=LEND)
    console = w.committed.consoles[w.console(a)]
    assert (console.owner, console.reader) == (a, child)
    assert w.call(child, Sys.CAP_DERIVE, CONSOLE_SLOT, R) < 2**31
