"""The commits about where one stands in the timeline. The selected row is the last one that has come about.

Moving in it is moving in time: it posts where to go, and shows what it is given then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from zos_core.snapshot import CommitSnapshot
from zos_tui.widgets.line_table import HEADER_LINES, Cell, Column, LineTable, Row
from zos_tui.widgets.message_log import clock

COLUMNS = (
    Column("commit", 7, right=True),
    Column("tick", 6, right=True),
    Column("time", 9, rank=2, right=True),
    Column("kind", 8),
    Column("pid", 4, rank=1, right=True),
    Column("process", 9, rank=3),
    Column("what", 16, flexible=True),
)
_TONES = {"removed": "bad", "fault": "bad", "grant": "good", "derive": "good", "started": "name", "exit": "warn"}
ENDS = 1_000_000
"""Steps that lead to an end from anywhere (see `LineTable`)."""


class CommitList(LineTable):
    """Keys of its rows are the numbers of commits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "ticks(-1)", show=False),
        Binding("right,l", "ticks(1)", show=False),
        Binding("shift+left", "ticks(-20)", show=False),
        Binding("shift+right", "ticks(20)", show=False),
        Binding("t", "number", show=False),
        Binding("space", "play", show=False),
        Binding("plus", "faster", show=False),
        Binding("minus", "slower", show=False),
        Binding("escape", "leave", show=False),
    ]

    class Stepped(Message):
        """So many commits or ticks on, back when negative."""

        def __init__(self, *, commits: int = 0, ticks: int = 0) -> None:
            super().__init__()
            self.commits, self.ticks = commits, ticks

    class Picked(Message):
        def __init__(self, commit: int) -> None:
            super().__init__()
            self.commit = commit

    class NumberWanted(Message):
        """The person wants to say where to go."""

    class PlayWanted(Message):
        """Play, or stand still; `faster` is how often to double the speed."""

        def __init__(self, faster: int | None = None) -> None:
            super().__init__()
            self.faster = faster

    class LeaveWanted(Message):
        """The person wants to return to now."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(COLUMNS, "TIMELINE", "Reading the log…", id=id)

    def show(self, commits: Sequence[CommitSnapshot], here: int, names: Mapping[int, str]) -> None:
        """`here` is the last commit that has come about; `names` are processes by pid."""
        self.selected = here
        self.show_rows([self._row(each, each.seq > here, names) for each in commits])
        self._keep_in_view()
        self.refresh()

    @staticmethod
    def _row(each: CommitSnapshot, ahead: bool, names: Mapping[int, str]) -> Row:
        quiet = "quiet" if ahead else "plain"
        cells = (
            Cell(str(each.seq), quiet),
            Cell(str(each.tick), "quiet"),
            Cell(clock(each.time_ns), "quiet"),
            Cell(each.kind, "quiet" if ahead else _TONES.get(each.kind, "quiet")),
            Cell(str(each.pid) if each.pid else "-", "quiet"),
            Cell(names.get(each.pid, ""), "quiet" if ahead else "name"),
            Cell(each.text, quiet),
        )
        return Row(each.seq, cells)

    # --- what a person does ---------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        self.post_message(self.Stepped(commits=by))

    def action_page(self, direction: int) -> None:
        self.post_message(self.Stepped(commits=direction * max(1, self._room - 1)))

    def action_ticks(self, by: int) -> None:
        self.post_message(self.Stepped(ticks=by))

    def action_number(self) -> None:
        self.post_message(self.NumberWanted())

    def action_play(self) -> None:
        self.post_message(self.PlayWanted())

    def action_faster(self) -> None:
        self.post_message(self.PlayWanted(1))

    def action_slower(self) -> None:
        self.post_message(self.PlayWanted(-1))

    def action_leave(self) -> None:
        self.post_message(self.LeaveWanted())

    def _wheel(self, event: events.MouseEvent, by: int) -> None:
        event.stop()
        self.post_message(self.Stepped(commits=by))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        event.prevent_default()
        index = self._top + event.y - HEADER_LINES
        if event.y >= HEADER_LINES and index < len(self.rows):
            key = self.rows[index].key
            if isinstance(key, int):
                self.post_message(self.Picked(key))
