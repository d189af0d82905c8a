"""Threads for what takes long on the host's files: syncing, and reading or writing much at once.

Rules of this file (runtime: WASI programs)
- The machine never waits for a disk: jobs go in by `submit`, their answers come out by `completed`, as commands.
- A job that has begun is carried out to its end, whatever happened to its caller meanwhile.
"""

from __future__ import annotations

import queue
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from zos_core.runtime.commands import HostDone
from zos_core.wasi.host import Job

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

MAX_THREADS = 4


class Workers:
    """`pending` counts jobs handed in and not yet collected."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._done: queue.SimpleQueue[HostDone] = queue.SimpleQueue()
        self.pending = 0

    def submit(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            self.pending += 1
            self._threads().submit(self._run, job)

    def _threads(self) -> ThreadPoolExecutor:
        """Made, and imported, with the first job: few programs have any."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="zos-files")
        return self._pool

    def _run(self, job: Job) -> None:
        self._done.put(HostDone(job.pid, job.event, job.work().pack()))

    def completed(self) -> list[HostDone]:
        """Answers that have come since the last look. Never waits."""
        out: list[HostDone] = []
        with suppress(queue.Empty):
            while True:
                out.append(self._done.get_nowait())
                self.pending -= 1
        return out

    def close(self) -> None:
        """Finish what has begun."""
        if self._pool is not None:
            self._pool.shutdown()
