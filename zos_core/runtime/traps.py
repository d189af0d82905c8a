"""Why a guest was stopped: the engine's trap codes as reasons, and backtraces with the guest's function names.

Rules of this file
- A reason is decided by a code or a flag, never by the text of a message.
- Names and messages are the guest's or the engine's words: bounded in length, control characters replaced.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import NamedTuple

from zos_core.runtime import capi, shim

REASONS: dict[int, str] = {
    0: "stack overflow",
    1: "memory out of bounds",
    2: "misaligned atomic access",
    3: "table out of bounds",
    4: "indirect call to null",
    5: "indirect call type mismatch",
    6: "integer overflow",
    7: "integer divide by zero",
    8: "bad conversion to integer",
    9: "unreachable",
    10: "interrupt",
    11: "out of fuel",
    12: "atomic wait on unshared memory",
    13: "null reference",
    14: "array out of bounds",
    15: "allocation too large",
    16: "cast failure",
    49: "uncaught exception",
}
"""Engine trap code to reason."""

BAD_POINTER = "BadPointer"
UNCAUGHT_EXCEPTION = REASONS[49]
MEMORY_LIMIT = "memory limit"
EXCEPTION_HEAP = "too many exceptions"
HOST_MEMORY = "out of host memory"
NOT_STARTED = "could not be started"
HOST_ERROR = "host error"

MAX_FRAMES = 32
MAX_TEXT = 400
MAX_FUNCTION_NAME = 120


class Frame(NamedTuple):
    """One frame of a guest's backtrace; `offset` is in bytes from the start of the module."""

    function: str
    offset: int


@dataclass(frozen=True, slots=True)
class TrapInfo:
    """Why a guest was stopped. `code` is the engine's trap code, None when the host stopped it."""

    code: int | None
    reason: str
    message: str
    frames: tuple[Frame, ...]

    def __str__(self) -> str:
        where = f" in {self.frames[0].function}" if self.frames else ""
        return f"{self.reason}: {self.message}{where}" if self.message else f"{self.reason}{where}"


def printable(text: str, limit: int) -> str:
    """Text for one line of a terminal: bounded, with U+FFFD for what cannot be printed."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _causes(text: str) -> str:
    """The causes of an engine's message, without the backtrace in front of them."""
    _, found, causes = text.partition("Caused by:")
    lines = [line.strip() for line in (causes if found else text).splitlines()]
    return "; ".join(line.partition(": ")[2] if line[:1].isdigit() else line for line in lines if line)


def _frames(fetch: capi.Fetch, handle: int) -> tuple[Frame, ...]:
    frames = capi.frames_of(fetch, handle)
    guest = [frame for frame in frames if frame.module != shim.SHIM_NAME]
    return tuple(Frame(printable(f.function, MAX_FUNCTION_NAME), f.offset) for f in guest[:MAX_FRAMES])


def describe_trap(trap: int) -> TrapInfo:
    """A trap of the engine, which stays the caller's to delete."""
    code = ctypes.c_uint8()
    known = capi.trap_code(trap, ctypes.byref(code))
    reason = REASONS.get(code.value, f"trap {code.value}") if known else HOST_ERROR
    message = printable(_causes(capi.message_of(capi.trap_message, trap)), MAX_TEXT)
    return TrapInfo(code.value if known else None, reason, message, _frames(capi.trap_trace, trap))


def describe_error(error: int, reason: str, message: str | None = None) -> TrapInfo:
    """An error of the engine, which stays the caller's to delete, with a reason and perhaps a message of our own."""
    if message is None:
        message = _causes(capi.message_of(capi.error_message, error))
    return TrapInfo(None, reason, printable(message, MAX_TEXT), _frames(capi.error_wasm_trace, error))
