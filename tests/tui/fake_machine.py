"""A machine for desktop tests: echoing consoles and two system processes, without a kernel.

It satisfies `zos_tui.ports.Machine`. Everything asked of it is kept in `asked`, in order, so that a test reads as a
transcript; `say` makes a process write, `end` makes it end, and both are delivered by the next poll.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from zos_core.abi import ExitHow, ObjectType, ProcessState, Rights
from zos_core.errors import Refused
from zos_core.snapshot import (
    CapabilitySnapshot,
    ConsoleMode,
    ConsoleOpened,
    Counters,
    ExitSnapshot,
    MachineSnapshot,
    PollReport,
    ProcessEnded,
    ProcessSnapshot,
    RemovedCapability,
    Revocation,
)
from zos_tui.ports import ConsoleCallback


@dataclass(frozen=True)
class FakeProgram:
    name: str
    title: str
    description: str


@dataclass(eq=False)
class FakeLaunch:
    """Done when the test says so."""

    program: str
    done: bool
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


def capability(
    slot: int, kind: ObjectType, object_id: int, name: str, perms: Rights, uses: int = 0
) -> CapabilitySnapshot:
    """A capability as the kernel would show it, granted at spawn."""
    return CapabilitySnapshot(
        cap_id=100 + slot,
        slot=slot,
        object_type=kind,
        object_id=object_id,
        object_name=name,
        perms=perms,
        parent=0,
        parent_pid=0,
        how="spawn",
        granted_by=0,
        expires_at=0,
        uses_left=0,
        children=0,
        uses=uses,
        last_used=0,
    )


def process(pid: int, name: str, *caps: CapabilitySnapshot, console: bool = False) -> ProcessSnapshot:
    return ProcessSnapshot(
        pid=pid,
        parent=0 if pid == 1 else 1,
        name=name,
        state=ProcessState.WAITING,
        memory_size=pid * 1_048_576,
        fuel=pid * 1000,
        syscalls=pid * 10,
        messages_in=pid,
        messages_out=pid,
        queued=0,
        notices_unread=0,
        capabilities=caps,
        has_console=console,
    )


@dataclass
class FakeMachine:
    """Echoes what is typed, `\\r` as a new line and a prompt; `mode` is what every process asks for at start."""

    mode: ConsoleMode = ConsoleMode.RAW
    greeting: bytes = b"$ "
    boot_error: str = ""
    echo: bool = True
    asked: list[tuple[object, ...]] = field(default_factory=list)
    processes: dict[int, ProcessSnapshot] = field(default_factory=dict)
    callbacks: dict[int, ConsoleCallback] = field(default_factory=dict)
    output: list[tuple[int, bytes]] = field(default_factory=list)
    ended: list[ProcessEnded] = field(default_factory=list)
    opened: list[ConsoleOpened] = field(default_factory=list)
    modes: dict[int, ConsoleMode] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    now_ns: int = 0
    wake_at_ns: int | None = None
    sequence: int = 0
    on_poll: Callable[[], None] | None = None
    input_full: bool = False
    compiling: bool = False
    launches: list[FakeLaunch] = field(default_factory=list)

    # --- the protocol -------------------------------------------------------------------------------------------

    def boot(self) -> None:
        if self.boot_error:
            raise Refused(self.boot_error)
        own = capability(0, ObjectType.ENDPOINT, 1, "init", Rights.ALL)
        self.processes[1] = process(1, "init", own)
        self.processes[2] = process(2, "permission", replace(own, object_id=2, object_name="permission"))

    def launch(self, program: str, args: Sequence[str] = ()) -> FakeLaunch:
        self.asked.append(("spawn", program, *args))
        if program == "missing":
            raise Refused("missing: no such program")
        launch = FakeLaunch(program, done=not self.compiling)
        self.launches.append(launch)
        return launch

    def finish_launch(self, launch: FakeLaunch) -> int:
        if launch.program == "broken":
            raise Refused("broken: the module is not valid")
        return self.spawn(launch.program)

    def spawn(self, program: str) -> int:
        """A process with a console, at once."""
        pid = max(self.processes, default=0) + 1
        self.processes[pid] = process(
            pid,
            program,
            capability(0, ObjectType.ENDPOINT, pid * 10, f"{program}.own", Rights.ALL, uses=3),
            capability(1, ObjectType.ENDPOINT, pid * 10 + 1, f"{program}.input", Rights.ALL),
            capability(4, ObjectType.CONSOLE, pid, f"console {pid}", Rights.WRITE, uses=12),
            console=True,
        )
        self.modes[pid] = self.mode
        if self.greeting:
            self.say(pid, self.greeting)
        return pid

    def programs(self) -> Sequence[FakeProgram]:
        return (
            FakeProgram("terminal", "Terminal", "A shell"),
            FakeProgram("pingpong", "Ping-pong", "Measures latency"),
        )

    def register_console_callback(self, pid: int, callback: ConsoleCallback) -> None:
        self.callbacks[pid] = callback

    def unregister_console_callback(self, pid: int) -> None:
        self.callbacks.pop(pid, None)

    def hold_console(self, pid: int, held: bool) -> None:
        (self.held.add if held else self.held.discard)(pid)

    def send_input_to_process(self, pid: int, data: str | bytes) -> None:
        if self.input_full:
            raise Refused("input refused: 64 KiB are waiting")
        raw = data.encode() if isinstance(data, str) else data
        self.asked.append(("input", pid, raw))
        if self.echo:
            self.say(pid, raw.replace(b"\r", b"\n$ "))

    def send_end_of_input(self, pid: int) -> None:
        self.asked.append(("end of input", pid))

    def console_mode(self, pid: int) -> ConsoleMode:
        return self.modes.get(pid, ConsoleMode.LINE)

    def set_console_mode(self, pid: int, mode: ConsoleMode) -> None:
        self.asked.append(("mode", pid, mode))
        self.modes[pid] = mode

    def kill_process(self, pid: int) -> None:
        self.asked.append(("kill", pid))
        self.end(pid, ExitSnapshot(ExitHow.KILLED, -1))

    def revoke_capability(self, pid: int, slot: int) -> Revocation:
        self.asked.append(("revoke", pid, slot))
        victim = self.processes[pid]
        gone = [c for c in victim.capabilities if c.slot == slot]
        kept = tuple(c for c in victim.capabilities if c.slot != slot)
        self.processes[pid] = replace(victim, capabilities=kept)
        removed = tuple(RemovedCapability(c.cap_id, pid, slot, c.object_type, c.object_id, c.perms) for c in gone)
        return Revocation(removed, (), self.sequence)

    def poll_syscalls(self, *, budget_ms: float) -> PollReport:
        assert budget_ms > 0
        if self.on_poll:
            self.on_poll()
        self.sequence += 1
        waiting, self.output = self.output, []
        for pid, data in waiting:
            if pid in self.callbacks and pid not in self.held:
                self.callbacks[pid](data, 1)
            elif pid in self.processes:
                self.output.append((pid, data))
        ended, self.ended = tuple(self.ended), []
        opened, self.opened = tuple(self.opened), []
        busy = bool(waiting or ended or opened) and not self.held
        return PollReport(1, 1, len(waiting), not busy, self.wake_at_ns, ended, opened)

    def snapshot(self) -> MachineSnapshot:
        rows = tuple(sorted(self.processes.values(), key=lambda p: p.pid))
        return MachineSnapshot(
            time_ns=self.now_ns,
            sequence=self.sequence,
            processes=rows,
            endpoints=(),
            counters=Counters(),
            head="0" * 64,
            by_pid={row.pid: row for row in rows},
        )

    def uptime_ns(self) -> int:
        return self.now_ns

    def close(self) -> None:
        self.asked.append(("close",))

    # --- what a test makes happen -------------------------------------------------------------------------------

    def say(self, pid: int, data: bytes) -> None:
        """`pid` writes to its console."""
        self.output.append((pid, data))

    def end(self, pid: int, how: ExitSnapshot) -> None:
        """`pid` ends; it stays listed, as an ended process."""
        before = self.processes[pid]
        self.processes[pid] = replace(before, state=ProcessState.EXITED, exit=how, capabilities=())
        self.ended.append(ProcessEnded(pid, before.name, how))

    def open_console(self, name: str) -> int:
        """A program starts another one with a console of its own."""
        pid = max(self.processes) + 1
        self.processes[pid] = process(pid, name, console=True)
        self.modes[pid] = ConsoleMode.LINE
        self.opened.append(ConsoleOpened(pid, name, ConsoleMode.LINE))
        return pid
