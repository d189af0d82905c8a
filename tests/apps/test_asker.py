"""`asker`: asks, uses, loses, asks again; and reasons that try to be more than a reason."""

from __future__ import annotations

import re

import pytest

from tests.apps.support import ASKING, Tab
from zos_core.abi import ObjectType, Rights
from zos_core.launcher import BUNDLED
from zos_core.policy import Policy, Rule
from zos_core.prompts import MAX_REASON_SHOWN, Choice
from zos_core.stored import owner_text


def test_it_uses_what_it_is_given_until_it_goes_and_asks_again() -> None:
    tab = Tab("asker", policy=ASKING)
    tab.answer(Choice.SESSION)
    tab.wait_for("using it: wrote 1\n")
    (slot,) = (cap.slot for cap in tab.caps() if cap.object_type is ObjectType.STORAGE)
    tab.supervisor.revoke_capability(tab.pid, slot)
    tab.wait_for(f"✗ slot {slot} Storage revoked (explicit)\nusing it: E_BADF: ")
    # Taken back: what was allowed for the session is asked about again.
    tab.answer(Choice.SESSION)
    tab.wait_for(f"asking for Storage rw-\ngiven: slot {slot + 1}, Storage ")
    assert tab.press("\x03").ending().code == 0


def test_it_ends_with_the_first_no_and_a_no_holds() -> None:
    tab = Tab("asker", ["network:7", "r", "for", "the", "news"], policy=ASKING)
    prompt = tab.prompt()
    assert (prompt.object_type, prompt.object_id, prompt.perms) == (ObjectType.NETWORK, 7, Rights.READ)
    assert prompt.reason == "for the news"
    tab.answer(Choice.DENY)
    assert tab.ending().code == 1
    assert tab.text() == "asking for Network 7 r--\ndenied: denied at the prompt\n"


def test_once_is_one_use_of_the_factory() -> None:
    tab = Tab("asker", ["process:factory", "w"], policy=ASKING)
    tab.answer(Choice.ONCE)
    assert re.search(r"given: slot (\d+), Process factory -w-, 1 use left\n", tab.text())
    tab.wait_for("using it: started process ")
    tab.wait_for("Process revoked (expired)\nusing it: E_BADF: ")
    assert len(tab.supervisor.prompts()) == 1, "it asks again"


def test_a_time_runs_out() -> None:
    tab = Tab("asker", ["memory:134217728", "w"], policy=ASKING)
    tab.answer(Choice.FOR_A_TIME, 1500)
    assert re.search(r"given: slot \d+, Memory 128 MiB -w-, for 1\.\ds\n", tab.text())
    tab.wait_for("pages\n")
    tab.wait_for("Memory revoked (expired)\n")


@pytest.mark.parametrize("name", ["escape", "lines", "long", "bidi", "quote"])
def test_hostile_reasons_arrive_harmless(name: str) -> None:
    reason = Tab("asker", ["storage", "r", f"@{name}"], policy=ASKING).prompt().reason
    assert reason and reason.isprintable()
    assert len(reason) <= MAX_REASON_SHOWN + 1


def test_enter_asks_for_another() -> None:
    tab = Tab("asker", ["console:1", "w"], policy=Policy(allow=(Rule(ObjectType.CONSOLE),)))
    tab.press("\n")
    assert sum(cap.object_type is ObjectType.CONSOLE for cap in tab.caps()) == 3


@pytest.mark.parametrize("words", [["disk"], ["storage", "x"], ["storage", "r", "@nice"]])
def test_wrong_use_is_one_line(words: list[str]) -> None:
    tab = Tab("asker", words)
    assert tab.ending().code == 1
    assert tab.text().startswith(f"asker: {words[-1]}: ") and tab.text().count("\n") == 1


def test_a_namespace_is_called_by_the_program_it_belongs_to() -> None:
    tab = Tab("asker", policy=ASKING)
    assert tab.prompt().object_name == "storage 1 of com.zero.asker"
    tab.answer(Choice.SESSION)
    tab.wait_for("using it: wrote 1\n")
    held = next(cap for cap in tab.caps() if cap.object_type is ObjectType.STORAGE)
    listed = next(each for each in tab.supervisor.objects() if each.object_type is ObjectType.STORAGE)
    assert held.object_name == listed.name == "storage 1 of com.zero.asker"


def test_a_module_that_claims_a_bundled_id_is_told_apart() -> None:
    claimed = owner_text("com.zero.asker\x1b[2J", "ab" * 32)
    assert claimed == "com.zero.asker\u241b[2J (module abababab)"
    assert owner_text("com.zero.asker", BUNDLED) == "com.zero.asker"
