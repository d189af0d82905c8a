"""The field for rights: `r w g` in fixed columns, each on or off, and never wider than what may be given."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from zos_core.abi import Rights

COLUMNS = ((Rights.READ, "r", "read"), (Rights.WRITE, "w", "write"), (Rights.GRANT, "g", "grant"))
COLUMN_CELLS = 13


class RightsField(Widget, can_focus=True):
    """`value` is always within `allowed`. The keys r, w and g switch; so do Space under the mark and a click."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rights-field--on", "rights-field--absent", "rights-field--at"}
    DEFAULT_CSS = """
    RightsField {
        height: 1;
        width: 1fr;
        background: $surface;
        padding: 0 1;
        &:focus { background: $selected; }
        & > .rights-field--on { color: $success; text-style: bold; }
        & > .rights-field--absent { color: $text-quiet; text-style: dim; }
        & > .rights-field--at { text-style: underline; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "switch(0)", show=False),
        Binding("w", "switch(1)", show=False),
        Binding("g", "switch(2)", show=False),
        Binding("space", "switch_here", show=False),
        Binding("left", "go(-1)", show=False),
        Binding("right", "go(1)", show=False),
    ]

    class Changed(Message):
        """Another choice of rights."""

    def __init__(self, value: Rights, allowed: Rights = Rights.ALL, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.allowed = allowed
        self.value = value & allowed
        self._at = 0

    def allow(self, allowed: Rights, value: Rights) -> None:
        """Another bound, and what to start from within it."""
        self.allowed, self.value = allowed, value & allowed
        self.refresh()

    def action_switch(self, column: int) -> None:
        right = COLUMNS[column][0]
        self._at = column
        if right & self.allowed:
            self.value ^= right
            self.post_message(self.Changed())
        self.refresh()

    def action_switch_here(self) -> None:
        self.action_switch(self._at)

    def action_go(self, by: int) -> None:
        self._at = (self._at + by) % len(COLUMNS)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.focus()
        column = (event.x - 1) // COLUMN_CELLS
        if 0 <= column < len(COLUMNS):
            self.action_switch(column)

    def render_line(self, y: int) -> Strip:
        base, segments = self.rich_style, []
        for column, (right, letter, word) in enumerate(COLUMNS):
            on, allowed = bool(right & self.value), bool(right & self.allowed)
            style = base
            if not allowed:
                style = base + self.get_component_rich_style("rights-field--absent")
            elif on:
                style = base + self.get_component_rich_style("rights-field--on")
            mark = f"[{letter if on else '-'}]" if allowed else " - "
            here = self.has_focus and column == self._at
            named = style + self.get_component_rich_style("rights-field--at") if here else style
            segments += [Segment(f"{mark} ", style), Segment(word, named)]
            segments.append(Segment(" " * (COLUMN_CELLS - len(word) - 4), base))
        return Strip(segments).adjust_cell_length(self.size.width, base)
