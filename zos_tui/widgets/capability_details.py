"""One capability in detail: where it came from up to its root, and what was derived from it, as one tree."""

from __future__ import annotations

from dataclasses import replace

from textual.widget import Widget
from textual.widgets import Static

from zos_core.snapshot import CapabilityNode, CapabilitySnapshot, rights_text
from zos_tui.figures import ago, countdown
from zos_tui.previews import plural
from zos_tui.widgets.capability_list import kind_of, object_text
from zos_tui.widgets.capability_trees import TREE_COLUMNS, node_key, node_rows
from zos_tui.widgets.line_table import LineTable
from zos_tui.widgets.tree_dialog import TreeDialog

MAX_TABLE_LINES = 16


class CapabilityDetails(TreeDialog):
    """`origin` runs from the root down to the capability, `derived` begins with it; `now_ns` is uptime."""

    DEFAULT_CSS = """
    CapabilityDetails {
        & LineTable { margin-top: 1; }
    }
    """
    keys = "↑ ↓ pick one · v revoke · d derive · w who can reach it · Esc closes"

    def __init__(
        self, holder: str, capability: CapabilitySnapshot, origin: tuple[CapabilityNode, ...],
        derived: tuple[CapabilityNode, ...], now_ns: int,
    ) -> None:  # fmt: skip
        super().__init__(f"{holder} · slot {capability.slot}")
        self._capability = capability
        self._now_ns = now_ns
        above = len(origin) - 1
        self._tree = (*origin, *(replace(node, depth=node.depth + above) for node in derived[1:]))
        self._below = len(derived) - 1

    def content(self) -> tuple[Widget, ...]:
        return (
            Static(self._facts(), markup=False, classes="strong"),
            Static(self._history(), markup=False, classes="quiet"),
            LineTable(TREE_COLUMNS, "FROM THE ROOT DOWN", "It is gone by now", id="tree"),
        )

    def _facts(self) -> str:
        each = self._capability
        named = object_text(each.object_type, each.object_id, each.object_name)
        return f"{kind_of(each.object_type)} · {named} · {rights_text(each.perms)}"

    def _history(self) -> str:
        each = self._capability
        used = f"used {plural(each.uses, 'time')}, {ago(self._now_ns - each.last_used)}" if each.uses else "never used"
        expires = f"expires in {countdown(each.expires_at - self._now_ns)}" if each.expires_at else "does not expire"
        left = f"{plural(each.uses_left, 'use')} left" if each.uses_left else "any number of uses"
        below = f"{self._below} derived from it" if self._below else "nothing derived from it"
        return " · ".join((used, expires, left, below))

    def on_mount(self) -> None:
        table = self.query_one("#tree", LineTable)
        table.show_rows(node_rows(self._tree, self._now_ns, self._capability.cap_id))
        table.styles.height = min(MAX_TABLE_LINES, len(self._tree) + 2)
        mine = (node for node in self._tree if node.cap_id == self._capability.cap_id)
        table.select(next(map(node_key, mine), None))
        table.focus()
