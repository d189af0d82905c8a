"""The desktop by its messages: what a person does, what the machine is asked, what comes back on screen."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input, Static

from tests.tui.drive import LEADER, Stage, drive
from tests.tui.fake_machine import FakeMachine
from zos_core.abi import ExitHow
from zos_core.snapshot import ConsoleMode, EventKind, ExitSnapshot, TrapSnapshot
from zos_tui.app import DesktopOptions
from zos_tui.commands import COMMANDS
from zos_tui.desktop import Desktop
from zos_tui.widgets.capability_list import CapabilityList
from zos_tui.widgets.confirm import Confirm
from zos_tui.widgets.help_panel import HelpPanel
from zos_tui.widgets.hint_bar import HintBar
from zos_tui.widgets.message_log import MessageLog
from zos_tui.widgets.process_list import ProcessList
from zos_tui.widgets.spawn_dialog import SpawnDialog
from zos_tui.widgets.status_line import StatusLine
from zos_tui.widgets.tab_bar import TabBar


def test_typing_reaches_the_process_of_the_tab_one_message_a_key_and_its_echo_is_shown() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("l", "s", "space", "é", "enter")
        await stage.until(lambda: stage.text() == "$ ls é\n$", "the echo")

    machine = drive(scenario)
    typed = [ask for ask in machine.asked if ask[0] == "input"]
    assert typed == [("input", 3, data) for data in (b"l", b"s", b" ", "é".encode(), b"\r")]


@pytest.mark.parametrize("key, data", [("ctrl+q", b"\x11"), ("ctrl+p", b"\x10"), ("ctrl+c", b"\x03"), ("tab", b"\t")])
def test_a_focused_terminal_gets_the_keys_textual_would_take(key: str, data: bytes) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press(key)
        await stage.until(lambda: stage.inputs(3) == data, "the key at the process")
        assert stage.app.screen is stage.desktop

    drive(scenario)


def test_the_leader_twice_sends_it_and_once_shows_what_the_next_key_does() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press(LEADER)
        assert isinstance(stage.app.screen, HintBar)
        await stage.press(LEADER)
        await stage.until(lambda: stage.inputs(3) == b"\x02", "the leader at the process")
        assert stage.app.screen is stage.desktop

    drive(scenario)


def test_another_leader_can_be_chosen() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("ctrl+b", "ctrl+a", "c")
        await stage.until(lambda: len(stage.desktop.book) == 2, "a second tab")
        assert stage.inputs(3) == b"\x02"

    drive(scenario, options=DesktopOptions(leader="ctrl+a"))


def test_every_command_has_its_action_and_its_own_key() -> None:
    assert all(callable(getattr(Desktop, f"action_{command.name}", None)) for command in COMMANDS)
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))


def test_tabs_open_switch_move_rename_and_stay_apart() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("c")
        await stage.until(lambda: len(stage.desktop.book) == 2 and stage.view.has_focus, "a second tab")
        await stage.press("2")
        await stage.until(lambda: stage.text() == "$ 2", "the echo in the second")
        await stage.command("1")
        await stage.until(lambda: stage.view.has_focus, "the first tab")
        assert stage.text() == "$"
        await stage.press("1")
        await stage.until(lambda: stage.text() == "$ 1", "the echo in the first")
        await stage.command("greater_than_sign")
        await stage.command("r")
        await stage.press("w", "o", "r", "k", "enter")
        await stage.until(lambda: stage.desktop.book.tabs[1].label == "work", "the new name, moved right")
        await stage.command("n")
        await stage.until(lambda: stage.desktop.book.active is stage.desktop.book.tabs[0], "round the end")

    machine = drive(scenario)
    assert [ask for ask in machine.asked if ask[0] == "input"] == [("input", 4, b"2"), ("input", 3, b"1")]


def test_output_behind_another_tab_sets_a_badge_until_it_is_seen() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("c")
        await stage.until(lambda: stage.view.has_focus and stage.text(), "a second tab")
        stage.machine.say(3, b"news")
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        await stage.until(lambda: stage.desktop.query_one(TabBar).faces[0].unseen, "the badge")
        await stage.command("1")
        await stage.until(lambda: not stage.desktop.query_one(TabBar).faces[0].unseen, "the badge gone")
        assert stage.text() == "$ news"

    drive(scenario)


@pytest.mark.parametrize(
    "how, words",
    [
        (ExitSnapshot(ExitHow.EXITED, 7), "exited 7"),
        (ExitSnapshot(ExitHow.KILLED, -1), "killed"),
        (ExitSnapshot(ExitHow.FAULTED, -1, TrapSnapshot("unreachable", "wasm trap")), "faulted: unreachable"),
    ],
)
def test_a_tab_outlives_its_process_says_how_it_ended_and_runs_again(how: ExitSnapshot, words: str) -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.say(3, b"last words")
        stage.machine.end(3, how)
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        await stage.until(lambda: f"[{words}]" in stage.text(), "how it ended")
        assert stage.text().splitlines() == ["$ last words", f"[{words}]"]
        assert stage.desktop.query_one(TabBar).faces[0].ended == words
        await stage.press("x")
        await stage.command("R")
        await stage.until(lambda: stage.desktop.book.tabs[0].pid == 4 and stage.text().endswith("$"), "a new process")
        await stage.press("y")
        await stage.until(lambda: stage.inputs(4) == b"y", "a key at the new process")
        assert stage.inputs(3) == b""

    drive(scenario)


def test_a_program_that_opens_its_own_console_becomes_a_tab() -> None:
    async def scenario(stage: Stage) -> None:
        pid = stage.machine.open_console("clock")
        stage.machine.say(pid, b"tick")
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        await stage.until(lambda: len(stage.desktop.book) == 2, "its tab")
        tab = stage.desktop.book.tabs[1]
        await stage.until(lambda: stage.text(stage.desktop.view_of(tab)) == "tick", "its output")
        assert (tab.label, tab.mode, tab.unseen) == ("clock", ConsoleMode.LINE, True)
        assert stage.desktop.book.active is stage.desktop.book.tabs[0]

    drive(scenario)


def test_line_mode_edits_here_and_delivers_a_line_and_end_of_input() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("h", "o", "backspace", "i", "enter")
        await stage.until(lambda: stage.text() == "$ hi", "the line, echoed here")
        await stage.press("ctrl+d")
        await stage.until(lambda: ("end of input", 3) in stage.machine.asked, "end of input")
        stage.machine.say(3, b"answer\n")
        await stage.press("n", "e", "x")
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        await stage.until(lambda: stage.text() == "$ hi\nanswer\nnex", "output above the half-typed line")

    machine = drive(scenario, machine=FakeMachine(mode=ConsoleMode.LINE, echo=False))
    assert [ask for ask in machine.asked if ask[0] == "input"] == [("input", 3, b"hi\n")]


def test_the_program_and_the_user_switch_who_edits() -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.say(3, b"\x1b[?7200h")
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        await stage.until(lambda: stage.machine.modes[3] is ConsoleMode.LINE, "line mode by the program")
        assert stage.desktop.query_one(StatusLine).status.mode == "LINE"
        await stage.command("m")
        await stage.until(lambda: stage.machine.modes[3] is ConsoleMode.RAW, "raw mode by the user")

    drive(scenario)


def test_a_paste_is_one_message_and_bracketed_when_asked_for() -> None:
    async def scenario(stage: Stage) -> None:
        stage.view.paste("a\nb")
        await stage.until(lambda: ("input", 3, b"a\rb") in stage.machine.asked, "the paste")
        stage.view.feed(b"\x1b[?2004h")
        stage.view.paste("c\x1b[201~d")
        await stage.until(lambda: ("input", 3, b"\x1b[200~c[201~d\x1b[201~") in stage.machine.asked, "in brackets")

    drive(scenario, machine=FakeMachine(echo=False))


def test_refused_input_is_shown_on_the_tab() -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.input_full = True
        await stage.press("a")
        await stage.until(lambda: stage.desktop.query_one(TabBar).faces[0].refused, "a mark on the tab")
        assert "64 KiB" in stage.notice
        stage.machine.input_full = False
        await stage.press("b")
        await stage.until(lambda: not stage.desktop.query_one(TabBar).faces[0].refused, "the mark gone")

    drive(scenario)


def test_kill_asks_first_and_no_is_the_default() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.until(lambda: stage.desktop.snapshot is not None, "a snapshot")
        await stage.command("k")
        assert isinstance(stage.app.screen, Confirm)
        await stage.press("enter")
        assert ("kill", 3) not in stage.machine.asked
        await stage.command("k")
        await stage.press("y")
        await stage.until(lambda: "[killed]" in stage.text(), "the end")

    assert ("kill", 3) in drive(scenario).asked


def test_the_selected_process_shows_its_capabilities_and_one_can_be_revoked() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.until(lambda: stage.desktop.snapshot is not None, "a snapshot")
        capabilities = stage.desktop.query_one(CapabilityList)
        assert (capabilities.pid, [row.key for row in capabilities.rows]) == (3, [0, 1, 4])
        await stage.command("o")
        assert stage.desktop.query_one(ProcessList).has_focus
        await stage.press("home")
        await stage.until(lambda: capabilities.pid == 1, "the first process's")
        await stage.press("end")
        await stage.command("o")
        await stage.press("end")
        await stage.command("v")
        await stage.press("y")
        await stage.until(lambda: [row.cells[0].text for row in capabilities.rows] == ["0", "1", "✗4"], "one struck")
        assert stage.notice == "✗ Revoked 1 capability, from terminal (3)"

    assert ("revoke", (3, 4)) in drive(scenario, size=(120, 40)).asked


def test_a_program_is_started_from_the_dialog_with_arguments_and_a_failure_is_one_line() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("s")
        assert isinstance(stage.app.screen, SpawnDialog)
        await stage.press(*"ping", "space", *"10", "enter")
        await stage.until(lambda: len(stage.desktop.book) == 2, "its tab")
        await stage.command("s")
        await stage.press(*"missing", "enter")
        problem = stage.app.screen.query_one("#problem", Static)
        await stage.until(lambda: str(problem.render()) == "missing: no such program", "the refusal, in the dialog")
        assert stage.app.screen.query_one(Input).value == "missing"

    assert ("spawn", "pingpong", "10") in drive(scenario).asked


def test_a_program_that_takes_long_to_compile_gets_its_tab_when_it_is_done() -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.compiling = True
        await stage.command("c")
        status = stage.desktop.query_one(StatusLine)
        await stage.until(lambda: status.status.tab.startswith("Compiling terminal, 0 s"), "a word about it")
        await stage.press("a")
        await stage.until(lambda: stage.inputs(3) == b"a", "a key meanwhile")
        assert len(stage.desktop.book) == 1
        stage.machine.launches[-1].done = True
        await stage.until(lambda: len(stage.desktop.book) == 2, "its tab")
        await stage.command("c")
        await stage.command("q")
        await stage.press("y")

    assert drive(scenario).launches[-1].cancelled


def test_a_first_program_that_cannot_start_says_why_where_its_tab_would_be() -> None:
    async def scenario(stage: Stage) -> None:
        placeholder = stage.desktop.query_one("#placeholder")
        await stage.until(lambda: "broken: the module is not valid" in str(placeholder.render()), "the reason")
        await stage.command("c")
        await stage.until(lambda: len(stage.desktop.book) == 1, "a tab all the same")

    drive(scenario, options=DesktopOptions(program="broken"), wait=False)


def test_quit_asks_while_programs_live_and_closes_the_machine() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("q")
        assert isinstance(stage.app.screen, Confirm)
        await stage.press("n")
        assert stage.app.is_running
        await stage.command("q")
        await stage.press("y")

    assert drive(scenario).asked[-1] == ("close",)


def test_close_kills_after_asking_and_the_last_tab_leaves_a_hint() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("x")
        await stage.press("y")
        await stage.until(lambda: len(stage.desktop.book) == 0, "no tab")
        hint = "No tab. Ctrl+B c opens a terminal, Ctrl+B s any program."
        assert str(stage.desktop.query_one("#placeholder").render()) == hint
        await stage.command("c")
        await stage.until(lambda: len(stage.desktop.book) == 1 and stage.view.has_focus, "a tab again")

    assert ("kill", 3) in drive(scenario).asked


def test_a_machine_that_cannot_boot_is_a_line_on_the_screen() -> None:
    async def scenario(stage: Stage) -> None:
        placeholder = stage.desktop.query_one("#placeholder")
        await stage.until(lambda: placeholder.has_class("-failed"), "the failure on screen")
        assert str(placeholder.render()) == "The machine did not start: no engine for this target"
        await stage.command("c")
        assert stage.notice == "The machine is not running"
        await stage.command("q")

    drive(scenario, machine=FakeMachine(boot_error="no engine for this target"), wait=False)


def test_storage_that_another_process_has_is_told_and_the_desktop_goes_on() -> None:
    async def scenario(stage: Stage) -> None:
        assert stage.notice == "storage.sqlite: another zos has this storage open"
        assert len(stage.desktop.book) == 1

    drive(scenario, machine=FakeMachine(storage_error="storage.sqlite: another zos has this storage open"))


def test_the_log_shows_what_it_missed_when_it_comes_into_view() -> None:
    machine = FakeMachine()
    for number in range(3):
        machine.tell(EventKind.GRANTED, 3, f"slot {number}")

    async def scenario(stage: Stage) -> None:
        log = stage.desktop.query_one(MessageLog)
        for _ in range(3):
            await stage.command("o")
        await stage.until(lambda: log.region.area > 0, "the log")
        await stage.until(lambda: [row.cells[4].text for row in log.rows] == ["slot 0", "slot 1", "slot 2"], "its rows")

    drive(scenario, machine=machine, size=(80, 24))


@pytest.mark.parametrize("size, shown", [((80, 24), 1), ((120, 40), 3), ((200, 60), 3)])
def test_panels_shown_at_each_size(size: tuple[int, int], shown: int) -> None:
    async def scenario(stage: Stage) -> None:
        def visible() -> int:
            widgets = (stage.view, stage.desktop.query_one(ProcessList), stage.desktop.query_one(CapabilityList))
            return sum(1 for widget in widgets if widget.region.area > 0)

        await stage.until(lambda: visible() == shown, f"{shown} panels")
        await stage.command("o")
        await stage.until(lambda: stage.desktop.query_one(ProcessList).region.area > 0, "the process list")
        assert visible() == shown
        if size == (120, 40):
            assert stage.view.terminal.columns == 80

    drive(scenario, size=size)


def test_help_and_palette_know_every_command() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("question_mark")
        assert isinstance(stage.app.screen, HelpPanel)
        page = str(stage.app.screen.query("Static").first().render())
        assert all(command.help in page for command in COMMANDS)
        await stage.press("escape")
        await stage.command("colon")
        await stage.press(*"light", "enter")
        await stage.until(lambda: stage.app.theme == "zos-light", "the command, by name")

    drive(scenario)


def test_keys_typed_faster_than_a_dialog_goes_close_nothing_else() -> None:
    async def scenario(stage: Stage) -> None:
        def burst(*names: str) -> None:
            for name in names:
                stage.app.post_message(events.Key(name, name if len(name) == 1 else None))

        await stage.until(lambda: stage.desktop.snapshot is not None, "a snapshot")
        burst(LEADER, "k", "k", "k")
        await stage.until(lambda: isinstance(stage.app.screen, Confirm), "the question")
        burst("y", "y", "y")
        await stage.until(lambda: "[killed]" in stage.text(), "the end")
        assert stage.app.screen is stage.desktop

    drive(scenario)
