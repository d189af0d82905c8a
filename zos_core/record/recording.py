"""A recording: one SQLite file with everything a session needs to be run again, and to be checked.

Rules of this file (runtime: Time, ticks and the journal; docs/formats.md)
- Tables: header (key, value), modules (sha256, data), ticks (one row a tick, chained by hash); nothing else.
- A file is somebody else's word: it is opened read-only, and whatever does not fit is one `Refused`.
- A torn tail is what SQLite cuts back to by itself: a transaction that was not committed never was.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zos_core.errors import Refused
from zos_core.record.journal import FORMAT_VERSION, JournalRow, header_hash
from zos_core.runtime.engine import engine_version, settings_fingerprint
from zos_core.runtime.machine import MachineLimits
from zos_core.runtime.shim import SHIM_SHA256

SCHEMA = (
    "CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE modules (sha256 BLOB PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE ticks (tick INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, wallclock_ms INTEGER NOT NULL,"
    " slices INTEGER NOT NULL, commands TEXT NOT NULL, readings BLOB NOT NULL, refusals BLOB NOT NULL,"
    " results BLOB NOT NULL, commits BLOB NOT NULL, syslog BLOB NOT NULL, output BLOB NOT NULL,"
    " checkpoint TEXT NOT NULL, head BLOB NOT NULL, hash BLOB NOT NULL)",
)
_COLUMNS: tuple[type, ...] = (int, int, int, int, str, bytes, bytes, bytes, bytes, bytes, bytes, str, bytes, bytes)
_SESSION_BYTES = 16
_PAGE = 16
"""Ticks read at a time."""
_WAL = "-wal"
Progress = Callable[[int], None]
"""Told the tick that is being worked on."""
_PRIMARY_CODE = 0xFF
"""Of an SQLite error code: the rest says more."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a replay must share with the recording, and which session it is; all texts.

    `session` is random, `started` the wall clock in ms.
    """

    format: str
    engine: str
    fingerprint: str
    shim: str
    seed: str
    memory_total: str
    full_audit: str
    session: str
    started: str

    def first_difference(self, here: Header) -> str | None:
        """One line about why this machine cannot replay the recording, None when it can."""
        for name, what in (
            ("format", "format"),
            ("engine", "engine"),
            ("fingerprint", "engine settings or target"),
            ("shim", "shim"),
            ("memory_total", "memory limit"),
        ):
            theirs, ours = getattr(self, name), getattr(here, name)
            if theirs != ours:
                return f"it was made with another {what}: {theirs[:40]}, here it is {ours[:40]}"
        return None

    def items(self) -> list[tuple[str, str]]:
        return [(name, getattr(self, name)) for name in Header.__slots__]


def header_of(seed: bytes, limits: MachineLimits, full_audit: bool, started_ms: int) -> Header:
    """The header of a recording made here and by this engine."""
    return Header(
        format=str(FORMAT_VERSION),
        engine=engine_version(),
        fingerprint=settings_fingerprint(),
        shim=SHIM_SHA256,
        seed=seed.hex(),
        memory_total=str(limits.memory_total),
        full_audit=str(int(full_audit)),
        session=os.urandom(_SESSION_BYTES).hex(),
        started=str(started_ms),
    )


def _check_file(path: Path) -> bool:
    """Whether whoever wrote the recording has not closed it. Raises `Refused` for what no recording can be in.

    Nothing is opened here: a FIFO would have to be waited for, and closing a descriptor of a file that is recorded to
    in this very process would drop the locks SQLite holds on it.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise Refused(f"{path}: this is a directory, not a recording")
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{path}: this is a device, a pipe or a socket, not a recording")
        if not found.st_size:
            # SQLite would take a log beside it for a leftover, and delete it.
            raise Refused(f"{path}: this is not a recording: the file is empty")
        wal = Path(f"{path}{_WAL}")
        torn = wal.is_file() and wal.stat().st_size > 0
        for part in (path, wal) if torn else (path,):
            if not os.access(part, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(part))
    except (FileNotFoundError, NotADirectoryError):
        raise Refused(f"{path}: there is no such recording") from None
    except OSError as error:
        raise Refused(f"{error.filename or path}: the recording cannot be read: {error.strerror}") from None
    return torn


def _connect(path: Path, torn: bool) -> sqlite3.Connection:
    """The file, read-only. Raises `Refused` and sqlite3.Error."""

    def connect(how: str) -> sqlite3.Connection:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, isolation_level=None)
        db.execute("SELECT 1 FROM sqlite_master")
        return db

    # Without a log beside it nobody is writing the file, and it can be read where nothing can be created.
    if not Path(f"{path}{_WAL}").exists():
        return connect("immutable=1")
    try:
        return connect("mode=ro")
    except sqlite3.OperationalError as error:
        if not torn:
            return connect("immutable=1")
        if error.sqlite_errorcode & _PRIMARY_CODE != sqlite3.SQLITE_CANTOPEN:
            raise
        why = f"it was not closed, and {path.parent} cannot be written to: copy it elsewhere, with {path.name}{_WAL}"
        raise Refused(f"{path}: {why}") from None


