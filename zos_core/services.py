"""Messages between processes: what init and the permission service are asked, and what they answer.

Rules of this file
- Pure: frozen values, their payloads, and nothing else. The numbers are those of `abi.Tag`.
- Nobody trusts an id in a payload: authority is what the sender moved, or what the kernel says it holds
  (abi: Messages between processes). A decoded message is a wish, not a right.
- Every message class has a `TAG`, `pack() -> bytes` and `unpack(payload)`, which raises `Malformed`.
- Object types, rights and statuses stay plain numbers: a stranger sent them, and only their receiver can judge them.

Vocabulary first (the registry, permissions, capabilities, prompts), then the table by tag.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import ClassVar, Protocol, Self

from zos_core.abi import CapEntry, Malformed, Tag, pack_caps, unpack_caps, unpack_exact, valid_name
from zos_core.wire import Reader, pack_text8, pack_text16

_SLOT = struct.Struct("<I")
_ENDPOINT_ID = struct.Struct("<Q")
"""`endpoint_id_low u32, endpoint_id_high u32`: the same eight bytes as one little-endian u64."""
_OBJECT_ID = struct.Struct("<Q")
_CAP_ROW = struct.Struct("<IBB")
_REQUEST_HEAD = struct.Struct("<BB")
_PROMPT_HEAD = struct.Struct("<IIBBQ")

MAX_LISTED_CAPS = 255
"""The count of MSG_CAPS_LIST_RESPONSE is one byte."""


class Message(Protocol):
    """What every class of this file is."""

    TAG: ClassVar[Tag]

    def pack(self) -> bytes:
        """The payload. Raises ValueError or struct.error for a field that does not fit."""
        ...

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        """The message in `payload`. Raises Malformed."""
        ...


def _read_name(reader: Reader) -> str:
    name = reader.text8()
    if not valid_name(name):
        raise Malformed("a name is 1 to 64 bytes of printable UTF-8")
    return name


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A message whose fields, in order, are one fixed layout."""

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<")

    def pack(self) -> bytes:
        return self.LAYOUT.pack(*(getattr(self, field.name) for field in fields(self)))

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        make: Callable[..., Self] = cls
        message = make(*unpack_exact(cls.LAYOUT, payload))
        if message.pack() != payload:
            raise Malformed("a flag is 0 or 1")
        return message


# --- the registry: init -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RegisterService:
    """A name for an endpoint. Sent with a capability (write, grant) on it; without one nobody gets access."""

    TAG: ClassVar[Tag] = Tag.REGISTER_SERVICE
    name: str
    endpoint_id: int

    def pack(self) -> bytes:
        return pack_text8(self.name) + _ENDPOINT_ID.pack(self.endpoint_id)

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        reader = Reader(payload)
        message = cls(_read_name(reader), reader.u64())
        reader.end()
        return message


@dataclass(frozen=True, slots=True)
class _Named:
    """A message that is a name alone."""

    name: str

    def pack(self) -> bytes:
        return pack_text8(self.name)

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        reader = Reader(payload)
        message = cls(_read_name(reader))
        reader.end()
        return message


@dataclass(frozen=True, slots=True)
class LookupService(_Named):
    """Asks init, by SYS_CALL, for the service of that name."""

    TAG: ClassVar[Tag] = Tag.LOOKUP_SERVICE


@dataclass(frozen=True, slots=True)
class LookupResponse(_Fixed):
    """Where the service is: `slot` is the caller's new capability, 0 for none."""

    TAG: ClassVar[Tag] = Tag.LOOKUP_RESPONSE
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<?QI")
    found: bool
    endpoint_id: int
    slot: int


@dataclass(frozen=True, slots=True)
class SpawnService(_Named):
    """Asks init to start a registered program. From anyone but pids 0 and 2: a request for the factory, once."""

    TAG: ClassVar[Tag] = Tag.SPAWN_SERVICE


