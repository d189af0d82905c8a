"""A one-line field for a path of the host: it shows how the path would go on, and → takes that."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from zos_tui.folders import completion


class PathSuggester(Suggester):
    """Looks at the folder each time: it may have changed."""

    def __init__(self, *, folders_only: bool) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._folders_only = folders_only

    async def get_suggestion(self, value: str) -> str | None:
        return completion(value, folders_only=self._folders_only)


class PathInput(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        # Before Tab, which a dialog takes first: a path must be complete when the next field gets the keys.
        Binding("right", "cursor_right", "Complete", show=False, priority=True),
    ]

    def __init__(
        self, value: str = "", *, placeholder: str = "", folders_only: bool = False, id: str | None = None
    ) -> None:
        super().__init__(
            value, placeholder=placeholder, compact=True, id=id, select_on_focus=False,
            suggester=PathSuggester(folders_only=folders_only),
        )  # fmt: skip
        self.cursor_blink = False
