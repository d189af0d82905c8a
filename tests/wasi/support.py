"""Running a script of calls as a process of a machine, with folders of the host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.wasi.wat import Answer, Script
from zos_core.abi import ExitHow, Rights
from zos_core.launcher import Options
from zos_core.snapshot import ExitSnapshot
from zos_core.supervisor import Supervisor
from zos_core.wasi.directories import DirectoryGrant

PATIENCE_S = 60.0
READ_ONLY = Rights.READ
READ_WRITE = Rights.READ | Rights.WRITE


class Run(NamedTuple):
    """How a program ended, and everything it wrote; `answers` reads that, if it is nothing but answers."""

    script: Script
    how: ExitSnapshot
    output: bytes

    @property
    def answers(self) -> list[Answer]:
        return self.script.answers(self.output)


class Guests:
    """Programs on one machine. Each is given a folder as `/`, unless it gets others or none."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.supervisor = supervisor

    def start(
        self, script: Script, folder: Path | None = None, perms: Rights = READ_WRITE, *, args: Sequence[str] = (),
        environ: Sequence[tuple[str, str]] = (), more: Sequence[DirectoryGrant] = (), terminals: int = 0,
    ) -> tuple[int, bytearray]:  # fmt: skip
        """Its pid, and what it writes, which grows."""
        given = () if folder is None else (DirectoryGrant(folder, "/", perms),)
        options = Options(directories=(*given, *more), environ=tuple(environ), terminals=terminals)
        pid = self.supervisor.spawn(script.module(), args, options=options)
        output = bytearray()
        self.supervisor.register_console_callback(pid, lambda data, _stream: output.extend(data))
        return pid, output

    def run(
        self, script: Script, folder: Path | None = None, perms: Rights = READ_WRITE, *,
        stdin: Sequence[bytes] = (), **options: object,
    ) -> Run:  # fmt: skip
        """To its end, with that input and then the end of input."""
        pid, output = self.start(script, folder, perms, **options)  # type: ignore[arg-type]
        for piece in stdin:
            self.supervisor.send_input_to_process(pid, piece)
        self.supervisor.send_end_of_input(pid)
        assert self.wait(lambda: self.supervisor.exit_of(pid) is not None), "the program does not end"
        how = self.supervisor.exit_of(pid)
        assert how is not None
        return Run(script, how, bytes(output))

    def check(self, script: Script, folder: Path | None = None, perms: Rights = READ_WRITE, **options: object) -> Run:
        """A program whose calls must all be answered as they expect, and that ends by itself; see `run`."""
        run = self.run(script, folder, perms, **options)  # type: ignore[arg-type]
        complaints = script.complaints(run.answers)
        if complaints or run.how.how is not ExitHow.EXITED:
            raise AssertionError("\n".join([*complaints, run.how.describe()]))
        return run

    def wait(self, condition: Callable[[], bool]) -> bool:
        return self.supervisor.run_until(condition, PATIENCE_S)
