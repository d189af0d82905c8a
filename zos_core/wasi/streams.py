"""Descriptors 0 to 2: the console of the process, as a program of another system expects one.

Rules of this file (runtime: WASI programs; kernel: Console)
- A read gives what has been typed or piped in, at most one message of it, and waits for one if there is none.
- The end of input is told once on a terminal, where more may follow, and for good on a pipe. An event loop that goes
  on to wait for input after it has read the end gets it once more, as the byte that a person types for it: programs
  that edit their own line (QuickJS's prompt) know no other end.
- A write goes to the console whole, and waits while it is full. Without a Console capability it answers `ACCES`.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Stream
from zos_core.kernel.call import WAIT
from zos_core.wasi import preview1 as p1
from zos_core.wasi.descriptors import Descriptor, WasiError
from zos_core.wasi.preview1 import Err, FdFlags
from zos_core.wasi.process import Vector, Waits, WasiProcess, refusal_of

STDIN = 0
_WRITE = p1.FIRST_CALL + p1.NUMBERS["fd_write"]


def read(p: WasiProcess, descriptor: Descriptor, vector: Vector) -> int:
    """The number of bytes read, 0 at the end of input. Raises `Waits` and `WasiError`."""
    if descriptor.stream != STDIN:
        raise WasiError(Err.BADF)
    if not vector.total:
        return 0
    while not p.input and not p.input_ended:
        waits = not descriptor.flags & FdFlags.NONBLOCK
        if not p.receive(abi.FOREVER_MS if waits else 0) and not waits:
            raise WasiError(Err.AGAIN)
    if not p.input:
        p.input_ended, p.end_read = not p.is_terminal(STDIN), True
        return 0
    data = bytes(p.input[: vector.total])
    del p.input[: len(data)]
    p.scatter(vector, data)
    return len(data)


def ready(p: WasiProcess) -> int | None:
    """How many bytes a read would give, 0 for the end of input; None when it would wait."""
    if p.end_read and not p.input:
        p.input += abi.END_OF_INPUT
        p.end_read = False
    return len(p.input) if p.input or p.input_ended else None


def write(p: WasiProcess, descriptor: Descriptor, vector: Vector) -> int:
    """The number of bytes written, all of them. Raises `Waits` and `WasiError`."""
    if descriptor.stream == STDIN:
        raise WasiError(Err.BADF)
    if p.gateway.waits(p.pid):
        outcome = p.gateway.resume(p.pid, _WRITE, (descriptor.stream,))
    else:
        stream = Stream.ERRORS if descriptor.stream == Stream.ERRORS else Stream.OUTPUT
        outcome = p.gateway.write_console(p.pid, _WRITE, stream, p.gather(vector))
    if outcome.result == WAIT:
        raise Waits
    if outcome.result:
        raise WasiError(refusal_of(outcome))
    return vector.total
