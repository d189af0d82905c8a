"""Whatever a guest does ends in a state of its own process; the machine and everybody else go on."""

from __future__ import annotations

import pytest

from tests.machine.rig import ECHO, FREE_SLOT, MS, SPIN, Rig, call, exit_with, guest, repeat, write
from zos_core import abi
from zos_core.abi import Errno, ExitHow, ObjectType, Sys
from zos_core.runtime import commands as c
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import MachineLimits

PAGE = 65_536
SHARED = '(import "env" "memory" (memory 1 2 shared))'
TABLE = "(table 1 funcref) (type $none (func)) (type $one (func (param i32)))"


def dies(rig: Rig, source: bytes, reason: str, **options: int) -> None:
    """A guest that must fault for this reason, beside one that must not notice."""
    echo = rig.create(ECHO, "echo")
    rig.run(2)
    pid = rig.create(source, "hostile", **options)  # type: ignore[arg-type]
    rig.type(echo, b"still ")
    rig.run_until(pid)
    process = rig.process(pid)
    assert (process.how, process.reason) == (ExitHow.FAULTED, reason)
    assert pid not in rig.machine.processes
    rig.type(echo, b"here")
    rig.run(2)
    assert rig.output[echo] == b"still here"
    assert rig.alive(echo)


TRAPS = {
    "unreachable": (guest("unreachable"), "unreachable"),
    "division by zero": (guest("(drop (i32.div_u (i32.const 1) (local.get $i)))"), "integer divide by zero"),
    "integer overflow": (guest("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))"), "integer overflow"),
    "conversion": (guest("(drop (i32.trunc_f32_s (f32.const nan)))"), "bad conversion to integer"),
    "load": (guest("(drop (i32.load (i32.const 65533)))"), "memory out of bounds"),
    "store": (guest("(i32.store (i32.const -4) (i32.const 1))"), "memory out of bounds"),
    "fill": (guest(f"(memory.fill (i32.const 0) (i32.const 1) (i32.const {PAGE + 1}))"), "memory out of bounds"),
    "table": (guest("(call_indirect (type $none) (i32.const 5))", items=TABLE), "table out of bounds"),
    "null": (guest("(call_indirect (type $none) (i32.const 0))", items=TABLE), "indirect call to null"),
    "type": (
        guest("(call_indirect (type $one) (i32.const 9) (i32.const 0))", items=TABLE + "(elem (i32.const 0) $main)"),
        "indirect call type mismatch",
    ),
    "stack": (guest("(call $deep)", items="(func $deep (call $deep))"), "stack overflow"),
    "atomic": (
        guest("(drop (i32.atomic.load (i32.const 2)))", memory=SHARED), "misaligned atomic access",
    ),
    "atomic wait": (
        guest("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))", memory=SHARED),
        "atomic wait on unshared memory",
    ),
    "start function": (guest("", items="(start $boom) (func $boom unreachable)"), "unreachable"),
    "send_bytes": (guest(f"(call $send (i32.const {PAGE - 1}) (i32.const 2))"), "BadPointer"),
    "send_bytes that wraps": (guest("(call $send (i32.const 8) (i32.const -4))"), "BadPointer"),
    "send_bytes from nowhere": (guest("(call $send (i32.const -1) (i32.const 1))"), "BadPointer"),
    "recv_bytes": (
        guest(f"(drop {call(Sys.RANDOM, 8)}) (drop (call $recv (i32.const {PAGE - 7}) (i32.const 8)))"), "BadPointer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_or_a_bad_pointer_ends_its_own_process_and_says_why(rig: Rig, name: str) -> None:
    dies(rig, *TRAPS[name])


def test_the_guests_function_names_are_kept(rig: Rig) -> None:
    pid = rig.create(guest("(call $outer)", items="(func $outer (call $inner)) (func $inner unreachable)"))
    rig.run_until(pid)
    _, *frames = rig.process(pid).description.split("\n")
    assert frames == ["inner", "outer", "main"]


def test_a_length_of_0_is_never_a_bad_pointer_and_recv_checks_only_what_it_copies(rig: Rig) -> None:
    body = f"""
      (call $send (i32.const -1) (i32.const 0))
      (drop (call $recv (i32.const -1) (i32.const 0)))
      (drop (call $recv (i32.const -1) (i32.const 4096)))
      (drop {call(Sys.RANDOM, 4)})
      (drop (call $recv (i32.const {PAGE - 4}) (i32.const -1)))
      {exit_with(5)}"""
    assert rig.exit_code(guest(body)) == 5


def test_a_result_is_read_in_pieces_until_nothing_is_left(rig: Rig) -> None:
    take = "(call $recv (i32.const 0) (i32.const {}))"
    body = f"""
      (drop {call(Sys.RANDOM, 10)})
      (local.set $i (i32.add (i32.mul {take.format(4)} (i32.const 100)) (i32.mul {take.format(9)} (i32.const 10))))
      {exit_with(f"(i32.add (local.get $i) {take.format(9)})")}"""
    assert rig.exit_code(guest(body)) == 460


def test_two_sends_in_a_row_concatenate_and_a_system_call_consumes_them_all(rig: Rig) -> None:
    body = f"""
      (i32.store (i32.const 0) (i32.const 0x64636261))
      (call $send (i32.const 0) (i32.const 2)) (call $send (i32.const 2) (i32.const 2))
      (i32.store (i32.const 0) (i32.const 0))
      (drop {call(Sys.CONSOLE_WRITE, 4)})
      {exit_with(call(Sys.CONSOLE_WRITE, 1))}"""
    assert rig.exit_code(guest(body)) == Errno.E_INVAL
    assert rig.output[1] == b"abcd"


@pytest.mark.parametrize(
    ("num", "answer"), [(Sys.CONSOLE_WRITE, 10), (Sys.CAP_GRANT, 0x8000_000A - 2**32), (Sys.CALL, -10)]
)
def test_too_many_outgoing_bytes_refuse_the_call_in_its_own_convention_and_the_log_says_so(
    rig: Rig, num: int, answer: int
) -> None:
    send = f"(call $send (i32.const 0) (i32.const {PAGE}))"
    body = f"{repeat(17, send)} {exit_with(call(num, 4))}"
    assert rig.exit_code(guest(body)) == answer
    refused = [row for row in rig.machine.gateway.syslog.rows if row.pid == 1 and row.num == num]
    assert [row.error for row in refused] == [Errno.E_OVERFLOW]
    assert rig.output[1] == b""


def test_as_many_outgoing_bytes_as_the_limit_are_taken(rig: Rig) -> None:
    send = f"(call $send (i32.const 0) (i32.const {PAGE}))"
    body = f"{repeat(16, send)} (call $send (i32.const 0) (i32.const 4096)) {exit_with(call(Sys.DEBUG, 1))}"
    assert rig.exit_code(guest(body)) == 0


def test_a_forged_slot_a_privileged_number_and_an_unknown_call_are_refused(rig: Rig) -> None:
    for slot in (99, -1, 0x7FFF_FFFF):
        assert rig.exit_code(guest(exit_with(call(Sys.SEND, slot)))) == Errno.E_BADF
    assert rig.exit_code(guest(exit_with(call(0x99)))) == Errno.E_NOSYS
    assert rig.exit_code(guest(exit_with(call(0x1_0003, 1)))) & 0xF == Errno.E_NOSYS


def test_a_full_queue_is_answered_and_the_one_who_fills_it_does_not_hold_the_machine(rig: Rig) -> None:
    reader = rig.create(guest(SPIN), "never reads")
    fill = f"(br_if $fill (i32.eqz (local.tee $i {call(Sys.SEND, FREE_SLOT, 1)})))"
    body = f"(loop $fill {fill}) {exit_with('(local.get $i)')}"
    pid = rig.create(guest(body), "fills")
    rig.connect(pid, reader)
    rig.run_until(pid)
    assert rig.process(pid).code == Errno.E_AGAIN
    owned = rig.machine.gateway.state.committed.cap(reader, 0)
    assert owned is not None
    assert len(rig.machine.gateway.state.transient.queues[owned.object_id].items) == abi.MAX_QUEUE


# --- memory -------------------------------------------------------------------------------------------------------

GROW = "(memory.grow (i32.const {}))"


def test_memory_grows_up_to_the_ceiling_held_and_then_answers_minus_1(rig: Rig) -> None:
    body = f"(drop {GROW.format(31)}) {exit_with(GROW.format(1))}"
    assert rig.exit_code(guest(body), memory=32 * PAGE) == -1
    pid = rig.create(guest(f"(drop {GROW.format(31)}) {SPIN}"), memory=32 * PAGE)
    rig.run(3, 3)
    assert rig.machine.gateway.state.transient.memory[pid] == 32 * PAGE


def test_no_single_growth_passes_the_ceiling(rig: Rig) -> None:
    assert rig.exit_code(guest(exit_with(GROW.format(32))), memory=32 * PAGE) == -1
    assert rig.exit_code(guest(exit_with(GROW.format(-1))), memory=32 * PAGE) == -1


def test_a_module_that_declares_more_than_its_ceiling_is_stopped_before_it_runs(rig: Rig) -> None:
    dies(rig, guest("", memory='(memory (export "memory") 33)'), "memory limit", memory=32 * PAGE)


def test_a_larger_ceiling_given_and_taken_counts_at_once(rig: Rig) -> None:
    grow_when_told = f"""
      (loop $wait
        (br_if $wait (i32.le_s {call(Sys.RECEIVE_WAIT, 1, -1, -1)} (i32.const 0)))
        (i32.store8 (i32.const 0) (i32.add (i32.const 66) {GROW.format(1)}))
        (call $send (i32.const 0) (i32.const 1))
        (drop {call(Sys.CONSOLE_WRITE, 1)})
        (br $wait))"""
    pid = rig.create(guest(grow_when_told), memory=PAGE)
    rig.type(pid, b"1")
    rig.run(2)
    rig.give(pid, ObjectType.MEMORY, 4 * PAGE)
    rig.type(pid, b"2")
    rig.run(2)
    rig.do(c.Revoke(((pid, FREE_SLOT),), False))
    rig.type(pid, b"3")
    rig.run(2)
    told = rig.output[pid].decode()
    assert told[0] == "A" and told[1] == "C" and set(told[2:]) == {"A"}


def test_twenty_that_grow_share_the_bound_on_the_whole_machine(engine: Engine) -> None:
    rig = Rig(engine, limits=MachineLimits(memory_total=64 * PAGE))
    hog = guest(f"(call $yield) (loop $more (br_if $more (i32.ne {GROW.format(1)} (i32.const -1)))) {SPIN}")
    pids = [rig.create(hog, f"hog {n}") for n in range(20)]
    rig.run(30, 30)
    sizes = [rig.machine.processes[pid].fiber.memory_size for pid in pids]
    assert sum(sizes) == 64 * PAGE


def test_memories_declared_large_count_against_the_whole_machine_too(engine: Engine) -> None:
    rig = Rig(engine, limits=MachineLimits(memory_total=64 * PAGE))
    large = guest(SPIN, memory='(memory (export "memory") 20)')
    pids = [rig.create(large) for _ in range(5)]
    rig.run(5, 20)
    assert [rig.alive(pid) for pid in pids] == [True, True, True, False, False]
    assert rig.process(pids[-1]).reason == "memory limit"


# --- time ---------------------------------------------------------------------------------------------------------


def test_an_endless_loop_leaves_the_others_their_turns_and_a_kill_stops_it_at_once(rig: Rig) -> None:
    spin, echo = rig.create(guest(SPIN), "spin"), rig.create(ECHO, "echo")
    rig.run(3, 4)
    for key in b"typing":
        rig.type(echo, bytes([key]))
        rig.run(1, 4)
    assert rig.output[echo] == b"typing"
    used = rig.machine.processes[spin].fiber.fuel_used
    assert used > 0
    fiber = rig.machine.processes[spin].fiber
    rig.tick([c.Kill(spin)], slices=10)
    assert rig.ended == [spin]
    assert spin not in rig.machine.processes
    assert fiber.fuel_used == used
    assert rig.process(spin).how is ExitHow.KILLED


def test_a_slice_ends_after_its_fuel_and_after_256_calls(rig: Rig) -> None:
    spin = rig.create(guest(SPIN))
    caller = rig.create(guest(f"(loop $l (drop {call(Sys.GET_TIME)}) (br $l))"))
    rig.tick(slices=1, ns=MS)
    assert rig.machine.processes[spin].fiber.fuel_used <= abi.DEFAULT_SLICE_FUEL * 1.2
    rig.tick(slices=1, ns=MS)
    assert rig.machine.processes[caller].calls == abi.MAX_CALLS_PER_SLICE


def test_a_process_alone_has_longer_slices_until_another_one_is_ready(rig: Rig) -> None:
    spin = rig.create(guest(SPIN))
    rig.tick(slices=1, ns=MS)
    fiber = rig.machine.processes[spin].fiber
    alone = fiber.fuel_used
    assert abi.LONE_SLICE_FUEL * 0.8 < alone <= abi.LONE_SLICE_FUEL * 1.2
    other = rig.create(guest(SPIN))
    rig.tick(slices=2, ns=MS)
    assert 0 < fiber.fuel_used - alone <= abi.DEFAULT_SLICE_FUEL * 1.2
    assert 0 < rig.machine.processes[other].fiber.fuel_used <= abi.DEFAULT_SLICE_FUEL * 1.2


def test_a_program_with_a_fuel_budget_is_stopped_when_it_is_used_up(rig: Rig) -> None:
    dies(rig, guest(SPIN), "out of fuel", fuel=1_000_000)


def test_bytes_copied_count_like_calls_so_that_no_slice_is_long(rig: Rig) -> None:
    """A call that copies much takes the time of many: 256 of them would hold the machine for a second."""
    memory = '(memory (export "memory") 960)'
    greedy = guest(f"(loop $l (call $send (i32.const 0) (i32.const {960 * PAGE})) (br $l))", memory=memory)
    pid = rig.create(greedy)
    rig.run(2, 1)
    assert rig.machine.processes[pid].fiber.fuel_used < 200


def test_a_guest_that_returns_has_exited_with_0_and_one_that_exits_with_its_code(rig: Rig) -> None:
    assert rig.exit_code(guest(write("done"))) == 0
    assert rig.output[1] == b"done"
    assert rig.exit_code(guest(exit_with(-3))) == -3
    assert rig.exit_code(guest(exit_with(256))) == 256
