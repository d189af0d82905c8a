"""What every process may use without a capability: time, chance, its own name; and text for the debug log."""

from __future__ import annotations

import hashlib

import pytest

from tests.kernel.world import CONSOLE_SLOT, FACTORY, SECOND, W, World
from zos_core import abi
from zos_core.abi import Errno, ObjectType, RevokeReason, Sys
from zos_core.kernel.effects import MAX_DEBUG_KEPT, MAX_DEBUG_LINES

FACTORY_SLOT = CONSOLE_SLOT + 1


@pytest.fixture
def w() -> World:
    return World()


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num", [Sys.GET_TIME, Sys.GET_WALLCLOCK])
def test_the_two_halves_of_a_clock_belong_to_one_sample(w: World, num: int) -> None:
    a = w.create("a")
    w.clock.ns = w.clock.ms = 5 << 32 | 0xFFFF_FFFF
    assert w.call(a, num, 0) == 0xFFFF_FFFF
    w.clock.ns = w.clock.ms = 6 << 32
    assert w.call(a, num, 1) == 5
    assert w.call(a, num, 0) == 0
    assert w.call(a, num, 1) == 6


@pytest.mark.parametrize("num", [Sys.GET_TIME, Sys.GET_WALLCLOCK])
def test_the_high_half_alone_samples_when_there_is_no_sample(w: World, num: int) -> None:
    a, b = w.create("a"), w.create("b")
    w.clock.ns = w.clock.ms = 3 << 32
    w.call(b, num, 0)
    w.clock.ns = w.clock.ms = 4 << 32
    assert w.call(a, num, 1) == 4


def test_a_sleep_lasts_from_the_clock_at_the_call_and_ends_at_a_tick(w: World) -> None:
    a = w.create("a")
    w.clock.ns += 7
    w.blocks(a, Sys.SLEEP, 0, 1)
    w.clock.ns -= 7
    w.tick((1 << 32) + 6)
    w.blocks(a, *w.waiting[a])
    w.tick(1)
    assert w.again(a).result == 0
    assert w.call(a, Sys.SLEEP, 0, 0) == 0


def test_a_clock_is_read_only_for_a_call_that_asks_for_one(w: World) -> None:
    a = w.create("a")
    w.clock.readings = 0
    for num in (Sys.GET_PID, Sys.YIELD, Sys.RECEIVE, Sys.LIST_PROCS):
        w.call(a, num)
    assert w.clock.readings == 0
    w.call(a, Sys.GET_TIME)
    w.call(a, Sys.GET_WALLCLOCK)
    assert w.clock.readings == 2


# --- chance and names ---------------------------------------------------------------------------------------------


