"""The past beside the present: at every moment it shows what the machine showed then, and nothing in it changes."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.machine.rig import FREE_SLOT
from tests.record.sessions import CHATTERS, STORES
from tests.record.test_tampering import edit_column
from zos_core.abi import ObjectType, Rights
from zos_core.errors import Refused
from zos_core.past import NOT_RECORDED, READ_ONLY, Past, open_recording
from zos_core.snapshot import MachineSnapshot
from zos_core.supervisor import MachineConfig, Supervisor


def always() -> bool:
    return True


def work(past: Past) -> Past:
    """Everything that is wanted, at once."""
    while past.work(always):
        assert not past.waits
    return past


class Live:
    """A session in which something of everything happens; `seen` is what was shown after each recorded tick."""

    def __init__(self, folder: Path, cache: Path, record: bool = True) -> None:
        self.path = folder / "live.zosrec"
        self.supervisor = Supervisor(
            MachineConfig(record=self.path if record else None, cache=cache, storage=folder / "storage.sqlite")
        )
        self.output: dict[int, bytes] = {}
        self.seen: dict[int, tuple[MachineSnapshot, dict[int, bytes]]] = {}
        self.supervisor.boot()

    def see(self) -> None:
        # A tick in which nothing happened is not recorded: what comes after it is not another sight.
        tick = self.supervisor.recorded_tick
        if tick not in self.seen:
            self.seen[tick] = self.supervisor.snapshot(), dict(self.output)

    def spawn(self, program: str | bytes) -> int:
        pid = self.supervisor.spawn(program)
        self.output[pid] = b""

        def take(data: bytes, _stream: int) -> None:
            self.output[pid] += data

        self.supervisor.register_console_callback(pid, take)
        self.see()
        return pid

    def run(self, condition: Callable[[], bool]) -> None:
        def one_more() -> bool:
            self.see()
            return condition()

        assert self.supervisor.run_until(one_more)

    def play(self) -> None:
        shell = self.spawn("terminal")
        self.run(lambda: b"zero>" in self.output[shell])
        self.supervisor.send_input_to_process(shell, "help\r")
        self.run(lambda: b"revoke" in self.output[shell])
        stores = self.spawn(STORES)
        slot = self.supervisor.grant_capability(stores, ObjectType.STORAGE, 1, Rights.ALL, FREE_SLOT, uses=40)
        self.supervisor.grant_capability(shell, ObjectType.NETWORK, 9, Rights.ALL, expires_in_ms=1)
        chatters = self.spawn(CHATTERS)
        own = next(c for c in self.supervisor.snapshot().processes[-1].capabilities if c.slot == 0)
        self.supervisor.grant_capability(stores, ObjectType.ENDPOINT, own.object_id, Rights.WRITE)
        self.run(lambda: self.supervisor.recorded_tick > 60)
        self.supervisor.revoke_capability(stores, slot)
        self.see()
        self.supervisor.kill_process(chatters)
        self.run(lambda: chatters not in self.supervisor.machine.processes)
        self.supervisor.send_input_to_process(shell, "exit\r")
        self.run(lambda: self.supervisor.exit_of(shell) is not None)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache") / "modules"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Live:
    one = Live(tmp_path_factory.mktemp("live"), cache)
    one.play()
    one.supervisor.close()
    return one


@pytest.fixture
def past(live: Live, cache: Path) -> Iterator[Past]:
    one = open_recording(live.path, cache)
    yield one
    one.close()


def comparable(snapshot: MachineSnapshot) -> MachineSnapshot:
    """Without what only a live machine knows: totals of its own running, and who edits a line."""
    processes = tuple(replace(each, console_mode=None) for each in snapshot.processes)
    return replace(snapshot, processes=processes, counters=replace(snapshot.counters, ticks=0, slices=0, refusals=0,
                   log_events=0, syscalls=0, messages=0), head="")  # fmt: skip


def shown(past: Past, pid: int) -> bytes:
    console = past.console(pid)
    return b"" if console is None else b"".join(console.pieces[: console.upto(past.console_tick)])


def test_every_tick_shows_what_the_live_machine_showed_then(live: Live, past: Past) -> None:
    work(past)
    ticks = sorted(live.seen)
    assert len(ticks) > 40
    for tick in [*ticks[::-3], *ticks[::7]]:
        past.go_to_tick(tick)
        work(past)
        snapshot, output = live.seen[tick]
        assert comparable(past.snapshot()) == comparable(snapshot), f"tick {tick}"
        for pid, written in output.items():
            assert shown(past, pid) == written, f"tick {tick}, process {pid}"


def test_a_recording_is_opened_at_its_first_tick_and_replayed_only_as_far_as_somebody_looks(past: Past) -> None:
    work(past)
    assert (past.moment.tick, past.moment.commit) == (1, past._track.last[0])
    assert past._reel is not None and past._reel.tick == 1
    past.go_to_tick(10)
    assert past.progress is not None and past.progress.what == "replaying"
    work(past)
    assert past._reel.tick == 10 and past.progress is None
    past.go_to_tick(5)
    work(past)
    assert past._reel.tick == 10 and past.replayed


def test_work_is_done_in_slices_of_one_tick_where_there_is_no_time_for_more(past: Past) -> None:
    past.go_to_tick(past.ticks)
    known, replayed, slices = past._track.known, 0, 0
    while past.work(lambda: False):
        assert past._reel is not None
        assert past._track.known - known <= 1 and past._reel.tick - replayed <= 1
        known, replayed, slices = past._track.known, past._reel.tick, slices + 1
    assert slices >= past.ticks * 2 - 2


def test_the_figures_of_a_second_before_are_those_of_the_tick_then(live: Live, past: Past) -> None:
    ticks = sorted(live.seen)
    now = live.seen[ticks[-1]][0]
    past.go_to_tick(ticks[-1])
    work(past)
    earlier = past.earlier(now.time_ns - live.seen[ticks[20]][0].time_ns)
    then = live.seen[ticks[20]][0]
    assert earlier.time_ns == then.time_ns and past.earlier(10**15).time_ns == past._track.times[0]
    for process in then.processes:
        shown_then = earlier.process(process.pid)
        assert shown_then is not None and shown_then.syscalls == process.syscalls and shown_then.fuel == process.fuel


def test_commits_one_by_one_and_places_in_the_middle_of_a_tick(past: Past) -> None:
    past.go_to_tick(past.ticks)
    work(past)
    last = past.moment
    assert last.commit == past.commits and past.next_time() is None
    track = past._track
    tick = next(n for n in range(2, past.ticks) if track.last[n - 1] - track.last[n - 2] > 2)
    past.go_to_commit(track.last[tick - 2] + 1)
    work(past)
    assert past.moment.tick == tick and past.console_tick == tick - 1
    around = past.commits_around(3, 2)
    assert [each.seq for each in around] == list(range(max(1, past.moment.commit - 3), past.moment.commit + 3))
    assert all(event.commit <= past.moment.commit for event in past.event_log().news())
    caused_by = track.numbered([past.moment.commit])[0].caused_by
    assert max(call.seq for call in past.recent_events()) <= caused_by
    past.go_to_commit(10**9)
    assert past.moment == last
    past.go_to_commit(-5)
    assert past.moment.commit == 1
    past.go_to_time(last.time_ns)
    assert past.moment == last


def test_the_message_log_of_the_past_tells_what_the_live_one_told(live: Live, past: Past) -> None:
    past.go_to_tick(past.ticks)
    work(past)
    since = past.recent_events()[0].seq
    told = [row for row in past.event_log().news() if row.event >= since]
    live_rows = [row for row in live.supervisor.event_log().news() if row.event >= since]
    assert told == live_rows and len({row.kind for row in told}) >= 3
    reader = past.event_log(messages=True)
    assert any(row.kind.value == "message" for row in reader.news()) and reader.news() == []


def test_objects_origins_and_trees_are_those_of_then(live: Live, past: Past) -> None:
    past.go_to_tick(max(live.seen))
    work(past)
    supervisor = live.supervisor
    assert past.objects() == supervisor.objects()
    for each in past.objects():
        assert past.holders_of(each.object_type, each.object_id) == supervisor.holders_of(
            each.object_type, each.object_id
        )
    assert past.origin_of(2, 0) == supervisor.origin_of(2, 0)
    assert past.derived_from(2, 0) == supervisor.derived_from(2, 0)


def test_nothing_can_be_changed(past: Past) -> None:
    work(past)
    before = past.snapshot()
    attempts: list[Callable[[], object]] = [
        lambda: past.launch("terminal"),
        lambda: past.send_input_to_process(1, b"x"),
        lambda: past.send_end_of_input(1),
        lambda: past.kill_process(1),
        lambda: past.grant_capability(1, ObjectType.NETWORK, 1, Rights.ALL),
        lambda: past.derive_capability(1, 0, 2, Rights.ALL),
        lambda: past.preview_revocations([(1, 0)]),
        lambda: past.revoke_capabilities([(1, 0)]),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match=READ_ONLY):
            attempt()
    assert past.snapshot() == before


def test_a_running_session_is_looked_at_while_it_goes_on(tmp_path: Path, cache: Path) -> None:
    one = Live(tmp_path, cache)
    pid = one.spawn(CHATTERS)
    one.run(lambda: one.supervisor.recorded_tick > 15)
    past = work(one.supervisor.past())
    first, seen = past.ticks, one.seen[15]
    one.run(lambda: one.supervisor.recorded_tick > first + 20)
    past.go_to_tick(15)
    work(past)
    assert comparable(past.snapshot()) == comparable(seen[0])
    past.grow()
    assert past.ticks > first
    one.supervisor.wait_durable()
    past.grow()
    past.go_to_tick(past.ticks)
    work(past)
    assert past.replayed and not past.why_no_replay and shown(past, pid) == one.output[pid]
    past.close()
    one.supervisor.close()


def test_without_a_recording_there_are_the_commits_in_memory_and_a_reason(tmp_path: Path, cache: Path) -> None:
    one = Live(tmp_path, cache, record=False)
    pid = one.spawn("terminal")
    before = one.supervisor.machine.gateway.commits.seq
    objects = one.supervisor.objects()
    one.supervisor.grant_capability(pid, ObjectType.NETWORK, 77, Rights.ALL)
    past = work(one.supervisor.past())
    assert past.why_no_replay == NOT_RECORDED and not past.replayed and past.console(pid) is None
    past.go_to_commit(before)
    assert past.objects() == objects != one.supervisor.objects()
    assert past.snapshot().process(pid) is not None and past.event_log().news()
    past.close()
    one.supervisor.close()


# --- files that are none ------------------------------------------------------------------------------------------


def changed(live: Live, folder: Path, *statements: str) -> Path:
    path = folder / "changed.zosrec"
    shutil.copyfile(live.path, path)
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()
    return path


@pytest.mark.parametrize(
    "statement, said",
    [
        ("UPDATE header SET value = '49.0.0' WHERE key = 'engine'", "another engine"),
        ("UPDATE header SET value = '99' WHERE key = 'format'", "format 99"),
        ("DELETE FROM ticks", "it holds no tick"),
        ("DROP TABLE ticks", "other tables"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_one_line(
    live: Live, tmp_path: Path, cache: Path, statement: str, said: str
) -> None:
    with pytest.raises(Refused, match=said) as refused:
        Supervisor.open(changed(live, tmp_path, statement), cache)
    assert "\n" not in str(refused.value)


def test_files_that_are_no_recordings_are_refused_in_one_line(live: Live, tmp_path: Path, cache: Path) -> None:
    whole = live.path.read_bytes()
    for content in (b"", b"\x7fELF and so on", whole[: len(whole) // 2], whole[:100]):
        path = tmp_path / "foreign.zosrec"
        path.write_bytes(content)
        with pytest.raises(Refused) as refused:
            work(Supervisor.open(path, cache)).close()
            raise Refused("it was opened, as far as it can be read")
        assert "\n" not in str(refused.value)
    with pytest.raises(Refused, match="no such recording"):
        Supervisor.open(tmp_path / "none", cache)


def test_a_recording_that_was_forged_is_shown_up_to_the_first_difference(
    live: Live, tmp_path: Path, cache: Path
) -> None:
    path = changed(live, tmp_path, "UPDATE ticks SET output = x'00' WHERE tick = 30")
    past = Supervisor.open(path, cache)
    past.go_to_tick(past.ticks)
    work(past)
    assert "tick 30" in past.why_no_replay and not past.replayed
    past.go_to_tick(29)
    assert past.replayed
    past.close()
    past = Supervisor.open(changed(live, tmp_path, "UPDATE modules SET data = x'00'"), cache)
    past.go_to_tick(past.ticks)
    work(past)
    assert "was altered" in past.why_no_replay and past.moment.tick == past.ticks
    past.close()


@pytest.mark.parametrize("seed", range(8))
def test_a_file_with_changed_bytes_is_shown_as_far_as_it_can_be_and_never_fails_otherwise(
    live: Live, tmp_path: Path, cache: Path, seed: int
) -> None:
    chance = random.Random(seed)
    path = changed(live, tmp_path)
    db = sqlite3.connect(path)
    for _ in range(3):
        edit_column(db, chance, 40)
    db.commit()
    db.close()
    try:
        past = Supervisor.open(path, cache)
    except Refused as refused:
        assert "\n" not in str(refused)
        return
    for tick in (past.ticks, 20, 1, 39, 11):
        past.go_to_tick(tick)
        work(past)
        past.snapshot(), past.earlier(10**9), past.recent_events(), past.commits_around(50, 50)
        past.event_log(messages=True).news()
        assert all(past.holders_of(each.object_type, each.object_id) or not each.holders for each in past.objects())
    assert "\n" not in past.problem + past.why_no_replay
    past.close()
