"""Something to do soon, once: after a while, or earlier when somebody asks again meanwhile.

A timer of Textual is a task of its own; the machine's turns ask a few times a second, for as long as the desktop runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from textual.message_pump import MessagePump


class Due:
    """Calls `act` on the event loop while `owner` is running."""

    def __init__(self, owner: MessagePump, act: Callable[[], None]) -> None:
        self._owner = owner
        self._act = act
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0

    def within(self, seconds: float) -> None:
        """Act within this time; a call that is due earlier stays as it is."""
        at = monotonic() + seconds
        if self._timer is not None:
            if self._at <= at:
                return
            self._timer.cancel()
        self._timer, self._at = asyncio.get_running_loop().call_later(max(0.0, seconds), self._fire), at

    def _fire(self) -> None:
        self._timer = None
        if self._owner.is_running:
            self._act()
