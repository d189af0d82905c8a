"""The command as a whole: lists, checks, wrong use, and no traceback whatever is asked."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import PATIENCE_S, ROOT, Person, command, environment, zos
from zos_tui.cli.doctor import CHECKS, Finding, Level, doctor
from zos_tui.cli.main import main
from zos_tui.cli.version import version


def test_the_version_is_that_of_the_project() -> None:
    done = zos("--version")
    assert (done.returncode, done.stdout) == (0, f"zos {version()}\n".encode())
    assert f'version = "{version()}"' in (ROOT / "pyproject.toml").read_text()


WRONG = [
    (["bogus"], "invalid choice: 'bogus'"),
    (["--bogus"], "--bogus"),
    (["run"], "required: PROGRAM (see `zos run --help`)"),
    (["run", "--bogus", "x"], "--bogus"),
    (["run", "--line", "--raw", "x"], "not allowed with"),
    (["run", "--gran", "process", "x"], "--gran"),
    (["run", "--grant", "bogus", "x"], "--grant: object types are"),
    (["run", "--grant", "process:x", "x"], "--grant: rights are letters of rwg"),
    (["run", "--grant", "process:" + "9" * 30, "x"], "--grant: an object's number"),
    (["run", "--grant", "process:for=" + "9" * 30 + "h", "x"], "--grant: a duration"),
    (["run", "--deny", "", "x"], "--deny: object types are"),
    (["run", "--policy", "nowhere.toml", "x"], "--policy: nowhere.toml: No such file"),
    (["run", "--policy", "tests", "x"], "--policy: tests: Is a directory"),
    (["run", "--fuel", "0", "x"], "--fuel: '0'"),
    (["run", "--fuel", "-1", "x"], "--fuel"),
    (["run", "--fuel", "9" * 40, "x"], "--fuel"),
    (["run", "--fuel", "1.5M", "x"], "--fuel: '1.5M'"),
    (["run", "--memory", "1", "x"], "--memory: 1 is not between"),
    (["run", "--memory", "5G", "x"], "--memory: 5G is not between"),
    (["run", "--memory", "lots", "x"], "--memory: 'lots' is not a size"),
    (["run", "--seed", "xyz", "x"], "--seed: 'xyz' is not"),
    (["run", "--seed", "00" * 33, "x"], "--seed"),
    (["apps", "--jsn"], "--jsn"),
    (["apps", "extra"], "extra"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda value: " ".join(value)[:30])
def test_wrong_use_is_one_line_and_status_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("zos: ") and said in shown.err and shown.err.count("\n") == 1
    assert shown.out == ""


@pytest.mark.parametrize("arguments", [(), ("run",), ("apps",), ("doctor",), ("bench",)], ids=" ".join)
def test_help_is_on_standard_output(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("usage: zos")


def test_the_desktop_needs_a_terminal() -> None:
    done = zos()
    assert done.returncode == 1
    assert done.stderr == b"zos: the desktop needs a terminal; `zos run PROGRAM` works without one\n"


# --- lists --------------------------------------------------------------------------------------------------------


def test_apps_lists_every_bundled_program() -> None:
    folders = (path.parent for path in (ROOT / "apps").glob("*/app.toml"))
    built = {folder.name for folder in folders if (folder / f"{folder.name}.wasm").exists()}
    lines = zos("apps").stdout.decode().splitlines()
    assert {line.split()[0] for line in lines} == built
    rows = json.loads(zos("apps", "--json").stdout)
    assert {row["name"] for row in rows} == built
    assert all(row["description"] and row["title"] and row["version"] for row in rows)


def test_a_list_for_a_reader_that_goes_away_ends_quietly() -> None:
    with subprocess.Popen(
        command("apps"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""


@pytest.mark.parametrize("arguments", [("apps",), ("--version",), ("doctor", "--json")], ids=" ".join)
def test_a_full_disk_is_one_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(*arguments), stdout=full, stderr=subprocess.PIPE, env=environment(), timeout=PATIENCE_S, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"zos: No space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors_are_no_reason_for_a_traceback(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command("apps")],
        capture_output=True, env=environment(), timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == b""


# --- doctor -------------------------------------------------------------------------------------------------------


def test_doctor_finds_nothing_that_fails_here() -> None:
    done = zos("doctor")
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}
    assert any("fibers work" in line for line in lines) and any("wasmtime" in line for line in lines)


def test_doctor_in_json_has_a_level_a_text_and_an_advice_for_what_is_not_ok() -> None:
    findings = json.loads(zos("doctor", "--json").stdout)
    assert all(set(finding) == {"level", "what", "advice"} for finding in findings)
    assert all(finding["advice"] for finding in findings if finding["level"] != "ok")


def test_a_failure_is_status_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("zos_tui.cli.doctor.CHECKS", (lambda: iter([Finding(Level.FAIL, "x", "do y")]),))
    assert doctor(as_json=False) == 1
    assert capsys.readouterr().out == "fail  x  →  do y\n"


def test_a_cache_that_others_can_write_is_pointed_out(tmp_path: Path) -> None:
    folder = tmp_path / "zos" / "modules"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    done = subprocess.run(
        command("doctor"), capture_output=True, env=environment(XDG_CACHE_HOME=str(tmp_path)), timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    assert "warn  the compile cache" in done.stdout.decode()
    ran = subprocess.run(
        command("run", "crash", "exit", "3"), env=environment(XDG_CACHE_HOME=str(tmp_path)), timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 3 and list(folder.iterdir()) == []


def test_compiled_programs_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    extra = environment(XDG_CACHE_HOME=str(tmp_path / "cache"))
    for _ in range(2):
        ran = subprocess.run(command("run", "crash", "exit", "3"), env=extra, timeout=PATIENCE_S, check=False)
        assert ran.returncode == 3
    folder = tmp_path / "cache" / "zos" / "modules"
    assert len(list(folder.iterdir())) == 4, "init, permission, crash and their shim, each once"
    assert stat.S_IMODE(os.stat(folder).st_mode) == stat.S_IMODE(os.stat(folder.parent).st_mode) == 0o700


def test_every_check_reports_something_here() -> None:
    assert all(list(check()) for check in CHECKS)


def test_without_a_command_the_desktop_opens_and_is_left_by_its_own_key(tmp_path: Path) -> None:
    person = Person(command("--data", tmp_path), XDG_CACHE_HOME=str(tmp_path), COLORTERM="truecolor")
    try:
        before = person.attributes
        person.sees(b"\x1b[?1049h")
        person.sees(b"zero>")
        person.type(b"\x02q")
        person.sees(b"Quit with")
        person.type(b"y")
        assert person.ends() == 0
        assert person.attributes == before
    finally:
        person.leave()
