"""One engine for all machines of these tests."""

from __future__ import annotations

import pytest

from tests.machine.rig import Rig
from zos_core.runtime.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def rig(engine: Engine) -> Rig:
    return Rig(engine)
