"""The machine: kernel, fibers and time, advanced a tick at a time.

Rules of this file (runtime: Time, ticks and the journal)
- A tick samples the clocks once, expires what is due, applies commands, runs a counted number of slices, and drains
  consoles. Nothing from outside enters anywhere else, except device readings, which are noted in the tick's row.
- A `TickRow` holds all a replay needs; given the same rows, a fresh machine does the same.
- What a guest can do ends in a state of its own process. What escapes from here is a mistake of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from zos_core import abi
from zos_core.abi import Stream
from zos_core.axiom.gateway import Gateway
from zos_core.kernel.call import Outcome
from zos_core.kernel.dispatch import Op
from zos_core.kernel.insertion import expiry
from zos_core.kernel.privilege import expiry_due
from zos_core.runtime import commands as c
from zos_core.runtime.fiber import FiberState
from zos_core.runtime.module import ModuleKind
from zos_core.runtime.process import HostMemory, Limits, RunningProcess, WasiStart
from zos_core.runtime.program import Program
from zos_core.runtime.scheduler import Scheduler
from zos_core.runtime.traps import TrapInfo
from zos_core.wasi.host import HostCalls, unpack_answer
from zos_core.wasi.hostpaths import HostPaths
from zos_core.wasi.process import Host

_MINUTE = 60_000_000_000
_NS_PER_MS = 1_000_000
_JITTER_NS = 20 * _NS_PER_MS
"""The wall clock is sampled in ms once a tick: going back by so little is rounding, by more somebody set it."""
_RESTARTABLE = (abi.PID_INIT, abi.PID_PERMISSION)


class World(Protocol):
    """The clocks a machine lives by: real ones, or those of a recording."""

    def uptime_ns(self) -> int: ...

    def wallclock_ms(self) -> int: ...


class Readings:
    """Device readings of the running tick, noted as they are taken; a clock is never behind the tick."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.tick_ns = self.tick_ms = self._wall_ns = 0
        self.taken: list[int] = []

    def begin(self, time_ns: int, wallclock_ms: int) -> None:
        self.tick_ns, self.tick_ms = time_ns, wallclock_ms
        self.taken = []

    def uptime_ns(self) -> int:
        value = max(self._world.uptime_ns(), self.tick_ns)
        self.taken.append(value)
        return value

    def wallclock_ms(self) -> int:
        value = max(self._world.wallclock_ms(), self.tick_ms)
        self.taken.append(value)
        return value

    def wallclock_ns(self) -> int:
        """The tick's wall clock and what has passed since: it rises from one reading to the next, also in a tick."""
        value = self.tick_ms * _NS_PER_MS + self.uptime_ns() - self.tick_ns
        if 0 < self._wall_ns - value < _JITTER_NS:
            value = self._wall_ns + 1
        self._wall_ns = value
        return value


@dataclass(frozen=True, slots=True)
class TickRow:
    """Everything that came from outside in one tick, and how many slices ran.

    `refusals` are the numbers of the requests for memory that the host refused, `results` its packed answers to
    programs with descriptors.
    """

    time_ns: int
    wallclock_ms: int
    commands: tuple[c.Command, ...]
    slices: int
    readings: tuple[int, ...]
    refusals: tuple[int, ...] = ()
    results: tuple[bytes, ...] = ()


