"""The app protocol: literal envelopes, round trips of every state and input, and hostile envelopes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos_core import app_protocol as app
from zos_core.abi import MAX_PAYLOAD, Malformed

u8, u32 = st.integers(0, 255), st.integers(0, 2**32 - 1)
text = st.text(max_size=30)
characters = st.characters(exclude_categories=["Cs"])

messages = st.one_of(
    st.builds(app.ClockState, text, text, st.booleans(), text),
    st.builds(app.CalculatorState, text, st.none() | characters, st.booleans(), u8),
    st.builds(app.TerminalState, text, text, u32, st.booleans()),
    st.builds(app.ButtonInput, text),
    st.builds(app.TextInput, text),
    st.builds(app.KeyInput, u32, st.integers(0, 7).map(app.Modifiers)),
    st.builds(app.FocusInput, st.booleans()),
    st.builds(app.TerminalInput, st.sampled_from(app.TerminalAction), text),
)

LITERAL = [
    (app.ClockState("09:41", "Mon", True, "UTC"), "01 01 1300 01 0500 30393a3431 0300 4d6f6e 01 0300 555443"),
    (app.CalculatorState("12", "+", False, 1), "01 02 0c00 02 0200 3132 01 2b000000 00 01"),
    (app.CalculatorState("E", None, True, 0), "01 02 0700 02 0100 45 00 01 00"),
    (app.TerminalState("hi", "$ ", 3, True), "01 03 0e00 03 0200 6869 0200 2420 03000000 01"),
    (app.ButtonInput("="), "01 10 0400 10 0100 3d"),
    (app.TextInput("é"), "01 11 0500 11 0200 c3a9"),
    (app.KeyInput(65, app.Modifiers.SHIFT | app.Modifiers.ALT), "01 12 0600 12 41000000 05"),
    (app.FocusInput(True), "01 13 0200 13 01"),
    (app.TerminalInput(app.TerminalAction.ENTER, "ls"), "01 20 0600 20 01 0200 6c73"),
]


@pytest.mark.parametrize(("message", "data"), LITERAL, ids=lambda value: type(value).__name__)
def test_literal_bytes(message: app.AppMessage, data: str) -> None:
    assert app.encode(message).hex() == bytes.fromhex(data).hex()
    assert app.decode(bytes.fromhex(data)) == message


@given(messages)
def test_round_trip(message: app.AppMessage) -> None:
    assert app.decode(app.encode(message)) == message


@given(messages, st.integers(1, 40))
def test_a_cut_envelope_is_refused(message: app.AppMessage, cut: int) -> None:
    with pytest.raises(Malformed):
        app.decode(app.encode(message)[:-cut])


@given(st.binary(max_size=80))
def test_whatever_decodes_has_one_spelling(payload: bytes) -> None:
    for type_tag in app.AppType:
        body = bytes([type_tag]) + payload
        envelope = bytes([app.APP_VERSION, type_tag]) + len(body).to_bytes(2, "little") + body
        try:
            message = app.decode(envelope)
        except Malformed:
            continue
        assert app.encode(message) == envelope


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "1 bytes expected"),
        ("02 13 0200 13 01", "version 2"),
        ("01 13 0300 13 01", "holds 2"),
        ("01 13 0200 13 01 00", "holds 3"),
        ("01 14 0200 14 01", "unknown app type 0x14"),
        ("01 13 0200 12 01", "another type tag"),
        ("01 13 0000", "1 bytes expected"),
        ("01 13 0300 13 01 00", "left over"),
        ("01 13 0200 13 02", "a flag is 0 or 1"),
        ("01 11 0400 11 0100 ff", "UTF-8"),
        ("01 11 0400 11 0200 61", "2 bytes expected"),
        ("01 12 0600 12 41000000 08", "modifiers"),
        ("01 20 0400 20 0a 0000", "action 10"),
        ("01 02 0a00 02 0000 01 00d80000 00 00", "no character"),
        ("01 02 0a00 02 0000 01 00001100 00 00", "no character"),
    ],
)
def test_a_malformed_envelope_says_why(data: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        app.decode(bytes.fromhex(data))


def test_an_envelope_fits_one_message() -> None:
    room = MAX_PAYLOAD - len(app.encode(app.TextInput("")))
    assert len(app.encode(app.TextInput("x" * room))) == MAX_PAYLOAD
    with pytest.raises(ValueError, match="larger than a message"):
        app.encode(app.TextInput("x" * (room + 1)))
