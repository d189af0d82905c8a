"""A box to tick, `[x] write`: on and off differ by what is in it, not by colour alone."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Checkbox


class Tick(Checkbox):
    DEFAULT_CSS = """
    Tick.-textual-compact {
        width: auto;
        background: transparent;
        &:focus { border: none; background: $selected; background-tint: $background 0%; text-style: bold; }
    }
    """

    def __init__(self, label: str, value: bool = False, *, id: str | None = None) -> None:
        super().__init__(label, value, id=id, compact=True)

    def render(self) -> Content:
        return Content.assemble("[x] " if self.value else "[ ] ", self.label)
