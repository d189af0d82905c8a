"""The part of wasmtime's C API that fibers need, bound through ctypes.

Rules of this file
- Every binding uses plain pointers (`c_void_p`): a conversion to a typed pointer costs as much as the call.
- `PyDLL` keeps the interpreter lock: callbacks run on the calling thread, inside the call.
- A handle is an `int` address, 0 or None for null. Whoever gets an error, a trap or a vector deletes it.
- A callback object must be kept alive in a module global for as long as the engine may call it.

The Python package binds the asynchronous calls only in its private modules, as typed pointers and without the global
lock; the address of the shared library is the one private name used here.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from ctypes import CFUNCTYPE, c_bool, c_char_p, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Any, NamedTuple

from wasmtime import _ffi

_library = ctypes.PyDLL(str(_ffi.filename))


class EngineError(RuntimeError):
    """The engine refused; the text is its own message, on one line."""


class ByteVec(ctypes.Structure):
    """`wasm_byte_vec_t`, and every other vector of the API: a size and an address."""

    _fields_ = [("size", c_size_t), ("data", c_void_p)]
    size: int
    data: int | None


class Instance(ctypes.Structure):
    """`wasmtime_instance_t`."""

    _fields_ = [("store_id", c_uint64), ("private", c_size_t)]


class Extern(ctypes.Structure):
    """`wasmtime_extern_t`: a kind, then the item itself at `ITEM_OFFSET`."""

    _fields_ = [("kind", c_uint8), ("item", c_uint64 * 4)]
    kind: int
    ITEM_OFFSET = 8


LINEAR_MEMORY = struct.Struct("4P")
"""`wasmtime_linear_memory_t`, which a memory creator fills in: env, get, grow, finalizer."""

STACK_MEMORY = struct.Struct("3P")
"""`wasmtime_stack_memory_t`, which a stack creator fills in: env, get, finalizer."""


class Creator(ctypes.Structure):
    """`wasmtime_memory_creator_t` and `wasmtime_stack_creator_t`."""

    _fields_ = [("env", c_void_p), ("create", c_void_p), ("finalizer", c_void_p)]


# --- callbacks: (environment, ...) -> error or trap ---------------------------------------------------------------

UncheckedCallback = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_void_p, c_size_t)
"""(environment, caller, slots, slot count) -> trap; a slot has 16 bytes, results overwrite arguments."""
NewMemoryCallback = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t, c_size_t, c_size_t, c_size_t, c_void_p)
"""(environment, type, minimum, maximum, reservation, guard: bytes, LINEAR_MEMORY) -> error."""
GetMemoryCallback = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_void_p)
"""(environment, size_t * size, size_t * capacity) -> base address."""
GrowMemoryCallback = CFUNCTYPE(c_void_p, c_void_p, c_size_t)
"""(environment, new size in bytes) -> error."""
NewStackCallback = CFUNCTYPE(c_void_p, c_void_p, c_size_t, c_bool, c_void_p)
"""(environment, size in bytes, must be zeroed, STACK_MEMORY) -> error."""
GetStackCallback = CFUNCTYPE(c_void_p, c_void_p, c_void_p)
"""(environment, size_t * size) -> the address above the stack's highest byte."""
Finalizer = CFUNCTYPE(None, c_void_p)


def address_of(callback: Any) -> int:
    """The C address of a callback object, which must outlive every use of it."""
    return ctypes.cast(callback, c_void_p).value or 0


Fetch = Callable[..., Any]
"""A binding that fills a vector from a handle: (handle, vector)."""

# --- bindings -----------------------------------------------------------------------------------------------------


