"""Select Graphic Rendition: the parameters of `CSI … m` applied to a style (ECMA-48, ITU T.416 colours).

Both spellings of extended colours work: `38;2;r;g;b` and `38:2::r:g:b`. Unknown parameters change nothing.
"""

from __future__ import annotations

import re

from zos_tui.cells import PLAIN, Colour, Style

MAX_PARAMETERS = 64

ATTRIBUTES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    5: {"blink": True},
    6: {"blink": True},
    7: {"reverse": True},
    8: {"conceal": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    25: {"blink": False},
    27: {"reverse": False},
    28: {"conceal": False},
    29: {"strike": False},
}

COLOURS: dict[int, tuple[str, Colour]] = {
    **{30 + index: ("fg", index) for index in range(8)},
    **{40 + index: ("bg", index) for index in range(8)},
    **{90 + index: ("fg", 8 + index) for index in range(8)},
    **{100 + index: ("bg", 8 + index) for index in range(8)},
    39: ("fg", None),
    49: ("bg", None),
}

EXTENDED = {38: "fg", 48: "bg", 58: ""}
"""Parameters that take a colour after them, and where it goes; underline colour is read and not kept."""

_SEPARATED = re.compile("[0-9;:]*")


def apply(style: Style, body: str) -> Style:
    """The style after `CSI body m`. A hyperlink is not a rendition and survives a reset."""
    if _SEPARATED.fullmatch(body) is None:
        return style
    values: dict[str, object] = style._asdict()
    parameters = body.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]
    index = 0
    while index < len(parameters):
        parameter = parameters[index]
        index += 1
        if ":" in parameter:
            _apply_colon_form(values, [_number(part) for part in parameter.split(":", 8)[:8]])
            continue
        code = _number(parameter)
        if code == 0:
            values = PLAIN._replace(link=style.link)._asdict()
        elif code in ATTRIBUTES:
            values.update(ATTRIBUTES[code])
        elif code in COLOURS:
            place, colour = COLOURS[code]
            values[place] = colour
        elif code in EXTENDED:
            taken, extended = _extended_colour([_number(part) for part in parameters[index : index + 4]])
            index += taken
            if extended is not None:
                values[EXTENDED[code]] = extended
    values.pop("", None)
    return Style(**values)  # type: ignore[arg-type]


def _apply_colon_form(values: dict[str, object], parts: list[int]) -> None:
    if parts[0] == 4:
        values["underline"] = parts[1] != 0
    elif parts[0] in EXTENDED:
        # T.416 puts a colour space id before the three parts; many programs leave it out.
        colour_parts = [parts[1], *parts[3:]] if parts[1] == 2 and len(parts) > 5 else parts[1:]
        _, colour = _extended_colour(colour_parts)
        if colour is not None:
            values[EXTENDED[parts[0]]] = colour


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
