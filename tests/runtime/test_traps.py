"""Hostile guests: every way to break is one reason, with the guest's own function names, and hurts nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.runtime.support import CALL, ScriptHost, guest, resident_bytes, run, start
from zos_core.runtime import traps
from zos_core.runtime.fiber import FiberState, Program

Load = Callable[[bytes], Program]

TABLE = "(table 2 funcref) (type $number (func (result i32))) (elem (i32.const 0) $main)"

BREAKING = {
    "unreachable": ("unreachable", ""),
    "integer divide by zero": ("(drop (i32.div_u (i32.const 1) (local.get $i)))", ""),
    "integer overflow": ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", ""),
    "bad conversion to integer": ("(drop (i32.trunc_f32_s (f32.const nan)))", ""),
    "memory out of bounds": ("(drop (i32.load (i32.const 65533)))", ""),
    "table out of bounds": ("(drop (table.get (i32.const 2)))", TABLE),
    "indirect call to null": ("(call_indirect (i32.const 1))", TABLE),
    "indirect call type mismatch": ("(drop (call_indirect (type $number) (i32.const 0)))", TABLE),
    "stack overflow": ("(call $down)", "(func $down (call $down) (call $down))"),
    "misaligned atomic access": ("(drop (i32.atomic.load (i32.const 1)))", ""),
    "atomic wait on unshared memory": (
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
        "",
    ),
    "uncaught exception": ("(throw $problem)", "(tag $problem)"),
    "BadPointer": ("(call $send (i32.const 65536) (i32.const 1))", ""),
}


@pytest.mark.parametrize("reason", BREAKING)
def test_each_way_to_break_has_its_reason(load: Load, reason: str) -> None:
    body, items = BREAKING[reason]
    fiber = start(load(guest(body, items=items)))
    assert run(fiber) == [FiberState.TRAPPED]
    assert fiber.trap is not None
    assert fiber.trap.reason == reason
    assert reason == traps.BAD_POINTER or fiber.trap.code is None or traps.REASONS[fiber.trap.code] == reason
    assert {frame.function for frame in fiber.trap.frames} <= {"main", "down"}
    assert fiber.trap.frames and "\n" not in str(fiber.trap)


def test_a_backtrace_names_the_guest_s_functions_from_the_inside_out(load: Load) -> None:
    items = "(func $outer (call $inner)) (func $inner unreachable)"
    fiber = start(load(guest("(call $outer)", items=items)))
    run(fiber)
    assert fiber.trap is not None
    assert [frame.function for frame in fiber.trap.frames] == ["inner", "outer", "main"]
    assert all(frame.offset > 0 for frame in fiber.trap.frames)


def test_a_bad_pointer_says_what_was_claimed_and_where(load: Load) -> None:
    fiber = start(load(guest("(call $helper)", items="(func $helper (call $send (i32.const 65530) (i32.const 100)))")))
    run(fiber)
    assert str(fiber.trap) == "BadPointer: 100 bytes at 0xfffa are outside of a memory of 0x10000 bytes in helper"


def test_names_of_a_guest_cannot_write_to_the_terminal(load: Load) -> None:
    evil = '"\\1b]0;owned\\07' + "x" * 500 + '"'
    module = f'(module (memory (export "memory") 1) (func (@name {evil}) (export "_start") unreachable))'
    fiber = start(load(module.encode()))
    run(fiber)
    assert fiber.trap is not None
    name = fiber.trap.frames[0].function
    assert name.startswith("\ufffd]0;owned\ufffdxx") and len(name) <= traps.MAX_FUNCTION_NAME


def test_a_trap_is_not_an_exception_that_a_guest_can_catch(load: Load) -> None:
    body = f"(block $out (try_table (catch_all $out) (drop {CALL}) unreachable))"
    fiber = start(load(guest(body)))
    assert run(fiber) == [FiberState.TRAPPED]
    assert fiber.trap is not None and fiber.trap.reason == "unreachable"


def test_a_guest_can_catch_its_own_exceptions_across_a_wait(load: Load) -> None:
    items = f"(tag $problem (param i32)) (func $inner (drop {CALL}) (throw $problem (i32.const 7)))"
    body = """
      (i32.store (i32.const 0) (block $caught (result i32)
        (try_table (catch $problem $caught) (call $inner)) (i32.const 0)))
      (call $send (i32.const 0) (i32.const 1))"""
    host = ScriptHost(lambda _host, n, _args: -1 if n == 1 else 0)
    assert run(start(load(guest(body, items=items)), host)) == [FiberState.WAITING, FiberState.DONE]
    assert host.sent == [b"\x07"]


def test_exceptions_that_are_never_freed_stay_within_their_heap(load: Load) -> None:
    values, parameters = " (i64.const 1)" * 30, " i64" * 30
    items = f"(tag $problem (param {parameters})) (table $kept 100000 exnref)"
    body = f"""(loop $more
      (table.set $kept (local.get $i) (block $caught (result exnref)
        (try_table (catch_all_ref $caught) (throw $problem {values})) unreachable))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (i32.const 100000))))"""
    fiber = start(load(guest(body, items=items)))
    before = resident_bytes()
    assert run(fiber)[-1] is FiberState.TRAPPED
    assert fiber.trap is not None
    assert fiber.trap.reason == traps.EXCEPTION_HEAP
    assert resident_bytes() - before < 32 << 20


def test_too_large_tables_and_memories_are_refused_not_trapped(load: Load) -> None:
    host = ScriptHost()
    body = """
      (i32.store (i32.const 0) (table.grow $t (ref.null func) (i32.const 100001)))
      (i32.store (i32.const 4) (memory.grow (i32.const 2000)))
      (call $send (i32.const 0) (i32.const 8))"""
    assert run(start(load(guest(body, items="(table $t 0 funcref)")), host)) == [FiberState.DONE]
    assert host.sent == [b"\xff" * 8]


@pytest.mark.parametrize(
    ("memory", "items", "reason", "words"),
    [
        ('(memory (export "memory") 1025)', "", traps.MEMORY_LIMIT, "larger than the limit"),
        ('(memory (export "memory") 1)', "(table 100001 funcref)", traps.NOT_STARTED, "table"),
        ('(memory (export "memory") 1)', "(table 1 funcref) " * 5, traps.NOT_STARTED, "table"),
        ('(memory (export "memory") 1)', '(data (i32.const 65535) "ab")', "memory out of bounds", ""),
    ],
)
def test_a_guest_that_cannot_be_started_says_why(load: Load, memory: str, items: str, reason: str, words: str) -> None:
    fiber = start(load(guest("", memory=memory, items=items)))
    assert run(fiber) == [FiberState.TRAPPED]
    assert fiber.trap is not None
    assert fiber.trap.reason == reason
    assert words in fiber.trap.message
    fiber.kill()
    assert run(start(load(guest("")))) == [FiberState.DONE]


def test_one_broken_guest_does_not_disturb_another(load: Load) -> None:
    host = ScriptHost(lambda _host, n, _args: -1 if n == 1 else 5)
    good = start(load(guest(f"(i32.store (i32.const 0) {CALL}) (call $send (i32.const 0) (i32.const 1))")), host)
    good.resume()
    for body, items in BREAKING.values():
        run(start(load(guest(body, items=items))))
    assert run(good) == [FiberState.DONE]
    assert host.sent == [b"\x05"]
