"""Entries of a directory: whole, in pieces, from any cookie, and while they change."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.wasi.support import Guests
from tests.wasi.wat import ANY, ROOT, RW, Answer, Cell, Err, OFlags, Right, Script
from zos_core.wasi import descriptors, hostfiles
from zos_core.wasi.preview1 import DIRENT, FileType

BUFFER = 4096


class Entry(NamedTuple):
    next: int
    inode: int
    type: FileType
    name: bytes


def used(answer: Answer) -> bytes:
    """As much of the buffer as the call says it filled."""
    size = int.from_bytes(answer.data[-4:], "little")
    assert size <= len(answer.data) - 4
    return answer.data[:size]


def whole_entries(data: bytes) -> Iterator[Entry]:
    """Entries as a program reads them: one that is cut off at the end is left."""
    at = 0
    while at + DIRENT.size <= len(data):
        cookie, inode, size, kind = DIRENT.unpack_from(data, at)
        name = data[at + DIRENT.size : at + DIRENT.size + size]
        if len(name) < size:
            return
        yield Entry(cookie, inode, FileType(kind), name)
        at += DIRENT.size + size


def test_every_entry_with_its_type_and_inode(guests: Guests, inside: Path) -> None:
    (inside / "file").write_bytes(b"x")
    (inside / "folder").mkdir()
    (inside / "link").symlink_to("nowhere")
    (inside / "naïve").write_bytes(b"")
    os.mkfifo(inside / "fifo")
    script = Script()
    script.readdir(ROOT)
    script.call("fd_filestat_get", ROOT, script.out(64))
    run = guests.check(script, inside)
    found = {each.name: each for each in whole_entries(used(run.answers[0]))}
    assert {name: each.type for name, each in found.items()} == {
        b".": FileType.DIRECTORY, b"..": FileType.DIRECTORY, b"file": FileType.REGULAR_FILE,
        b"folder": FileType.DIRECTORY, b"link": FileType.SYMBOLIC_LINK, "naïve".encode(): FileType.REGULAR_FILE,
        b"fifo": FileType.UNKNOWN,
    }  # fmt: skip
    for name in (b"file", b"folder", b"link", b"fifo"):
        assert found[name].inode == os.lstat(inside / os.fsdecode(name)).st_ino
    assert found[b"."].inode == inside.stat().st_ino
    assert found[b".."].inode != inside.parent.stat().st_ino


@pytest.mark.parametrize("size", [0, 1, 23, 24, 25, 26, 100])
def test_a_buffer_that_is_too_small_is_filled_to_its_last_byte(guests: Guests, inside: Path, size: int) -> None:
    for name in "abcd":
        (inside / name).write_bytes(b"")
    script = Script()
    script.readdir(ROOT)
    script.readdir(ROOT, size)
    run = guests.check(script, inside)
    assert used(run.answers[1]) == used(run.answers[0])[:size]
    assert len(used(run.answers[1])) == size


def test_a_cookie_goes_on_after_its_entry_and_one_beyond_the_end_finds_nothing(guests: Guests, inside: Path) -> None:
    for number in range(20):
        (inside / f"f{number}").write_bytes(b"")
    script = Script()
    script.readdir(ROOT)
    everything = list(whole_entries(used(guests.check(script, inside).answers[0])))
    assert len({each.next for each in everything}) == len(everything) == 22
    for entry in everything:
        script.readdir(ROOT, cookie=entry.next)
    for cookie in (1 << 20, (1 << 64) - 1, 1 << 63):
        script.readdir(ROOT, cookie=cookie)
    run = guests.check(script, inside)
    for at, answer in enumerate(run.answers[1:23], 1):
        assert list(whole_entries(used(answer))) == everything[at:]
    assert [used(answer) for answer in run.answers[23:]] == [b""] * 3


def test_reading_in_pieces_loses_and_repeats_nothing_while_entries_come_and_go(guests: Guests, inside: Path) -> None:
    """What stays all the time is told exactly once, whatever else is made and removed between two calls."""
    for number in range(60):
        (inside / f"stays{number:02}").write_bytes(b"")
        (inside / f"goes{number:02}").write_bytes(b"")
    script = Script()
    buffer = script.out(40)
    cookie = Cell(buffer.at)
    script.call("fd_readdir", ROOT, buffer, 40, 0, script.out(4))
    for piece in range(125):
        script.call("fd_readdir", ROOT, buffer, 40, cookie, script.out(4))
        if piece < 60:
            script.call("path_unlink_file", ROOT, f"goes{piece:02}")
            script.close(script.open(f"comes{piece:02}", OFlags.CREAT, RW))
    run = guests.check(script, inside)
    pieces = [used(each) for each in run.answers if each.call.name == "fd_readdir"]
    names = [next(whole_entries(piece)).name for piece in pieces if piece]
    assert len(names) == len(set(names))
    assert {f"stays{number:02}".encode() for number in range(60)} <= set(names)


def test_reading_from_the_start_again_sees_what_has_changed(guests: Guests, inside: Path) -> None:
    script = Script()
    script.readdir(ROOT)
    script.close(script.open("new", OFlags.CREAT, RW))
    script.readdir(ROOT)
    script.call("path_unlink_file", ROOT, "new")
    script.readdir(ROOT)
    run = guests.check(script, inside)
    told = [[e.name for e in whole_entries(used(a))] for a in run.answers if a.call.name == "fd_readdir"]
    assert [b"new" in names for names in told] == [False, True, False]


def test_two_descriptors_of_one_directory_are_read_apart(guests: Guests, inside: Path) -> None:
    (inside / "d").mkdir()
    for name in "abc":
        (inside / "d" / name).write_bytes(b"")
    script = Script()
    first, second = (script.open("d", OFlags.DIRECTORY, Right.FD_READDIR) for _ in range(2))
    script.readdir(first, 30)
    script.call("path_unlink_file", ROOT, "d/a")
    script.readdir(second)
    script.readdir(first, cookie=DIRENT.size + 1)
    run = guests.check(script, inside)
    _, again, on = (list(whole_entries(used(a))) for a in run.answers if a.call.name == "fd_readdir")
    assert len(again) == 4
    assert len(on) == 4


def test_a_directory_that_was_removed_while_open_is_empty(guests: Guests, inside: Path) -> None:
    (inside / "d").mkdir()
    script = Script()
    folder = script.open("d", OFlags.DIRECTORY, Right.FD_READDIR | Right.PATH_OPEN | Right.PATH_CREATE_FILE)
    script.call("path_remove_directory", ROOT, "d")
    script.readdir(folder, err=ANY)
    script.open("x", OFlags.CREAT, at=folder, err=Err.NOENT)
    run = guests.check(script, inside)
    assert b"x" not in run.answers[2].data
    assert struct.unpack("<I", run.answers[2].data[-4:])[0] <= 2 * DIRENT.size + 3


def test_a_name_that_is_no_text_does_not_hide_the_others(guests: Guests, inside: Path) -> None:
    (inside / "good").write_bytes(b"")
    descriptor = os.open(os.fsencode(inside) + b"/bad\xff", os.O_CREAT | os.O_WRONLY)
    os.close(descriptor)
    script = Script()
    script.readdir(ROOT)
    run = guests.check(script, inside)
    assert b"good" in [each.name for each in whole_entries(used(run.answers[0]))]


def test_a_directory_with_many_entries_is_listed_whole(guests: Guests, inside: Path) -> None:
    names = [b".", b"..", *(f"entry-{number}".encode() for number in range(3000))]
    for name in names[2:]:
        (inside / os.fsdecode(name)).write_bytes(b"")
    script = Script(pages=8)
    script.readdir(ROOT, 200_000)
    script.readdir(ROOT, 200_000, cookie=DIRENT.size + 1)
    run = guests.check(script, inside)
    found = [each.name for each in whole_entries(used(run.answers[0]))]
    assert sorted(found) == sorted(names)
    assert [each.name for each in whole_entries(used(run.answers[1]))] == found[1:]


def test_listings_of_a_program_are_bounded(guests: Guests, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too long is refused; of many the latest is kept, and the others are made again when they go on."""
    for number in range(40):
        (inside / f"entry-{number:02}").write_bytes(b"")
    one = sum(DIRENT.size + len(name) for name in (".", "..", *os.listdir(inside)))
    monkeypatch.setattr(descriptors, "MAX_LISTINGS", 2 * one + 1)
    script = Script(pages=8)
    folders = [script.open(".", OFlags.DIRECTORY, int(Right.FD_READDIR)) for _ in range(4)]
    for folder in folders:
        script.readdir(folder, 30)
    for folder in folders:
        script.readdir(folder, cookie=DIRENT.size + 1)
    run = guests.check(script, inside)
    rests = [[each.name for each in whole_entries(used(answer))] for answer in run.answers[-4:]]
    assert all(len(names) == 41 for names in rests)

    monkeypatch.setattr(hostfiles, "MAX_LISTING", one // 2)
    script = Script()
    script.readdir(ROOT, err=Err.OVERFLOW)
    guests.check(script, inside)
