"""Programs on their way to a process: compiled outside the machine, while everything else goes on.

Rules of this file (runtime: Compiling)
- What is refused at once is raised to whoever asked; what fails later is told in one line.
- A launch that was cancelled makes no process, even when its compiler was done by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.screen import Screen

from zos_core.errors import Refused
from zos_tui.ports import Launching, Machine
from zos_tui.starts import Start

COMPILE_POLL_S = 0.02


class Launches:
    """Launches programs for `screen`. `failed` gets a refusal; `moved` is called when `work` says something else."""

    def __init__(
        self, screen: Screen[None], machine: Machine, failed: Callable[[Refused], None], moved: Callable[[], None]
    ) -> None:
        self._screen = screen
        self._machine = machine
        self._failed = failed
        self._moved = moved
        self._waiting: dict[Launching, Start] = {}
        self._closed = False

    @property
    def work(self) -> str:
        """What is being compiled, and for how long: `Compiling quickjs, 3 s`; empty when nothing is."""
        if not self._waiting:
            return ""
        launch, start = next(iter(self._waiting.items()))
        more = f" and {len(self._waiting) - 1} more" if len(self._waiting) > 1 else ""
        return f"Compiling {start.label}{more}, {launch.elapsed_s:.0f} s"

    def begin(self, start: Start, begun: Callable[[int], None]) -> None:
        """Launch, and call `begun` with the pid: at once for a small or cached module, else when it is compiled.

        Raises `Refused` for what is refused at once.
        """
        launch = self._machine.launch(start.program, start.args, options=start.options)
        if launch.done:
            begun(self._machine.finish_launch(launch))
            return
        self._waiting[launch] = start
        self._moved()
        self._screen.run_worker(self._wait_for(launch, begun), name=f"launch {start.program}")

    def cancel(self) -> str:
        """Stop the compiler that has worked longest; what was cancelled, empty when nothing is being compiled."""
        if not self._waiting:
            return ""
        launch, start = next(iter(self._waiting.items()))
        del self._waiting[launch]
        launch.cancel()
        self._moved()
        return start.label

    def close(self) -> None:
        """Nothing more begins; compilers that still work are told to stop."""
        self._closed = True
        for launch in self._waiting:
            launch.cancel()

    async def _wait_for(self, launch: Launching, begun: Callable[[int], None]) -> None:
        told = self.work
        while launch in self._waiting and not launch.done:
            await asyncio.sleep(COMPILE_POLL_S)
            if told != self.work:
                told = self.work
                self._moved()
        if self._waiting.pop(launch, None) is None or self._closed:
            return
        self._moved()
        try:
            pid = self._machine.finish_launch(launch)
        except Refused as refusal:
            self._failed(refusal)
        else:
            begun(pid)
