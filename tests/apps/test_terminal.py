"""The shell on a real machine: keys in, screen out."""

from __future__ import annotations

import re

import pytest

from tests.apps.puppet import Puppet
from tests.apps.support import Tab
from zos_core import abi
from zos_core.abi import ObjectType, Rights, Sys

PROMPT = "zero> "
COMMANDS = {
    "help", "ps", "caps", "grant", "revoke", "derive", "run", "spawn", "kill", "send", "echo", "time", "clear", "exit",
}  # fmt: skip


def last(tab: Tab) -> str:
    """The row the prompt is on."""
    return tab.rows()[-1]


def shell(columns: int = 80, lines: int = 60) -> Tab:
    tab = Tab("terminal", columns=columns, lines=lines)
    assert last(tab) == PROMPT.rstrip()
    return tab


def answer(tab: Tab, line: str) -> list[str]:
    """What a command prints, row by row; the screen is high enough not to scroll."""
    before = len(tab.rows())
    return tab.press(f"{line}\r").rows()[before:-1]


@pytest.mark.parametrize(
    ("keys", "line", "column"),
    [
        ("echo hi", "echo hi", 7),
        ("echo hi\x1b[D\x1b[Dx", "echo xhi", 6),
        ("ab\x01c\x05d", "cabd", 4),
        ("one two\x17", "one", 4),
        ("one two\x17\x19", "one two", 7),
        ("one two\x1b[1;5D\x15", "two", 0),
        ("one\x01\x0b", "", 0),
        ("日本語\x1b[D", "日本語", 4),
        ("日本語\x7f", "日本", 4),
        ("e\u0301x\x1b[D\x7f", "x", 0),
        ("abc\x1b[H\x1b[3~", "bc", 0),
        ("dropped\x03kept", "kept", 4),
    ],
)
def test_line_editing(keys: str, line: str, column: int) -> None:
    tab = shell().press(keys)
    assert last(tab) == (PROMPT + line).rstrip()
    assert tab.cursor()[0] == len(PROMPT) + column


def test_a_line_longer_than_the_screen_is_redrawn_whole() -> None:
    tab = shell(columns=20)
    tab.press("echo 0123456789abcdefghijklmnop")
    assert tab.rows()[-2:] == ["zero> echo 012345678", "9abcdefghijklmnop"]
    tab.press("\x01" + "\x1b[C" * 5 + "日")
    assert tab.rows()[-2:] == ["zero> echo 日0123456", "789abcdefghijklmnop"]
    assert tab.cursor() == (13, len(tab.rows()) - 2)
    tab.press("\x15")
    assert tab.rows()[-2:] == ["zero> 0123456789abcd", "efghijklmnop"]
    tab.press("\x05\x15")
    assert last(tab) == "zero>"


def test_a_line_that_just_fills_the_row() -> None:
    tab = shell(columns=20)
    tab.press("12345678901234")
    assert last(tab) == "zero> 12345678901234"
    tab.press("5")
    assert tab.rows()[-2:] == ["zero> 12345678901234", "5"]
    tab.press("\x7f\x7f")
    assert last(tab) == "zero> 1234567890123"


def test_the_shell_follows_a_change_of_width() -> None:
    tab = shell(columns=40)
    tab.press("echo 0123456789")
    tab.screen.resize(14, 60)
    tab.settle()
    tab.press("abcdef")
    assert "".join(tab.rows()).endswith("zero> echo 0123456789abcdef")


def test_history_and_search() -> None:
    tab = shell()
    tab.press("echo one\recho two\rps\r")
    assert last(tab.press("\x1b[A\x1b[A")) == "zero> echo two"
    assert last(tab.press("\x1b[B\x1b[B")) == "zero>"
    assert last(tab.press("\x12one")) == "(search) one: echo one"
    assert tab.press("\r").rows()[-2:] == ["one", "zero>"]


def test_completion() -> None:
    tab = shell()
    assert last(tab.press("der\t")) == "zero> derive"
    assert last(tab.press("\x15run cra\t")) == "zero> run crash"
    rows = tab.press("\x15run c\t").rows()
    assert rows[-2:] == ["calculator  clock  confined  crash", "zero> run c"]
    assert last(tab.press("\x15kill \t")) == "zero> kill"


def test_keys_typed_fast_are_all_there() -> None:
    tab = shell()
    for key in "echo one two three\r":
        tab.type(key)
    tab.settle()
    assert tab.rows()[-2:] == ["one two three", "zero>"]


