"""The guest programs of the benchmarks, as WebAssembly text.

Each does one thing for ever, with as few instructions around the system call as a loop allows, so that what is
measured is the call. Slots: 0 the process's own endpoint, 1 its input; what a benchmark grants comes as `slot`.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Errno, Sys

PAYLOAD_BYTES = 16
TAG = 0x1_0000
"""A message tag that means nothing to the system."""

BUFFER = 1024
"""Where in its memory a guest receives."""

_IMPORTS = """
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send_bytes (param i32 i32)))
  (import "env" "zos_recv_bytes" (func $recv_bytes (param i32 i32) (result i32)))
  (import "env" "zos_yield" (func $yield))
  (import "env" "zos_get_pid" (func $get_pid (result i32)))
  (memory (export "memory") 1)"""


def _guest(body: str) -> bytes:
    return f'(module {_IMPORTS} (func (export "_start") (local $count i32) {body}))'.encode()


def _forever(body: str) -> bytes:
    return _guest(f"(loop $again {body} (br $again))")


def _call(number: int, a1: int | str = 0, a2: int | str = 0, a3: int | str = 0) -> str:
    args = (f"(i32.const {arg})" if isinstance(arg, int) else arg for arg in (number, a1, a2, a3))
    return f"(call $syscall {' '.join(args)})"


_SEND_BYTES = f"(call $send_bytes (i32.const 0) (i32.const {PAYLOAD_BYTES}))"
_RECEIVE_BYTES = f"(drop (call $recv_bytes (i32.const {BUFFER}) (i32.const {abi.MAX_PAYLOAD})))"
_FOR_EVER = "(i32.const -1) (i32.const -1)"


def _wait_for_message(slot: int) -> str:
    waiting = f"(call $syscall (i32.const {Sys.RECEIVE_WAIT}) (i32.const {slot}) {_FOR_EVER})"
    return f"(drop {waiting}) {_RECEIVE_BYTES}"


def sends(slot: int) -> bytes:
    """Sends 16 bytes to the endpoint in `slot`; when its queue is full it yields and sends again."""
    full = f"(i32.eq {_call(Sys.SEND, slot, TAG, PAYLOAD_BYTES)} (i32.const {int(Errno.E_AGAIN)}))"
    return _forever(f"{_SEND_BYTES} (if {full} (then (call $yield)))")


def receives(slot: int) -> bytes:
    """Receives what comes to the endpoint in `slot`, waiting for it."""
    return _forever(_wait_for_message(slot))


def calls(slot: int) -> bytes:
    """Calls the endpoint in `slot` with 16 bytes and reads the reply."""
    return _forever(f"{_SEND_BYTES} (drop {_call(Sys.CALL, slot, TAG, PAYLOAD_BYTES)}) {_RECEIVE_BYTES}")


def replies(slot: int) -> bytes:
    """Answers every call to the endpoint in `slot` with 16 bytes."""
    return _forever(
        f"{_wait_for_message(slot)} {_SEND_BYTES}"
        f" (drop {_call(Sys.REPLY, f'(i32.load (i32.const {BUFFER}))', TAG, PAYLOAD_BYTES)})"
    )


def writes() -> bytes:
    """Writes 16 bytes to its console."""
    return _forever(f"{_SEND_BYTES} (drop {_call(Sys.CONSOLE_WRITE, PAYLOAD_BYTES)})")


def sleeps() -> bytes:
    """Waits for ever."""
    return _forever(f"(drop (call $syscall (i32.const {Sys.SLEEP}) {_FOR_EVER} (i32.const 0)))")


def computes() -> bytes:
    """Computes for ever and never calls the system."""
    return _forever("(local.set $count (i32.add (local.get $count) (i32.const 1)))")


def returns() -> bytes:
    """Ends at once."""
    return _guest("")
