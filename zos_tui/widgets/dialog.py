"""What every dialog of the desktop looks like: a framed box in the middle, a title, and a line of keys at its foot."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Static

from zos_tui.widgets.modal import Modal, Result


class Dialog(Modal[Result]):
    """Yields `content()` between its title and `keys`. Escape dismisses it with None."""

    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        background: $background 60%;
        & > #box {
            width: 84;
            max-width: 96%;
            height: auto;
            max-height: 92%;
            background: $panel;
            border: round $primary;
            border-title-color: $primary;
            border-title-style: bold;
            padding: 1 2;
            & > #problem { color: $error; height: auto; display: none; text-style: bold; }
            & > #problem.-shown { display: block; }
            & > #keys { color: $text-quiet; margin-top: 1; height: auto; }
        }
        & .quiet { color: $text-quiet; }
        & .strong { text-style: bold; }
        & LineTable { background: $surface; }
    }
    """
    CSS = """
    Dialog Input { background: $surface; padding: 0 1; }
    Dialog Input:focus { background: $selected; }
    Dialog Select > SelectCurrent { background: $surface; border: none; padding: 0 1; }
    Dialog Select:focus > SelectCurrent { background: $selected; }
    Dialog SelectOverlay { background: $surface; border: round $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        # Before the focused widget sees them: what is typed right after a Tab goes to the next field.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
    ]
    AUTO_FOCUS = ""
    keys = "Esc closes"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title
            yield from self.content()
            yield Static(id="problem", markup=False)
            yield Static(self.keys, id="keys", markup=False)

    def content(self) -> tuple[Widget, ...]:
        """The widgets of this dialog, from top to bottom."""
        return ()

    def complain(self, problem: str) -> None:
        """Show what is wrong in one line; an empty one takes it away."""
        line = self.query_one("#problem", Static)
        line.set_class(bool(problem), "-shown")
        line.update(problem)
