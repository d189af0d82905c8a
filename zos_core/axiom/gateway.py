"""The gateway: the one way to the kernel, for programs and for the supervisor alike.

Rules of this file (kernel: Axiom)
- A call is decided, its commits are appended and applied, its effects performed, and it is logged, in that order
  and in one step: nothing can observe half a call.
- A clock is read only through `Devices`, and only for calls that ask for one.
- What exercises no capability is not logged unless full auditing is on; refusals always are.
"""

from __future__ import annotations

from typing import Any, Protocol

from zos_core import abi
from zos_core.axiom.commitlog import CommitLog
from zos_core.axiom.syslog import WAITING, SysEvent, SysLog
from zos_core.kernel.call import WAIT, Call, Outcome, State
from zos_core.kernel.dispatch import (
    PRIVILEGES,
    SAMPLES_IF_IT_WAITS,
    SAMPLES_UPTIME,
    SAMPLES_WALLCLOCK,
    SYSTEM_CALLS,
    UNAUDITED,
    Op,
    decide,
    resume,
)
from zos_core.kernel.effects import EndWait, perform
from zos_core.kernel.reduce import apply

_QUIET_WHEN_EMPTY = frozenset({abi.Sys.RECEIVE, abi.Sys.RECEIVE_WAIT})
_QUIET_PRIVILEGES = frozenset({Op.UPDATE_PROCESS_MEMORY, Op.DRAIN_CONSOLE_OUTPUT})
_NOTICE_HEAD = abi.pack_received(abi.PID_SUPERVISOR, abi.Tag.CAP_REVOKED, b"")
_CLOCKED = SAMPLES_UPTIME | SAMPLES_WALLCLOCK


class Devices(Protocol):
    """Readings that come from outside the machine, at the call (runtime: device results)."""

    def uptime_ns(self) -> int: ...

    def wallclock_ms(self) -> int: ...


class Gateway:
    """Owns the kernel's state and both logs. `now` is the tick's time; the machine sets it once a tick."""

    def __init__(self, devices: Devices, seed: bytes, *, full_audit: bool = False) -> None:
        self.state = State()
        self.state.transient.seed = seed
        self.syslog = SysLog()
        self.commits = CommitLog()
        self.full_audit = full_audit
        self.now = 0
        self._devices = devices
        self._event = 0

    def syscall(self, pid: int, num: int, a1: int, a2: int, a3: int, data: bytes) -> Outcome:
        """One system call of a program; `result` is WAIT when it must be asked again after a wake-up."""
        state = self.state
        wait = state.transient.waits.get(pid)
        if wait is not None:
            return self._resume(pid, num, (a1, a2, a3), wait)
        self._event = event = self._event + 1
        sample = 0
        if num in _CLOCKED:
            sample = self._devices.uptime_ns() if num in SAMPLES_UPTIME else self._devices.wallclock_ms()
        args = (a1, a2, a3)
        outcome = decide(state, Call(pid, num, args, data, self.now, sample, event))
        if outcome.result == WAIT and num in SAMPLES_IF_IT_WAITS:
            sample = self._devices.uptime_ns()
            outcome = decide(state, Call(pid, num, args, data, self.now, sample, event))
        state.transient.stats[pid].syscalls += 1
        self._carry_out(outcome, event)
        if self._audits(num, outcome):
            self._log(event, pid, num, args, len(data), outcome, 0)
        return outcome

    def refuse(
        self, pid: int, num: int, args: tuple[int, int, int], size: int, code: abi.Errno, reason: str
    ) -> int:
        """A system call that cannot be put to the kernel: logged like any other refusal, and answered `code`."""
        self._event = event = self._event + 1
        outcome = Outcome(abi.refusal(num, code), reason=reason)
        self._log(event, pid, num, args, size, outcome, 0)
        return outcome.result

    def _resume(self, pid: int, num: int, args: tuple[int, int, int], wait: Any) -> Outcome:
        outcome = resume(self.state, Call(pid, num, args, b"", self.now, 0, wait.event), wait)
        if outcome.result == WAIT:
            self._carry_out(outcome, wait.event)
            return outcome
        self._event = event = self._event + 1
        self._carry_out(outcome, event)
        perform(self.state.transient, EndWait(pid))
        if self._audits(num, outcome):
            self._log(event, pid, num, args, 0, outcome, wait.event)
        return outcome

    def privileged(self, op: Op, *args: Any, data: bytes = b"") -> Outcome:
        """One act of the supervisor, decided and logged like a program's, with sender pid 0."""
        self._event = event = self._event + 1
        outcome = decide(self.state, Call(abi.PID_SUPERVISOR, op, args, data, self.now, 0, event))
        self._carry_out(outcome, event)
        if op not in _QUIET_PRIVILEGES or outcome.result & abi.ERROR_BIT or self.full_audit:
            self._log(event, abi.PID_SUPERVISOR, op, args, len(data), outcome, 0)
        return outcome

    def _carry_out(self, outcome: Outcome, event: int) -> None:
        for body in outcome.commits:
            self.commits.append(self.now, event, body)
            apply(self.state.committed, body)
        for effect in outcome.effects:
            effect.perform(self.state.transient)

    def _audits(self, num: int, outcome: Outcome) -> bool:
        if self.full_audit or outcome.reason:
            return True
        return num not in UNAUDITED and not (outcome.result == 0 and num in _QUIET_WHEN_EMPTY)

    def _log(
        self, event: int, pid: int, num: int, args: tuple[Any, ...], size: int, outcome: Outcome, resumes: int
    ) -> None:
        result = WAITING if outcome.result == WAIT else outcome.result
        notice = outcome.data[abi.RECEIVED_HEADER :] if outcome.data.startswith(_NOTICE_HEAD) else b""
        self.syslog.append(SysEvent(event, self.now, pid, num, args, size, result, outcome.reason, resumes, notice))
        if outcome.reason:
            self.syslog.refusals += 1

    @property
    def event(self) -> int:
        """The number of the last call, logged or not."""
        return self._event

    @staticmethod
    def known(num: int) -> bool:
        """Whether a call or privilege of this number exists."""
        return num in SYSTEM_CALLS or num in PRIVILEGES
