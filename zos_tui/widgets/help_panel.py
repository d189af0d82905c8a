"""The help page: every command with its key, made from the table of commands; any of Escape, q, F1, Enter closes it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from zos_tui.commands import COMMANDS, key_label
from zos_tui.widgets.modal import Modal

INTRODUCTION = (
    "Every key goes to the program in the focused terminal, except the leader, {leader}. "
    "Press {leader}, then one of these keys. {leader} twice sends {leader} itself to the program."
)
MOUSE = (
    ("click a tab", "switch to it; middle button closes it; + opens one"),
    ("drag", "select text; it is copied when you let go (Shift where a program uses the mouse)"),
    ("wheel", "scroll back; any key returns to the prompt"),
    ("click a row", "select a process or a capability"),
)


class HelpPanel(Modal[None]):
    DEFAULT_CSS = """
    HelpPanel {
        align: center middle;
        background: $background 60%;
        & > VerticalScroll {
            width: 78;
            max-width: 96%;
            height: auto;
            max-height: 92%;
            background: $panel;
            border: round $primary;
            border-title-color: $primary;
            border-title-style: bold;
            padding: 0 2;
            scrollbar-size-vertical: 1;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,enter,question_mark", "dismiss", "Close")]

    def __init__(self, leader: str) -> None:
        super().__init__()
        self._leader = key_label(leader)

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Static(self._page())

    def _page(self) -> Text:
        strong = f"bold {self.app.theme_variables['primary']}"
        quiet = self.app.theme_variables["text-quiet"]
        page = Text(INTRODUCTION.format(leader=self._leader))
        group = ""
        for command in COMMANDS:
            if command.group != group:
                group = command.group
                page.append(f"\n\n{group.upper()}", style=f"bold {quiet}")
            keys = " ".join(key_label(key) for key in command.keys)
            page.append(f"\n{keys:>7}  ", style=strong).append(command.help)
        page.append(f"\n{'1-9':>7}  ", style=strong).append("Go to that tab")
        page.append("\n\nMOUSE", style=f"bold {quiet}")
        for what, does in MOUSE:
            page.append(f"\n{what:>12}  ", style=strong).append(does)
        return page
