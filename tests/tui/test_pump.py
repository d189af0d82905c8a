"""The pump: when it runs the machine, when it rests, and in which order output is handed over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.tui.fake_machine import FakeMachine
from zos_core.snapshot import PollReport
from zos_tui.pump import (
    BATCH_S,
    HOLD_ABOVE_BYTES,
    HOLD_ABOVE_KEY_BYTES,
    KEY_BUDGET_MS,
    KEY_WINDOW_S,
    TURN_BUDGET_MS,
    Pump,
)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """A pump over the double with a clock in the test's hand, turned by hand."""

    machine: FakeMachine = field(default_factory=lambda: FakeMachine(greeting=b"", echo=False))
    clock: Clock = field(default_factory=Clock)
    reports: list[PollReport] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    budgets: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine.boot()
        poll = self.machine.poll_syscalls

        def noting(*, budget_ms: float) -> PollReport:
            self.budgets.append(budget_ms)
            return poll(budget_ms=budget_ms)

        self.machine.poll_syscalls = noting  # type: ignore[method-assign]
        self.pump = Pump(self.machine, self.reports.append, self.failures.append, self.clock)

    def listen(self) -> tuple[int, list[bytes]]:
        pid, heard = self.machine.spawn("terminal"), []
        self.pump.attach(pid, heard.append)
        return pid, heard


def test_output_is_batched_at_the_pace_of_a_screen() -> None:
    bench = Bench()
    pid, heard = bench.listen()
    bench.machine.say(pid, b"one ")
    bench.pump.turn()
    assert heard == [b"one "]
    bench.machine.say(pid, b"two ")
    bench.pump.turn()
    bench.machine.say(pid, b"three")
    bench.pump.turn()
    assert heard == [b"one "]
    bench.clock.now += 2 * BATCH_S
    bench.pump.turn()
    assert heard == [b"one ", b"two three"]


def test_output_follows_a_key_at_once_and_turns_are_short() -> None:
    bench = Bench()
    pid, heard = bench.listen()
    bench.machine.say(pid, b"prompt")
    bench.pump.turn()
    bench.pump.typed(pid)
    bench.machine.say(pid, b"echo")
    bench.pump.turn()
    assert heard == [b"prompt", b"echo"]
    assert bench.budgets == [TURN_BUDGET_MS, KEY_BUDGET_MS]
    bench.clock.now += 1.0
    bench.pump.turn()
    assert bench.budgets[-1] == TURN_BUDGET_MS


def test_the_process_typed_into_is_heard_first() -> None:
    bench = Bench()
    order: list[str] = []
    for name in ("first", "second"):
        pid = bench.machine.spawn(name)
        bench.pump.attach(pid, lambda data, name=name: order.append(name))
        bench.machine.say(pid, b"x")
    bench.pump.typed(pid)
    bench.pump.turn()
    assert order == ["second"]
    bench.pump.turn()
    assert order == ["second", "first"]


def test_a_flood_is_held_and_let_go_without_losing_a_byte() -> None:
    bench = Bench()
    pid, heard = bench.listen()
    flood = bytes(range(256)) * (HOLD_ABOVE_BYTES // 128)
    bench.machine.say(pid, flood)
    sink = bench.pump._sinks[pid]

    def slowly(data: bytes) -> None:
        bench.clock.now += 1.0
        sink(data)

    bench.pump._sinks[pid] = slowly
    assert bench.pump.turn() == 0.0
    assert bench.machine.held == {pid}
    for _ in range(len(flood)):
        if not bench.machine.held:
            break
        bench.pump.turn()
    assert not bench.machine.held
    bench.pump.drain(pid)
    assert b"".join(heard) == flood


def test_while_someone_types_a_flood_elsewhere_steps_aside_until_the_typing_pauses() -> None:
    bench = Bench()
    shell, _ = bench.listen()
    noisy, heard = bench.listen()
    bench.pump.typed(shell)
    bench.machine.say(noisy, b"x" * (HOLD_ABOVE_KEY_BYTES + 1))
    bench.pump.turn()
    assert bench.machine.held == {noisy}
    rest = bench.pump.turn()
    assert bench.machine.held == {noisy} and rest is not None and rest <= KEY_WINDOW_S
    bench.clock.now += 2 * KEY_WINDOW_S
    assert bench.pump.turn() == 0.0
    assert not bench.machine.held
    assert len(b"".join(heard)) == HOLD_ABOVE_KEY_BYTES + 1


def test_it_rests_until_the_machines_own_deadline() -> None:
    bench = Bench()
    assert bench.pump.turn() is None
    bench.machine.wake_at_ns, bench.machine.now_ns = 3_000_000_000, 1_000_000_000
    assert bench.pump.turn() == 2.0
    bench.machine.now_ns = 5_000_000_000
    assert bench.pump.turn() == 0.0


def test_an_idle_machine_is_not_polled_and_a_touch_wakes_it() -> None:
    async def scenario() -> None:
        bench = Bench()
        task = asyncio.create_task(bench.pump.run())
        while bench.pump.turns == 0:
            await asyncio.sleep(0)
        for _ in range(200):
            await asyncio.sleep(0)
        assert bench.pump.turns == 1
        bench.pump.touched()
        while bench.pump.turns == 1:
            await asyncio.sleep(0)
        bench.pump.stop()
        await asyncio.wait_for(task, 5)

    asyncio.run(scenario())


def test_a_machine_that_fails_is_one_line_and_the_loop_goes_on() -> None:
    def explode() -> None:
        raise RuntimeError("engine gone")

    async def scenario() -> None:
        bench = Bench()
        bench.machine.on_poll = explode
        await asyncio.wait_for(bench.pump.run(), 5)
        assert bench.failures == ["the machine stopped: RuntimeError: engine gone"]

    asyncio.run(scenario())


def test_a_detached_process_is_not_heard_any_more() -> None:
    bench = Bench()
    pid, heard = bench.listen()
    bench.pump.detach(pid)
    bench.machine.say(pid, b"late")
    bench.pump.turn()
    assert heard == []
    assert pid not in bench.machine.callbacks
