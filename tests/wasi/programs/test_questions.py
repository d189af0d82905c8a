"""What a recording tells of programs with descriptors: why a call was refused, the least they needed, without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import zos
from tests.wasi.programs.scripts import SPEAKS_FOR_EVER
from tests.wasi.programs.support import GUEST, Programs, booted, run, start
from zos_core.abi import ObjectType

TRIES = """
for path, mode in (('{g}/kept', 'w'), ('{g}/../kept', 'r'), ('{g}/none', 'r')):
    try:
        open(path, mode)
    except OSError as error:
        print(error.errno)
"""
PROGRAM = "micropython-wasi (3)"


def calls(path: Path, function: str) -> list[dict[str, object]]:
    """The calls of that function, from the log."""
    told = zos("log", path, "--pid", "3", "--type", "call", "--json")
    return [row for row in json.loads(told.stdout) if row["call"] == function]


def why(path: Path, seq: object) -> list[str]:
    """The chain, without the places in parentheses at the ends of its lines."""
    told = zos("why", path, "--pid", "3", "--seq", str(seq))
    assert (told.returncode, told.stderr) == (0, b""), told
    return [line.rsplit(" (tick", 1)[0].strip() for line in told.stdout.decode().splitlines()]


@pytest.fixture
def kept(folder: Path) -> Path:
    (folder / "kept").write_text("hello")
    return folder


def test_why_tells_of_rights_and_of_paths_that_lead_out(programs: Programs, tmp_path: Path, kept: Path) -> None:
    path = tmp_path / "run.zosrec"
    flags = ["--dir", f"{kept}::{GUEST}:ro"]
    done = run(programs.micropython, "-c", TRIES.format(g=GUEST), record=path, flags=flags)
    assert done.stdout.split() == [b"2", b"63", b"44"]
    written, outside, missing = (call["seq"] for call in calls(path, "path_open"))
    refusal, lacks, gave_less, origin = why(path, written)
    assert refusal == f"{PROGRAM} was refused path_open: E_PERM, the capability lacks the right"
    assert lacks.endswith(f"holds the directory {kept} r--; the call needs -w-")
    assert "gave less" in gave_less and origin.endswith("given at the start of the process by the system")
    refusal, holds = why(path, outside)
    assert refusal == f"{PROGRAM} was refused path_open: E_PERM, the path leads out of its directory"
    assert holds.endswith(f"holds the directory {kept} r--, which reaches nothing outside of it, as '../kept' would")
    told = zos("why", path, "--pid", "3", "--seq", str(missing))
    assert told.stderr.decode().endswith("path_open was let through, and the host answered NOENT\n")


def test_why_tells_of_a_directory_and_a_console_that_were_revoked(
    programs: Programs, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "run.zosrec"
    (folder / "script.js").write_text(SPEAKS_FOR_EVER)
    with booted(record=path) as machine:
        tab = start(machine, programs.quickjs, f"{GUEST}/script.js", folder=folder)
        tab.sees(b"hi\n")
        for kind in (ObjectType.CONSOLE, ObjectType.STORAGE):
            cap = tab.capability(kind)
            assert cap is not None
            machine.revoke_capability(tab.pid, cap.slot)
            refusals = machine.machine.gateway.syslog.refusals
            tab.wait(lambda before=refusals: machine.machine.gateway.syslog.refusals > before, "a refusal")  # type: ignore[misc]
    console = next(call for call in calls(path, "fd_write") if call["reason"])
    chain = why(path, console["seq"])
    assert chain[0] == "quickjs (3) was refused fd_write: E_PERM, no console capability"
    assert "held console" in chain[1] and chain[1].endswith("it was revoked by the person at the machine")
    directory = next(call for call in calls(path, "path_open") if call["reason"])
    refusal, revoked, call, origin = why(path, directory["seq"])
    assert refusal == "quickjs (3) was refused path_open: E_BADF, no capability on that directory"
    assert f"held the directory {folder} rw-, and it was revoked by the person" in revoked
    assert "revoke" in call and origin.endswith("given at the start of the process by the system")


def test_least_proposes_each_directory_with_the_smallest_rights(
    programs: Programs, tmp_path: Path, folder: Path
) -> None:
    path, unused, read, written = (tmp_path / name for name in ("run.zosrec", "unused", "read", "it's written"))
    for each in (unused, read, written):
        each.mkdir()
    (read / "kept").write_text("hello")
    flags = [f"--dir={each}::/{name}" for each, name in ((unused, "unused"), (read, "read"), (written, "written"))]
    script = "open('/written/copy', 'w').write(open('/read/kept').read())"
    assert run(programs.micropython, "-c", script, record=path, flags=flags).returncode == 0
    told = zos("least", path).stdout.decode()
    assert told.splitlines() == [
        "# micropython-wasi",
        f"# --dir {read}::/read:ro for fd_read, path_open",
        f"""# --dir '{tmp_path}/it'"'"'s written::/written' for fd_write, path_open""",
    ]
    needs = json.loads(zos("least", path, "--json").stdout)["micropython-wasi"]
    assert [(need["dir"], need["perms"]) for need in needs] == [
        (f"{read}::/read:ro", "r--"), (f"{written}::/written", "-w-"),
    ]  # fmt: skip
    again = [f"--dir={need['dir']}" for need in needs]
    assert run(programs.micropython, "-c", script, flags=again).returncode == 0, "what it proposes is enough"
    less = [f"--dir={written}::/written:ro", again[0]]
    assert run(programs.micropython, "-c", script, flags=less).returncode == 1, "and nothing less is"


def test_without_storage_names_the_first_call_that_goes_another_way(
    programs: Programs, tmp_path: Path, kept: Path
) -> None:
    path = tmp_path / "run.zosrec"
    run(programs.micropython, "-c", f"print(open('{GUEST}/kept').read())", folder=kept, record=path)
    told = zos("replay", path, "--without", "storage").stdout.decode()
    *_, recorded, without = told.splitlines()
    call = f"{PROGRAM}: path_open(3, 'kept', 0, directory 0 r--)"
    assert recorded.strip() == f"recorded  {call} = SUCCESS"
    assert without.strip() == f"without   {call} = E_BADF (no capability on that directory)"


def test_a_call_on_two_directories_names_the_one_that_was_missing(
    programs: Programs, tmp_path: Path, kept: Path
) -> None:
    path, other = tmp_path / "run.zosrec", tmp_path / "other"
    other.mkdir()
    flags = ["--dir", f"{other}::/other:ro"]
    script = f"import os; os.rename('{GUEST}/kept', '/other/kept')"
    assert run(programs.micropython, "-c", script, folder=kept, record=path, flags=flags).returncode == 1
    (rename,) = calls(path, "path_rename")
    chain = why(path, rename["seq"])
    assert f"holds the directory {other} r--; the call needs -w-" in chain[1]
    assert (kept / "kept").exists()
