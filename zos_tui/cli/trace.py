"""A program's system calls and debug text as lines for a person (`zos run --trace`, `--debug`).

Rules of this file
- Only audited calls are traced: what exercises a capability, and every refusal (kernel: Axiom).
- A call that had to wait has two lines: one when it began to wait, one with its answer.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Errno, Sys
from zos_core.axiom.syslog import WAITING, SysEvent
from zos_core.events import call_name
from zos_core.kernel.transient import DebugLine
from zos_core.snapshot import rights_text
from zos_core.supervisor import Supervisor
from zos_core.wasi.preview1 import FIRST_CALL, Err
from zos_tui.cli.messages import visible

ARGUMENTS: dict[int, tuple[str, ...]] = {
    Sys.DEBUG: ("len",),
    Sys.LIST_CAPS: ("form",),
    Sys.LIST_PROCS: ("form",),
    Sys.CONSOLE_WRITE: ("len", "console"),
    Sys.RANDOM: ("len",),
    Sys.EXIT: ("code",),
    Sys.SLEEP: ("ns_low", "ns_high"),
    Sys.SPAWN: ("slot", "flags"),
    Sys.KILL: ("slot",),
    Sys.CAP_GRANT: ("slot", "to", "rights"),
    Sys.CAP_REVOKE: ("slot", "keep_own"),
    Sys.CAP_DELETE: ("slot",),
    Sys.CAP_INSPECT: ("slot",),
    Sys.CAP_DERIVE: ("slot", "rights"),
    Sys.EP_CREATE: ("part",),
    Sys.SEND: ("slot", "tag", "len"),
    Sys.RECEIVE: ("slot",),
    Sys.CALL: ("slot", "tag", "len"),
    Sys.REPLY: ("to", "tag", "len"),
    Sys.SEND_CAP: ("slot", "tag", "len_caps"),
    Sys.RECEIVE_WAIT: ("slot", "ms_low", "ms_high"),
    Sys.STORAGE_READ: ("slot", "key_len", "offset"),
    Sys.STORAGE_WRITE: ("slot", "key_len"),
    Sys.STORAGE_DELETE: ("slot", "key_len"),
    Sys.STORAGE_LIST: ("slot", "prefix_len", "cursor"),
}
"""What the arguments of a call mean; the others have none, or are unknown."""


def _argument(name: str, value: int) -> str:
    if name == "tag":
        known = value in abi.Tag.__members__.values()
        return f"MSG_{abi.Tag(value).name}" if known else f"tag={value:#x}"
    if name == "rights":
        return f"rights={rights_text(value)}"
    if name == "code":
        return f"code={value - (1 << 32) if value & abi.ERROR_BIT else value}"
    return f"{name}={value}"


def _answer(row: SysEvent) -> str:
    if row.result == WAITING:
        return "waits"
    if row.error is Errno.E_OK:
        return f"= {row.result}"
    reason = row.reason or row.error.text
    return f"= {row.error.name} ({visible(reason)})"


def _wasi_text(row: SysEvent) -> str:
    """`fd_read(3, 65536) = SUCCESS, 512 bytes`."""
    shown = ", ".join(repr(visible(each)) if isinstance(each, str) else str(int(each)) for each in row.args)
    moved = f", {row.size} bytes" if row.size else ""
    if row.result == WAITING or row.error is not Errno.E_OK:
        answer = _answer(row)
    else:
        answer = f"= {Err(row.result).name}{moved}"
    return f"{call_name(row.num)}({shown}) {'resumed ' if row.resumes else ''}{answer}"


def call_text(row: SysEvent) -> str:
    """`SYS_SEND(slot=4, MSG_CONSOLE_INPUT, len=12) = 0`."""
    if row.num >= FIRST_CALL:
        return _wasi_text(row)
    known = row.num in Sys.__members__.values()
    name = f"SYS_{Sys(row.num).name}" if known else f"SYS_{row.num:#04x}"
    names = ARGUMENTS.get(row.num, () if known else ("arg1", "arg2", "arg3"))
    shown = ", ".join(_argument(each, value) for each, value in zip(names, row.args, strict=False))
    again = "resumed " if row.resumes else ""
    return f"{name}({shown}) {again}{_answer(row)}"


def trace_line(row: SysEvent) -> str:
    """The same after the time, uptime in seconds: `[  0.012345] SYS_SEND(…) = 0`."""
    return f"[{row.time_ns / 1e9:10.6f}] {call_text(row)}"


class CallTrace:
    """The audited calls of one process, each once."""

    def __init__(self, machine: Supervisor, pid: int) -> None:
        self._machine, self._pid = machine, pid
        self._seen = 0

    def lines(self) -> list[str]:
        rows = self._machine.recent_events(self._seen)
        if rows:
            self._seen = rows[-1].seq
        return [trace_line(row) for row in rows if row.pid == self._pid]


class DebugText:
    """The debug text of one process, each line once. `last` is the last one."""

    def __init__(self, machine: Supervisor, pid: int) -> None:
        self._log = machine.machine.gateway.state.transient.debug
        self._pid = pid
        self._seen: DebugLine | None = None
        self.last = ""

    def lines(self) -> list[str]:
        newer: list[DebugLine] = []
        for line in reversed(self._log):
            if line is self._seen:
                break
            newer.append(line)
        if newer:
            self._seen = newer[0]
        shown = [visible(text) for line in reversed(newer) if line.pid == self._pid for text in line.text.splitlines()]
        self.last = shown[-1] if shown else self.last
        return shown
