"""The storage file: keys and values by namespace, in SQLite.

Rules of this file (kernel: Capabilities, Storage)
- A namespace is (manifest id, "bundled" or the module's SHA-256): a program cannot claim another's, and a changed
  module has one of its own. Its number is given once and never again.
- One process at a time holds a file: a lock beside it says so, and goes with the process, however that ends.
- Nothing here commits by itself but `put`: whoever serves programs decides what is one transaction.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zos_core import abi
from zos_core.abi import Errno
from zos_core.errors import Refused

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


@dataclass(frozen=True, slots=True)
class Namespace:
    """What a program may keep. `used` counts the bytes of keys and values."""

    id: int
    program: str
    origin: str
    used: int
    keys: int


class Store:
    """An open storage file; `Store.open(None)` is one in memory."""

    def __init__(self, db: sqlite3.Connection, lock: int | None) -> None:
        self.db = db
        self._lock = lock

    @classmethod
    def open(cls, path: Path | None) -> Store:
        """Raises `Refused` when the file cannot be used, or another process has it."""
        lock: int | None = None
        try:
            if path is not None:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = _hold(path)
                path.touch(mode=0o600)
            db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, check_same_thread=False)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.executescript(_SCHEMA)
        except BlockingIOError:
            raise Refused(f"{path}: another zos has this storage open; --data DIR gives one of its own") from None
        except (OSError, sqlite3.Error) as error:
            if lock is not None:
                os.close(lock)
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise Refused(f"{path}: the storage cannot be used: {why}") from None
        return cls(db, lock)

    def close(self) -> None:
        self.db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # --- for programs ---------------------------------------------------------------------------------------------

    def namespace(self, program: str, origin: str) -> int:
        """The number of a namespace, given at its first use."""
        whose = (program, origin)
        self.db.execute("INSERT OR IGNORE INTO namespaces (program, origin) VALUES (?, ?)", whose)
        row = self.db.execute("SELECT id FROM namespaces WHERE program = ? AND origin = ?", whose).fetchone()
        return int(row[0])

    def read(self, namespace: int, key: bytes, offset: int) -> tuple[Errno, bytes]:
        """At most 32 KiB of a value from `offset`."""
        row = self.db.execute(
            "SELECT substr(value, ?, ?) FROM entries WHERE namespace = ? AND key = ?",
            (offset + 1, abi.MAX_STORAGE_READ, namespace, key),
        ).fetchone()
        return (Errno.E_NOENT, b"") if row is None else (Errno.E_OK, bytes(row[0]))

    def write(self, namespace: int, key: bytes, value: bytes) -> Errno:
        """Replace the whole value, within the namespace's quota."""
        grows = len(key) + len(value) - (self._size(namespace, key) or 0)
        used = self.db.execute("SELECT used FROM namespaces WHERE id = ?", (namespace,)).fetchone()
        if used is None:
            row = (namespace, f"#{namespace}")
            self.db.execute("INSERT INTO namespaces (id, program, origin) VALUES (?, ?, '')", row)
        if (0 if used is None else int(used[0])) + grows > abi.MAX_NAMESPACE:
            return Errno.E_NOMEM
        self.db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (namespace, key, value))
        self.db.execute("UPDATE namespaces SET used = used + ? WHERE id = ?", (grows, namespace))
        return Errno.E_OK

    def delete(self, namespace: int, key: bytes) -> Errno:
        size = self._size(namespace, key)
        if size is None:
            return Errno.E_NOENT
        self.db.execute("DELETE FROM entries WHERE namespace = ? AND key = ?", (namespace, key))
        self.db.execute("UPDATE namespaces SET used = used - ? WHERE id = ?", (size, namespace))
        return Errno.E_OK

    def listing(self, namespace: int, prefix: bytes, cursor: int) -> bytes:
        """`next_cursor u32 (0 end), count u32, (key_len u16, size u32, key)...`; the cursor counts keys in order."""
        rows: list[bytes] = []
        size, more = 0, False
        for key, length in self.keys(namespace, prefix, cursor):
            size += _LIST_ROW.size + len(key)
            if size > _LISTED_BYTES:
                more = True
                break
            rows.append(_LIST_ROW.pack(len(key), length) + key)
        return _LIST_HEAD.pack(cursor + len(rows) if more else 0, len(rows)) + b"".join(rows)

    def _size(self, namespace: int, key: bytes) -> int | None:
        row = self.db.execute(
            "SELECT length(key) + length(value) FROM entries WHERE namespace = ? AND key = ?", (namespace, key)
        ).fetchone()
        return None if row is None else int(row[0])

    # --- for people -----------------------------------------------------------------------------------------------

    def keys(self, namespace: int, prefix: bytes = b"", skip: int = 0) -> Iterator[tuple[bytes, int]]:
        """(key, bytes of its value) in order."""
        found = self.db.execute(
            "SELECT key, length(value) FROM entries WHERE namespace = ? AND substr(key, 1, ?) = ? ORDER BY key"
            " LIMIT -1 OFFSET ?",
            (namespace, len(prefix), prefix, skip),
        )
        for key, length in found:
            yield bytes(key), int(length)

    def namespaces(self) -> list[Namespace]:
        found = self.db.execute(
            "SELECT id, program, origin, used, (SELECT count(*) FROM entries WHERE namespace = namespaces.id)"
            " FROM namespaces ORDER BY id"
        )
        return [Namespace(*row) for row in found]

    def value(self, namespace: int, key: bytes) -> bytes | None:
        row = self.db.execute(
            "SELECT value FROM entries WHERE namespace = ? AND key = ?", (namespace, key)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, namespace: int, key: bytes, value: bytes) -> None:
        """Set a value for good. Raises `Refused` when the namespace is full."""
        if self.write(namespace, key, value) is not Errno.E_OK:
            raise Refused(f"namespace {namespace} is full: {abi.MAX_NAMESPACE >> 20} MiB")


def _hold(path: Path) -> int:
    """The lock beside a storage file, held until it is closed. Raises BlockingIOError when another has it."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
