"""A running process: what its fiber calls, the two buffers of the ABI, and what its scheduling needs to know.

Rules of this file (abi: The module; runtime: The scheduler)
- `zos_send_bytes` appends to the outgoing buffer, which the next system call consumes whole; every system call
  replaces the result buffer, which `zos_recv_bytes` consumes piece by piece.
- A process may be parked when it yields after an empty receive, if nothing has arrived since and it did no real
  work in between: polling guests must not burn the machine, working ones must not be slowed.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import NamedTuple

from zos_core import abi
from zos_core.abi import Errno, Sys
from zos_core.axiom.gateway import Gateway
from zos_core.kernel.authority import memory_ceiling
from zos_core.kernel.call import WAIT
from zos_core.kernel.dispatch import UNAUDITED
from zos_core.runtime.commands import WasiSetup
from zos_core.runtime.fiber import SUSPEND_RETRY, Fiber, FiberState, ProcessExit
from zos_core.runtime.program import Program
from zos_core.wasi.calls import WAITS
from zos_core.wasi.calls import call as wasi_call
from zos_core.wasi.process import Host, WasiProcess

_RECEIVES = frozenset({Sys.RECEIVE, Sys.RECEIVE_WAIT})
_ENDS_PROCESSES = frozenset({Sys.EXIT, Sys.KILL})
_CALL_BYTES_SHIFT = 10
"""A KiB that is copied takes about the time of a call, and counts as one for the slice."""


class Limits:
    """What one process may use. Bytes and fuel; `fuel` None is without limit."""

    __slots__ = ("fuel", "memory")

    def __init__(self, memory: int = abi.DEFAULT_MEMORY, fuel: int | None = None) -> None:
        self.memory = memory
        self.fuel = fuel


class HostMemory:
    """The requests of one tick to the host for memories, growths and stacks, numbered from 0.

    Whether the host has memory is a device result: `refused` are the numbers it refused, and a replay sets `forced` to
    have the same ones refused (runtime: Time, ticks and the journal).
    """

    __slots__ = ("_asked", "forced", "refused")

    def __init__(self) -> None:
        self.forced: frozenset[int] = frozenset()
        self.begin()

    def begin(self) -> None:
        self._asked = 0
        self.refused: list[int] = []

    def ask(self) -> None:
        """The next request. Raises OSError when it is one to refuse."""
        self._asked += 1
        if self._asked - 1 in self.forced:
            raise OSError(errno.ENOMEM, "refused, as it was recorded")

    def note_refusal(self, _current: int, _desired: int) -> None:
        """The last request was refused."""
        self.refused.append(self._asked - 1)


class WasiStart(NamedTuple):
    """What a program with descriptors starts with."""

    args: Sequence[bytes]
    setup: WasiSetup
    host: Host


class RunningProcess:
    """The host side of one fiber. `active_at` is the tick time of its last call that did something."""

    __slots__ = (
        "_gateway", "_host", "_outgoing", "_overflow", "_polled", "_polled_arrivals", "_polled_fuel", "_read_at",
        "_result", "_room", "_starts", "_wasi", "active_at", "arrivals", "calls", "fiber", "heartbeat", "limits",
        "memory_known", "parked", "pid", "program", "queued", "yielded",
    )  # fmt: skip

    def __init__(
        self, pid: int, program: Program, gateway: Gateway, limits: Limits, room: Callable[[], int],
        host: HostMemory, wasi: WasiStart | None = None,
    ) -> None:  # fmt: skip
        """`room` tells how many bytes of memory the whole machine has left, `memory_known` of this one counted.

        `wasi` is what a program with descriptors starts with.
        """
        self.pid, self.program, self.limits = pid, program, limits
        self._gateway, self._room, self._host = gateway, room, host
        self._starts = wasi
        self.arrivals = 0
        self.active_at = gateway.now
        self.heartbeat = 0
        self.queued = self.parked = False
        self.start()

    def start(self) -> None:
        """A fresh instance of the program, as at spawn or after a restart in place."""
        self._outgoing = b""
        self._overflow = False
        self._result = b""
        self._read_at = 0
        self._polled = False
        self._polled_arrivals = self._polled_fuel = 0
        self.calls = 0
        self.memory_known = 0
        self.yielded = False
        self.fiber = Fiber(
            self.program,
            self,
            pid=self.pid,
            memory_limit_bytes=0,
            fuel_limit=self.limits.fuel,
            on_grow=self._may_grow,
            on_host_request=self._host.ask,
            on_host_refusal=self._host.note_refusal,
        )
        starts = self._starts
        self._wasi = None if starts is None else WasiProcess(
            self.pid, starts.args, starts.setup, self._gateway, starts.host, self.fiber.memory, self._leave,
            self.yield_now,
        )  # fmt: skip

    def resume(self, *, alone: bool) -> FiberState:
        """Run one slice, a longer one if no other process is ready."""
        self.calls = 0
        self.yielded = self.parked = False
        if not self.memory_known:
            self.fiber.memory_limit = min(memory_ceiling(self._gateway.state, self.pid), self._room())
        self.fiber.slice_fuel = abi.LONE_SLICE_FUEL if alone else abi.DEFAULT_SLICE_FUEL
        return self.fiber.resume()

    # --- the five imports -----------------------------------------------------------------------------------------

    def syscall(self, num: int, a1: int, a2: int, a3: int) -> int:
        data = self._outgoing
        if data:
            self._outgoing = b""
            if self._overflow:
                return self._overflowed(num, (a1, a2, a3), len(data))
        outcome = self._gateway.syscall(self.pid, num, a1, a2, a3, data)
        result = outcome.result
        if result == WAIT:
            return SUSPEND_RETRY
        self._result = outcome.data
        self._read_at = 0
        self._count(len(data) + len(outcome.data))
        if num in UNAUDITED:
            if num == Sys.YIELD:
                self._yield()
        elif result == 0 and num in _RECEIVES:
            self._note_empty_receive()
        else:
            self.active_at = self._gateway.now
            if num in _ENDS_PROCESSES and not self._gateway.state.committed.alive(self.pid):
                raise ProcessExit(0)
        return result

    def send_bytes(self, ptr: int, length: int) -> None:
        memory, held = self.fiber.memory, self._outgoing
        if held or length > abi.MAX_OUTGOING:
            memory.check(ptr, length)
            room = abi.MAX_OUTGOING - len(held)
            self._overflow = length > room or (self._overflow and bool(held))
            self._outgoing = data = held + memory.read(ptr, min(length, room))
        else:
            self._outgoing = data = memory.read(ptr, length)
            self._overflow = False
        self._count(len(data))

    def recv_bytes(self, ptr: int, max_len: int) -> int:
        start = self._read_at
        data = self._result
        if start or max_len < len(data):
            data = data[start : start + max_len]
        self.fiber.memory.write(ptr, data)
        self._read_at = start + len(data)
        self._count(len(data))
        return len(data)

    def yield_now(self) -> None:
        self._count(0)
        self._yield()

    def wasi(self, number: int, arguments: tuple[int, ...]) -> int:
        """A function of WASI, for a program that imports some."""
        wasi = self._wasi
        if wasi is None:
            raise RuntimeError(f"process {self.pid} has no descriptors")
        wasi.copied = 0
        answer = wasi_call(wasi, number, arguments)
        if answer == WAITS:
            return SUSPEND_RETRY
        self.active_at = self._gateway.now
        self._count(wasi.copied)
        return answer

    def close(self) -> None:
        """The process has ended: its fiber, and what it has open."""
        self.fiber.kill()
        if self._wasi is not None:
            self._wasi.close()

    # --- their parts ----------------------------------------------------------------------------------------------

    def _count(self, copied: int) -> None:
        self.calls += 1 + (copied >> _CALL_BYTES_SHIFT)
        if self.calls >= abi.MAX_CALLS_PER_SLICE:
            self.fiber.stop_after_call = True

    def _leave(self, code: int) -> None:
        self.syscall(Sys.EXIT, code, 0, 0)

    def _overflowed(self, num: int, args: tuple[int, int, int], size: int) -> int:
        self._overflow = False
        self._result = b""
        self._read_at = 0
        self._count(size)
        return self._gateway.refuse(self.pid, num, args, size, Errno.E_OVERFLOW, "too many outgoing bytes")

    def _note_empty_receive(self) -> None:
        if not self._polled or self.arrivals != self._polled_arrivals:
            self._polled_fuel = self.fiber.fuel_used
        self._polled = True
        self._polled_arrivals = self.arrivals

    def _yield(self) -> None:
        """Give up the processor; park if this was a turn of a polling loop with nothing to do."""
        self.yielded = True
        self.fiber.stop_after_call = True
        if not self._polled or self.arrivals != self._polled_arrivals:
            return
        self._polled = False
        idle = self.fiber.fuel_used - self._polled_fuel < abi.MAX_PARKABLE_FUEL
        self.parked = idle and self.pid not in self._gateway.state.transient.woken

    def _may_grow(self, current: int, desired: int, maximum: int) -> bool:
        """A ceiling of a Memory capability held at this moment decides, and what the machine has left."""
        return desired <= memory_ceiling(self._gateway.state, self.pid) and desired - self.memory_known <= self._room()
