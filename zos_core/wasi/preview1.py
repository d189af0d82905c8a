"""WASI preview1: the only home of its numbers, types and layouts.

Rules of this file (runtime: WASI programs)
- Pure vocabulary: it does nothing but name, encode and decode. Sizes are bytes, times ns.
- `FUNCTIONS` lists every function of the interface in the order that numbers it; programs import any of them.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple

MODULE = "wasi_snapshot_preview1"
FIRST_CALL = 0x2_0000
"""Functions are numbered from here in the logs, above system calls and privileges."""


class Function(NamedTuple):
    """A function of the interface; `parameters` in the binary format's words, `result` whether it answers an errno."""

    name: str
    parameters: tuple[str, ...]
    result: bool = True


def _function(name: str, parameters: str, *, result: bool = True) -> Function:
    return Function(name, tuple(f"i{letter}" for letter in parameters.split()), result)


FUNCTIONS: tuple[Function, ...] = (
    _function("args_get", "32 32"),
    _function("args_sizes_get", "32 32"),
    _function("environ_get", "32 32"),
    _function("environ_sizes_get", "32 32"),
    _function("clock_res_get", "32 32"),
    _function("clock_time_get", "32 64 32"),
    _function("fd_advise", "32 64 64 32"),
    _function("fd_allocate", "32 64 64"),
    _function("fd_close", "32"),
    _function("fd_datasync", "32"),
    _function("fd_fdstat_get", "32 32"),
    _function("fd_fdstat_set_flags", "32 32"),
    _function("fd_fdstat_set_rights", "32 64 64"),
    _function("fd_filestat_get", "32 32"),
    _function("fd_filestat_set_size", "32 64"),
    _function("fd_filestat_set_times", "32 64 64 32"),
    _function("fd_pread", "32 32 32 64 32"),
    _function("fd_prestat_get", "32 32"),
    _function("fd_prestat_dir_name", "32 32 32"),
    _function("fd_pwrite", "32 32 32 64 32"),
    _function("fd_read", "32 32 32 32"),
    _function("fd_readdir", "32 32 32 64 32"),
    _function("fd_renumber", "32 32"),
    _function("fd_seek", "32 64 32 32"),
    _function("fd_sync", "32"),
    _function("fd_tell", "32 32"),
    _function("fd_write", "32 32 32 32"),
    _function("path_create_directory", "32 32 32"),
    _function("path_filestat_get", "32 32 32 32 32"),
    _function("path_filestat_set_times", "32 32 32 32 64 64 32"),
    _function("path_link", "32 32 32 32 32 32 32"),
    _function("path_open", "32 32 32 32 32 64 64 32 32"),
    _function("path_readlink", "32 32 32 32 32 32"),
    _function("path_remove_directory", "32 32 32"),
    _function("path_rename", "32 32 32 32 32 32"),
    _function("path_symlink", "32 32 32 32 32"),
    _function("path_unlink_file", "32 32 32"),
    _function("poll_oneoff", "32 32 32 32"),
    _function("proc_exit", "32", result=False),
    _function("proc_raise", "32"),
    _function("sched_yield", ""),
    _function("random_get", "32 32"),
    _function("sock_accept", "32 32 32"),
    _function("sock_recv", "32 32 32 32 32 32"),
    _function("sock_send", "32 32 32 32 32"),
    _function("sock_shutdown", "32 32"),
)
MAX_PARAMETERS = max(len(each.parameters) for each in FUNCTIONS)
NUMBERS: dict[str, int] = {each.name: number for number, each in enumerate(FUNCTIONS)}


def function_name(num: int) -> str:
    """A function by its number in the logs."""
    at = num - FIRST_CALL
    return FUNCTIONS[at].name if 0 <= at < len(FUNCTIONS) else f"wasi 0x{num:x}"


class Err(IntEnum):
    """What a call answers (`errno`)."""

    SUCCESS = 0
    TOOBIG = 1
    ACCES = 2
    AGAIN = 6
    BADF = 8
    BUSY = 10
    DQUOT = 19
    EXIST = 20
    FAULT = 21
    FBIG = 22
    ILSEQ = 25
    INTR = 27
    INVAL = 28
    IO = 29
    ISDIR = 31
    LOOP = 32
    MFILE = 33
    MLINK = 34
    NAMETOOLONG = 37
    NFILE = 41
    NODEV = 43
    NOENT = 44
    NOMEM = 48
    NOSPC = 51
    NOSYS = 52
    NOTDIR = 54
    NOTEMPTY = 55
    NOTSOCK = 57
    NOTSUP = 58
    NXIO = 60
    OVERFLOW = 61
    PERM = 63
    PIPE = 64
    ROFS = 69
    SPIPE = 70
    STALE = 72
    TXTBSY = 74
    XDEV = 75
    NOTCAPABLE = 76


