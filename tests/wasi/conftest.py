"""A machine for WASI programs, a folder that they are given, and one beside it that they must never reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.support import booted
from tests.wasi.support import Guests


@pytest.fixture(scope="module")
def guests() -> Iterator[Guests]:
    supervisor = booted()
    yield Guests(supervisor)
    supervisor.close()


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """What a program knows as `/`."""
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder
