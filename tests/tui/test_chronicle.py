"""The rows that the message log keeps: what a program repeats is one row with its number of times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zos_core.snapshot import EventKind, EventSnapshot
from zos_tui.chronicle import KIND_FILTERS, MAX_ROWS, Chronicle, View

REFUSED, INPUT, GRANTED, REVOKED = EventKind.REFUSED, EventKind.INPUT, EventKind.GRANTED, EventKind.REVOKED


class Reader:
    def __init__(self, rows: list[EventSnapshot]) -> None:
        self.rows = rows

    def news(self) -> list[EventSnapshot]:
        taken, self.rows = self.rows, []
        return taken


def row(kind: EventKind, text: str, pid: int = 3, at: int = 0) -> EventSnapshot:
    return EventSnapshot(at, kind, pid, pid, text, 0, at)


def told(rows: list[EventSnapshot], view: View | None = None) -> list[tuple[str, int]]:
    chronicle = Chronicle(lambda _messages: Reader(list(rows)))
    assert chronicle.pull() == rows, "whoever pulls is told everything"
    return [(each.row.text, each.times) for each in chronicle.rows(view or View())]


def test_what_is_repeated_is_one_row_with_the_time_of_the_first() -> None:
    chronicle = Chronicle(lambda _messages: Reader([row(REFUSED, "open", at=at) for at in range(1, 31)]))
    chronicle.pull()
    (only,) = chronicle.rows(View())
    assert (only.number, only.times, only.row.time_ns) == (1, 30, 1)


def test_a_program_may_repeat_a_few_calls_in_turn() -> None:
    turns = [row(REFUSED, text) for _ in range(10) for text in ("stat", "open", "read")]
    assert told(turns) == [("stat", 10), ("open", 10), ("read", 10)]


def test_what_happens_in_between_keeps_its_place() -> None:
    rows = [row(REFUSED, "open"), row(REFUSED, "open"), row(REVOKED, "gone"), row(REFUSED, "open")]
    assert told(rows) == [("open", 2), ("gone", 1), ("open", 1)]
    assert told([row(REFUSED, "open"), row(REFUSED, "open", pid=4), row(REFUSED, "open")]) == [("open", 1)] * 3


def test_what_changes_authority_is_never_counted_together() -> None:
    assert told([row(GRANTED, "slot 6"), row(GRANTED, "slot 6")]) == [("slot 6", 1)] * 2


def test_a_choice_of_kinds_shows_the_same_counts() -> None:
    rows = [row(INPUT, "1 byte"), row(INPUT, "1 byte"), row(REFUSED, "open")]
    refusals = next(each for each in KIND_FILTERS if each.kinds == frozenset({REFUSED}))
    assert told(rows, View(kinds=refusals)) == [("open", 1)]
    assert told(rows) == [("1 byte", 2), ("open", 1)]


@given(st.lists(st.tuples(st.sampled_from([REFUSED, INPUT, GRANTED]), st.sampled_from("abcdef"), st.integers(1, 2))))
def test_nothing_is_lost_in_the_counts(choices: list[tuple[EventKind, str, int]]) -> None:
    rows = [row(*each) for each in choices]
    counted = told(rows)
    assert sum(times for _, times in counted) == len(rows) <= MAX_ROWS
    for text in "abcdef":
        assert sum(times for each, times in counted if each == text) == sum(each.text == text for each in rows)
