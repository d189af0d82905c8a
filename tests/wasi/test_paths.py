"""Names in a directory: opened, made, removed, renamed, linked, looked at; each function, and each way it refuses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.wasi.support import Guests
from tests.wasi.wat import EVERYTHING, FOLLOW, READ, ROOT, RW, WRITE, Err, OFlags, Right, Script
from zos_core.wasi.preview1 import FDSTAT, FILESTAT, FileType, TimeFlags

CREAT, DIRECTORY, EXCL, TRUNC = OFlags.CREAT, OFlags.DIRECTORY, OFlags.EXCL, OFlags.TRUNC
LONG_NAME = "n" * 256
LONG_PATH = "d/" * 2048 + "x"
OF_A_FOLDER = EVERYTHING & ~int(WRITE)
"""All that can be asked of a directory: who asks to write to it is told that it is one."""
ONE_OF_OUTSIDE = frozenset([Err.PERM, Err.NOTCAPABLE])


@pytest.fixture
def tree(inside: Path) -> Path:
    """A folder with one of each: a file, folders full and empty, and links to them, to nothing, and to themselves."""
    (inside / "file").write_bytes(b"text")
    (inside / "full").mkdir()
    (inside / "full" / "in").write_bytes(b"within")
    (inside / "empty").mkdir()
    for name, target in {
        "to_file": "file", "to_full": "full", "to_full_slash": "full/", "to_file_slash": "file/", "dangling": "none",
        "loop": "loop", "ping": "pong", "pong": "ping", "chain": "to_full", "up_and_down": "full/../file",
    }.items():  # fmt: skip
        (inside / name).symlink_to(target)
    os.mkfifo(inside / "fifo")
    return inside


def test_opening(guests: Guests, tree: Path) -> None:
    script = Script()
    for path, oflags, flags, err in [
        ("file", 0, 0, Err.SUCCESS), ("file", CREAT, 0, Err.SUCCESS), ("file", CREAT | EXCL, 0, Err.EXIST),
        ("file", DIRECTORY, 0, Err.NOTDIR), ("file/", 0, 0, Err.NOTDIR), ("file//", 0, 0, Err.NOTDIR),
        ("file/.", 0, 0, Err.NOTDIR), ("file/..", 0, 0, Err.NOTDIR), ("file/x", 0, 0, Err.NOTDIR),
        ("none", 0, 0, Err.NOENT), ("none/", 0, 0, Err.NOENT), ("none/x", CREAT, 0, Err.NOENT),
        ("new/", CREAT, 0, Err.ISDIR), ("full/", CREAT | EXCL, 0, Err.ISDIR),
        ("dangling/", CREAT, FOLLOW, Err.ISDIR), ("to_file/", CREAT, 0, Err.ISDIR), ("none", DIRECTORY, 0, Err.NOENT),
        ("none", TRUNC, 0, Err.NOENT),
        ("new", CREAT | DIRECTORY, 0, Err.INVAL), ("new", 1 << 4, 0, Err.INVAL), ("", 0, 0, Err.NOENT),
        ("full", 0, 0, Err.SUCCESS), ("full/", 0, 0, Err.SUCCESS), ("full//", DIRECTORY, 0, Err.SUCCESS),
        ("./full/./in", 0, 0, Err.SUCCESS), ("full/../file", 0, 0, Err.SUCCESS), ("full//in", 0, 0, Err.SUCCESS),
        ("full/../empty/../full/in", 0, 0, Err.SUCCESS), ("none/../file", 0, 0, Err.NOENT), (".", 0, 0, Err.SUCCESS),
        ("./", DIRECTORY, 0, Err.SUCCESS), ("full/..", 0, 0, Err.SUCCESS), ("full", CREAT, 0, Err.ISDIR),
        ("full", TRUNC, 0, Err.ISDIR), ("full", CREAT | EXCL, 0, Err.EXIST), (".", CREAT | EXCL, 0, Err.EXIST),
        ("to_file", 0, 0, Err.LOOP), ("to_full", DIRECTORY, 0, frozenset([Err.LOOP, Err.NOTDIR])),
        ("dangling", 0, 0, Err.LOOP), ("loop", 0, 0, Err.LOOP), ("to_file", CREAT | EXCL, FOLLOW, Err.EXIST),
        ("dangling", CREAT | EXCL, FOLLOW, Err.EXIST), ("to_file", 0, FOLLOW, Err.SUCCESS),
        ("to_full", 0, FOLLOW, Err.SUCCESS), ("to_full/", 0, 0, Err.SUCCESS), ("to_full/in", 0, 0, Err.SUCCESS),
        ("chain/in", 0, 0, Err.SUCCESS), ("to_full_slash", 0, FOLLOW, Err.SUCCESS),
        ("up_and_down", 0, FOLLOW, Err.SUCCESS), ("to_file_slash", 0, FOLLOW, Err.NOTDIR),
        ("to_file", DIRECTORY, FOLLOW, Err.NOTDIR),
        ("dangling", 0, FOLLOW, Err.NOENT), ("dangling/x", 0, 0, Err.NOENT), ("loop", 0, FOLLOW, Err.LOOP),
        ("ping/x", 0, 0, Err.LOOP), ("ping", CREAT, FOLLOW, Err.LOOP), ("fifo/", 0, 0, Err.NOTDIR),
        (LONG_NAME, 0, 0, Err.NAMETOOLONG), (LONG_NAME, CREAT, 0, Err.NAMETOOLONG), (LONG_PATH, 0, 0, Err.NAMETOOLONG),
        ("file\0", 0, 0, Err.INVAL), ("fi\0le", CREAT, 0, Err.INVAL), (b"\xff\xfe", CREAT, 0, Err.ILSEQ),
        (b"caf\xc3", 0, 0, Err.ILSEQ), ("/", 0, 0, ONE_OF_OUTSIDE), ("/file", 0, 0, ONE_OF_OUTSIDE),
        ("..", 0, 0, ONE_OF_OUTSIDE), ("../inside/file", 0, 0, ONE_OF_OUTSIDE),
        ("full/../../inside/file", 0, 0, ONE_OF_OUTSIDE),
    ]:  # fmt: skip
        script.close(script.open(path, oflags, flags=flags, err=err), err=frozenset([Err.SUCCESS, Err.BADF]))
    script.open("file", fdflags=1 << 5, err=Err.INVAL)
    guests.check(script, tree)
    assert sorted(os.listdir(tree)).count("new") == 0


def test_a_file_is_made_through_a_link_to_where_nothing_is(guests: Guests, tree: Path) -> None:
    script = Script()
    script.close(script.open("dangling", CREAT, WRITE, flags=FOLLOW))
    script.close(script.open("café", CREAT, WRITE))
    guests.check(script, tree)
    assert (tree / "none").is_file()
    assert (tree / "café").is_file()


def test_what_may_be_done_with_what_was_opened(guests: Guests, tree: Path) -> None:
    """Rights are those asked for that make sense there and that the directory hands on; none is refused."""
    script = Script()
    script.fdstat(ROOT)
    for path, rights, inheriting in [
        ("file", READ, 0), ("file", EVERYTHING, EVERYTHING), ("file", 0, 0), ("full", OF_A_FOLDER, EVERYTHING),
        ("full", Right.FD_SEEK | Right.PATH_OPEN, READ | Right.PATH_OPEN),
    ]:  # fmt: skip
        script.fdstat(script.open(path, 0, int(rights), inheriting=int(inheriting)))
    script.open(".", DIRECTORY, RW, err=Err.ISDIR)
    script.open("full", 0, RW, err=Err.ISDIR)
    narrow = script.open("full", 0, Right.PATH_OPEN | Right.PATH_CREATE_FILE, inheriting=READ)
    script.fdstat(script.open("in", 0, RW, at=narrow))
    script.fdstat(script.open("new", CREAT, EVERYTHING, inheriting=EVERYTHING, at=narrow))
    run = guests.check(script, tree)
    own = [FDSTAT.unpack(each.data) for each in run.answers if each.call.name == "fd_fdstat_get"]
    (kind, flags, base, hands_on), read, most, none, folder, small, within, new = own
    assert (kind, flags) == (FileType.DIRECTORY, 0)
    assert not base & (Right.FD_WRITE | Right.FD_SEEK | Right.FD_TELL | Right.FD_FILESTAT_SET_SIZE)
    assert hands_on & base == base
    assert read[2:] == (READ, 0)
    assert most[2] & RW == RW
    assert not (most[2] | most[3]) & (Right.PATH_OPEN | Right.PATH_FILESTAT_GET | Right.FD_READDIR)
    assert none[2:] == (0, 0)
    assert folder[2] == base
    assert small[2:] == (Right.PATH_OPEN, READ | Right.PATH_OPEN)
    assert within[2:] == (READ, 0)
    assert new[2] == READ


def test_truncating_and_where_writing_starts(guests: Guests, tree: Path) -> None:
    script = Script()
    script.write(script.open("file", 0, WRITE), b"TE")
    script.write(script.open("full/in", TRUNC, WRITE), b"new")
    script.close(script.open("to_file", TRUNC, 0, err=Err.LOOP), err=Err.BADF)
    guests.check(script, tree)
    assert (tree / "file").read_bytes() == b"TExt"
    assert (tree / "full" / "in").read_bytes() == b"new"


def test_making_and_removing_directories(guests: Guests, tree: Path) -> None:
    script = Script()
    for name, path, err in [
        ("path_create_directory", "a", Err.SUCCESS), ("path_create_directory", "a/b/", Err.SUCCESS),
        ("path_create_directory", "a/./c//", Err.SUCCESS), ("path_create_directory", "a", Err.EXIST),
        ("path_create_directory", "a/", Err.EXIST), ("path_create_directory", "file", Err.EXIST),
        ("path_create_directory", "dangling", Err.EXIST),
        ("path_create_directory", "dangling/", Err.EXIST), ("path_create_directory", "loop/", Err.EXIST),
        ("path_create_directory", ".", Err.EXIST),
        ("path_create_directory", "none/x", Err.NOENT), ("path_create_directory", "file/x", Err.NOTDIR),
        ("path_create_directory", "", Err.NOENT), ("path_create_directory", "..", ONE_OF_OUTSIDE),
        ("path_create_directory", "/x", ONE_OF_OUTSIDE), ("path_create_directory", LONG_NAME, Err.NAMETOOLONG),
        ("path_create_directory", "x\0", Err.INVAL), ("path_create_directory", b"\x80", Err.ILSEQ),
        ("path_create_directory", "to_full/via", Err.SUCCESS),
        ("path_remove_directory", "a", Err.NOTEMPTY), ("path_remove_directory", "a/b", Err.SUCCESS),
        ("path_remove_directory", "a/c/", Err.SUCCESS), ("path_remove_directory", "a", Err.SUCCESS),
        ("path_remove_directory", "a", Err.NOENT), ("path_remove_directory", "file", Err.NOTDIR),
        ("path_remove_directory", "file/", Err.NOTDIR), ("path_remove_directory", "to_full", Err.NOTDIR),
        ("path_remove_directory", "to_full/", Err.NOTDIR), ("path_remove_directory", "dangling", Err.NOTDIR),
        ("path_remove_directory", "fifo", Err.NOTDIR), ("path_remove_directory", "to_full/via", Err.SUCCESS),
        ("path_remove_directory", ".", Err.INVAL), ("path_remove_directory", "full/.", Err.INVAL),
        ("path_remove_directory", "empty/../empty", Err.SUCCESS), ("path_remove_directory", "full/..", Err.INVAL),
        ("path_remove_directory", "..", ONE_OF_OUTSIDE), ("path_remove_directory", "/", ONE_OF_OUTSIDE),
        ("path_remove_directory", "", Err.NOENT),
    ]:  # fmt: skip
        script.call(name, ROOT, path, err=err)
    guests.check(script, tree)
    assert sorted(os.listdir(tree / "full")) == ["in"]
    assert not (tree / "empty").exists()


def test_unlinking(guests: Guests, tree: Path) -> None:
    script = Script()
    for path, err in [
        ("file/", Err.NOTDIR), ("to_file/", Err.NOTDIR), ("full", Err.ISDIR), ("full/", Err.ISDIR), (".", Err.ISDIR),
        ("none", Err.NOENT), ("none/", Err.NOENT), ("full/none", Err.NOENT), ("file/x", Err.NOTDIR), ("", Err.NOENT),
        ("to_full/", Err.NOTDIR), ("..", ONE_OF_OUTSIDE), ("/file", ONE_OF_OUTSIDE), ("file\0", Err.INVAL),
        ("to_file", Err.SUCCESS), ("to_full/in", Err.SUCCESS), ("to_full", Err.SUCCESS), ("dangling", Err.SUCCESS),
        ("loop", Err.SUCCESS), ("fifo", Err.SUCCESS), ("file", Err.SUCCESS), ("file", Err.NOENT),
    ]:  # fmt: skip
        script.call("path_unlink_file", ROOT, path, err=err)
    guests.check(script, tree)
    assert not {"file", "to_file", "to_full", "dangling", "loop", "fifo"} & set(os.listdir(tree))
    assert os.listdir(tree / "full") == []


@pytest.mark.parametrize(
    ("old", "new", "err"),
    [
        ("file", "new", Err.SUCCESS), ("file", "full/new", Err.SUCCESS), ("file", "to_full/new", Err.SUCCESS),
        ("file", "full/in", Err.SUCCESS), ("file", "file", Err.SUCCESS), ("file", "to_file", Err.SUCCESS),
        ("file", "dangling", Err.SUCCESS), ("file", "empty", Err.ISDIR), ("file", "full", Err.ISDIR),
        ("file", "new/", Err.NOTDIR), ("file/", "new", Err.NOTDIR), ("file", "none/new", Err.NOENT),
        ("none", "new", Err.NOENT), ("none/", "new", Err.NOENT), ("empty", "new", Err.SUCCESS),
        ("empty/", "new", Err.SUCCESS), ("empty", "new/", Err.SUCCESS), ("empty/", "new/", Err.SUCCESS),
        ("full", "empty", Err.SUCCESS), ("full/", "empty/", Err.SUCCESS), ("empty", "full", Err.NOTEMPTY),
        ("empty", "file", Err.NOTDIR), ("empty", "to_full", Err.NOTDIR), ("full", "full/below", Err.INVAL),
        ("full", ".", frozenset([Err.BUSY, Err.INVAL])), (".", "new", frozenset([Err.BUSY, Err.INVAL])),
        ("full/..", "new", frozenset([Err.BUSY, Err.INVAL])), ("to_file", "new", Err.SUCCESS),
        ("dangling", "new", Err.SUCCESS), ("loop", "new", Err.SUCCESS), ("fifo", "new", Err.SUCCESS),
        ("file", "../out", ONE_OF_OUTSIDE), ("../inside/file", "new", ONE_OF_OUTSIDE), ("file", "/new", ONE_OF_OUTSIDE),
        ("file", "", Err.NOENT), ("", "new", Err.NOENT), ("file", LONG_NAME, Err.NAMETOOLONG),
        ("file", "n\0", Err.INVAL), ("file", b"\xff", Err.ILSEQ), ("file/x", "new", Err.NOTDIR),
        ("to_full/", "new", Err.NOTDIR),
    ],
)  # fmt: skip
def test_renaming(guests: Guests, tree: Path, old: str, new: str, err: Err) -> None:
    before = sorted(os.listdir(tree))
    script = Script()
    script.call("path_rename", ROOT, old, ROOT, new, err=err)
    guests.check(script, tree)
    if err is not Err.SUCCESS:
        assert sorted(os.listdir(tree)) == before
    elif old.rstrip("/") != new.rstrip("/"):
        assert not os.path.lexists(tree / old.rstrip("/"))
        assert os.path.lexists(tree / new.rstrip("/"))


def test_renaming_between_two_directories(guests: Guests, tree: Path) -> None:
    script = Script()
    full = script.open("full", DIRECTORY, OF_A_FOLDER, inheriting=EVERYTHING)
    empty = script.open("empty", DIRECTORY, OF_A_FOLDER, inheriting=EVERYTHING)
    script.call("path_rename", full, "in", empty, "moved")
    script.call("path_rename", empty, "../file", full, "x", err=ONE_OF_OUTSIDE)
    script.call("path_rename", empty, "moved", full, "../x", err=ONE_OF_OUTSIDE)
    guests.check(script, tree)
    assert (tree / "empty" / "moved").read_bytes() == b"within"


@pytest.mark.parametrize(
    ("old", "new", "flags", "err"),
    [
        ("file", "new", 0, Err.SUCCESS), ("full/in", "empty/new", 0, Err.SUCCESS),
        ("file", "to_full/new", 0, Err.SUCCESS), ("to_file", "new", 0, Err.SUCCESS),
        ("dangling", "new", 0, Err.SUCCESS), ("loop", "new", 0, Err.SUCCESS),
        ("file", "full/in", 0, Err.EXIST), ("file", "empty", 0, Err.EXIST), ("file", "file", 0, Err.EXIST),
        ("file", "dangling", 0, Err.EXIST), ("full", "new", 0, Err.PERM), ("full", "file", 0, Err.EXIST),
        ("full", "dangling/", 0, Err.EXIST), (".", "new", 0, Err.PERM),
        ("file", "new/", 0, Err.NOENT), ("file/", "new", 0, Err.NOTDIR), ("none", "new", 0, Err.NOENT),
        ("file", "none/new", 0, Err.NOENT), ("to_file", "new", FOLLOW, Err.INVAL), ("file", "new", FOLLOW, Err.INVAL),
        ("file", "../new", 0, ONE_OF_OUTSIDE), ("../inside/file", "new", 0, ONE_OF_OUTSIDE),
        ("/etc/passwd", "new", 0, ONE_OF_OUTSIDE), ("file", "/new", 0, ONE_OF_OUTSIDE), ("file", "", 0, Err.NOENT),
        ("", "new", 0, Err.NOENT), ("file", LONG_NAME, 0, Err.NAMETOOLONG), ("file", "n\0", 0, Err.INVAL),
    ],
)  # fmt: skip
def test_linking(guests: Guests, tree: Path, old: str, new: str, flags: int, err: Err) -> None:
    script = Script()
    script.call("path_link", ROOT, flags, old, ROOT, new, err=err)
    guests.check(script, tree)
    if err is Err.SUCCESS:
        assert os.lstat(tree / new).st_ino == os.lstat(tree / old).st_ino
    else:
        assert not os.path.lexists(tree / "new")


def test_symbolic_links_are_made_with_any_text_but_an_absolute_path(guests: Guests, tree: Path) -> None:
    script = Script()
    for target, path, err in [
        ("file", "new", Err.SUCCESS), ("none/of/this", "new2", Err.SUCCESS), ("..", "new3", Err.SUCCESS),
        ("x/", "to_full/new", Err.SUCCESS), ("/", "new4", ONE_OF_OUTSIDE), ("/etc/passwd", "new4", ONE_OF_OUTSIDE),
        ("file", "file", Err.EXIST), ("file", "empty", Err.EXIST), ("file", "dangling", Err.EXIST),
        ("file", "empty/", Err.EXIST), ("file", "new4/", Err.NOENT),
        ("file", "file/", frozenset([Err.NOTDIR, Err.EXIST])), ("file", "none/new4", Err.NOENT),
        ("", "new4", frozenset([Err.NOENT, Err.INVAL])), ("file", "", Err.NOENT), ("file", "../new4", ONE_OF_OUTSIDE),
        ("file", "/new4", ONE_OF_OUTSIDE), ("file", LONG_NAME, Err.NAMETOOLONG), ("a\0b", "new4", Err.INVAL),
        (b"\xff", "new4", Err.ILSEQ), ("t" * 4096, "new4", Err.NAMETOOLONG),
    ]:  # fmt: skip
        script.call("path_symlink", target, ROOT, path, err=err)
    guests.check(script, tree)
    assert os.readlink(tree / "new") == "file"
    assert os.readlink(tree / "full" / "new") == "x/"
    assert not os.path.lexists(tree / "new4")


def test_reading_a_link_fills_the_buffer_as_far_as_it_goes(guests: Guests, tree: Path) -> None:
    (tree / "empty" / "long").symlink_to("l" * 4095)
    (tree / "absolute").symlink_to("/etc/hostname")
    script = Script()

    def read(path: str, size: int, err: Err = Err.SUCCESS) -> None:
        buffer = script.filled(b"#" * 8192)
        used = script.out(4)
        script.call("path_readlink", ROOT, path, buffer, size, used, err=err)

    for path, size in (("to_file", 8192), ("to_file", 2), ("to_file", 0), ("empty/long", 8192), ("dangling", 4)):
        read(path, size)
    for path, err in (
        ("file", Err.INVAL), ("full", Err.INVAL), ("none", Err.NOENT), ("to_full/", Err.INVAL), ("", Err.NOENT),
        ("to_file/", Err.NOTDIR), ("dangling/", Err.NOENT),
    ):  # fmt: skip
        read(path, 10, err)
    run = guests.check(script, tree)
    told = [(each.data[:8192].rstrip(b"#"), int.from_bytes(each.data[8192:], "little")) for each in run.answers[:5]]
    assert told == [(b"file", 4), (b"fi", 2), (b"", 0), (b"l" * 4095, 4095), (b"none", 4)]


def test_looking_at_names_follows_the_last_link_only_when_asked(guests: Guests, tree: Path) -> None:
    script = Script()
    for path, flags, err in [
        ("file", 0, Err.SUCCESS), ("to_file", 0, Err.SUCCESS), ("to_file", FOLLOW, Err.SUCCESS),
        ("to_full", 0, Err.SUCCESS), ("to_full/", 0, Err.SUCCESS), ("dangling", 0, Err.SUCCESS),
        ("fifo", 0, Err.SUCCESS), (".", 0, Err.SUCCESS), ("dangling", FOLLOW, Err.NOENT), ("loop", FOLLOW, Err.LOOP),
        ("ping", FOLLOW, Err.LOOP), ("file/", 0, Err.NOTDIR), ("to_file/", 0, Err.NOTDIR), ("none", 0, Err.NOENT),
        ("..", 0, ONE_OF_OUTSIDE), ("/", 0, ONE_OF_OUTSIDE), ("", 0, Err.NOENT), ("x\0", 0, Err.INVAL),
    ]:  # fmt: skip
        script.stat(path, flags=flags, err=err)
    run = guests.check(script, tree)
    kinds = [FileType(FILESTAT.unpack(each.data)[2]) for each in run.answers[:8]]
    link, folder, plain = FileType.SYMBOLIC_LINK, FileType.DIRECTORY, FileType.REGULAR_FILE
    assert kinds == [plain, link, plain, link, folder, link, FileType.UNKNOWN, folder]
    assert FILESTAT.unpack(run.answers[0].data)[1] == (tree / "file").stat().st_ino


def test_times_of_a_name_are_those_of_the_link_or_of_what_it_leads_to(guests: Guests, tree: Path) -> None:
    for name in ("file", "to_file"):
        os.utime(tree / name, ns=(1, 2), follow_symlinks=False)
    script = Script()
    script.call("path_filestat_set_times", ROOT, 0, "to_file", 0, 70, TimeFlags.MTIM)
    script.call("path_filestat_set_times", ROOT, FOLLOW, "to_file", 80, 0, TimeFlags.ATIM)
    for path, flags, err in [
        ("file", TimeFlags.ATIM | TimeFlags.ATIM_NOW, Err.INVAL),
        ("file", TimeFlags.MTIM | TimeFlags.MTIM_NOW, Err.INVAL), ("file", 1 << 4, Err.INVAL),
        ("none", TimeFlags.MTIM, Err.NOENT), ("file/", TimeFlags.MTIM, Err.NOTDIR),
        ("../inside", TimeFlags.MTIM, ONE_OF_OUTSIDE), ("/", TimeFlags.MTIM, ONE_OF_OUTSIDE),
    ]:  # fmt: skip
        script.call("path_filestat_set_times", ROOT, 0, path, 5, 5, int(flags), err=err)
    guests.check(script, tree)
    file, link = os.stat(tree / "file"), os.lstat(tree / "to_file")
    assert (file.st_atime_ns, file.st_mtime_ns, link.st_mtime_ns) == (80, 2, 70)


def test_a_fifo_a_device_and_a_socket_are_never_opened(guests: Guests, tree: Path) -> None:
    """They would stop the machine, or do what a device does when it is opened."""
    os.mkfifo(tree / "full" / "pipe", 0o666)
    (tree / "to_fifo").symlink_to("fifo")
    refused = frozenset([Err.NOTSUP, Err.ACCES, Err.PERM, Err.NXIO, Err.NODEV])
    script = Script()
    for rights in (0, READ, WRITE, RW):
        for path, flags in (("fifo", 0), ("to_fifo", FOLLOW), ("to_full/pipe", 0)):
            for oflags in (0, CREAT, TRUNC):
                script.open(path, oflags, int(rights), flags=flags, err=refused)
            script.open(path, DIRECTORY, int(rights), flags=flags, err=Err.NOTDIR)
    guests.check(script, tree)
    assert stat.S_ISFIFO((tree / "fifo").stat().st_mode)


def test_what_is_made_gets_the_usual_modes(guests: Guests, inside: Path) -> None:
    mask = os.umask(0o027)
    try:
        script = Script()
        script.create("f", b"x")
        script.call("path_create_directory", ROOT, "d")
        guests.check(script, inside)
    finally:
        os.umask(mask)
    assert stat.S_IMODE((inside / "f").stat().st_mode) == 0o640
    assert stat.S_IMODE((inside / "d").stat().st_mode) == 0o750


def test_how_far_links_may_lead_is_bounded(guests: Guests, inside: Path) -> None:
    """Every name on the way is looked up while the machine waits."""
    (inside / "d").mkdir()
    (inside / "end").write_bytes(b"")
    for number in range(12):
        (inside / f"l{number}").symlink_to("d/../" * 400 + f"l{number + 1}")
    (inside / "l12").symlink_to("end")
    deep = inside
    for _ in range(20):
        deep = deep / ("x" * 10)
        deep.mkdir()
    script = Script()
    script.stat("l12", flags=FOLLOW)
    script.stat("l10", flags=FOLLOW)
    script.stat("l0", flags=FOLLOW, err=Err.LOOP)
    script.stat("d/../" * 800 + "end")
    script.stat("/".join(["x" * 10] * 20))
    guests.check(script, inside)
