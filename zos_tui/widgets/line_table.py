"""A table drawn line by line: title, headings, rows, one selected row. The base of every live list.

Rules of this file
- Rows are values; `show_rows` compares and redraws only the lines that differ.
- Columns that do not fit are left out, the least important first; one column takes the room that is left.
- It scrolls by itself, without a scrollbar: the title says which rows are in view.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from zos_tui.figures import shortened, shortened_from_left


class Column(NamedTuple):
    """`width` in cells; `rank` 0 always stays, higher ranks go first; a `flexible` column takes what is left."""

    title: str
    width: int
    rank: int = 0
    right: bool = False
    flexible: bool = False


class Cell(NamedTuple):
    """A text and the tone it is drawn in: one of `LineTable.TONES`. `lost` and `faded` are struck through.

    Of one that is too long the beginning is shown, or with `keeps_end` its end.
    """

    text: str
    tone: str = "plain"
    keeps_end: bool = False


class Row(NamedTuple):
    """`key` names the row from one snapshot to the next."""

    key: Hashable
    cells: tuple[Cell, ...]


HEADER_LINES = 2


def fitting(columns: Sequence[Column], width: int) -> list[int]:
    """Indexes of the columns that fit in `width` cells with one cell between them."""
    chosen = list(range(len(columns)))
    while sum(columns[i].width + 1 for i in chosen) > width:
        worst = max(chosen, key=lambda i: (columns[i].rank, i))
        if columns[worst].rank == 0:
            break
        chosen.remove(worst)
    return chosen


class LineTable(Widget, can_focus=True):
    """Shows rows. Posts `Highlighted` when the selection moves and `Chosen` on Enter or a second click."""

    TONES: ClassVar[tuple[str, ...]] = ("plain", "quiet", "good", "warn", "bad", "name", "lost", "faded")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line-table--title",
        "line-table--title-focused",
        "line-table--heading",
        "line-table--selected",
        "line-table--selected-quiet",
        *(f"line-table--{tone}" for tone in TONES),
    }
    DEFAULT_CSS = """
    LineTable {
        background: $surface;
        color: $foreground;
        height: 1fr;
        & > .line-table--title { background: $panel; color: $text-quiet; text-style: bold; }
        & > .line-table--title-focused { background: $primary; color: $on-primary; text-style: bold; }
        & > .line-table--heading { color: $text-quiet; }
        & > .line-table--selected { background: $selected; text-style: bold; }
        & > .line-table--selected-quiet { background: $selected-quiet; }
        & > .line-table--plain { color: $foreground; }
        & > .line-table--quiet { color: $text-quiet; }
        & > .line-table--good { color: $success; }
        & > .line-table--warn { color: $warning; }
        & > .line-table--bad { color: $error; }
        & > .line-table--name { color: $primary; }
        & > .line-table--lost { color: $error; text-style: bold strike; }
        & > .line-table--faded { color: $text-quiet; text-style: strike; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "move(-1000000)", show=False),
        Binding("end,G", "move(1000000)", show=False),
        Binding("enter", "choose", show=False),
    ]

    class Highlighted(Message):
        """The selected row is another one, or was selected by hand."""

        def __init__(self, table: LineTable, key: Hashable) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> LineTable:
            return self.table

    class Chosen(Highlighted):
        """Enter, or a click on the row that was selected already."""

    heading = reactive("", init=False)

    def __init__(self, columns: Sequence[Column], heading: str, empty: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.set_reactive(LineTable.heading, heading)
        self.empty = empty
        self.rows: tuple[Row, ...] = ()
        self.selected: Hashable = None
        self._top = 0
        self._styles: dict[tuple[str, ...], Style] = {}

    # --- content ------------------------------------------------------------------------------------------------

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Draw these rows; the selection stays with its key, or goes to the nearest row that is left."""
        before, self.rows = self.rows, tuple(rows)
        previous = next((i for i, row in enumerate(before) if row.key == self.selected), None)
        if self.selected is None:
            previous = 0
        if previous is not None and self.rows and all(row.key != self.selected for row in self.rows):
            self._select(min(previous, len(self.rows) - 1))
        self._keep_in_view()
        if len(before) != len(self.rows):
            self.refresh()
            return
        for index, (old, new) in enumerate(zip(before, self.rows, strict=True)):
            if old != new:
                self._refresh_row(index)

    def select(self, key: Hashable) -> None:
        """Select the row with this key, without a message; one that is not shown yet is selected when it comes."""
        if key == self.selected:
            return
        self.selected = key
        self._keep_in_view()
        self.refresh()

    @property
    def index(self) -> int:
        return next((i for i, row in enumerate(self.rows) if row.key == self.selected), 0)

    # --- selection ----------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        if self.rows:
            self._select(max(0, min(len(self.rows) - 1, self.index + by)))

    def action_page(self, direction: int) -> None:
        self.action_move(direction * max(1, self._room - 1))

    def action_choose(self) -> None:
        if self.rows:
            self.post_message(self.Chosen(self, self.selected))

    def _select(self, index: int) -> None:
        key = self.rows[index].key
        if key == self.selected:
            return
        self.selected = key
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Highlighted(self, key))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        index = self._top + event.y - HEADER_LINES
        if event.y < HEADER_LINES or index >= len(self.rows):
            return
        if self.rows[index].key == self.selected:
            self.action_choose()
        else:
            self._select(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -3)

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        event.stop()
        top = max(0, min(self._top + by, len(self.rows) - self._room))
        if top != self._top:
            self._top = top
            self.refresh()

    @property
    def _room(self) -> int:
        return max(1, self.size.height - HEADER_LINES)

    def _keep_in_view(self) -> None:
        index, room = self.index, self._room
        if index < self._top:
            top = index
        elif index >= self._top + room:
            top = index - room + 1
        else:
            top = min(self._top, max(0, len(self.rows) - room))
        if top != self._top:
            self._top = top
            self.refresh()

    # --- drawing ------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._keep_in_view()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def _refresh_row(self, index: int) -> None:
        y = index - self._top + HEADER_LINES
        if HEADER_LINES <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _style(self, *names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            style = self._styles[names] = Style.combine(
                self.get_component_rich_style(f"line-table--{name}", partial=i > 0) for i, name in enumerate(names)
            )
        return style

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._title_line(width)
        if y == 1:
            cells = tuple(Cell(column.title) for column in self.columns)
            return self._line(cells, width, "heading")
        index = self._top + y - HEADER_LINES
        if index < len(self.rows):
            row = self.rows[index]
            if row.key == self.selected:
                return self._line(row.cells, width, "selected" if self.has_focus else "selected-quiet", marked=True)
            return self._line(row.cells, width, "plain")
        text = f" {self.empty}" if not self.rows and y == HEADER_LINES else ""
        return Strip([Segment(set_cell_size(text, width), self._style("quiet"))], width)

    def _title_line(self, width: int) -> Strip:
        style = self._style("title-focused" if self.has_focus else "title")
        note = str(len(self.rows)) if self.rows else ""
        if len(self.rows) > self._room:
            note = f"{self._top + 1}-{min(self._top + self._room, len(self.rows))} of {len(self.rows)}"
        room = max(0, width - len(note) - 1)
        return Strip([Segment(set_cell_size(shortened(f" {self.heading}", room), room) + note + " ", style)], width)

    def _line(self, cells: tuple[Cell, ...], width: int, base: str, *, marked: bool = False) -> Strip:
        chosen = fitting(self.columns, width - 1)
        spare = width - 1 - sum(self.columns[i].width + 1 for i in chosen)
        ground = self._style(base)
        segments = [Segment("▌" if marked else " ", self._style(base, "name") if marked else ground)]
        for i in chosen:
            column, cell = self.columns[i], cells[i]
            room = column.width + (max(0, spare) if column.flexible else 0)
            cut = shortened_from_left if cell.keeps_end else shortened
            text = cell.text.rjust(room) if column.right else cut(cell.text, room)
            plain = base == "heading" or cell.tone == "plain"
            segments.append(Segment(set_cell_size(text, room) + " ", ground if plain else self._style(base, cell.tone)))
        return Strip(segments).adjust_cell_length(width, ground)
