"""A guest that makes the system calls it is told to: hostile and well-meant programs, written in Python.

A command is a message to its slot 0: `num, arg1, arg2, arg3` and the outgoing bytes. The answer goes to its console:
the result and what the call left to read.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from tests.apps.support import PATIENCE_S
from zos_core import abi
from zos_core.abi import Sys
from zos_core.supervisor import Supervisor

_COMMAND = struct.Struct("<4I")
_FOREVER = abi.U32

PUPPET = f"""
(module
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (import "env" "zos_send_bytes" (func $send (param i32 i32)))
  (import "env" "zos_recv_bytes" (func $recv (param i32 i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "_start") (local $length i32) (local $left i32)
    (loop $next
      (drop (call $syscall (i32.const {int(Sys.RECEIVE_WAIT)}) (i32.const 0) (i32.const -1) (i32.const -1)))
      (local.set $length (call $recv (i32.const 0) (i32.const 8192)))
      (call $send (i32.const 24) (i32.sub (local.get $length) (i32.const 24)))
      (i32.store (i32.const 8192)
        (call $syscall (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.load (i32.const 16))
          (i32.load (i32.const 20))))
      (local.set $left (call $recv (i32.const 8196) (i32.const 65536)))
      (local.set $left (i32.add (local.get $left) (i32.const 4)))
      (call $send (i32.const 8192) (local.get $left))
      (drop (call $syscall (i32.const {int(Sys.CONSOLE_WRITE)}) (local.get $left) (i32.const 0) (i32.const 0)))
      (br $next))))
""".encode()


class Answer(NamedTuple):
    """What a system call returned, and the bytes it left."""

    result: int
    data: bytes

    @property
    def message(self) -> tuple[int, int, bytes]:
        """The bytes as a received message: sender, tag, payload."""
        assert self.result == len(self.data), f"no message: {self.result:#x}"
        return abi.unpack_received(self.data)


class Puppet:
    def __init__(self, supervisor: Supervisor, name: str = "puppet", source: bytes = PUPPET) -> None:
        self._supervisor = supervisor
        self._answers: list[Answer] = []
        self.pid = supervisor.spawn(source, name=name)
        supervisor.register_console_callback(self.pid, self._output)
        assert supervisor.run_until_idle(PATIENCE_S)

    def _output(self, data: bytes, stream: int) -> None:
        self._answers.append(Answer(int.from_bytes(data[:4], "little"), bytes(data[4:])))

    def begin(self, num: Sys, arg1: int = 0, arg2: int = 0, arg3: int = 0, data: bytes = b"") -> None:
        """Make a call that may have to wait; `answer` gets what it came to."""
        command = _COMMAND.pack(num, arg1, arg2, arg3) + data
        self._supervisor.send_message(self.pid, abi.SLOT_OWN_ENDPOINT, 0, command)
        assert self._supervisor.run_until_idle(PATIENCE_S)

    @property
    def waits(self) -> bool:
        """The call that was begun has not returned."""
        return not self._answers

    def answer(self) -> Answer:
        assert self._supervisor.run_until(lambda: bool(self._answers), PATIENCE_S)
        return self._answers.pop(0)

    def do(self, num: Sys, arg1: int = 0, arg2: int = 0, arg3: int = 0, data: bytes = b"") -> Answer:
        self.begin(num, arg1, arg2, arg3, data)
        return self.answer()

    def call(self, slot: int, tag: int, payload: bytes) -> tuple[int, int, bytes]:
        """SYS_CALL; the reply."""
        return self.do(Sys.CALL, slot, tag, len(payload), payload).message

    def send_cap(self, slot: int, tag: int, payload: bytes, *slots: int) -> int:
        data = payload + struct.pack(f"<{len(slots)}I", *slots)
        return self.do(Sys.SEND_CAP, slot, tag, len(payload) | len(slots) << 16, data).result

    def caps(self) -> list[abi.CapEntry]:
        return list(abi.unpack_caps(self.do(Sys.LIST_CAPS, 1).data))

    def endpoint(self) -> tuple[int, int]:
        """Create an endpoint: its slot and id."""
        slot, _, endpoint_id = struct.unpack("<IIQ", self.do(Sys.EP_CREATE).data)
        return slot, endpoint_id
