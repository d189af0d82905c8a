"""Progress of what takes longer than a second, and its end by a signal (supervisor: Command line).

    with Progress("checking", total=5000) as progress:
        for tick in ...: progress(tick)
"""

from __future__ import annotations

import os
import signal
import time
from types import TracebackType
from typing import Self

from zos_tui.cli.messages import Stopped, tell
from zos_tui.cli.signals import ENDING, SignalPipe

AFTER_S = 1.0
EVERY_S = 0.1
_BAR = 30
_STDERR = 2
_ERASE_LINE = "\r\x1b[K"


class Progress:
    """A bar on standard error, if that is a terminal. Calling it raises `Stopped` when the command is told to end."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, max(total, 1)
        self._signals = SignalPipe()
        self._shows = os.isatty(_STDERR)
        self._next = time.monotonic() + AFTER_S
        self._shown = False

    def __enter__(self) -> Self:
        self._signals.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signals.__exit__(kind, error, trace)
        self.hide()

    def hide(self) -> None:
        """Off the line, for something else is written there."""
        if self._shown:
            tell(_ERASE_LINE)
            self._shown = False

    def __call__(self, done: int) -> None:
        """So much of the total is done."""
        for number in self._signals.take():
            if number in ENDING or number is signal.SIGINT:
                raise Stopped(number)
            if number is signal.SIGTSTP:
                self._signals.stop()
        now = time.monotonic()
        if self._shows and now >= self._next:
            self._next, self._shown = now + EVERY_S, True
            share = min(done / self._total, 1.0)
            bar = "#" * int(share * _BAR)
            tell(f"{_ERASE_LINE}zos: {self._what} [{bar:<{_BAR}}] {share:4.0%} of {self._total} ticks")
