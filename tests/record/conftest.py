"""One engine, one cache of compiled programs and one finished recording for all of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.record.sessions import record_session
from zos_core.runtime.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache") / "modules"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A random session, closed. Nobody changes it."""
    return record_session(tmp_path_factory.mktemp("recorded"), cache, seed=4711)[0]
