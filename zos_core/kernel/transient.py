"""Transient state: queues, waits, reply rights, console buffers, statistics.

Rules of this file
- Nothing here is reduced from commits; replaying the journal produces it again (docs/formats.md).
- Only `perform` (kernel/effects.py) changes what stands here; everyone else reads.
- What the world outside must act on (processes to wake, to start, to end) is left in lists that the runtime
  takes after each call: the kernel never reaches out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple


class Message(NamedTuple):
    """`caps` are ids of capabilities that moved with it; `call` names the call its sender waits on, 0 for none."""

    from_pid: int
    tag: int
    payload: bytes
    caps: tuple[int, ...] = ()
    call: int = 0


@dataclass(slots=True)
class Queue:
    """An endpoint's messages in order. What programs sent, input and notices have room of their own."""

    items: deque[Message] = field(default_factory=deque)
    programs: int = 0
    inputs: int = 0


class WaitKind(IntEnum):
    SLEEP = 0
    RECEIVE = 1
    CALL = 2
    CONSOLE = 3
    SPAWN = 4
    STORAGE = 5
    HOST = 6


@dataclass(slots=True)
class Wait:
    """What a blocked process waits for: call `num`, named by `event`; `until` is ns of uptime, None for ever."""

    kind: WaitKind
    num: int
    event: int
    until: int | None = None
    cap_id: int = 0
    endpoint: int = 0
    console: int = 0
    stream: int = 0
    rest: bytes = b""
    result: int | None = None
    data: bytes = b""


@dataclass(slots=True)
class Statistics:
    """What one process did since its start. `queued` of a process is read off its queues."""

    syscalls: int = 0
    messages_in: int = 0
    messages_out: int = 0
    debug_second: int = 0
    debug_bytes: int = 0
    debug_dropped: int = 0
    time_sample: int = 0
    wall_sample: int = 0
    last_endpoint: int = 0


@dataclass(slots=True)
class CapUse:
    count: int = 0
    last: int = 0


class SpawnRequest(NamedTuple):
    """A program asked for another one; the supervisor answers with a privileged call. `event` names the wait."""

    pid: int
    event: int
    cap_id: int
    flags: int
    name: str
    args: tuple[bytes, ...]


class StorageRequest(NamedTuple):
    """A checked SYS_STORAGE_*; whoever keeps the storage answers it. `at` is an offset or a cursor."""

    pid: int
    event: int
    num: int
    namespace: int
    key: bytes
    value: bytes
    at: int


class DebugLine(NamedTuple):
    time_ns: int
    pid: int
    text: str


@dataclass(slots=True)
class Transient:
    seed: bytes = b""
    random_counter: int = 0
    queues: dict[int, Queue] = field(default_factory=dict)
    waits: dict[int, Wait] = field(default_factory=dict)
    reply_rights: dict[int, dict[int, int]] = field(default_factory=dict)
    received_caps: dict[int, tuple[int, ...]] = field(default_factory=dict)
    consoles: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)
    console_sizes: dict[int, int] = field(default_factory=dict)
    memory: dict[int, int] = field(default_factory=dict)
    args: dict[int, bytes] = field(default_factory=dict)
    notices: dict[int, int] = field(default_factory=dict)
    stats: dict[int, Statistics] = field(default_factory=dict)
    uses: dict[int, CapUse] = field(default_factory=dict)
    debug: deque[DebugLine] = field(default_factory=deque)
    debug_size: int = 0
    woken: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    listed: deque[int] = field(default_factory=deque)
    spawns: list[SpawnRequest] = field(default_factory=list)
    storage: list[StorageRequest] = field(default_factory=list)
    directories: dict[int, str] = field(default_factory=dict)
    """Paths of the directories of the host that are objects here."""
    app_views: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    """What each process last told the view of its tab: (tag, payload)."""
