"""The console that `zos run` gives a process: the terminal of this command, or pipes and files.

Rules of this file (supervisor: Line mode and raw mode)
- A descriptor that is no terminal is byte-exact. Output on a terminal goes through a `TerminalFilter`.
- Line mode is the terminal's own (canonical) line editing; in raw mode every key is the program's, but Ctrl-\\, which
  ends the run in both: the terminal turns it into SIGQUIT even while nobody reads keys.
- Output processing stays on in raw mode: "\\n" still returns to the first column, also for messages of others.
- Whatever happens, the terminal gets back the attributes it had, and the modes a program left on are taken back.
"""

from __future__ import annotations

import contextlib
import os
import termios
from types import TracebackType
from typing import Any, Self

from zos_core.abi import Stream
from zos_core.snapshot import ConsoleMode
from zos_tui.cli.outputs import OutputQueue, write_at_once
from zos_tui.cli.termfilter import Request, TerminalFilter, size_in_band, size_report

STDIN, STDOUT, STDERR = 0, 1, 2
DESCRIPTORS = {Stream.OUTPUT: STDOUT, Stream.ERRORS: STDERR}
DEFAULT_SIZE = os.terminal_size((80, 24))

_IFLAG, _OFLAG, _LFLAG, _CC = 0, 1, 3, 6
_RAW_INPUT_OFF = (
    termios.BRKINT | termios.ICRNL | termios.IGNCR | termios.INLCR | termios.INPCK | termios.ISTRIP | termios.IXON
)
_NO_KEY = b"\0"


def line_attributes(saved: list[Any]) -> list[Any]:
    """Terminal attributes of line mode: the person's own, with line editing, echo and signals on."""
    attributes = _copy(saved)
    attributes[_IFLAG] |= termios.ICRNL
    attributes[_OFLAG] |= termios.OPOST | termios.ONLCR
    attributes[_LFLAG] |= termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN
    return attributes


def raw_attributes(saved: list[Any]) -> list[Any]:
    """Terminal attributes of raw mode: each key at once, none but Ctrl-\\ with a meaning."""
    attributes = _copy(saved)
    attributes[_IFLAG] &= ~_RAW_INPUT_OFF
    attributes[_OFLAG] |= termios.OPOST | termios.ONLCR
    attributes[_LFLAG] &= ~(termios.ICANON | termios.ECHO | termios.ECHONL | termios.IEXTEN)
    attributes[_LFLAG] |= termios.ISIG
    keys = attributes[_CC]
    keys[termios.VMIN], keys[termios.VTIME] = 1, 0
    keys[termios.VINTR] = keys[termios.VSUSP] = _NO_KEY
    keys[termios.VQUIT] = b"\x1c"
    return attributes


def _copy(attributes: list[Any]) -> list[Any]:
    return [*attributes[:_CC], list(attributes[_CC])]


class HostConsole:
    """Entered, it owns the terminal's attributes; `mode` is None when keys come from no terminal.

    `terminals` has a bit for each descriptor that is one.
    """

    def __init__(self, output: OutputQueue, *, unsafe: bool = False) -> None:
        self.output = output
        self.input_is_terminal = os.isatty(STDIN)
        self.is_terminal = self.input_is_terminal and os.isatty(STDOUT)
        self.terminals = sum(1 << each for each in (STDIN, STDOUT, STDERR) if os.isatty(each))
        self.mode: ConsoleMode | None = None
        self._saved: list[Any] | None = None
        self._filters = {each: TerminalFilter(unsafe=unsafe) for each in (STDOUT, STDERR) if os.isatty(each)}

    # --- the terminal ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self.input_is_terminal:
            with contextlib.suppress(termios.error):
                self._saved = termios.tcgetattr(STDIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        self._saved = None

    def set_mode(self, mode: ConsoleMode) -> None:
        """Who edits a line from here on; nothing when keys come from no terminal."""
        if self._saved is not None:
            self.mode = mode
            self._apply(raw_attributes(self._saved) if mode is ConsoleMode.RAW else line_attributes(self._saved))

    def leave(self) -> None:
        """Give the terminal back as it was, for the end or for a stop."""
        for descriptor, each in self._filters.items():
            write_at_once(descriptor, each.leave())
        if self._saved is not None and self.mode is not None:
            self._apply(self._saved)

    def enter(self) -> None:
        """Take the terminal again after a stop."""
        if self.mode is not None:
            self.set_mode(self.mode)
        for descriptor, each in self._filters.items():
            self.output.add(descriptor, each.enter())

    def _apply(self, attributes: list[Any]) -> None:
        # Not after draining: output that is stopped with Ctrl-S would hold up the end.
        with contextlib.suppress(termios.error):
            termios.tcsetattr(STDIN, termios.TCSANOW, attributes)

    # --- output ---------------------------------------------------------------------------------------------------

    def show(self, stream: int, data: bytes) -> tuple[Request, ...]:
        """Queue what a program wrote; returns what it asked of its console by it."""
        descriptor = DESCRIPTORS[Stream(stream)]
        gate = self._filters.get(descriptor)
        if gate is None:
            self.output.add(descriptor, data)
            return ()
        output, requests = gate.feed(data)
        self.output.add(descriptor, output)
        return requests

    def say(self, line: str) -> None:
        """Queue one line on standard error, in its place among what the program wrote there."""
        self.output.add(STDERR, f"{line}\n".encode(errors="replace"))

    # --- size -----------------------------------------------------------------------------------------------------

    def size_answer(self, request: Request) -> bytes:
        """The bytes that tell a program the size; nothing when the console is no terminal: input stays exact."""
        if not self.is_terminal:
            return b""
        size = self._size()
        report = size_report if request is Request.SIZE else size_in_band
        return report(size.lines, size.columns)

    def resized(self) -> bytes:
        """The report of a new size, when the program asked to be told."""
        wanted = any(each.resize_reports for each in self._filters.values())
        return self.size_answer(Request.SIZE_IN_BAND) if wanted else b""

    def _size(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(STDOUT)
        except OSError:
            return DEFAULT_SIZE
        return size if size.columns and size.lines else DEFAULT_SIZE
