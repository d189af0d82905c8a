"""Reserved address space: guest memories and fiber stacks, mapped once and used again.

Rules of this file
- A reservation is address space without memory; committing a part of it makes that part readable and writable.
- A reservation that is given back is all zero before anybody else gets it.
- Small ones are kept for the next spawn: on a virtual machine, mapping, faulting and unmapping cost more than all
  the rest of a spawn together. What is kept is bounded, in number and in bytes.

Sizes are bytes and multiples of the page size of the host. Errors are `OSError`, with the system's reason.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from ctypes import c_int, c_long, c_size_t, c_void_p
from dataclasses import dataclass, field

MAX_KEPT = 64
"""Reservations of one kind kept for reuse."""
MAX_KEPT_COMMIT = 128 << 10
"""A guest memory larger than this is unmapped: clearing it would cost more than mapping another."""

PROT_NONE = 0
PROT_READ_WRITE = mmap.PROT_READ | mmap.PROT_WRITE

_libc = ctypes.PyDLL(None, use_errno=True)
_mmap = _libc.mmap
_mmap.restype = c_void_p
_mmap.argtypes = (c_void_p, c_size_t, c_int, c_int, c_int, c_long)
_mprotect = _libc.mprotect
_mprotect.argtypes = (c_void_p, c_size_t, c_int)
_munmap = _libc.munmap
_munmap.argtypes = (c_void_p, c_size_t)
_MAP_FAILED = c_void_p(-1).value


def _raise_errno(what: str) -> None:
    code = ctypes.get_errno()
    raise OSError(code, f"{what}: {os.strerror(code)}")


@dataclass(slots=True)
class Reservation:
    """`length` bytes of address space at `base`; those from `low` on, `committed` of them, are usable."""

    base: int
    length: int
    low: int = 0
    committed: int = 0

    @property
    def start(self) -> int:
        """The address of the first usable byte."""
        return self.base + self.low

    def commit(self, size: int) -> None:
        """Makes exactly the first `size` bytes usable; what is added reads as zero."""
        first, last = sorted((self.committed, size))
        protection = PROT_READ_WRITE if size > self.committed else PROT_NONE
        if first != last and _mprotect(self.start + first, last - first, protection) != 0:
            _raise_errno("cannot commit memory")
        self.committed = size

    def clear(self) -> None:
        """Overwrites every usable byte with zero."""
        ctypes.memset(self.start, 0, self.committed)

    def unmap(self) -> None:
        _munmap(self.base, self.length)


def reserve(length: int, low: int = 0) -> Reservation:
    """New address space without memory, its usable part starting `low` bytes above its base."""
    base = _mmap(None, length, PROT_NONE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if base == _MAP_FAILED:
        _raise_errno("cannot reserve address space")
    return Reservation(base, length, low)


@dataclass(slots=True)
class Pool:
    """Reservations of one kind, kept by how much of them is committed."""

    kept: dict[tuple[int, int], list[Reservation]] = field(default_factory=dict)
    count: int = 0

    def take(self, length: int, low: int, committed: int) -> Reservation:
        """A reservation whose first `committed` bytes are usable: zero in a memory, anything in a stack."""
        free = self.kept.get((length, committed))
        if free:
            self.count -= 1
            return free.pop()
        reservation = reserve(length, low)
        try:
            reservation.commit(committed)
        except OSError:
            reservation.unmap()
            raise
        return reservation

    def give(self, reservation: Reservation) -> None:
        """Keeps a reservation whose contents no longer matter, or unmaps it when enough are kept."""
        if self.count >= MAX_KEPT:
            reservation.unmap()
            return
        self.count += 1
        self.kept.setdefault((reservation.length, reservation.committed), []).append(reservation)

    def give_memory(self, reservation: Reservation) -> None:
        """As `give`, for a guest's memory: cleared, or unmapped when it is large."""
        if reservation.committed > MAX_KEPT_COMMIT or self.count >= MAX_KEPT:
            reservation.unmap()
            return
        reservation.clear()
        self.give(reservation)
