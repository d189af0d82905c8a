"""The line discipline of a tab in line mode: keys in; echo for the screen and whole lines for the program out.

Rules (supervisor: Line mode and raw mode):

* Enter delivers the line and "\\n". Ctrl-D at an empty line is end of input. Ctrl-C drops the line and delivers
  byte 3.
* Everything shown goes through the screen as escape sequences, relative to where the line began, so a line may be
  longer than a row, even longer than the screen (then the part around the caret is shown).
* The editor never reads a screen: the caller says where the cursor is (`Place`). While a half-typed line is shown,
  output of the program goes between `hide` and `show`; so does a resize.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from zos_tui.widths import ZERO_WIDTH_JOINER, cell_len, graphemes

MAX_LINE = 4_096
"""Graphemes in a line, as a tty's canonical limit; more is refused with a bell."""

MAX_HISTORY = 500
INTERRUPT = b"\x03"
BELL = b"\x07"


class Place(NamedTuple):
    """The screen as the editor needs it: the cursor's column (0-based) and the size in cells."""

    x: int
    columns: int
    lines: int


class LineResult(NamedTuple):
    """What a key did: bytes for the screen, bytes for the program (None: nothing), and whether input ends."""

    echo: bytes = b""
    deliver: bytes | None = None
    end_of_input: bool = False


class LineEditor:
    """One tab's half-typed line and its history of lines."""

    def __init__(self, history: int = MAX_HISTORY) -> None:
        self._line: list[str] = []
        self._caret = 0
        self._killed: list[str] = []
        self._history: deque[list[str]] = deque(maxlen=history)
        self._recalled = 0
        self._draft: list[str] = []
        self._joiner = ""
        self._place = Place(0, 80, 24)
        self._caret_row = 0
        self._shown = False

    @property
    def text(self) -> str:
        """The line so far."""
        return "".join(self._line)

    @property
    def shown(self) -> bool:
        """Whether a half-typed line is on the screen, so that output has to go between `hide` and `show`."""
        return self._shown

    # Keys

    def feed(self, key: str, character: str | None, place: Place) -> LineResult:
        """One key event by Textual's name. `place` is where the cursor is now; it matters when the line begins."""
        self._begin(place)
        result = self._obey(key, character)
        self._shown = bool(self._line)
        return result

    def _obey(self, key: str, character: str | None) -> LineResult:
        finish = FINISHING_KEYS.get(key)
        if finish is not None:
            return finish(self)
        joiner, self._joiner = self._joiner, ""
        before = (list(self._line), self._caret)
        edit = EDITING_KEYS.get(key)
        if edit is not None:
            edit(self)
        elif character is not None and character.isprintable() and not key.startswith(("ctrl+", "alt+")):
            self._insert(joiner + character)
        elif character == ZERO_WIDTH_JOINER:
            self._joiner = character  # An emoji may come as one key event a code point.
            return LineResult()
        else:
            return LineResult()
        return LineResult(self._redraw() if (self._line, self._caret) != before else BELL)

    def paste(self, text: str, place: Place) -> list[LineResult]:
        """Text at once: each line end in it is an Enter, other controls are dropped but for tabs."""
        results = []
        pieces = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for index, piece in enumerate(pieces):
            self._begin(place)
            self._insert("".join(character for character in piece if character.isprintable() or character == "\t"))
            echo = self._redraw()
            if index < len(pieces) - 1:
                entered = self._enter()
                results.append(entered._replace(echo=echo + entered.echo))
                place = place._replace(x=0)
            else:
                results.append(LineResult(echo))
        self._shown = bool(self._line)
        return results

    def _begin(self, place: Place) -> None:
        if not self._shown:
            self._place = place
            self._caret_row = 0
            self._shown = True

    # Finishing a line

    def _enter(self) -> LineResult:
        self._caret = len(self._line)
        line = self.text
        if line.strip() and (not self._history or self._history[-1] != self._line):
            self._history.append(self._line)
        return LineResult(self._leave(b""), line.encode(errors="replace") + b"\n")

    def _interrupt(self) -> LineResult:
        self._caret = len(self._line)
        return LineResult(self._leave(b"^C"), INTERRUPT)

    def _end_or_delete(self) -> LineResult:
        if not self._line:
            return LineResult(end_of_input=True)
        before = len(self._line)
        self._delete()
        return LineResult(self._redraw() if len(self._line) != before else BELL)

    def _leave(self, mark: bytes) -> bytes:
        """Go to the end of the line, then to a fresh one; the editor is empty."""
        echo = self._redraw() + mark + b"\r\n"
        self._line = []
        self._caret = 0
        self._recalled = 0
        self._shown = False
        return echo

    # Editing

    def _insert(self, text: str) -> None:
        """At the caret; what joins the grapheme before it (an accent, part of an emoji) becomes part of that."""
        before = graphemes("".join(self._line[: self._caret]) + text)
        after = self._line[self._caret :]
        if len(before) + len(after) <= MAX_LINE:
            self._line = before + after
            self._caret = len(before)

    def _move_to(self, caret: int) -> None:
        self._caret = min(max(caret, 0), len(self._line))

    def _cut(self, start: int, end: int, *, keep: bool) -> None:
        if keep and end > start:
            self._killed = self._line[start:end]
        self._line = self._line[:start] + self._line[end:]
        self._caret = start

    def _delete(self) -> None:
        if self._caret < len(self._line):
            self._cut(self._caret, self._caret + 1, keep=False)

    def _backspace(self) -> None:
        if self._caret:
            self._cut(self._caret - 1, self._caret, keep=False)

    def _word_start(self) -> int:
        start = self._caret
        while start and self._line[start - 1].isspace():
            start -= 1
        while start and not self._line[start - 1].isspace():
            start -= 1
        return start

    def _word_end(self) -> int:
        end = self._caret
        while end < len(self._line) and self._line[end].isspace():
            end += 1
        while end < len(self._line) and not self._line[end].isspace():
            end += 1
        return end

    def _recall(self, step: int) -> None:
        """Earlier (1) or later (-1) in the history; past its end is the line that was being typed."""
        wanted = self._recalled + step
        if not 0 <= wanted <= len(self._history):
            return
        if self._recalled == 0:
            self._draft = self._line
        self._recalled = wanted
        self._line = list(self._history[-wanted]) if wanted else self._draft
        self._caret = len(self._line)

    # Showing

    def hide(self) -> bytes:
        """Erases the line from the screen and leaves the cursor where it began."""
        if not self._shown:
            return b""
        self._shown = False
        return self._to_start() + b"\x1b[J"

    def show(self, place: Place) -> bytes:
        """Draws a hidden, unfinished line again at the cursor; nothing if there is none."""
        if not self._line or self._shown:
            return b""
        self._begin(place)
        return self._redraw()

    def _to_start(self) -> bytes:
        up = f"\x1b[{self._caret_row}A" if self._caret_row else ""
        return f"{up}\x1b[{self._place.x + 1}G".encode()

    def _redraw(self) -> bytes:
        """From wherever the last drawing left the cursor: erase, draw, put the caret in its place."""
        echo = self._to_start() + b"\x1b[J"
        start, end = self._window()
        drawn = [_drawn(grapheme) for grapheme in self._line[start:end]]
        caret_row, caret_x = self._position(drawn[: self._caret - start])
        end_row, end_x = self._position(drawn)
        echo += "".join(drawn).encode(errors="replace")
        if drawn and end_x == 0:
            echo += b" \r"  # The row is full: a space makes the wrap happen that the terminal holds back.
        if end_row > caret_row:
            echo += b"\x1b[%dA" % (end_row - caret_row)
        self._caret_row = caret_row
        return echo + b"\x1b[%dG" % (caret_x + 1)

    def _position(self, drawn: list[str]) -> tuple[int, int]:
        """Row (0 where the line begins) and column after that text; a full row counts as the start of the next."""
        columns = self._place.columns
        row, x = 0, self._place.x
        for text in drawn:
            for cell in text if text.isascii() else (text,):
                width = cell_len(cell)
                if x + width > columns:
                    row, x = row + 1, 0
                x += width
        return (row + 1, 0) if x >= columns else (row, x)

    def _window(self) -> tuple[int, int]:
        """The part of the line to draw: all of it, or what around the caret surely fits on the screen."""
        rows = max(self._place.lines - 1, 1)
        # A wide character that does not fit leaves the last cell of its row empty: one spare cell a row.
        room = (self._place.columns - 1) * rows - self._place.x
        start, end = 0, len(self._line)
        widths = [cell_len(_drawn(grapheme)) for grapheme in self._line]
        if sum(widths) <= room:
            return start, end
        start = end = self._caret
        left = room // 2
        while start and left >= widths[start - 1]:
            start -= 1
            left -= widths[start]
        left += room - room // 2
        while end < len(self._line) and left >= widths[end]:
            left -= widths[end]
            end += 1
        return start, end


