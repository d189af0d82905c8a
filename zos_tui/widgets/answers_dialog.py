"""Every answer given to a program's question this session; one that gave something can be taken back from here."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from zos_core.snapshot import AnswerSnapshot, rights_text
from zos_tui.widgets.capability_list import kind_of, object_text
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row

COLUMNS = (
    Column("who asked", 14, flexible=True),
    Column("type", 8),
    Column("object", 18),
    Column("rwg", 3),
    Column("answer", 10),
    Column("slot", 4, rank=1, right=True),
    Column("holds", 8),
)


class AnswersDialog(Dialog[AnswerSnapshot | None]):
    """`held` are (pid, slot) of the capabilities that exist; dismissed with the answer to take back, or None."""

    DEFAULT_CSS = """
    AnswersDialog {
        & > #box { width: 92; }
        & LineTable { height: 14; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "take_back", "Take back"),
        Binding("q", "dismiss(None)", "Close"),
    ]
    keys = "v takes it back at once, with all that was derived from it · Esc closes"

    def __init__(self, answers: tuple[AnswerSnapshot, ...], held: frozenset[tuple[int, int]]) -> None:
        super().__init__("Answers of this session")
        self._answers = {answer.request_id: answer for answer in reversed(answers)}
        self._held = held

    def content(self) -> tuple[Widget, ...]:
        return (LineTable(COLUMNS, "ANSWERS", "No program has asked for anything yet", id="answers"),)

    def on_mount(self) -> None:
        table = self.query_one(LineTable)
        table.show_rows([self._row(answer) for answer in self._answers.values()])
        standing = (answer.request_id for answer in self._answers.values() if self._in_force(answer))
        table.select(next(standing, table.selected))
        table.focus()

    def _is_held(self, answer: AnswerSnapshot) -> bool:
        """Whether what the answer gave is still there."""
        return answer.slot is not None and (answer.prompt.pid, answer.slot) in self._held

    def _in_force(self, answer: AnswerSnapshot) -> bool:
        return self._is_held(answer) or answer.stands

    def _row(self, answer: AnswerSnapshot) -> Row:
        asked, given = answer.prompt, answer.slot is not None
        holds = "yes" if self._is_held(answer) else ("next run" if answer.stands else "gone" if given else "-")
        cells = (
            Cell(f"{asked.name} ({asked.pid})"),
            Cell(kind_of(asked.object_type)),
            Cell(object_text(asked.object_type, asked.object_id, asked.object_name), "name"),
            Cell(rights_text(asked.perms)),
            Cell(answer.choice, "good" if given else "warn"),
            Cell(str(answer.slot) if given else "-", "quiet"),
            Cell(holds, "plain" if self._in_force(answer) else "quiet"),
        )
        return Row(answer.request_id, cells)

    def action_take_back(self) -> None:
        chosen = self.query_one(LineTable).selected
        answer = self._answers.get(chosen) if isinstance(chosen, int) else None
        if answer is None or not self._in_force(answer):
            self.complain("Nothing to take back: it was denied, or it is gone already")
        else:
            self.dismiss(answer)

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        event.stop()
        self.complain("")

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
