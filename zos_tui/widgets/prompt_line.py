"""One line to type at the bottom of the screen: a new name, a text to search. Dismissed with it, or None on Escape."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from zos_tui.widgets.modal import Modal


class PromptLine(Modal[str | None]):
    DEFAULT_CSS = """
    PromptLine {
        background: transparent;
        align: left bottom;
        & > Horizontal {
            height: 1;
            background: $panel;
            & > Static { width: auto; padding: 0 1; background: $primary; color: $on-primary; text-style: bold; }
        }
    }
    """
    CSS = """
    PromptLine Input { width: 1fr; padding: 0 1; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, label: str, value: str = "") -> None:
        super().__init__()
        self._label = label
        self._value = value

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(self._label, markup=False)
            entry = Input(self._value, select_on_focus=True, compact=True)
            entry.cursor_blink = False
            yield entry

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value)
