"""The recorder: writes a running machine's journal, from a thread of its own.

Rules of this file (runtime: Time, ticks and the journal)
- The machine's thread only collects what a tick left; the writer packs, chains and commits it, with an fsync for all
  that has come together. A slow disk makes the machine wait, and never the memory grow.
- Ticks in which programs only looked whether there was something to do are handed in together, once a second or with
  the next tick of another kind: an idle machine leaves the disk alone, and the writer asleep.
- `durable_tick` is the last tick that survives a kill. Nothing is acknowledged before it.
- A disk that fails, or the size limit, stops the recording and says so; the session goes on. What was written is a
  whole recording of fewer ticks: after a failure nothing more is written.
- A replay needs every tick, so a pause leaves none out: what happens meanwhile waits in memory, within bounds, until a
  person says to keep it or to end the recording where the pause began. Storage does not wait for a paused recording: it
  is written at once, as it is where nothing is recorded.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.record import album
from zos_core.record.journal import JournalRow, header_hash, pack_events, pack_list, pack_numbers, row_hash
from zos_core.record.plain import pack_commands
from zos_core.record.recording import SCHEMA, Header
from zos_core.runtime import commands as c
from zos_core.runtime.machine import Machine, TickReport, TickRow
from zos_core.snapshot import RecordingState

MAX_RECORDING = 1 << 30
MAX_WAITING = 128
"""Ticks that may wait for the writer."""
MAX_HELD = 64 << 20
"""Bytes of ticks that wait in memory while the recording is paused."""
CHECKPOINT_EVERY = 64
CHECKPOINT_BYTES = 4 << 20
"""Of one process's memory at a time: a checkpoint must not be felt. Processes and parts of them take turns."""
_GROUP = 64
_QUIET_NS = 1_000_000_000
_ROW_BYTES = 200
"""What a row takes besides its lists, in round terms."""
_INSERT = f"INSERT INTO ticks VALUES ({', '.join('?' * len(JournalRow._fields))})"

ModuleBytes = Callable[[bytes], tuple[str, bytes]]


class _Tick(NamedTuple):
    """What one tick left, as the machine's thread collects it."""

    number: int
    row: TickRow
    events: list[SysEvent]
    commits: list[bytes]
    output: bytes
    checkpoint: str
    head: bytes
    modules: list[tuple[bytes, bytes]]

    @property
    def quiet(self) -> bool:
        """Nothing happened that anybody would miss after a kill."""
        return not (self.row.commands or self.row.results or self.events or self.commits or self.output)


class _Mark(Enum):
    """What the writer is told between two ticks."""

    PAUSE = auto()
    KEEP = auto()
    DROP = auto()


class _Packed(NamedTuple):
    """A tick as it will be written, but for its hash."""

    row: JournalRow
    modules: list[tuple[bytes, bytes]]


