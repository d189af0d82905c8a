"""A kernel without a machine: processes that exist only as callers, and a clock that is moved by hand.

A test reads as a transcript: what is given, what is called, what is answered.

    w = World()
    a, b = w.create("a"), w.create("b")
    slot = w.grant(b, 0, a, W)                    # b gives a its own endpoint to write to
    assert w.call(a, Sys.SEND, slot, 7, 2, data=b"hi") == 0
    assert w.receive(b) == (a, 7, b"hi")
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights, Sys
from zos_core.axiom.commitlog import KEPT_COMMITS, CommitLog
from zos_core.axiom.gateway import Gateway
from zos_core.axiom.replay import state_at
from zos_core.kernel.call import WAIT, Outcome
from zos_core.kernel.dispatch import Op
from zos_core.kernel.process import Grant
from zos_core.kernel.state import Cap, state_hash
from zos_core.kernel.transient import SpawnRequest

R, W, G, RWG = Rights.READ, Rights.WRITE, Rights.GRANT, Rights.ALL
SECOND = 1_000_000_000
CONSOLE_SLOT = 4
"""Where a process has its console: the first slot after the four well-known ones."""
EMPTY_SLOT = 4000
FACTORY = Grant(ObjectType.PROCESS, abi.FACTORY, W)


class Clock:
    """The machine's two clocks, moved by hand."""

    def __init__(self) -> None:
        self.ns = 0
        self.ms = 1_700_000_000_000
        self.readings = 0

    def uptime_ns(self) -> int:
        self.readings += 1
        return self.ns

    def wallclock_ms(self) -> int:
        self.readings += 1
        return self.ms


class Answer(NamedTuple):
    """What a program sees of a call."""

    result: int
    data: bytes


