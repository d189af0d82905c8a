"""The filter in front of a person's terminal: what passes, what does not, and what is switched back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos_tui.cli.termfilter import Request, TerminalFilter, size_in_band, size_report
from zos_tui.escapes import MAX_SEQUENCE, MAX_STRING

PASSES = [
    "plain text, héllo 漢字 👍🏽\r\n\tand\btabs\a",
    "\x1b[0;1;38;2;1;2;3;48;5;7;4:3mstyled\x1b[m",
    "\x1b[2J\x1b[H\x1b[3;4f\x1b[K\x1b[?K\x1b[5A\x1b[2b\x1b[4L\x1b[2M\x1b[3X",
    "\x1b7\x1b8\x1bM\x1b=\x1b>\x1b(0qqq\x1b(B\x0e\x0f",
    "\x1b[?1049h\x1b[?25l\x1b[?1h\x1b[?2004h\x1b[?1006h\x1b[4h\x1b[2;5r\x1b[4 q\x1b[!p",
]

DROPPED = [
    "\x1b]52;c;aGFjaw==\x07", "\x1b]0;title\x07", "\x1b]2;title\x1b\\", "\x1b]8;;http://x\x1b\\",
    "\x1bP+q544e\x1b\\", "\x1b_apc\x1b\\", "\x1b^pm\x1b\\", "\x1bXsos\x1b\\",
    "\x1b[c", "\x1b[>c", "\x1b[=c", "\x1b[0c", "\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[>q", "\x1b[x", "\x1b[?25$p",
    "\x1b[21t", "\x1b[14t", "\x1b[8;50;50t", "\x1bZ", "\x1bc", "\x1b#8", "\x05", "\x00", "\x7f", "\x9b", "\x90",
    "\x85", "\x1b[1;2;3;4;5T",
    "\x1b[?3h", "\x1b[?1015h", "\x1b[?2031h", "\x1b[>4;2m", "\x1b[>1u", "\x1b[?u", "\x1b[3g", "\x1bH",
]  # fmt: skip


@pytest.mark.parametrize("text", PASSES)
def test_what_may_pass_passes_unchanged(text: str) -> None:
    assert TerminalFilter().feed(text.encode()).output.decode() == text


@pytest.mark.parametrize("text", DROPPED, ids=ascii)
def test_the_rest_is_dropped_and_what_stands_around_it_is_not(text: str) -> None:
    gate = TerminalFilter()
    assert gate.feed(f"a{text}b".encode()) == (b"ab", ())
    assert gate.leave() == b""


@pytest.mark.parametrize("text", [*PASSES, *DROPPED], ids=ascii)
def test_unsafe_lets_everything_pass(text: str) -> None:
    assert TerminalFilter(unsafe=True).feed(text.encode()) == (text.encode(), ())


def test_requests_come_in_order_and_never_reach_the_terminal() -> None:
    gate = TerminalFilter()
    filtered = gate.feed(b"a\x1b[?7200l\x1b[18tb\x1b[?25;2048;7200h")
    assert filtered.output == b"ab\x1b[?25h"
    assert filtered.requests == (Request.RAW, Request.SIZE, Request.SIZE_IN_BAND, Request.LINE)
    assert gate.resize_reports
    assert gate.feed(b"\x1b[?2048l") == (b"", ()) and not gate.resize_reports


def test_unsafe_still_switches_between_line_and_raw_and_leaves_reports_to_the_terminal() -> None:
    gate = TerminalFilter(unsafe=True)
    assert gate.feed(b"\x1b[?7200l\x1b[18t\x1b[?2048h").requests == (Request.RAW,)
    assert not gate.resize_reports


def test_controls_inside_a_sequence_are_judged_on_their_own() -> None:
    assert TerminalFilter().feed(b"\x1b[3\n1m\x1b[6\x05\bn").output == b"\n\x1b[31m\b"


def test_malformed_bytes_become_visible_and_a_character_in_two_writes_is_one() -> None:
    gate = TerminalFilter()
    assert gate.feed(b"\xff") == ("\ufffd".encode(), ())
    first, rest = "漢".encode()[:2], "漢".encode()[2:]
    assert gate.feed(first).output + gate.feed(rest).output == "漢".encode()


def test_leaving_takes_back_what_is_still_on_and_entering_gives_it_again() -> None:
    gate = TerminalFilter()
    gate.feed(b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?7h\x1b[?1000h\x1b[?1000l\x1b[31m\x1b[2;3r\x1b=\x1b(0\x1b[4 q")
    assert gate.leave() == b"\x1b7\x1b[r\x1b8\x1b[?1049l\x1b[?25h\x1b>\x1b(B\x1b)B\x0f\x1b[0 q\x1b[0m"
    assert gate.enter() == b"\x1b[?1049h\x1b[?25l\x1b="


def test_sizes() -> None:
    assert size_report(24, 80) == b"\x1b[8;24;80t"
    assert size_in_band(24, 80) == b"\x1b[48;24;80;0;0t"


# --- properties ---------------------------------------------------------------------------------------------------

PIECES = st.lists(
    st.sampled_from([*PASSES, *DROPPED, "\x1b", "\x1b[", "\x1b]", "\x1bP", ";", "1", "h", "m", "t", "\x18", "\x9b"])
    | st.text(max_size=5),
    max_size=12,
).map(lambda pieces: "".join(pieces).encode(errors="replace"))
HARMLESS = re.compile(
    r"[^\x00-\x1f\x7f-\x9f]|[\a\b\t\n\v\f\r\x0e\x0f]|\x1b[78DEM=>]|\x1b[()][0AB]"
    r"|\x1b\[[0-9:;]*[@ABCDEFGHIJKLMPSTXZ`abdefmrsu]|\x1b\[\?[0-9:;]*[JK]|\x1b\[!p|\x1b\[[0-9:;]* q"
    r"|\x1b\[(?:4|20)[hl]|\x1b\[\?(?:1|5|6|7|12|25|47|66|100[023467]|104[789]|2004|2026)[hl]"
)


@given(PIECES | st.binary(max_size=200))
def test_nothing_but_harmless_sequences_ever_comes_out(data: bytes) -> None:
    gate = TerminalFilter()
    shown = (gate.feed(data).output + gate.leave()).decode()
    assert HARMLESS.sub("", shown) == ""


@given(PIECES | st.binary(max_size=200), st.data())
def test_where_the_output_is_cut_makes_no_difference(data: bytes, choose: st.DataObject) -> None:
    cuts = sorted(choose.draw(st.lists(st.integers(0, len(data)), max_size=5)))
    whole, pieces = TerminalFilter(), TerminalFilter()
    expected = whole.feed(data)
    parts = [pieces.feed(data[a:b]) for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert b"".join(part.output for part in parts) == expected.output
    assert tuple(request for part in parts for request in part.requests) == expected.requests
    assert pieces.leave() == whole.leave()


@given(st.sampled_from([b"\x1b[", b"\x1b]52;", b"\x1bP", b"\x1b("]), st.integers(0, 3 * MAX_STRING))
def test_a_sequence_without_end_is_held_in_bounds_and_what_follows_is_shown(start: bytes, length: int) -> None:
    gate = TerminalFilter()
    assert gate.feed(start + b"0" * length).output in (b"", b"0" * max(0, length - 1), b"\x1b(0" + b"0" * (length - 1))
    assert gate.feed(b"\x18\x1b\\after").output.endswith(b"after")


def test_the_longest_sequence_is_bounded() -> None:
    gate = TerminalFilter()
    assert gate.feed(b"\x1b[" + b"1;" * MAX_SEQUENCE + b"mx").output == b"x"
