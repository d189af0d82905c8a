"""Keys, pastes, mouse and focus events to the bytes a program reads (xterm's encodings).

Rules:

* A key is known by its name, as Textual spells it (`ctrl+left`, `full_stop`, `A`): terminals with the kitty
  protocol give no character for many keys.
* None means "this key says nothing to a program"; the caller may then use it.
* Everything is a table; the order of lookup is: legacy names, Alt, special keys, Ctrl, printable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

SHIFT, ALT, CTRL, META = 1, 2, 4, 8

MODIFIERS = {"shift": SHIFT, "alt": ALT, "ctrl": CTRL, "meta": META, "super": META, "hyper": META}
"""Modifier bits; xterm sends one more than their sum."""

CURSOR_KEYS = {"up": "A", "down": "B", "right": "C", "left": "D", "end": "F", "home": "H"}
"""CSI x, in application mode SS3 x, with modifiers CSI 1;m x."""

FUNCTION_LETTERS = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
"""SS3 x, with modifiers CSI 1;m x."""

TILDE_KEYS = {
    "insert": 2,
    "delete": 3,
    "pageup": 5,
    "pagedown": 6,
    "f5": 15,
    "f6": 17,
    "f7": 18,
    "f8": 19,
    "f9": 20,
    "f10": 21,
    "f11": 23,
    "f12": 24,
    "f13": 25,
    "f14": 26,
    "f15": 28,
    "f16": 29,
    "f17": 31,
    "f18": 32,
    "f19": 33,
    "f20": 34,
}
"""CSI n ~, with modifiers CSI n;m ~."""

PLAIN_KEYS = {"enter": "\r", "tab": "\t", "escape": "\x1b", "backspace": "\x7f", "space": " "}

SHIFTED_KEYS = {"tab": "\x1b[Z"}
"""Plain keys that Shift changes."""

CTRL_KEYS = {"space": "\0", "at": "\0", "backspace": "\b", "question_mark": "\x7f", "slash": "\x1f", "minus": "\x1f"}
"""Ctrl combinations that the rule "character & 0x1f" does not give."""

CTRL_DIGITS = {"2": "\0", "3": "\x1b", "4": "\x1c", "5": "\x1d", "6": "\x1e", "7": "\x1f", "8": "\x7f"}

KEY_NAMES = {
    "at": "@",
    "backslash": "\\",
    "circumflex_accent": "^",
    "hyphen_minus": "-",
    "left_square_brace": "[",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "minus": "-",
    "plus": "+",
    "slash": "/",
    "underscore": "_",
}
"""Names of characters that are not their Unicode names with `_` for the spaces."""

LEGACY_NAMES = {"newline": "ctrl+j", "ctrl+at": "ctrl+space", "backtab": "shift+tab", "return": "enter"}

PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
PASTE_CONTROLS = re.compile(r"[^\t\r\x20-\x7e\xa0-\U0010ffff]")
"""What a paste may not hold."""

FOCUS_IN, FOCUS_OUT = b"\x1b[I", b"\x1b[O"

WHEEL_BUTTONS = {"up": 64, "down": 65, "left": 66, "right": 67}
NO_BUTTON = 3
MOUSE_MOTION = 32
MOUSE_SHIFT, MOUSE_ALT, MOUSE_CTRL = 4, 8, 16
X10_OFFSET = 32
X10_LIMIT = 223
"""Coordinates past this do not fit in the one byte of the X10 encoding."""


def encode(  # BYTE PATH 1: a key becomes the bytes that a program reads
    key: str, character: str | None, *, application_cursor: bool = False
) -> bytes | None:
    """The bytes of a key event, None if it has none.

    `key` is the event's name, `character` what the terminal says it types, if anything. `application_cursor` is
    private mode 1 of the program's screen.
    """
    key = LEGACY_NAMES.get(key, key)
    *names, base = key.split("+") if not key.endswith("++") else [*key[:-2].split("+"), "+"]
    if any(name not in MODIFIERS for name in names):
        return None
    modifiers = sum({MODIFIERS[name] for name in names})
    text = _special(base, modifiers, application_cursor)
    if text is None:
        text = _typed(base, character, modifiers)
    return text.encode(errors="replace") if text is not None else None


def _special(base: str, modifiers: int, application_cursor: bool) -> str | None:
    """Cursor and function keys, and the few that have a control character of their own."""
    if base in CURSOR_KEYS:
        if modifiers:
            return f"\x1b[1;{modifiers + 1}{CURSOR_KEYS[base]}"
        return ("\x1bO" if application_cursor else "\x1b[") + CURSOR_KEYS[base]
    if base in FUNCTION_LETTERS:
        return f"\x1b[1;{modifiers + 1}{FUNCTION_LETTERS[base]}" if modifiers else "\x1bO" + FUNCTION_LETTERS[base]
    if base in TILDE_KEYS:
        return f"\x1b[{TILDE_KEYS[base]};{modifiers + 1}~" if modifiers else f"\x1b[{TILDE_KEYS[base]}~"
    if base in PLAIN_KEYS:
        text = CTRL_KEYS.get(base, PLAIN_KEYS[base]) if modifiers & CTRL else PLAIN_KEYS[base]
        if modifiers & SHIFT:
            text = SHIFTED_KEYS.get(base, text)
        return "\x1b" + text if modifiers & ALT and text != SHIFTED_KEYS.get(base) else text
    return None


def _typed(base: str, character: str | None, modifiers: int) -> str | None:
    """Keys that type a character, with Ctrl and Alt as they always were: & 0x1f and an ESC before."""
    if modifiers & META:
        return None
    named = _character_of(base)
    if modifiers & CTRL:
        text = CTRL_KEYS.get(base) or CTRL_DIGITS.get(base) or _control(named)
    elif modifiers & ALT or character is None or not character.isprintable():
        text = named.upper() if named is not None and modifiers & SHIFT else named
    else:
        text = character
    return "\x1b" + text if text is not None and modifiers & ALT else text


def _control(character: str | None) -> str | None:
    if character is None or not "@" <= character.upper() <= "_":
        return None
    return chr(ord(character.upper()) & 0x1F)


@lru_cache(1024)
def _character_of(name: str) -> str | None:
    """The character a key's name stands for, None for keys such as `caps_lock`."""
    if len(name) == 1:
        return name
    if name in KEY_NAMES:
        return KEY_NAMES[name]
    for spelling in _unicode_spellings(name):
        try:
            character = unicodedata.lookup(spelling)
        except KeyError:
            continue
        return character if character.isprintable() else None
    return None


