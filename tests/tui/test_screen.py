"""The terminal emulator, feature by feature: given bytes, expect text, cursor, styles."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from zos_tui.cells import PLAIN, Style
from zos_tui.modes import CursorShape
from zos_tui.screen import Screen

ESC = "\x1b"
CSI = "\x1b["


def text_of(screen: Screen) -> list[str]:
    """The display as lines without trailing blanks, trailing empty lines left out."""
    lines = ["".join(screen.row(y).text).rstrip() for y in range(screen.lines)]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def fed(data: str | bytes, columns: int = 10, lines: int = 4, scrollback: int = 100) -> Screen:
    screen = Screen(columns, lines, scrollback)
    screen.feed(data.encode() if isinstance(data, str) else data)
    return screen


def style_at(screen: Screen, x: int, y: int = 0) -> Style:
    return screen.style(screen.row(y).styles[x])


@dataclass(frozen=True)
class Case:
    """One transcript on a 10x4 screen: what is sent, the lines and the cursor expected."""

    name: str
    sent: str
    lines: list[str]
    cursor: tuple[int, int] | None = None


ABCD = f"a{CSI}2Hb{CSI}3Hc{CSI}4Hd"
"""Lines a, b, c, d; the cursor after the d."""

CASES = [
    Case("plain text", "hello", ["hello"], (5, 0)),
    Case("LF starts a new line, as programs print it", "ab\ncd", ["ab", "cd"], (2, 1)),
    Case("LF keeps the column with newline mode off", f"{CSI}20lab\ncd", ["ab", "  cd"], (4, 1)),
    Case("CR LF", "ab\r\ncd", ["ab", "cd"], (2, 1)),
    Case("VT and FF are line feeds", "a\vb\fc", ["a", "b", "c"], (1, 2)),
    Case("backspace stops at the margin", "ab\b\b\bX", ["Xb"], (1, 0)),
    Case("NUL, DEL and C1 print nothing", "a\x00\x7f\u0085b", ["ab"], (2, 0)),
    Case("autowrap", "0123456789AB", ["0123456789", "AB"], (2, 1)),
    Case("a full row holds the wrap back", "0123456789", ["0123456789"], (9, 0)),
    Case("CR cancels a held wrap", "0123456789\rX", ["X123456789"], (1, 0)),
    Case("moving cancels a held wrap", f"0123456789{CSI}CX", ["012345678X"], (9, 0)),
    Case("backspace from a held wrap", "0123456789\bX", ["01234567X9"], (9, 0)),
    Case("no autowrap overwrites the last column", f"{CSI}?7l0123456789ABC", ["012345678C"], (9, 0)),
    Case("output past the bottom scrolls", "1\n2\n3\n4\n5", ["2", "3", "4", "5"], (1, 3)),
    Case("cursor position", f"{CSI}3;4HX", ["", "", "   X"], (4, 2)),
    Case("cursor position is clamped", f"{CSI}99;99HX", ["", "", "", "         X"], (9, 3)),
    Case("HVP", f"{CSI}2;2fX", ["", " X"], (2, 1)),
    Case("relative moves", f"{CSI}2;5H{CSI}A{CSI}2D{CSI}2B{CSI}CX", ["", "", "   X"], (4, 2)),
    Case("moves stop at the edges", f"{CSI}99A{CSI}99DX{CSI}99B{CSI}99CY", ["X", "", "", "         Y"], (9, 3)),
    Case("CNL and CPL", f"ab{CSI}2EX{CSI}FY", ["ab", "Y", "X"], (1, 1)),
    Case("CHA, HPA, VPA", f"{CSI}5Ga{CSI}3`b{CSI}3dc", ["  b a", "", "   c"], (4, 2)),
    Case("HPR and VPR", f"{CSI}3aX{CSI}2eY", ["   X", "", "    Y"], (5, 2)),
    Case("erase to the end of the line", f"abcdef{CSI}3G{CSI}K", ["ab"], (2, 0)),
    Case("erase from the start of the line", f"abcdef{CSI}3G{CSI}1K", ["   def"], (2, 0)),
    Case("erase the line", f"abcdef{CSI}3G{CSI}2K", [], (2, 0)),
    Case("an unknown erase does nothing", f"abc{CSI}7K{CSI}9J", ["abc"]),
    Case("erase below", f"{ABCD}{CSI}2;1H{CSI}J", ["a"], (0, 1)),
    Case("erase above", f"{ABCD}{CSI}3;1H{CSI}1J", ["", "", "", "d"], (0, 2)),
    Case("erase the display keeps the cursor", f"{ABCD}{CSI}2J", [], (1, 3)),
    Case("ECH", f"abcdef{CSI}2G{CSI}3X", ["a   ef"], (1, 0)),
    Case("ICH", f"abcdefghij{CSI}3G{CSI}2@X", ["abX cdefgh"], (3, 0)),
    Case("DCH", f"abcdefghij{CSI}3G{CSI}2P", ["abefghij"], (2, 0)),
    Case("IL", f"{ABCD}{CSI}2H{CSI}L", ["a", "", "b", "c"], (0, 1)),
    Case("DL", f"{ABCD}{CSI}2H{CSI}2M", ["a", "d"], (0, 1)),
    Case("SU", f"{ABCD}{CSI}S", ["b", "c", "d"], (1, 3)),
    Case("SD", f"{ABCD}{CSI}2T", ["", "", "a", "b"], (1, 3)),
    Case("IND and NEL", f"ab{ESC}DX{ESC}EY", ["ab", "  X", "Y"], (1, 2)),
    Case("RI scrolls down at the top", f"{ABCD}{CSI}H{ESC}MX", ["X", "a", "b", "c"], (1, 0)),
    Case("RI moves up elsewhere", f"{CSI}3;2H{ESC}MX", ["", " X"], (2, 1)),
    Case("insert mode", f"abc\r{CSI}4hXY{CSI}4lZ", ["XYZbc"], (3, 0)),
    Case("insert mode loses what leaves the row", f"0123456789\r{CSI}4hX", ["X012345678"]),
    Case("insert mode wraps", f"{CSI}4h0123456789AB", ["0123456789", "AB"], (2, 1)),
    Case("scroll region", f"{ABCD}{CSI}2;3r{CSI}3H\nX", ["a", "c", "X", "d"], (1, 2)),
    Case("RI in a scroll region", f"{ABCD}{CSI}2;3r{CSI}2H{ESC}MX", ["a", "X", "b", "d"], (1, 1)),
    Case("a region homes the cursor", f"ab{CSI}2;3r", ["ab"], (0, 0)),
    Case("a region of one line is refused", f"ab{CSI}3;3rX", ["abX"], (3, 0)),
    Case("IL stays in the region", f"{ABCD}{CSI}2;3r{CSI}2H{CSI}L", ["a", "", "b", "d"], (0, 1)),
    Case("IL outside the region does nothing", f"{ABCD}{CSI}2;3r{CSI}4H{CSI}L", ["a", "b", "c", "d"]),
    Case("LF below the region stops at the bottom", f"{CSI}1;2r{CSI}4HX\nY", ["", "", "", "Y"], (1, 3)),
    Case("moves stop at the region's margins", f"{CSI}2;3r{CSI}3H{CSI}9AX", ["", "X"], (1, 1)),
    Case("origin mode counts from the margin", f"{CSI}2;3r{CSI}?6hX{CSI}9;1HY", ["", "X", "Y"], (1, 2)),
    Case("leaving origin mode homes", f"{CSI}2;3r{CSI}?6h{CSI}?6lX", ["X"], (1, 0)),
    Case("DECSC and DECRC", f"ab{ESC}7{CSI}3;3Hc{ESC}8d", ["abd", "", "  c"], (3, 0)),
    Case("SCO save and restore", f"ab{CSI}s{CSI}3;3Hc{CSI}ud", ["abd", "", "  c"], (3, 0)),
    Case("restoring without saving homes", f"ab{ESC}8X", ["Xb"], (1, 0)),
    Case("line drawing in G0", f"{ESC}(0lqk{ESC}(Blqk", ["┌─┐lqk"], (6, 0)),
    Case("line drawing by SO and SI", f"{ESC})0x\x0ex\x0fx", ["x│x"], (3, 0)),
    Case("DECSC keeps the character set", f"{ESC}(0{ESC}7{ESC}(Bq{ESC}8q", ["─"], (1, 0)),
    Case("tab stops every eight", "a\tb", ["a       b"], (9, 0)),
    Case("a tab with no stop left goes to the edge", "\t\tb", ["         b"], (9, 0)),
    Case("HTS, TBC, CHT and CBT", f"{CSI}3g{CSI}4G{ESC}H\r\tX{CSI}ZY\r{CSI}9I", ["   Y"], (9, 0)),
    Case("TBC of one stop", f"{CSI}9G{CSI}g\r\tX", ["         X"], (9, 0)),
    Case("REP", f"ab{CSI}3b", ["abbbb"], (5, 0)),
    Case("REP with nothing before it", f"{CSI}3bX", ["X"], (1, 0)),
    Case("DECALN", f"{CSI}2;3r{ESC}#8", ["E" * 10] * 4, (0, 0)),
    Case("RIS", f"{CSI}2;3r{CSI}4hab{ESC}cXY\rZ", ["ZY"], (1, 0)),
    Case("DECSTR resets modes, not the text", f"ab{CSI}4h{CSI}2;3r{CSI}!p\rX{CSI}4HY", ["Xb", "", "", "Y"], (1, 3)),
    Case("wide characters take two cells", "漢字x", ["漢字x"], (5, 0)),
    Case("a wide character wraps whole", "012345678漢", ["012345678", "漢"], (2, 1)),
    Case("a wide character without autowrap", f"{CSI}?7l0123456789漢", ["01234567漢"], (9, 0)),
    Case("overwriting the second half blanks the first", f"漢字{CSI}2GX", [" X字"], (2, 0)),
    Case("overwriting the first half blanks the second", "漢字\rX", ["X 字"], (1, 0)),
    Case("erasing half a wide character", f"漢字{CSI}2G{CSI}X", ["  字"], (1, 0)),
    Case("deleting half a wide character", f"漢字{CSI}2G{CSI}P", [" 字"], (1, 0)),
    Case("erasing up to the middle of a wide character", f"a漢b{CSI}2G{CSI}1K", ["   b"], (1, 0)),
    Case("deleting up to the middle of a wide character", f"a漢b\r{CSI}2P", [" b"], (0, 0)),
    Case("inserting into a wide character", f"漢字{CSI}2G{CSI}@", ["   字"], (1, 0)),
    Case("pushing half a wide character off the row", f"01234567漢{CSI}G{CSI}@", [" 01234567"], (0, 0)),
    Case("insert mode with a wide character", f"abc\r{CSI}4h漢", ["漢abc"], (2, 0)),
    Case("combining marks join the cell before", "e\u0301x", ["e\u0301x"], (2, 0)),
    Case("a combining mark at the right margin", "012345678e\u0301", ["012345678e\u0301"], (9, 0)),
    Case("a combining mark with nothing before it", "\u0301x", ["x"], (1, 0)),
    Case("a combining mark after a style change", f"e{CSI}1m\u0301x", ["e\u0301x"], (2, 0)),
    Case("ZWJ emoji are one cell pair", "👩\u200d🚀x", ["👩\u200d🚀x"], (3, 0)),
    Case("a joiner joins no letter", "a\u200db", ["ab"], (2, 0)),
    Case("skin tones join", "👍🏽x", ["👍🏽x"], (3, 0)),
    Case("a selector makes a character wide", "❤\ufe0fx", ["❤\ufe0fx"], (3, 0)),
    Case("a selector at the margin takes it along", "012345678❤\ufe0fx", ["012345678", "❤\ufe0fx"], (3, 1)),
    Case("bidi overrides are dropped", "a\u202eb\u2066c", ["abc"], (3, 0)),
    Case("unknown sequences print nothing", f"a{CSI}?99;1zb{CSI}=5ycd{ESC}%Ge{ESC}#3", ["abcde"], (5, 0)),
    Case("controls inside a sequence are obeyed", f"ab{CSI}\r1CX", ["aX"], (2, 0)),
    Case("CAN and SUB abort a sequence", f"a{CSI}3\x18b{CSI}3\x1ac", ["abc"], (3, 0)),
    Case("ESC aborts a sequence", f"a{CSI}3{CSI}1mb", ["ab"], (2, 0)),
    Case("device strings are swallowed", f"a{ESC}Pq#0~{ESC}\\b{ESC}_x{ESC}\\c", ["abc"]),
    Case("other strings are swallowed", f"c{ESC}^y{ESC}\\d{ESC}Xz{ESC}\\e", ["cde"]),
    Case("an OSC ends at BEL or ST", f"a{ESC}]0;t\x07b{ESC}]2;u{ESC}\\c", ["abc"]),
    Case("a huge parameter is clamped", f"{CSI}99999999999999999999CX{CSI}{'9' * 200}AY", ["         Y"]),
    Case("an overlong sequence is swallowed", f"a{CSI}{'1;' * 5000}Hb", ["ab"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_transcript(case: Case) -> None:
    screen = fed(case.sent)
    assert text_of(screen) == case.lines
    if case.cursor is not None:
        assert (screen.cursor.x, screen.cursor.y) == case.cursor


@pytest.mark.parametrize(
    ("body", "style"),
    [
        ("1", Style(bold=True)),
        ("2;3", Style(dim=True, italic=True)),
        ("4", Style(underline=True)),
        ("4:3", Style(underline=True)),
        ("4;4:0", PLAIN),
        ("21", Style(underline=True)),
        ("5;7;8;9", Style(blink=True, reverse=True, conceal=True, strike=True)),
        ("1;2;22", PLAIN),
        ("3;4;5;7;8;9;23;24;25;27;28;29", PLAIN),
        ("31;42", Style(fg=1, bg=2)),
        ("91;102", Style(fg=9, bg=10)),
        ("31;42;39;49", PLAIN),
        ("38;5;208", Style(fg=208)),
        ("48;2;1;2;3", Style(bg=(1, 2, 3))),
        ("38:5:208;1", Style(fg=208, bold=True)),
        ("38:2::1:2:3", Style(fg=(1, 2, 3))),
        ("48:2:1:2:3", Style(bg=(1, 2, 3))),
        ("58;5;9;1", Style(bold=True)),
        ("58:2::1:2:3;31", Style(fg=1)),
        ("38;5;999;1", Style(bold=True)),
        ("38;2;300;0;0;1", Style(bold=True)),
        ("38", PLAIN),
        ("38;5", PLAIN),
        ("31;0;1", Style(bold=True)),
        ("31;;", PLAIN),
        ("77;1", Style(bold=True)),
    ],
)
def test_rendition(body: str, style: Style) -> None:
    assert style_at(fed(f"{CSI}{body}mx"), 0) == style


def test_a_rendition_holds_until_it_is_reset() -> None:
    screen = fed(f"{CSI}1;31mab{CSI}mc")
    assert [style_at(screen, x) for x in range(4)] == [Style(fg=1, bold=True)] * 2 + [PLAIN, PLAIN]


def test_erasing_paints_the_current_background_and_nothing_else() -> None:
    screen = fed(f"abc{CSI}1;4;44m{CSI}2G{CSI}K")
    assert style_at(screen, 0) == PLAIN
    assert style_at(screen, 1) == style_at(screen, 9) == Style(bg=4)


def test_links_are_styles_and_only_to_the_outside() -> None:
    screen = fed(f"{ESC}]8;;https://zos.example/{ESC}\\a{CSI}0;1mb{ESC}]8;;{ESC}\\c{ESC}]8;;file:///etc/passwd{ESC}\\d")
    assert style_at(screen, 0).link == style_at(screen, 1).link == "https://zos.example/"
    assert style_at(screen, 1).bold
    assert style_at(screen, 2).link is None
    assert style_at(screen, 3).link is None


@pytest.mark.parametrize("step", [1, 4096, 10_000])
def test_a_link_that_was_cut_is_no_link(step: int) -> None:
    screen = fed("")
    data = f"{ESC}]8;id={'i' * 4000};https://zos.example/{'x' * 500}\x07a".encode()
    for start in range(0, len(data), step):
        screen.feed(data[start : start + step])
    assert text_of(screen) == ["a"]
    assert style_at(screen, 0).link is None


def test_the_title_is_printable_and_bounded() -> None:
    screen = fed(f"{ESC}]0;first\x07")
    assert screen.title == "first"
    screen.feed(f"{ESC}]2;a\tb\u202e{'x' * 1000}{ESC}\\".encode())
    assert screen.title == "ab" + "x" * 253


def test_writing_the_clipboard_is_refused_and_counted() -> None:
    screen = fed(f"a{ESC}]52;c;cm0gLXJmIC8=\x07b{ESC}]52;c;{'A' * 100_000}\x07c")
    assert text_of(screen) == ["abc"]
    assert screen.clipboard_refusals == 2


def test_bell_counts() -> None:
    assert fed("a\ab\a").bell == 2


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("c", b"\x1b[?62;22c"),
        (">c", b"\x1b[>1;1;0c"),
        ("5n", b"\x1b[0n"),
        ("2;3H\x1b[6n", b"\x1b[2;3R"),
        ("2;3H\x1b[?6n", b"\x1b[?2;3;1R"),
        ("2;4r\x1b[?6h\x1b[6n", b"\x1b[1;1R"),
        ("18t", b"\x1b[8;4;10t"),
        ("14t", b""),
        ("21t", b""),
        (">q", b"\x1bP>|Zero OS\x1b\\"),
        ("?7$p", b"\x1b[?7;1$y"),
        ("?2004$p", b"\x1b[?2004;2$y"),
        ("?1049h\x1b[?1049$p", b"\x1b[?1049;1$y"),
        ("?6$p", b"\x1b[?6;2$y"),
        ("4$p", b"\x1b[4;2$y"),
        ("20$p", b"\x1b[20;1$y"),
        ("?31337$p", b"\x1b[?31337;0$y"),
        ("?7200$p", b"\x1b[?7200;1$y"),
        ("?7200l\x1b[?7200$p", b"\x1b[?7200;2$y"),
        ("?2048h", b"\x1b[48;4;10;0;0t"),
    ],
)
def test_answers(asked: str, answer: bytes) -> None:
    answers: list[bytes] = []
    screen = Screen(10, 4, reply=answers.append)
    screen.feed(f"{CSI}{asked}".encode())
    assert b"".join(answers) == answer


def test_nobody_listening_to_answers_is_fine() -> None:
    assert text_of(fed(f"a{CSI}c{CSI}6nb")) == ["ab"]


def test_resizes_are_reported_only_in_mode_2048() -> None:
    answers: list[bytes] = []
    screen = Screen(10, 4, reply=answers.append)
    screen.resize(12, 5)
    assert answers == []
    screen.feed(b"\x1b[?2048h")
    screen.resize(20, 6)
    screen.resize(20, 6)
    assert answers == [b"\x1b[48;5;12;0;0t", b"\x1b[48;6;20;0;0t"]


@pytest.mark.parametrize(
    ("number", "flag"),
    [
        (1, "application_cursor"),
        (5, "reverse_video"),
        (66, "application_keypad"),
        (1000, "mouse_click"),
        (1002, "mouse_drag"),
        (1003, "mouse_motion"),
        (1004, "focus_events"),
        (1006, "mouse_sgr"),
        (2004, "bracketed_paste"),
        (2026, "synchronized"),
        (2048, "resize_reports"),
    ],
)
def test_private_flags(number: int, flag: str) -> None:
    screen = fed(f"{CSI}?{number}h")
    assert getattr(screen.modes, flag) is True
    screen.feed(f"{CSI}?{number}l".encode())
    assert getattr(screen.modes, flag) is False


def test_several_modes_at_once_and_any_mouse_mode() -> None:
    screen = fed(f"{CSI}?1002;1006h")
    assert screen.modes.mouse and screen.modes.mouse_sgr
    assert not fed("").modes.mouse


def test_keypad_escapes() -> None:
    screen = fed(f"{ESC}=")
    assert screen.modes.application_keypad
    screen.feed(b"\x1b>")
    assert not screen.modes.application_keypad


def test_line_mode_is_undecided_until_the_program_chooses() -> None:
    screen = fed("")
    assert screen.modes.line_mode is None
    screen.feed(b"\x1b[?7200h")
    assert screen.modes.line_mode is True
    screen.feed(b"\x1b[?7200l")
    assert screen.modes.line_mode is False
    screen.feed(b"\x1bc")
    assert screen.modes.line_mode is None


def test_cursor_shape_and_visibility() -> None:
    screen = fed(f"{CSI}?25l{CSI}6 q")
    assert screen.cursor.visible is False
    assert (screen.cursor.shape, screen.cursor.blink) == (CursorShape.BAR, False)
    screen.feed(b"\x1b[?25h\x1b[3 q")
    assert screen.cursor.visible is True
    assert (screen.cursor.shape, screen.cursor.blink) == (CursorShape.UNDERLINE, True)


def test_alternate_screen_keeps_the_main_one_and_has_no_history() -> None:
    screen = fed(f"main{CSI}?1049h{CSI}Halt\n1\n2\n3\n4")
    assert screen.alternate
    assert text_of(screen) == ["1", "2", "3", "4"]
    assert (screen.history_length, screen.scrolled) == (0, 0)
    screen.feed(b"\x1b[?1049lX")
    assert not screen.alternate
    assert text_of(screen) == ["mainX"]
    screen.feed(b"\x1b[?1049h")
    assert text_of(screen) == []


def test_the_older_alternate_screens() -> None:
    screen = fed(f"main{CSI}?47h{CSI}HA{CSI}?47l{CSI}?47h")
    assert text_of(screen) == ["A"]
    screen.feed(b"\x1b[?1047l\x1b[?1047h")
    assert text_of(screen) == []
    screen.feed(b"\x1b[?1047l\x1b[?1048h\x1b[3;3H\x1b[?1048lX")
    assert text_of(screen) == ["mXin"]


def test_history_holds_what_scrolled_off_the_top() -> None:
    screen = fed("".join(f"{n}\n" for n in range(10)), scrollback=5)
    assert screen.scrolled == 7
    assert ["".join(screen.history_row(i).text).rstrip() for i in range(screen.history_length)] == list("23456")
    screen.feed(b"\x1b[3J")
    assert screen.history_length == 0
    assert text_of(screen) == ["7", "8", "9"]


def test_history_keeps_styles_and_wide_characters() -> None:
    screen = fed(f"{CSI}31m漢x{CSI}m\n\n\n\n\n")
    row = screen.history_row(0)
    assert list(row.text[:3]) == ["漢", "", "x"]
    assert screen.style(row.styles[2]) == Style(fg=1)


def test_a_region_below_the_top_and_deleted_lines_leave_no_history() -> None:
    assert fed(f"{ABCD}{CSI}2;4r{CSI}4H\n\n").history_length == 0
    assert fed(f"{ABCD}{CSI}H{CSI}2M").history_length == 0


def test_no_scrollback_is_possible() -> None:
    screen = fed("1\n2\n3\n4\n5\n6", scrollback=0)
    assert text_of(screen) == ["3", "4", "5", "6"]
    assert screen.history_length == 0


def test_only_changed_rows_are_dirty() -> None:
    screen = fed("")
    assert screen.take_dirty() == {0, 1, 2, 3}
    assert screen.take_dirty() == set()
    screen.feed(b"\x1b[3Hx")
    assert screen.dirty == {2}
    assert screen.take_dirty() == {2}
    screen.feed(b"\x1b[4H\n")
    assert screen.take_dirty() == {0, 1, 2, 3}
    screen.feed(b"\x1b[2;2H")
    assert screen.dirty == set()
    screen.feed(b"\x1b[?1049h")
    assert screen.dirty == {0, 1, 2, 3}


def test_a_version_names_one_content_wherever_the_row_is() -> None:
    screen = fed("a\nb\nc\nd")
    versions = [screen.row(y).version for y in range(4)]
    screen.feed(b"\n")
    assert [screen.row(y).version for y in range(3)] == versions[1:]
    assert screen.history_row(0).version == versions[0]
    assert screen.row(3).version not in versions


def test_growing_takes_rows_back_from_the_history() -> None:
    screen = fed("1\n2\n3\n4\n5\n6")
    screen.resize(10, 6)
    assert text_of(screen) == ["1", "2", "3", "4", "5", "6"]
    assert (screen.cursor.x, screen.cursor.y) == (1, 5)
    assert (screen.history_length, screen.scrolled) == (0, 0)


def test_shrinking_drops_blank_rows_first_then_scrolls() -> None:
    screen = fed("1\n2")
    screen.resize(10, 2)
    assert text_of(screen) == ["1", "2"]
    screen.resize(10, 1)
    assert text_of(screen) == ["2"]
    assert (screen.cursor.y, screen.history_length) == (0, 1)


def test_shrinking_keeps_the_cursor_row_when_there_is_text_below() -> None:
    screen = fed(f"{ABCD}{CSI}2H")
    screen.resize(10, 2)
    assert text_of(screen) == ["b", "c"]
    assert screen.cursor.y == 0


def test_narrowing_cuts_rows_between_characters() -> None:
    screen = fed("abc漢字")
    screen.resize(4, 4)
    assert list(screen.row(0).text) == ["a", "b", "c", " "]
    screen.resize(6, 4)
    assert text_of(screen) == ["abc"]
    assert screen.cursor.x == 3


def test_resizing_in_the_alternate_screen_keeps_the_main_cursor_row() -> None:
    screen = fed(f"1\n2\n3\n4\n5{CSI}?1049h")
    screen.resize(10, 6)
    screen.resize(10, 3)
    screen.feed(b"\x1b[?1049lX")
    assert text_of(screen)[screen.cursor.y] == "5X"


def test_sizes_are_clamped() -> None:
    screen = Screen(0, -3)
    assert (screen.columns, screen.lines) == (2, 1)
    screen.resize(1, 0)
    screen.feed("漢字ab".encode())
    assert text_of(screen) == ["ab"]


def test_a_character_split_between_feeds() -> None:
    screen = fed("")
    for byte in "é漢👩\u200d🚀".encode():
        screen.feed(bytes((byte,)))
    assert text_of(screen) == ["é漢👩\u200d🚀"]
    assert screen.cursor.x == 5


def test_malformed_utf8_becomes_replacement_characters() -> None:
    assert text_of(fed(b"a\xffb\xe6\xbcc\xc0\xafd")) == ["a\ufffdb\ufffdc\ufffd\ufffdd"]


def test_find_sees_history_screen_and_wrapped_lines() -> None:
    screen = fed("Needle\n\n\n\nxx漢needle\n12345678needle")
    found = list(screen.find("needle"))
    assert [(m.line, m.x, m.end_line, m.end_x) for m in found] == [(0, 0, 0, 6), (4, 4, 4, 10), (5, 8, 6, 4)]
    assert len(list(screen.find("needle", case_sensitive=True))) == 2
    assert [m[:2] for m in screen.find("漢")] == [(4, 2)]
    assert next(screen.find("漢")).end_x == 4
    assert list(screen.find("")) == []
    assert list(screen.find(".*")) == []


def test_find_does_not_join_rows_whose_wrap_was_erased() -> None:
    screen = fed(f"01234567needle{CSI}1;10H")
    assert [m[:2] for m in screen.find("needle")] == [(0, 8)]
    screen.feed(b"\x1b[K")
    assert list(screen.find("n edle")) == []


def test_find_in_the_alternate_screen_looks_only_there() -> None:
    screen = fed(f"needle\n\n\n\n\n{CSI}?1049h{CSI}Hneedle")
    assert [m[:2] for m in screen.find("needle")] == [(0, 0)]
