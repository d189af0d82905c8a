"""Storage: keys and values by namespace, in one SQLite file, written by one thread outside the machine.

Rules of this file (kernel: Capabilities, Storage; runtime: Time, ticks and the journal)
- A namespace is (manifest id, "bundled" or the module's SHA-256): a program cannot claim another's, and a changed
  module has one of its own.
- All requests of a tick are one transaction; their callers are answered after it is durable, and not before.
- Where the session is recorded, the journal is durable first, and the transaction carries (session, tick): what is
  stored has always been asked for by a tick that survives.
- The machine never waits for the disk: requests go in by `submit`, answers come out by `completed`.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import struct
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from zos_core import abi
from zos_core.abi import Errno, Sys
from zos_core.errors import Refused
from zos_core.kernel.transient import StorageRequest
from zos_core.runtime.commands import StorageDone

_SCHEMA = """
CREATE TABLE IF NOT EXISTS namespaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT, program TEXT NOT NULL, origin TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0, UNIQUE (program, origin));
CREATE TABLE IF NOT EXISTS entries (
    namespace INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (namespace, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY, tick INTEGER NOT NULL) WITHOUT ROWID;
"""
_LISTED_BYTES = 32 << 10
_LIST_HEAD = struct.Struct("<II")
_LIST_ROW = struct.Struct("<HI")


class Journal(Protocol):
    """What records the session: `tick` is the last one handed to it."""

    session: str
    tick: int

    def wait_durable(self, tick: int) -> bool: ...


def open_file(path: Path | None) -> sqlite3.Connection:
    """The storage file, made with its schema if it is not there; None is a storage in memory. Raises `Refused`."""
    try:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"the storage {path} cannot be used: {error}") from None
    return db


def namespace_id(db: sqlite3.Connection, program: str, origin: str) -> int:
    """The number of a namespace, given at its first use and never again."""
    db.execute("INSERT OR IGNORE INTO namespaces (program, origin) VALUES (?, ?)", (program, origin))
    row = db.execute("SELECT id FROM namespaces WHERE program = ? AND origin = ?", (program, origin)).fetchone()
    return int(row[0])


def read(db: sqlite3.Connection, namespace: int, key: bytes, offset: int) -> tuple[Errno, bytes]:
    """At most 32 KiB of a value from `offset`."""
    row = db.execute(
        "SELECT substr(value, ?, ?) FROM entries WHERE namespace = ? AND key = ?",
        (offset + 1, abi.MAX_STORAGE_READ, namespace, key),
    ).fetchone()
    return (Errno.E_NOENT, b"") if row is None else (Errno.E_OK, bytes(row[0]))


def write(db: sqlite3.Connection, namespace: int, key: bytes, value: bytes) -> Errno:
    """Replace the whole value, within the namespace's quota."""
    held = db.execute(
        "SELECT length(key) + length(value) FROM entries WHERE namespace = ? AND key = ?", (namespace, key)
    ).fetchone()
    grows = len(key) + len(value) - (0 if held is None else int(held[0]))
    used = db.execute("SELECT used FROM namespaces WHERE id = ?", (namespace,)).fetchone()
    if used is None:
        db.execute("INSERT INTO namespaces (id, program, origin) VALUES (?, ?, '')", (namespace, f"#{namespace}"))
    if (0 if used is None else int(used[0])) + grows > abi.MAX_NAMESPACE:
        return Errno.E_NOMEM
    db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (namespace, key, value))
    db.execute("UPDATE namespaces SET used = used + ? WHERE id = ?", (grows, namespace))
    return Errno.E_OK


def delete(db: sqlite3.Connection, namespace: int, key: bytes) -> Errno:
    held = db.execute(
        "SELECT length(key) + length(value) FROM entries WHERE namespace = ? AND key = ?", (namespace, key)
    ).fetchone()
    if held is None:
        return Errno.E_NOENT
    db.execute("DELETE FROM entries WHERE namespace = ? AND key = ?", (namespace, key))
    db.execute("UPDATE namespaces SET used = used - ? WHERE id = ?", (int(held[0]), namespace))
    return Errno.E_OK