def test_random_bytes_come_from_the_seed_and_never_twice(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    first, second = w.ask(a, Sys.RANDOM, 40), w.ask(b, Sys.RANDOM, 40)
    stream = b"".join(hashlib.sha256(b"seed" + n.to_bytes(8, "little")).digest() for n in range(4))
    assert (first.result, first.data) == (40, stream[:40])
    assert second.data == stream[64:104]
    assert w.ask(a, Sys.RANDOM, 0) == (0, b"")
    assert len(w.ask(a, Sys.RANDOM, abi.MAX_RANDOM).data) == abi.MAX_RANDOM


def test_a_process_knows_its_pid_and_may_yield(w: World) -> None:
    a = w.create("a")
    assert w.call(a, Sys.GET_PID) == a
    assert w.call(a, Sys.YIELD) == 0


# --- the debug log ------------------------------------------------------------------------------------------------


def say(w: World, pid: int, text: str) -> Errno:
    data = text.encode()
    return Errno(w.call(pid, Sys.DEBUG, len(data), data=data))


def said(w: World, pid: int) -> list[str]:
    return [line.text for line in w.transient.debug if line.pid == pid]


def test_debug_text_goes_to_the_log_and_never_to_a_console(w: World) -> None:
    a = w.create("a")
    assert w.call(a, Sys.DEBUG, 5, data=b"hello world") == 0
    assert w.call(a, Sys.DEBUG, 1, data=b"\xff") == 0
    assert said(w, a) == ["hello", "\ufffd"]
    assert w.transient.consoles == {}


def test_more_than_64_kib_a_second_is_counted_and_not_kept(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    block = "x" * 1024
    for _ in range(64):
        assert say(w, a, block) is Errno.E_OK
    assert say(w, a, "too much") is Errno.E_OK
    assert len(said(w, a)) == 64
    assert w.transient.stats[a].debug_dropped == len("too much")
    say(w, b, "another process")
    assert said(w, b) == ["another process"]
    w.tick(SECOND)
    say(w, a, "the next second")
    assert said(w, a)[-1] == "the next second"


def test_what_all_processes_say_together_stays_bounded_and_the_newest_is_kept(w: World) -> None:
    block = "x" * (64 << 10)
    for number in range(100):
        pid = w.create("p")
        say(w, pid, block)
        say(w, pid, f"dropped {number}")
        w.kill(pid)
    assert sum(len(line.text) for line in w.transient.debug) == w.transient.debug_size <= MAX_DEBUG_KEPT
    last = w.create("p")
    for _ in range(MAX_DEBUG_LINES + 10):
        say(w, last, "y")
    assert len(w.transient.debug) == MAX_DEBUG_LINES


# --- the init debug channel ---------------------------------------------------------------------------------------

INIT = abi.PID_INIT


def test_init_grants_by_text_into_the_slot_it_names(w: World) -> None:
    a = w.create("a")
    assert say(w, INIT, f"INIT:GRANT:{a}:77:{int(ObjectType.STORAGE)}:5:3") is Errno.E_OK
    cap = w.cap(a, 77)
    assert (cap.object_type, cap.object_id, cap.perms) == (ObjectType.STORAGE, 5, 3)
    assert say(w, INIT, f"INIT:GRANT:{a}:77:3:5:3") is Errno.E_EXIST


def test_init_revokes_by_text_and_the_holder_is_told(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, 5)
    assert say(w, INIT, f"INIT:REVOKE:{a}:{slot}") is Errno.E_OK
    assert w.notices(a) == [(slot, ObjectType.STORAGE, 5, RevokeReason.EXPLICIT)]
    assert say(w, INIT, f"INIT:REVOKE:{a}:{slot}") is Errno.E_BADF


def test_init_spawns_by_text_without_waiting_for_it(w: World) -> None:
    assert say(w, INIT, "INIT:SPAWN:clock") is Errno.E_OK
    request = w.take_spawn()
    assert (request.pid, request.name, request.flags) == (INIT, "clock", 0)
    w.blocks(INIT, Sys.SLEEP, 1000)
    child = w.create("clock", request=request)
    w.blocks(INIT, *w.waiting[INIT])
    assert w.committed.processes[child].parent == INIT


def test_a_holder_of_the_factory_spawns_by_text_and_pays_for_it(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.PROCESS, abi.FACTORY, W, uses=2)
    assert say(w, a, "INIT:SPAWN:clock") is Errno.E_OK
    to_b = w.grant(w.create("b"), 0, a)
    w.blocks(a, Sys.CALL, to_b, 1, 0)
    w.create("clock", request=w.take_spawn())
    assert w.cap(a, slot).uses_left == 1
    w.blocks(a, *w.waiting[a])


@pytest.mark.parametrize("name", ["permission", "permission_manager"])
def test_there_is_one_permission_service(w: World, name: str) -> None:
    assert say(w, INIT, f"INIT:SPAWN:{name}") is Errno.E_EXIST
    w.kill(abi.PID_PERMISSION)
    assert say(w, INIT, f"INIT:SPAWN:{name}") is Errno.E_OK


MALFORMED = {
    "INIT:GRANT:3:9:3:5": Errno.E_INVAL,
    "INIT:GRANT:3:9:3:5:1:1": Errno.E_INVAL,
    "INIT:GRANT:3:-9:3:5:1": Errno.E_INVAL,
    "INIT:GRANT:3:9:3:0x5:1": Errno.E_INVAL,
    "INIT:GRANT:3:9:3:٣:1": Errno.E_INVAL,
    "INIT:GRANT:3:9:3::1": Errno.E_INVAL,
    "INIT:GRANT:3:9:3:5:8": Errno.E_INVAL,
    "INIT:GRANT:3:9:7:5:1": Errno.E_INVAL,
    "INIT:GRANT:3:65536:3:5:1": Errno.E_INVAL,
    "INIT:GRANT:3:9:3:18446744073709551616:1": Errno.E_INVAL,
    "INIT:GRANT:99:9:3:5:1": Errno.E_NOENT,
    "INIT:GRANT:3:9:1:999:1": Errno.E_NOENT,
    "INIT:GRANT:3:0:3:5:1": Errno.E_EXIST,
    "INIT:GRANT:3:9:3:" + "9" * 5000 + ":1": Errno.E_INVAL,
    "INIT:REVOKE:3": Errno.E_INVAL,
    "INIT:REVOKE:3:x": Errno.E_INVAL,
    "INIT:REVOKE:3:4:5": Errno.E_INVAL,
    "INIT:REVOKE:99:4": Errno.E_BADF,
    "INIT:REVOKE:3:4000": Errno.E_BADF,
    "INIT:REVOKE:" + "9" * 5000 + ":4": Errno.E_INVAL,
    "INIT:SPAWN:": Errno.E_INVAL,
    "INIT:SPAWN:a\x1bb": Errno.E_INVAL,
    "INIT:SPAWN:" + "n" * 65: Errno.E_INVAL,
    "INIT:SPAWN:a:b": Errno.E_INVAL,
    "INIT:": Errno.E_INVAL,
    "INIT:SHUTDOWN": Errno.E_INVAL,
    "INIT:grant:3:9:3:5:1": Errno.E_INVAL,
}


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:40])
def test_a_malformed_or_refused_command_changes_nothing_and_is_logged_with_its_reason(w: World, text: str) -> None:
    w.create("a")
    hash_before, _, seq = w.fingerprint()
    assert say(w, INIT, text) is MALFORMED[text]
    assert (w.fingerprint()[0], w.fingerprint()[2]) == (hash_before, seq)
    assert w.transient.spawns == []
    row = w.gateway.syslog.rows[-1]
    assert (row.pid, row.num, row.error) == (INIT, Sys.DEBUG, MALFORMED[text]) and row.reason


