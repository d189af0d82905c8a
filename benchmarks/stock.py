"""The alternative to a system call: an empty host call through the public `wasmtime.Func` API.

Two of them: with the signature of `zos_syscall`, which is what a system call has to carry, and with no arguments at
all, which carries nothing but shows what the callback itself costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from wasmtime import Engine, Func, FuncType, Instance, Module, Store, ValType

_TEXT = """
(module
  (import "host" "f" (func $f (param {parameters}) {result}))
  (func (export "run") (param $times i32)
    (loop $again
      {call}
      (local.set $times (i32.sub (local.get $times) (i32.const 1)))
      (br_if $again (local.get $times)))))
"""
_SYSCALL = _TEXT.format(
    parameters="i32 i32 i32 i32",
    result="(result i32)",
    call="(drop (call $f (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)))",
)
_NOTHING = _TEXT.format(parameters="", result="", call="(call $f)")


class StockHost:
    """A guest that calls a Python function in a loop, without fuel or limits."""

    def __init__(self, text: str, kind: FuncType, function: Callable[..., object]) -> None:
        self._store = Store(Engine())
        module = Module(self._store.engine, text)
        run = Instance(self._store, module, [Func(self._store, kind, function)]).exports(self._store)["run"]
        assert isinstance(run, Func)
        self._run = run

    def seconds_a_call(self, times: int) -> float:
        started = time.perf_counter()
        self._run(self._store, times)
        return (time.perf_counter() - started) / times


def empty_syscall() -> StockHost:
    """Four numbers in, one out, as `zos_syscall`; the function returns 0."""
    i32 = ValType.i32()
    return StockHost(_SYSCALL, FuncType([i32] * 4, [i32]), lambda _num, _a1, _a2, _a3: 0)


def empty_call() -> StockHost:
    """Nothing in, nothing out."""
    return StockHost(_NOTHING, FuncType([], []), lambda: None)