class Recorder:
    """Records `machine` from its next tick on. `module_bytes(sha256)` is (name, bytes) of a program that it runs.

    `problem` is why it stopped before it was closed, one line. Raises `Refused` when the file cannot be made; an
    existing file is never overwritten.
    """

    def __init__(self, machine: Machine, path: Path, header: Header, module_bytes: ModuleBytes) -> None:
        self.path, self.session = path, header.session
        self.durable_tick = self.tick = 0
        self.problem = ""
        self._machine, self._module_bytes = machine, module_bytes
        self._known: set[bytes] = set()
        self._work: queue.Queue[_Tick | _Mark | None] = queue.Queue(MAX_WAITING)
        self._progress = threading.Condition()
        self._handing_in = threading.Lock()
        self._kept_back: list[_Tick] = []
        self._writing = True
        self._paused_after: int | None = None
        self._closed = self._ended = self._forgotten = False
        self._held: list[_Packed] | None = None
        self._held_size = 0
        self._db = _create(path, header)
        self._lock = album.hold(path)
        self._hash, self._size = header_hash(header.items()), 0
        self._thread = threading.Thread(target=self._write, name="zos-recorder", daemon=True)
        self._thread.start()
        machine.gateway.syslog.record(True)
        machine.gateway.commits.record(True)
        machine.on_tick = self._on_tick

    # --- on the machine's thread ----------------------------------------------------------------------------------

    def _on_tick(self, row: TickRow) -> None:
        if self.problem:
            self._detach()
            return
        gateway, report = self._machine.gateway, self._machine.report
        events, commits = gateway.syslog.take(), gateway.commits.take()
        if not (row.commands or row.slices or row.readings or row.results or events or commits or report.output):
            return
        self.tick += 1
        left = events, commits, output_hash(report), checkpoint(self._machine, self.tick), gateway.commits.head
        tick = _Tick(self.tick, row, *left, self._fresh_modules(row.commands))
        with self._handing_in:
            self._kept_back.append(tick)
            waited_ns = row.time_ns - self._kept_back[0].row.time_ns
            waits = tick.quiet and waited_ns < _QUIET_NS and len(self._kept_back) < _GROUP
        if not waits:
            self._hand_in()

    def _hand_in(self, mark: _Mark | None = None) -> None:
        """Whoever waits for a tick may call this, from any thread; the order of ticks stays."""
        with self._handing_in:
            kept_back, self._kept_back = self._kept_back, []
            for tick in kept_back:
                self._work.put(tick)
            if mark is not None:
                self._work.put(mark)

    def _fresh_modules(self, commands: tuple[c.Command, ...]) -> list[tuple[bytes, bytes]]:
        """Programs that start for the first time in this session."""
        started = {command.module for command in commands if isinstance(command, c.Create)} - self._known
        self._known |= started
        return [(name, self._module_bytes(name)[1]) for name in sorted(started)]

    def _detach(self) -> None:
        """Record no further tick; what was handed in is still written."""
        self._machine.on_tick = None
        self._machine.gateway.syslog.record(False)
        self._machine.gateway.commits.record(False)

    def wait_durable(self, tick: int) -> bool:
        """Wait until `tick` would survive a kill; False when it never will, or not before somebody says so.

        That is: the recording stopped before it, or is paused.
        """
        if self.durable_tick < tick and not self._closed:
            self._hand_in()
        with self._progress:
            self._progress.wait_for(lambda: self.durable_tick >= tick or not self._writing or self._is_held(tick))
        return self.durable_tick >= tick

    def _is_held(self, tick: int) -> bool:
        return self._paused_after is not None and tick > self._paused_after

    # --- what a person decides ------------------------------------------------------------------------------------

    @property
    def state(self) -> RecordingState:
        if self._forgotten:
            return RecordingState.FORGOTTEN
        if self.problem:
            return RecordingState.STOPPED
        if self._ended:
            return RecordingState.ENDED
        return RecordingState.ON if self._paused_after is None else RecordingState.PAUSED

    def pause(self) -> None:
        """Write nothing that happens from here on, until `go_on`."""
        if self.state is RecordingState.ON:
            self._set_pause(self.tick)
            self._hand_in(_Mark.PAUSE)

    def go_on(self, *, keep: bool) -> None:
        """After a pause: write what happened meanwhile and go on, or end the recording where the pause began."""
        if self.state is not RecordingState.PAUSED:
            return
        if keep:
            self._set_pause(None)
        else:
            self._ended = True
            self._detach()
        self._hand_in(_Mark.KEEP if keep else _Mark.DROP)

    def _set_pause(self, after: int | None) -> None:
        with self._progress:
            self._paused_after = after
            self._progress.notify_all()

    def forget(self) -> None:
        """Stop, and delete what was recorded. Raises OSError when a file cannot be deleted."""
        self.close()
        album.delete(self.path)
        self._forgotten = True

    def close(self) -> None:
        """Write what is left and close the file; what was held by a pause is dropped."""
        if self._closed:
            return
        self._closed = True
        self._detach()
        self._hand_in()
        self._work.put(None)
        self._thread.join()
        self._db.close()
        # After the database: closing a descriptor of the file takes the locks of this process on it away.
        album.let_go(self._lock)

    # --- on the writer's thread -----------------------------------------------------------------------------------

    def _write(self) -> None:
        """Until the end is handed in. It never leaves early, for the machine may be waiting to hand something in."""
        ended = False
        while not ended:
            work = [self._work.get()]
            while len(work) < _GROUP and not self._work.empty():
                work.append(self._work.get())
            ended = None in work
            group: list[_Tick] = []
            for each in work:
                if isinstance(each, _Tick):
                    group.append(each)
                elif each is not None:
                    self._try_to_deal_with(group)
                    group = []
                    self._follow(each)
            self._try_to_deal_with(group)
        self._stop_writing()

    def _follow(self, mark: _Mark) -> None:
        held, self._held, self._held_size = self._held or [], [] if mark is _Mark.PAUSE else None, 0
        if mark is _Mark.DROP:
            self._stop_writing()
        for at in range(0, len(held), _GROUP):
            self._try(lambda at=at: self._commit(held[at : at + _GROUP]))  # type: ignore[misc]

    def _try_to_deal_with(self, group: list[_Tick]) -> None:
        if group:
            self._try(lambda: self._deal_with([_Packed(_packed(tick), tick.modules) for tick in group]))

    def _try(self, act: Callable[[], None]) -> None:
        """Do it, unless nothing is written any more. What fails is the end of the recording."""
        if not self._writing:
            return
        try:
            act()
        except Exception as error:
            # Whatever it was, a later tick must not follow a hole.
            self.problem = self.problem or f"{self.path}: the recording stopped: {error}"
            self._stop_writing()
            return
        if self._size > MAX_RECORDING and not self.problem:
            self.problem = f"{self.path}: the recording has reached {MAX_RECORDING >> 30} GiB and stopped"

    def _stop_writing(self) -> None:
        with self._progress:
            self._writing, self._held = False, None
            self._progress.notify_all()

    def _deal_with(self, group: list[_Packed]) -> None:
        if self._held is None:
            self._commit(group)
            return
        self._held += group
        self._held_size += sum(map(_size, group))
        if self._held_size > MAX_HELD:
            self.problem = (
                f"{self.path}: it was paused while {MAX_HELD >> 20} MiB happened, so the recording ends at the pause"
            )
            self._stop_writing()

    def _commit(self, group: list[_Packed]) -> None:
        """One transaction: all of the group is durable, or nothing of it is."""
        rows = []
        for row, _ in group:
            self._hash = row_hash(self._hash, row)
            rows.append(row._replace(hash=self._hash))
        self._db.execute("BEGIN IMMEDIATE")
        try:
            modules = (module for each in group for module in each.modules)
            self._db.executemany("INSERT INTO modules VALUES (?, ?)", modules)
            self._db.executemany(_INSERT, rows)
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._size += sum(map(_size, group))
        with self._progress:
            self.durable_tick = rows[-1].tick
            self._progress.notify_all()


