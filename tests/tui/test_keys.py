"""Keys, pastes and mouse events to bytes, by the tables of xterm."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from zos_tui.keys import NO_BUTTON, WHEEL_BUTTONS, encode, encode_focus, encode_mouse, encode_paste


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("up", b"\x1b[A"),
        ("down", b"\x1b[B"),
        ("right", b"\x1b[C"),
        ("left", b"\x1b[D"),
        ("home", b"\x1b[H"),
        ("end", b"\x1b[F"),
        ("shift+up", b"\x1b[1;2A"),
        ("alt+up", b"\x1b[1;3A"),
        ("ctrl+left", b"\x1b[1;5D"),
        ("ctrl+shift+home", b"\x1b[1;6H"),
        ("alt+ctrl+shift+end", b"\x1b[1;8F"),
        ("insert", b"\x1b[2~"),
        ("delete", b"\x1b[3~"),
        ("pageup", b"\x1b[5~"),
        ("pagedown", b"\x1b[6~"),
        ("ctrl+delete", b"\x1b[3;5~"),
        ("shift+pageup", b"\x1b[5;2~"),
        ("f1", b"\x1bOP"),
        ("f4", b"\x1bOS"),
        ("f5", b"\x1b[15~"),
        ("f6", b"\x1b[17~"),
        ("f10", b"\x1b[21~"),
        ("f11", b"\x1b[23~"),
        ("f12", b"\x1b[24~"),
        ("shift+f1", b"\x1b[1;2P"),
        ("ctrl+f5", b"\x1b[15;5~"),
        ("enter", b"\r"),
        ("tab", b"\t"),
        ("shift+tab", b"\x1b[Z"),
        ("backtab", b"\x1b[Z"),
        ("escape", b"\x1b"),
        ("backspace", b"\x7f"),
        ("ctrl+backspace", b"\b"),
        ("alt+backspace", b"\x1b\x7f"),
        ("alt+enter", b"\x1b\r"),
        ("space", b" "),
        ("ctrl+space", b"\0"),
        ("ctrl+@", b"\0"),
        ("ctrl+at", b"\0"),
        ("ctrl+j", b"\n"),
        ("newline", b"\n"),
        ("ctrl+left_square_bracket", b"\x1b"),
        ("ctrl+backslash", b"\x1c"),
        ("ctrl+right_square_bracket", b"\x1d"),
        ("ctrl+circumflex_accent", b"\x1e"),
        ("ctrl+underscore", b"\x1f"),
        ("ctrl+slash", b"\x1f"),
        ("ctrl+question_mark", b"\x7f"),
        ("ctrl+2", b"\0"),
        ("alt+x", b"\x1bx"),
        ("alt+shift+x", b"\x1bX"),
        ("alt+1", b"\x1b1"),
        ("alt+full_stop", b"\x1b."),
        ("alt+ctrl+c", b"\x1b\x03"),
        ("full_stop", b"."),
        ("minus", b"-"),
        ("plus", b"+"),
        ("at", b"@"),
        ("left_pointing_double_angle_quotation_mark", "«".encode()),
        ("A", b"A"),
        ("é", "é".encode()),
        ("漢", "漢".encode()),
        ("ctrl+1", None),
        ("ctrl+é", None),
        ("super+a", None),
        ("caps_lock", None),
        ("f24", None),
        ("left_shift", None),
        ("<scroll-up>", None),
        ("<ignore>", None),
        ("", None),
        ("nonsense+a", None),
    ],
)
def test_by_name_alone(key: str, expected: bytes | None) -> None:
    assert encode(key, None) == expected


@pytest.mark.parametrize("letter", string.ascii_lowercase)
def test_ctrl_letters(letter: str) -> None:
    assert encode(f"ctrl+{letter}", chr(ord(letter) & 0x1F)) == bytes((ord(letter) & 0x1F,))


@pytest.mark.parametrize("character", string.printable[:95])
def test_printable_keys_with_and_without_their_character(character: str) -> None:
    name = _character_to_key(character)
    assert encode(name, character) == encode(name, None) == character.encode()


def test_the_character_wins_over_the_name() -> None:
    assert encode("shift+a", "A") == b"A"
    assert encode("dead_key", "ü") == "ü".encode()


@pytest.mark.parametrize(("key", "last"), [("up", b"A"), ("end", b"F"), ("home", b"H")])
def test_application_cursor_mode(key: str, last: bytes) -> None:
    assert encode(key, None, application_cursor=True) == b"\x1bO" + last
    assert encode(f"ctrl+{key}", None, application_cursor=True) == b"\x1b[1;5" + last
    assert encode("delete", None, application_cursor=True) == b"\x1b[3~"


@given(st.text(max_size=20), st.none() | st.characters())
def test_no_key_name_raises(key: str, character: str | None) -> None:
    assert isinstance(encode(key, character), bytes | None)


def test_paste() -> None:
    assert encode_paste("a\r\nb\nc\rd\te", False) == b"a\rb\rc\rd\te"
    assert encode_paste("é\n", True) == b"\x1b[200~\xc3\xa9\r\x1b[201~"


@given(st.text(max_size=40), st.booleans())
def test_a_paste_cannot_leave_its_bracket_or_press_keys(text: str, bracketed: bool) -> None:
    data = encode_paste(text + "\x1b[201~\x03\x9b201~", bracketed)
    if bracketed:
        assert data.startswith(b"\x1b[200~") and data.endswith(b"\x1b[201~")
        data = data[6:-6]
    assert all(character >= " " or character in "\t\r" for character in data.decode())
    assert not any("\x7f" <= character <= "\x9f" for character in data.decode())


def test_focus() -> None:
    assert (encode_focus(True), encode_focus(False)) == (b"\x1b[I", b"\x1b[O")


@pytest.mark.parametrize(
    ("event", "sgr", "x10"),
    [
        ({"button": 0, "pressed": True}, b"\x1b[<0;3;5M", b"\x1b[M #%"),
        ({"button": 2, "pressed": False}, b"\x1b[<2;3;5m", b"\x1b[M##%"),
        ({"button": 0, "pressed": True, "motion": True}, b"\x1b[<32;3;5M", b"\x1b[M@#%"),
        ({"button": NO_BUTTON, "pressed": False, "motion": True}, b"\x1b[<35;3;5M", b"\x1b[MC#%"),
        ({"button": WHEEL_BUTTONS["down"], "pressed": True}, b"\x1b[<65;3;5M", b"\x1b[Ma#%"),
        ({"button": 1, "pressed": True, "shift": True, "alt": True, "ctrl": True}, b"\x1b[<29;3;5M", b"\x1b[M=#%"),
    ],
)
def test_mouse(event: dict[str, int], sgr: bytes, x10: bytes) -> None:
    assert encode_mouse(x=2, y=4, **event) == sgr  # type: ignore[arg-type]
    assert encode_mouse(x=2, y=4, sgr=False, **event) == x10  # type: ignore[arg-type]


def test_mouse_positions_that_cannot_be_said() -> None:
    assert encode_mouse(0, 500, 0, pressed=True) == b"\x1b[<0;501;1M"
    assert encode_mouse(0, 500, 0, pressed=True, sgr=False) is None
    assert encode_mouse(0, 222, 0, pressed=True, sgr=False) == b"\x1b[M \xff!"
    assert encode_mouse(0, -1, 0, pressed=True) is None
