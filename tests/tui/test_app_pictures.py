"""The desktop as pictures, at each size and in each theme: fixed size, fixed machine, no blinking, no animation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.drive import LEADER, Stage
from tests.tui.fake_machine import FakeMachine
from zos_core.abi import ExitHow
from zos_core.snapshot import ExitSnapshot
from zos_tui.app import DesktopApp, DesktopOptions
from zos_tui.widgets.status_line import StatusLine

Compare = Callable[..., bool]
Scenario = Callable[[Stage], Awaitable[None]]

COLOURS = (
    "\x1b[1;32mgreen\x1b[0m \x1b[38;5;208morange\x1b[0m \x1b[4munder\x1b[0m \x1b[7mreverse\x1b[0m héllo 漢字\n$ "
).encode()


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


def shot(compare: Compare, size: tuple[int, int], scenario: Scenario | None = None, theme: str = "dark") -> bool:
    """Whether the desktop, after `scenario`, looks as it did."""
    machine = FakeMachine(greeting=COLOURS)
    app = DesktopApp(lambda: machine, DesktopOptions(theme=theme))

    async def prepare(pilot: Pilot[Any]) -> None:
        stage = Stage(app, pilot, machine)
        await stage.ready()
        await stage.until(lambda: stage.desktop.snapshot is not None, "the lists")
        if scenario is not None:
            await scenario(stage)
        stage.desktop.refresh_lists()
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_each_size_in_each_theme(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert shot(snap_compare, size, theme=theme)


def test_the_leader_shows_what_it_would_do(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press(LEADER)

    assert shot(snap_compare, (80, 24), scenario)


def test_the_process_list_on_a_small_screen(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("o")

    assert shot(snap_compare, (80, 24), scenario)


def test_a_kill_asks(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("k")

    assert shot(snap_compare, (80, 24), scenario)


def test_an_ended_tab_beside_one_with_news(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("c")
        await stage.until(lambda: stage.view.has_focus and stage.text(), "a second tab")
        stage.machine.say(3, b"news")
        stage.machine.end(4, ExitSnapshot(ExitHow.EXITED, 2))
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        await stage.until(lambda: "[exited 2]" in stage.text(), "its end")

    assert shot(snap_compare, (120, 40), scenario)


def test_reading_back_with_a_match(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        stage.view.feed(b"\n".join(b"line %d of the log" % n for n in range(100)))
        stage.view.search("line 5")
        await stage.until(lambda: stage.desktop.query_one(StatusLine).status.mode == "SCROLL", "scrollback")

    assert shot(snap_compare, (80, 24), scenario)


def test_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(snap_compare, (120, 40))
