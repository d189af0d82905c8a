"""The installed programs, found once; they are compiled once a worker, into the cache that its tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Person
from tests.wasi.programs.support import Programs, booted, find_all
from zos_core.supervisor import Supervisor


@pytest.fixture(scope="session")
def programs() -> Programs:
    return find_all()


@pytest.fixture
def machine() -> Iterator[Supervisor]:
    with booted() as supervisor:
        yield supervisor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a program is given; nothing else of `tmp_path` is."""
    given = tmp_path / "given"
    given.mkdir()
    return given


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Where its scripts are; it may not write there."""
    given = tmp_path / "scripts"
    given.mkdir()
    return given


@pytest.fixture
def people() -> Iterator[list[Person]]:
    started: list[Person] = []
    yield started
    for each in started:
        each.leave()
