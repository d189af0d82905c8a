"""The journal: a tick as canonical bytes, and the chain over all ticks.

Rules of this file (runtime: Time, ticks and the journal; docs/formats.md says the same to a stranger)
- Commits, SysLog rows and answers of the host are concatenated, each after its length; readings and refusals are u64.
- The chain starts at a hash of the header; a tick's hash is over the one before and every column of its row.
- What is decoded was written by someone else: a decoder raises `Malformed` and trusts no length.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zos_core.abi import FIRST_PRIVILEGE, Malformed
from zos_core.axiom.syslog import SysEvent
from zos_core.kernel.commits import bounded_text
from zos_core.record.plain import pack_json, unpack_json

FORMAT_VERSION = 2

_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<QQQI")
_EVENT = struct.Struct("<QQIIqIQIHH")
_CALL_ARGS = struct.Struct("<III")
_PLAIN_CALL = struct.Struct("<IQQIIqIQIHHIII")
_PLAIN_CALL_SIZE = _PLAIN_CALL.size - _LENGTH.size


class JournalRow(NamedTuple):
    """One tick as it is recorded. `output` is a SHA-256 of what was drained.

    `results`, `commits` and `syslog` are packed lists, `readings` and `refusals` packed numbers, `head` is
    the id of the last commit, `hash` names the tick.
    """

    tick: int
    time_ns: int
    wallclock_ms: int
    slices: int
    commands: str
    readings: bytes
    refusals: bytes
    results: bytes
    commits: bytes
    syslog: bytes
    output: bytes
    checkpoint: str
    head: bytes
    hash: bytes


# --- lists ----------------------------------------------------------------------------------------------------------


def pack_list(items: Iterable[bytes]) -> bytes:
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


def pack_numbers(numbers: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers) if numbers else b""


def unpack_numbers(data: bytes) -> tuple[int, ...]:
    """Raises `Malformed`."""
    if len(data) % 8:
        raise Malformed("numbers have 8 bytes each")
    return struct.unpack(f"<{len(data) // 8}Q", data)


# --- SysLog rows ----------------------------------------------------------------------------------------------------


def pack_events(events: Iterable[SysEvent]) -> bytes:
    """SysLog rows, each after its length: fixed fields, then arguments, reason and notice.

    Arguments are three u32, or JSON for a privilege. Most rows are calls that succeeded, and are one `struct`.
    """
    parts: list[bytes] = []
    pack_plain, length, args_size = _PLAIN_CALL.pack, _PLAIN_CALL_SIZE, _CALL_ARGS.size
    for seq, time_ns, pid, num, args, size, result, reason, resumes, notice in events:
        if num < FIRST_PRIVILEGE and not reason and not notice:
            a1, a2, a3 = args
            parts.append(
                pack_plain(length, seq, time_ns, pid, num, result, size, resumes, args_size, 0, 0, a1, a2, a3)
            )
            continue
        shown = _CALL_ARGS.pack(*args) if num < FIRST_PRIVILEGE else pack_json(args).encode()
        said = bounded_text(reason).encode()
        fixed = _EVENT.pack(seq, time_ns, pid, num, result, size, resumes, len(shown), len(said), len(notice))
        parts += (_LENGTH.pack(len(fixed) + len(shown) + len(said) + len(notice)), fixed, shown, said, notice)
    return b"".join(parts)


def unpack_events(data: bytes) -> list[SysEvent]:
    """Raises `Malformed`."""
    return [_unpack_event(each) for each in unpack_list(data)]


def _unpack_event(data: bytes) -> SysEvent:
    if len(data) < _EVENT.size:
        raise Malformed("a SysLog row is cut short")
    seq, time_ns, pid, num, result, size, resumes, n_args, n_reason, n_notice = _EVENT.unpack_from(data)
    rest = data[_EVENT.size :]
    if len(rest) != n_args + n_reason + n_notice:
        raise Malformed("a SysLog row has another length than it says")
    args, reason, notice = rest[:n_args], rest[n_args : n_args + n_reason], rest[n_args + n_reason :]
    try:
        shown = _CALL_ARGS.unpack(args) if num < FIRST_PRIVILEGE else unpack_json(args)
        return SysEvent(seq, time_ns, pid, num, shown, size, result, reason.decode(), resumes, notice)
    except (struct.error, UnicodeDecodeError):
        raise Malformed("a SysLog row whose arguments or reason cannot be read") from None


# --- the chain ------------------------------------------------------------------------------------------------------


def header_hash(header: Iterable[tuple[str, str]]) -> bytes:
    """Where the chain starts: SHA-256 over every key and value by rising key, each after its length."""
    return hashlib.sha256(pack_list(text.encode() for row in sorted(header) for text in row)).digest()


def row_hash(previous: bytes, row: JournalRow) -> bytes:
    """What names a tick and everything before it. Raises `Malformed` for a number out of range."""
    digest = hashlib.sha256(previous)
    try:
        digest.update(_HEAD.pack(row.tick, row.time_ns, row.wallclock_ms, row.slices))
    except struct.error:
        raise Malformed("a number out of range") from None
    texts = (row.commands.encode(), row.checkpoint.encode())
    for column in (*texts, row.readings, row.refusals, row.results, row.commits, row.syslog, row.output):
        digest.update(_LENGTH.pack(len(column)))
        digest.update(column)
    digest.update(row.head)
    return digest.digest()
