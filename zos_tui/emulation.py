"""The state of a terminal and its primitive operations: print, move, scroll, erase, switch screens.

Rules:

* `x == columns` means "the last column is written and the next character wraps" (pending wrap). Everything except
  printing sees the cursor in the last column then.
* The caller (`zos_tui.controls`) has read the parameters; every operation clamps them, none can raise.
* Printing goes by runs: a run of narrow or wide characters is one slice assignment.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from zos_tui import sgr
from zos_tui.cells import StyleTable
from zos_tui.charsets import ASCII, Charset
from zos_tui.grid import Grid
from zos_tui.modes import CursorShape, Modes
from zos_tui.widths import RUNS, ZERO_WIDTH_JOINER, Kind, cell_len, joins_after_joiner, kinds

TAB_WIDTH = 8

MAX_CELL = 16
"""Code points in one cell; the longest emoji sequence in use has ten. More combining marks are dropped."""

MAX_REPEATED_ROWS = 4
"""What one REP may print: programs repeat within a row, and a short sequence must not cost a screenful of work."""


class SavedCursor(NamedTuple):
    """What DECSC keeps."""

    x: int = 0
    y: int = 0
    pen: int = 0
    origin: bool = False
    shifted: bool = False
    charsets: tuple[Charset, Charset] = (ASCII, ASCII)


class Emulation:
    """All of a terminal but its parser. `grid` is the buffer on show, `main` or `alternate`."""

    def __init__(self, columns: int, lines: int, history: int, reply: Callable[[bytes], None] | None) -> None:
        self.columns = columns
        self.lines = lines
        self.next_stamp = itertools.count(1).__next__
        self.main = Grid(columns, lines, history, self.next_stamp)
        self.alternate = Grid(columns, lines, 0, self.next_stamp)
        self.styles = StyleTable(self._style_roots)
        self.reply = reply or (lambda data: None)
        self.title = ""
        self.bell = 0
        self.clipboard_refusals = 0
        self.reset()

    def reset(self) -> None:
        """Back to the state after power-on (RIS); the history stays."""
        self.modes = Modes()
        self.cursor_shape = CursorShape.BLOCK
        self.grid = self.main
        self.saved = {self.main: SavedCursor(), self.alternate: SavedCursor()}
        self.x = self.y = 0
        self.set_pen(0)
        self.charsets: list[Charset] = [ASCII, ASCII]
        self.shifted = False
        self.top, self.bottom = 0, self.lines - 1
        self.tabs = set(range(0, self.columns, TAB_WIDTH))
        self._joiner: tuple[int, int, int] | None = None
        self.main.fill_rows(0, self.lines, 0)
        self.alternate.fill_rows(0, self.lines, 0)

    def _style_roots(self) -> Iterator[Iterable[int]]:
        yield from self.main.styles_in_use()
        yield from self.alternate.styles_in_use()
        yield (self.pen, *(saved.pen for saved in self.saved.values()))

    # Styles

    def set_pen(self, style_id: int) -> None:
        self.pen = style_id
        self._unit = self.styles.unit(style_id)

    def select_rendition(self, body: str) -> None:
        """SGR with that parameter string."""
        self.pen = style_id = self.styles.apply(self.pen, body, sgr.apply)
        self._unit = self.styles.unit(style_id)

    def set_link(self, link: str | None) -> None:
        self.set_pen(self.styles.intern(self.styles[self.pen]._replace(link=link)))

    @property
    def erased(self) -> int:
        """The style of erased cells: the current background (as xterm and all since do)."""
        return self.styles.erased(self.pen) if self.pen else 0

    # Printing

    def print(self, text: str) -> None:
        """Printable text, already without controls."""
        charset = self.charsets[self.shifted]
        if charset is not None:
            text = text.translate(charset)
        if text.isascii():
            self.put(text)
            return
        for match in RUNS.finditer(text):
            group = match.lastindex
            if group == 1:
                self.put(match[1])
            elif group == 2:
                self._put_wide(match[2])
            else:
                self._put_other(match[3])

    def put(self, cells: Sequence[str]) -> None:
        """Narrow characters at the cursor; also any cells that are known to fit in the rest of the row."""
        x = self.x
        end = x + len(cells)
        if end > self.columns or self.modes.insert:
            self._put_in_pieces(cells)
            return
        row = self.grid.rows[self.y]
        text = row.text
        if not text[x]:
            text[x - 1] = " "
        if end < self.columns and not text[end]:
            text[end] = " "
        text[x:end] = cells
        row.styles[x:end] = self._unit * (end - x)
        row.version = self.next_stamp()
        self.x = end

    def _put_in_pieces(self, cells: Sequence[str]) -> None:
        """Narrow characters that meet the right margin, or insert mode."""
        inserting, self.modes.insert = self.modes.insert, False
        position = 0
        while position < len(cells):
            if self.x >= self.columns:
                if self.modes.autowrap:
                    self._wrap()
                else:
                    self.x, position = self.columns - 1, len(cells) - 1
            piece = cells[position : position + self.columns - self.x]
            if inserting:
                self.grid.insert_cells(self.y, self.x, len(piece), self.pen)
            self.put(piece)
            position += len(piece)
        self.modes.insert = inserting

    def _put_wide(self, characters: str) -> None:
        inserting, self.modes.insert = self.modes.insert, False
        position = 0
        while position < len(characters):
            room = (self.columns - self.x) // 2
            if room <= 0:
                if self.modes.autowrap:
                    self._wrap()
                else:
                    self.x, position = self.columns - 2, len(characters) - 1
                continue
            piece = characters[position : position + room]
            if inserting:
                self.grid.insert_cells(self.y, self.x, 2 * len(piece), self.pen)
            halves = [""] * (2 * len(piece))
            halves[::2] = piece
            self.put(halves)
            position += len(piece)
        self.modes.insert = inserting

    def _put_other(self, character: str) -> None:
        """A character outside the two common classes: it may join the one before, or be dropped."""
        kind = kinds[character]
        if kind is Kind.DROP:
            return
        if kind is Kind.EXTEND:
            self._extend(character)
        elif self._joiner == (self.x, self.y, self.grid.rows[self.y].version) and joins_after_joiner(character):
            self._extend(ZERO_WIDTH_JOINER + character)
        elif kind is Kind.WIDE:
            self._put_wide(character)
        else:
            self.put(character)

    def _extend(self, more: str) -> None:
        """Add to the character left of the cursor; a selector that makes it wide takes the next cell too.

        A joiner is kept aside until something joins: a cell that ended in one would swallow its neighbour when drawn.
        """
        row = self.grid.rows[self.y]
        base = self.x - 1
        if base > 0 and not row.text[base]:
            base -= 1
        if base < 0:
            return
        if more == ZERO_WIDTH_JOINER:
            self._joiner = (self.x, self.y, row.version)
            return
        old = row.text[base]
        width = self.x - base
        new = old + more
        new_width = cell_len(new)
        if len(new) > MAX_CELL or not width <= new_width <= 2:
            return
        if new_width > width and self.x >= self.columns:
            self._move_to_next_row(new)
            return
        if new_width > width:
            style_id = row.styles[base]
            self.grid.split_wide(row.text, self.x + 1)
            row.text[self.x], row.styles[self.x] = "", style_id
            self.x += 1
        row.text[base] = new
        row.version = self.next_stamp()

    def _move_to_next_row(self, grapheme: str) -> None:
        """A character of the last column that has become wide; without autowrap it stays as it was."""
        if self.modes.autowrap:
            row = self.grid.rows[self.y]
            row.text[-1] = " "
            row.version = self.next_stamp()
            self._wrap()
            self.put([grapheme, ""])

    def repeat(self, count: int) -> None:
        """REP: the character left of the cursor again, a few rows of it at most."""
        if self.x == 0:
            return
        text = self.grid.rows[self.y].text
        character = text[self.x - 1] or text[self.x - 2]
        count = min(count, MAX_REPEATED_ROWS * self.columns)
        if len(character) == 1:
            self.print(character * count)

    def _wrap(self) -> None:
        self.grid.rows[self.y].wrapped = True
        self.x = 0
        self.index()

    # Lines

    def newline(self) -> None:
        """LF, VT, FF."""
        self.x = 0 if self.modes.newline else min(self.x, self.columns - 1)
        self.index()

    def return_and_newline(self) -> None:
        """CR LF, by far the most frequent pair."""
        self.x = 0
        self.index()

    def index(self) -> None:
        """IND: down a line, scrolling at the bottom margin."""
        if self.y == self.bottom:
            self.grid.scroll_up(self.top, self.bottom, 1, self.erased)
        elif self.y < self.lines - 1:
            self.y += 1

    def reverse_index(self) -> None:
        if self.y == self.top:
            self.grid.scroll_down(self.top, self.bottom, 1, self.erased)
        elif self.y > 0:
            self.y -= 1
        self.x = min(self.x, self.columns - 1)

    def scroll(self, count: int) -> None:
        """SU with a positive, SD with a negative count."""
        move = self.grid.scroll_up if count > 0 else self.grid.scroll_down
        move(self.top, self.bottom, abs(count), self.erased)

    def shift_lines(self, count: int) -> None:
        """IL with a positive, DL with a negative count; only inside the scroll region."""
        if not self.top <= self.y <= self.bottom:
            return
        if count > 0:
            self.grid.scroll_down(self.y, self.bottom, count, self.erased)
        else:
            self.grid.scroll_up(self.y, self.bottom, -count, self.erased, remember=False)
        self.x = 0

    # Cursor

    def move_to(self, x: int, y: int) -> None:
        """Absolute, 0-based; in origin mode from the top margin and kept inside the region."""
        low, high = (self.top, self.bottom) if self.modes.origin else (0, self.lines - 1)
        self.x = min(max(x, 0), self.columns - 1)
        self.y = min(max(y + low, low), high)

    def move_rows(self, count: int) -> None:
        """Up (negative) or down, stopping at the margin that is in the way."""
        low = self.top if self.y >= self.top else 0
        high = self.bottom if self.y <= self.bottom else self.lines - 1
        self.y = min(max(self.y + count, low), high)
        self.x = min(self.x, self.columns - 1)

    def move_columns(self, count: int) -> None:
        self.x = min(max(min(self.x, self.columns - 1) + count, 0), self.columns - 1)

    @property
    def row_in_region(self) -> int:
        """The cursor's line as `move_to` counts it."""
        return self.y - self.top if self.modes.origin else self.y

    def tab(self, count: int) -> None:
        """To the next (positive) or an earlier (negative) tab stop, or the edge."""
        x = min(self.x, self.columns - 1)
        stops = sorted(stop for stop in self.tabs if (stop > x if count > 0 else stop < x))
        if count > 0:
            self.x = stops[count - 1] if count <= len(stops) else self.columns - 1
        elif count < 0:
            self.x = stops[count] if -count <= len(stops) else 0

    def set_margins(self, top: int, bottom: int) -> None:
        """DECSTBM, 0-based, inclusive; a region of fewer than two lines is ignored."""
        bottom = min(bottom, self.lines - 1)
        if 0 <= top < bottom:
            self.top, self.bottom = top, bottom
            self.move_to(0, 0)

    def save_cursor(self) -> None:
        charsets = (self.charsets[0], self.charsets[1])
        saved = SavedCursor(self.x, self.y, self.pen, self.modes.origin, self.shifted, charsets)
        self.saved[self.grid] = saved

    def restore_cursor(self) -> None:
        saved = self.saved[self.grid]
        self.x = min(saved.x, self.columns)
        self.y = min(saved.y, self.lines - 1)
        self.set_pen(saved.pen)
        self.modes.origin = saved.origin
        self.shifted = saved.shifted
        self.charsets = list(saved.charsets)

    # Erasing

    def erase_in_line(self, how: int) -> None:
        """EL: 0 to the end, 1 from the start to the cursor, 2 all."""
        self.x = x = min(self.x, self.columns - 1)
        if how <= 2:
            start, end = ((x, self.columns), (0, x + 1), (0, self.columns))[how]
            self.grid.erase(self.y, start, end, self.erased)

    def erase_in_display(self, how: int) -> None:
        """ED: 0 to the end, 1 from the start to the cursor, 2 all, 3 the history."""
        if how == 3:
            self.main.forget_history()
        elif how == 2:
            self.grid.fill_rows(0, self.lines, self.erased)
        elif how == 1:
            self.grid.fill_rows(0, self.y, self.erased)
            self.erase_in_line(1)
        elif how == 0:
            self.grid.fill_rows(self.y + 1, self.lines, self.erased)
            self.erase_in_line(0)

    def erase_characters(self, count: int) -> None:
        """ECH."""
        self.x = x = min(self.x, self.columns - 1)
        self.grid.erase(self.y, x, min(x + count, self.columns), self.erased)

    def insert_blanks(self, count: int) -> None:
        """ICH."""
        self.x = min(self.x, self.columns - 1)
        self.grid.insert_cells(self.y, self.x, count, self.erased)

    def delete_characters(self, count: int) -> None:
        """DCH."""
        self.x = min(self.x, self.columns - 1)
        self.grid.delete_cells(self.y, self.x, count, self.erased)

    # Screens

    def show_alternate(self, on: bool) -> None:
        """Switch buffers; each keeps its own content and saved cursor."""
        self.grid = self.alternate if on else self.main
        self.modes.alternate_screen = on

    def resize(self, columns: int, lines: int) -> None:
        """Both buffers to a new size; the margins and tab stops go back to their defaults."""
        if (columns, lines) == (self.columns, self.lines):
            return
        for grid, saved in self.saved.items():
            on_show = grid is self.grid
            y = grid.resize(columns, lines, min(self.y if on_show else saved.y, self.lines - 1))
            if on_show:
                self.y = y
            else:
                self.saved[grid] = saved._replace(y=y)
        self.columns, self.lines = columns, lines
        self.x = min(self.x, columns - 1)
        self.top, self.bottom = 0, lines - 1
        self.tabs = set(range(0, columns, TAB_WIDTH))
