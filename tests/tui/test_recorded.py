"""The recording of a session on the desktop: that it is shown, paused, ended, forgotten; opening one that was kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.drive import LEADER, Stage, drive
from tests.tui.fake_machine import FakeMachine
from zos_core.record import album
from zos_core.snapshot import RecordingState
from zos_tui.app import DesktopOptions, make_machine
from zos_tui.recorded import PHRASES
from zos_tui.widgets.confirm import Confirm
from zos_tui.widgets.open_dialog import OpenDialog
from zos_tui.widgets.resume_dialog import EXPLANATION, ResumeDialog
from zos_tui.widgets.status_line import StatusLine


def phrase(stage: Stage) -> str:
    return stage.desktop.query_one(StatusLine).status.recording


def drawn(stage: Stage) -> str:
    return "".join(part.text for part in stage.desktop.query_one(StatusLine).render_line(0))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
def test_that_the_session_is_recorded_is_always_on_the_screen(size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.until(lambda: phrase(stage) == "● recording", "the state")
        assert "● recording" in drawn(stage)
        await stage.command("o")
        assert "● recording" in drawn(stage)

    drive(scenario, size=size)


def test_every_state_has_a_mark_and_a_word_of_its_own() -> None:
    assert len({text[0] for text in PHRASES.values()}) == len(PHRASES) == len(RecordingState)
    assert len({text[2:] for text in PHRASES.values()}) == len(PHRASES)


@pytest.mark.parametrize("keys, answer, state", [(("k",), True, "● recording"), (("e",), False, "■ recording ended")])
def test_a_pause_is_shown_and_going_on_asks_what_to_do(keys: tuple[str, ...], answer: bool, state: str) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("P")
        await stage.until(lambda: phrase(stage) == "‖ recording paused", "the pause")
        await stage.command("P")
        await stage.until(lambda: isinstance(stage.app.screen, ResumeDialog), "the question")
        assert EXPLANATION.count(". ") == 1
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.desktop, "still paused")
        assert phrase(stage) == "‖ recording paused"
        await stage.command("P")
        await stage.press(*keys)
        await stage.until(lambda: phrase(stage) == state, "the answer")

    machine = drive(scenario)
    asked = [ask for ask in machine.asked if ask[0] in ("pause", "go on")]
    assert asked == [("pause",), ("go on", answer)]


def test_the_buttons_of_the_question_answer_it_too() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("P")
        await stage.command("P")
        await stage.press("enter")
        await stage.until(lambda: stage.app.screen is stage.desktop, "stayed paused")
        await stage.command("P")
        await stage.pilot.click("#end")
        await stage.until(lambda: phrase(stage) == "■ recording ended", "ended")
        await stage.command("P")
        await stage.until(lambda: stage.notice == "Nothing is recorded", "nothing to pause")

    assert [ask for ask in drive(scenario).asked if ask[0] == "go on"] == [("go on", False)]


def test_forgetting_asks_and_says_that_there_is_no_recording_any_more() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("F")
        await stage.until(lambda: isinstance(stage.app.screen, Confirm), "the question")
        await stage.press("n")
        await stage.until(lambda: stage.app.screen is stage.desktop, "not deleted")
        await stage.command("F")
        await stage.press("y")
        await stage.until(lambda: phrase(stage) == "○ not recorded", "deleted")
        await stage.command("F")
        await stage.until(lambda: stage.notice == "Nothing is recorded", "nothing to forget")

    assert [ask for ask in drive(scenario).asked if ask == ("forget",)] == [("forget",)]


def test_a_recording_that_cannot_be_deleted_is_one_line() -> None:
    async def scenario(stage: Stage) -> None:
        assert stage.machine.recording is not None
        stage.machine.recording.unwilling = True
        await stage.command("F")
        await stage.press("y")
        await stage.until(lambda: "Permission denied" in stage.notice, "why")

    drive(scenario)


def test_a_recording_that_stopped_says_so_once_and_its_state_stays() -> None:
    async def scenario(stage: Stage) -> None:
        assert stage.machine.recording is not None and stage.desktop.pump is not None
        stage.machine.recording.state = RecordingState.STOPPED
        stage.machine.recording_problem = "a.zosrec: the recording has reached 1 GiB and stopped"
        stage.desktop.pump.touched()
        await stage.until(lambda: stage.notice == stage.machine.recording_problem, "why")
        assert phrase(stage) == "✗ recording stopped"
        stage.desktop.say("")
        stage.desktop.pump.touched()
        await stage.press("x")
        await stage.until(lambda: stage.text() == "$ x", "the echo")
        assert stage.notice == "" and phrase(stage) == "✗ recording stopped"

    drive(scenario)


def test_a_session_that_is_not_recorded_says_so() -> None:
    machine = FakeMachine()
    machine.recording = None

    async def scenario(stage: Stage) -> None:
        await stage.until(lambda: phrase(stage) == "○ not recorded", "the state")
        await stage.command("P")
        await stage.until(lambda: stage.notice == "Nothing is recorded", "nothing to pause")

    drive(scenario, machine=machine)


# --- the folder ---------------------------------------------------------------------------------------------------


def test_the_desktop_records_into_the_data_folder_unless_it_is_told_not_to(tmp_path: Path) -> None:
    machine = make_machine(DesktopOptions(data_folder=tmp_path))
    found = album.saved(tmp_path / "recordings")
    assert [each.written for each in found] == [True] and machine.recording is not None
    assert found[0].path.stat().st_mode & 0o777 == 0o600
    machine.close()
    assert [each.written for each in album.saved(tmp_path / "recordings")] == [False]
    silent = make_machine(DesktopOptions(data_folder=tmp_path, keep=False))
    assert silent.recording is None and silent.recording_problem == ""
    silent.close()
    own = make_machine(DesktopOptions(data_folder=tmp_path, record=tmp_path / "mine.zosrec"))
    assert own.recording is not None and own.recording.path == tmp_path / "mine.zosrec"
    own.close()
    assert len(album.saved(tmp_path / "recordings")) == 1


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("not a folder")
    machine = make_machine(DesktopOptions(data_folder=tmp_path))
    assert machine.recording is None and "cannot be written" in machine.recording_problem
    machine.close()


def test_a_recording_that_was_kept_is_chosen_from_a_list_or_named(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    for name in ("2026-03-01_12-00-00", "2026-03-02_08-30-00"):
        (folder / f"{name}.zosrec").write_bytes(b"none")
    lock = album.hold(folder / "2026-03-02_08-30-00.zosrec")

    async def scenario(stage: Stage) -> None:
        await stage.command("O")
        await stage.until(lambda: isinstance(stage.app.screen, OpenDialog), "the list")
        table = stage.app.screen.query_one("#saved")
        rows = [[cell.text for cell in row.cells] for row in table.rows]  # type: ignore[attr-defined]
        assert [row[0] for row in rows] == ["2026-03-02 08:30:00", "2026-03-01 12:00:00"]
        assert rows[0][2] == "● being recorded" and rows[1][2] == ""
        await stage.press("down", "enter")
        await stage.until(lambda: "2026-03-01_12-00-00.zosrec" in stage.notice, "why it cannot be opened")
        await stage.press(LEADER, "O")
        await stage.press("shift+tab", "enter")
        await stage.until(lambda: "Type a path" in str(stage.app.screen.query_one("#problem").render()), "a hint")
        await stage.press(*"none", "enter")
        await stage.until(lambda: stage.notice == "none: there is no such recording", "why not")

    drive(scenario, size=(120, 40), options=DesktopOptions(data_folder=tmp_path))
    album.let_go(lock)
