"""Paths inside a directory of the host: found component by component, and never outside of it.

Rules of this file (runtime: WASI programs)
- Each component is opened from the descriptor of the one before, without following links: what is renamed or replaced
  meanwhile by another process changes where a name leads, never where a descriptor stands.
- A symbolic link is read and followed here, by the same rules. `..` goes back to the descriptor it came from, an
  absolute path or a `..` above the directory is an `Escape`.
- What is found is held by a descriptor that allows nothing but to look at it (`O_PATH`): a FIFO or a device is not
  opened by being found.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from types import TracebackType
from typing import Self

MAX_LINKS = 40
"""Symbolic links followed for one path, as Linux does."""
MAX_STEPS = 4096
"""Names on one path, those of the links on it among them: more than a path without links can have."""
MAX_DEPTH = 256
"""Directories below one another on one path: each is held open while the path is walked."""
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


class Escape(Exception):
    """A path that leads out of its directory."""


class Place:
    """Where a path leads: `name` in the directory open as `parent`, and `found`, what is there, None for nothing.

    `slash` says that the path demands a directory. Leave it (`with`) to close what it holds.
    """

    __slots__ = ("_owned", "found", "mode", "name", "parent", "slash")

    def __init__(self, root: int, path: bytes, *, follow: bool) -> None:
        """Raises `Escape` and OSError. A final link is followed with `follow`, or when a slash comes after it."""
        self._owned: list[int] = []
        self.parent, self.name, self.slash = root, b".", False
        self.found: int | None = None
        self.mode = 0
        try:
            self._walk([root], path, follow)
        except BaseException:
            self.close()
            raise

    def _walk(self, stack: list[int], path: bytes, follow: bool) -> None:
        left = self._parts(path)
        if not left:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self.slash = path.endswith(b"/")
        links = steps = 0
        while left:
            name = left.popleft()
            steps += 1
            if steps > MAX_STEPS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if name == b".":
                continue
            if name == b"..":
                if len(stack) == 1:
                    raise Escape
                self._let_go(stack.pop())
                continue
            found = self._look(stack[-1], name)
            mode = 0 if found is None else os.fstat(found).st_mode
            if found is not None and stat.S_ISLNK(mode) and (left or follow or self.slash):
                links += 1
                if links > MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = os.readlink(b"", dir_fd=found)
                self._let_go(found)
                self.slash = self.slash or (not left and target.endswith(b"/"))
                left.extendleft(reversed(self._parts(target)))
            elif not left:
                self.parent, self.name, self.found, self.mode = stack[-1], name, found, mode
                return
            elif found is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            elif not stat.S_ISDIR(mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            else:
                stack.append(found)
                if len(stack) > MAX_DEPTH:
                    raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        self.parent = self.found = stack[-1]
        self.mode = stat.S_IFDIR

    def _parts(self, path: bytes) -> deque[bytes]:
        """Raises `Escape` for an absolute path."""
        if path.startswith(b"/"):
            raise Escape
        return deque(part for part in path.split(b"/") if part)

    def _look(self, directory: int, name: bytes) -> int | None:
        try:
            found = os.open(name, _LOOK, dir_fd=directory)
        except FileNotFoundError:
            return None
        self._owned.append(found)
        return found

    def _let_go(self, descriptor: int) -> None:
        self._owned.remove(descriptor)
        os.close(descriptor)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def dotted(self) -> bool:
        """The path ends in `.` or `..`: it names a directory that stands, under no name of its own."""
        return self.name == b"."

    @property
    def entry(self) -> bytes:
        """The name for calls that change the directory's entries, with the slash the path had."""
        return self.name + b"/" if self.slash else self.name

    def close(self) -> None:
        for each in self._owned:
            os.close(each)
        self._owned.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
