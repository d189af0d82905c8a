"""Random sessions: guests that do a little of everything, and a supervisor that interferes.

    path, live = record_session(folder, cache, seed)
    assert replayed(path, cache) == live
"""

from __future__ import annotations

import errno
import hashlib
import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.machine.rig import ECHO, FREE_SLOT, SPIN, call, guest, poll_for_ever, repeat, write
from zos_core import abi
from zos_core.abi import ObjectType, Rights, Sys, Tag
from zos_core.errors import Refused
from zos_core.kernel.state import state_hash
from zos_core.launcher import Options
from zos_core.policy import Policy, Rule
from zos_core.prompts import Choice, Decision
from zos_core.record.recording import Recording
from zos_core.record.replayer import Difference, Replayer
from zos_core.runtime.engine import Engine
from zos_core.runtime.machine import Machine, TickRow
from zos_core.runtime.reserve import Reservation
from zos_core.supervisor import MachineConfig, Supervisor
from zos_core.wasi.directories import DirectoryGrant

TURNS = 40
SHORT_NS = 2_000_000

STORES = guest(
    f"""(i32.store8 (i32.const 0) (i32.const 107))
    (loop $l (i32.store (i32.const 1) (local.tee $i (i32.add (local.get $i) (i32.const 1))))
      (call $send (i32.const 0) (i32.const 5)) (local.set $j {call(Sys.STORAGE_WRITE, FREE_SLOT, 1)})
      (call $send (i32.const 0) (i32.const 1)) (drop {call(Sys.STORAGE_READ, FREE_SLOT, 1)})
      (drop {call(Sys.SLEEP, 1_000_000)}) (br $l))"""
)
"""Counts under the key `k` of the storage in slot 300, as soon as there is one."""

CLOCKS = guest(
    f"""(loop $l
      (drop {call(Sys.GET_TIME)}) (drop {call(Sys.GET_WALLCLOCK)}) (drop {call(Sys.RANDOM, 64)})
      (drop (call $recv (i32.const 0) (i32.const 64))) (call $send (i32.const 0) (i32.const 8))
      (drop {call(Sys.CONSOLE_WRITE, 8)}) (drop {call(Sys.SLEEP, SHORT_NS)}) (br $l))"""
)
CHATTERS = guest(
    f"(loop $l {repeat(50, f'(call $send (i32.const 0) (i32.const 9)) (drop {call(Sys.SEND, FREE_SLOT, 7, 9)})')}"
    f" (drop {call(Sys.SLEEP, SHORT_NS)}) (br $l))"
)
LISTENS = guest(f"(loop $l (drop {call(Sys.RECEIVE_WAIT, 0, -1, -1)}) (br $l))")
GROWS = guest(
    f"""(loop $l (drop (memory.grow (i32.const 1))) (drop {call(Sys.SLEEP, SHORT_NS)})
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 12)))) unreachable""",
    memory='(memory (export "memory") 1)',
)
FLOODS = guest(f"(loop $l (call $send (i32.const 0) (i32.const 5000)) (drop {call(Sys.CONSOLE_WRITE, 5000)}) (br $l))")
DIVIDES = guest(f"(drop {call(Sys.SLEEP, SHORT_NS)}) (drop (i32.div_u (i32.const 1) (local.get $i)))")
LEAVES = guest(write("bye") + f"(drop {call(Sys.EXIT, 7)})")
FORBIDDEN = guest(
    f"(drop {call(Sys.SEND, 999, 1)}) (drop {call(Sys.KILL, 2)}) (drop {call(Sys.CAP_GRANT, 2, 1, 7)})"
    f"(drop {call(Sys.EP_CREATE)}) (drop {call(Sys.CAP_DERIVE, 0, 1)}) {poll_for_ever()}"
)
_LOOK_UP = f"(call $send (i32.const 0) (i32.const 7)) (drop {call(Sys.SEND, 2, Tag.LOOKUP_SERVICE, 7)})"
_LIST = f"(drop {call(Sys.SEND, 3, Tag.LIST_MY_CAPS)})"
PESTERS = guest(f"(loop $l {repeat(20, _LOOK_UP + _LIST)} (drop {call(Sys.SLEEP, SHORT_NS)}) (br $l))")
"""Keeps init and the permission service busy: one that has little fuel faults, and is started again."""
FILES = b"""(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pread" (func $pread (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $sync (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "f")
  (data (i32.const 16) "\\40\\00\\00\\00\\20\\00\\00\\00")
  (data (i32.const 128) "\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01")
  (func (export "_start") (local $fd i32)
    (i64.store (i32.const 152) (i64.const 1000000))
    (loop $again
      (i32.store (i32.const 64)
        (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1)
          (i64.const 0x3fffffff) (i64.const 0) (i32.const 1) (i32.const 32)))
      (local.set $fd (i32.load (i32.const 32)))
      (drop (call $time (i32.const 0) (i64.const 0) (i32.const 72)))
      (drop (call $random (i32.const 80) (i32.const 8)))
      (i32.store (i32.const 68) (call $write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 36)))
      (drop (call $sync (local.get $fd)))
      (drop (call $pread (local.get $fd) (i32.const 16) (i32.const 1) (i64.const 0) (i32.const 36)))
      (drop (call $stat (local.get $fd) (i32.const 512)))
      (drop (call $list (i32.const 3) (i32.const 1024) (i32.const 512) (i64.const 0) (i32.const 40)))
      (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 36)))
      (drop (call $close (local.get $fd)))
      (drop (call $poll (i32.const 128) (i32.const 256) (i32.const 1) (i32.const 44)))
      (br $again))))"""
