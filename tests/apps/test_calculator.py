"""`calculator`: by keys of its console, and by buttons of a view."""

from __future__ import annotations

import pytest

from tests.apps.support import Tab
from zos_core import abi
from zos_core.abi import Tag
from zos_core.app_protocol import ButtonInput, KeyInput, TextInput, encode


def shown(tab: Tab) -> str:
    (row,) = tab.rows()
    return row


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("", "0"),
        ("12+", "12 +"),
        ("12+30=", "42"),
        ("0.1+0.2\r", "0.3"),
        ("7mc", "0 M"),
        ("7mcr", "7 M"),
        ("1/0=", "Error"),
        ("1/0=c5", "5"),
        ("12\x7f", "1"),
        ("\x1b[A5", "0"),
    ],
)
def test_keys(keys: str, line: str) -> None:
    tab = Tab("calculator")
    assert shown(tab.press(keys) if keys else tab) == line


def test_buttons_text_and_keys_of_a_view() -> None:
    tab = Tab("calculator")
    for message in (ButtonInput("6"), ButtonInput("×"), TextInput("7"), KeyInput(ord("=")), ButtonInput("no such")):
        tab.supervisor.send_message(tab.pid, abi.SLOT_INPUT, Tag.APP_INPUT, encode(message))
    tab.settle()
    assert shown(tab) == "42"


@pytest.mark.parametrize("data", [b"", b"\x01\x10\x00\x00", b"\xff" * 40])
def test_malformed_input_changes_nothing(data: bytes) -> None:
    tab = Tab("calculator").press("5")
    tab.supervisor.send_message(tab.pid, abi.SLOT_INPUT, Tag.APP_INPUT, data)
    tab.settle()
    assert shown(tab) == "5"


@pytest.mark.parametrize("key", ["q", "\x03", "\x04"])
def test_it_ends_by_key(key: str) -> None:
    assert Tab("calculator").press(key).ending().code == 0
