"""The gateway: the one way to the kernel, for programs and for the supervisor alike.

Rules of this file (kernel: Axiom)
- A call is decided, its commits are appended and applied, its effects performed, and it is logged, in that order
  and in one step: nothing can observe half a call.
- A clock is read only through `Devices`, and only for calls that ask for one.
- What exercises no capability is not logged unless full auditing is on; refusals always are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from zos_core import abi
from zos_core.axiom.commitlog import CommitLog
from zos_core.axiom.syslog import WAITING, SysEvent, SysLog
from zos_core.kernel import descriptors
from zos_core.kernel.call import WAIT, Call, Outcome, State
from zos_core.kernel.descriptors import Need
from zos_core.kernel.dispatch import (
    PRIVILEGES,
    SAMPLES_IF_IT_WAITS,
    SAMPLES_UPTIME,
    SAMPLES_WALLCLOCK,
    SYSTEM_CALLS,
    UNAUDITED,
    Handler,
    Op,
    decide,
    resume,
)
from zos_core.kernel.effects import EndWait, RandomDrawn, perform
from zos_core.kernel.reduce import reduce
from zos_core.kernel.services import random_bytes

_QUIET_WHEN_EMPTY = frozenset({abi.Sys.RECEIVE, abi.Sys.RECEIVE_WAIT})
_QUIET_PRIVILEGES = frozenset({Op.UPDATE_PROCESS_MEMORY, Op.DRAIN_CONSOLE_OUTPUT})
_NOTICE_HEAD = abi.pack_received(abi.PID_SUPERVISOR, abi.Tag.CAP_REVOKED, b"")
_CLOCKED = SAMPLES_UPTIME | SAMPLES_WALLCLOCK


class Devices(Protocol):
    """Readings that come from outside the machine, at the call (runtime: device results)."""

    def uptime_ns(self) -> int: ...

    def wallclock_ms(self) -> int: ...

    def wallclock_ns(self) -> int: ...


class Answered(Protocol):
    """What the host answered: `error` is 0 for success, `moved` the bytes it read or wrote.

    `reason` is set where the request itself was out of bounds, which is logged as a refusal.
    """

    @property
    def error(self) -> int: ...

    @property
    def moved(self) -> int: ...

    @property
    def reason(self) -> str: ...


HostAnswer = TypeVar("HostAnswer", bound=Answered)


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

    # --- programs with descriptors (runtime: WASI programs) -------------------------------------------------------

    def exercise(
        self, pid: int, num: int, shown: tuple[Any, ...], needs: tuple[Need, ...], act: Callable[[], HostAnswer]
    ) -> Outcome | HostAnswer:
        """A call that the host answers at once: `act` is called if the program may; its answer, or the refusal.

        A call that needs no right of its own is logged only when it is refused.
        """
        outcome, event = self._decide(descriptors.use, pid, num, needs)
        if outcome.result:
            self._log(event, pid, num, shown, 0, outcome, 0)
            return outcome
        answer = act()
        if not answer.error:
            self._carry_out(outcome, event)
        if answer.reason:
            refused = Outcome(abi.refusal(num, abi.Errno.E_PERM), reason=answer.reason)
            self._log(event, pid, num, shown, 0, refused, 0)
        elif self.full_audit or any(need.rights for need in needs):
            self._log(event, pid, num, shown, answer.moved, Outcome(answer.error), 0)
        return answer

    def await_host(self, pid: int, num: int, shown: tuple[Any, ...], needs: tuple[Need, ...]) -> Outcome:
        """A call that the host answers later: WAIT, or the refusal. `event` names it; `resume` goes on with it."""
        outcome, event = self._decide(descriptors.await_host, pid, num, needs)
        self._carry_out(outcome, event)
        self._log(event, pid, num, shown, 0, outcome, 0)
        return outcome

    def write_console(self, pid: int, num: int, stream: int, data: bytes) -> Outcome:
        """What a program writes to its own console by a descriptor; WAIT while that is full, then `resume`."""
        outcome, event = self._decide(descriptors.write_console, pid, num, (stream,), data)
        self._carry_out(outcome, event)
        self._log(event, pid, num, (stream,), len(data), outcome, 0)
        return outcome

    def waits(self, pid: int) -> bool:
        """Whether a call of that process is to be gone on with."""
        return pid in self.state.transient.waits

    def resume(self, pid: int, num: int, shown: tuple[Any, ...]) -> Outcome:
        """Go on with the call that waits."""
        return self._resume(pid, num, shown, self.state.transient.waits[pid])

    def clock(self, *, wall: bool) -> int:
        """A clock at this moment, in ns: since boot, or since the Unix epoch."""
        return self._devices.wallclock_ns() if wall else self._devices.uptime_ns()

    def random(self, length: int) -> bytes:
        """Bytes of the machine's seeded generator, at most `abi.MAX_RANDOM`."""
        data, counter = random_bytes(self.state.transient, length)
        perform(self.state.transient, RandomDrawn(counter))
        return data

    def _decide(
        self, handler: Handler, pid: int, num: int, args: tuple[Any, ...], data: bytes = b""
    ) -> tuple[Outcome, int]:
        self._event = event = self._event + 1
        self.state.transient.stats[pid].syscalls += 1
        return handler(self.state, Call(pid, num, args, data, self.now, 0, event)), event

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
        if outcome.commits:
            self.commits.extend(self.now, event, outcome.commits)
            reduce(outcome.commits, self.state.committed)
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
        told = num in _QUIET_WHEN_EMPTY and outcome.data.startswith(_NOTICE_HEAD)
        notice = outcome.data[abi.RECEIVED_HEADER :] if told else b""
        self.syslog.append(SysEvent(event, self.now, pid, num, args, size, result, outcome.reason, resumes, notice))
        if outcome.reason:
            self.syslog.refusals += 1

    @property
    def event(self) -> int:
        """The number of the last call, logged or not."""
        return self._event

    @property
    def logged(self) -> int:
        """How much both logs have been told so far."""
        return self.syslog.total + self.commits.seq

    @staticmethod
    def known(num: int) -> bool:
        """Whether a call or privilege of this number exists."""
        return num in SYSTEM_CALLS or num in PRIVILEGES
