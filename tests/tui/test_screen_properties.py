"""The terminal emulator against any bytes: it never raises, never loses its shape, never grows without bound."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from zos_tui import escapes, widths
from zos_tui.cells import PLAIN, Style, StyleTable
from zos_tui.emulation import MAX_CELL
from zos_tui.escapes import MAX_SEQUENCE, MAX_STRING, Tokenizer
from zos_tui.screen import Screen
from zos_tui.widths import NARROW_RANGES, WIDE_RANGES, Kind, graphemes, kinds

PIECES = st.sampled_from(
    [
        *("a", "bc", " ", "漢", "字", "é", "e\u0301", "\u0301", "👩", "\u200d", "🚀", "❤", "\ufe0f", "🏽", "\u202e"),
        *("\r", "\n", "\r\n", "\b", "\t", "\x0e", "\x0f", "\x18", "\x1a", "\x7f", "\x9b", "\x1b", "\x1b[", "\x1b]"),
        *("\x1b7", "\x1b8", "\x1bM", "\x1bD", "\x1bE", "\x1bH", "\x1bc", "\x1b#8", "\x1b(0", "\x1b(B", "\x1bP"),
        *("\x1b]8;;https://a/\x07", "\x1b]0;t\x07", "\x1b]52;c;QQ==\x07", "\x1b[?1049h", "\x1b[?1049l", "\x1b[4h"),
        *("\x1b[4l", "\x1b[?7l", "\x1b[?7h", "\x1b[?6h", "\x1b[?6l", "\x1b[2;3r", "\x1b[r", "\x1b[!p", "\x1b[3J"),
        *("\x1b\\", "ｱ"),
    ]
)
SEQUENCES = st.builds(
    lambda numbers, final: "\x1b[" + ";".join(map(str, numbers)) + final,
    st.lists(st.sampled_from([0, 1, 2, 3, 5, 7, 38, 48, 99, 70_000]), max_size=5),
    st.sampled_from(list("@ABCDEFGHIJKLMPSTXZ`abcdefghlmnrstu")),
)
STREAMS = st.lists(PIECES | SEQUENCES | st.text(max_size=3), max_size=60).map(lambda parts: "".join(parts).encode())
ANY_BYTES = st.binary(max_size=300) | STREAMS


UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def check_shape(screen: Screen) -> None:
    """Every row is exactly as wide as the screen by Rich's measure, with no half of a wide character alone."""
    for y in range(screen.lines):
        row = screen.row(y)
        assert len(row.text) == len(row.styles) == screen.columns
        assert cell_len("".join(row.text)) == screen.columns
        for x, cell in enumerate(row.text):
            assert len(cell) <= MAX_CELL
            assert not UNSAFE.search(cell), "a control or bidi override would act outside the pane"
            width = cell_len(cell)
            if cell == "":
                assert x > 0 and cell_len(row.text[x - 1]) == 2
            elif width == 2:
                assert row.text[x + 1] == ""
            else:
                assert width == 1
            assert isinstance(screen.style(row.styles[x]), Style)
    cursor = screen.cursor
    assert 0 <= cursor.x < screen.columns
    assert 0 <= cursor.y < screen.lines


def contents(screen: Screen) -> object:
    rows = [screen.row(y) for y in range(screen.lines)]
    past = [screen.history_row(i) for i in range(screen.history_length)]
    cells = [(list(row.text), [screen.style(style_id) for style_id in row.styles], row.wrapped) for row in past + rows]
    return cells, screen.cursor, screen.modes, screen.title, screen.bell, screen.clipboard_refusals, screen.wrap_pending


@given(ANY_BYTES)
@settings(max_examples=400, deadline=None)
def test_any_bytes_keep_the_shape(data: bytes) -> None:
    screen = Screen(7, 4, 20)
    screen.feed(data)
    check_shape(screen)


@given(ANY_BYTES, st.lists(st.integers(1, 8), max_size=80))
@settings(max_examples=400, deadline=None)
def test_where_the_input_is_cut_does_not_matter(data: bytes, sizes: list[int]) -> None:
    answers: list[bytes] = []
    answers_in_pieces: list[bytes] = []
    whole = Screen(7, 4, 20, answers.append)
    whole.feed(data)
    pieces = Screen(7, 4, 20, answers_in_pieces.append)
    position = 0
    for size in sizes:
        pieces.feed(data[position : position + size])
        position += size
    pieces.feed(data[position:])
    assert contents(pieces) == contents(whole)
    assert answers_in_pieces == answers


@given(st.lists(ANY_BYTES | st.tuples(st.integers(0, 15), st.integers(0, 9)), max_size=12))
@settings(max_examples=300, deadline=None)
def test_resizing_at_any_time_keeps_the_shape(steps: list[bytes | tuple[int, int]]) -> None:
    screen = Screen(7, 4, 20)
    for step in steps:
        if isinstance(step, bytes):
            screen.feed(step)
        else:
            screen.resize(*step)
        check_shape(screen)
        assert screen.history_length <= 20


@given(STREAMS)
@settings(max_examples=200, deadline=None)
def test_dirty_is_exactly_what_a_reader_would_have_to_draw_again(data: bytes) -> None:
    screen = Screen(7, 4, 20)
    screen.feed(b"start\x1b[H")
    screen.take_dirty()
    before = [(list(screen.row(y).text), list(screen.row(y).styles)) for y in range(4)]
    screen.feed(data)
    dirty = screen.take_dirty()
    for y in set(range(4)) - dirty:
        assert (list(screen.row(y).text), list(screen.row(y).styles)) == before[y]


