"""The system-call ABI: the only home of every number, limit, error and wire format.

Rules of this file
- Pure vocabulary: it imports nothing of the project and does nothing but encode and decode.
- All integers are little-endian. Slots and pids are unsigned and below 2**31.
- A decoder raises `Malformed` for bytes that do not fit its format; it never guesses.
- `apps/zos-process/src/abi.rs` and `apps/include/zos.h` spell the same numbers for guests; a test compares them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum, IntFlag
from typing import NamedTuple

ABI_VERSION = 1


class Malformed(ValueError):
    """Bytes that do not fit the format they claim to have."""


class Errno(IntEnum):
    """What a refused call answers, and in words. Codes 1-10 fit every result convention."""

    text: str

    def __new__(cls, code: int, text: str = "") -> Errno:
        member = int.__new__(cls, code)
        member._value_, member.text = code, text
        return member

    E_OK = 0, "ok"
    E_PERM = 1, "no capability gives this right"
    E_NOENT = 2, "no such object"
    E_INVAL = 3, "malformed argument"
    E_NOSYS = 4, "not implemented"
    E_AGAIN = 5, "queue full"
    E_NOMEM = 6, "a table, a quota or memory is full"
    E_BADF = 7, "no capability in that slot, or of the wrong type"
    E_BUSY = 8, "busy"
    E_EXIST = 9, "slot or name taken"
    E_OVERFLOW = 10, "message, buffer or name too long"


class Sys(IntEnum):
    """System-call numbers."""

    DEBUG = 0x01
    GET_TIME = 0x02
    GET_PID = 0x03
    LIST_CAPS = 0x04
    LIST_PROCS = 0x05
    GET_WALLCLOCK = 0x06
    CONSOLE_WRITE = 0x07
    RANDOM = 0x08
    GET_ARGS = 0x09
    THREAD_CREATE = 0x10
    EXIT = 0x11
    YIELD = 0x12
    SLEEP = 0x13
    THREAD_JOIN = 0x14
    SPAWN = 0x15
    KILL = 0x16
    MMAP = 0x20
    MUNMAP = 0x21
    MPROTECT = 0x22
    CAP_GRANT = 0x30
    CAP_REVOKE = 0x31
    CAP_DELETE = 0x32
    CAP_INSPECT = 0x33
    CAP_DERIVE = 0x34
    EP_CREATE = 0x35
    SEND = 0x40
    RECEIVE = 0x41
    CALL = 0x42
    REPLY = 0x43
    SEND_CAP = 0x44
    RECEIVE_WAIT = 0x45
    RECEIVED_CAPS = 0x46
    STORAGE_READ = 0x70
    STORAGE_WRITE = 0x71
    STORAGE_DELETE = 0x72
    STORAGE_LIST = 0x73


class ObjectType(IntEnum):
    """What a capability can name (seed: Object Types)."""

    ENDPOINT = 1
    CONSOLE = 2
    STORAGE = 3
    NETWORK = 4
    PROCESS = 5
    MEMORY = 6


class Rights(IntFlag):
    """Permission bits of a capability (seed: Permission Bits)."""

    NONE = 0
    READ = 1
    WRITE = 2
    GRANT = 4
    ALL = 7


class ProcessState(IntEnum):
    RUNNING = 0
    WAITING = 1
    EXITED = 2


class RevokeReason(IntEnum):
    """Why a holder lost a capability (seed: Revocation Notifications)."""

    EXPLICIT = 1
    EXPIRED = 2
    SOURCE_EXITED = 3


class ExitHow(IntEnum):
    EXITED = 0
    KILLED = 1
    FAULTED = 2


class Stream(IntEnum):
    """Which stream of a console bytes were written to."""

    OUTPUT = 1
    ERRORS = 2


class Tag(IntEnum):
    """Message tags the system or the bundled services give a meaning to."""

    CONSOLE_INPUT = 0x0002
    REGISTER_SERVICE = 0x1000
    LOOKUP_SERVICE = 0x1001
    LOOKUP_RESPONSE = 0x1002
    SPAWN_SERVICE = 0x1003
    SPAWN_RESPONSE = 0x1004
    SERVICE_READY = 0x1005
    GRANT_PERMISSION = 0x1010
    REVOKE_PERMISSION = 0x1011
    LIST_PERMISSIONS = 0x1012
    PERMISSION_RESPONSE = 0x1013
    APP_STATE = 0x2000
    APP_INPUT = 0x2001
    UI_READY = 0x2002
    APP_FOCUS = 0x2003
    APP_ERROR = 0x2004
    REQUEST_CAPABILITY = 0x2010
    REVOKE_CAPABILITY = 0x2011
    LIST_MY_CAPS = 0x2012
    CAPABILITY_RESPONSE = 0x2013
    CAPS_LIST_RESPONSE = 0x2014
    PROMPT = 0x2015
    PROMPT_ANSWER = 0x2016
    CAP_REVOKED = 0x3010
    PROCESS_EXITED = 0x3011


APP_VIEW_TAGS = frozenset({Tag.APP_STATE, Tag.APP_FOCUS, Tag.APP_ERROR})
"""Sent by a process to its own slot 0 these go to its tab's view and are not queued."""

