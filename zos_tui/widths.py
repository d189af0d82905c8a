"""How many cells a character takes: Rich's own measure, since Rich draws the rows in the end.

Two classes of characters are common enough to be handled a run at a time; everything else goes one by one. Neither
class holds a character that joins an earlier one, so a run never breaks a grapheme.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum

from rich.cells import cell_len, get_character_cell_size

ZERO_WIDTH_JOINER = "\u200d"

NARROW_RANGES = (
    (0x20, 0x7E),
    (0xA0, 0xAC),
    (0xAE, 0x2FF),
    (0x370, 0x482),
    (0x2500, 0x25FC),
    (0x2800, 0x28FF),
    (0xFFFD, 0xFFFD),
)
"""One cell each: Latin, Greek, Cyrillic, line drawing, shapes, braille, the mark of malformed input."""

WIDE_RANGES = ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3))
"""Two cells each: kana, ideographs, hangul syllables."""

MAX_REMEMBERED = 8192
"""Characters whose kind is kept, so that a stream of every character there is cannot fill memory."""


class Kind(IntEnum):
    """What printing a character does. EXTEND..WIDE are its width in cells."""

    DROP = -1
    EXTEND = 0
    NARROW = 1
    WIDE = 2


def _class_of(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in ranges)


RUNS = re.compile(f"([{_class_of(NARROW_RANGES)}]+)|([{_class_of(WIDE_RANGES)}]+)|(.)", re.DOTALL)
"""Splits text into narrow runs (group 1), wide runs (group 2) and single other characters (group 3)."""


class _Kinds(dict[str, Kind]):
    def __missing__(self, character: str) -> Kind:
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        kind = self[character] = _classify(character)
        return kind


def _classify(character: str) -> Kind:
    category = unicodedata.category(character)
    if character == ZERO_WIDTH_JOINER or "\U000e0020" <= character <= "\U000e007f":
        return Kind.EXTEND
    # Format characters (bidi overrides above all) would rearrange the host's line outside the pane.
    if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return Kind.DROP
    return Kind(get_character_cell_size(character))


kinds: dict[str, Kind] = _Kinds()
"""The kind of any single character."""


def joins_after_joiner(character: str) -> bool:
    """Whether a zero width joiner glues this character to the one before: pictographs only."""
    return unicodedata.category(character) == "So"


def graphemes(text: str) -> list[str]:
    """Split text into what a reader counts as characters, by the same rules as the screen; drops what it drops.

    Control characters stay, each by itself.
    """
    parts: list[str] = []
    joiner = False
    for character in text:
        joinable = bool(parts) and parts[-1] >= " "
        if character == ZERO_WIDTH_JOINER:
            joiner = joinable
            continue
        kind = kinds[character]
        if kind is Kind.DROP and unicodedata.category(character) != "Cc":
            continue
        if joiner and joins_after_joiner(character):
            parts[-1] += ZERO_WIDTH_JOINER + character
        elif kind is not Kind.EXTEND:
            parts.append(character)
        elif joinable:
            parts[-1] += character
        joiner = False
    return parts


__all__ = ["RUNS", "ZERO_WIDTH_JOINER", "Kind", "cell_len", "graphemes", "joins_after_joiner", "kinds"]
