"""Commands: everything that reaches a machine from outside, as values applied at the start of a tick.

Rules of this file (runtime: Time, ticks and the journal)
- A run is a pure function of its journal, and commands are its rows: a command carries all it needs.
- Times are ns of uptime, sizes bytes, `module` the SHA-256 of a program's bytes.
"""

from __future__ import annotations

from typing import NamedTuple

from zos_core.abi import Errno
from zos_core.kernel.process import Grant
from zos_core.kernel.transient import SpawnRequest


class Input(NamedTuple):
    """At most one message of console input for `pid`."""

    pid: int
    data: bytes


class Preopen(NamedTuple):
    """A directory of the host that a WASI program starts with: its object, and its path on either side."""

    object_id: int
    host: str
    guest: str


class WasiSetup(NamedTuple):
    """What a WASI program finds: `environ` as `NAME=value`, and which of descriptors 0-2 are terminals, a bit each."""

    environ: tuple[bytes, ...] = ()
    preopens: tuple[Preopen, ...] = ()
    terminals: int = 0


class Create(NamedTuple):
    """Start a program; `request` is set when another program asked for it, `wasi` for a WASI program.

    `stubs`: imports that this system does not have answer 0.
    """

    name: str
    module: bytes
    args: tuple[bytes, ...]
    grants: tuple[Grant, ...]
    memory_limit: int
    fuel_limit: int | None
    request: SpawnRequest | None = None
    wasi: WasiSetup | None = None
    stubs: bool = False


class RefuseSpawn(NamedTuple):
    request: SpawnRequest
    code: Errno


class GrantCap(NamedTuple):
    """`slot` None takes the next one; `expires_in_ms` and `uses` 0 mean without limit."""

    pid: int
    object_type: int
    object_id: int
    perms: int
    slot: int | None
    expires_in_ms: int
    uses: int


class Revoke(NamedTuple):
    """`targets` are (pid, slot); all that was derived from them goes in one step."""

    targets: tuple[tuple[int, int], ...]
    keep_own: bool


class Derive(NamedTuple):
    """A weaker copy of the capability in `slot` of `pid`, for `to_pid`."""

    pid: int
    slot: int
    to_pid: int
    perms: int
    expires_in_ms: int
    uses: int


class Kill(NamedTuple):
    pid: int


class Hold(NamedTuple):
    """Leave the output of `pid` in the kernel's buffer, or hand it on again."""

    pid: int
    held: bool


class Send(NamedTuple):
    """A message by privilege to an endpoint that `pid` owns in `slot`."""

    pid: int
    slot: int
    tag: int
    data: bytes


class StorageDone(NamedTuple):
    """What the storage answered to a parked call; `at` is the offset or cursor that was asked for."""

    pid: int
    event: int
    code: Errno
    at: int
    data: bytes


class HostDone(NamedTuple):
    """How a call of the host ended for which its caller was parked: a packed `wasi.host.Answer`."""

    pid: int
    event: int
    answer: bytes


class AnswerPrompt(NamedTuple):
    """A person's or a policy's answer: grant to `pid` if allowed, then tell the permission service."""

    request_id: int
    allowed: bool
    pid: int
    object_type: int
    object_id: int
    perms: int
    expires_in_ms: int
    uses: int


Command = (
    Input | Create | RefuseSpawn | GrantCap | Revoke | Derive | Kill | Hold | Send | StorageDone
    | HostDone | AnswerPrompt
)  # fmt: skip
