"""What every test may use: the repository's root, and the length of a soak.

Hypothesis runs without a deadline (two cores are shared with other tests) and from a fixed seed, so that `make test`
asks the same questions each time; `--hypothesis-seed` asks others.
"""

from __future__ import annotations

import itertools
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

SOAKING = pytest.StashKey[Counter[str]]()
WHOLE_SOAK_S = 600.0
"""A soak of this length or more does all rounds that were promised, a shorter one its part of them."""

# Who starts the tests in the background may have them ignore signals; the programs they start would, too.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)

settings.register_profile("zos", deadline=None, derandomize=True)
settings.load_profile("zos")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak-seconds", type=float, default=WHOLE_SOAK_S, help="how long all the tests marked `soak` run together"
    )


def pytest_collection_finish(session: pytest.Session) -> None:
    """The soak's time is for all of its tests: each gets an equal share, which its cases divide among them."""
    soaking = (item for item in session.items if item.get_closest_marker("soak") is not None)
    session.config.stash[SOAKING] = Counter(map(_name, soaking))


def _name(item: pytest.Item) -> str:
    """What the cases of one test have in common."""
    return item.nodeid.partition("[")[0]


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Folders of the test run alone: a test never sees, or touches, what the user has stored or settled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def soak_seconds(request: pytest.FixtureRequest) -> float:
    """For how many seconds a soak test keeps going: its share of the whole."""
    tests = request.config.stash[SOAKING]
    return float(request.config.getoption("--soak-seconds")) / len(tests) / tests[_name(request.node)]


@pytest.fixture
def soak_rounds(request: pytest.FixtureRequest, soak_seconds: float) -> Callable[[int], Iterator[int]]:
    """0, 1, 2 … until the test's share of the time is over, but not before so many rounds are done."""
    part = min(1.0, float(request.config.getoption("--soak-seconds")) / WHOLE_SOAK_S)

    def rounds(promised: int) -> Iterator[int]:
        end, least = time.monotonic() + soak_seconds, max(1, round(promised * part))
        for done in itertools.count():
            if done >= least and time.monotonic() >= end:
                return
            yield done

    return rounds