class Right(IntFlag):
    """What a descriptor may be used for (`rights`)."""

    FD_DATASYNC = 1 << 0
    FD_READ = 1 << 1
    FD_SEEK = 1 << 2
    FD_FDSTAT_SET_FLAGS = 1 << 3
    FD_SYNC = 1 << 4
    FD_TELL = 1 << 5
    FD_WRITE = 1 << 6
    FD_ADVISE = 1 << 7
    FD_ALLOCATE = 1 << 8
    PATH_CREATE_DIRECTORY = 1 << 9
    PATH_CREATE_FILE = 1 << 10
    PATH_LINK_SOURCE = 1 << 11
    PATH_LINK_TARGET = 1 << 12
    PATH_OPEN = 1 << 13
    FD_READDIR = 1 << 14
    PATH_READLINK = 1 << 15
    PATH_RENAME_SOURCE = 1 << 16
    PATH_RENAME_TARGET = 1 << 17
    PATH_FILESTAT_GET = 1 << 18
    PATH_FILESTAT_SET_SIZE = 1 << 19
    PATH_FILESTAT_SET_TIMES = 1 << 20
    FD_FILESTAT_GET = 1 << 21
    FD_FILESTAT_SET_SIZE = 1 << 22
    FD_FILESTAT_SET_TIMES = 1 << 23
    PATH_SYMLINK = 1 << 24
    PATH_REMOVE_DIRECTORY = 1 << 25
    PATH_UNLINK_FILE = 1 << 26
    POLL_FD_READWRITE = 1 << 27
    SOCK_SHUTDOWN = 1 << 28
    SOCK_ACCEPT = 1 << 29


ALL_RIGHTS = (1 << 30) - 1


class FileType(IntEnum):
    UNKNOWN = 0
    BLOCK_DEVICE = 1
    CHARACTER_DEVICE = 2
    DIRECTORY = 3
    REGULAR_FILE = 4
    SOCKET_DGRAM = 5
    SOCKET_STREAM = 6
    SYMBOLIC_LINK = 7


class FdFlags(IntFlag):
    APPEND = 1
    DSYNC = 2
    NONBLOCK = 4
    RSYNC = 8
    SYNC = 16


ALL_FDFLAGS = 31


class OFlags(IntFlag):
    CREAT = 1
    DIRECTORY = 2
    EXCL = 4
    TRUNC = 8


ALL_OFLAGS = 15
LOOKUP_SYMLINK_FOLLOW = 1


class TimeFlags(IntFlag):
    """Which times a call sets, and to what (`fstflags`)."""

    ATIM = 1
    ATIM_NOW = 2
    MTIM = 4
    MTIM_NOW = 8


ALL_TIMEFLAGS = 15

class Clock(IntEnum):
    REALTIME = 0
    MONOTONIC = 1
    PROCESS_CPUTIME = 2
    THREAD_CPUTIME = 3


class Whence(IntEnum):
    SET = 0
    CUR = 1
    END = 2


class EventType(IntEnum):
    CLOCK = 0
    FD_READ = 1
    FD_WRITE = 2


ADVICES = 6
"""Kinds of advice that `fd_advise` takes, from 0."""
SUBSCRIPTION_ABSTIME = 1
SUBSCRIPTION_BYTES = 48
PRESTAT_DIRECTORY = 0

# --- layouts --------------------------------------------------------------------------------------------------------

U32 = struct.Struct("<I")
U64 = struct.Struct("<Q")
IOVEC = struct.Struct("<II")
"""Address and length of a buffer."""
FDSTAT = struct.Struct("<BxHxxxxQQ")
"""File type, flags, rights, inherited rights."""
FILESTAT = struct.Struct("<QQB7xQQQQQ")
"""Device, inode, file type, links, size, times of access, of change of the data, of change of the inode."""
PRESTAT = struct.Struct("<B3xI")
DIRENT = struct.Struct("<QQIB3x")
"""Cookie of the next entry, inode, length of the name, file type."""
EVENT = struct.Struct("<QHB5xQH6x")
"""User data, errno, type, bytes available, flags."""
SUBSCRIPTION_HEAD = struct.Struct("<QB7x")
"""User data, type."""
SUBSCRIPTION_CLOCK = struct.Struct("<I4xQQH6x")
"""Clock, time-out, precision, flags."""
