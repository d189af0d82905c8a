"""Races for a way out: a second process changes what names stand for while a program uses them in a loop.

A test runs until both have done enough, a soak for its time. Afterwards the outside is as it was, and untold.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.wasi.outside import DAMAGE, World
from tests.wasi.support import PATIENCE_S, Guests
from tests.wasi.wat import ANY, FOLLOW, FOR_EVER, READ, ROOT, RW, Err, OFlags, Right, Script

SWAPPER = Path(__file__).with_name("swapper.py")
ENOUGH_CALLS = 4000
ENOUGH_SWAPS = 500
CREAT, TRUNC, EXCL, DIRECTORY = OFlags.CREAT, OFlags.TRUNC, OFlags.EXCL, OFlags.DIRECTORY
HOWS = ("exchange", "replace")


class Race(NamedTuple):
    """Which two names change places, what stands under them at first, and what the program does all the time."""

    one: str
    other: str
    scene: Callable[[World], None]
    act: Callable[[Script], None]


def _folder_and_link(world: World, at: str = "", target: str = "../outside") -> None:
    (world.inside / f"{at}d").mkdir(parents=True)
    (world.inside / f"{at}d" / "secret").write_bytes(b"of the program")
    (world.inside / f"{at}l").symlink_to(target)


def _file_and_link(world: World) -> None:
    (world.inside / "d").write_bytes(b"of the program")
    (world.inside / "l").symlink_to("../outside/secret")


def _reads(script: Script, path: str) -> None:
    for flags in (0, FOLLOW):
        opened = script.open(path, 0, int(READ), flags=flags, err=ANY)
        script.read(opened, 32, err=ANY)
        script.close(opened, err=ANY)
        script.stat(path, flags=flags, err=ANY)
    script.call("path_readlink", ROOT, path, script.out(4).at, 4, script.out(4), err=ANY)


def _writes(script: Script, path: str) -> None:
    for flags in (0, FOLLOW):
        for oflags in (0, CREAT, TRUNC, CREAT | TRUNC, CREAT | EXCL):
            opened = script.open(path, oflags, int(RW), flags=flags, err=ANY)
            script.write(opened, DAMAGE, err=ANY)
            script.close(opened, err=ANY)
        script.call("path_filestat_set_times", ROOT, flags, path, 1, 1, 5, err=ANY)


_ENTRIES: dict[str, tuple[tuple[str, tuple[int | str, ...]], ...]] = {
    "making and removing folders": (
        ("path_create_directory", (ROOT, "d/made")), ("path_remove_directory", (ROOT, "d/made")),
    ),
    "making and removing links": (
        ("path_symlink", ("file", ROOT, "d/made")), ("path_unlink_file", (ROOT, "d/made")),
    ),
    "making and removing second names": (
        ("path_link", (ROOT, 0, "file", ROOT, "d/made")), ("path_unlink_file", (ROOT, "d/made")),
    ),
    "second names of what is there": (
        ("path_link", (ROOT, 0, "d/secret", ROOT, "stolen")), ("path_unlink_file", (ROOT, "stolen")),
    ),
    "moving in and out": (
        ("path_rename", (ROOT, "file", ROOT, "d/made")), ("path_rename", (ROOT, "d/made", ROOT, "file")),
    ),
    "moving out and in": (
        ("path_rename", (ROOT, "d/secret", ROOT, "stolen")), ("path_rename", (ROOT, "stolen", ROOT, "d/secret")),
    ),
    "removing what is there": (
        ("path_unlink_file", (ROOT, "d/secret")), ("path_link", (ROOT, 0, "file", ROOT, "d/secret")),
        ("path_remove_directory", (ROOT, "d/empty")), ("path_create_directory", (ROOT, "d/empty")),
    ),
    "setting times": (
        ("path_filestat_set_times", (ROOT, 0, "d/secret", 1, 1, 5)),
        ("path_filestat_set_times", (ROOT, FOLLOW, "d", 1, 1, 5)),
    ),
}  # fmt: skip
"""Each is done in a loop of its own: the fewer calls, the more often one of them meets a swap."""


def _calls(calls: tuple[tuple[str, tuple[int | str, ...]], ...], script: Script) -> None:
    for name, arguments in calls:
        script.call(name, *arguments, err=ANY)


def _lists(script: Script, folder: str) -> None:
    for flags in (0, FOLLOW):
        rights = int(Right.FD_READDIR | Right.PATH_OPEN)
        opened = script.open(folder, DIRECTORY, rights, flags=flags, inheriting=int(RW), err=ANY)
        script.readdir(opened, 256, err=ANY)
        inner = script.open("secret", 0, int(READ), at=opened, err=ANY)
        script.read(inner, 32, err=ANY)
        script.close(inner, err=ANY)
        script.close(opened, err=ANY)


def _in_a_deep_folder(world: World) -> None:
    _folder_and_link(world, "dir/sub/", "../../../outside")


def _up_and_down(world: World) -> None:
    """`d` is three folders deep, or next to the root: `..` must not be taken from where it is by then."""
    (world.inside / "a" / "b" / "d" / "deep").mkdir(parents=True)
    (world.inside / "secret").write_bytes(b"of the program")
    (world.inside / "l" / "deep").mkdir(parents=True)


def _link_and_link(world: World) -> None:
    (world.inside / "real").mkdir()
    (world.inside / "real" / "secret").write_bytes(b"of the program")
    (world.inside / "d").symlink_to("real")
    (world.inside / "l").symlink_to("../outside")


def _reads_and_writes(script: Script) -> None:
    _reads(script, "d")
    _writes(script, "d")


def _file_and_pipe(world: World) -> None:
    (world.inside / "d").write_bytes(b"of the program")
    os.mkfifo(world.inside / "l")


RACES = {
    "reading through a folder": Race("d", "l", _folder_and_link, lambda s: _reads(s, "d/secret")),
    "writing through a folder": Race("d", "l", _folder_and_link, lambda s: _writes(s, "d/secret")),
    "creating in a folder": Race("d", "l", _folder_and_link, lambda s: _writes(s, "d/new")),
    "listing a folder": Race("d", "l", _folder_and_link, lambda s: _lists(s, "d")),
    "reading through a deep folder": Race(
        "dir/sub/d", "dir/sub/l", _in_a_deep_folder, lambda s: _reads(s, "dir/sub/d/secret")
    ),
    "writing through a deep folder": Race(
        "dir/sub/d", "dir/sub/l", _in_a_deep_folder, lambda s: _writes(s, "dir/sub/d/secret")
    ),
    "reading a file": Race("d", "l", _file_and_link, lambda s: _reads(s, "d")),
    "writing a file": Race("d", "l", _file_and_link, lambda s: _writes(s, "d")),
    "reading through links": Race("d", "l", _link_and_link, lambda s: _reads(s, "d/secret")),
    "making through links": Race("d", "l", _link_and_link, partial(_calls, _ENTRIES["making and removing folders"])),
    "removing through links": Race("d", "l", _link_and_link, partial(_calls, _ENTRIES["removing what is there"])),
    "up from a folder that is moved up": Race(
        "a/b/d", "l", _up_and_down, lambda s: _reads(s, "a/b/d/deep/../../../../../outside/secret")
    ),
    "up from a folder that comes nearer": Race(
        "a/b/d", "l", _up_and_down, lambda s: _reads(s, "a/b/d/deep/../../../../secret")
    ),
    **{name: Race("d", "l", _folder_and_link, partial(_calls, calls)) for name, calls in _ENTRIES.items()},
}


@contextmanager
def swapping(how: str, one: Path, other: Path) -> Iterator[Callable[[], int]]:
    """The second process, from when it is at work; call what is given to end it, for how often it swapped."""
    process = subprocess.Popen(
        [sys.executable, SWAPPER, how, one, other], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def end() -> int:
        said, _ = process.communicate()
        return int(said)

    try:
        yield end
    finally:
        process.kill()
        process.wait()


def race(guests: Guests, world: World, how: str, each: Race, enough: Callable[[int], bool]) -> None:
    """`enough` is asked with how many calls the program has made."""
    each.scene(world)
    script = Script(pages=8)
    with script.repeat(FOR_EVER):
        each.act(script)
    with swapping(how, world.inside / each.one, world.inside / each.other) as end:
        pid, output = guests.start(script, world.inside)
        assert guests.supervisor.run_until(lambda: enough(script.calls_made(output)), PATIENCE_S * 10)
        guests.supervisor.kill_process(pid)
        swaps = end()
    assert world.complaints(bytes(output), script.answers(bytes(output))) == []
    assert swaps >= ENOUGH_SWAPS


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", RACES)
def test_no_race_leads_outside(guests: Guests, world: World, name: str, how: str) -> None:
    race(guests, world, how, RACES[name], lambda calls: calls >= ENOUGH_CALLS)


def test_a_link_that_comes_and_goes_where_a_file_is_made(guests: Guests, world: World) -> None:
    (world.inside / "l").symlink_to("../outside/new")
    script = Script(pages=8)
    with script.repeat(FOR_EVER):
        _writes(script, "d")
        script.call("path_unlink_file", ROOT, "d", err=ANY)
    with swapping("come", world.inside / "d", world.inside / "l") as end:
        pid, output = guests.start(script, world.inside)
        assert guests.supervisor.run_until(lambda: script.calls_made(output) >= ENOUGH_CALLS, PATIENCE_S)
        guests.supervisor.kill_process(pid)
        end()
    assert world.complaints(bytes(output), script.answers(bytes(output))) == []


def test_a_file_that_becomes_a_pipe_stops_nothing(guests: Guests, world: World) -> None:
    each = Race("d", "l", _file_and_pipe, _reads_and_writes)
    race(guests, world, "exchange", each, lambda calls: calls >= ENOUGH_CALLS)


def test_a_swapper_is_noticed_by_a_program_that_may_follow(guests: Guests, world: World) -> None:
    """The same race where both names lead somewhere inside: the program sees the one and the other."""
    _folder_and_link(world, target="dir")
    (world.inside / "dir" / "secret").write_bytes(b"elsewhere")
    script = Script()
    with script.repeat(FOR_EVER):
        opened = script.open("d/secret", 0, int(READ), err=ANY)
        script.read(opened, 32, err=ANY)
        script.close(opened, err=ANY)
    with swapping("exchange", world.inside / "d", world.inside / "l") as end:
        pid, output = guests.start(script, world.inside)
        both = (b"of the program", b"elsewhere")
        assert guests.supervisor.run_until(lambda: all(each in output for each in both), PATIENCE_S)
        guests.supervisor.kill_process(pid)
        end()
    assert Err.SUCCESS in {each.err for each in script.answers(bytes(output))}


@pytest.mark.soak
@pytest.mark.parametrize("name", RACES)
def test_no_race_leads_outside_for_long(guests: Guests, world: World, name: str, soak_seconds: float) -> None:
    until = time.monotonic() + soak_seconds
    race(guests, world, "exchange", RACES[name], lambda _: time.monotonic() >= until)
