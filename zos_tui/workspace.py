"""The screen of the desktop as a place: tabs and panels, and what happens to them when the machine or a person acts.

Rules of this file
- It reads snapshots and posts commands to the machine; what a command of the leader does is in `desktop`.
- The screen is painted before the machine is made: a machine that cannot start is a line on the screen.
- Launching programs, keeping the lists up to date and asking for consent are parts of their own, made with the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from zos_core.errors import Refused
from zos_core.snapshot import ConsoleMode, ConsoleOpened, MachineSnapshot, PollReport, ProcessEnded, ProcessSnapshot
from zos_tui.authority import Authority
from zos_tui.commands import BY_NAME, key_label
from zos_tui.consent import Consent
from zos_tui.figures import shortened, size
from zos_tui.kept import Kept
from zos_tui.launches import Launches
from zos_tui.ports import Machine
from zos_tui.pump import Pump
from zos_tui.recorded import Recorded
from zos_tui.starts import Start
from zos_tui.tabs import Tab, TabBook
from zos_tui.theme import palette_for
from zos_tui.watch import Watch
from zos_tui.widgets.capability_list import CapabilityList
from zos_tui.widgets.line_table import LineTable
from zos_tui.widgets.message_log import MessageLog
from zos_tui.widgets.process_list import ProcessList
from zos_tui.widgets.prompt_bar import PromptBar
from zos_tui.widgets.status_line import Status, StatusLine
from zos_tui.widgets.tab_bar import TabBar, TabFace
from zos_tui.widgets.terminal_view import TerminalView

BREAKPOINTS = [(0, "-narrow"), (110, "-medium"), (180, "-wide")]
"""From how many columns on the screen has which class: one panel, terminal and rail, three columns."""
PANELS = ("terminal", "processes", "capabilities", "messages")
LIST_HELP = {
    "processes": "Enter opens · s S sort · / filter · t tree · f freeze · Esc plain",
    "capabilities": "Enter inspects · leader g grants · d derives · v revokes",
    "messages": "Enter its process · f kinds · p one process · i IPC · End follows",
    "timeline": "↑↓ commits · ←→ ticks · t goes to · space plays · Esc leaves",
}
STARTING = "Starting the machine…"


class Workspace(Screen[None]):
    """Tabs over terminals, lists beside them, a status line below. `session_ready` once the machine runs."""

    AUTO_FOCUS = ""
    panels: ClassVar[tuple[str, ...]] = PANELS
    DEFAULT_CSS = """
    Workspace {
        background: $background;
        & #body { height: 1fr; }
        & #terminals { width: 1fr; height: 1fr; }
        & #placeholder { width: 1fr; height: 1fr; padding: 1 2; color: $text-quiet; }
        & #placeholder.-failed { color: $error; text-style: bold; }
        & #upper { height: 1fr; }
        & #rail { width: 40; height: 1fr; display: none; }
        & #lower { display: none; height: 10; }
        & #messages { width: 1fr; height: 1fr; }
        &.-medium #rail, &.-wide #rail, &.-medium #lower, &.-wide #lower { display: block; }
        &.-medium #processes { height: 1fr; }
        &.-medium #capabilities { height: 1fr; }
        &.-wide #rail { layout: horizontal; width: 118; }
        &.-wide #processes { width: 58; margin-right: 1; }
        &.-wide #capabilities { width: 1fr; }
        &.-wide #lower { height: 16; }
        &.-narrow #rail, &.-narrow #lower { display: none; width: 1fr; }
        &.-narrow.-panel-processes #rail, &.-narrow.-panel-capabilities #rail { display: block; }
        &.-narrow.-panel-processes #terminals, &.-narrow.-panel-capabilities #terminals { display: none; }
        &.-narrow.-panel-processes #capabilities, &.-narrow.-panel-capabilities #processes { display: none; }
        &.-narrow.-panel-messages #upper { display: none; }
        &.-narrow.-panel-messages #lower { display: block; height: 1fr; }
    }
    """

    def __init__(self, make_machine: Callable[[], Machine], first: Start, leader: str, kept: Kept) -> None:
        super().__init__()
        self.kept = kept
        self._make_machine = make_machine
        self._first = first
        self.leader = leader
        self.book = TabBook()
        self.panel = PANELS[0]
        self.machine: Machine | None = None
        self.pump: Pump | None = None
        self.launches: Launches | None = None
        self.lists: Watch | None = None
        self.consent: Consent | None = None
        self.authority: Authority | None = None
        self.recorded: Recorded | None = None

    def compose(self) -> ComposeResult:
        yield TabBar(id="tabs")
        yield from self.above()
        with Vertical(id="body"):
            with Horizontal(id="upper"):
                with Container(id="terminals"):
                    yield Static(STARTING, id="placeholder", markup=False)
                with Vertical(id="rail"):
                    yield ProcessList(id="processes")
                    yield CapabilityList(id="capabilities")
            with Horizontal(id="lower"):
                yield MessageLog(id="messages")
                yield from self.beside_messages()
        yield from self.below()
        yield PromptBar(id="prompts")
        yield StatusLine(id="status")

    def above(self) -> ComposeResult:
        """What a kind of workspace has above its panels."""
        yield from ()

    def beside_messages(self) -> ComposeResult:
        yield from ()

    def below(self) -> ComposeResult:
        yield from ()

    def on_mount(self) -> None:
        self.show_panel(PANELS[0])
        self.show_status()
        self.call_after_refresh(self._boot)

    # --- the machine --------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        """Make the machine and its first tab. Whatever goes wrong is one line on the screen."""
        try:
            machine = self._make_machine()
            machine.boot()
        except Exception as error:
            self._fail(f"The machine did not start: {shortened(str(error) or type(error).__name__, 300)}")
            return
        self.machine = machine
        self.pump = Pump(machine, self._on_report, self._fail)
        self.launches = Launches(self, machine, self._not_started, self.show_status)
        self.lists = Watch(self, machine, self.pump, self._shown)
        self.consent = Consent(machine, self.query_one(PromptBar), key_label(self.leader))
        self.recorded = Recorded(self.app, machine, self.say, partial(self.say, warning=True), self.show_status)
        self.authority = Authority(self.app, machine, self.lists, self.say, partial(self.say, warning=True))
        self.run_worker(self.pump.run(), name="pump")
        self.start(self._first)
        self.refresh_lists()
        try:
            machine.open_storage()
        except Refused as refused:
            self.say(str(refused), warning=True)

    def _fail(self, line: str) -> None:
        placeholder = self.query_one("#placeholder", Static)
        placeholder.set_class(True, "-failed")
        placeholder.update(line)
        self.say(line, warning=True)
        self.show_status()

    def shut_down(self) -> None:
        """Stop the pump and close the machine; the screen may still be on show."""
        if self.launches is not None:
            self.launches.close()
        if self.pump is not None:
            self.pump.stop()
        if self.machine is not None:
            self.machine.close()
        self.machine = self.pump = self.launches = self.lists = self.consent = self.authority = self.recorded = None

    def _on_report(self, report: PollReport) -> None:
        for opened in report.opened:
            self._adopt(opened)
        for ended in report.ended:
            self._bury(ended)
        if self.lists is not None and self.consent is not None and self.recorded is not None:
            self.lists.ran(report)
            self.consent.look()
            self.recorded.look()

    # --- tabs ---------------------------------------------------------------------------------------------------

    def begin(self, start: Start) -> None:
        """Start a program in a tab of its own, when it is compiled. Raises `Refused` if it is refused at once."""

        def begun(pid: int) -> None:
            if self.machine is not None:
                self._show_new(self.book.open(pid, start), self.machine.console_mode(pid))

        if self.launches is not None:
            self.launches.begin(start, begun)

    def start(self, start: Start) -> None:
        """The same; a refusal is a line on the screen."""
        try:
            self.begin(start)
        except Refused as refusal:
            self._not_started(refusal)

    def again(self, tab: Tab) -> None:
        """Run an ended tab's program again, in place."""

        def begun(pid: int) -> None:
            if self.machine is not None:
                tab.begin_again(pid, self.machine.console_mode(pid))
                self.view_of(tab).begin_again(tab.mode)
                self._connect(tab)
                self.activate(tab)

        if tab.live or self.launches is None:
            return
        try:
            self.launches.begin(tab.start, begun)
        except Refused as refusal:
            self._not_started(refusal)

    def _not_started(self, refusal: Refused) -> None:
        self.say(str(refusal), warning=True)
        if not len(self.book):
            self.query_one("#placeholder", Static).update(f"{refusal}\n\n{self._no_tab_hint()}")

    def _no_tab_hint(self) -> str:
        return f"No tab. {key_label(self.leader)} c opens a terminal, {key_label(self.leader)} s any program."

    def _adopt(self, opened: ConsoleOpened) -> None:
        """A program opened a console of its own: a tab for it, beside the active one."""
        if self.book.of_pid(opened.pid) is None:
            tab = self.book.open(opened.pid, Start(opened.name), activate=False)
            self._show_new(tab, opened.mode)

    def _bury(self, ended: ProcessEnded) -> None:
        """A process ended; its tab stays and says how, after its last words."""
        tab = self.book.of_pid(ended.pid)
        if tab is None or self.pump is None:
            return
        self.pump.drain(ended.pid)
        self.pump.detach(ended.pid)
        tab.ended = ended.exit
        tab.unseen = tab is not self.book.active
        self.view_of(tab).finish(ended.exit.describe())
        self.show_tabs()

    def _show_new(self, tab: Tab, mode: ConsoleMode) -> None:
        tab.mode = mode
        room = self.query_one("#terminals").size
        view = TerminalView(tab.key, room.width or 80, room.height or 24, palette_for(self.app.theme), mode)
        view.display = False
        self.query_one("#terminals").mount(view)
        self._connect(tab, view)
        if self.book.active is not None:
            self.activate(self.book.active)

    def _connect(self, tab: Tab, view: TerminalView | None = None) -> None:
        shown = view or self.view_of(tab)

        def take(data: bytes) -> None:
            shown.feed(data)
            if tab is not self.book.active and not tab.unseen:
                tab.unseen = True
                self.show_tabs()

        if self.pump is not None:
            self.pump.attach(tab.pid, take)

    def discard(self, tab: Tab) -> None:
        """Close the tab, whose process has ended or is killed now."""
        if tab.live and self.machine is not None and self.pump is not None:
            self.pump.detach(tab.pid)
            self.kill(tab.pid)
        self.view_of(tab).remove()
        self.book.close(tab)
        if self.book.active is not None:
            self.activate(self.book.active)
        else:
            self.query_one("#placeholder", Static).display = True
            self.query_one("#placeholder", Static).update(self._no_tab_hint())
            self.show_tabs()

    def kill(self, pid: int) -> None:
        if self.machine is None or self.pump is None:
            return
        try:
            self.machine.kill_process(pid)
        except Refused as refusal:
            self.say(str(refusal), warning=True)
        if self.lists is not None:
            self.lists.acted()

    def activate(self, tab: Tab) -> None:
        """Bring `tab` to the front, and its process to the lists."""
        self.book.activate(tab)
        self.query_one("#placeholder", Static).display = False
        for other in self.book:
            self.view_of(other).display = other is tab
        if self.lists is not None:
            # What is done to "the selected process" is done to this one, also when it has only just started.
            self.lists.select(tab.pid)
        if self.panel == PANELS[0]:
            self.view_of(tab).focus()
        self.show_tabs()

    def view_of(self, tab: Tab) -> TerminalView:
        return self.query_one(f"#terminal-{tab.key}", TerminalView)

    @property
    def active_view(self) -> TerminalView | None:
        return self.view_of(self.book.active) if self.book.active is not None else None

    # --- panels -------------------------------------------------------------------------------------------------

    def show_panel(self, panel: str) -> None:
        """Move to a panel; on a narrow screen it is the only one shown."""
        self.panel = panel
        for other in self.panels:
            self.set_class(other == panel, f"-panel-{other}")
        if panel != PANELS[0]:
            self.query_one(f"#{panel}").focus()
        elif (view := self.active_view) is not None:
            view.focus()
        self.show_status()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where the focus goes, the panel goes: by key, by mouse, or when a dialog closes."""
        # By the time this is told the focus may have gone on.
        focused = self.focused or event.widget
        found = focused.id if focused.id in self.panels else PANELS[0]
        if found != self.panel:
            self.panel = found
            for other in self.panels:
                self.set_class(other == found, f"-panel-{other}")
            self.show_status()

    # --- showing ------------------------------------------------------------------------------------------------

    def say(self, line: str, *, warning: bool = False) -> None:
        self.query_one(StatusLine).notice(shortened(line, 200), warning=warning)

    def show_tabs(self) -> None:
        self.query_one(TabBar).show([self._face(tab) for tab in self.book])
        self.show_status()

    def _face(self, tab: Tab) -> TabFace:
        ended = tab.ended.describe() if tab.ended else ""
        now, losses = monotonic(), self.lists.losses.of(tab.pid) if self.lists is not None and tab.live else ()
        lost = tab.revoked or (losses[-1].word if losses else "") if tab.live else ""
        flashing = bool(losses) and losses[-1].bright(now)
        return TabFace(tab.key, tab.label, tab is self.book.active, tab.unseen, tab.refused, ended, lost, flashing)

    def show_status(self) -> None:
        tab = self.book.active
        if tab is None:
            self._show(Status(tab=self._compiling()))
            return
        view = self.view_of(tab)
        if tab.ended is not None:
            status = Status("ENDED", f"{tab.label} {tab.ended.describe()} · {key_label(self.leader)} R runs it again")
        else:
            notes = f" · ✗ {tab.revoked}" if tab.revoked else ""
            status = Status(tab.mode.name, f"{tab.label} · pid {tab.pid}{notes}")
        if self.panel != PANELS[0]:
            status = Status("LIST", LIST_HELP[self.panel])
        elif view.reading:
            status = Status("SCROLL", "arrows and page keys move · n N matches · q leaves")
        if work := self._compiling():
            status = status._replace(tab=work)
        self._show(status)

    def _show(self, status: Status) -> None:
        recording = self.recorded.phrase if self.recorded is not None else ""
        leader = f"{key_label(self.leader)} for keys"
        shown = status._replace(machine=self._machine_phrase(), recording=recording, leader=leader)
        self.query_one(StatusLine).show(shown)

    def _compiling(self) -> str:
        """What is being compiled and for how long, empty when nothing is."""
        work = self.launches.work if self.launches is not None else ""
        return f"{work} · {key_label(self.leader)} {BY_NAME['cancel_compile'].keys[0]} cancels" if work else ""

    def _machine_phrase(self) -> str:
        snapshot = self.snapshot
        if snapshot is None:
            return ""
        live = [process for process in snapshot.processes if process.exit is None]
        phrase = f"{len(live)} processes · {size(sum(process.memory_size for process in live))}"
        return f"! {snapshot.degraded} · {phrase}" if snapshot.degraded else phrase

    def _shown(self) -> None:
        """A fresh snapshot is in the lists: the tabs and the status line follow."""
        if self.snapshot is not None:
            for tab in self.book.live():
                process = self.snapshot.process(tab.pid)
                if process is not None and process.exit is None:
                    tab.observe(process)
        self.show_tabs()

    def refresh_lists(self) -> None:
        """Show the machine in the lists as it is."""
        if self.lists is not None:
            self.lists.refresh_now()

    @property
    def snapshot(self) -> MachineSnapshot | None:
        """The machine as the lists show it."""
        return self.lists.snapshot if self.lists is not None else None

    @property
    def selected_process(self) -> ProcessSnapshot | None:
        return self.lists.selected_process if self.lists is not None else None

    def on_line_table_highlighted(self, event: LineTable.Highlighted) -> None:
        event.stop()
        if self.lists is not None:
            self.lists.show_capabilities()
            if isinstance(event.table, MessageLog):
                self.lists.look_again()

    def on_message_log_came_into_view(self, event: MessageLog.CameIntoView) -> None:
        event.stop()
        if self.lists is not None:
            self.lists.look_again()
