"""What a program can switch on a terminal, and the numbers it does so by (ECMA-48, DEC private, xterm).

The switches that only change a flag are the two tables below; those that also act (alternate screen, cursor saves,
origin) are in `zos_tui.controls`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class CursorShape(IntEnum):
    """How the cursor is drawn (DECSCUSR)."""

    BLOCK = 0
    UNDERLINE = 1
    BAR = 2


class Cursor(NamedTuple):
    """Where the cursor is, 0-based cells, and how it looks. `x` is always a column of the screen."""

    x: int
    y: int
    visible: bool
    shape: CursorShape
    blink: bool


@dataclass(slots=True)
class Modes:
    """Every mode of one screen. Read it; only the screen writes it, and the view keeps `line_mode` true."""

    application_cursor: bool = False
    application_keypad: bool = False
    autowrap: bool = True
    insert: bool = False
    newline: bool = True
    """LF also returns to the first column. On at the start: programs print "\\n" and no tty adds the CR."""
    origin: bool = False
    reverse_video: bool = False
    cursor_visible: bool = True
    cursor_blink: bool = True
    bracketed_paste: bool = False
    mouse_click: bool = False
    mouse_drag: bool = False
    mouse_motion: bool = False
    mouse_sgr: bool = False
    focus_events: bool = False
    alternate_scroll: bool = False
    synchronized: bool = False
    """The program is in the middle of a frame (mode 2026): a widget may wait a moment before it draws."""
    resize_reports: bool = False
    alternate_screen: bool = False
    line_mode: bool | None = None
    """None until the program chooses (supervisor: Line mode and raw mode)."""

    @property
    def mouse(self) -> bool:
        """Whether the program wants any mouse reports."""
        return self.mouse_click or self.mouse_drag or self.mouse_motion


IN_BAND_RESIZE = 2048
LINE_MODE = 7200

ANSI_FLAGS: dict[int, str] = {4: "insert", 20: "newline"}

PRIVATE_FLAGS: dict[int, str] = {
    1: "application_cursor",
    5: "reverse_video",
    7: "autowrap",
    12: "cursor_blink",
    25: "cursor_visible",
    66: "application_keypad",
    1000: "mouse_click",
    1002: "mouse_drag",
    1003: "mouse_motion",
    1004: "focus_events",
    1006: "mouse_sgr",
    1007: "alternate_scroll",
    2004: "bracketed_paste",
    2026: "synchronized",
    IN_BAND_RESIZE: "resize_reports",
    LINE_MODE: "line_mode",
}

REPORTED_ONLY: dict[int, str] = {
    6: "origin",
    47: "alternate_screen",
    1047: "alternate_screen",
    1049: "alternate_screen",
}
"""Modes whose state DECRQM reports but whose setting does more than set a flag."""

SOFT_RESET: dict[str, bool] = {
    "application_cursor": False,
    "application_keypad": False,
    "autowrap": True,
    "insert": False,
    "origin": False,
    "cursor_visible": True,
}
"""What DECSTR sets (VT510 manual, table 5-9; autowrap stays on as in xterm)."""
