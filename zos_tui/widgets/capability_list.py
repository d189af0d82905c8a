"""The capability list of one process: every slot, what it names, its rights in fixed columns, expiry and use."""

from __future__ import annotations

from zos_core.abi import ObjectType
from zos_core.snapshot import CapabilitySnapshot, ProcessSnapshot, rights_text
from zos_tui.figures import count, duration
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

COLUMNS = (
    Column("slot", 4, right=True),
    Column("type", 8),
    Column("object", 9, flexible=True),
    Column("rwg", 3),
    Column("used", 5, rank=1, right=True),
    Column("expires", 7, rank=2, right=True),
    Column("left", 4, rank=3, right=True),
    Column("from", 5, rank=4, right=True),
)


def _without(kind: str, name: str) -> str:
    """An object's name without its type, which has a column of its own."""
    return name.removeprefix(f"{kind.lower()} ")


class CapabilityList(LineTable):
    """Keys of its rows are slots. `pid` is the process shown, 0 before there is one."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, "CAPABILITIES", "Holds no capability", id=id)
        self.pid = 0

    def show(self, process: ProcessSnapshot | None, time_ns: int) -> None:
        """Show what `process` holds at `time_ns` of uptime."""
        if process is None:
            self.pid, self.heading = 0, "CAPABILITIES"
            self.show_rows(())
            return
        self.pid, self.heading = process.pid, f"CAPABILITIES of {process.name} ({process.pid})"
        self.show_rows([self._row(capability, time_ns) for capability in process.capabilities])

    @staticmethod
    def _row(capability: CapabilitySnapshot, time_ns: int) -> Row:
        kind = ObjectType(capability.object_type).name.capitalize()
        left_ns = capability.expires_at - time_ns
        cells = (
            Cell(str(capability.slot), "quiet"),
            Cell(kind),
            Cell(_without(kind, capability.object_name) or f"#{capability.object_id}", "name"),
            Cell(rights_text(capability.perms)),
            Cell(count(capability.uses) if capability.uses else "never", "plain" if capability.uses else "quiet"),
            Cell(duration(left_ns), "warn") if capability.expires_at else Cell("-", "quiet"),
            Cell(str(capability.uses_left), "warn") if capability.uses_left else Cell("-", "quiet"),
            Cell(str(capability.granted_by), "quiet"),
        )
        return Row(capability.slot, cells)
