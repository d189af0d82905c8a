"""Resident memory of idle processes, beside idle processes of the host.

Ours is measured in an interpreter of its own, so that no memory freed by another benchmark is reused: what its
resident set grows by when `idle`, a Rust program that polls, is started many times. The alternative is `sleep`, of
which some are started and the sum is scaled up; shared pages are counted once, as a fraction of each (PSS).
"""

from __future__ import annotations

import gc
import json
import mmap
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import rig
from benchmarks.measure import Effort, Row, Target

COUNTED = 1000
TARGET_MB = 60
SLEEPERS = 50
PROGRAM = "idle"


def resident_bytes() -> int:
    """Resident memory of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


def growth(count: int) -> int:
    """Bytes this process grows by when that many programs are started and have come to rest."""
    with rig.machine() as supervisor:
        launch = supervisor.launch(PROGRAM)
        supervisor.finish_launch(launch)
        supervisor.run_until_idle()
        before = resident_bytes()
        for _ in range(count):
            supervisor.finish_launch(launch)
        supervisor.run_until_idle()
        living = sum(process.name == PROGRAM and process.exit is None for process in supervisor.snapshot().processes)
        if living != count + 1:
            raise RuntimeError(f"{living} of {count + 1} programs live")
        return resident_bytes() - before


def proportional_bytes(pid: int) -> int:
    """A host process's memory, shared pages divided among those who share them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def sleepers(count: int) -> float:
    """Bytes of one `sleep`, as the mean of several."""
    program = shutil.which("sleep") or "sleep"
    running = [subprocess.Popen([program, "600"]) for _ in range(count)]
    try:
        return sum(proportional_bytes(process.pid) for process in running) / count
    finally:
        for process in running:
            process.kill()
            process.wait()


def run(effort: Effort) -> Iterator[Row]:
    command = [sys.executable, "-m", "benchmarks.resident", str(effort.processes)]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    ours_mb, theirs_mb = (value * COUNTED / 1e6 for value in (ours / effort.processes, sleepers(SLEEPERS)))
    measured = "" if effort.processes == COUNTED else f", from {effort.processes}"
    target = Target(f"under {TARGET_MB} MB", ours_mb < TARGET_MB)
    yield Row(f"memory of {COUNTED:,} idle processes{measured}", "MB", ours_mb, f"{COUNTED:,} `sleep`, from {SLEEPERS}",
              theirs_mb, ours_mb / theirs_mb, target)  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(growth(int(sys.argv[1]))))
