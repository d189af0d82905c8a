"""One screen buffer: rows of cells that scroll, shift, are erased and change size, and the history above them.

Rules: every method leaves each row exactly `columns` cells wide and no wide character with one half missing; the
caller gives coordinates inside the grid. A grid knows nothing of cursors, modes or escape sequences.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator

from zos_tui.cells import PastRow, Row, type_code


class Grid:
    """`scrolled` counts all rows that ever went to the history, less those taken back: a stable line number."""

    def __init__(self, columns: int, lines: int, history: int, next_stamp: Callable[[], int]) -> None:
        self.columns = columns
        self.lines = lines
        self.history: deque[PastRow] = deque(maxlen=history)
        self.scrolled = 0
        self._stamp = next_stamp
        self.rows = [self.blank_row(0) for _ in range(lines)]

    def blank_row(self, style_id: int, character: str = " ") -> Row:
        """A row full of one character."""
        styles = array(type_code, (style_id,)) * self.columns
        return Row([character] * self.columns, styles, self._stamp(), (character, style_id))

    def styles_in_use(self) -> Iterator[array[int]]:
        for past in self.history:
            yield past.styles
        for row in self.rows:
            yield row.styles

    def scroll_up(self, top: int, bottom: int, count: int, style_id: int, *, remember: bool = True) -> None:
        """Move the rows top..bottom up; what leaves the screen at its top goes to the history."""
        rows = self.rows
        remember = remember and top == 0
        height = bottom - top + 1
        if count >= height and not remember:
            self.fill_rows(top, bottom + 1, style_id)
            return
        for _ in range(count if count < height else height):
            row = rows.pop(top)
            rows.insert(bottom, self.blank_row(style_id))
            if remember:
                self._remember(row)

    def scroll_down(self, top: int, bottom: int, count: int, style_id: int) -> None:
        if count > bottom - top:
            self.fill_rows(top, bottom + 1, style_id)
            return
        for _ in range(count):
            del self.rows[bottom]
            self.rows.insert(top, self.blank_row(style_id))

    def erase(self, y: int, start: int, end: int, style_id: int) -> None:
        """Blank the cells start..end-1 of a row, and the other halves of wide characters cut by that."""
        row = self.rows[y]
        if start >= end or row.is_filled(" ", style_id):
            return
        self.split_wide(row.text, start)
        self.split_wide(row.text, end)
        row.text[start:end] = " " * (end - start)
        row.styles[start:end] = array(type_code, (style_id,)) * (end - start)
        row.version = self._stamp()
        if end == self.columns:
            row.wrapped = False

    def fill_rows(self, start: int, end: int, style_id: int, character: str = " ") -> None:
        """Every cell of the rows start..end-1 that character in that style."""
        for y in range(start, end):
            if not self.rows[y].is_filled(character, style_id):
                self.rows[y] = self.blank_row(style_id, character)

    def insert_cells(self, y: int, x: int, count: int, style_id: int) -> None:
        """Shift the cells from x right; what leaves the row is lost."""
        row = self.rows[y]
        count = min(count, self.columns - x)
        self.split_wide(row.text, x)
        self.split_wide(row.text, self.columns - count)
        row.text[x:] = [" "] * count + row.text[x : self.columns - count]
        row.styles[x:] = array(type_code, (style_id,)) * count + row.styles[x : self.columns - count]
        row.version = self._stamp()

    def delete_cells(self, y: int, x: int, count: int, style_id: int) -> None:
        """Shift the cells after x+count left; blanks come in at the right."""
        row = self.rows[y]
        count = min(count, self.columns - x)
        self.split_wide(row.text, x)
        self.split_wide(row.text, x + count)
        row.text[x:] = row.text[x + count :] + [" "] * count
        row.styles[x:] = row.styles[x + count :] + array(type_code, (style_id,)) * count
        row.version = self._stamp()
        row.wrapped = False

    @staticmethod
    def split_wide(text: list[str], x: int) -> None:
        """Blank both halves of a wide character that the edge before cell x cuts in two."""
        if x < len(text) and not text[x]:
            text[x - 1] = text[x] = " "

    def forget_history(self) -> None:
        self.history.clear()

    def resize(self, columns: int, lines: int, cursor_y: int) -> int:
        """Change the size, keeping the cursor's row on the screen; the row the cursor is in afterwards.

        Narrower rows are cut, wider ones get blanks. Fewer lines drop blank rows below the cursor, then push rows from
        the top into the history; more lines take them back.
        """
        if columns != self.columns:
            self.columns = columns
            for row in self.rows:
                self._fit(row)
        while len(self.rows) > lines:
            if len(self.rows) - 1 > cursor_y and (cursor_y == 0 or self._is_blank(self.rows[-1])):
                del self.rows[-1]
            else:
                self._remember(self.rows.pop(0))
                cursor_y -= 1
        while len(self.rows) < lines and self.history:
            row = self.history.pop().thaw()
            self._fit(row)
            self.rows.insert(0, row)
            self.scrolled -= 1
            cursor_y += 1
        while len(self.rows) < lines:
            self.rows.append(self.blank_row(0))
        self.lines = lines
        return cursor_y

    def _remember(self, row: Row) -> None:
        if self.history.maxlen:
            self.history.append(PastRow(row))
            self.scrolled += 1

    @staticmethod
    def _is_blank(row: Row) -> bool:
        return not "".join(row.text).strip(" ") and not any(row.styles)

    def _fit(self, row: Row) -> None:
        missing = self.columns - len(row.text)
        if missing == 0:
            return
        if missing > 0:
            row.text += [" "] * missing
            row.styles.extend(array(type_code, (0,)) * missing)
        else:
            self.split_wide(row.text, self.columns)
            del row.text[self.columns :]
            del row.styles[self.columns :]
        row.wrapped = False
        row.version = self._stamp()
