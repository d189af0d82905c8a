"""The directories that a program is given: a row each, with the folder here, the path there, and whether it may write.

Posts nothing: whoever asks reads `read()`, which raises ValueError with one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Static

from zos_core.abi import Rights
from zos_core.wasi.directories import DirectoryGrant, same_guest
from zos_tui.widgets.authority_form import entry
from zos_tui.widgets.path_input import PathInput
from zos_tui.widgets.tick import Tick


class Wanted(NamedTuple):
    """A row to begin with. `host` is empty where a person has to say which folder; `required` ones must be said."""

    guest: str
    perms: Rights
    host: str = ""
    required: bool = False


class DirectoryRow(Horizontal):
    DEFAULT_CSS = """
    DirectoryRow {
        height: 1;
        & > #host { width: 2fr; }
        & > Static { width: 4; padding: 0 1; color: $text-quiet; }
        & > #guest { width: 1fr; }
        & > Tick { width: 9; margin: 0 1; }
        & > Button { width: 10; }
    }
    """

    class Removed(Message):
        """It is not wanted."""

        def __init__(self, row: DirectoryRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, wanted: Wanted, *, entered: bool = False) -> None:
        super().__init__()
        self.wanted = wanted
        self._entered = entered

    def compose(self) -> ComposeResult:
        host = "which folder it is" if self.wanted.guest else "a folder here, → completes"
        yield PathInput(self.wanted.host, placeholder=host, folders_only=True, id="host")
        yield Static("as", markup=False)
        yield entry("guest", "the same path", self.wanted.guest)
        yield Tick("write", bool(self.wanted.perms & Rights.WRITE), id="write")
        yield Button("Remove", compact=True)

    def on_mount(self) -> None:
        if self._entered:
            self.query_one("#host").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Removed(self))

    def read(self) -> DirectoryGrant | None:
        """None for a row that was left empty. Raises ValueError."""
        host, guest = self.query_one("#host", Input).value.strip(), self.query_one("#guest", Input).value.strip()
        if not host:
            if self.wanted.required and guest:
                raise ValueError(f"The program needs {guest}: say which folder that is")
            return None
        write = self.query_one("#write", Tick).value
        path = Path(host).expanduser().absolute()
        return DirectoryGrant(path, guest or host, Rights.READ | (Rights.WRITE if write else Rights.NONE))


class DirectoryRows(Vertical):
    DEFAULT_CSS = """
    DirectoryRows {
        height: auto;
        & > Button { width: 18; }
    }
    """

    def __init__(self, wanted: Iterable[Wanted], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._wanted = tuple(wanted)

    def compose(self) -> ComposeResult:
        for wanted in self._wanted:
            yield DirectoryRow(wanted)
        yield Button("+ Add a folder", id="add", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.add()

    def add(self) -> None:
        """Another row, to be filled in."""
        self.mount(DirectoryRow(Wanted("", Rights.READ | Rights.WRITE), entered=True), before="#add")

    def on_directory_row_removed(self, event: DirectoryRow.Removed) -> None:
        event.stop()
        self.query_one("#add").focus()
        event.row.remove()

    def read(self) -> tuple[DirectoryGrant, ...]:
        """What is filled in. Raises ValueError."""
        given: list[DirectoryGrant] = []
        for row in self.query(DirectoryRow):
            directory = row.read()
            if directory is None:
                continue
            if any(same_guest(directory.guest, other.guest) for other in given):
                raise ValueError(f"Two folders would be called {directory.guest}")
            given.append(directory)
        return tuple(given)
