"""Killed without warning while it records: what was acknowledged is there, everything else is whole."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.record.busy import RECORDING, STORAGE
from zos_core.abi import ObjectType
from zos_core.record.history import Past, happenings
from zos_core.record.plain import unpack_commands
from zos_core.record.recording import Recording
from zos_core.record.replayer import Difference, Replayer
from zos_core.record.verify import Head, verify
from zos_core.runtime import commands as c
from zos_core.runtime.engine import Engine

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = b"k"
KILLS = 500


@dataclass
class Acknowledged:
    """What the killed session had said."""

    durable: int = 0
    revoked: set[int] = field(default_factory=set)


def kill_after(folder: Path, cache: Path, seed: int, lines: int, delay_s: float) -> Acknowledged:
    """Let a busy session say so many lines, wait a moment, and kill it."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.record.busy", str(folder), str(cache), str(seed)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None and child.stderr is not None
    said = [child.stdout.readline() for _ in range(lines)]
    end = time.monotonic() + delay_s
    while time.monotonic() < end:
        said.append(child.stdout.readline())
    child.kill()
    rest, errors = child.communicate()
    assert child.returncode < 0 and said[0], errors
    told = Acknowledged()
    # The last line may have been cut off by the kill.
    for line in [*said, *rest.splitlines(keepends=True)]:
        kind, *numbers = line.split() if line.endswith(b"\n") else [b""]
        if kind == b"D":
            told.durable = int(numbers[0])
        elif kind == b"R":
            told.revoked.add(int(numbers[1]))
    return told


def check_what_is_left(folder: Path, cache: Path, engine: Engine, told: Acknowledged) -> None:
    """It opens, holds, replays, and agrees with the storage; nothing revoked has come back."""
    with_log = Path(f"{folder / RECORDING}-wal").exists()
    recording = Recording(folder / RECORDING)
    assert recording.torn == (with_log and Path(f"{folder / RECORDING}-wal").stat().st_size > 0)
    assert recording.last_tick() >= told.durable > 0
    head = verify(recording)
    assert isinstance(head, Head), head
    past, replayer = Past(), Replayer(recording, engine, cache)
    for happening in happenings(recording):
        past.add(happening)
    while (outcome := replayer.step()) is not False:
        assert not isinstance(outcome, Difference), outcome.describe()
    assert replayer.tick == recording.last_tick()
    assert replayer.gateway.state.committed == past.state
    assert told.revoked <= set(past.gone) and not told.revoked & set(past.state.caps)
    check_storage(folder / STORAGE, recording)
    replayer.close()
    recording.close()


def read_storage(path: Path) -> tuple[str, int, dict[int, int]]:
    """The last session and tick, and the count in each namespace; nothing when it was killed before it was made."""
    db = sqlite3.connect(path)
    made = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "sessions" not in made:
        db.close()
        return "", 0, {}
    ((session, tick),) = db.execute("SELECT session, tick FROM sessions").fetchall() or [("", 0)]
    rows = db.execute("SELECT namespace, value FROM entries WHERE key = ?", (KEY,)).fetchall()
    db.close()
    return session, tick, {namespace: int.from_bytes(bytes(value), "little") for namespace, value in rows}


def check_storage(path: Path, recording: Recording) -> None:
    """No write is stored that the journal does not know, and none it knows to be done is missing."""
    session, tick, stored = read_storage(path)
    assert session in ("", recording.header.session)
    assert tick <= recording.last_tick()
    for namespace, count in answered_writes(recording).items():
        assert count <= stored.get(namespace, 0) <= count + 1


def answered_writes(recording: Recording) -> dict[int, int]:
    """How many writes of each counting guest the journal has an answer for; the n-th stores the number n."""
    counts: dict[int, int] = {}
    wrote: dict[int, int] = {}
    for row in recording.ticks():
        for command in unpack_commands(row.commands):
            if isinstance(command, c.StorageDone) and not command.code and not command.data:
                counts[command.pid] = counts.get(command.pid, 0) + 1
            if isinstance(command, c.GrantCap) and command.object_type == ObjectType.STORAGE:
                wrote[command.pid] = command.object_id
    return {wrote[pid]: count for pid, count in counts.items()}


@pytest.mark.parametrize("lines", [1, 25])
def test_a_killed_session_is_whole_up_to_what_it_acknowledged(
    lines: int, tmp_path: Path, cache: Path, engine: Engine
) -> None:
    told = kill_after(tmp_path, cache, lines, lines, delay_s=0.0)
    check_what_is_left(tmp_path, cache, engine, told)


@pytest.mark.soak
def test_killed_at_random_instants(
    tmp_path: Path, cache: Path, engine: Engine, soak_rounds: Callable[[int], Iterator[int]]
) -> None:
    chance = random.Random(1)
    for kill in soak_rounds(KILLS):
        folder = tmp_path / str(kill)
        folder.mkdir()
        told = kill_after(folder, cache, kill, chance.randrange(1, 120), chance.random() / 50)
        check_what_is_left(folder, cache, engine, told)
        shutil.rmtree(folder)
