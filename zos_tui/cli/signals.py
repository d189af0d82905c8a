"""Signals as bytes of a pipe: a handler only leaves a mark, and the loop acts on it between two ticks.

Rules of this file (runtime: How, SIGINT)
- Nothing is raised from a handler: a system call of a guest may be running under it, which would swallow it.
- A signal the caller has ignored (nohup, a background job of a script) stays ignored.
"""

from __future__ import annotations

import os
import signal
from types import TracebackType
from typing import Any, Self

ENDING = (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT)
WATCHED = (*ENDING, signal.SIGINT, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)


def _mark(number: int, frame: object) -> None:
    """The interpreter has written the number to the pipe."""


class SignalPipe:
    """While entered, watched signals wait in a pipe; `descriptor` is readable when there is one."""

    def __enter__(self) -> Self:
        self.descriptor, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before: dict[signal.Signals, Any] = {}
        for number in WATCHED:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, _mark)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.descriptor)
        os.close(self._write)

    def take(self) -> list[signal.Signals]:
        """What has come since the last call, in order."""
        try:
            marks = os.read(self.descriptor, 4096)
        except BlockingIOError:
            return []
        return [signal.Signals(mark) for mark in marks if mark in WATCHED]

    def stop(self) -> None:
        """Stop this process as SIGTSTP does by default; returns when it goes on."""
        marked = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        try:
            os.kill(os.getpid(), signal.SIGTSTP)
        finally:
            signal.signal(signal.SIGTSTP, marked)
