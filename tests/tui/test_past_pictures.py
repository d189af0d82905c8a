"""The timeline as pictures, at each size, in each theme and without colour; and the dialogs about recordings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.drive import LEADER, Stage
from tests.tui.fake_machine import FakeMachine
from tests.tui.fake_past import TICKS, FakePast
from tests.tui.test_past import PastStage
from zos_core.record.album import Saved
from zos_tui.app import DesktopApp, DesktopOptions
from zos_tui.widgets.open_dialog import OpenDialog
from zos_tui.widgets.status_line import StatusLine

Compare = Callable[..., bool]
Scenario = Callable[[PastStage], Awaitable[None]]


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


async def in_the_middle(stage: PastStage) -> None:
    await stage.press("t", "7", "enter")
    await stage.at(7)


def shot(
    compare: Compare, size: tuple[int, int], scenario: Scenario = in_the_middle, theme: str = "dark",
    past: FakePast | None = None,
) -> bool:  # fmt: skip
    double = past or FakePast()
    app = DesktopApp(lambda: double, DesktopOptions(theme=theme), double)

    async def prepare(pilot: Pilot[Any]) -> None:
        stage = PastStage(app, pilot, double)
        await stage.until(lambda: stage.desktop.snapshot is not None, "the past")
        await scenario(stage)
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_each_size_in_each_theme(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    assert shot(snap_compare, size, theme=theme)


def test_a_terminal_of_the_past_on_a_small_screen(snap_compare: Compare) -> None:
    async def scenario(stage: PastStage) -> None:
        await in_the_middle(stage)
        await stage.press(LEADER, "1")

    assert shot(snap_compare, (80, 24), scenario)


def test_while_it_is_replayed_and_after_a_refusal(snap_compare: Compare) -> None:
    async def scenario(stage: PastStage) -> None:
        stage.past.work_left = 10**9
        stage.desktop.go(tick=7)
        await stage.until(lambda: stage.banner.doing, "the progress")
        await stage.press(LEADER, "k")
        await stage.until(lambda: stage.desktop.query_one(StatusLine).message, "the refusal")

    assert shot(snap_compare, (120, 40), scenario)


def test_without_a_recording(snap_compare: Compare) -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.press("end")
        await stage.until(lambda: stage.past.moment.tick == TICKS, "the end")
        await stage.until(lambda: stage.desktop.query_one("#placeholder").display, "the reason")

    past = FakePast(why_no_replay="nothing is recorded, so there are no terminals and figures")
    assert shot(snap_compare, (120, 40), scenario, past=past)


def test_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(snap_compare, (120, 40))


def over_the_desktop(compare: Compare, scenario: Callable[[Stage], Awaitable[None]]) -> bool:
    machine = FakeMachine()
    app = DesktopApp(lambda: machine, DesktopOptions())

    async def prepare(pilot: Pilot[Any]) -> None:
        stage = Stage(app, pilot, machine)
        await stage.ready()
        await scenario(stage)
        await pilot.pause()

    return compare(app, terminal_size=(100, 30), run_before=prepare)


def test_going_on_after_a_pause_asks(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("P")
        stage.desktop.say("")
        await stage.command("P")

    assert over_the_desktop(snap_compare, scenario)


def test_the_recordings_that_were_kept(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        days = [datetime(2026, 3, day, 9, 30).strftime("%Y-%m-%d_%H-%M-%S") for day in range(9, 2, -1)]
        saved = [Saved(Path(f"{day}.zosrec"), 310_000 * n, n == 1) for n, day in enumerate(days, 1)]
        stage.app.push_screen(OpenDialog(saved))
        await stage.until(lambda: isinstance(stage.app.screen, OpenDialog), "the dialog")

    assert over_the_desktop(snap_compare, scenario)
