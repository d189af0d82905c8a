"""`hog`: memory follows the largest ceiling held, and nothing is given above it."""

from __future__ import annotations

import re

import pytest

from tests.apps.support import Tab
from zos_core import abi
from zos_core.abi import ObjectType, Rights
from zos_core.launcher import Options

MIB = 1 << 20


def memory_of(tab: Tab) -> int:
    process = tab.supervisor.snapshot().process(tab.pid)
    assert process is not None
    return process.memory_size


def test_it_takes_all_there_is_and_is_refused_the_rest() -> None:
    tab = Tab("hog")
    assert re.fullmatch(r"grew by 62\.9 MiB: size 64 MiB, ceiling 64 MiB \(1 capability\)\n", tab.text())
    assert memory_of(tab) == abi.DEFAULT_MEMORY
    assert tab.press("\n").text().endswith("\nrefused: size 64 MiB, ceiling 64 MiB (1 capability)\n")


def test_a_ceiling_that_rises_is_used_and_one_that_falls_gives_no_more() -> None:
    tab = Tab("hog")
    slot = tab.supervisor.grant_capability(tab.pid, ObjectType.MEMORY, 96 * MIB, Rights.WRITE)
    tab.wait_for("grew by 32 MiB: size 96 MiB, ceiling 96 MiB (the largest of 2)\n")
    tab.supervisor.revoke_capability(tab.pid, slot)
    tab.wait_for(f"✗ slot {slot} Memory revoked (explicit)\n")
    tab.wait_for("the ceiling changed: size 96 MiB, ceiling 64 MiB (1 capability)\n")
    tab.press("\n")
    assert tab.text().endswith("\nrefused: size 96 MiB, ceiling 64 MiB (1 capability)\n")
    assert memory_of(tab) == 96 * MIB


def test_without_any_memory_capability_nothing_is_given() -> None:
    tab = Tab("hog")
    (slot,) = (cap.slot for cap in tab.caps() if cap.object_type is ObjectType.MEMORY)
    tab.supervisor.revoke_capability(tab.pid, slot)
    tab.wait_for("the ceiling changed: size 64 MiB, ceiling 0 MiB (no Memory capability)\n")


def test_a_smaller_ceiling_from_the_start() -> None:
    tab = Tab("idle")
    shown: list[bytes] = []
    hog = tab.supervisor.spawn("hog", ["3"], options=Options(memory=2 * MIB))
    tab.supervisor.register_console_callback(hog, lambda data, _: shown.append(data))
    tab.settle()
    assert b"".join(shown).endswith(b"size 2 MiB, ceiling 2 MiB (1 capability)\n")


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_it_ends_by_key(key: str) -> None:
    assert Tab("hog").press(key).ending().code == 0


def test_wrong_use_is_one_line() -> None:
    tab = Tab("hog", ["0"])
    assert tab.ending().code == 1
    assert tab.text() == "hog: 0: usage: hog [STEP_PAGES]\n"
