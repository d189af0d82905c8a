"""How a machine is set up, and the clocks it lives by."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from zos_core.policy import Policy
from zos_core.runtime.machine import MachineLimits, World

_NS_PER_MS = 1_000_000


class RealWorld:
    """The clocks of the host. Uptime counts from here."""

    def __init__(self) -> None:
        self._start = time.monotonic_ns()

    def uptime_ns(self) -> int:
        return time.monotonic_ns() - self._start

    def wallclock_ms(self) -> int:
        return time.time_ns() // _NS_PER_MS


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """`cache` is a folder for compiled modules, `storage` and `record` are files; None keeps nothing.

    `seed` is what the machine's random bytes come from: 32 bytes, fresh ones by default. `world` makes the clocks.
    A `record` that cannot be written is an error, unless the session may go on without it: `must_record`.
    """

    policy: Policy = field(default_factory=lambda: Policy(trust_bundled=True))
    apps: Path | None = None
    cache: Path | None = None
    storage: Path | None = None
    record: Path | None = None
    must_record: bool = True
    seed: bytes = field(default_factory=lambda: os.urandom(32))
    limits: MachineLimits = field(default_factory=MachineLimits)
    full_audit: bool = False
    world: Callable[[], World] = RealWorld
