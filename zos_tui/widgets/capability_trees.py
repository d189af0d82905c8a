"""Derivation trees as rows: who holds a capability, through whom, with which rights and for how long."""

from __future__ import annotations

from collections.abc import Iterable

from zos_core.snapshot import CapabilityNode, rights_text
from zos_tui.figures import countdown
from zos_tui.widgets.line_table import Cell, Column, Row

TREE_COLUMNS = (
    Column("holder", 20, flexible=True),
    Column("slot", 4, right=True),
    Column("rwg", 3),
    Column("how", 14, rank=1),
    Column("expires", 7, rank=2, right=True),
    Column("left", 5, rank=3, right=True),
)
_HOW = {"root": "root", "spawn": "at start"}


def node_rows(nodes: Iterable[CapabilityNode], now_ns: int, marked: int = 0) -> list[Row]:
    """A row a node, indented by its depth; the node with the id `marked` is pointed at. Keys are `node_key`."""
    return [_row(node, now_ns, node.cap_id == marked) for node in nodes]


def _row(node: CapabilityNode, now_ns: int, marked: bool) -> Row:
    branch = f"{'  ' * (node.depth - 1)}└ " if node.depth else ""
    how = _HOW.get(node.how) or f"{node.how} by {node.granted_by}"
    cells = (
        Cell(f"{branch}{'▶ ' if marked else ''}{node.process}", "name" if marked else "plain"),
        Cell(str(node.slot) if node.pid else "-", "quiet"),
        Cell(rights_text(node.perms)),
        Cell(how, "quiet"),
        Cell(countdown(node.expires_at - now_ns), "warn") if node.expires_at else Cell("never", "quiet"),
        Cell(str(node.uses_left), "warn") if node.uses_left else Cell("-", "quiet"),
    )
    return Row(node_key(node), cells)


def node_key(node: CapabilityNode) -> tuple[int, int, int]:
    """Where a node is: pid, slot and capability id."""
    return node.pid, node.slot, node.cap_id
