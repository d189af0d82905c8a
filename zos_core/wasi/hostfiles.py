"""Files of the host behind descriptors: what is open, and what is done to what is open.

Rules of this file (runtime: WASI programs)
- A file is named by a handle, a number that the caller chooses: a run has the same handles wherever it is replayed.
- Every method answers an `Answer` and raises nothing: what the host says no to is its errno in WASI's numbers.
- Only regular files and directories are ever opened. Appending is done by the write, not by the open file, so that a
  write at an offset stays at it.
"""

from __future__ import annotations

import errno
import os
import resource
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from zos_core.wasi import preview1 as p1
from zos_core.wasi.directories import Directories
from zos_core.wasi.host import Answer, escaped, failed
from zos_core.wasi.preview1 import Err, FileType
from zos_core.wasi.walk import Escape

MAX_LISTING = 16 << 20
"""Bytes of one listing of a directory: some hundred thousand entries."""

RESERVED = 300
"""Descriptors of this process that are not for programs: the paths they walk, recordings, the terminal."""

_ERRORS = {getattr(errno, f"E{each.name}"): each for each in Err if hasattr(errno, f"E{each.name}")}
_ERRORS[errno.EOPNOTSUPP] = Err.NOTSUP
_ERRORS[errno.EMFILE] = Err.NFILE
_TYPES = (
    (stat.S_ISREG, FileType.REGULAR_FILE),
    (stat.S_ISDIR, FileType.DIRECTORY),
    (stat.S_ISLNK, FileType.SYMBOLIC_LINK),
    (stat.S_ISCHR, FileType.CHARACTER_DEVICE),
    (stat.S_ISBLK, FileType.BLOCK_DEVICE),
    (stat.S_ISSOCK, FileType.SOCKET_STREAM),
)
_SYNC_FLAGS = ((p1.FdFlags.DSYNC, os.O_DSYNC), (p1.FdFlags.RSYNC, os.O_RSYNC), (p1.FdFlags.SYNC, os.O_SYNC))

Params = ParamSpec("Params")


def errno_of(error: OSError) -> Err:
    """The host's errno in WASI's numbers."""
    return _ERRORS.get(error.errno or 0, Err.IO)


def answers(method: Callable[Params, Answer]) -> Callable[Params, Answer]:
    """A method whose refusals by the host are answers."""

    @wraps(method)
    def answered(*args: Params.args, **named: Params.kwargs) -> Answer:
        try:
            return method(*args, **named)
        except Escape:
            return escaped()
        except OSError as error:
            return failed(errno_of(error))
        except OverflowError:
            return failed(Err.INVAL)
        except MemoryError:
            return failed(Err.NOMEM)

    return answered


def file_type(mode: int) -> FileType:
    return next((kind for is_kind, kind in _TYPES if is_kind(mode)), FileType.UNKNOWN)


def pack_stat(found: os.stat_result) -> bytes:
    """`filestat`, as a program gets it."""
    times = (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns)
    return p1.FILESTAT.pack(
        found.st_dev, found.st_ino, file_type(found.st_mode), found.st_nlink, found.st_size,
        *(max(each, 0) for each in times),
    )  # fmt: skip


def set_times(path: str | int, atime: int, mtime: int, flags: int) -> None:
    """Times in ns, or the present, or left as they are (`fstflags`)."""
    found, now = os.stat(path), time.time_ns()
    os.utime(path, ns=new_times(found, atime, mtime, flags, now))


def new_times(found: os.stat_result, atime: int, mtime: int, flags: int, now: int) -> tuple[int, int]:
    """What a file's two times become."""
    when = p1.TimeFlags
    accessed = now if flags & when.ATIM_NOW else atime if flags & when.ATIM else found.st_atime_ns
    modified = now if flags & when.MTIM_NOW else mtime if flags & when.MTIM else found.st_mtime_ns
    return accessed, modified


def through(descriptor: int) -> str:
    """A path to just what a descriptor stands for, whatever its name means meanwhile."""
    return f"/proc/self/fd/{descriptor}"


