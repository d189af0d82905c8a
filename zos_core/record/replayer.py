"""The replayer: runs a recording again in a fresh machine, and compares.

Rules of this file (runtime: Time, ticks and the journal)
- Clocks, commands, counts of slices and what the host refused come from the recording; no file of the host and no
  storage is touched.
- After every tick the commit head, the SysLog, the console output and, at checkpoints, a process's memory and fuel
  must be the same; the first difference is named by tick, and by commit, call or process where there is one.
"""

from __future__ import annotations

import hashlib
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zos_core.abi import Malformed
from zos_core.axiom.gateway import Gateway
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.record.journal import JournalRow, pack_events, pack_list, unpack_events, unpack_list, unpack_numbers
from zos_core.record.plain import unpack_commands, unpack_json
from zos_core.record.recorder import checkpoint, output_hash
from zos_core.record.recording import Recording, header_of
from zos_core.runtime import commands as c
from zos_core.runtime.compile import load_program
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import Machine, MachineLimits, TickReport
from zos_core.runtime.module import ModuleRefused

_UNREPLAYABLE = (Malformed, KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, struct.error)
"""What a row that no machine wrote can do to one."""


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
        self._next = deque((row.time_ns, row.wallclock_ms, *unpack_numbers(row.readings)))

    def uptime_ns(self) -> int:
        return self._next.popleft() if self._next else 0

    def wallclock_ms(self) -> int:
        return self.uptime_ns()

    @property
    def left(self) -> int:
        return len(self._next)


class Replayer:
    """A fresh machine fed by a recording. Raises `Refused` when this machine cannot replay it.

    `tick` is the last tick that was replayed; `given` are its commands, `report` is what it did, `events` its SysLog
    rows, `commits` their bytes.
    """

    def __init__(
        self, recording: Recording, engine: Engine, cache: Path | None = None, limits: MachineLimits | None = None
    ) -> None:
        self.recording, self._engine, self._cache = recording, engine, cache
        self._world = _RecordedWorld()
        header, limits = recording.header, limits or MachineLimits()
        here = header_of(b"", limits, full_audit=False, started_ms=0)
        refusal = header.first_difference(here)
        if refusal is not None:
            raise Refused(f"{recording.path}: {refusal}")
        try:
            seed = bytes.fromhex(header.seed)
        except ValueError:
            raise Refused(f"{recording.path}: the header is damaged") from None
        self._rows: Iterator[JournalRow] = recording.ticks()
        self.machine = Machine(self._world, seed, limits)
        self.machine.gateway.full_audit = header.full_audit == "1"
        self.machine.gateway.syslog.record(True)
        self.machine.gateway.commits.record(True)
        self.tick = 0
        self.given: tuple[c.Command, ...] = ()
        self.report = TickReport()
        self.events: list[SysEvent] = []
        self.commits: list[bytes] = []

    @property
    def gateway(self) -> Gateway:
        return self.machine.gateway

    def advance(self) -> JournalRow | Difference | None:
        """Run the next tick as it was recorded, without comparing: its row, None at the end, or why it cannot be."""
        row = next(self._rows, None)
        if row is None:
            # Whoever asks again may find that the recording has grown.
            self._rows = self.recording.ticks(self.tick + 1)
            return None
        if row.tick != self.tick + 1:
            return Difference(self.tick + 1, f"the tick is missing; the next one is {row.tick}")
        self.tick = row.tick
        try:
            self.given = commands = unpack_commands(row.commands)
            self._load(commands)
            self._world.begin(row)
            self.machine.host_memory.forced = frozenset(unpack_numbers(row.refusals))
            self.machine.host_calls.recorded = deque(unpack_list(row.results))
            counted = iter(range(row.slices - 1))
            more = (lambda: next(counted, None) is not None) if row.slices else None
            self.report = self.machine.tick(commands, more)
        except _UNREPLAYABLE as error:
            return Difference(row.tick, f"the row cannot be replayed: {error}")
        self.events, self.commits = self.gateway.syslog.take(), self.gateway.commits.take()
        return row

    def step(self) -> Difference | bool:
        """Replay one tick: True when it went as recorded, its first difference, or False at the end."""
        row = self.advance()
        if row is None:
            return False
        if isinstance(row, Difference):
            return row
        return self._compare(row) or True

    def run(self, until: int | None = None) -> Difference | None:
        """Replay up to and with tick `until`, or to the end; the first difference, or None."""
        while until is None or self.tick < until:
            outcome = self.step()
            if outcome is False:
                return None
            if isinstance(outcome, Difference):
                return outcome
        return None

    def close(self) -> None:
        self.machine.close()

    def _load(self, commands: tuple[c.Command, ...]) -> None:
        for command in commands:
            if isinstance(command, c.Create) and command.module not in self.machine.modules:
                data = self.recording.module(command.module)
                if hashlib.sha256(data).digest() != command.module:
                    raise Refused(f"{self.recording.path}: the module of {command.name} was altered")
                try:
                    program = load_program(self._engine, data, self._cache, stubs=command.stubs)
                    self.machine.modules[command.module] = program
                except ModuleRefused as refused:
                    raise Refused(f"{self.recording.path}: the module of {command.name}: {refused}") from None

    # --- comparing ------------------------------------------------------------------------------------------------

    def _compare(self, row: JournalRow) -> Difference | None:
        what = self._difference(row)
        return None if what is None else Difference(row.tick, what)

    def _difference(self, row: JournalRow) -> str | None:
        if pack_events(self.events) != row.syslog:
            return self._first_call(row)
        if pack_list(self.commits) != row.commits or self.gateway.commits.head != row.head:
            return self._first_commit(row)
        if self.report.slices != row.slices:
            return f"{self.report.slices} slices ran, {row.slices} were recorded"
        if output_hash(self.report) != row.output:
            return "other console output"
        if self._world.left:
            return f"{self._world.left} recorded readings were not asked for"
        if self.machine.host_calls.recorded:
            return f"{len(self.machine.host_calls.recorded)} recorded answers of the host were not asked for"
        if set(self.machine.host_memory.refused) != self.machine.host_memory.forced:
            return "this host has refused memory that the recorded one gave, or the other way round"
        return self._checkpoint(row)

    def _first_call(self, row: JournalRow) -> str:
        try:
            recorded = unpack_events(row.syslog)
        except Malformed as error:
            return f"the SysLog cannot be read: {error}"
        for mine, theirs in zip(self.events, recorded, strict=False):
            if pack_events([mine]) != pack_events([theirs]):
                return f"process {theirs.pid}: call {theirs.seq} differs"
        return f"{len(self.events)} rows in the SysLog, {len(recorded)} were recorded"

    def _first_commit(self, row: JournalRow) -> str:
        ours = self.commits
        try:
            theirs = unpack_list(row.commits)
        except Malformed as error:
            return f"the commits cannot be read: {error}"
        first = self.gateway.commits.seq - len(ours) + 1
        for at, (mine, recorded) in enumerate(zip(ours, theirs, strict=False)):
            if mine != recorded:
                return f"commit {first + at} differs"
        if len(ours) != len(theirs):
            return f"{len(ours)} commits from {first}, {len(theirs)} were recorded"
        return f"the head after commit {self.gateway.commits.seq} differs"

    def _checkpoint(self, row: JournalRow) -> str | None:
        ours = checkpoint(self.machine, row.tick)
        if ours == row.checkpoint:
            return None
        if not ours:
            return "a checkpoint where there is none"
        return f"process {unpack_json(ours)[0]} has other memory or fuel"