# --- well-known names ---------------------------------------------------------------------------------------------

PID_SUPERVISOR = 0
PID_INIT = 1
PID_PERMISSION = 2

SLOT_OWN_ENDPOINT = 0
SLOT_INPUT = 1
SLOT_INIT = 2
SLOT_PERMISSION = 3
SLOT_FIRST_FREE = 4

ENDPOINT_INIT = 1
FACTORY = 0
"""Object id of the process factory: a Process capability on it starts registered programs."""

SPAWN_SHARE_CONSOLE = 1
SPAWN_LEND_INPUT = 2
FOREVER_MS = 2**64 - 1
"""SYS_RECEIVE_WAIT with all ones waits for ever."""

KILLED_CODE = -1
EXIT_FAULT_STATUS = 134
EXIT_KILL_STATUS = 137
END_OF_INPUT = b"\x04"
INTERRUPT = b"\x03"

# --- limits -------------------------------------------------------------------------------------------------------

MAX_SLOT = 2**31 - 1
MAX_EXPLICIT_SLOT = 65_535
MAX_PAYLOAD = 4096
MAX_SYSTEM_PAYLOAD = 4088
"""Published libraries receive into 4096 bytes, header included: what the system sends always fits."""
MAX_OUTGOING = (1 << 20) + 4096
MAX_DEBUG_BYTES_PER_SECOND = 64 << 10
MAX_QUEUE = 256
MAX_NOTICES_UNREAD = 1024
MAX_CAPS_PER_MESSAGE = 8
MAX_CAPS = 1024
MAX_CAPS_FROM_PROGRAMS = 512
MAX_ENDPOINTS = 64
MAX_NAME = 64
MAX_RANDOM = 4096
MAX_KEY = 255
MAX_VALUE = 1 << 20
MAX_STORAGE_READ = 32 << 10
MAX_NAMESPACE = 256 << 20
MAX_CONSOLE_BUFFER = 64 << 10
MAX_CONSOLE_BACKLOG = 256 << 10
MAX_PENDING_INPUT = 64 << 10
MAX_ENDED_LISTED = 256
MAX_RESTARTS_PER_MINUTE = 3
MAX_MODULE = 128 << 20
MAX_TABLE_ELEMENTS = 100_000
MAX_TABLES = 4
MAX_PROCESSES = 10_000
PAGE = 65_536
DEFAULT_MEMORY = 64 << 20
DEFAULT_SLICE_FUEL, LONE_SLICE_FUEL = 200_000, 1_000_000  # the second while no other process is ready
MAX_CALLS_PER_SLICE = 256
MAX_PARKABLE_FUEL = 50_000
MAX_TICK_MS = 16
FIRST_PRIVILEGE = 0x1_0000
"""Numbers of what pid 0 may do lie above every system call."""
FIRST_DIRECTORY = 1 << 48
"""Storage objects from here on are directories of the host; below are namespaces."""
ERROR_BIT = 0x8000_0000
U32 = 0xFFFF_FFFF

# --- result conventions -------------------------------------------------------------------------------------------

def value_error(code: Errno) -> int:
    """A refusal in the *value* convention: 0x8000_0000 | code."""
    return ERROR_BIT | code


