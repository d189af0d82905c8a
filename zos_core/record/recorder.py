"""The recorder: writes a running machine's journal, from a thread of its own.

Rules of this file (runtime: Time, ticks and the journal)
- The machine's thread packs a row and hands it on; the writer commits what has come together, with an fsync.
- `durable_tick` is the last tick that survives a kill. Nothing is acknowledged before it.
- At the size limit the recording stops and says so; the session goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from zos_core.errors import Refused
from zos_core.record.journal import (
    ZERO_HASH,
    JournalRow,
    pack_commands,
    pack_event,
    pack_list,
    pack_readings,
    row_hash,
)
from zos_core.record.recording import SCHEMA, Header
from zos_core.runtime import commands as c
from zos_core.runtime.machine import Machine, TickReport, TickRow

MAX_RECORDING = 1 << 30
CHECKPOINT_EVERY = 512
_GROUP = 256
_INSERT = f"INSERT INTO ticks VALUES ({', '.join('?' * len(JournalRow._fields))})"

ModuleBytes = Callable[[bytes], tuple[str, bytes]]


class Recorder:
    """Records `machine` from its next tick on. `module_bytes(sha256)` is (name, bytes) of a program that it runs.

    Raises `Refused` when the file cannot be made; an existing file is never overwritten.
    """

    def __init__(self, machine: Machine, path: Path, header: Header, module_bytes: ModuleBytes) -> None:
        self.path = path
        self.durable_tick = 0
        self.problem = ""
        self._machine, self._module_bytes = machine, module_bytes
        self._tick, self._hash, self._size = 0, ZERO_HASH, 0
        self._known: set[bytes] = set()
        self._work: queue.SimpleQueue[list[tuple[str, tuple[object, ...]]] | None] = queue.SimpleQueue()
        self._durable = threading.Condition()
        self._db = self._create(path, header)
        self._thread = threading.Thread(target=self._write, name="zos-recorder", daemon=True)
        self._thread.start()
        machine.gateway.syslog.record(True)
        machine.gateway.commits.record(True)
        machine.on_tick = self._on_tick

    def _create(self, path: Path, header: Header) -> sqlite3.Connection:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.executescript(SCHEMA)
            db.executemany("INSERT INTO header VALUES (?, ?)", [(n, getattr(header, n)) for n in Header.__slots__])
        except FileExistsError:
            raise Refused(f"{path}: there is a file already; a recording is never overwritten") from None
        except (OSError, sqlite3.Error) as error:
            raise Refused(f"{path}: the recording cannot be written: {error}") from None
        return db

    # --- on the machine's thread ----------------------------------------------------------------------------------

    def _on_tick(self, row: TickRow) -> None:
        gateway, report = self._machine.gateway, self._machine.report
        events, commits = gateway.syslog.take(), gateway.commits.take()
        quiet = not (row.commands or row.slices or row.readings or events or commits or report.output)
        if quiet or self.problem:
            return
        self._tick += 1
        due = self._tick % CHECKPOINT_EVERY == 0
        packed = JournalRow(
            tick=self._tick,
            time_ns=row.time_ns,
            wallclock_ms=row.wallclock_ms,
            slices=row.slices,
            commands=pack_commands(row.commands),
            readings=pack_readings(row.readings),
            commits=pack_list(commits),
            syslog=pack_list([pack_event(event) for event in events]),
            output=output_hash(report),
            checkpoint=checkpoint(self._machine) if due else "",
            head=gateway.commits.head,
            hash=b"",
        )
        self._hash = row_hash(self._hash, packed)
        work: list[tuple[str, tuple[object, ...]]] = []
        for command in row.commands:
            if isinstance(command, c.Create) and command.module not in self._known:
                self._known.add(command.module)
                name, data = self._module_bytes(command.module)
                work.append(("INSERT INTO modules VALUES (?, ?, ?)", (command.module, name, data)))
                self._size += len(data)
        work.append((_INSERT, (*packed[:-1], self._hash)))
        self._size += len(packed.commands) + len(packed.commits) + len(packed.syslog) + 200
        self._work.put(work)
        if self._size > MAX_RECORDING:
            self.stop(f"the recording has reached {MAX_RECORDING >> 30} GiB and stopped")

    def stop(self, why: str) -> None:
        """Record no further tick; what was handed in is still written."""
        self.problem = why
        self._machine.on_tick = None
        self._machine.gateway.syslog.record(False)
        self._machine.gateway.commits.record(False)

    def wait_durable(self, tick: int, timeout_s: float = 10.0) -> bool:
        """Until `tick` would survive a kill; False when the writer failed or the time is over."""
        with self._durable:
            self._durable.wait_for(lambda: self.durable_tick >= tick or bool(self.problem), timeout_s)
        return self.durable_tick >= tick

    @property
    def tick(self) -> int:
        """The number of the last tick that was handed to the writer."""
        return self._tick

    def close(self) -> None:
        """Write what is left and close the file."""
        if not self.problem:
            self.stop("closed")
        self._work.put(None)
        self._thread.join()
        self._db.close()

    # --- on the writer's thread -----------------------------------------------------------------------------------

    def _write(self) -> None:
        ended = False
        while not ended:
            group = [self._work.get()]
            while len(group) < _GROUP and not self._work.empty():
                group.append(self._work.get())
            ended = None in group
            try:
                self._commit([work for work in group if work is not None])
            except sqlite3.Error as error:
                self.problem = self.problem or f"{self.path}: the recording stopped: {error}"
            with self._durable:
                self._durable.notify_all()

    def _commit(self, group: list[list[tuple[str, tuple[object, ...]]]]) -> None:
        """One transaction: all of the group is durable, or nothing of it is."""
        if not group:
            return
        self._db.execute("BEGIN IMMEDIATE")
        for work in group:
            for statement, values in work:
                self._db.execute(statement, values)
        self._db.execute("COMMIT")
        last = group[-1][-1][1][0]
        self.durable_tick = last if isinstance(last, int) else self.durable_tick


def output_hash(report: TickReport) -> bytes:
    """SHA-256 over what a tick handed to consoles; empty for a tick that handed over nothing."""
    if not report.output:
        return b""
    digest = hashlib.sha256()
    for pid, stream, data in report.output:
        digest.update(f"{pid} {int(stream)} {len(data)} ".encode() + data)
    return digest.digest()


def checkpoint(machine: Machine) -> str:
    """Fuel and SHA-256 of the memory of every process, as JSON by rising pid."""
    rows = []
    for pid, process in sorted(machine.processes.items()):
        memory = process.fiber.memory
        rows.append([pid, process.fiber.fuel_used, hashlib.sha256(memory.read(0, memory.size)).hexdigest()])
    return json.dumps(rows, separators=(",", ":"))
