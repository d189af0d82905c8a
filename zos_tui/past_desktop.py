"""The desktop over a session as it was: the same panels, a timeline to move in, and nothing that can be changed.

Rules of this file (desktop: Timeline)
- A bordered banner says what is on the screen and how to leave. Under it, a live machine goes on.
- Kernel panels follow at once; terminals and figures when the session has been run again up to there, which the banner
  tells. Whatever would change something is refused in one line.
"""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import ClassVar

from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Static

from zos_core.abi import PID_PERMISSION
from zos_core.errors import Refused
from zos_core.snapshot import ConsoleMode, MachineSnapshot, ProcessSnapshot
from zos_tui.authority import Authority
from zos_tui.commands import LOOKING, key_label
from zos_tui.desktop import DEFAULT_PROGRAM, Desktop
from zos_tui.kept import Kept
from zos_tui.ports import Past
from zos_tui.projection import Projection
from zos_tui.recents import Recents
from zos_tui.scrubber import More, Scrubber
from zos_tui.starts import Start
from zos_tui.tabs import Tab
from zos_tui.theme import palette_for
from zos_tui.watch import Watch
from zos_tui.widgets.commit_list import ENDS, CommitList
from zos_tui.widgets.message_log import clock
from zos_tui.widgets.past_banner import PastBanner
from zos_tui.widgets.past_terminal import PastTerminal
from zos_tui.widgets.status_line import Status
from zos_tui.widgets.terminal_view import TerminalView
from zos_tui.widgets.timeline_scale import Place, TimelineScale
from zos_tui.workspace import LIST_HELP, PANELS

COMMITS_SHOWN = 100
"""Before and after the one where one stands."""
PLAY_EVERY_S = 1 / 15
MAX_SPEED = 64
MAX_GAP_NS = 1_000_000_000
"""What plays does not wait longer for the next tick than this."""
GROW_EVERY_S = 1.0
RATES_OVER_NS = 1_000_000_000
"""Rates are those of so long before the moment."""
CANNOT = "The past cannot be changed"


