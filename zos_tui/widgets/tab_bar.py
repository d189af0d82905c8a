"""The tab bar: one line, a number and a name a tab, with marks for news, refusals, losses and its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from zos_tui.figures import shortened

MAX_LABEL_CELLS = 20
NEW = " + "


class TabFace(NamedTuple):
    """What the bar shows of a tab. `ended` is a phrase, empty while its process lives; `lost` what was taken."""

    key: int
    label: str
    active: bool
    unseen: bool = False
    refused: bool = False
    ended: str = ""
    lost: str = ""
    flashing: bool = False


class _Piece(NamedTuple):
    text: str
    component: str
    key: int


class TabBar(Widget):
    """Posts `Picked` for a click on a tab, `NewWanted` for one on `+`, `CloseWanted` for the middle button."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tab-bar--active",
        "tab-bar--tab",
        "tab-bar--ended",
        "tab-bar--mark",
        "tab-bar--lost",
        "tab-bar--flash",
    }
    DEFAULT_CSS = """
    TabBar {
        height: 1;
        background: $panel;
        color: $text-quiet;
        & > .tab-bar--active { background: $background; color: $primary; text-style: bold; }
        & > .tab-bar--tab { color: $foreground; }
        & > .tab-bar--ended { color: $text-quiet; text-style: italic; }
        & > .tab-bar--lost { color: $error; }
        & > .tab-bar--flash { background: $error; color: $on-primary; text-style: bold; }
        & > .tab-bar--mark { color: $accent; text-style: bold; }
    }
    """

    class Picked(Message):
        def __init__(self, key: int) -> None:
            super().__init__()
            self.key = key

    class CloseWanted(Picked):
        pass

    class NewWanted(Message):
        pass

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.faces: tuple[TabFace, ...] = ()
        self._spans: list[tuple[int, int, int]] = []

    def show(self, faces: Sequence[TabFace]) -> None:
        if tuple(faces) != self.faces:
            self.faces = tuple(faces)
            self.refresh()

    @staticmethod
    def _pieces(position: int, face: TabFace) -> list[_Piece]:
        ground = "active" if face.active else ("ended" if face.ended else "tab")
        pieces = [_Piece(f" {position} {shortened(face.label, MAX_LABEL_CELLS)} ", ground, face.key)]
        mark = "! " if face.refused else ("■ " if face.ended else ("● " if face.unseen and not face.active else ""))
        if mark:
            pieces.append(_Piece(mark, ground if face.active or face.ended else "mark", face.key))
        if face.lost and not face.ended:
            pieces.append(_Piece(f"✗ {face.lost} ", "flash" if face.flashing else "lost", face.key))
        return pieces

    def render_line(self, y: int) -> Strip:
        """The tabs from the first that lets the active one fit; `‹` and `›` where some are out of view."""
        width = self.size.width
        groups = [self._pieces(i + 1, face) for i, face in enumerate(self.faces)]
        widths = [sum(cell_len(piece.text) for piece in group) for group in groups]
        active = next((i for i, face in enumerate(self.faces) if face.active), 0)
        room = width - len(NEW) - 4
        first = 0
        while first < active and sum(widths[first : active + 1]) > room:
            first += 1
        base = self.rich_style
        segments = [Segment("‹ " if first else "", base)]
        x, self._spans = cell_len(segments[0].text), []
        for group, group_width in zip(groups[first:], widths[first:], strict=True):
            if x + group_width > width - len(NEW) and x > 2:
                segments.append(Segment(" ›", base))
                x += 2
                break
            self._spans.append((x, x + group_width, group[0].key))
            x += group_width
            for piece in group:
                style = base + self.get_component_rich_style(f"tab-bar--{piece.component}")
                segments.append(Segment(piece.text, style))
        self._spans.append((x, x + len(NEW), 0))
        segments.append(Segment(NEW, base))
        return Strip(segments).adjust_cell_length(width, base)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        for start, end, key in self._spans:
            if start <= event.x < end:
                if key == 0:
                    self.post_message(self.NewWanted())
                else:
                    self.post_message(self.CloseWanted(key) if event.button == 2 else self.Picked(key))
