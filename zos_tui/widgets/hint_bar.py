"""The leader's hint bar: a modal strip over the bottom of the screen that shows what the next key would do.

It is dismissed with the name of a command, `tab:3` for a digit, `leader` for the leader pressed twice, or None.
"""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.widgets import Static

from zos_tui.commands import COMMANDS, command_for_key, key_label
from zos_tui.widgets.modal import Modal

LEADER_TWICE = "leader"
COLUMN_CELLS = 26


class HintBar(Modal[str | None]):
    DEFAULT_CSS = """
    HintBar {
        background: transparent;
        align: left bottom;
        & > #hints {
            width: 100%;
            height: auto;
            max-height: 14;
            background: $panel;
            color: $foreground;
            border-top: solid $primary;
            border-title-color: $primary;
            border-title-style: bold;
        }
    }
    """
    AUTO_FOCUS = None

    def __init__(self, leader: str) -> None:
        super().__init__()
        self._leader = leader

    def compose(self) -> ComposeResult:
        yield Static(id="hints")

    def on_mount(self) -> None:
        self.query_one("#hints").border_title = f"{key_label(self._leader)} then…"
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        hints = [(key_label(command.keys[0]), command.title) for command in COMMANDS if command.hint]
        hints += [("1-9", "Go to tab"), (key_label(self._leader), "Send to program")]
        columns = max(1, (self.size.width - 2) // COLUMN_CELLS)
        rows = -(-len(hints) // columns)
        lines = Text(no_wrap=True)
        strong, plain = self._colour("primary"), self._colour("foreground")
        for row in range(rows):
            for at in range(row, len(hints), rows):
                column = hints[at - row : at - row + rows]
                keys, (key, title) = max(len(label) for label, _title in column), hints[at]
                lines.append(f" {key:>{keys}} ", style=f"bold {strong}")
                lines.append(f"{title:<{COLUMN_CELLS - keys - 2}}", style=plain)
            lines.append("\n" if row < rows - 1 else "")
        self.query_one("#hints", Static).update(lines)

    def _colour(self, variable: str) -> str:
        return self.app.theme_variables[variable]

    async def _on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == self._leader:
            self.dismiss(LEADER_TWICE)
        else:
            self.dismiss(command_for_key(event.key))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.dismiss(None)