def listing(db: sqlite3.Connection, namespace: int, prefix: bytes, cursor: int) -> bytes:
    """`next_cursor u32 (0 end), count u32, (key_len u16, size u32, key)...`; the cursor counts keys in order."""
    rows: list[bytes] = []
    size, more = 0, False
    for key, length in _keys(db, namespace, prefix, cursor):
        size += _LIST_ROW.size + len(key)
        if size > _LISTED_BYTES:
            more = True
            break
        rows.append(_LIST_ROW.pack(len(key), length) + key)
    return _LIST_HEAD.pack(cursor + len(rows) if more else 0, len(rows)) + b"".join(rows)


def _keys(db: sqlite3.Connection, namespace: int, prefix: bytes, skip: int) -> Iterator[tuple[bytes, int]]:
    found = db.execute(
        "SELECT key, length(value) FROM entries WHERE namespace = ? AND substr(key, 1, ?) = ? ORDER BY key"
        " LIMIT -1 OFFSET ?",
        (namespace, len(prefix), prefix, skip),
    )
    for key, length in found:
        yield bytes(key), int(length)


def _serve(db: sqlite3.Connection, request: StorageRequest) -> StorageDone:
    code, data = Errno.E_OK, b""
    match request.num:
        case Sys.STORAGE_READ:
            code, data = read(db, request.namespace, request.key, request.at)
        case Sys.STORAGE_WRITE:
            code = write(db, request.namespace, request.key, request.value)
        case Sys.STORAGE_DELETE:
            code = delete(db, request.namespace, request.key)
        case Sys.STORAGE_LIST:
            data = listing(db, request.namespace, request.key, request.at)
    return StorageDone(request.pid, request.event, code, request.at, data)


class Storage:
    """The thread that writes. `pending` counts batches handed in and not yet collected."""

    def __init__(self, path: Path | None = None, journal: Journal | None = None) -> None:
        self._db = open_file(path)
        self._journal = journal
        self._lock = threading.Lock()
        self._batches: queue.SimpleQueue[tuple[int, Sequence[StorageRequest]] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[list[StorageDone]] = queue.SimpleQueue()
        self.pending = 0
        self._thread = threading.Thread(target=self._run, name="zos-storage", daemon=True)
        self._thread.start()

    def namespace(self, program: str, origin: str) -> int:
        """The number of a namespace. Raises `Refused` when the file cannot be written."""
        with self._lock:
            try:
                return namespace_id(self._db, program, origin)
            except sqlite3.Error as error:
                raise Refused(f"the storage cannot be used: {error}") from None

    def submit(self, requests: Sequence[StorageRequest]) -> None:
        """All requests of one tick, after it has been handed to the journal."""
        self.pending += 1
        self._batches.put((0 if self._journal is None else self._journal.tick, requests))

    def completed(self) -> list[StorageDone]:
        """Answers that have come since the last look. Never waits."""
        out: list[StorageDone] = []
        with contextlib.suppress(queue.Empty):
            while True:
                out += self._answers.get_nowait()
                self.pending -= 1
        return out

    def close(self) -> None:
        """Finish what was handed in, and close the file."""
        self._batches.put(None)
        self._thread.join()
        self._db.close()

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            tick, requests = batch
            # A recording that has stopped holds nothing up: the session goes on without it.
            recorded = self._journal is not None and self._journal.wait_durable(tick)
            self._answers.put(self._carry_out(requests, tick if recorded else 0))

    def _carry_out(self, batch: Sequence[StorageRequest], tick: int) -> list[StorageDone]:
        """One transaction; what the disk refuses is refused to every caller of the batch."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                answers = [_serve(self._db, request) for request in batch]
                if tick and self._journal is not None:
                    self._db.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?)", (self._journal.session, tick))
                self._db.execute("COMMIT")
                return answers
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                return [StorageDone(r.pid, r.event, Errno.E_NOMEM, r.at, b"") for r in batch]
