"""The journal: a tick as canonical bytes, and the chain over all ticks.

Rules of this file (runtime: Time, ticks and the journal; docs/formats.md says the same to a stranger)
- Commands are compact JSON: a value of ours is `["@Name", fields...]`, bytes are `"x" + hex`, text is `"s" + text`.
- Commits and SysLog rows are concatenated, each after its length; readings are u64.
- hash = SHA-256(hash before, tick, time, wallclock, slices, then each column after its length, then the commit head).
- What is decoded was written by someone else: a decoder raises `Malformed` and trusts no length.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any, NamedTuple

from zos_core.abi import FIRST_PRIVILEGE, Malformed
from zos_core.axiom.syslog import SysEvent
from zos_core.kernel.commits import ZERO_ID
from zos_core.kernel.process import Grant
from zos_core.kernel.transient import SpawnRequest
from zos_core.runtime import commands as c

FORMAT_VERSION = 1
ZERO_HASH = ZERO_ID

_TYPES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(c.Input, c.Create, c.RefuseSpawn, c.GrantCap, c.Revoke, c.Derive, c.Kill, c.Hold, c.Send),
        *(c.StorageDone, c.AnswerPrompt, Grant, SpawnRequest),
    )
}
_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<QQQI")
_EVENT = struct.Struct("<QQIIqIQHHH")
_CALL_ARGS = struct.Struct("<III")


class JournalRow(NamedTuple):
    """One tick as it is recorded. `commits` and `syslog` are packed lists, `output` a SHA-256 of what was drained."""

    tick: int
    time_ns: int
    wallclock_ms: int
    slices: int
    commands: str
    readings: bytes
    commits: bytes
    syslog: bytes
    output: bytes
    checkpoint: str
    head: bytes
    hash: bytes


# --- values ---------------------------------------------------------------------------------------------------------


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
        kind = _TYPES.get(value[0][1:])
        if kind is None or len(value) - 1 != len(kind._fields):
            raise Malformed(f"no command of the form {value[0][1:60]}")
        return kind(*map(from_plain, value[1:]))
    return tuple(map(from_plain, value))


def pack_commands(commands: tuple[c.Command, ...]) -> str:
    return json.dumps([to_plain(each) for each in commands], separators=(",", ":"), ensure_ascii=False)


def unpack_commands(text: str) -> tuple[c.Command, ...]:
    """Raises `Malformed`."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"commands that are not JSON: {error}") from None
    commands = from_plain(plain)
    if not isinstance(commands, tuple) or not all(type(each).__name__ in _TYPES for each in commands):
        raise Malformed("commands that are no list of commands")
    return commands


# --- lists ----------------------------------------------------------------------------------------------------------


def pack_list(items: list[bytes]) -> bytes:
    """Each item after its length as u32."""
    return b"".join([part for item in items for part in (_LENGTH.pack(len(item)), item)])


def unpack_list(data: bytes) -> list[bytes]:
    """Raises `Malformed`."""
    at, out = 0, []
    while at < len(data):
        if at + _LENGTH.size > len(data):
            raise Malformed("a list ends in the middle of a length")
        end = at + _LENGTH.size + _LENGTH.unpack_from(data, at)[0]
        if end > len(data):
            raise Malformed("a list ends in the middle of an item")
        out.append(data[at + _LENGTH.size : end])
        at = end
    return out


def pack_readings(readings: tuple[int, ...]) -> bytes:
    return struct.pack(f"<{len(readings)}Q", *readings)


def unpack_readings(data: bytes) -> tuple[int, ...]:
    """Raises `Malformed`."""
    if len(data) % 8:
        raise Malformed("readings have 8 bytes each")
    return struct.unpack(f"<{len(data) // 8}Q", data)


def pack_event(event: SysEvent) -> bytes:
    """One SysLog row: fixed fields, then arguments (three u32, or JSON for a privilege), reason and notice."""
    args = (
        _CALL_ARGS.pack(*event.args)
        if event.num < FIRST_PRIVILEGE
        else json.dumps(to_plain(tuple(event.args)), separators=(",", ":"), ensure_ascii=False).encode()
    )
    args, reason, notice = args[:65535], event.reason.encode()[:65535], event.notice
    return (
        _EVENT.pack(
            *(event.seq, event.time_ns, event.pid, event.num, event.result, event.size, event.resumes),
            *(len(args), len(reason), len(notice)),
        )
        + args
        + reason
        + notice
    )


def unpack_event(data: bytes) -> SysEvent:
    """Raises `Malformed`."""
    if len(data) < _EVENT.size:
        raise Malformed("a SysLog row is cut short")
    seq, time_ns, pid, num, result, size, resumes, n_args, n_reason, n_notice = _EVENT.unpack_from(data)
    rest = data[_EVENT.size :]
    if len(rest) != n_args + n_reason + n_notice:
        raise Malformed("a SysLog row has another length than it says")
    args, reason, notice = rest[:n_args], rest[n_args : n_args + n_reason], rest[n_args + n_reason :]
    try:
        shown = _CALL_ARGS.unpack(args) if num < FIRST_PRIVILEGE else tuple(from_plain(json.loads(args)))
        return SysEvent(seq, time_ns, pid, num, shown, size, result, reason.decode(), resumes, notice)
    except (struct.error, ValueError, RecursionError, TypeError):
        raise Malformed("a SysLog row whose arguments cannot be read") from None


# --- the chain ------------------------------------------------------------------------------------------------------


def row_hash(previous: bytes, row: JournalRow) -> bytes:
    """What names a tick and everything before it."""
    digest = hashlib.sha256(previous)
    digest.update(_HEAD.pack(row.tick, row.time_ns, row.wallclock_ms, row.slices))
    columns = (row.commands.encode(), row.readings, row.commits, row.syslog, row.output, row.checkpoint.encode())
    for column in columns:
        digest.update(_LENGTH.pack(len(column)))
        digest.update(column)
    digest.update(row.head)
    return digest.digest()
