"""The numbers of the ABI as guests spell them, in Rust and in C, against their only home."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum, IntFlag

from rich.cells import get_character_cell_size

from tests.apps.support import APPS
from zos_core import abi
from zos_tui.widths import Kind, kinds

RUST = APPS / "zos-process" / "src" / "abi.rs"
HEADER = APPS / "include" / "zos.h"

PREFIXES: dict[type[IntEnum] | type[IntFlag], str] = {
    abi.Errno: "",
    abi.Sys: "SYS_",
    abi.Tag: "MSG_",
    abi.ObjectType: "OBJECT_",
    abi.Rights: "PERM_",
    abi.ProcessState: "STATE_",
    abi.RevokeReason: "REVOKED_",
    abi.ExitHow: "ENDED_",
}
"""How a guest's constant for each enumeration begins."""

LEFT_OUT = {"PERM_NONE"}
"""Members that guests have no use for."""

MODULE_CONSTANTS = (
    "ERROR_BIT", "FACTORY", "PID_SUPERVISOR", "PID_INIT", "PID_PERMISSION", "SLOT_OWN_ENDPOINT", "SLOT_INPUT",
    "SLOT_INIT", "SLOT_PERMISSION", "SPAWN_SHARE_CONSOLE", "SPAWN_LEND_INPUT", "MAX_PAYLOAD", "MAX_QUEUE",
    "MAX_CAPS_PER_MESSAGE", "MAX_CAPS", "MAX_CAPS_FROM_PROGRAMS", "MAX_ENDPOINTS", "MAX_NAME", "MAX_RANDOM",
    "MAX_KEY", "MAX_VALUE", "MAX_STORAGE_READ", "MAX_CONSOLE_BUFFER", "PAGE",
)  # fmt: skip
"""Numbers of their own that guests know by the same names."""

ASSIGNED = (range(0xA0, 0xD800), range(0xE000, 0x32400), range(0xE0000, 0xE01F0))
"""Where Unicode has characters, from the first one the shell looks up."""


def expected() -> dict[str, int]:
    named = {
        f"{prefix}{member.name}": int(member)
        for enumeration, prefix in PREFIXES.items()
        for member in enumeration.__members__.values()
    }
    named |= {name: getattr(abi, name) for name in MODULE_CONSTANTS}
    named |= {"INTERRUPT": abi.INTERRUPT[0], "END_OF_INPUT": abi.END_OF_INPUT[0]}
    return {name: value for name, value in named.items() if name not in LEFT_OUT}


def number(text: str) -> int:
    return int(text.replace("_", "").rstrip("u"), 0)


def rust_constants() -> dict[str, int]:
    lines = [line for line in RUST.read_text().splitlines() if line and not line.startswith("//")]
    found = {}
    for line in lines:
        match = re.fullmatch(r"pub const ([A-Z0-9_]+): u32 = ([0-9a-fx_]+);", line)
        assert match is not None, line
        found[match.group(1)] = number(match.group(2))
    return found


def c_constants() -> dict[str, int]:
    return {name: number(value) for name, value in re.findall(r"#define ZOS_([A-Z0-9_]+) (\w+)", HEADER.read_text())}


def test_rust_spells_the_same_numbers() -> None:
    assert rust_constants() == expected()


def test_c_spells_the_same_numbers() -> None:
    assert c_constants() == expected()


def test_error_texts_are_the_same() -> None:
    source = (APPS / "zos-process" / "src" / "error.rs").read_text()
    rows = re.findall(r'\(Error::\w+, abi::(E_\w+), "(E_\w+)", "([^"]+)"\)', source)
    texts = {code.name: code.text for code in abi.Errno if code}
    assert {code: text for code, _, text in rows} == texts
    assert all(code == name for code, name, _ in rows)


def ranges(table: str) -> Iterator[range]:
    source = (APPS / "terminal" / "src" / "width.rs").read_text()
    match = re.search(rf"const {table}: &\[\(u32, u32\)\] = &\[(.*?)\];", source, re.DOTALL)
    assert match is not None
    for low, high in re.findall(r"\(0x([0-9a-f]+), 0x([0-9a-f]+)\)", match.group(1)):
        yield range(int(low, 16), int(high, 16) + 1)


def test_the_shell_measures_characters_as_the_screen_does() -> None:
    """Every character the screen shows at all; a range may close a gap of code points that nothing is at."""
    cells = {code: width for table, width in (("WIDE", 2), ("ZERO", 0)) for each in ranges(table) for code in each}
    shown = (chr(code) for assigned in ASSIGNED for code in assigned)
    wrong = [
        f"{ord(character):#x}"
        for character in shown
        if character.isprintable()
        and kinds[character] is not Kind.DROP
        and cells.get(ord(character), 1) != get_character_cell_size(character)
    ]
    assert wrong == []
