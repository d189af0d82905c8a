"""Effects: what a decided call does to transient state, each a value that can carry itself out.

Rules of this file
- `perform` is the only mutator of transient state; it checks nothing, for what reaches it was decided.
- An effect reads nothing but itself and the transient state: a replay performs the same.
"""

from __future__ import annotations

from typing import NamedTuple

from zos_core import abi
from zos_core.kernel.transient import (
    CapUse,
    DebugLine,
    Message,
    Queue,
    SpawnRequest,
    Statistics,
    StorageRequest,
    Transient,
    Wait,
)

_SECOND = 1_000_000_000
MAX_DEBUG_LINES, MAX_DEBUG_KEPT = 10_000, 4 << 20
"""Lines and characters of debug text that stay in memory, of all processes together."""


class Started(NamedTuple):
    pid: int
    args: bytes

    def perform(self, t: Transient) -> None:
        t.stats[self.pid] = Statistics()
        t.args[self.pid] = self.args
        t.notices[self.pid] = 0
        t.reply_rights[self.pid] = {}


class Ended(NamedTuple):
    """Drop everything transient of a process; its console's output stays until it is drained."""

    pid: int

    def perform(self, t: Transient) -> None:
        pid = self.pid
        for held in (t.waits, t.reply_rights, t.received_caps, t.args, t.app_views, t.notices):
            held.pop(pid, None)
        t.ended.append(pid)
        t.listed.append(pid)
        if len(t.listed) > abi.MAX_ENDED_LISTED:
            oldest = t.listed.popleft()
            t.stats.pop(oldest, None)
            t.memory.pop(oldest, None)


class EndpointOpened(NamedTuple):
    pid: int
    endpoint: int

    def perform(self, t: Transient) -> None:
        t.queues[self.endpoint] = Queue()
        stats = t.stats.get(self.pid)
        if stats is not None:
            stats.last_endpoint = self.endpoint


class EndpointClosed(NamedTuple):
    """What is queued goes with it; notices nobody can read any more are not unread ones."""

    endpoint: int
    owner: int

    def perform(self, t: Transient) -> None:
        queue = t.queues.pop(self.endpoint)
        if self.owner in t.notices:
            t.notices[self.owner] -= len(queue.items) - queue.programs - queue.inputs


class Enqueue(NamedTuple):
    """`cap_id` is the capability that paid for it, 0 for the system."""

    endpoint: int
    owner: int
    message: Message
    cap_id: int = 0
    now: int = 0

    def perform(self, t: Transient) -> None:
        endpoint, owner, message, cap_id, now = self
        queue = t.queues[endpoint]
        queue.items.append(message)
        if message.from_pid:
            queue.programs += 1
            t.stats[message.from_pid].messages_out += 1
            _exercise(t, cap_id, now)
        elif message.tag == abi.Tag.CONSOLE_INPUT:
            queue.inputs += 1
        elif owner in t.notices:
            t.notices[owner] += 1
        t.woken.append(owner)


class Dequeue(NamedTuple):
    """Take the first message; a call in it gives its receiver the right to one reply."""

    pid: int
    endpoint: int
    cap_id: int = 0
    now: int = 0

    def perform(self, t: Transient) -> None:
        queue = t.queues[self.endpoint]
        message = queue.items.popleft()
        _exercise(t, self.cap_id, self.now)
        stats = t.stats.get(self.pid)
        if stats is not None:
            stats.messages_in += 1
        if message.from_pid:
            queue.programs -= 1
            if message.call and self.pid in t.reply_rights:
                t.reply_rights[self.pid][message.from_pid] = message.call
        elif message.tag == abi.Tag.CONSOLE_INPUT:
            queue.inputs -= 1
        else:
            t.notices[self.pid] -= 1
        t.received_caps[self.pid] = message.caps


class BeginWait(NamedTuple):
    pid: int
    wait: Wait

    def perform(self, t: Transient) -> None:
        t.waits[self.pid] = self.wait


class EndWait(NamedTuple):
    pid: int

    def perform(self, t: Transient) -> None:
        t.waits.pop(self.pid, None)


