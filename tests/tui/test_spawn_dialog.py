"""The start dialog by its messages: what is chosen, typed and refused, and what the machine is asked for in the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, OptionList, TextArea

from tests.tui.drive import Stage, drive
from tests.tui.fake_machine import FakeMachine, summary
from zos_core.abi import ObjectType, Rights
from zos_core.errors import Refused
from zos_core.launcher import Options
from zos_core.snapshot import RequestSummary
from zos_core.wasi.directories import DirectoryGrant
from zos_tui.app import RECENT_FILE, DesktopOptions
from zos_tui.recents import Recents
from zos_tui.starts import Start
from zos_tui.widgets.directory_rows import DirectoryRow
from zos_tui.widgets.setup_dialog import SetupDialog
from zos_tui.widgets.spawn_dialog import SpawnDialog
from zos_tui.widgets.status_line import StatusLine
from zos_tui.widgets.tick import Tick

READ_WRITE = Rights.READ | Rights.WRITE
WANTS = RequestSummary(ObjectType.STORAGE, "dir:/data", READ_WRITE, True, "keeps the notes", "/data")
MISSING = (("js", "now"),)
Scenario = Callable[[Stage], Awaitable[None]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the desktop was started: a program in a folder, and a folder to give."""
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "tool.wasm").touch()
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def play(scenario: Scenario, tool: Path, *requests: RequestSummary, data: Path | None = None, missing: bool = False,
         size: tuple[int, int] = (80, 24)) -> FakeMachine:  # fmt: skip
    """Drive the desktop with `tool` as a WASI program that asks for `requests`."""
    machine = FakeMachine()
    machine.summaries[str(tool)] = summary("tool", *requests, foreign=MISSING if missing else ())
    return drive(scenario, machine=machine, options=DesktopOptions(data_folder=data), size=size)


def problem(stage: Stage) -> str:
    return str(stage.app.screen.query_one("#problem").render())


def listed(stage: Stage) -> list[str]:
    options = stage.app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(at).prompt).split("  ")[0] for at in range(options.option_count)]


async def set_up(stage: Stage, typed: str = "programs/tool.wasm") -> SetupDialog:
    """Open the dialog, type a path, and wait for the second step."""
    await stage.command("s")
    await stage.press(*typed, "enter")
    await stage.until(lambda: isinstance(stage.app.screen, SetupDialog), "the second step")
    screen = stage.app.screen
    assert isinstance(screen, SetupDialog)
    await stage.until(lambda: screen.focused is not None, "a field in focus")
    return screen


def send(stage: Stage, *keys: str) -> None:
    """All at once, as a terminal hands over what was typed while nobody looked."""
    for key in keys:
        stage.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def started(stage: Stage, tabs: int = 2) -> None:
    await stage.until(lambda: len(stage.desktop.book) == tabs and stage.app.screen is stage.desktop, "its tab")


# --- choosing a program -----------------------------------------------------------------------------------------------


def test_folders_are_browsed_by_keys_and_by_mouse(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("s")
        assert listed(stage) == ["Browse files…", "terminal", "pingpong"]
        await stage.press("down", "enter")
        assert listed(stage) == ["../", "mine/", "programs/"]
        await stage.press("down", "enter")
        assert listed(stage) == ["../", "tool.wasm"]
        assert stage.app.screen.query_one(Input).value == "./programs/"
        await stage.press("backspace")
        assert listed(stage) == ["../", "mine/", "programs/"]
        await stage.pilot.click(OptionList, offset=(3, 2))
        await stage.until(lambda: listed(stage) == ["../", "tool.wasm"], "the folder that was clicked")
        await stage.pilot.click(OptionList, offset=(3, 1))
        await stage.until(lambda: isinstance(stage.app.screen, SetupDialog), "the second step")
        await stage.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, SpawnDialog), "one step back")
        assert stage.app.screen.query_one(Input).value == "./programs/"

    asked = play(scenario, place / "programs" / "tool.wasm").asked
    assert [each for each in asked if each[0] in ("spawn", "summary")] == [
        ("spawn", "terminal"), ("summary", str(place / "programs" / "tool.wasm")),
    ]  # fmt: skip


