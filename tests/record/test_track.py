"""The track of a session: states by keyframes are those by plain reduction, in bounds, and hostile files end it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.record.sessions import record_session
from zos_core.axiom import replay
from zos_core.axiom.commitlog import CommitLog
from zos_core.kernel import commits as k
from zos_core.kernel.reduce import apply, reduce
from zos_core.kernel.state import Committed
from zos_core.record.history import RecordedCommit, decode_commit
from zos_core.record.journal import pack_list, unpack_list
from zos_core.record.keyframes import Keyframes, keyframe
from zos_core.record.recording import Recording
from zos_core.record.track import KeptTrack, RecordedTrack, Track


def read_all(track: Track) -> Track:
    track.scan(lambda: True)
    return track


def all_commits(recording: Recording) -> list[tuple[int, RecordedCommit]]:
    """(tick, commit) of everything, decoded one by one."""
    return [(row.tick, decode_commit(item)) for row in recording.ticks() for item in unpack_list(row.commits)]


def dense(track: Track) -> Track:
    """With a keyframe after every tick."""
    track._keyframes = Keyframes(keyframe(track.base, 0, Committed()), apart=0)
    return track


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_state_by_keyframes_is_the_state_by_plain_reduction(tmp_path: Path, cache: Path, seed: int) -> None:
    recording = Recording(record_session(tmp_path, cache, seed)[0])
    commits = all_commits(recording)
    track = read_all(dense(RecordedTrack(recording)))
    assert (track.commits, track.problem, track.read) == (len(commits), "", True)
    assert len(track._keyframes) == track.known + 1
    chance = random.Random(seed)
    near: tuple[int, Committed] = (0, Committed())
    for seq in [*chance.choices(range(1, len(commits) + 1), k=60), 1, len(commits)]:
        plain = reduce(commit.body for _, commit in commits[:seq])
        assert track.state_at(seq) == plain
        near = (seq, track.state_at(seq, near))
        assert near[1] == plain
        assert track.tick_of(seq) == commits[seq - 1][0]
    recording.close()


def test_a_track_is_read_in_slices_and_tells_which_commits_and_ticks_there_are(recorded: Path) -> None:
    recording = Recording(recorded)
    track = RecordedTrack(recording)
    slices = 0
    while not track.read:
        before = track.known
        track.scan(lambda: False)
        slices += 1
        assert track.known == before + 1
    assert slices == track.ticks == recording.last_tick()
    commits = all_commits(recording)
    assert track.numbered(range(1, len(commits) + 1)) == [commit for _, commit in commits]
    told = [commit.seq for _, commit in commits if not isinstance(commit.body, k.MessageSent)]
    assert list(track.changes) == told
    middle = track.times[track.known // 2]
    assert track.times[track.tick_at(middle) - 1] == middle and track.tick_at(0) == 1
    recording.close()


def test_keyframes_stay_within_their_memory_and_then_stand_further_apart() -> None:
    state, frames = Committed(), Keyframes(keyframe(0, 0, Committed()), max_bytes=20_000, apart=1)
    for pid in range(1, 400):
        apply(state, k.ProcessCreated(pid, 0, f"process {pid}"))
        frames.passed(2.0, pid, pid, state)
        assert frames.size <= 20_000
    found = [frames.before(commit).commit for commit in range(1, 400)]
    assert all(frame <= commit for commit, frame in enumerate(found, 1)) and found[-1] > 200
    assert frames.before(399).state() == reduce(k.ProcessCreated(n, 0, f"process {n}") for n in range(1, found[-1] + 1))


def test_a_log_in_memory_above_a_base_that_has_moved() -> None:
    log, live = CommitLog(kept=50), Committed()
    for pid in range(1, 501):
        body = k.ProcessCreated(pid, 0, "p")
        log.extend(pid // 3, pid, [body])
        apply(live, body)
        log.seal()
    track = read_all(KeptTrack(log, ()))
    assert track.base == log.base_seq > 0 and track.commits == 500
    for seq in (track.base + 1, 480, 500):
        assert track.state_at(seq) == replay.state_at(log, seq)
    assert track.state_at(500) == live
    log.extend(999, 501, [k.ProcessCreated(501, 0, "later")])
    assert track.read and track.commits == 500


def damaged(recorded: Path, tmp_path: Path, change: str, *values: object) -> RecordedTrack:
    path = tmp_path / "damaged.zosrec"
    shutil.copyfile(recorded, path)
    db = sqlite3.connect(path)
    db.execute(change, values)
    db.commit()
    db.close()
    return RecordedTrack(Recording(path))


def test_a_damaged_recording_is_shown_up_to_where_it_can_be_read(recorded: Path, tmp_path: Path) -> None:
    whole = read_all(RecordedTrack(Recording(recorded)))
    busy = next(tick for tick in range(20, whole.known) if whole.last[tick - 1] > whole.last[tick - 2])
    for change in (
        "UPDATE ticks SET commits = x'0300' WHERE tick = ?",
        "UPDATE ticks SET commits = x'0100000000' WHERE tick = ?",
        "UPDATE ticks SET commits = substr(commits, 5) WHERE tick = ?",
        "DELETE FROM ticks WHERE tick = ?",
    ):
        track = read_all(damaged(recorded, tmp_path, change, busy))
        assert track.known == busy - 1 and f"tick {busy}" in track.problem and "\n" not in track.problem
        assert track.state_at(track.commits) == whole.state_at(whole.last[busy - 2])


def test_commits_that_no_machine_writes_end_the_track(recorded: Path, tmp_path: Path) -> None:
    recording = Recording(recorded)
    row = next(each for each in recording.ticks() if each.commits)
    own_parent = k.CapInserted(10**6, 10**6, 0, 5, 0, 1, 7, 0, 0, 0, 0)
    strange_type = k.CapInserted(10**6, 0, 0, 5, 99, 1, 7, 0, 0, 0, 0)
    for body in (own_parent, strange_type, k.CapRemoved(1, 0, 1, 77, 0), k.CapUsed(10**9, 1)):
        forged = pack_list([*unpack_list(row.commits), k.encode(k.entry_of(9, 9, 9, body))])
        track = read_all(damaged(recorded, tmp_path, "UPDATE ticks SET commits = ? WHERE tick = ?", forged, row.tick))
        assert track.known == row.tick - 1 and "do not fit" in track.problem
    name = k.encode(k.entry_of(1, 1, 1, k.ProcessCreated(99, 0, "evil\x1b]0;pwned\x07")))
    track = damaged(recorded, tmp_path, "UPDATE ticks SET commits = ? WHERE tick = 1", pack_list([name]))
    track.scan(lambda: False)
    assert track.state_at(1).processes[99].name == "evil�]0;pwned�"
