"""A machine with one program in the foreground, and a terminal on it: type, and look at the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from zos_core import abi
from zos_core.launcher import Options
from zos_core.policy import Policy, Rule
from zos_core.prompts import Choice, Decision
from zos_core.snapshot import CapabilitySnapshot, ExitSnapshot, PromptSnapshot
from zos_core.supervisor import MachineConfig, Supervisor
from zos_tui.screen import Screen

APPS = Path(__file__).resolve().parents[2] / "apps"
APP_NAMES = sorted(path.parent.name for path in APPS.glob("*/app.toml"))
PATIENCE_S = 30.0


_CACHE = TemporaryDirectory(prefix="zos-tests-")


ASKING = Policy(trust_bundled=True, interactive=True)
"""The desktop's: a person is there to be asked."""


def machine(policy: Policy | None = None) -> Supervisor:
    """A machine that has not been booted; every test of a run shares the compiled modules."""
    return Supervisor(MachineConfig(policy=policy or Policy(trust_bundled=True), cache=Path(_CACHE.name)))


def booted(policy: Policy | None = None) -> Supervisor:
    """A machine with init and the permission service at rest."""
    supervisor = machine(policy)
    supervisor.boot()
    assert supervisor.run_until_idle(PATIENCE_S)
    return supervisor


class Tab:
    """A booted machine, one process, and what its console shows.

    `transcript` is every byte it wrote; `screen` what a terminal makes of them, which answers questions as a tab does.
    """

    def __init__(
        self, program: str | bytes, args: Sequence[str] = (), *, columns: int = 80, lines: int = 24,
        plain: bool = False, policy: Policy | None = None, grants: Sequence[Rule] = (),
    ) -> None:  # fmt: skip
        self.supervisor = booted(policy)
        self.transcript = bytearray()
        self.screen = Screen(columns, lines, reply=self.type)
        self.pid = self.supervisor.spawn(program, args, options=Options(plain=plain, grants=tuple(grants)))
        self.supervisor.register_console_callback(self.pid, self._output)
        self.settle()

    def _output(self, data: bytes, stream: int) -> None:
        assert stream == abi.Stream.OUTPUT
        self.transcript += data
        self.screen.feed(data.replace(b"\n", b"\r\n"))

    def type(self, keys: str | bytes) -> None:
        self.supervisor.send_input_to_process(self.pid, keys)

    def settle(self) -> None:
        assert self.supervisor.run_until_idle(PATIENCE_S)

    def press(self, keys: str | bytes) -> Tab:
        """Type, and wait until nothing more happens."""
        self.type(keys)
        self.settle()
        return self

    def rows(self) -> list[str]:
        """The screen's rows from the top, without what is blank at the end of each and at the bottom."""
        rows = ["".join(self.screen.row(y).text).rstrip() for y in range(self.screen.lines)]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def cursor(self) -> tuple[int, int]:
        """Column and row, from 0."""
        return self.screen.cursor.x, self.screen.cursor.y

    def text(self) -> str:
        return self.transcript.decode()

    def wait_for(self, text: str) -> None:
        assert self.supervisor.run_until(lambda: text in self.transcript.decode(errors="replace"), PATIENCE_S), text

    def ending(self) -> ExitSnapshot:
        """Wait for the process to end, and say how."""
        assert self.supervisor.run_until(lambda: self.supervisor.exit_of(self.pid) is not None, PATIENCE_S)
        ended = self.supervisor.exit_of(self.pid)
        assert ended is not None
        return ended

    def caps(self) -> tuple[CapabilitySnapshot, ...]:
        """What the process holds."""
        process = self.supervisor.snapshot().process(self.pid)
        return () if process is None else process.capabilities

    def prompt(self) -> PromptSnapshot:
        """The one question a person is asked."""
        assert self.supervisor.run_until(lambda: bool(self.supervisor.prompts()), PATIENCE_S)
        (prompt,) = self.supervisor.prompts()
        return prompt

    def answer(self, choice: Choice, expires_in_ms: int = 0) -> None:
        """Answer that question, and wait until nothing more happens."""
        self.supervisor.answer_prompt(self.prompt().request_id, Decision(choice, expires_in_ms))
        self.settle()

    def debug_log(self) -> list[str]:
        """Texts of SYS_DEBUG, oldest first."""
        return [line.text for line in self.supervisor.machine.gateway.state.transient.debug]
