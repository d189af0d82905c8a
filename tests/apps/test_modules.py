"""The built modules, read as files: layout of memory, imports, names. No Rust toolchain is needed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.apps.support import APP_NAMES, APPS
from zos_core import abi
from zos_core.manifest import parse
from zos_core.runtime.module import ModuleKind, inspect
from zos_core.snapshot import ConsoleMode

HEAP_SOURCE = APPS / "zos-process" / "src" / "heap.rs"
ENV_FUNCTIONS = {"zos_syscall", "zos_send_bytes", "zos_recv_bytes", "zos_yield", "zos_get_pid"}
SECTION_CUSTOM, SECTION_IMPORT, SECTION_MEMORY, SECTION_GLOBAL, SECTION_EXPORT, SECTION_DATA = 0, 2, 5, 6, 7, 11
KIND_GLOBAL, I32, I32_CONST, END = 3, 0x7F, 0x41, 0x0B


class Reader:
    """LEB128 numbers and byte strings, in order."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def i32_const(self) -> int:
        """A constant expression of one `i32.const`, as an address."""
        assert self.byte() == I32_CONST
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        assert self.byte() == END
        return (value - (1 << shift) if byte & 0x40 else value) & abi.U32

    def bytes(self) -> bytes:
        size = self.unsigned()
        self.at += size
        return self.data[self.at - size : self.at]


class Layout(NamedTuple):
    """Where a module puts its stack and its data; ranges are (start, end)."""

    memory_bytes: int
    stack_top: int
    data: list[tuple[int, int]]
    heap_base: int


def sections(name: str) -> Iterator[tuple[int, bytes]]:
    reader = Reader((APPS / name / f"{name}.wasm").read_bytes())
    reader.at = 8
    while reader.at < len(reader.data):
        yield reader.byte(), reader.bytes()


def custom_sections(name: str) -> dict[bytes, bytes]:
    found = {}
    for kind, content in sections(name):
        if kind == SECTION_CUSTOM:
            reader = Reader(content)
            name_of_section = reader.bytes()
            found[name_of_section] = content[reader.at :]
    return found


def layout(name: str) -> Layout:
    by_kind = {kind: Reader(content) for kind, content in sections(name) if kind != SECTION_CUSTOM}
    memory = by_kind[SECTION_MEMORY]
    assert memory.unsigned() == 1
    memory.unsigned()
    pages = memory.unsigned()
    globals_at = []
    section = by_kind[SECTION_GLOBAL]
    for _ in range(section.unsigned()):
        assert section.byte() == I32
        is_mutable = section.byte() == 1
        globals_at.append((is_mutable, section.i32_const()))
    data = []
    section = by_kind[SECTION_DATA]
    for _ in range(section.unsigned()):
        assert section.unsigned() == 0, "only active segments of memory 0 have a place that can be checked"
        start = section.i32_const()
        data.append((start, start + len(section.bytes())))
    heap_base = globals_at[exported_globals(by_kind[SECTION_EXPORT])["__heap_base"]][1]
    (stack_top,) = (value for is_mutable, value in globals_at if is_mutable)
    return Layout(pages * abi.PAGE, stack_top, data, heap_base)


def exported_globals(section: Reader) -> dict[str, int]:
    found = {}
    for _ in range(section.unsigned()):
        name, kind, index = section.bytes().decode(), section.byte(), section.unsigned()
        if kind == KIND_GLOBAL:
            found[name] = index
    return found


def heap_constant(name: str) -> int:
    """A constant of the allocator, as its source writes it."""
    match = re.search(rf"pub const {name}: usize = ([0-9a-fx* ]+);", HEAP_SOURCE.read_text())
    assert match is not None
    product = 1
    for factor in match.group(1).split("*"):
        product *= int(factor, 0)
    return product


def test_the_heap_has_the_seeds_constants() -> None:
    assert (heap_constant("HEAP_START"), heap_constant("HEAP_SIZE")) == (0x10000, 1024 * 1024)


@pytest.mark.parametrize("name", APP_NAMES)
def test_stack_data_and_heap_are_disjoint(name: str) -> None:
    """The stack grows down from its top to 0, the data follow it, the heap begins behind both."""
    found = layout(name)
    assert found.data, "a module without data would prove nothing"
    assert 0 < found.stack_top <= min(start for start, _ in found.data)
    data_end = max(end for _, end in found.data)
    assert data_end <= found.heap_base <= heap_constant("HEAP_START")
    assert heap_constant("HEAP_START") + heap_constant("HEAP_SIZE") <= found.memory_bytes


@pytest.mark.parametrize("name", APP_NAMES)
def test_only_the_five_functions_are_imported(name: str) -> None:
    info = inspect((APPS / name / f"{name}.wasm").read_bytes())
    assert info.kind is ModuleKind.ZOS
    assert {each.module for each in info.imports} == {"env"}
    assert {each.name for each in info.imports} <= ENV_FUNCTIONS


@pytest.mark.parametrize("name", APP_NAMES)
def test_functions_have_readable_names_and_nothing_else_is_carried(name: str) -> None:
    custom = custom_sections(name)
    assert set(custom) <= {b"name", b"zos.manifest"}
    names = custom[b"name"].decode(errors="replace")
    assert f"{name}::main" in names or "run_app" in names
    assert "_ZN" not in names


@pytest.mark.parametrize("name", APP_NAMES)
def test_manifests_are_complete(name: str) -> None:
    text = (APPS / name / "app.toml").read_text()
    manifest = parse(text)
    table = tomllib.loads(text)
    assert manifest.id == f"com.zero.{name}"
    assert manifest.name and manifest.description and re.fullmatch(r"\d+\.\d+\.\d+", manifest.version)
    assert table["console"] in {mode.value for mode in ConsoleMode}
    assert all(request.reason for request in manifest.requests), "a person is told why"
    embedded = custom_sections(name).get(b"zos.manifest")
    assert embedded in (None, text.encode())


def test_the_shell_completes_every_program_a_person_would_start() -> None:
    source = (APPS / "terminal" / "src" / "complete.rs").read_text()
    match = re.search(r"PROGRAMS: &\[&str\] =\s*&\[(.*?)\];", source, re.DOTALL)
    assert match is not None
    services = {"init", "permission"}
    assert set(re.findall(r'"([^"]+)"', match.group(1))) == set(APP_NAMES) - services


def test_the_toolchain_file_names_every_tool() -> None:
    named = tomllib.loads((APPS / "TOOLCHAIN").read_text())
    tools = ("rustc", "cargo", "linker")
    assert all(named[tool] and Path(named[f"{tool}-path"]).is_absolute() for tool in tools)
