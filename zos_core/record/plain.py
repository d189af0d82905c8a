"""Values of the machine as JSON, and back: commands, and the arguments of what the supervisor did.

Rules of this file (docs/formats.md: Commands)
- A value of ours is `["@Name", fields...]`, bytes are `"x" + hex`, text is `"s" + text`; the JSON is compact.
- What is read was written by someone else: every field must have the type its command declares, every number must fit
  64 bits. A decoder raises `Malformed`.
"""

from __future__ import annotations

import json
from enum import IntEnum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from zos_core.abi import Malformed
from zos_core.kernel.process import Grant
from zos_core.kernel.transient import SpawnRequest
from zos_core.runtime import commands as c

COMMANDS: tuple[type[c.Command], ...] = get_args(c.Command)
_PARTS = (Grant, SpawnRequest, c.WasiSetup, c.Preopen)
_TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in (*COMMANDS, *_PARTS)}
_FIELDS = {kind: tuple(get_type_hints(kind).values()) for kind in _TYPES.values()}
_NUMBERS = range(2**64)


def to_plain(value: Any) -> Any:
    """A command, or any value in one, as JSON can say it."""
    if isinstance(value, bytes):
        return "x" + value.hex()
    if isinstance(value, str):
        return "s" + value
    if isinstance(value, tuple):
        fields = [to_plain(each) for each in value]
        return ["@" + type(value).__name__, *fields] if type(value).__name__ in _TYPES else fields
    return value if value is None or isinstance(value, bool) else int(value)


def from_plain(value: Any) -> Any:
    """The inverse of `to_plain`. Raises `Malformed`."""
    if isinstance(value, str):
        try:
            return bytes.fromhex(value[1:]) if value[:1] == "x" else value[1:]
        except ValueError:
            raise Malformed("bytes that are not hexadecimal") from None
    if not isinstance(value, list):
        return value
    if value and isinstance(value[0], str) and value[0][:1] == "@":
        return _made(value[0][1:], [from_plain(each) for each in value[1:]])
    return tuple(map(from_plain, value))


def _made(name: str, values: list[Any]) -> Any:
    kind = _TYPES.get(name)
    if kind is None or len(values) != len(_FIELDS[kind]):
        raise Malformed(f"no command of the form {name[:60]!r}")
    if not all(map(_fits, values, _FIELDS[kind])):
        raise Malformed(f"{name}: a field of another type")
    return kind(*values)


def _fits(value: Any, hint: Any) -> bool:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return any(_fits(value, part) for part in parts)
    if origin is tuple:
        if type(value) is not tuple:
            return False
        if parts[-1] is Ellipsis:
            return all(_fits(each, parts[0]) for each in value)
        return len(value) == len(parts) and all(map(_fits, value, parts))
    if hint is int:
        return type(value) is int and value in _NUMBERS
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return type(value) is int and value in frozenset(hint)
    return value is None if hint is NoneType else type(value) is hint


def pack_json(value: Any) -> str:
    """A tuple of values as compact JSON."""
    return json.dumps(to_plain(value), separators=(",", ":"), ensure_ascii=False)


def unpack_json(text: str | bytes) -> tuple[Any, ...]:
    """The inverse of `pack_json`. Raises `Malformed`."""
    try:
        value = from_plain(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not a list of values: {error}") from None
    if type(value) is not tuple:
        raise Malformed("not a list of values")
    return value


def pack_commands(commands: tuple[c.Command, ...]) -> str:
    return pack_json(tuple(commands)) if commands else "[]"


def unpack_commands(text: str) -> tuple[c.Command, ...]:
    """Raises `Malformed`."""
    commands = unpack_json(text)
    if not all(isinstance(each, COMMANDS) for each in commands):
        raise Malformed("a command that is none")
    return commands
