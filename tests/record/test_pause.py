"""A recording that is paused, ended and forgotten: what is on disk, what storage does, and who may delete what."""

from __future__ import annotations

import fcntl
from datetime import datetime
from pathlib import Path

import pytest

from tests.machine.rig import FREE_SLOT
from tests.record.sessions import CLOCKS, STORES, replayed
from tests.record.test_recorder import head_of, recording_session
from zos_core.abi import ObjectType, Rights
from zos_core.errors import Refused
from zos_core.record import album
from zos_core.record import recorder as recorder_module
from zos_core.record.recorder import Recorder
from zos_core.record.store import Store
from zos_core.snapshot import RecordingState
from zos_core.supervisor import MachineConfig, Supervisor


def recorder_of(supervisor: Supervisor) -> Recorder:
    assert supervisor.recording is not None
    return supervisor.recording


def ticks_more(supervisor: Supervisor, count: int = 20) -> int:
    """Run for so many recorded ticks; the number of the last."""
    wanted = supervisor.recorded_tick + count
    assert supervisor.run_until(lambda: supervisor.recorded_tick >= wanted)
    return supervisor.recorded_tick


def test_what_happens_in_a_pause_is_not_on_disk_until_it_is_kept(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.zosrec"
    with recording_session(path, cache) as supervisor:
        supervisor.spawn(CLOCKS)
        before = ticks_more(supervisor)
        recorder_of(supervisor).pause()
        assert recorder_of(supervisor).state is RecordingState.PAUSED
        supervisor.spawn("idle")
        later = ticks_more(supervisor)
        assert recorder_of(supervisor).wait_durable(before) and not recorder_of(supervisor).wait_durable(later)
        assert supervisor.durable_tick == before == head_of(path).ticks
        recorder_of(supervisor).go_on(keep=True)
        assert recorder_of(supervisor).wait_durable(later)
        last = ticks_more(supervisor)
    assert head_of(path).ticks >= last > later
    replayed(path, cache)


@pytest.mark.parametrize("how", ["ended", "closed"])
def test_what_a_pause_held_is_dropped_when_the_recording_ends_there(tmp_path: Path, cache: Path, how: str) -> None:
    path = tmp_path / "a.zosrec"
    with recording_session(path, cache) as supervisor:
        supervisor.spawn(CLOCKS)
        before = ticks_more(supervisor)
        recorder_of(supervisor).pause()
        ticks_more(supervisor)
        if how == "ended":
            recorder_of(supervisor).go_on(keep=False)
            assert recorder_of(supervisor).state is RecordingState.ENDED
            supervisor.poll_syscalls()
            assert supervisor.machine.on_tick is None and not supervisor.recording_problem
            recorder_of(supervisor).go_on(keep=True)
            recorder_of(supervisor).pause()
            assert recorder_of(supervisor).state is RecordingState.ENDED
    assert head_of(path).ticks == before
    replayed(path, cache)


def test_a_pause_that_holds_too_much_ends_the_recording_there_and_says_so(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "MAX_HELD", 4096)
    path = tmp_path / "a.zosrec"
    with recording_session(path, cache) as supervisor:
        supervisor.spawn(CLOCKS)
        before = ticks_more(supervisor)
        recorder_of(supervisor).pause()
        assert supervisor.run_until(lambda: bool(supervisor.recording_problem))
        assert recorder_of(supervisor).state is RecordingState.STOPPED
        assert "ends at the pause" in supervisor.recording_problem
    assert head_of(path).ticks == before
    replayed(path, cache)


def test_storage_does_not_wait_for_a_paused_recording_and_claims_no_tick_of_it(tmp_path: Path, cache: Path) -> None:
    path, stored = tmp_path / "a.zosrec", tmp_path / "storage.sqlite"
    with recording_session(path, cache, storage=stored) as supervisor:
        pid = supervisor.spawn(STORES)
        before = ticks_more(supervisor)
        recorder_of(supervisor).pause()
        supervisor.grant_capability(pid, ObjectType.STORAGE, 1, Rights.ALL, FREE_SLOT)
        storage = supervisor.open_storage()
        assert supervisor.run_until(lambda: storage._store.value(1, b"k") is not None)
        recorder_of(supervisor).go_on(keep=True)
        ticks_more(supervisor)
        session = recorder_of(supervisor).session
    store = Store.open(stored)
    claimed = store.db.execute("SELECT tick FROM sessions WHERE session = ?", (session,)).fetchall()
    store.close()
    assert all(tick > before for (tick,) in claimed)
    replayed(path, cache)


def test_a_forgotten_recording_is_gone_and_the_session_and_its_storage_go_on(tmp_path: Path, cache: Path) -> None:
    path, stored = tmp_path / "a.zosrec", tmp_path / "storage.sqlite"
    with recording_session(path, cache, storage=stored) as supervisor:
        pid = supervisor.spawn(STORES)
        supervisor.grant_capability(pid, ObjectType.STORAGE, 1, Rights.ALL, FREE_SLOT)
        storage = supervisor.open_storage()
        assert supervisor.run_until(lambda: storage._store.value(1, b"k") is not None)
        recorder_of(supervisor).forget()
        assert recorder_of(supervisor).state is RecordingState.FORGOTTEN and album.parts(path) == []
        value = storage._store.value(1, b"k")
        assert supervisor.run_until(lambda: storage._store.value(1, b"k") != value)
    assert album.parts(path) == []


# --- the album ----------------------------------------------------------------------------------------------------


def test_the_album_keeps_the_last_twenty_and_never_deletes_what_somebody_writes(tmp_path: Path) -> None:
    folder, began = tmp_path / "recordings", datetime(2026, 3, 1, 12)
    first = album.begin(folder, began)
    assert first.name == "2026-03-01_12-00-00.zosrec" and folder.stat().st_mode & 0o777 == 0o700
    first.touch()
    lock = album.hold(first)
    assert album.begin(folder, began).name == "2026-03-01_12-00-00_2.zosrec"
    for minute in range(1, 30):
        path = album.begin(folder, began.replace(minute=minute))
        path.touch()
        Path(f"{path}-wal").touch()
    (folder / "0-mine.zosrec").touch()
    found = album.saved(folder)
    assert len(found) == album.KEPT + 2 and found.pop().name == "0-mine"
    assert [each.name for each in found if each.written] == ["2026-03-01_12-00-00"]
    assert [each.name for each in found][:-1] == [f"2026-03-01_12-{minute:02}-00" for minute in range(29, 9, -1)]
    album.let_go(lock)
    album.begin(folder, began.replace(minute=40))
    assert not first.exists() and (folder / "0-mine.zosrec").exists() and len(album.saved(folder)) == album.KEPT
    assert len(list(folder.glob("*-wal"))) == album.KEPT - 1


def test_a_recording_is_locked_while_it_is_written(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.zosrec"
    with recording_session(path, cache):
        assert album.is_written(path)
        with pytest.raises(OSError), path.open() as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not album.is_written(path) and not album.is_written(tmp_path / "none")


def test_a_session_goes_on_without_a_recording_when_it_need_not_have_one(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.zosrec"
    path.touch()
    with pytest.raises(Refused, match="never overwritten"):
        Supervisor(MachineConfig(record=path, cache=cache))
    supervisor = Supervisor(MachineConfig(record=path, cache=cache, must_record=False))
    supervisor.boot()
    assert supervisor.recording is None and "never overwritten" in supervisor.recording_problem
    supervisor.close()
