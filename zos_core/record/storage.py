"""Storage: serves programs from the storage file, by one thread outside the machine.

Rules of this file (runtime: Time, ticks and the journal)
- All requests of a tick are one transaction; their callers are answered after it is durable, and not before.
- Where the session is recorded, the journal is durable first, and the transaction carries (session, tick): what is
  stored has always been asked for by a tick that survives.
- The machine never waits for the disk: requests go in by `submit`, answers come out by `completed`.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from zos_core.abi import Errno, Sys
from zos_core.errors import Refused
from zos_core.kernel.transient import StorageRequest
from zos_core.record.store import Store
from zos_core.runtime.commands import StorageDone


class Journal(Protocol):
    """What records the session: `tick` is the last one handed to it."""

    session: str
    tick: int

    def wait_durable(self, tick: int) -> bool: ...


def _serve(store: Store, request: StorageRequest) -> StorageDone:
    code, data = Errno.E_OK, b""
    match request.num:
        case Sys.STORAGE_READ:
            code, data = store.read(request.namespace, request.key, request.at)
        case Sys.STORAGE_WRITE:
            code = store.write(request.namespace, request.key, request.value)
        case Sys.STORAGE_DELETE:
            code = store.delete(request.namespace, request.key)
        case Sys.STORAGE_LIST:
            data = store.listing(request.namespace, request.key, request.at)
    return StorageDone(request.pid, request.event, code, request.at, data)


class Storage:
    """The thread that writes. `pending` counts batches handed in and not yet collected."""

    def __init__(self, path: Path | None = None, journal: Journal | None = None) -> None:
        self._store = Store.open(path)
        self._owners = {each.id: (each.program, each.origin) for each in self._store.namespaces()}
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
                number = self._store.namespace(program, origin)
            except sqlite3.Error as error:
                raise Refused(f"the storage cannot be used: {error}") from None
        self._owners[number] = (program, origin)
        return number

    def owner_of(self, namespace: int) -> tuple[str, str] | None:
        """The (program, origin) a namespace belongs to; None for a number that no program has come by."""
        return self._owners.get(namespace)

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
        self._store.close()

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
                self._store.db.execute("BEGIN IMMEDIATE")
                answers = [_serve(self._store, request) for request in batch]
                if tick and self._journal is not None:
                    row = (self._journal.session, tick)
                    self._store.db.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?)", row)
                self._store.db.execute("COMMIT")
                return answers
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):
                    self._store.db.execute("ROLLBACK")
                return [StorageDone(r.pid, r.event, Errno.E_NOMEM, r.at, b"") for r in batch]
