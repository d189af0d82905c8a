"""Every function of WASI preview1 as one table, and the one way in.

Rules of this file (runtime: WASI programs)
- One signature for all: `function(process, *arguments) -> errno`, arguments as unsigned numbers.
- What a program cannot do in this system (sockets, signals) answers that it cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from zos_core import abi
from zos_core.runtime.memory import BadPointer
from zos_core.wasi import fdcalls, pathcalls
from zos_core.wasi.descriptors import WasiError
from zos_core.wasi.polling import poll_oneoff
from zos_core.wasi.preview1 import FUNCTIONS, Clock, Err
from zos_core.wasi.process import Waits, WasiProcess

WAITS = -1
"""Not an errno: the call comes again when its process has been woken."""

_RESOLUTION_NS = 1
_STREAM_SEED = 32
"""Bytes from the machine's generator behind a piece of more than it gives at once."""
_RANDOM_PIECE = 256 << 10


# --- arguments, environment -------------------------------------------------------------------------------------------


def _put_sizes(p: WasiProcess, items: Sequence[bytes], count: int, size: int) -> int:
    p.put_u32(count, len(items))
    p.put_u32(size, sum(len(each) + 1 for each in items))
    return Err.SUCCESS


def _put_strings(p: WasiProcess, items: Iterable[bytes], pointers: int, buffer: int) -> int:
    for at, each in enumerate(items):
        p.memory.write(buffer, each + b"\0")
        p.put_u32(pointers + 4 * at, buffer)
        buffer += len(each) + 1
    return Err.SUCCESS


def args_sizes_get(p: WasiProcess, count: int, size: int) -> int:
    return _put_sizes(p, p.args, count, size)


def args_get(p: WasiProcess, pointers: int, buffer: int) -> int:
    return _put_strings(p, p.args, pointers, buffer)


def environ_sizes_get(p: WasiProcess, count: int, size: int) -> int:
    return _put_sizes(p, p.environ, count, size)


def environ_get(p: WasiProcess, pointers: int, buffer: int) -> int:
    return _put_strings(p, p.environ, pointers, buffer)


# --- clocks, chance, the process itself -------------------------------------------------------------------------------


def _clock_error(clock: int) -> Err | None:
    """Two clocks are the machine's; processor time is not kept."""
    if clock in (Clock.REALTIME, Clock.MONOTONIC):
        return None
    return Err.NOTSUP if clock <= max(Clock) else Err.INVAL


def clock_res_get(p: WasiProcess, clock: int, resolution: int) -> int:
    error = _clock_error(clock)
    if error is not None:
        return error
    p.put_u64(resolution, _RESOLUTION_NS)
    return Err.SUCCESS


def clock_time_get(p: WasiProcess, clock: int, _precision: int, time: int) -> int:
    error = _clock_error(clock)
    if error is not None:
        return error
    p.put_u64(time, p.gateway.clock(wall=clock == Clock.REALTIME))
    return Err.SUCCESS


def random_get(p: WasiProcess, buffer: int, length: int) -> int:
    """The machine's own random bytes; many of them are stretched from a few by SHAKE-256, a piece a slice."""
    p.check(buffer, length)
    if length <= abi.MAX_RANDOM:
        p.memory.write(buffer, p.gateway.random(length))
        return Err.SUCCESS
    piece = min(length - p.filled, _RANDOM_PIECE)
    p.memory.write(buffer + p.filled, hashlib.shake_256(p.gateway.random(_STREAM_SEED)).digest(piece))
    p.filled += piece
    if p.filled < length:
        raise Waits
    p.filled = 0
    return Err.SUCCESS


def proc_exit(p: WasiProcess, code: int) -> int:
    p.leave(code)
    return Err.SUCCESS


def sched_yield(p: WasiProcess) -> int:
    p.give_way()
    return Err.SUCCESS


def proc_raise(_p: WasiProcess, _signal: int) -> int:
    return Err.NOTSUP


# --- sockets: there are none ------------------------------------------------------------------------------------------


def _no_socket(p: WasiProcess, fd: int, *_arguments: int) -> int:
    p.descriptor(fd)
    return Err.NOTSUP


def sock_shutdown(p: WasiProcess, fd: int, _how: int) -> int:
    p.descriptor(fd)
    return Err.NOTSOCK


# --- the table --------------------------------------------------------------------------------------------------------

_HERE: dict[str, Callable[..., int]] = {
    "args_get": args_get,
    "args_sizes_get": args_sizes_get,
    "environ_get": environ_get,
    "environ_sizes_get": environ_sizes_get,
    "clock_res_get": clock_res_get,
    "clock_time_get": clock_time_get,
    "poll_oneoff": poll_oneoff,
    "proc_exit": proc_exit,
    "proc_raise": proc_raise,
    "sched_yield": sched_yield,
    "random_get": random_get,
    "sock_accept": _no_socket,
    "sock_recv": _no_socket,
    "sock_send": _no_socket,
    "sock_shutdown": sock_shutdown,
}


def _handler(name: str) -> Callable[..., int]:
    """Functions on descriptors and on paths bear their names in their files."""
    found: Callable[..., int] | None = _HERE.get(name)
    return found or getattr(pathcalls if name.startswith("path_") else fdcalls, name)


HANDLERS: tuple[Callable[..., int], ...] = tuple(_handler(each.name) for each in FUNCTIONS)
"""In the order that numbers them."""


def call(p: WasiProcess, number: int, arguments: tuple[int, ...]) -> int:
    """The errno a function answers, or `WAITS`."""
    if p.notices.get(p.pid):
        p.take_notices()
    try:
        return int(HANDLERS[number](p, *arguments))
    except WasiError as refused:
        return refused.error
    except Waits:
        return WAITS
    except BadPointer:
        return Err.FAULT
