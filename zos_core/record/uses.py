"""Which capability a recorded call exercised, and what it needed of it.

Rules of this file (abi: System calls; runtime: WASI programs)
- One literal table says where a call names its slot and which right it needs.
- A call by a descriptor names no slot: its row says which directory it needs, and with what right.
- A call that had to wait exercised what its slot held when it was made.
"""

from __future__ import annotations

from typing import NamedTuple

from zos_core.abi import ObjectType, Rights, Sys
from zos_core.axiom.syslog import SysEvent
from zos_core.kernel.console import default_console
from zos_core.kernel.descriptors import authority
from zos_core.kernel.state import Cap, Committed
from zos_core.wasi.preview1 import FIRST_CALL
from zos_core.wasi.rows import split


class Use(NamedTuple):
    """`object_type` None is any; `right` NONE means that holding it is enough."""

    object_type: ObjectType | None
    right: Rights


USES: dict[int, Use] = {
    Sys.SEND: Use(ObjectType.ENDPOINT, Rights.WRITE),
    Sys.CALL: Use(ObjectType.ENDPOINT, Rights.WRITE),
    Sys.SEND_CAP: Use(ObjectType.ENDPOINT, Rights.WRITE),
    Sys.RECEIVE: Use(ObjectType.ENDPOINT, Rights.READ),
    Sys.RECEIVE_WAIT: Use(ObjectType.ENDPOINT, Rights.READ),
    Sys.CONSOLE_WRITE: Use(ObjectType.CONSOLE, Rights.WRITE),
    Sys.SPAWN: Use(ObjectType.PROCESS, Rights.WRITE),
    Sys.KILL: Use(ObjectType.PROCESS, Rights.WRITE),
    Sys.STORAGE_READ: Use(ObjectType.STORAGE, Rights.READ),
    Sys.STORAGE_LIST: Use(ObjectType.STORAGE, Rights.READ),
    Sys.STORAGE_WRITE: Use(ObjectType.STORAGE, Rights.WRITE),
    Sys.STORAGE_DELETE: Use(ObjectType.STORAGE, Rights.WRITE),
    Sys.CAP_GRANT: Use(None, Rights.GRANT),
    Sys.CAP_REVOKE: Use(None, Rights.GRANT),
    Sys.CAP_DELETE: Use(None, Rights.NONE),
    Sys.CAP_DERIVE: Use(None, Rights.NONE),
}
"""Calls that exercise a capability. All but SYS_CONSOLE_WRITE name its slot in their first argument."""


def slot_of(event: SysEvent, state: Committed) -> int | None:
    """The slot a program's call names, its default console's where it names none; None when there is none."""
    if not event.pid or event.num not in USES or event.pid not in state.spaces:
        return None
    if event.num != Sys.CONSOLE_WRITE:
        return int(event.args[0])
    if event.args[1]:
        return int(event.args[1]) - 1
    cap = default_console(state, event.pid)
    return None if cap is None else cap.slot


def wanted_by(event: SysEvent) -> ObjectType | None:
    """The type of capability that a call takes, None when it takes none or any."""
    if event.num >= FIRST_CALL:
        return ObjectType.STORAGE if split(event.num, event.args).needs else ObjectType.CONSOLE
    use = USES.get(event.num)
    return None if use is None else use.object_type


def exercised(event: SysEvent, state: Committed) -> list[tuple[Cap, Rights]]:
    """The capabilities that a call was about, as they were before it, and what it needed of each."""
    if event.num >= FIRST_CALL:
        return [
            (cap, need.rights) for need in split(event.num, event.args).needs
            if (cap := authority(state, event.pid, need)) is not None
        ]  # fmt: skip
    slot = slot_of(event, state)
    cap = None if slot is None else state.cap(event.pid, slot)
    return [] if cap is None else [(cap, USES[event.num].right)]
