"""Ways out of a granted folder. Each is tried with every call that takes a path, and none may lead anywhere.

After each the folder outside is what it was, byte for byte and nanosecond for nanosecond, and nothing of it was told.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wasi.outside import ONLY_OUTSIDE, SECRET, World, assault, is_over
from tests.wasi.support import READ_ONLY, Guests
from tests.wasi.wat import ANY, EVERYTHING, FOLLOW, READ, ROOT, RW, WRITE, Err, OFlags, Right, Script
from zos_core.wasi.directories import DirectoryGrant

FOLDER = EVERYTHING & ~int(WRITE)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def survives(guests: Guests, world: World, script: Script, **options: object) -> None:
    """A program runs to its end, and the outside is untouched and untold."""
    run = guests.run(script, world.inside, **options)  # type: ignore[arg-type]
    assert world.complaints(run.output, run.answers) == []
    assert is_over(run.how), run.how.describe()
    assert len(run.answers) > 3


# --- paths as they are --------------------------------------------------------------------------------------------

PATHS: dict[str, str | bytes] = {
    "the parent": "..",
    "the parent and a slash": "../",
    "a neighbour": "../outside",
    "a file of a neighbour": "../outside/secret",
    "a neighbour whose name begins the same": "../inside-too/secret",
    "a dot first": "./../outside/secret",
    "dots and slashes": ".//.././/outside/./secret",
    "down and up once too often": "dir/../../outside/secret",
    "far down and up once too often": "dir/sub/../../../outside/secret",
    "through itself": "../inside/../outside/secret",
    "out and in and out": "../inside/dir/../../outside/secret",
    "through a file": "file/../../outside/secret",
    "through what is not there": "none/../../outside/secret",
    "up for ever": "../" * 300 + "tmp",
    "a long way round": "dir/../" * 400 + "../outside/secret",
    "many dots before": "./" * 1500 + "../outside/secret",
    "many slashes before": "dir" + "/" * 2000 + "../../outside/secret",
    "a path of 4095 bytes": ("../outside/" + "dir/../" * 600)[:4088] + "secret",
    "the root": "/",
    "two slashes": "//",
    "the root and up": "/../../outside",
    "the process's root": "/proc/self/root/etc/passwd",
    "the process's folder": "/proc/self/cwd/../outside/secret",
    "an open file of the process": "/proc/self/fd/0",
    "a descriptor's file": "/dev/fd/3/../outside/secret",
    "a relative name of an open file": "proc/self/fd/3/../../outside/secret",
    "NUL after the parent": "..\0",
    "NUL at the end": "../outside/secret\0",
    "NUL in the middle": "dir\0/../../outside/secret",
    "NUL before": "\0../outside/secret",
    "dots in too many bytes": b"\xc0\xae\xc0\xae/outside/secret",
    "dots in 3 bytes": b"\xe0\x80\xae\xe0\x80\xae/outside/secret",
    "a slash in too many bytes": b"..\xc0\xafoutside\xc0\xafsecret",
    "wide dots": "．．/outside/secret",
    "a dot leader": "‥/outside/secret",
    "a fraction slash": "..⁄outside⁄secret",
    "escaped dots": "%2e%2e/outside/secret",
    "backslashes": "..\\outside\\secret",
    "a home folder": "~/../outside/secret",
    "a variable": "$HOME/../outside/secret",
    "a drive": "C:/../outside/secret",
    "a stream": "file:../outside/secret",
    "three dots": ".../outside/secret",
    "a dot and a blank": ".. /outside/secret",
    "half a character": b"../outside/secret\xc3",
    "a line feed": "..\n/outside/secret",
}


@pytest.mark.parametrize("way", PATHS)
def test_by_a_path(guests: Guests, world: World, way: str) -> None:
    script = Script(pages=8)
    assault(script, PATHS[way])
    survives(guests, world, script)


@pytest.mark.parametrize("path", ["{}/outside/secret", "/{}/outside", "{}/inside/../outside/secret", "{}/inside-too"])
def test_by_an_absolute_path(guests: Guests, world: World, path: str) -> None:
    script = Script(pages=8)
    assault(script, path.format(world.inside.parent))
    survives(guests, world, script)


# --- links that are there -----------------------------------------------------------------------------------------

LINKS: dict[str, tuple[dict[str, str], str]] = {
    "a link to a file": ({"l": "../outside/secret"}, "l"),
    "a link to a folder": ({"l": "../outside"}, "l"),
    "a name through a link": ({"l": "../outside"}, "l/secret"),
    "a new name through a link": ({"l": "../outside"}, "l/new"),
    "a folder through a link": ({"l": "../outside"}, "l/dir"),
    "an absolute link to a file": ({"l": "{}/outside/secret"}, "l"),
    "an absolute link to a folder": ({"l": "{}/outside"}, "l/secret"),
    "an absolute link to itself": ({"l": "{}/inside"}, "l/../outside/secret"),
    "an absolute link inside": ({"l": "{}/inside/../outside/secret"}, "l"),
    "a link to the root": ({"l": "/"}, "l/etc/passwd"),
    "a link to the parent": ({"l": ".."}, "l/outside/secret"),
    "a link to the parent with a slash": ({"l": "../"}, "l/outside/secret"),
    "a link to here and up": ({"l": "."}, "l/../outside/secret"),
    "a link down and up": ({"l": "dir/../../outside"}, "l/secret"),
    "a link to a neighbour whose name begins the same": ({"l": "../inside-too/secret"}, "l"),
    "a link with a slash": ({"l": "../outside/"}, "l"),
    "a link with dots": ({"l": "./.././outside/./secret"}, "l"),
    "a chain of links": ({"l": "m", "m": "n", "n": "../outside/secret"}, "l"),
    "a chain of links to folders": ({"l": "m", "m": "dir/n", "dir/n": "../../outside"}, "l/secret"),
    "a link in a folder": ({"dir/l": "../../outside/secret"}, "dir/l"),
    "a link to a link in a folder": ({"l": "dir", "dir/m": "../../outside"}, "l/m/secret"),
    "a link to a folder and up": ({"dir/l": "../dir/sub"}, "dir/l/../../../outside/secret"),
    "a link to nothing outside": ({"l": "../outside/new"}, "l"),
    "a chain to nothing outside": ({"l": "m", "m": "../outside/new"}, "l"),
    "a link to an empty folder": ({"l": "../outside/empty"}, "l"),
    "a link to a link outside": ({"l": "../outside/back"}, "l"),
    "a long link": ({"l": "dir/../" * 500 + "../outside/secret"}, "l"),
    "a link to the process's root": ({"l": "/proc/self/root"}, "l/etc/passwd"),
    "a link to the process's folder": ({"l": "/proc/self/cwd"}, "l/pyproject.toml"),
    "a link to an open file": ({"l": "/proc/self/fd/0"}, "l"),
    "a link to a device": ({"l": "/dev/zero"}, "l"),
    "a link to a terminal": ({"l": "/dev/tty"}, "l"),
    "a link with a NUL's neighbour": ({"l": "../outside/secret\n"}, "l"),
    "forty links and one": ({f"l{n}": f"l{n + 1}" for n in range(41)} | {"l41": "../outside/secret"}, "l0"),
    "thirty links": ({f"l{n}": f"l{n + 1}" for n in range(30)} | {"l30": "../outside/secret"}, "l0"),
}


@pytest.mark.parametrize("way", LINKS)
def test_by_links_that_are_there(guests: Guests, world: World, way: str) -> None:
    links, path = LINKS[way]
    (world.outside / "back").symlink_to("../inside/file")
    world.watch_again()
    for name, target in links.items():
        (world.inside / name).symlink_to(target.format(world.inside.parent))
    script = Script(pages=8)
    assault(script, path)
    survives(guests, world, script)


@pytest.mark.parametrize("way", LINKS)
def test_by_links_that_the_program_makes(guests: Guests, world: World, way: str) -> None:
    links, path = LINKS[way]
    script = Script(pages=8)
    for name, target in links.items():
        script.call("path_symlink", target.format(world.inside.parent), ROOT, name, err=ANY)
    assault(script, path)
    survives(guests, world, script)


# --- what the program moves about ---------------------------------------------------------------------------------


def _link_that_is_moved_up(script: Script) -> str:
    script.call("path_symlink", "../../outside/secret", ROOT, "dir/sub/l")
    script.call("path_rename", ROOT, "dir/sub/l", ROOT, "l")
    return "l"


def _folder_with_a_link_that_is_moved_up(script: Script) -> str:
    script.call("path_symlink", "../../outside/secret", ROOT, "dir/sub/l")
    script.call("path_rename", ROOT, "dir/sub", ROOT, "sub")
    return "sub/l"


def _link_with_a_second_name_further_up(script: Script) -> str:
    script.call("path_symlink", "../../outside/secret", ROOT, "dir/sub/l")
    script.call("path_link", ROOT, 0, "dir/sub/l", ROOT, "l")
    return "l"


def _link_that_replaces_a_folder(script: Script) -> str:
    script.stat("dir/sub")
    script.call("path_symlink", "../outside", ROOT, "l")
    script.call("path_rename", ROOT, "dir", ROOT, "old")
    script.call("path_rename", ROOT, "l", ROOT, "dir")
    return "dir/secret"


def _link_that_replaces_a_file(script: Script) -> str:
    script.call("path_symlink", "../outside/secret", ROOT, "l")
    script.call("path_rename", ROOT, "l", ROOT, "file")
    return "file"


def _link_to_a_link_that_is_made_later(script: Script) -> str:
    script.call("path_symlink", "later/secret", ROOT, "l")
    script.call("path_symlink", "../outside", ROOT, "later")
    return "l"


@pytest.mark.parametrize(
    "way",
    [
        _link_that_is_moved_up, _folder_with_a_link_that_is_moved_up, _link_with_a_second_name_further_up,
        _link_that_replaces_a_folder, _link_that_replaces_a_file, _link_to_a_link_that_is_made_later,
    ],
)  # fmt: skip
def test_by_moving_links(guests: Guests, world: World, way: Callable[[Script], str]) -> None:
    script = Script(pages=8)
    assault(script, way(script))
    survives(guests, world, script)


@pytest.mark.parametrize("path", ["..", "../..", "../../outside/secret", "../file", "../../inside/file"])
def test_from_the_descriptor_of_a_folder_below(guests: Guests, world: World, path: str) -> None:
    """Each descriptor is a boundary of its own."""
    script = Script(pages=8)
    below = script.open("dir", OFlags.DIRECTORY, FOLDER, inheriting=FOLDER)
    script.open(path, at=below, err=frozenset([Err.PERM, Err.NOTCAPABLE]))
    assault(script, path, at=below)
    survives(guests, world, script)


def test_from_a_descriptor_whose_folder_was_moved_by_the_program(guests: Guests, world: World) -> None:
    script = Script(pages=8)
    below = script.open("dir/sub", OFlags.DIRECTORY, FOLDER, inheriting=FOLDER)
    script.call("path_rename", ROOT, "dir/sub", ROOT, "sub")
    script.call("path_symlink", "../../outside", below, "l")
    assault(script, "l/secret", at=below)
    assault(script, "../../outside/secret", at=below)
    survives(guests, world, script)


def test_under_another_number(guests: Guests, world: World) -> None:
    script = Script(pages=8)
    file = script.open("file", 0, int(RW))
    script.call("fd_renumber", ROOT, file)
    assault(script, "../outside/secret", at=file)
    survives(guests, world, script)


def test_from_what_is_no_directory(guests: Guests, world: World) -> None:
    script = Script(pages=8)
    file = script.open("file", 0, EVERYTHING, inheriting=EVERYTHING)
    for at in (file, 0, 1, 2, 0xFFFF_FF9C):  # the last is what the host knows as its own folder
        assault(script, "../outside/secret", at=at)
        assault(script, str(world.outside / "secret"), at=at)
    survives(guests, world, script)


def test_from_a_folder_that_was_removed(guests: Guests, world: World) -> None:
    script = Script(pages=8)
    below = script.open("dir/sub", OFlags.DIRECTORY, FOLDER, inheriting=FOLDER)
    script.call("path_remove_directory", ROOT, "dir/sub")
    assault(script, "../../outside/secret", at=below)
    survives(guests, world, script)


def test_from_one_folder_to_another_one_that_was_given(guests: Guests, world: World) -> None:
    """Each is reached through its own descriptor alone."""
    script = Script(pages=8)
    script.open("../outside/empty", at=ROOT, err=frozenset([Err.PERM, Err.NOTCAPABLE]))
    script.call("path_rename", ROOT, "file", ROOT + 1, "../new", err=frozenset([Err.PERM, Err.NOTCAPABLE]))
    script.call("path_link", ROOT, 0, "file", ROOT + 1, "../new", err=frozenset([Err.PERM, Err.NOTCAPABLE]))
    assault(script, "../inside/../outside/secret", at=ROOT + 1)
    survives(guests, world, script, more=[DirectoryGrant(world.outside / "empty", "empty", READ_ONLY)])


# --- what another process moves about -----------------------------------------------------------------------------


def paused(guests: Guests, world: World, before: Script, meanwhile: Callable[[], None]) -> None:
    """A program that waits for input once; `meanwhile` is done while it waits."""
    pid, output = guests.start(before, world.inside)
    assert guests.supervisor.run_until_idle()
    meanwhile()
    world.watch_again()
    guests.supervisor.send_input_to_process(pid, b"go on")
    assert guests.wait(lambda: guests.supervisor.exit_of(pid) is not None)
    how = guests.supervisor.exit_of(pid)
    assert how is not None
    assert is_over(how)
    answers = before.answers(bytes(output))
    assert world.complaints(bytes(output), answers) == []
    assert len(answers) > 3


@pytest.mark.parametrize("path", ["..", "../secret", "../dir/secret", "../../outside/secret", "l/secret", "m"])
def test_from_a_folder_that_was_moved_outside(guests: Guests, world: World, path: str) -> None:
    (world.inside / "dir" / "l").symlink_to("..")
    (world.inside / "dir" / "m").symlink_to("../secret")
    script = Script(pages=8)
    below = script.open("dir", OFlags.DIRECTORY, FOLDER, inheriting=FOLDER)
    script.read(0, 10)
    assault(script, path, at=below)

    # What is in the moved folder was given to the program; all that stands around it was not.
    pid, output = guests.start(script, world.inside)
    assert guests.supervisor.run_until_idle()
    os.rename(world.inside / "dir", world.outside / "moved")
    world.watch(*(world.outside / name for name in ("dir", "secret", ONLY_OUTSIDE, "empty")))
    guests.supervisor.send_input_to_process(pid, b"go on")
    assert guests.wait(lambda: guests.supervisor.exit_of(pid) is not None)
    assert world.complaints(bytes(output), script.answers(bytes(output))) == []
    assert sorted(os.listdir(world.outside)) == sorted(["dir", "secret", ONLY_OUTSIDE, "empty", "moved"])


def test_when_the_folder_itself_is_moved_and_a_link_stands_in_its_place(guests: Guests, world: World) -> None:
    script = Script(pages=8)
    script.read(0, 10)
    script.read(script.open("file", 0, int(READ)), 20)
    assault(script, "secret")
    assault(script, "dir/secret")

    def meanwhile() -> None:
        world.inside.rename(world.inside.parent / "elsewhere")
        world.inside.symlink_to("outside")

    paused(guests, world, script, meanwhile)


@pytest.mark.parametrize("path", ["dir/secret", "dir/new", "dir/dir/secret", "dir"])
def test_when_a_folder_becomes_a_link_after_it_was_looked_at(guests: Guests, world: World, path: str) -> None:
    script = Script(pages=8)
    script.stat("dir/file")
    script.close(script.open("dir", OFlags.DIRECTORY, FOLDER, inheriting=FOLDER))
    script.read(0, 10)
    assault(script, path)

    def meanwhile() -> None:
        (world.inside / "dir").rename(world.inside / "old")
        (world.inside / "dir").symlink_to("../outside")

    paused(guests, world, script, meanwhile)


def test_when_an_open_file_is_replaced_by_a_link(guests: Guests, world: World) -> None:
    script = Script(pages=8)
    file = script.open("file", 0, EVERYTHING)
    script.read(0, 10)
    for _ in range(2):
        script.call("fd_pread", file, script.buffers(64), 0, script.out(4))
        script.call("fd_pwrite", file, script.data(b"mine"), 0, script.out(4))
        script.call("fd_filestat_set_size", file, 4)
        script.call("fd_filestat_set_times", file, 1, 1, 5)

    def meanwhile() -> None:
        (world.inside / "file").unlink()
        (world.inside / "file").symlink_to("../outside/secret")

    paused(guests, world, script, meanwhile)


# --- what is neither file nor folder ------------------------------------------------------------------------------


def test_pipes_and_sockets_are_not_opened_and_stop_nothing(guests: Guests, world: World) -> None:
    os.mkfifo(world.outside / "pipe")
    os.mkfifo(world.inside / "pipe")
    (world.inside / "l").symlink_to("../outside/pipe")
    (world.inside / "m").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(world.inside, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
        listener.listen()
        listener.setblocking(False)
        world.watch_again()
        script = Script(pages=16)
        for path in ("pipe", "l", "m", "socket"):
            for flags in (0, FOLLOW):
                for oflags in (0, OFlags.CREAT, OFlags.TRUNC):
                    for rights in (READ, RW, Right.FD_WRITE, 0):
                        opened = script.open(path, oflags, int(rights), flags=flags, err=ANY)
                        script.read(opened, 4, err=Err.BADF)
                        script.write(opened, b"x", err=Err.BADF)
        run = guests.check(script, world.inside)
        assert world.complaints(run.output, run.answers) == []
        assert all(each.err is not Err.SUCCESS for each in run.answers if each.call.name == "path_open")
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_devices_are_not_opened(guests: Guests) -> None:
    script = Script()
    for path in ("null", "zero", "full", "random", "tty", "ptmx"):
        for rights in (READ, RW, 0):
            script.open(path, 0, int(rights), err=ANY)
    for path in ("fd/0", "stdin", "fd", "stdout"):
        script.open(path, 0, int(READ), flags=FOLLOW, err=ANY)
    run = guests.check(script, Path("/dev"))
    assert all(each.err is not Err.SUCCESS for each in run.answers)


def test_links_of_the_kernel_are_only_their_text(guests: Guests, world: World) -> None:
    """`/proc/self/root` leads to the root whatever it says; followed by its text it leads out, and that is refused."""
    kept = os.open(world.outside, os.O_RDONLY)
    secret = os.open(world.outside / "secret", os.O_RDONLY)
    try:
        script = Script(pages=16)
        for path in (
            f"root{world.outside}/secret", "root", "cwd", "cwd/..", "exe", f"fd/{kept}/secret", f"fd/{secret}",
            f"task/{os.getpid()}/root{world.outside}/secret", f"task/{os.getpid()}/fd/{secret}",
        ):  # fmt: skip
            for flags in (0, FOLLOW):
                for each in (path, path + "/"):
                    opened = script.open(each, 0, int(READ), flags=flags, err=ANY)
                    script.read(opened, 64, err=ANY)
                    script.readdir(opened, 512, err=ANY)
                    script.close(opened, err=ANY)
        run = guests.run(script, Path("/proc/self"), READ_ONLY)
        assert world.complaints(run.output, run.answers) == []
        assert all(each.err is not Err.SUCCESS for each in run.answers if each.call.name == "path_open")
    finally:
        os.close(kept)
        os.close(secret)


# --- the tests themselves -----------------------------------------------------------------------------------------


def test_there_are_at_least_60_ways() -> None:
    assert len(PATHS) + len(LINKS) >= 60


def test_an_assault_that_may_get_in_does_damage_and_is_noticed(guests: Guests, world: World) -> None:
    """The same calls on a folder that leads there after all."""
    script = Script(pages=8)
    assault(script, "outside/secret")
    run = guests.run(script, world.inside.parent)
    found = "\n".join(world.complaints(run.output, run.answers))
    assert f"{SECRET!r} came out" in found
    assert "told of a file outside" in found
    assert "secret was" in found
