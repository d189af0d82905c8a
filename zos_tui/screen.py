"""A terminal emulator without a terminal: bytes in, rows of styled cells out. No Textual, no clock, no files.

`Screen` is all that a widget uses: `feed` and `resize` change it, everything else reads it. Whatever bytes come, it
neither raises nor grows without bound, and its work is linear in its input.

Where the parts are: `escapes` cuts bytes into text and controls, `controls` says what a control does, `emulation` does
it, `grid` holds a buffer's rows, `cells` the vocabulary of rows and styles, `find` searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from zos_tui import find
from zos_tui.cells import RowView, Style
from zos_tui.controls import compile_control
from zos_tui.emulation import Emulation
from zos_tui.escapes import Tokenizer
from zos_tui.modes import Cursor, CursorShape, Modes
from zos_tui.reports import in_band_size

SCROLLBACK_ROWS = 10_000
MIN_COLUMNS = 2
"""A wide character has to fit."""

MAX_COLUMNS = 4_096
MAX_LINES = 4_096

FEED_CHUNK_BYTES = 65_536
"""Input is taken in pieces of this size, so that one huge write does not multiply in memory."""

MAX_REMEMBERED_CONTROLS = 2_048
MAX_REMEMBERED_LENGTH = 64
"""Compiled controls kept, and the longest one worth keeping: programs repeat the same short ones."""


class Screen:
    """One terminal of `columns` x `lines` cells with `scrollback` rows of history.

    `reply` gets what the terminal answers to the program (attributes, positions, sizes); None drops it.
    """

    def __init__(
        self,
        columns: int,
        lines: int,
        scrollback: int = SCROLLBACK_ROWS,
        reply: Callable[[bytes], None] | None = None,
    ) -> None:
        columns, lines = _clamped(columns, lines)
        self._emulation = Emulation(columns, lines, max(scrollback, 0), reply)
        self._tokenizer = Tokenizer()
        self._actions: dict[str, Callable[[], None]] = {}
        self._taken: list[int] = []

    # Input

    def feed(self, data: bytes) -> None:
        """Console output, cut anywhere."""
        for start in range(0, len(data), FEED_CHUNK_BYTES):
            self._feed_chunk(data[start : start + FEED_CHUNK_BYTES])

    def _feed_chunk(self, data: bytes) -> None:
        actions = self._actions
        show = self._emulation.print
        is_text = True
        for part in self._tokenizer.feed(data):
            if is_text:
                is_text = False
                if part:
                    show(part)
            else:
                is_text = True
                action = actions.get(part)
                if action is None:
                    action = self._compile(part)
                action()

    def _compile(self, token: str) -> Callable[[], None]:
        action = compile_control(self._emulation, token)
        if len(token) <= MAX_REMEMBERED_LENGTH:
            if len(self._actions) >= MAX_REMEMBERED_CONTROLS:
                self._actions.clear()
            self._actions[token] = action
        return action

    def resize(self, columns: int, lines: int) -> None:
        """A new size in cells, clamped to what makes sense; reported in band if the program asked (mode 2048)."""
        columns, lines = _clamped(columns, lines)
        if (columns, lines) == (self.columns, self.lines):
            return
        self._emulation.resize(columns, lines)
        if self.modes.resize_reports:
            in_band_size(self._emulation)

    # Rows

    @property
    def columns(self) -> int:
        return self._emulation.columns

    @property
    def lines(self) -> int:
        return self._emulation.lines

    def row(self, y: int) -> RowView:
        """Row y of the display, 0 at the top."""
        return self._emulation.grid.rows[y]

    def history_row(self, index: int) -> RowView:
        """Row `index` of the scrollback, 0 the oldest. It keeps the width it had when it left the screen."""
        return self._emulation.main.history[index]

    @property
    def history_length(self) -> int:
        """Rows of scrollback; the alternate screen has none of its own and hides it."""
        return 0 if self.alternate else len(self._emulation.main.history)

    @property
    def scrolled(self) -> int:
        """Rows that ever went into the scrollback: row i of it is line `scrolled - history_length + i` for good."""
        return self._emulation.main.scrolled

    def style(self, style_id: int) -> Style:
        """What a row's style id means. Valid while any row shows it."""
        return self._emulation.styles[style_id]

    @property
    def dirty(self) -> set[int]:
        """Display rows whose content differs from what `take_dirty` last handed out. The cursor is not content."""
        taken = self._taken
        rows = self._emulation.grid.rows
        if len(taken) != len(rows):
            return set(range(len(rows)))
        return {y for y, row in enumerate(rows) if row.version != taken[y]}

    def take_dirty(self) -> set[int]:
        """`dirty`, and from here on only what changes next."""
        dirty = self.dirty
        self._taken = [row.version for row in self._emulation.grid.rows]
        return dirty

    def find(self, needle: str, *, case_sensitive: bool = False) -> Iterator[find.Match]:
        """Matches of plain text, top to bottom; line 0 is the oldest row of the scrollback."""
        return find.matches(self._all_rows(), needle, case_sensitive=case_sensitive)

    def _all_rows(self) -> Iterator[RowView]:
        if not self.alternate:
            yield from self._emulation.main.history
        yield from self._emulation.grid.rows

    # State

    @property
    def cursor(self) -> Cursor:
        emulation = self._emulation
        modes = emulation.modes
        x = min(emulation.x, emulation.columns - 1)
        return Cursor(x, emulation.y, modes.cursor_visible, emulation.cursor_shape, modes.cursor_blink)

    @property
    def wrap_pending(self) -> bool:
        """The last column is written and the next character starts a new row."""
        return self._emulation.x >= self._emulation.columns

    @property
    def modes(self) -> Modes:
        """To be read only. A reset by the program puts another object in its place: do not keep it."""
        return self._emulation.modes

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is on show."""
        return self._emulation.modes.alternate_screen

    @property
    def title(self) -> str:
        return self._emulation.title

    @property
    def bell(self) -> int:
        """How often the bell has rung."""
        return self._emulation.bell

    @property
    def clipboard_refusals(self) -> int:
        """How often the program tried to write the host's clipboard (OSC 52), in vain."""
        return self._emulation.clipboard_refusals


def _clamped(columns: int, lines: int) -> tuple[int, int]:
    return min(max(columns, MIN_COLUMNS), MAX_COLUMNS), min(max(lines, 1), MAX_LINES)


__all__ = ["Cursor", "CursorShape", "Modes", "RowView", "Screen", "Style"]
