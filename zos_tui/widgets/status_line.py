"""The status line: what the active tab is, a passing notice, the machine in one phrase, and what the leader is."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from zos_tui.figures import shortened

NOTICE_S = 4.0
GAP_CELLS = 2


class Status(NamedTuple):
    """`mode` is a short word in a box (`RAW`, `LINE`, `SCROLL`); the rest are phrases, which may be empty.

    `recording` says how the recording stands; it is always shown.
    """

    mode: str = ""
    tab: str = ""
    machine: str = ""
    leader: str = ""
    recording: str = ""


class StatusLine(Widget):
    """Shows a `Status`; `notice` shows one line for a few seconds in its place, a warning with a mark."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-line--mode",
        "status-line--notice",
        "status-line--warning",
        "status-line--leader",
        "status-line--recording",
    }
    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        background: $panel;
        color: $text-quiet;
        & > .status-line--mode { background: $primary; color: $on-primary; text-style: bold; }
        & > .status-line--notice { color: $foreground; }
        & > .status-line--warning { color: $error; text-style: bold; }
        & > .status-line--recording { color: $accent; }
        & > .status-line--leader { color: $primary; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.status = Status()
        self.message = ""
        self._warning = False
        self._timer: Timer | None = None

    def show(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self.refresh()

    def notice(self, text: str, *, warning: bool = False) -> None:
        """Show `text` for a few seconds; a later notice replaces it."""
        self.message, self._warning = text, warning
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(NOTICE_S, self._forget)
        self.refresh()

    def _forget(self) -> None:
        self.message = ""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Left: mode and tab or notice. Right: machine and leader; the machine gives way when it is narrow."""
        width, base = self.size.width, self.rich_style

        def tone(name: str) -> Style:
            return base + self.get_component_rich_style(f"status-line--{name}")

        segments = [Segment(f" {self.status.mode} ", tone("mode"))] if self.status.mode else []
        if self.message:
            mark = " ! " if self._warning else " "
            said, style = mark + self.message, tone("warning" if self._warning else "notice")
        else:
            said, style = f" {self.status.tab}", base
        right = [Segment(f"{self.status.machine}  ", base), Segment(f"{self.status.leader} ", tone("leader"))]
        if self.status.recording:
            right.insert(1, Segment(f"{self.status.recording}  ", tone("recording")))
        mode_cells = sum(cell_len(segment.text) for segment in segments)
        used = mode_cells + cell_len(said)
        if used + GAP_CELLS + sum(cell_len(segment.text) for segment in right) > width:
            right = right[1:]
        room = max(0, width - sum(cell_len(segment.text) for segment in right))
        segments.append(Segment(shortened(said, max(0, room - mode_cells - 1)), style))
        left = Strip(segments).adjust_cell_length(room, base)
        return Strip([*left, *right]).adjust_cell_length(width, base)

