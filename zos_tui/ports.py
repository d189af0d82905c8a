"""What the desktop asks of a machine: the part of `Supervisor` that it uses, as a protocol.

Rules of this file
- A view reads `snapshot()` and posts commands; it holds no kernel state (desktop: first paragraph).
- Everything here is synchronous and returns at once, except `poll_syscalls`, which runs for at most its budget.
- The double in the tests and the real supervisor both satisfy this protocol; mypy says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from zos_core.abi import ObjectType, Rights
from zos_core.axiom.syslog import SysEvent
from zos_core.launcher import Options
from zos_core.snapshot import (
    AnswerSnapshot,
    CapabilityNode,
    ConsoleMode,
    EventSnapshot,
    MachineSnapshot,
    ObjectSnapshot,
    PollReport,
    ProgramSummary,
    PromptSnapshot,
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
