"""Bytes on their way to standard output and standard error: in order, without ever waiting for a reader.

Rules of this file
- One queue for both descriptors: on one terminal the order of a program's output and errors is kept.
- A write happens only when the descriptor takes it, in pieces that a pipe takes whole, so that a slow reader stops
  the program and never the signals.
- A reader that is gone ends the command quietly, as SIGPIPE would.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections import deque

from zos_tui.cli.messages import CommandFailed, Stopped

HOLD_ABOVE = 64 << 10
"""Bytes that may wait before the program is made to wait."""

_PIECE = select.PIPE_BUF
_NAMES = {1: "standard output", 2: "standard error"}


class OutputQueue:
    def __init__(self) -> None:
        self._waiting: deque[tuple[int, memoryview]] = deque()
        self.size = 0

    def add(self, descriptor: int, data: bytes) -> None:
        if data:
            self._waiting.append((descriptor, memoryview(data)))
            self.size += len(data)

    @property
    def descriptor(self) -> int | None:
        """Whose turn it is."""
        return self._waiting[0][0] if self._waiting else None

    def clear(self) -> None:
        self._waiting.clear()
        self.size = 0

    def write(self) -> None:
        """Write what is taken at once. Raises `Stopped` when nobody reads, `CommandFailed` for another error."""
        while self._waiting:
            descriptor, data = self._waiting[0]
            try:
                if not _takes(descriptor):
                    return
                written = os.write(descriptor, data[:_PIECE])
            except BlockingIOError:
                return
            except BrokenPipeError:
                self.clear()
                raise Stopped(signal.SIGPIPE) from None
            except OSError as error:
                self.clear()
                raise CommandFailed(f"{_NAMES.get(descriptor, descriptor)}: {error.strerror}") from None
            self.size -= written
            if written < len(data):
                self._waiting[0] = (descriptor, data[written:])
            else:
                self._waiting.popleft()


def write_at_once(descriptor: int, data: bytes) -> None:
    """Write a few bytes if the descriptor takes them: output that is stopped with Ctrl-S must not hold up the end."""
    with contextlib.suppress(OSError):
        if data and _takes(descriptor):
            os.write(descriptor, data)


def _takes(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