@dataclass(frozen=True, slots=True)
class SpawnResponse(_Fixed):
    TAG: ClassVar[Tag] = Tag.SPAWN_RESPONSE
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<?I")
    success: bool
    pid: int


@dataclass(frozen=True, slots=True)
class ServiceReady(_Fixed):
    TAG: ClassVar[Tag] = Tag.SERVICE_READY


# --- permissions: honoured from pids 0 and 2 alone ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GrantPermission(_Fixed):
    """Put a capability into `slot` of `to_pid`. `expires_in_ms` counts from the grant, 0 for never."""

    TAG: ClassVar[Tag] = Tag.GRANT_PERMISSION
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<IIBQBQ")
    to_pid: int
    slot: int
    object_type: int
    object_id: int
    perms: int
    expires_in_ms: int = 0


@dataclass(frozen=True, slots=True)
class RevokePermission(_Fixed):
    TAG: ClassVar[Tag] = Tag.REVOKE_PERMISSION
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<II")
    pid: int
    slot: int


@dataclass(frozen=True, slots=True)
class ListPermissions(_Fixed):
    TAG: ClassVar[Tag] = Tag.LIST_PERMISSIONS
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<I")
    pid: int


@dataclass(frozen=True, slots=True)
class PermissionResponse(_Fixed):
    """The answer to a grant or a revocation. `status` is an `abi.Errno`."""

    TAG: ClassVar[Tag] = Tag.PERMISSION_RESPONSE
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BI")
    status: int
    slot: int


@dataclass(frozen=True, slots=True)
class PermissionList:
    """The answer to a list: under the same tag as `PermissionResponse`, so its asker must know which it awaits."""

    TAG: ClassVar[Tag] = Tag.PERMISSION_RESPONSE
    status: int
    entries: tuple[CapEntry, ...]

    def pack(self) -> bytes:
        return bytes([self.status]) + pack_caps(self.entries, 1)

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        reader = Reader(payload)
        return cls(reader.u8(), unpack_caps(reader.take(reader.left)))


# --- asking for capabilities: the permission service --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestCapability:
    """A wish with a reason. `object_id` is None when the policy is to choose the object."""

    TAG: ClassVar[Tag] = Tag.REQUEST_CAPABILITY
    object_type: int
    perms: int
    reason: str
    object_id: int | None = None

    def pack(self) -> bytes:
        tail = b"" if self.object_id is None else _OBJECT_ID.pack(self.object_id)
        return _REQUEST_HEAD.pack(self.object_type, self.perms) + pack_text16(self.reason) + tail

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        reader = Reader(payload)
        object_type, perms, reason = reader.u8(), reader.u8(), reader.text16()
        object_id = reader.u64() if reader.left else None
        reader.end()
        return cls(object_type, perms, reason, object_id)


@dataclass(frozen=True, slots=True)
class RevokeCapability(_Fixed):
    """Gives back one's own capability."""

    TAG: ClassVar[Tag] = Tag.REVOKE_CAPABILITY
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<I")
    slot: int


@dataclass(frozen=True, slots=True)
class ListMyCaps(_Fixed):
    TAG: ClassVar[Tag] = Tag.LIST_MY_CAPS


@dataclass(frozen=True, slots=True)
class CapabilityResponse:
    """A slot when `error` is None, else why not."""

    TAG: ClassVar[Tag] = Tag.CAPABILITY_RESPONSE
    slot: int = 0
    error: str | None = None

    def pack(self) -> bytes:
        if self.error is None:
            return b"\x01" + _SLOT.pack(self.slot)
        return b"\x00" + pack_text16(self.error)

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        reader = Reader(payload)
        message = cls(slot=reader.u32()) if reader.flag() else cls(error=reader.text16())
        reader.end()
        return message


@dataclass(frozen=True, slots=True)
class HeldCapability:
    """One row of MSG_CAPS_LIST_RESPONSE."""

    slot: int
    object_type: int
    perms: int


