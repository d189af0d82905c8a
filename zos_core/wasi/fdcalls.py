"""Functions on descriptors: bytes, positions, sizes, times, flags, directories' entries.

Rules of this file
- A function gets the process and its arguments as unsigned numbers, and answers an errno; `WasiError` is one, too.
- Pointers that are written to are checked before the host is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from zos_core.abi import Rights
from zos_core.wasi import preview1 as p1
from zos_core.wasi import streams
from zos_core.wasi.descriptors import Descriptor, WasiError
from zos_core.wasi.host import Answer
from zos_core.wasi.preview1 import NUMBERS, Err, FdFlags, Right, TimeFlags, Whence
from zos_core.wasi.process import MAX_AT_ONCE, WasiProcess

_MAX_OFFSET = 2**63 - 1
_SETTABLE = int(FdFlags.APPEND | FdFlags.NONBLOCK)
_ZERO_STAT = (0, 0, 0)
LISTED_AT_ONCE = 1024
"""Entries of a directory that are listed while the machine waits."""


def _signed(offset: int) -> int:
    return offset - 2**64 if offset > _MAX_OFFSET else offset


def _offset(value: int) -> int:
    """A position in a file. Raises `WasiError`."""
    if value > _MAX_OFFSET:
        raise WasiError(Err.INVAL)
    return value


def _use(
    p: WasiProcess, name: str, fd: int, descriptor: Descriptor, rights: Rights, act: Callable[[], Answer],
    size: int = 0,
) -> Answer:  # fmt: skip
    """One use of a file; what moves many bytes, or waits for a disk, is a job."""
    needs = (p.need(descriptor, rights),)
    if size > MAX_AT_ONCE:
        return p.use_later(NUMBERS[name], (fd, size), needs, descriptor.handle, act)
    return p.use(NUMBERS[name], (fd, size), needs, act)


# --- reading and writing ----------------------------------------------------------------------------------------------


def fd_read(p: WasiProcess, fd: int, iovs: int, count: int, nread: int) -> int:
    descriptor = p.file(fd, Right.FD_READ)
    vector = p.vector(iovs, count)
    p.check(nread, 4)
    if descriptor.stream is not None:
        p.put_u32(nread, streams.read(p, descriptor, vector))
        return Err.SUCCESS
    handle, total = descriptor.handle, vector.total
    answer = _use(p, "fd_read", fd, descriptor, Rights.READ, lambda: p.host.files.read(handle, total), total)
    p.scatter(vector, answer.data)
    p.put_u32(nread, answer.number)
    return Err.SUCCESS


def fd_pread(p: WasiProcess, fd: int, iovs: int, count: int, offset: int, nread: int) -> int:
    descriptor = p.file(fd, Right.FD_READ | Right.FD_SEEK)
    vector, at = p.vector(iovs, count), _offset(offset)
    p.check(nread, 4)
    handle, total = descriptor.handle, vector.total
    answer = _use(p, "fd_pread", fd, descriptor, Rights.READ, lambda: p.host.files.read_at(handle, total, at), total)
    p.scatter(vector, answer.data)
    p.put_u32(nread, answer.number)
    return Err.SUCCESS


def fd_write(p: WasiProcess, fd: int, iovs: int, count: int, nwritten: int) -> int:
    descriptor = p.file(fd, Right.FD_WRITE)
    vector = p.vector(iovs, count)
    p.check(nwritten, 4)
    if descriptor.stream is not None:
        p.put_u32(nwritten, streams.write(p, descriptor, vector))
        return Err.SUCCESS
    handle, data, append = descriptor.handle, p.outgoing(vector), bool(descriptor.flags & FdFlags.APPEND)
    answer = _use(
        p, "fd_write", fd, descriptor, Rights.WRITE, lambda: p.host.files.write(handle, data, append), len(data)
    )
    p.put_u32(nwritten, answer.number)
    return Err.SUCCESS


def fd_pwrite(p: WasiProcess, fd: int, iovs: int, count: int, offset: int, nwritten: int) -> int:
    descriptor = p.file(fd, Right.FD_WRITE | Right.FD_SEEK)
    vector, at = p.vector(iovs, count), _offset(offset)
    p.check(nwritten, 4)
    handle, data = descriptor.handle, p.outgoing(vector)
    answer = _use(
        p, "fd_pwrite", fd, descriptor, Rights.WRITE, lambda: p.host.files.write_at(handle, data, at), len(data)
    )
    p.put_u32(nwritten, answer.number)
    return Err.SUCCESS


def fd_seek(p: WasiProcess, fd: int, offset: int, whence: int, position: int) -> int:
    moves = whence != Whence.CUR or offset
    descriptor = p.file(fd, Right.FD_SEEK if moves else Right.FD_TELL)
    if whence > max(Whence):
        return Err.INVAL
    p.check(position, 8)
    answer = _use(
        p, "fd_seek", fd, descriptor, Rights.NONE,
        lambda: p.host.files.seek(descriptor.handle, _signed(offset), whence),
    )  # fmt: skip
    p.put_u64(position, answer.number)
    return Err.SUCCESS


def fd_tell(p: WasiProcess, fd: int, position: int) -> int:
    descriptor = p.file(fd, Right.FD_TELL)
    p.check(position, 8)
    answer = _use(
        p, "fd_tell", fd, descriptor, Rights.NONE, lambda: p.host.files.seek(descriptor.handle, 0, Whence.CUR)
    )
    p.put_u64(position, answer.number)
    return Err.SUCCESS


def fd_sync(p: WasiProcess, fd: int) -> int:
    return _sync(p, "fd_sync", fd, Right.FD_SYNC, data_only=False)


def fd_datasync(p: WasiProcess, fd: int) -> int:
    return _sync(p, "fd_datasync", fd, Right.FD_DATASYNC, data_only=True)


def _sync(p: WasiProcess, name: str, fd: int, right: Right, *, data_only: bool) -> int:
    """A disk is waited for by the caller alone."""
    descriptor = p.descriptor(fd)
    if descriptor.stream is not None:
        return Err.INVAL
    p.descriptor(fd, right)
    needs = (p.need(descriptor, Rights.NONE),)
    work = partial(p.host.files.sync, descriptor.handle, data_only)
    p.use_later(NUMBERS[name], (fd,), needs, descriptor.handle, work)
    return Err.SUCCESS


# --- what is known of a descriptor ------------------------------------------------------------------------------------


def fd_fdstat_get(p: WasiProcess, fd: int, stat: int) -> int:
    found = p.descriptor(fd)
    p.memory.write(stat, p1.FDSTAT.pack(found.type, found.flags, found.rights, found.inheriting))
    return Err.SUCCESS


def fd_fdstat_set_flags(p: WasiProcess, fd: int, flags: int) -> int:
    descriptor = p.descriptor(fd, Right.FD_FDSTAT_SET_FLAGS)
    if flags & ~p1.ALL_FDFLAGS:
        return Err.INVAL
    if (flags ^ descriptor.flags) & ~_SETTABLE:
        return Err.NOTSUP
    descriptor.flags = flags
    return Err.SUCCESS


def fd_fdstat_set_rights(p: WasiProcess, fd: int, rights: int, inheriting: int) -> int:
    descriptor = p.descriptor(fd)
    if rights & ~descriptor.rights or inheriting & ~descriptor.inheriting:
        return Err.NOTCAPABLE
    descriptor.rights, descriptor.inheriting = rights, inheriting
    return Err.SUCCESS


def fd_filestat_get(p: WasiProcess, fd: int, stat: int) -> int:
    descriptor = p.descriptor(fd, Right.FD_FILESTAT_GET)
    p.check(stat, p1.FILESTAT.size)
    if descriptor.stream is not None:
        p.memory.write(stat, p1.FILESTAT.pack(0, descriptor.stream, descriptor.type, 1, 0, *_ZERO_STAT))
        return Err.SUCCESS
    answer = _use(
        p, "fd_filestat_get", fd, descriptor, Rights.READ, lambda: p.host.files.stat(descriptor.handle)
    )
    p.memory.write(stat, answer.data)
    return Err.SUCCESS


def fd_filestat_set_size(p: WasiProcess, fd: int, size: int) -> int:
    descriptor = p.file(fd, Right.FD_FILESTAT_SET_SIZE)
    length = _offset(size)
    _use(
        p, "fd_filestat_set_size", fd, descriptor, Rights.WRITE,
        lambda: p.host.files.resize(descriptor.handle, length),
    )  # fmt: skip
    return Err.SUCCESS


def check_times(flags: int) -> None:
    """Raises `WasiError` for times that are set twice."""
    both = (TimeFlags.ATIM | TimeFlags.ATIM_NOW, TimeFlags.MTIM | TimeFlags.MTIM_NOW)
    if flags & ~p1.ALL_TIMEFLAGS or any(flags & each == each for each in both):
        raise WasiError(Err.INVAL)


def fd_filestat_set_times(p: WasiProcess, fd: int, atime: int, mtime: int, flags: int) -> int:
    descriptor = p.descriptor(fd, Right.FD_FILESTAT_SET_TIMES)
    check_times(flags)
    _use(
        p, "fd_filestat_set_times", fd, descriptor, Rights.WRITE,
        lambda: p.host.files.touch(descriptor.handle, atime, mtime, flags),
    )  # fmt: skip
    return Err.SUCCESS


def fd_allocate(p: WasiProcess, fd: int, offset: int, length: int) -> int:
    descriptor = p.file(fd, Right.FD_ALLOCATE)
    at, size = _offset(offset), _offset(length)
    if not size:
        return Err.INVAL
    _use(
        p, "fd_allocate", fd, descriptor, Rights.WRITE,
        lambda: p.host.files.allocate(descriptor.handle, at, size), size,
    )  # fmt: skip
    return Err.SUCCESS


def fd_advise(p: WasiProcess, fd: int, offset: int, length: int, advice: int) -> int:
    descriptor = p.file(fd, Right.FD_ADVISE)
    at, size = _offset(offset), _offset(length)
    if advice >= p1.ADVICES:
        return Err.INVAL
    _use(
        p, "fd_advise", fd, descriptor, Rights.NONE,
        lambda: p.host.files.advise(descriptor.handle, at, size, advice),
    )  # fmt: skip
    return Err.SUCCESS


# --- the table --------------------------------------------------------------------------------------------------------


def fd_close(p: WasiProcess, fd: int) -> int:
    closed = p.table.remove(fd)
    if closed.stream is None:
        p.host.files.close(closed.handle)
    return Err.SUCCESS


def fd_renumber(p: WasiProcess, fd: int, to: int) -> int:
    replaced = p.table.move(fd, to)
    if fd != to and replaced.stream is None:
        p.host.files.close(replaced.handle)
    return Err.SUCCESS


def fd_prestat_get(p: WasiProcess, fd: int, prestat: int) -> int:
    found = p.descriptor(fd)
    if found.preopen is None:
        return Err.BADF
    p.memory.write(prestat, p1.PRESTAT.pack(p1.PRESTAT_DIRECTORY, len(found.preopen)))
    return Err.SUCCESS


def fd_prestat_dir_name(p: WasiProcess, fd: int, name: int, length: int) -> int:
    found = p.descriptor(fd)
    if found.preopen is None:
        return Err.BADF
    if length < len(found.preopen):
        return Err.NAMETOOLONG
    p.memory.write(name, found.preopen)
    return Err.SUCCESS


# --- entries of a directory -------------------------------------------------------------------------------------------


def fd_readdir(p: WasiProcess, fd: int, buffer: int, length: int, cookie: int, used: int) -> int:
    """Entries from `cookie` on, the last one cut off where the buffer ends.

    A cookie is where an entry begins in the listing that was made at 0: it says the same however the directory changes.
    """
    descriptor = p.directory(fd, Right.FD_READDIR)
    p.check(buffer, length)
    p.check(used, 4)
    listing = descriptor.listing
    if cookie == 0 or listing is None:
        listing = _listing(p, fd, descriptor)
        p.table.keep_listing(descriptor, listing)
    else:
        _use(p, "fd_readdir", fd, descriptor, Rights.READ, lambda: Answer(0))
    data = listing[cookie : cookie + length]
    p.memory.write(buffer, data)
    p.put_u32(used, len(data))
    return Err.SUCCESS


def _listing(p: WasiProcess, fd: int, descriptor: Descriptor) -> bytes:
    """A directory as it is; one with many entries is read by a job."""
    files, handle = p.host.files, descriptor.handle
    if not p.gateway.waits(p.pid):
        try:
            return _use(
                p, "fd_readdir", fd, descriptor, Rights.READ, lambda: files.listing(handle, LISTED_AT_ONCE)
            ).data
        except WasiError as refused:
            if refused.error is not Err.OVERFLOW:
                raise
    needs = (p.need(descriptor, Rights.READ),)
    return p.use_later(NUMBERS["fd_readdir"], (fd,), needs, handle, lambda: files.listing(handle)).data
