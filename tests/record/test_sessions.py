"""Random sessions, recorded and replayed: the same commits, state, output, memory and fuel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from tests.record.sessions import record_session, replayed
from zos_core.kernel.commits import KINDS
from zos_core.record.history import RecordedCommit, happenings
from zos_core.record.plain import unpack_commands
from zos_core.record.recording import Recording
from zos_core.record.verify import Head, verify
from zos_core.runtime import commands as c
from zos_core.runtime.engine import Engine

SESSIONS = 30
AT_MOST = 90
MANY_SESSIONS = 300
FIRST_OF_MANY = 1_000
REFUSED_BY_THE_HOST = "a refusal of memory by the host"
LEFT_OUT = {"Send"}
"""What only tests and tools do."""
ANSWER_OF_THE_HOST = "an answer of the host to a program with descriptors"
EVERYTHING = {kind.__name__ for kind in (*KINDS, *get_args(c.Command))} - LEFT_OUT
EVERYTHING |= {REFUSED_BY_THE_HOST, ANSWER_OF_THE_HOST}


def check_session(folder: Path, cache: Path, engine: Engine, seed: int) -> set[str]:
    """Record one and replay it; the kinds of commits and commands that were in it."""
    path, live = record_session(folder, cache, seed)
    again = replayed(path, cache, engine)
    assert again == live, f"seed {seed}"
    recording = Recording(path)
    head = verify(recording)
    assert isinstance(head, Head), f"seed {seed}: {head}"
    assert head.commit_head == live.head
    kinds = {type(row.what.body).__name__ for row in happenings(recording) if isinstance(row.what, RecordedCommit)}
    for row in recording.ticks():
        kinds |= {type(command).__name__ for command in unpack_commands(row.commands)}
        kinds |= {REFUSED_BY_THE_HOST} if row.refusals else set()
        kinds |= {ANSWER_OF_THE_HOST} if row.results else set()
    recording.close()
    path.unlink()
    return kinds


def test_random_sessions_replay_to_the_last_bit(tmp_path: Path, cache: Path, engine: Engine) -> None:
    """As many as were promised, and more until everything that can happen to a machine has happened."""
    seen: set[str] = set()
    for seed in range(AT_MOST):
        if seed < SESSIONS or not seen >= EVERYTHING:
            seen |= check_session(tmp_path, cache, engine, seed)
    assert seen >= EVERYTHING, EVERYTHING - seen


@pytest.mark.soak
def test_many_random_sessions_replay_to_the_last_bit(
    tmp_path: Path, cache: Path, engine: Engine, soak_rounds: Callable[[int], Iterator[int]]
) -> None:
    for seed in soak_rounds(MANY_SESSIONS):
        check_session(tmp_path, cache, engine, FIRST_OF_MANY + seed)
