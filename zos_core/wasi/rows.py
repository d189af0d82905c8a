"""What the SysLog keeps of a call by a descriptor: its own arguments, then each directory it needs and with what right.

Rules of this file (kernel: Axiom)
- One layout for live logs and recordings: `(*own, directory, rights, ...)`, a pair for each need.
- A row may come from a damaged recording: what does not fit has no needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from zos_core.abi import FIRST_DIRECTORY, Rights
from zos_core.kernel.descriptors import Need
from zos_core.wasi.preview1 import FIRST_CALL, NUMBERS

_TWO_DIRECTORIES = frozenset(FIRST_CALL + NUMBERS[name] for name in ("path_link", "path_rename"))


class Shown(NamedTuple):
    """The arguments of a row, taken apart. A write to the console needs no directory."""

    own: tuple[Any, ...]
    needs: tuple[Need, ...] = ()


def join(own: tuple[Any, ...], needs: Iterable[Need]) -> tuple[Any, ...]:
    """The arguments as the log keeps them."""
    return (*own, *(number for need in needs for number in need))


def split(num: int, args: tuple[Any, ...]) -> Shown:
    """The inverse of `join` for a call of that number."""
    size = 4 if num in _TWO_DIRECTORIES else 2
    numbers = args[-size:]
    if len(args) <= size or not all(isinstance(each, int) for each in numbers):
        return Shown(args)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not all(directory >= FIRST_DIRECTORY and 0 <= rights <= Rights.ALL for directory, rights in pairs):
        return Shown(args)
    return Shown(args[:-size], tuple(Need(directory, Rights(rights)) for directory, rights in pairs))
