"""The capability list of one process: every slot, what it names, its rights in fixed columns, expiry and use.

What the process lost a moment ago stays in its place for a while, struck through and with the word for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from zos_core.abi import ObjectType
from zos_core.snapshot import CapabilitySnapshot, ProcessSnapshot, rights_text
from zos_tui.figures import ago, count, countdown
from zos_tui.losses import Loss
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

COLUMNS = (
    Column("slot", 4, right=True),
    Column("type", 8),
    Column("object", 9, flexible=True),
    Column("rwg", 3),
    Column("expires", 7, rank=1, right=True),
    Column("used", 8, rank=2, right=True),
    Column("times", 5, rank=4, right=True),
    Column("left", 4, rank=3, right=True),
    Column("from", 4, rank=5, right=True),
    Column("gave", 4, rank=6, right=True),
)
NO_RIGHTS = "---"
MAX_KNOWN = 4096


def kind_of(object_type: ObjectType) -> str:
    """A type as a person reads it: `Endpoint`."""
    return object_type.name.capitalize()


def object_text(object_type: ObjectType, object_id: int, name: str) -> str:
    """An object's name without its type, which stands beside it."""
    return name.removeprefix(f"{object_type.name.lower()} ") or f"#{object_id}"


def object_cell(object_type: ObjectType, object_id: int, name: str) -> Cell:
    """The same in a table. Of a path the end says more than the beginning."""
    text = object_text(object_type, object_id, name)
    return Cell(text, "name", keeps_end=object_type is ObjectType.STORAGE)


class CapabilityList(LineTable):
    """Keys of its rows are slots. `pid` is the process shown, 0 before there is one."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, "CAPABILITIES", "Holds no capability", id=id)
        self.pid = 0
        self._known: dict[int, CapabilitySnapshot] = {}

    def show(
        self, process: ProcessSnapshot | None, time_ns: int, losses: Iterable[Loss] = (), now_s: float = 0.0
    ) -> None:
        """Show what `process` holds at `time_ns` of uptime, and what it lost lately, at `now_s` of that clock."""
        if process is None:
            self.pid, self.heading = 0, "CAPABILITIES"
            self.show_rows(())
            return
        if process.pid != self.pid:
            self._known.clear()
        self.pid, self.heading = process.pid, f"CAPABILITIES of {process.name} ({process.pid})"
        held = {capability.slot: capability for capability in process.capabilities}
        rows = {slot: self._row(capability, time_ns) for slot, capability in held.items()}
        lost = {loss.slot: loss for loss in losses if loss.slot not in held}
        rows |= {slot: self._lost_row(loss, loss.bright(now_s)) for slot, loss in lost.items()}
        # What has been shown can still be told of when it is gone; the log may tell later than the snapshot.
        self._known = held if len(self._known) > MAX_KNOWN else self._known | held
        self.show_rows([rows[slot] for slot in sorted(rows)])

    @staticmethod
    def _row(capability: CapabilitySnapshot, time_ns: int) -> Row:
        left_ns = capability.expires_at - time_ns
        used = ago(time_ns - capability.last_used) if capability.uses else "never"
        quiet = "plain" if capability.uses else "quiet"
        cells = (
            Cell(str(capability.slot), "quiet"),
            Cell(kind_of(capability.object_type)),
            object_cell(capability.object_type, capability.object_id, capability.object_name),
            Cell(rights_text(capability.perms)),
            Cell(countdown(left_ns), "warn") if capability.expires_at else Cell("-", "quiet"),
            Cell(used, quiet),
            Cell(count(capability.uses) if capability.uses else "-", quiet),
            Cell(str(capability.uses_left), "warn") if capability.uses_left else Cell("-", "quiet"),
            Cell(str(capability.granted_by), "quiet"),
            Cell(str(capability.children) if capability.children else "-", "quiet"),
        )
        return Row(capability.slot, cells)

    def _lost_row(self, loss: Loss, bright: bool) -> Row:
        struck, said = ("lost", "bad") if bright else ("faded", "quiet")
        known = self._known.get(loss.slot)
        # The word in the column that is always there, and as wide as the words are: they are told whole in the log.
        word, storage = loss.word.split()[0], known is not None and known.object_type is ObjectType.STORAGE
        cells = (
            Cell(f"✗{loss.slot}", said),
            Cell(word, said),
            Cell(known.object_name if known else "", struck, keeps_end=storage),
            Cell(NO_RIGHTS, struck),
            *(Cell("", "quiet") for _ in COLUMNS[4:]),
        )
        return Row(loss.slot, cells)
