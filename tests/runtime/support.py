"""Guests in text and a host that answers from a script, for the tests of the runtime."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path

from zos_core.runtime.fiber import Fiber, FiberState, Program

MAX_SLICES = 100_000

IMPORTS = """
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send (param i32 i32)))
  (import "env" "zos_recv_bytes" (func $recv (param i32 i32) (result i32)))
  (import "env" "zos_yield" (func $yield))
  (import "env" "zos_get_pid" (func $get_pid (result i32)))
"""

CALL = "(call $syscall (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4))"


def guest(body: str, *, memory: str = '(memory (export "memory") 1)', items: str = "") -> bytes:
    """A module whose `_start` is `body`, with every import of the ABI and locals $i and $j."""
    main = f'(func $main (export "_start") (local $i i32) (local $j i32) {body})'
    return f"(module {IMPORTS} {memory} {items} {main})".encode()


def repeat(times: int, body: str, counter: str = "$i") -> str:
    """A loop that runs `body` some times, counting in the local `counter`."""
    return f"""
    (local.set {counter} (i32.const 0))
    (loop $again {body}
      (local.set {counter} (i32.add (local.get {counter}) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get {counter}) (i32.const {times}))))"""


FOREVER = "(loop $for_ever (br $for_ever))"


def resident_bytes() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


class ScriptHost:
    """Notes every call; `answer(self, call number, arguments)` says what a system call returns."""

    fiber: Fiber

    def __init__(self, answer: Callable[[ScriptHost, int, tuple[int, int, int, int]], int] | None = None) -> None:
        self.answer = answer
        self.calls: list[tuple[int, int, int, int]] = []
        self.fuel: list[int] = []
        self.sent: list[bytes] = []
        self.reply = b""
        self.yields = 0

    def syscall(self, num: int, a1: int, a2: int, a3: int) -> int:
        self.calls.append((num, a1, a2, a3))
        self.fuel.append(self.fiber.fuel_used)
        return self.answer(self, len(self.calls), (num, a1, a2, a3)) if self.answer else 0

    def send_bytes(self, ptr: int, length: int) -> None:
        self.sent.append(self.fiber.memory.read(ptr, length))

    def recv_bytes(self, ptr: int, max_len: int) -> int:
        piece, self.reply = self.reply[:max_len], self.reply[max_len:]
        self.fiber.memory.write(ptr, piece)
        return len(piece)

    def yield_now(self) -> None:
        self.yields += 1
        self.fiber.stop_after_call = True

    def wasi(self, number: int, arguments: tuple[int, ...]) -> int:
        raise AssertionError(f"function {number} of WASI, called with {arguments}")


def start(program: Program, host: ScriptHost | None = None, **options: object) -> Fiber:
    """A fiber of `program` that has not run yet; its host knows it."""
    host = host or ScriptHost()
    host.fiber = Fiber(program, host, pid=42, **options)  # type: ignore[arg-type]
    return host.fiber


def run(fiber: Fiber) -> list[FiberState]:
    """Resumes a fiber until it ends; every state it was in."""
    states = []
    while not states or states[-1] < FiberState.DONE:
        assert len(states) < MAX_SLICES, "the guest never ends"
        states.append(fiber.resume())
    return states