def _drawn(grapheme: str) -> str:
    """How a grapheme is shown: controls (a pasted tab) as ^I."""
    return "^" + chr(ord(grapheme) ^ 0x40) if len(grapheme) == 1 and grapheme < " " else grapheme


FINISHING_KEYS: dict[str, Callable[[LineEditor], LineResult]] = {
    "enter": LineEditor._enter,
    "ctrl+j": LineEditor._enter,
    "ctrl+m": LineEditor._enter,
    "ctrl+c": LineEditor._interrupt,
    "ctrl+d": LineEditor._end_or_delete,
}

EDITING_KEYS: dict[str, Callable[[LineEditor], None]] = {
    "left": lambda e: e._move_to(e._caret - 1),
    "ctrl+b": lambda e: e._move_to(e._caret - 1),
    "right": lambda e: e._move_to(e._caret + 1),
    "ctrl+f": lambda e: e._move_to(e._caret + 1),
    "home": lambda e: e._move_to(0),
    "ctrl+a": lambda e: e._move_to(0),
    "end": lambda e: e._move_to(len(e._line)),
    "ctrl+e": lambda e: e._move_to(len(e._line)),
    "ctrl+left": lambda e: e._move_to(e._word_start()),
    "ctrl+right": lambda e: e._move_to(e._word_end()),
    "backspace": LineEditor._backspace,
    "ctrl+h": LineEditor._backspace,
    "delete": LineEditor._delete,
    "ctrl+k": lambda e: e._cut(e._caret, len(e._line), keep=True),
    "ctrl+u": lambda e: e._cut(0, e._caret, keep=True),
    "ctrl+w": lambda e: e._cut(e._word_start(), e._caret, keep=True),
    "ctrl+y": lambda e: e._insert("".join(e._killed)),
    "tab": lambda e: e._insert("\t"),
    "up": lambda e: e._recall(1),
    "ctrl+p": lambda e: e._recall(1),
    "down": lambda e: e._recall(-1),
    "ctrl+n": lambda e: e._recall(-1),
}
