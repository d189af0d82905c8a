"""The terminal emulator beside pyte, on the part of the language that pyte gets right."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st

from zos_tui.screen import Screen

COLUMNS, LINES = 9, 5

TEXT = st.text(alphabet="abcXYZ 12é", min_size=1, max_size=8)
COUNTED = st.builds("\x1b[{}{}".format, st.integers(1, 4), st.sampled_from(list("CDG@PXLM")))
ERASES = st.builds("\x1b[{}{}".format, st.integers(0, 2), st.sampled_from("JK"))
OTHERS = st.sampled_from(["\r\n", "\r", "\x1bD", "\x1bM", "\x1b[1;31m", "\x1b[m"])


def steps(top: int, bottom: int) -> st.SearchStrategy[str]:
    """A move into those rows and something to do there. Without the move the two differ in what cancels a held wrap."""
    move = st.builds("\x1b[{};{}H".format, st.integers(top, bottom), st.integers(1, COLUMNS + 1))
    return st.lists(st.tuples(move, TEXT | COUNTED | ERASES | OTHERS).map("".join), max_size=25).map("".join)


FILLED = "\x1b[H" + "\r\n".join("abcdefgh" for _ in range(LINES))
"""pyte deletes lines wrongly where a row was never written."""


# pyte leaves a scroll region by itself when the cursor is below it, so a region is set with all moves inside.
STREAMS = steps(1, LINES) | steps(2, 4).map("\x1b[2;4r{}".format)


@given(STREAMS)
@settings(max_examples=400)
def test_same_display_and_cursor(stream: str) -> None:
    data = (FILLED + stream).encode()
    theirs = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(theirs).feed(data)
    ours = Screen(COLUMNS, LINES)
    ours.feed(data)
    assert ["".join(ours.row(y).text) for y in range(LINES)] == theirs.display
    assert (ours.cursor.x, ours.cursor.y) == (min(theirs.cursor.x, COLUMNS - 1), theirs.cursor.y)
