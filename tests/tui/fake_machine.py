"""A machine for desktop tests: echoing consoles and two system processes, without a kernel.

It satisfies `zos_tui.ports.Machine`. Everything asked of it is kept in `asked`, in order, so that a test reads as a
transcript; `say` makes a process write, `end` makes it end, and both are delivered by the next poll. Capabilities form
a forest by their `parent`; what is taken goes with its descendants and is told in the event log, as in the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from zos_core.abi import Errno, ExitHow, ObjectType, ProcessState, RevokeReason, Rights, Sys
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import CallRefused, Refused, RevocationGrew
from zos_core.launcher import Options
from zos_core.prompts import Choice, Decision
from zos_core.snapshot import (
    AnswerSnapshot,
    CapabilityNode,
    CapabilitySnapshot,
    ConsoleMode,
    ConsoleOpened,
    Counters,
    EndpointSnapshot,
    EventKind,
    EventSnapshot,
    ExitSnapshot,
    MachineSnapshot,
    Notice,
    ObjectSnapshot,
    PollReport,
    ProcessEnded,
    ProcessSnapshot,
    ProgramSummary,
    PromptSnapshot,
    RecordingState,
    RemovedCapability,
    RequestSummary,
    Revocation,
    rights_text,
)
from zos_tui.ports import ConsoleCallback, Past, Targets


@dataclass(frozen=True)
class FakeProgram:
    name: str
    title: str
    description: str


def summary(
    name: str, *requests: RequestSummary, wasi: bool = True, bundled: bool = False,
    foreign: tuple[tuple[str, str], ...] = (),
) -> ProgramSummary:  # fmt: skip
    """A program that imports two functions, and `foreign` ones."""
    module = "wasi_snapshot_preview1" if wasi else "env"
    imports = ((module, "fd_read"), (module, "fd_write"), *foreign)
    return ProgramSummary(name, name, "", 370_907, wasi, bundled, imports, foreign, requests)


@dataclass(eq=False)
class FakeLaunch:
    """Done when the test says so."""

    program: str
    done: bool
    cancelled: bool = False
    elapsed_s: float = 0.0

    def cancel(self) -> None:
        self.cancelled = True


class FakeEvents:
    """A reader of what the double tells."""

    def __init__(self, told: list[EventSnapshot], messages: bool) -> None:
        self._told = told
        self._messages = messages
        self._read = 0

    def news(self) -> list[EventSnapshot]:
        rows = [row for row in self._told[self._read :] if self._messages or row.kind is not EventKind.MESSAGE]
        self._read = len(self._told)
        return rows


def capability(
    slot: int, kind: ObjectType, object_id: int, name: str, perms: Rights, uses: int = 0, *, cap_id: int = 0
) -> CapabilitySnapshot:
    """A capability as the kernel would show it, granted at spawn."""
    return CapabilitySnapshot(
        cap_id=cap_id or 100 + slot,
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
class FakeRecording:
    """A recording that does what it is told, and writes nothing."""

    asked: list[tuple[object, ...]]
    state: RecordingState = RecordingState.ON
    path: Path = Path("recordings/2026-03-01_12-00-00.zosrec")
    unwilling: bool = False

    def pause(self) -> None:
        self.asked.append(("pause",))
        self.state = RecordingState.PAUSED

    def go_on(self, *, keep: bool) -> None:
        self.asked.append(("go on", keep))
        self.state = RecordingState.ON if keep else RecordingState.ENDED

    def forget(self) -> None:
        if self.unwilling:
            raise PermissionError(13, "Permission denied")
        self.asked.append(("forget",))
        self.state = RecordingState.FORGOTTEN


@dataclass
class FakeMachine:
    """Echoes what is typed, `\\r` as a new line and a prompt; `mode` is what every process asks for at start."""

    mode: ConsoleMode = ConsoleMode.RAW
    greeting: bytes = b"$ "
    boot_error: str = ""
    storage_error: str = ""
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
    told: list[EventSnapshot] = field(default_factory=list)
    asking: list[PromptSnapshot] = field(default_factory=list)
    answered: list[AnswerSnapshot] = field(default_factory=list)
    calls: list[SysEvent] = field(default_factory=list)
    before_revoking: Callable[[], None] | None = None
    deaf: set[int] = field(default_factory=set)
    """Processes that own no endpoint to take a notice."""
    next_cap: int = 1000
    options: Options = field(default_factory=Options)
    """Those of the last launch."""
    summaries: dict[str, ProgramSummary] = field(default_factory=dict)
    """What is at a path."""
    recording: FakeRecording | None = None
    recording_problem: str = ""
    make_past: Callable[[], Past] | None = None

    def __post_init__(self) -> None:
        self.recording = FakeRecording(self.asked)

    # --- the protocol -------------------------------------------------------------------------------------------

    def boot(self) -> None:
        if self.boot_error:
            raise Refused(self.boot_error)
        own = capability(0, ObjectType.ENDPOINT, 1, "init", Rights.ALL, cap_id=10)
        self.processes[1] = process(1, "init", own)
        self.processes[2] = process(2, "permission", replace(own, cap_id=20, object_id=2, object_name="permission"))

    def open_storage(self) -> None:
        if self.storage_error:
            raise Refused(self.storage_error)

    def launch(self, program: str, args: Sequence[str] = (), *, options: Options | None = None) -> FakeLaunch:
        self.asked.append(("spawn", program, *args))
        self.options = options or Options()
        if program == "missing":
            raise Refused("missing: no such program")
        for each in self.options.directories:
            if not each.host.is_dir():
                raise Refused(f"{each.host}: cannot be given as a directory: No such file or directory")
        launch = FakeLaunch(program, done=not self.compiling)
        self.launches.append(launch)
        return launch

    def finish_launch(self, launch: FakeLaunch) -> int:
        if launch.program == "broken":
            raise Refused("broken: the module is not valid")
        return self.spawn(PurePath(launch.program).stem)

    def program_summary(self, program: str) -> ProgramSummary:
        self.asked.append(("summary", program))
        if program in self.summaries:
            return self.summaries[program]
        if program not in [each.name for each in self.programs()]:
            raise Refused(f"{program}: No such file or directory")
        return summary(program, bundled=True, wasi=False)

    def spawn(self, program: str) -> int:
        """A process with a console, at once."""
        pid = max(self.processes, default=0) + 1
        self.processes[pid] = process(
            pid,
            program,
            capability(0, ObjectType.ENDPOINT, pid * 10, f"{program}.own", Rights.ALL, uses=3, cap_id=pid * 100),
            capability(1, ObjectType.ENDPOINT, pid * 10 + 1, f"{program}.input", Rights.ALL, cap_id=pid * 100 + 1),
            capability(4, ObjectType.CONSOLE, pid, f"console {pid}", Rights.WRITE, uses=12, cap_id=pid * 100 + 4),
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

    # --- authority ----------------------------------------------------------------------------------------------

    def every(self) -> Iterator[tuple[int, CapabilitySnapshot]]:
        """Every capability with its holder, by pid and slot."""
        for pid in sorted(self.processes):
            yield from ((pid, each) for each in self.processes[pid].capabilities)

    def find(self, pid: int, slot: int) -> CapabilitySnapshot:
        found = [each for holder, each in self.every() if (holder, each.slot) == (pid, slot)]
        if not found:
            raise CallRefused("revoke", Errno.E_BADF)
        return found[0]

    def insert(self, pid: int, made: CapabilitySnapshot, *, slot: int | None = None) -> int:
        """Put a capability into a slot of `pid`, the next one by default."""
        victim = self.processes[pid]
        at = slot if slot is not None else max((each.slot for each in victim.capabilities), default=-1) + 1
        self.next_cap += 1
        inserted = replace(made, cap_id=self.next_cap, slot=at)
        self.processes[pid] = replace(victim, capabilities=(*victim.capabilities, inserted))
        what = f"slot {at} {inserted.object_name} {rights_text(inserted.perms)}"
        self.tell(EventKind.GRANTED, pid, what, by=inserted.granted_by)
        return at

    def grant_capability(
        self, pid: int, object_type: ObjectType, object_id: int, perms: Rights | int, *,
        expires_in_ms: int | None = None, uses: int | None = None,
    ) -> int:  # fmt: skip
        self.asked.append(("grant", pid, object_type, object_id, perms, expires_in_ms, uses))
        if object_id == 666:
            raise CallRefused(f"grant to {pid}", Errno.E_INVAL, "no such object")
        name = f"{ObjectType(object_type).name.lower()} {object_id}"
        made = capability(0, object_type, object_id, name, Rights(perms))
        expires = self.now_ns + expires_in_ms * 1_000_000 if expires_in_ms else 0
        return self.insert(pid, replace(made, how="grant", expires_at=expires, uses_left=uses or 0))

    def derive_capability(
        self, pid: int, slot: int, to_pid: int, perms: Rights | int, expires_in_ms: int | None = None,
        uses: int | None = None,
    ) -> int:  # fmt: skip
        self.asked.append(("derive", pid, slot, to_pid, perms, expires_in_ms, uses))
        source = self.find(pid, slot)
        made = replace(
            source,
            perms=source.perms & perms,
            parent=source.cap_id,
            parent_pid=pid,
            how="derive",
            granted_by=pid,
            uses=0,
        )
        return self.insert(to_pid, made)

    def below(self, top: CapabilitySnapshot, depth: int = 0) -> Iterator[tuple[int, int, CapabilitySnapshot]]:
        """(depth, pid, capability) of a capability and its descendants, parents first."""
        for pid, each in list(self.every()):
            if each.cap_id == top.cap_id:
                yield depth, pid, each
        for _, each in list(self.every()):
            if each.parent == top.cap_id:
                yield from self.below(each, depth + 1)

    def preview_revocations(self, targets: Targets, *, keep_own: bool = False) -> Revocation:
        going: dict[int, tuple[int, CapabilitySnapshot]] = {}
        for pid, slot in targets:
            for depth, holder, each in reversed(list(self.below(self.find(pid, slot)))):
                if depth or not keep_own:
                    going.setdefault(each.cap_id, (holder, each))
        removed = tuple(
            RemovedCapability(each.cap_id, pid, each.slot, each.object_type, each.object_id, each.perms)
            for pid, each in going.values()
        )
        reason = RevokeReason.EXPLICIT
        notices = tuple(Notice(each.pid, each.slot, reason, each.pid not in self.deaf) for each in removed)
        return Revocation(removed, notices, self.sequence)

    def revoke_capabilities(
        self, targets: Targets, *, keep_own: bool = False, confirmed: Revocation | None = None
    ) -> Revocation:
        if self.before_revoking is not None:
            before, self.before_revoking = self.before_revoking, None
            before()
        taken = self.preview_revocations(targets, keep_own=keep_own)
        if confirmed is not None and not taken.cap_ids <= confirmed.cap_ids:
            raise RevocationGrew(taken)
        self.asked.append(("revoke", *targets))
        self.take(taken, "revoked")
        return taken

    def take(self, taken: Revocation, word: str) -> None:
        """What is named goes, and the log tells of it."""
        for each in taken.removed:
            victim = self.processes[each.pid]
            kept = tuple(held for held in victim.capabilities if held.cap_id != each.cap_id)
            self.processes[each.pid] = replace(victim, capabilities=kept)
            self.tell(EventKind.REVOKED, each.pid, f"✗ slot {each.slot} {word}")

    def _node(self, depth: int, pid: int, each: CapabilitySnapshot) -> CapabilityNode:
        name = f"{self.processes[pid].name} ({pid})"
        origin = (each.how, each.granted_by, each.expires_at, each.uses_left)
        return CapabilityNode(each.cap_id, pid, name, each.slot, each.perms, *origin, depth)

    def origin_of(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        chain, by_id = [(pid, self.find(pid, slot))], {each.cap_id: (holder, each) for holder, each in self.every()}
        while chain[0][1].parent in by_id:
            chain.insert(0, by_id[chain[0][1].parent])
        root = CapabilityNode(1, 0, "the system", 0, Rights.ALL, "root", 0, 0, 0, 0)
        return (root, *(self._node(depth, *link) for depth, link in enumerate(chain, 1)))

    def derived_from(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        return tuple(self._node(*each) for each in self.below(self.find(pid, slot)))

    def objects(self) -> tuple[ObjectSnapshot, ...]:
        found: dict[tuple[ObjectType, int], list[str]] = {}
        for _, each in self.every():
            found.setdefault((each.object_type, each.object_id), []).append(each.object_name)
        return tuple(ObjectSnapshot(*which, names[0], len(names)) for which, names in sorted(found.items()))

    def holders_of(self, object_type: ObjectType, object_id: int) -> tuple[CapabilityNode, ...]:
        named = [each for _, each in self.every() if (each.object_type, each.object_id) == (object_type, object_id)]
        tops = [each for each in named if each.parent not in {other.cap_id for other in named}]
        return tuple(self._node(*node) for top in tops for node in self.below(top))

    def prompts(self) -> tuple[PromptSnapshot, ...]:
        return tuple(self.asking)

    def answer_prompt(self, request_id: int, decision: Decision) -> None:
        prompt = next(each for each in self.asking if each.request_id == request_id)
        self.asking.remove(prompt)
        self.asked.append(("answer", request_id, decision))
        slot = None
        if decision.choice is not Choice.DENY:
            made = capability(0, prompt.object_type, prompt.object_id, prompt.object_name, prompt.perms)
            slot = self.insert(prompt.pid, replace(made, how="grant"))
        self.answered.append(AnswerSnapshot(request_id, prompt, decision.choice.value, slot))

    def answers(self) -> tuple[AnswerSnapshot, ...]:
        return tuple(self.answered)

    def withdraw_answer(self, request_id: int) -> None:
        self.answered = [
            replace(each, stands=False) if each.request_id == request_id else each for each in self.answered
        ]

    def event_log(self, *, messages: bool = False) -> FakeEvents:
        return FakeEvents(self.told, messages)

    def recent_events(self, after: int = 0) -> list[SysEvent]:
        return [each for each in self.calls if each.seq > after]

    def past(self) -> Past:
        self.asked.append(("past",))
        if self.make_past is None:
            raise Refused("the recording cannot be read: it is gone")
        return self.make_past()

    # --- running ------------------------------------------------------------------------------------------------

    def poll_syscalls(self, *, budget_ms: float) -> PollReport:
        assert budget_ms > 0
        if self.on_poll:
            self.on_poll()
        self.sequence += 1
        waiting, self.output = self.output, []
        delivered = False
        for pid, data in waiting:
            if pid in self.callbacks and pid not in self.held:
                delivered = True
                self.callbacks[pid](data, 1)
            elif pid in self.processes:
                self.output.append((pid, data))
        ended, self.ended = tuple(self.ended), []
        opened, self.opened = tuple(self.opened), []
        busy = bool(delivered or ended or opened) and not self.held
        return PollReport(1, 1, len(waiting), not busy, self.wake_at_ns, ended, opened, logged=1)

    def snapshot(self) -> MachineSnapshot:
        rows = tuple(sorted(self.processes.values(), key=lambda p: p.pid))
        return MachineSnapshot(
            time_ns=self.now_ns,
            sequence=self.sequence,
            processes=rows,
            endpoints=tuple(
                EndpointSnapshot(pid * 10, pid, 0, f"endpoint {pid * 10}") for pid in sorted(self.processes)
            ),
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

    def tell(self, kind: EventKind, pid: int, text: str, *, by: int = 0) -> None:
        """A row for the event log."""
        number = len(self.told) + 1
        self.told.append(EventSnapshot(self.now_ns, kind, pid, by, text, number, number))

    def ask(self, pid: int, reason: str, *, kind: ObjectType = ObjectType.STORAGE) -> PromptSnapshot:
        """`pid` asks the person for a capability."""
        perms = Rights.READ | Rights.WRITE
        name = f"{kind.name.lower()} 7"
        number = 50 + len(self.asking) + len(self.answered)
        prompt = PromptSnapshot(number, pid, self.processes[pid].name, kind, 7, name, perms, reason, self.now_ns)
        self.asking.append(prompt)
        return prompt

    def call(self, pid: int, num: Sys, *args: int, result: int = 0) -> None:
        """A system call of `pid`, for the log."""
        self.calls.append(SysEvent(len(self.calls) + 1, self.now_ns, pid, num, args, 0, result))

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