class Answer(NamedTuple):
    """Complete the wait that `event` names, and wake its process; one that is over already is left alone."""

    pid: int
    event: int
    result: int
    data: bytes = b""

    def perform(self, t: Transient) -> None:
        wait = t.waits.get(self.pid)
        if wait is not None and wait.event == self.event and wait.result is None:
            wait.result, wait.data = self.result, self.data
            t.woken.append(self.pid)


class Wake(NamedTuple):
    pid: int

    def perform(self, t: Transient) -> None:
        t.woken.append(self.pid)


class ReplyRightUsed(NamedTuple):
    pid: int
    caller: int

    def perform(self, t: Transient) -> None:
        t.reply_rights[self.pid].pop(self.caller, None)


class ConsoleAppend(NamedTuple):
    console: int
    stream: int
    data: bytes
    cap_id: int = 0
    now: int = 0

    def perform(self, t: Transient) -> None:
        # BYTE PATH 6: the console's buffer, waiting to be drained at the end of the tick
        t.consoles.setdefault(self.console, []).append((self.stream, self.data))
        t.console_sizes[self.console] = t.console_sizes.get(self.console, 0) + len(self.data)
        _exercise(t, self.cap_id, self.now)


class ConsoleDrained(NamedTuple):
    console: int

    def perform(self, t: Transient) -> None:
        t.consoles.pop(self.console, None)
        t.console_sizes.pop(self.console, None)


class Debug(NamedTuple):
    """64 KiB a second a process is kept, the rest is counted (abi: SYS_DEBUG)."""

    time_ns: int
    pid: int
    text: bytes

    def perform(self, t: Transient) -> None:
        stats, second = t.stats[self.pid], self.time_ns // _SECOND
        if second != stats.debug_second:
            stats.debug_second, stats.debug_bytes = second, 0
        stats.debug_bytes += len(self.text)
        if stats.debug_bytes > abi.MAX_DEBUG_BYTES_PER_SECOND:
            stats.debug_dropped += len(self.text)
            return
        line = DebugLine(self.time_ns, self.pid, self.text.decode(errors="replace"))
        t.debug.append(line)
        t.debug_size += len(line.text)
        while len(t.debug) > MAX_DEBUG_LINES or t.debug_size > MAX_DEBUG_KEPT:
            t.debug_size -= len(t.debug.popleft().text)


class RandomDrawn(NamedTuple):
    counter: int

    def perform(self, t: Transient) -> None:
        t.random_counter = self.counter


class Sampled(NamedTuple):
    """Remember a clock sample so that the two halves a program reads belong together."""

    pid: int
    wall: bool
    value: int

    def perform(self, t: Transient) -> None:
        if self.wall:
            t.stats[self.pid].wall_sample = self.value
        else:
            t.stats[self.pid].time_sample = self.value


class MemorySized(NamedTuple):
    pid: int
    size: int

    def perform(self, t: Transient) -> None:
        t.memory[self.pid] = self.size


class CapExercised(NamedTuple):
    cap_id: int
    now: int

    def perform(self, t: Transient) -> None:
        _exercise(t, self.cap_id, self.now)


class CapsForgotten(NamedTuple):
    """What was known of the use of capabilities that have gone."""

    cap_ids: tuple[int, ...]

    def perform(self, t: Transient) -> None:
        for cap_id in self.cap_ids:
            t.uses.pop(cap_id, None)


class StorageAsked(NamedTuple):
    request: StorageRequest

    def perform(self, t: Transient) -> None:
        t.storage.append(self.request)


class DirectoryNamed(NamedTuple):
    object_id: int
    path: str

    def perform(self, t: Transient) -> None:
        t.directories[self.object_id] = self.path


class SpawnAsked(NamedTuple):
    request: SpawnRequest

    def perform(self, t: Transient) -> None:
        t.spawns.append(self.request)


class AppMessage(NamedTuple):
    pid: int
    tag: int
    payload: bytes

    def perform(self, t: Transient) -> None:
        t.app_views[self.pid] = (self.tag, self.payload)


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
    | CapsForgotten
    | SpawnAsked
    | DirectoryNamed
    | StorageAsked
    | AppMessage
)


def _exercise(t: Transient, cap_id: int, now: int) -> None:
    use = t.uses.get(cap_id)
    if use is None:
        use = t.uses[cap_id] = CapUse()
    use.count += 1
    use.last = now


def perform(transient: Transient, effect: Effect) -> None:
    """Carry out one effect."""
    effect.perform(transient)
