"""The timeline by its messages: where a person goes, what is shown then, and that nothing can be changed there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.drive import LEADER, Stage, drive, until
from tests.tui.fake_machine import FakeMachine
from tests.tui.fake_past import COMMITS_A_TICK, GUEST, SHELL, TICKS, FakePast
from zos_tui.app import DesktopApp, DesktopOptions
from zos_tui.commands import COMMANDS, LOOKING
from zos_tui.desktop import Desktop
from zos_tui.palette import DesktopCommands
from zos_tui.past_desktop import CANNOT, PastDesktop
from zos_tui.widgets.commit_list import CommitList
from zos_tui.widgets.message_log import MessageLog
from zos_tui.widgets.past_banner import PastBanner
from zos_tui.widgets.past_terminal import PastTerminal
from zos_tui.widgets.process_list import ProcessList
from zos_tui.widgets.prompt_line import PromptLine
from zos_tui.widgets.status_line import StatusLine
from zos_tui.widgets.timeline_scale import TimelineScale


class PastStage:
    """A past on the screen, and a person in front of it."""

    def __init__(self, app: DesktopApp, pilot: Pilot[Any], past: FakePast) -> None:
        self.app, self.pilot, self.past = app, pilot, past

    @property
    def desktop(self) -> PastDesktop:
        found = next(screen for screen in self.app.screen_stack if isinstance(screen, PastDesktop))
        return found

    @property
    def text(self) -> str:
        view = self.desktop.active_view
        if view is None:
            return ""
        return "\n".join("".join(view.terminal.row(y).text).rstrip() for y in range(view.terminal.lines)).rstrip()

    @property
    def banner(self) -> PastBanner:
        return self.desktop.query_one(PastBanner)

    @property
    def notice(self) -> str:
        return self.desktop.query_one(StatusLine).message

    @property
    def tabs(self) -> list[int]:
        return [tab.pid for tab in self.desktop.book]

    @property
    def commits(self) -> CommitList:
        return self.desktop.query_one(CommitList)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await until(self.pilot, condition, what)

    async def press(self, *names: str) -> None:
        await self.pilot.press(*names)

    async def at(self, tick: int) -> None:
        """Wait until this tick is on the screen."""
        await self.until(lambda: self.past.moment.tick == tick and self.text.endswith(f"line {tick}"), f"tick {tick}")


Scenario = Callable[[PastStage], Awaitable[None]]


def look(scenario: Scenario, past: FakePast | None = None, size: tuple[int, int] = (120, 40)) -> FakePast:
    """Play `scenario` on an opened recording."""
    double = past or FakePast()

    async def play() -> None:
        app = DesktopApp(lambda: double, DesktopOptions(), double)
        async with app.run_test(size=size) as pilot:
            stage = PastStage(app, pilot, double)
            await stage.until(lambda: stage.desktop.snapshot is not None, "the past")
            await scenario(stage)

    asyncio.run(play())
    assert double.closed
    return double


def test_a_recording_opens_at_its_first_tick_under_a_banner_that_says_how_to_leave() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.at(1)
        assert stage.banner.border_title == "THE PAST of 2026-03-01_12-00-00.zosrec"
        assert "nothing can be changed" in stage.banner.line and "Ctrl+B T leaves it" in stage.banner.line
        assert stage.commits.has_focus and stage.commits.selected == COMMITS_A_TICK
        assert stage.tabs == [SHELL]
        await stage.press("escape")

    past = look(scenario)
    assert past.asked == []


@pytest.mark.parametrize(
    "keys, place",
    [
        (("right", "right"), (3, 9)),
        (("right", "down"), (3, 7)),
        (("end",), (TICKS, TICKS * COMMITS_A_TICK)),
        (("end", "left"), (TICKS - 1, (TICKS - 1) * COMMITS_A_TICK)),
        (("end", "home"), (1, 3)),
        (("end", "up", "k"), (TICKS, TICKS * COMMITS_A_TICK - 2)),
        (("shift+right",), (TICKS, TICKS * COMMITS_A_TICK)),
        (("t", "5", "enter"), (5, 15)),
        (("t", "c", "7", "enter"), (3, 7)),
        (("t", *"commit", "space", "7", "enter"), (3, 7)),
        (("t", *"999", "enter"), (TICKS, TICKS * COMMITS_A_TICK)),
    ],
)
def test_keys_move_in_time_by_commits_ticks_and_numbers(keys: tuple[str, ...], place: tuple[int, int]) -> None:
    async def scenario(stage: PastStage) -> None:
        for key in keys:
            await stage.press(key)
            await stage.pilot.pause()
        await stage.until(lambda: (stage.past.moment.tick, stage.past.moment.commit) == place, f"{place}")
        await stage.until(lambda: stage.commits.selected == place[1], "the row")
        assert stage.desktop.query_one(TimelineScale).place[:2] == (place[0], TICKS)

    look(scenario)


def test_pages_move_by_what_is_in_view_and_nonsense_goes_nowhere() -> None:
    async def scenario(stage: PastStage) -> None:
        room = stage.commits._room - 1
        await stage.press("end", "pageup")
        await stage.until(lambda: stage.past.moment.commit == TICKS * COMMITS_A_TICK - room, "a page back")
        await stage.press("t", *"soon", "enter")
        await stage.until(lambda: "not 'soon'" in stage.notice, "what is wrong")
        assert not isinstance(stage.app.screen, PromptLine)

    look(scenario)


def test_the_mouse_picks_a_place_on_the_scale_a_row_of_the_list_and_turns_its_wheel() -> None:
    async def scenario(stage: PastStage) -> None:
        bar = stage.desktop.query_one(TimelineScale)._bar
        await stage.pilot.mouse_down(TimelineScale, offset=(bar[-1], 0))
        await stage.at(TICKS)
        await stage.pilot.hover(TimelineScale, offset=(bar[0], 0))
        await stage.at(1)
        await stage.pilot.mouse_up(TimelineScale, offset=(bar[0], 0))
        row = next(i for i, row in enumerate(stage.commits.rows) if row.key == 5)
        await stage.pilot.click(CommitList, offset=(10, row - stage.commits._top + 2))
        await stage.until(lambda: stage.past.moment.commit == 5, "the row that was clicked")
        stage.commits._wheel(_Wheel(), 3)  # type: ignore[arg-type]
        await stage.until(lambda: stage.past.moment.commit == 8, "three on")

    look(scenario)


class _Wheel:
    def stop(self) -> None: ...


def test_every_panel_shows_the_machine_as_it_was_backwards_too() -> None:
    async def scenario(stage: PastStage) -> None:
        log = stage.desktop.query_one(MessageLog)
        await stage.press("t", "6", "enter")
        await stage.at(6)
        assert stage.tabs == [SHELL, GUEST] and stage.text.startswith("line 1\nline 2")
        assert len(log.rows) == 6 and stage.desktop.snapshot is not None
        assert stage.desktop.snapshot.process(GUEST) is not None
        await stage.press("end")
        await stage.at(TICKS)
        assert stage.desktop.book.tabs[1].ended is not None and len(log.rows) == TICKS
        await stage.press("t", "2", "enter")
        await stage.at(2)
        assert stage.tabs == [SHELL] and stage.text == "line 1\nline 2" and len(log.rows) == 2

    look(scenario)


def test_a_tab_of_the_past_says_how_its_process_ended_and_takes_it_back_before_that() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.press("end")
        await stage.at(TICKS)
        await stage.press(LEADER, "2")
        await stage.until(lambda: stage.text.endswith("[exited 7]"), "its end")
        await stage.press(LEADER, "p", LEADER, "n")
        stage.desktop.go(tick=5)
        await stage.until(lambda: stage.text == "guest\nguest", "before its end")

    look(scenario)


def test_in_the_middle_of_a_tick_consoles_show_the_one_before() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.press("right", "down")
        await stage.until(lambda: stage.past.moment.commit == 7, "commit 7")
        await stage.until(lambda: stage.text == "line 1\nline 2", "tick 2")

    look(scenario)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.name not in LOOKING], ids=lambda each: each.name)
def test_what_would_change_something_is_refused_in_one_line(command: Any) -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.at(1)
        await stage.press(LEADER, command.keys[0])
        await stage.until(lambda: CANNOT in stage.notice, "the refusal")
        assert stage.app.screen is stage.desktop

    assert look(scenario).asked == []


def test_typing_into_a_terminal_of_the_past_is_refused_and_changes_nothing() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.at(1)
        await stage.press(LEADER, "1")
        await stage.until(lambda: isinstance(stage.app.focused, PastTerminal), "the focus in the terminal")
        await stage.press("x", "enter")
        await stage.until(lambda: CANNOT in stage.notice, "the refusal")
        assert stage.text == "line 1"

    look(scenario)


def test_details_and_trees_can_be_looked_at_and_offer_nothing_else() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.press("end", LEADER, "e")
        await stage.until(lambda: stage.app.screen is not stage.desktop, "the details")
        await stage.press("x")
        await stage.until(lambda: CANNOT in stage.notice, "no kill")
        await stage.press(LEADER, "e")
        await stage.until(lambda: stage.app.screen is not stage.desktop, "the details again")
        await stage.press("c")
        await stage.until(lambda: stage.app.screen is stage.desktop and CANNOT in stage.notice, "no grant")
        assert stage.desktop.authority is not None
        stage.desktop.authority.revoke(SHELL, 0)
        assert stage.app.screen is stage.desktop

    look(scenario)


def test_work_that_takes_its_time_is_told_in_the_banner_until_it_is_done() -> None:
    async def scenario(stage: PastStage) -> None:
        stage.past.work_left = 2000
        stage.desktop.go(tick=6)
        await stage.until(lambda: "replaying 50%" in stage.banner.doing, "the progress")
        await stage.until(lambda: stage.past.moment.tick == 6 and len(stage.commits.rows) > 0, "the kernel panels")
        assert stage.text != "line 6" and stage.past.work_left > 0
        stage.past.work_left = 0
        await stage.at(6)
        assert stage.banner.doing == ""

    look(scenario)


def test_the_desktop_can_be_left_in_the_middle_of_work() -> None:
    async def scenario(stage: PastStage) -> None:
        stage.past.work_left = 10**9
        stage.desktop.go(tick=6)
        await stage.until(lambda: stage.banner.doing, "the progress")
        # A slice that finds its screen half gone shows nothing, and does not fail.
        await stage.desktop.query("#status").remove()
        assert stage.desktop.scrubber is not None and stage.desktop.scrubber.slice()

    look(scenario)


def test_without_terminals_the_panel_says_why_and_the_rest_is_shown() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.press("end")
        await stage.until(lambda: stage.past.moment.tick == TICKS, "the end")
        placeholder = stage.desktop.query_one("#placeholder")
        await stage.until(lambda: placeholder.display, "the reason")
        assert "nothing is recorded" in str(placeholder.render())
        assert not any(view.display for view in stage.desktop.query(PastTerminal))
        assert "nothing is recorded" in stage.banner.doing
        assert stage.desktop.snapshot is not None and len(stage.desktop.query_one(MessageLog).rows) == TICKS

    look(scenario, FakePast(why_no_replay="nothing is recorded, so there are no terminals"))


def test_a_recording_that_was_not_closed_says_so() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.until(lambda: f"it ends at tick {TICKS}" in stage.notice, "that it was not closed")

    look(scenario, FakePast(torn=True))


def test_rates_are_those_of_the_second_before() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.at(1)
        processes = stage.desktop.query_one(ProcessList)
        await stage.until(lambda: processes.rows, "the list")
        assert [row.cells[7].text for row in processes.rows] == ["1", "2", "3"]

    look(scenario, size=(200, 60))


def test_a_recording_that_is_damaged_says_so_in_the_banner() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.until(lambda: "! tick 13 is missing" in stage.banner.doing, "what is wrong")

    look(scenario, FakePast(problem="tick 13 is missing"))


def test_playing_goes_on_by_itself_faster_on_demand_and_stops_at_the_end() -> None:
    async def scenario(stage: PastStage) -> None:
        scale = stage.desktop.query_one(TimelineScale)
        await stage.press("space")
        await stage.until(lambda: scale.place.speed == 1, "playing")
        await stage.press(*["plus"] * 8)
        await stage.until(lambda: stage.desktop._last_speed == 64, "the fastest")
        await stage.at(TICKS)
        await stage.until(lambda: scale.place.speed == 0, "still at the end")
        await stage.pilot.click(TimelineScale, offset=(1, 0))
        await stage.press("home")
        await stage.until(lambda: stage.past.moment.tick == 1 and scale.place.speed == 0, "a step stops it")
        steps = [ask[1] for ask in stage.past.asked if ask[0] == "go"]
        assert steps.count(TICKS) == 1 and steps[-1] == 1

    look(scenario)


def test_a_terminal_greater_than_its_room_is_shown_about_its_cursor() -> None:
    async def scenario(stage: PastStage) -> None:
        await stage.press("end")
        await stage.at(TICKS)
        view = stage.desktop.active_view
        assert isinstance(view, PastTerminal)
        view.set_size((80, 60))
        view.feed(b"\x1b[50;1Hdeep")
        shown = ["".join(part.text for part in view.render_line(y)).rstrip() for y in range(view.size.height)]
        assert shown[-1] == "deep"
        view.feed(b"\x1b[1;1Hhigh")
        assert "".join(part.text for part in view.render_line(0)).startswith("high")

    look(scenario)


# --- over a running machine ---------------------------------------------------------------------------------------


def over_a_machine(scenario: Callable[[Stage, PastStage], Awaitable[None]]) -> tuple[FakeMachine, FakePast]:
    past = FakePast()
    machine = FakeMachine(make_past=lambda: past)

    async def play(stage: Stage) -> None:
        await stage.command("T")
        await stage.until(lambda: isinstance(stage.app.screen, PastDesktop), "the past")
        await scenario(stage, PastStage(stage.app, stage.pilot, past))

    drive(play, size=(120, 40), machine=machine)
    assert past.closed
    return machine, past


def test_the_timeline_opens_at_now_and_returns_to_it_while_the_machine_goes_on() -> None:
    async def scenario(stage: Stage, past: PastStage) -> None:
        await past.at(TICKS)
        assert past.banner.border_title == "THE PAST of this session" and "returns to now" in past.banner.line
        await past.press("left", "left")
        await past.at(TICKS - 2)
        stage.machine.say(SHELL, b"meanwhile")
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        await stage.until(lambda: "meanwhile" in stage.text(), "the live terminal, below")
        await past.press("escape")
        await stage.until(lambda: stage.app.screen is stage.desktop and stage.view.has_focus, "now")
        await stage.press("y")
        await stage.until(lambda: stage.inputs(SHELL) == b"y", "a key for the live process")

    machine, _ = over_a_machine(scenario)
    assert ("past",) in machine.asked


def test_the_leader_and_the_palette_leave_too_and_quit_asks_nothing_of_the_live_machine() -> None:
    async def scenario(stage: Stage, past: PastStage) -> None:
        await past.press(LEADER, "q")
        await stage.until(lambda: stage.app.screen is stage.desktop, "now again")
        await stage.command("T")
        await stage.until(lambda: isinstance(stage.app.screen, PastDesktop), "the past again")
        title = next(each for each in COMMANDS if each.name == "timeline").title
        provider = DesktopCommands(stage.app.screen)
        hit = next(iter([hit async for hit in provider.search(title)]))
        hit.command()
        await stage.until(lambda: stage.app.screen is stage.desktop, "left by the palette")

    over_a_machine(scenario)


def test_a_running_session_grows_while_it_is_looked_at() -> None:
    async def scenario(stage: Stage, past: PastStage) -> None:
        await past.at(TICKS)
        scale = past.desktop.query_one(TimelineScale)
        past.desktop._grow()
        await stage.until(lambda: scale.place.ticks > TICKS, "another tick")
        assert past.past.moment.tick == TICKS

    over_a_machine(scenario)


def test_a_past_that_cannot_be_read_is_one_line() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("T")
        await stage.until(lambda: stage.notice == "the recording cannot be read: it is gone", "why")
        assert isinstance(stage.app.screen, Desktop) and not isinstance(stage.app.screen, PastDesktop)

    drive(scenario)
