"""What the terminals of the tabs say: keystrokes to their processes, titles, modes, bells and copies.

A part of the desktop screen: `Desktop` adds the commands to it.
"""

from __future__ import annotations

from zos_core.errors import Refused
from zos_core.snapshot import ConsoleMode
from zos_tui.tabs import Tab
from zos_tui.widgets.terminal_view import TerminalView
from zos_tui.workspace import Workspace


class Terminals(Workspace):
    """A workspace whose terminals are connected to their processes."""

    def _tab_of(self, view: TerminalView) -> Tab | None:
        tab = self.book.of_key(view.key)
        return tab if tab is not None and tab.live else None

    def on_terminal_view_typed(self, event: TerminalView.Typed) -> None:
        event.stop()
        tab = self._tab_of(event.view)
        if tab is None or self.machine is None or self.pump is None:
            return
        try:
            self.machine.send_input_to_process(tab.pid, event.data)
        except Refused as refusal:
            tab.refused = True
            self.say(str(refusal), warning=True)
            self.show_tabs()
            return
        if tab.refused:
            tab.refused = False
            self.show_tabs()
        if event.by_hand:
            self.pump.typed(tab.pid)
        else:
            self.pump.touched()

    def on_terminal_view_end_of_input(self, event: TerminalView.EndOfInput) -> None:
        event.stop()
        tab = self._tab_of(event.view)
        if tab is not None and self.machine is not None and self.pump is not None:
            self.machine.send_end_of_input(tab.pid)
            self.pump.typed(tab.pid)

    def on_terminal_view_changed(self, event: TerminalView.Changed) -> None:
        event.stop()
        tab = self.book.of_key(event.view.key)
        if tab is not None:
            tab.title = event.view.title
            self.show_tabs()

    def on_terminal_view_mode_wanted(self, event: TerminalView.ModeWanted) -> None:
        event.stop()
        tab = self._tab_of(event.view)
        if tab is not None:
            self.set_mode(tab, event.mode)

    def set_mode(self, tab: Tab, mode: ConsoleMode) -> None:
        """Change who edits a line of this tab."""
        if self.machine is not None and tab.mode is not mode:
            tab.mode = mode
            self.machine.set_console_mode(tab.pid, mode)
            self.view_of(tab).set_mode(mode)
            self.show_status()

    def on_terminal_view_rang(self, event: TerminalView.Rang) -> None:
        event.stop()
        tab = self.book.of_key(event.view.key)
        if tab is not None and tab is not self.book.active:
            tab.unseen = True
            self.show_tabs()

    def on_terminal_view_copied(self, event: TerminalView.Copied) -> None:
        event.stop()
        self.app.copy_to_clipboard(event.text)
        count = len(event.text)
        self.say("Copied 1 character" if count == 1 else f"Copied {count} characters")
