"""The process list: every process of the machine, live, and the recently ended ones with their cause.

It sorts, filters, freezes and shows a tree by its own keys; what is shown where is decided in `process_order`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from zos_core.abi import ExitHow, ProcessState
from zos_core.snapshot import MachineSnapshot, ProcessSnapshot
from zos_tui.figures import count, size, sparkline
from zos_tui.losses import Loss
from zos_tui.process_order import SORTS, Order, Placed, arranged
from zos_tui.rates import ProcessRates
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

SPARK_CELLS = 5

COLUMNS = (
    Column("pid", 4, right=True),
    Column("name", 10, flexible=True),
    Column("state", 11),
    Column("memory", 6, rank=1, right=True),
    Column("cpu/s", 6, rank=2, right=True),
    Column("cpu", SPARK_CELLS, rank=4),
    Column("mem", SPARK_CELLS, rank=6),
    Column("calls/s", 7, rank=3, right=True),
    Column("queue", 5, rank=5, right=True),
    Column("caps", 4, rank=5, right=True),
    Column("in", 5, rank=7, right=True),
    Column("out", 5, rank=7, right=True),
    Column("parent", 6, rank=8, right=True),
)

_STATES = {
    ProcessState.RUNNING: Cell("● running", "good"),
    ProcessState.WAITING: Cell("○ waiting", "quiet"),
}


def state_cell(process: ProcessSnapshot) -> Cell:
    """The state as a mark and a word; an ended process says how."""
    if process.exit is None:
        return _STATES.get(process.state, Cell("■ ended", "quiet"))
    bad = process.exit.how is ExitHow.FAULTED or process.exit.code != 0
    return Cell(f"■ {process.exit.describe()}", "bad" if bad else "quiet")


def _work(values: Sequence[float]) -> str:
    return sparkline(values, SPARK_CELLS) if any(values) else ""


class ProcessList(LineTable):
    """Keys of its rows are pids."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", show=False),
        Binding("S", "reverse", show=False),
        Binding("t", "tree", show=False),
        Binding("f,space", "freeze", show=False),
        Binding("slash", "filter", show=False),
        Binding("escape", "plain", show=False),
    ]

    class FilterWanted(Message):
        """The person wants to type what to look for; `filter_by` takes it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, "PROCESSES", "No process", id=id)
        self.order = Order()
        self.frozen = False
        self._snapshot: MachineSnapshot | None = None
        self._rates: Mapping[int, ProcessRates] = {}
        self._lost: Mapping[int, Loss] = {}
        self._now_s = 0.0

    def show(
        self, snapshot: MachineSnapshot, rates: Mapping[int, ProcessRates], lost: Mapping[int, Loss], now_s: float
    ) -> None:
        """`lost` is the last loss of each process that had one lately."""
        self._lost, self._now_s = lost, now_s
        if not self.frozen or self._snapshot is None:
            self._snapshot = snapshot
            # A copy: figures that go on moving are not frozen.
            self._rates = dict(rates)
        self._arrange()

    def filter_by(self, needle: str) -> None:
        self._reorder(replace(self.order, needle=needle.strip()))

    def action_sort(self) -> None:
        names = list(SORTS)
        self._reorder(Order(names[(names.index(self.order.sort) + 1) % len(names)], needle=self.order.needle))

    def action_reverse(self) -> None:
        self._reorder(replace(self.order, reverse=not self.order.reverse, tree=False))

    def action_tree(self) -> None:
        self._reorder(replace(self.order, tree=not self.order.tree))

    def action_plain(self) -> None:
        self._reorder(Order())

    def action_freeze(self) -> None:
        self.frozen = not self.frozen
        self._title()

    def action_filter(self) -> None:
        self.post_message(self.FilterWanted())

    def _reorder(self, order: Order) -> None:
        self.order = order
        self._arrange()

    def _title(self) -> None:
        notes = [note for note in (self.order.describe(), "❄ frozen" if self.frozen else "") if note]
        self.heading = " · ".join(["PROCESSES", *notes])

    def _arrange(self) -> None:
        self._title()
        if self._snapshot is not None:
            placed = arranged(self._snapshot.processes, self._rates, self.order)
            self.show_rows([self._row(each) for each in placed])

    def _row(self, placed: Placed) -> Row:
        process, rates = placed.process, self._rates.get(placed.process.pid) or ProcessRates()
        live = process.exit is None
        tone = "plain" if live else "quiet"
        fuel, calls = (rates.fuel, rates.syscalls) if live else (0.0, 0.0)
        name = f"{'  ' * (placed.depth - 1)}└ {process.name}" if placed.depth else process.name
        cells = (
            Cell(str(process.pid), "quiet"),
            Cell(name, tone),
            self._state(process),
            Cell(size(process.memory_size) if live else "-", tone),
            Cell(count(fuel) if live else "-", tone if fuel else "quiet"),
            Cell(_work(rates.history) if live else "", "name"),
            Cell(sparkline(rates.memory, SPARK_CELLS, from_zero=False) if live else "", "quiet"),
            Cell(count(calls) if live else "-", tone if calls else "quiet"),
            Cell(str(process.queued) if live else "-", tone if process.queued else "quiet"),
            Cell(str(len(process.capabilities)) if live else "-", tone),
            Cell(count(process.messages_in), "quiet"),
            Cell(count(process.messages_out), "quiet"),
            Cell(str(process.parent), "quiet"),
        )
        return Row(process.pid, cells)

    def _state(self, process: ProcessSnapshot) -> Cell:
        loss = self._lost.get(process.pid)
        if loss is None or process.exit is not None:
            return state_cell(process)
        return Cell(f"✗ {loss.word}", "bad" if loss.bright(self._now_s) else "quiet")
