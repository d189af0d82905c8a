"""The command in a process of its own: with pipes, and with a person at a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from fcntl import ioctl
from pathlib import Path
from struct import pack
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
GUESTS = ROOT / "tests" / "guests"
PATIENCE_S = 30.0
COLUMNS, LINES = 120, 40
LFLAG = 3


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "zos_tui.cli.main", *map(str, arguments)]


def environment(**extra: str) -> dict[str, str]:
    """What the command inherits, but for a terminal size that is the test runner's."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**inherited, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **extra}


def zos(*arguments: str | Path, stdin: bytes = b"", **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The command with pipes, run to its end."""
    return subprocess.run(
        command(*arguments), input=stdin, env=environment(), capture_output=True, timeout=PATIENCE_S, check=False,
        **options,
    )  # fmt: skip


class Person:
    """Someone at a terminal who types and waits for what is shown; `shown` is every byte so far."""

    def __init__(self, argv: Sequence[str], **extra: str) -> None:
        self.master, self._slave = pty.openpty()
        self.resize(COLUMNS, LINES)
        self.shown = b""
        self._read_to = 0
        # A session leader that opens a terminal gets it as its own: its keys become signals.
        own = ["sh", "-c", f'exec "$@" <>{os.ttyname(self._slave)} >&0 2>&0', "sh"]
        self.process = subprocess.Popen([*own, *argv], env=environment(**extra), start_new_session=True)

    def resize(self, columns: int, lines: int) -> None:
        ioctl(self.master, termios.TIOCSWINSZ, pack("HHHH", lines, columns, 0, 0))

    @property
    def attributes(self) -> list[Any]:
        return termios.tcgetattr(self._slave)

    @property
    def canonical(self) -> bool:
        return bool(self.attributes[LFLAG] & termios.ICANON)

    @property
    def waits_to_be_read(self) -> int:
        """Bytes typed that the command has not read; a raw terminal has no line to wait for."""
        count = bytearray(4)
        ioctl(self._slave, termios.FIONREAD, count)
        return int.from_bytes(count, sys.byteorder)

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def until(self, condition: Callable[[], bool], what: object) -> None:
        """Read until the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"never {what!r} in {self.shown!r}"
            if select.select([self.master], [], [], 0.02)[0]:
                self.shown += os.read(self.master, 65536)

    def sees(self, text: bytes) -> bytes:
        """Wait for a text after what was seen before; what stood between."""
        self.until(lambda: text in self.shown[self._read_to :], text)
        at = self.shown.index(text, self._read_to)
        between, self._read_to = self.shown[self._read_to : at], at + len(text)
        return between

    def ends(self) -> int:
        """Wait for the end of the command; its exit status."""
        self.until(lambda: self.process.poll() is not None, "the end")
        while select.select([self.master], [], [], 0)[0]:
            self.shown += os.read(self.master, 65536)
        return self.process.wait()

    def leave(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._slave)
        os.close(self.master)
