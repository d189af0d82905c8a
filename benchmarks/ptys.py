"""A program on a pseudo-terminal, seen through our own emulator, which also answers what the program asks of it.

Waiting is always reading: nothing here sleeps, and the program never blocks on a terminal that nobody reads.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from zos_tui.screen import Screen

COLUMNS, LINES = 120, 40
PATIENCE_S = 30.0
READ_BYTES = 1 << 16


class Silent(RuntimeError):
    """A program did not show what was waited for."""


class Terminal:
    """One program and its terminal. `started` is the time just before it was executed."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        variables = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})}
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if not self.pid:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, size)
                os.execvpe(command[0], list(command), variables)
            finally:
                os._exit(127)
        self.screen = Screen(COLUMNS, LINES, scrollback=0, reply=self.write)

    def write(self, data: bytes) -> None:
        os.write(self.fd, data)

    def read(self, timeout_s: float) -> bytes:
        """What the program wrote, as soon as there is something; empty when the time is over or it has ended."""
        readable, _, _ = select.select([self.fd], [], [], max(0.0, timeout_s))
        if not readable:
            return b""
        try:
            return os.read(self.fd, READ_BYTES)
        except OSError:  # how Linux tells that the last writer is gone
            return b""

    def text(self) -> str:
        rows = ("".join(self.screen.row(y).text).rstrip() for y in range(LINES))
        return "\n".join(rows).strip()

    def until(self, shown: Callable[[str], object]) -> float:
        """Reads until the screen's text satisfies `shown`; the time when it did. Raises `Silent`."""
        deadline = time.perf_counter() + PATIENCE_S
        while (left := deadline - time.perf_counter()) > 0:
            data = self.read(left)
            now = time.perf_counter()
            self.screen.feed(data)
            if shown(self.text()):
                return now
            if not data:
                break
        raise Silent(f"{PATIENCE_S:.0f} s passed, or the program ended, and the screen shows:\n{self.text()}")

    def seconds(self, keys: bytes, shown: Callable[[str], object]) -> float:
        """From writing the keys until the screen's text satisfies `shown`. Raises `Silent`."""
        started = time.perf_counter()
        self.write(keys)
        return self.until(shown) - started

    def echo_seconds(self, character: str) -> float:
        """From writing a character to reading it back. Raises `Silent`."""
        wanted, seen = character.encode(), b""
        started = time.perf_counter()
        self.write(wanted)
        while data := self.read(PATIENCE_S):
            now = time.perf_counter()
            seen += data
            if wanted in seen:
                self.screen.feed(seen)
                return now - started
        raise Silent(f"{character!r} never came back")

    def busy_seconds(self) -> float:
        """Processor time of all threads of the program so far."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def close(self) -> None:
        """Ends the program, by force if it does not go by itself."""
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.perf_counter() + PATIENCE_S / 10
        while time.perf_counter() < deadline and self.read(deadline - time.perf_counter()):
            pass
        os.close(self.fd)
        if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def drain(terminals: Iterable[Terminal], seconds: float) -> None:
    """Reads from all of them for that long."""
    by_fd = {terminal.fd: terminal for terminal in terminals}
    deadline = time.perf_counter() + seconds
    while (left := deadline - time.perf_counter()) > 0:
        for fd in select.select(list(by_fd), [], [], left)[0]:
            by_fd[fd].screen.feed(by_fd[fd].read(0))
