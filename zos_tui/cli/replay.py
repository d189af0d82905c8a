"""`zos replay`: a recording run again and compared, or run again without one capability.

Rules of this file (supervisor: Command line)
- Nothing of the host is touched, and no storage: the recording has every answer.
- The first difference is the command's error; without one it says what was replayed.
"""

from __future__ import annotations

import argparse
from contextlib import closing

from zos_core.axiom.syslog import SysEvent
from zos_core.record.recording import Recording
from zos_core.record.replayer import Difference, Replayer
from zos_core.record.without import Divergence, Without
from zos_core.runtime.engine import Engine
from zos_tui.cli.folders import module_cache
from zos_tui.cli.log import call_line
from zos_tui.cli.messages import CommandFailed
from zos_tui.cli.progress import Progress
from zos_tui.cli.verify import checked


def replay(arguments: argparse.Namespace) -> int:
    """The command; its exit status. Raises `Refused`, `CommandFailed` and `Stopped`."""
    with closing(Recording(arguments.file)) as recording:
        if arguments.verify:
            head = checked(recording)
            print(f"{head.ticks} ticks, {head.commits} commits: both chains hold")
        with closing(Replayer(recording, Engine(), module_cache())) as replayer:
            with Progress("replaying", recording.last_tick()) as progress:
                if arguments.without is not None:
                    return _without(arguments, replayer, progress)
                _replay(arguments, replayer, progress)
            _tell(arguments, recording, replayer)
    return 0


def _replay(arguments: argparse.Namespace, replayer: Replayer, progress: Progress) -> None:
    """Up to where the person wants it, or to the end. Raises `CommandFailed` that names the first difference."""
    while not _arrived(arguments, replayer):
        outcome = replayer.step()
        if isinstance(outcome, Difference):
            raise CommandFailed(f"{arguments.file}: {outcome.describe()}")
        if not outcome:
            if arguments.until is not None:
                raise _too_short(arguments, replayer)
            return
        progress(replayer.tick)


def _arrived(arguments: argparse.Namespace, replayer: Replayer) -> bool:
    """Whether it is where the person wants it to stop."""
    if arguments.until is None:
        return False
    kind, number = arguments.until
    return bool((replayer.gateway.commits.seq if kind == "commit" else replayer.tick) >= number)


def _too_short(arguments: argparse.Namespace, replayer: Replayer) -> CommandFailed:
    kind, number = arguments.until
    end = f"it ends at tick {replayer.tick}, commit {replayer.gateway.commits.seq}"
    return CommandFailed(f"{arguments.file}: {end}, before {kind} {number}")


def _tell(arguments: argparse.Namespace, recording: Recording, replayer: Replayer) -> None:
    machine, gateway = replayer.machine, replayer.gateway
    alive = [each for each in gateway.state.committed.processes.values() if each.alive]
    print(f"{arguments.file}: replayed {replayer.tick} ticks, {gateway.commits.seq} commits, {machine.slices} slices;"
          f" all as recorded")  # fmt: skip
    print(f"{len(alive)} processes: {', '.join(f'{each.name} ({each.pid})' for each in alive) or 'none'}")
    print(f"head of commit {gateway.commits.seq}: {gateway.commits.head.hex()}")
    if recording.torn and not arguments.until:
        print(f"it was not closed, or is still being written: it ends at tick {replayer.tick}, the last durable one")


def _without(arguments: argparse.Namespace, replayer: Replayer, progress: Progress) -> int:
    """The other run, up to where it goes another way."""
    run = Without(replayer, arguments.without)
    outcome: Divergence | bool = True
    while outcome is True and not _arrived(arguments, replayer):
        outcome = run.step()
        progress(replayer.tick)
    if not outcome and arguments.until is not None:
        raise _too_short(arguments, replayer)
    named = replayer.gateway.state.committed.processes
    if not run.taken:
        raise CommandFailed(f"{arguments.file}: no such capability was given to any process")
    for pid, slot in run.taken:
        name = named[pid].name if pid in named else "?"
        print(f"without slot {slot} of {name} ({pid})")
    if isinstance(outcome, Divergence):
        names = {pid: process.name for pid, process in named.items()}
        print(f"tick {outcome.tick}: the first call that differs")
        print(f"  recorded  {_told(outcome.recorded, names)}")
        print(f"  without   {_told(outcome.without, names)}")
    else:
        print(f"{replayer.tick} ticks: every call goes the same way without it")
    return 0


def _told(event: SysEvent | None, names: dict[int, str]) -> str:
    return "no further call in this tick" if event is None else call_line(event, names)
