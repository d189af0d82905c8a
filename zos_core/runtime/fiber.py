"""Fibers: one running instance of a program, a slice at a time.

Rules of this file
- A fiber is an asynchronous call of the engine, polled. `resume` runs one slice: until the guest has used the fuel of
  a slice, waits for something, or ends. The guest's own start section runs in it like everything else; where there is
  none, nothing of the guest runs while its instance is made, and that needs no call that can be suspended.
- A host call never suspends by itself. It shortens the fuel interval to one, and the shim stops at its next look at the
  fuel (see `shim`); `resume` restores the interval. Total fuel is not touched: what a guest has used is exact.
- Deletion order: the future, then unread traps and errors, then the store; any other crashes. A fiber that is killed in
  its own host call only notes it and is stopped by a trap.
- Everything a guest can do ends in a state. What `resume` raises is a mistake of the host.
- The handler of SIGINT must only set a flag: an exception raised in a host call stops the guest it came from.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_uint64, c_void_p
from enum import IntEnum
from typing import Protocol

from zos_core import abi
from zos_core.runtime import capi, hostcalls, traps
from zos_core.runtime.allocators import LinearMemory
from zos_core.runtime.hostcalls import SUSPEND_RETRY
from zos_core.runtime.memory import BadPointer, GuestMemory
from zos_core.runtime.program import Program
from zos_core.runtime.traps import TrapInfo

__all__ = ["SUSPEND_RETRY", "Fiber", "FiberState", "Host", "ProcessExit", "Program"]


class FiberState(IntEnum):
    """Where a fiber is. From `DONE` on it has ended: it holds no memory and cannot be resumed."""

    READY = 0
    WAITING = 1
    DONE = 2
    TRAPPED = 3
    KILLED = 4


class ProcessExit(Exception):
    """Raised by a host to end the guest that called it, with `code` as its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Killed(Exception):
    """Unwinds a guest that was killed inside its own host call."""


class Host(Protocol):
    """What a process gives its fiber. Each method is called inside the guest's call; numbers are unsigned 32-bit.

    A method may set `Fiber.stop_after_call`: the fiber is then suspended before the guest sees the answer. It may raise
    `ProcessExit` to end the guest, or `BadPointer` to fault it. Whatever else it raises comes out of `Fiber.resume`.
    """

    def syscall(self, num: int, a1: int, a2: int, a3: int) -> int:
        """The result, or `SUSPEND_RETRY` to park the fiber and be asked again when it is resumed."""

    def send_bytes(self, ptr: int, length: int) -> None: ...

    def recv_bytes(self, ptr: int, max_len: int) -> int: ...

    def yield_now(self) -> None: ...

    def wasi(self, number: int, arguments: tuple[int, ...]) -> int:
        """A function of WASI by its number: the errno, or `SUSPEND_RETRY` as for `syscall`."""


OnGrow = Callable[[int, int, int], bool]
"""(current, desired, maximum: bytes) -> whether the memory may grow."""

FUEL_FOREVER = 2**63 - 1
STOP_AT_ONCE = 1
"""The fuel interval that suspends a guest at its next look at the fuel."""
MAX_EXCEPTION_HEAP = 16 << 20
"""Bytes for the exceptions of a guest that throws some."""
MAX_INSTANCES = 4
"""The guest, its shims, and stand-ins for what it imports in vain."""

_START = b"_start"
_fuel_left = c_uint64()
_fuel_left_address = ctypes.addressof(_fuel_left)

_poll = capi.call_future_poll
_set_interval = capi.context_fuel_async_yield_interval


class _Cells(ctypes.Structure):
    """Where the engine writes its answers to this fiber's calls."""

    _fields_ = [
        ("trap", c_void_p),
        ("error", c_void_p),
        ("instance", capi.Instance),
        ("start", capi.Extern),
    ]
    trap: int | None
    error: int | None
    start: capi.Extern


