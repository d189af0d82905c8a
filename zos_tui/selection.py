"""A selection of cells in a terminal and its scrollback, and the text under it.

Pure. Rows are absolute: row 0 is the first line the terminal ever showed, so a selection stays on its text while
output scrolls by. Columns are cells, half-open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from zos_tui.cells import RowView


class Point(NamedTuple):
    row: int
    column: int


class Selection(NamedTuple):
    """From `anchor`, where it began, to `head`, where the pointer is; either may come first."""

    anchor: Point
    head: Point

    @property
    def ordered(self) -> tuple[Point, Point]:
        return (self.anchor, self.head) if self.anchor <= self.head else (self.head, self.anchor)

    @property
    def empty(self) -> bool:
        return self.anchor == self.head

    def on_row(self, row: int, columns: int) -> tuple[int, int] | None:
        """The cells selected on `row`, or None."""
        first, last = self.ordered
        if self.empty or not first.row <= row <= last.row:
            return None
        start = first.column if row == first.row else 0
        end = last.column if row == last.row else columns
        return (start, end) if start < end else None


def selected_text(selection: Selection, row_at: Callable[[int], RowView | None], columns: int) -> str:
    """The text: a line a row, without trailing blanks; a row that ran on into the next is joined to it."""
    first, last = selection.ordered
    parts: list[str] = []
    for number in range(first.row, last.row + 1):
        row, cells = row_at(number), selection.on_row(number, columns)
        if row is None:
            continue
        text = "".join(row.text[cells[0] : cells[1]]) if cells else ""
        runs_on = row.wrapped and number < last.row
        parts.append(text if runs_on else text.rstrip() + ("\n" if number < last.row else ""))
    return "".join(parts)


def word_at(point: Point, row: RowView) -> Selection:
    """The run of non-blank cells around `point`; empty on a blank."""
    text = row.text
    start = end = min(point.column, len(text))
    while start > 0 and text[start - 1] != " ":
        start -= 1
    while end < len(text) and text[end] != " ":
        end += 1
    return Selection(Point(point.row, start), Point(point.row, end))


def line_at(row: int, columns: int) -> Selection:
    return Selection(Point(row, 0), Point(row, columns))
