"""After a pause of the recording: keep what happened meanwhile, or end the recording where the pause began.

Dismissed with True to keep it, False to end the recording, None to stay paused.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button, Static

from zos_tui.widgets.dialog import Dialog

EXPLANATION = (
    "A recording can only be replayed if it has every step. What happened since the pause waits in memory: "
    "keep it too, or let the recording end where the pause began."
)


class ResumeDialog(Dialog[bool | None]):
    DEFAULT_CSS = """
    ResumeDialog {
        & > #box { width: 68; }
        & #explanation { height: auto; }
        & Horizontal { height: auto; margin-top: 1; }
    }
    """
    CSS = """
    ResumeDialog Button { margin-right: 2; min-width: 12; background: $surface; color: $foreground; text-style: none; }
    ResumeDialog Button:focus { background: $primary; color: $on-primary; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "dismiss(True)", "Keep"),
        Binding("e", "dismiss(False)", "End"),
        Binding("left,right", "app.focus_next", show=False),
    ]
    AUTO_FOCUS = "#stay"
    keys = "k keeps it · e ends the recording · Esc stays paused"

    def __init__(self) -> None:
        super().__init__("The recording is paused")

    def content(self) -> tuple[Widget, ...]:
        return (
            Static(EXPLANATION, id="explanation", markup=False),
            Horizontal(
                Button("Stay paused", id="stay", compact=True),
                Button("Keep it too (k)", id="keep", compact=True),
                Button("End it there (e)", id="end", compact=True),
            ),
        )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss({"keep": True, "end": False}.get(event.button.id or ""))
