"""The supervisor: the one owner of a machine, privileged, and nothing but a boundary.

Rules of this file (supervisor: Supervisor)
- It runs no application logic. Everything it does to the machine is a command, logged as sender pid 0.
- A command that must answer at once runs in a tick of its own without slices; input waits for the next tick.
- What it refuses is an error of `zos_core.errors`, one line for a person.

    sup = Supervisor(MachineConfig())        # or Supervisor.open(recording): a session as it was, read-only
    sup.boot()
    pid = sup.spawn("terminal")
    sup.register_console_callback(pid, lambda data, stream: ...)
    sup.send_input_to_process(pid, "help\r")
    while not sup.poll_syscalls(budget_ms=5).idle: ...
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zos_core import abi, view
from zos_core.abi import ObjectType, Rights
from zos_core.arrivals import Arrivals
from zos_core.axiom import replay
from zos_core.axiom.syslog import SysEvent
from zos_core.config import MachineConfig
from zos_core.consoles import ConsoleCallback, Consoles
from zos_core.errors import CallRefused, InputRefused, Refused, RevocationGrew, SpawnRefused
from zos_core.events import EventLog
from zos_core.kernel.call import Outcome
from zos_core.kernel.capabilities import notice_endpoint
from zos_core.kernel.console import split_input
from zos_core.kernel.privilege import Targets, revocation
from zos_core.launcher import Launch, Launcher, Options
from zos_core.programs import BundledProgram, Registry
from zos_core.prompts import Decision, Prompts
from zos_core.recorded import Recorded
from zos_core.runtime import commands as c
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import Machine, TickReport
from zos_core.snapshot import (
    AnswerSnapshot,
    CapabilityNode,
    ConsoleMode,
    ConsoleOpened,
    ExitSnapshot,
    MachineSnapshot,
    ObjectSnapshot,
    PollReport,
    ProcessEnded,
    ProgramSummary,
    PromptSnapshot,
    Revocation,
)
from zos_core.stored import Stored
from zos_core.view import exit_of, object_name, revocation_of
from zos_core.wasi.directories import Directories
from zos_core.wasi.hostpaths import HostPaths

if TYPE_CHECKING:
    from zos_core.past import Past
    from zos_core.record.recorder import Recorder
    from zos_core.record.storage import Storage

__all__ = ["MachineConfig", "Supervisor"]

_NS_PER_MS = 1_000_000


class Supervisor:
    def __init__(self, config: MachineConfig | None = None) -> None:
        self.config = config or MachineConfig()
        self._world = self.config.world()
        registry = Registry(self.config.apps)
        self._directories = Directories()
        self._launcher = Launcher(
            Engine(), registry, self.config.policy, self.config.cache, self._namespace, self._directories
        )
        self._files = HostPaths(self._directories)
        self._machine = Machine(self._world, self.config.seed, self.config.limits, self._files)
        self._machine.gateway.full_audit = self.config.full_audit
        self._recorded = Recorded(self._machine, self.config, self._world.wallclock_ms(), self._launcher.module_bytes)
        self._consoles = Consoles()
        self._viewer = view.Viewer(self._machine, self._consoles, self._object_name)
        self._stored = Stored(self.config.storage, self._recorded)
        self._arrivals = Arrivals(self._machine, self._consoles, self._launcher, self._stored.open)
        committed = self._machine.gateway.state.committed
        self._prompts = Prompts(committed, self.config.policy, self._own_storage, self._program_of, self._object_name)
        self._held: set[int] = set()
        self._told = 0
        self._ended: list[ProcessEnded] = []
        self._opened: list[ConsoleOpened] = []

    # --- life -----------------------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start init (pid 1) and the permission service (pid 2). Raises `SpawnRefused`."""
        for name, pid in (("init", abi.PID_INIT), ("permission", abi.PID_PERMISSION)):
            started = self.spawn(name)
            if started != pid:
                raise SpawnRefused(f"{name} started as pid {started}: the machine was booted already")

    def close(self) -> None:
        """End every program and compiler; the object is of no further use."""
        self._arrivals.close()
        self._recorded.close()
        self._machine.close()
        self._stored.close()
        self._files.close_all()
        self._directories.close()

    def uptime_ns(self) -> int:
        return self._world.uptime_ns()

    # --- programs -------------------------------------------------------------------------------------------------

    def programs(self) -> tuple[BundledProgram, ...]:
        """The bundled programs."""
        return tuple(self._launcher.registry.list())

    def program_summary(self, program: str | Path) -> ProgramSummary:
        """What a program imports and asks for, without starting it. Raises `SpawnRefused`."""
        return self._launcher.summary(program)

    def launch(
        self, program: str | Path | bytes, args: Sequence[str | bytes] = (), *, name: str | None = None,
        options: Options | None = None,
    ) -> Launch:  # fmt: skip
        """Begin to start a program: poll `.done`, then `finish_launch`. Raises `SpawnRefused`."""
        return self._launcher.by_user(program, args, name, options or Options(), self.uptime_ns())

    def finish_launch(self, launch: Launch) -> int:
        """Create the process of a launch and return its pid; waits for the compiler. Raises `SpawnRefused`."""
        self._machine.modules[launch.command.module] = launch.program()
        outcome = self._now(launch.command)
        if outcome.result & abi.ERROR_BIT:
            raise SpawnRefused(f"{launch.source.name}: {outcome.reason}")
        self._consoles.open(outcome.result, launch.source.manifest.console)
        return outcome.result

    def spawn(
        self, program: str | Path | bytes, args: Sequence[str | bytes] = (), *, name: str | None = None,
        options: Options | None = None,
    ) -> int:  # fmt: skip
        """Start a bundled app's name, a path to a .wasm or .wat, or bytes; its pid. Raises `SpawnRefused`."""
        return self.finish_launch(self.launch(program, args, name=name, options=options))

    def kill_process(self, pid: int) -> None:
        """End a process: no further slice of it runs. Raises `CallRefused`."""
        self._checked(f"kill {pid}", self._now(c.Kill(pid)))

    # --- consoles -------------------------------------------------------------------------------------------------

    def register_console_callback(self, pid: int, callback: ConsoleCallback) -> None:
        """`callback(data, stream)` gets what was kept and then everything the process writes."""
        self._consoles.register(pid, callback)

    def unregister_console_callback(self, pid: int) -> None:
        self._consoles.unregister(pid)

    def hold_console(self, pid: int, held: bool) -> None:
        """From the next tick on: held output stays in the kernel's buffer; when that is full its writer waits."""
        if held != (pid in self._held):
            (self._held.add if held else self._held.discard)(pid)
            self._arrivals.add(c.Hold(pid, held))

    def console_mode(self, pid: int) -> ConsoleMode:
        return self._consoles.mode(pid)

    def set_console_mode(self, pid: int, mode: ConsoleMode) -> None:
        self._consoles.set_mode(pid, mode)

    def send_input_to_process(self, pid: int, data: str | bytes) -> None:
        """Console input: one MSG_CONSOLE_INPUT, several if it is longer than a message. Raises `InputRefused`."""
        # BYTE PATH 2: the supervisor takes the bytes of a tab for the process behind it
        committed = self._machine.gateway.state.committed
        if not committed.alive(pid):
            raise InputRefused(f"process {pid} has ended")
        console = committed.console_of(pid)
        if not notice_endpoint(committed, pid if console is None else console.reader):
            raise InputRefused(f"process {pid} has no input endpoint any more")
        self._consoles.enqueue(pid, split_input(data.encode() if isinstance(data, str) else data))

    def input_room(self, pid: int) -> int:
        """Bytes of console input that would be taken; whoever sends no more is never refused for want of room."""
        return self._consoles.room(pid)

    def send_end_of_input(self, pid: int) -> None:
        """Programs of this ABI see the end of input as a message of its own (kernel: Console), WASI programs as one
        without bytes: every byte may stand in what they read."""
        if self._machine.has_descriptors(pid):
            self._consoles.enqueue(pid, [b""])
        else:
            self.send_input_to_process(pid, abi.END_OF_INPUT)

    # --- privileges -----------------------------------------------------------------------------------------------

    def grant_capability(
        self, pid: int, object_type: ObjectType, object_id: int, perms: Rights | int, slot: int | None = None,
        expires_in_ms: int | None = None, uses: int | None = None,
    ) -> int:  # fmt: skip
        """Give a capability from the root of an object; its slot. Raises `CallRefused`."""
        command = c.GrantCap(pid, object_type, object_id, perms, slot, expires_in_ms or 0, uses or 0)
        return self._checked(f"grant to {pid}", self._now(command)).result

    def derive_capability(
        self, pid: int, slot: int, to_pid: int, perms: Rights | int, expires_in_ms: int | None = None,
        uses: int | None = None,
    ) -> int:  # fmt: skip
        """Give `to_pid` a weaker copy, below the capability in that slot; its slot. Raises `CallRefused`."""
        command = c.Derive(pid, slot, to_pid, perms, expires_in_ms or 0, uses or 0)
        return self._checked(f"derive slot {slot} of {pid}", self._now(command)).result

    def preview_revocation(self, pid: int, slot: int, *, keep_own: bool = False) -> Revocation:
        """What revoking would take, from the code that revokes. Raises `CallRefused`."""
        return self.preview_revocations([(pid, slot)], keep_own=keep_own)

    def preview_revocations(self, targets: Targets, *, keep_own: bool = False) -> Revocation:
        """The same for several (pid, slot) at once."""
        removal = revocation(self._machine.gateway.state, targets, keep_own)
        if removal is None:
            raise CallRefused("revoke", abi.Errno.E_BADF)
        return revocation_of(removal, self._machine.gateway.commits.seq)

    def revoke_capability(self, pid: int, slot: int, *, keep_own: bool = False) -> Revocation:
        """Take a capability and all that was derived from it; what went. Raises `CallRefused`."""
        return self.revoke_capabilities([(pid, slot)], keep_own=keep_own)

    def revoke_capabilities(
        self, targets: Targets, *, keep_own: bool = False, confirmed: Revocation | None = None
    ) -> Revocation:
        """Take several at once, as one step.

        `confirmed` is the preview a person said yes to: if more would go by now, nothing does, and `RevocationGrew`
        carries the preview to ask about again. Raises `CallRefused`.
        """
        taken = self.preview_revocations(targets, keep_own=keep_own)
        if confirmed is not None and not taken.cap_ids <= confirmed.cap_ids:
            raise RevocationGrew(taken)
        self._checked("revoke", self._now(c.Revoke(tuple(targets), keep_own)))
        self._prompts.taken({(each.pid, each.slot) for each in taken.removed})
        return taken

    def send_message(self, pid: int, slot: int, tag: int, data: bytes) -> None:
        """Drive a program's own endpoint, in tests and tools. Raises `CallRefused`."""
        self._checked(f"message to {pid}", self._now(c.Send(pid, slot, tag, data)))

    def prompts(self) -> tuple[PromptSnapshot, ...]:
        """What programs ask of the person, oldest first."""
        return self._prompts.open()

    def answer_prompt(self, request_id: int, decision: Decision) -> None:
        """Carry out a person's answer; nothing happens when the asker has gone."""
        command = self._prompts.answer(request_id, decision)
        if command is not None:
            self._now(command)

    def answers(self) -> tuple[AnswerSnapshot, ...]:
        """Every answer of this session; one with a slot can be taken back by `revoke_capability`."""
        return self._prompts.answers()

    def withdraw_answer(self, request_id: int) -> None:
        """An answer for the session is not given again without asking; what it gave stays until it is revoked."""
        self._prompts.withdraw(request_id)

    # --- running --------------------------------------------------------------------------------------------------

    def poll_syscalls(self, *, budget_ms: float = abi.MAX_TICK_MS) -> PollReport:
        """One tick: apply what is waiting, run what is ready, drain consoles to their callbacks."""
        deadline = time.perf_counter_ns() + int(min(budget_ms, abi.MAX_TICK_MS) * _NS_PER_MS)
        gateway, calls = self._machine.gateway, self._machine.gateway.event
        report = self._tick(self._arrivals.commands(), lambda: time.perf_counter_ns() < deadline)
        ended, self._ended = tuple(self._ended), []
        opened, self._opened = tuple(self._opened), []
        idle = self._machine.idle and not self._arrivals.ready
        calls, logged, self._told = gateway.event - calls, gateway.logged - self._told, gateway.logged
        return PollReport(1, report.slices, calls, idle, self._wake_at(), ended, opened, logged)

    def run_until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
        """Poll until `condition` holds; False when the time is over. For headless use and tests."""
        end = time.monotonic() + timeout_s
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                return False
            report = self.poll_syscalls()
            if report.idle and not condition():
                wake_in = left if report.wake_at_ns is None else (report.wake_at_ns - self.uptime_ns()) / 1e9
                select.select([], [], [], max(0.0, min(left, wake_in, 0.05)))
        return True

    def run_until_idle(self, timeout_s: float = 10.0) -> bool:
        """Poll until nothing is ready, arriving or being compiled; what only waits for time does not count."""
        return self.run_until(lambda: self.poll_syscalls().idle and not self._arrivals.at_work, timeout_s)

    def snapshot(self) -> MachineSnapshot:
        return self._viewer.snapshot()

    def origin_of(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        """The chain of grants from the root down to a slot."""
        return view.origin_of(self._machine.gateway.state, pid, slot)

    def derived_from(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        """A slot's capability and everything derived from it, with depths."""
        return view.derived_from(self._machine.gateway.state, pid, slot)

    def objects(self) -> tuple[ObjectSnapshot, ...]:
        """Everything a capability names at present."""
        return view.objects(self._machine.gateway.state, self._object_name)

    def holders_of(self, object_type: ObjectType, object_id: int) -> tuple[CapabilityNode, ...]:
        """Who can reach an object, and through whom."""
        return view.holders_of(self._machine.gateway.state, object_type, object_id)

    def event_log(self, *, messages: bool = False) -> EventLog:
        """A reader of what happens to authority; each has its own place in the logs."""
        return EventLog(self._machine.gateway, self._object_name, messages=messages)

    def recent_events(self, after: int = 0) -> list[SysEvent]:
        """SysLog rows still in memory with a higher number, oldest first."""
        return list(self._machine.gateway.syslog.after(after))

    def verify(self) -> str | None:
        """Walk the commit chain and reduce it again; what is wrong in one line, or None."""
        return replay.check(self._machine.gateway.commits, self._machine.gateway.state.committed)

    def exit_of(self, pid: int) -> ExitSnapshot | None:
        """How a process ended, None while it lives or when it is no longer listed."""
        process = self._machine.gateway.state.committed.processes.get(pid)
        return None if process is None else exit_of(process)

    @property
    def machine(self) -> Machine:
        """The machine itself, for tests and tools that look into the logs."""
        return self._machine

    # --- the parts ------------------------------------------------------------------------------------------------

    @property
    def recording(self) -> Recorder | None:
        """What records this session, for whoever may pause, end or forget it; None when nothing does."""
        return self._recorded.recorder

    @property
    def recording_problem(self) -> str:
        """Why there is no recording, or it stopped before the session, one line; empty when nothing is wrong."""
        return self._recorded.problem

    @property
    def durable_tick(self) -> int:
        """The last tick that survives a kill; 0 when nothing is recorded."""
        return 0 if self.recording is None else self.recording.durable_tick

    @property
    def recorded_tick(self) -> int:
        """The last tick that was handed to the recording; it survives once `durable_tick` has reached it."""
        return 0 if self.recording is None else self.recording.tick

    def wait_durable(self) -> None:
        """Wait until everything up to here survives a kill; not if it never will, or is held by a pause."""
        self._recorded.wait_durable()

    def past(self) -> Past:
        """This session up to here, one at a time: its recording, or the commits in memory. Raises `Refused`."""
        return self._recorded.past(self._stored.name)

    @staticmethod
    def open(recording: Path, cache: Path | None = None) -> Past:
        """A recorded session as it was, from its first tick; nothing in it can be changed. Raises `Refused`."""
        from zos_core.past import open_recording

        return open_recording(recording, cache)

    def open_storage(self) -> Storage:
        """What programs store, opened when it is first wanted. Raises `Refused`."""
        return self._stored.open()

    @property
    def storage_problem(self) -> str:
        """Why what programs store could not be opened, one line; empty when nothing is wrong."""
        return self._stored.problem

    def _own_storage(self, pid: int) -> int | None:
        """The namespace of the program that runs as `pid`."""
        process = self._machine.processes.get(pid)
        source = None if process is None else self._launcher.source_of(process.program)
        try:
            return None if source is None else self._launcher.namespace_of(source)
        except Refused:
            return None

    def _program_of(self, pid: int) -> bytes:
        process = self._machine.processes.get(pid)
        return b"" if process is None else process.program.info.sha256

    def _object_name(self, object_type: int, object_id: int) -> str:
        known = self._stored.name(object_id) if object_type == ObjectType.STORAGE else ""
        return known or object_name(self._machine.gateway.state, object_type, object_id)

    def _namespace(self, program: str, origin: str) -> int:
        return self._stored.namespace(program, origin)

    def _now(self, command: c.Command) -> Outcome:
        """Apply one command at once, in a tick without slices."""
        return self._tick([command], None).outcomes[0]

    def _checked(self, what: str, outcome: Outcome) -> Outcome:
        if outcome.result & abi.ERROR_BIT:
            raise CallRefused(what, abi.Errno(outcome.result & ~abi.ERROR_BIT), outcome.reason)
        return outcome

    def _tick(self, commands: Sequence[c.Command], more: Callable[[], bool] | None) -> TickReport:
        report = self._machine.tick(commands, more)
        for command, outcome in zip(commands, report.outcomes, strict=True):
            if isinstance(command, c.Create) and command.request is not None:
                self._note_opened(command, outcome)
            if isinstance(command, c.AnswerPrompt) and command.allowed and not outcome.result & abi.ERROR_BIT:
                self._prompts.granted(command, outcome.result)
        self._consoles.deliver(report.output)
        for pid in report.ended:
            self._note_ended(pid)
        self._arrivals.collect()
        for message in report.messages:
            answer = self._prompts.receive(*message, self._machine.gateway.now)
            if answer is not None:
                self._arrivals.add(answer)
        return report

    def _note_opened(self, command: c.Create, outcome: Outcome) -> None:
        """A program started another one: with a console of its own it wants a tab."""
        if outcome.result & abi.ERROR_BIT or command.request is None or command.request.flags:
            return
        mode = self._launcher.registry.registered(command.name).manifest.console
        self._consoles.open(outcome.result, mode)
        self._opened.append(ConsoleOpened(outcome.result, command.name, mode))

    def _note_ended(self, pid: int) -> None:
        process = self._machine.gateway.state.committed.processes.get(pid)
        how = None if process is None else exit_of(process)
        if process is not None and how is not None:
            self._ended.append(ProcessEnded(pid, process.name, how))
        self._consoles.ended(pid)
        self._held.discard(pid)

    def _wake_at(self) -> int | None:
        wake, look = self._machine.wake_at_ns(), self._arrivals.look_again_ns(self.uptime_ns())
        return wake if look is None else look if wake is None else min(wake, look)
