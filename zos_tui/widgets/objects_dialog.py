"""The other direction: for every object that a capability names, who can reach it, and through whom."""

from __future__ import annotations

from collections.abc import Callable

from textual.widget import Widget

from zos_core.abi import ObjectType
from zos_core.snapshot import CapabilityNode, ObjectSnapshot
from zos_tui.widgets.capability_list import kind_of, object_text
from zos_tui.widgets.capability_trees import TREE_COLUMNS, node_rows
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row
from zos_tui.widgets.tree_dialog import TreeDialog

COLUMNS = (
    Column("type", 8),
    Column("object", 20, flexible=True),
    Column("number", 8, rank=1, right=True),
    Column("held", 5, right=True),
)

Which = tuple[ObjectType, int]


class ObjectsDialog(TreeDialog):
    """`holders` answers who can reach an object; `first` is the one to show first."""

    DEFAULT_CSS = """
    ObjectsDialog {
        & > #box { height: 92%; }
        & #objects { height: 1fr; }
        & #tree { height: 1fr; margin-top: 1; }
    }
    """
    keys = "Tab objects or holders · v revoke · d derive · Esc closes"

    def __init__(
        self, objects: tuple[ObjectSnapshot, ...], holders: Callable[[ObjectType, int], tuple[CapabilityNode, ...]],
        now_ns: int, first: Which | None = None,
    ) -> None:  # fmt: skip
        super().__init__("Objects: who can reach what")
        self._objects = {(each.object_type, each.object_id): each for each in objects if each.holders}
        self._holders = holders
        self._now_ns = now_ns
        self._first = first

    def content(self) -> tuple[Widget, ...]:
        return (
            LineTable(COLUMNS, "OBJECTS", "No capability names any object", id="objects"),
            LineTable(TREE_COLUMNS, "WHO CAN REACH IT", "Nobody", id="tree"),
        )

    def on_mount(self) -> None:
        table = self.query_one("#objects", LineTable)
        if self._first is not None:
            table.select(self._first)
        table.show_rows([self._row(which, each) for which, each in self._objects.items()])
        table.focus()
        self._show_holders()

    @staticmethod
    def _row(which: Which, each: ObjectSnapshot) -> Row:
        cells = (
            Cell(kind_of(each.object_type)),
            Cell(object_text(each.object_type, each.object_id, each.name), "name"),
            Cell(str(each.object_id), "quiet"),
            Cell(str(each.holders)),
        )
        return Row(which, cells)

    def _show_holders(self) -> None:
        chosen = next(
            (which for which in self._objects if which == self.query_one("#objects", LineTable).selected), None
        )
        tree = self.query_one("#tree", LineTable)
        if chosen is None:
            tree.show_rows(())
            return
        tree.heading = f"WHO CAN REACH {self._objects[chosen].name}"
        nodes = self._holders(*chosen)
        tree.show_rows(node_rows(nodes, self._now_ns))
        held = next((row.key for row, node in zip(tree.rows, nodes, strict=True) if node.pid), None)
        tree.select(held)

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        super().on_line_table_highlighted(event)
        if event.table.id == "objects":
            self._show_holders()

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        super().on_line_table_chosen(event)
        if event.table.id == "objects":
            self.query_one("#tree", LineTable).focus()