def _what_is_wrong(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if code == sqlite3.SQLITE_CORRUPT:
        return "this cannot be read as a recording: the file is damaged, or its end is missing"
    if isinstance(error, sqlite3.OperationalError):
        return f"this cannot be read as a recording: {error}"
    return f"this is not a recording: {error}"


class Recording:
    """An opened file, read-only. Raises `Refused` with one line for whatever is wrong with it.

    `start` is the hash its chain starts at; `torn` that whoever wrote it has not closed it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = _check_file(path)
        try:
            self._db = _connect(path, self.torn)
            self._db.execute("PRAGMA trusted_schema = OFF")
            made = self._db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            if not made:
                raise Refused(f"{path}: this is not a recording, or {path.name}{_WAL} is missing: it has no tables")
            if sorted(map(str, (sql for (sql,) in made))) != sorted(SCHEMA):
                raise Refused(f"{path}: this is not a recording: it has other tables")
            rows = [(str(key), str(value)) for key, value in self._db.execute("SELECT key, value FROM header")]
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise Refused(f"{path}: {_what_is_wrong(error)}") from None
        self.header = self._header(rows)
        self.start = header_hash(rows)

    def _header(self, rows: list[tuple[str, str]]) -> Header:
        known = dict(rows)
        try:
            header = Header(**{name: known[name] for name in Header.__slots__})
        except KeyError as missing:
            raise Refused(f"{self.path}: this is not a recording: its header has no {missing}") from None
        if header.format != str(FORMAT_VERSION):
            raise Refused(f"{self.path}: format {header.format[:20]}; this version reads {FORMAT_VERSION}")
        return header

    def close(self) -> None:
        self._db.close()

    def last_tick(self) -> int:
        """The number of the newest tick, 0 when there is none."""
        row = self._one("SELECT max(tick) FROM ticks")
        return row[0] if row is not None and type(row[0]) is int else 0

    def module(self, sha256: bytes) -> bytes:
        """The bytes of a program that ran, as they are. Raises `Refused` when they are missing."""
        row = self._one("SELECT data FROM modules WHERE sha256 = ?", sha256)
        if row is None or type(row[0]) is not bytes:
            raise Refused(f"{self.path}: the module {sha256.hex()[:16]} is missing")
        return row[0]

    def module_names(self) -> list[object]:
        """What the modules are filed under: SHA-256 of their bytes, if nobody has changed it."""
        return [name for (name,) in self._rows("SELECT sha256 FROM modules")]

    def ticks(self, first: int = 1) -> Iterator[JournalRow]:
        """Rows in order, in pages: between two the file is free. Raises `Refused` for a row that has another shape."""
        columns = ", ".join(JournalRow._fields)
        query = f"SELECT {columns} FROM ticks WHERE tick >= ? ORDER BY tick LIMIT {_PAGE}"
        problem: Refused | None = None
        while problem is None:
            page: list[tuple[Any, ...]] = []
            try:
                page.extend(self._rows(query, first))
            except Refused as refused:
                problem = refused
            for row in page:
                if any(type(value) is not kind for value, kind in zip(row, _COLUMNS, strict=True)):
                    raise Refused(f"{self.path}: tick {row[0]}: a column has another type")
                yield JournalRow(*row)
            if not page:
                break
            first = page[-1][0] + 1
        if problem is not None:
            raise problem

    def facts(self, first: int, count: int) -> list[tuple[int, int, bytes]]:
        """(tick, time in ns of uptime, packed commits) of up to `count` ticks. Raises `Refused`."""
        query = "SELECT tick, time_ns, commits FROM ticks WHERE tick >= ? ORDER BY tick LIMIT ?"
        rows = list(self._rows(query, first, count))
        if any(type(time_ns) is not int or time_ns < 0 or type(commits) is not bytes for _, time_ns, commits in rows):
            raise Refused(f"{self.path}: tick {first} or one soon after it: a column has another type")
        return rows

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        return next(self._rows(query, *values), None)

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        cursor: sqlite3.Cursor | None = None
        while True:
            # Only what SQLite does is inside: a reader may stop here, and the file be closed before this is collected.
            try:
                cursor = cursor or self._db.execute(query, values)
                row = cursor.fetchone()
            except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
                raise Refused(f"{self.path}: the file is damaged: {error}") from None
            if row is None:
                return
            yield row
