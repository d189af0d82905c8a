"""One process in detail: figures, endpoints, how it ended with the guest's frames, and its last system calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from zos_core.axiom.syslog import SysEvent
from zos_core.calltext import answer_text, arguments_text, call_name, went_well
from zos_core.snapshot import EndpointSnapshot, ProcessSnapshot, TrapSnapshot
from zos_tui.figures import count, size
from zos_tui.previews import plural
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row
from zos_tui.widgets.message_log import clock
from zos_tui.widgets.process_list import state_cell

MAX_CALLS = 200
MAX_CALL_LINES = 12
MAX_FRAMES = 24
COLUMNS = (
    Column("time", 9, right=True),
    Column("call", 18),
    Column("arguments", 24, rank=1),
    Column("answer", 14, flexible=True),
)


class ProcessDetails(Dialog[str | None]):
    """Dismissed with what to do next: `tab`, `kill`, `grant`, or None. `calls` are oldest first."""

    DEFAULT_CSS = """
    ProcessDetails {
        & > #box { width: 112; }
        & #about { height: auto; max-height: 12; }
        & #about > Static { height: auto; }
        & LineTable { margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t,enter", "dismiss('tab')", "Its tab"),
        Binding("x", "dismiss('kill')", "Kill"),
        Binding("c", "dismiss('grant')", "Grant"),
        Binding("q", "dismiss(None)", "Close"),
    ]

    def __init__(
        self, process: ProcessSnapshot, endpoints: Sequence[EndpointSnapshot], calls: Sequence[SysEvent]
    ) -> None:
        super().__init__(f"{process.name} (pid {process.pid})")
        self._process = process
        self._endpoints = [each for each in endpoints if each.owner == process.pid]
        self._calls = list(calls)[-MAX_CALLS:]
        self.keys = "t its tab · c grant a capability · x kill · Esc closes" if process.exit is None else "Esc closes"

    def content(self) -> tuple[Widget, ...]:
        return (
            VerticalScroll(Static(self._about()), id="about"),
            LineTable(COLUMNS, "LAST SYSTEM CALLS", "None is in memory any more", id="calls"),
        )

    def on_mount(self) -> None:
        self.query_one("#about").can_focus = bool(self._process.exit)
        table = self.query_one(LineTable)
        table.show_rows([self._row(at, call) for at, call in enumerate(reversed(self._calls))])
        table.styles.height = min(MAX_CALL_LINES, max(1, len(self._calls)) + 2)
        table.focus()

    def _about(self) -> Text:
        process, page = self._process, Text()
        figures = (
            ("State", state_cell(process).text),
            ("Parent", str(process.parent)),
            ("Memory", size(process.memory_size)),
            ("CPU", f"{count(process.fuel)} fuel"),
            ("Calls", count(process.syscalls)),
            (
                "Messages",
                f"{count(process.messages_in)} in, {count(process.messages_out)} out, {process.queued} queued",
            ),
            ("Holds", plural(len(process.capabilities), "capability")),
            ("Endpoints", ", ".join(self._endpoint(each) for each in self._endpoints) or "none"),
        )
        for label, value in figures:
            page.append(f"{label:<11}", style="dim").append(f"{value}\n")
        if process.notices_unread:
            page.append(f"{'Unread':<11}", style="dim").append(f"{plural(process.notices_unread, 'notice')}\n")
        if process.exit is not None and process.exit.trap is not None:
            self._trap(page, process.exit.trap)
        page.rstrip()
        return page

    @staticmethod
    def _endpoint(each: EndpointSnapshot) -> str:
        return f"{each.endpoint_id}" + (f" ({each.queued} queued)" if each.queued else "")

    @staticmethod
    def _trap(page: Text, trap: TrapSnapshot) -> None:
        page.append(f"\nFaulted: {trap.reason}\n", style="bold").append(f"{trap.message}\n")
        for frame in trap.frames[:MAX_FRAMES]:
            page.append("  at ", style="dim").append(f"{frame}\n")
        if len(trap.frames) > MAX_FRAMES:
            page.append(f"  and {len(trap.frames) - MAX_FRAMES} more\n", style="dim")

    @staticmethod
    def _row(at: int, call: SysEvent) -> Row:
        cells = (
            Cell(clock(call.time_ns), "quiet"),
            Cell(call_name(call.num)),
            Cell(arguments_text(call), "quiet"),
            Cell(answer_text(call), "good" if went_well(call) else "warn"),
        )
        return Row(at, cells)

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        event.stop()

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
