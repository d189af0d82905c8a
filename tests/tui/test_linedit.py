"""The line discipline, typed into a real screen: what the person sees and what the program gets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zos_tui.linedit import MAX_LINE, LineEditor, LineResult, Place
from zos_tui.screen import Screen


class Tab:
    """A line editor on a screen, as the terminal widget puts them together."""

    def __init__(self, columns: int = 20, lines: int = 6, prompt: str = "$ ") -> None:
        self.screen = Screen(columns, lines)
        self.editor = LineEditor()
        self.delivered: list[bytes] = []
        self.ended = False
        self.screen.feed(prompt.encode())

    @property
    def place(self) -> Place:
        return Place(self.screen.cursor.x, self.screen.columns, self.screen.lines)

    def press(self, *keys: str) -> Tab:
        for key in keys:
            self._take(self.editor.feed(key, key if len(key) == 1 else None, self.place))
        return self

    def type(self, text: str) -> Tab:
        return self.press(*text)

    def paste(self, text: str) -> Tab:
        for result in self.editor.paste(text, self.place):
            self._take(result)
        return self

    def output(self, text: str) -> Tab:
        self.screen.feed(self.editor.hide())
        self.screen.feed(text.encode())
        self.screen.feed(self.editor.show(self.place))
        return self

    def _take(self, result: LineResult) -> None:
        self.screen.feed(result.echo)
        if result.deliver is not None:
            self.delivered.append(result.deliver)
        self.ended = self.ended or result.end_of_input

    @property
    def seen(self) -> list[str]:
        lines = ["".join(self.screen.row(y).text).rstrip() for y in range(self.screen.lines)]
        while lines and not lines[-1]:
            del lines[-1]
        return lines

    @property
    def cursor(self) -> tuple[int, int]:
        return self.screen.cursor.x, self.screen.cursor.y


def test_a_line_is_echoed_and_delivered_at_enter() -> None:
    tab = Tab().type("ls -la")
    assert (tab.seen, tab.cursor, tab.delivered) == (["$ ls -la"], (8, 0), [])
    tab.press("enter")
    assert tab.delivered == [b"ls -la\n"]
    assert tab.cursor == (0, 1)
    assert tab.editor.text == ""


@pytest.mark.parametrize(
    ("keys", "line", "caret"),
    [
        (["left", "left", "X"], "one tXwo", 6),
        (["backspace"], "one tw", 6),
        (["home", "X"], "Xone two", 1),
        (["ctrl+a", "right", "X"], "oXne two", 2),
        (["ctrl+a", "ctrl+f", "ctrl+f", "ctrl+b", "X"], "oXne two", 2),
        (["home", "end", "X"], "one twoX", 8),
        (["home", "ctrl+e", "X"], "one twoX", 8),
        (["home", "delete"], "ne two", 0),
        (["home", "ctrl+d"], "ne two", 0),
        (["home", "right", "ctrl+k"], "o", 1),
        (["left", "ctrl+u"], "o", 0),
        (["ctrl+w"], "one ", 4),
        (["ctrl+w", "ctrl+w"], "", 0),
        (["ctrl+w", "home", "ctrl+y"], "twoone ", 3),
        (["ctrl+u", "ctrl+y", "ctrl+y"], "one twoone two", 14),
        (["ctrl+left", "X"], "one Xtwo", 5),
        (["home", "ctrl+right", "X"], "oneX two", 4),
        (["left"] * 20 + ["X"], "Xone two", 1),
        (["right", "X"], "one twoX", 8),
        (["tab"], "one two\t", 9),
        (["f5", "ctrl+q", "alt+x"], "one two", 7),
    ],
)
def test_editing(keys: list[str], line: str, caret: int) -> None:
    tab = Tab().type("one two").press(*keys)
    assert tab.editor.text == line
    assert tab.seen == [("$ " + line.replace("\t", "^I")).rstrip()]
    assert tab.cursor == (2 + caret, 0)
    tab.press("enter")
    assert tab.delivered == [line.encode() + b"\n"]


def test_backspace_takes_a_whole_grapheme() -> None:
    tab = Tab().type("aé漢👩\u200d🚀")
    assert tab.cursor == (8, 0)
    tab.press("backspace")
    assert (tab.editor.text, tab.cursor) == ("aé漢", (6, 0))
    tab.type("e\u0301").press("backspace", "backspace")
    assert (tab.editor.text, tab.seen, tab.cursor) == ("aé", ["$ aé"], (4, 0))


def test_keys_that_can_do_nothing_ring() -> None:
    tab = Tab().press("left", "backspace", "up")
    assert tab.screen.bell == 3
    assert tab.seen == ["$"]


def test_history() -> None:
    tab = Tab(lines=12)
    for line in ("first", "second", "second", "  "):
        tab.type(line).press("enter")
    tab.type("draft").press("up")
    assert tab.editor.text == "second"
    assert tab.press("up").editor.text == "first"
    assert tab.press("up").editor.text == "first"
    assert tab.press("down", "down").editor.text == "draft"
    assert tab.press("up", "ctrl+p", "X").editor.text == "firstX"
    assert tab.press("enter").delivered[-1] == b"firstX\n"
    assert tab.press("up", "up", "up").editor.text == "first"


def test_history_is_bounded() -> None:
    editor = LineEditor(history=3)
    place = Place(0, 20, 6)
    for number in range(10):
        editor.paste(f"line {number}\n", place)
    for _ in range(5):
        editor.feed("up", None, place)
    assert editor.text == "line 7"


def test_end_of_input_only_at_an_empty_line() -> None:
    tab = Tab().type("x").press("ctrl+d")
    assert not tab.ended
    tab.press("backspace", "ctrl+d")
    assert tab.ended
    assert tab.delivered == []


def test_interrupt_drops_the_line() -> None:
    tab = Tab().type("half").press("left", "ctrl+c")
    assert tab.delivered == [b"\x03"]
    assert (tab.seen, tab.cursor, tab.editor.text) == (["$ half^C"], (0, 1), "")
    assert tab.press("ctrl+c").delivered == [b"\x03", b"\x03"]


def test_a_pasted_text_is_its_lines() -> None:
    tab = Tab().type("a").paste("b\r\nc\td\x1b[31m\ne")
    assert tab.delivered == [b"ab\n", b"c\td[31m\n"]
    assert tab.editor.text == "e"
    assert tab.seen == ["$ ab", "c^Id[31m", "e"]


def test_a_line_longer_than_a_row_is_edited_in_place() -> None:
    tab = Tab(columns=10).type("abcdefghijklmnop")
    assert (tab.seen, tab.cursor) == (["$ abcdefgh", "ijklmnop"], (8, 1))
    tab.press("home", "X")
    assert (tab.seen, tab.cursor) == (["$ Xabcdefg", "hijklmnop"], (3, 0))
    tab.press("delete", "delete", "end", "backspace", "ctrl+a", "delete")
    assert tab.seen == ["$ cdefghij", "klmno"]
    tab.press("end", "enter")
    assert (tab.delivered, tab.cursor) == ([b"cdefghijklmno\n"], (0, 2))


def test_a_line_that_fills_its_row_exactly() -> None:
    tab = Tab(columns=10).type("abcdefgh")
    assert (tab.seen, tab.cursor) == (["$ abcdefgh"], (0, 1))
    tab.press("enter").output("done")
    assert tab.seen[0] == "$ abcdefgh"
    assert tab.seen[-1] == "done"


def test_a_long_line_at_the_bottom_scrolls() -> None:
    tab = Tab(columns=10, lines=3, prompt="1\n2\n$ ").type("abcdefghij")
    assert (tab.seen, tab.cursor) == (["2", "$ abcdefgh", "ij"], (2, 2))
    tab.press("ctrl+u")
    assert tab.seen == ["2", "$"]


def test_a_line_longer_than_the_screen_shows_the_part_around_the_caret() -> None:
    tab = Tab(columns=10, lines=4).type("0123456789" * 10)
    assert tab.seen[0].startswith("$ ")
    assert tab.seen[-1].endswith("9")
    tab.press("home", "X")
    assert (tab.seen[0], tab.cursor) == ("$ X0123456", (3, 0))
    tab.press("enter")
    assert tab.delivered == [b"X" + b"0123456789" * 10 + b"\n"]


def test_a_line_has_a_limit() -> None:
    tab = Tab().paste("x" * MAX_LINE)
    bells = tab.screen.bell
    tab.press("y")
    assert tab.screen.bell == bells + 1
    assert tab.editor.text == "x" * MAX_LINE


def test_output_goes_above_a_half_typed_line() -> None:
    tab = Tab(columns=10).type("abcdefghijkl").press("left")
    tab.output("\rtick\n$ ")
    assert (tab.seen, tab.cursor) == (["tick", "$ abcdefgh", "ijkl"], (3, 2))
    tab.press("X", "enter")
    assert tab.delivered == [b"abcdefghijkXl\n"]


def test_without_a_line_there_is_nothing_to_hide() -> None:
    tab = Tab()
    assert tab.editor.hide() == tab.editor.show(tab.place) == b""
    tab.type("x").press("backspace")
    assert not tab.editor.shown
    assert tab.editor.hide() == b""
    tab.output("tock ").type("y")
    assert tab.seen == ["$ tock y"]


def test_a_resize_goes_between_hide_and_show() -> None:
    tab = Tab(columns=10).type("abcdefghijkl")
    tab.screen.feed(tab.editor.hide())
    tab.screen.resize(20, 6)
    tab.screen.feed(tab.editor.show(tab.place))
    assert (tab.seen, tab.cursor) == (["$ abcdefghijkl"], (14, 0))


KEYS = st.sampled_from(
    [
        *"ab c漢é❤\ufe0f\u0301👩\u200d🚀🏽",
        *("left", "right", "home", "end", "backspace", "delete", "ctrl+k", "ctrl+u", "ctrl+w"),
        *("ctrl+y", "tab", "up", "down", "ctrl+left", "ctrl+right", "output"),
    ]
)


@given(st.lists(KEYS, max_size=40), st.integers(4, 12))
@settings(max_examples=300)
def test_the_screen_always_shows_the_line_with_the_caret_in_it(keys: list[str], columns: int) -> None:
    """Against the simplest model: a fresh screen with the prompt and the line printed on it."""
    tab = Tab(columns, 40)
    for key in keys:
        if key == "output":
            tab.output("\r$ ")
        else:
            tab.press(key)
        shown = tab.editor.text.replace("\t", "^I")
        model = Screen(columns, 40)
        model.feed(("$ " + shown).encode())
        assert tab.seen == ["".join(model.row(y).text).rstrip() for y in range(len(tab.seen))]
        caret = "".join(tab.editor._line[: tab.editor._caret]).replace("\t", "^I")
        model = Screen(columns, 40)
        model.feed(("$ " + caret).encode())
        expected = (0, model.cursor.y + 1) if model.wrap_pending else (model.cursor.x, model.cursor.y)
        assert tab.cursor == expected
    text = tab.editor.text
    tab.press("enter")
    assert tab.delivered == [text.encode() + b"\n"]
