"""How long it takes to replay ten minutes of somebody at work, every tick compared.

The session is recorded with idle time skipped; what is typed, and when, comes from a fixed seed. Time goes on by itself
while programs run, and jumps to whatever is due next when nothing does, at most a sixtieth of a second at once: so
often the desktop looks.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Effort, Row, Target, pair
from zos_core.abi import ObjectType, Rights
from zos_core.config import RealWorld
from zos_core.errors import Refused
from zos_core.policy import Policy
from zos_core.prompts import Choice, Decision
from zos_core.record.recording import Recording
from zos_core.record.replayer import Difference, Replayer
from zos_core.runtime.engine import Engine
from zos_core.supervisor import MachineConfig, Supervisor

MINUTE_S = 60
ACCEPTED = 5 / 600
"""Of the length of the session: ten minutes in five seconds."""
LOOK_NS = 1_000_000_000 // 60
KEY_MS = (60, 260)
PROGRAMS = ("clock", "notes", "calculator", "asker", *("idle",) * 8)
LINES = (
    "help\r", "ps\r", "caps\r", "echo hello world\r", "time\r", "clear\r", "spawn idle\r", "run crash divide\r",
    "run memhog\r", "run pingpong 200\r", "kill 20\r", "spawn calculator\r",
)  # fmt: skip
NOTES = ("add milk and bread\n", "list\n", "show 1\n", "delete 1\n")
"""Typed in another tab, a line at a time."""
SOMETIMES = 0.01
"""How often, a key, somebody does something with the mouse as well."""


class Skipping(RealWorld):
    """The clocks of the host, and what was skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped_ns = 0

    def uptime_ns(self) -> int:
        return super().uptime_ns() + self.skipped_ns

    def wallclock_ms(self) -> int:
        return super().wallclock_ms() + self.skipped_ns // 1_000_000


class Somebody:
    """Types and clicks. `next_ns` is when the next key is due."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._chance = random.Random(4)
        self._keys = ""
        self._shell = supervisor.spawn("terminal")
        self._others = [supervisor.spawn(name) for name in PROGRAMS]
        self.next_ns = 0

    def act(self, now_ns: int) -> None:
        chance, supervisor = self._chance, self._supervisor
        self.next_ns = now_ns + chance.randint(*KEY_MS) * 1_000_000
        self._keys = self._keys or chance.choice(LINES)
        key, self._keys = self._keys[0], self._keys[1:]
        if supervisor.exit_of(self._shell) is not None:
            self._shell = supervisor.spawn("terminal")
        supervisor.send_input_to_process(self._shell, key)
        if chance.random() < SOMETIMES:
            try:
                supervisor.send_input_to_process(self._others[PROGRAMS.index("notes")], chance.choice(NOTES))
                slot = supervisor.grant_capability(chance.choice(self._others), ObjectType.NETWORK, 3, Rights.READ)
                supervisor.revoke_capability(chance.choice(self._others), slot)
            except Refused:
                pass  # there is no such slot, or the program has ended
            for prompt in supervisor.prompts():
                supervisor.answer_prompt(prompt.request_id, Decision(Choice.FOR_A_TIME, 60_000))


def record(path: Path, folder: Path, length_s: float) -> None:
    """A session of so many seconds."""
    world = Skipping()
    policy = Policy(trust_bundled=True, interactive=True)
    config = MachineConfig(policy, record=path, storage=folder / "storage.sqlite", world=lambda: world)
    supervisor = Supervisor(config)
    try:
        supervisor.boot()
        somebody = Somebody(supervisor)
        while (now := world.uptime_ns()) < length_s * 1e9:
            if now >= somebody.next_ns:
                somebody.act(now)
            report = supervisor.poll_syscalls()
            if report.idle:
                due = min(somebody.next_ns, report.wake_at_ns or somebody.next_ns)
                world.skipped_ns += max(0, min(due - world.uptime_ns(), LOOK_NS))
    finally:
        supervisor.close()


def replay(path: Path) -> float:
    """Seconds for all of it. Raises RuntimeError where it goes another way."""
    started = time.perf_counter()
    recording = Recording(path)
    replayer = Replayer(recording, Engine())
    try:
        difference = replayer.run()
    finally:
        replayer.close()
        recording.close()
    if isinstance(difference, Difference):
        raise RuntimeError(f"the replay differs: {difference.describe()}")
    return time.perf_counter() - started


def run(effort: Effort) -> Iterator[Row]:
    length_s = effort.seconds * MINUTE_S
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.zosrec"
        record(path, Path(folder), length_s)
        measured = pair(lambda: replay(path), lambda: length_s, max(3, effort.rounds // 10))
    target = Target(f"at most {ACCEPTED * length_s:.0f} s", measured.ratio <= ACCEPTED)
    yield Row(f"replay of {effort.seconds:.0f} minutes of work", "s", measured.ours, "the session itself",
              measured.theirs, measured.ratio, target)  # fmt: skip
