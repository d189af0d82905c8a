"""Consoles seen from outside: callbacks, what waits for one, and input that waits for its process.

Rules of this file (seed: Console I/O Model; kernel: Console; supervisor: Supervisor)
- What a process writes goes to that process's callback and to no other.
- Without a callback the last 256 KiB are kept, and given to the first one that registers.
- Input that cannot be delivered yet waits in order, up to 64 KiB a process, then it is refused by an error.
- A callback that raises is logged and dropped; the machine goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from zos_core import abi
from zos_core.abi import Stream
from zos_core.errors import InputRefused
from zos_core.snapshot import ConsoleMode

ConsoleCallback = Callable[[bytes, int], None]


@dataclass(slots=True)
class _Console:
    mode: ConsoleMode
    callback: ConsoleCallback | None = None
    backlog: deque[tuple[bytes, Stream]] = field(default_factory=deque)
    backlog_size: int = 0
    pending: deque[bytes] = field(default_factory=deque)
    pending_size: int = 0
    listed: bool = True


class Consoles:
    """One entry for each process that is listed, living or lately ended, and for each that somebody listens to."""

    def __init__(self) -> None:
        self._consoles: dict[int, _Console] = {}
        self.waiting: dict[int, None] = {}
        """Processes with input that has not been delivered, in order; looked at in every tick."""
        self._ended: deque[int] = deque()
        self._undelivered: deque[tuple[int, Stream, bytes]] = deque()
        self._delivering = False

    def open(self, pid: int, mode: ConsoleMode) -> None:
        self._open(pid, mode)

    def _open(self, pid: int, mode: ConsoleMode) -> _Console:
        console = self._consoles[pid] = _Console(mode)
        return console

    def ended(self, pid: int) -> None:
        """Its process has ended: input is dropped, output kept while it is among the last that the kernel lists."""
        self.discard(pid)
        self._ended.append(pid)
        if len(self._ended) > abi.MAX_ENDED_LISTED:
            unlisted = self._ended.popleft()
            if unlisted in self._consoles:
                self._consoles[unlisted].listed = False
                self._forget(unlisted)

    def _forget(self, pid: int) -> None:
        """Drop the console of a process that nobody can look up any more, unless somebody still listens."""
        if not self._consoles[pid].listed and self._consoles[pid].callback is None:
            del self._consoles[pid]

    def __contains__(self, pid: int) -> bool:
        return pid in self._consoles

    def mode(self, pid: int) -> ConsoleMode:
        return self._consoles[pid].mode if pid in self._consoles else ConsoleMode.LINE

    def set_mode(self, pid: int, mode: ConsoleMode) -> None:
        if pid in self._consoles:
            self._consoles[pid].mode = mode

    # --- output ---------------------------------------------------------------------------------------------------

    def register(self, pid: int, callback: ConsoleCallback) -> None:
        """Hand over what was kept, then everything that comes."""
        console = self._consoles.get(pid) or self._open(pid, ConsoleMode.LINE)
        console.callback = callback
        kept, console.backlog, console.backlog_size = console.backlog, deque(), 0
        for data, stream in kept:
            self.write(pid, stream, data)

    def unregister(self, pid: int) -> None:
        if pid in self._consoles:
            self._consoles[pid].callback = None
            self._forget(pid)

    def deliver(self, output: Iterable[tuple[int, Stream, bytes]]) -> None:
        """Output in order: what a callback itself sets off comes after what is here already."""
        self._undelivered.extend(output)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._undelivered:
                self.write(*self._undelivered.popleft())
        finally:
            self._delivering = False

    def write(self, pid: int, stream: Stream, data: bytes) -> None:
        console = self._consoles.get(pid) or self._open(pid, ConsoleMode.LINE)
        if console.callback is not None:
            try:
                # BYTE PATH 8: the process's callback, and no other's
                console.callback(data, stream)
                return
            except Exception:
                import logging

                logging.getLogger(__name__).exception("the console callback of process %d failed and was dropped", pid)
                console.callback = None
        console.backlog.append((data, stream))
        console.backlog_size += len(data)
        while console.backlog_size > abi.MAX_CONSOLE_BACKLOG:
            console.backlog_size -= len(console.backlog.popleft()[0])

    # --- input ----------------------------------------------------------------------------------------------------

    def enqueue(self, pid: int, pieces: list[bytes]) -> None:
        """Keep input until its process can take it. Raises `InputRefused` when 64 KiB wait already."""
        console = self._consoles.get(pid) or self._open(pid, ConsoleMode.LINE)
        size = sum(map(len, pieces))
        if console.pending_size + size > abi.MAX_PENDING_INPUT:
            raise InputRefused(f"process {pid} does not read its input: {console.pending_size} bytes wait already")
        console.pending.extend(pieces)
        console.pending_size += size
        if console.pending:
            self.waiting[pid] = None

    def room(self, pid: int) -> int:
        """How many bytes `enqueue` would take."""
        console = self._consoles.get(pid)
        return abi.MAX_PENDING_INPUT - (0 if console is None else console.pending_size)

    def take(self, pid: int, count: int) -> list[bytes]:
        """Up to `count` pieces of input for `pid`, in order."""
        console = self._consoles[pid]
        taken = [console.pending.popleft() for _ in range(min(count, len(console.pending)))]
        console.pending_size -= sum(map(len, taken))
        if not console.pending:
            self.waiting.pop(pid, None)
        return taken

    def discard(self, pid: int) -> None:
        """Input for a process that has ended."""
        if pid in self._consoles:
            self._consoles[pid].pending.clear()
            self._consoles[pid].pending_size = 0
            self.waiting.pop(pid, None)