def length_error(code: Errno) -> int:
    """A refusal in the *length* convention: -code as an unsigned 32-bit number."""
    return -code & U32


class Returns(IntEnum):
    """Which result convention a call follows."""

    STATUS = 0
    VALUE = 1
    LENGTH = 2


RETURNS: dict[int, Returns] = {
    **dict.fromkeys((Sys.SPAWN, Sys.CAP_GRANT, Sys.CAP_DERIVE, Sys.EP_CREATE), Returns.VALUE),
    **dict.fromkeys((Sys.RANDOM, Sys.GET_ARGS, Sys.RECEIVE, Sys.CALL, Sys.RECEIVE_WAIT), Returns.LENGTH),
    **dict.fromkeys((Sys.RECEIVED_CAPS, Sys.STORAGE_READ, Sys.STORAGE_LIST), Returns.LENGTH),
}
"""Calls that do not answer a status."""

PLAIN_VALUES = frozenset({Sys.GET_TIME, Sys.GET_WALLCLOCK, Sys.GET_PID, Sys.CAP_INSPECT, Sys.YIELD})
"""Calls whose result is a number of its own that is never an error."""


def refusal(num: int, code: Errno) -> int:
    """The refusal `code` as call `num` answers it; a privileged call answers in the value convention."""
    returns = RETURNS.get(num, Returns.STATUS)
    if returns is Returns.VALUE or num >= FIRST_PRIVILEGE:
        return value_error(code)
    return length_error(code) if returns is Returns.LENGTH else int(code)


def errno_of(num: int, result: int) -> Errno:
    """The error a logged result of call `num` stands for; E_OK when it is a success."""
    if num in PLAIN_VALUES:
        return Errno.E_OK
    returns = RETURNS.get(num, Returns.STATUS)
    if returns is Returns.VALUE or num >= FIRST_PRIVILEGE:
        code = result ^ ERROR_BIT if result & ERROR_BIT else 0
    elif returns is Returns.LENGTH:
        code = (-result) & U32 if result & ERROR_BIT else 0
    else:
        code = result
    return Errno(code) if 0 <= code <= Errno.E_OVERFLOW else Errno.E_OK


# --- wire formats -------------------------------------------------------------------------------------------------

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_RECEIVED = struct.Struct("<II")
_CAP_FORM_0 = struct.Struct("<IBQ")
_CAP_FORM_1 = struct.Struct("<IBBQQI")
_CAP_INSPECT = struct.Struct("<BBHIQ")
_PROC_FORM_0 = struct.Struct("<IH")
_PROC_FORM_1 = struct.Struct("<IIBQH")
_REVOKED = struct.Struct("<IBQB")
_EXITED = struct.Struct("<IBi")

RECEIVED_HEADER = _RECEIVED.size

pack_revoked = _REVOKED.pack
"""MSG_CAP_REVOKED: slot, object type, object id, reason."""
pack_exited = _EXITED.pack
"""MSG_PROCESS_EXITED: pid, how, code."""
pack_endpoint_created = struct.Struct("<I4xQ").pack
"""SYS_EP_CREATE: slot, endpoint id."""
pack_spawned = struct.Struct("<II").pack
"""SYS_SPAWN: pid, slot of the capability on it."""
pack_limits = struct.Struct("<QI").pack
"""The tail of SYS_CAP_GRANT and SYS_CAP_DERIVE: expires_in_ms, uses; 0 for neither."""


class CapEntry(NamedTuple):
    """One row of SYS_LIST_CAPS. Times in ns of uptime, 0 for never; uses 0 for unlimited."""

    slot: int
    object_type: int
    rights: int
    object_id: int
    expires_at_ns: int
    uses_left: int


class ProcEntry(NamedTuple):
    pid: int
    parent: int
    state: int
    memory_bytes: int
    name: str


class Revoked(NamedTuple):
    """Payload of MSG_CAP_REVOKED: 14 bytes (seed: Revocation Notifications)."""

    slot: int
    object_type: int
    object_id: int
    reason: int


class Exited(NamedTuple):
    pid: int
    how: int
    code: int


def unpack_exact(layout: struct.Struct, data: bytes) -> tuple[int, ...]:
    """The fields of `data`, which must have just the size of `layout`."""
    if len(data) != layout.size:
        raise Malformed(f"{layout.size} bytes expected, {len(data)} found")
    return layout.unpack(data)


