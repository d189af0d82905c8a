"""Commits: the facts that committed state is reduced from, and their canonical encoding.

Rules of this file
- A commit body is a value. It says what became true, never how; `apply` is the only reader that acts on it.
- The canonical encoding can be recomputed by a stranger in any language (docs/formats.md):

      commit   = seq u64, timestamp u64, caused_by u64, kind u8, body fields in the order they are declared
      integers = little-endian; text = length u16 and UTF-8; hash = 32 bytes
      id       = SHA-256(prev id, commit); the id before the first commit is 32 zero bytes

- `timestamp` is the tick's time in ns since boot, `caused_by` the sequence number of the SysLog event.
- Bodies are NamedTuples: one is made for every message sent, and a frozen dataclass costs four times as much.
"""

from __future__ import annotations

import hashlib
import struct
from enum import IntEnum
from typing import Any, NamedTuple

ZERO_ID = bytes(32)
MAX_TEXT = 2**16 - 1
NO_SLOT = 2**32 - 1


class InsertHow(IntEnum):
    """How a capability came to be."""

    ROOT = 0
    SPAWN = 1
    GRANT = 2
    DERIVE = 3


class RemoveHow(IntEnum):
    """Why a capability went. Spent and expired look alike to the holder; the log tells them apart."""

    REVOKED = 0
    EXPIRED = 1
    SPENT = 2
    SOURCE_EXIT = 3
    DELETED = 4


class Genesis(NamedTuple):
    abi_version: int
    seed_hash: bytes


class ProcessCreated(NamedTuple):
    pid: int
    parent: int
    name: str


class ProcessRestarted(NamedTuple):
    pid: int


class ProcessExited(NamedTuple):
    """`how` is EXITED or KILLED: a program may exit with the code of a kill."""

    pid: int
    how: int
    code: int


class ProcessFaulted(NamedTuple):
    pid: int
    reason: str
    description: str


class EndpointCreated(NamedTuple):
    endpoint_id: int
    owner: int


class EndpointDestroyed(NamedTuple):
    endpoint_id: int


class ConsoleCreated(NamedTuple):
    console_id: int
    pid: int


class ConsoleReader(NamedTuple):
    console_id: int
    pid: int


class CapInserted(NamedTuple):
    """`parent_cap` 0 is a root; `expires_at` in ns of uptime, 0 for never; `uses_left` 0 for unlimited."""

    cap_id: int
    parent_cap: int
    pid: int
    slot: int
    object_type: int
    object_id: int
    perms: int
    expires_at: int
    uses_left: int
    by_pid: int
    how: int


class CapMoved(NamedTuple):
    cap_id: int
    to_pid: int
    to_slot: int


class CapUsed(NamedTuple):
    cap_id: int
    uses_left: int


class CapRemoved(NamedTuple):
    cap_id: int
    pid: int
    slot: int
    how: int
    by_pid: int


class NoticeUndeliverable(NamedTuple):
    """`slot` is that of the lost capability, `NO_SLOT` for the end of a process that `pid` had started."""

    pid: int
    slot: int


class MessageSent(NamedTuple):
    from_pid: int
    to_endpoint: int
    tag: int
    size: int


Body = (
    Genesis
    | ProcessCreated
    | ProcessRestarted
    | ProcessExited
    | ProcessFaulted
    | EndpointCreated
    | EndpointDestroyed
    | ConsoleCreated
    | ConsoleReader
    | CapInserted
    | CapMoved
    | CapUsed
    | CapRemoved
    | NoticeUndeliverable
    | MessageSent
)

LAYOUTS: dict[type[Body], tuple[int, str]] = {
    # kind number, one code a field: B u8, I u32, i s32, Q u64, t text, h hash
    Genesis: (0, "Ih"),
    ProcessCreated: (1, "IIt"),
    ProcessRestarted: (2, "I"),
    ProcessExited: (3, "IBi"),
    ProcessFaulted: (4, "Itt"),
    EndpointCreated: (5, "QI"),
    EndpointDestroyed: (6, "Q"),
    ConsoleCreated: (7, "QI"),
    ConsoleReader: (8, "QI"),
    CapInserted: (9, "QQIIBQBQIIB"),
    CapMoved: (10, "QII"),
    CapUsed: (11, "QI"),
    CapRemoved: (12, "QIIBI"),
    NoticeUndeliverable: (13, "II"),
    MessageSent: (14, "IQII"),
}

Entry = tuple[Any, ...]
"""A commit in the log: `(seq, timestamp, caused_by, kind, *body)`, one flat tuple that the collector can forget."""

KINDS: dict[type[Body], int] = {body: kind for body, (kind, _) in LAYOUTS.items()}
_BODIES: dict[int, type[Body]] = {kind: body for body, kind in KINDS.items()}
_HEAD = "<QQQB"
_HEAD_FIELDS = len(_HEAD) - 1
_FIXED = {kind: struct.Struct(_HEAD + codes).pack for kind, codes in LAYOUTS.values() if not set(codes) & set("th")}
_MIXED = {kind: codes for kind, codes in LAYOUTS.values() if kind not in _FIXED}
_PACK = {code: struct.Struct("<" + code).pack for code in "BHIiQ"}
_pack_head = struct.Struct(_HEAD).pack


def entry_of(seq: int, timestamp: int, caused_by: int, body: Body) -> Entry:
    return (seq, timestamp, caused_by, KINDS[type(body)], *body)


def body_of(entry: Entry) -> Body:
    return _BODIES[entry[3]](*entry[_HEAD_FIELDS:])


def encode(entry: Entry) -> bytes:
    """The canonical bytes of one commit."""
    pack = _FIXED.get(entry[3])
    if pack is not None:
        return pack(*entry)
    parts = [_pack_head(*entry[:_HEAD_FIELDS])]
    for code, value in zip(_MIXED[entry[3]], entry[_HEAD_FIELDS:], strict=True):
        if code == "t":
            text = value.encode()
            parts.append(_PACK["H"](len(text)) + text)
        else:
            parts.append(value if code == "h" else _PACK[code](value))
    return b"".join(parts)


def commit_id(prev: bytes, encoded: bytes) -> bytes:
    """The hash that names a commit and everything before it."""
    return hashlib.sha256(prev + encoded).digest()


def bounded_text(text: str) -> str:
    """`text` cut to what the text encoding can carry, between characters."""
    return text.encode(errors="replace")[:MAX_TEXT].decode(errors="ignore")