class HostFiles:
    """Everything that the programs of one machine have open. What is no longer open answers `BADF`."""

    def __init__(self, directories: Directories | None = None) -> None:
        self._directories = directories
        self._open: dict[int, int] = {}
        self._limit = max(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED, RESERVED)
        self._lock = threading.Lock()
        self._held: Counter[int] = Counter()
        self._closing: set[int] = set()

    def descriptor(self, handle: int) -> int:
        """The host's descriptor. Raises OSError when the handle is not open."""
        found = self._open.get(handle)
        if found is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return found

    def find_room(self) -> None:
        """Before something is opened. Raises OSError when the programs of this machine have too much open."""
        if len(self._open) >= self._limit:
            raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    def keep(self, handle: int, descriptor: int) -> None:
        self._open[handle] = descriptor

    def close(self, handle: int) -> None:
        """Nothing happens to one that is not open, as in a replay; one that is held is closed when it is let go."""
        with self._lock:
            if self._held[handle]:
                self._closing.add(handle)
                return
            descriptor = self._open.pop(handle, None)
        if descriptor is not None:
            os.close(descriptor)

    def held(self, handle: int, work: Callable[[], Answer]) -> Callable[[], Answer]:
        """`work` for another thread: until it is done the handle stays what it is, whoever closes it meanwhile."""
        with self._lock:
            self._held[handle] += 1

        def run() -> Answer:
            try:
                return work()
            finally:
                with self._lock:
                    self._held[handle] -= 1
                    ended = not self._held[handle] and handle in self._closing
                    self._closing -= {handle} if ended else set()
                if ended:
                    self.close(handle)

        return run

    def close_all(self) -> None:
        for handle in list(self._open):
            self.close(handle)

    @answers
    def open_directory(self, handle: int, object_id: int) -> Answer:
        """The directory that a capability names."""
        self.find_room()
        found = None if self._directories is None else self._directories.descriptor(object_id)
        if found is None:
            return failed(Err.NOENT)
        self.keep(handle, os.open(through(found), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        return Answer(0)

    # --- bytes ----------------------------------------------------------------------------------------------------

    @answers
    def read(self, handle: int, length: int) -> Answer:
        data = os.read(self.descriptor(handle), length)
        return Answer(0, len(data), data, counted=True)

    @answers
    def read_at(self, handle: int, length: int, offset: int) -> Answer:
        data = os.pread(self.descriptor(handle), length, offset)
        return Answer(0, len(data), data, counted=True)

    @answers
    def write(self, handle: int, data: bytes | memoryview, append: bool) -> Answer:
        descriptor = self.descriptor(handle)
        if append:
            return Answer(0, os.pwritev(descriptor, [data], -1, os.RWF_APPEND), counted=True)
        return Answer(0, os.write(descriptor, data), counted=True)

    @answers
    def write_at(self, handle: int, data: bytes | memoryview, offset: int) -> Answer:
        return Answer(0, os.pwrite(self.descriptor(handle), data, offset), counted=True)

    @answers
    def seek(self, handle: int, offset: int, whence: int) -> Answer:
        how = (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END)[whence]
        return Answer(0, os.lseek(self.descriptor(handle), offset, how))

    @answers
    def sync(self, handle: int, data_only: bool) -> Answer:
        (os.fdatasync if data_only else os.fsync)(self.descriptor(handle))
        return Answer(0)

    # --- sizes, times, advice -------------------------------------------------------------------------------------

    @answers
    def stat(self, handle: int) -> Answer:
        return Answer(0, data=pack_stat(os.fstat(self.descriptor(handle))))

    @answers
    def resize(self, handle: int, size: int) -> Answer:
        os.ftruncate(self.descriptor(handle), size)
        return Answer(0)

    @answers
    def allocate(self, handle: int, offset: int, length: int) -> Answer:
        os.posix_fallocate(self.descriptor(handle), offset, length)
        return Answer(0)

    @answers
    def advise(self, handle: int, offset: int, length: int, advice: int) -> Answer:
        os.posix_fadvise(self.descriptor(handle), offset, length, advice)
        return Answer(0)

    @answers
    def touch(self, handle: int, atime: int, mtime: int, flags: int) -> Answer:
        set_times(self.descriptor(handle), atime, mtime, flags)
        return Answer(0)

    # --- directories ----------------------------------------------------------------------------------------------

    @answers
    def listing(self, handle: int, most: int = MAX_LISTING) -> Answer:
        """Every entry of a directory as a program reads them, `.` and `..` first; `OVERFLOW` if there are more.

        `most` is how many entries are read, `MAX_LISTING` how long the answer may become.
        """
        descriptor = self.descriptor(handle)
        own = os.fstat(descriptor).st_ino
        # `..` is told the inode of the directory itself: what is above it is none of the program's.
        out = bytearray()
        for name in (b".", b".."):
            _add_entry(out, own, FileType.DIRECTORY, name)
        with os.scandir(descriptor) as found:
            for count, entry in enumerate(found, 1):
                if count > most or len(out) > MAX_LISTING:
                    return failed(Err.OVERFLOW)
                _add_entry(out, entry.inode(), _entry_type(entry), os.fsencode(entry.name))
        return Answer(0, data=bytes(out))


def _add_entry(out: bytearray, inode: int, kind: FileType, name: bytes) -> None:
    """The cookie of an entry is where the next one begins."""
    out += p1.DIRENT.pack(len(out) + p1.DIRENT.size + len(name), inode, len(name), kind) + name


def _entry_type(entry: os.DirEntry[str]) -> FileType:
    if entry.is_symlink():
        return FileType.SYMBOLIC_LINK
    if entry.is_dir(follow_symlinks=False):
        return FileType.DIRECTORY
    if entry.is_file(follow_symlinks=False):
        return FileType.REGULAR_FILE
    try:
        return file_type(entry.stat(follow_symlinks=False).st_mode)
    except OSError:
        return FileType.UNKNOWN


def sync_flags(flags: int) -> int:
    """The host's flags for how writes are made durable."""
    out = 0
    for ours, theirs in _SYNC_FLAGS:
        out |= theirs if flags & ours else 0
    return out
