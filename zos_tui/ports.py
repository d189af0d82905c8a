"""What the desktop asks of a machine: the part of `Supervisor` that it uses, as a protocol.

Rules of this file
- A view reads `snapshot()` and posts commands; it holds no kernel state (desktop: first paragraph).
- Everything here is synchronous and returns at once, except `poll_syscalls`, which runs for at most its budget.
- The double in the tests and the real supervisor both satisfy this protocol; mypy says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from zos_core.abi import ObjectType, Rights
from zos_core.axiom.syslog import SysEvent
from zos_core.launcher import Options
from zos_core.snapshot import (
    AnswerSnapshot,
    CapabilityNode,
    CommitSnapshot,
    ConsoleMode,
    EventSnapshot,
    MachineSnapshot,
    Moment,
    ObjectSnapshot,
    PollReport,
    ProgramSummary,
    PromptSnapshot,
    RecordingState,
    Revocation,
)

ConsoleCallback = Callable[[bytes, int], None]
"""Receives what a process wrote and the stream (1 output, 2 errors) it wrote it to."""


class Program(Protocol):
    """A bundled program as the start dialog lists it."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def description(self) -> str: ...


class Launching(Protocol):
    """A program on its way: it is being compiled, outside the machine."""

    @property
    def done(self) -> bool: ...

    @property
    def elapsed_s(self) -> float: ...

    def cancel(self) -> None: ...


class Events(Protocol):
    """A reader of what happens to authority, with its own place in the logs."""

    def news(self) -> list[EventSnapshot]:
        """Rows since the last look, oldest first."""


class Recording(Protocol):
    """What records the session, for a person who may stop it."""

    @property
    def path(self) -> Path: ...

    @property
    def state(self) -> RecordingState: ...

    def pause(self) -> None:
        """Write nothing that happens from here on, until `go_on`."""

    def go_on(self, *, keep: bool) -> None:
        """After a pause: write what happened meanwhile and go on, or end the recording where the pause began."""

    def forget(self) -> None:
        """Stop, and delete what was recorded. Raises OSError when it cannot be deleted."""


Targets = Sequence[tuple[int, int]]
"""Capabilities by (pid, slot)."""


