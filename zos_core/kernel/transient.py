"""Transient state: queues, waits, reply rights, console buffers, statistics; and `perform`, its only mutator.

Rules of this file
- Nothing here is reduced from commits; replaying the journal produces it again (docs/formats.md).
- An effect is a value that `decide` returned; `perform` carries it out and checks nothing.
- What the world outside must act on (processes to wake, to start, to end) is left in lists that the runtime
  takes after each call: the kernel never reaches out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from zos_core import abi


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


@dataclass(slots=True)
class Wait:
    """What a blocked process waits for. `event` names it; `until` is ns of uptime, None for no deadline."""

    kind: WaitKind
    event: int = 0
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
    """A program asked for another one; the supervisor answers with a privileged call."""

    pid: int
    cap_id: int
    flags: int
    name: str
    args: tuple[bytes, ...]


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
    debug: deque[DebugLine] = field(default_factory=lambda: deque(maxlen=10_000))
    woken: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    listed: deque[int] = field(default_factory=deque)
    spawns: list[SpawnRequest] = field(default_factory=list)
    app_messages: list[tuple[int, int, bytes]] = field(default_factory=list)


# --- effects ------------------------------------------------------------------------------------------------------


class Started(NamedTuple):
    pid: int
    args: bytes


class Ended(NamedTuple):
    """Drop everything transient of a process; its console's output stays until it is drained."""

    pid: int


class EndpointOpened(NamedTuple):
    pid: int
    endpoint: int


class EndpointClosed(NamedTuple):
    endpoint: int


class Enqueue(NamedTuple):
    """`cap_id` is the capability that paid for it, 0 for the system."""

    endpoint: int
    owner: int
    message: Message
    cap_id: int = 0
    now: int = 0


class Dequeue(NamedTuple):
    """Take the first message; a call in it gives its receiver the right to one reply."""

    pid: int
    endpoint: int


class BeginWait(NamedTuple):
    pid: int
    wait: Wait


class EndWait(NamedTuple):
    pid: int


class Answer(NamedTuple):
    """Complete a wait with a result, and wake its process."""

    pid: int
    result: int
    data: bytes = b""


class Wake(NamedTuple):
    pid: int


class ReplyRightUsed(NamedTuple):
    pid: int
    caller: int


class ConsoleAppend(NamedTuple):
    console: int
    stream: int
    data: bytes
    cap_id: int = 0
    now: int = 0


class ConsoleDrained(NamedTuple):
    console: int


class Debug(NamedTuple):
    time_ns: int
    pid: int
    text: bytes


class RandomDrawn(NamedTuple):
    counter: int


class Sampled(NamedTuple):
    """Remember a clock sample so that the two halves a program reads belong together."""

    pid: int
    wall: bool
    value: int


class MemorySized(NamedTuple):
    pid: int
    size: int


class CapExercised(NamedTuple):
    cap_id: int
    now: int


class CapForgotten(NamedTuple):
    cap_id: int


class SpawnAsked(NamedTuple):
    request: SpawnRequest


class AppMessage(NamedTuple):
    pid: int
    tag: int
    payload: bytes


Effect = (
    Started
    | Ended
    | EndpointOpened
    | EndpointClosed
    | Enqueue
    | Dequeue
    | BeginWait
    | EndWait
    | Answer
    | Wake
    | ReplyRightUsed
    | ConsoleAppend
    | ConsoleDrained
    | Debug
    | RandomDrawn
    | Sampled
    | MemorySized
    | CapExercised
    | CapForgotten
    | SpawnAsked
    | AppMessage
)

# --- perform ------------------------------------------------------------------------------------------------------


def _started(t: Transient, e: Started) -> None:
    t.stats[e.pid] = Statistics()
    t.args[e.pid] = e.args
    t.notices[e.pid] = 0
    t.reply_rights[e.pid] = {}


def _ended(t: Transient, e: Ended) -> None:
    t.waits.pop(e.pid, None)
    t.reply_rights.pop(e.pid, None)
    t.received_caps.pop(e.pid, None)
    t.args.pop(e.pid, None)
    t.notices.pop(e.pid, None)
    t.ended.append(e.pid)
    t.listed.append(e.pid)
    if len(t.listed) > abi.MAX_ENDED_LISTED:
        oldest = t.listed.popleft()
        t.stats.pop(oldest, None)
        t.memory.pop(oldest, None)


def _endpoint_opened(t: Transient, e: EndpointOpened) -> None:
    t.queues[e.endpoint] = Queue()
    stats = t.stats.get(e.pid)
    if stats is not None:
        stats.last_endpoint = e.endpoint


def _endpoint_closed(t: Transient, e: EndpointClosed) -> None:
    t.queues.pop(e.endpoint, None)


