"""A manifest that asks for a directory: by the path the program will know it by, and only a person gives one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.support import booted
from tests.cli.support import zos
from zos_core.abi import ObjectType, Rights
from zos_core.errors import SpawnDenied
from zos_core.launcher import Options
from zos_core.manifest import ManifestRefused, parse
from zos_core.policy import parse_rule
from zos_core.snapshot import RequestSummary
from zos_core.supervisor import Supervisor
from zos_core.wasi.directories import DirectoryGrant, parse_directory

READ_WRITE = Rights.READ | Rights.WRITE
MODULE = """(module
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func (param i32 i32 i32 i32) (result i32)))
    (import "elsewhere" "answer" (func (result i32)))
    (memory (export "memory") 1)
    (func (export "_start") (drop (call 1 (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))"""
ASKS = """
id = "test.asks"
name = "Asks"
description = "Keeps\\u0007 notes"
[[capability]]
type = "storage"
object = "dir:/data"
perms = "rw"
required = true
reason = "keeps the notes"
[[capability]]
type = "storage"
object = "dir:/tmp"
perms = "r"
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Supervisor]:
    supervisor = booted()
    yield supervisor
    supervisor.close()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "asks.toml").write_text(ASKS)
    (tmp_path / "asks.wat").write_text(MODULE)
    return tmp_path / "asks.wat"


def test_a_request_names_the_path_of_the_guest_and_nothing_of_the_host() -> None:
    asked = parse(ASKS).requests
    assert [each.directory for each in asked] == ["/data", "/tmp"]
    assert [each.object_id for each in asked] == [None, None]
    others = parse('id="a"\nname="a"\n[[capability]]\ntype="network"\nobject="dir:/data"\nperms="r"').requests
    assert [each.directory for each in others] == [None]


@pytest.mark.parametrize(
    ("object_text", "perms", "said"),
    [
        ("dir:", "r", "a directory of the manifest is dir: and a printable path"),
        ("dir:/a\\u0007", "r", "a directory of the manifest is dir: and a printable path"),
        ("dir:/data", "rg", "the rights on the directory /data must be r, w or both"),
        ("dir:/data", "", "the rights on the directory /data must be r, w or both"),
    ],
)
def test_what_no_directory_can_be_given_with_is_refused(object_text: str, perms: str, said: str) -> None:
    table = f'id="a"\nname="a"\n[[capability]]\ntype="storage"\nobject="{object_text}"\nperms="{perms}"'
    with pytest.raises(ManifestRefused) as refused:
        parse(table)
    assert str(refused.value) == said


def test_a_summary_tells_what_is_asked_for_and_what_is_missing(machine: Supervisor, program: Path) -> None:
    summary = machine.program_summary(program)
    assert (summary.name, summary.title, summary.wasi, summary.bundled) == ("asks", "Asks", True, False)
    assert summary.description == "Keeps␇ notes", "no control character reaches a screen"
    assert summary.foreign == (("elsewhere", "answer"),)
    wasi = "wasi_snapshot_preview1"
    assert summary.imports == ((wasi, "fd_write"), (wasi, "fd_read"), ("elsewhere", "answer"))
    assert summary.requests == (
        RequestSummary(ObjectType.STORAGE, "dir:/data", READ_WRITE, True, "keeps the notes", "/data"),
        RequestSummary(ObjectType.STORAGE, "dir:/tmp", Rights.READ, False, "", "/tmp"),
    )


def test_a_required_directory_is_given_by_a_person_or_the_program_does_not_start(
    machine: Supervisor, program: Path, tmp_path: Path
) -> None:
    said = "asks needs the directory /data, which was not given (--dir HOST::/data)"
    for options in (
        Options(stub_imports=True),
        Options(stub_imports=True, grants=(parse_rule("storage"), parse_rule("storage:7"))),
        Options(stub_imports=True, directories=(DirectoryGrant(tmp_path, "/tmp"),)),
    ):
        with pytest.raises(SpawnDenied) as denied:
            machine.spawn(program, options=options)
        assert str(denied.value) == said
    given = (DirectoryGrant(tmp_path, "/data/", Rights.READ),)
    pid = machine.spawn(program, options=Options(stub_imports=True, directories=given))
    process = machine.snapshot().process(pid)
    assert process is not None
    held = [(each.object_name, each.perms) for each in process.capabilities if each.object_type is ObjectType.STORAGE]
    assert held == [(f"directory {tmp_path}", Rights.READ)], "the rights are those a person gave"


def test_zos_run_takes_it_from_dir_alone(program: Path, tmp_path: Path) -> None:
    told = zos("run", "--stub-imports", "--grant", "storage", program)
    assert (told.returncode, told.stdout) == (1, b"")
    assert told.stderr == b"zos: asks needs the directory /data, which was not given (--dir HOST::/data)\n"
    assert zos("run", "--stub-imports", "--dir", f"{tmp_path}::/data:ro", program).returncode == 0
    assert parse_directory(f"{tmp_path}::/data:ro").perms == Rights.READ
