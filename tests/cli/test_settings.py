"""The configuration file: what it may say, what a flag overrides, and one line for whatever is wrong in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.support import command, environment
from zos_tui.cli.settings import Settings, parse_settings
from zos_tui.typed import parse_key

PATIENCE_S = 60


def write(folder: Path, text: str) -> Path:
    path = folder / "zos" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(XDG_CONFIG_HOME=str(folder)), capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def test_every_setting_is_read_and_none_is_needed() -> None:
    text = b'theme = "light"\nleader = "Ctrl+A"\nrecord = false\ndata = "/srv/zos"\n'
    assert parse_settings(text) == Settings("light", "ctrl+a", False, Path("/srv/zos"))
    assert parse_settings(b"# nothing\n") == Settings()
    assert parse_settings(b'data = "~/zos"').data == Path.home() / "zos"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('theme = "blue"', "theme must be dark or light"),
        ("theme = 1", "theme must be dark or light"),
        ('record = "no"', "record must be true or false"),
        ("data = 7", "data must be text in quotes"),
        ('data = "here"', "data must be an absolute path"),
        ('leader = "x"', "is not a key"),
        ("leader = 1", "leader must be text in quotes"),
        ('colour = "red"', "there is no setting 'colour'; there are theme, leader, record, data"),
        ("theme", "is not TOML"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_file(tmp_path: Path, text: str, complaint: str) -> None:
    path = write(tmp_path, text)
    ran = run(tmp_path, "open", "--list")
    assert ran.returncode == 2 and not ran.stdout
    assert ran.stderr.startswith(f"zos: {path}: ") and complaint in ran.stderr and ran.stderr.count("\n") == 1
    checked = run(tmp_path, "doctor")
    assert checked.returncode == 1 and f"fail  {path}: " in checked.stdout


def test_a_file_that_is_no_configuration_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is longer than"):
        parse_settings(b"#" * (1 << 17))
    (tmp_path / "zos" / "config.toml").mkdir(parents=True)
    assert run(tmp_path, "open", "--list").stderr == f"zos: {tmp_path}/zos/config.toml: Is a directory\n"


def test_the_data_folder_is_the_settled_one_unless_a_flag_says_otherwise(tmp_path: Path) -> None:
    write(tmp_path, f'data = "{tmp_path}/mine"')
    assert str(tmp_path / "mine") in run(tmp_path, "open", "--list").stdout
    assert str(tmp_path / "other") in run(tmp_path, "--data", str(tmp_path / "other"), "open", "--list").stdout


@pytest.mark.parametrize("key", ["ctrl+a", "CTRL+Z", "ctrl+@", "ctrl+backslash", "f1", "f12"])
def test_a_leader_is_a_control_or_a_function_key(key: str) -> None:
    assert parse_key(key) == key.lower()


@pytest.mark.parametrize(
    "key", ["a", "ctrl+", "ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "f0", "f13", "alt+x", "ctrl+1", ""]
)
def test_no_letter_and_no_key_that_a_terminal_sends_for_another_is_a_leader(key: str) -> None:
    with pytest.raises(ValueError, match="is not a key"):
        parse_key(key)
