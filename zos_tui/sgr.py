"""Select Graphic Rendition: the parameters of `CSI … m` applied to a style (ECMA-48, ITU T.416 colours).

Both spellings of extended colours work: `38;2;r;g;b` and `38:2::r:g:b`. Unknown parameters change nothing.
"""

from __future__ import annotations

import re
from typing import Any

from zos_tui.cells import PLAIN, Colour, Style

MAX_PARAMETERS = 64

FG, BG, BOLD, DIM, ITALIC, UNDERLINE, BLINK, REVERSE, STRIKE, CONCEAL, LINK = range(len(Style._fields))
"""Places in a style, which is taken apart here as a list: true colour makes a new style every few cells."""

NOWHERE = -1

ATTRIBUTES: dict[int, tuple[tuple[int, bool], ...]] = {
    1: ((BOLD, True),),
    2: ((DIM, True),),
    3: ((ITALIC, True),),
    4: ((UNDERLINE, True),),
    5: ((BLINK, True),),
    6: ((BLINK, True),),
    7: ((REVERSE, True),),
    8: ((CONCEAL, True),),
    9: ((STRIKE, True),),
    21: ((UNDERLINE, True),),
    22: ((BOLD, False), (DIM, False)),
    23: ((ITALIC, False),),
    24: ((UNDERLINE, False),),
    25: ((BLINK, False),),
    27: ((REVERSE, False),),
    28: ((CONCEAL, False),),
    29: ((STRIKE, False),),
}

COLOURS: dict[int, tuple[int, Colour]] = {
    **{30 + index: (FG, index) for index in range(8)},
    **{40 + index: (BG, index) for index in range(8)},
    **{90 + index: (FG, 8 + index) for index in range(8)},
    **{100 + index: (BG, 8 + index) for index in range(8)},
    39: (FG, None),
    49: (BG, None),
}

EXTENDED = {38: FG, 48: BG, 58: NOWHERE}
"""Parameters that take a colour after them, and where it goes; underline colour is read and not kept."""

_SEPARATED = re.compile("[0-9;:]*")


def apply(style: Style, body: str) -> Style:
    """The style after `CSI body m`. A hyperlink is not a rendition and survives a reset."""
    if _SEPARATED.fullmatch(body) is None:
        return style
    values: list[Any] = list(style)
    parameters = body.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]
    index = 0
    while index < len(parameters):
        parameter = parameters[index]
        index += 1
        if ":" in parameter:
            _apply_colon_form(values, [_number(part) for part in parameter.split(":", 8)[:8]])
            continue
        code = _number(parameter)
        if code in EXTENDED:
            taken, extended = _extended_colour([_number(part) for part in parameters[index : index + 4]])
            index += taken
            _set_colour(values, EXTENDED[code], extended)
        elif code in COLOURS:
            place, colour = COLOURS[code]
            values[place] = colour
        elif code in ATTRIBUTES:
            for place, value in ATTRIBUTES[code]:
                values[place] = value
        elif code == 0:
            values[:LINK] = PLAIN[:LINK]
    return Style._make(values)


def _set_colour(values: list[Any], place: int, colour: Colour) -> None:
    if place != NOWHERE and colour is not None:
        values[place] = colour


def _apply_colon_form(values: list[Any], parts: list[int]) -> None:
    if parts[0] == 4:
        values[UNDERLINE] = parts[1] != 0
    elif parts[0] in EXTENDED:
        # T.416 puts a colour space id before the three parts; many programs leave it out.
        colour_parts = [parts[1], *parts[3:]] if parts[1] == 2 and len(parts) > 5 else parts[1:]
        _, colour = _extended_colour(colour_parts)
        _set_colour(values, EXTENDED[parts[0]], colour)


def _extended_colour(following: list[int]) -> tuple[int, Colour]:
    """How many parameters an extended colour takes, and the colour (None if it is malformed)."""
    if len(following) >= 2 and following[0] == 5:
        return 2, following[1] if following[1] <= 255 else None
    if len(following) >= 4 and following[0] == 2:
        red, green, blue = following[1:4]
        return 4, (red, green, blue) if max(red, green, blue) <= 255 else None
    return len(following), None


def _number(text: str) -> int:
    """A parameter's value: 0 when empty; past five digits only "too large" matters."""
    return int(text[:6]) if text else 0
