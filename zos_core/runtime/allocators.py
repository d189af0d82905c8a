"""Where the engine gets memory: guest memories and fiber stacks, out of pools of our own.

Rules of this file
- Giving the engine our memories makes three things exact: the size of a memory is known without asking the engine, the
  fiber decides about every growth before it happens, and a spawn maps nothing when a memory can be used again.
- The engine calls only while a fiber runs, so `hostcalls.current` is the one whose memory it is.
- A growth that is refused answers -1 to the guest; it is no trap.
- Every request to the host is announced by `ask_host`, so that a replay can refuse what was refused; the text of a
  refusal is the same wherever it comes from.
- As everywhere, a callback's whole body is inside `try`, and callbacks are module globals.
"""

from __future__ import annotations

import ctypes
import mmap
from dataclasses import dataclass
from typing import Protocol

from zos_core.runtime import capi, hostcalls
from zos_core.runtime.memory import MAX_MEMORY
from zos_core.runtime.reserve import Pool, Reservation

memory_pool = Pool()
stack_pool = Pool()
NO_HOST_MEMORY = "the host refused: Cannot allocate memory"
_memories: dict[int, LinearMemory] = {}
_stacks: dict[int, Reservation] = {}


@dataclass(slots=True, eq=False)
class LinearMemory:
    """One memory the engine was given: `reservation.committed` is its size in bytes, `maximum` what it may grow to."""

    reservation: Reservation
    maximum: int


class MemoryOwner(Protocol):
    """What the fiber that runs decides about memory."""

    def admit_memory(self, memory: LinearMemory, size: int) -> bool:
        """A memory of `size` bytes was made for this fiber: whether it may have it."""

    def admit_growth(self, memory: LinearMemory, size: int) -> bool:
        """Whether a memory may grow to `size` bytes."""

    def memory_changed(self, memory: LinearMemory, size: int) -> None:
        """A memory that was admitted has `size` bytes."""

    def ask_host(self) -> None:
        """The host is about to be asked for memory. Raises OSError when it is to be taken as refused."""

    def host_refused(self, memory: LinearMemory | None, size: int) -> None:
        """The host had no memory for `size` bytes that were admitted, or (None) for the fiber's stack."""

    def keep_failure(self, error: BaseException) -> None:
        """One of these methods raised; `Fiber.resume` raises it again."""


def _refuse(text: str) -> int:
    error: int = capi.error_new(text.encode())
    return error


def _new_memory(
    _env: int, _type: int, minimum: int, maximum: int, reservation: int, guard: int, result: int
) -> int | None:
    owner: MemoryOwner = hostcalls.current
    try:
        memory = LinearMemory(Reservation(0, 0), min(maximum, MAX_MEMORY))
        if not owner.admit_memory(memory, minimum):
            return _refuse("the first memory of the program is larger than the limit of its process")
        try:
            owner.ask_host()
            memory.reservation = memory_pool.take(reservation + guard, 0, minimum)
        except OSError:
            owner.host_refused(memory, minimum)
            return _refuse(NO_HOST_MEMORY)
        base = memory.reservation.base
        _memories[base] = memory
        owner.memory_changed(memory, minimum)
        filled = capi.LINEAR_MEMORY.pack(base, _GET_MEMORY, _GROW_MEMORY, _DROP_MEMORY)
        ctypes.memmove(result, filled, len(filled))
        return None
    except BaseException as error:
        owner.keep_failure(error)
        return _refuse(str(error))


def _get_memory(base: int, size: int, capacity: int) -> int:
    memory = _memories[base]
    ctypes.c_size_t.from_address(size).value = memory.reservation.committed
    ctypes.c_size_t.from_address(capacity).value = memory.maximum
    return base


def _grow_memory(base: int, size: int) -> int | None:
    owner: MemoryOwner = hostcalls.current
    try:
        memory = _memories[base]
        if not owner.admit_growth(memory, size):
            return _refuse("the memory limit of the process is reached")
        try:
            owner.ask_host()
            memory.reservation.commit(size)
        except OSError:
            owner.host_refused(memory, size)
            return _refuse(NO_HOST_MEMORY)
        owner.memory_changed(memory, size)
        return None
    except BaseException as error:
        owner.keep_failure(error)
        return _refuse(str(error))


def _drop_memory(base: int) -> None:
    memory_pool.give_memory(_memories.pop(base).reservation)


def _new_stack(_env: int, size: int, _zeroed: bool, result: int) -> int | None:
    owner: MemoryOwner = hostcalls.current
    try:
        owner.ask_host()
        stack = stack_pool.take(size + mmap.PAGESIZE, mmap.PAGESIZE, size)
        _stacks[stack.base] = stack
        filled = capi.STACK_MEMORY.pack(stack.base, _GET_STACK, _DROP_STACK)
        ctypes.memmove(result, filled, len(filled))
        return None
    except OSError:
        owner.host_refused(None, size)
        return _refuse(NO_HOST_MEMORY)
    except BaseException as error:
        owner.keep_failure(error)
        return _refuse(str(error))


def _get_stack(base: int, size: int) -> int:
    stack = _stacks[base]
    ctypes.c_size_t.from_address(size).value = stack.committed
    return stack.start + stack.committed


def _drop_stack(base: int) -> None:
    stack_pool.give(_stacks.pop(base))


_CALLBACKS = (
    capi.NewMemoryCallback(_new_memory),
    capi.GetMemoryCallback(_get_memory),
    capi.GrowMemoryCallback(_grow_memory),
    capi.Finalizer(_drop_memory),
    capi.NewStackCallback(_new_stack),
    capi.GetStackCallback(_get_stack),
    capi.Finalizer(_drop_stack),
)
_NEW_MEMORY, _GET_MEMORY, _GROW_MEMORY, _DROP_MEMORY, _NEW_STACK, _GET_STACK, _DROP_STACK = map(
    capi.address_of, _CALLBACKS
)


def install(config: int) -> None:
    """Makes an engine's configuration use these memories and stacks."""
    memories = capi.Creator(None, _NEW_MEMORY, None)
    stacks = capi.Creator(None, _NEW_STACK, None)
    capi.config_host_memory_creator_set(config, ctypes.byref(memories))
    capi.config_host_stack_creator_set(config, ctypes.byref(stacks))
