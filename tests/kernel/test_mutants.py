"""Faults put into the kernel one at a time: each must be noticed by the test that is there to notice it."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest

from tests.kernel.mutants import MUTANTS, ROOT
from tests.kernel.mutate import CAUGHT, PASSED, UNCHANGED

LEAST = 40
ALL_NEED_S = 150
"""A soak that was given this long must have run them all; on one idle core they take a third of it."""
QUICK = ("a descendant is skipped", "a slot is used again", "a sender says who it is")


def run(*args: str) -> dict[str, int]:
    """pytest's status by the name of the mutant."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.kernel.mutate", *args], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {name: int(status) for status, name in rows}


def test_there_are_many_mutants_with_a_name_each() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= LEAST
    assert {mutant.name for mutant in MUTANTS} > set(QUICK)


def test_every_mutant_fits_the_source_and_names_a_test() -> None:
    for mutant in MUTANTS:
        assert mutant.source() != mutant.path.read_text(), mutant.name
        file, test = mutant.caught_by.split("::")
        assert re.search(rf"^def {test}\(", (ROOT / "tests/kernel" / file).read_text(), re.MULTILINE), mutant.name


def test_a_mutant_that_fits_no_more_says_so() -> None:
    for stale in (MUTANTS[0]._replace(old="no such text"), MUTANTS[0]._replace(old="s")):
        with pytest.raises(ValueError, match="stands"):
            stale.source()
    with pytest.raises(ValueError, match="there is no"):
        MUTANTS[0]._replace(function="no_such_function").source()


def test_three_mutants_are_caught_by_tests_that_pass_without_them() -> None:
    assert run(*QUICK) == {UNCHANGED: PASSED, **dict.fromkeys(QUICK, CAUGHT)}


@pytest.mark.soak
def test_all_mutants_are_caught(soak_seconds: float, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    statuses = run("--seconds", str(soak_seconds))
    took = time.monotonic() - started
    assert statuses.pop(UNCHANGED) == PASSED
    with capsys.disabled():
        caught = sum(status == CAUGHT for status in statuses.values())
        print(f"\n{caught} of {len(statuses)} mutants of the kernel caught in {took:.0f} s; there are {len(MUTANTS)}")
    assert {name: status for name, status in statuses.items() if status != CAUGHT} == {}
    assert len(statuses) == len(MUTANTS) or soak_seconds < ALL_NEED_S
