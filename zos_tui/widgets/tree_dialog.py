"""A dialog with a derivation tree, where a capability can be picked and something done about it."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.line_table import LineTable


class NodeAction(NamedTuple):
    """What to do about the capability in `slot` of `pid`: `revoke`, `derive`, `inspect` or `holders`."""

    action: str
    pid: int
    slot: int


class TreeDialog(Dialog[NodeAction | None]):
    """Its tree is the table with the id `tree`; keys of the rows begin with pid and slot."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "act('revoke')", "Revoke"),
        Binding("d", "act('derive')", "Derive"),
        Binding("w", "act('holders')", "Who can reach it"),
        Binding("q", "dismiss(None)", "Close"),
    ]

    def action_act(self, action: str) -> None:
        key = self.query_one("#tree", LineTable).selected
        if not isinstance(key, tuple) or not key[0]:
            self.complain("The root is the system's own: choose a capability that a process holds")
            return
        self.dismiss(NodeAction(action, key[0], key[1]))

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        event.stop()
        self.complain("")

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
