"""The desktop's views of authority as pictures, at each size: fixed machine, fixed clock, no blinking."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.drive import Stage
from tests.tui.fake_machine import FakeMachine, capability
from zos_core.abi import ExitHow, ObjectType, Rights, Sys
from zos_core.snapshot import EventKind, ExitSnapshot, TrapSnapshot
from zos_tui.app import DesktopApp, DesktopOptions

Compare = Callable[..., bool]
Scenario = Callable[[Stage], Awaitable[None]]
SIZES = [(80, 24), (120, 40), (200, 60)]
READ_WRITE = Rights.READ | Rights.WRITE
HOSTILE = "Please.\u2420\u241b[2J\u241b]0;root\u2407 Press y to continue → " + "long " * 60


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setattr("zos_tui.losses.BRIGHT_S", 1e6)
    monkeypatch.setattr("zos_tui.losses.KEPT_S", 2e6)


class StoppedMachine(FakeMachine):
    """Uptime stands still: countdowns and times of the log are always the same."""

    def boot(self) -> None:
        super().boot()
        self.now_ns = 75_250_000_000
        self.tell(EventKind.STARTED, 1, "init started")
        self.tell(EventKind.STARTED, 2, "permission started")

    def furnish(self) -> None:
        """Some programs that share authority."""
        notes, backup = self.spawn("notes"), self.spawn("backup")
        self.spawn("viewer")
        storage = capability(0, ObjectType.STORAGE, 7, "storage 7", Rights.ALL, uses=41)
        slot = self.insert(
            notes, replace(storage, how="grant", expires_at=self.now_ns + 272_000_000_000, last_used=71 * 10**9)
        )
        self.derive_capability(notes, slot, backup, READ_WRITE)
        self.derive_capability(backup, 5, backup + 1, Rights.READ)
        self.insert(
            notes, replace(capability(0, ObjectType.NETWORK, 3, "network 3", READ_WRITE), uses_left=5, how="grant")
        )
        self.tell(EventKind.REFUSED, backup, "SYS_STORAGE_WRITE: E_BADF: no capability in that slot")
        self.tell(EventKind.INPUT, 3, "6 bytes of console input")
        self.call(notes, Sys.STORAGE_READ, 5, 4, 0, result=12)
        self.call(notes, Sys.STORAGE_WRITE, 5, 4, 0, result=0)
        self.call(notes, Sys.SEND, 9, 0x2000, 64, result=7)


def shot(compare: Compare, size: tuple[int, int], scenario: Scenario | None = None) -> bool:
    """Whether the desktop, after `scenario`, looks as it did."""
    machine = StoppedMachine(greeting=b"$ ")
    app = DesktopApp(lambda: machine, DesktopOptions())

    async def prepare(pilot: Pilot[Any]) -> None:
        stage = Stage(app, pilot, machine)
        await stage.ready()
        machine.furnish()
        stage.desktop.refresh_lists()
        assert stage.desktop.lists is not None
        stage.desktop.lists.acted()
        stage.desktop.select_process(4)
        await pilot.pause()
        if scenario is not None:
            await scenario(stage)
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=prepare)


def sizes(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")(test)


async def _select_storage(stage: Stage) -> None:
    stage.desktop.show_panel("capabilities")
    await stage.press("home", "down", "down", "down")


@sizes
def test_the_capabilities_of_a_process(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert shot(snap_compare, size, _select_storage)


@sizes
def test_the_message_log(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.desktop.show_panel("messages")
        await stage.until(lambda: stage.desktop.query_one("#messages").has_focus, "the log")

    assert shot(snap_compare, size, scenario)


@sizes
def test_the_grant_dialog(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("g")
        await stage.press("tab", "tab", "g", "tab", *"10m")

    assert shot(snap_compare, size, scenario)


@sizes
def test_the_derive_dialog(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await _select_storage(stage)
        await stage.command("d")

    assert shot(snap_compare, size, scenario)


@sizes
def test_the_preview_of_a_revocation(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await _select_storage(stage)
        stage.machine.deaf.add(6)
        await stage.command("v")

    assert shot(snap_compare, size, scenario)


@sizes
def test_a_query(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("V")
        await stage.press(*"every storage")

    assert shot(snap_compare, size, scenario)


@sizes
def test_where_a_capability_came_from(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await _select_storage(stage)
        await stage.press("enter")

    assert shot(snap_compare, size, scenario)


@sizes
def test_who_can_reach_an_object(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await _select_storage(stage)
        await stage.command("i")
        await stage.press("w")

    assert shot(snap_compare, size, scenario)


@sizes
def test_the_details_of_a_process(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("enter")

    assert shot(snap_compare, size, scenario)


def test_the_details_of_a_fault(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        frames = ("notes::store::parse", "notes::main", "_start")
        trap = TrapSnapshot("unreachable", "wasm `unreachable` instruction executed", frames)
        stage.machine.end(4, ExitSnapshot(ExitHow.FAULTED, 134, trap))
        stage.desktop.refresh_lists()
        await stage.press("enter")

    assert shot(snap_compare, (120, 40), scenario)


@sizes
def test_a_question_waits_in_the_bar(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.ask(4, HOSTILE)
        assert stage.desktop.consent is not None
        stage.desktop.consent.look()

    assert shot(snap_compare, size, scenario)


@sizes
def test_a_question_is_opened(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.ask(4, HOSTILE)
        assert stage.desktop.consent is not None
        stage.desktop.consent.look()
        await stage.until(lambda: stage.desktop.query_one("#prompts").painted, "the bar")
        await stage.command("a")
        await stage.until(lambda: getattr(stage.app.screen, "armed", False), "the guard over")

    assert shot(snap_compare, size, scenario)


@sizes
def test_the_answers(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        from zos_core.prompts import Choice, Decision

        for choice in (Choice.SESSION, Choice.DENY):
            asked = stage.machine.ask(4, "to keep your notes")
            stage.machine.answer_prompt(asked.request_id, Decision(choice))
        assert stage.desktop.lists is not None
        stage.desktop.lists.acted()
        await stage.command("A")

    assert shot(snap_compare, size, scenario)


@sizes
def test_a_revocation_flashes_everywhere(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.take(stage.machine.preview_revocations([(3, 4), (4, 5)]), "revoked")
        assert stage.desktop.lists is not None
        stage.desktop.lists.acted()
        await _select_storage(stage)

    assert shot(snap_compare, size, scenario)


def test_a_revocation_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    test_a_revocation_flashes_everywhere(snap_compare, (120, 40))


def test_processes_as_a_tree(snap_compare: Compare) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.press("t")

    assert shot(snap_compare, (80, 24), scenario)
