"""Rates from counters: what two snapshots of a machine say about the time between them.

Pure: a snapshot carries its own time. Histories are bounded and go with their process.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from zos_core.snapshot import MachineSnapshot

HISTORY = 8


@dataclass(slots=True)
class ProcessRates:
    """Per second, over the last interval: `fuel` is CPU, `syscalls` calls.

    `history` is fuel a second, `memory` sizes in bytes; both oldest first.
    """

    fuel: float = 0.0
    syscalls: float = 0.0
    history: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))
    memory: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))


class Rates:
    """Keeps the previous snapshot and answers with what has happened since."""

    def __init__(self) -> None:
        self._before: MachineSnapshot | None = None
        self._by_pid: dict[int, ProcessRates] = {}

    def update(self, snapshot: MachineSnapshot) -> dict[int, ProcessRates]:
        """The rates of every process in `snapshot`; a process first seen here starts at zero."""
        before = self._before
        elapsed_s = (snapshot.time_ns - before.time_ns) / 1e9 if before else 0.0
        listed: dict[int, ProcessRates] = {}
        for process in snapshot.processes:
            rates = listed[process.pid] = self._by_pid.get(process.pid) or ProcessRates()
            earlier = before.process(process.pid) if before else None
            if earlier is None or elapsed_s <= 0:
                continue
            rates.fuel = max(0, process.fuel - earlier.fuel) / elapsed_s
            rates.syscalls = max(0, process.syscalls - earlier.syscalls) / elapsed_s
            rates.history.append(rates.fuel)
            rates.memory.append(process.memory_size)
        self._before, self._by_pid = snapshot, listed
        return listed

    def moving(self) -> bool:
        """True while some rate shown is above zero: one more snapshot is due to bring it down."""
        return any(rates.fuel > 0 or rates.syscalls > 0 for rates in self._by_pid.values())
