"""What a terminal screen is made of: styles, interned style ids, and rows of cells.

Rules:

* A row holds exactly one string a column: a grapheme, or "" for the second half of a wide one.
* A row names its styles by small ids; `StyleTable` gives the value. Id 0 is always the plain style.
* `version` is a stamp that no two contents of one screen share, so it is a cache key by itself, wherever the
  row has scrolled to.
* Memory is bounded: at most `MAX_STYLES` styles, whatever a program sends.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

type_code = "H"
"""Array element of a style id: two unsigned bytes a cell."""

MAX_STYLES = 0xFFFF
"""Styles alive at once in one screen: what a two-byte id can name, less one."""

RGB_LEVELS = (0, 95, 135, 175, 215, 255)
"""Intensities of the 6x6x6 colour cube of the 256-colour palette."""

Colour = int | tuple[int, int, int] | None
"""None the default colour, 0-255 a palette entry, or (red, green, blue) each 0-255."""


class Style(NamedTuple):
    """How one cell is drawn. A tuple, since a screen makes and hashes many."""

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    blink: bool = False
    reverse: bool = False
    strike: bool = False
    conceal: bool = False
    link: str | None = None


PLAIN = Style()


class RowView(Protocol):
    """What a reader may use of a row, on the screen or in the history."""

    @property
    def text(self) -> Sequence[str]: ...
    @property
    def styles(self) -> Sequence[int]: ...
    @property
    def version(self) -> int: ...
    @property
    def wrapped(self) -> bool: ...


class Row:
    """A row on the screen. `wrapped`: its text runs on in the next row.

    `filled` is the character and style id that fill every cell as long as `version` is `filled_version`: filling it
    the same way again costs nothing, however often a program clears its screen.
    """

    __slots__ = ("filled", "filled_version", "styles", "text", "version", "wrapped")

    def __init__(
        self, text: list[str], styles: array[int], version: int, filled: tuple[str, int] | None = None
    ) -> None:
        self.text = text
        self.styles = styles
        self.version = self.filled_version = version
        self.filled = filled
        self.wrapped = False

    def is_filled(self, character: str, style_id: int) -> bool:
        return self.version == self.filled_version and self.filled == (character, style_id)


class PastRow:
    """A row in the history, which no longer changes: plain ASCII is kept as one string to save memory."""

    __slots__ = ("styles", "text", "version", "wrapped")

    def __init__(self, row: Row) -> None:
        text: str | list[str] = row.text
        if row.filled is not None and row.version == row.filled_version:
            text = row.filled[0] * len(row.text)
        else:
            joined = "".join(row.text)
            if joined.isascii() and len(joined) == len(row.text):
                text = joined
        self.text = text
        self.styles = row.styles
        self.version = row.version
        self.wrapped = row.wrapped

    def thaw(self) -> Row:
        """A row for the screen again, when the screen grows back over its history."""
        row = Row(list(self.text), self.styles[:], self.version)
        row.wrapped = self.wrapped
        return row


class StyleTable:
    """Styles to ids and back. Ids that no cell uses are taken back when the table is full.

    `roots` gives every array of ids in use. A program that keeps more than `MAX_STYLES` alive gets palette colours for
    true colours and, past that, the plain style: its text stays readable and the memory stays bounded.
    """

    def __init__(self, roots: Callable[[], Iterable[Iterable[int]]], limit: int = MAX_STYLES) -> None:
        self._roots = roots
        self._limit = limit
        self._reserve = limit - limit // 8
        self._values: list[Style] = [PLAIN]
        self._units: list[array[int]] = [array(type_code, (0,))]
        self._ids: dict[Style, int] = {PLAIN: 0}
        self._free: list[int] = []
        self._sgr: dict[tuple[int, str], int] = {}
        self._erased: dict[int, int] = {}
        self._refused_since_sweep = 0

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, style_id: int) -> Style:
        return self._values[style_id]

    def unit(self, style_id: int) -> array[int]:
        """A one-element array of that id: multiplied, the styles of a run."""
        return self._units[style_id]

    def apply(self, style_id: int, body: str, change: Callable[[Style, str], Style]) -> int:
        """The id of `change(style, body)`, remembered: programs repeat a few SGR sequences all the time."""
        key = (style_id, body)
        known = self._sgr.get(key)
        if known is None:
            known = self.intern(change(self._values[style_id], body))
            if len(self._sgr) >= self._limit:
                self._sgr.clear()
            self._sgr[key] = known
        return known

    def erased(self, style_id: int) -> int:
        """The id for cells erased while this style is set: its background and nothing else."""
        known = self._erased.get(style_id)
        if known is None:
            known = self.intern(Style(bg=self._values[style_id].bg))
            self._erased[style_id] = known
        return known

    def intern(self, style: Style) -> int:
        """The id of a style, made if need be; a poorer style when the table is full of styles in use."""
        known = self._ids.get(style)
        if known is not None:
            return known
        if len(self._ids) >= self._reserve:
            self._sweep_when_due()
            if len(self._ids) >= self._reserve:
                style = _in_palette(style)
                known = self._ids.get(style)
                if known is not None:
                    return known
                if len(self._ids) >= self._limit:
                    return 0
        return self._add(style)

    def _add(self, style: Style) -> int:
        if self._free:
            style_id = self._free.pop()
            self._values[style_id] = style
        else:
            style_id = len(self._values)
            self._values.append(style)
            self._units.append(array(type_code, (style_id,)))
        self._ids[style] = style_id
        return style_id

    def _sweep_when_due(self) -> None:
        """Take back unused ids, at most once every limit/8 refusals: the work stays linear in the input."""
        if self._refused_since_sweep:
            self._refused_since_sweep -= 1
            return
        self._refused_since_sweep = self._limit // 8
        live: set[int] = {0}
        for ids in self._roots():
            live.update(ids)
        self._sgr.clear()
        self._erased.clear()
        self._ids = {self._values[style_id]: style_id for style_id in live}
        self._free = [style_id for style_id in reversed(range(len(self._values))) if style_id not in live]


def _in_palette(style: Style) -> Style:
    return style._replace(fg=_palette_colour(style.fg), bg=_palette_colour(style.bg), link=None)


def _palette_colour(colour: Colour) -> Colour:
    """The nearest entry of the 6x6x6 cube (palette 16-231)."""
    if not isinstance(colour, tuple):
        return colour
    red, green, blue = map(_cube_step, colour)
    return 16 + 36 * red + 6 * green + blue


def _cube_step(intensity: int) -> int:
    return min(range(6), key=lambda step: abs(RGB_LEVELS[step] - intensity))
