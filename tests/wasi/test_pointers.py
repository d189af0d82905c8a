"""Pointers and counts that are not true: each is `FAULT`, or another errno, and nothing has happened.

A pointer may have any alignment. A length of 0 is never a bad pointer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wasi.support import Guests
from tests.wasi.wat import ANY, EVERYTHING, FUNCTIONS, READ, ROOT, RW, WRITE, Argument, Err, OFlags, Right, Script
from zos_core.abi import ExitHow
from zos_core.wasi.directories import DirectoryGrant
from zos_core.wasi.preview1 import FILESTAT

PAGES = 4
END = PAGES << 16
TOO_FAR = (END, END - 3, END + (1 << 20), 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF)


Bad = tuple[str, tuple[Argument, ...]]


def bad_outputs(script: Script, far: int, file: Argument) -> Iterator[Bad]:
    """Every pointer that a function writes to, one bad at a time; the rest of the call is in order."""
    fine, buffer = script.out(64), script.buffers(4)
    yield "args_sizes_get", (far, fine)
    yield "args_sizes_get", (fine, far)
    yield "args_get", (far, fine)
    yield "args_get", (fine, far)
    yield "environ_sizes_get", (far, fine)
    yield "environ_sizes_get", (fine, far)
    yield "environ_get", (far, fine)
    yield "environ_get", (fine, far)
    yield "clock_res_get", (1, far)
    yield "clock_time_get", (1, 0, far)
    yield "fd_fdstat_get", (file, far)
    yield "fd_filestat_get", (file, far)
    yield "fd_prestat_get", (ROOT, far)
    yield "fd_prestat_dir_name", (ROOT, far, 6)
    yield "fd_pread", (file, buffer, 0, far)
    yield "fd_pwrite", (file, script.data(b"X"), 0, far)
    yield "fd_read", (file, buffer, far)
    yield "fd_write", (file, script.data(b"X"), far)
    yield "fd_readdir", (ROOT, far, 64, 0, fine)
    yield "fd_readdir", (ROOT, fine, 64, 0, far)
    yield "fd_seek", (file, 3, 0, far)
    yield "fd_tell", (file, far)
    yield "path_filestat_get", (ROOT, 0, "f", far)
    yield "path_open", (ROOT, 0, "new", 1, int(RW), 0, 0, far)
    yield "path_readlink", (ROOT, "link", far, 8, fine)
    yield "path_readlink", (ROOT, "link", fine, 8, far)
    yield "random_get", (far, 8)


def bad_inputs(script: Script, far: int, file: Argument) -> Iterator[Bad]:
    """Every pointer that a function reads from."""
    fine = script.out(64)
    yield "fd_pread", (file, far, 1, 0, fine)
    yield "fd_pread", (file, script.vector((far, 4)), 0, fine)
    yield "fd_pread", (file, script.vector((fine.at, 4), (far, 4)), 0, fine)
    yield "fd_pwrite", (file, far, 1, 0, fine)
    yield "fd_pwrite", (file, script.vector((fine.at, 4), (far, 4)), 0, fine)
    yield "fd_read", (file, far, 1, fine)
    yield "fd_read", (file, script.vector((far, 4)), fine)
    yield "fd_write", (file, far, 1, fine)
    yield "fd_write", (file, script.vector((far, 4)), fine)
    yield "fd_write", (1, script.vector((fine.at, 4), (far, 4)), fine)
    yield "fd_read", (0, script.vector((far, 4)), fine)
    for name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
        yield name, (ROOT, far, 4)
    yield "path_filestat_get", (ROOT, 0, far, 4, fine)
    yield "path_filestat_set_times", (ROOT, 0, far, 4, 1, 1, 5)
    yield "path_link", (ROOT, 0, far, 4, ROOT, "new")
    yield "path_link", (ROOT, 0, "f", ROOT, far, 4)
    yield "path_open", (ROOT, 0, far, 4, 1, 0, 0, 0, fine)
    yield "path_readlink", (ROOT, far, 4, fine, 8, fine)
    yield "path_rename", (ROOT, far, 4, ROOT, "new")
    yield "path_rename", (ROOT, "f", ROOT, far, 4)
    yield "path_symlink", (far, 4, ROOT, "new")
    yield "path_symlink", ("t", ROOT, far, 4)
    yield "poll_oneoff", (far, fine, 1, fine)


@pytest.mark.parametrize("far", TOO_FAR)
def test_a_pointer_outside_of_memory_is_a_fault_and_changes_nothing(guests: Guests, inside: Path, far: int) -> None:
    (inside / "f").write_bytes(b"text")
    (inside / "link").symlink_to("f")
    script = Script(PAGES)
    file = script.open("f", 0, EVERYTHING)
    for table in (bad_outputs, bad_inputs):
        for name, arguments in table(script, far, file):
            script.call(name, *arguments, err=Err.FAULT)
    script.call("fd_seek", file, 0, 1, script.out(8))
    given = DirectoryGrant(inside, "folder")
    run = guests.check(script, more=[given], args=["an argument"], environ=[("A", "b")])
    assert run.answers[-1].number == 0
    assert (inside / "f").read_bytes() == b"text"
    assert sorted(path.name for path in inside.iterdir()) == ["f", "link"]


def test_every_function_with_a_pointer_is_among_these() -> None:
    script = Script()
    tried = {name for table in (bad_outputs, bad_inputs) for name, _ in table(script, END, 4)}
    without = {
        "fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_set_flags", "fd_fdstat_set_rights",
        "fd_filestat_set_size", "fd_filestat_set_times", "fd_renumber", "fd_sync", "proc_exit", "proc_raise",
        "sched_yield", "sock_accept", "sock_recv", "sock_send", "sock_shutdown",
    }  # fmt: skip
    assert tried | without == set(FUNCTIONS)
    assert not tried & without


def test_a_table_of_subscriptions_or_its_answers_outside_of_memory(guests: Guests) -> None:
    script = Script(PAGES)
    clock = script.filled(struct.pack("<QB7xI4xQQH6x", 1, 0, 1, 0, 0, 0))
    fine = script.out(64)
    script.call("poll_oneoff", clock.at, END - 8, 1, fine, err=Err.FAULT)
    script.call("poll_oneoff", clock.at, fine, 1, END - 2, err=Err.FAULT)
    for count in (END, 0x0800_0000, 0xFFFF_FFFF, 0x0555_5556):
        script.call("poll_oneoff", clock.at, fine, count, fine, err=frozenset([Err.FAULT, Err.NOMEM, Err.INVAL]))
    script.call("poll_oneoff", clock.at, fine, 0, fine, err=Err.INVAL)
    guests.check(script)


def test_numbers_of_buffers_and_lengths_that_are_too_many(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"text")
    (inside / "big").write_bytes(b"")
    script = Script(PAGES)
    file = script.open("f", 0, EVERYTHING)
    fine = script.out(64)
    wrong = frozenset([Err.FAULT, Err.INVAL, Err.NOMEM])
    for count in (1025, 1 << 20, 1 << 29, (1 << 29) + 1, 0x7FFF_FFFF, 0xFFFF_FFFF):
        for name, arguments in (
            ("fd_read", (fine,)), ("fd_write", (fine,)), ("fd_pread", (0, fine)), ("fd_pwrite", (0, fine)),
        ):  # fmt: skip
            script.call(name, file, 1024, count, *arguments, err=wrong)
    for length in (1 << 20, 0x8000_0000, 0xFFFF_FFFF):
        script.call("fd_read", file, script.vector((1024, length)), fine, err=wrong)
        script.call("fd_write", file, script.vector((1024, length)), fine, err=wrong)
        script.call("random_get", 1024, length, err=Err.FAULT)
        script.call("fd_readdir", ROOT, 1024, length, 0, fine, err=Err.FAULT)
        script.call("path_open", ROOT, 0, 1024, length, 1, 0, 0, 0, fine, err=frozenset([*wrong, Err.NAMETOOLONG]))
        script.call("path_readlink", ROOT, "f", 1024, length, fine, err=wrong)
    guests.check(script, inside)
    assert (inside / "f").read_bytes() == b"text"


def test_many_buffers_of_the_same_memory_move_no_more_than_a_bounded_piece(guests: Guests, inside: Path) -> None:
    """Their lengths together may be far more than there is memory: what is moved is told, and is not much."""
    pages = 256
    with open(inside / "sparse", "wb") as file:
        file.truncate(6 << 30)
    script = Script(pages)
    whole = (1024 * 64, (pages - 2) << 16)
    source, target = script.open("sparse", 0, EVERYTHING), script.open("copy", OFlags.CREAT, WRITE)
    moved = script.out(4)
    for times in (2, 200, 1024):
        script.call("fd_read", source, script.vector(*[whole] * times), moved, err=ANY)
        script.call("fd_pread", source, script.vector(*[whole] * times), 0, moved, err=ANY)
        script.call("fd_write", target, script.vector(*[whole] * times), moved, err=ANY)
    run = guests.check(script, inside)
    for answer in run.answers[2:]:
        assert answer.err in (Err.SUCCESS, Err.INVAL, Err.NOMEM)
        assert answer.err is not Err.SUCCESS or answer.number <= pages << 16
    assert (inside / "copy").stat().st_size <= 3 * pages << 16


def test_any_alignment_will_do(guests: Guests, inside: Path) -> None:
    script = Script()
    file = script.open("f", OFlags.CREAT, EVERYTHING)
    room = script.filled(bytes(512)).at
    data = script.filled(b"odd").at
    vector = script.filled(b"\0" + struct.pack("<II", data, 3)).at + 1
    script.call("fd_write", file, vector, 1, room + 3)
    script.call("fd_filestat_get", file, room + 9)
    script.call("fd_fdstat_get", file, room + 101)
    script.call("fd_tell", file, room + 201)
    script.call("clock_time_get", 1, 0, room + 301)
    script.call("path_open", ROOT, 0, "f", 0, 0, 0, 0, room + 401)
    poll = script.filled(b"\0" + struct.pack("<QB7xI28x", 7, 2, 1)).at + 1
    script.call("poll_oneoff", poll, room + 411, 1, room + 451)
    guests.check(script, inside)
    assert (inside / "f").read_bytes() == b"odd"


def test_the_last_bytes_of_memory_are_memory(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"text")
    script = Script(PAGES)
    file = script.open("f", 0, EVERYTHING)
    moved = script.out(4)
    script.call("fd_read", file, script.vector((END - 4, 4)), moved)
    script.call("fd_write", 1, script.vector((END - 4, 4)), moved.at)
    script.call("fd_filestat_get", file, END - FILESTAT.size)
    script.call("random_get", END - 8, 8)
    script.call("random_get", END, 0)
    script.call("random_get", 0xFFFF_FFFF, 0, err=frozenset([Err.SUCCESS, Err.FAULT]))
    script.call("fd_read", file, script.vector((END, 0), (0xFFFF_FFF0, 0)), moved)
    run = guests.run(script, inside)
    assert run.how.how is ExitHow.EXITED
    assert b"text" in run.output


def test_overlapping_buffers_and_a_vector_that_is_written_over(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"\xff" * 64)
    script = Script()
    file = script.open("f", 0, READ | Right.FD_SEEK)
    moved = script.out(4)
    room = script.filled(bytes(64))
    own = script.vector((0, 0), (0, 0))
    at = own.at
    script.call("fd_read", file, script.vector((room.at, 32), (room.at + 8, 32)), moved)
    over = script.filled(struct.pack("<IIII", at, 16, room.at, 8))
    script.call("fd_pread", file, over.at, 2, 0, over.at)
    guests.check(script, inside)
