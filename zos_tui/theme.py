"""The two themes of the desktop, and the sixteen terminal colours that belong to each.

Rules of this file
- Only colours live here. Widgets name theme variables (`$surface`, `$primary`, …), never a literal.
- A program's colours 0-15 are resolved here, not by the terminal outside: a picture is the same everywhere.
- Meaning is never carried by colour alone: every state also has a word or a mark (desktop: Sizes and themes).
"""

from __future__ import annotations

from typing import NamedTuple

from textual.theme import Theme

from zos_tui.cells import RGB_LEVELS

Rgb = tuple[int, int, int]


class Palette(NamedTuple):
    """What a terminal view needs to draw a program's cells: defaults and the sixteen base colours."""

    foreground: Rgb
    background: Rgb
    base: tuple[Rgb, ...]


def _rgb(*colours: str) -> tuple[Rgb, ...]:
    return tuple((int(c[0:2], 16), int(c[2:4], 16), int(c[4:6], 16)) for c in colours)


def _palette(foreground: str, background: str, *base: str) -> Palette:
    front, back = _rgb(foreground, background)
    return Palette(front, back, _rgb(*base))


DARK = "zos-dark"
LIGHT = "zos-light"

THEMES: dict[str, Theme] = {
    DARK: Theme(
        name=DARK,
        dark=True,
        primary="#79b8ff",
        secondary="#7ee0c0",
        accent="#e6b450",
        foreground="#d8dee6",
        background="#0c1014",
        surface="#11161c",
        panel="#1a212a",
        success="#6fce8b",
        warning="#e6b450",
        error="#ff7b72",
        variables={
            "text-quiet": "#7d8896",
            "selected": "#223247",
            "selected-quiet": "#1a2430",
            "on-primary": "#0c1014",
            "scrollbar": "#2f3b4a",
            "scrollbar-hover": "#3d4c5e",
            "scrollbar-active": "#79b8ff",
            "scrollbar-background": "#151b22",
            "scrollbar-background-hover": "#151b22",
            "scrollbar-background-active": "#151b22",
        },
    ),
    LIGHT: Theme(
        name=LIGHT,
        dark=False,
        primary="#0a5cad",
        secondary="#0b7a63",
        accent="#8a5a00",
        foreground="#1d232b",
        background="#fdfdfc",
        surface="#f4f5f5",
        panel="#e6e9ec",
        success="#1b7a3a",
        warning="#8a5a00",
        error="#b42318",
        variables={
            "text-quiet": "#5a6572",
            "selected": "#d3e4f7",
            "selected-quiet": "#e4ebf2",
            "on-primary": "#ffffff",
            "scrollbar": "#b9c2cb",
            "scrollbar-hover": "#9aa4af",
            "scrollbar-active": "#0a5cad",
            "scrollbar-background": "#eef0f1",
            "scrollbar-background-hover": "#eef0f1",
            "scrollbar-background-active": "#eef0f1",
        },
    ),
}

PALETTES: dict[str, Palette] = {
    DARK: _palette(
        *("d8dee6", "0c1014"),
        *("1a212a", "ff7b72", "6fce8b", "e6b450", "79b8ff", "c9a2ff", "66d9d9", "c3cbd5"),
        *("5c6773", "ffa198", "8fe3a6", "f2cc7a", "a5d0ff", "dcc2ff", "93e8e8", "f4f7fa"),
    ),
    LIGHT: _palette(
        *("1d232b", "fdfdfc"),
        *("1d232b", "b42318", "1b7a3a", "8a5a00", "0a5cad", "7a3eb1", "0b7285", "c9ced4"),
        *("5a6572", "d1382c", "2a9650", "a87210", "2f7fd1", "9757cf", "1a8fa5", "f4f5f5"),
    ),
}


def palette_for(theme: str) -> Palette:
    """The terminal colours of a theme; an unknown theme draws like the dark one."""
    return PALETTES.get(theme, PALETTES[DARK])


def indexed(palette: Palette, index: int) -> Rgb:
    """Colour `index` (0-255) as xterm defines it, with the theme's own first sixteen."""
    if index < 16:
        return palette.base[index]
    if index < 232:
        red, rest = divmod(index - 16, 36)
        green, blue = divmod(rest, 6)
        return RGB_LEVELS[red], RGB_LEVELS[green], RGB_LEVELS[blue]
    level = 8 + 10 * (index - 232)
    return level, level, level
