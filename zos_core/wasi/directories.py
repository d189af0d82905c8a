"""Directories of the host that a person gives to programs: how one is named, and which object it is.

Rules of this file (runtime: WASI programs; kernel: Storage)
- A directory is a Storage object of its own: the same directory is the same object for the whole session.
- It is opened when it is named, and stays what it was then, whatever its path comes to mean later.
- Object ids from `abi.FIRST_DIRECTORY` are directories; below are namespaces of the storage file.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from pathlib import Path

from zos_core import abi
from zos_core.abi import Rights
from zos_core.errors import Refused

_MODES = {":ro": Rights.READ, ":rw": Rights.READ | Rights.WRITE}
_SEPARATOR = "::"


@dataclass(frozen=True, slots=True)
class DirectoryGrant:
    """`host` is a directory here, `guest` the path a program knows it by."""

    host: Path
    guest: str
    perms: Rights = Rights.READ | Rights.WRITE

    def __str__(self) -> str:
        return f"{self.host}{_SEPARATOR}{self.guest}{'' if self.perms & Rights.WRITE else ':ro'}"


def parse_directory(text: str) -> DirectoryGrant:
    """`HOST[::GUEST][:ro]`; without GUEST the program knows it by the same path. Raises ValueError with one line."""
    perms = _MODES.get(text[-3:])
    rest = text if perms is None else text[:-3]
    host, found, guest = rest.partition(_SEPARATOR)
    guest = guest if found else host
    if not host or not guest or "\0" in text:
        raise ValueError(f"a directory is HOST::GUEST or HOST::GUEST:ro, not {text!r}")
    return DirectoryGrant(Path(host).expanduser(), guest, _MODES[":rw"] if perms is None else perms)


def same_guest(one: str, other: str) -> bool:
    """Whether two paths of a guest name the same directory: `/data` and `/data/` do."""
    return posixpath.normpath(one) == posixpath.normpath(other)


class Directories:
    """The directories of one session, held open. Their descriptors serve only as a place to start a path from."""

    def __init__(self) -> None:
        self._open: dict[int, int] = {}
        self._known: dict[tuple[int, int], int] = {}

    def name(self, host: Path) -> int:
        """The object id of a directory. Raises `Refused` when there is none at that path."""
        try:
            descriptor = os.open(host, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise Refused(f"{host}: cannot be given as a directory: {reason}") from None
        stat = os.fstat(descriptor)
        key = stat.st_dev, stat.st_ino
        if key in self._known:
            os.close(descriptor)
            return self._known[key]
        object_id = self._known[key] = abi.FIRST_DIRECTORY + len(self._known)
        self._open[object_id] = descriptor
        return object_id

    def descriptor(self, object_id: int) -> int | None:
        """Where paths in that directory start, None for an object that is no directory of this session."""
        return self._open.get(object_id)

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
