"""The terminal emulator's throughput, as rows of the table; `benchmarks.screen` measures it."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import screen
from benchmarks.measure import Effort, Row

QUICK_BYTES, FULL_BYTES = 100_000, 500_000
RUNS = 3


def run(effort: Effort) -> Iterator[Row]:
    size = FULL_BYTES if effort.rounds >= 50 else QUICK_BYTES
    for row in screen.measure(size, RUNS):
        yield Row(f"console output: {row.workload}", "MB/s", row.ours_mb_s, "pyte", row.pyte_mb_s, row.ratio)
