"""Guest memory: a pointer from a guest is a claim, unusable until it has been checked.

Rules of this file
- A claim is two unsigned 32-bit numbers. It is checked in Python integers, before any slice: slices clamp and negative
  indices wrap, so an unchecked one would read or write the wrong bytes without an error.
- A claim of length 0 is always good and touches nothing (abi: The module).
- The memory never moves: one view of the whole reservation serves for the life of the process, and `size` is the only
  thing that grows.
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple

MAX_MEMORY = 4 << 30
"""Bytes of address space behind every memory: all that a 32-bit pointer can name."""

_Bytes = ctypes.c_ubyte * MAX_MEMORY
_NOTHING = memoryview(b"")


class BadPointer(Exception):
    """A claim outside of the guest's memory: the guest has faulted (abi: The module)."""

    def __init__(self, ptr: int, length: int, size: int) -> None:
        super().__init__(f"{length} bytes at 0x{ptr:x} are outside of a memory of 0x{size:x} bytes")
        self.ptr = ptr
        self.length = length
        self.size = size


class GuestSlice(NamedTuple):
    """`length` bytes at `ptr` of a guest's memory, as the guest claims."""

    ptr: int
    length: int


class GuestMemory:
    """The linear memory of one guest, of `size` bytes: none before it is instantiated and after it has ended."""

    __slots__ = ("_view", "size")

    def __init__(self) -> None:
        self.size = 0
        self._view = _NOTHING

    def attach(self, base: int, size: int) -> None:
        """Takes over the `MAX_MEMORY` bytes of address space at `base`, of which `size` are usable."""
        self._view = memoryview(_Bytes.from_address(base)).cast("B")
        self.size = size

    def detach(self) -> None:
        """Forgets the memory: every later claim of at least one byte is a bad one."""
        self.size = 0
        self._view = _NOTHING

    def read(self, ptr: int, length: int) -> bytes:
        """A copy of `length` bytes at `ptr`. Raises `BadPointer`."""
        if not length:
            return b""
        end = ptr + length
        if ptr < 0 or length < 0 or end > self.size:
            raise BadPointer(ptr, length, self.size)
        return self._view[ptr:end].tobytes()

    def view(self, ptr: int, length: int) -> memoryview:
        """The `length` bytes at `ptr` themselves, for a use that ends before the guest runs on. Raises `BadPointer`."""
        self.check(ptr, length)
        return self._view[ptr : ptr + length]

    def write(self, ptr: int, data: bytes | bytearray | memoryview) -> None:
        """Copies `data`, of one-byte items, to `ptr`. Raises `BadPointer`, having written nothing."""
        length = len(data)
        if not length:
            return
        end = ptr + length
        if ptr < 0 or end > self.size:
            raise BadPointer(ptr, length, self.size)
        self._view[ptr:end] = data

    def check(self, ptr: int, length: int) -> None:
        """Raises `BadPointer` for a claim that is not good."""
        if length and (ptr < 0 or length < 0 or ptr + length > self.size):
            raise BadPointer(ptr, length, self.size)
