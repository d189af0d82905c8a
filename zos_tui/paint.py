"""Cells to segments: a row of the emulator in the colours of a theme.

Rules of this file
- Pure: rows and marks in, Rich segments out. Styles are remembered per palette, and the memory is bounded.
- What reaches the terminal outside is only text and attributes: control characters, C1 bytes and direction overrides
  of a guest are replaced, and only web and mail links pass, so that nothing leaves its pane (desktop: Tabs).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style as RichStyle

from zos_tui.cells import Colour, RowView, Style
from zos_tui.theme import Palette, Rgb, indexed

MAX_REMEMBERED = 8192
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SAFE_LINK = re.compile(r"(?:https?://|mailto:)[\x21-\x7e]{1,2000}")


class Mark(Enum):
    """Something drawn over a span of cells."""

    SELECTION = "selection"
    MATCH = "match"
    CURRENT_MATCH = "current match"
    CURSOR = "cursor"
    FAINT_CURSOR = "faint cursor"


class Span(NamedTuple):
    """Cells `start` to `end` (exclusive) under a mark; later spans win."""

    start: int
    end: int
    mark: Mark


class MarkColours(NamedTuple):
    """Background and text of each mark, from the theme."""

    selection: tuple[Rgb, Rgb]
    match: tuple[Rgb, Rgb]
    current_match: tuple[Rgb, Rgb]
    cursor: tuple[Rgb, Rgb]


def _blend(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


class Ink:
    """Rich styles for cells, in one palette."""

    def __init__(self, palette: Palette, marks: MarkColours) -> None:
        self._palette = palette
        self._marks = marks
        self._known: dict[tuple[Style, Mark | None], RichStyle] = {}

    @property
    def ground(self) -> RichStyle:
        """The style of an empty cell."""
        return self.style(Style())

    def style(self, style: Style, mark: Mark | None = None) -> RichStyle:
        known = self._known.get((style, mark))
        if known is None:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            known = self._known[style, mark] = self._make(style, mark)
        return known

    def _colour(self, colour: Colour, default: Rgb) -> Rgb:
        if colour is None:
            return default
        return colour if isinstance(colour, tuple) else indexed(self._palette, colour)

    def _make(self, style: Style, mark: Mark | None) -> RichStyle:
        front = self._colour(style.fg, self._palette.foreground)
        back = self._colour(style.bg, self._palette.background)
        if style.reverse:
            front, back = back, front
        if style.dim:
            front = _blend(front, back, 0.45)
        if style.conceal:
            front = back
        if mark is not None and mark is not Mark.FAINT_CURSOR:
            back, front = getattr(self._marks, mark.value.replace(" ", "_"))
        return RichStyle(
            color=Color.from_rgb(*front),
            bgcolor=Color.from_rgb(*back),
            bold=style.bold or style.blink,
            italic=style.italic,
            underline=style.underline or mark in (Mark.FAINT_CURSOR, Mark.CURRENT_MATCH),
            strike=style.strike,
            link=style.link if style.link and _SAFE_LINK.fullmatch(style.link) else None,
        )


def clean(text: str) -> str:
    """`text` with everything a terminal could obey replaced by U+FFFD."""
    return text if text.isprintable() else _UNSAFE.sub("\ufffd", text)


def paint_row(row: RowView, style_of: Callable[[int], Style], ink: Ink, spans: Sequence[Span] = ()) -> list[Segment]:
    """The segments of one row, as wide as the row has cells; `style_of` gives the value of a style id."""
    ids, text = row.styles, row.text
    cuts = {0, len(ids)}
    before = -1
    for x, style_id in enumerate(ids):
        if style_id != before:
            cuts.add(x)
            before = style_id
    for span in spans:
        cuts.update((max(0, min(span.start, len(ids))), max(0, min(span.end, len(ids)))))
    edges = sorted(cuts)
    segments = []
    for start, end in pairwise(edges):
        mark = next((span.mark for span in reversed(spans) if span.start <= start < span.end), None)
        segments.append(Segment(clean("".join(text[start:end])), ink.style(style_of(ids[start]), mark)))
    return segments
