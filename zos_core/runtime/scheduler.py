"""Who runs next: ready processes in turn, parked ones by message, deadline or heartbeat.

Rules of this file (runtime: The scheduler)
- Round robin; a process stands in the queue at most once. Who was sent something from outside goes first, once:
  a person's key must not wait for a flood elsewhere.
- A waiting process comes back when its wait is answered or due, a parked poller also by its heartbeat: 60 a second
  while it did something in the last second, falling to 4. Heartbeats fall on a common grid, so that twenty idle
  pollers wake the machine four times a second and not eighty.
- Time is the tick's: the order is a function of the journal.
"""

from __future__ import annotations

import heapq
from collections import deque

from zos_core.kernel.transient import Transient, WaitKind
from zos_core.runtime.process import RunningProcess

_SECOND = 1_000_000_000
HEARTBEATS: tuple[tuple[int, int], ...] = (
    # quiet for less than (ns), one heartbeat each (ns)
    (_SECOND, _SECOND // 60),
    (2 * _SECOND, _SECOND // 30),
    (4 * _SECOND, _SECOND // 15),
    (8 * _SECOND, _SECOND // 8),
)
SLOWEST_HEARTBEAT = _SECOND // 4
_ANSWERED_ONLY = frozenset({WaitKind.CALL, WaitKind.SPAWN, WaitKind.SLEEP, WaitKind.STORAGE, WaitKind.HOST})


class Scheduler:
    def __init__(self, transient: Transient) -> None:
        self._transient = transient
        self.processes: dict[int, RunningProcess] = {}
        self._ready: deque[RunningProcess] = deque()
        self._deadlines: list[tuple[int, int, int]] = []

    def add(self, process: RunningProcess) -> None:
        self.processes[process.pid] = process
        self.make_ready(process)

    def remove(self, pid: int) -> None:
        """Its place in the queue is skipped when its turn comes."""
        self.processes.pop(pid, None)

    def make_ready(self, process: RunningProcess, *, first: bool = False) -> None:
        process.parked = False
        if not process.queued:
            process.queued = True
            (self._ready.appendleft if first else self._ready.append)(process)

    def next(self) -> RunningProcess | None:
        """The process whose turn it is, taken from the queue."""
        while self._ready:
            process = self._ready.popleft()
            process.queued = False
            if self.processes.get(process.pid) is process:
                return process
        return None

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    def wait(self, process: RunningProcess) -> None:
        """A process waits in the kernel: remember its deadline, if it has one. One that does not has only given way."""
        wait = self._transient.waits.get(process.pid)
        if wait is None:
            self.make_ready(process)
        elif wait.until is not None:
            heapq.heappush(self._deadlines, (wait.until, process.pid, wait.event))

    def park(self, process: RunningProcess, now: int) -> None:
        """A poller with nothing to do: only its heartbeat brings it back by itself."""
        quiet = now - process.active_at
        interval = next((every for limit, every in HEARTBEATS if quiet < limit), SLOWEST_HEARTBEAT)
        process.heartbeat = (now // interval + 1) * interval
        heapq.heappush(self._deadlines, (process.heartbeat, process.pid, 0))

    def wake_woken(self, *, first: bool = False) -> None:
        """Bring back those the kernel has woken since the last look; `first` puts them before all others."""
        woken, self._transient.woken = self._transient.woken, []
        for pid in woken:
            process = self.processes.get(pid)
            if process is None:
                continue
            process.arrivals += 1
            wait = self._transient.waits.get(pid)
            if wait is None or wait.result is not None or wait.kind not in _ANSWERED_ONLY:
                self.make_ready(process, first=first)

    def wake_due(self, now: int) -> None:
        """Bring back those whose deadline or heartbeat has come."""
        while self._deadlines and self._deadlines[0][0] <= now:
            at, pid, event = heapq.heappop(self._deadlines)
            process = self.processes.get(pid)
            if process is None:
                continue
            wait = self._transient.waits.get(pid)
            due = wait is not None and wait.event == event
            if due or (event == 0 and process.parked and process.heartbeat == at):
                self.make_ready(process)

    def next_deadline(self) -> int | None:
        """The earliest deadline or heartbeat that still means something, in ns of uptime."""
        while self._deadlines:
            at, pid, event = self._deadlines[0]
            process = self.processes.get(pid)
            wait = self._transient.waits.get(pid)
            waiting = wait is not None and wait.event == event and wait.result is None
            if process is not None and (waiting or (event == 0 and process.parked and process.heartbeat == at)):
                return at
            heapq.heappop(self._deadlines)
        return None
