"""Before a revocation: everything that would go, and from whom. Dismissed with what was confirmed, or None.

The preview confirmed is the preview shown: if more would go by then, the same dialog asks again and marks what is more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from zos_core.errors import Refused
from zos_core.snapshot import Revocation, rights_text
from zos_tui.previews import Going, Preview
from zos_tui.widgets.capability_list import kind_of, object_cell
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

COLUMNS = (
    Column("who loses it", 20, flexible=True),
    Column("slot", 4, right=True),
    Column("type", 8, rank=1),
    Column("object", 16),
    Column("rwg", 3),
    Column("notice", 22),
)
MAX_TABLE_LINES = 14


class Confirmed(NamedTuple):
    """What a person said yes to."""

    revocation: Revocation
    keep_own: bool


class RevokeDialog(Dialog[Confirmed | None]):
    """`look(keep_own)` previews; `grown` says that this is asked again because more would go by now."""

    DEFAULT_CSS = """
    RevokeDialog {
        & > #box { width: 100; border: round $error; border-title-color: $error; }
        & #counts { text-style: bold; }
        & #own { margin-top: 1; }
        & LineTable { margin-top: 1; height: 8; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "Revoke"),
        Binding("o", "keep_own", "Keep own"),
        Binding("n,q", "dismiss(None)", "No"),
    ]
    keys = "y revokes · o keeps its own and takes what was derived · n Esc leave it"

    def __init__(self, what: str, look: Callable[[bool], Preview], *, keep_own: bool = False, grown: bool = False):
        super().__init__("More would go by now: look again" if grown else "Revoke")
        self._what = what
        self._look = look
        self._keep_own = keep_own
        self.preview: Preview | None = None

    def content(self) -> tuple[Widget, ...]:
        return (
            Static(self._what, id="what", markup=False),
            LineTable(COLUMNS, "WOULD GO", "Nothing was derived from it: nothing would go"),
            Static(id="own", markup=False),
            Static(id="counts", markup=False),
        )

    def on_mount(self) -> None:
        self._show()
        self.query_one(LineTable).focus()

    def _show(self) -> None:
        table = self.query_one(LineTable)
        try:
            self.preview = self._look(self._keep_own)
        except Refused as refusal:
            self.preview = None
            self.complain(str(refusal))
            return
        self.complain("")
        table.show_rows([self._row(going) for going in self.preview.rows])
        table.styles.height = min(MAX_TABLE_LINES, len(self.preview.rows) + 2) if self.preview.rows else 3
        self.query_one("#counts", Static).update(self.preview.summary)
        kept = "kept: only what was derived from it goes" if self._keep_own else "goes too"
        self.query_one("#own", Static).update(f"The capability itself {kept} (o)")

    @staticmethod
    def _row(going: Going) -> Row:
        removed = going.removed
        branch = f"{'  ' * (going.depth - 1)}└ " if going.depth else ""
        mark = "+ " if going.added else ""
        cells = (
            Cell(f"{branch}{mark}{going.holder}", "warn" if going.added else "plain"),
            Cell(str(removed.slot), "quiet"),
            Cell(kind_of(removed.object_type)),
            object_cell(removed.object_type, removed.object_id, going.object_name),
            Cell(rights_text(removed.perms)),
            Cell(going.notice, "quiet" if going.told else "warn"),
        )
        return Row(removed.cap_id, cells)

    def action_keep_own(self) -> None:
        self._keep_own = not self._keep_own
        self._show()

    def action_confirm(self) -> None:
        if self.preview is not None and self.preview.rows:
            self.dismiss(Confirmed(self.preview.revocation, self._keep_own))
