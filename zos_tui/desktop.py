"""The desktop screen: what each command does, and what the widgets' messages lead to.

Rules of this file
- `action_<name>` does the command `<name>` of `commands.COMMANDS`; keys, palette and mouse all come here.
- What cannot be undone asks first (desktop: Processes, Capabilities). Rarely used dialogs are imported when opened.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from zos_core.abi import PID_PERMISSION
from zos_core.errors import Refused
from zos_core.snapshot import ConsoleMode
from zos_tui.authority import Authority
from zos_tui.commands import BY_NAME
from zos_tui.kept import Kept
from zos_tui.ports import Machine, Past
from zos_tui.recents import Recents
from zos_tui.starts import Start, is_path
from zos_tui.tabs import Tab
from zos_tui.terminals import Terminals
from zos_tui.theme import DARK, LIGHT
from zos_tui.widgets.capability_list import CapabilityList
from zos_tui.widgets.hint_bar import LEADER_TWICE, HintBar
from zos_tui.widgets.line_table import LineTable
from zos_tui.widgets.message_log import MessageLog
from zos_tui.widgets.process_list import ProcessList
from zos_tui.widgets.prompt_bar import PromptBar
from zos_tui.widgets.tab_bar import TabBar
from zos_tui.workspace import PANELS

DEFAULT_LEADER = "ctrl+b"
DEFAULT_PROGRAM = "terminal"
WITHOUT_MACHINE = frozenset({"help", "palette", "toggle_theme", "quit_desktop", "open_recording"})


class Desktop(Terminals):
    """The one screen of the app; dialogs open over it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(DEFAULT_LEADER, "leader", "Commands", priority=True, id="leader"),
        Binding("ctrl+q", "quit_desktop", "Quit", show=False),
        Binding("ctrl+p", "palette", "Commands", show=False),
        Binding("f1", "help", "Help", show=False),
    ]

    def __init__(
        self, make_machine: Callable[[], Machine], first: Start, leader: str, recents: Recents, kept: Kept
    ) -> None:
        super().__init__(make_machine, first, leader, kept)
        self.recents = recents

    # --- commands -----------------------------------------------------------------------------------------------

    def action_leader(self) -> None:
        self.app.push_screen(HintBar(self.leader), self.after_leader)

    def after_leader(self, chosen: str | None) -> None:
        """Do what the key after the leader named."""
        if chosen == LEADER_TWICE:
            if (view := self.active_view) is not None:
                view.send_key(self.leader)
        elif chosen is not None and chosen.startswith("tab:"):
            self.go_to(int(chosen[4:]))
        elif chosen is not None:
            self.run_command(chosen)

    def run_command(self, name: str) -> None:
        """Do the command with this name."""
        if self.machine is None and name not in WITHOUT_MACHINE:
            self.say("The machine is not running", warning=True)
            return
        getattr(self, f"action_{BY_NAME[name].name}")()

    def go_to(self, position: int) -> None:
        """Switch to the tab at this position, counted from 1."""
        if position <= len(self.book):
            self._switch(self.book.tabs[position - 1])

    def _switch(self, tab: Tab | None) -> None:
        if tab is not None:
            self.show_panel(PANELS[0])
            self.activate(tab)

    def action_new_tab(self) -> None:
        self.show_panel(PANELS[0])
        self.start(Start(DEFAULT_PROGRAM))

    def action_start_program(self) -> None:
        from zos_tui.widgets.spawn_dialog import SpawnDialog

        def begin(start: Start) -> None:
            self.show_panel(PANELS[0])
            self.begin(start)
            if start != Start(start.program) or is_path(start.program):
                self.recents.add(start)

        machine = self.machine
        if machine is not None:
            programs, recent = machine.programs(), self.recents.list()
            self.app.push_screen(SpawnDialog(programs, recent, machine.program_summary, begin))

    def action_cancel_compile(self) -> None:
        cancelled = self.launches.cancel() if self.launches is not None else ""
        self.say(f"{cancelled}: compiling was cancelled" if cancelled else "Nothing is being compiled")

    def action_close_tab(self) -> None:
        tab = self.book.active
        if tab is None:
            return
        if not tab.live:
            self.discard(tab)
            return
        question = f"Close {tab.label} and kill its process?"
        self._ask(question, (f"pid {tab.pid} · {tab.start.program}",), "Close", partial(self.discard, tab))

    def action_next_tab(self) -> None:
        self._switch(self.book.neighbour(1))

    def action_previous_tab(self) -> None:
        self._switch(self.book.neighbour(-1))

    def action_move_left(self) -> None:
        self.book.move(-1)
        self.show_tabs()

    def action_move_right(self) -> None:
        self.book.move(1)
        self.show_tabs()

    def action_rename_tab(self) -> None:
        from zos_tui.widgets.prompt_line import PromptLine

        tab = self.book.active
        if tab is None:
            return

        def rename(name: str | None) -> None:
            if name is not None:
                tab.given = " ".join(name.split())
                self.show_tabs()

        self.app.push_screen(PromptLine("Name", tab.label), rename)

    def action_restart_tab(self) -> None:
        tab = self.book.active
        if tab is not None and tab.live:
            self.say(f"{tab.label} is still running")
        elif tab is not None:
            self.again(tab)

    def action_next_panel(self) -> None:
        self.show_panel(self.panels[(self.panels.index(self.panel) + 1) % len(self.panels)])

    def action_scrollback(self) -> None:
        if (view := self.active_view) is not None:
            self.show_panel(PANELS[0])
            view.read_back(not view.reading)

    def action_search(self) -> None:
        from zos_tui.widgets.prompt_line import PromptLine

        view = self.active_view
        if view is None:
            return

        def find(text: str | None) -> None:
            if text and not view.search(text):
                self.say(f"Not found: {text}")

        self.show_panel(PANELS[0])
        self.app.push_screen(PromptLine("Search"), find)

    def action_copy(self) -> None:
        view = self.active_view
        if view is None or not view.copy_selection():
            self.say("Nothing is selected: drag over text first")

    def action_toggle_theme(self) -> None:
        self.app.theme = LIGHT if self.app.theme == DARK else DARK

    def action_toggle_mode(self) -> None:
        tab = self.book.active
        if tab is not None and tab.live:
            to_line = tab.mode is ConsoleMode.RAW
            self.set_mode(tab, ConsoleMode.LINE if to_line else ConsoleMode.RAW)
            self.say("Line mode: the tab edits a line" if to_line else "Raw mode: every key is sent at once")

    def action_kill_process(self) -> None:
        process = self.selected_process
        if process is None or process.exit is not None:
            self.say("Select a living process first")
            return
        details = [f"pid {process.pid}, started by pid {process.parent}, {len(process.capabilities)} capabilities"]
        if process.pid <= PID_PERMISSION:
            details.append("This is a system service: others may stop working until it is back.")
        self._ask(f"Kill {process.name}?", tuple(details), "Kill", partial(self.kill, process.pid))

    def action_process_details(self) -> None:
        from zos_tui.widgets.process_details import ProcessDetails

        process = self.selected_process
        if process is None or self.machine is None:
            self.say("Select a process first")
            return
        calls = [call for call in self.machine.recent_events() if call.pid == process.pid]

        def chosen(what: str | None) -> None:
            if what == "tab":
                self.go_to_process(process.pid)
            elif what == "kill":
                self.action_kill_process()
            elif what == "grant" and self.authority is not None:
                self.authority.grant(process.pid)

        endpoints = self.machine.snapshot().endpoints
        self.app.push_screen(ProcessDetails(process, endpoints, calls), chosen)

    def go_to_process(self, pid: int) -> None:
        """Bring the tab of a process to the front, or at least the process to the lists."""
        tab = self.book.of_pid(pid)
        if tab is not None:
            self._switch(tab)
        else:
            self.select_process(pid)

    def select_process(self, pid: int) -> None:
        """Move to the process list, with this process selected."""
        self.query_one(ProcessList).select(pid)
        self.show_panel(PANELS[1])
        if self.lists is not None:
            self.lists.show_capabilities()

    # --- authority ----------------------------------------------------------------------------------------------

    def _of_selected_capability(self, act: Callable[[Authority], Callable[[int, int], None]]) -> None:
        """Do something about the capability selected in the list."""
        process, slot = self.selected_process, self.query_one(CapabilityList).selected
        if process is None or self.authority is None or not isinstance(slot, int):
            self.say("Select a capability first")
            return
        act(self.authority)(process.pid, slot)

    def action_grant_capability(self) -> None:
        process = self.selected_process
        if self.authority is not None:
            self.authority.grant(process.pid if process is not None else None)

    def action_derive_capability(self) -> None:
        self._of_selected_capability(lambda authority: authority.derive)

    def action_revoke_capability(self) -> None:
        self._of_selected_capability(lambda authority: authority.revoke)

    def action_inspect_capability(self) -> None:
        self._of_selected_capability(lambda authority: authority.inspect)

    def action_revoke_by_query(self) -> None:
        if self.authority is not None:
            self.authority.revoke_by_query()

    def action_show_objects(self) -> None:
        if self.authority is not None:
            self.authority.objects()

    def action_list_answers(self) -> None:
        if self.authority is not None:
            self.authority.answers()

    def action_answer_prompt(self) -> None:
        if self.authority is None or self.consent is None:
            return
        prompt = self.consent.next_question()
        if prompt is None:
            self.say("No program asks for anything")
        else:
            self.authority.ask_person(prompt, self.consent.stands)

    # --- the session --------------------------------------------------------------------------------------------

    def action_timeline(self) -> None:
        """Look back over this session: another screen, under which the machine goes on."""
        if self.machine is None:
            return
        try:
            past = self.machine.past()
        except Refused as refusal:
            self.say(str(refusal), warning=True)
            return
        self._look_at(past, running=True)

    def _look_at(self, past: Past, *, running: bool) -> None:
        from zos_tui.past_desktop import PastDesktop

        pid = self.book.active.pid if running and self.book.active is not None else 0
        self.app.push_screen(PastDesktop(past, self.leader, self.kept, running=running, pid=pid))

    def action_open_recording(self) -> None:
        from zos_tui.widgets.open_dialog import OpenDialog

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.open_recording(path)

        self.app.push_screen(OpenDialog(self.kept.saved()), chosen)

    def open_recording(self, path: Path) -> None:
        """Look at a recorded session, from its first tick; at this one as the timeline does."""
        from zos_core.past import open_recording

        recording = None if self.machine is None else self.machine.recording
        if recording is not None and recording.path.resolve() == path.resolve():
            self.action_timeline()
            return

        try:
            past = open_recording(path, self.kept.modules)
        except Refused as refusal:
            self.say(str(refusal), warning=True)
            return
        self._look_at(past, running=False)

    def action_pause_recording(self) -> None:
        if self.recorded is not None:
            self.recorded.pause()

    def action_forget_recording(self) -> None:
        if self.recorded is not None:
            self.recorded.forget()

    # --- the desktop --------------------------------------------------------------------------------------------

    def action_palette(self) -> None:
        from textual.command import CommandPalette

        from zos_tui.palette import DesktopCommands

        self.app.push_screen(CommandPalette(providers=[DesktopCommands], placeholder="Search for a command"))

    def action_help(self) -> None:
        from zos_tui.widgets.help_panel import HelpPanel

        self.app.push_screen(HelpPanel(self.leader))

    def action_quit_desktop(self) -> None:
        live = self.book.live() if self.machine is not None else []
        if not live:
            self.app.exit()
            return
        names = ", ".join(tab.label for tab in live[:6]) + (", …" if len(live) > 6 else "")
        count = "1 program" if len(live) == 1 else f"{len(live)} programs"
        self._ask(f"Quit with {count} running?", (names,), "Quit", self.app.exit)

    def _ask(self, question: str, details: tuple[str, ...], yes: str, act: Callable[[], object]) -> None:
        from zos_tui.widgets.confirm import Confirm

        def answered(answer: bool | None) -> None:
            if answer:
                act()

        self.app.push_screen(Confirm(question, details, yes), answered)

    # --- messages of the widgets --------------------------------------------------------------------------------

    def on_tab_bar_picked(self, event: TabBar.Picked) -> None:
        event.stop()
        self._switch(self.book.of_key(event.key))

    def on_tab_bar_close_wanted(self, event: TabBar.CloseWanted) -> None:
        event.stop()
        self._switch(self.book.of_key(event.key))
        self.action_close_tab()

    def on_tab_bar_new_wanted(self, event: TabBar.NewWanted) -> None:
        event.stop()
        self.run_command("new_tab")

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        """Enter opens the details of a process or a capability; on a row of the log it leads to the process."""
        event.stop()
        if isinstance(event.table, ProcessList):
            self.action_process_details()
        elif isinstance(event.table, CapabilityList):
            self.action_inspect_capability()
        elif isinstance(event.table, MessageLog):
            pid = event.table.pid_of(event.key)
            if pid:
                self.select_process(pid)

    def on_process_list_filter_wanted(self, event: ProcessList.FilterWanted) -> None:
        from zos_tui.widgets.prompt_line import PromptLine

        event.stop()
        processes = self.query_one(ProcessList)

        def found(needle: str | None) -> None:
            if needle is not None:
                processes.filter_by(needle)

        self.app.push_screen(PromptLine("Processes with", processes.order.needle), found)

    def on_message_log_process_only(self, event: MessageLog.ProcessOnly) -> None:
        event.stop()
        if self.lists is not None:
            self.lists.log_of_process()

    def on_message_log_messages_wanted(self, event: MessageLog.MessagesWanted) -> None:
        event.stop()
        if self.lists is not None:
            told = self.lists.toggle_messages()
            self.say("Messages between programs are told from here on" if told else "Messages are told no longer")

    def on_prompt_bar_opened(self, event: PromptBar.Opened) -> None:
        event.stop()
        self.run_command("answer_prompt")
