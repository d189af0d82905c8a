"""Functions on paths: each starts at a directory's descriptor, and stays inside.

Rules of this file
- What a call changes needs the directory's Storage capability with write, what it looks at, with read.
- A refusal because a path leads outside is the host's answer `PERM`, in the log like any other call.
"""

from __future__ import annotations

from zos_core.abi import Rights
from zos_core.kernel.descriptors import Need
from zos_core.wasi import preview1 as p1
from zos_core.wasi.descriptors import DIRECTORY_RIGHTS, FILE_RIGHTS, Descriptor
from zos_core.wasi.fdcalls import check_times
from zos_core.wasi.preview1 import NUMBERS, Err, FileType, OFlags, Right
from zos_core.wasi.process import WasiProcess

_OF_WRITERS = int(Right.FD_WRITE | Right.FD_ALLOCATE | Right.FD_FILESTAT_SET_SIZE)
"""Rights of a file that is open for writing. Asking for the others alone does not open it so: Go always does."""
_CHANGES = OFlags.CREAT | OFlags.TRUNC
_SHOWN = 256
"""Bytes of a path that the log keeps."""


def _text(path: bytes) -> str:
    return path[:_SHOWN].decode(errors="replace")


def _reads(p: WasiProcess, directory: Descriptor) -> tuple[Need, ...]:
    return (p.need(directory, Rights.READ),)


def _writes(p: WasiProcess, *directories: Descriptor) -> tuple[Need, ...]:
    return tuple(p.need(each, Rights.WRITE) for each in directories)


def _follows(flags: int) -> bool:
    return bool(flags & p1.LOOKUP_SYMLINK_FOLLOW)


def path_open(
    p: WasiProcess, fd: int, lookup: int, ptr: int, length: int, oflags: int, rights: int, inheriting: int,
    fdflags: int, opened: int,
) -> int:  # fmt: skip
    directory = p.directory(fd, Right.PATH_OPEN | (Right.PATH_CREATE_FILE if oflags & OFlags.CREAT else 0))
    path = p.path(ptr, length)
    p.check(opened, 4)
    if oflags & ~p1.ALL_OFLAGS or fdflags & ~p1.ALL_FDFLAGS:
        return Err.INVAL
    if p.table.full:
        return Err.MFILE
    rights &= directory.inheriting
    write, read = bool(rights & Right.FD_WRITE), bool(rights & (Right.FD_READ | Right.FD_READDIR))
    needed = Rights.WRITE if write or oflags & _CHANGES else Rights.READ
    needed |= Rights.READ if read else Rights.NONE
    handle = p.host.new_handle()
    answer = p.use(
        NUMBERS["path_open"], (fd, _text(path), oflags), (p.need(directory, needed),),
        lambda: p.host.files.open(
            handle, directory.handle, path, follow=_follows(lookup), oflags=oflags, fdflags=fdflags,
            read=read or not write, write=write,
        ),
    )  # fmt: skip
    kind = FileType(answer.number)
    own = DIRECTORY_RIGHTS if kind is FileType.DIRECTORY else FILE_RIGHTS if write else FILE_RIGHTS & ~_OF_WRITERS
    made = Descriptor(
        kind, rights & own, inheriting & directory.inheriting, fdflags, handle=handle, directory=directory.directory
    )
    if kind is not FileType.DIRECTORY:
        made.inheriting &= FILE_RIGHTS
    p.put_u32(opened, p.table.add(made))
    return Err.SUCCESS


def path_create_directory(p: WasiProcess, fd: int, ptr: int, length: int) -> int:
    directory, path = p.directory(fd, Right.PATH_CREATE_DIRECTORY), p.path(ptr, length)
    p.use(
        NUMBERS["path_create_directory"], (fd, _text(path)), _writes(p, directory),
        lambda: p.host.files.make_directory(directory.handle, path),
    )  # fmt: skip
    return Err.SUCCESS


def path_remove_directory(p: WasiProcess, fd: int, ptr: int, length: int) -> int:
    directory, path = p.directory(fd, Right.PATH_REMOVE_DIRECTORY), p.path(ptr, length)
    p.use(
        NUMBERS["path_remove_directory"], (fd, _text(path)), _writes(p, directory),
        lambda: p.host.files.remove_directory(directory.handle, path),
    )  # fmt: skip
    return Err.SUCCESS


