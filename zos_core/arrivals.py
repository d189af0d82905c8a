"""Arrivals: what is on its way into the machine from outside, until it can be a command of a tick.

Rules of this file (runtime: Time, ticks and the journal; kernel: Console)
- Console input waits here, in order, until its process's queue has room.
- A program that asked for another one waits here for the compiler, and for its storage here for the disk.
- What takes long on the host's files runs on a thread of its own, and its caller waits.
- Nothing here touches the kernel: it reads what the kernel asked for after a tick, and answers by commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zos_core import abi
from zos_core.consoles import Consoles
from zos_core.errors import Refused
from zos_core.kernel.capabilities import notice_endpoint
from zos_core.kernel.transient import StorageRequest
from zos_core.launcher import Launch, Launcher
from zos_core.runtime import commands as c
from zos_core.runtime.machine import Machine
from zos_core.wasi.workers import Workers

if TYPE_CHECKING:
    from zos_core.record.storage import Storage

COMPILE_POLL_NS = 20_000_000
STORAGE_POLL_NS = 1_000_000


class Arrivals:
    def __init__(
        self, machine: Machine, consoles: Consoles, launcher: Launcher, storage: Callable[[], Storage]
    ) -> None:
        self._machine, self._consoles, self._launcher = machine, consoles, launcher
        self._open_storage = storage
        self._storage: Storage | None = None
        self._workers = Workers()
        self._launches: list[Launch] = []
        self._answers: list[c.Command] = []

    def add(self, command: c.Command) -> None:
        """An answer that is known already: it goes into the next tick."""
        self._answers.append(command)

    def collect(self) -> None:
        """After a tick: take over what programs have asked of the world outside."""
        transient = self._machine.gateway.state.transient
        requests, transient.spawns = transient.spawns, []
        for request in requests:
            launch = self._launcher.by_program(request, self._machine.gateway.now)
            if isinstance(launch, abi.Errno):
                self.add(c.RefuseSpawn(request, launch))
            else:
                self._launches.append(launch)
        if transient.storage:
            batch, transient.storage = transient.storage, []
            self._store(batch)
        if self._machine.host_calls.jobs:
            jobs, self._machine.host_calls.jobs = self._machine.host_calls.jobs, []
            self._workers.submit(jobs)

    def _store(self, batch: list[StorageRequest]) -> None:
        """Hand requests to the storage; one that cannot be opened is told to the programs, not to the machine."""
        try:
            self._storage = self._storage or self._open_storage()
        except Refused:
            for each in batch:
                self.add(c.StorageDone(each.pid, each.event, abi.Errno.E_BUSY, each.at, b""))
            return
        self._storage.submit(batch)

    def commands(self) -> list[c.Command]:
        """Before a tick: everything that has arrived."""
        out, self._answers = [*self._answers, *self._input(), *self._finished_launches()], []
        if self._storage is not None and self._storage.pending:
            out += self._storage.completed()
        if self._workers.pending:
            out += self._workers.completed()
        return out

    @property
    def at_work(self) -> bool:
        """Something is being compiled or written for a program."""
        return bool(self._launches or self._waits_for_disk)

    @property
    def _waits_for_disk(self) -> bool:
        return bool(self._workers.pending or (self._storage is not None and self._storage.pending))

    @property
    def ready(self) -> bool:
        """A tick would find a command at once."""
        if not self._answers and not self._launches and not self._consoles.waiting:
            return False
        return bool(self._answers) or any(self._rooms().values()) or any(launch.done for launch in self._launches)

    def look_again_ns(self, now: int) -> int | None:
        """When to look whether a compiler or the disk has finished, in ns of uptime."""
        if self._waits_for_disk:
            return now + STORAGE_POLL_NS
        return now + COMPILE_POLL_NS if self._launches else None

    def close(self) -> None:
        for launch in self._launches:
            launch.cancel()
        self._workers.close()

    def _input(self) -> list[c.Command]:
        """Input commands for every process whose queue has room."""
        if not self._consoles.waiting:
            return []
        rooms = self._rooms().items()
        return [c.Input(pid, piece) for pid, room in rooms for piece in self._consoles.take(pid, room)]

    def _rooms(self) -> dict[int, int]:
        """How many messages of input each process with waiting input can take; what nobody can read is dropped."""
        rooms: dict[int, int] = {}
        state = self._machine.gateway.state
        for pid in list(self._consoles.waiting):
            console = state.committed.console_of(pid)
            endpoint = notice_endpoint(state.committed, pid if console is None else console.reader)
            if endpoint and state.committed.alive(pid):
                rooms[pid] = abi.MAX_QUEUE - state.transient.queues[endpoint].inputs
            else:
                self._consoles.discard(pid)
        return rooms

    def _finished_launches(self) -> list[c.Command]:
        out: list[c.Command] = []
        if not self._launches:
            return out
        finished = [launch for launch in self._launches if launch.done]
        self._launches = [launch for launch in self._launches if launch not in finished]
        for launch in finished:
            request = launch.command.request
            if launch.error is not None and request is not None:
                out.append(c.RefuseSpawn(request, abi.Errno.E_INVAL))
                continue
            self._machine.modules[launch.command.module] = launch.program()
            out.append(launch.command)
        return out
