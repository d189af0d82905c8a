"""The start dialog: choose a bundled program or type one with its arguments. Dismissed with words, or None."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from zos_tui.figures import shortened
from zos_tui.ports import Program
from zos_tui.widgets.modal import Modal

NAME_CELLS = 14
ABOUT_CELLS = 48


class SpawnDialog(Modal[tuple[str, ...] | None]):
    """The result is `(program, *args)`; a program is a bundled name or a path to a `.wasm` or `.wat` file."""

    DEFAULT_CSS = """
    SpawnDialog {
        align: center middle;
        background: $background 60%;
        & > Vertical {
            width: 72;
            max-width: 95%;
            height: auto;
            max-height: 90%;
            background: $panel;
            border: round $primary;
            border-title-color: $primary;
            border-title-style: bold;
            padding: 1 2;
            & > #problem { color: $error; height: auto; display: none; }
            & > #problem.-shown { display: block; }
            & > #keys { color: $text-quiet; margin-top: 1; }
        }
    }
    """
    CSS = """
    SpawnDialog Input { background: $surface; padding: 0 1; }
    SpawnDialog Input:focus { background: $selected; }
    SpawnDialog OptionList { height: auto; max-height: 14; margin-top: 1; background: $panel; }
    SpawnDialog OptionList > .option-list--option-highlighted { background: $selected-quiet; color: $foreground; }
    SpawnDialog OptionList:focus > .option-list--option-highlighted { background: $selected; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("down", "into_list", show=False),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, programs: Sequence[Program]) -> None:
        super().__init__()
        self._programs = tuple(programs)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Start a program"
            entry = Input(placeholder="a name below, or path/to/program.wasm, and arguments", compact=True)
            entry.cursor_blink = False
            yield entry
            yield Static(id="problem", markup=False)
            yield OptionList(*self._options(""), compact=True)
            yield Static("Enter starts · ↓ list · Esc cancels", id="keys", markup=False)

    def _options(self, typed: str) -> list[Option]:
        words = typed.split()
        wanted = words[0].lower() if words else ""
        options = []
        for program in self._programs:
            if wanted in program.name.lower():
                about = shortened(program.description or program.title, ABOUT_CELLS)
                line = Text.assemble((f"{shortened(program.name, NAME_CELLS - 1):<{NAME_CELLS}}", "bold"), about)
                options.append(Option(line, id=program.name))
        return options

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._options(event.value))
        self._say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            words = shlex.split(event.value)
        except ValueError as error:
            self._say(f"{error}".capitalize())
            return
        if not words:
            self._say("Type a program, or choose one with ↓")
            return
        matches = [program.name for program in self._programs if words[0].lower() in program.name.lower()]
        exact = any(program.name == words[0] for program in self._programs)
        if len(matches) == 1 and not exact and "/" not in words[0] and "." not in words[0]:
            words[0] = matches[0]
        self.dismiss(tuple(words))

    def _say(self, problem: str) -> None:
        line = self.query_one("#problem", Static)
        line.set_class(bool(problem), "-shown")
        line.update(problem)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option.id:
            self.dismiss((event.option.id,))

    def action_into_list(self) -> None:
        self.query_one(OptionList).focus()
