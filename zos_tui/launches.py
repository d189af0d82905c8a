"""Programs on their way to a process: compiled outside the machine, while everything else goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.screen import Screen

from zos_core.errors import Refused
from zos_tui.ports import Launching, Machine

COMPILE_POLL_S = 0.02


class Launches:
    """Launches programs for `screen`. `failed` gets a refusal, `said` one line while it takes time."""

    def __init__(
        self, screen: Screen[None], machine: Machine, failed: Callable[[Refused], None], said: Callable[[str], None]
    ) -> None:
        self._screen = screen
        self._machine = machine
        self._failed = failed
        self._said = said
        self._waiting: set[Launching] = set()
        self._closed = False

    def begin(self, program: str, args: tuple[str, ...], begun: Callable[[int], None]) -> None:
        """Launch, and call `begun` with the pid: at once for a small or cached module, else when it is compiled."""
        try:
            launch = self._machine.launch(program, args)
        except Refused as refusal:
            self._failed(refusal)
            return
        if launch.done:
            self._finish(launch, begun)
        else:
            self._said(f"Compiling {program}…")
            self._waiting.add(launch)
            self._screen.run_worker(self._wait_for(launch, begun), name=f"launch {program}")

    def close(self) -> None:
        """Nothing more begins; compilers that still work are told to stop."""
        self._closed = True
        for launch in self._waiting:
            launch.cancel()

    async def _wait_for(self, launch: Launching, begun: Callable[[int], None]) -> None:
        while not launch.done:
            await asyncio.sleep(COMPILE_POLL_S)
        self._waiting.discard(launch)
        self._finish(launch, begun)

    def _finish(self, launch: Launching, begun: Callable[[int], None]) -> None:
        if self._closed:
            return
        try:
            pid = self._machine.finish_launch(launch)
        except Refused as refusal:
            self._failed(refusal)
            return
        begun(pid)
