"""What part of a terminal and its scrollback is in view, what is selected in it, and what a search found.

Pure: it reads an emulator screen and draws nothing. Rows are absolute (see `selection`), so a place that someone reads
stays in place while output goes on below.
"""

from __future__ import annotations

from itertools import islice

from zos_tui.cells import RowView
from zos_tui.find import Match
from zos_tui.paint import Mark, Span
from zos_tui.screen import Screen
from zos_tui.selection import Selection

MAX_MATCHES = 5000


class Viewport:
    """`top` is the first row in view, or None while it follows the bottom."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.top: int | None = None
        self.selection: Selection | None = None
        self.matches: list[Match] = []
        self.current: int | None = None
        self._match_cells: dict[int, list[tuple[int, int, int]]] = {}

    # --- rows ---------------------------------------------------------------------------------------------------

    @property
    def first(self) -> int:
        """The oldest row there is. A full-screen program has no scrollback."""
        return self.bottom - self.screen.history_length

    @property
    def bottom(self) -> int:
        """The first row of the screen itself."""
        return self.screen.scrolled

    @property
    def first_in_view(self) -> int:
        return self.bottom if self.top is None else max(self.first, self.top)

    def row(self, number: int) -> RowView | None:
        """The row with this absolute number, or None when it is gone or not there yet."""
        if number >= self.bottom:
            y = number - self.bottom
            return self.screen.row(y) if y < self.screen.lines else None
        if number < self.first:
            return None
        return self.screen.history_row(number - self.first)

    # --- scrolling ----------------------------------------------------------------------------------------------

    def scroll(self, by: int) -> bool:
        """Move by rows, up when negative; at the bottom it follows again. True when anything moved."""
        before = self.first_in_view
        self.show_from(before + by)
        return self.first_in_view != before

    def show_from(self, number: int) -> None:
        self.top = max(self.first, number) if number < self.bottom else None

    def follow(self) -> bool:
        """Back to the bottom; True when it was not there."""
        moved = self.top is not None
        self.top = None
        return moved

    # --- search -------------------------------------------------------------------------------------------------

    def search(self, text: str) -> int:
        """Find `text`, ignoring case unless it has capitals; go to the last match. Returns how many there are."""
        first = self.first
        self.forget_search()
        found = self.screen.find(text, case_sensitive=text != text.lower())
        for line, x, end_line, end_x in islice(found, MAX_MATCHES):
            self._remember(Match(first + line, x, first + end_line, end_x))
        if self.matches:
            self.current = len(self.matches) - 1
            self._show_current()
        return len(self.matches)

    def _remember(self, match: Match) -> None:
        for row in range(match.line, match.end_line + 1):
            start = match.x if row == match.line else 0
            end = match.end_x if row == match.end_line else self.screen.columns
            self._match_cells.setdefault(row, []).append((start, end, len(self.matches)))
        self.matches.append(match)

    def next_match(self, by: int) -> bool:
        """Go to another match, round the end. False when there is none."""
        if not self.matches or self.current is None:
            return False
        self.current = (self.current + by) % len(self.matches)
        self._show_current()
        return True

    def _show_current(self) -> None:
        assert self.current is not None
        row = self.matches[self.current].line
        if not self.first_in_view <= row < self.first_in_view + self.screen.lines:
            self.show_from(row - self.screen.lines // 2)

    def forget_search(self) -> None:
        self.matches, self.current, self._match_cells = [], None, {}

    # --- marks --------------------------------------------------------------------------------------------------

    def spans(self, number: int) -> list[Span]:
        """What is drawn over row `number`: matches, then the selection."""
        spans: list[Span] = []
        for start, end, index in self._match_cells.get(number, ()):
            spans.append(Span(start, end, Mark.CURRENT_MATCH if index == self.current else Mark.MATCH))
        if self.selection is not None:
            cells = self.selection.on_row(number, self.screen.columns)
            if cells is not None:
                spans.append(Span(*cells, Mark.SELECTION))
        return spans