def _offset(cell: str) -> int:
    offset: int = getattr(_Cells, cell).offset
    return offset


_TRAP_AT, _ERROR_AT, _INSTANCE_AT = _offset("trap"), _offset("error"), _offset("instance")
_START_AT = _offset("start")
_ITEM = capi.Extern.ITEM_OFFSET


class Fiber:
    """One running instance of `program`, as process `pid`.

    `memory_limit` and `slice_fuel` may be changed at any time; `slice_fuel` counts from the next slice. `fuel_limit` is
    the total after which the guest is stopped ("out of fuel"). `on_grow` decides each growth of the memory in place of
    `memory_limit`. `on_host_request()` is called before each request to the host for a memory, a growth or a stack, and
    may raise OSError to have it refused; `on_host_refusal(current, desired)` is told of each that was.
    """

    __slots__ = (
        "_cells", "_cells_at", "_context", "_exceptions_refused", "_failure", "_fuel_limit", "_fuel_spent", "_future",
        "_guest_memory", "_host_refused", "_in_start", "_interval", "_kill_requested", "_parked", "_store", "exit_code",
        "host_recv_bytes", "host_send_bytes", "host_syscall", "host_wasi", "host_yield", "memory", "memory_limit",
        "on_grow", "on_host_refusal", "on_host_request", "pid", "program", "slice_fuel", "state",
        "stop_after_call", "trap",
    )  # fmt: skip

    def __init__(
        self,
        program: Program,
        host: Host,
        *,
        pid: int,
        memory_limit_bytes: int = abi.DEFAULT_MEMORY,
        slice_fuel: int = abi.DEFAULT_SLICE_FUEL,
        fuel_limit: int | None = None,
        on_grow: OnGrow | None = None,
        on_host_request: Callable[[], None] | None = None,
        on_host_refusal: Callable[[int, int], None] | None = None,
    ) -> None:
        if slice_fuel < 1:
            raise ValueError("a slice has at least one unit of fuel")
        self.program = program
        self.pid = pid
        self.memory_limit = memory_limit_bytes
        self.slice_fuel = slice_fuel
        self.on_grow = on_grow
        self.on_host_request = on_host_request
        self.on_host_refusal = on_host_refusal
        self.memory = GuestMemory()
        self.state = FiberState.READY
        self.exit_code: int | None = None
        self.trap: TrapInfo | None = None
        self.stop_after_call = False
        self.host_syscall = host.syscall
        self.host_send_bytes = host.send_bytes
        self.host_recv_bytes = host.recv_bytes
        self.host_yield = host.yield_now
        self.host_wasi = host.wasi
        self._interval = 0
        self._fuel_limit = FUEL_FOREVER if fuel_limit is None else fuel_limit
        self._fuel_spent = 0
        self._parked = False
        self._in_start = False
        self._kill_requested = False
        self._host_refused = False
        self._exceptions_refused = False
        self._failure: BaseException | None = None
        self._guest_memory: LinearMemory | None = None
        self._store: int | None = None
        self._context: int | None = None
        self._future: int | None = None
        self._cells = _Cells()
        self._cells_at = ctypes.addressof(self._cells)

    # --- what a scheduler does ------------------------------------------------------------------------------------

    def resume(self) -> FiberState:
        """Runs one slice and says how it ended. Raises what a method of the host raised by mistake."""
        if hostcalls.current is not None:
            raise RuntimeError("a fiber cannot be resumed while another one runs")
        if self.state >= FiberState.DONE:
            raise RuntimeError(f"the fiber of process {self.pid} has ended")
        hostcalls.current = self
        try:
            self._parked = self.stop_after_call = False
            if self._interval != self.slice_fuel and self._context is not None:
                self._suspend_after(self.slice_fuel)
            if self._future is None and not self._instantiate():
                finished = True
            else:
                finished = _poll(self._future)
                while finished and self._enters_start():
                    finished = _poll(self._future)
        finally:
            hostcalls.current = None
        if finished or self._failure is not None:
            self._end()
        else:
            self.state = FiberState.WAITING if self._parked else FiberState.READY
        return self.state

    def kill(self) -> None:
        """Ends the guest, wherever it is; it never runs again. Does nothing to one that has ended."""
        if self.state >= FiberState.DONE:
            return
        if hostcalls.current is self:
            self._kill_requested = self.stop_after_call = True
            return
        self.state = FiberState.KILLED
        self._release()

    @property
    def fuel_used(self) -> int:
        """The fuel used since the start: the same at the same point of every run. Exact inside a host call, too."""
        if self._context is None:
            return self._fuel_spent
        capi.context_get_fuel(self._context, _fuel_left_address)
        return self._fuel_limit - _fuel_left.value

    @property
    def memory_size(self) -> int:
        """Bytes of linear memory; 0 before the first slice and after the end."""
        return self.memory.size

    # --- what the callbacks of `hostcalls` do ---------------------------------------------------------------------

    def park(self) -> None:
        """Suspends the guest before the shim asks the host again."""
        self._parked = True
        self.stop()

    def stop(self) -> None:
        """Suspends the guest in the shim, after the host call it is in."""
        if self._kill_requested:
            raise _Killed
        self._suspend_after(STOP_AT_ONCE)

    def _suspend_after(self, fuel: int) -> None:
        _set_interval(self._context, fuel)
        self._interval = fuel

    def keep_failure(self, error: BaseException) -> None:
        """Notes why the guest must end; the first reason counts."""
        if self._failure is None:
            self._failure = error

    def fail_in_host(self, error: BaseException) -> int:
        """Notes why the guest must end, and gives the trap that ends it."""
        self.keep_failure(error)
        trap: int = capi.trap_new(b"host", 4)
        return trap

    # --- what the callbacks of `allocators` do --------------------------------------------------------------------

    def admit_memory(self, memory: LinearMemory, size: int) -> bool:
        """The engine makes a heap for exceptions as if it were a memory: before the guest's own, or later, when it is
        first needed, but never between that and `_start`."""
        if self._in_start:
            return size <= MAX_EXCEPTION_HEAP
        self._guest_memory = memory
        return size <= self.memory_limit

    def admit_growth(self, memory: LinearMemory, size: int) -> bool:
        if memory is not self._guest_memory:
            self._exceptions_refused = size > MAX_EXCEPTION_HEAP
            return not self._exceptions_refused
        if self.on_grow is not None:
            return self.on_grow(self.memory.size, size, memory.maximum)
        return size <= self.memory_limit

    def memory_changed(self, memory: LinearMemory, size: int) -> None:
        if memory is self._guest_memory:
            self.memory.attach(memory.reservation.start, size)

    def ask_host(self) -> None:
        if self.on_host_request is not None:
            self.on_host_request()

    def host_refused(self, memory: LinearMemory | None, size: int) -> None:
        self._host_refused = True
        if self.on_host_refusal is not None:
            self.on_host_refusal(self.memory.size, size)

    # --- the life of the engine's call ----------------------------------------------------------------------------

    def _instantiate(self) -> bool:
        """Makes the store, the shim and the guest's instance, or the call that makes it where a start section runs in
        it. False when there is nothing to run: the engine refused."""
        engine = self.program.engine
        cells = self._cells_at
        self._store = capi.store_new(engine.handle, None, None)
        self._context = context = capi.store_context(self._store)
        capi.store_limiter(self._store, -1, abi.MAX_TABLE_ELEMENTS, MAX_INSTANCES, abi.MAX_TABLES, 1)
        capi.context_set_fuel(context, self._fuel_limit)
        instance, trap = cells + _INSTANCE_AT, cells + _TRAP_AT
        for name, ready in self.program.linked:
            error = capi.instance_pre_instantiate(ready, context, instance, trap)
            if not error and not self._cells.trap:
                error = capi.linker_define_instance(engine.guest_linker, context, name, len(name), instance)
            self._cells.error = error
            if error or self._cells.trap:
                return False
        module = self.program.module.handle
        if self.program.info.has_start_section:
            self._suspend_after(self.slice_fuel)
            self._future = capi.linker_instantiate_async(
                engine.guest_linker, context, module, instance, trap, cells + _ERROR_AT
            )
            return True
        self._cells.error = capi.linker_instantiate(engine.guest_linker, context, module, instance, trap)
        self._suspend_after(self.slice_fuel)
        return self._enters_start()

    def _enters_start(self) -> bool:
        """After the guest has been instantiated: calls its `_start`. False when there is nothing left to run."""
        cells = self._cells
        if self._in_start or cells.trap or cells.error or self._failure is not None:
            return False
        if self._future is not None:
            capi.call_future_delete(self._future)
        at = self._cells_at
        capi.instance_export_get(self._context, at + _INSTANCE_AT, _START, len(_START), at + _START_AT)
        self._future = capi.func_call_async(
            self._context, at + _START_AT + _ITEM, None, 0, None, 0, at + _TRAP_AT, at + _ERROR_AT
        )
        self._in_start = True
        return True

    def _end(self) -> None:
        """The guest ran to its end, or was stopped: decides how, by flags and codes, and frees what it held."""
        failure, self._failure = self._failure, None
        cells = self._cells
        if isinstance(failure, ProcessExit):
            self.state, self.exit_code = FiberState.DONE, failure.code
        elif isinstance(failure, _Killed):
            self.state = FiberState.KILLED
        elif failure is not None or cells.trap or cells.error:
            self.state, self.trap = FiberState.TRAPPED, self._why(failure)
        else:
            self.state, self.exit_code = FiberState.DONE, 0
        self._release()
        if self.state is FiberState.TRAPPED and failure is not None and not isinstance(failure, BadPointer):
            raise failure

    def _why(self, failure: BaseException | None) -> TrapInfo:
        """Why the guest was stopped: the host's reason, the engine's trap, or the engine's refusal."""
        trap, error = self._cells.trap, self._cells.error
        if trap and failure is None:
            return traps.describe_trap(trap)
        if failure is not None:
            reason = traps.BAD_POINTER if isinstance(failure, BadPointer) else traps.HOST_ERROR
            message = str(failure)
            return traps.describe_error(error, reason, message) if error else TrapInfo(None, reason, message, ())
        if error is None:
            return TrapInfo(None, traps.NOT_STARTED, "", ())
        return traps.describe_error(error, self._refusal())

    def _refusal(self) -> str:
        """The reason behind an error of the engine that is no trap."""
        if capi.context_has_exception(self._context):
            return traps.UNCAUGHT_EXCEPTION
        if self._exceptions_refused:
            return traps.EXCEPTION_HEAP
        if self._host_refused:
            return traps.HOST_MEMORY
        if self._in_start:
            return traps.HOST_ERROR
        too_large = self.program.info.memory.min_pages * abi.PAGE > self.memory_limit
        return traps.MEMORY_LIMIT if too_large else traps.NOT_STARTED

    def _release(self) -> None:
        """Frees everything of the engine's, in the only order that does not crash."""
        self._fuel_spent = self.fuel_used
        self._context = None
        self.memory.detach()
        if self._future is not None:
            capi.call_future_delete(self._future)
            self._future = None
        if self._cells.trap:
            capi.trap_delete(self._cells.trap)
            self._cells.trap = None
        if self._cells.error:
            capi.error_delete(self._cells.error)
            self._cells.error = None
        if self._store is not None:
            capi.store_delete(self._store)
            self._store = None

    def __del__(self) -> None:
        if getattr(self, "_store", None) is not None:
            self._release()
