"""What fits in a narrow column: sizes, counts, durations, a tiny history, and a text cut short.

Pure functions; every text they return has a bounded width, named beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

_BLOCKS = "▁▂▃▄▅▆▇█"
_COUNT_UNITS = ("", "k", "M", "G", "T")
_SIZE_UNITS = ("B", "K", "M", "G", "T")


def _scaled(value: float, step: int, units: tuple[str, ...]) -> str:
    index = 0
    while value >= 999.5 and index < len(units) - 1:
        value /= step
        index += 1
    if index == 0 or value >= 99.5:
        return f"{value:.0f}{units[index]}"
    return f"{value:.1f}{units[index]}"


def count(value: float) -> str:
    """A count in at most 5 cells: `0`, `940`, `1.2k`, `38.0M`."""
    return _scaled(value, 1000, _COUNT_UNITS)


def size(value: int) -> str:
    """Bytes in at most 5 cells, in powers of 1024: `64.0K`, `1.1M`."""
    return _scaled(float(value), 1024, _SIZE_UNITS)


def duration(ns: int) -> str:
    """A span of time in at most 6 cells: `0.4s`, `12s`, `3m05s`, `2h10m`, `4d`."""
    seconds = max(0, ns) / 1e9
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d"


def countdown(ns: int) -> str:
    """What is left until a deadline, in whole seconds and at most 6 cells: it changes once a second."""
    seconds = max(1, -(-ns // 1_000_000_000))
    return f"{seconds}s" if seconds < 60 else duration(seconds * 1_000_000_000)


def ago(ns: int) -> str:
    """How long something is past, in at most 8 cells: `just now`, `3s ago`, `2m ago`, `5h ago`."""
    seconds = max(0, ns) // 1_000_000_000
    if seconds < 2:
        return "just now"
    for unit, suffix in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= unit:
            return f"{seconds // unit}{suffix} ago"
    return f"{seconds}s ago"


def sparkline(values: Iterable[float], width: int, *, from_zero: bool = True) -> str:
    """The last `width` values as blocks, from 0 or from the least of them up to the greatest; padded on the left."""
    last = list(values)[-width:]
    top = max(last, default=0.0)
    foot = 0.0 if from_zero else min(last, default=0.0)
    span = top - foot
    blocks = (_BLOCKS[min(7, int(8 * (value - foot) / span))] if span > 0 else _BLOCKS[0] for value in last)
    return "".join(blocks).rjust(width)


def shortened_from_left(text: str, cells: int) -> str:
    """The end of `text` in at most `cells` cells, with an ellipsis where it was cut: the last parts of a path."""
    kept = text
    while kept and cell_len(kept) > cells - (kept is not text):
        kept = kept[1:]
    return text if kept is text else f"…{kept}"


def shortened(text: str, cells: int) -> str:
    """`text` without line breaks in at most `cells` cells, with an ellipsis where it was cut."""
    flat = " ".join(text.split("\n"))
    return flat if cell_len(flat) <= cells else set_cell_size(flat, max(0, cells - 1)).rstrip() + "…"
