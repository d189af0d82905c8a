"""`poll_oneoff`: waiting for the first of several things, without burning the machine.

Rules of this file (runtime: WASI programs)
- Files and output are always ready, input is when there is some or it has ended. If anything is ready the call answers
  at once, and clocks that are not due by then are left out.
- Otherwise the process waits in the kernel, for input or for the earliest clock, and answers with what is ready then.
"""

from __future__ import annotations

from typing import NamedTuple

from zos_core import abi
from zos_core.abi import Sys
from zos_core.kernel.call import WAIT
from zos_core.wasi import preview1 as p1
from zos_core.wasi import streams
from zos_core.wasi.descriptors import WasiError
from zos_core.wasi.preview1 import Clock, Err, EventType, Right
from zos_core.wasi.process import Waits, WasiProcess
from zos_core.wasi.streams import STDIN

MAX_SUBSCRIPTIONS = 1024
_NS_PER_MS = 1_000_000
_FOREVER = 2**64 - 1


class Subscription(NamedTuple):
    """`due` is ns of uptime for a clock, `fd` a descriptor for the others; `error` is why it cannot be waited for."""

    user_data: int
    type: EventType
    due: int = 0
    fd: int = 0
    error: Err = Err.SUCCESS


class _Ready(NamedTuple):
    subscription: Subscription
    error: Err = Err.SUCCESS
    size: int = 0

    def pack(self) -> bytes:
        event = self.subscription
        return p1.EVENT.pack(event.user_data, self.error, event.type, self.size, 0)


def poll_oneoff(p: WasiProcess, subscribed: int, out: int, count: int, written: int) -> int:
    if not count:
        return Err.INVAL
    if count > MAX_SUBSCRIPTIONS:
        return Err.NOMEM
    table = p.memory.read(subscribed, count * p1.SUBSCRIPTION_BYTES)
    p.check(out, count * p1.EVENT.size)
    p.check(written, 4)
    start, p.poll_from = p.poll_from or (p.gateway.clock(wall=False), p.gateway.clock(wall=True)), None
    subscriptions = [
        _read(table[at : at + p1.SUBSCRIPTION_BYTES], start) for at in range(0, len(table), p1.SUBSCRIPTION_BYTES)
    ]
    try:
        ready = _wait(p, subscriptions)
    except Waits:
        p.poll_from = start
        raise
    p.memory.write(out, b"".join(each.pack() for each in ready))
    p.put_u32(written, len(ready))
    return Err.SUCCESS


def _read(data: bytes, start: tuple[int, int]) -> Subscription:
    """`start` is when the call was first made: ns of uptime, and ns since the epoch."""
    user_data, kind = p1.SUBSCRIPTION_HEAD.unpack_from(data)
    if kind > max(EventType):
        raise WasiError(Err.INVAL)
    if kind != EventType.CLOCK:
        return Subscription(user_data, EventType(kind), fd=p1.U32.unpack_from(data, p1.SUBSCRIPTION_HEAD.size)[0])
    clock, timeout, _, flags = p1.SUBSCRIPTION_CLOCK.unpack_from(data, p1.SUBSCRIPTION_HEAD.size)
    if clock not in (Clock.REALTIME, Clock.MONOTONIC):
        return Subscription(user_data, EventType.CLOCK, error=Err.NOTSUP if clock <= max(Clock) else Err.INVAL)
    uptime, epoch = start
    if flags & p1.SUBSCRIPTION_ABSTIME:
        timeout = max(timeout - (epoch if clock == Clock.REALTIME else uptime), 0)
    return Subscription(user_data, EventType.CLOCK, due=min(uptime + timeout, _FOREVER))


def _wait(p: WasiProcess, subscriptions: list[Subscription]) -> list[_Ready]:
    """What is ready, at least one. Raises `Waits`."""
    clocks = [each.due for each in subscriptions if each.type is EventType.CLOCK and not each.error]
    due = min(clocks, default=_FOREVER)
    listens = any(each.type is EventType.FD_READ and _is_input(p, each.fd) for each in subscriptions)
    while True:
        ready = [] if p.gateway.waits(p.pid) else _ready(p, subscriptions)
        if ready:
            return ready
        if _wait_once(p, due, listens):
            return [_Ready(each) for each in subscriptions if each.type is EventType.CLOCK and each.due <= due]


def _wait_once(p: WasiProcess, due: int, listens: bool) -> bool:
    """Whether the clock was first; a message may have come otherwise. Raises `Waits`."""
    left = 0 if p.gateway.waits(p.pid) else max(due - p.gateway.clock(wall=False), 0)
    if listens:
        timeout_ms = abi.FOREVER_MS if due == _FOREVER else -(-left // _NS_PER_MS)
        return not p.receive(timeout_ms)
    outcome = p.gateway.syscall(p.pid, Sys.SLEEP, left & abi.U32, left >> 32, 0, b"")
    if outcome.result == WAIT:
        raise Waits
    return True


def _ready(p: WasiProcess, subscriptions: list[Subscription]) -> list[_Ready]:
    """What can be told at once."""
    ready = []
    for each in subscriptions:
        if each.error:
            ready.append(_Ready(each, each.error))
        elif each.type is not EventType.CLOCK:
            told = _descriptor(p, each)
            ready += [] if told is None else [told]
    return ready


def _descriptor(p: WasiProcess, each: Subscription) -> _Ready | None:
    try:
        found = p.table.get(each.fd)
    except WasiError as refused:
        return _Ready(each, refused.error)
    right = Right.FD_READ if each.type is EventType.FD_READ else Right.FD_WRITE
    if not found.rights & right:
        return _Ready(each, Err.NOTCAPABLE)
    if each.type is EventType.FD_WRITE or found.stream != STDIN:
        return _Ready(each, size=1)
    size = streams.ready(p)
    return None if size is None else _Ready(each, size=size)


def _is_input(p: WasiProcess, fd: int) -> bool:
    try:
        return p.table.get(fd).stream == STDIN
    except WasiError:
        return False
