"""What the start dialog stands on, without a screen: typed values, folders as one browses them, recent programs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.tui.fake_machine import summary
from zos_core.abi import DEFAULT_MEMORY, ObjectType, Rights
from zos_core.snapshot import RequestSummary
from zos_core.wasi.directories import DirectoryGrant
from zos_tui.folders import completion, entries, parent
from zos_tui.programs import imports_line, kind_line, names, request_line
from zos_tui.recents import MAX_RECENT, Recents
from zos_tui.starts import Start, absolute, is_path
from zos_tui.typed import parse_memory, parse_size, parse_variables, parse_words, size_field

FULL = Start(
    "/programs/a.wasm",
    ("-c", "print('héllo')\n"),
    (DirectoryGrant(Path("/data"), "/there", Rights.READ), DirectoryGrant(Path("/x"), "/x")),
    (("LANG", "C"), ("EMPTY", "")),
    memory=128 << 20,
    stub_imports=True,
)


# --- typed values -----------------------------------------------------------------------------------------------------


SIZES = [("65536", 65536), ("512K", 512 << 10), ("64MiB", 64 << 20), ("1g", 1 << 30)]


@pytest.mark.parametrize(("text", "number"), SIZES)
def test_sizes_are_read_and_written(text: str, number: int) -> None:
    assert parse_size(text) == number == parse_size(size_field(number))


@pytest.mark.parametrize("text", ["", "1T", "-1", "1.5M", "٣"])
def test_what_is_no_size_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 512K, 64M or 1G") as refused:
        parse_size(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize("text", ["1", "5G", "63K"])
def test_memory_is_between_a_page_and_what_a_pointer_names(text: str) -> None:
    with pytest.raises(ValueError, match="is not between 64K and 4G"):
        parse_memory(text)


def test_words_and_variables() -> None:
    assert parse_words("""-c 'print("a b")' x\\ y""") == ("-c", 'print("a b")', "x y")
    assert parse_variables("A=1\n\n  B = 2=3 \n") == (("A", "1"), ("B ", " 2=3"))
    with pytest.raises(ValueError, match="no closing quotation in"):
        parse_words("'half")
    for wrong in ("A", "=1", "A=\0"):
        with pytest.raises(ValueError, match="a variable is NAME=VALUE, not"):
            parse_variables(wrong)


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("data", "Databank", ".hidden", "with space"):
        (tmp_path / folder).mkdir()
    for file in ("one.wasm", "two.wat", "notes.txt", "data/deep.wasm"):
        (tmp_path / file).write_bytes(b"1234")
    (tmp_path / "dangling.wasm").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.wasm")
    (tmp_path / "bad\nname.wasm").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def shown(typed: str, **options: bool) -> list[str]:
    return [each.path for each in entries(typed, **options)]


def test_a_folder_shows_folders_then_programs_and_nothing_else(place: Path) -> None:
    assert shown("./") == ["./data/", "./Databank/", "./with space/", "./one.wasm", "./two.wat"]
    assert shown(f"{place}/", folders_only=True) == [f"{place}/{name}/" for name in ("data", "Databank", "with space")]
    assert shown("da") == ["data/", "Databank/"]
    assert shown("~/o") == ["~/one.wasm"] and entries("~/o")[0].size == 4
    assert shown("./.h") == ["./.hidden/"]
    assert shown("nowhere/") == shown("one.wasm/") == shown("a\0b/") == []


def test_a_path_goes_on_with_what_its_candidates_share(place: Path) -> None:
    assert completion("./o") == "./one.wasm"
    assert completion("~/data") == "~/data/"
    assert completion("~/data/", folders_only=False) == "~/data/deep.wasm"
    (place / "dataset").mkdir()
    assert completion("./d") == "./data", "both go on like that"
    assert completion("./data") == "./data/", "and then the first"
    assert completion("./one.wasm") is completion("./zzz") is completion("") is None
    assert completion("./o", folders_only=True) is None


@pytest.mark.parametrize(
    ("typed", "above"),
    [("/a/b/", "/a/"), ("/a/b/x", "/a/"), ("/a/", "/"), ("/", "/"), ("./", "../"), ("../", "../../"), ("a/b/", "a/"),
     ("a/", "./"), ("", "../")],
)  # fmt: skip
def test_the_folder_above(typed: str, above: str) -> None:
    assert parent(typed) == above


def test_above_home_is_its_own_parent(place: Path) -> None:
    assert parent("~/") == f"{place.parent}/" and parent("~/data/") == "~/"


def test_a_file_is_known_by_its_whole_path_and_a_bundled_program_by_its_name(place: Path) -> None:
    assert absolute("one.wasm") == str(place / "one.wasm") == absolute("~/one.wasm")
    assert absolute("notes") == "notes"
    assert [is_path(each) for each in ("a.wat", "x/y", "~", "terminal")] == [True, True, True, False]
    assert Start("/a/b.wasm").label == "b"


# --- what a program is ------------------------------------------------------------------------------------------------


def test_a_program_is_introduced_in_lines() -> None:
    told = summary("p", foreign=(("js", "a"), ("js", "b")))
    assert kind_line(told) == "WASI program · 362K"
    assert imports_line(told) == "WASI: 2 functions · not in this system: 2"
    assert names(told.imports) == "wasi_snapshot_preview1: fd_read, fd_write\njs: a, b"
    assert kind_line(summary("p", wasi=False, bundled=True)) == "Bundled · Program of the zos ABI · 362K"
    storage = RequestSummary(ObjectType.STORAGE, "dir:/d", Rights.READ, True, "keeps notes", "/d")
    assert request_line(storage) == "directory /d r--, required: “keeps notes”"
    assert request_line(RequestSummary(ObjectType.NETWORK, "", Rights.WRITE, False, "")) == "network -w-"


# --- recent programs --------------------------------------------------------------------------------------------------


def test_starts_are_kept_whole_the_newest_first_by_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "recent.json"
    Recents(path).add(Start("notes", ("a",)))
    Recents(path).add(FULL)
    assert Recents(path).list() == [FULL, Start("notes", ("a",))]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["recent.json"], "nothing half-written is left"


def test_the_same_program_with_the_same_arguments_is_there_once_and_twenty_are_kept(tmp_path: Path) -> None:
    recents = Recents(tmp_path / "recent.json")
    for number in range(MAX_RECENT + 5):
        recents.add(Start(f"/{number}.wasm"))
    recents.add(Start("/20.wasm", memory=1 << 20))
    kept = Recents(tmp_path / "recent.json").list()
    assert len(kept) == MAX_RECENT == len({each.program for each in kept})
    assert kept[0] == Start("/20.wasm", memory=1 << 20) and Start("/20.wasm") not in kept


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1]", b'{"a":1}', b'[{"program":1}]', b"[" * 100_000, b"\xff", b"null",
     b'[{"program":"a","args":[1],"directories":[],"environ":[],"memory":1,"stub_imports":false}]',
     b'[{"program":"a","args":[],"directories":[{"host":"x"}],"environ":[],"memory":1,"stub_imports":false}]',
     b'[{"program":"a","args":[],"directories":[],"environ":[["A"]],"memory":1,"stub_imports":false}]'],
)  # fmt: skip
def test_a_damaged_file_is_an_empty_list_and_is_replaced(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "recent.json"
    path.write_bytes(text)
    recents = Recents(path)
    assert recents.list() == []
    recents.add(FULL)
    assert Recents(path).list() == [FULL]
    assert json.loads(path.read_text())[0]["program"] == FULL.program


def test_where_nothing_can_be_written_they_last_as_long_as_the_session(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recents = Recents(tmp_path / "file" / "recent.json")
    recents.add(FULL)
    assert recents.list() == [FULL] and Recents().list() == []
    assert FULL.options.memory == FULL.memory != DEFAULT_MEMORY and FULL.options.directories == FULL.directories
