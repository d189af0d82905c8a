"""The picture of one terminal: an emulator screen drawn row by row, with its scrollback, marks and cursor.

Rules of this file
- Bytes in by `feed_screen`, rows out by `render_line`; it takes no keys and sends nothing.
- A row is painted once a version and kept; only rows that changed are drawn again.
- The scroll position is its own: a virtual size would lay the screen out anew with every line of output.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.cache import LRUCache
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget

from zos_tui.paint import Ink, Mark, MarkColours, Span, paint_row
from zos_tui.screen import MIN_COLUMNS, Screen
from zos_tui.theme import Palette
from zos_tui.viewport import Viewport

KEPT_ROWS = 1024


class TerminalDisplay(Widget):
    """Shows `terminal` through `viewport`. `reply` gets what the terminal answers to its program."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TerminalDisplay {
        width: 1fr;
        height: 1fr;
        background: $background;
        color: $foreground;
    }
    """

    def __init__(
        self, columns: int, lines: int, palette: Palette, reply: Callable[[bytes], None], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.terminal = Screen(max(MIN_COLUMNS, columns), max(1, lines), reply=reply)
        self.viewport = Viewport(self.terminal)
        self.cursor_hidden = False
        self._palette = palette
        self._ink: Ink | None = None
        self._painted: LRUCache[tuple[int, tuple[Span, ...]], Strip] = LRUCache(KEPT_ROWS)
        self._cursor_row = 0

    def feed_screen(self, data: bytes) -> None:
        """Bytes to the emulator; drawn at the next `draw_changes`."""
        # BYTE PATH 9: the terminal widget; bytes become cells here, and the rows they change are drawn next.
        self.terminal.feed(data)

    def use_palette(self, palette: Palette) -> None:
        self._palette = palette
        self.notify_style_update()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._ink = None
        self._painted.clear()

    # --- what to draw again -------------------------------------------------------------------------------------

    def draw_all(self) -> None:
        self.terminal.take_dirty()
        self._cursor_row = self.terminal.cursor.y
        self.refresh()

    def draw_cursor_row(self) -> None:
        self.refresh(Region(0, self._cursor_row, self.size.width, 1))

    def draw_changes(self) -> None:
        """Ask for the rows that changed since the last time, and for those the cursor left and entered."""
        dirty = self.terminal.take_dirty()
        cursor = self.terminal.cursor
        changed = {*dirty, self._cursor_row, cursor.y}
        self._cursor_row = cursor.y
        if not self.display or not self.is_attached:
            return
        if self.viewport.top is not None or len(changed) * 2 > self.size.height:
            self.refresh()
        else:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))
        if self.has_focus:
            self.app.cursor_position = self.region.offset + Offset(cursor.x, cursor.y)

    # --- drawing ------------------------------------------------------------------------------------------------

    def _ready_ink(self) -> Ink:
        if self._ink is None:
            palette = self._palette
            dark, blue, amber = palette.background, palette.base[4], palette.base[3]
            self._ink = Ink(
                palette,
                MarkColours(
                    selection=(palette.base[12], dark),
                    match=(amber, dark),
                    current_match=(palette.base[11], dark),
                    cursor=(blue, dark),
                ),
            )
        return self._ink

    def _cursor_span(self, number: int) -> Span | None:
        cursor = self.terminal.cursor
        if not cursor.visible or self.cursor_hidden or number != self.viewport.bottom + cursor.y:
            return None
        row = self.viewport.row(number)
        wide = row is not None and cursor.x + 1 < len(row.text) and row.text[cursor.x + 1] == ""
        mark = Mark.CURSOR if self.has_focus else Mark.FAINT_CURSOR
        return Span(cursor.x, cursor.x + (2 if wide else 1), mark)

    def render_line(self, y: int) -> Strip:
        ink, width = self._ready_ink(), self.size.width
        number = self.viewport.first_in_view + y
        row = self.viewport.row(number)
        if row is None:
            return Strip([Segment(" " * width, ink.ground)], width)
        spans = self.viewport.spans(number)
        cursor = self._cursor_span(number)
        if cursor is not None:
            spans.append(cursor)
        kept = (row.version, tuple(spans))
        strip = self._painted.get(kept)
        if strip is None:
            strip = Strip(paint_row(row, self.terminal.style, ink, spans), len(row.text))
            self._painted[kept] = strip
        strip = strip.adjust_cell_length(width, ink.ground)
        return self._with_place(strip, ink.ground) if y == 0 and self.viewport.top is not None else strip

    def _with_place(self, strip: Strip, ground: RichStyle) -> Strip:
        """The first line with how far back it is, at its right end."""
        back = self.viewport.bottom - self.viewport.first_in_view
        found = ""
        if self.viewport.current is not None:
            found = f"match {self.viewport.current + 1} of {len(self.viewport.matches)} · "
        note = f" {found}{back} of {self.viewport.bottom - self.viewport.first} lines back "
        room = max(0, self.size.width - len(note))
        label = Segment(note[: self.size.width], ground + RichStyle(reverse=True))
        return Strip([*strip.crop(0, room), label], self.size.width)
