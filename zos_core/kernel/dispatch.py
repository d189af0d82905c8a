"""`decide`: the whole system-call interface and every privilege as two literal tables.

Rules of this file
- One signature for all: `handler(state, call) -> Outcome`. A handler checks and never mutates.
- A blocked call is decided again by its entry in `RESUME`, until it answers something other than WAIT.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from zos_core import abi
from zos_core.abi import Sys
from zos_core.kernel import authority, console, descriptors, ipc, privilege, process, services, storage
from zos_core.kernel.call import WAIT, Call, Outcome, State
from zos_core.kernel.transient import Wait, WaitKind

Handler = Callable[[State, Call], Outcome]


class Op(IntEnum):
    """What pid 0 may ask: numbers from `abi.FIRST_PRIVILEGE`, so that the log can tell them from system calls."""

    GENESIS = 0x1_0000
    CREATE_PROCESS = 0x1_0001
    REFUSE_SPAWN = 0x1_0002
    KILL_PROCESS = 0x1_0003
    FAULT_PROCESS = 0x1_0004
    RESTART_PROCESS = 0x1_0005
    GRANT_CAPABILITY = 0x1_0006
    REVOKE_CAPABILITY = 0x1_0007
    EXPIRE = 0x1_0008
    SEND_MESSAGE = 0x1_0009
    DELIVER_CONSOLE_INPUT = 0x1_000A
    DRAIN_CONSOLE_OUTPUT = 0x1_000B
    UPDATE_PROCESS_MEMORY = 0x1_000C
    STORAGE_DONE = 0x1_000D
    TAKE_MESSAGE = 0x1_000E
    REVOKE_ALL = 0x1_000F
    DERIVE_CAPABILITY = 0x1_0010
    HOST_DONE = 0x1_0011
    NAME_DIRECTORY = 0x1_0012


SYSTEM_CALLS: dict[int, Handler] = {
    Sys.DEBUG: privilege.sys_debug,
    Sys.GET_TIME: services.sys_get_time,
    Sys.GET_PID: services.sys_get_pid,
    Sys.LIST_CAPS: authority.sys_list_caps,
    Sys.LIST_PROCS: services.sys_list_procs,
    Sys.GET_WALLCLOCK: services.sys_get_wallclock,
    Sys.CONSOLE_WRITE: console.sys_console_write,
    Sys.RANDOM: services.sys_random,
    Sys.GET_ARGS: services.sys_get_args,
    Sys.EXIT: process.sys_exit,
    Sys.YIELD: services.sys_yield,
    Sys.SLEEP: services.sys_sleep,
    Sys.SPAWN: process.sys_spawn,
    Sys.KILL: process.sys_kill,
    Sys.CAP_GRANT: authority.sys_cap_grant,
    Sys.CAP_REVOKE: authority.sys_cap_revoke,
    Sys.CAP_DELETE: authority.sys_cap_delete,
    Sys.CAP_INSPECT: authority.sys_cap_inspect,
    Sys.CAP_DERIVE: authority.sys_cap_derive,
    Sys.EP_CREATE: ipc.sys_ep_create,
    Sys.SEND: ipc.sys_send,
    Sys.RECEIVE: ipc.sys_receive,
    Sys.CALL: ipc.sys_call,
    Sys.REPLY: ipc.sys_reply,
    Sys.SEND_CAP: ipc.sys_send_cap,
    Sys.RECEIVE_WAIT: ipc.sys_receive_wait,
    Sys.RECEIVED_CAPS: ipc.sys_received_caps,
    Sys.STORAGE_READ: storage.sys_storage,
    Sys.STORAGE_WRITE: storage.sys_storage,
    Sys.STORAGE_DELETE: storage.sys_storage,
    Sys.STORAGE_LIST: storage.sys_storage,
}
"""Numbers that are not here answer E_NOSYS."""

PRIVILEGES: dict[int, Handler] = {
    Op.GENESIS: privilege.genesis,
    Op.CREATE_PROCESS: process.create_process,
    Op.REFUSE_SPAWN: process.refuse_spawn,
    Op.KILL_PROCESS: process.kill_process,
    Op.FAULT_PROCESS: process.fault_process,
    Op.RESTART_PROCESS: process.restart_process,
    Op.GRANT_CAPABILITY: privilege.grant_capability,
    Op.REVOKE_CAPABILITY: privilege.revoke_capability,
    Op.EXPIRE: privilege.expire,
    Op.SEND_MESSAGE: privilege.send_message,
    Op.DELIVER_CONSOLE_INPUT: console.deliver_console_input,
    Op.DRAIN_CONSOLE_OUTPUT: console.drain_console_output,
    Op.UPDATE_PROCESS_MEMORY: services.update_process_memory,
    Op.STORAGE_DONE: storage.storage_done,
    Op.TAKE_MESSAGE: privilege.take_message,
    Op.REVOKE_ALL: privilege.revoke_all,
    Op.DERIVE_CAPABILITY: privilege.derive_capability,
    Op.HOST_DONE: descriptors.host_done,
    Op.NAME_DIRECTORY: descriptors.name_directory,
}

RESUME: dict[WaitKind, Callable[[State, Call, Wait], Outcome]] = {
    WaitKind.SLEEP: services.resume_sleep,
    WaitKind.RECEIVE: ipc.resume_receive,
    WaitKind.CONSOLE: console.resume_write,
}
"""Waits that look for themselves; the others are over when someone has answered them."""

SAMPLES_UPTIME = frozenset({Sys.GET_TIME, Sys.SLEEP})
SAMPLES_IF_IT_WAITS = frozenset({Sys.RECEIVE_WAIT})
"""Decided without a clock first: most receives find their message, and need no deadline."""
SAMPLES_WALLCLOCK = frozenset({Sys.GET_WALLCLOCK})
UNAUDITED = frozenset(
    {Sys.YIELD, Sys.SLEEP, Sys.GET_TIME, Sys.GET_WALLCLOCK, Sys.GET_PID, Sys.RANDOM, Sys.LIST_CAPS, Sys.LIST_PROCS}
    | {Sys.GET_ARGS, Sys.RECEIVED_CAPS, Sys.CAP_INSPECT}
)
"""Calls that exercise no capability: left out of the SysLog unless full auditing is on (kernel: Axiom)."""


def decide(state: State, call: Call) -> Outcome:
    """The answer to a system call, or to a privilege when the caller is pid 0."""
    table = SYSTEM_CALLS if call.pid != abi.PID_SUPERVISOR else PRIVILEGES
    return table.get(call.num, services.not_implemented)(state, call)


def resume(state: State, call: Call, wait: Wait) -> Outcome:
    """The answer to a call that had to wait: what someone left for it, or another look."""
    if wait.result is not None:
        return Outcome(wait.result, data=wait.data)
    look = RESUME.get(wait.kind)
    return Outcome(WAIT) if look is None else look(state, call, wait)
