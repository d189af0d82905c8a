"""A modal screen that can be dismissed once: keys that were on their way when it went change nothing below."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Modal(ModalScreen[Result]):
    """The base of every dialog and strip that opens over the desktop."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Go, with this result. Textual pops whatever screen is on top, so a second time must do nothing."""
        if not self.is_current:
            return AwaitComplete.nothing()
        return super().dismiss(result)
