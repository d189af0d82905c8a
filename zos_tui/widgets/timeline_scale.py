"""The scale of the timeline: where in the session one stands, as a bar over all of its ticks, to click and to drag."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

PLAY, STILL = " ▶ ", " ‖ "


class Place(NamedTuple):
    """Ticks and commits count from 1; `known` is how many ticks have been read. `speed` is 0 when it stands still."""

    tick: int = 0
    ticks: int = 0
    known: int = 0
    commit: int = 0
    commits: int = 0
    speed: int = 0


class TimelineScale(Widget):
    """Posts `Picked` for a place on the bar, and `PlayWanted` for the mark at its left end."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"timeline-scale--past", "timeline-scale--here", "timeline-scale--mark"}
    DEFAULT_CSS = """
    TimelineScale {
        height: 1;
        background: $panel;
        color: $text-quiet;
        & > .timeline-scale--past { color: $accent; }
        & > .timeline-scale--here { color: $foreground; text-style: bold; }
        & > .timeline-scale--mark { background: $accent; color: $on-primary; text-style: bold; }
    }
    """

    class Picked(Message):
        def __init__(self, tick: int) -> None:
            super().__init__()
            self.tick = tick

    class PlayWanted(Message):
        """Play, or stand still."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.place = Place()
        self._dragging = False

    def show(self, place: Place) -> None:
        if place != self.place:
            self.place = place
            self.refresh()

    @property
    def _mark(self) -> str:
        return STILL if not self.place.speed else f"{PLAY}{self.place.speed}x "

    @property
    def _note(self) -> str:
        place = self.place
        return f" tick {place.tick} of {place.ticks} · commit {place.commit} of {place.commits} "

    @property
    def _bar(self) -> range:
        """The columns of the bar."""
        return range(len(self._mark) + 1, max(len(self._mark) + 2, self.size.width - len(self._note) - 1))

    def render_line(self, y: int) -> Strip:
        bar, place, base = self._bar, self.place, self.rich_style

        def tone(name: str) -> Style:
            return base + self.get_component_rich_style(f"timeline-scale--{name}")

        here = round((len(bar) - 1) * (place.tick - 1) / max(1, place.ticks - 1))
        read = round(len(bar) * place.known / max(1, place.ticks))
        after = len(bar) - here - 1
        ahead = max(0, min(after, read - here - 1))
        segments = [
            Segment(self._mark, tone("mark")),
            Segment(" ", base),
            Segment("━" * here, tone("past")),
            Segment("●", tone("here")),
            Segment("─" * ahead + "╌" * (after - ahead), base),
            Segment(self._note, tone("here")),
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    # --- the mouse ------------------------------------------------------------------------------------------------

    def _tick_at(self, x: int) -> int:
        bar = self._bar
        share = (max(bar[0], min(x, bar[-1])) - bar[0]) / max(1, len(bar) - 1)
        return 1 + round(share * max(0, self.place.ticks - 1))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        if event.x < len(self._mark):
            self.post_message(self.PlayWanted())
            return
        self._dragging = True
        self.capture_mouse()
        self.post_message(self.Picked(self._tick_at(event.x)))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            self.post_message(self.Picked(self._tick_at(event.x)))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        self._dragging = False
        self.release_mouse()
