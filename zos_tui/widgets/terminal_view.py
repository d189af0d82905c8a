"""One terminal of a tab: the keys, pastes and mouse that go to a process, and the line editor in between.

Rules of this file
- Output comes in by `feed`; what goes to the process leaves as `Typed` or `EndOfInput`. It knows no pid and no machine.
- A focused terminal takes every key that reaches it. While someone reads back, the keys move in the scrollback instead.
- It selects by itself, in cells: a program that asks for the mouse gets it, Shift takes it back.
"""

from __future__ import annotations

from textual import events
from textual.message import Message

from zos_core.snapshot import ConsoleMode
from zos_tui import keys
from zos_tui.linedit import LineEditor, LineResult, Place
from zos_tui.selection import Point, Selection, line_at, selected_text, word_at
from zos_tui.theme import Palette
from zos_tui.widgets.terminal_display import TerminalDisplay

WHEEL_LINES = 3

_READING_KEYS: dict[str, int] = {"up": -1, "k": -1, "down": 1, "j": 1}
"""Rows a key moves while someone reads back; page keys and ends are relative to the size."""


class TerminalView(TerminalDisplay, can_focus=True):
    """`key` names its tab. `mode` says who edits a line: this view, or the program."""

    class _Said(Message):
        def __init__(self, view: TerminalView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> TerminalView:
            return self.view

    class Typed(_Said):
        """Bytes for the process: one message, in order. `by_hand` is False for an automatic reply."""

        def __init__(self, view: TerminalView, data: bytes, *, by_hand: bool = True) -> None:
            super().__init__(view)
            self.data = data
            self.by_hand = by_hand

    class EndOfInput(_Said):
        """Ctrl-D at an empty line."""

    class Changed(_Said):
        """Its title, its mode, or where it is scrolled to."""

    class ModeWanted(_Said):
        """The program switched its own console to `mode`."""

        def __init__(self, view: TerminalView, mode: ConsoleMode) -> None:
            super().__init__(view)
            self.mode = mode

    class Rang(_Said):
        """The bell."""

    class Copied(_Said):
        """Text to put on the clipboard."""

        def __init__(self, view: TerminalView, text: str) -> None:
            super().__init__(view)
            self.text = text

    def __init__(self, key: int, columns: int, lines: int, palette: Palette, mode: ConsoleMode) -> None:
        super().__init__(columns, lines, palette, self._reply, id=f"terminal-{key}")
        self.key = key
        self.editor = LineEditor()
        self.mode = mode
        self.reading = False
        self.finished = False
        self._bells = 0
        self._told = (self.title, self.mode)
        self._selecting = False

    @property
    def title(self) -> str:
        """What the program calls itself (OSC 0 or 2), or nothing."""
        return self.terminal.title

    # --- output -------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """What the process wrote. A half-typed line steps aside and comes back under it."""
        self.feed_screen(self.editor.hide() + data)
        self.feed_screen(self.editor.show(self._place))
        self._after_feed()

    def finish(self, how: str) -> None:
        """The process ended: say so under its last words, and take no more keys."""
        self.finished = self.cursor_hidden = True
        self.terminal.feed(self.editor.hide())
        start = b"" if self.terminal.cursor.x == 0 else b"\r\n"
        self.terminal.feed(b"\x1b[?1049l\x1b[!p\x1b[0m" + start + b"\x1b[2m[" + how.encode() + b"]\x1b[0m\r\n")
        self._after_feed()

    def begin_again(self, mode: ConsoleMode) -> None:
        """Another process takes over this terminal, below what the last one left."""
        self.finished = self.cursor_hidden = False
        self.terminal.feed(b"\x1b[!p")
        self.terminal.modes.line_mode = None
        self.editor = LineEditor()
        self.mode = mode
        self._after_feed()

    def set_mode(self, mode: ConsoleMode) -> None:
        """Change who edits a line; a half-typed line is dropped from the screen."""
        if mode is not self.mode:
            self.terminal.feed(self.editor.hide())
            self.editor = LineEditor()
            self.mode = mode
            # The program may ask for the mode it has already asked for, after a person chose the other one.
            self.terminal.modes.line_mode = mode is ConsoleMode.LINE
            self._after_feed()

    def _after_feed(self) -> None:
        wanted = self.terminal.modes.line_mode
        if wanted is not None and wanted is not (self.mode is ConsoleMode.LINE):
            self.post_message(self.ModeWanted(self, ConsoleMode.LINE if wanted else ConsoleMode.RAW))
        if self.terminal.bell != self._bells:
            self._bells = self.terminal.bell
            self.post_message(self.Rang(self))
        if self._told != (self.title, self.mode):
            self._told = (self.title, self.mode)
            self.post_message(self.Changed(self))
        self.draw_changes()

    def _reply(self, data: bytes) -> None:
        self.post_message(self.Typed(self, data, by_hand=False))

    # --- keys ---------------------------------------------------------------------------------------------------

    async def _on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.reading:
            self._read_key(event.key)
            return
        if self.finished:
            return
        self._end_selection()
        if self.viewport.follow():
            self.draw_all()
        if self.mode is ConsoleMode.LINE:
            self._apply(self.editor.feed(event.key, event.character, self._place))
        else:
            data = keys.encode(event.key, event.character, application_cursor=self.terminal.modes.application_cursor)
            if data:
                self.post_message(self.Typed(self, data))

    def send_key(self, key: str) -> None:
        """Send a key that cannot be typed here, the leader itself."""
        data = keys.encode(key, None, application_cursor=self.terminal.modes.application_cursor)
        if data and not self.finished:
            self.post_message(self.Typed(self, data))

    @property
    def _place(self) -> Place:
        return Place(self.terminal.cursor.x, self.terminal.columns, self.terminal.lines)

    def _apply(self, result: LineResult) -> None:
        """Echo what the line editor did, and deliver what it finished."""
        if result.echo:
            self.terminal.feed(result.echo)
            self._after_feed()
        if result.deliver is not None:
            self.post_message(self.Typed(self, result.deliver))
        if result.end_of_input:
            self.post_message(self.EndOfInput(self))

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.paste(event.text)

    def paste(self, text: str) -> None:
        """Pasted text: one message in raw mode; in line mode the lines of it, as if typed."""
        if self.finished or self.reading:
            return
        if self.viewport.follow():
            self.draw_all()
        if self.mode is ConsoleMode.RAW:
            self.post_message(self.Typed(self, keys.encode_paste(text, self.terminal.modes.bracketed_paste)))
            return
        for result in self.editor.paste(text, self._place):
            self._apply(result)

    # --- reading back -------------------------------------------------------------------------------------------

    def read_back(self, reading: bool) -> None:
        """Enter or leave the scrollback, where keys move instead of being typed."""
        self.reading = reading
        if not reading:
            self.viewport.follow()
            self.viewport.forget_search()
        self.draw_all()
        self.post_message(self.Changed(self))

    def search(self, text: str) -> int:
        """Find `text` and go to the last match; returns how many there are."""
        found = self.viewport.search(text)
        self.read_back(True) if found else self.draw_all()
        return found

    def _read_key(self, key: str) -> None:
        page = max(1, self.size.height - 1)
        rows = {"pageup": -page, "pagedown": page, "space": page, "b": -page, "home": -(10**9), "g": -(10**9)}
        if key in ("q", "escape", "enter", "ctrl+c"):
            self.read_back(False)
        elif key in ("n", "N"):
            self.viewport.next_match(-1 if key == "n" else 1)
            self._moved()
        elif key in ("end", "G"):
            self.viewport.follow()
            self._moved()
        elif by := _READING_KEYS.get(key) or rows.get(key):
            self.viewport.scroll(by)
            self._moved()

    def _moved(self) -> None:
        self.draw_all()
        self.post_message(self.Changed(self))

    # --- mouse --------------------------------------------------------------------------------------------------

    def _wants_mouse(self, event: events.MouseEvent) -> bool:
        return self.terminal.modes.mouse and not event.shift and not self.reading and not self.finished

    def _report_mouse(self, event: events.MouseEvent, button: int, *, pressed: bool, motion: bool = False) -> None:
        data = keys.encode_mouse(
            button,
            event.x,
            event.y,
            pressed=pressed,
            motion=motion,
            shift=event.shift,
            alt=event.meta,
            ctrl=event.ctrl,
            sgr=self.terminal.modes.mouse_sgr,
        )
        if data:
            self.post_message(self.Typed(self, data))

    def _point(self, event: events.MouseEvent) -> Point:
        y = max(0, min(event.y, self.size.height - 1))
        x = max(0, min(event.x, self.terminal.columns))
        return Point(self.viewport.first_in_view + y, x)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        if self._wants_mouse(event):
            self.capture_mouse()
            self._report_mouse(event, max(0, event.button - 1), pressed=True)
        elif event.button == 1:
            self.capture_mouse()
            self._selecting = True
            point = self._point(event)
            self.viewport.selection = Selection(point, point)
            self.draw_all()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        modes = self.terminal.modes
        if self._selecting and self.viewport.selection is not None:
            if event.y < 0 or event.y >= self.size.height:
                self.viewport.scroll(-1 if event.y < 0 else 1)
            self.viewport.selection = self.viewport.selection._replace(head=self._point(event))
            self.draw_all()
        elif self._wants_mouse(event) and (modes.mouse_motion or (modes.mouse_drag and event.button)):
            button = event.button - 1 if event.button else keys.NO_BUTTON
            self._report_mouse(event, button, pressed=bool(event.button), motion=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        event.stop()
        self.release_mouse()
        if self._selecting:
            self._selecting = False
            self.copy_selection()
        elif self._wants_mouse(event):
            self._report_mouse(event, max(0, event.button - 1), pressed=False)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if self._wants_mouse(event) or event.button != 1 or event.chain < 2:
            return
        point = self._point(event)
        row = self.viewport.row(point.row)
        if row is not None:
            self.viewport.selection = word_at(point, row) if event.chain == 2 else line_at(*point)
            self.draw_all()
            self.copy_selection()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.stop()
        if self._wants_mouse(event):
            self._report_mouse(event, keys.WHEEL_BUTTONS["up" if direction < 0 else "down"], pressed=True)
        elif self.terminal.alternate and not self.finished:
            for _ in range(WHEEL_LINES):
                self.send_key("up" if direction < 0 else "down")
        elif self.viewport.scroll(direction * WHEEL_LINES):
            self._moved()

    def copy_selection(self) -> bool:
        """Offer the selected text as `Copied`; False when nothing is selected."""
        chosen = self.viewport.selection
        if chosen is None or chosen.empty:
            self._end_selection()
            return False
        self.post_message(self.Copied(self, selected_text(chosen, self.viewport.row, self.terminal.columns)))
        return True

    def _end_selection(self) -> None:
        if self.viewport.selection is not None:
            self.viewport.selection = None
            self.draw_all()

    # --- size, focus, theme -------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        columns, lines = event.size
        if columns and lines and (columns, lines) != (self.terminal.columns, self.terminal.lines):
            self.terminal.feed(self.editor.hide())
            self.terminal.resize(columns, lines)
            self.terminal.feed(self.editor.show(self._place))
            self._end_selection()
            self.draw_all()

    def on_focus(self) -> None:
        self._focus_changed(True)

    def on_blur(self) -> None:
        self._focus_changed(False)

    def _focus_changed(self, gained: bool) -> None:
        if self.terminal.modes.focus_events and not self.finished:
            self._reply(keys.encode_focus(gained))
        self.draw_cursor_row()