@dataclass(frozen=True, slots=True)
class CapsListResponse:
    """At most 255 rows: its count is one byte."""

    TAG: ClassVar[Tag] = Tag.CAPS_LIST_RESPONSE
    held: tuple[HeldCapability, ...]

    def pack(self) -> bytes:
        if len(self.held) > MAX_LISTED_CAPS:
            raise ValueError(f"a list holds {MAX_LISTED_CAPS} capabilities at most, not {len(self.held)}")
        rows = (_CAP_ROW.pack(row.slot, row.object_type, row.perms) for row in self.held)
        return bytes([len(self.held)]) + b"".join(rows)

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        reader = Reader(payload)
        rows = reader.take(reader.u8() * _CAP_ROW.size)
        reader.end()
        return cls(tuple(HeldCapability(*row) for row in _CAP_ROW.iter_unpack(rows)))


# --- prompts: between the permission service and pid 0 ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a person is asked. `reason` is untrusted text of the process that asks."""

    TAG: ClassVar[Tag] = Tag.PROMPT
    request_id: int
    pid: int
    object_type: int
    perms: int
    object_id: int
    reason: str

    def pack(self) -> bytes:
        head = _PROMPT_HEAD.pack(self.request_id, self.pid, self.object_type, self.perms, self.object_id)
        return head + pack_text16(self.reason)

    @classmethod
    def unpack(cls, payload: bytes) -> Self:
        reader = Reader(payload)
        request_id, pid, object_type, perms, object_id = _PROMPT_HEAD.unpack(reader.take(_PROMPT_HEAD.size))
        message = cls(request_id, pid, object_type, perms, object_id, reader.text16())
        reader.end()
        return message


@dataclass(frozen=True, slots=True)
class PromptAnswer(_Fixed):
    """What the person said. `slot` is where the capability went, 0 when it was denied."""

    TAG: ClassVar[Tag] = Tag.PROMPT_ANSWER
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<I?I")
    request_id: int
    allowed: bool
    slot: int


# --- by tag -------------------------------------------------------------------------------------------------------

MESSAGES: dict[int, tuple[type[Message], ...]] = {
    Tag.REGISTER_SERVICE: (RegisterService,),
    Tag.LOOKUP_SERVICE: (LookupService,),
    Tag.LOOKUP_RESPONSE: (LookupResponse,),
    Tag.SPAWN_SERVICE: (SpawnService,),
    Tag.SPAWN_RESPONSE: (SpawnResponse,),
    Tag.SERVICE_READY: (ServiceReady,),
    Tag.GRANT_PERMISSION: (GrantPermission,),
    Tag.REVOKE_PERMISSION: (RevokePermission,),
    Tag.LIST_PERMISSIONS: (ListPermissions,),
    Tag.PERMISSION_RESPONSE: (PermissionResponse, PermissionList),
    Tag.REQUEST_CAPABILITY: (RequestCapability,),
    Tag.REVOKE_CAPABILITY: (RevokeCapability,),
    Tag.LIST_MY_CAPS: (ListMyCaps,),
    Tag.CAPABILITY_RESPONSE: (CapabilityResponse,),
    Tag.CAPS_LIST_RESPONSE: (CapsListResponse,),
    Tag.PROMPT: (Prompt,),
    Tag.PROMPT_ANSWER: (PromptAnswer,),
}
"""What a payload under a tag may be. Two classes share MSG_PERMISSION_RESPONSE; five bytes read as the first."""


def decode(tag: int, payload: bytes) -> Message:
    """The service message in `payload`, for a log or a view. Raises Malformed for a tag that is none of these."""
    kinds = MESSAGES.get(tag)
    if kinds is None:
        raise Malformed(f"0x{tag:04x} is no service message")
    for kind in kinds[:-1]:
        try:
            return kind.unpack(payload)
        except Malformed:
            continue
    return kinds[-1].unpack(payload)
