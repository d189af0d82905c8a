"""The second step of a start: what the chosen program is, and what a person gives it.

It stays open, with all that was typed, until the start goes well. Dismissed with True then, with None to go back.
"""

from __future__ import annotations

from collections.abc import Callable
from shlex import join
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Input, TextArea

from zos_core.abi import Rights
from zos_core.errors import Refused
from zos_core.snapshot import ProgramSummary, rights_text
from zos_core.wasi.directories import same_guest
from zos_tui.starts import Start
from zos_tui.typed import parse_memory, parse_variables, parse_words, size_field
from zos_tui.widgets.authority_form import Field, entry
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.directory_rows import DirectoryRow, DirectoryRows, Wanted
from zos_tui.widgets.program_about import ProgramAbout

BeginStart = Callable[[Start], None]
"""Begins a start. Raises `Refused`."""


def wanted_directories(summary: ProgramSummary, start: Start) -> list[Wanted]:
    """Rows to begin with: what the start already gives, then what the manifest asks for besides."""
    rows = [Wanted(each.guest, each.perms, str(each.host)) for each in start.directories]
    for request in summary.requests:
        if request.directory is not None and not any(same_guest(row.guest, request.directory) for row in rows):
            rows.append(Wanted(request.directory, request.perms, "", request.required))
    return rows


class SetupForm(VerticalScroll, can_focus=False):
    DEFAULT_CSS = """
    SetupForm {
        height: auto;
        & Field { margin-bottom: 0; }
        & Field > .label { width: 13; }
        & Field > #environ { width: 1fr; height: 3; border: none; padding: 0; background: $surface; }
        & Field > #environ:focus { background: $selected; }
        & Field > DirectoryRows { width: 1fr; }
        & #memory { max-width: 10; }
        & .tall { height: auto; }
    }
    """

    def __init__(self, summary: ProgramSummary, start: Start) -> None:
        super().__init__(id="form")
        self._summary = summary
        self._start = start

    def compose(self) -> ComposeResult:
        start = self._start
        yield ProgramAbout(self._summary, stub=start.stub_imports)
        yield Field("Arguments", entry("args", "quoted as in a shell", join(start.args)))
        if self._summary.wasi:
            variables = "\n".join(f"{name}={value}" for name, value in start.environ)
            environ = TextArea(variables, id="environ", compact=True, placeholder="NAME=VALUE, a line each")
            environ.cursor_blink = False
            folders = Field("Directories", DirectoryRows(wanted_directories(self._summary, start), id="directories"))
            lines = Field("Environment", environ)
            for tall in (folders, lines):
                tall.add_class("tall")
                yield tall
        yield Field("Memory limit", entry("memory", "64M", size_field(start.memory)))

    def read(self) -> Start:
        """What the fields say. Raises ValueError."""
        about, memory = self.query_one(ProgramAbout), self.query_one("#memory", Input).value.strip()
        wasi = self._summary.wasi
        about.check()
        return Start(
            program=self._start.program,
            args=parse_words(self.query_one("#args", Input).value),
            directories=self.query_one(DirectoryRows).read() if wasi else (),
            environ=parse_variables(self.query_one("#environ", TextArea).text) if wasi else (),
            memory=parse_memory(memory) if memory else Start("").memory,
            stub_imports=about.stub_imports,
        )

    def first_field(self) -> Widget:
        """Where a person has something to say: a missing directory, missing imports, or the arguments."""
        for row in self.query(DirectoryRow):
            if row.wanted.required:
                return row.query_one("#host")
        missing = self.query("#stub")
        return missing.first() if missing and not self._start.stub_imports else self.query_one("#args")


class SetupDialog(Dialog[bool | None]):
    DEFAULT_CSS = """
    SetupDialog {
        & > #box { padding: 0 2; }
        & #buttons { height: 1; margin-top: 1; align-horizontal: right; }
        & Button { min-width: 4; background: $surface; }
        & Button:focus { background: $selected; text-style: bold; }
        & #buttons > Button { width: 12; margin-left: 2; }
        & > #box > #keys { margin-top: 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True),
        Binding("ctrl+n", "add_directory", "Add a folder", priority=True),
    ]
    keys = "Enter or ^S starts · ^N adds a folder · → completes · Esc goes back"

    def __init__(self, summary: ProgramSummary, start: Start, begin: BeginStart) -> None:
        super().__init__(f"Start {summary.name}")
        self._form = SetupForm(summary, start)
        self._begin = begin
        self._wasi = summary.wasi

    def content(self) -> tuple[Widget, ...]:
        buttons = Horizontal(
            Button("Start", id="start", compact=True), Button("Back", id="back", compact=True), id="buttons"
        )
        return self._form, buttons

    def on_mount(self) -> None:
        self._fit()
        self.set_focus(self._form.first_field())  # Before it is painted: what is typed then has somewhere to go.

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """The form scrolls before the buttons and the keys leave the screen."""
        self._form.styles.max_height = max(4, self.size.height * 92 // 100 - 7)

    def action_start(self) -> None:
        try:
            self._begin(self._form.read())
        except (ValueError, Refused) as problem:
            self.complain(str(problem))
            return
        self.dismiss(True)

    def action_add_directory(self) -> None:
        if self._wasi:
            self.query_one(DirectoryRows).add()
        else:
            self.complain("Only WASI programs can be given folders")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_start()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.complain("")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "start":
            self.action_start()
        else:
            self.dismiss(None)


def summary_of_start(start: Start) -> str:
    """A start in one line: arguments, then folders as `~/data as /data (r--)`."""
    folders = (f"{each.host} as {each.guest} ({rights_text(each.perms & ~Rights.GRANT)})" for each in start.directories)
    return " · ".join(filter(None, (join(start.args), *folders)))
