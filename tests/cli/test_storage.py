"""`zos storage`, and what programs keep between two runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import zos
from zos_core.record.store import Store


def keep(folder: Path, text: str = "milk") -> subprocess.CompletedProcess[bytes]:
    """A run of the notes program that stores one note."""
    typed = f"add {text}\nlist\nexit\n".encode()
    return zos("run", "--data", folder, "--grant", "storage", "notes", stdin=typed)


def test_what_a_program_stored_is_there_in_its_next_run(tmp_path: Path) -> None:
    keep(tmp_path)
    again = zos("run", "--data", tmp_path, "--grant", "storage", "notes", stdin=b"list\nexit\n")
    assert b"milk" in again.stdout


def test_without_the_grant_nothing_of_it_can_be_read(tmp_path: Path) -> None:
    keep(tmp_path)
    assert b"milk" not in zos("run", "--data", tmp_path, "notes", stdin=b"list\nexit\n").stdout


def test_namespaces_and_keys_are_listed(tmp_path: Path) -> None:
    keep(tmp_path)
    (namespace,) = json.loads(zos("storage", "list", "--json", "--data", tmp_path).stdout)
    assert (namespace["program"], namespace["origin"], namespace["keys"]) == ("com.zero.notes", "bundled", 1)
    (key,) = json.loads(zos("storage", "list", "1", "--json", "--data", tmp_path).stdout)
    assert key["bytes"] == len("milk")
    assert b"com.zero.notes (bundled)" in zos("storage", "list", "--data", tmp_path).stdout


def test_a_value_is_set_read_and_exported_as_it_is(tmp_path: Path) -> None:
    value = bytes(range(256))
    assert zos("storage", "put", "7", "a/b", "--data", tmp_path, stdin=value).returncode == 0
    assert zos("storage", "get", "7", "a/b", "--data", tmp_path).stdout == value
    assert zos("storage", "export", "7", tmp_path / "out", "--data", tmp_path).returncode == 0
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "out").iterdir()] == [("a%2Fb", value)]


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for arguments in (
        ("storage", "get", "1", "nothing"),
        ("storage", "put", "1", "k" * 256),
        ("storage", "get", "1", "\udcff"),
        ("storage", "export", "1", str(tmp_path / "there")),
    ):
        refused = zos(*arguments, "--data", str(tmp_path))
        assert refused.returncode == 1
        assert refused.stderr.startswith(b"zos: ") and refused.stderr.count(b"\n") == 1


@pytest.mark.parametrize("number", ["-1", str(2**63), "9" * 30, "x"])
def test_a_namespace_that_cannot_be_one_is_wrong_use(tmp_path: Path, number: str) -> None:
    for arguments in (("get", number, "k"), ("list", number), ("export", number, str(tmp_path / "new"))):
        refused = zos("storage", *arguments, "--data", str(tmp_path))
        assert (refused.returncode, refused.stderr.count(b"\n")) == (2, 1)


def test_a_run_whose_storage_cannot_be_used_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file where a folder must be")
    done = keep(tmp_path / "data")
    assert done.stderr.endswith(b"data/storage.sqlite: the storage cannot be used: File exists\n")
    assert (done.returncode, done.stderr.count(b"\n")) == (0, 1)


def test_one_process_at_a_time_holds_a_storage_and_a_program_is_told_that_it_is_busy(tmp_path: Path) -> None:
    keep(tmp_path)
    held = Store.open(tmp_path / "storage.sqlite")
    try:
        refused = zos("storage", "list", "--data", tmp_path)
        assert refused.returncode == 1
        assert b"another zos has this storage open; --data DIR" in refused.stderr
        alone = zos("run", "--data", tmp_path, "--grant", "storage:1", "notes", stdin=b"list\nexit\n")
        assert (alone.returncode, b"milk" in alone.stdout, b"E_BUSY" in alone.stdout) == (0, False, True)
    finally:
        held.close()
    assert b"milk" in keep(tmp_path, "bread").stdout


def test_a_file_that_is_no_storage_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "storage.sqlite").write_bytes(b"not a database at all, but long enough to be read as one" * 100)
    refused = zos("storage", "list", "--data", tmp_path)
    assert refused.returncode == 1
    assert b"the storage cannot be used" in refused.stderr and refused.stderr.count(b"\n") == 1