"""Appends to a file, syncs it and reads it back, looks around and says what it found, a millisecond apart."""
GUESTS = (ECHO, guest(SPIN), STORES, CLOCKS, CHATTERS, LISTENS, GROWS, FLOODS, DIVIDES, LEAVES, FORBIDDEN, PESTERS)
ASKS = (("storage", "rw"), ("process:factory", "w"), ("network:7", "r"), ("memory:1048576", "w"))
LITTLE_FUEL = 150_000
REFUSED_BY_THE_HOST = 0.05
"""Of a poor host's answers to requests for memory."""
STARTED = (b"spawn idle\r", b"run clock\r", b"spawn nothing\r")
TYPED = (b"help\r", b"ps\r", b"caps\r", b"spawn idle\r", b"echo hi\r", b"run clock\r", b"\x03", b"kill 5\r", b"\x04")


@dataclass
class Facts:
    """What two equal runs have in common, to the last bit."""

    head: str = ""
    state: str = ""
    output: dict[tuple[int, int], bytes] = field(default_factory=lambda: defaultdict(bytes))
    memory: dict[int, tuple[int, str]] = field(default_factory=dict)

    def add(self, machine: Machine) -> None:
        """What the last tick wrote."""
        for pid, stream, data in machine.report.output:
            self.output[pid, int(stream)] += data

    def end(self, machine: Machine) -> None:
        self.head = machine.gateway.commits.head.hex()
        self.state = state_hash(machine.gateway.state.committed).hex()
        for pid, process in machine.processes.items():
            memory = process.fiber.memory
            digest = hashlib.sha256(memory.read(0, memory.size)).hexdigest()
            self.memory[pid] = (process.fiber.fuel_used, digest)


def tell_facts(machine: Machine, facts: Facts) -> None:
    """Have every tick noted, beside whoever is told already."""
    recorder = machine.on_tick
    assert recorder is not None

    def on_tick(row: TickRow) -> None:
        facts.add(machine)
        recorder(row)

    machine.on_tick = on_tick


