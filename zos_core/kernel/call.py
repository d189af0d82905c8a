"""What a handler gets and what it gives back: one signature for every call, a program's or the supervisor's.

    handler(state, call) -> Outcome          # checks, never mutates

Rules of this file
- `Call` is complete: time, the device sample and the outgoing bytes are in it, so a handler is a pure function.
- A refusal is an `Outcome` with no commits and no effects: it changes nothing.
- `WAIT` as result parks the caller; the same call is decided again when it has been woken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zos_core import abi
from zos_core.kernel.commits import Body
from zos_core.kernel.effects import Effect
from zos_core.kernel.state import Committed
from zos_core.kernel.transient import Transient

WAIT = -1
"""Not a result a program can see: results are 0 to 2**32 - 1."""


class Call(NamedTuple):
    """`now` is the tick's time in ns, `sample` a reading of the clock the call asks for (0 if it asks for none).

    `args` of a program's call are its three u32; of a privileged one what its handler documents.
    `event` is the SysLog sequence number this call is logged under.
    """

    pid: int
    num: int
    args: tuple[Any, ...]
    data: bytes
    now: int
    sample: int
    event: int


class Outcome(NamedTuple):
    result: int
    commits: Sequence[Body] = ()
    effects: Sequence[Effect] = ()
    data: bytes = b""
    reason: str = ""


@dataclass(slots=True)
class State:
    """Both halves of the kernel's state."""

    committed: Committed = field(default_factory=Committed)
    transient: Transient = field(default_factory=Transient)


def refuse(call: Call, code: abi.Errno, reason: str = "") -> Outcome:
    """The refusal `code` in the convention of the call; `reason` is for the log."""
    return Outcome(abi.refusal(call.num, code), reason=reason)
