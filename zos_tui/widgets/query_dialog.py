"""Revoking by query: words, and what they name, live. Dismissed with the capabilities found, or None."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from zos_core.snapshot import MachineSnapshot, rights_text
from zos_tui.previews import plural
from zos_tui.queries import Found, QueryError, find
from zos_tui.widgets.capability_list import kind_of, object_text
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

COLUMNS = (
    Column("holder", 20, flexible=True),
    Column("slot", 4, right=True),
    Column("type", 8),
    Column("object", 22),
    Column("rwg", 3),
    Column("by", 4, rank=1, right=True),
)
EXAMPLES = "every Storage capability · everything granted by 4 · held by notes · console unused · endpoint 12"


class QueryDialog(Dialog[tuple[tuple[int, int], ...] | None]):
    """The result is (pid, slot) of each, to be previewed and revoked as one step."""

    DEFAULT_CSS = """
    QueryDialog {
        & > #box { width: 92; }
        & #examples { color: $text-quiet; }
        & LineTable { height: 12; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "into_list", show=False)]
    keys = "Enter shows what would go · ↓ list · Esc cancels"

    def __init__(self, snapshot: MachineSnapshot, query: str = "") -> None:
        super().__init__("Revoke by query")
        self._snapshot = snapshot
        self._query = query
        self.found: tuple[Found, ...] = ()

    def content(self) -> tuple[Widget, ...]:
        entry = Input(self._query, placeholder="every Storage capability", compact=True)
        entry.cursor_blink = False
        return (
            entry,
            Static(EXAMPLES, id="examples", markup=False),
            LineTable(COLUMNS, "FOUND", "Nothing: type what to look for"),
        )

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._look(self._query)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._look(event.value)

    def _look(self, query: str) -> None:
        try:
            self.found = find(self._snapshot, query)
            self.complain("")
        except QueryError as error:
            self.found = ()
            self.complain(str(error))
        self.query_one(LineTable).show_rows([self._row(each) for each in self.found])

    @staticmethod
    def _row(found: Found) -> Row:
        each, holder = found.capability, found.holder
        cells = (
            Cell(f"{holder.name} ({holder.pid})"),
            Cell(str(each.slot), "quiet"),
            Cell(kind_of(each.object_type)),
            Cell(object_text(each.object_type, each.object_id, each.object_name), "name"),
            Cell(rights_text(each.perms)),
            Cell(str(each.granted_by), "quiet"),
        )
        return Row(each.cap_id, cells)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._finish()

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self._finish()

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        event.stop()

    def _finish(self) -> None:
        if self.found:
            self.dismiss(tuple((each.holder.pid, each.capability.slot) for each in self.found))

    def action_into_list(self) -> None:
        self.query_one(LineTable).focus()


def described(count: int) -> str:
    """What a query found, for the preview's first line."""
    return f"{plural(count, 'capability')} found by the query, as one step"