class Machine(Protocol):
    """One machine, seen from the desktop. What it refuses is a `zos_core.errors.Refused` of one line."""

    def boot(self) -> None:
        """Start init and the permission service."""

    def open_storage(self) -> object:
        """Take hold of what programs store; refused when another process has it."""

    def launch(self, program: str, args: Sequence[str] = (), *, options: Options | None = None) -> Launching:
        """Begin to start a bundled program or a `.wasm`/`.wat` path, with a console of its own."""

    def program_summary(self, program: str) -> ProgramSummary:
        """What a program is, imports and asks for, without starting it. May be called from a thread."""

    def finish_launch(self, launch: Any) -> int:
        """Create the process of a launch that is done; its pid."""

    def programs(self) -> Sequence[Program]:
        """The bundled programs, in the order to show them."""

    def register_console_callback(self, pid: int, callback: ConsoleCallback) -> None: ...

    def unregister_console_callback(self, pid: int) -> None: ...

    def hold_console(self, pid: int, held: bool) -> None:
        """While held, output stays in the kernel's console buffer; when that is full its writer waits."""

    def send_input_to_process(self, pid: int, data: str | bytes) -> None:
        """Console input: one message, in order. Refused visibly when 64 KiB are waiting already."""

    def send_end_of_input(self, pid: int) -> None: ...

    def console_mode(self, pid: int) -> ConsoleMode:
        """The mode its manifest or the user chose: who edits a line."""

    def set_console_mode(self, pid: int, mode: ConsoleMode) -> None: ...

    def kill_process(self, pid: int) -> None: ...

    # --- authority ----------------------------------------------------------------------------------------------

    def grant_capability(
        self, pid: int, object_type: ObjectType, object_id: int, perms: Rights | int, *,
        expires_in_ms: int | None = None, uses: int | None = None,
    ) -> int:  # fmt: skip
        """From the root of an object; the slot it went to."""

    def derive_capability(
        self, pid: int, slot: int, to_pid: int, perms: Rights | int, expires_in_ms: int | None = None,
        uses: int | None = None,
    ) -> int:  # fmt: skip
        """A weaker copy for `to_pid`, below the capability in that slot; its slot."""

    def preview_revocations(self, targets: Targets, *, keep_own: bool = False) -> Revocation:
        """What revoking would take, from the code that revokes."""

    def revoke_capabilities(
        self, targets: Targets, *, keep_own: bool = False, confirmed: Revocation | None = None
    ) -> Revocation:
        """Take several as one step. Raises `RevocationGrew` when more would go than was confirmed."""

    def origin_of(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        """The chain of grants from the root down to a slot."""

    def derived_from(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        """A slot's capability and everything derived from it, with depths."""

    def objects(self) -> tuple[ObjectSnapshot, ...]: ...

    def holders_of(self, object_type: ObjectType, object_id: int) -> tuple[CapabilityNode, ...]:
        """Who can reach an object, and through whom."""

    def prompts(self) -> tuple[PromptSnapshot, ...]: ...

    def answer_prompt(self, request_id: int, decision: Any) -> None:
        """`decision` is a `zos_core.prompts.Decision`."""

    def answers(self) -> tuple[AnswerSnapshot, ...]: ...

    def withdraw_answer(self, request_id: int) -> None:
        """An answer for the session is not given again without asking."""
    # --- its recording, and its past ----------------------------------------------------------------------------

    @property
    def recording(self) -> Recording | None:
        """None when nothing is recorded."""

    @property
    def recording_problem(self) -> str:
        """Why nothing is recorded, or not any more, when no person wanted it so; one line or nothing."""

    def past(self) -> Past:
        """This session as it was, up to here; the one given before is closed."""

    # --- running ------------------------------------------------------------------------------------------------

    def event_log(self, *, messages: bool = False) -> Events:
        """A reader; `messages` adds what programs send each other."""

    def recent_events(self, after: int = 0) -> Sequence[SysEvent]:
        """System calls still in memory, oldest first."""

    def poll_syscalls(self, *, budget_ms: float) -> PollReport:
        """Run what is ready for at most `budget_ms`, and hand console output to the callbacks."""

    def snapshot(self) -> MachineSnapshot: ...

    def uptime_ns(self) -> int: ...

    def close(self) -> None: ...


class Written(Protocol):
    """What a console has written: `pieces` in order, after `forgotten` ones that are no longer kept."""

    @property
    def pieces(self) -> Sequence[bytes]: ...

    @property
    def forgotten(self) -> int: ...

    @property
    def size(self) -> tuple[int, int] | None:
        """Columns and lines of its terminal, as its program was told; None when it did not ask."""

    def upto(self, tick: int) -> int:
        """How many pieces there were by the end of this tick, forgotten ones included."""


class Doing(Protocol):
    """What is being done for where somebody wants to be, and how much of it: 0 to 1."""

    @property
    def what(self) -> str: ...

    @property
    def share(self) -> float: ...


class Past(Machine, Protocol):
    """A session as it was at one moment. It shows what a machine shows, and refuses whatever would change one."""

    @property
    def name(self) -> str: ...

    @property
    def moment(self) -> Moment: ...

    @property
    def version(self) -> int:
        """Changes with everything that is to be shown anew."""

    @property
    def ticks(self) -> int:
        """The last tick there is."""

    @property
    def known(self) -> int:
        """How many ticks have been read."""

    @property
    def commits(self) -> int:
        """The last commit that is known of."""

    @property
    def problem(self) -> str:
        """Why it ends before its time, one line or nothing."""

    @property
    def torn(self) -> bool:
        """Whoever wrote it has not closed it."""

    def earlier(self, span_ns: int) -> MachineSnapshot:
        """`snapshot` with the figures and the time of so long before."""

    @property
    def why_no_replay(self) -> str:
        """Why there are no terminals and figures, one line or nothing."""

    @property
    def progress(self) -> Doing | None: ...

    @property
    def waits(self) -> bool:
        """There is work, but nothing to do at the moment."""

    @property
    def console_tick(self) -> int:
        """The tick by whose end consoles are shown."""

    @property
    def replayed(self) -> bool:
        """What consoles wrote is known, up to this moment."""

    def work(self, more: Callable[[], bool]) -> bool:
        """Get on with what is wanted while `more()`; False when all is done."""

    def go_to_tick(self, tick: int) -> None: ...

    def go_to_commit(self, commit: int) -> None: ...

    def go_to_time(self, time_ns: int) -> None: ...

    def next_time(self) -> int | None:
        """When the next tick begins, in ns of uptime; None at the end."""

    def grow(self) -> None:
        """Look how far it reaches by now."""

    def console(self, pid: int) -> Written | None: ...

    def commits_around(self, before: int, after: int) -> Sequence[CommitSnapshot]: ...
