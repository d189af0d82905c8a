"""Bytes of files: read, written, moved in, sized, timed, synced; each function, and each way it refuses."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tests.wasi.support import Guests
from tests.wasi.wat import ANY, EVERYTHING, READ, ROOT, RW, WRITE, Err, FdFlags, OFlags, Right, Script, Whence
from zos_core.wasi.preview1 import FDSTAT, FILESTAT, FileType, TimeFlags

SEEKING = RW | Right.FD_SEEK | Right.FD_TELL
CREATED = Right.FD_FILESTAT_GET | Right.FD_FILESTAT_SET_SIZE | Right.FD_FILESTAT_SET_TIMES | SEEKING
CLOSED = 77
HUGE = 1 << 63


def count(size: int) -> bytes:
    return size.to_bytes(4, "little")


def test_read_and_write_go_on_where_the_last_one_ended(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, SEEKING)
    script.write(file, b"hello ")
    script.call("fd_write", file, script.data(b"wor", b"", b"ld"), script.out(4))
    script.call("fd_tell", file, script.out(8))
    script.seek(file, 0)
    script.call("fd_read", file, script.buffers(4, 0, 3), script.out(4))
    script.read(file, 100)
    script.read(file, 100)
    run = guests.check(script, inside)
    wrote, more, told, _, first, rest, end = (each.data for each in run.answers[1:])
    assert (wrote, more, told) == (count(6), count(5), (11).to_bytes(8, "little"))
    assert first == b"hello w" + count(7)
    assert rest[:4] == b"orld"
    assert rest[100:] == count(4)
    assert end[100:] == count(0)
    assert (inside / "f").read_bytes() == b"hello world"


def test_reads_and_writes_at_an_offset_leave_the_position(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, SEEKING)
    script.call("fd_pwrite", file, script.data(b"abc", b"def"), 4, script.out(4))
    script.call("fd_pread", file, script.buffers(3, 5), 3, script.out(4))
    script.call("fd_pread", file, script.buffers(8), 1 << 40, script.out(4))
    script.call("fd_tell", file, script.out(8))
    script.call("fd_pread", file, script.buffers(8), HUGE, script.out(4), err=Err.INVAL)
    script.call("fd_pwrite", file, script.data(b"x"), HUGE, script.out(4), err=Err.INVAL)
    script.call("fd_pwrite", file, script.data(b"x"), HUGE - 1, script.out(4), err=frozenset([Err.FBIG, Err.INVAL]))
    run = guests.check(script, inside)
    assert run.answers[2].data == b"\0abcdef\0" + count(7)
    assert run.answers[3].data[8:] == count(0)
    assert run.answers[4].number == 0
    assert (inside / "f").read_bytes() == b"\0\0\0\0abcdef"


def test_seeking_counts_from_the_start_the_position_and_the_end(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"0123456789")
    script = Script()
    file = script.open("f", 0, SEEKING)
    for offset, whence in ((4, Whence.SET), (3, Whence.CUR), (-9, Whence.END), (0, Whence.CUR), (90, Whence.END)):
        script.seek(file, offset, whence)
    for offset, whence in ((-1, Whence.SET), (-101, Whence.CUR), (-11, Whence.END), (1 << 62, Whence.CUR)):
        script.seek(file, offset, whence, err=ANY if offset > 0 else Err.INVAL)
    script.call("fd_seek", file, 0, 3, script.out(8), err=Err.INVAL)
    script.call("fd_seek", file, 0, 0xFF, script.out(8), err=Err.INVAL)
    run = guests.check(script, inside)
    assert [each.number for each in run.answers[1:6]] == [4, 7, 1, 1, 100]
    assert os.path.getsize(inside / "f") == 10


def test_an_appending_write_goes_to_the_end_and_a_write_at_an_offset_stays_there(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"1234")
    script = Script()
    file = script.open("f", 0, SEEKING | Right.FD_FDSTAT_SET_FLAGS, fdflags=FdFlags.APPEND)
    script.write(file, b"56")
    script.call("fd_tell", file, script.out(8))
    script.seek(file, 0)
    script.call("fd_pwrite", file, script.data(b"X"), 1, script.out(4))
    script.write(file, b"7")
    script.call("fd_tell", file, script.out(8))
    script.call("fd_fdstat_set_flags", file, 0)
    script.seek(file, 0)
    script.write(file, b"Y")
    script.call("fd_fdstat_set_flags", file, int(FdFlags.APPEND))
    script.write(file, b"8")
    script.fdstat(file)
    run = guests.check(script, inside)
    assert run.answers[2].number == 6
    assert run.answers[6].number == 7
    assert FDSTAT.unpack(run.answers[-1].data)[1] == FdFlags.APPEND
    assert (inside / "f").read_bytes() == b"YX345678"


@pytest.mark.parametrize(
    ("flag", "err"),
    [
        (FdFlags.NONBLOCK, Err.SUCCESS),
        (FdFlags.SYNC, Err.NOTSUP),
        (FdFlags.DSYNC, Err.NOTSUP),
        (FdFlags.RSYNC, Err.NOTSUP),
        (1 << 5, Err.INVAL),
        (1 << 15, Err.INVAL),
    ],
)
def test_flags_that_can_be_set_on_what_is_open(guests: Guests, inside: Path, flag: int, err: Err) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, RW | Right.FD_FDSTAT_SET_FLAGS)
    script.call("fd_fdstat_set_flags", file, int(flag), err=err)
    guests.check(script, inside)


def test_sizes_are_set_and_space_is_allocated(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, CREATED | Right.FD_ALLOCATE | Right.FD_ADVISE)

    def size_after(name: str, *arguments: int, err: Err = Err.SUCCESS) -> None:
        script.call(name, file, *arguments, err=err)
        script.call("fd_filestat_get", file, script.out(FILESTAT.size))

    size_after("fd_filestat_set_size", 100)
    size_after("fd_filestat_set_size", 7)
    size_after("fd_allocate", 2, 3)
    size_after("fd_allocate", 5, 10)
    size_after("fd_allocate", 0, 0, err=Err.INVAL)
    size_after("fd_allocate", HUGE, 1, err=Err.INVAL)
    size_after("fd_filestat_set_size", HUGE, err=Err.INVAL)
    for advice in range(6):
        size_after("fd_advise", 0, 4, advice)
    size_after("fd_advise", 0, 4, 6, err=Err.INVAL)
    size_after("fd_advise", HUGE, 4, 0, err=Err.INVAL)
    run = guests.check(script, inside)
    found = [FILESTAT.unpack(each.data)[4] for each in run.answers if each.call.name == "fd_filestat_get"]
    assert found == [100, 7, 7] + [15] * 12


def test_times_are_set_to_the_nanosecond_or_to_the_present(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"")
    os.utime(inside / "f", ns=(1_000_000_007, 2_000_000_009))
    script = Script()
    file = script.open("f", 0, CREATED)

    def times(atime: int, mtime: int, flags: int, err: Err = Err.SUCCESS) -> None:
        script.call("fd_filestat_set_times", file, atime, mtime, flags, err=err)
        script.call("fd_filestat_get", file, script.out(FILESTAT.size))

    times(5, 6, 0)
    times(5, 6, TimeFlags.MTIM)
    times(7, 8, TimeFlags.ATIM)
    times(1, 1, TimeFlags.ATIM | TimeFlags.ATIM_NOW, Err.INVAL)
    times(1, 1, TimeFlags.MTIM | TimeFlags.MTIM_NOW, Err.INVAL)
    times(1, 1, 1 << 4, Err.INVAL)
    times(1, 1, TimeFlags.MTIM_NOW)
    run = guests.check(script, inside)
    found = [FILESTAT.unpack(each.data)[5:7] for each in run.answers if each.call.name == "fd_filestat_get"]
    assert found[:3] == [(1_000_000_007, 2_000_000_009), (1_000_000_007, 6), (7, 6)]
    assert found[3:6] == [(7, 6)] * 3
    assert found[6][0] == 7
    assert found[6][1] > 1_600_000_000 * 10**9


def test_what_is_told_of_a_file_is_what_the_host_tells(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"12345")
    os.link(inside / "f", inside / "g")
    (inside / "d").mkdir()
    script = Script()
    file = script.open("f", 0, READ | Right.FD_FILESTAT_GET)
    folder = script.open("d", OFlags.DIRECTORY, Right.FD_FILESTAT_GET)
    for each in (file, folder):
        script.call("fd_filestat_get", each, script.filled(b"\xff" * FILESTAT.size))
        script.fdstat(each)
    run = guests.check(script, inside)
    for name, answer, kind in (("f", run.answers[2], FileType.REGULAR_FILE), ("d", run.answers[4], FileType.DIRECTORY)):
        host = (inside / name).stat()
        device, inode, found, links, size, _, modified, changed = FILESTAT.unpack(answer.data)
        assert (device, inode, found, links) == (host.st_dev, host.st_ino, kind, host.st_nlink)
        assert (size, modified, changed) == (host.st_size, host.st_mtime_ns, host.st_ctime_ns)
        assert answer.data[17:24] == bytes(7)
    kind, flags, rights, inheriting = FDSTAT.unpack(run.answers[3].data)
    assert (kind, flags, rights, inheriting) == (FileType.REGULAR_FILE, 0, READ | Right.FD_FILESTAT_GET, 0)


def test_sync_and_datasync_are_for_files_and_directories(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, RW | Right.FD_SYNC | Right.FD_DATASYNC)
    for name in ("fd_sync", "fd_datasync"):
        script.write(file, b"kept")
        script.call(name, file)
        script.call(name, ROOT)
        script.call(name, 1, err=Err.INVAL)
        script.call(name, CLOSED, err=Err.BADF)
    guests.check(script, inside)


def test_an_open_file_lives_on_without_its_name(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, CREATED)
    script.write(file, b"still here")
    script.call("path_unlink_file", ROOT, "f")
    script.stat("f", err=Err.NOENT)
    script.seek(file, 0)
    script.read(file, 10)
    script.call("fd_filestat_get", file, script.out(FILESTAT.size))
    second = script.open("f", OFlags.CREAT | OFlags.EXCL, RW)
    script.write(second, b"other")
    script.write(file, b"!")
    script.close(file)
    script.close(second)
    run = guests.check(script, inside)
    assert run.answers[5].data == b"still here" + count(10)
    assert FILESTAT.unpack(run.answers[6].data)[3] == 0
    assert (inside / "f").read_bytes() == b"other"


def test_more_than_a_slice_of_the_machine_is_read_and_written_whole(guests: Guests, inside: Path) -> None:
    (inside / "big").write_bytes(bytes(range(256)) * 4096)
    script = Script(pages=40)
    source, target = script.open("big", 0, READ), script.open("copy", OFlags.CREAT, WRITE)
    buffer = script.out(1 << 20)
    moved = script.out(4)
    script.call("fd_read", source, script.vector(buffer), moved)
    script.call("fd_write", target, script.vector(buffer), moved)
    script.call("fd_read", source, script.vector(buffer), moved)
    run = guests.check(script, inside)
    assert [each.number for each in run.answers[2:]] == [1 << 20, 1 << 20, 0]
    assert (inside / "copy").read_bytes() == (inside / "big").read_bytes()


def test_a_descriptor_that_is_not_open_is_bad_in_every_function(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, RW)
    script.close(file)
    out = script.out(64)
    for fd in (file, CLOSED, 0x7FFF_FFFF, 0xFFFF_FFFF, (1 << 32) - 31337):
        for name, arguments in {
            "fd_advise": (0, 0, 0), "fd_allocate": (0, 1), "fd_close": (), "fd_datasync": (), "fd_sync": (),
            "fd_fdstat_get": (out,), "fd_fdstat_set_flags": (0,), "fd_fdstat_set_rights": (0, 0),
            "fd_filestat_get": (out,), "fd_filestat_set_size": (0,), "fd_filestat_set_times": (0, 0, 0),
            "fd_pread": (0, 0, 0, out), "fd_prestat_get": (out,), "fd_prestat_dir_name": (out, 1),
            "fd_pwrite": (0, 0, 0, out), "fd_read": (0, 0, out), "fd_readdir": (out, 64, 0, out),
            "fd_renumber": (1,), "fd_seek": (0, 0, out), "fd_tell": (out,), "fd_write": (0, 0, out),
            "path_create_directory": ("x",), "path_filestat_get": (0, "x", out),
            "path_filestat_set_times": (0, "x", 0, 0, 0), "path_link": (0, "x", ROOT, "y"),
            "path_open": (0, "x", 0, 0, 0, 0, out), "path_readlink": ("x", out, 4, out),
            "path_remove_directory": ("x",), "path_rename": ("x", ROOT, "y"), "path_unlink_file": ("x",),
            "sock_accept": (0, out), "sock_recv": (0, 0, 0, out, out), "sock_send": (0, 0, 0, out),
            "sock_shutdown": (1,),
        }.items():  # fmt: skip
            script.call(name, fd, *arguments, err=Err.BADF)  # type: ignore[arg-type]
        script.call("path_symlink", "x", fd, "y", err=Err.BADF)
        script.call("path_link", ROOT, 0, "f", fd, "y", err=Err.BADF)
        script.call("path_rename", ROOT, "f", fd, "y", err=Err.BADF)
        script.call("fd_renumber", 1, fd, err=Err.BADF)
    guests.check(script, inside)
    assert sorted(os.listdir(inside)) == ["f"]


def test_a_directory_is_no_file_and_a_file_no_directory(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, EVERYTHING)
    out = script.out(64)
    for name, arguments in {
        "fd_read": (script.buffers(4), out), "fd_pread": (script.buffers(4), 0, out),
        "fd_write": (script.data(b"x"), out), "fd_pwrite": (script.data(b"x"), 0, out), "fd_tell": (out,),
        "fd_allocate": (0, 1), "fd_filestat_set_size": (0,),
    }.items():  # fmt: skip
        script.call(name, ROOT, *arguments, err=Err.BADF)  # type: ignore[arg-type]
    for whence in Whence:
        script.seek(ROOT, 0, whence, err=Err.BADF)
    for name, arguments in {
        "fd_readdir": (out, 64, 0, out), "path_open": (0, "x", 1, 0, 0, 0, out), "path_create_directory": ("x",),
        "path_filestat_get": (0, "x", out), "path_filestat_set_times": (0, "x", 0, 0, 0),
        "path_link": (0, "x", ROOT, "y"), "path_readlink": ("x", out, 4, out), "path_remove_directory": ("x",),
        "path_rename": ("x", ROOT, "y"), "path_unlink_file": ("x",),
    }.items():  # fmt: skip
        script.call(name, file, *arguments, err=Err.NOTDIR)  # type: ignore[arg-type]
    script.call("path_symlink", "x", file, "y", err=Err.NOTDIR)
    script.call("path_link", ROOT, 0, "f", file, "y", err=Err.NOTDIR)
    script.call("path_rename", ROOT, "f", file, "y", err=Err.NOTDIR)
    script.call("fd_prestat_get", file, out, err=Err.BADF)
    script.call("fd_prestat_dir_name", file, out, 64, err=Err.BADF)
    guests.check(script, inside)


def test_renumbering_moves_a_descriptor_and_closes_what_was_there(guests: Guests, inside: Path) -> None:
    script = Script()
    first = script.open("a", OFlags.CREAT, RW)
    second = script.open("b", OFlags.CREAT, RW)
    script.call("fd_renumber", first, second)
    script.write(second, b"into a")
    script.write(first, b"nowhere", err=Err.BADF)
    script.call("fd_renumber", second, first, err=Err.BADF)
    script.call("fd_renumber", second, second)
    script.write(second, b", too")
    script.call("fd_renumber", ROOT, second)
    script.open("c", err=Err.BADF)
    script.open("a", at=second)
    script.call("fd_prestat_get", second, script.out(8))
    script.call("fd_renumber", 1, second)
    script.speak_through(second)
    script.call("fd_write", 1, script.data(b"x"), script.out(4), err=Err.BADF)
    script.call("fd_renumber", second, 0)
    script.speak_through(0)
    script.write(0, b"output is output under any number")
    run = guests.run(script, inside)
    assert b"output is output under any number" in run.output
    assert (inside / "a").read_bytes() == b"into a, too"
    assert (inside / "b").read_bytes() == b""


def test_descriptors_are_counted_and_the_lowest_free_number_is_given(guests: Guests, inside: Path) -> None:
    script = Script()
    first, second = script.open("a", OFlags.CREAT), script.open("b", OFlags.CREAT)
    numbers = script.out(8)
    script.close(first)
    script.call("path_open", ROOT, 0, "a", 0, 0, 0, 0, numbers)
    script.close(second)
    with script.repeat(1100):
        script.open("a", err=ANY)
    script.open("new", OFlags.CREAT, err=Err.MFILE)
    script.close(100)
    script.open("a")
    script.open("a", err=Err.MFILE)
    run = guests.run(script, inside)
    assert struct.unpack("<I4x", run.answers[3].data)[0] == 4
    opened = [each.err for each in run.answers[5:1105]]
    free = opened.index(Err.MFILE)
    assert set(opened[:free]) == {Err.SUCCESS}
    assert set(opened[free:]) == {Err.MFILE}
    assert free == 1024 - 5
    assert [each.err for each in run.answers[1105:]] == [Err.MFILE, Err.SUCCESS, Err.SUCCESS, Err.MFILE]
    assert not (inside / "new").exists()
