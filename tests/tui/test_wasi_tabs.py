"""A WASI program in a tab of the real desktop on a real machine: its directory goes while it writes, and comes back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.tui.drive import Stage
from tests.wasi.programs.support import Programs, find_all
from zos_core.abi import ObjectType
from zos_core.snapshot import ConsoleMode, EventKind
from zos_core.supervisor import MachineConfig, Supervisor
from zos_tui.app import DesktopApp, DesktopOptions
from zos_tui.cli.folders import module_cache
from zos_tui.widgets.capability_list import CapabilityList
from zos_tui.widgets.grant_dialog import GrantDialog
from zos_tui.widgets.line_table import LineTable
from zos_tui.widgets.message_log import MessageLog
from zos_tui.widgets.process_details import ProcessDetails
from zos_tui.widgets.revoke_dialog import RevokeDialog
from zos_tui.widgets.setup_dialog import SetupDialog

WRITER = """
import time
count = 0
while True:
    count += 1
    try:
        with open('/data/out.txt', 'w') as file:
            file.write(str(count))
        print('wrote', count)
    except OSError as error:
        print('OSError', count)
    time.sleep_ms(100)
"""
REFUSED = r"(\d+)× path_open\(3, 'out.txt', 9, directory (.+) -w-\) = E_BADF \(no capability on that directory\)"


@pytest.fixture(scope="module")
def programs() -> Programs:
    return find_all()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    given = tmp_path / "given"
    given.mkdir()
    return given


def play(scenario: Callable[[Stage, Supervisor], Awaitable[None]], size: tuple[int, int] = (120, 40)) -> None:
    """Drive the desktop over a machine of its own."""
    machine = Supervisor(MachineConfig(cache=module_cache()))

    async def perform() -> None:
        app = DesktopApp(lambda: machine, DesktopOptions())
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot, machine)  # type: ignore[arg-type]
            await stage.until(lambda: stage.desktop.book.active and stage.view.has_focus, "the first tab")
            await scenario(stage, machine)

    asyncio.run(perform())


async def start(stage: Stage, program: Path, folder: Path, *arguments: str) -> None:
    """Through the dialog: the program's path, what it lacks answers 0, `folder` as /data, and arguments."""
    await stage.command("s")
    await stage.press(*str(program), "enter")
    await stage.until(lambda: isinstance(stage.app.screen, SetupDialog), "the second step")
    screen = stage.app.screen
    await stage.until(lambda: screen.focused is not None, "a field in focus")
    if screen.query("#stub"):
        await stage.press("space", "tab")
    await stage.press(*arguments, "ctrl+n")
    await stage.until(lambda: screen.focused is not None and screen.focused.id == "host", "a row")
    await stage.press(*str(folder), "tab", *"/data", "ctrl+s")
    await stage.until(lambda: len(stage.desktop.book) == 2 and stage.view.has_focus, "its tab")


def rows_of(stage: Stage, kind: EventKind) -> list[str]:
    """What the message log says, of one kind, newest last."""
    rows = stage.desktop.query_one(MessageLog).rows
    return [row.cells[4].text for row in rows if row.cells[1].text == kind.value]


def refusals(stage: Stage, folder: Path) -> int:
    """How often the one row of the log says that the folder's file was refused."""
    told = [re.fullmatch(REFUSED, row) for row in rows_of(stage, EventKind.REFUSED)]
    return max((int(each[1]) for each in told if each is not None and each[2] == str(folder)), default=0)


def storage_slot(stage: Stage) -> int | None:
    held = stage.desktop.query_one(CapabilityList)
    slots = [row.key for row in held.rows if row.cells[1].text == "Storage" and "✗" not in row.cells[0].text]
    return slots[0] if slots else None  # type: ignore[return-value]


