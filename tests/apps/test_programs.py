"""The small programs, each run on a real machine."""

from __future__ import annotations

import re

import pytest

from tests.apps.support import Tab
from zos_core import abi
from zos_core.abi import ExitHow

FAULTS = {
    "unreachable": "unreachable",
    "div0": "integer divide by zero",
    "overflow": "integer overflow",
    "conversion": "bad conversion to integer",
    "memory": "memory out of bounds",
    "table": "table out of bounds",
    "null": "indirect call to null",
    "signature": "indirect call type mismatch",
    "stack": "stack overflow",
    "statics": "memory out of bounds",
    "pointer": "BadPointer",
}


@pytest.mark.parametrize(("kind", "reason"), FAULTS.items())
def test_each_kind_of_fault_has_its_reason_and_the_guests_names(kind: str, reason: str) -> None:
    ended = Tab("crash", [kind]).ending()
    assert ended.how is ExitHow.FAULTED and ended.trap is not None
    assert ended.trap.reason == reason
    assert ended.trap.frames[0].startswith("crash::ways::")


def test_a_panic_is_reported_and_exits_1() -> None:
    tab = Tab("crash", ["panic"])
    ended = tab.ending()
    assert (ended.how, ended.code) == (ExitHow.EXITED, 1)
    assert any(re.fullmatch(r"PANIC: asked to \(.*ways\.rs:\d+\)", line) for line in tab.debug_log())


def test_exit_codes() -> None:
    assert Tab("crash", ["exit", "7"]).ending().code == 7
    wrong = Tab("crash", ["no such way"])
    assert wrong.ending().code == 2 and wrong.text().startswith("usage: crash KIND\n")


@pytest.mark.parametrize("way", ["loop", "fill"])
def test_a_program_that_never_stops_is_killed(way: str) -> None:
    tab = Tab("idle")
    busy = tab.supervisor.spawn("crash", [way])
    for _ in range(5):
        tab.supervisor.poll_syscalls()
    assert tab.supervisor.exit_of(busy) is None
    tab.supervisor.kill_process(busy)
    ended = tab.supervisor.exit_of(busy)
    assert ended is not None and ended.how is ExitHow.KILLED


@pytest.mark.parametrize("by", ["call", "send"])
def test_pingpong_measures_both_ways(by: str) -> None:
    tab = Tab("pingpong", ["200", by])
    assert tab.ending().code == 0
    assert re.fullmatch(rf"200 round trips by {by}: \d+ messages/s, \d+\.\d us each\n", tab.text())


def test_sender_starts_a_receiver_and_nothing_is_lost() -> None:
    tab = Tab("sender", ["3000"])
    assert tab.ending().code == 0
    assert "sent 3000, " in tab.text()
    assert "received 3000, lost 0, out of order 0, " in tab.text()


def test_a_receiver_under_a_taken_name_is_not_reached() -> None:
    tab = Tab("sender", ["10", "somewhere"])
    assert tab.ending().code == 0
    assert "received 10, lost 0" in tab.text()


def test_memhog_stops_at_its_ceiling() -> None:
    tab = Tab("memhog", ["100"])
    assert tab.ending().code == 0
    last = tab.text().splitlines()[-1]
    match = re.fullmatch(r"refused at (\d+) pages \(\d+\.\d MiB\)", last)
    assert match is not None
    pages = int(match.group(1))
    assert (pages + 100) * abi.PAGE > abi.DEFAULT_MEMORY >= pages * abi.PAGE


@pytest.mark.parametrize("way", ["poll", "block"])
@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_idle_ends_by_key(way: str, key: str) -> None:
    tab = Tab("idle", [way])
    tab.press("ordinary keys change nothing")
    assert tab.supervisor.exit_of(tab.pid) is None
    assert tab.press(key).ending().code == 0


@pytest.mark.parametrize("program", ["idle", "memhog", "pingpong", "receiver", "sender"])
def test_wrong_use_is_one_line(program: str) -> None:
    tab = Tab(program, ["x"])
    assert tab.ending().code == 1
    assert tab.text().startswith(f"{program}: x: ") and tab.text().count("\n") == 1


def test_the_clock_shows_the_machines_time() -> None:
    tab = Tab("clock")
    tab.wait_for("UTC")
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC  [A-Z][a-z]+day, \d{1,2} [A-Z][a-z]+ \d{4}", tab.rows()[0])
    assert tab.press("q").ending().code == 0
