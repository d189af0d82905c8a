"""What a guest may send to the person's own terminal (supervisor: Line mode and raw mode).

Rules of this file
- Pure: bytes in, bytes and requests out. Output may be cut anywhere; what is held of it is bounded.
- What is in the tables passes: text, SGR, cursor, erase, modes, the alternate screen. Everything else is dropped:
  titles, clipboard, device strings, report requests, what resizes a window or changes it for good.
- A sequence is written again from its parts, so that the terminal sees what was judged and nothing else.
- Three things are the console's own and never reach the terminal: mode 7200 (line or raw), mode 2048 (sizes in
  band) and `CSI 18 t` (the size).
- What a program switched is known, so that it can be switched back when the program ends.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from zos_tui.escapes import Sequence, Tokenizer, parse_sequence
from zos_tui.modes import IN_BAND_RESIZE, LINE_MODE

ESC = "\x1b"
CSI = "\x1b["


class Request(Enum):
    """What a program asks of its console, in the order of its output."""

    LINE = "line"
    RAW = "raw"
    SIZE = "size"
    SIZE_IN_BAND = "size in band"


class Filtered(NamedTuple):
    """What goes to the terminal, and what the program asked for."""

    output: bytes
    requests: tuple[Request, ...] = ()


CONTROLS = frozenset("\a\b\t\n\v\f\r\x0e\x0f") | {"\r\n"}

ESCAPES = frozenset("78DEM=>") | {f"{slot}{table}" for slot in "()" for table in "0AB"}
"""Cursor saves and moves, the keypad, and the three character sets in use."""

SEQUENCES = frozenset("@ABCDEFGHIJKLMPSTXZ`abdefmrsu") | {"?J", "?K", "!p", " q"}
"""By key, as `escapes.Sequence` has it; `h` and `l` are judged mode by mode."""

MODES = frozenset({"4", "20"})
PRIVATE_MODES = frozenset(
    {"1", "5", "6", "7", "12", "25", "47", "66", "1000", "1002", "1003", "1004", "1006", "1007"}
    | {"1047", "1048", "1049", "2004", "2026"}
)
ON_AT_FIRST = frozenset({"?7", "?25"})
_NOT_A_STATE = frozenset({"?1048"})
"""Saving the cursor is an act; there is nothing to switch back."""

_KEYPAD = {"=": True, ">": False}


class TerminalFilter:
    """One stream of output on its way to a terminal. `unsafe` lets everything pass but mode 7200."""

    def __init__(self, *, unsafe: bool = False) -> None:
        self.resize_reports = False
        self._unsafe = unsafe
        self._tokens = Tokenizer()
        self._changed: dict[str, bool] = {}
        self._styled = self._margins = self._charset = self._keypad = self._shape = False
        self._requests: list[Request] = []

    def feed(self, data: bytes) -> Filtered:
        """The next piece of output."""
        parts = self._tokens.feed(data)
        out = [self._token(part) if index % 2 else part for index, part in enumerate(parts)]
        requests, self._requests = tuple(self._requests), []
        return Filtered(data if self._unsafe else "".join(out).encode(), requests)

    def leave(self) -> bytes:
        """What puts the terminal back as it was, for the end or for a stop."""
        out = f"{ESC}7{CSI}r{ESC}8" if self._margins else ""
        out += "".join(_set(mode, not on) for mode, on in self._changed.items())
        out += f"{ESC}>" if self._keypad else ""
        out += f"{ESC}(B{ESC})B\x0f" if self._charset else ""
        out += f"{CSI}0 q" if self._shape else ""
        return (out + (f"{CSI}0m" if self._styled else "")).encode()

    def enter(self) -> bytes:
        """The program's modes again, after a stop; what it had drawn is its own to draw again."""
        out = "".join(_set(mode, on) for mode, on in self._changed.items())
        return (out + (f"{ESC}=" if self._keypad else "")).encode()

    def _token(self, token: str) -> str:
        if token in CONTROLS:
            self._charset = self._charset or token == "\x0e"
            return token
        if token.startswith(CSI):
            embedded, sequence = parse_sequence(token)
            first = "".join(control for control in embedded if control in CONTROLS)
            return first + (self._sequence(sequence) if sequence is not None else "")
        return self._escape(token) if token.startswith(ESC) and token[1:] in ESCAPES else ""

    def _escape(self, token: str) -> str:
        self._charset = self._charset or token[1] in "()"
        self._keypad = _KEYPAD.get(token[1:], self._keypad)
        return token

    def _sequence(self, sequence: Sequence) -> str:
        key, numbers = sequence.key, sequence.numbers()
        if key in ("h", "l", "?h", "?l"):
            return "".join(self._mode(key[:-1], str(number), on=key[-1] == "h") for number in numbers)
        if key == "t" and numbers[0] == 18:
            self._ask(Request.SIZE)
        if key not in SEQUENCES or (key == "T" and len(numbers) > 1):
            return ""
        self._styled = self._styled or key == "m"
        self._margins = self._margins or key == "r"
        self._shape = self._shape or key == " q"
        body = sequence.body
        return f"{CSI}?{body}{key[1:]}" if key[0] == "?" else f"{CSI}{body}{key}"

    def _mode(self, prefix: str, number: str, *, on: bool) -> str:
        if prefix and number == str(LINE_MODE):
            self._requests.append(Request.LINE if on else Request.RAW)
            return ""
        if prefix and number == str(IN_BAND_RESIZE):
            self.resize_reports = on and not self._unsafe
            if on:
                self._ask(Request.SIZE_IN_BAND)
            return ""
        if number not in (PRIVATE_MODES if prefix else MODES):
            return ""
        mode = prefix + number
        if mode not in _NOT_A_STATE:
            self._changed.pop(mode, None)
            if on != (mode in ON_AT_FIRST):
                self._changed[mode] = on
        return _set(mode, on)

    def _ask(self, request: Request) -> None:
        """With `unsafe` the terminal itself answers."""
        if not self._unsafe:
            self._requests.append(request)


def _set(mode: str, on: bool) -> str:
    return f"{CSI}{mode}{'h' if on else 'l'}"


def size_report(lines: int, columns: int) -> bytes:
    """The answer to `CSI 18 t`, in cells."""
    return f"{CSI}8;{lines};{columns}t".encode()


def size_in_band(lines: int, columns: int) -> bytes:
    """The report of mode 2048, in cells; sizes in pixels are unknown, hence 0."""
    return f"{CSI}48;{lines};{columns};0;0t".encode()