class Actor:
    """Who starts, feeds and disturbs programs, by chance. `folder` is what it gives to those with descriptors."""

    def __init__(self, supervisor: Supervisor, chance: random.Random, folder: Path) -> None:
        self.supervisor, self.chance, self.folder = supervisor, chance, folder
        self.pids: list[int] = []

    def turn(self) -> None:
        act: Callable[[], object] = self.chance.choice(
            [self.start, self.start, self.type, self.type, self.give, self.give, self.connect, self.revoke, self.kill,
             self.hold, self.derive, self.preempt, self.store, self.files, self.lend, self.ask, self.answer,
             self.answer, self.shell, self.strip]
        )  # fmt: skip
        try:
            act()
        except Refused:
            return  # so is what a person asks for, now and then
        finally:
            self.supervisor.poll_syscalls(budget_ms=self.chance.choice((0.2, 1, 3)))

    def start(self) -> None:
        fuel = self.chance.choice((None, None, 3_000_000))
        memory = self.chance.choice((abi.DEFAULT_MEMORY, 8 * abi.PAGE))
        program: bytes | str = self.chance.choice((*GUESTS, "terminal", "notes", "memhog"))
        name = program if isinstance(program, str) else "guest"
        options = Options(memory=abi.DEFAULT_MEMORY if isinstance(program, str) else memory, fuel=fuel)
        self.pids.append(self.supervisor.spawn(program, name=name, options=options))

    def any_pid(self) -> int:
        return self.chance.choice(self.pids or [1])

    def type(self) -> None:
        self.supervisor.send_input_to_process(self.any_pid(), self.chance.choice(TYPED))

    def give(self) -> None:
        kind, object_id = self.chance.choice(
            [(ObjectType.STORAGE, 1 + self.chance.randrange(3)), (ObjectType.NETWORK, 9), (ObjectType.PROCESS, 0),
             (ObjectType.MEMORY, 16 * abi.PAGE)]
        )  # fmt: skip
        slot = FREE_SLOT if kind is ObjectType.STORAGE else None
        expires, uses = self.chance.choice((None, None, 5, 50)), self.chance.choice((None, None, 1, 3))
        self.supervisor.grant_capability(self.any_pid(), kind, object_id, Rights.ALL, slot, expires, uses)

    def connect(self) -> None:
        reader = self.any_pid()
        cap = self.supervisor.machine.gateway.state.committed.cap(reader, 0)
        if cap is not None and cap.object_type == ObjectType.ENDPOINT:
            self.supervisor.grant_capability(
                self.any_pid(), ObjectType.ENDPOINT, cap.object_id, Rights.WRITE, FREE_SLOT
            )

    def derive(self) -> None:
        pid = self.any_pid()
        self.supervisor.derive_capability(pid, self.any_slot(pid), self.any_pid(), Rights.ALL, uses=2)

    def any_slot(self, pid: int) -> int:
        held = self.supervisor.machine.gateway.state.committed.held_by(pid)
        return self.chance.choice([cap.slot for cap in held] or [4])

    def revoke(self) -> None:
        pid = self.any_pid()
        self.supervisor.revoke_capability(pid, self.any_slot(pid), keep_own=self.chance.random() < 0.3)

    def strip(self) -> None:
        """Everything a process holds, one after the other, its input endpoint as well."""
        pid = self.any_pid()
        for cap in list(self.supervisor.machine.gateway.state.committed.held_by(pid)):
            self.supervisor.revoke_capability(pid, cap.slot)

    def kill(self) -> None:
        self.supervisor.kill_process(self.any_pid())

    def hold(self) -> None:
        self.supervisor.hold_console(self.any_pid(), self.chance.random() < 0.7)

    def store(self) -> None:
        """A program that stores until something ends it."""
        self.pids.append(self.supervisor.spawn(STORES, name="stores"))
        self.supervisor.grant_capability(
            self.pids[-1], ObjectType.STORAGE, 1 + self.chance.randrange(3), Rights.ALL, FREE_SLOT
        )

    def files(self) -> None:
        """A program with descriptors, and a folder that it may or may not write to."""
        perms = self.chance.choice((Rights.READ | Rights.WRITE, Rights.READ | Rights.WRITE, Rights.READ))
        options = Options(directories=(DirectoryGrant(self.folder, "/", perms),), terminals=self.chance.randrange(8))
        self.pids.append(self.supervisor.spawn(FILES, name="files", options=options))

    def lend(self) -> None:
        """The folder once more, to whoever has lost it."""
        pid = self.any_pid()
        self.supervisor.grant_capability(
            pid, ObjectType.STORAGE, abi.FIRST_DIRECTORY, Rights.ALL, None, self.chance.choice((None, 5))
        )

    def ask(self) -> None:
        self.pids.append(self.supervisor.spawn("asker", self.chance.choice(ASKS)))

    def answer(self) -> None:
        for prompt in self.supervisor.prompts():
            decision = Decision(self.chance.choice(list(Choice)), expires_in_ms=self.chance.choice((3, 300)))
            self.supervisor.answer_prompt(prompt.request_id, decision)

    def shell(self) -> None:
        """A terminal that may start programs, and does."""
        self.pids.append(self.supervisor.spawn("terminal", options=Options(grants=(Rule(ObjectType.PROCESS, 0),))))
        self.supervisor.send_input_to_process(self.pids[-1], self.chance.choice(STARTED))

    def preempt(self) -> None:
        """A loop without end beside the others, for a while."""
        pid = self.supervisor.spawn(guest(SPIN), name="spin")
        for _ in range(3):
            self.supervisor.poll_syscalls(budget_ms=2)
        self.supervisor.kill_process(pid)