class PastDesktop(Desktop):
    """Shows `past`. `running` says that its session goes on, under this screen; `pid` is the tab to show first."""

    panels: ClassVar[tuple[str, ...]] = (*PANELS, "timeline")
    DEFAULT_CSS = """
    PastDesktop {
        & #lower { layout: horizontal; }
        & #timeline { width: 1fr; height: 1fr; margin-left: 1; }
        &.-narrow #timeline { display: none; }
        &.-narrow.-panel-timeline #upper { display: none; }
        &.-narrow.-panel-timeline #lower { display: block; height: 1fr; }
        &.-narrow.-panel-timeline #messages { display: none; }
        &.-narrow.-panel-timeline #timeline { display: block; margin-left: 0; }
    }
    """

    def __init__(self, past: Past, leader: str, kept: Kept, *, running: bool, pid: int = 0) -> None:
        super().__init__(lambda: past, Start(DEFAULT_PROGRAM), leader, Recents(None), kept)
        self.past = past
        self._goes_on, self._first_pid = running, pid
        self._projections: dict[int, Projection] = {}
        self._shown_version = -1
        self._speed, self._last_speed = 0, 1
        self._played_at = 0.0
        self._play_timer: Timer | None = None
        self.scrubber: Scrubber | None = None

    def above(self) -> ComposeResult:
        yield PastBanner(id="banner")

    def beside_messages(self) -> ComposeResult:
        yield CommitList(id="timeline")

    def below(self) -> ComposeResult:
        yield TimelineScale(id="scale")

    # --- life -----------------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        self.machine = self.past
        self.scrubber = Scrubber(self.past, self._show_past, self._fail)
        self.lists = Watch(self, self.past, self.scrubber, self._shown)
        self.authority = LookingOnly(self.app, self.past, self.lists, self.say, partial(self.say, warning=True))
        self.run_worker(self.scrubber.run(), name="scrubber")
        self._play_timer = self.set_interval(PLAY_EVERY_S, self._play_on, pause=True)
        if self._goes_on:
            self.past.go_to_tick(self.past.ticks)
            self.set_interval(GROW_EVERY_S, self._grow)
        elif self.past.torn:
            self.say(f"It was not closed, or is still being written: it ends at tick {self.past.ticks}")
        self.show_panel("timeline")

    def shut_down(self) -> None:
        if self.scrubber is not None:
            self.scrubber.stop()
        super().shut_down()

    def on_unmount(self) -> None:
        self.shut_down()

    def _grow(self) -> None:
        """The session goes on: more of it has become the past."""
        if self.machine is None:
            return
        try:
            self.past.grow()
        except Refused as refusal:
            self.say(str(refusal), warning=True)
        self._touch()

    def _touch(self) -> None:
        if self.scrubber is not None:
            self.scrubber.touched()

    # --- showing --------------------------------------------------------------------------------------------------

    def _show_past(self, more: More) -> bool:
        """After a slice of work: the panels when the moment is another one, then the terminal in view."""
        if self.machine is None or self.lists is None or not self.query("#status"):
            # It is closed, or the app is being taken apart.
            return False
        if self.past.version != self._shown_version and self.past.moment.tick:
            self._shown_version = self.past.version
            self.lists.start_over(self.past.earlier(RATES_OVER_NS))
            self._show_commits()
        self._show_place()
        return self._project(more)

    def _shown(self) -> None:
        """A snapshot is in the lists: tabs come and go with their processes."""
        snapshot = self.snapshot
        if snapshot is None or not self.past.moment.tick:
            return
        self._match_tabs(snapshot)
        self.show_tabs()

    def _match_tabs(self, snapshot: MachineSnapshot) -> None:
        for tab in list(self.book):
            if not self._has_tab(snapshot.process(tab.pid)):
                self._projections.pop(tab.key, None)
                self.discard(tab)
        for process in snapshot.processes:
            if not self._has_tab(process):
                continue
            tab = next((each for each in self.book if each.pid == process.pid), None) or self._open_tab(process)
            tab.ended = process.exit
            if process.exit is None:
                tab.observe(process)

    def _has_tab(self, process: ProcessSnapshot | None) -> bool:
        """Whether its console had anything to show; a service that never writes has a console, too."""
        if process is None:
            return False
        written = self.past.console(process.pid)
        wrote = written is not None and written.upto(self.past.console_tick) > 0
        return wrote or (process.has_console and process.pid > PID_PERMISSION)

    def _open_tab(self, process: ProcessSnapshot) -> Tab:
        tab = self.book.open(process.pid, Start(process.name), activate=process.pid == self._first_pid)
        tab.mode = ConsoleMode.RAW
        room = self.query_one("#terminals").size
        view = PastTerminal(tab.key, room.width or 80, room.height or 24, palette_for(self.app.theme))
        view.display = False
        self.query_one("#terminals").mount(view)
        self._projections[tab.key] = Projection(self.past, view)
        if self.book.active is not None:
            self.activate(self.book.active)
        return tab

    def _project(self, more: More) -> bool:
        """Feed the terminal in view; whether there is more to feed."""
        tab, snapshot = self.book.active, self.snapshot
        process = None if tab is None or snapshot is None else snapshot.process(tab.pid)
        why = self.past.why_no_replay if not self.past.replayed else ""
        placeholder = self.query_one("#placeholder", Static)
        placeholder.display = bool(why) or tab is None
        placeholder.update(why or "No program had a console yet")
        if tab is None or process is None:
            return False
        projection = self._projections[tab.key]
        projection.view.display = not why
        return projection.show(process, more)

    def _show_commits(self) -> None:
        names = {} if self.snapshot is None else {each.pid: each.name for each in self.snapshot.processes}
        commits = self.past.commits_around(COMMITS_SHOWN, COMMITS_SHOWN)
        self.query_one(CommitList).show(commits, self.past.moment.commit, names)

    def _show_place(self) -> None:
        past, at = self.past, self.past.moment
        place = Place(at.tick, past.ticks, past.known, at.commit, past.commits, self._speed)
        self.query_one(TimelineScale).show(place)
        progress = past.progress
        doing = "" if progress is None else f"{progress.what} {progress.share:.0%}"
        whose = "this session" if self._goes_on else past.name
        leave = "returns to now" if self._goes_on else "leaves it"
        line = f"{clock(at.time_ns)} · nothing can be changed · {key_label(self.leader)} T {leave}"
        problem = past.problem or (past.why_no_replay if not past.replayed else "")
        self.query_one(PastBanner).show(f"THE PAST of {whose}", line, doing or (f"! {problem}" if problem else ""))

    def show_status(self) -> None:
        tab = self.book.active
        if self.panel != PANELS[0]:
            self._show(Status("LIST", LIST_HELP[self.panel]))
            return
        if tab is None:
            self._show(Status("PAST"))
            return
        ended = "" if tab.ended is None else f" · {tab.ended.describe()}"
        view = self.view_of(tab)
        where = "arrows and page keys move · q leaves" if view.reading else f"{tab.label} · pid {tab.pid}{ended}"
        self._show(Status("SCROLL" if view.reading else "PAST", where))

    def activate(self, tab: Tab) -> None:
        super().activate(tab)
        self._touch()

    # --- moving ---------------------------------------------------------------------------------------------------

    def go(self, *, tick: int | None = None, commit: int | None = None) -> None:
        """Go to the end of a tick, or to a commit."""
        if tick is not None:
            self.past.go_to_tick(tick)
        elif commit is not None:
            self.past.go_to_commit(commit)
        self._touch()

    def on_commit_list_stepped(self, event: CommitList.Stepped) -> None:
        event.stop()
        self._stand_still()
        if event.ticks:
            self.go(tick=self.past.moment.tick + event.ticks)
        elif abs(event.commits) >= ENDS:
            self.go(tick=1 if event.commits < 0 else self.past.ticks)
        else:
            self.go(commit=self.past.moment.commit + event.commits)

    def on_commit_list_picked(self, event: CommitList.Picked) -> None:
        event.stop()
        self._stand_still()
        self.go(commit=event.commit)

    def on_timeline_scale_picked(self, event: TimelineScale.Picked) -> None:
        event.stop()
        self._stand_still()
        self.go(tick=event.tick)

    def on_commit_list_number_wanted(self, event: CommitList.NumberWanted) -> None:
        from zos_tui.widgets.prompt_line import PromptLine

        event.stop()

        def chosen(text: str | None) -> None:
            words = (text or "").strip().lower()
            number = words.removeprefix("commit").removeprefix("c").lstrip(": ")
            if number.isdecimal():
                where = int(number[:18])
                self._stand_still()
                self.go(tick=where) if number == words else self.go(commit=where)
            elif words:
                self.say(f"Type a tick, as 120, or a commit, as c57, not {words!r}")

        self.app.push_screen(PromptLine("Go to tick, or commit as c57"), chosen)

    def on_commit_list_leave_wanted(self, event: CommitList.LeaveWanted) -> None:
        event.stop()
        self.action_timeline()

    # --- playing --------------------------------------------------------------------------------------------------

    def on_timeline_scale_play_wanted(self, event: TimelineScale.PlayWanted) -> None:
        event.stop()
        self._play(0 if self._speed else self._last_speed)

    def on_commit_list_play_wanted(self, event: CommitList.PlayWanted) -> None:
        event.stop()
        if event.faster is None:
            self._play(0 if self._speed else self._last_speed)
        else:
            speed = self._speed or self._last_speed
            self._play(min(MAX_SPEED, speed * 2) if event.faster > 0 else max(1, speed // 2))

    def _stand_still(self) -> None:
        self._play(0)

    def _play(self, speed: int) -> None:
        """Go on by itself, `speed` times as fast as it was; 0 stands still."""
        self._speed, self._played_at = speed, monotonic()
        self._last_speed = speed or self._last_speed
        if self._play_timer is not None:
            (self._play_timer.resume if speed else self._play_timer.pause)()
        self._show_place()

    def _play_on(self) -> None:
        if self.machine is None:
            return
        now = monotonic()
        passed_ns = int((now - self._played_at) * self._speed * 1e9)
        following = self.past.next_time()
        if following is None:
            self._stand_still()
            return
        time_ns = self.past.moment.time_ns + passed_ns
        if following - self.past.moment.time_ns > MAX_GAP_NS * self._speed and passed_ns > MAX_GAP_NS * self._speed:
            time_ns = following
        if time_ns >= following:
            self._played_at = now
            self.past.go_to_time(time_ns)
            self._touch()

    # --- what is otherwise here -----------------------------------------------------------------------------------

    def run_command(self, name: str) -> None:
        if name not in LOOKING:
            self.refuse()
        else:
            super().run_command(name)

    def refuse(self) -> None:
        """Say that this is the past, and how to leave it."""
        self.say(f"{CANNOT} · {key_label(self.leader)} T leaves", warning=True)

    def action_kill_process(self) -> None:
        self.refuse()

    def action_close_tab(self) -> None:
        self.refuse()

    def action_timeline(self) -> None:
        """Leave the past: back to what is below, or out, when a recording was all there is."""
        if len([screen for screen in self.app.screen_stack if isinstance(screen, Desktop)]) > 1:
            # First, so that nothing is shown on a screen that is being taken apart.
            self.shut_down()
            self.dismiss()
        else:
            self.app.exit(0)

    def action_quit_desktop(self) -> None:
        self.action_timeline()

    def on_terminal_view_typed(self, event: TerminalView.Typed) -> None:
        event.stop()
        event.prevent_default()
        if event.by_hand:
            self.refuse()


class LookingOnly(Authority):
    """Shows where capabilities come from and go to; gives and takes none."""

    def grant(self, pid: int | None = None) -> None:
        self._refuse()

    def derive(self, pid: int, slot: int) -> None:
        self._refuse()

    def revoke(self, pid: int, slot: int) -> None:
        self._refuse()

    def _refuse(self) -> None:
        self._warn(CANNOT)
