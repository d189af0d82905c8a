"""What programs may take from the host together: they never take what the system itself needs."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.support import booted
from tests.wasi.support import Guests
from tests.wasi.wat import ANY, READ, RW, Err, OFlags, Script
from zos_core.wasi.hostfiles import RESERVED

FEW = 2 * RESERVED + 100
"""Descriptors of this process, for as long as such a test."""
WAITS_FOR_INPUT = 0


@pytest.fixture
def few_descriptors() -> Iterator[Guests]:
    """A machine in a process that may open few files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    supervisor = booted()
    yield Guests(supervisor)
    supervisor.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_programs_leave_the_last_descriptors_to_the_system(few_descriptors: Guests, inside: Path) -> None:
    guests = few_descriptors
    (inside / "f").write_bytes(b"text")
    hog = Script()
    with hog.repeat(FEW):
        hog.open("f", 0, int(READ), err=ANY)
    hog.open("new", OFlags.CREAT, int(RW), err=Err.NFILE)
    hog.stat("f")
    hog.read(WAITS_FOR_INPUT, 1)
    pid, output = guests.start(hog, inside)
    assert guests.supervisor.run_until_idle()
    answers = hog.answers(bytes(output))
    assert [each.err for each in answers[FEW:]] == [Err.NFILE, Err.SUCCESS]
    opened = sum(each.err is Err.SUCCESS for each in answers[:FEW])
    assert RESERVED <= opened <= FEW - RESERVED
    assert {each.err for each in answers[:FEW]} == {Err.SUCCESS, Err.NFILE}
    assert not (inside / "new").exists()
    assert len(os.listdir("/proc/self/fd")) < FEW - RESERVED // 2

    # Who comes then gets no directory, and runs all the same; when the first has ended there is room again.
    other = Script()
    other.open("f", 0, int(READ), err=Err.BADF)
    guests.check(other, inside)
    guests.supervisor.kill_process(pid)
    last = Script()
    last.read(last.open("f", 0, int(READ)), 4)
    guests.check(last, inside)
