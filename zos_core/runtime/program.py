"""Programs: from a guest's bytes, binary or text, to compiled code that fibers are made of."""

from __future__ import annotations

from dataclasses import dataclass

from zos_core import abi
from zos_core.runtime import capi, shim
from zos_core.runtime.binary import MAGIC, ModuleRefused
from zos_core.runtime.cache import CompileCache
from zos_core.runtime.engine import Engine, Module, text_to_binary
from zos_core.runtime.module import ENV, ItemKind, ModuleInfo, inspect
from zos_core.runtime.rewrite import own_memory
from zos_core.runtime.standins import STAND_INS, stand_ins, to_stand_ins
from zos_core.wasi import preview1


def to_binary(data: bytes) -> bytes:
    """A module in the binary format, from either format. Raises `ModuleRefused`."""
    if data[:4] == MAGIC:
        return data
    if len(data) > abi.MAX_MODULE:
        raise ModuleRefused(f"the module has {len(data)} bytes; at most {abi.MAX_MODULE} are allowed")
    if b"\0" in data:
        raise ModuleRefused("this is not a WebAssembly module: it does not begin with \\0asm")
    try:
        return text_to_binary(data)
    except capi.EngineError as error:
        raise ModuleRefused(f"this is not a WebAssembly module: {error}") from None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A module that passed the checks: `wasm` is what is compiled, with a memory of its own."""

    info: ModuleInfo
    wasm: bytes


def prepare(data: bytes, *, stubs: bool = False) -> Prepared:
    """Checks a module, binary or text, and rewrites it for compiling. Raises `ModuleRefused`.

    With `stubs`, imports that this system does not have are answered by functions that do nothing.
    """
    binary = to_binary(data)
    info = inspect(binary, stubs=stubs)
    wasm = own_memory(binary) if info.memory.imported or info.memory.shared else binary
    return Prepared(info, to_stand_ins(wasm) if stubs else wasm)


@dataclass(frozen=True, slots=True)
class Program:
    """A checked, compiled module: any number of fibers can run it at once."""

    engine: Engine
    info: ModuleInfo
    module: Module
    linked: tuple[tuple[bytes, int], ...]
    """What is instantiated before it: under which name, and our own module that is ready to be."""

    @classmethod
    def of(cls, engine: Engine, info: ModuleInfo, module: Module, kept: CompileCache | None = None) -> Program:
        """With the shims its imports need: none for a program that calls nobody. They are `kept` compiled."""
        functions = [item for item in info.imports if item.kind is ItemKind.FUNCTION]
        wasi = {item.name for item in functions if item.module == preview1.MODULE}
        beside = {
            ENV: shim.SHIM_TEXT if any(item.module == ENV for item in functions) else "",
            preview1.MODULE: shim.wasi_shim(wasi) if wasi else "",
            STAND_INS: stand_ins(info.imports),
        }
        linked = tuple((name.encode(), engine.linked(text, kept)) for name, text in beside.items() if text)
        return cls(engine, info, module, linked)
