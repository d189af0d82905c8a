"""`notes`: Storage asked for, used, taken away and given again, while the program runs."""

from __future__ import annotations

import re

import pytest

from tests.apps.support import ASKING, Tab
from zos_core.abi import ObjectType, Rights
from zos_core.policy import Policy, Rule
from zos_core.prompts import Choice

ALLOWING = Policy(allow=(Rule(ObjectType.STORAGE),))
NO_STORAGE = "E_BADF: no capability in that slot, or of the wrong type"


def storage_slot(tab: Tab) -> int:
    (held,) = (cap for cap in tab.caps() if cap.object_type is ObjectType.STORAGE)
    return held.slot


def said(tab: Tab, line: str) -> str:
    """What a command prints, without the next prompt."""
    before = len(tab.text())
    tab.press(f"{line}\n")
    return tab.text()[before:].removesuffix("notes> ").rstrip("\n")


def test_notes_are_kept_listed_shown_and_deleted() -> None:
    tab = Tab("notes", policy=ALLOWING)
    assert said(tab, "list") == "no notes"
    assert said(tab, "add  milk and honey ") == "note 1 kept"
    assert said(tab, f"add {'x' * 70}") == "note 2 kept"
    assert said(tab, "list") == f"   1  milk and honey\n   2  {'x' * 60}…"
    assert said(tab, "show 2") == "x" * 70
    assert said(tab, "delete 1") == "note 1 deleted"
    assert said(tab, "show 1") == "show: there is no note 1"
    assert said(tab, "add third") == "note 3 kept"
    assert said(tab, "clear") == "2 deleted"
    assert said(tab, "list") == "no notes"


def test_notes_outlive_the_program_but_belong_to_it() -> None:
    tab = Tab("notes", ["add", "for", "later"], policy=ALLOWING)
    assert tab.ending().code == 0
    shown: list[bytes] = []
    again = tab.supervisor.spawn("notes", ["list"])
    tab.supervisor.register_console_callback(again, lambda data, _: shown.append(data))
    assert tab.supervisor.run_until(lambda: tab.supervisor.exit_of(again) is not None)
    assert b"".join(shown) == b"   1  for later\n"


def test_without_a_yes_nothing_is_kept_and_the_exit_code_says_so() -> None:
    tab = Tab("notes", ["add", "secret"])
    assert tab.ending().code == 1
    assert tab.text() == "add: denied: denied at the prompt\n"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("add", "usage: add TEXT"),
        ("show x", "usage: show N"),
        ("list all", "usage: list"),
        ("sing", "sing: no such command; `help` lists them"),
        ("   ", ""),
    ],
)
def test_wrong_use_is_one_line(line: str, answer: str) -> None:
    assert said(Tab("notes", policy=ALLOWING), line) == answer


def test_the_person_is_asked_when_storage_is_first_needed() -> None:
    tab = Tab("notes", policy=ASKING)
    assert tab.supervisor.prompts() == ()
    tab.press("add hello\n")
    prompt = tab.prompt()
    assert (prompt.pid, prompt.name, prompt.object_type) == (tab.pid, "notes", ObjectType.STORAGE)
    assert (prompt.perms, prompt.reason) == (Rights.READ | Rights.WRITE, "keep your notes")
    tab.answer(Choice.SESSION)
    assert tab.text().endswith("note 1 kept\nnotes> ")


def test_a_revocation_is_told_the_next_write_too_and_it_can_ask_again() -> None:
    tab = Tab("notes", policy=ALLOWING)
    said(tab, "add one")
    slot = storage_slot(tab)
    tab.supervisor.revoke_capability(tab.pid, slot)
    tab.settle()
    assert tab.text().endswith(f"\n✗ slot {slot} Storage revoked (explicit)\nnotes> ")
    assert said(tab, "add two") == f"add: {NO_STORAGE}"
    given = said(tab, "ask")
    assert re.fullmatch(r"given: slot \d+, Storage \d+ rw-", given)
    assert said(tab, "add two") == "note 2 kept"


def test_storage_given_by_somebody_is_used_without_asking() -> None:
    tab = Tab("notes")
    namespace = 5
    slot = tab.supervisor.grant_capability(tab.pid, ObjectType.STORAGE, namespace, Rights.READ)
    assert said(tab, "list") == "no notes"
    assert said(tab, "add x") == "add: E_PERM: no capability gives this right"
    tab.supervisor.revoke_capability(tab.pid, slot)
    assert said(tab, "add x").endswith(f"add: {NO_STORAGE}")
    tab.supervisor.grant_capability(tab.pid, ObjectType.STORAGE, namespace, Rights.READ | Rights.WRITE)
    assert said(tab, "add x") == "note 1 kept"


def test_watching_an_expiry_come_and_storage_come_back() -> None:
    tab = Tab("notes", policy=ASKING)
    tab.press("watch\n")
    tab.answer(Choice.FOR_A_TIME, 500)
    tab.wait_for("write 1: ok\nwrite 2: ok\n")
    tab.wait_for("Storage revoked (expired)\n")
    tab.wait_for(f": {NO_STORAGE}\n")
    tab.supervisor.grant_capability(tab.pid, ObjectType.STORAGE, 5, Rights.WRITE)
    lost = tab.text().count("ok\n")
    assert tab.supervisor.run_until(lambda: tab.text().count("ok\n") > lost)
    tab.press("\n")
    assert re.search(r"\n\d+ written, \d+ refused\nnotes> $", tab.text())
    numbers = [int(number) for number in re.findall(r"write (\d+):", tab.text())]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_pipe_gets_no_prompts() -> None:
    tab = Tab("notes", plain=True, policy=ALLOWING)
    tab.type("add one\nshow 1\nshow 7")
    tab.supervisor.send_end_of_input(tab.pid)
    assert tab.ending().code == 1
    assert tab.text() == "note 1 kept\none\nshow: there is no note 7\n"


@pytest.mark.parametrize("key", ["\x03", "\x04", "exit\n"])
def test_it_ends_by_key_and_by_command(key: str) -> None:
    assert Tab("notes").press(key).ending().code == 0