def _bind(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    function = _library[name]
    function.restype = result
    function.argtypes = arguments
    return function


config_new = _bind("wasm_config_new", c_void_p)
config_host_memory_creator_set = _bind("wasmtime_config_host_memory_creator_set", None, c_void_p, c_void_p)
config_host_stack_creator_set = _bind("wasmtime_config_host_stack_creator_set", None, c_void_p, c_void_p)
engine_new = _bind("wasm_engine_new_with_config", c_void_p, c_void_p)
engine_delete = _bind("wasm_engine_delete", None, c_void_p)

module_new = _bind("wasmtime_module_new", c_void_p, c_void_p, c_char_p, c_size_t, c_void_p)
module_delete = _bind("wasmtime_module_delete", None, c_void_p)
module_serialize = _bind("wasmtime_module_serialize", c_void_p, c_void_p, c_void_p)
module_deserialize = _bind("wasmtime_module_deserialize", c_void_p, c_void_p, c_char_p, c_size_t, c_void_p)

linker_new = _bind("wasmtime_linker_new", c_void_p, c_void_p)
linker_delete = _bind("wasmtime_linker_delete", None, c_void_p)
linker_allow_shadowing = _bind("wasmtime_linker_allow_shadowing", None, c_void_p, c_bool)
linker_define_func_unchecked = _bind(
    "wasmtime_linker_define_func_unchecked",
    c_void_p, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_void_p, c_void_p, c_void_p, c_void_p,
)  # fmt: skip
linker_define_instance = _bind(
    "wasmtime_linker_define_instance", c_void_p, c_void_p, c_void_p, c_char_p, c_size_t, c_void_p
)
linker_instantiate_pre = _bind("wasmtime_linker_instantiate_pre", c_void_p, c_void_p, c_void_p, c_void_p)
linker_instantiate = _bind("wasmtime_linker_instantiate", c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)
linker_instantiate_async = _bind(
    "wasmtime_linker_instantiate_async", c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p
)
instance_pre_instantiate = _bind("wasmtime_instance_pre_instantiate", c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)
instance_pre_delete = _bind("wasmtime_instance_pre_delete", None, c_void_p)
instance_export_get = _bind("wasmtime_instance_export_get", c_bool, c_void_p, c_void_p, c_char_p, c_size_t, c_void_p)

valtype_new = _bind("wasm_valtype_new", c_void_p, c_uint8)
valtype_vec_new = _bind("wasm_valtype_vec_new", None, c_void_p, c_size_t, c_void_p)
functype_new = _bind("wasm_functype_new", c_void_p, c_void_p, c_void_p)
functype_delete = _bind("wasm_functype_delete", None, c_void_p)

store_new = _bind("wasmtime_store_new", c_void_p, c_void_p, c_void_p, c_void_p)
store_context = _bind("wasmtime_store_context", c_void_p, c_void_p)
store_limiter = _bind("wasmtime_store_limiter", None, c_void_p, c_int64, c_int64, c_int64, c_int64, c_int64)
"""(store, bytes a memory, elements a table, instances, tables, memories); -1 leaves one unlimited."""
store_delete = _bind("wasmtime_store_delete", None, c_void_p)
context_set_fuel = _bind("wasmtime_context_set_fuel", c_void_p, c_void_p, c_uint64)
context_get_fuel = _bind("wasmtime_context_get_fuel", c_void_p, c_void_p, c_void_p)
context_fuel_async_yield_interval = _bind("wasmtime_context_fuel_async_yield_interval", c_void_p, c_void_p, c_uint64)
context_has_exception = _bind("wasmtime_context_has_exception", c_bool, c_void_p)

func_call_async = _bind(
    "wasmtime_func_call_async",
    c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p, c_void_p,
)  # fmt: skip
call_future_poll = _bind("wasmtime_call_future_poll", c_bool, c_void_p)
call_future_delete = _bind("wasmtime_call_future_delete", None, c_void_p)

error_new = _bind("wasmtime_error_new", c_void_p, c_char_p)
error_message = _bind("wasmtime_error_message", None, c_void_p, c_void_p)
error_delete = _bind("wasmtime_error_delete", None, c_void_p)
error_wasm_trace = _bind("wasmtime_error_wasm_trace", None, c_void_p, c_void_p)
trap_new = _bind("wasmtime_trap_new", c_void_p, c_char_p, c_size_t)
trap_message = _bind("wasm_trap_message", None, c_void_p, c_void_p)
trap_delete = _bind("wasm_trap_delete", None, c_void_p)
trap_code = _bind("wasmtime_trap_code", c_bool, c_void_p, c_void_p)
trap_trace = _bind("wasm_trap_trace", None, c_void_p, c_void_p)
frame_func_name = _bind("wasmtime_frame_func_name", c_void_p, c_void_p)
frame_module_name = _bind("wasmtime_frame_module_name", c_void_p, c_void_p)
frame_func_index = _bind("wasm_frame_func_index", c_uint32, c_void_p)
frame_module_offset = _bind("wasm_frame_module_offset", c_size_t, c_void_p)
frame_vec_delete = _bind("wasm_frame_vec_delete", None, c_void_p)
byte_vec_delete = _bind("wasm_byte_vec_delete", None, c_void_p)

CONFIG_TYPES: dict[type, Any] = {bool: c_bool, int: c_uint64}


def config_set(config: int, name: str, value: bool | int) -> None:
    """Sets one engine option by the name the C API gives it."""
    _bind(f"wasmtime_config_{name}_set", None, c_void_p, CONFIG_TYPES[type(value)])(config, value)


# --- values out of the API ----------------------------------------------------------------------------------------


def vec_bytes(vec: ByteVec) -> bytes:
    """A copy of a vector of bytes that somebody else owns."""
    return ctypes.string_at(vec.data, vec.size) if vec.data and vec.size else b""


def take_bytes(vec: ByteVec) -> bytes:
    """A copy of a vector of bytes, which is freed."""
    data = vec_bytes(vec)
    byte_vec_delete(ctypes.byref(vec))
    return data


def message_of(fetch: Fetch, handle: int) -> str:
    """The text of an error (`error_message`) or a trap (`trap_message`)."""
    vec = ByteVec()
    fetch(handle, ctypes.byref(vec))
    return take_bytes(vec).rstrip(b"\0").decode("utf-8", "replace").strip()


def check(error: int | None) -> None:
    """Deletes an error and raises it as `EngineError`; null is fine."""
    if error:
        text = message_of(error_message, error)
        error_delete(error)
        raise EngineError(" ".join(text.split()))


class FrameInfo(NamedTuple):
    """One frame of a guest's backtrace. `offset` is in bytes from the start of the module."""

    module: str
    function: str
    offset: int


def _name_at(address: int | None) -> str:
    return vec_bytes(ByteVec.from_address(address)).decode("utf-8", "replace") if address else ""


def frames_of(fetch: Fetch, handle: int) -> tuple[FrameInfo, ...]:
    """The backtrace of an error (`error_wasm_trace`) or a trap (`trap_trace`), innermost frame first."""
    vec = ByteVec()
    fetch(handle, ctypes.byref(vec))
    frames = []
    if vec.data:
        for frame in (c_void_p * vec.size).from_address(vec.data):
            function = _name_at(frame_func_name(frame)) or f"function {frame_func_index(frame)}"
            frames.append(FrameInfo(_name_at(frame_module_name(frame)), function, frame_module_offset(frame)))
    frame_vec_delete(ctypes.byref(vec))
    return tuple(frames)


I32, I64 = 0, 1


def function_type(parameters: list[int], results: list[int]) -> int:
    """A new `wasm_functype_t`, to be deleted by the caller."""
    vectors = []
    for kinds in (parameters, results):
        vec = ByteVec()
        valtype_vec_new(ctypes.byref(vec), len(kinds), (c_void_p * len(kinds))(*map(valtype_new, kinds)))
        vectors.append(vec)
    handle: int = functype_new(ctypes.byref(vectors[0]), ctypes.byref(vectors[1]))
    return handle
