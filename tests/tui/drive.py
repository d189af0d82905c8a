"""Drives the whole desktop without a terminal: a stage with the app, the machine double, and waits on conditions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from tests.tui.fake_machine import FakeMachine
from zos_tui.app import DesktopApp, DesktopOptions
from zos_tui.desktop import Desktop
from zos_tui.widgets.status_line import StatusLine
from zos_tui.widgets.terminal_view import TerminalView

LEADER = "ctrl+b"
PATIENCE_S = 10.0


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str) -> None:
    """Let the app work until `condition` holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while not condition():
        assert loop.time() < deadline, f"never happened: {what}"
        await pilot.pause(0.005)


class Stage:
    """One running desktop. Texts are what a person reads, without styles."""

    def __init__(self, app: DesktopApp, pilot: Pilot[Any], machine: FakeMachine) -> None:
        self.app = app
        self.pilot = pilot
        self.machine = machine

    @property
    def desktop(self) -> Desktop:
        return self.app.desktop

    @property
    def view(self) -> TerminalView:
        view = self.desktop.active_view
        assert view is not None
        return view

    @property
    def notice(self) -> str:
        return self.desktop.query_one(StatusLine).message

    def text(self, view: TerminalView | None = None) -> str:
        terminal = (view or self.view).terminal
        return "\n".join("".join(terminal.row(y).text).rstrip() for y in range(terminal.lines)).rstrip()

    def inputs(self, pid: int) -> bytes:
        """Everything typed to `pid`, joined."""
        return b"".join(ask[2] for ask in self.machine.asked if ask[:2] == ("input", pid))  # type: ignore[misc]

    async def until(self, condition: Callable[[], object], what: str) -> None:
        await until(self.pilot, condition, what)

    async def press(self, *names: str) -> None:
        await self.pilot.press(*names)

    async def command(self, key: str) -> None:
        """The leader, then a key."""
        await self.pilot.press(LEADER, key)
        await self.pilot.pause()

    async def ready(self) -> None:
        """The first tab is up, focused, and shows what its process said first."""
        await self.until(lambda: self.desktop.book.active and self.view.has_focus, "a focused first tab")
        if self.machine.greeting:
            await self.until(self.text, "the first output")


def drive(
    scenario: Callable[[Stage], Awaitable[None]],
    *,
    size: tuple[int, int] = (80, 24),
    machine: FakeMachine | None = None,
    options: DesktopOptions | None = None,
    wait: bool = True,
) -> FakeMachine:
    """Run `scenario` on a desktop of this size; returns the machine for what it was asked in the end."""
    double = machine or FakeMachine()

    async def play() -> None:
        app = DesktopApp(lambda: double, options or DesktopOptions())
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot, double)
            if wait:
                await stage.ready()
            await scenario(stage)

    asyncio.run(play())
    return double
