"""One engine for all tests of the runtime, and programs from text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zos_core.runtime.compile import load_program
from zos_core.runtime.engine import Engine
from zos_core.runtime.fiber import Program


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def load(engine: Engine) -> Callable[[bytes], Program]:
    """Compiles a module without a cache."""
    return lambda data: load_program(engine, data)
