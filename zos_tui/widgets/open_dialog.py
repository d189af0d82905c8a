"""The dialog that opens a recording: choose one of those that were kept, or type a path. Dismissed with it, or None."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from zos_core.record.album import Saved
from zos_tui.figures import size
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

COLUMNS = (Column("session began", 20, flexible=True), Column("size", 6, right=True), Column("", 20))


class OpenDialog(Dialog[Path | None]):
    DEFAULT_CSS = """
    OpenDialog {
        & > #box { width: 72; }
        & LineTable { height: 14; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "into_list", show=False)]
    AUTO_FOCUS = "LineTable"
    keys = "Enter opens · Tab a path instead · Esc cancels"

    def __init__(self, saved: Sequence[Saved]) -> None:
        super().__init__("Open a recording")
        self._saved = tuple(saved)

    def content(self) -> tuple[Widget, ...]:
        entry = Input(placeholder="path/to/a.zosrec, or choose below", compact=True)
        entry.cursor_blink = False
        return entry, LineTable(COLUMNS, "RECORDINGS", "No session was recorded yet", id="saved")

    def on_mount(self) -> None:
        table = self.query_one("#saved", LineTable)
        table.show_rows([self._row(each) for each in self._saved])
        table.focus()

    @staticmethod
    def _row(each: Saved) -> Row:
        day, _, time = each.name.partition("_")
        note = Cell("● being recorded", "warn") if each.written else Cell("")
        return Row(each.path, (Cell(f"{day} {time.replace('-', ':')}", "name"), Cell(size(each.size)), note))

    def action_into_list(self) -> None:
        self.query_one("#saved", LineTable).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(Path(event.value.strip()).expanduser())
        else:
            self.complain("Type a path, or choose one below")

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        event.stop()

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self._open(event.key)

    def _open(self, key: Hashable) -> None:
        if isinstance(key, Path):
            self.dismiss(key)
