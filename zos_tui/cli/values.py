"""How the values of flags are read: sizes, times, rules, places. What is none is said in one line that quotes it.

Rules of this file
- It imports nothing heavy: `zos --help` is answered before the machine is loaded.
"""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING

from zos_core import abi

if TYPE_CHECKING:
    from zos_core.policy import Policy, Rule
    from zos_core.wasi.directories import DirectoryGrant

_SIZE = re.compile(r"(\d{1,20})([KMG])?(?:i?B)?", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_MAX_NUMBER = 2**63 - 1
"""What the engine's fuel and a database's integers can hold."""
_MAX_MEMORY = 4 << 30
_SEED_BYTES = 32
_PLACE = re.compile(r"(?:(tick|commit):)?(\d{1,18})", re.ASCII)


def size(text: str) -> int:
    """Bytes, from `65536`, `512K`, `64M` or `1G`."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512K, 64M or 1G")
    return int(match[1]) * _UNITS[(match[2] or "").lower()]


def memory(text: str) -> int:
    """A process's memory limit in bytes: at least a page, at most what a 32-bit pointer can name."""
    number = size(text)
    if not abi.PAGE <= number <= _MAX_MEMORY:
        raise argparse.ArgumentTypeError(f"{text} is not between 64K and 4G")
    return number


def fuel(text: str) -> int:
    """A number of instructions, in round terms."""
    number = whole(text)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
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

    try:
        return parse_rule(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


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

    try:
        return parse_duration_ms(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def directory(text: str) -> DirectoryGrant:
    """`HOST[::GUEST][:ro]`."""
    from zos_core.wasi.directories import parse_directory

    try:
        return parse_directory(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def variable(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, or `NAME` for what this command has under that name."""
    name, found, value = text.partition("=")
    if not name or "\0" in text:
        raise argparse.ArgumentTypeError(f"a variable is NAME=VALUE, not {text!r}")
    if not found and name not in os.environ:
        raise argparse.ArgumentTypeError(f"{name} is not set here; write {name}=VALUE")
    return name, value if found else os.environ[name]
