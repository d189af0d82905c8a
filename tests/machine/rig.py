"""A machine under a clock that is moved by hand, and guests in text for it.

    rig = Rig(engine)
    pid = rig.create(guest(write("hello")))
    rig.run()
    assert rig.output[pid] == b"hello"

A guest tells a test what it was answered by its exit code, or by what it writes.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from tests.runtime.support import guest, repeat
from zos_core import abi
from zos_core.abi import ObjectType, Rights, Sys
from zos_core.kernel.call import Outcome
from zos_core.kernel.process import Grant
from zos_core.kernel.state import Process
from zos_core.runtime import commands as c
from zos_core.runtime.compile import load_program
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import Machine, MachineLimits, TickReport, TickRow, World

__all__ = ["FakeWorld", "ReplayWorld", "Rig", "call", "exit_with", "guest", "poll_for_ever", "repeat", "write"]

MS = 1_000_000
SECOND = 1_000_000_000
ENOUGH_SLICES = 100_000
FREE_SLOT = 300
"""A slot that no program of these tests fills by itself."""


# --- guests -------------------------------------------------------------------------------------------------------


def call(num: int, a1: object = 0, a2: object = 0, a3: object = 0) -> str:
    """A system call; an argument is a number or an expression."""
    args = [f"(i32.const {arg})" if isinstance(arg, int) else str(arg) for arg in (int(num), a1, a2, a3)]
    return f"(call $syscall {' '.join(args)})"


def exit_with(code: object) -> str:
    return f"(drop {call(Sys.EXIT, code)})"


def write(text: str, at: int = 1024) -> str:
    """Puts a short text into memory and onto the console."""
    stores = "".join(f"(i32.store8 (i32.const {at + i}) (i32.const {byte}))" for i, byte in enumerate(text.encode()))
    size = len(text.encode())
    return f"{stores} (call $send (i32.const {at}) (i32.const {size})) (drop {call(Sys.CONSOLE_WRITE, size)})"


def poll_for_ever(then: str = "", slot: int = 1) -> str:
    """`receive; yield` without end, as published libraries do it; `then` is done for each message."""
    received = f"(i32.gt_s {call(Sys.RECEIVE, slot)} (i32.const 0))"
    return f"(loop $poll (if {received} (then {then})) (call $yield) (br $poll))"


SPIN = "(loop $spin (br $spin))"
ECHO_MESSAGE = f"""
    (local.set $j (call $recv (i32.const 0) (i32.const 4096)))
    (call $send (i32.const 8) (i32.sub (local.get $j) (i32.const 8)))
    (drop {call(Sys.CONSOLE_WRITE, '(i32.sub (local.get $j) (i32.const 8))')})"""
ECHO = guest(poll_for_ever(ECHO_MESSAGE))
"""Writes back what is typed."""


# --- the rig ------------------------------------------------------------------------------------------------------


class FakeWorld:
    """Clocks that stand still until a test moves them; each reading takes `step` ns."""

    def __init__(self, step: int = 0) -> None:
        self.ns = 0
        self.step = step

    def uptime_ns(self) -> int:
        self.ns += self.step
        return self.ns

    def wallclock_ms(self) -> int:
        return 1_700_000_000_000 + self.ns // MS


class ReplayWorld:
    """The clocks of a recording: every reading comes from the rows, in the order it was taken."""

    def __init__(self) -> None:
        self.readings: list[int] = []

    def load(self, row: TickRow) -> None:
        self.readings = [row.time_ns, row.wallclock_ms, *row.readings]

    def uptime_ns(self) -> int:
        return self.readings.pop(0)

    wallclock_ms = uptime_ns


class Rig:
    """`output` is what each process wrote, `ended` who has ended, `rows` what a recording would keep."""

    def __init__(self, engine: Engine, world: World | None = None, limits: MachineLimits | None = None) -> None:
        self.engine = engine
        self.world = world or FakeWorld()
        self.machine = Machine(self.world, b"seed", limits)
        self.output: dict[int, bytes] = defaultdict(bytes)
        self.ended: list[int] = []
        self.rows: list[TickRow] = []
        self.machine.on_tick = self.rows.append

    def tick(self, commands: Iterable[c.Command] = (), slices: int = 0, ns: int = 0) -> TickReport:
        """One tick of at most so many slices, `ns` later."""
        if isinstance(self.world, FakeWorld):
            self.world.ns += ns
        left = [slices]

        def more() -> bool:
            left[0] -= 1
            return left[0] > 0

        report = self.machine.tick(commands, more if slices else None)
        for pid, _, data in report.output:
            self.output[pid] += data
        self.ended += report.ended
        return report

    def run(self, ticks: int = 1, slices: int = ENOUGH_SLICES, ns: int = MS) -> int:
        """Some ticks; how many slices they ran."""
        return sum(self.tick((), slices, ns).slices for _ in range(ticks))

    def run_until(self, done: int, ticks: int = 10_000, slices: int = 64) -> None:
        """Ticks until a process has ended."""
        for _ in range(ticks):
            if done in self.ended:
                return
            self.run(1, slices)
        raise AssertionError(f"process {done} does not end")

    def do(self, command: c.Command) -> Outcome:
        return self.tick([command]).outcomes[0]

    def load(self, source: bytes) -> bytes:
        name = hashlib.sha256(source).digest()
        if name not in self.machine.modules:
            self.machine.modules[name] = load_program(self.engine, source)
        return name

    def create(
        self, source: bytes, name: str = "p", *, grants: Sequence[Grant] = (), memory: int = abi.DEFAULT_MEMORY,
        fuel: int | None = None,
    ) -> int:  # fmt: skip
        outcome = self.do(c.Create(name, self.load(source), (), tuple(grants), memory, fuel))
        assert not outcome.result & abi.ERROR_BIT, outcome.reason
        return outcome.result

    def give(self, pid: int, kind: ObjectType, object_id: int, slot: int = FREE_SLOT, perms: int = Rights.ALL) -> None:
        outcome = self.do(c.GrantCap(pid, kind, object_id, perms, slot, 0, 0))
        assert outcome.result == slot, outcome.reason

    def connect(self, writer: int, reader: int, reader_slot: int = 0, slot: int = FREE_SLOT) -> None:
        """`writer` may send to an endpoint of `reader` by its slot 300."""
        cap = self.machine.gateway.state.committed.cap(reader, reader_slot)
        assert cap is not None
        self.give(writer, ObjectType.ENDPOINT, cap.object_id, slot, Rights.WRITE)

    def type(self, pid: int, data: bytes) -> None:
        assert self.do(c.Input(pid, data)).result == 0

    def process(self, pid: int) -> Process:
        return self.machine.gateway.state.committed.processes[pid]

    def alive(self, pid: int) -> bool:
        return self.machine.gateway.state.committed.alive(pid)

    def exit_code(self, source: bytes, **options: object) -> int:
        """Runs a guest to its end, beside whatever else there is; the code it exits with."""
        pid = self.create(source, **options)  # type: ignore[arg-type]
        self.run_until(pid)
        process = self.process(pid)
        assert process.how is abi.ExitHow.EXITED, (process.reason, process.description)
        return process.code
