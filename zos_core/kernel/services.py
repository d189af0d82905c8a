"""Small services every process may use without a capability: time, random bytes, lists, arguments, debug text.

Rules of this file
- Nothing here reads a clock: a sample is handed in with the call, and the halves of one sample belong together.
- Random bytes are SHA-256(seed, counter u64) in counter mode: a run repeats from its seed.
"""

from __future__ import annotations

import hashlib

from zos_core import abi
from zos_core.abi import Errno
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import WAIT, Call, Outcome, State, refuse

_BLOCK = 32


def sys_get_time(s: State, call: Call) -> Outcome:
    """SYS_GET_TIME(part) -> half of the uptime in ns; part 0 samples, part 1 is the high half of that sample."""
    return _clock(call, s.transient.stats[call.pid].time_sample, wall=False)


def sys_get_wallclock(s: State, call: Call) -> Outcome:
    """SYS_GET_WALLCLOCK(part) -> as SYS_GET_TIME, in milliseconds since the Unix epoch."""
    return _clock(call, s.transient.stats[call.pid].wall_sample, wall=True)


def _clock(call: Call, kept: int, *, wall: bool) -> Outcome:
    high = bool(call.args[0])
    value = kept if high and kept else call.sample
    return Outcome(value >> 32 & abi.U32 if high else value & abi.U32, (), (e.Sampled(call.pid, wall, value),))


def sys_get_pid(s: State, call: Call) -> Outcome:
    return Outcome(call.pid)


def sys_random(s: State, call: Call) -> Outcome:
    """SYS_RANDOM(len <= 4096) -> length; bytes of the machine's seeded generator."""
    length = call.args[0]
    if length > abi.MAX_RANDOM:
        return refuse(call, Errno.E_OVERFLOW, "too many random bytes")
    data, counter = random_bytes(s.transient, length)
    return Outcome(length, (), (e.RandomDrawn(counter),), data)


def random_bytes(transient: t.Transient, length: int) -> tuple[bytes, int]:
    """`length` bytes and the counter to keep; at most a few KiB at a time."""
    first = transient.random_counter
    blocks = -(-length // _BLOCK)
    stream = (hashlib.sha256(transient.seed + (first + i).to_bytes(8, "little")).digest() for i in range(blocks))
    return b"".join(stream)[:length], first + blocks


def sys_get_args(s: State, call: Call) -> Outcome:
    """SYS_GET_ARGS -> length; `argc u32, (len u16, bytes)...`."""
    data = s.transient.args.get(call.pid, abi.pack_args(()))
    return Outcome(len(data), data=data)


def sys_list_procs(s: State, call: Call) -> Outcome:
    """SYS_LIST_PROCS(form) -> status; rows of form 0 or 1 by rising pid, recently ended ones included."""
    form = call.args[0]
    if form > 1:
        return refuse(call, Errno.E_INVAL, "unknown form")
    rows = [
        abi.ProcEntry(p.pid, p.parent, process_state(s, p.pid), s.transient.memory.get(p.pid, 0), p.name)
        for _, p in sorted(s.committed.processes.items())
    ]
    return Outcome(0, data=abi.pack_procs(rows, form))


def process_state(s: State, pid: int) -> abi.ProcessState:
    if not s.committed.alive(pid):
        return abi.ProcessState.EXITED
    return abi.ProcessState.WAITING if pid in s.transient.waits else abi.ProcessState.RUNNING


def sys_yield(s: State, call: Call) -> Outcome:
    return Outcome(0)


def sys_sleep(s: State, call: Call) -> Outcome:
    """SYS_SLEEP(ns_low, ns_high) -> status, once that long has passed since the call."""
    low, high, _ = call.args
    duration = low | high << 32
    if not duration:
        return Outcome(0)
    wait = t.Wait(t.WaitKind.SLEEP, call.num, call.event, call.sample + duration)
    return Outcome(WAIT, (), (e.BeginWait(call.pid, wait),))


def resume_sleep(s: State, call: Call, wait: t.Wait) -> Outcome:
    return Outcome(0) if wait.until is not None and call.now >= wait.until else Outcome(WAIT)


def update_process_memory(s: State, call: Call) -> Outcome:
    """Privileged (pid, bytes) -> status (seed: Memory Growth)."""
    pid, size = call.args
    return Outcome(0, (), (e.MemorySized(pid, size),))


def not_implemented(s: State, call: Call) -> Outcome:
    return refuse(call, Errno.E_NOSYS, "not implemented")