def test_help_lists_every_command_and_wrong_use_shows_usage() -> None:
    tab = shell()
    *listed, rights = answer(tab, "help")
    assert {row.split()[0] for row in listed} == COMMANDS and len(listed) == len(COMMANDS), "one row each, none wraps"
    assert rights.startswith("RIGHTS")
    for command in ("grant", "derive", "revoke", "send", "kill", "run", "spawn", "caps x", "time x", "clear x"):
        (line,) = answer(tab, command)
        assert line.startswith(f"usage: {command.split()[0]}")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("nonsense", "nonsense: no such command; `help` lists them, `run nonsense` runs a program"),
        ("run nonsense", "run: nonsense: E_NOENT: no such program"),
        ("kill 1", "kill: E_PERM: no capability gives this right"),
        ("grant 2 3 w", "grant: E_PERM: no capability gives this right"),
        ("derive 99 w", "derive: E_BADF: no capability in that slot, or of the wrong type"),
        ("derive 0 x", "derive: x: not rights; write letters of rwg"),
        ("derive 0 w for 10", "derive: 10: not a duration; write 500ms, 10s, 5m or 2h"),
        ("send 0 bad hi", "send: bad: not a tag; write 4096 or 0x1000"),
        ("echo 'open", "a quote is not closed: '"),
    ],
)
def test_errors_are_one_line_that_names_the_code(line: str, error: str) -> None:
    assert answer(shell(columns=120), line) == [error]


def test_ps_and_caps_are_tables() -> None:
    tab = shell()
    rows = answer(tab, "ps")
    assert rows[0].split() == ["PID", "PARENT", "STATE", "MEMORY", "NAME"]
    assert [row.split()[-1] for row in rows[1:]] == ["init", "permission", "terminal"]
    rows = answer(tab, "caps")
    assert rows[0].split() == ["SLOT", "TYPE", "OBJECT", "RIGHTS", "EXPIRES", "USES"]
    assert re.fullmatch(r" +0  Endpoint  \d+ \(own\) +rwg +- +-", rows[1])
    assert any(re.fullmatch(r" +\d+  Process   factory +-w- +- +-", row) for row in rows)


def test_derive_grant_and_revoke_change_what_is_held() -> None:
    tab = shell()
    other = tab.supervisor.spawn("idle", ["block"])
    tab.settle()
    (line,) = answer(tab, "derive 0 wg for 1h uses 3")
    slot = int(line.removeprefix("the copy is in slot "))
    (row,) = (row for row in answer(tab, "caps") if row.split()[0] == str(slot))
    assert row.split()[-3] == "-wg" and re.fullmatch(r"3\d{3}\.\ds", row.split()[-2]) and row.split()[-1] == "3"
    (line,) = answer(tab, f"grant {slot} {other} w")
    match = re.fullmatch(rf"process {other} has it in slot (\d+)", line)
    assert match is not None
    (process,) = (each for each in tab.supervisor.snapshot().processes if each.pid == other)
    (held,) = (each for each in process.capabilities if each.slot == int(match.group(1)))
    assert (held.object_type, held.perms) == (ObjectType.ENDPOINT, Rights.WRITE)
    assert answer(tab, f"revoke {slot}") == [f"revoked slot, and all that came from it: {slot}"]
    (process,) = (each for each in tab.supervisor.snapshot().processes if each.pid == other)
    assert all(each.slot != held.slot for each in process.capabilities)


def test_a_revocation_is_told_and_the_line_being_written_stays() -> None:
    tab = shell()
    slot = tab.supervisor.grant_capability(tab.pid, ObjectType.STORAGE, 7, Rights.READ)
    tab.press("echo hal")
    tab.supervisor.revoke_capability(tab.pid, slot)
    tab.settle()
    assert tab.rows()[-2:] == [f"✗ slot {slot} Storage revoked (explicit)", "zero> echo hal"]
    assert tab.press("f\r").rows()[-2:] == ["half", "zero>"]


def test_an_expiry_and_the_end_of_a_granter_are_told_too() -> None:
    tab = shell()
    slot = tab.supervisor.grant_capability(tab.pid, ObjectType.STORAGE, 7, Rights.READ, expires_in_ms=20)
    tab.wait_for(f"✗ slot {slot} Storage revoked (expired)")
    granter = Puppet(tab.supervisor)
    given = granter.do(Sys.CAP_GRANT, abi.SLOT_OWN_ENDPOINT, tab.pid, Rights.WRITE).result
    tab.supervisor.kill_process(granter.pid)
    tab.settle()
    assert tab.rows()[-2:] == [f"✗ slot {given} Endpoint revoked (source exited)", "zero>"]


