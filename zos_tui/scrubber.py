"""The one place where the past meets the event loop: what is to be read and replayed, a slice at a time.

Rules of this file
- A slice is short, and between two the loop gets several passes of its own: keys, frames and the live machine go on.
- Where there is nothing to do it waits; where a program is being compiled elsewhere it looks again now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter

from zos_tui.ports import Past

SLICE_S = 0.008
LOOP_PASSES = 8
LOOK_AGAIN_S = 0.02

More = Callable[[], bool]


class Scrubber:
    """Works for `past`. `show` is called when there is something to show anew and does some of it while `more()`.

    It answers whether more is left to show. `failed` gets one line when the past itself fails, after which it rests.
    """

    quick = False
    """Nobody types in the past (see `pump`)."""

    def __init__(self, past: Past, show: Callable[[More], bool], failed: Callable[[str], None]) -> None:
        self._past, self._show, self._failed = past, show, failed
        self._wake = asyncio.Event()
        self._stopping = False

    def touched(self) -> None:
        """Somebody wants something: get on with it."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            self._wake.clear()
            try:
                busy = self.slice()
            except Exception as error:
                self._failed(f"the past cannot be shown: {type(error).__name__}: {error}")
                return
            if self._past.waits:
                asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._wake.set)
            if not busy or self._past.waits:
                await self._wake.wait()
            for _ in range(LOOP_PASSES):
                await asyncio.sleep(0)

    def slice(self) -> bool:
        """One slice of work; False when nothing is left."""
        deadline = perf_counter() + SLICE_S

        def more() -> bool:
            return perf_counter() < deadline

        left = self._past.work(more)
        return self._show(more) or left
