"""What the host answers to programs with descriptors: as values, taken live or from a recording.

Rules of this file (runtime: Time, ticks and the journal)
- An answer of the host is a device result: noted in order, and given again by a replay, which asks no host.
- A call that takes long is a job: its caller is parked, and its answer is a command of a later tick.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from zos_core.abi import Malformed
from zos_core.wasi.preview1 import Err

_HEAD = struct.Struct("<HHQ")
_ESCAPED = 1
"""The number of an answer that refuses a path."""


class Answer(NamedTuple):
    """`error` is an `Err`; `number` and `data` are what the call defines, `moved` the bytes it read or wrote."""

    error: int
    number: int = 0
    data: bytes = b""
    counted: bool = False

    @property
    def moved(self) -> int:
        return self.number if self.counted else 0

    @property
    def reason(self) -> str:
        """Why the request itself was out of bounds, empty for whatever else the host answered."""
        return "the path leads out of its directory" if self.error and self.number == _ESCAPED else ""

    def pack(self) -> bytes:
        """`error u16, counted u16, number u64, data` (docs/formats.md: Answers of the host)."""
        return _HEAD.pack(self.error, self.counted, self.number) + self.data


def unpack_answer(data: bytes) -> Answer:
    """Raises `Malformed`."""
    if len(data) < _HEAD.size:
        raise Malformed("an answer of the host is cut short")
    error, counted, number = _HEAD.unpack_from(data)
    return Answer(error, number, data[_HEAD.size :], bool(counted))


class Job(NamedTuple):
    """A call that takes long, named by the `event` its caller waits on."""

    pid: int
    event: int
    work: Callable[[], Answer]


class HostCalls:
    """The answers of one tick, `taken` if somebody keeps them. `recorded` holds those to repeat; None asks the host."""

    def __init__(self) -> None:
        self.taken: list[Answer] = []
        self._kept = False
        self.recorded: deque[bytes] | None = None
        self.jobs: list[Job] = []

    def begin(self, *, kept: bool) -> None:
        self.taken, self._kept = [], kept

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """The answer to a call, from the host or as it was recorded. Raises `Malformed` for a damaged recording."""
        if self.recorded is None:
            answer = call()
        elif self.recorded:
            answer = unpack_answer(self.recorded.popleft())
        else:
            raise Malformed("a call of the host was not recorded")
        if self._kept:
            self.taken.append(answer)
        return answer

    @property
    def live(self) -> bool:
        """A host is asked. In a replay the answers to jobs come with later ticks."""
        return self.recorded is None


def failed(error: Err) -> Answer:
    return Answer(error)


def escaped() -> Answer:
    """The answer to a path that leads out of its directory."""
    return Answer(Err.PERM, _ESCAPED)
