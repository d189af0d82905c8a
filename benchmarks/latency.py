"""From a key to its echo on a pseudo-terminal, with an endless loop in another tab.

The key goes through the desktop to the shell, a program of the machine, which writes it to its console, and back onto
the screen. Beside it, key by key in turn: an `Input` of Textual in an app that does nothing else, and `cat`, where the
host's terminal driver echoes, which is the floor of the measurement itself. Keys are Cyrillic letters, each used once:
nothing else on the screen can be taken for their echo. They come 15 to 60 ms apart, so that they meet the machine's
turns anywhere.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks import textual_apps
from benchmarks.desktop import desktop, spawn
from benchmarks.measure import Effort, Row, Target, paired, percentile
from benchmarks.ptys import Terminal, drain

LETTERS = [chr(code) for code in range(0x0400, 0x0480)]
KEYS_A_LINE = 30
CLEAR_LINE = b"\x15"
GAP_S = (0.015, 0.060)
TARGET_P95_MS = 16
LEAST_LOAD = 0.5
FIRST_PID = 4


class Sample(NamedTuple):
    """Seconds from the same key to its echo."""

    ours: float
    textual: float
    cat: float


def type_keys(terminals: Sequence[Terminal], count: int) -> list[Sample]:
    """Types every key into each terminal in turn."""
    gaps = random.Random(7)
    samples = []
    for index in range(count):
        if index % KEYS_A_LINE == 0:
            for terminal in terminals:
                terminal.write(CLEAR_LINE)
        times = []
        for terminal in terminals:
            drain(terminals, gaps.uniform(*GAP_S))
            times.append(terminal.echo_seconds(LETTERS[index % len(LETTERS)]))
        samples.append(Sample(*times))
    return samples


def measure(keys: int) -> list[Sample]:
    """Raises `RuntimeError` when the endless loop was not endless."""
    cat = shutil.which("cat") or "cat"
    with desktop() as ours, Terminal(textual_apps.command("input")) as textual, Terminal([cat]) as floor:
        textual.until(bool)
        spawn(ours, "crash loop", FIRST_PID)
        terminals = (ours, textual, floor)
        type_keys(terminals, KEYS_A_LINE // 3)
        busy, started = ours.busy_seconds(), time.perf_counter()
        samples = type_keys(terminals, keys)
        load = (ours.busy_seconds() - busy) / (time.perf_counter() - started)
    if load < LEAST_LOAD:
        raise RuntimeError(f"the desktop used {load:.0%} of a core beside an endless loop")
    return samples


def run(effort: Effort) -> Iterator[Row]:
    samples = measure(effort.keys)
    medians = paired([(sample.ours, sample.textual) for sample in samples])
    ours, textual, cat = (percentile(column, 95) for column in zip(*samples, strict=True))
    what, alternative = "key to echo, endless loop beside it", "Input of Textual, alone"
    target = Target(f"under {TARGET_P95_MS} ms", ours * 1e3 < TARGET_P95_MS)
    yield Row(f"{what}: median", "ms", medians.ours * 1e3, alternative, medians.theirs * 1e3, medians.ratio)
    yield Row(f"{what}: p95", "ms", ours * 1e3, alternative, textual * 1e3, ours / textual, target)
    yield Row(f"{what}: p95", "ms", ours * 1e3, "`cat`: the terminal driver alone", cat * 1e3, ours / cat)
