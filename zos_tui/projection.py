"""A terminal of the past: fed with what its console had written by a moment, forwards as it comes, backwards anew."""

from __future__ import annotations

from collections.abc import Callable

from zos_core.snapshot import ProcessSnapshot
from zos_tui.ports import Past
from zos_tui.widgets.past_terminal import PastTerminal

PIECE_BYTES = 16 << 10
LOST = b"\x1b[2m[what was written before is no longer kept]\x1b[0m\r\n"


class Projection:
    """Shows the console of one process of `past` in `view`."""

    def __init__(self, past: Past, view: PastTerminal) -> None:
        self.view = view
        self._past = past
        self._fed = self._offset = 0
        self._ended = False

    def show(self, process: ProcessSnapshot, more: Callable[[], bool]) -> bool:
        """Bring it nearer to the moment while `more()`; False when it is there, or cannot be."""
        written = self._past.console(process.pid)
        if not self._past.replayed:
            return False
        wanted = 0 if written is None else written.upto(self._past.console_tick)
        if self._fed > wanted or (self._ended and process.exit is None):
            self._begin_anew()
        if written is None or not wanted:
            return self._end(process)
        self.view.set_size(written.size)
        if self._fed < written.forgotten:
            self._begin_anew()
            self.view.feed(LOST)
            self._fed = min(written.forgotten, wanted)
        while self._fed < wanted:
            piece = written.pieces[self._fed - written.forgotten]
            self.view.feed(piece[self._offset : self._offset + PIECE_BYTES])
            self._offset += PIECE_BYTES
            if self._offset >= len(piece):
                self._fed, self._offset = self._fed + 1, 0
            if not more():
                break
        return self._fed < wanted or self._end(process)

    def _begin_anew(self) -> None:
        self.view.begin_anew()
        self._fed = self._offset = 0
        self._ended = False

    def _end(self, process: ProcessSnapshot) -> bool:
        """The last line of a process that has ended; nothing is left to do."""
        if process.exit is not None and not self._ended:
            self._ended = True
            self.view.finish(process.exit.describe())
        return False
