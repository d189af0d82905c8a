"""A question with two answers. It is dismissed with True only for a deliberate yes; everything else is no."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from zos_tui.widgets.modal import Modal


class Confirm(Modal[bool]):
    """`question` in one line, `details` a line each, `yes` what the dangerous button says."""

    DEFAULT_CSS = """
    Confirm {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 60;
            max-width: 90%;
            height: auto;
            background: $panel;
            border: round $primary;
            padding: 1 2;
            & > #question { text-style: bold; }
            & > #details { color: $text-quiet; margin-top: 1; }
            & > Horizontal { height: auto; margin-top: 1; align: right middle; }
        }
    }
    """
    CSS = """
    Confirm Button { margin-left: 2; min-width: 12; background: $surface; color: $foreground; text-style: none; }
    Confirm Button:focus { background: $primary; color: $on-primary; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
        Binding("left,right", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, question: str, details: tuple[str, ...] = (), yes: str = "Yes") -> None:
        super().__init__()
        self._question = question
        self._details = details
        self._yes = yes

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._question, id="question", markup=False)
            if self._details:
                yield Static("\n".join(self._details), id="details", markup=False)
            with Horizontal():
                yield Button("No (n)", id="no", compact=True)
                yield Button(f"{self._yes} (y)", id="yes", compact=True)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")