def _unicode_spellings(name: str) -> Iterator[str]:
    """Unicode names that become this key name when spaces and hyphens are written `_`: all spaces, or one hyphen."""
    words = name.split("_")
    yield " ".join(words)
    for index in range(1, len(words)):
        yield " ".join(words[:index]) + "-" + " ".join(words[index:])


def encode_paste(text: str, bracketed: bool) -> bytes:
    """Pasted text: line ends as Enter sends them, no other controls but tabs, wrapped if the program asked (mode 2004).

    Without control characters a paste can neither end its own bracket nor press keys.
    """
    text = text.replace("\r\n", "\r").replace("\n", "\r")
    data = PASTE_CONTROLS.sub("", text).encode(errors="replace")
    return PASTE_START + data + PASTE_END if bracketed else data


def encode_focus(gained: bool) -> bytes:
    """A focus event (mode 1004)."""
    return FOCUS_IN if gained else FOCUS_OUT


def encode_mouse(
    button: int,
    x: int,
    y: int,
    *,
    pressed: bool,
    motion: bool = False,
    shift: bool = False,
    alt: bool = False,
    ctrl: bool = False,
    sgr: bool = True,
) -> bytes | None:
    """A mouse event at cell x, y (0-based) of the pane.

    `button` is 0 left, 1 middle, 2 right, `NO_BUTTON` for a move with none held, or one of `WHEEL_BUTTONS`. `sgr` is
    mode 1006; without it the X10 encoding is used, which cannot name a released button nor a cell past 222 (None).
    """
    if x < 0 or y < 0:
        return None
    code = button + MOUSE_MOTION * motion + MOUSE_SHIFT * shift + MOUSE_ALT * alt + MOUSE_CTRL * ctrl
    if sgr:
        return f"\x1b[<{code};{x + 1};{y + 1}{'M' if pressed or motion else 'm'}".encode()
    if x >= X10_LIMIT or y >= X10_LIMIT:
        return None
    if not pressed and not motion:
        code = code - button + NO_BUTTON
    return b"\x1b[M" + bytes((X10_OFFSET + code, X10_OFFSET + x + 1, X10_OFFSET + y + 1))
