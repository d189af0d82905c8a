"""The reel: what a session showed, tick by tick, kept from one replay, so that going back is looking up.

Rules of this file
- The session is run again once, in slices, as far as somebody wants to see it; no tick is run twice.
- Kept are what consoles wrote, and of each process what it showed when that changed. Both are bounded: of consoles
  the beginning goes first, and figures stand further apart.
- A replay that differs from its recording, or cannot go on, ends there; `problem` says so in one line.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from zos_core.errors import Refused
from zos_core.record.recording import Recording
from zos_core.record.replayer import Difference, Replayer
from zos_core.runtime import commands as c
from zos_core.runtime.compile import CompileJob
from zos_core.runtime.engine import Engine
from zos_core.view import Figures, figures_of

MAX_OUTPUT = 64 << 20
"""Bytes that are kept of all consoles together."""
MAX_FIGURES = 200_000
LOOKED_AT = 16
"""So many processes are looked at after every tick, in turn, and those that made a call in it."""
_SIZE_REPORT = re.compile(rb"\x1b\[(?:8|48);(\d{1,4});(\d{1,4})")
"""What a terminal answers to `CSI 18 t`, or says in band: its rows and columns."""


Value = TypeVar("Value")


@dataclass(slots=True)
class Output:
    """What one console wrote: `pieces[i]` by the end of tick `ticks[i]`.

    `forgotten` pieces were before these, the last of them in tick `lost`; `size` is (columns, lines) as its program was
    told.
    """

    ticks: list[int] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    kept: int = 0
    lost: int = 0
    forgotten: int = 0
    size: tuple[int, int] | None = None

    def upto(self, tick: int) -> int:
        """How many pieces there were by the end of this tick, forgotten ones included."""
        return self.forgotten + bisect_right(self.ticks, tick)

    def add(self, tick: int, data: bytes) -> None:
        self.ticks.append(tick)
        self.pieces.append(data)
        self.kept += len(data)

    def forget_half(self) -> int:
        """Forget the older half; how many bytes that was."""
        half = len(self.ticks) // 2 + 1
        size = sum(map(len, self.pieces[:half]))
        self.lost, self.kept, self.forgotten = self.ticks[half - 1], self.kept - size, self.forgotten + half
        del self.ticks[:half], self.pieces[:half]
        return size


class Use(NamedTuple):
    """How often a capability was used, and when last, in ns of uptime."""

    times: int
    last: int


class _Changes(Generic[Value]):
    """A value, and since which tick it is."""

    def __init__(self) -> None:
        self._ticks: list[int] = []
        self._values: list[Value] = []

    def note(self, tick: int, value: Value) -> bool:
        """Whether that is another value than before."""
        if self._values and self._values[-1] == value:
            return False
        self._ticks.append(tick)
        self._values.append(value)
        return True

    def at(self, tick: int) -> Value | None:
        """The value by the end of this tick; None before the first."""
        found = bisect_right(self._ticks, tick)
        return self._values[found - 1] if found else None

    def thin(self) -> int:
        """Forget every other one but the last; how many are left."""
        self._ticks, self._values = self._ticks[::-2][::-1], self._values[::-2][::-1]
        return len(self._ticks)


class Reel:
    """Runs `recording` again. Raises `Refused` when this machine cannot. `tick` is how far it has come.

    `outputs` are by pid.
    """

    def __init__(self, recording: Recording, engine: Engine, cache: Path | None) -> None:
        self._recording, self._engine, self._cache = recording, engine, cache
        self._replayer = Replayer(recording, engine, cache)
        self._compiling: tuple[bytes, CompileJob] | None = None
        self._uncompiled = [name for name in recording.module_names() if isinstance(name, bytes)]
        self.problem = ""
        self.outputs: dict[int, Output] = {}
        self._figures: dict[int, _Changes[Figures]] = {}
        self._uses: dict[int, _Changes[Use]] = {}
        self._changes = self._kept = 0
        self._turn: list[int] = []

    @property
    def tick(self) -> int:
        return self._replayer.tick

    @property
    def waits(self) -> bool:
        """A program is being compiled, outside this process: there is nothing to do but to wait."""
        return self._compiling is not None and not self._compiling[1].poll()

    def close(self) -> None:
        if self._compiling is not None:
            self._compiling[1].cancel()
        self._replayer.close()

    # --- running it -----------------------------------------------------------------------------------------------

    def run(self, until: int, more: Callable[[], bool]) -> None:
        """Run on to the end of tick `until` while `more()`, a tick at least."""
        while self.tick < until and not self.problem and not self.waits:
            if not self._compile_next():
                self._step()
            if not more():
                return

    def _compile_next(self) -> bool:
        """Compile a program ahead of the tick that starts it; False when there is none left."""
        if self._compiling is not None:
            name, job = self._compiling
            if job.program is not None:
                self._replayer.machine.modules[name] = job.program
            self._compiling = None
        if not self._uncompiled:
            return False
        name = self._uncompiled.pop()
        try:
            data = self._recording.module(name)
        except Refused:
            return True
        if hashlib.sha256(data).digest() == name:
            # Whatever is wrong with a module is told by the replay, at the tick that starts it.
            self._compiling = name, CompileJob(self._engine, data, self._cache)
        return True

    def _step(self) -> None:
        try:
            outcome = self._replayer.step()
        except Refused as refused:
            self.problem = str(refused)
            return
        if isinstance(outcome, Difference):
            self.problem = f"the replay is not what was recorded: {outcome.describe()}"
        elif outcome:
            self._note_outputs()
            self._note_figures()
        else:
            self.problem = f"the recording ends at tick {self.tick}"

    def _note_outputs(self) -> None:
        for command in self._replayer.given:
            if isinstance(command, c.Input):
                self._note_input(command)
        for pid, _, data in self._replayer.report.output:
            self._note_output(pid, data)

    def _note_input(self, command: c.Input) -> None:
        """A line that a tab has edited and echoed by itself is shown when it was delivered."""
        size = _SIZE_REPORT.search(command.data)
        if size is not None:
            self.outputs.setdefault(command.pid, Output()).size = int(size[2]), int(size[1])
        elif command.data.endswith(b"\n"):
            self._note_output(command.pid, command.data[:-1] + b"\r\n")

    def _note_output(self, pid: int, data: bytes) -> None:
        self.outputs.setdefault(pid, Output()).add(self.tick, data)
        self._kept += len(data)
        if self._kept > MAX_OUTPUT:
            self._kept -= max(self.outputs.values(), key=lambda each: each.kept).forget_half()

    def _note_figures(self) -> None:
        machine, tick = self._replayer.machine, self.tick
        committed, uses = machine.gateway.state.committed, machine.gateway.state.transient.uses
        callers = {event.pid for event in self._replayer.events}
        listed = committed.processes
        if len(self._turn) < LOOKED_AT:
            self._turn += listed
        turn, self._turn = self._turn[:LOOKED_AT], self._turn[LOOKED_AT:]
        for pid in listed.keys() & (callers.union(turn) if len(listed) > LOOKED_AT else listed.keys()):
            self._changes += self._figures.setdefault(pid, _Changes()).note(tick, figures_of(machine, listed[pid]))
        for pid in callers:
            for cap in committed.held_by(pid):
                use = uses.get(cap.id)
                if use is not None:
                    self._changes += self._uses.setdefault(cap.id, _Changes()).note(tick, Use(use.count, use.last))
        if self._changes > MAX_FIGURES:
            self._changes = sum(each.thin() for each in self._figures.values())
            self._changes += sum(each.thin() for each in self._uses.values())

    @property
    def directories(self) -> dict[int, str]:
        """Directories of the host that were given, by the numbers of their namespaces."""
        return self._replayer.machine.gateway.state.transient.directories

    # --- looking things up ----------------------------------------------------------------------------------------

    def figures(self, pid: int, tick: int) -> Figures | None:
        """What a process showed by the end of this tick; None when nothing is known of it."""
        changes = self._figures.get(pid)
        return None if changes is None else changes.at(tick)

    def use(self, cap_id: int, tick: int) -> Use | None:
        changes = self._uses.get(cap_id)
        return None if changes is None else changes.at(tick)
