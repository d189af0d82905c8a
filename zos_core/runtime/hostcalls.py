"""Host calls: what the engine calls back when a guest calls the system, and whose call it is.

Rules of this file
- `current` is the fiber that runs. `Fiber.resume` sets it, nobody else; there is never more than one.
- The whole body of a callback is inside `try`: an exception that left it would be lost in the engine. It is kept on the
  fiber, the guest is stopped by a trap, and `Fiber.resume` raises it again.
- The callbacks are module globals: the engine calls them for as long as Python runs.
- `_on_syscall` is the hottest code of the system. Its arguments lie in 16-byte slots on the stack of the fiber that
  runs. Stacks are used again and again, so the views of a few addresses serve nearly every call.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any, Protocol

from zos_core import abi
from zos_core.runtime import capi, shim
from zos_core.wasi import preview1

BYTE_ORDER = "<"
_four_arguments = struct.Struct(f"{BYTE_ORDER}I12xI12xI12xI").unpack_from
_two_arguments = struct.Struct(f"{BYTE_ORDER}I12xI").unpack_from
_WASI_ARGUMENTS = tuple(
    struct.Struct(f"{BYTE_ORDER}8x{'8xQ' * len(function.parameters)}").unpack_from for function in preview1.FUNCTIONS
)
"""What follows the number of a function in its slots, in the order that numbers the functions."""

SUSPEND_RETRY = -1
"""What `Host.syscall` answers to park its fiber: when it is resumed, the same call is asked again."""


class Caller(Protocol):
    """What these callbacks need of the fiber that runs."""

    pid: int
    stop_after_call: bool
    host_syscall: Callable[[int, int, int, int], int]
    host_send_bytes: Callable[[int, int], None]
    host_recv_bytes: Callable[[int, int], int]
    host_yield: Callable[[], None]
    host_wasi: Callable[[int, tuple[int, ...]], int]

    def park(self) -> None: ...
    def stop(self) -> None: ...
    def fail_in_host(self, error: BaseException) -> int: ...


current: Any = None
"""The running fiber (a `Caller`), or None."""

MAX_KEPT_VIEWS = 1024
"""A guest that calls from ever other depths only makes the others forgotten."""
_views: dict[int, memoryview] = {}


def _view(address: int) -> memoryview:
    """The arguments of a host call at `address`, as 64-bit numbers."""
    if len(_views) >= MAX_KEPT_VIEWS:
        _views.clear()
    view = _views[address] = memoryview(_Slots.from_address(address)).cast("B").cast("Q")
    return view


def _on_syscall(_env: int, _caller: int, address: int, _count: int) -> int | None:
    fiber: Caller = current
    try:
        slots = _views.get(address) or _view(address)
        answer = fiber.host_syscall(*_four_arguments(slots))
        if answer >= 0:
            slots[0] = answer
            if fiber.stop_after_call:
                fiber.stop()
        else:
            slots[0] = shim.RETRY
            fiber.park()
        return None
    except BaseException as error:
        return fiber.fail_in_host(error)


def _on_send_bytes(_env: int, _caller: int, address: int, _count: int) -> int | None:
    fiber: Caller = current
    try:
        fiber.host_send_bytes(*_two_arguments(_views.get(address) or _view(address)))
        if fiber.stop_after_call:
            fiber.stop()
        return None
    except BaseException as error:
        return fiber.fail_in_host(error)


def _on_recv_bytes(_env: int, _caller: int, address: int, _count: int) -> int | None:
    fiber: Caller = current
    try:
        slots = _views.get(address) or _view(address)
        slots[0] = fiber.host_recv_bytes(*_two_arguments(slots))
        if fiber.stop_after_call:
            fiber.stop()
        return None
    except BaseException as error:
        return fiber.fail_in_host(error)


def _on_yield(_env: int, _caller: int, _address: int, _count: int) -> int | None:
    fiber: Caller = current
    try:
        fiber.host_yield()
        if fiber.stop_after_call:
            fiber.stop()
        return None
    except BaseException as error:
        return fiber.fail_in_host(error)


def _on_get_pid(_env: int, _caller: int, address: int, _count: int) -> int | None:
    fiber: Caller = current
    try:
        slots = _views.get(address) or _view(address)
        slots[0] = fiber.pid
        return None
    except BaseException as error:
        return fiber.fail_in_host(error)


def _on_wasi(_env: int, _caller: int, address: int, _count: int) -> int | None:
    fiber: Caller = current
    try:
        slots = _views.get(address) or _view(address)
        number = slots[0] & abi.U32
        answer = fiber.host_wasi(number, _WASI_ARGUMENTS[number](slots))
        if answer >= 0:
            slots[0] = answer
            if fiber.stop_after_call:
                fiber.stop()
        else:
            slots[0] = shim.RETRY
            fiber.park()
        return None
    except BaseException as error:
        return fiber.fail_in_host(error)


_I32 = capi.I32
_Callback = capi.UncheckedCallback
FUNCTIONS: tuple[tuple[str, list[int], list[int], Any], ...] = (
    ("syscall", [_I32] * 4, [capi.I64], _Callback(_on_syscall)),
    ("send_bytes", [_I32] * 2, [], _Callback(_on_send_bytes)),
    ("recv_bytes", [_I32] * 2, [_I32], _Callback(_on_recv_bytes)),
    ("yield", [], [], _Callback(_on_yield)),
    ("get_pid", [], [_I32], _Callback(_on_get_pid)),
    ("wasi", [_I32] + [capi.I64] * preview1.MAX_PARAMETERS, [capi.I64], _Callback(_on_wasi)),
)
"""The imports of the shims: name, parameters, results, callback."""
_Slots = ctypes.c_ubyte * (16 * max(len(parameters) for _, parameters, _, _ in FUNCTIONS))


def define_functions(linker: int) -> None:
    """Defines every import of the shims in `linker`."""
    module = shim.HOST_MODULE.encode()
    for name, parameters, results, callback in FUNCTIONS:
        kind = capi.function_type(parameters, results)
        capi.check(
            capi.linker_define_func_unchecked(
                linker, module, len(module), name.encode(), len(name), kind, capi.address_of(callback), None, None
            )
        )
        capi.functype_delete(kind)
