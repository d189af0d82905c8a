"""Processor time of a desktop with nothing to do but 20 programs that poll, one of them a clock on screen.

Beside it: a Textual app that shows the time once a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks import textual_apps
from benchmarks.desktop import LEADER, desktop, spawn
from benchmarks.measure import Effort, Row, Target
from benchmarks.ptys import Terminal, drain

POLLERS = 20
FIRST_PID = 4
SETTLE_S = 10.0
TARGET_PERCENT = 1


def run(effort: Effort) -> Iterator[Row]:
    with desktop() as ours, Terminal(textual_apps.command("clock")) as theirs:
        theirs.until(bool)
        spawn(ours, "clock", FIRST_PID)
        for number in range(1, POLLERS):
            spawn(ours, "idle", FIRST_PID + number)
        ours.write(LEADER + b"2")
        ours.until(lambda text: "UTC" in text)
        both = (ours, theirs)
        drain(both, SETTLE_S)
        started, before = time.perf_counter(), [terminal.busy_seconds() for terminal in both]
        drain(both, effort.seconds)
        wall = time.perf_counter() - started
        shares = [(terminal.busy_seconds() - busy) / wall * 100 for terminal, busy in zip(both, before, strict=True)]
    target = Target(f"under {TARGET_PERCENT} %", shares[0] < TARGET_PERCENT)
    yield Row(f"idle desktop, {POLLERS} polling programs, one a clock", "% of a core", shares[0],
              "a clock in Textual", shares[1], shares[0] / shares[1], target)  # fmt: skip
