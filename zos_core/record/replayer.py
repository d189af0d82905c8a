"""The replayer: runs a recording again in a fresh machine, and compares.

Rules of this file (runtime: Time, ticks and the journal)
- Clocks, commands, counts of slices come from the recording; no file of the host and no storage is touched.
- After every tick the commit head, the SysLog, the console output and, at checkpoints, each process's memory and
  fuel must be the same; the first difference is named by tick, and by commit or process where there is one.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zos_core.abi import Malformed
from zos_core.axiom.gateway import Gateway
from zos_core.errors import Refused
from zos_core.record.journal import (
    JournalRow,
    pack_event,
    pack_list,
    unpack_commands,
    unpack_list,
    unpack_readings,
)
from zos_core.record.recorder import checkpoint, output_hash
from zos_core.record.recording import Recording
from zos_core.runtime import commands as c
from zos_core.runtime.compile import load_program
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import Machine, MachineLimits, TickReport
from zos_core.runtime.module import ModuleRefused


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where a replay is not what was recorded."""

    tick: int
    what: str

    def describe(self) -> str:
        return f"tick {self.tick}: {self.what}"


class _RecordedWorld:
    """Clocks that repeat a recording: the tick's own times first, then the readings in order."""

    def __init__(self) -> None:
        self._next: deque[int] = deque()

    def begin(self, row: JournalRow) -> None:
        self._next = deque((row.time_ns, row.wallclock_ms, *unpack_readings(row.readings)))

    def uptime_ns(self) -> int:
        return self._next.popleft() if self._next else 0

    def wallclock_ms(self) -> int:
        return self.uptime_ns()

    @property
    def left(self) -> int:
        return len(self._next)


class Replayer:
    """A fresh machine fed by a recording. Raises `Refused` when this machine cannot replay it."""

    def __init__(self, recording: Recording, engine: Engine, cache: Path | None = None) -> None:
        self._recording, self._engine, self._cache = recording, engine, cache
        self._world = _RecordedWorld()
        header = recording.header
        try:
            seed, limits = bytes.fromhex(header.seed), MachineLimits(int(header.memory_total))
        except ValueError:
            raise Refused(f"{recording.path}: the header is damaged") from None
        self._rows: Iterator[JournalRow] = recording.ticks()
        self.machine = Machine(self._world, seed, limits)
        self.machine.gateway.full_audit = header.full_audit == "1"
        self.machine.gateway.syslog.record(True)
        self.machine.gateway.commits.record(True)
        self.tick = 0
        self.report: TickReport | None = None

    @property
    def gateway(self) -> Gateway:
        return self.machine.gateway

    def step(self) -> Difference | bool | None:
        """Replay one tick: None when it went as recorded, its first difference, or False at the end."""
        row = next(self._rows, None)
        if row is None:
            return False
        self.tick = row.tick
        try:
            commands = unpack_commands(row.commands)
            self._world.begin(row)
            self._load(commands)
            left = row.slices
            counted = iter(range(left - 1))
            more = (lambda: next(counted, None) is not None) if left else None
            self.report = report = self.machine.tick(commands, more)
        except (Malformed, KeyError, IndexError, TypeError, ValueError) as error:
            return Difference(row.tick, f"the row cannot be replayed: {error}")
        return self._compare(row, report)

    def run(self, until: int | None = None) -> Difference | None:
        """Replay up to and with tick `until`, or to the end; the first difference, or None."""
        while until is None or self.tick < until:
            outcome = self.step()
            if outcome is False:
                return None
            if isinstance(outcome, Difference):
                return outcome
        return None

    def _load(self, commands: tuple[c.Command, ...]) -> None:
        for command in commands:
            if isinstance(command, c.Create) and command.module not in self.machine.modules:
                name, data = self._recording.module(command.module)
                try:
                    program = load_program(self._engine, data, self._cache)
                except ModuleRefused as refused:
                    raise Refused(f"{self._recording.path}: module {name}: {refused}") from None
                if program.info.sha256 != command.module:
                    raise Refused(f"{self._recording.path}: the module {name} was altered")
                self.machine.modules[command.module] = program

    def _compare(self, row: JournalRow, report: TickReport) -> Difference | None:
        events, commits = self.gateway.syslog.take(), self.gateway.commits.take()
        if report.slices != row.slices:
            return Difference(row.tick, f"{report.slices} slices ran, {row.slices} were recorded")
        if pack_list(commits) != row.commits or self.gateway.commits.head != row.head:
            return Difference(row.tick, self._first_commit(commits, unpack_list(row.commits)))
        if pack_list([pack_event(event) for event in events]) != row.syslog:
            return Difference(row.tick, "the SysLog has other rows")
        if output_hash(report) != row.output:
            return Difference(row.tick, "other console output")
        if self._world.left:
            return Difference(row.tick, f"{self._world.left} recorded readings were not asked for")
        return self._compare_checkpoint(row)

    def _first_commit(self, ours: list[bytes], theirs: list[bytes]) -> str:
        first = self.gateway.commits.seq - len(ours) + 1
        for at, (mine, recorded) in enumerate(zip(ours, theirs, strict=False)):
            if mine != recorded:
                return f"commit {first + at} differs"
        return f"{len(ours)} commits from {first}, {len(theirs)} were recorded"

    def _compare_checkpoint(self, row: JournalRow) -> Difference | None:
        if not row.checkpoint or checkpoint(self.machine) == row.checkpoint:
            return None
        try:
            recorded = {entry[0]: entry for entry in json.loads(row.checkpoint)}
            ours = {entry[0]: entry for entry in json.loads(checkpoint(self.machine))}
        except (ValueError, TypeError, LookupError):
            return Difference(row.tick, "a checkpoint that cannot be read")
        for pid in sorted({*recorded, *ours}):
            if recorded.get(pid) != ours.get(pid):
                return Difference(row.tick, f"process {pid} has other memory or fuel")
        return Difference(row.tick, "another checkpoint")
