"""Probing: does this Python run a fiber at all?

A fiber switches the machine stack under the interpreter. The versions in `TESTED_PYTHONS` are known to bear it; on
another one a child process tries it first, so that a crash costs one clear line and not the terminal.

Run as a program (`python -m zos_core.runtime.probe`) this file is that child: it exits 0, or not.
"""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

from zos_core.runtime import capi
from zos_core.runtime.compile import child_command, child_environment, child_failure, load_program
from zos_core.runtime.engine import Engine
from zos_core.runtime.fiber import SUSPEND_RETRY, Fiber, FiberState
from zos_core.runtime.module import ModuleRefused

TESTED_PYTHONS = ((3, 11), (3, 12), (3, 13))
PROBE_TIMEOUT_S = 30.0
_CHILD = "zos_core.runtime.probe"

_GUEST = b"""
(module
  (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $deep (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
      (else (call $syscall (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)))))
  (func (export "_start") (local $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 100000))))
    (if (i32.ne (call $deep (i32.const 100)) (i32.const 10)) (then unreachable))))
"""
"""Uses up a few slices, then makes one call that waits, from deep within its stack."""


class _Host:
    """Parks its guest once, then answers the sum of the arguments."""

    def __init__(self) -> None:
        self.asked = 0

    def syscall(self, num: int, a1: int, a2: int, a3: int) -> int:
        self.asked += 1
        return SUSPEND_RETRY if self.asked == 1 else num + a1 + a2 + a3

    def send_bytes(self, ptr: int, length: int) -> None: ...

    def recv_bytes(self, ptr: int, max_len: int) -> int:
        return 0

    def yield_now(self) -> None: ...

    def wasi(self, number: int, arguments: tuple[int, ...]) -> int:
        return number


class ProbeResult(NamedTuple):
    """Whether fibers work, and one line about it."""

    ok: bool
    message: str


def tested() -> bool:
    """Whether fibers are known to work on this version of Python."""
    return sys.version_info[:2] in TESTED_PYTHONS


def probe(timeout_s: float = PROBE_TIMEOUT_S) -> ProbeResult:
    """Runs a fiber in a child process. Waits for it, at most `timeout_s` seconds."""
    python = ".".join(map(str, sys.version_info[:3]))
    try:
        done = subprocess.run(
            child_command(_CHILD),
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return ProbeResult(False, f"fibers could not be tried on CPython {python}: {error}")
    if done.returncode != 0:
        reason = child_failure(done.returncode, done.stderr)
        return ProbeResult(False, f"fibers do not work on CPython {python}: {reason}")
    return ProbeResult(True, f"fibers work on CPython {python}")


def main() -> int:
    """The child process: 0 when a fiber was preempted, parked, resumed and ended as it should."""
    try:
        fiber = Fiber(load_program(Engine(), _GUEST), _Host(), pid=1)
    except (capi.EngineError, ModuleRefused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    seen = set()
    while fiber.state < FiberState.DONE:
        seen.add(fiber.resume())
    if seen != {FiberState.READY, FiberState.WAITING, FiberState.DONE}:
        sys.stderr.write(f"the states of the fiber were {sorted(seen)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
