"""Files that are no recordings, or that somebody has prepared: one line each, and never anything else."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.record.test_tampering import another_byte
from zos_core.abi import Malformed
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.policy import parse_rule
from zos_core.record.history import decode_commit, happenings
from zos_core.record.journal import pack_events, unpack_events, unpack_list
from zos_core.record.least import least
from zos_core.record.plain import pack_commands, unpack_commands
from zos_core.record.recording import Recording
from zos_core.record.replayer import Replayer
from zos_core.record.verify import verify
from zos_core.record.why import explain
from zos_core.record.without import Without
from zos_core.runtime import commands as c
from zos_core.runtime.engine import Engine

SOME = 60
MORE = 600


def look_at(path: Path, engine: Engine, cache: Path) -> None:
    """Everything one can ask of a file. Raises `Refused` with one line, if anything."""
    recording = Recording(path)
    try:
        verify(recording)
        for ask in (least, lambda r: list(happenings(r)), lambda r: explain(r, 3, 40)):
            try:
                ask(recording)
            except Refused as refused:
                assert "\n" not in str(refused)
        replayer = Replayer(recording, engine, cache)
        replayer.run(until=60)
        replayer.close()
        other = Replayer(recording, engine, cache)
        run = Without(other, parse_rule("console"))
        while other.tick < 20 and run.step() is True:
            pass
        other.close()
    finally:
        recording.close()


def refused_or_fine(path: Path, engine: Engine, cache: Path) -> str:
    try:
        look_at(path, engine, cache)
    except Refused as refused:
        assert "\n" not in str(refused) and str(path) in str(refused)
        return str(refused)
    return ""


FOREIGN: list[Callable[[Path], object]] = [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"SQLite format 3\0"),
    lambda path: path.write_bytes(b"\0" * 5000),
    lambda path: path.write_text("this is a letter\n" * 100),
    lambda path: path.mkdir(),
    lambda path: None,
    lambda path: execute(path, "CREATE TABLE header (key TEXT, value TEXT)"),
    lambda path: execute(path, "CREATE TABLE other (x)"),
    lambda path: execute(path, "CREATE VIEW header AS SELECT 'format' key, '1' value"),
]


def execute(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        db.execute(statement)
    db.close()


@pytest.mark.parametrize("make", FOREIGN)
def test_a_file_that_is_no_recording_is_refused(
    make: Callable[[Path], object], tmp_path: Path, engine: Engine, cache: Path
) -> None:
    path = tmp_path / "foreign.zosrec"
    make(path)
    assert "recording" in refused_or_fine(path, engine, cache)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE header SET value = '1' WHERE key = 'format'", "format 1"),
        ("UPDATE header SET value = '49.0.0' WHERE key = 'engine'", "another engine: 49.0.0"),
        ("UPDATE header SET value = 'abc' WHERE key = 'fingerprint'", "another engine settings or target"),
        ("UPDATE header SET value = 'abc' WHERE key = 'shim'", "another shim"),
        ("UPDATE header SET value = '4096' WHERE key = 'memory_total'", "another memory limit"),
        ("UPDATE header SET value = 'xyz' WHERE key = 'seed'", "the header is damaged"),
        ("DELETE FROM header WHERE key = 'seed'", "its header has no 'seed'"),
        ("DELETE FROM modules", "is missing"),
        ("UPDATE modules SET data = X'0061736d01000000'", "was altered"),
        ("CREATE TRIGGER t AFTER INSERT ON ticks BEGIN SELECT 1; END", "other tables"),
    ],
)
def test_what_cannot_be_replayed_here_says_why(
    statement: str, said: str, recorded: Path, tmp_path: Path, engine: Engine, cache: Path
) -> None:
    path = tmp_path / "other.zosrec"
    shutil.copyfile(recorded, path)
    execute(path, statement)
    assert said in refused_or_fine(path, engine, cache)


def spoil(path: Path, chance: random.Random) -> None:
    """Bytes of the file itself changed, or its end missing."""
    data = bytearray(path.read_bytes())
    if chance.random() < 0.3:
        del data[chance.randrange(len(data)) :]
    for _ in range(chance.choice((1, 4, 60))):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)


VALUES = (None, True, -1, 0, 3, 2**63, 2**70, 1.5, "", "s", "x", "xzz", "sname", [], ["@Kill", 3], ["@Grant"], {}, [[]])


def mutated(value: object, chance: random.Random) -> object:
    """A JSON value with one place in it replaced."""
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        return [*value[:at], mutated(value[at], chance), *value[at + 1 :]]
    return chance.choice(VALUES)


def rewrite(path: Path, chance: random.Random) -> None:
    """A row as somebody might have written it by hand."""
    db = sqlite3.connect(path, isolation_level=None)
    rows = db.execute("SELECT tick, commands FROM ticks WHERE commands != '[]'").fetchall()
    tick, commands = chance.choice(rows[:12])
    changed = json.dumps(mutated(json.loads(commands), chance))
    column: str
    value: object
    column, value = chance.choice(
        [("commands", changed)] * 6
        + [("commands", "[" * 20_000), ("time_ns", -5), ("slices", 40_000), ("wallclock_ms", 2**63 - 1)]
        + [("refusals", bytes(8)), ("readings", bytes(5)), ("syslog", chance.randbytes(90)), ("commits", bytes(70))]
    )
    if chance.random() < 0.4:
        column = chance.choice(("commits", "syslog"))
        ((packed,),) = db.execute(f"SELECT {column} FROM ticks WHERE tick = ?", (tick,))
        value = another_byte(packed, chance)
    db.execute(f"UPDATE ticks SET {column} = ? WHERE tick = ?", (value, tick))
    db.close()


def check_some(spoiled: Path, recorded: Path, engine: Engine, cache: Path, seed: int) -> None:
    shutil.copyfile(recorded, spoiled)
    chance = random.Random(seed)
    chance.choice((spoil, rewrite, rewrite))(spoiled, chance)
    refused_or_fine(spoiled, engine, cache)


def test_spoiled_and_prepared_files_are_one_line(tmp_path: Path, recorded: Path, engine: Engine, cache: Path) -> None:
    for seed in range(SOME):
        check_some(tmp_path / "spoiled.zosrec", recorded, engine, cache, seed)


@pytest.mark.soak
def test_more_of_them(
    tmp_path: Path, recorded: Path, engine: Engine, cache: Path, soak_rounds: Callable[[int], Iterator[int]]
) -> None:
    for seed in soak_rounds(MORE):
        check_some(tmp_path / "spoiled.zosrec", recorded, engine, cache, SOME + seed)


def test_values_come_back_as_they_were() -> None:
    commands = (
        c.Input(3, b"\x00\xff"), c.Kill(7), c.Hold(3, True), c.Revoke(((3, 4), (5, 6)), False),
        c.Create("näme", bytes(32), (b"a", b""), (), 65536, None, c.SpawnRequest(3, 9, 1, 0, "idle", (b"x",))),
        c.GrantCap(3, 3, 1, 7, None, 0, 2), c.StorageDone(3, 9, c.Errno.E_NOENT, 0, b""),
    )  # fmt: skip
    assert unpack_commands(pack_commands(commands)) == commands
    events = [
        SysEvent(1, 5, 3, 0x40, (4, 0, 9), 9, 0), SysEvent(2, 5, 3, 0x40, (4, 0, 9), 9, 5, "queue füll", 1, bytes(14)),
        SysEvent(3, 6, 0, 0x1_0006, (3, 3, 1, 7, None, 0, 0), 0, 5), SysEvent(4, 6, 9, 0x45, (0, 1, 1), 0, -1),
    ]  # fmt: skip
    assert unpack_events(pack_events(events)) == events


@pytest.mark.parametrize(
    "text",
    ["", "{}", "7", '["x00"]', '[["@Input",3]]', '[["@Input","s3","x"]]', '[["@Input",-1,"x"]]', '[["@Kill",1.5]]',
     f'[["@Kill",{2**64}]]', '[["@Hold",3,1]]', '[["@Grant",1,2,3,0,0]]', '[["@RefuseSpawn",null,1]]', "[" * 9_000],
)  # fmt: skip
def test_commands_that_are_none_are_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        unpack_commands(text)


def test_lists_and_commits_that_are_cut_are_malformed(recorded: Path) -> None:
    recording = Recording(recorded)
    row = next(row for row in recording.ticks() if row.commits)
    recording.close()
    whole = unpack_list(row.commits)
    assert [decode_commit(each).seq for each in whole] == list(range(1, len(whole) + 1))
    for data in (row.commits[:-1], row.commits[:2]):
        with pytest.raises(Malformed):
            unpack_list(data)
    for encoded in (whole[0][:-1], whole[0] + b"x", whole[0][:10], whole[0][:24] + b"\xff"):
        with pytest.raises(Malformed):
            decode_commit(encoded)
