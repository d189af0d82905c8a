"""The start dialog: a recent program, a bundled one, or a file that is typed or browsed for.

A bundled program starts at once; a file and a recent start are set up first. Dismissed when something has started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from zos_core.errors import Refused
from zos_core.prompts import harmless
from zos_core.snapshot import ProgramSummary
from zos_tui.figures import shortened, size
from zos_tui.folders import entries, parent
from zos_tui.ports import Program
from zos_tui.starts import Start, absolute, is_path
from zos_tui.typed import parse_words
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.path_input import PathInput
from zos_tui.widgets.setup_dialog import BeginStart, SetupDialog, summary_of_start

NAME_CELLS = 22
ABOUT_CELLS = 46
MAX_LINES = 20
HERE = "./"
LookAt = Callable[[str], ProgramSummary]
"""What a program is, from its name or path; called from a thread. Raises `Refused`."""
Choice = Start | str
"""What a line of the list stands for: a start, or what to type for a folder."""


class SpawnDialog(Dialog[bool | None]):
    """`begin` starts something and raises `Refused`; `recent` is the newest first."""

    DEFAULT_CSS = """
    SpawnDialog {
        & > #box { width: 80; padding: 0 2; }
        & OptionList { margin-top: 1; }
    }
    """
    CSS = """
    SpawnDialog OptionList { background: $panel; border: none; padding: 0; }
    SpawnDialog OptionList > .option-list--option-highlighted { background: $selected-quiet; color: $foreground; }
    SpawnDialog OptionList:focus > .option-list--option-highlighted { background: $selected; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "into_list", show=False),
        Binding("ctrl+o", "set_up", "Set up", priority=True),
        Binding("backspace", "up_a_folder", show=False),
    ]
    AUTO_FOCUS = "Input"
    keys = "Enter starts or opens · ↓ list · → completes · ^O options · Esc closes"

    def __init__(self, programs: Sequence[Program], recent: Sequence[Start], look: LookAt, begin: BeginStart) -> None:
        super().__init__("Start a program")
        self._programs = tuple(programs)
        self._recent = tuple(recent)
        self._look = look
        self._begin = begin
        self._choices: list[Choice] = []

    def content(self) -> tuple[Widget, ...]:
        entry = PathInput(placeholder="a name below, or path/to/program.wasm, and arguments")
        return entry, OptionList(*self._options(""), compact=True, markup=False)

    # --- the list -----------------------------------------------------------------------------------------------

    def _options(self, typed: str) -> list[Option]:
        lines = list(self._files(typed) if is_path(typed) or typed.startswith(".") else self._known(typed))
        self._choices = [choice for _, choice in lines]
        return [Option(line) for line, _ in lines]

    def _known(self, typed: str) -> list[tuple[Text, Choice]]:
        """Recent starts, the way to files, bundled programs: those that have the typed word in their name."""
        word = typed.split(maxsplit=1)[0].lower() if typed.split() else ""
        lines: list[tuple[Text, Choice]] = [
            (self._line(harmless(each.label), f"recent · {harmless(summary_of_start(each))}".rstrip(" ·")), each)
            for each in self._recent
            if word in each.label.lower()
        ]
        if not word:
            lines.append((self._line("Browse files…", "or type a path"), HERE))
        lines += [
            (self._line(each.name, each.description or each.title), Start(each.name))
            for each in self._programs
            if word in each.name.lower()
        ]
        return lines

    def _files(self, typed: str) -> list[tuple[Text, Choice]]:
        """The folder that is typed: the one above, folders, then programs."""
        lines: list[tuple[Text, Choice]] = [(self._line("../", "the folder above"), parent(typed))]
        for each in entries(typed):
            if each.is_folder:
                lines.append((self._line(f"{each.name}/", ""), each.path))
            else:
                lines.append((self._line(each.name, size(each.size)), Start(absolute(each.path))))
        return lines

    @staticmethod
    def _line(name: str, about: str) -> Text:
        shown = shortened(name, NAME_CELLS - 1)
        return Text.assemble((f"{shown:<{NAME_CELLS}}", "bold"), shortened(about, ABOUT_CELLS))

    def on_mount(self) -> None:
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def on_screen_suspend(self) -> None:
        """One box at a time: the setup has the place, and what was typed here is still here afterwards."""
        self.query_one("#box").display = False

    def on_screen_resume(self) -> None:
        self.query_one("#box").display = True

    def _fit(self) -> None:
        """As much of the list as the screen takes; the same whatever is in it, so that nothing jumps."""
        self.query_one(OptionList).styles.height = min(MAX_LINES, max(3, self.size.height * 92 // 100 - 8))

    def _fill(self, typed: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(self._options(typed))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._fill(event.value)
        self.complain("")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        choice = self._choices[event.option_index]
        if isinstance(choice, str):
            self._go_to(choice)
        else:
            self._choose(choice, set_up=is_path(choice.program) or choice in self._recent)

    def _go_to(self, folder: str) -> None:
        """Show a folder; the list keeps the focus."""
        entry, options = self.query_one(Input), self.query_one(OptionList)
        with entry.prevent(Input.Changed):
            entry.value = folder
        self._fill(folder)
        self.complain("")
        self.set_focus(options)
        options.highlighted = 1 if options.option_count > 1 else 0

    def action_into_list(self) -> None:
        options = self.query_one(OptionList)
        self.set_focus(options)  # At once: the next key is for the list.
        if options.highlighted is None:
            options.highlighted = 0

    def action_up_a_folder(self) -> None:
        typed = self.query_one(Input).value
        if is_path(typed) or typed.startswith("."):
            self._go_to(parent(typed))

    # --- choosing -----------------------------------------------------------------------------------------------

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._take_typed(set_up=False)

    def action_set_up(self) -> None:
        """Set up what is highlighted in the list, or what is typed."""
        options = self.query_one(OptionList)
        if options.has_focus and options.highlighted is not None:
            choice = self._choices[options.highlighted]
            if isinstance(choice, Start):
                self._choose(choice, set_up=True)
            return
        self._take_typed(set_up=True)

    def _take_typed(self, *, set_up: bool) -> None:
        typed = self.query_one(Input).value.strip()
        if is_path(typed) and Path(typed).expanduser().is_dir():
            self._go_to(typed.rstrip("/") + "/")
            return
        try:
            start = self._typed_start(typed)
        except ValueError as error:
            self.complain(str(error))
            return
        self._choose(start, set_up=set_up or is_path(start.program))

    def _typed_start(self, typed: str) -> Start:
        """A file whose name may have spaces, or words of which the first is a program. Raises ValueError."""
        if is_path(typed) and Path(typed).expanduser().is_file():
            return Start(absolute(typed))
        words = parse_words(typed)
        if not words:
            raise ValueError("Type a program, or choose one with ↓")
        program, args = words[0], words[1:]
        matches = [each.name for each in self._programs if program.lower() in each.name.lower()]
        if len(matches) == 1 and not is_path(program):
            program = matches[0]
        return Start(absolute(program), args)

    def _choose(self, start: Start, *, set_up: bool) -> None:
        if set_up:
            self.run_worker(self._set_up(start), exclusive=True, name=f"look at {start.program}")
            return
        try:
            self._begin(start)
        except Refused as refusal:
            self.complain(str(refusal))
            return
        self.dismiss(True)

    async def _set_up(self, start: Start) -> None:
        """Look at the program in a thread, since a large one takes a while, and ask for the rest."""
        try:
            summary = await asyncio.to_thread(self._look, start.program)
        except Refused as refusal:
            self.complain(str(refusal))
            return
        if self.is_current:
            self.app.push_screen(SetupDialog(summary, start, self._begin), self._after_setup)

    def _after_setup(self, started: bool | None) -> None:
        if started:
            self.dismiss(True)