@contextmanager
def host(chance: random.Random, *, poor: bool) -> Iterator[None]:
    """A poor host refuses memory now and then: a program's first, more of it, a stack."""
    commit = Reservation.commit

    def may_fail(self: Reservation, size: int) -> None:
        if size > self.committed and chance.random() < REFUSED_BY_THE_HOST:
            raise OSError(errno.ENOMEM, "no memory here")
        commit(self, size)

    with pytest.MonkeyPatch.context() as patch:
        if poor:
            patch.setattr(Reservation, "commit", may_fail)
        yield


def boot(supervisor: Supervisor, chance: random.Random) -> None:
    """Init and the permission service; one in three sessions gives them so little fuel that they soon fault."""
    fuel = LITTLE_FUEL if chance.random() < 0.3 else None
    for name in ("init", "permission"):
        supervisor.spawn(name, options=Options(fuel=fuel))


def record_session(folder: Path, cache: Path, seed: int, turns: int = TURNS) -> tuple[Path, Facts]:
    """One random session, recorded and closed; the file, and what came of it."""
    path = folder / f"session-{seed}.zosrec"
    chance, facts = random.Random(seed), Facts()
    config = MachineConfig(
        record=path, cache=cache, storage=folder / f"storage-{seed}.sqlite", seed=chance.randbytes(32),
        full_audit=chance.random() < 0.2, policy=Policy(trust_bundled=True, interactive=True),
    )  # fmt: skip
    supervisor = Supervisor(config)
    try:
        tell_facts(supervisor.machine, facts)
        boot(supervisor, chance)
        files = folder / f"files-{seed}"
        files.mkdir()
        actor = Actor(supervisor, chance, files)
        with host(chance, poor=chance.random() < 0.3):
            for _ in range(turns):
                actor.turn()
        facts.end(supervisor.machine)
    finally:
        supervisor.close()
    assert supervisor.recording_problem == ""
    shutil.rmtree(files)
    return path, facts


def replayed(path: Path, cache: Path, engine: Engine | None = None) -> Facts:
    """What comes of a recording when it is run again, every tick compared."""
    facts, recording = Facts(), Recording(path)
    replayer = Replayer(recording, engine or Engine(), cache)
    while (outcome := replayer.step()) is not False:
        assert not isinstance(outcome, Difference), outcome.describe()
        facts.add(replayer.machine)
    assert replayer.tick == recording.last_tick() > 0
    facts.end(replayer.machine)
    replayer.close()
    recording.close()
    return facts