def _create(path: Path, header: Header) -> sqlite3.Connection:
    """A new file for its owner alone, with its header. Raises `Refused`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{path}: the recording cannot be written: {error.strerror}") from None
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            db.execute(statement)
        db.executemany("INSERT INTO header VALUES (?, ?)", header.items())
        db.execute("COMMIT")
    except FileExistsError:
        raise Refused(f"{path}: there is a file already; a recording is never overwritten") from None
    except OSError as error:
        raise Refused(f"{path}: the recording cannot be written: {error.strerror}") from None
    except sqlite3.Error as error:
        path.unlink(missing_ok=True)
        raise Refused(f"{path}: the recording cannot be written: {error}") from None
    return db


def _packed(tick: _Tick) -> JournalRow:
    """The row of a tick, but for its hash."""
    return JournalRow(
        tick=tick.number,
        time_ns=tick.row.time_ns,
        wallclock_ms=tick.row.wallclock_ms,
        slices=tick.row.slices,
        commands=pack_commands(tick.row.commands),
        readings=pack_numbers(tick.row.readings),
        refusals=pack_numbers(tick.row.refusals),
        results=pack_list(tick.row.results),
        commits=pack_list(tick.commits),
        syslog=pack_events(tick.events),
        output=tick.output,
        checkpoint=tick.checkpoint,
        head=tick.head,
        hash=b"",
    )


def _size(tick: _Packed) -> int:
    row = tick.row
    lists = (row.commands, row.readings, row.results, row.commits, row.syslog, row.checkpoint)
    return _ROW_BYTES + sum(map(len, lists)) + sum(len(data) for _, data in tick.modules)


def output_hash(report: TickReport) -> bytes:
    """SHA-256 over what a tick handed to consoles; empty for a tick that handed over nothing."""
    if not report.output:
        return b""
    digest = hashlib.sha256()
    for pid, stream, data in report.output:
        digest.update(f"{pid} {int(stream)} {len(data)} ".encode() + data)
    return digest.digest()


def checkpoint(machine: Machine, tick: int) -> str:
    """At every 64th tick one process as JSON: pid, fuel, and the SHA-256 of so many bytes of its memory from an offset.

    Empty at the other ticks, and when no process lives.
    """
    turn, off = divmod(tick, CHECKPOINT_EVERY)
    if off or not machine.processes:
        return ""
    pids = sorted(machine.processes)
    turn, at = divmod(turn, len(pids))
    fiber = machine.processes[pids[at]].fiber
    parts = max(1, -(-fiber.memory.size // CHECKPOINT_BYTES))
    start = turn % parts * CHECKPOINT_BYTES
    length = min(CHECKPOINT_BYTES, fiber.memory.size - start)
    found = hashlib.sha256(fiber.memory.read(start, length)).hexdigest()
    return json.dumps([pids[at], fiber.fuel_used, start, length, found], separators=(",", ":"))
