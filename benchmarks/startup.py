"""From starting the desktop to its first paint and to the prompt of its shell, beside a Textual app of one line.

Both on a pseudo-terminal, with compiled modules cached, as on every start but the first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.desktop import COMMAND, PROMPT, private_folders
from benchmarks.measure import Effort, Row, paired
from benchmarks.ptys import Terminal

MOST_ROUNDS = 15
HELLO = (sys.executable, "-m", "benchmarks.textual_apps", "hello")


class Start(NamedTuple):
    """Seconds since the program was executed."""

    first_paint: float
    prompt: float


def start_desktop(environment: dict[str, str]) -> Start:
    with Terminal(COMMAND, environment) as terminal:
        first_paint = terminal.until(bool) - terminal.started
        return Start(first_paint, terminal.until(lambda text: PROMPT in text) - terminal.started)


def start_hello(environment: dict[str, str]) -> float:
    with Terminal(HELLO, environment) as terminal:
        return terminal.until(bool) - terminal.started


def run(effort: Effort) -> Iterator[Row]:
    with private_folders() as environment:
        start_desktop(environment), start_hello(environment)
        pairs = [(start_desktop(environment), start_hello(environment)) for _ in range(min(effort.rounds, MOST_ROUNDS))]
    first = paired([(ours.first_paint, theirs) for ours, theirs in pairs])
    prompt = paired([(ours.prompt, theirs) for ours, theirs in pairs])
    for what, measured in (("start to first paint", first), ("start to the shell's prompt", prompt)):
        yield Row(what, "ms", measured.ours * 1e3, "first paint of a one-line Textual app", measured.theirs * 1e3,
                  measured.ratio)  # fmt: skip