def _enqueue(t: Transient, e: Enqueue) -> None:
    queue, message = t.queues[e.endpoint], e.message
    queue.items.append(message)
    if message.from_pid:
        queue.programs += 1
        t.stats[message.from_pid].messages_out += 1
        _exercise(t, e.cap_id, e.now)
    elif message.tag == abi.Tag.CONSOLE_INPUT:
        queue.inputs += 1
    elif e.owner in t.notices:
        t.notices[e.owner] += 1
    t.woken.append(e.owner)


def _dequeue(t: Transient, e: Dequeue) -> None:
    queue = t.queues[e.endpoint]
    message = queue.items.popleft()
    t.stats[e.pid].messages_in += 1
    if message.from_pid:
        queue.programs -= 1
        if message.call:
            t.reply_rights[e.pid][message.from_pid] = message.call
    elif message.tag == abi.Tag.CONSOLE_INPUT:
        queue.inputs -= 1
    else:
        t.notices[e.pid] -= 1
    t.received_caps[e.pid] = message.caps


def _begin_wait(t: Transient, e: BeginWait) -> None:
    t.waits[e.pid] = e.wait


def _end_wait(t: Transient, e: EndWait) -> None:
    t.waits.pop(e.pid, None)


def _answer(t: Transient, e: Answer) -> None:
    wait = t.waits.get(e.pid)
    if wait is not None:
        wait.result, wait.data = e.result, e.data
        t.woken.append(e.pid)


def _wake(t: Transient, e: Wake) -> None:
    t.woken.append(e.pid)


def _reply_right_used(t: Transient, e: ReplyRightUsed) -> None:
    t.reply_rights[e.pid].pop(e.caller, None)


def _console_append(t: Transient, e: ConsoleAppend) -> None:
    # BYTE PATH 6: the console's buffer, waiting to be drained at the end of the tick
    t.consoles.setdefault(e.console, []).append((e.stream, e.data))
    t.console_sizes[e.console] = t.console_sizes.get(e.console, 0) + len(e.data)
    _exercise(t, e.cap_id, e.now)


def _console_drained(t: Transient, e: ConsoleDrained) -> None:
    t.consoles.pop(e.console, None)
    t.console_sizes.pop(e.console, None)


def _debug(t: Transient, e: Debug) -> None:
    """64 KiB a second a process is kept, the rest is counted (abi: SYS_DEBUG)."""
    stats, second = t.stats[e.pid], e.time_ns // 1_000_000_000
    if second != stats.debug_second:
        stats.debug_second, stats.debug_bytes = second, 0
    stats.debug_bytes += len(e.text)
    if stats.debug_bytes > abi.MAX_DEBUG_BYTES_PER_SECOND:
        stats.debug_dropped += len(e.text)
        return
    t.debug.append(DebugLine(e.time_ns, e.pid, e.text.decode(errors="replace")))


def _random_drawn(t: Transient, e: RandomDrawn) -> None:
    t.random_counter = e.counter


def _sampled(t: Transient, e: Sampled) -> None:
    if e.wall:
        t.stats[e.pid].wall_sample = e.value
    else:
        t.stats[e.pid].time_sample = e.value


def _memory_sized(t: Transient, e: MemorySized) -> None:
    t.memory[e.pid] = e.size


def _exercise(t: Transient, cap_id: int, now: int) -> None:
    use = t.uses.get(cap_id)
    if use is None:
        use = t.uses[cap_id] = CapUse()
    use.count += 1
    use.last = now


def _cap_exercised(t: Transient, e: CapExercised) -> None:
    _exercise(t, e.cap_id, e.now)


def _cap_forgotten(t: Transient, e: CapForgotten) -> None:
    t.uses.pop(e.cap_id, None)


def _spawn_asked(t: Transient, e: SpawnAsked) -> None:
    t.spawns.append(e.request)


def _app_message(t: Transient, e: AppMessage) -> None:
    t.app_messages.append((e.pid, e.tag, e.payload))


_PERFORM: dict[type[Effect], Callable[[Transient, Any], None]] = {
    Started: _started,
    Ended: _ended,
    EndpointOpened: _endpoint_opened,
    EndpointClosed: _endpoint_closed,
    Enqueue: _enqueue,
    Dequeue: _dequeue,
    BeginWait: _begin_wait,
    EndWait: _end_wait,
    Answer: _answer,
    Wake: _wake,
    ReplyRightUsed: _reply_right_used,
    ConsoleAppend: _console_append,
    ConsoleDrained: _console_drained,
    Debug: _debug,
    RandomDrawn: _random_drawn,
    Sampled: _sampled,
    MemorySized: _memory_sized,
    CapExercised: _cap_exercised,
    CapForgotten: _cap_forgotten,
    SpawnAsked: _spawn_asked,
    AppMessage: _app_message,
}


def perform(transient: Transient, effect: Effect) -> None:
    """Carry out one effect."""
    _PERFORM[type(effect)](transient, effect)
