"""The past: a session as it was at any of its commits, for whoever looks at a machine.

Rules of this file (desktop: Timeline; runtime: Time, ticks and the journal)
- It answers what a view asks of a live machine, about the moment it stands at, and refuses whatever would change one.
- What the kernel knew comes from reducing commits, at once; what consoles wrote and what processes used from running
  the session again. Both are done in slices of `work`, by whoever has time.
- Where nothing is recorded there are the commits that are in memory, and `why_no_replay` says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from zos_core import view
from zos_core.abi import ObjectType
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.events import commit_row, rows_of
from zos_core.kernel.call import State
from zos_core.kernel.state import Committed, Process
from zos_core.kernel.transient import CapUse
from zos_core.record.recording import Recording
from zos_core.record.track import KeptTrack, RecordedTrack, Track
from zos_core.reel import Output, Reel
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import Machine
from zos_core.snapshot import (
    CapabilityNode,
    CommitSnapshot,
    ConsoleMode,
    Counters,
    EventSnapshot,
    MachineSnapshot,
    Moment,
    ObjectSnapshot,
    PollReport,
)

READ_ONLY = "this is the past: nothing in it can be changed"
NOT_RECORDED = "nothing is recorded, so there are no terminals and figures: only commits, which are kept in memory"
TOLD_COMMITS = 500
TOLD_CALLS = 2_000


class Progress(NamedTuple):
    """What is being done, and how much of it: 0 to 1."""

    what: str
    share: float


Storages = Callable[[int], str]
"""What a person calls a namespace; nothing for one that nobody knows."""


def _unnamed(namespace: int) -> str:
    return ""


class _Rows:
    """The message log up to a moment, all at once."""

    def __init__(self, rows: Callable[[], list[EventSnapshot]]) -> None:
        self._rows = rows
        self._told = False

    def news(self) -> list[EventSnapshot]:
        told, self._told = self._told, True
        return [] if told else self._rows()


class Past:
    """`name` says which session. It stands at its first tick until somebody goes elsewhere.

    `named` is what a namespace is called, when that is known; a recording does not say.

    `version` changes with everything that is to be shown anew.
    """

    def __init__(
        self, name: str, track: Track, reel: Reel | None, why_no_replay: str = "", recording: Recording | None = None,
        named: Storages = _unnamed,
    ) -> None:  # fmt: skip
        self.name, self.why_no_replay = name, why_no_replay
        self._track, self._reel, self._recording, self._storages = track, reel, recording, named
        self._wanted: tuple[str, int] | None = ("tick", 1)
        self._committed = Committed()
        self.moment = Moment(0, track.base, 0)
        self.version = 0

    def close(self) -> None:
        """Let go of the file and of the machine it was run in; the object is of no further use."""
        reel, recording = self._reel, self._recording
        self._reel = self._recording = None
        if reel is not None:
            reel.close()
        if recording is not None:
            recording.close()

    # --- where it stands ------------------------------------------------------------------------------------------

    @property
    def ticks(self) -> int:
        """The last tick there is."""
        return self._track.known if self._track.problem else self._track.ticks

    @property
    def known(self) -> int:
        """How many ticks have been read."""
        return self._track.known

    @property
    def commits(self) -> int:
        """The last commit that is known of; it rises until all is read."""
        return self._track.commits

    @property
    def first_commit(self) -> int:
        return self._track.base + 1

    @property
    def torn(self) -> bool:
        """Whoever wrote it has not closed it, or is still writing."""
        return self._recording is not None and self._recording.torn

    @property
    def problem(self) -> str:
        """Why it ends before its time, one line; empty while nothing is wrong."""
        return self._track.problem

    def go_to_tick(self, tick: int) -> None:
        """Go to the end of a tick, or of the first or last one."""
        self._want("tick", max(1, min(tick, self.ticks)))

    def go_to_commit(self, commit: int) -> None:
        """Go to where this commit is the last that has come about."""
        self._want("commit", max(self.first_commit, commit))

    def go_to_time(self, time_ns: int) -> None:
        """Go to the last tick, of those that are known, that is not after this time."""
        self.go_to_tick(self._track.tick_at(time_ns))

    def next_time(self) -> int | None:
        """When the next tick begins; None at the end of what is known."""
        tick = self.moment.tick
        return self._track.times[tick] if tick < self._track.known else None

    def grow(self) -> None:
        """Look how far a recording that is being written reaches by now. Raises `Refused`."""
        if isinstance(self._track, RecordedTrack):
            self._track.grow()

    def _want(self, kind: str, number: int) -> None:
        self._wanted = kind, number
        self._settle()

    def _settle(self) -> None:
        """Stand where somebody wants to be, if all up to there has been read."""
        if self._wanted is None or not self._track.known:
            return
        track, (kind, number) = self._track, self._wanted
        if number > (track.known if kind == "tick" else track.commits) and not track.read:
            return
        if kind == "tick":
            tick = min(number, track.known)
            commit = track.last[tick - 1]
        else:
            commit = min(number, track.commits)
            tick = track.tick_of(commit)
        self._wanted = None
        try:
            self._committed = track.state_at(commit, (self.moment.commit, self._committed))
        except Refused as refused:
            track.problem = str(refused)
            return
        self.moment = Moment(tick, commit, track.times[tick - 1])
        self.version += 1

    # --- work -----------------------------------------------------------------------------------------------------

    def work(self, more: Callable[[], bool]) -> bool:
        """Get on with what is wanted while `more()`; False when everything is done that can be."""
        if self._wanted is not None and not self._track.read:
            self._track.scan(lambda: self._get_there() and more())
        elif self._replay_due:
            self._replay(more)
        elif not self._track.read:
            self._track.scan(more)
        self._settle()
        return not self._track.read or self._replay_due

    def _get_there(self) -> bool:
        """Whether somebody still waits to stand somewhere."""
        self._settle()
        return self._wanted is not None

    @property
    def waits(self) -> bool:
        """There is work, but nothing to do at the moment: a program is being compiled elsewhere."""
        return self._replay_due and self._reel is not None and self._reel.waits

    @property
    def console_tick(self) -> int:
        """The tick by whose end consoles are shown: none is drained in the middle of one."""
        tick = self.moment.tick
        return tick if not tick or self.moment.commit == self._track.last[tick - 1] else tick - 1

    @property
    def _replay_due(self) -> bool:
        reel = self._reel
        return reel is not None and not reel.problem and reel.tick < self.console_tick

    def _replay(self, more: Callable[[], bool]) -> None:
        assert self._reel is not None
        self._reel.run(self.console_tick, more)
        if not self._replay_due:
            self.why_no_replay = self._reel.problem
            self.version += 1

    @property
    def replayed(self) -> bool:
        """What consoles wrote and processes used is known, up to this moment."""
        return self._reel is not None and self._reel.tick >= self.console_tick

    @property
    def progress(self) -> Progress | None:
        """What is being done for where somebody wants to be; None when it is done."""
        if self._wanted is not None:
            kind, number = self._wanted
            share = self._track.known / max(1, number if kind == "tick" else self.ticks)
            return Progress("reading the log", min(1.0, share))
        if self._replay_due and self._reel is not None:
            return Progress("compiling" if self._reel.waits else "replaying", self._reel.tick / self.console_tick)
        if not self._track.read:
            return Progress("reading on", self._track.known / max(1, self.ticks))
        return None

    # --- what there is to see -------------------------------------------------------------------------------------

    def console(self, pid: int) -> Output | None:
        """What its console has written, beyond this moment, too; None when that is not known, or nothing."""
        return self._reel.outputs.get(pid) if self._reel is not None and self.replayed else None

    def snapshot(self) -> MachineSnapshot:
        return self._snapshot(self.moment, self.console_tick)

    def earlier(self, span_ns: int) -> MachineSnapshot:
        """The same with the figures and the time of so long before: what is told by rates lies between the two."""
        tick = self._track.tick_at(max(0, self.moment.time_ns - span_ns))
        before = min(tick, self.console_tick)
        time_ns = self._track.times[before - 1] if before else 0
        return self._snapshot(replace(self.moment, time_ns=time_ns), before)

    def _snapshot(self, moment: Moment, tick: int) -> MachineSnapshot:
        """Committed state as it is at the moment, with the figures of the end of `tick`."""
        state = self._state()
        figures = {pid: self._figures(pid, tick) for pid in state.committed.processes}
        processes = tuple(
            view.process_snapshot(state, process, figures[pid], self._capabilities(state, process))
            for pid, process in sorted(state.committed.processes.items())
        )
        calls = sum(each.syscalls for each in figures.values())
        sent = sum(each.messages_out for each in figures.values())
        return MachineSnapshot(
            time_ns=moment.time_ns,
            sequence=moment.commit,
            processes=processes,
            endpoints=view.endpoints_of(state, figures),
            counters=Counters(ticks=moment.tick, syscalls=calls, messages=sent, commits=moment.commit),
            head="",
            by_pid={process.pid: process for process in processes},
        )

    def _figures(self, pid: int, tick: int) -> view.Figures:
        found = self._reel.figures(pid, tick) if self._reel is not None and self.replayed else None
        return found or view.UNKNOWN

    def _capabilities(self, state: State, process: Process) -> tuple[Any, ...]:
        held = state.committed.held_by(process.pid)
        if self._reel is not None and self.replayed:
            for cap in held:
                use = self._reel.use(cap.id, self.console_tick)
                if use is not None:
                    state.transient.uses[cap.id] = CapUse(*use)
        return tuple(view.capability(state, cap, self._named) for cap in held)

    def _state(self) -> State:
        state = State(self._committed)
        if self._reel is not None:
            state.transient.directories = self._reel.directories
        return state

    def _named(self, object_type: int, object_id: int) -> str:
        """What a person calls an object."""
        known = self._storages(object_id) if object_type == ObjectType.STORAGE else ""
        return known or view.object_name(self._state(), object_type, object_id)

    def commits_around(self, before: int, after: int) -> list[CommitSnapshot]:
        """Commits about where it stands: so many before and up to it, and so many after it."""
        at = self.moment.commit
        numbers = range(max(self.first_commit, at - before), min(self.commits, at + after) + 1)
        with suppress(Refused):
            commits = self._track.numbered(numbers)
            return [commit_row(each, self._track.tick_of(each.seq), self._named) for each in commits]
        return []

    def event_log(self, *, messages: bool = False) -> _Rows:
        """The message log up to here; ask for another one after going elsewhere."""
        return _Rows(lambda: self._told(messages))

    def _told(self, messages: bool) -> list[EventSnapshot]:
        track, at = self._track, self.moment.commit
        if messages:
            numbers: Sequence[int] = range(max(self.first_commit, at - TOLD_COMMITS), at + 1)
        else:
            upto = track.changes_upto(at)
            numbers = track.changes[max(0, upto - TOLD_COMMITS) : upto]
        with suppress(Refused):
            return rows_of(track.numbered(numbers), self.recent_events(), self._named)
        return []

    def recent_events(self, after: int = 0) -> list[SysEvent]:
        """The last calls up to here, oldest first."""
        if not self._track.known:
            return []
        with suppress(Refused):
            calls = self._track.calls(self.moment.tick, TOLD_CALLS)
            if self.console_tick < self.moment.tick and self.moment.commit > self._track.base:
                last = self._track.numbered([self.moment.commit])[0].caused_by
                calls = [call for call in calls if call.seq <= last]
            return [call for call in calls if call.seq > after]
        return []

    def origin_of(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        return view.origin_of(self._state(), pid, slot)

    def derived_from(self, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
        return view.derived_from(self._state(), pid, slot)

    def objects(self) -> tuple[ObjectSnapshot, ...]:
        return view.objects(self._state(), self._named)

    def holders_of(self, object_type: ObjectType, object_id: int) -> tuple[CapabilityNode, ...]:
        return view.holders_of(self._state(), object_type, object_id)

    def uptime_ns(self) -> int:
        """The time of the tick it stands at."""
        return self.moment.time_ns

    # --- what a machine does, and the past does not -----------------------------------------------------------------

    @property
    def recording(self) -> None:
        return None

    @property
    def recording_problem(self) -> str:
        return ""

    def boot(self) -> None: ...

    def programs(self) -> tuple[Any, ...]:
        return ()

    def prompts(self) -> tuple[Any, ...]:
        return ()

    def answers(self) -> tuple[Any, ...]:
        return ()

    def register_console_callback(self, pid: int, callback: object) -> None: ...

    def unregister_console_callback(self, pid: int) -> None: ...

    def hold_console(self, pid: int, held: bool) -> None: ...

    def console_mode(self, pid: int) -> ConsoleMode:
        return ConsoleMode.RAW

    def poll_syscalls(self, *, budget_ms: float) -> PollReport:
        return PollReport(0, 0, 0, True, None)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise Refused(READ_ONLY)

    def open_storage(self) -> None: ...

    program_summary = withdraw_answer = past = _refuse
    launch = finish_launch = send_input_to_process = send_end_of_input = set_console_mode = kill_process = _refuse
    grant_capability = derive_capability = preview_revocations = revoke_capabilities = answer_prompt = _refuse


def open_recording(path: Path, cache: Path | None = None, name: str = "", named: Storages = _unnamed) -> Past:
    """A recording, from its first tick. Raises `Refused` when it is none, or this machine cannot run it."""
    recording = Recording(path)
    try:
        track = RecordedTrack(recording)
        if not track.ticks:
            raise Refused(f"{path}: the recording is empty: it holds no tick")
        track.scan(lambda: False)
        if track.problem:
            raise Refused(f"{path}: {track.problem.removeprefix(f'{path}: ')}")
        return Past(name or path.name, track, Reel(recording, Engine(), cache), recording=recording, named=named)
    except BaseException:
        recording.close()
        raise


def kept_past(machine: Machine, name: str, named: Storages = _unnamed) -> Past:
    """What a machine that is not recorded still knows of its past."""
    gateway = machine.gateway
    return Past(name, KeptTrack(gateway.commits, gateway.syslog.rows), None, NOT_RECORDED, named=named)
