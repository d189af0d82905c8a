"""Programs: from a guest's bytes, binary or text, to compiled code that fibers are made of."""

from __future__ import annotations

from dataclasses import dataclass

from zos_core import abi
from zos_core.runtime import capi
from zos_core.runtime.binary import MAGIC, ModuleRefused
from zos_core.runtime.engine import Engine, Module, text_to_binary
from zos_core.runtime.module import ModuleInfo, inspect
from zos_core.runtime.rewrite import own_memory


def to_binary(data: bytes) -> bytes:
    """A module in the binary format, from either format. Raises `ModuleRefused`."""
    if data[:4] == MAGIC:
        return data
    if len(data) > abi.MAX_MODULE:
        raise ModuleRefused(f"the module has {len(data)} bytes; at most {abi.MAX_MODULE} are allowed")
    try:
        return text_to_binary(data)
    except capi.EngineError as error:
        raise ModuleRefused(f"this is not a WebAssembly module: {error}") from None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A module that passed the checks: `wasm` is what is compiled, with a memory of its own."""

    info: ModuleInfo
    wasm: bytes


def prepare(data: bytes) -> Prepared:
    """Checks a module, binary or text, and rewrites it for compiling. Raises `ModuleRefused`."""
    binary = to_binary(data)
    info = inspect(binary)
    return Prepared(info, own_memory(binary))


@dataclass(frozen=True, slots=True)
class Program:
    """A checked, compiled module: any number of fibers can run it at once."""

    engine: Engine
    info: ModuleInfo
    module: Module