@pytest.mark.parametrize("text", ["INIT:GRANT:3:9:3:5:7", "INIT:REVOKE:3:4", "INIT:SPAWN:clock", "INIT:", "INIT:X"])
@pytest.mark.parametrize("forger", ["program", "permission"])
def test_from_anyone_else_the_text_is_only_text(w: World, text: str, forger: str) -> None:
    program = w.create("a")
    pid = program if forger == "program" else abi.PID_PERMISSION
    hash_before, _, seq = w.fingerprint()
    assert say(w, pid, text) is Errno.E_OK
    assert (w.fingerprint()[0], w.fingerprint()[2]) == (hash_before, seq)
    assert w.transient.spawns == []
    assert said(w, pid) == [text]
    assert w.gateway.syslog.rows[-1].reason


def test_a_holder_of_the_factory_may_spawn_by_text_and_nothing_more(w: World) -> None:
    a = w.create("a", FACTORY)
    assert say(w, a, f"INIT:GRANT:{a}:9:3:5:7") is Errno.E_OK
    assert say(w, a, f"INIT:REVOKE:{INIT}:4") is Errno.E_OK
    assert not w.has(a, 9) and w.has(INIT, 4)


def test_a_command_within_a_text_is_no_command(w: World) -> None:
    say(w, INIT, " INIT:REVOKE:3:4")
    say(w, INIT, "note INIT:SPAWN:clock")
    assert w.transient.spawns == []
