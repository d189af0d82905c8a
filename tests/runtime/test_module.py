"""Modules: what is accepted, and one clear line for everything that is not."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.support import ScriptHost, guest, run, start
from zos_core.runtime.fiber import FiberState, Program
from zos_core.runtime.module import MemoryLimits, ModuleInfo, ModuleKind, ModuleRefused, inspect
from zos_core.runtime.program import prepare
from zos_core.runtime.rewrite import own_memory

Load = Callable[[bytes], Program]

MEMORY = '(memory (export "memory") 1)'
START = '(func (export "_start"))'
GOOD = guest("")


def binary(text: str | bytes) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def info(*fields: str) -> ModuleInfo:
    return inspect(binary(f"(module {' '.join(fields)})"))


def test_a_program_of_this_system_is_described() -> None:
    data = binary(f'(module $greeter (import "env" "zos_get_pid" (func (result i32))) (memory 2 5) {START} '
                  '(export "memory" (memory 0)) (func $first) (start $first))')  # fmt: skip
    found = inspect(data)
    assert found.sha256 == hashlib.sha256(data).digest()
    assert (found.kind, found.name, found.has_start_section) == (ModuleKind.ZOS, "greeter", True)
    assert found.memory == MemoryLimits(2, 5, shared=False, imported=False)
    assert [(i.module, i.name, str(i.type)) for i in found.imports] == [("env", "zos_get_pid", "() -> (i32)")]
    assert (found.custom_manifest, found.uses_exceptions) == (None, False)


def test_memories_are_described() -> None:
    assert info('(import "env" "memory" (memory 3))', START).memory == MemoryLimits(3, None, False, True)
    assert info('(memory (export "memory") 1 9 shared)', START).memory == MemoryLimits(1, 9, True, False)


def test_a_manifest_is_found_in_its_custom_section() -> None:
    data = binary(f"(module {MEMORY} {START})")
    section = b"\x0czos.manifest" + b'id = "x"'
    found = inspect(data + b"\0" + bytes([len(section)]) + section)
    assert found.custom_manifest == b'id = "x"'


def test_a_wasi_program_is_told_by_its_imports() -> None:
    found = info('(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))', MEMORY, START)
    assert found.kind is ModuleKind.WASI


def test_a_program_that_throws_says_so() -> None:
    assert info("(tag $problem)", MEMORY, START).uses_exceptions


REFUSED = {
    'imports "env" "fork" (function () -> ())': ('(import "env" "fork" (func))', MEMORY, START),
    'imports "wasi_unstable" "fd_write"': ('(import "wasi_unstable" "fd_write" (func))', MEMORY, START),
    'imports "env" "zos_yield" (function (i32) -> ()); it must be a function () -> ()': (
        '(import "env" "zos_yield" (func (param i32)))', MEMORY, START,
    ),
    'imports "env" "zos_get_pid" (function () -> (i64)); it must be a function () -> (i32)': (
        '(import "env" "zos_get_pid" (func (result i64)))', MEMORY, START,
    ),
    'imports "env" "zos_yield" (global)': ('(import "env" "zos_yield" (global i32))', MEMORY, START),
    'imports "env" "stack" (table)': ('(import "env" "stack" (table 1 funcref))', MEMORY, START),
    'imports "env" "heap" (memory)': ('(import "env" "heap" (memory 1))', START),
    'imports "env" "problem" (tag)': ('(import "env" "problem" (tag))', MEMORY, START),
    'imports "wasi_snapshot_preview1" "x" (global)': (
        '(import "wasi_snapshot_preview1" "x" (global i32))', MEMORY, START,
    ),
    'does not export a function "_start"': (MEMORY,),
    'export a function "_start"': (MEMORY, '(global (export "_start") i32 (i32.const 0))'),
    '"_start" is a function (i32) -> ()': (MEMORY, '(func (export "_start") (param i32))'),
    "has no memory": (START,),
    'does not export its memory as "memory"': ("(memory 1)", START),
    "more than one memory": (MEMORY, "(memory 1)", START),
    "64-bit memories": ('(memory (export "memory") i64 1)', START),
    "pages of their own size": ('(memory (export "memory") 1 (pagesize 1))', START),
    "garbage-collected types": ("(type (struct))", MEMORY, START),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_by_name(words: str) -> None:
    with pytest.raises(ModuleRefused) as refused:
        info(*REFUSED[words])
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a WebAssembly module"),
        (b"\x7fELF\x02\x01\x01", "not a WebAssembly module"),
        (b"\0asm", "unknown version"),
        (b"\0asm\x0d\0\x01\0", "a component"),
        (b"\0asm\x01\0\0\0\x01", "cut short"),
        (b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f", "cut short"),
        (b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\xff\x0f", "malformed number"),
        (b"\0asm\x01\0\0\0\x01\x05\xff\xff\xff\xff\x0f", "types; at most"),
    ],
)
def test_what_is_no_module_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ModuleRefused, match=words):
        inspect(data)


def test_a_module_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(ModuleRefused, match="8 bytes; at most 7"):
        inspect(b"\0asm\x01\0\0\0", max_bytes=7)


def test_a_hostile_name_is_quoted() -> None:
    with pytest.raises(ModuleRefused) as refused:
        info(r'(import "env" "\1b]0;x\07\0a" (func))', MEMORY, START)
    assert str(refused.value).isprintable()


def test_every_cut_of_a_module_is_refused(load: Load) -> None:
    data = binary('(module (import "env" "zos_yield" (func)) (memory (export "memory") 1) (func (export "_start")))')
    for length in range(len(data)):
        with pytest.raises(ModuleRefused):
            load(data[:length])
    assert run(start(load(data))) == [FiberState.DONE]


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damaged_modules_never_break_the_reader(at: int, noise: bytes) -> None:
    data = bytearray(binary(GOOD))
    at = 8 + at % (len(data) - 8)
    data[at : at + len(noise)] = noise
    try:
        inspect(own_memory(bytes(data)))
    except ModuleRefused as refused:
        assert "\n" not in str(refused)


def test_text_is_accepted_and_a_mistake_in_it_is_one_line() -> None:
    assert prepare(GOOD).info.kind is ModuleKind.ZOS
    with pytest.raises(ModuleRefused, match=r"^this is not a WebAssembly module: .*\(at 2:9\)$"):
        prepare(b"(module\n  (func unknown))")
    with pytest.raises(ModuleRefused, match="not a WebAssembly module"):
        prepare(bytes(random.Random(7).randbytes(200)))


# --- the guest's memory becomes its own ---------------------------------------------------------------------------

ATOMICS = """
  (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 5)))
  (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 5)))
  (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))
  (i32.store (i32.const 4) (memory.grow (i32.const 1)))
  (i32.store (i32.const 8) (memory.grow (i32.const 1)))
  (call $send (i32.const 0) (i32.const 12))"""


@pytest.mark.parametrize(
    "memory",
    [
        '(memory (export "memory") 1 2 shared)',
        '(import "env" "memory" (memory 1 2 shared))',
        '(import "env" "memory" (memory 1 2))',
        '(import "env" "memory" (memory $mine 1 2 shared)) (export "memory" (memory $mine))',
    ],
)
def test_shared_and_imported_memories_become_the_guest_s_own(load: Load, memory: str) -> None:
    data = guest(ATOMICS, memory=memory, items="(table 1 funcref) (global $g (mut i32) (i32.const 1)) (tag $t)")
    prepared = prepare(data)
    assert inspect(binary(data)).memory.shared == ("shared" in memory)
    types = [t for t in wasmtime.Module(wasmtime.Engine(), prepared.wasm).imports if t.name == "memory"]
    assert types == []
    host = ScriptHost()
    assert run(start(load(data), host)) == [FiberState.DONE]
    assert host.sent == [b"\x0a\0\0\0" + b"\x01\0\0\0" + b"\xff" * 4]


def test_a_module_with_a_memory_of_its_own_is_not_touched() -> None:
    data = binary(GOOD)
    assert own_memory(data) is data


def test_a_module_that_only_imports_its_memory_gets_it_at_the_right_place(load: Load) -> None:
    data = b'(module (import "env" "memory" (memory 1)) (func (export "_start")))'
    assert run(start(load(data))) == [FiberState.DONE]
    nothing_after = binary(b'(module (import "env" "memory" (memory 1)))')
    assert (
        own_memory(nothing_after)
        == binary(b'(module (import "a" "b" (func)) (memory 1))')[:8] + b"\x02\x01\0\x05\x03\x01\0\x01"
    )