def test_a_directory_is_revoked_while_a_program_writes_and_granted_again(programs: Programs, folder: Path) -> None:
    (folder / "w.py").write_text(WRITER)
    written = folder / "out.txt"

    async def scenario(stage: Stage, machine: Supervisor) -> None:
        await start(stage, programs.micropython.path, folder, *"/data/w.py")
        await stage.until(lambda: "wrote 3" in stage.text(), "its writes")
        capabilities, pid = stage.desktop.query_one(CapabilityList), stage.desktop.book.tabs[-1].pid
        await stage.until(lambda: storage_slot(stage) is not None, "its directory in the list")
        (named,) = [row for row in capabilities.rows if row.key == storage_slot(stage)]
        assert [named.cells[2].text, named.cells[3].text] == [f"directory {folder}", "rw-"]

        capabilities.select(named.key)
        await stage.command("v")
        await stage.until(lambda: isinstance(stage.app.screen, RevokeDialog), "what would go")
        await stage.press("y")
        await stage.until(lambda: "OSError" in stage.text(), "the refusal in the program")
        before = written.read_text()
        await stage.until(lambda: refusals(stage, folder) >= 3, "the refusals in the log")
        assert written.read_text() == before and stage.desktop.book.tabs[-1].live, "it goes on, and writes nothing"
        assert f"✗ slot {named.key} revoked" in rows_of(stage, EventKind.REVOKED)
        assert "✗ revoked" in str(stage.desktop.query_one("#tabs").render_line(0).text)  # type: ignore[attr-defined]

        stage.desktop.show_panel("processes")
        await stage.press("enter")
        await stage.until(lambda: isinstance(stage.app.screen, ProcessDetails), "the details")
        calls = [[cell.text for cell in row.cells[1:]] for row in stage.app.screen.query_one(LineTable).rows]
        assert ["path_open", "3, 'out.txt', 9, directory 0 -w-", "E_BADF (no capability on that directory)"] in calls
        assert ["fd_write", "1", "SUCCESS, 7 bytes"] in calls

        await stage.press("c")
        await stage.until(lambda: isinstance(stage.app.screen, GrantDialog), "what can be granted")
        objects = stage.app.screen.query_one("#object")
        directory = next(each for each in machine.objects() if each.name == f"directory {folder}")
        objects.value = f"{int(ObjectType.STORAGE)}:{directory.object_id}"  # type: ignore[attr-defined]
        await stage.pilot.pause()
        await stage.press("ctrl+s")
        await stage.until(lambda: stage.notice.startswith(f"Granted Storage rw- to pid {pid}"), "the grant")
        await stage.until(lambda: stage.text().splitlines()[-1].startswith("wrote"), "it writes again")
        assert int(written.read_text()) > int(before)
        await stage.until(lambda: any(str(folder) in row for row in rows_of(stage, EventKind.GRANTED)), "in the log")

    play(scenario)


def test_an_interpreter_in_a_tab_has_line_editing_history_and_an_end_of_input(programs: Programs, folder: Path) -> None:
    async def scenario(stage: Stage, machine: Supervisor) -> None:
        await start(stage, programs.micropython.path, folder)
        await stage.until(lambda: stage.text().endswith(">>>"), "its prompt")
        assert stage.desktop.book.tabs[-1].mode is ConsoleMode.LINE
        await stage.press(*"print(6*8)", "left", "backspace", "7", "enter")
        await stage.until(lambda: "\n42\n>>>" in stage.text(), "the answer to the edited line")
        await stage.press(*"open('/data/kept', 'w').write('x' * 9)", "enter")
        await stage.until(lambda: "\n9\n>>>" in stage.text(), "its answer")
        await stage.press("up", "up", "enter")
        await stage.until(lambda: stage.text().count("\n42\n>>>") == 2, "the recalled line's answer")
        await stage.press("up", "up", "down", "ctrl+u", "ctrl+d")
        await stage.until(lambda: not stage.desktop.book.tabs[-1].live, "the end")
        assert "[exited 0]" in stage.text()
        assert (folder / "kept").read_text() == "x" * 9

    play(scenario, size=(80, 24))
