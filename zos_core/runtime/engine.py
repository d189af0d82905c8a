"""The engine: wasmtime with the settings that make every run the same.

Rules of this file
- A setting that changes compiled code or a guest's results is in `SETTINGS`, and so in the fingerprint that names
  compiled modules and recordings.
- Reference types stay on: switching them off aborts the interpreter.
- `max_wasm_stack` stays below `async_stack_size`, with room for host code, which runs on the same stack.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import weakref
from functools import cache
from pathlib import Path

import wasmtime

from zos_core.runtime import allocators, capi, hostcalls
from zos_core.runtime.cache import CompileCache, entry_key
from zos_core.runtime.memory import MAX_MEMORY

KIB, MIB = 1 << 10, 1 << 20

SETTINGS: tuple[tuple[str, bool | int], ...] = (
    # what makes runs repeatable
    ("consume_fuel", True),
    ("cranelift_nan_canonicalization", True),
    ("wasm_relaxed_simd", True),
    ("wasm_relaxed_simd_deterministic", True),
    # what guests may use
    ("wasm_exceptions", True),
    ("wasm_threads", True),
    ("shared_memory", False),
    ("wasm_multi_memory", False),
    ("wasm_memory64", False),
    ("wasm_gc", False),
    ("wasm_custom_page_sizes", False),
    ("wasm_stack_switching", False),
    # stacks and memories, in bytes
    ("max_wasm_stack", 512 * KIB),
    ("async_stack_size", 4 * MIB),
    ("memory_reservation", MAX_MEMORY),
    ("memory_guard_size", 32 * MIB),
    ("memory_may_move", False),
    ("memory_init_cow", False),
)
"""Names as in the C API (`wasmtime_config_NAME_set`)."""


@cache
def engine_version() -> str:
    """The version of wasmtime: what its installation is called, or else what its metadata say.

    To import what reads metadata takes a tenth of a start.
    """
    beside = Path(wasmtime.__file__).parents[1].glob("wasmtime-*.dist-info")
    versions = [path.name.removeprefix("wasmtime-").removesuffix(".dist-info") for path in beside]
    if len(versions) == 1:
        return versions[0]
    from importlib.metadata import version

    return version("wasmtime")


def settings_fingerprint() -> str:
    """SHA-256, in hexadecimal, of the engine's version, its settings and the kind of machine."""
    lines = [f"wasmtime {engine_version()}", f"{platform.system()} {platform.machine()}"]
    lines += [f"{name}={value}" for name, value in SETTINGS]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Module:
    """A compiled module; freed when nobody holds it."""

    __slots__ = ("__weakref__", "engine", "handle")

    def __init__(self, engine: Engine, handle: int) -> None:
        self.engine = engine
        self.handle = handle
        weakref.finalize(self, capi.module_delete, handle)

    def serialize(self) -> bytes:
        """The compiled code, for `Engine.deserialize` of the same engine version and settings."""
        vec = capi.ByteVec()
        capi.check(capi.module_serialize(self.handle, ctypes.byref(vec)))
        return capi.take_bytes(vec)


class Engine:
    """A compiler with `SETTINGS`, and the shim that links guests to the host.

    One of them serves a whole Python process. Compiled modules keep it alive.
    """

    def __init__(self) -> None:
        config = capi.config_new()
        for name, value in SETTINGS:
            capi.config_set(config, name, value)
        allocators.install(config)
        self.handle: int = capi.engine_new(config)
        self.fingerprint = settings_fingerprint()
        self._linked: dict[str, int] = {}
        self._host_linker = capi.linker_new(self.handle)
        hostcalls.define_functions(self._host_linker)
        self.guest_linker: int = capi.linker_new(self.handle)
        capi.linker_allow_shadowing(self.guest_linker, True)

    def linked(self, text: str, kept: CompileCache | None = None) -> int:
        """A module of our own, in the text format, ready to be instantiated beside a guest; made once, and `kept`."""
        if text not in self._linked:
            module, ready = self._own(text.encode(), kept), ctypes.c_void_p()
            capi.check(capi.linker_instantiate_pre(self._host_linker, module.handle, ctypes.byref(ready)))
            self._linked[text] = ready.value or 0
        return self._linked[text]

    def _own(self, text: bytes, kept: CompileCache | None) -> Module:
        key = entry_key(text, self.fingerprint)
        module = None if kept is None else self.load(kept.load(key))
        if module is not None:
            return module
        module = self.compile(text_to_binary(text))
        if kept is not None:
            kept.store(key, module.serialize())
        return module

    def compile(self, wasm: bytes) -> Module:
        """Compiles a binary module here and now. Raises `EngineError` when it is not valid."""
        handle = ctypes.c_void_p()
        capi.check(capi.module_new(self.handle, wasm, len(wasm), ctypes.byref(handle)))
        return Module(self, handle.value or 0)

    def load(self, code: bytes | None) -> Module | None:
        """A module from cached code; None when another version, other settings or another processor made it."""
        try:
            return self.deserialize(code) if code is not None else None
        except capi.EngineError:
            return None

    def deserialize(self, code: bytes) -> Module:
        """A module from what `Module.serialize` gave, which must be trusted: it is machine code.

        Raises `EngineError` when another version, other settings or another processor made it.
        """
        handle = ctypes.c_void_p()
        capi.check(capi.module_deserialize(self.handle, code, len(code), ctypes.byref(handle)))
        return Module(self, handle.value or 0)


def text_to_binary(text: bytes) -> bytes:
    """A module in the text format as a binary one. Raises `EngineError` with what is wrong and its line and column."""
    try:
        return bytes(wasmtime.wat2wasm(text))
    except wasmtime.WasmtimeError as error:
        problem, _, rest = str(error).strip().partition("\n")
        _, found, place = rest.partition("<anon>:")
        raise capi.EngineError(f"{problem} (at {place.split()[0]})" if found else problem) from None
