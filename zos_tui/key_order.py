"""Keys in turn: while a dialog is open, a key waits until the one before it has been dealt with.

Textual hands a key to the widget in focus, which hands up what it does not take, from queue to queue, until the app
runs a binding. Keys that come at once (typed ahead, or sent by a script) overtake each other on that way: a letter goes
in before the Backspace that was pressed first, Enter submits before an arrow has moved.

Rules of this file
- The focused terminal is not slowed: only what is typed to a dialog, and right behind it, takes turns.
- A key is over when a callback that followed it, from its widget up to the app, has arrived; and then one more, for
  what it set off on its way. Whoever never passes it on holds the others for `PATIENCE_S` at most.
"""

from __future__ import annotations

import asyncio
from collections import deque

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import ModalScreen

PATIENCE_S = 0.5
_ROUNDS = 2


class KeysInTurn(App[int], inherit_bindings=False):
    """An app in which keys keep their order in dialogs."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[events.Event] = deque()
        self._turn = 0
        self._taking_turns = False

    async def on_event(self, event: events.Event) -> None:
        typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if not typed or not (self._taking_turns or isinstance(self.screen, ModalScreen)):
            await super().on_event(event)
            return
        self._waiting.append(event)
        if not self._taking_turns:
            await self._next_turn()

    async def _next_turn(self) -> None:
        self._turn += 1
        self._taking_turns = bool(self._waiting)
        if not self._taking_turns:
            return
        turn, started_at = self._turn, self.focused or self.screen
        asyncio.get_running_loop().call_later(PATIENCE_S, self._give_up, turn)
        await super().on_event(self._waiting.popleft())
        self._follow(started_at, turn, _ROUNDS)

    def _give_up(self, turn: int) -> None:
        """Somebody keeps the key, or went away with it."""
        if turn == self._turn:
            self.call_later(self._over, turn)

    async def _over(self, turn: int) -> None:
        if turn == self._turn:
            await self._next_turn()

    def _follow(self, node: DOMNode, turn: int, rounds: int) -> None:
        """Go up behind what is on its way, from queue to queue."""

        async def arrived() -> None:
            if node is not self:
                self._follow(node.parent or self, turn, rounds)
            elif rounds > 1:
                self._follow(self.focused or self.screen, turn, rounds - 1)
            else:
                await self._over(turn)

        if not node.call_later(arrived):
            self.call_later(self._over, turn)
