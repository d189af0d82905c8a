"""The shim: the wasm module between every guest and the host.

The host's functions are synchronous: they cannot wait. When a system call has to, the host answers with the retry bit
set and shortens the fuel interval to one, and the shim's loop asks again. A loop header is where the engine looks at
the fuel, so the fiber is suspended there, outside of any host code, and asks again with the same arguments when it is
resumed. The empty loop after each call is the same kind of place: a call that ends its slice stops there, before the
guest sees the answer. That costs one or two nanoseconds, and no asynchronous host function is needed.

`zos_get_pid` is answered from a global that the shim asks for once, when it is instantiated.

Programs for WASI get a shim of the same kind with the functions they import: making an instance takes time for each
one. All of them go to one host function, by number and with their arguments as 64-bit numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from zos_core import abi
from zos_core.wasi import preview1

HOST_MODULE = "zos_host"
RETRY = 1 << 63
"""The sign bit of the host's 64-bit answer to a system call: suspend, then ask again."""

SHIM_NAME = "zos_shim"
"""Module name of the shim's frames in a backtrace."""

LOOK_AT_THE_FUEL = "(drop (i32.const 0)) (loop)"
"""Suspends when the interval is one: the constant uses that one unit of fuel, a loop by itself uses none."""

SHIM_TEXT = f"""
(module ${SHIM_NAME}
  (import "{HOST_MODULE}" "syscall" (func $syscall (param i32 i32 i32 i32) (result i64)))
  (import "{HOST_MODULE}" "send_bytes" (func $send_bytes (param i32 i32)))
  (import "{HOST_MODULE}" "recv_bytes" (func $recv_bytes (param i32 i32) (result i32)))
  (import "{HOST_MODULE}" "yield" (func $yield))
  (import "{HOST_MODULE}" "get_pid" (func $get_pid (result i32)))

  (global $pid (mut i32) (i32.const 0))
  (func $init (global.set $pid (call $get_pid)))
  (start $init)

  (func (export "zos_syscall") (param i32 i32 i32 i32) (result i32) (local $answer i64)
    (loop $ask
      (local.set $answer
        (call $syscall (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
      (br_if $ask (i64.lt_s (local.get $answer) (i64.const 0))))
    {LOOK_AT_THE_FUEL}
    (i32.wrap_i64 (local.get $answer)))

  (func (export "zos_send_bytes") (param i32 i32)
    (call $send_bytes (local.get 0) (local.get 1))
    {LOOK_AT_THE_FUEL})

  (func (export "zos_recv_bytes") (param i32 i32) (result i32)
    (call $recv_bytes (local.get 0) (local.get 1))
    {LOOK_AT_THE_FUEL})

  (func (export "zos_yield")
    (call $yield)
    {LOOK_AT_THE_FUEL})

  (func (export "zos_get_pid") (result i32)
    (global.get $pid)))
"""

def _wasi_function(number: int, function: preview1.Function) -> str:
    """One function of the interface: the same loop as `zos_syscall`."""
    given = [
        f"(local.get {at})" if kind == "i64" else f"(i64.extend_i32_u (local.get {at}))"
        for at, kind in enumerate(function.parameters)
    ]
    given += ["(i64.const 0)"] * (preview1.MAX_PARAMETERS - len(given))
    result = "(result i32)" if function.result else ""
    answer = "(i32.wrap_i64 (local.get $answer))" if function.result else ""
    return f"""
  (func (export "{function.name}") (param {" ".join(function.parameters)}) {result} (local $answer i64)
    (loop $ask
      (local.set $answer (call $wasi (i32.const {number}) {" ".join(given)}))
      (br_if $ask (i64.lt_s (local.get $answer) (i64.const 0))))
    {LOOK_AT_THE_FUEL}
    {answer})"""


def wasi_shim(names: Collection[str]) -> str:
    """The shim of a program that imports functions of these names."""
    functions = [_wasi_function(at, each) for at, each in enumerate(preview1.FUNCTIONS) if each.name in names]
    return f"""
(module ${SHIM_NAME}
  (import "{HOST_MODULE}" "wasi" (func $wasi (param i32{" i64" * preview1.MAX_PARAMETERS}) (result i64)))
{"".join(functions)})
"""


_SLICES = f"{abi.DEFAULT_SLICE_FUEL} {abi.LONE_SLICE_FUEL}"
SHIM_SHA256 = hashlib.sha256((SHIM_TEXT + wasi_shim(preview1.NUMBERS) + _SLICES).encode()).hexdigest()
"""Part of a recording's header: other shims use fuel differently, and slices of other lengths end elsewhere."""
