"""Finding plain text in the rows of a screen and its history, also where it wraps from one row to the next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from zos_tui.cells import RowView

MAX_JOINED_ROWS = 1_000
"""Rows searched as one line of text; output without any line break is searched in pieces of this size."""


class Match(NamedTuple):
    """A range of cells: from (line, x) up to and without (end_line, end_x). Line 0 is the first row given."""

    line: int
    x: int
    end_line: int
    end_x: int


def matches(rows: Iterable[RowView], needle: str, *, case_sensitive: bool) -> Iterator[Match]:
    """Every match, top to bottom, not overlapping; none for an empty needle."""
    if not needle:
        return
    pattern = re.compile(re.escape(needle), 0 if case_sensitive else re.IGNORECASE)
    joined: list[RowView] = []
    first = 0
    for line, row in enumerate(rows):
        if not joined:
            first = line
        joined.append(row)
        if not row.wrapped or len(joined) >= MAX_JOINED_ROWS:
            yield from _in_line(joined, first, pattern)
            joined.clear()
    yield from _in_line(joined, first, pattern)


def _in_line(rows: list[RowView], first: int, pattern: re.Pattern[str]) -> Iterator[Match]:
    text = "".join("".join(row.text) for row in rows)
    cells: list[tuple[int, int]] | None = None
    for match in pattern.finditer(text):
        if cells is None:
            cells = [(first + i, x) for i, row in enumerate(rows) for x, cell in enumerate(row.text) for _ in cell]
        line, x = cells[match.start()]
        end_line, end_x = cells[match.end() - 1]
        row_text = rows[end_line - first].text
        end_x += 2 if end_x + 1 < len(row_text) and not row_text[end_x + 1] else 1
        yield Match(line, x, end_line, end_x)
