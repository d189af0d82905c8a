"""What keeps the lists in step with the machine: when to look again, and what to show where.

Rules of this file
- Lists are shown again at most four times a second, and only after something ran; what a revocation took, at once.
- Rows of the message log are pulled after turns of the machine, at a pace that leaves the machine most of the time.
- While someone types both wait: a frame for the lists would make the echo of the next key wait for the one after it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from textual.screen import Screen

from zos_core.snapshot import EventKind, MachineSnapshot, PollReport, ProcessSnapshot
from zos_tui.chronicle import Chronicle, View
from zos_tui.due import Due
from zos_tui.losses import Loss, Losses
from zos_tui.ports import Machine
from zos_tui.rates import Rates
from zos_tui.widgets.capability_list import CapabilityList
from zos_tui.widgets.message_log import MessageLog
from zos_tui.widgets.process_list import ProcessList

LIST_INTERVAL_S = 0.25
LIST_SOON_S = 0.005
LIST_GAP_S = 0.1
TYPING_INTERVAL_S = 1.0
QUIET_INTERVAL_S = 2.0
QUIET_SLICES = 2
"""A turn of no more slices, or of no more than there are processes, is a clock or heartbeats; its figures need not be
shown at once. Countdowns come by themselves."""
NEWS_INTERVAL_S = 1 / 30
NEWS_SHARE = 20
"""Pulling rows takes at most one part in so many of the time."""
_PASSING = frozenset({EventKind.INPUT, EventKind.MESSAGE})


class Pace(Protocol):
    """What runs a machine."""

    @property
    def quick(self) -> bool:
        """Someone is typing: what can wait should."""

    def touched(self) -> None:
        """Something was asked of the machine: run it."""


class Watch:
    """Shows `machine` in the lists of `screen`; `shown` is called when what else is on the screen may have changed."""

    def __init__(self, screen: Screen[None], machine: Machine, pump: Pace, shown: Callable[[], None]) -> None:
        self._machine = machine
        self._pump = pump
        self._shown = shown
        self._processes = screen.query_one(ProcessList)
        self._capabilities = screen.query_one(CapabilityList)
        self._log = screen.query_one(MessageLog)
        self.snapshot: MachineSnapshot | None = None
        self.losses = Losses()
        self._rates = Rates()
        self._chronicle = Chronicle(lambda messages: machine.event_log(messages=messages))
        self._lists_due = Due(screen, self.refresh)
        self._news_due = Due(screen, self.pull)
        self._fade_due = Due(screen, self._fade)
        self._quiet_slices = QUIET_SLICES
        self._refreshed_at = self._pulled_at = 0.0
        self._log_behind = True

    # --- when to look -------------------------------------------------------------------------------------------

    def ran(self, report: PollReport) -> None:
        """The machine had a turn."""
        if report.ended or report.opened:
            self.lists_due(LIST_SOON_S)
        elif report.slices:
            self.lists_due(LIST_INTERVAL_S if report.slices > self._quiet_slices else QUIET_INTERVAL_S)
        if report.logged:
            since_s = monotonic() - self._pulled_at
            self._news_due.within(max(0.0, NEWS_INTERVAL_S - since_s))

    def lists_due(self, after_s: float) -> None:
        """Show the lists again after a while, or earlier when that was asked for already."""
        since_s = monotonic() - self._refreshed_at
        self._lists_due.within(max(after_s, LIST_GAP_S - since_s))

    def acted(self) -> None:
        """A person changed something: show at once what came of it."""
        self._pump.touched()
        self._take_news()
        self.refresh_now()

    def start_over(self, earlier: MachineSnapshot) -> None:
        """The machine is at another time: forget what the lists remember of it, and show it.

        `earlier` is what rates are counted from.
        """
        self._chronicle, self._rates, self.losses = self._chronicle.anew(), Rates(), Losses()
        self._rates.update(earlier)
        self._chronicle.pull()
        self._log_behind = True
        self.refresh_now()

    # --- the message log ----------------------------------------------------------------------------------------

    def pull(self) -> None:
        """Take in what the logs tell, unless someone is typing and it was done a moment ago."""
        if self._pump.quick and monotonic() - self._pulled_at < LIST_INTERVAL_S:
            self._news_due.within(LIST_INTERVAL_S)
            return
        self._take_news()

    def _take_news(self) -> None:
        began = monotonic()
        news = self._chronicle.pull()
        now = monotonic()
        # Being dear once means coming again later.
        self._pulled_at = now + (now - began) * NEWS_SHARE
        if not news:
            return
        self._log_behind = True
        if self.losses.note(news, now):
            self._fade_soon(now)
            self.refresh_now()
            return
        if any(row.kind not in _PASSING for row in news):
            self.lists_due(LIST_SOON_S)
        self.show_log()

    def show_log(self) -> None:
        """Show the log when it can be seen."""
        if not self._log_behind or not self._log.region.area:
            return
        self._log_behind = False
        processes = self.snapshot.processes if self.snapshot is not None else ()
        names = {0: "the system"} | {process.pid: process.name for process in processes}
        self._log.show(self._chronicle, names, self._machine.uptime_ns())

    def look_again(self) -> None:
        """What the log is to show has changed, or it has come into view."""
        self._log_behind = True
        self.show_log()

    def log_of_process(self) -> None:
        """The selected process alone in the log, or all of them again."""
        pid = self._processes.selected
        narrowed = View(pid if isinstance(pid, int) and not self._log.view.pid else 0, self._log.view.kinds)
        self._log.look_at(narrowed)

    def toggle_messages(self) -> bool:
        """Tell what programs send each other, or stop; whether it is told from here on."""
        self._chronicle.tell_messages(not self._chronicle.messages)
        self.look_again()
        return self._chronicle.messages

    # --- the lists ----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show a fresh snapshot, unless someone is typing and it was done a moment ago."""
        if self._pump.quick and monotonic() - self._refreshed_at < TYPING_INTERVAL_S:
            self._lists_due.within(LIST_INTERVAL_S)
            return
        self.refresh_now()

    def refresh_now(self) -> None:
        """Take a snapshot and show it; come again by itself while a rate or a countdown is still moving."""
        self._refreshed_at = now = monotonic()
        known = {} if self.snapshot is None else self.snapshot.by_pid
        self.snapshot = snapshot = self._machine.snapshot()
        self._quiet_slices = max(QUIET_SLICES, sum(each.exit is None for each in snapshot.processes))
        # A row of the log may have come before the name of its process.
        self._log_behind = self._log_behind or known.keys() != snapshot.by_pid.keys()
        lost = {loss.pid: loss for process in snapshot.processes for loss in self.losses.of(process.pid)}
        self._processes.show(snapshot, self._rates.update(snapshot), lost, now)
        self.show_capabilities()
        self.show_log()
        self._shown()
        rests = [] if (counting := self._countdown_s()) is None else [counting]
        if self._rates.moving():
            rests.append(QUIET_INTERVAL_S)
        if rests:
            self._lists_due.within(min(rests))

    @property
    def selected_process(self) -> ProcessSnapshot | None:
        """The process selected in the list, as the last snapshot shows it."""
        pid = self._processes.selected
        return self.snapshot.process(pid) if self.snapshot is not None and isinstance(pid, int) else None

    def select(self, pid: int) -> None:
        """Select a process in the list, which is shown again if it does not know that process yet."""
        if self.snapshot is None or self.snapshot.process(pid) is None:
            self.refresh_now()
        self._processes.select(pid)
        self.show_capabilities()

    def show_capabilities(self) -> None:
        if self.snapshot is not None:
            process = self.selected_process
            losses: tuple[Loss, ...] = () if process is None else self.losses.of(process.pid)
            self._capabilities.show(process, self._machine.uptime_ns(), losses, monotonic())

    def _countdown_s(self) -> float | None:
        """In how long a countdown of the capability list shows another second; None when nothing counts down."""
        process, now_ns = self.selected_process, self._machine.uptime_ns()
        if process is None:
            return None
        left = [capability.expires_at - now_ns for capability in process.capabilities if capability.expires_at]
        whole_s = [((ns - 1) % 1_000_000_000 + 1) / 1e9 for ns in left if ns > 0]
        return min(whole_s) + LIST_SOON_S if whole_s else None

    # --- losses -------------------------------------------------------------------------------------------------

    def _fade_soon(self, now: float) -> None:
        change_s = self.losses.next_change_s(now)
        if change_s is not None:
            self._fade_due.within(change_s + LIST_SOON_S)

    def _fade(self) -> None:
        now = monotonic()
        self.losses.forget_old(now)
        self._log_behind = True
        self.refresh_now()
        self._fade_soon(now)