def test_run_lends_the_console_and_takes_it_back() -> None:
    tab = shell()
    tab.press("run idle\r")
    tab.press("these keys are for idle\r")
    assert "these keys" not in tab.text()
    tab.press("\x04")
    assert last(tab) == "zero>"
    assert answer(tab, "run crash exit 3")[-1].endswith(" ended with code 3")
    assert answer(tab, "run crash div0")[-1].startswith("✗ crash (")
    assert tab.press("echo back\r").rows()[-2:] == ["back", "zero>"]


def test_what_was_typed_stays_visible_while_a_person_is_asked() -> None:
    tab = shell()
    (factory,) = (int(row.split()[0]) for row in answer(tab, "caps") if "factory" in row)
    tab.supervisor.revoke_capability(tab.pid, factory)
    tab.settle()
    tab.press("run idle\r")
    assert "zero> run idle" in tab.rows()


def test_output_without_a_line_end_does_not_swallow_the_prompt() -> None:
    tab = shell()
    tab.press("run clock\r")
    tab.wait_for("UTC")
    tab.press("q")
    assert last(tab) == "zero>"
    assert "UTC" in tab.rows()[-2]


def test_spawn_and_kill() -> None:
    tab = shell()
    (line,) = answer(tab, "spawn idle block")
    pid = int(line.removeprefix("started as process "))
    assert last(tab.press("kill \t")) == f"zero> kill {pid}"
    rows = tab.press("\r").rows()
    assert f"killed process {pid}" in rows
    assert f"✗ idle ({pid}) was killed" in rows
    assert not any("Process revoked" in row for row in rows)
    assert tab.supervisor.exit_of(pid) is not None


def test_a_message_is_shown_without_its_control_characters() -> None:
    tab = shell()
    tab.supervisor.send_message(tab.pid, abi.SLOT_INPUT, 0x1234, b"hi\x1b[2J")
    tab.settle()
    assert tab.rows()[-2:] == ["✉ from 0, tag 0x1234: hi\\u{1b}[2J", "zero>"]


def test_end_of_input_and_exit_codes() -> None:
    assert shell().press("\x04").ending().code == 0
    assert shell().press("not empty\x04\x03exit 9\r").ending().code == 9


PIPED = ["echo hi\n", "echo 'a  b' \\\n", "\n", "kill 1\n", "exit 4\n"]
PIPED_OUTPUT = "hi\na  b \\\nkill: E_PERM: no capability gives this right\n"


@pytest.mark.parametrize("pieces", [PIPED, ["".join(PIPED)]])
def test_plain_mode_prints_nothing_but_results(pieces: list[str]) -> None:
    tab = Tab("terminal", plain=True)
    for piece in pieces:
        tab.type(piece)
    assert tab.ending().code == 4
    assert tab.text() == PIPED_OUTPUT


def test_plain_mode_runs_a_last_line_without_its_end() -> None:
    tab = Tab("terminal", plain=True)
    tab.type("echo one\necho two")
    tab.supervisor.send_end_of_input(tab.pid)
    assert tab.ending().code == 0
    assert tab.text() == "one\ntwo\n"


def test_a_whole_line_as_first_input_means_plain() -> None:
    tab = Tab("terminal")
    started = len(tab.transcript)
    tab.press("echo hi\n").press("echo ho\n")
    assert tab.transcript[started:].replace(b"\x1b[?2048l", b"") == b"hi\nho\n"


def test_a_program_run_from_a_pipe_gets_the_rest_of_it() -> None:
    tab = Tab("terminal", plain=True)
    tab.press("run idle\n").press("\x03").press("echo after\n")
    assert tab.text() == "after\n"


def test_the_shell_survives_a_long_life() -> None:
    """The allocator recycles: thousands of lines of every size leave room for more."""
    tab = Tab("terminal", plain=True)
    for number in range(3000):
        tab.type(f"echo {'x' * (number * 7 % 1500)} {number}\n")
        if number % 20 == 0:
            tab.settle()
    tab.press("echo done\n")
    assert tab.text().endswith(" 2999\ndone\n")
