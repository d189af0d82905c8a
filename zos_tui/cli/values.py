"""How the values of flags are read: sizes, times, rules, places. What is none is said in one line that quotes it.

Rules of this file
- It imports nothing heavy: `zos --help` is answered before the machine is loaded.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from zos_tui.typed import parse_key, parse_memory, parse_size, parse_variable

if TYPE_CHECKING:
    from zos_core.policy import Policy, Rule
    from zos_core.wasi.directories import DirectoryGrant

_MAX_NUMBER = 2**63 - 1
"""What the engine's fuel and a database's integers can hold."""
_THOUSANDS = {"K": 1_000, "M": 1_000_000, "G": 1_000_000_000}
_SEED_BYTES = 32
T = TypeVar("T")
_PLACE = re.compile(r"(?:(tick|commit):)?(\d{1,18})", re.ASCII)


def size(text: str) -> int:
    """Bytes, from `65536`, `512K`, `64M` or `1G`."""
    return _flag(parse_size, text)


def memory(text: str) -> int:
    """A process's memory limit in bytes."""
    return _flag(parse_memory, text)


def key(text: str) -> str:
    """The desktop's own key."""
    return _flag(parse_key, text)


def fuel(text: str) -> int:
    """A number of instructions, in round terms: `250000`, `50M` or `2G`, in thousands of thousands."""
    letter = text[-1:].upper()
    digits, unit = (text[:-1], _THOUSANDS[letter]) if letter in _THOUSANDS else (text, 1)
    try:
        number = whole(digits) * unit
    except argparse.ArgumentTypeError:
        number = 0
    if not 0 < number <= _MAX_NUMBER:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, such as 250000, 50M or 2G")
    return number


def seed(text: str) -> bytes:
    """The machine's random seed, from hexadecimal digits; what is left out is zero."""
    try:
        given = bytes.fromhex(text)
    except ValueError:
        given = b""
    if not 0 < len(given) <= _SEED_BYTES:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to {_SEED_BYTES} bytes in hexadecimal, two digits each")
    return given.ljust(_SEED_BYTES, b"\0")


def rule(text: str) -> Rule:
    """A rule of the policy."""
    from zos_core.policy import parse_rule

    return _flag(parse_rule, text)


def policy(text: str) -> Policy:
    """The policy in a file."""
    from zos_core.policy import parse_policy
    from zos_core.toml import MAX_BYTES

    try:
        with open(text, "rb") as file:
            return parse_policy(file.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise argparse.ArgumentTypeError(f"{text}: {why}") from None


def subject(text: str) -> Rule:
    """What a rule is about, `TYPE[:OBJECT]`, and no more."""
    from zos_core.policy import Rule

    given = rule(text)
    if given != Rule(given.object_type, given.object_id):
        raise argparse.ArgumentTypeError(f"{text!r} is not TYPE[:OBJECT]: rights and times play no part here")
    return given


def whole(text: str) -> int:
    """A number of a process, a call or a namespace."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _MAX_NUMBER):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def place(text: str) -> tuple[str, int]:
    """Where to stop: `120` or `tick:120`, `commit:57`."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a tick such as 120, or a commit such as commit:57")
    return match[1] or "tick", int(match[2])


def since(text: str) -> int:
    """A time of the session in ms: `90s`, `5m`."""
    from zos_core.policy import parse_duration_ms

    return _flag(parse_duration_ms, text)


def directory(text: str) -> DirectoryGrant:
    """`HOST[::GUEST][:ro]`."""
    from zos_core.wasi.directories import parse_directory

    return _flag(parse_directory, text)


def variable(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, or `NAME` for what this command has under that name."""
    if text and "=" not in text:
        if text not in os.environ:
            raise argparse.ArgumentTypeError(f"{text} is not set here; write {text}=VALUE")
        return text, os.environ[text]
    return _flag(parse_variable, text)


def _flag(read: Callable[[str], T], text: str) -> T:
    """What `read` makes of a flag's value; what is wrong with it, as argparse says it."""
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
