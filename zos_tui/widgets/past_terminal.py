"""A terminal as it was: of the size its program knew, drawn about its cursor; it takes no input."""

from __future__ import annotations

from textual import events
from textual.strip import Strip

from zos_core.snapshot import ConsoleMode
from zos_tui.screen import Screen
from zos_tui.theme import Palette
from zos_tui.viewport import Viewport
from zos_tui.widgets.terminal_view import TerminalView


class PastTerminal(TerminalView):
    """What is typed leaves as `Typed`, for whoever says that it cannot be."""

    def __init__(self, key: int, columns: int, lines: int, palette: Palette) -> None:
        super().__init__(key, columns, lines, palette, ConsoleMode.RAW)
        self._known: tuple[int, int] | None = None

    def begin_anew(self) -> None:
        """An empty terminal of the same size."""
        self.terminal = Screen(self.terminal.columns, self.terminal.lines)
        self.viewport = Viewport(self.terminal)
        self.finished = self.cursor_hidden = self.reading = False
        self.draw_all()

    def set_size(self, known: tuple[int, int] | None) -> None:
        """(columns, lines) as its program was told; None for what there is room for."""
        if known is not None and known != self._known:
            self._known = known
            self.terminal.resize(*known)

    def on_resize(self, event: events.Resize) -> None:
        event.prevent_default()
        if self._known is None and event.size.width and event.size.height:
            self.terminal.resize(event.size.width, event.size.height)
        self.draw_all()

    def _reply(self, data: bytes) -> None:
        """Its program was answered then."""

    def draw_changes(self) -> None:
        self.draw_all()

    def render_line(self, y: int) -> Strip:
        return super().render_line(y + self._above)

    @property
    def _above(self) -> int:
        """Rows of a terminal greater than the room for it that are left out, so that its cursor is in view."""
        if self.viewport.top is not None:
            return 0
        hidden = self.terminal.lines - self.size.height
        return max(0, min(hidden, self.terminal.cursor.y - self.size.height + 1))
