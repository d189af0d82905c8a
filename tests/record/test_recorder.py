"""The recorder at its limits: a full disk, a size that is reached, a host without memory, a file that is there."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine.rig import FREE_SLOT, call, guest, poll_for_ever
from tests.record.sessions import CLOCKS, STORES, Facts, replayed, tell_facts
from zos_core.abi import ObjectType, Rights, Sys
from zos_core.errors import Refused
from zos_core.record import recorder as recorder_module
from zos_core.record.journal import unpack_numbers
from zos_core.record.recording import Recording
from zos_core.record.verify import Head, verify
from zos_core.runtime import reserve, traps
from zos_core.supervisor import MachineConfig, Supervisor

GROWS_THREE_TIMES = guest(
    f"""(local.set $j (i32.const 0))
    (loop $l (local.set $j (i32.or (i32.shl (local.get $j) (i32.const 4))
                                   (i32.and (memory.grow (i32.const 1)) (i32.const 15))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
    (drop {call(Sys.EXIT, '(local.get $j)')})""",
    memory='(memory (export "memory") 3)',
)
"""Exits with what three growths answered, a digit each; a refused one is f."""


@contextmanager
def recording_session(path: Path, cache: Path, **options: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(MachineConfig(record=path, cache=cache, **options))
    try:
        supervisor.boot()
        yield supervisor
    finally:
        supervisor.close()


def head_of(path: Path) -> Head:
    recording = Recording(path)
    found = verify(recording)
    recording.close()
    assert isinstance(found, Head), found
    return found


def test_every_tick_is_durable_when_the_session_is_closed(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.zosrec"
    with recording_session(path, cache) as supervisor:
        supervisor.spawn(CLOCKS)
        supervisor.run_until(lambda: supervisor.durable_tick >= 10)
        assert supervisor.durable_tick <= supervisor.recorded_tick
        handed_in = supervisor.recorded_tick
    assert head_of(path).ticks >= handed_in >= 10
    assert path.stat().st_mode & 0o777 == 0o600
    assert not Path(f"{path}-wal").exists()


def test_idle_ticks_wait_together_until_something_happens_or_somebody_asks(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zosrec"
    monkeypatch.setattr(recorder_module, "_QUIET_NS", 2**62)
    with recording_session(path, cache) as supervisor:
        supervisor.run_until_idle()
        pid = supervisor.spawn(guest(poll_for_ever("")))
        supervisor.wait_durable()
        happened = supervisor.durable_tick
        supervisor.run_until(lambda: supervisor.recorded_tick >= happened + 3)
        assert supervisor.durable_tick <= happened + 1
        supervisor.wait_durable()
        assert supervisor.durable_tick == supervisor.recorded_tick
        supervisor.run_until(lambda: supervisor.recorded_tick >= supervisor.durable_tick + 3)
        supervisor.kill_process(pid)
        killed_in = supervisor.recorded_tick
        assert supervisor.run_until(lambda: supervisor.durable_tick >= killed_in)
    replayed(path, cache)


def test_a_copy_of_an_open_recording_without_its_log_says_what_is_missing(tmp_path: Path, cache: Path) -> None:
    path, copy = tmp_path / "a.zosrec", tmp_path / "copy.zosrec"
    with recording_session(path, cache) as supervisor:
        supervisor.wait_durable()
        shutil.copyfile(path, copy)
        with pytest.raises(Refused, match=r"or copy\.zosrec-wal is missing"):
            Recording(copy)
        shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        durable = supervisor.durable_tick
        assert head_of(copy).ticks == durable > 0


def test_a_file_that_is_there_is_not_touched(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.zosrec"
    path.write_text("mine")
    with pytest.raises(Refused, match="never overwritten"):
        Supervisor(MachineConfig(record=path, cache=cache))
    assert path.read_text() == "mine"
    with pytest.raises(Refused, match="cannot be written"):
        Supervisor(MachineConfig(record=path / "inside", cache=cache))


def test_a_full_disk_stops_the_recording_and_not_the_session(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, create = tmp_path / "a.zosrec", recorder_module._create

    def create_on_a_small_disk(*args: object) -> sqlite3.Connection:
        db = create(*args)  # type: ignore[arg-type]
        ((pages,),) = db.execute("PRAGMA page_count")
        db.execute(f"PRAGMA max_page_count = {pages + 60}")
        return db

    monkeypatch.setattr(recorder_module, "_create", create_on_a_small_disk)
    with recording_session(path, cache, storage=tmp_path / "s.sqlite") as supervisor:
        pid = supervisor.spawn(STORES)
        supervisor.grant_capability(pid, ObjectType.STORAGE, 1, Rights.ALL, FREE_SLOT)
        assert supervisor.run_until(lambda: supervisor.recording_problem != "", timeout_s=60)
        assert "full" in supervisor.recording_problem and "\n" not in supervisor.recording_problem
        durable, calls = supervisor.durable_tick, supervisor.snapshot().counters.syscalls
        # Storage waits for no recording that has stopped: the guest goes on being answered.
        assert supervisor.run_until(lambda: supervisor.snapshot().counters.syscalls > calls + 50)
        assert supervisor.durable_tick == durable
    assert head_of(path).ticks == durable
    replayed(path, cache)


def test_the_recording_stops_at_its_size_and_says_so(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zosrec"
    monkeypatch.setattr(recorder_module, "MAX_RECORDING", 150_000)
    with recording_session(path, cache) as supervisor:
        supervisor.spawn(CLOCKS)
        assert supervisor.run_until(lambda: supervisor.recording_problem != "", timeout_s=60)
        assert "GiB and stopped" in supervisor.recording_problem
        supervisor.run_until(lambda: supervisor.machine.on_tick is None)
        stopped_at = supervisor.recorded_tick
        slices = supervisor.machine.slices
        supervisor.run_until(lambda: supervisor.machine.slices > slices + 5)
        assert supervisor.recorded_tick == stopped_at
    assert head_of(path).ticks == stopped_at
    replayed(path, cache)


def test_what_the_host_refused_is_refused_again(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of three growths fails on this host; a replay on one with memory has the same one fail."""
    path, facts = tmp_path / "a.zosrec", Facts()
    with recording_session(path, cache) as supervisor:
        tell_facts(supervisor.machine, facts)
        supervisor.run_until_idle()
        pid = supervisor.spawn(GROWS_THREE_TIMES)
        commit = reserve.Reservation.commit
        asked: list[int] = []  # the first memory, then three growths

        def fails_once(self: reserve.Reservation, size: int) -> None:
            asked.append(size)
            if len(asked) == 3:
                raise OSError(errno.ENOMEM, "no memory here")
            commit(self, size)

        with monkeypatch.context() as patch:
            patch.setattr(reserve.Reservation, "commit", fails_once)
            assert supervisor.run_until(lambda: supervisor.exit_of(pid) is not None)
        end = supervisor.exit_of(pid)
        assert end is not None and (len(asked), end.code) == (4, 0x3F4)
        facts.end(supervisor.machine)
    recording = Recording(path)
    refusals = [number for row in recording.ticks() for number in unpack_numbers(row.refusals)]
    recording.close()
    assert len(refusals) == 1
    again = replayed(path, cache)
    assert (again.head, again.state) == (facts.head, facts.state)


def test_a_spawn_without_memory_faults_again(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first memory the host does not have is a fault of the process, in the recording and in the replay alike."""
    path, facts = tmp_path / "a.zosrec", Facts()
    with recording_session(path, cache) as supervisor:
        tell_facts(supervisor.machine, facts)
        supervisor.run_until_idle()
        pid = supervisor.spawn(guest("", memory='(memory (export "memory") 41)'))

        def fail(_length: int, _low: int = 0) -> reserve.Reservation:
            raise OSError(errno.ENOMEM, "no memory here")

        with monkeypatch.context() as patch:
            patch.setattr(reserve, "reserve", fail)
            patch.setattr(reserve.Reservation, "commit", fail)
            assert supervisor.run_until(lambda: supervisor.exit_of(pid) is not None)
        end = supervisor.exit_of(pid)
        assert end is not None and end.trap is not None and end.trap.reason == traps.HOST_MEMORY
        facts.end(supervisor.machine)
    assert replayed(path, cache).state == facts.state


def test_the_storage_names_the_session_and_the_tick_that_asked(tmp_path: Path, cache: Path) -> None:
    path, storage = tmp_path / "a.zosrec", tmp_path / "s.sqlite"
    with recording_session(path, cache, storage=storage) as supervisor:
        pid = supervisor.spawn(STORES)
        supervisor.grant_capability(pid, ObjectType.STORAGE, 1, Rights.ALL, FREE_SLOT)
        supervisor.run_until(lambda: supervisor.recorded_tick > 30)
    recording = Recording(path)
    db = sqlite3.connect(storage)
    ((session, tick),) = db.execute("SELECT session, tick FROM sessions")
    db.close()
    assert session == recording.header.session
    assert 0 < tick <= recording.last_tick()
    recording.close()
