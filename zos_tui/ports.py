"""What the desktop asks of a machine: the part of `Supervisor` that it uses, as a protocol.

Rules of this file
- A view reads `snapshot()` and posts commands; it holds no kernel state (desktop: first paragraph).
- Everything here is synchronous and returns at once, except `poll_syscalls`, which runs for at most its budget.
- The double in the tests and the real supervisor both satisfy this protocol; mypy says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from zos_core.snapshot import ConsoleMode, MachineSnapshot, PollReport, Revocation

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

    def cancel(self) -> None: ...


class Machine(Protocol):
    """One machine, seen from the desktop. What it refuses is a `zos_core.errors.Refused` of one line."""

    def boot(self) -> None:
        """Start init and the permission service."""

    def launch(self, program: str, args: Sequence[str] = ()) -> Launching:
        """Begin to start a bundled program or a `.wasm`/`.wat` path, with a console of its own."""

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

    def revoke_capability(self, pid: int, slot: int) -> Revocation: ...

    def poll_syscalls(self, *, budget_ms: float) -> PollReport:
        """Run what is ready for at most `budget_ms`, and hand console output to the callbacks."""

    def snapshot(self) -> MachineSnapshot: ...

    def uptime_ns(self) -> int: ...

    def close(self) -> None: ...
