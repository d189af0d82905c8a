"""Random sessions, recorded and replayed: the same commits, state, output, memory and fuel."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.record.sessions import record_session, replayed
from zos_core.record.history import RecordedCommit, happenings
from zos_core.record.recording import Recording
from zos_core.record.verify import Head, verify
from zos_core.runtime.engine import Engine

GROUPS = 6
SESSIONS_A_GROUP = 5


def check_session(folder: Path, cache: Path, engine: Engine, seed: int) -> set[str]:
    """Record one and replay it; the kinds of commits that were in it."""
    path, live = record_session(folder, cache, seed)
    again = replayed(path, cache, engine)
    assert again == live, f"seed {seed}"
    recording = Recording(path)
    head = verify(recording)
    assert isinstance(head, Head), f"seed {seed}: {head}"
    assert head.commit_head == live.head
    kinds = {type(row.what.body).__name__ for row in happenings(recording) if isinstance(row.what, RecordedCommit)}
    recording.close()
    path.unlink()
    return kinds


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_random_session_replays_to_the_last_bit(group: int, tmp_path: Path, cache: Path, engine: Engine) -> None:
    seen: set[str] = set()
    for seed in range(group * SESSIONS_A_GROUP, (group + 1) * SESSIONS_A_GROUP):
        seen |= check_session(tmp_path, cache, engine, seed)
    # A handful of sessions has seen grants, revocations, kills, traps and messages, or it is no test.
    assert {"CapInserted", "CapRemoved", "ProcessExited", "ProcessFaulted", "MessageSent"} <= seen


@pytest.mark.soak
def test_random_sessions_for_as_long_as_it_takes(
    tmp_path: Path, cache: Path, engine: Engine, soak_seconds: float
) -> None:
    end, seed = time.monotonic() + soak_seconds, 1_000
    while time.monotonic() < end:
        check_session(tmp_path, cache, engine, seed)
        seed += 1
    assert seed > 1_000