@pytest.mark.parametrize("introducer", ["\x1b[", "\x1b]", "\x1b]52;c;", "\x1bP", "\x1b_", "\x1b ", "\x1b[\n"])
@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_an_endless_sequence_is_swallowed_in_bounded_memory(introducer: str, step: int) -> None:
    tokenizer = Tokenizer()
    data = (introducer + ("1" if introducer != "\x1b " else " ") * 20_000).encode()
    for start in range(0, len(data), step):
        assert "".join(tokenizer.feed(data[start : start + step])) == ""
    assert len(tokenizer._held) <= max(MAX_STRING, MAX_SEQUENCE) + 1
    assert "".join(tokenizer.feed(b"m\x1b\\")).endswith("\x1b\\")
    assert tokenizer.feed(b"after")[-1] == "after"


@pytest.mark.parametrize("step", [1, 300, 100_000])
def test_an_overlong_sequence_does_the_same_however_it_is_cut(step: int) -> None:
    data = ("a\x1b[" + "\n" * 400 + "31mb\x1b" + " " * 400 + "cd\x1b[" + "1" * 400 + "漢e").encode()
    screen = Screen(10, 3)
    for start in range(0, len(data), step):
        screen.feed(data[start : start + step])
    assert "".join(screen.row(0).text).rstrip() == "abd漢e"


def test_combining_marks_without_end_stay_in_one_bounded_cell() -> None:
    screen = Screen(10, 3)
    screen.feed(("e" + "\u0301" * 10_000 + "x").encode())
    assert screen.cursor.x == 2
    assert len(screen.row(0).text[0]) == MAX_CELL


def test_repeating_is_bounded_by_the_screen() -> None:
    screen = Screen(10, 3)
    screen.feed(b"x\x1b[65535b")
    assert 0 < screen.scrolled <= 3


def test_styles_without_end_are_taken_back() -> None:
    live: list[list[int]] = [[]]
    table = StyleTable(lambda: live, limit=64)
    for number in range(1_000):
        style_id = table.intern(Style(fg=(number % 256, number // 256, 0)))
        live[0] = [style_id]
    assert len(table) <= 64
    assert table[live[0][0]] == Style(fg=(999 % 256, 3, 0))


def test_styles_that_stay_alive_become_poorer_not_more() -> None:
    live: list[list[int]] = [[]]
    table = StyleTable(lambda: live, limit=64)
    for number in range(1_000):
        live[0].append(table.intern(Style(fg=(number % 256, number // 256, 0), link=f"https://a/{number}")))
    assert len(table) <= 64
    assert table[live[0][0]] == Style(fg=(0, 0, 0), link="https://a/0")
    last = table[live[0][-1]]
    assert last == PLAIN or (isinstance(last.fg, int) and last.link is None)


def test_true_colour_without_end_keeps_the_shown_styles_right() -> None:
    rng = random.Random(5)
    colours = [tuple(rng.randbytes(3)) for _ in range(70_000)]
    screen = Screen(10, 3, 50)
    screen.feed(b"".join(b"\x1b[38;2;%d;%d;%dmx" % colour for colour in colours))
    assert len(screen._emulation.styles) < 65_536
    shown = [screen.style(style_id).fg for y in range(3) for style_id in screen.row(y).styles]
    assert shown == colours[-30:]


def test_a_saved_style_that_nothing_shows_is_kept() -> None:
    screen = Screen(10, 3, 50)
    screen.feed(b"\x1b[38;2;1;2;3m\x1b7")
    screen.feed(b"".join(b"\x1b[38;2;9;%d;%dmx" % divmod(number, 256) for number in range(65_000)))
    screen.feed(b"\x1b8\x1b[Hx")
    assert screen.style(screen.row(0).styles[0]).fg == (1, 2, 3)


def test_the_common_classes_are_as_wide_as_rich_says_and_join_nothing() -> None:
    for ranges, width in ((NARROW_RANGES, 1), (WIDE_RANGES, 2)):
        for low, high in ranges:
            for code in range(low, high + 1):
                assert cell_len(chr(code)) == width, hex(code)
                assert widths.RUNS.fullmatch(chr(code)).lastindex == width  # type: ignore[union-attr]


def test_remembered_kinds_are_bounded() -> None:
    for code in range(0x10000, 0x10000 + 3 * widths.MAX_REMEMBERED):
        assert kinds[chr(code)] in Kind
    assert len(kinds) <= widths.MAX_REMEMBERED


@given(st.text(alphabet="ae\u0301漢👩\u200d🚀❤\ufe0f🏽 ", max_size=12))
@settings(max_examples=200, deadline=None)
def test_graphemes_are_the_cells_of_the_screen(text: str) -> None:
    screen = Screen(40, 2)
    screen.feed(text.encode())
    cells = [cell for cell in screen.row(0).text[: screen.cursor.x] if cell]
    assert cells == graphemes(text)


def test_tokens_put_together_again_are_the_input() -> None:
    data = "a\x1b[1mb\x1b]0;t\x07c\r\nd\x1bPx\x1b\\e"
    assert "".join(Tokenizer().feed(data.encode())) == data
    assert escapes.parse_sequence("\x1b[?1;2h")[1] == ("?h", "1;2")
