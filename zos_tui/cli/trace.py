"""A program's system calls and debug text as lines for a person (`zos run --trace`, `--debug`).

Rules of this file
- Only audited calls are traced: what exercises a capability, and every refusal (kernel: Axiom).
- A call that had to wait has two lines: one when it began to wait, one with its answer.
"""

from __future__ import annotations

from zos_core.axiom.syslog import SysEvent
from zos_core.calltext import call_text
from zos_core.kernel.transient import DebugLine
from zos_core.supervisor import Supervisor
from zos_tui.cli.messages import visible


def trace_line(row: SysEvent) -> str:
    """A call after its time, uptime in seconds: `[  0.012345] SYS_SEND(…) = 0`."""
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
