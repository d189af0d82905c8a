"""The prompt bar: one line that says a program asks for something, and which keys answer it.

It never takes the focus: whoever is typing into a terminal goes on typing there. `painted` tells that the question has
been on the screen, before which nothing can answer it.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from zos_core.snapshot import PromptSnapshot, rights_text
from zos_tui.figures import shortened


class PromptBar(Widget):
    """Shown while something is asked. Posts `Opened` on a click."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"prompt-bar--mark", "prompt-bar--keys"}
    DEFAULT_CSS = """
    PromptBar {
        height: 1;
        display: none;
        background: $selected;
        color: $foreground;
        text-style: bold;
        & > .prompt-bar--mark { background: $accent; color: $on-primary; text-style: bold; }
        & > .prompt-bar--keys { color: $primary; text-style: bold; }
    }
    """

    class Opened(Message):
        """The person wants to answer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.asked: tuple[PromptSnapshot, ...] = ()
        self.painted: frozenset[int] = frozenset()
        self._leader = ""

    def show(self, asked: tuple[PromptSnapshot, ...], leader: str) -> None:
        """Show what is asked; `leader` is how the leader's key is written."""
        if asked == self.asked:
            return
        self.asked, self._leader = asked, leader
        self.display = bool(asked)
        self.refresh()
        self.call_after_refresh(self._was_painted, frozenset(prompt.request_id for prompt in asked))

    def _was_painted(self, requests: frozenset[int]) -> None:
        self.painted = requests

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        if not self.asked:
            return Strip.blank(width, base)
        keys = f" {self._leader} a answers "
        mark = f" ? {len(self.asked)} "
        room = max(0, width - len(keys) - len(mark))
        said = Strip([Segment(f" {shortened(sentence(self.asked[0]), room - 1)}", base)]).adjust_cell_length(room, base)
        return Strip(
            [
                Segment(mark, base + self.get_component_rich_style("prompt-bar--mark")),
                *said,
                Segment(keys, base + self.get_component_rich_style("prompt-bar--keys")),
            ]
        ).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Opened())


def sentence(prompt: PromptSnapshot) -> str:
    """Who asks for what, in the words of the system alone."""
    rights = rights_text(prompt.perms)
    return f"{prompt.name} (pid {prompt.pid}) asks for {prompt.object_name} {rights}"
