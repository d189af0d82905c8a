"""Jumping about in a session that is over, and running one again.

The log of a million commits is a recording made for this: processes come, get and lose capabilities, send and go. A
jump is committed state at a random commit, the processes with their capabilities, the objects and the message log, all
as a panel shows them; beside it stands the state alone by reducing every commit from the first. The ten minutes are a
person typing into a shell beside a clock, on a real machine whose clock is moved by hand.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import FULL, Effort, Row, Target, percentile
from zos_core import abi
from zos_core.kernel import commits as k
from zos_core.kernel.reduce import reduce
from zos_core.past import Past
from zos_core.record.history import decode_commit
from zos_core.record.journal import JournalRow, pack_list, unpack_list
from zos_core.record.recording import SCHEMA, Recording, header_of
from zos_core.record.replayer import Difference, Replayer
from zos_core.record.track import RecordedTrack
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import MachineLimits
from zos_core.supervisor import MachineConfig, Supervisor

COMMITS, QUICK_COMMITS = 1_000_000, 100_000
JUMPS, QUICK_JUMPS = 60, 10
PLAIN_ROUNDS, QUICK_PLAIN_ROUNDS = 3, 1
COMMITS_A_TICK = 25
PROCESSES = 60
CAPS_EACH = 8
MAX_JUMP_S = 0.5
SESSION_S, QUICK_SESSION_S = 600, 60
MAX_REPLAY_S = 5.0
SECOND = 1_000_000_000
LINES = ("ps\r", "caps\r", "echo hello there\r", "help\r", "run calculator 2+3\r", "time\r")
KEY_EVERY_NS = 180_000_000
"""A person who types five to six keys a second, all the time."""


# --- a log of a million commits -----------------------------------------------------------------------------------


def bodies(count: int) -> Iterator[k.Body]:
    """Commits as a machine writes them: a process comes, gets its capabilities, sends, loses some, goes."""
    chance = random.Random(1)
    made = cap = 0
    alive: list[tuple[int, list[tuple[int, int]]]] = []
    while made < count:
        if len(alive) < PROCESSES:
            pid = cap // CAPS_EACH + 1
            yield k.ProcessCreated(pid, 0, f"process {pid}")
            held = []
            for slot in range(CAPS_EACH):
                cap += 1
                held.append((cap, slot))
                kind, how = int(abi.ObjectType.ENDPOINT), int(k.InsertHow.SPAWN)
                parent = 0 if slot == 0 else held[0][0]
                yield k.CapInserted(cap, parent, pid, slot, kind, pid, 7, 0, 0, 0, how)
            alive.append((pid, held))
            made += CAPS_EACH + 1
        for _ in range(4):
            pid, held = chance.choice(alive)
            yield k.MessageSent(pid, pid, 1, 16)
            made += 1
        if chance.random() < 0.4:
            pid, held = alive.pop(chance.randrange(len(alive)))
            for each, slot in reversed(held):
                yield k.CapRemoved(each, pid, slot, int(k.RemoveHow.SOURCE_EXIT), 0)
            yield k.ProcessExited(pid, int(abi.ExitHow.EXITED), 0)
            made += len(held) + 1


def write_log(path: Path, count: int) -> None:
    """A recording with these commits in its ticks, and nothing else in them."""
    db = sqlite3.connect(path)
    for statement in SCHEMA:
        db.execute(statement)
    db.executemany("INSERT INTO header VALUES (?, ?)", header_of(bytes(32), MachineLimits(), False, 0).items())
    insert = f"INSERT INTO ticks VALUES ({', '.join('?' * len(JournalRow._fields))})"
    tick, group = 0, list[bytes]()
    for seq, body in enumerate(bodies(count), 1):
        group.append(k.encode(k.entry_of(seq, tick * 1_000_000, seq, body)))
        if len(group) == COMMITS_A_TICK:
            tick += 1
            db.execute(insert, _row(tick, pack_list(group)))
            group = []
    db.commit()
    db.close()


def _row(tick: int, commits: bytes) -> JournalRow:
    empty = {name: "" if name in ("commands", "checkpoint") else b"" for name in JournalRow._fields}
    numbers = {"tick": tick, "time_ns": tick * 1_000_000, "wallclock_ms": 0, "slices": 0}
    return JournalRow(**{**empty, **numbers, "commits": commits})  # type: ignore[arg-type]


def look(past: Past) -> int:
    """Everything that the kernel panels show of the moment it stands at."""
    snapshot = past.snapshot()
    rows = past.event_log().news()
    objects = past.objects()
    around = past.commits_around(100, 100)
    return len(snapshot.processes) + len(rows) + len(objects) + len(around)


def jumps(path: Path, count: int, numbers: int, plain_rounds: int) -> Iterator[Row]:
    chance = random.Random(2)
    recording = Recording(path)
    track = RecordedTrack(recording)
    began = time.perf_counter()
    track.scan(lambda: True)
    reading_s = time.perf_counter() - began
    if track.problem:
        raise RuntimeError(track.problem)
    past = Past("benchmark", track, None)
    taken = []
    for _ in range(numbers):
        began = time.perf_counter()
        past.go_to_commit(chance.randrange(1, track.commits))
        look(past)
        taken.append(time.perf_counter() - began)
    plain = []
    for _ in range(plain_rounds):
        began = time.perf_counter()
        reduce(decode_commit(item).body for row in recording.ticks() for item in unpack_list(row.commits))
        plain.append(time.perf_counter() - began)
    past.close()
    recording.close()
    worst, reduced = max(taken), min(plain)
    target = Target("under 500 ms, the slowest of all", worst < MAX_JUMP_S)
    yield Row(f"jump anywhere in {count:,} commits, all kernel panels, 95 of 100", "ms", percentile(taken, 95) * 1e3,
              "reduce all from the first, the state alone", reduced * 1e3, percentile(taken, 95) / reduced)  # fmt: skip
    yield Row("the slowest of these jumps", "ms", worst * 1e3, "the same", reduced * 1e3, worst / reduced, target)
    yield Row("reading the log once, with its keyframes", "s", reading_s, "the same", reduced, reading_s / reduced)


# --- ten minutes of typing ----------------------------------------------------------------------------------------


class Hands:
    """Clocks that go on only when they are told to, and by a little with each look."""

    def __init__(self) -> None:
        self.ns = 0

    def uptime_ns(self) -> int:
        self.ns += 1_000
        return self.ns

    def wallclock_ms(self) -> int:
        return 1_700_000_000_000 + self.ns // 1_000_000


def type_for(seconds: int, path: Path, cache: Path) -> float:
    """Record that long a session; how long that took, in seconds."""
    hands = Hands()
    began = time.perf_counter()
    supervisor = Supervisor(MachineConfig(record=path, cache=cache, world=lambda: hands))
    supervisor.boot()
    pids = [supervisor.spawn("terminal"), supervisor.spawn("clock")]
    for pid in pids:
        supervisor.register_console_callback(pid, lambda data, stream: None)
    keys = "".join(LINES)
    next_key, typed = hands.ns, 0
    while hands.ns < seconds * SECOND:
        if hands.ns >= next_key:
            supervisor.send_input_to_process(pids[0], keys[typed % len(keys)])
            typed, next_key = typed + 1, next_key + KEY_EVERY_NS
        report = supervisor.poll_syscalls()
        if report.idle:
            # Idle time passes at once, as it does for a machine that waits.
            wake = next_key if report.wake_at_ns is None else min(next_key, report.wake_at_ns)
            hands.ns = max(hands.ns, wake)
    supervisor.close()
    if supervisor.recording_problem:
        raise RuntimeError(supervisor.recording_problem)
    return time.perf_counter() - began


def replays(seconds: int, folder: Path) -> Iterator[Row]:
    cache = folder / "modules"
    cache.mkdir(mode=0o700)
    path = folder / "typing.zosrec"
    recorded_s = type_for(seconds, path, cache)
    recording = Recording(path)
    began = time.perf_counter()
    replayer = Replayer(recording, Engine(), cache)
    while (outcome := replayer.step()) is not False:
        if isinstance(outcome, Difference):
            raise RuntimeError(outcome.describe())
    compared_s = time.perf_counter() - began
    ticks = replayer.tick
    replayer.close()
    recording.close()
    began = time.perf_counter()
    past = Supervisor.open(path, cache)
    past.go_to_tick(past.ticks)
    while past.work(lambda: True):
        pass
    shown_s = time.perf_counter() - began
    if past.why_no_replay:
        raise RuntimeError(past.why_no_replay)
    past.close()
    target = Target(f"{seconds // 60} min in under 5 s", shown_s < MAX_REPLAY_S)
    yield Row(f"{seconds // 60} min of typing ({ticks:,} ticks) replayed for the timeline", "s", shown_s,
              "recording them, idle time skipped", recorded_s, shown_s / recorded_s, target)  # fmt: skip
    yield Row("the same by the replayer alone", "s", compared_s, "the same", recorded_s, compared_s / recorded_s)


def run(effort: Effort) -> Iterator[Row]:
    full = effort == FULL
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = COMMITS if full else QUICK_COMMITS
        write_log(folder / "commits.zosrec", count)
        rounds = PLAIN_ROUNDS if full else QUICK_PLAIN_ROUNDS
        yield from jumps(folder / "commits.zosrec", count, JUMPS if full else QUICK_JUMPS, rounds)
        yield from replays(SESSION_S if full else QUICK_SESSION_S, folder)
