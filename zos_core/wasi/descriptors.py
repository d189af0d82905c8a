"""The descriptors of one program: what each number stands for, and what it may be used for.

Rules of this file (runtime: WASI programs)
- 0, 1 and 2 are the console, from 3 on come the directories a person gave, then what the program opens: the lowest
  free number, as POSIX has it.
- A descriptor has rights of its own, which only ever shrink. They are no authority: that is the capability on the
  object behind it, looked up at every use.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from zos_core.wasi.preview1 import Err, FileType, Right

MAX_DESCRIPTORS = 1024
"""Open descriptors of one program."""

# Plain integers: the complement of a set of flags would keep only the bits that have names.
STREAM_RIGHTS = int(
    Right.FD_READ | Right.FD_WRITE | Right.FD_FDSTAT_SET_FLAGS | Right.FD_FILESTAT_GET | Right.POLL_FD_READWRITE
)
DIRECTORY_RIGHTS = int(
    Right.FD_FDSTAT_SET_FLAGS | Right.FD_SYNC | Right.FD_DATASYNC | Right.FD_READDIR | Right.FD_READ
    | Right.FD_FILESTAT_GET | Right.FD_FILESTAT_SET_TIMES | Right.PATH_CREATE_DIRECTORY | Right.PATH_CREATE_FILE
    | Right.PATH_LINK_SOURCE | Right.PATH_LINK_TARGET | Right.PATH_OPEN | Right.PATH_READLINK
    | Right.PATH_RENAME_SOURCE | Right.PATH_RENAME_TARGET | Right.PATH_FILESTAT_GET | Right.PATH_FILESTAT_SET_TIMES
    | Right.PATH_SYMLINK | Right.PATH_REMOVE_DIRECTORY | Right.PATH_UNLINK_FILE
)  # fmt: skip
FILE_RIGHTS = int(
    Right.FD_DATASYNC | Right.FD_READ | Right.FD_SEEK | Right.FD_FDSTAT_SET_FLAGS | Right.FD_SYNC | Right.FD_TELL
    | Right.FD_WRITE | Right.FD_ADVISE | Right.FD_ALLOCATE | Right.FD_FILESTAT_GET | Right.FD_FILESTAT_SET_SIZE
    | Right.FD_FILESTAT_SET_TIMES | Right.POLL_FD_READWRITE
)  # fmt: skip
INHERITING = DIRECTORY_RIGHTS | FILE_RIGHTS


MAX_LISTINGS = 32 << 20
"""Bytes of all listings that one program is in the middle of."""


class WasiError(Exception):
    """A call that answers an error."""

    def __init__(self, error: Err) -> None:
        super().__init__(error.name)
        self.error = error


@dataclass(slots=True, eq=False)
class Descriptor:
    """`stream` is 0-2 for the console and None for a file, which has `handle` in the object `directory`.

    `listing` is what the last reading of a directory from its start found. `preopen` is its path, as it was given.
    """

    type: FileType
    rights: int
    inheriting: int = 0
    flags: int = 0
    stream: int | None = None
    handle: int = 0
    directory: int = 0
    preopen: bytes | None = None
    listing: bytes | None = None

    @property
    def is_directory(self) -> bool:
        return self.type is FileType.DIRECTORY


class Descriptors:
    """Numbers to descriptors. Every number below the highest that was ever open is open or among the free ones."""

    def __init__(self) -> None:
        self._open: dict[int, Descriptor] = {}
        self._free: list[int] = []

    def __iter__(self) -> Iterator[Descriptor]:
        return iter(self._open.values())

    def add(self, descriptor: Descriptor) -> int:
        """The lowest free number. Raises `WasiError` when there is none."""
        if len(self._open) >= MAX_DESCRIPTORS:
            raise WasiError(Err.MFILE)
        number = heapq.heappop(self._free) if self._free else len(self._open)
        self._open[number] = descriptor
        return number

    def keep_listing(self, descriptor: Descriptor, listing: bytes) -> None:
        """Others are forgotten when they become much together: who reads on there has them made again."""
        descriptor.listing = listing
        if sum(len(each.listing or b"") for each in self) > MAX_LISTINGS:
            for each in self:
                each.listing = listing if each is descriptor else None

    @property
    def full(self) -> bool:
        return len(self._open) >= MAX_DESCRIPTORS

    def get(self, number: int) -> Descriptor:
        """Raises `WasiError`."""
        found = self._open.get(number)
        if found is None:
            raise WasiError(Err.BADF)
        return found

    def remove(self, number: int) -> Descriptor:
        """Raises `WasiError`."""
        found = self.get(number)
        self._release(number)
        return found

    def _release(self, number: int) -> None:
        del self._open[number]
        heapq.heappush(self._free, number)

    def move(self, number: int, to: int) -> Descriptor:
        """Puts one in another's place; the one that was there. Raises `WasiError` unless both are open."""
        moved, replaced = self.get(number), self.get(to)
        if number != to:
            self._release(number)
            self._open[to] = moved
        return replaced
