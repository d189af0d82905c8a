"""What is no file: arguments, environment, clocks, chance, the end, signals, sockets, preopens, the console."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import pytest

from tests.wasi.support import READ_ONLY, Guests
from tests.wasi.wat import EVERYTHING, READ, ROOT, WRITE, Err, FdFlags, Right, Script
from zos_core.abi import ExitHow
from zos_core.wasi.directories import DirectoryGrant
from zos_core.wasi.preview1 import FDSTAT, FUNCTIONS, PRESTAT, FileType

YEAR_2020_NS = 1_577_836_800 * 10**9


def test_all_functions_link(guests: Guests) -> None:
    imports = "".join(
        f'(import "wasi_snapshot_preview1" "{each.name}" (func (param {" ".join(each.parameters)})'
        f"{' (result i32)' if each.result else ''}))"
        for each in FUNCTIONS
    )
    assert len(FUNCTIONS) == 46
    pid = guests.supervisor.spawn(f'(module {imports} (memory (export "memory") 1) (func (export "_start")))'.encode())
    assert guests.wait(lambda: guests.supervisor.exit_of(pid) is not None)
    how = guests.supervisor.exit_of(pid)
    assert how is not None
    assert (how.how, how.code) == (ExitHow.EXITED, 0)


def test_a_command_that_leaves_out_what_a_program_finds_starts_it_with_nothing(guests: Guests) -> None:
    """As in a recording that somebody has changed: the program runs, and has no directory."""
    launch = guests.supervisor.launch(
        b"""(module
          (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (func (export "_start") (call $exit (call $prestat (i32.const 3) (i32.const 0)))))"""
    )
    launch.command = launch.command._replace(wasi=None)
    pid = guests.supervisor.finish_launch(launch)
    assert guests.wait(lambda: guests.supervisor.exit_of(pid) is not None)
    how = guests.supervisor.exit_of(pid)
    assert how is not None
    assert (how.how, how.code) == (ExitHow.EXITED, Err.BADF)


@pytest.mark.parametrize(
    ("which", "given"),
    [
        ("args", ["", "two words", 'a "quote"', "ünï", "line\nfeed"]),
        ("environ", ["A=", "B=x=y", "C=two words", "É=ü", "D=line\nfeed"]),
        ("environ", []),
    ],
)
def test_arguments_and_environment(guests: Guests, which: str, given: list[str]) -> None:
    script = Script()
    script.call(f"{which}_sizes_get", script.out(4), script.out(4))
    script.call(f"{which}_get", script.out(64), script.out(256))
    if which == "args":
        run = guests.check(script, args=given)
    else:
        run = guests.check(script, environ=[tuple(each.split("=", 1)) for each in given])  # type: ignore[misc]
    total, size = struct.unpack("<II", run.answers[0].data)
    pointers = struct.unpack("<16I", run.answers[1].data[:64])[:total]
    texts = run.answers[1].data[64 : 64 + size]
    assert texts.endswith(b"\0") or not given
    found = [each.decode() for each in texts.split(b"\0")[:-1]]
    assert found[which == "args" :] == given
    assert total == len(found)
    starts = [sum(len(each.encode()) + 1 for each in found[:at]) for at in range(total)]
    assert [each - pointers[0] for each in pointers] == starts


def test_the_environment_of_the_machine_is_not_handed_on(guests: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    script = Script()
    script.call("environ_sizes_get", script.out(4), script.out(4))
    assert guests.check(script).answers[0].data == bytes(8)


def test_clocks(guests: Guests) -> None:
    script = Script()
    for clock, err in [
        (0, Err.SUCCESS), (1, Err.SUCCESS), (2, Err.NOTSUP), (3, Err.NOTSUP), (4, Err.INVAL), (0xFFFF_FFFF, Err.INVAL),
    ]:  # fmt: skip
        script.call("clock_res_get", clock, script.out(8), err=err)
        script.call("clock_time_get", clock, 0, script.out(8), err=err)
    for _ in range(100):
        script.call("clock_time_get", 1, 1_000_000, script.out(8))
    run = guests.check(script)
    resolution, wall, _, _, *_ = (each.number for each in run.answers)
    assert 0 < resolution <= 1_000_000_000
    assert wall > YEAR_2020_NS
    readings = [each.number for each in run.answers[12:]]
    assert all(a < b for a, b in pairwise(readings))


def test_random_bytes_of_every_length(guests: Guests) -> None:
    script = Script(pages=8)
    sizes = (0, 1, 32, 256, 257, 5000, 200_000)
    for size in sizes:
        script.call("random_get", script.out(size), size)
    twice = [script.out(32), script.out(32)]
    for each in twice:
        script.call("random_get", each, 32)
    run = guests.check(script)
    for size, answer in zip(sizes, run.answers, strict=False):
        assert len(answer.data) == size
        assert size < 32 or len(set(answer.data)) > 16
    assert run.answers[-1].data != run.answers[-2].data


@pytest.mark.parametrize("code", [0, 1, 33, 255, 256, 0xFFFF_FFFF])
def test_exit_codes(guests: Guests, code: int) -> None:
    script = Script()
    script.call("proc_exit", code)
    script.call("sched_yield")
    run = guests.run(script)
    assert run.output == b""
    assert run.how.how is ExitHow.EXITED
    assert run.how.code & 0xFF == code & 0xFF


def test_yielding_signals_and_sockets(guests: Guests, inside: Path) -> None:
    script = Script()
    script.call("sched_yield")
    for signal in (0, 6, 9, 200):
        script.call("proc_raise", signal, err=Err.NOTSUP)
    refused = frozenset([Err.NOTSUP, Err.NOTSOCK])
    for fd in (0, 1, 2, ROOT):
        script.call("sock_accept", fd, 0, script.out(4), err=refused)
        script.call("sock_recv", fd, script.buffers(4), 0, script.out(4), script.out(4), err=refused)
        script.call("sock_send", fd, script.data(b"x"), 0, script.out(4), err=refused)
        script.call("sock_shutdown", fd, 3, err=Err.NOTSOCK)
    script.call("sock_shutdown", 9, 1, err=Err.BADF)
    guests.check(script, inside)


def test_preopens_are_told_in_order_under_the_names_they_were_given(guests: Guests, tmp_path: Path) -> None:
    more = []
    for name, guest in (("a", "/"), ("b", "data/ünï"), ("c", "."), ("a", "again")):
        (tmp_path / name).mkdir(exist_ok=True)
        more.append(DirectoryGrant(tmp_path / name, guest))
    (tmp_path / "b" / "only-in-b").write_bytes(b"")
    script = Script()
    for fd, grant in enumerate(more, ROOT):
        size = len(grant.guest.encode())
        script.call("fd_prestat_get", fd, script.out(PRESTAT.size))
        script.call("fd_prestat_dir_name", fd, script.filled(b"#" * 32), size)
        script.call("fd_prestat_dir_name", fd, script.filled(b"#" * 32), 32)
        script.call("fd_prestat_dir_name", fd, script.out(32), size - 1, err=frozenset([Err.NAMETOOLONG, Err.INVAL]))
    for fd in (0, 1, 2, 7):
        script.call("fd_prestat_get", fd, script.out(PRESTAT.size), err=Err.BADF)
        script.call("fd_prestat_dir_name", fd, script.out(8), 8, err=Err.BADF)
    script.open("only-in-b", at=ROOT + 1)
    script.open("only-in-b", at=ROOT, err=Err.NOENT)
    run = guests.check(script, more=more)
    for at, grant in enumerate(more):
        told, exact, roomy, _ = run.answers[4 * at : 4 * at + 4]
        assert PRESTAT.unpack(told.data) == (0, len(grant.guest.encode()))
        assert exact.data == roomy.data == grant.guest.encode().ljust(32, b"#")


def test_without_a_directory_there_is_no_descriptor_but_the_console(guests: Guests) -> None:
    script = Script()
    script.open("x", err=Err.BADF)
    script.call("fd_prestat_get", ROOT, script.out(8), err=Err.BADF)
    script.open("x", at=1, err=Err.NOTDIR)
    guests.check(script)


def test_a_folder_that_is_the_same_twice_is_one_place(guests: Guests, inside: Path) -> None:
    script = Script()
    script.create("here", b"x")
    script.stat("here", at=ROOT + 1)
    guests.check(script, inside, more=[DirectoryGrant(inside, "other")])


# --- the console --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("terminals", [0, 0b111, 0b001])
def test_what_the_console_is(guests: Guests, terminals: int) -> None:
    script = Script()
    for fd in range(3):
        script.fdstat(fd)
        script.call("fd_filestat_get", fd, script.out(64))
    run = guests.check(script, terminals=terminals)
    for fd in range(3):
        kind, flags, rights, _ = FDSTAT.unpack(run.answers[2 * fd].data)
        is_terminal = kind == FileType.CHARACTER_DEVICE and not rights & (Right.FD_SEEK | Right.FD_TELL)
        assert is_terminal == bool(terminals >> fd & 1)
        assert not flags
        assert run.answers[2 * fd + 1].data[16] == kind


def test_input_is_read_byte_for_byte_and_ends(guests: Guests) -> None:
    script = Script()
    for size in (0, 4, 4, 100, 100, 100):
        script.read(0, size)
    run = guests.check(script, stdin=[b"\0\x04\xff\xfe\r\n~1"])
    assert [int.from_bytes(each.data[-4:], "little") for each in run.answers] == [0, 4, 4, 0, 0, 0]
    assert run.answers[1].data[:4] + run.answers[2].data[:4] == b"\0\x04\xff\xfe\r\n~1"


def test_a_read_that_shall_not_wait_says_that_there_is_nothing(guests: Guests) -> None:
    script = Script()
    script.call("fd_fdstat_set_flags", 0, int(FdFlags.NONBLOCK))
    script.read(0, 10, err=Err.AGAIN)
    pid, output = guests.start(script)
    assert guests.wait(lambda: guests.supervisor.exit_of(pid) is not None)
    assert not script.complaints(script.answers(bytes(output)))


def test_the_console_is_no_file(guests: Guests, inside: Path) -> None:
    script = Script()
    out = script.out(64)
    for fd in range(3):
        script.seek(fd, 0, err=Err.SPIPE)
        script.call("fd_tell", fd, out, err=Err.SPIPE)
        script.call("fd_pread", fd, script.buffers(4), 0, out, err=Err.SPIPE)
        script.call("fd_pwrite", fd, script.data(b"x"), 0, out, err=Err.SPIPE)
        script.call("fd_readdir", fd, out, 64, 0, out, err=Err.NOTDIR)
        refused = frozenset([Err.INVAL, Err.SPIPE, Err.NOTCAPABLE, Err.BADF])
        script.call("fd_allocate", fd, 0, 1, err=refused)
        script.call("fd_filestat_set_size", fd, 0, err=refused)
        script.call("fd_filestat_set_times", fd, 0, 0, 0, err=refused)
        script.call("fd_advise", fd, 0, 1, 0, err=refused)
    script.call("fd_read", 1, script.buffers(4), out, err=Err.BADF)
    script.call("fd_write", 0, script.data(b"x"), out, err=Err.BADF)
    guests.check(script, inside)


def test_output_is_byte_for_byte_and_waits_while_the_console_is_full(guests: Guests) -> None:
    script = Script()
    script.speak_through(2)
    script.call("fd_write", 1, script.data(bytes(range(256)), b"", b"end"), script.out(4))
    with script.repeat(300):
        script.write(1, b"0123456789abcdef" * 64)
    run = guests.run(script)
    assert run.how.code == 0
    assert run.output.count(b"0123456789abcdef" * 64) == 300
    assert bytes(range(256)) + b"end" in run.output


def test_the_console_can_be_closed(guests: Guests, inside: Path) -> None:
    script = Script()
    log = script.open("log", 1, WRITE)
    script.speak_through(log)
    for fd in range(3):
        script.close(fd)
    script.write(1, b"x", err=Err.BADF)
    script.read(0, 1, err=Err.BADF)
    run = guests.run(script, inside)
    assert run.how.code == 0
    said = run.output + (inside / "log").read_bytes()
    assert not script.complaints(script.answers(said))


# --- rights -------------------------------------------------------------------------------------------------------


def test_rights_only_shrink(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"text")
    script = Script()
    file = script.open("f", 0, READ | WRITE | Right.FD_SEEK)
    own = int(READ | WRITE | Right.FD_SEEK)
    for rights, inheriting, err in [
        (own, 0, Err.SUCCESS), (own | int(Right.FD_TELL), 0, Err.NOTCAPABLE), (own, 1, Err.NOTCAPABLE),
        (own | 1 << 40, 0, Err.NOTCAPABLE), (own, 1 << 63, Err.NOTCAPABLE), (int(READ), 0, Err.SUCCESS),
        (own, 0, Err.NOTCAPABLE), (int(READ), 0, Err.SUCCESS), (0, 0, Err.SUCCESS), (int(READ), 0, Err.NOTCAPABLE),
    ]:  # fmt: skip
        script.call("fd_fdstat_set_rights", file, rights, inheriting, err=err)
    script.fdstat(file)
    script.close(file)
    run = guests.check(script, inside)
    assert FDSTAT.unpack(run.answers[-2].data)[2:] == (0, 0)


def test_each_function_needs_its_right(guests: Guests, inside: Path) -> None:
    """On a descriptor that holds every right but the one, a function that needs it is refused and changes nothing."""
    (inside / "f").write_bytes(b"text")
    (inside / "d").mkdir()
    script = Script()
    out = script.out(64)
    refused = frozenset([Err.NOTCAPABLE])
    reading = frozenset([Err.BADF])
    for right, name, arguments, err in [
        (READ, "fd_read", (script.buffers(4), out), reading), (READ, "fd_pread", (script.buffers(4), 0, out), reading),
        (WRITE, "fd_write", (script.data(b"X"), out), reading),
        (WRITE, "fd_pwrite", (script.data(b"X"), 0, out), reading), (Right.FD_SEEK, "fd_seek", (1, 0, out), refused),
        (Right.FD_TELL, "fd_tell", (out,), refused),
        (Right.FD_SYNC, "fd_sync", (), refused), (Right.FD_DATASYNC, "fd_datasync", (), refused),
        (Right.FD_ADVISE, "fd_advise", (0, 1, 0), refused), (Right.FD_ALLOCATE, "fd_allocate", (0, 90), refused),
        (Right.FD_FDSTAT_SET_FLAGS, "fd_fdstat_set_flags", (0,), refused),
        (Right.FD_FILESTAT_GET, "fd_filestat_get", (out,), refused),
        (Right.FD_FILESTAT_SET_SIZE, "fd_filestat_set_size", (0,), refused),
        (Right.FD_FILESTAT_SET_TIMES, "fd_filestat_set_times", (1, 1, 5), refused),
    ]:  # fmt: skip
        file = script.open("f", 0, EVERYTHING & ~int(right))
        script.call(name, file, *arguments, err=err)  # type: ignore[arg-type]
        script.close(file)
    folders = EVERYTHING & ~int(WRITE)
    for right, name, arguments in [
        (Right.FD_READDIR, "fd_readdir", (out, 64, 0, out)),
        (Right.PATH_OPEN, "path_open", (0, "../f", 0, 0, 0, 0, out)),
        (Right.PATH_CREATE_FILE, "path_open", (0, "new", 1, 0, 0, 0, out)),
        (Right.PATH_CREATE_DIRECTORY, "path_create_directory", ("new",)),
        (Right.PATH_REMOVE_DIRECTORY, "path_remove_directory", ("new",)),
        (Right.PATH_UNLINK_FILE, "path_unlink_file", ("new",)),
        (Right.PATH_FILESTAT_GET, "path_filestat_get", (0, ".", out)),
        (Right.PATH_FILESTAT_SET_TIMES, "path_filestat_set_times", (0, ".", 1, 1, 5)),
        (Right.PATH_READLINK, "path_readlink", ("x", out, 4, out)),
        (Right.PATH_LINK_SOURCE, "path_link", (0, "x", ROOT, "y")),
        (Right.PATH_RENAME_SOURCE, "path_rename", ("x", ROOT, "y")),
    ]:  # fmt: skip
        folder = script.open("d", 2, folders & ~int(right), inheriting=folders)
        script.call(name, folder, *arguments, err=refused)  # type: ignore[arg-type]
        script.close(folder)
    folder = script.open("d", 2, folders & ~int(Right.PATH_LINK_TARGET | Right.PATH_RENAME_TARGET | Right.PATH_SYMLINK))
    script.call("path_link", ROOT, 0, "f", folder, "y", err=refused)
    script.call("path_rename", ROOT, "f", folder, "y", err=refused)
    script.call("path_symlink", "t", folder, "y", err=refused)
    guests.check(script, inside)
    assert (inside / "f").read_bytes() == b"text"
    assert list((inside / "d").iterdir()) == []


def test_a_directory_given_for_reading_is_not_changed(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"text")
    (inside / "d").mkdir()
    before = {path.name: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in (inside, *inside.iterdir())}
    refused = frozenset([Err.ACCES, Err.ROFS, Err.PERM, Err.BADF])
    script = Script()
    script.read(script.open("f", 0, READ), 4)
    script.readdir(ROOT)
    for oflags, rights in ((0, WRITE), (0, READ | WRITE), (1, READ), (8, READ), (9, 0), (5, 0)):
        script.open("f" if oflags != 5 else "new", oflags, int(rights), err=refused)
    for name, arguments in [
        ("path_create_directory", ("new",)), ("path_remove_directory", ("d",)), ("path_unlink_file", ("f",)),
        ("path_rename", ("f", ROOT, "new")), ("path_link", (0, "f", ROOT, "new")),
        ("path_filestat_set_times", (0, "f", 1, 1, 5)), ("fd_filestat_set_times", (1, 1, 5)),
    ]:  # fmt: skip
        script.call(name, ROOT, *arguments, err=refused)  # type: ignore[arg-type]
    script.call("path_symlink", "f", ROOT, "new", err=refused)
    file = script.open("f", 0, EVERYTHING & ~int(WRITE))
    script.call("fd_filestat_set_times", file, 1, 1, 5, err=refused)
    script.write(file, b"X", err=refused)
    for name, arguments in (("fd_filestat_set_size", (0,)), ("fd_allocate", (0, 90))):
        script.call(name, file, *arguments, err=frozenset([*refused, Err.NOTCAPABLE]))
    folder = script.open("d", 0, EVERYTHING & ~int(WRITE), inheriting=EVERYTHING)
    script.call("path_create_directory", folder, "new", err=refused)
    script.readdir(folder)
    run = guests.check(script, inside, READ_ONLY)
    assert run.answers[1].data[:4] == b"text"
    after = {path.name: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in (inside, *inside.iterdir())}
    assert after == before
