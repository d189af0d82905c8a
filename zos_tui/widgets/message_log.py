"""The message log: what happened to authority, live; it follows its end unless someone reads further up.

Keys of its rows are numbers that never return. Enter on a row leads to its process.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from zos_core.snapshot import EventKind
from zos_tui.chronicle import KIND_FILTERS, Chronicle, Told, View
from zos_tui.losses import BRIGHT_S
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

COLUMNS = (
    Column("time", 9, right=True),
    Column("kind", 8),
    Column("pid", 4, right=True),
    Column("process", 10, rank=1),
    Column("what", 20, flexible=True),
    Column("by", 4, rank=2, right=True),
    Column("commit", 7, rank=3, right=True),
)

_TONES: dict[EventKind, str] = {
    EventKind.REVOKED: "bad",
    EventKind.RECEIVED: "warn",
    EventKind.GRANTED: "good",
    EventKind.REFUSED: "warn",
    EventKind.FAULT: "bad",
    EventKind.EXIT: "quiet",
    EventKind.STARTED: "quiet",
    EventKind.INPUT: "quiet",
    EventKind.MESSAGE: "quiet",
}


def clock(ns: int) -> str:
    """Uptime in at most 9 cells: `12.345`, `1:02.345`, `9:59:59`."""
    total_ms = ns // 1_000_000
    seconds, ms = divmod(total_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}.{ms:03}" if minutes else f"{seconds}.{ms:03}"


class MessageLog(LineTable):
    """Shows a `Chronicle` through a `View`. Posts messages for what others must decide or do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "process_only", show=False),
        Binding("f", "next_kinds", show=False),
        Binding("i", "messages", show=False),
        Binding("escape", "everything", show=False),
    ]

    class ProcessOnly(Message):
        """The person wants to see the selected process alone, or all of them again."""

    class CameIntoView(Message):
        """It has room on the screen, after it had none: what it missed is to be shown."""

    class MessagesWanted(Message):
        """Messages between programs are wanted, or no longer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, "MESSAGES", "Nothing has happened yet", id=id)
        self.view = View()
        self.following = True
        self._pids: dict[Hashable, int] = {}
        self._made: dict[int, tuple[Told, Row]] = {}

    def show(self, chronicle: Chronicle, names: dict[int, str], now_ns: int) -> None:
        """`names` are processes by pid; `now_ns` is uptime: a revocation is bright for a moment."""
        chosen = list(chronicle.rows(self.view))
        self._pids = {told.number: told.row.pid for told in chosen}
        self._title(chronicle.messages)
        if self.following and chosen:
            self.selected = chosen[-1].number
        changed = bool(self.rows) and bool(chosen) and self.rows[-1].key != chosen[-1].number
        dim_before_ns = now_ns - int(BRIGHT_S * 1e9)
        self.show_rows([self._made_row(told, names, dim_before_ns) for told in chosen])
        self._made = {number: made for number, made in self._made.items() if number in self._pids}
        if changed:
            self.refresh()

    def pid_of(self, key: Hashable) -> int | None:
        """The process a row is about."""
        return self._pids.get(key)

    def _title(self, messages: bool) -> None:
        notes = [self.view.kinds.title] if self.view.kinds.kinds else []
        notes += [f"pid {self.view.pid}"] if self.view.pid else []
        notes += ["with IPC"] if messages else []
        notes += [] if self.following else ["reading back · End follows"]
        self.heading = " · ".join(["MESSAGES", *notes])

    def _made_row(self, told: Told, names: dict[int, str], dim_before_ns: int) -> Row:
        """A row is made once, and again while it is bright, when it is told again, or until its process has a name."""
        row = told.row
        bright = row.kind is EventKind.REVOKED and row.time_ns > dim_before_ns
        known, made = self._made.get(told.number, (None, None))
        if bright or made is None or known is not told:
            made = self._row(told, names, bright)
            if not bright and row.pid in names:
                self._made[told.number] = told, made
        return made

    @staticmethod
    def _row(told: Told, names: dict[int, str], bright: bool) -> Row:
        row = told.row
        text = row.text if told.times == 1 else f"{told.times}× {row.text}"
        tone = _TONES[row.kind]
        cells = (
            Cell(clock(row.time_ns), "quiet"),
            Cell(row.kind.value, tone),
            Cell(str(row.pid), "quiet"),
            Cell(names.get(row.pid, ""), "name"),
            Cell(text, "bad" if bright else ("plain" if tone != "quiet" else "quiet")),
            Cell(str(row.by_pid), "quiet"),
            Cell(str(row.commit) if row.commit else "-", "quiet"),
        )
        return Row(told.number, cells)

    # --- what a person does -------------------------------------------------------------------------------------

    def _select(self, index: int) -> None:
        super()._select(index)
        self.following = index == len(self.rows) - 1

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        super()._wheel(event, by)
        self.following = self._top >= len(self.rows) - self._room

    def on_show(self) -> None:
        self.post_message(self.CameIntoView())

    def action_process_only(self) -> None:
        self.post_message(self.ProcessOnly())

    def action_messages(self) -> None:
        self.post_message(self.MessagesWanted())

    def action_next_kinds(self) -> None:
        at = KIND_FILTERS.index(self.view.kinds)
        self.look_at(View(self.view.pid, KIND_FILTERS[(at + 1) % len(KIND_FILTERS)]))

    def action_everything(self) -> None:
        self.look_at(View())

    def look_at(self, view: View) -> None:
        """Show this choice of rows, from its end."""
        self.view, self.following = view, True
        self.post_message(self.Highlighted(self, self.selected))
