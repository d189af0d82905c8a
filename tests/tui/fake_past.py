"""A past for desktop tests: twelve ticks of a shell that is typed into and a guest that comes and goes; no kernel.

It satisfies `zos_tui.ports.Past`. Tick n writes `line n`; process 4 lives from tick 4 to tick 8. Every tick has three
commits. What it is asked is kept in `asked`; `budget` is how much work it does before a place is reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tests.tui.fake_machine import FakeMachine, capability, process
from zos_core.abi import ExitHow, ObjectType, ProcessState, Rights
from zos_core.errors import Refused
from zos_core.snapshot import CommitSnapshot, EventKind, ExitSnapshot, MachineSnapshot, Moment

TICKS = 12
COMMITS_A_TICK = 3
SECOND = 1_000_000_000
COMES, GOES = 4, 8
SHELL, GUEST = 3, 4


class Doing(NamedTuple):
    what: str
    share: float


@dataclass
class FakeWritten:
    pieces: list[bytes]
    forgotten: int = 0
    size: tuple[int, int] | None = None

    def upto(self, tick: int) -> int:
        return min(len(self.pieces), tick if len(self.pieces) == TICKS else max(0, tick - COMES + 1))


@dataclass
class FakePast(FakeMachine):
    name: str = "2026-03-01_12-00-00.zosrec"
    moment: Moment = field(default_factory=lambda: Moment(0, 0, 0))
    version: int = 0
    ticks: int = TICKS
    problem: str = ""
    why_no_replay: str = ""
    waits: bool = False
    torn: bool = False
    wanted: Moment | None = field(default_factory=lambda: Moment(1, COMMITS_A_TICK, SECOND))
    work_left: int = 0
    lines: int = 1
    closed: bool = False

    @property
    def known(self) -> int:
        return self.ticks

    @property
    def commits(self) -> int:
        return self.ticks * COMMITS_A_TICK

    @property
    def console_tick(self) -> int:
        return self.moment.commit // COMMITS_A_TICK

    @property
    def replayed(self) -> bool:
        return not self.why_no_replay and not self.work_left

    @property
    def progress(self) -> Doing | None:
        return Doing("replaying", 0.5) if self.work_left else None

    def work(self, more: Callable[[], bool]) -> bool:
        self.work_left = max(0, self.work_left - 1)
        if self.wanted is not None:
            self.moment, self.wanted = self.wanted, None
            self.version += 1
        return bool(self.work_left)

    def _go(self, tick: int, commit: int) -> None:
        self.asked.append(("go", tick, commit))
        self.wanted = Moment(tick, commit, tick * SECOND)

    def go_to_tick(self, tick: int) -> None:
        at = max(1, min(tick, self.ticks))
        self._go(at, at * COMMITS_A_TICK)

    def go_to_commit(self, commit: int) -> None:
        at = max(1, min(commit, self.commits))
        self._go(-(-at // COMMITS_A_TICK), at)

    def go_to_time(self, time_ns: int) -> None:
        self.go_to_tick(time_ns // SECOND)

    def next_time(self) -> int | None:
        return (self.moment.tick + 1) * SECOND if self.moment.tick < self.ticks else None

    def grow(self) -> None:
        self.ticks += 1

    def console(self, pid: int) -> FakeWritten | None:
        if pid == SHELL:
            lines = "".join("\r\n" for _ in range(self.lines - 1))
            return FakeWritten([f"line {n}\r\n{lines}".encode() for n in range(1, TICKS + 1)])
        return FakeWritten([b"guest\r\n"] * (GOES - COMES + 1)) if pid == GUEST else None

    def commits_around(self, before: int, after: int) -> list[CommitSnapshot]:
        first, last = max(1, self.moment.commit - before), min(self.commits, self.moment.commit + after)
        return [self._commit(seq) for seq in range(first, last + 1)]

    @staticmethod
    def _commit(seq: int) -> CommitSnapshot:
        tick, place = divmod(seq - 1, COMMITS_A_TICK)
        kind = ("grant", "message", "removed")[place]
        text = ("slot 9 network 1 rw-", "0x0010, 4 bytes to endpoint 30", "✗ slot 9 revoked")[place]
        return CommitSnapshot(seq, tick + 1, (tick + 1) * SECOND, kind, SHELL, text)

    def snapshot(self) -> MachineSnapshot:
        tick = self.moment.tick
        own = capability(0, ObjectType.ENDPOINT, 30, "own", Rights.ALL, uses=tick, cap_id=300)
        rows = [process(1, "init"), process(2, "permission"), process(SHELL, "terminal", own, console=True)]
        if tick >= COMES:
            guest = process(GUEST, "guest", console=tick < GOES)
            ended = ExitSnapshot(ExitHow.EXITED, 7) if tick >= GOES else None
            state = ProcessState.EXITED if ended else ProcessState.RUNNING
            rows.append(replace(guest, exit=ended, state=state))
        return MachineSnapshot(
            self.moment.time_ns, self.moment.commit, tuple(rows), (), super().snapshot().counters, "",
            by_pid={row.pid: row for row in rows},
        )  # fmt: skip

    def earlier(self, span_ns: int) -> MachineSnapshot:
        now = self.snapshot()
        rows = [replace(each, syscalls=each.syscalls - each.pid) for each in now.processes]
        return replace(now, time_ns=now.time_ns - span_ns, by_pid={row.pid: row for row in rows})

    def uptime_ns(self) -> int:
        return self.moment.time_ns

    def event_log(self, *, messages: bool = False) -> object:  # type: ignore[override]
        self.told.clear()
        for tick in range(1, self.moment.tick + 1):
            self.now_ns = tick * SECOND
            self.tell(EventKind.GRANTED, SHELL, f"slot 9 at tick {tick}")
        return super().event_log(messages=messages)

    def send_input_to_process(self, pid: int, data: str | bytes) -> None:
        raise Refused("this is the past: nothing in it can be changed")

    def close(self) -> None:
        self.closed = True
