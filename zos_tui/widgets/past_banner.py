"""The banner of the past: a frame over everything that says what is on the screen, and how to leave."""

from __future__ import annotations

from textual.widgets import Static


class PastBanner(Static):
    """Shows one line in a frame with a title. What goes on is at the frame's lower edge."""

    DEFAULT_CSS = """
    PastBanner {
        height: 3;
        padding: 0 1;
        background: $panel;
        color: $foreground;
        border: heavy $accent;
        border-title-color: $accent;
        border-title-style: bold;
        border-subtitle-color: $foreground;
        text-style: bold;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.line = self.doing = ""

    def show(self, title: str, line: str, doing: str = "") -> None:
        self.border_title, self.border_subtitle = title, doing.replace("[", "\\[")
        if line != self.line:
            self.line = line
            self.update(line)
        self.doing = doing