def path_unlink_file(p: WasiProcess, fd: int, ptr: int, length: int) -> int:
    directory, path = p.directory(fd, Right.PATH_UNLINK_FILE), p.path(ptr, length)
    p.use(
        NUMBERS["path_unlink_file"], (fd, _text(path)), _writes(p, directory),
        lambda: p.host.files.remove_file(directory.handle, path),
    )  # fmt: skip
    return Err.SUCCESS


def path_filestat_get(p: WasiProcess, fd: int, lookup: int, ptr: int, length: int, stat: int) -> int:
    directory, path = p.directory(fd, Right.PATH_FILESTAT_GET), p.path(ptr, length)
    p.check(stat, p1.FILESTAT.size)
    answer = p.use(
        NUMBERS["path_filestat_get"], (fd, _text(path)), _reads(p, directory),
        lambda: p.host.files.path_stat(directory.handle, path, _follows(lookup)),
    )  # fmt: skip
    p.memory.write(stat, answer.data)
    return Err.SUCCESS


def path_filestat_set_times(
    p: WasiProcess, fd: int, lookup: int, ptr: int, length: int, atime: int, mtime: int, flags: int
) -> int:
    directory, path = p.directory(fd, Right.PATH_FILESTAT_SET_TIMES), p.path(ptr, length)
    check_times(flags)
    p.use(
        NUMBERS["path_filestat_set_times"], (fd, _text(path)), _writes(p, directory),
        lambda: p.host.files.path_touch(directory.handle, path, _follows(lookup), atime, mtime, flags),
    )  # fmt: skip
    return Err.SUCCESS


def path_link(
    p: WasiProcess, old: int, lookup: int, old_ptr: int, old_length: int, new: int, new_ptr: int, new_length: int
) -> int:
    source, target = p.directory(old, Right.PATH_LINK_SOURCE), p.directory(new, Right.PATH_LINK_TARGET)
    old_path, new_path = p.path(old_ptr, old_length), p.path(new_ptr, new_length)
    if _follows(lookup):
        return Err.INVAL
    p.use(
        NUMBERS["path_link"], (old, _text(old_path), new, _text(new_path)), _writes(p, source, target),
        lambda: p.host.files.link(source.handle, old_path, target.handle, new_path),
    )  # fmt: skip
    return Err.SUCCESS


def path_rename(
    p: WasiProcess, old: int, old_ptr: int, old_length: int, new: int, new_ptr: int, new_length: int
) -> int:
    source, target = p.directory(old, Right.PATH_RENAME_SOURCE), p.directory(new, Right.PATH_RENAME_TARGET)
    old_path, new_path = p.path(old_ptr, old_length), p.path(new_ptr, new_length)
    p.use(
        NUMBERS["path_rename"], (old, _text(old_path), new, _text(new_path)), _writes(p, source, target),
        lambda: p.host.files.rename(source.handle, old_path, target.handle, new_path),
    )  # fmt: skip
    return Err.SUCCESS


def path_symlink(p: WasiProcess, text: int, text_length: int, fd: int, ptr: int, length: int) -> int:
    directory = p.directory(fd, Right.PATH_SYMLINK)
    target, path = p.path(text, text_length), p.path(ptr, length)
    p.use(
        NUMBERS["path_symlink"], (fd, _text(path), _text(target)), _writes(p, directory),
        lambda: p.host.files.make_link(target, directory.handle, path),
    )  # fmt: skip
    return Err.SUCCESS


def path_readlink(p: WasiProcess, fd: int, ptr: int, length: int, buffer: int, size: int, used: int) -> int:
    """The text of a link, as far as the buffer takes it."""
    directory, path = p.directory(fd, Right.PATH_READLINK), p.path(ptr, length)
    p.check(buffer, size)
    p.check(used, 4)
    answer = p.use(
        NUMBERS["path_readlink"], (fd, _text(path)), _reads(p, directory),
        lambda: p.host.files.read_link(directory.handle, path),
    )  # fmt: skip
    text = answer.data[:size]
    p.memory.write(buffer, text)
    p.put_u32(used, len(text))
    return Err.SUCCESS


