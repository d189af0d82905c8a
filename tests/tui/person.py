"""A person at a real pty: keys in, and the screen that comes out, read by an emulator of our own."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from fcntl import ioctl
from struct import pack
from termios import TIOCSWINSZ

from zos_tui.screen import Screen

COLUMNS, LINES = 120, 40
PATIENCE_S = 30.0


class Terminal:
    """A person at a terminal: types, and waits for what is shown."""

    def __init__(self, *command: str) -> None:
        self.screen = Screen(COLUMNS, LINES)
        self.tail = b""
        self.fd, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, pack("HHHH", LINES, COLUMNS, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment = {**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)

    @property
    def text(self) -> str:
        return "\n".join("".join(self.screen.row(y).text).rstrip() for y in range(LINES))

    def read(self) -> bool:
        """Take in what has come; False when the desktop is gone."""
        ready, _, _ = select.select([self.fd], [], [], 0.1)
        if not ready:
            return self.process.poll() is None
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.screen.feed(data)
        self.tail = (self.tail + data)[-4000:]
        return bool(data)

    def until(self, shown: str, gone: str = "") -> None:
        deadline = time.monotonic() + PATIENCE_S
        while shown not in self.text or (gone and gone in self.text):
            alive = self.read()
            assert alive and time.monotonic() < deadline, f"never {shown!r} without {gone!r} in\n{self.text}"

    def type(self, keys: str, shown: str, gone: str = "") -> None:
        os.write(self.fd, keys.encode())
        self.until(shown, gone)

    def end(self) -> int:
        """Wait for the desktop to be gone; its exit status."""
        while self.read():
            pass
        return self.process.wait(PATIENCE_S)

    def leave(self) -> None:
        """Whatever still runs is ended."""
        self.process.kill()
        self.process.wait()
        os.close(self.fd)
