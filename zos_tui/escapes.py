"""Bytes to text and control sequences: the tokenizer of the terminal emulator (ECMA-48, VT500 state machine).

Rules:

* `Tokenizer.feed` returns text and control sequences in turn: even entries are printable text (maybe empty), odd
  entries one control each. A control cut off by the end of the input waits for the rest.
* Splitting the input anywhere gives the same tokens' effect: UTF-8 is decoded incrementally, malformed to U+FFFD.
* Everything is bounded: a control longer than its limit is swallowed to its end, in time linear in the input.
* A string (OSC, DCS, APC, PM, SOS) ends at ESC; the backslash of its terminator is then an escape of its own
  that does nothing. OSC also ends at BEL. CAN and SUB abort anything.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

MAX_SEQUENCE = 256
"""Characters of an escape or CSI sequence, with what is embedded in it."""

MAX_STRING = 4096
"""Characters of a string sequence; a longer one is delivered cut and marked so."""

MAX_PARAMETERS = 32
MAX_PARAMETER = 65_535

_C0 = r"\x00-\x17\x19\x1c-\x1f\x7f"

TOKENS = re.compile(
    "("
    r"\r\n"
    rf"|\x1b\[[{_C0} -?]*[@-~]?"
    r"|\x1b\][^\x07\x18\x1a\x1b]*[\x07\x18\x1a]?"
    r"|\x1b[PX^_][^\x18\x1a\x1b]*[\x18\x1a]?"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x1f\x7f-\x9f]"
    ")"
)
"""One control sequence, possibly cut off. Each alternative is a chain of disjoint classes: no backtracking."""

_COMPLETE = re.compile(
    rf"\x1b\[[{_C0} -?]*[@-~]"
    r"|\x1b\][^\x07\x18\x1a\x1b]*[\x07\x18\x1a]"
    r"|\x1b[PX^_][^\x18\x1a\x1b]*[\x18\x1a]"
    r"|\x1b[ -/]+[0-~]|\x1b[0-OQ-WYZ\\`-~]"
    r"|[^\x1b].?",
    re.DOTALL,
)
"""A token that needs nothing more, wherever the input was cut."""

_REST_OF_OSC = re.compile(r"([^\x07\x18\x1a\x1b]*)([\x07\x18\x1a]?)")
_REST_OF_STRING = re.compile(r"([^\x18\x1a\x1b]*)([\x18\x1a]?)")
_REST_OF_CSI = re.compile(rf"([{_C0} -?]*)([@-~]?)")
_REST_OF_ESCAPE = re.compile(r"([ -/]*)([0-~]?)")
_STRING = re.compile(r"\x1b[\]PX^_]")
_SEQUENCE = re.compile(r"([<-?]?)([0-9:;]*)([ -/]*)([@-~])")
_EMBEDDED = re.compile(f"[{_C0}]")


class Sequence(NamedTuple):
    """A CSI sequence taken apart. `key` is prefix, intermediates and final: what it means; `body` its parameters."""

    key: str
    body: str

    def numbers(self) -> tuple[int, ...]:
        """The parameters, 0 where left out; sub-parameters after a colon are dropped."""
        parts = self.body.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]
        numbers = (part.partition(":")[0] for part in parts)
        return tuple(min(int(number[:6] or "0"), MAX_PARAMETER) for number in numbers)


class Tokenizer:
    """Incremental: holds what a cut-off character, sequence or string still needs, never more than its limit."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._discarding = False

    def feed(self, data: bytes) -> list[str]:
        """Text and controls in turn (see the module's rules)."""
        text = self._decoder.decode(data)
        if self._held:
            if not text:
                return [""]
            text = self._resume(text)
        parts = TOKENS.split(text)
        if len(parts) > 1 and not parts[-1]:
            last = parts[-2]
            if _COMPLETE.fullmatch(last) is None:
                self._hold(last)
                del parts[-2:]
        return parts

    def _hold(self, token: str) -> None:
        limit = MAX_STRING if _STRING.match(token) else MAX_SEQUENCE
        self._discarding = len(token) > limit
        self._held = token[: limit + 1]

    def _resume(self, text: str) -> str:
        """What to split next: the held token and the input, less what an overlong token swallows of it."""
        held, self._held = self._held, ""
        if not self._discarding:
            return held + text
        match = _rest_of(held).match(text)
        if match is None or (match.end() == len(text) and not match[2]):
            self._held = held
            return ""
        self._discarding = False
        if _STRING.match(held):
            return held + text[match.end(1) :]
        return text[match.end() :]


def _rest_of(token: str) -> re.Pattern[str]:
    """What continues a cut-off token, and in group 2 what ends it and belongs to it."""
    if _STRING.match(token):
        return _REST_OF_OSC if token[1] == "]" else _REST_OF_STRING
    return _REST_OF_CSI if token.startswith("\x1b[") else _REST_OF_ESCAPE


def parse_sequence(token: str) -> tuple[list[str], Sequence | None]:
    """A CSI token taken apart: the C0 controls inside it, which a terminal obeys first, and the sequence.

    None for the sequence when it is malformed or was aborted; nothing at all when it is too long.
    """
    if len(token) > MAX_SEQUENCE:
        return [], None
    embedded: list[str] = []
    match = _SEQUENCE.fullmatch(token, 2)
    if match is None:
        embedded = _EMBEDDED.findall(token, 1)
        match = _SEQUENCE.fullmatch(_EMBEDDED.sub("", token), 2)
        if match is None:
            return embedded, None
    prefix, body, intermediates, final = match.groups()
    return embedded, Sequence(prefix + intermediates + final, body)


def parse_string(token: str) -> tuple[str, str, bool]:
    """Introducer, content without controls, and whether the content is whole, of a string token.

    An aborted string (CAN, SUB) has no content.
    """
    if token[-1] in "\x18\x1a":
        return token[1], "", False
    body = token[2:-1] if token[-1] == "\x07" else token[2:]
    whole = len(body) <= MAX_STRING - 2
    return token[1], _EMBEDDED.sub("", body[: MAX_STRING - 2]), whole
