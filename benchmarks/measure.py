"""Rows of the table, and how two things are measured beside each other.

Rules of this package
- Ours and the alternative take turns (A B A B ...), and the ratio is the median of the ratios of neighbours: a busy
  moment of the computer hits both. Absolute numbers are medians too, and say more about the computer.
- A row is one number of ours and one of the alternative in the same unit. A unit ending in `/s` is a rate: more is
  better; everything else is a cost.
- A target stands beside its row whether it is met or not.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Effort(NamedTuple):
    """How long to measure: pairs of rounds, seconds to watch something, keys to type, processes to start."""

    rounds: int
    seconds: float
    keys: int
    processes: int


FULL = Effort(rounds=60, seconds=10.0, keys=200, processes=1000)
QUICK = Effort(rounds=8, seconds=2.0, keys=30, processes=100)


@dataclass(frozen=True, slots=True)
class Target:
    """`text` is what was aimed at, `met` whether this run reached it."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is ours over the alternative's, as it was measured pair by pair."""

    what: str
    unit: str
    ours: float
    alternative: str
    theirs: float
    ratio: float
    target: Target | None = None

    @property
    def more_is_better(self) -> bool:
        return self.unit.endswith("/s")

    @property
    def verdict(self) -> str:
        """How many times better or worse than the alternative."""
        if not self.ratio > 0:
            return "-"
        gain = self.ratio if self.more_is_better else 1 / self.ratio
        return f"{gain:.2f}x better" if gain >= 1 else f"{1 / gain:.2f}x worse"


class Paired(NamedTuple):
    """Medians of both, and the median of the ratios of neighbours."""

    ours: float
    theirs: float
    ratio: float


def pair(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> Paired:
    """Measures both in turn; the first round of each only warms up."""
    ours(), theirs()
    return paired([(ours(), theirs()) for _ in range(rounds)])


def paired(samples: Sequence[tuple[float, float]]) -> Paired:
    mine, others = zip(*samples, strict=True)
    ratio = statistics.median(a / b for a, b in samples)
    return Paired(statistics.median(mine), statistics.median(others), ratio)


def percentile(samples: Sequence[float], percent: int) -> float:
    """The smallest sample that `percent` of all do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def number(value: float) -> str:
    """Three significant digits, thousands apart: 0.012, 3.46, 1,250."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


HEADINGS = ("what", "ours", "alternative", "", "compared", "target")


def cells(row: Row) -> tuple[str, ...]:
    """The texts of one row, under `HEADINGS`."""
    target = "" if row.target is None else f"{row.target.text}: {'met' if row.target.met else 'missed'}"
    ours, theirs = (f"{number(value)} {row.unit}" for value in (row.ours, row.theirs))
    return row.what, ours, theirs, row.alternative, row.verdict, target


def table(rows: Iterable[Row]) -> str:
    """The rows aligned; numbers to the right."""
    lines = [HEADINGS, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    right = (1, 2, 4)
    return "\n".join(
        "  ".join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
