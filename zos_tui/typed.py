"""Values that a person types, in flags or in a dialog: sizes, variables, words. What is none raises ValueError.

Rules of this file
- It imports nothing heavy: `zos --help` is answered before the machine is loaded.
- An error is one line that quotes what was typed.
"""

from __future__ import annotations

import re
import shlex

from zos_core import abi

MAX_MEMORY = 4 << 30
_SIZE = re.compile(r"(\d{1,20})([KMG])?(?:i?B)?", re.IGNORECASE | re.ASCII)
_KEY = re.compile(r"ctrl\+(?:[a-z@]|backslash|right_square_bracket|underscore)|f(?:[1-9]|1[0-2])")
_SENT_FOR_ANOTHER = frozenset({"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m"})
"""Backspace, Tab, and Enter twice."""
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def parse_size(text: str) -> int:
    """Bytes, from `65536`, `512K`, `64M` or `1G`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 512K, 64M or 1G")
    return int(match[1]) * _UNITS[(match[2] or "").lower()]


def parse_memory(text: str) -> int:
    """A process's memory limit in bytes: at least a page, at most what a 32-bit pointer can name."""
    number = parse_size(text)
    if not abi.PAGE <= number <= MAX_MEMORY:
        raise ValueError(f"{text} is not between 64K and 4G")
    return number


def size_field(number: int) -> str:
    """Bytes as `parse_size` reads them, in the largest unit that keeps them whole."""
    for letter in "gmk":
        if number and number % _UNITS[letter] == 0:
            return f"{number // _UNITS[letter]}{letter.upper()}"
    return str(number)


def parse_key(text: str) -> str:
    """The key that speaks to the desktop: one that no program needs as a letter, and no terminal sends for another."""
    key = text.lower()
    if not _KEY.fullmatch(key) or key in _SENT_FOR_ANOTHER:
        raise ValueError(f"{text!r} is not a key such as ctrl+a, ctrl+backslash or f12")
    return key


def parse_variable(text: str) -> tuple[str, str]:
    """`NAME=VALUE`."""
    name, found, value = text.partition("=")
    if not name or not found or "\0" in text:
        raise ValueError(f"a variable is NAME=VALUE, not {text!r}")
    return name, value


def parse_variables(lines: str) -> tuple[tuple[str, str], ...]:
    """A variable a line; empty lines do not count."""
    return tuple(parse_variable(line.strip()) for line in lines.splitlines() if line.strip())


def parse_words(text: str) -> tuple[str, ...]:
    """Words quoted as in a shell."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"{str(error).lower()} in {text!r}") from None
