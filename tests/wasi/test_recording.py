"""What programs did with the host's files, replayed when those are gone, and what is left open when a program ends."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.wasi.outside import World, assault
from tests.wasi.support import Guests
from tests.wasi.wat import ANY, EVERYTHING, ROOT, OFlags, Script
from zos_core.abi import ExitHow
from zos_core.policy import Policy
from zos_core.record.recording import Recording
from zos_core.record.replayer import Replayer
from zos_core.runtime.engine import Engine
from zos_core.supervisor import MachineConfig, Supervisor

MANY = 1500


def _uses_jobs(script: Script, folder: Path) -> None:
    """What is read, written and listed on threads: much at once, and directories with many entries."""
    for number in range(MANY):
        (folder / f"n{number}").write_bytes(b"")
    file = script.open("big", OFlags.CREAT, EVERYTHING)
    buffer = script.out(1 << 20)
    moved = script.out(4)
    script.call("random_get", buffer.at, 1 << 20)
    for _ in range(3):
        script.call("fd_write", file, script.vector(buffer), moved)
        script.call("fd_sync", file)
    script.seek(file, 0)
    script.call("fd_read", file, script.vector(buffer), moved)
    script.readdir(ROOT, 9000)


def test_a_replay_gives_the_answers_again_without_the_files(tmp_path: Path) -> None:
    path = tmp_path / "recording.zos"
    recorded = Supervisor(MachineConfig(policy=Policy(trust_bundled=True), record=path))
    recorded.boot()
    guests, world = Guests(recorded), World(tmp_path)
    attacks, works = Script(pages=8), Script(pages=40)
    for target in ("dir/file", "../outside/secret", "dir"):
        assault(attacks, target)
    guests.run(attacks, world.inside)
    _uses_jobs(works, world.inside)
    guests.check(works, world.inside)
    commits = recorded.machine.gateway.commits
    head = commits.seq, commits.head
    recorded.close()
    shutil.rmtree(world.inside)
    world.watch_again()
    recording = Recording(path)
    replayer = Replayer(recording, Engine(), None)
    try:
        assert replayer.run() is None
        assert (replayer.gateway.commits.seq, replayer.gateway.commits.head) == head
    finally:
        replayer.close()
        recording.close()
    assert not world.inside.exists()
    assert world.complaints(b"") == []


# --- what is left when a program ends -----------------------------------------------------------------------------


def _ends(script: Script) -> None:
    script.call("proc_exit", 3)


def _waits(script: Script) -> None:
    script.read(0, 1)


def _works(script: Script) -> None:
    buffer = script.out(2 << 20)
    file = script.open("sparse", OFlags.CREAT, EVERYTHING)
    script.call("fd_filestat_set_size", file, 1 << 30)
    with script.repeat(1 << 20):
        script.call("fd_read", file, script.vector(buffer), script.out(4), err=ANY)
        script.call("fd_sync", file, err=ANY)


def _how_it_ends(guests: Guests, way: Callable[[Script], None], folder: Path) -> ExitHow:
    """A program with 50 open files, to its end, or killed once it has them."""
    script = Script(pages=40)
    for number in range(50):
        script.open(f"f{number}", OFlags.CREAT, EVERYTHING)
    way(script)
    pid, output = guests.start(script, folder)
    ended = partial(guests.supervisor.exit_of, pid)
    assert guests.wait(lambda: len(script.answers(bytes(output))) >= 50)
    if way is not _ends:
        guests.supervisor.kill_process(pid)
    assert guests.wait(lambda: ended() is not None)
    how = ended()
    assert how is not None
    return how.how


@pytest.mark.parametrize(("way", "how"), [(_ends, ExitHow.EXITED), (_waits, ExitHow.KILLED), (_works, ExitHow.KILLED)])
def test_what_a_program_had_open_is_closed_when_it_ends_or_is_killed(
    guests: Guests, inside: Path, way: Callable[[Script], None], how: ExitHow
) -> None:
    # The machine opens what it needs for itself the first time.
    assert _how_it_ends(guests, way, inside) is how
    guests.supervisor.run_until_idle()
    before = len(os.listdir("/proc/self/fd"))
    assert _how_it_ends(guests, way, inside) is how
    assert guests.wait(lambda: len(os.listdir("/proc/self/fd")) <= before)