def test_a_typed_path_is_completed_and_what_is_no_program_is_one_line(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("s")
        entry = stage.app.screen.query_one(Input)
        await stage.press(*"prog")
        assert listed(stage) == []
        await stage.until(lambda: entry._suggestion == "programs/", "how it goes on")
        await stage.press("right", *"t")
        await stage.until(lambda: entry._suggestion == "programs/tool.wasm", "how it goes on")
        await stage.press("right", "x", "enter")
        await stage.until(lambda: problem(stage).endswith("tool.wasmx: No such file or directory"), "the refusal")
        await stage.press("ctrl+u", *"'half", "enter")
        assert problem(stage) == 'no closing quotation in "\'half"'
        assert entry.value == "'half"
        await stage.press("ctrl+u", "enter")
        assert problem(stage) == "Type a program, or choose one with ↓"

    play(scenario, place / "programs" / "tool.wasm")


def test_a_bundled_program_starts_at_once_and_can_be_set_up(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("s")
        await stage.press("down", "down", "down", "enter")
        await started(stage)
        await stage.command("s")
        await stage.press(*"ping a", "ctrl+o")
        await stage.until(lambda: isinstance(stage.app.screen, SetupDialog), "the second step")
        assert not stage.app.screen.query("#environ, DirectoryRows"), "those are for WASI programs"
        await stage.until(lambda: stage.app.screen.focused is not None, "a field in focus")
        await stage.press("end", *" 'b c'", "ctrl+s")
        await started(stage, 3)

    machine = play(scenario, place / "tool.wasm")
    assert [each for each in machine.asked if each[0] == "spawn"][1:] == [
        ("spawn", "pingpong"), ("spawn", "pingpong", "a", "b c"),
    ]  # fmt: skip


# --- what it is given -------------------------------------------------------------------------------------------------


def test_a_program_is_given_folders_arguments_variables_and_memory(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        screen = await set_up(stage)
        await stage.press(*"-c 'print(1)'", "ctrl+n")
        await stage.until(lambda: screen.focused is not None and screen.focused.id == "host", "a row")
        await stage.press(*"mi")
        host = screen.query_one("#host", Input)
        await stage.until(lambda: host._suggestion == "mine/", "how it goes on")
        await stage.press("right", "tab", *"/there", "tab", "space")
        await stage.pilot.click("#add")
        await stage.until(lambda: len(screen.query(DirectoryRow)) == 2, "another row")
        await stage.until(lambda: screen.focused is not None and screen.focused.id == "host", "its field")
        await stage.press(*"programs")
        screen.query_one("#environ").focus()
        await stage.press(*"A=1", "enter", *"B=x y")
        screen.query_one("#memory", Input).value = "1G"
        await stage.press("ctrl+s")
        await started(stage)
        assert stage.desktop.book.tabs[-1].label == "tool"

    machine = play(scenario, place / "programs" / "tool.wasm")
    assert ("spawn", str(place / "programs" / "tool.wasm"), "-c", "print(1)") in machine.asked
    assert machine.options == Options(
        memory=1 << 30,
        directories=(
            DirectoryGrant(place / "mine", "/there", Rights.READ),
            DirectoryGrant(place / "programs", "programs", READ_WRITE),
        ),
        environ=(("A", "1"), ("B", "x y")),
    )


def test_wrong_input_is_one_line_and_nothing_is_lost(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        screen = await set_up(stage)
        args, memory = screen.query_one("#args", Input), screen.query_one("#memory", Input)
        await stage.press(*"'x", "enter")
        assert problem(stage) == 'no closing quotation in "\'x"'
        await stage.press("'")
        assert problem(stage) == "", "it goes when something is typed"
        memory.value = "3"
        await stage.press("enter")
        assert problem(stage) == "3 is not between 64K and 4G"
        memory.value = "2M"
        screen.query_one("#environ", TextArea).text = "A=1\nB"
        await stage.press("enter")
        assert problem(stage) == "a variable is NAME=VALUE, not 'B'"
        screen.query_one("#environ", TextArea).text = "A=1"
        await stage.press("ctrl+n")
        await stage.until(lambda: screen.focused is not None and screen.focused.id == "host", "a row")
        await stage.press(*"absent", "enter")
        assert problem(stage) == f"{place}/absent: cannot be given as a directory: No such file or directory"
        await stage.press("ctrl+u", *"mine", "ctrl+n")
        await stage.until(lambda: len(screen.query(DirectoryRow)) == 2, "a second row")
        await stage.press(*"mine", "enter")
        assert problem(stage) == "Two folders would be called mine"
        assert (args.value, memory.value, len(stage.desktop.book)) == ("'x'", "2M", 1)
        screen.query(DirectoryRow).last().query_one("Button").press()  # type: ignore[attr-defined]
        await stage.until(lambda: len(screen.query(DirectoryRow)) == 1, "one row less")
        await stage.press("ctrl+s")
        await started(stage)

    machine = play(scenario, place / "programs" / "tool.wasm")
    given = (DirectoryGrant(place / "mine", "mine", READ_WRITE),)
    assert machine.options == Options(memory=2 << 20, directories=given, environ=(("A", "1"),))


def test_a_directory_the_manifest_asks_for_is_offered_and_must_be_said(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        screen = await set_up(stage)
        text = "\n".join(str(each.render()) for each in screen.query("ProgramAbout > Static"))
        assert "Asks for directory /data rw-, required: “keeps the notes”" in text
        assert screen.focused is screen.query_one("#host")
        assert screen.query_one("#guest", Input).value == "/data"
        await stage.press("enter")
        assert problem(stage) == "The program needs /data: say which folder that is"
        await stage.press(*"mine", "enter")
        await started(stage)

    machine = play(scenario, place / "programs" / "tool.wasm", WANTS)
    assert machine.options.directories == (DirectoryGrant(place / "mine", "/data", READ_WRITE),)


def test_what_this_system_does_not_have_answers_0_when_a_person_says_so(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        screen = await set_up(stage)
        assert screen.focused is screen.query_one(Tick)
        await stage.press("ctrl+s")
        said = "Some imports are not in this system: tick “let them answer 0” to start all the same"
        await stage.until(lambda: problem(stage) == said, "the reason")
        await stage.press("space", "ctrl+s")
        await started(stage)

    assert play(scenario, place / "programs" / "tool.wasm", missing=True).options == Options(stub_imports=True)


# --- recent programs --------------------------------------------------------------------------------------------------


def test_a_recent_start_is_offered_first_and_fills_the_dialog(place: Path) -> None:
    tool = place / "programs" / "tool.wasm"
    given = (DirectoryGrant(place / "mine", "/data", Rights.READ),)
    kept = Start(str(tool), ("a b", "c"), given, (("A", "1"),), 1 << 20, True)

    async def scenario(stage: Stage) -> None:
        await stage.command("s")
        await stage.press(*"pingpong", "enter")
        await started(stage)
        await stage.command("s")
        assert listed(stage)[0] == "tool"
        await stage.press("down", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, SetupDialog), "the second step")
        await stage.until(lambda: stage.app.screen.focused is not None, "a field in focus")
        assert len(stage.app.screen.query(DirectoryRow)) == 1, "what is given is not asked for again"
        await stage.press("ctrl+s")
        await started(stage, 3)

    Recents(place / RECENT_FILE).add(kept)
    machine = play(scenario, tool, WANTS, data=place, missing=True)
    assert ("spawn", str(tool), "a b", "c") in machine.asked and machine.options == kept.options
    assert Recents(place / RECENT_FILE).list() == [kept], "a bundled program without more is no news"


def test_a_start_that_is_refused_is_not_recent(place: Path) -> None:
    class Refusing(FakeMachine):
        def finish_launch(self, launch: object) -> int:
            if "tool" in launch.program:  # type: ignore[attr-defined]
                raise Refused("tool: there is no more memory")
            return super().finish_launch(launch)  # type: ignore[arg-type]

    async def scenario(stage: Stage) -> None:
        await set_up(stage)
        await stage.press("enter")
        assert problem(stage) == "tool: there is no more memory"

    machine = Refusing()
    machine.summaries[str(place / "programs" / "tool.wasm")] = summary("tool")
    drive(scenario, machine=machine, options=DesktopOptions(data_folder=place))
    assert Recents(place / RECENT_FILE).list() == []


# --- compiling --------------------------------------------------------------------------------------------------------


def test_compiling_shows_its_time_and_is_cancelled_by_a_key(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        status = stage.desktop.query_one(StatusLine)
        await stage.command("z")
        assert stage.notice == "Nothing is being compiled"
        stage.machine.compiling = True
        await set_up(stage)
        await stage.press("enter")
        await stage.until(lambda: status.status.tab == "Compiling tool, 0 s · Ctrl+B z cancels", "what goes on")
        stage.machine.launches[-1].elapsed_s = 3.2
        await stage.until(lambda: status.status.tab == "Compiling tool, 3 s · Ctrl+B z cancels", "its time")
        await stage.command("z")
        assert stage.notice == "tool: compiling was cancelled"
        assert status.status.tab == "terminal · pid 3"
        stage.machine.launches[-1].done = True
        await stage.command("c")
        stage.machine.launches[-1].done = True
        await started(stage)
        assert [tab.label for tab in stage.desktop.book] == ["terminal", "terminal"]

    assert [launch.cancelled for launch in play(scenario, place / "programs" / "tool.wasm").launches] == [
        False, True, False,
    ]  # fmt: skip


def test_what_cannot_be_compiled_is_one_line_when_it_is_known(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.compiling = True
        await stage.command("s")
        await stage.press(*"broken", "enter")
        await stage.until(lambda: stage.app.screen is stage.desktop, "the dialog gone")
        stage.machine.launches[-1].done = True
        await stage.until(lambda: stage.notice == "broken: the module is not valid", "the reason")
        assert len(stage.desktop.book) == 1

    play(scenario, place / "tool.wasm")


@pytest.mark.parametrize("field", ["args", "environ"])
def test_keys_that_come_at_once_are_taken_in_the_order_they_were_typed(place: Path, field: str) -> None:
    rubbed_out, wanted, meant = "abcd", "xy", "xYy"

    async def scenario(stage: Stage) -> None:
        screen = await set_up(stage)
        entry = screen.query_one(f"#{field}", Input if field == "args" else TextArea)
        entry.focus()
        await stage.until(lambda: screen.focused is entry, "the field in focus")
        send(stage, *rubbed_out, *["backspace"] * len(rubbed_out), *wanted, "left", "Y", "home", "end")
        text = lambda: entry.value if isinstance(entry, Input) else entry.text  # noqa: E731
        await stage.until(lambda: meant in text(), "what was meant")
        assert text() == meant

    play(scenario, place / "programs" / "tool.wasm")


def test_an_arrow_moves_before_the_enter_that_came_with_it(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("s")
        await stage.until(lambda: isinstance(stage.app.focused, Input), "the field in focus")
        send(stage, "down", "down", "down", "enter")
        await started(stage)

    machine = play(scenario, place / "tool.wasm")
    assert [each for each in machine.asked if each[0] == "spawn"][1:] == [("spawn", "pingpong")]


def test_what_is_typed_ahead_goes_to_the_dialog_that_it_opens(place: Path) -> None:
    async def scenario(stage: Stage) -> None:
        for tabs in (2, 3, 4):
            send(stage, "ctrl+b", "s", *"ping x", *["backspace"] * 2, *" a", "enter")
            await started(stage, tabs)
        assert stage.inputs(3) == b""

    machine = play(scenario, place / "tool.wasm")
    assert [each for each in machine.asked if each[0] == "spawn"][1:] == [("spawn", "pingpong", "a")] * 3
