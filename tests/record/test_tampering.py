"""Whoever changes a recording is found out: bytes of columns, missing and swapped rows, a cut end, a new chain."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from zos_core.abi import Malformed
from zos_core.record.journal import JournalRow, header_hash, row_hash
from zos_core.record.recording import Recording
from zos_core.record.verify import Damage, Head, parse_head, verify

SOME = 250
MANY = 10_000
NUMBERS = ("tick", "time_ns", "wallclock_ms", "slices")
TEXTS = ("commands", "checkpoint")

Edit = Callable[[sqlite3.Connection, random.Random, int], int | None]
"""Changes a recording of so many ticks; the tick that must be named, None when any may be."""


# --- ways to change a recording -----------------------------------------------------------------------------------


def another_byte(data: bytes, chance: random.Random) -> bytes:
    """One byte is different, or one is there that was not."""
    if not data:
        return bytes([chance.randrange(256)])
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]


def another_number(number: int, chance: random.Random) -> int:
    return int.from_bytes(another_byte(number.to_bytes(8, "little", signed=True), chance), "little", signed=True)


def edit_column(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    tick, column = chance.randint(1, ticks), chance.choice(JournalRow._fields)
    ((value,),) = db.execute(f"SELECT {column} FROM ticks WHERE tick = ?", (tick,))
    if column in NUMBERS:
        db.execute(f"UPDATE OR IGNORE ticks SET {column} = ? WHERE tick = ?", (another_number(value, chance), tick))
        return None if column == "tick" else tick
    data = value.encode() if column in TEXTS else value
    kind = "TEXT" if column in TEXTS else "BLOB"
    db.execute(f"UPDATE ticks SET {column} = CAST(? AS {kind}) WHERE tick = ?", (another_byte(data, chance), tick))
    return tick


def change_type(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    """The same bytes, but no longer a blob."""
    tick = chance.randint(1, ticks)
    db.execute("UPDATE ticks SET head = hex(head) WHERE tick = ?", (tick,))
    return tick


def edit_header(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    key, value = chance.choice(db.execute("SELECT key, value FROM header").fetchall())
    if key == "format":
        key, value = "started", "0"
    db.execute("UPDATE header SET value = ? WHERE key = ?", (value + "0", key))
    return 0


def add_header(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    db.execute("INSERT INTO header VALUES ('note', 'all is well')")
    return 0


def edit_module(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    sha256, data = chance.choice(db.execute("SELECT sha256, data FROM modules").fetchall())
    column, value = chance.choice([("sha256", another_byte(sha256, chance)), ("data", another_byte(data, chance))])
    db.execute(f"UPDATE modules SET {column} = ? WHERE sha256 = ?", (value, sha256))
    return starts(db, sha256)


def delete_module(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    ((sha256,),) = [chance.choice(db.execute("SELECT sha256 FROM modules").fetchall())]
    db.execute("DELETE FROM modules WHERE sha256 = ?", (sha256,))
    return starts(db, sha256)


def add_module(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    db.execute("INSERT INTO modules VALUES (?, ?)", (chance.randbytes(32), b"more"))
    return 0


def swap_modules(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    (one, data), (other, more) = chance.sample(db.execute("SELECT sha256, data FROM modules").fetchall(), 2)
    db.execute("UPDATE modules SET data = ? WHERE sha256 = ?", (more, one))
    db.execute("UPDATE modules SET data = ? WHERE sha256 = ?", (data, other))
    return min(starts(db, one), starts(db, other))


def starts(db: sqlite3.Connection, sha256: bytes) -> int:
    """The first tick that starts a program of this module."""
    ((tick,),) = db.execute("SELECT min(tick) FROM ticks WHERE instr(commands, ?)", (sha256.hex(),))
    return int(tick)


def delete_row(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    tick = chance.randint(1, ticks)
    db.execute("DELETE FROM ticks WHERE tick = ?", (tick,))
    return tick


def cut_off(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    tick = chance.randint(1, ticks)
    db.execute("DELETE FROM ticks WHERE tick >= ?", (tick,))
    return tick


def swap_rows(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    one, other = sorted(chance.sample(range(1, ticks + 1), 2))
    for there, here in ((-1, one), (one, other), (other, -1)):
        db.execute("UPDATE ticks SET tick = ? WHERE tick = ?", (there, here))
    return one


def renumber_behind_a_hole(db: sqlite3.Connection, chance: random.Random, ticks: int) -> int | None:
    tick = delete_row(db, chance, ticks - 1)
    assert tick is not None
    for each in range(tick + 1, ticks + 1):
        db.execute("UPDATE ticks SET tick = ? WHERE tick = ?", (each - 1, each))
    return tick


EDITS: tuple[Edit, ...] = (
    *(edit_column,) * 8, change_type, edit_header, add_header, edit_module, delete_module, add_module, swap_modules,
    delete_row, cut_off, swap_rows, renumber_behind_a_hole,
)  # fmt: skip


# --- each is found ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def known(recorded: Path) -> Head:
    found = opened(recorded, verify)
    assert isinstance(found, Head)
    return found


def opened(path: Path, look: Callable[[Recording], Any]) -> Any:
    recording = Recording(path)
    try:
        return look(recording)
    finally:
        recording.close()


def tamper(recorded: Path, changed: Path, known: Head, seed: int) -> None:
    """Change one thing and check against the head: it is found, and where it is."""
    shutil.copyfile(recorded, changed)
    chance = random.Random(seed)
    edit = chance.choice(EDITS)
    db = sqlite3.connect(changed, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA journal_mode = DELETE")
    before = db.total_changes
    must_name = edit(db, chance, known.ticks)
    made = db.total_changes - before
    db.close()
    if not made:
        return
    found = opened(changed, lambda recording: verify(recording, known))
    assert isinstance(found, Damage), f"seed {seed}: {edit.__name__} was not noticed"
    assert must_name is None or found.tick == must_name, f"seed {seed}: {edit.__name__} at {must_name}: {found}"


def test_every_change_is_found_and_the_first_bad_tick_named(recorded: Path, tmp_path: Path, known: Head) -> None:
    for seed in range(SOME):
        tamper(recorded, tmp_path / "changed.zosrec", known, seed)


@pytest.mark.soak
def test_ten_thousand_changes_are_found(
    recorded: Path, tmp_path: Path, known: Head, soak_rounds: Callable[[int], Iterator[int]]
) -> None:
    for seed in soak_rounds(MANY):
        tamper(recorded, tmp_path / "changed.zosrec", known, SOME + seed)


def test_without_a_head_a_cut_end_is_not_seen_and_with_one_it_is(recorded: Path, tmp_path: Path, known: Head) -> None:
    changed = tmp_path / "cut.zosrec"
    shutil.copyfile(recorded, changed)
    with sqlite3.connect(changed) as db:
        db.execute("DELETE FROM ticks WHERE tick > ?", (known.ticks - 3,))
    db.close()
    alone = opened(changed, verify)
    assert isinstance(alone, Head) and alone.ticks == known.ticks - 3
    against = opened(changed, lambda recording: verify(recording, known))
    assert isinstance(against, Damage) and against.tick == known.ticks - 2


def test_a_recording_written_anew_has_good_chains_and_another_head(recorded: Path, tmp_path: Path, known: Head) -> None:
    """Whoever can write the file can compute new hashes: only a head kept elsewhere tells."""
    changed = tmp_path / "anew.zosrec"
    shutil.copyfile(recorded, changed)
    db = sqlite3.connect(changed, isolation_level=None)
    db.execute("UPDATE ticks SET wallclock_ms = wallclock_ms + 1 WHERE tick = 2")
    previous = header_hash(db.execute("SELECT key, value FROM header").fetchall())
    for row in db.execute(f"SELECT {', '.join(JournalRow._fields)} FROM ticks ORDER BY tick").fetchall():
        previous = row_hash(previous, JournalRow(*row))
        db.execute("UPDATE ticks SET hash = ? WHERE tick = ?", (previous, row[0]))
    db.close()
    assert isinstance(opened(changed, verify), Head)
    found = opened(changed, lambda recording: verify(recording, known))
    assert isinstance(found, Damage) and found.tick == known.ticks and "anew" in found.what


def test_a_recording_that_went_on_still_agrees_with_an_older_head(recorded: Path, tmp_path: Path, known: Head) -> None:
    older = tmp_path / "older.zosrec"
    shutil.copyfile(recorded, older)
    with sqlite3.connect(older) as db:
        db.execute("DELETE FROM ticks WHERE tick > ?", (known.ticks // 2,))
        db.execute("DELETE FROM modules WHERE sha256 NOT IN (SELECT m.sha256 FROM modules m JOIN ticks t"
                   " ON instr(t.commands, lower(hex(m.sha256))))")  # fmt: skip
    db.close()
    head = opened(older, verify)
    assert isinstance(head, Head)
    assert opened(recorded, lambda recording: verify(recording, head)) == known


def test_a_head_is_read_back_and_nothing_else_is_taken_for_one(known: Head) -> None:
    assert parse_head(known.to_json()) == known
    for text in ("", "[]", "{}", "null", known.to_json().replace(known.tick_hash, "zz"), "[" * 5000,
                 known.to_json().replace(str(known.ticks), '"4"', 1), known.to_json()[:-9]):  # fmt: skip
        with pytest.raises(Malformed):
            parse_head(text)
