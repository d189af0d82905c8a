"""Turns and time: who runs, who is parked, when a wait is over, and that no clock runs behind its tick."""

from __future__ import annotations

import pytest

from tests.machine.rig import (
    ECHO,
    FREE_SLOT,
    MS,
    SECOND,
    SPIN,
    FakeWorld,
    Rig,
    call,
    exit_with,
    guest,
    poll_for_ever,
    write,
)
from zos_core import abi
from zos_core.abi import ObjectType, Sys
from zos_core.runtime import commands as c
from zos_core.runtime.engine import Engine

POLLER = guest(poll_for_ever())
TICK = 4 * MS


def slices_of(rig: Rig, ns: int) -> int:
    """Slices that all processes together use in a stretch of time, looked at 250 times a second."""
    return rig.run(ns // TICK, 1000, TICK)


# --- polling guests must not burn the machine ---------------------------------------------------------------------


def test_a_poller_that_has_nothing_to_do_falls_from_60_looks_a_second_to_4(rig: Rig) -> None:
    rig.create(POLLER)
    first = slices_of(rig, SECOND)
    slices_of(rig, 20 * SECOND)
    assert 40 <= first <= 70
    assert slices_of(rig, 10 * SECOND) <= 42


def test_twenty_idle_pollers_wake_the_machine_together(rig: Rig) -> None:
    for _ in range(20):
        rig.create(POLLER)
    slices_of(rig, 30 * SECOND)
    busy = sum(rig.run(1, 1000, TICK) > 0 for _ in range(10 * SECOND // TICK))
    assert busy <= 42


def test_a_parked_poller_is_woken_by_a_message_in_the_very_tick(rig: Rig) -> None:
    pid = rig.create(ECHO)
    slices_of(rig, 30 * SECOND)
    report = rig.tick([c.Input(pid, b"k")], 10)
    assert report.slices >= 1
    assert rig.output[pid] == b"k"


def test_a_parked_poller_is_woken_by_a_capability_given_to_it(rig: Rig) -> None:
    found = f"(i32.eq {call(Sys.CAP_INSPECT, FREE_SLOT)} (i32.const 1))"
    receive = f"(drop {call(Sys.RECEIVE, 1)})"
    pid = rig.create(guest(f"(loop $poll {receive} (if {found} (then {exit_with(9)})) (call $yield) (br $poll))"))
    slices_of(rig, 30 * SECOND)
    rig.give(pid, ObjectType.STORAGE, 1)
    rig.run(1, 10, ns=0)
    assert rig.ended == [pid]


def test_who_did_something_is_looked_at_60_times_a_second_again(rig: Rig) -> None:
    pid = rig.create(ECHO)
    slices_of(rig, 30 * SECOND)
    rig.type(pid, b"k")
    assert slices_of(rig, SECOND) >= 40


def test_a_program_that_works_between_its_looks_is_not_parked(rig: Rig) -> None:
    work = "(local.set $j (i32.const 20000)) (loop $w (br_if $w (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))"
    pid = rig.create(guest(f"(loop $poll (drop {call(Sys.RECEIVE, 1)}) {work} (call $yield) (br $poll))"))
    assert rig.run(50, 4, MS) == 200
    assert not rig.machine.processes[pid].parked


def test_a_program_that_only_yields_is_not_parked(rig: Rig) -> None:
    rig.create(guest("(loop $l (call $yield) (br $l))"))
    assert rig.run(50, 4, MS) == 200


def test_a_poller_is_not_parked_when_its_message_came_between_its_look_and_its_yield(rig: Rig) -> None:
    """It looks at an empty endpoint, writes to itself, and yields: the message must not wait for a heartbeat."""
    send_to_self = f"(drop {call(Sys.SEND, 0, 5)})"
    body = f"(drop {call(Sys.RECEIVE, 0)}) {send_to_self} (call $yield) {exit_with(call(Sys.RECEIVE, 0))}"
    assert rig.exit_code(guest(body)) == 8
    assert rig.rows[-1].time_ns < SECOND // 60


def test_ready_programs_take_turns(rig: Rig) -> None:
    pids = [rig.create(guest(SPIN)) for _ in range(3)]
    rig.run(1, 30)
    used = [rig.machine.processes[pid].fiber.fuel_used for pid in pids]
    assert max(used) <= min(used) * 1.2


# --- waits that end by time ---------------------------------------------------------------------------------------


def test_a_sleep_ends_at_the_first_tick_at_or_after_its_time_and_the_machine_says_when(rig: Rig) -> None:
    pid = rig.create(guest(f"(drop {call(Sys.SLEEP, 5 * MS)}) {exit_with(3)}"))
    rig.run(1, ns=0)
    assert rig.machine.idle
    assert rig.machine.wake_at_ns() == 5 * MS
    rig.run(1, ns=5 * MS - 1)
    assert rig.alive(pid)
    rig.run(1, ns=1)
    assert rig.process(pid).code == 3 and not rig.alive(pid)
    assert rig.machine.wake_at_ns() is None


def test_a_receive_that_waits_ends_with_0_at_its_time_and_with_a_message_before_it(rig: Rig) -> None:
    once = guest(exit_with(call(Sys.RECEIVE_WAIT, 1, 10)))
    late, early = rig.create(once), rig.create(once)
    rig.run(1, ns=0)
    rig.type(early, b"x")
    rig.run(1, ns=0)
    assert (rig.ended, rig.process(early).code) == ([early], 9)
    rig.run(1, ns=10 * MS)
    assert (rig.ended, rig.process(late).code) == ([early, late], 0)


def test_a_process_that_waits_for_ever_costs_no_slice(rig: Rig) -> None:
    rig.create(guest(f"(drop {call(Sys.RECEIVE_WAIT, 1, -1, -1)})"))
    rig.run(2)
    assert slices_of(rig, 10 * SECOND) == 0
    assert rig.machine.wake_at_ns() is None


def test_an_expiry_is_due_at_a_tick_and_the_machine_says_when(rig: Rig) -> None:
    pid = rig.create(POLLER)
    rig.do(c.GrantCap(pid, ObjectType.STORAGE, 1, 3, FREE_SLOT, 7, 0))
    slices_of(rig, 4 * MS)
    rig.machine.tick()
    assert rig.machine.wake_at_ns() is not None
    assert rig.machine.gateway.state.committed.cap(pid, FREE_SLOT) is not None
    rig.tick(ns=3 * MS)
    assert rig.machine.gateway.state.committed.cap(pid, FREE_SLOT) is None


# --- clocks -------------------------------------------------------------------------------------------------------


class Backwards(FakeWorld):
    """A clock that is behind at every reading but the tick's own."""

    def uptime_ns(self) -> int:
        self.step += 1
        return 10 * SECOND if self.step == 2 else 9 * SECOND


@pytest.mark.parametrize("num", [Sys.GET_TIME])
def test_no_program_reads_a_clock_behind_its_tick(engine: Engine, num: int) -> None:
    rig = Rig(engine, Backwards())
    low, high = 10 * SECOND & abi.U32, 10 * SECOND >> 32
    same = f"(i32.and (i32.eq {call(num, 0)} (i32.const {low})) (i32.eq {call(num, 1)} (i32.const {high})))"
    pid = rig.create(guest(exit_with(same)))
    rig.machine.tick((), lambda: True)
    assert rig.process(pid).code == 1
    assert rig.machine.gateway.now == 10 * SECOND
    rig.machine.tick()
    assert rig.machine.gateway.now == 10 * SECOND


def test_what_a_program_reads_is_the_clock_at_the_call(engine: Engine) -> None:
    rig = Rig(engine, FakeWorld(step=7))
    pid = rig.create(guest(exit_with(f"(i32.sub (i32.sub (i32.const 0) {call(Sys.GET_TIME)}) (i32.const 0))")))
    rig.run(1, ns=0)
    assert -rig.process(pid).code == rig.rows[-1].time_ns + 7
    assert rig.rows[-1].readings == (rig.rows[-1].time_ns + 7,)


# --- many messages ------------------------------------------------------------------------------------------------

MESSAGES = 100_000


def test_a_hundred_thousand_messages_lose_none_and_keep_their_order(rig: Rig) -> None:
    receive = f"""
      (loop $next
        (br_if $next (i32.lt_s {call(Sys.RECEIVE_WAIT, 0, -1, -1)} (i32.const 12)))
        (drop (call $recv (i32.const 0) (i32.const 12)))
        (if (i32.ne (i32.load (i32.const 8)) (local.get $i)) (then unreachable))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const {MESSAGES}))))
      {write("all")}"""
    send = f"""
      (loop $next
        (i32.store (i32.const 0) (local.get $i))
        (loop $try
          (call $send (i32.const 0) (i32.const 4))
          (local.set $j {call(Sys.SEND, FREE_SLOT, 1, 4)})
          (if (i32.eq (local.get $j) (i32.const 5)) (then (call $yield) (br $try))))
        (if (local.get $j) (then unreachable))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const {MESSAGES}))))"""
    receiver, sender = rig.create(guest(receive)), rig.create(guest(send))
    rig.connect(sender, receiver)
    rig.run_until(receiver, slices=256)
    assert rig.output[receiver] == b"all"
    rig.run(2)
    for pid in (receiver, sender):
        assert rig.process(pid).how is abi.ExitHow.EXITED
    stats = rig.machine.gateway.state.transient.stats
    assert (stats[sender].messages_out, stats[receiver].messages_in) == (MESSAGES, MESSAGES)


# --- a console that nobody drains ---------------------------------------------------------------------------------


def test_a_held_console_stops_its_writer_and_nobody_else(rig: Rig) -> None:
    flood = f"(loop $l (call $send (i32.const 0) (i32.const 4096)) (drop {call(Sys.CONSOLE_WRITE, 4096)}) (br $l))"
    pid, echo = rig.create(guest(flood)), rig.create(ECHO)
    rig.do(c.Hold(pid, True))
    rig.run(5, 20)
    assert rig.output[pid] == b""
    assert rig.machine.gateway.state.transient.console_sizes == {1: abi.MAX_CONSOLE_BUFFER}
    assert pid in rig.machine.gateway.state.transient.waits
    rig.type(echo, b"free")
    rig.run(2, 20)
    assert rig.output[echo] == b"free"
    rig.do(c.Hold(pid, False))
    assert len(rig.output[pid]) == abi.MAX_CONSOLE_BUFFER
    rig.run(2, 2)
    assert len(rig.output[pid]) > abi.MAX_CONSOLE_BUFFER
