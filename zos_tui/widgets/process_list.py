"""The process list: every process of the machine, live, and the recently ended ones with their cause."""

from __future__ import annotations

from collections.abc import Mapping

from zos_core.abi import ExitHow, ProcessState
from zos_core.snapshot import MachineSnapshot, ProcessSnapshot
from zos_tui.figures import count, size, sparkline
from zos_tui.rates import ProcessRates
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

SPARK_CELLS = 5

COLUMNS = (
    Column("pid", 4, right=True),
    Column("name", 10, flexible=True),
    Column("state", 11),
    Column("memory", 6, rank=1, right=True),
    Column("cpu/s", 6, rank=2, right=True),
    Column("trend", SPARK_CELLS, rank=4),
    Column("calls/s", 7, rank=3, right=True),
    Column("queue", 5, rank=5, right=True),
    Column("caps", 4, rank=5, right=True),
    Column("parent", 6, rank=6, right=True),
)

_STATES = {
    ProcessState.RUNNING: Cell("● running", "good"),
    ProcessState.WAITING: Cell("○ waiting", "quiet"),
}


def state_cell(process: ProcessSnapshot) -> Cell:
    """The state as a mark and a word; an ended process says how."""
    if process.exit is None:
        return _STATES.get(process.state, Cell("✗ ended", "quiet"))
    bad = process.exit.how is ExitHow.FAULTED or process.exit.code != 0
    return Cell(f"✗ {process.exit.describe()}", "bad" if bad else "quiet")


class ProcessList(LineTable):
    """Keys of its rows are pids."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, "PROCESSES", "No process yet", id=id)

    def show(self, snapshot: MachineSnapshot, rates: Mapping[int, ProcessRates]) -> None:
        self.show_rows([self._row(process, rates.get(process.pid)) for process in snapshot.processes])

    @staticmethod
    def _row(process: ProcessSnapshot, rates: ProcessRates | None) -> Row:
        live = process.exit is None
        tone = "plain" if live else "quiet"
        fuel, calls = (rates.fuel, rates.syscalls) if rates and live else (0.0, 0.0)
        spark = sparkline(rates.history, SPARK_CELLS) if rates and live and any(rates.history) else ""
        cells = (
            Cell(str(process.pid), "quiet"),
            Cell(process.name, tone),
            state_cell(process),
            Cell(size(process.memory_size) if live else "-", tone),
            Cell(count(fuel) if live else "-", tone if fuel else "quiet"),
            Cell(spark, "name"),
            Cell(count(calls) if live else "-", tone if calls else "quiet"),
            Cell(str(process.queued) if live else "-", tone if process.queued else "quiet"),
            Cell(str(len(process.capabilities)) if live else "-", tone),
            Cell(str(process.parent), "quiet"),
        )
        return Row(process.pid, cells)
