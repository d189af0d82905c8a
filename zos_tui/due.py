"""Something to do soon, once: after a while, or earlier when somebody asks again meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.message_pump import MessagePump
from textual.timer import Timer

LEAST_S = 0.001
"""A timer of no length at all is no timer."""


class Due:
    """Calls `act` on the event loop of `owner`."""

    def __init__(self, owner: MessagePump, act: Callable[[], None]) -> None:
        self._owner = owner
        self._act = act
        self._timer: Timer | None = None
        self._at = 0.0

    def within(self, seconds: float) -> None:
        """Act within this time; a call that is due earlier stays as it is."""
        at = monotonic() + max(LEAST_S, seconds)
        if self._timer is not None:
            if self._at <= at:
                return
            self._timer.stop()
        self._timer, self._at = self._owner.set_timer(max(LEAST_S, seconds), self._fire), at

    def _fire(self) -> None:
        self._timer = None
        self._act()