def pack_received(from_pid: int, tag: int, payload: bytes) -> bytes:
    return _RECEIVED.pack(from_pid, tag) + payload


def unpack_received(data: bytes) -> tuple[int, int, bytes]:
    if len(data) < RECEIVED_HEADER:
        raise Malformed("a received message has at least 8 bytes")
    from_pid, tag = _RECEIVED.unpack_from(data)
    return from_pid, tag, data[RECEIVED_HEADER:]


def pack_caps(entries: Sequence[CapEntry], form: int) -> bytes:
    """SYS_LIST_CAPS: `count u32`, then rows of form 0 or form 1."""
    if form == 0:
        rows = [_CAP_FORM_0.pack(e.slot, e.object_type, e.object_id) for e in entries]
    else:
        rows = [_CAP_FORM_1.pack(*e) for e in entries]
    return _U32.pack(len(entries)) + b"".join(rows)


def unpack_caps(data: bytes) -> tuple[CapEntry, ...]:
    if len(data) < 4 or len(data) != 4 + _U32.unpack_from(data)[0] * _CAP_FORM_1.size:
        raise Malformed("the count of capabilities and the length differ")
    return tuple(CapEntry(*row) for row in _CAP_FORM_1.iter_unpack(data[4:]))


def pack_procs(entries: Sequence[ProcEntry], form: int) -> bytes:
    """SYS_LIST_PROCS: `count u32`, then rows of form 0 or form 1, each ending in the name."""
    rows = [_U32.pack(len(entries))]
    for entry in entries:
        name = entry.name.encode()
        if form == 0:
            rows.append(_PROC_FORM_0.pack(entry.pid, len(name)))
        else:
            rows.append(_PROC_FORM_1.pack(entry.pid, entry.parent, entry.state, entry.memory_bytes, len(name)))
        rows.append(name)
    return b"".join(rows)


def pack_inspect(entry: CapEntry) -> bytes:
    return _CAP_INSPECT.pack(entry.object_type, entry.rights, 0, entry.slot, entry.object_id)


def unpack_revoked(data: bytes) -> Revoked:
    return Revoked(*unpack_exact(_REVOKED, data))


def unpack_exited(data: bytes) -> Exited:
    return Exited(*unpack_exact(_EXITED, data))


def pack_received_caps(slots: Sequence[int]) -> bytes:
    return struct.pack(f"<I{len(slots)}I", len(slots), *slots)


def pack_args(args: Iterable[bytes]) -> bytes:
    """SYS_GET_ARGS: `argc u32`, then `(len u16, bytes)` each."""
    items = list(args)
    return _U32.pack(len(items)) + b"".join(struct.pack("<H", len(a)) + a for a in items)


def unpack_spawn(data: bytes) -> tuple[str, tuple[bytes, ...]]:
    """Outgoing data of SYS_SPAWN: `name_len u8, name`, then `(len u16, argument)...`."""
    if not data or len(data) < 1 + data[0]:
        raise Malformed("a spawn request starts with its name")
    try:
        name = data[1 : 1 + data[0]].decode()
    except UnicodeDecodeError as error:
        raise Malformed("a name is UTF-8") from error
    at, args = 1 + data[0], []
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "little")
        if at + 2 > len(data) or end > len(data):
            raise Malformed("an argument is cut short")
        args.append(data[at + 2 : end])
        at = end
    return name, tuple(args)


def unpack_limits(data: bytes) -> tuple[int, int]:
    """The optional tail of SYS_CAP_GRANT and SYS_CAP_DERIVE: `(expires_in_ms or 0, uses or 0)`."""
    if len(data) not in (0, _U64.size, _U64.size + _U32.size):
        raise Malformed("an expiry has 8 bytes, a use count 4")
    expires_in_ms = _U64.unpack_from(data)[0] if data else 0
    uses = _U32.unpack_from(data, _U64.size)[0] if len(data) > _U64.size else 0
    return expires_in_ms, uses


def valid_name(name: str) -> bool:
    """A name is 1 to 64 bytes of printable UTF-8 (abi: Limits)."""
    return 0 < len(name.encode()) <= MAX_NAME and name.isprintable()
