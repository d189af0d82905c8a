"""Reading the wasm binary format: numbers, names and sections, with every bound checked.

Rules of this file
- The bytes come from anybody. Whatever is wrong with them is a `ModuleRefused` with one line; nothing else escapes.
- It reads structure only. Whether the code is valid is the engine's question, asked after the checks here.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

MAGIC = b"\0asm"
_VERSION = b"\x01\0\0\0"
HEADER = MAGIC + _VERSION
_LAYER_COMPONENT = b"\x01\0"


class ModuleRefused(ValueError):
    """A module that cannot become a program; the text is one line for the user."""


class SectionId(IntEnum):
    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    MEMORY = 5
    EXPORT = 7
    START = 8
    TAG = 13


class Section(NamedTuple):
    """A section whose content is `data[start:end]`."""

    id: int
    start: int
    end: int


class Reader:
    """A cursor over `data[at:end]`. Every read raises `ModuleRefused` at the end of it."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data = data
        self.at = start
        self.end = end

    def u8(self) -> int:
        if self.at >= self.end:
            raise ModuleRefused("the module is cut short")
        byte = self.data[self.at]
        self.at += 1
        return byte

    def leb(self, bits: int) -> int:
        """An unsigned LEB128 number of at most `bits` bits."""
        value = shift = 0
        while shift < bits:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >> bits:
                    break
                return value
            shift += 7
        raise ModuleRefused("the module has a malformed number")

    def u32(self) -> int:
        return self.leb(32)

    def count(self, limit: int, what: str) -> int:
        """The length of a vector."""
        count = self.u32()
        if count > limit:
            raise ModuleRefused(f"the module has {count} {what}; at most {limit} are allowed")
        return count

    def take(self, length: int) -> bytes:
        start, self.at = self.at, self.at + length
        if self.at > self.end:
            raise ModuleRefused("the module is cut short")
        return self.data[start : self.at]

    def name(self) -> str:
        try:
            return self.take(self.u32()).decode()
        except UnicodeDecodeError:
            raise ModuleRefused("the module has a name that is not UTF-8") from None

    @property
    def done(self) -> bool:
        return self.at >= self.end


def sections(data: bytes) -> Iterator[Section]:
    """The sections of a binary module, in order. Raises `ModuleRefused`."""
    if data[:4] != MAGIC:
        raise ModuleRefused("this is not a WebAssembly module")
    if data[4:8] != _VERSION:
        component = data[6:8] == _LAYER_COMPONENT
        raise ModuleRefused("a component, not a module" if component else "an unknown version of WebAssembly")
    reader = Reader(data, 8, len(data))
    while not reader.done:
        section_id = reader.u8()
        length = reader.u32()
        start = reader.at
        if start + length > len(data):
            raise ModuleRefused("the module is cut short")
        reader.at = start + length
        yield Section(section_id, start, reader.at)


def encode_u32(value: int) -> bytes:
    """An unsigned LEB128 number."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def encode_section(section_id: int, content: bytes) -> bytes:
    return bytes((section_id,)) + encode_u32(len(content)) + content


class Limits(NamedTuple):
    """Limits of a memory (in pages of 64 KiB) or of a table (in elements), from the bytes `start:end`."""

    minimum: int
    maximum: int | None
    shared: bool
    start: int
    end: int


HAS_MAXIMUM, IS_SHARED, IS_64, HAS_PAGE_SIZE = 1, 2, 4, 8


def read_limits(reader: Reader) -> Limits:
    start = reader.at
    flags = reader.u8()
    if flags & IS_64:
        raise ModuleRefused("64-bit memories and tables are not supported")
    if flags & HAS_PAGE_SIZE or flags > 0xF:
        raise ModuleRefused("memories with pages of their own size are not supported")
    minimum = reader.u32()
    maximum = reader.u32() if flags & HAS_MAXIMUM else None
    return Limits(minimum, maximum, bool(flags & IS_SHARED), start, reader.at)


VALUE_TYPES: dict[int, str] = {
    0x7F: "i32",
    0x7E: "i64",
    0x7D: "f32",
    0x7C: "f64",
    0x7B: "v128",
    0x70: "funcref",
    0x6F: "externref",
    0x69: "exnref",
}
_TYPED_REFERENCES = (0x63, 0x64)


def read_value_type(reader: Reader) -> str:
    code = reader.u8()
    if code in _TYPED_REFERENCES:
        reader.leb(33)
        return "typed reference"
    if code not in VALUE_TYPES:
        raise ModuleRefused(f"the module uses a value type (0x{code:02x}) that is not supported")
    return VALUE_TYPES[code]
