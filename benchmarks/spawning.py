"""Processes started, run and ended a second, beside `subprocess` starting `true`.

Ours is a checked and compiled program: the launch is made once, as a machine keeps it, and what is counted is the new
process with its capabilities, its instance, its first slice, its exit and the removal of all it held. A second row
starts a bundled program by name, from the cache of compiled modules on disk.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import guests, rig
from benchmarks.measure import Effort, Row, Target, pair
from zos_core.supervisor import MachineConfig, Supervisor

SPAWNS_A_ROUND = 20
OTHERS_A_ROUND = 4
TARGET_A_SECOND = 5000


def rate(times: int, once: Callable[[], object]) -> float:
    """How often a second `once` can be done."""
    started = time.perf_counter()
    for _ in range(times):
        once()
    return times / (time.perf_counter() - started)


def wait_for_end(supervisor: Supervisor, pid: int) -> None:
    while supervisor.exit_of(pid) is None:
        supervisor.poll_syscalls()


def run(effort: Effort) -> Iterator[Row]:
    true = shutil.which("true") or "true"
    theirs = lambda: rate(OTHERS_A_ROUND, lambda: subprocess.run([true], check=True))  # noqa: E731
    alternative = "subprocess.run of `true`"
    with tempfile.TemporaryDirectory() as folder, rig.machine(MachineConfig(cache=Path(folder))) as supervisor:
        launch = supervisor.launch(guests.returns(), name="returns")
        kept = pair(
            lambda: rate(SPAWNS_A_ROUND, lambda: wait_for_end(supervisor, supervisor.finish_launch(launch))),
            theirs,
            effort.rounds,
        )
        named = pair(
            lambda: rate(SPAWNS_A_ROUND, lambda: wait_for_end(supervisor, supervisor.spawn("crash", ["exit", "0"]))),
            theirs,
            effort.rounds,
        )
    target = Target(f"{TARGET_A_SECOND:,} /s", kept.ours >= TARGET_A_SECOND)
    yield Row("spawn, run and end a compiled program", "/s", kept.ours, alternative, kept.theirs, kept.ratio, target)
    yield Row("the same by name, a Rust program from the cache on disk", "/s", named.ours, alternative, named.theirs,
              named.ratio)  # fmt: skip
