"""What recording costs: messages between two processes with every tick written to a file, beside the same without.

Both run in this process, in turns. A round of the recorded machine ends when its last tick would survive a kill, so
that what the writer does in the background is in the number.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import guests, rig
from benchmarks.measure import Effort, Row, Target, pair
from zos_core import abi
from zos_core.supervisor import MachineConfig, Supervisor

ROUND_S = 0.2
ACCEPTED = 0.8
"""Of the rate without a recording: it costs at most 20 %."""


def sustained_rate(supervisor: Supervisor, pid: int) -> Callable[[], float]:
    """A function that measures one round: messages received a second, all of them durable where it is recorded."""

    def received() -> int:
        process = supervisor.snapshot().process(pid)
        assert process is not None
        return process.messages_in

    def measure() -> float:
        before, started = received(), time.perf_counter()
        while time.perf_counter() - started < ROUND_S:
            supervisor.poll_syscalls()
        supervisor.wait_durable()
        return (received() - before) / (time.perf_counter() - started)

    return measure


def run(effort: Effort) -> Iterator[Row]:
    own = abi.SLOT_OWN_ENDPOINT
    with tempfile.TemporaryDirectory() as folder:
        recorded_config = MachineConfig(record=Path(folder) / "benchmark.zosrec")
        with rig.machine(recorded_config) as recorded, rig.machine() as plain:
            to, _ = rig.connect(recorded, guests.receives(own), guests.sends)
            other, _ = rig.connect(plain, guests.receives(own), guests.sends)
            measured = pair(sustained_rate(recorded, to), sustained_rate(plain, other), effort.rounds)
    target = Target(f"at least {ACCEPTED:.0%} of the rate without", measured.ratio >= ACCEPTED)
    yield Row("messages while recording", "/s", measured.ours, "the same, not recorded", measured.theirs,
              measured.ratio, target)  # fmt: skip
