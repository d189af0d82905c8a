"""Reading fields off a message: one cursor for every payload that has more than one fixed layout.

Rules of this file
- All integers are little-endian (abi: The system-call ABI).
- A `Reader` raises `Malformed` when bytes are missing, left over, or no UTF-8; it never guesses.
- Text is written with its length before it; text that does not fit its length field is the caller's `ValueError`.
"""

from __future__ import annotations

import struct

from zos_core.abi import Malformed

_U8 = struct.Struct("<B")
_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class Reader:
    """A cursor over the bytes of one message."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self._at

    def u8(self) -> int:
        return self._number(_U8)

    def u16(self) -> int:
        return self._number(_U16)

    def u32(self) -> int:
        return self._number(_U32)

    def u64(self) -> int:
        return self._number(_U64)

    def flag(self) -> bool:
        """A `u8` that is 0 or 1."""
        value = self.u8()
        if value > 1:
            raise Malformed(f"a flag is 0 or 1, not {value}")
        return value == 1

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        if length > self.left:
            raise Malformed(f"{length} bytes expected, {self.left} left")
        start = self._at
        self._at += length
        return self._data[start : self._at]

    def text8(self) -> str:
        """`len u8, UTF-8`."""
        return self._text(self.u8())

    def text16(self) -> str:
        """`len u16, UTF-8`."""
        return self._text(self.u16())

    def end(self) -> None:
        """Asserts that nothing is left over."""
        if self.left:
            raise Malformed(f"{self.left} bytes left over")

    def _number(self, layout: struct.Struct) -> int:
        value: int = layout.unpack(self.take(layout.size))[0]
        return value

    def _text(self, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError as error:
            raise Malformed("text is not UTF-8") from error


def pack_text8(text: str) -> bytes:
    """`len u8, UTF-8`. Raises ValueError past 255 bytes."""
    return _prefixed(_U8, text)


def pack_text16(text: str) -> bytes:
    """`len u16, UTF-8`. Raises ValueError past 65,535 bytes."""
    return _prefixed(_U16, text)


def _prefixed(layout: struct.Struct, text: str) -> bytes:
    data = text.encode()
    if len(data) >> (8 * layout.size):
        raise ValueError(f"{len(data)} bytes of text do not fit a length of {layout.size} bytes")
    return layout.pack(len(data)) + data