class World:
    def __init__(self, *, full_audit: bool = False, kept: int = KEPT_COMMITS) -> None:
        self.clock = Clock()
        self.gateway = Gateway(self.clock, b"seed", full_audit=full_audit)
        self.gateway.commits = CommitLog(kept)
        self.waiting: dict[int, tuple[int, int, int, int]] = {}
        self.gateway.privileged(Op.GENESIS, bytes(32))
        for name in ("init", "permission"):
            self.create(name)

    # --- what the supervisor does ---------------------------------------------------------------------------------

    def privileged(self, op: Op, *args: Any, data: bytes = b"") -> Outcome:
        return self.gateway.privileged(op, *args, data=data)

    def create(
        self, name: str, *grants: Grant, request: SpawnRequest | None = None, args: tuple[bytes, ...] = ()
    ) -> int:
        parent = 0 if request is None else request.pid
        packed = abi.pack_args(args)
        outcome = self.privileged(Op.CREATE_PROCESS, name, parent, request, packed, grants, abi.DEFAULT_MEMORY)
        assert not outcome.result & abi.ERROR_BIT, outcome.reason
        return outcome.result

    def give(
        self, pid: int, kind: ObjectType, object_id: int, perms: int = RWG, slot: int | None = None, *,
        expires_at: int = 0, uses: int = 0,
    ) -> int:  # fmt: skip
        """A capability from a root; the slot it came to."""
        outcome = self.privileged(Op.GRANT_CAPABILITY, pid, kind, object_id, perms, slot, expires_at, uses)
        assert not outcome.result & abi.ERROR_BIT, outcome.reason
        return outcome.result

    def kill(self, pid: int) -> None:
        assert self.privileged(Op.KILL_PROCESS, pid).result == 0

    def tick(self, ns: int) -> None:
        """Time passes; what is due goes."""
        self.clock.ns += ns
        self.clock.ms += ns // 1_000_000
        self.gateway.now = self.clock.ns
        self.privileged(Op.EXPIRE)

    def take_spawn(self) -> SpawnRequest:
        """The one open request for a program."""
        requests, self.transient.spawns = self.transient.spawns, []
        (request,) = requests
        return request

    # --- what programs do -----------------------------------------------------------------------------------------

    def ask(self, pid: int, num: int, a1: int = 0, a2: int = 0, a3: int = 0, *, data: bytes = b"") -> Answer:
        outcome = self.gateway.syscall(pid, num, a1, a2, a3, data)
        if outcome.result == WAIT:
            self.waiting[pid] = (num, a1, a2, a3)
        else:
            self.waiting.pop(pid, None)
        return Answer(outcome.result, outcome.data)

    def call(self, pid: int, num: int, a1: int = 0, a2: int = 0, a3: int = 0, *, data: bytes = b"") -> int:
        return self.ask(pid, num, a1, a2, a3, data=data).result

    def ok(self, pid: int, num: int, a1: int = 0, a2: int = 0, a3: int = 0, *, data: bytes = b"") -> int:
        """The value of a call that must succeed."""
        result = self.call(pid, num, a1, a2, a3, data=data)
        assert abi.errno_of(num, result) is Errno.E_OK, abi.errno_of(num, result)
        return result

    def blocks(self, pid: int, num: int, a1: int = 0, a2: int = 0, a3: int = 0, *, data: bytes = b"") -> None:
        assert self.call(pid, num, a1, a2, a3, data=data) == WAIT

    def again(self, pid: int) -> Answer:
        """The call a process waits in, asked again."""
        return self.ask(pid, *self.waiting[pid])

    def grant(self, pid: int, slot: int, to: int, perms: int = RWG, ms: int = 0, uses: int = 0) -> int:
        return self.ok(pid, Sys.CAP_GRANT, slot, to, perms, data=abi.pack_limits(ms, uses))

    def derive(self, pid: int, slot: int, perms: int = RWG, ms: int = 0, uses: int = 0) -> int:
        return self.ok(pid, Sys.CAP_DERIVE, slot, perms, data=abi.pack_limits(ms, uses))

    def send(self, pid: int, slot: int, tag: int = 1, data: bytes = b"") -> int:
        return self.call(pid, Sys.SEND, slot, tag, len(data), data=data)

    def send_cap(self, pid: int, slot: int, slots: list[int], tag: int = 1, payload: bytes = b"") -> int:
        data = payload + b"".join(s.to_bytes(4, "little") for s in slots)
        return self.call(pid, Sys.SEND_CAP, slot, tag, len(payload) | len(slots) << 16, data=data)

    def receive(self, pid: int, slot: int = 0) -> tuple[int, int, bytes] | None:
        answer = self.ask(pid, Sys.RECEIVE, slot)
        assert abi.errno_of(Sys.RECEIVE, answer.result) is Errno.E_OK
        return abi.unpack_received(answer.data) if answer.result else None

    def system_messages(self, pid: int, slot: int = 1) -> list[tuple[int, bytes]]:
        """What the system told a process: (tag, payload), emptying the queue."""
        told = []
        while (message := self.receive(pid, slot)) is not None:
            assert message[0] == 0
            told.append(message[1:])
        return told

    def notices(self, pid: int, slot: int = 1) -> list[abi.Revoked]:
        messages = self.system_messages(pid, slot)
        return [abi.unpack_revoked(payload) for tag, payload in messages if tag == abi.Tag.CAP_REVOKED]

    def spawn(self, pid: int, slot: int, name: str = "child", flags: int = 0) -> int:
        """A program starts another: asked, answered by the supervisor, and asked again; the child's pid."""
        self.blocks(pid, Sys.SPAWN, slot, flags, data=bytes([len(name)]) + name.encode())
        child = self.create(name, request=self.take_spawn())
        assert self.again(pid).result == child
        return child

    # --- what a test looks at -------------------------------------------------------------------------------------

    @property
    def committed(self) -> Any:
        return self.gateway.state.committed

    @property
    def transient(self) -> Any:
        return self.gateway.state.transient

    def cap(self, pid: int, slot: int) -> Cap:
        cap = self.gateway.state.committed.cap(pid, slot)
        assert cap is not None, f"slot {slot} of {pid} is empty"
        return cap

    def has(self, pid: int, slot: int) -> bool:
        return self.gateway.state.committed.cap(pid, slot) is not None

    def slots(self, pid: int) -> list[int]:
        return [cap.slot for cap in self.gateway.state.committed.held_by(pid)]

    def endpoint(self, pid: int, slot: int = 0) -> int:
        """The id of the endpoint that a slot names."""
        return self.cap(pid, slot).object_id

    def console(self, pid: int) -> int:
        found = self.gateway.state.committed.console_of(pid)
        assert found is not None
        return found.id

    def output(self, console: int) -> bytes:
        """What waits in a console's buffer."""
        return b"".join(data for _, data in self.transient.consoles.get(console, []))

    def commits(self, after: int = 0) -> list[Any]:
        return [commit.body for commit in self.gateway.commits.entries(after)]

    def fingerprint(self) -> tuple[bytes, str, int]:
        """Everything a refusal may not change: committed and transient state and the log, but not call counts."""
        transient = re.sub(r"syscalls=\d+", "", repr(self.gateway.state.transient))
        return state_hash(self.gateway.state.committed), transient, self.gateway.commits.seq

    def check(self) -> None:
        """The log tells the whole story."""
        committed = self.gateway.state.committed
        assert state_at(self.gateway.commits) == committed
        assert state_hash(state_at(self.gateway.commits)) == state_hash(committed)
        assert self.gateway.commits.verify() is None