@dataclass(slots=True)
class TickReport:
    """What one tick did. `outcomes` answer the commands in order; `output` is (pid, stream, bytes) in order.

    `messages` are (pid, tag, payload) that programs sent to pid 0.
    """

    slices: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    output: list[tuple[int, Stream, bytes]] = field(default_factory=list)
    messages: list[tuple[int, int, bytes]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    created: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """`memory_total` bounds the linear memories of all processes together."""

    memory_total: int = 8 << 30


class Machine:
    """`modules` maps a program's SHA-256 to its compiled form; whoever creates a process puts it there first.

    `on_tick` is told of every tick; `report` is what the last one did. `before_slices` is called in each tick between
    its commands and its slices: for tools that ask what would happen if something were otherwise.
    """

    def __init__(
        self, world: World, seed: bytes, limits: MachineLimits | None = None, files: HostPaths | None = None
    ) -> None:
        self.readings = Readings(world)
        self.host_memory = HostMemory()
        self.host_calls = HostCalls()
        self._host = Host(files or HostPaths(), self.host_calls, [0])
        self.gateway = Gateway(self.readings, seed)
        self.limits = limits or MachineLimits()
        self.modules: dict[bytes, Program] = {}
        self.traps: dict[int, TrapInfo] = {}
        self.degraded = ""
        self.ticks = self.slices = 0
        self.report = TickReport()
        self.on_tick: Callable[[TickRow], None] | None = None
        self.before_slices: Callable[[], None] | None = None
        self._world = world
        self._scheduler = Scheduler(self.gateway.state.transient)
        self._console_owner: dict[int, int] = {}
        self._restarts: dict[int, list[int]] = {}
        self._held: set[int] = set()
        self._last_ns = 0
        self._memory_used = 0
        self.gateway.privileged(Op.GENESIS, hashlib.sha256(seed).digest())

    # --- the tick -------------------------------------------------------------------------------------------------

    def tick(self, commands: Iterable[c.Command] = (), more: Callable[[], bool] | None = None) -> TickReport:
        """Advance once. After each slice `more()` says whether there is time for another; None runs no slice.

        A replay hands in a `world` that repeats the recorded clocks and a `more` that counts.
        """
        commands = tuple(commands)
        time_ns, wall_ms = max(self._world.uptime_ns(), self._last_ns), self._world.wallclock_ms()
        self._last_ns = time_ns
        self.readings.begin(time_ns, wall_ms)
        self.host_memory.begin()
        self.host_calls.begin(kept=self.on_tick is not None)
        self.gateway.now = time_ns
        report = TickReport()
        state = self.gateway.state
        if state.committed.expiring and expiry_due(state, time_ns):
            self.gateway.privileged(Op.EXPIRE)
        for command in commands:
            report.outcomes.append(self._apply(command, report))
            self._reap(report)
        if self.before_slices is not None:
            self.before_slices()
        self._scheduler.wake_woken(first=True)
        self._scheduler.wake_due(time_ns)
        self._run(report, more)
        self._take_messages(report)
        self._drain(report)
        self.gateway.commits.settle()
        self.ticks += 1
        self.slices += report.slices
        self.report = report
        if self.on_tick is not None:
            readings, refusals = tuple(self.readings.taken), tuple(self.host_memory.refused)
            results = tuple(answer.pack() for answer in self.host_calls.taken)
            self.on_tick(TickRow(time_ns, wall_ms, commands, report.slices, readings, refusals, results))
        return report

    def _run(self, report: TickReport, more: Callable[[], bool] | None) -> None:
        if more is None:
            return
        # A slice of a program that computes is some ten microseconds: what most slices leave nothing for is not called.
        transient, scheduler = self.gateway.state.transient, self._scheduler
        while (process := scheduler.next()) is not None:
            self._slice(process)
            report.slices += 1
            if transient.ended:
                self._reap(report)
            if transient.woken:
                scheduler.wake_woken()
            if not more():
                return

    def _slice(self, process: RunningProcess) -> None:
        state, size = process.resume(alone=not self._scheduler.has_ready), process.fiber.memory.size
        if size != process.memory_known and state < FiberState.DONE:
            self._memory_used += size - process.memory_known
            process.memory_known = size
            self.gateway.privileged(Op.UPDATE_PROCESS_MEMORY, process.pid, process.memory_known)
        if state is FiberState.READY:
            if process.parked:
                self._scheduler.park(process, self.gateway.now)
            else:
                self._scheduler.make_ready(process)
        elif state is FiberState.WAITING:
            self._scheduler.wait(process)
        else:
            self._finished(process, state)

    def _finished(self, process: RunningProcess, state: FiberState) -> None:
        """The fiber has ended. The kernel knows already, unless `_start` returned or the guest trapped."""
        pid, fiber = process.pid, process.fiber
        if not self.gateway.state.committed.alive(pid):
            return
        if state is FiberState.TRAPPED and fiber.trap is not None:
            self._fault(process, fiber.trap)
        else:
            self.gateway.syscall(pid, abi.Sys.EXIT, 0, 0, 0, b"")

    def _fault(self, process: RunningProcess, trap: TrapInfo) -> None:
        pid, description = process.pid, describe(trap)
        if pid in _RESTARTABLE and self._may_restart(pid):
            self.gateway.privileged(Op.RESTART_PROCESS, pid, trap.reason, description)
            self._memory_used -= process.memory_known
            process.start()
            self._scheduler.make_ready(process)
            return
        self.traps[pid] = trap
        self.gateway.privileged(Op.FAULT_PROCESS, pid, trap.reason, description)
        if pid in _RESTARTABLE:
            name = self.gateway.state.committed.processes[pid].name
            self.degraded = f"{name} faulted too often and stays down: {trap.reason}"

    def _may_restart(self, pid: int) -> bool:
        now = self.gateway.now
        recent = [at for at in self._restarts.get(pid, []) if at > now - _MINUTE]
        self._restarts[pid] = [*recent, now]
        return len(recent) < abi.MAX_RESTARTS_PER_MINUTE

    def _reap(self, report: TickReport) -> None:
        """Free the fibers of processes that have ended, and fold away what they leave."""
        transient = self.gateway.state.transient
        if not transient.ended:
            return
        ended, transient.ended = transient.ended, []
        for pid in ended:
            process = self._scheduler.processes.get(pid)
            if process is not None:
                process.close()
                self._memory_used -= process.memory_known
                self._scheduler.remove(pid)
            self._held.discard(pid)
            report.ended.append(pid)

    def _drain(self, report: TickReport) -> None:
        transient = self.gateway.state.transient
        for console in list(transient.consoles):
            pid = self._console_owner[console]
            if pid in self._held and self.gateway.state.committed.alive(pid):
                continue
            report.output += [(pid, Stream(stream), data) for stream, data in transient.consoles[console]]
            self.gateway.privileged(Op.DRAIN_CONSOLE_OUTPUT, console)
        if report.ended:
            alive = self.gateway.state.committed.consoles
            self._console_owner = {
                console: pid
                for console, pid in self._console_owner.items()
                if console in alive or console in transient.consoles
            }

    # --- commands -------------------------------------------------------------------------------------------------

    def _apply(self, command: c.Command, report: TickReport) -> Outcome:
        ask = self.gateway.privileged
        match command:
            case c.Input(pid, data):
                outcome = ask(Op.DELIVER_CONSOLE_INPUT, pid, data=data)
            case c.Create():
                outcome = self._create(command, report)
            case c.RefuseSpawn(request, code):
                outcome = ask(Op.REFUSE_SPAWN, request.pid, request.event, code)
            case c.AnswerPrompt():
                outcome = self._answer_prompt(command)
            case c.StorageDone(pid, event, code, at, data):
                outcome = ask(Op.STORAGE_DONE, pid, event, code, at, data=data)
            case c.HostDone(pid, event, answer):
                outcome = ask(Op.HOST_DONE, pid, event, bool(unpack_answer(answer).error), data=answer)
            case c.GrantCap(pid, object_type, object_id, perms, slot, expires_in_ms, uses):
                until = expiry(self.gateway.now, expires_in_ms)
                outcome = ask(Op.GRANT_CAPABILITY, pid, object_type, object_id, perms, slot, until, uses)
            case c.Revoke(targets, keep_own):
                outcome = ask(Op.REVOKE_ALL, targets, keep_own)
            case c.Derive(pid, slot, to_pid, perms, expires_in_ms, uses):
                until = expiry(self.gateway.now, expires_in_ms)
                outcome = ask(Op.DERIVE_CAPABILITY, pid, slot, to_pid, perms, until, uses)
            case c.Kill(pid):
                outcome = ask(Op.KILL_PROCESS, pid)
            case c.Hold(pid, held):
                (self._held.add if held else self._held.discard)(pid)
                outcome = Outcome(0)
            case c.Send(pid, slot, tag, data):
                outcome = ask(Op.SEND_MESSAGE, pid, slot, tag, data=data)
        return outcome

    def _create(self, command: c.Create, report: TickReport) -> Outcome:
        request = command.request
        parent = abi.PID_SUPERVISOR if request is None else request.pid
        args = abi.pack_args(command.args)
        outcome = self.gateway.privileged(
            Op.CREATE_PROCESS, command.name, parent, request, args, command.grants, command.memory_limit
        )
        if outcome.result & abi.ERROR_BIT:
            if request is not None:
                code = abi.errno_of(Op.CREATE_PROCESS, outcome.result)
                self.gateway.privileged(Op.REFUSE_SPAWN, request.pid, request.event, code)
            return outcome
        pid = outcome.result
        limits = Limits(command.memory_limit, command.fuel_limit)
        program, wasi = self.modules[command.module], None
        if program.info.kind is ModuleKind.WASI:
            # Which kind it is, the program says: a command that somebody else wrote may leave out what it needs.
            setup = command.wasi or c.WasiSetup()
            for each in setup.preopens:
                self.gateway.privileged(Op.NAME_DIRECTORY, each.object_id, each.host)
            wasi = WasiStart(command.args, setup, self._host)
        process = RunningProcess(pid, program, self.gateway, limits, self._room, self.host_memory, wasi)
        console = self.gateway.state.committed.console_of(pid)
        if console is not None:
            self._console_owner[console.id] = pid
        self._scheduler.add(process)
        report.created.append(pid)
        return outcome

    def _answer_prompt(self, command: c.AnswerPrompt) -> Outcome:
        """Grant from the root if the answer is yes, and tell the permission service which slot it became."""
        slot, outcome = 0, Outcome(0)
        if command.allowed:
            until = expiry(self.gateway.now, command.expires_in_ms)
            outcome = self.gateway.privileged(
                Op.GRANT_CAPABILITY, command.pid, command.object_type, command.object_id, command.perms, None, until,
                command.uses,
            )  # fmt: skip
            slot = 0 if outcome.result & abi.ERROR_BIT else outcome.result
        from zos_core.services import PromptAnswer

        told = PromptAnswer(command.request_id, slot != 0, slot).pack()
        place = (abi.PID_PERMISSION, abi.SLOT_OWN_ENDPOINT, abi.Tag.PROMPT_ANSWER)
        self.gateway.privileged(Op.SEND_MESSAGE, *place, data=told)
        return outcome

    def _take_messages(self, report: TickReport) -> None:
        """What programs have sent to pid 0's own endpoint."""
        prompts = self.gateway.state.committed.cap(abi.PID_PERMISSION, abi.SLOT_PERMISSION)
        queue = None if prompts is None else self.gateway.state.transient.queues.get(prompts.object_id)
        while prompts is not None and queue is not None and queue.items:
            data = self.gateway.privileged(Op.TAKE_MESSAGE, prompts.object_id).data
            if not data:
                return
            report.messages.append(abi.unpack_received(data))

    def _room(self) -> int:
        """Bytes of linear memory that the machine as a whole has left to give."""
        return self.limits.memory_total - self._memory_used

    # --- what the supervisor asks ---------------------------------------------------------------------------------

    @property
    def processes(self) -> Mapping[int, RunningProcess]:
        return self._scheduler.processes

    def has_descriptors(self, pid: int) -> bool:
        """Whether that process is a program built for WASI."""
        process = self.processes.get(pid)
        return process is not None and process.program.info.kind is ModuleKind.WASI

    @property
    def idle(self) -> bool:
        """Nothing is ready to run."""
        return not self._scheduler.has_ready and not self.gateway.state.transient.woken

    def wake_at_ns(self) -> int | None:
        """When time alone makes something happen, in ns of uptime; None for never."""
        committed, deadline = self.gateway.state.committed, self._scheduler.next_deadline()
        if not committed.expiring:
            return deadline
        expiry = min(committed.caps[cap_id].expires_at for cap_id in committed.expiring)
        return expiry if deadline is None else min(expiry, deadline)

    def close(self) -> None:
        """End every fiber, without a trace in the log: the machine is put away, not shut down."""
        for process in self._scheduler.processes.values():
            process.close()
        self._scheduler.processes.clear()


def describe(trap: TrapInfo) -> str:
    """A trap as the log keeps it: the message, then the guest's frames, innermost first, a line each."""
    return "\n".join([trap.message, *(frame.function for frame in trap.frames)])
