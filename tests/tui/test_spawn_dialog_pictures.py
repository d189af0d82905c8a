"""The start dialog as pictures: both steps, at each size, in each theme, and without colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Collapsible, Input

from tests.tui.drive import Stage
from tests.tui.fake_machine import summary
from tests.tui.test_app_pictures import Compare, Scenario, shot
from zos_core.abi import ObjectType, Rights
from zos_core.snapshot import RequestSummary
from zos_core.wasi.directories import DirectoryGrant
from zos_tui.starts import Start
from zos_tui.widgets.setup_dialog import SetupDialog

READ_WRITE = Rights.READ | Rights.WRITE
ASKED = (
    RequestSummary(ObjectType.STORAGE, "dir:/data", READ_WRITE, True, "keeps what you write", "/data"),
    RequestSummary(ObjectType.NETWORK, "", Rights.WRITE, False, "sends what you write to somebody else"),
)
GIVEN = Start(
    "/programs/writer.wasm", ("-c", "print(1)"), (DirectoryGrant(Path("/people/ada/texts"), "/texts", Rights.READ),)
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    for name in ("data", "programs"):
        (tmp_path / name).mkdir()
    (tmp_path / "writer.wasm").write_bytes(bytes(370_907))
    monkeypatch.chdir(tmp_path)


def first_step(*typed: str) -> Scenario:
    async def scenario(stage: Stage) -> None:
        stage.desktop.recents.add(GIVEN)
        await stage.command("s")
        await stage.press(*typed)

    return scenario


def second_step(*, more: Callable[[SetupDialog], None] | None = None, keys: tuple[str, ...] = ()) -> Scenario:
    async def scenario(stage: Stage) -> None:
        stage.machine.summaries[GIVEN.program] = summary("writer", *ASKED, foreign=(("js", "now"), ("js", "draw")))
        stage.desktop.recents.add(GIVEN)
        await stage.command("s")
        await stage.press("down", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, SetupDialog), "the second step")
        screen = stage.app.screen
        assert isinstance(screen, SetupDialog)
        await stage.until(lambda: screen.focused is not None, "a field in focus")
        if more is not None:
            more(screen)
        await stage.press(*keys)

    return scenario


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_recent_and_bundled_programs(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert shot(snap_compare, size, first_step())


def test_a_folder(snap_compare: Compare) -> None:
    assert shot(snap_compare, (80, 24), first_step("full_stop", "slash", "down", "down"), theme="light")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_a_program_is_and_is_given(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert shot(snap_compare, size, second_step())


def test_imports_by_name_and_a_problem(snap_compare: Compare) -> None:
    def more(screen: SetupDialog) -> None:
        screen.query_one(Collapsible).collapsed = False
        screen.query_one("#args", Input).focus()

    assert shot(snap_compare, (120, 40), second_step(more=more, keys=("enter",)), theme="light")


def test_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(snap_compare, (80, 24), second_step())
