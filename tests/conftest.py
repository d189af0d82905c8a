"""What every test may use: the repository's root, and the length of a soak.

Hypothesis runs without a deadline (two cores are shared with other tests) and from a fixed seed, so that `make test`
asks the same questions each time; `--hypothesis-seed` asks others.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("zos", deadline=None, derandomize=True)
settings.load_profile("zos")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak-seconds", type=float, default=600.0, help="how long the tests marked `soak` run"
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def soak_seconds(request: pytest.FixtureRequest) -> float:
    """For how many seconds a soak test keeps going."""
    return float(request.config.getoption("--soak-seconds"))
