"""docs/formats.md says what the code writes: the layouts of commits and SysLog rows, the tables, the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zos_core.kernel.commits import LAYOUTS
from zos_core.record import journal
from zos_core.record.plain import COMMANDS
from zos_core.record.recording import Header

CODES = {"u8": "B", "u16": "H", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "text": "t", "bytes": "h"}
TYPED = re.compile(rf"\b(?:{'|'.join(CODES)})\b")


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docs" / "formats.md").read_text()


def codes(fields: str) -> str:
    """The types of fields as they are written: `pid u32, name text` is `It`."""
    return "".join(CODES[name] for name in TYPED.findall(fields))


def test_every_commit_is_described_as_it_is_encoded(text: str) -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.+) \|$", text, re.MULTILINE)
    told = {name: (int(kind), codes(re.sub(r"\([^)]*\)", "", fields))) for kind, name, fields in rows}
    assert told == {body.__name__: layout for body, layout in LAYOUTS.items()}


def test_every_column_and_every_key_of_the_header_is_named(text: str) -> None:
    table = re.search(r"^ {4}ticks +(.+\n.+)$", text, re.MULTILINE)
    assert table is not None
    names = set(re.findall(r"\w+", table[1])) - {"INTEGER", "TEXT", "BLOB"}
    assert names == set(journal.JournalRow._fields)
    keys = text[text.index("`header` has") : text.index("A row of `ticks`")]
    assert set(re.findall(r"`(\w+)`", keys)) - {"header"} == set(Header.__slots__)


def test_every_command_is_named(text: str) -> None:
    named = text[text.index("There are `Input`") : text.index("in their fields")]
    assert set(re.findall(r"`(\w+)`", named)) == {kind.__name__ for kind in COMMANDS}


def test_a_syslog_row_is_described_as_it_is_packed(text: str) -> None:
    row = re.search(r"^ {4}(seq u64, time_ns u64, pid u32, .+)$", text, re.MULTILINE)
    assert row is not None
    assert f"<{codes(row[1])}" == journal._EVENT.format
