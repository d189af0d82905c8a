"""The app protocol: what a program shows in its tab's view, and what the view sends back.

Rules of this file
- Pure: frozen values and their bytes. An envelope is `version u8, type_tag u8, payload_len u16, payload`, and the
  payload begins with the type tag again; a string is `len u16, UTF-8` (abi: App envelope).
- States go from a program to its view (MSG_APP_STATE), inputs from the view to the program (MSG_APP_INPUT).
- A decoder checks version, lengths and UTF-8, refuses unknown tags, and raises `Malformed` for all of them.

Vocabulary first (types, states, inputs), then the decoders by type, then the envelope.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar

from zos_core.abi import MAX_PAYLOAD, Malformed
from zos_core.wire import Reader, pack_text16

APP_VERSION = 1

_ENVELOPE = struct.Struct("<BBH")
_U32 = struct.Struct("<I")


class AppType(IntEnum):
    """Type tags. States stay below 0x10."""

    CLOCK_STATE = 0x01
    CALCULATOR_STATE = 0x02
    TERMINAL_STATE = 0x03
    BUTTON_INPUT = 0x10
    TEXT_INPUT = 0x11
    KEY_INPUT = 0x12
    FOCUS_INPUT = 0x13
    TERMINAL_INPUT = 0x20


class Modifiers(IntFlag):
    NONE = 0
    SHIFT = 1
    CTRL = 2
    ALT = 4


class TerminalAction(IntEnum):
    CHAR = 0
    ENTER = 1
    TAB = 2
    UP = 3
    DOWN = 4
    BACKSPACE = 5
    DELETE = 6
    INTERRUPT = 7
    EOF = 8
    CLEAR = 9


# --- states -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClockState:
    TYPE: ClassVar[AppType] = AppType.CLOCK_STATE
    time: str
    date: str
    is_24_hour: bool
    timezone: str

    def fields(self) -> bytes:
        flag = bytes([self.is_24_hour])
        return pack_text16(self.time) + pack_text16(self.date) + flag + pack_text16(self.timezone)


@dataclass(frozen=True, slots=True)
class CalculatorState:
    """`operator` is the pending operation, one character, or None. `memory` is the program's own byte."""

    TYPE: ClassVar[AppType] = AppType.CALCULATOR_STATE
    display: str
    operator: str | None
    has_error: bool
    memory: int

    def fields(self) -> bytes:
        pending = b"\x00" if self.operator is None else b"\x01" + _U32.pack(ord(self.operator))
        return pack_text16(self.display) + pending + bytes([self.has_error, self.memory])


@dataclass(frozen=True, slots=True)
class TerminalState:
    """`cursor` counts characters from the end of the prompt."""

    TYPE: ClassVar[AppType] = AppType.TERMINAL_STATE
    output: str
    prompt: str
    cursor: int
    ready: bool

    def fields(self) -> bytes:
        return pack_text16(self.output) + pack_text16(self.prompt) + _U32.pack(self.cursor) + bytes([self.ready])


# --- inputs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ButtonInput:
    TYPE: ClassVar[AppType] = AppType.BUTTON_INPUT
    name: str

    def fields(self) -> bytes:
        return pack_text16(self.name)


@dataclass(frozen=True, slots=True)
class TextInput:
    TYPE: ClassVar[AppType] = AppType.TEXT_INPUT
    text: str

    def fields(self) -> bytes:
        return pack_text16(self.text)


@dataclass(frozen=True, slots=True)
class KeyInput:
    TYPE: ClassVar[AppType] = AppType.KEY_INPUT
    code: int
    modifiers: Modifiers = Modifiers.NONE

    def fields(self) -> bytes:
        return _U32.pack(self.code) + bytes([self.modifiers])


@dataclass(frozen=True, slots=True)
class FocusInput:
    TYPE: ClassVar[AppType] = AppType.FOCUS_INPUT
    gained: bool

    def fields(self) -> bytes:
        return bytes([self.gained])


@dataclass(frozen=True, slots=True)
class TerminalInput:
    """`text` is what was typed for CHAR, and the line for ENTER."""

    TYPE: ClassVar[AppType] = AppType.TERMINAL_INPUT
    action: TerminalAction
    text: str = ""

    def fields(self) -> bytes:
        return bytes([self.action]) + pack_text16(self.text)


AppState = ClockState | CalculatorState | TerminalState
AppInput = ButtonInput | TextInput | KeyInput | FocusInput | TerminalInput
AppMessage = AppState | AppInput

# --- decoders -----------------------------------------------------------------------------------------------------


def _character(reader: Reader) -> str:
    code = reader.u32()
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise Malformed(f"0x{code:x} is no character")
    return chr(code)


def _modifiers(reader: Reader) -> Modifiers:
    bits = reader.u8()
    if bits & ~0x07:
        raise Malformed(f"unknown modifiers 0x{bits:02x}")
    return Modifiers(bits)


def _action(reader: Reader) -> TerminalAction:
    number = reader.u8()
    try:
        return TerminalAction(number)
    except ValueError as error:
        raise Malformed(f"unknown terminal action {number}") from error


def _calculator(reader: Reader) -> CalculatorState:
    display = reader.text16()
    operator = _character(reader) if reader.flag() else None
    return CalculatorState(display, operator, reader.flag(), reader.u8())


_DECODERS: dict[int, Callable[[Reader], AppMessage]] = {
    AppType.CLOCK_STATE: lambda r: ClockState(r.text16(), r.text16(), r.flag(), r.text16()),
    AppType.CALCULATOR_STATE: _calculator,
    AppType.TERMINAL_STATE: lambda r: TerminalState(r.text16(), r.text16(), r.u32(), r.flag()),
    AppType.BUTTON_INPUT: lambda r: ButtonInput(r.text16()),
    AppType.TEXT_INPUT: lambda r: TextInput(r.text16()),
    AppType.KEY_INPUT: lambda r: KeyInput(r.u32(), _modifiers(r)),
    AppType.FOCUS_INPUT: lambda r: FocusInput(r.flag()),
    AppType.TERMINAL_INPUT: lambda r: TerminalInput(_action(r), r.text16()),
}

# --- the envelope -------------------------------------------------------------------------------------------------


def encode(message: AppMessage) -> bytes:
    """The envelope of a state or an input. Raises ValueError when it is larger than one message may be."""
    payload = bytes([message.TYPE]) + message.fields()
    if _ENVELOPE.size + len(payload) > MAX_PAYLOAD:
        raise ValueError(f"an app envelope of {len(payload)} bytes is larger than a message")
    return _ENVELOPE.pack(APP_VERSION, message.TYPE, len(payload)) + payload


def decode(data: bytes) -> AppMessage:
    """The state or input in an envelope. Raises Malformed."""
    reader = Reader(data)
    version, type_tag, length = reader.u8(), reader.u8(), reader.u16()
    if version != APP_VERSION:
        raise Malformed(f"app protocol version {version} is not {APP_VERSION}")
    if length != reader.left:
        raise Malformed(f"an envelope of {length} bytes holds {reader.left}")
    decoder = _DECODERS.get(type_tag)
    if decoder is None:
        raise Malformed(f"unknown app type 0x{type_tag:02x}")
    if reader.u8() != type_tag:
        raise Malformed("the payload begins with another type tag")
    message = decoder(reader)
    reader.end()
    return message
