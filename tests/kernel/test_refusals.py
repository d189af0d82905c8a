"""Every system call against every refusal that the ABI names; a refusal changes nothing and is in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.kernel.world import CONSOLE_SLOT, EMPTY_SLOT, FACTORY, RWG, G, R, W, World
from zos_core import abi
from zos_core.abi import Errno, ObjectType, Sys
from zos_core.kernel.dispatch import SYSTEM_CALLS, Op

FORGED = 0xFFFF_FFFF
LONG = bytes(abi.MAX_PAYLOAD + 1)
NAME = b"\x05child"


class Scene(World):
    """`a` holds one capability of each kind that a refusal needs; `b` owns what some of them name."""

    def __init__(self) -> None:
        super().__init__()
        self.b = self.create("b")
        self.a = self.create("a", FACTORY)
        self.factory = CONSOLE_SLOT + 1
        self.plain = self.create("plain")
        to_a = (self.a, RWG)
        self.full = self.grant(self.b, 0, *to_a)
        self.read_only = self.grant(self.b, 0, self.a, R)
        self.write_only = self.grant(self.b, 0, self.a, W)
        self.give_only = self.grant(self.b, 0, self.a, G)
        self.handle = self.give(self.a, ObjectType.PROCESS, self.b, RWG)
        self.weak_handle = self.give(self.a, ObjectType.PROCESS, self.b, R | G)
        self.idle_factory = self.give(self.a, ObjectType.PROCESS, abi.FACTORY, R | G)
        self.init_handle = self.give(self.a, ObjectType.PROCESS, abi.PID_INIT)
        self.permission_handle = self.give(self.a, ObjectType.PROCESS, abi.PID_PERMISSION)
        self.mute_console = self.give(self.a, ObjectType.CONSOLE, self.console(self.b), R)
        self.storage = self.give(self.a, ObjectType.STORAGE, 9)
        crowded = self.create("crowded")
        self.crowded = self.grant(crowded, 0, self.a, W | G)
        for _ in range(abi.MAX_QUEUE):
            assert self.send(self.a, self.crowded) == 0
        self.gone = self.derive(self.a, self.full)
        self.ok(self.a, Sys.CAP_DELETE, self.gone)
        self.ended = self.create("ended")
        self.kill(self.ended)


class Case(NamedTuple):
    """`args` may need the scene: slots are not known before it stands."""

    num: int
    args: Callable[[Scene], tuple[int, ...]]
    code: Errno
    data: bytes = b""


def slots(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


CASES: dict[str, Case] = {
    "debug: less than declared": Case(Sys.DEBUG, lambda s: (4,), Errno.E_INVAL, b"abc"),
    "list_caps: unknown form": Case(Sys.LIST_CAPS, lambda s: (2,), Errno.E_INVAL),
    "list_procs: unknown form": Case(Sys.LIST_PROCS, lambda s: (2,), Errno.E_INVAL),
    "console_write: less than declared": Case(Sys.CONSOLE_WRITE, lambda s: (4,), Errno.E_INVAL, b"abc"),
    "console_write: empty slot": Case(Sys.CONSOLE_WRITE, lambda s: (1, EMPTY_SLOT + 1), Errno.E_BADF, b"x"),
    "console_write: forged slot": Case(Sys.CONSOLE_WRITE, lambda s: (1, FORGED), Errno.E_BADF, b"x"),
    "console_write: wrong type": Case(Sys.CONSOLE_WRITE, lambda s: (1, s.full + 1), Errno.E_BADF, b"x"),
    "console_write: no write right": Case(Sys.CONSOLE_WRITE, lambda s: (1, s.mute_console + 1), Errno.E_PERM, b"x"),
    "random: too much": Case(Sys.RANDOM, lambda s: (abi.MAX_RANDOM + 1,), Errno.E_OVERFLOW),
    "spawn: empty slot": Case(Sys.SPAWN, lambda s: (EMPTY_SLOT,), Errno.E_BADF, NAME),
    "spawn: wrong type": Case(Sys.SPAWN, lambda s: (s.full,), Errno.E_BADF, NAME),
    "spawn: a process, not the factory": Case(Sys.SPAWN, lambda s: (s.handle,), Errno.E_PERM, NAME),
    "spawn: no write right": Case(Sys.SPAWN, lambda s: (s.idle_factory,), Errno.E_PERM, NAME),
    "spawn: unknown flag": Case(Sys.SPAWN, lambda s: (s.factory, 4), Errno.E_INVAL, NAME),
    "spawn: lend without sharing": Case(Sys.SPAWN, lambda s: (s.factory, 2), Errno.E_INVAL, NAME),
    "spawn: nothing sent": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_INVAL),
    "spawn: name cut short": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_INVAL, b"\x05chi"),
    "spawn: argument cut short": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_INVAL, NAME + b"\x05\0abc"),
    "spawn: argument length cut short": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_INVAL, NAME + b"\x05"),
    "spawn: name no UTF-8": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_INVAL, b"\x01\xff"),
    "spawn: name with a control character": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_INVAL, b"\x02a\x1b"),
    "spawn: empty name": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_INVAL, b"\x00"),
    "spawn: name too long": Case(Sys.SPAWN, lambda s: (s.factory,), Errno.E_OVERFLOW, b"\x41" + b"n" * 65),
    "kill: empty slot": Case(Sys.KILL, lambda s: (EMPTY_SLOT,), Errno.E_BADF),
    "kill: wrong type": Case(Sys.KILL, lambda s: (s.full,), Errno.E_BADF),
    "kill: the factory is no process": Case(Sys.KILL, lambda s: (s.factory,), Errno.E_PERM),
    "kill: no write right": Case(Sys.KILL, lambda s: (s.weak_handle,), Errno.E_PERM),
    "kill: init": Case(Sys.KILL, lambda s: (s.init_handle,), Errno.E_PERM),
    "kill: the permission service": Case(Sys.KILL, lambda s: (s.permission_handle,), Errno.E_PERM),
    "grant: empty slot": Case(Sys.CAP_GRANT, lambda s: (EMPTY_SLOT, s.b, R), Errno.E_BADF),
    "grant: deleted slot": Case(Sys.CAP_GRANT, lambda s: (s.gone, s.b, R), Errno.E_BADF),
    "grant: forged slot": Case(Sys.CAP_GRANT, lambda s: (FORGED, s.b, R), Errno.E_BADF),
    "grant: no grant right": Case(Sys.CAP_GRANT, lambda s: (s.write_only, s.b, W), Errno.E_PERM),
    "grant: unknown rights": Case(Sys.CAP_GRANT, lambda s: (s.full, s.b, 8), Errno.E_INVAL),
    "grant: no such process": Case(Sys.CAP_GRANT, lambda s: (s.full, 999, W), Errno.E_NOENT),
    "grant: to the supervisor": Case(Sys.CAP_GRANT, lambda s: (s.full, 0, W), Errno.E_NOENT),
    "grant: to one that ended": Case(Sys.CAP_GRANT, lambda s: (s.full, s.ended, W), Errno.E_NOENT),
    "grant: malformed expiry": Case(Sys.CAP_GRANT, lambda s: (s.full, s.b, W), Errno.E_INVAL, b"1234567"),
    "grant: malformed use count": Case(Sys.CAP_GRANT, lambda s: (s.full, s.b, W), Errno.E_INVAL, bytes(10)),
    "derive: empty slot": Case(Sys.CAP_DERIVE, lambda s: (EMPTY_SLOT, R), Errno.E_BADF),
    "derive: unknown rights": Case(Sys.CAP_DERIVE, lambda s: (s.full, FORGED), Errno.E_INVAL),
    "derive: malformed limits": Case(Sys.CAP_DERIVE, lambda s: (s.full, R), Errno.E_INVAL, bytes(13)),
    "revoke: empty slot": Case(Sys.CAP_REVOKE, lambda s: (EMPTY_SLOT,), Errno.E_BADF),
    "revoke: no grant right": Case(Sys.CAP_REVOKE, lambda s: (s.write_only,), Errno.E_PERM),
    "delete: empty slot": Case(Sys.CAP_DELETE, lambda s: (EMPTY_SLOT,), Errno.E_BADF),
    "delete: deleted slot": Case(Sys.CAP_DELETE, lambda s: (s.gone,), Errno.E_BADF),
    "send: empty slot": Case(Sys.SEND, lambda s: (EMPTY_SLOT, 1, 0), Errno.E_BADF),
    "send: forged slot": Case(Sys.SEND, lambda s: (FORGED, 1, 0), Errno.E_BADF),
    "send: wrong type": Case(Sys.SEND, lambda s: (s.storage, 1, 0), Errno.E_BADF),
    "send: no write right": Case(Sys.SEND, lambda s: (s.read_only, 1, 0), Errno.E_PERM),
    "send: less than declared": Case(Sys.SEND, lambda s: (s.full, 1, 4), Errno.E_INVAL, b"abc"),
    "send: too long": Case(Sys.SEND, lambda s: (s.full, 1, len(LONG)), Errno.E_OVERFLOW, LONG),
    "send: full queue": Case(Sys.SEND, lambda s: (s.crowded, 1, 0), Errno.E_AGAIN),
    "receive: empty slot": Case(Sys.RECEIVE, lambda s: (EMPTY_SLOT,), Errno.E_BADF),
    "receive: wrong type": Case(Sys.RECEIVE, lambda s: (s.storage,), Errno.E_BADF),
    "receive: no read right": Case(Sys.RECEIVE, lambda s: (s.write_only,), Errno.E_PERM),
    "receive: not its owner": Case(Sys.RECEIVE, lambda s: (s.full,), Errno.E_PERM),
    "receive_wait: empty slot": Case(Sys.RECEIVE_WAIT, lambda s: (EMPTY_SLOT, 1), Errno.E_BADF),
    "receive_wait: wrong type": Case(Sys.RECEIVE_WAIT, lambda s: (s.factory, 1), Errno.E_BADF),
    "receive_wait: no read right": Case(Sys.RECEIVE_WAIT, lambda s: (s.write_only, 1), Errno.E_PERM),
    "receive_wait: not its owner": Case(Sys.RECEIVE_WAIT, lambda s: (s.full, 1), Errno.E_PERM),
    "call: empty slot": Case(Sys.CALL, lambda s: (EMPTY_SLOT, 1, 0), Errno.E_BADF),
    "call: wrong type": Case(Sys.CALL, lambda s: (s.storage, 1, 0), Errno.E_BADF),
    "call: no write right": Case(Sys.CALL, lambda s: (s.read_only, 1, 0), Errno.E_PERM),
    "call: an endpoint of one's own": Case(Sys.CALL, lambda s: (0, 1, 0), Errno.E_BUSY),
    "call: less than declared": Case(Sys.CALL, lambda s: (s.full, 1, 1), Errno.E_INVAL),
    "call: too long": Case(Sys.CALL, lambda s: (s.full, 1, len(LONG)), Errno.E_OVERFLOW, LONG),
    "call: full queue": Case(Sys.CALL, lambda s: (s.crowded, 1, 0), Errno.E_AGAIN),
    "reply: no such call": Case(Sys.REPLY, lambda s: (s.b, 1, 0), Errno.E_NOENT),
    "reply: no such process": Case(Sys.REPLY, lambda s: (999, 1, 0), Errno.E_NOENT),
    "send_cap: empty sending slot": Case(Sys.SEND_CAP, lambda s: (EMPTY_SLOT, 1, 0), Errno.E_BADF),
    "send_cap: wrong type": Case(Sys.SEND_CAP, lambda s: (s.storage, 1, 0), Errno.E_BADF),
    "send_cap: no write right": Case(Sys.SEND_CAP, lambda s: (s.read_only, 1, 0), Errno.E_PERM),
    "send_cap: less than declared": Case(Sys.SEND_CAP, lambda s: (s.full, 1, 1 << 16), Errno.E_INVAL, b"abc"),
    "send_cap: too long": Case(Sys.SEND_CAP, lambda s: (s.full, 1, len(LONG)), Errno.E_OVERFLOW, LONG),
    "send_cap: too many": Case(Sys.SEND_CAP, lambda s: (s.full, 1, 9 << 16), Errno.E_OVERFLOW, slots(*range(10, 19))),
    "send_cap: empty slot": Case(Sys.SEND_CAP, lambda s: (s.full, 1, 1 << 16), Errno.E_BADF, slots(EMPTY_SLOT)),
    "send_cap: full queue": Case(Sys.SEND_CAP, lambda s: (s.crowded, 1, 0), Errno.E_AGAIN),
}


@pytest.fixture(scope="module")
def scene() -> Scene:
    """One scene for all cases: each of them must leave it as it was."""
    return Scene()


def refused(w: World, pid: int, num: int, args: tuple[int, ...], code: Errno, data: bytes = b"") -> None:
    """A call that must be answered `code`, change nothing and be in the log with a reason."""
    a1, a2, a3 = (*args, 0, 0, 0)[:3]
    before = w.fingerprint()
    answer = w.ask(pid, num, a1, a2, a3, data=data)
    assert (abi.errno_of(num, answer.result), answer.result) == (code, abi.refusal(num, code))
    assert answer.data == b""
    assert w.fingerprint() == before
    row = w.gateway.syslog.rows[-1]
    assert (row.pid, row.num, row.error) == (pid, num, code)
    assert row.reason


@pytest.mark.parametrize("name", CASES)
def test_a_refused_call_answers_its_code_and_changes_nothing(scene: Scene, name: str) -> None:
    case = CASES[name]
    refused(scene, scene.a, case.num, case.args(scene), case.code, case.data)


def test_a_capability_without_the_grant_right_does_not_travel_and_those_beside_it_stay(scene: Scene) -> None:
    data = slots(scene.handle, scene.write_only)
    refused(scene, scene.a, Sys.SEND_CAP, (scene.full, 1, 2 << 16), Errno.E_PERM, data)
    assert scene.has(scene.a, scene.handle)


@pytest.mark.parametrize("named", ["twice", "sending"])
def test_a_slot_named_twice_or_the_sending_one_does_not_travel(scene: Scene, named: str) -> None:
    data = slots(scene.handle, scene.handle if named == "twice" else scene.full)
    refused(scene, scene.a, Sys.SEND_CAP, (scene.full, 1, 2 << 16), Errno.E_INVAL, data)


def test_without_a_console_there_is_nothing_to_write_to_to_share_or_to_lend(scene: Scene) -> None:
    scene.give(scene.plain, ObjectType.PROCESS, abi.FACTORY, W, 60)
    scene.ok(scene.plain, Sys.CAP_DELETE, CONSOLE_SLOT)
    refused(scene, scene.plain, Sys.CONSOLE_WRITE, (1,), Errno.E_PERM, b"x")
    refused(scene, scene.plain, Sys.SPAWN, (60, abi.SPAWN_SHARE_CONSOLE), Errno.E_PERM, NAME)
    refused(scene, scene.plain, Sys.SPAWN, (60, 3), Errno.E_PERM, NAME)


def test_keystrokes_that_are_lent_cannot_be_lent_again_by_their_owner() -> None:
    w = World()
    a = w.create("a", FACTORY)
    w.spawn(a, CONSOLE_SLOT + 1, flags=3)
    refused(w, a, Sys.SPAWN, (CONSOLE_SLOT + 1, 3), Errno.E_PERM, NAME)


def not_implemented() -> list[int]:
    named = [Sys.THREAD_CREATE, Sys.THREAD_JOIN, Sys.MMAP, Sys.MUNMAP, Sys.MPROTECT]
    return [*named, *range(0x50, 0x70), 0x00, 0x0A, 0x17, 0x36, 0x47, 0x74, 0xFFFF]


@pytest.mark.parametrize("num", not_implemented())
def test_what_is_not_implemented_says_so(scene: Scene, num: int) -> None:
    refused(scene, scene.a, num, (1, 2, 3), Errno.E_NOSYS)


@pytest.mark.parametrize("op", Op)
def test_a_program_has_no_privileged_call(scene: Scene, op: Op) -> None:
    refused(scene, scene.a, op, (scene.b, 0, 0), Errno.E_NOSYS)


def test_every_call_that_can_be_refused_is_in_the_table() -> None:
    never = {
        Sys.GET_TIME, Sys.GET_WALLCLOCK, Sys.GET_PID, Sys.GET_ARGS, Sys.EXIT, Sys.YIELD, Sys.SLEEP, Sys.CAP_INSPECT,
        Sys.RECEIVED_CAPS, Sys.EP_CREATE,
    }  # fmt: skip
    storage = {Sys.STORAGE_READ, Sys.STORAGE_WRITE, Sys.STORAGE_DELETE, Sys.STORAGE_LIST}
    assert {case.num for case in CASES.values()} == set(SYSTEM_CALLS) - never - storage


# --- full tables --------------------------------------------------------------------------------------------------


def test_a_full_capability_space_takes_no_more_by_any_call() -> None:
    w = World()
    a, b = w.create("a", FACTORY), w.create("b")
    to_a = w.grant(a, 0, b, RWG)
    while len(w.slots(a)) < abi.MAX_CAPS:
        w.derive(a, 0, R)
    refused(w, a, Sys.CAP_DERIVE, (0, R), Errno.E_NOMEM)
    refused(w, a, Sys.CAP_GRANT, (0, a, R), Errno.E_NOMEM)
    refused(w, a, Sys.EP_CREATE, (), Errno.E_NOMEM)
    refused(w, b, Sys.CAP_GRANT, (0, a, R), Errno.E_NOMEM)
    refused(w, b, Sys.SEND_CAP, (to_a, 1, 1 << 16), Errno.E_NOMEM, slots(w.derive(b, 0)))
    assert w.privileged(Op.GRANT_CAPABILITY, a, ObjectType.STORAGE, 1, R, None, 0, 0).result == abi.value_error(
        Errno.E_NOMEM
    )
    assert w.send_cap(a, to_a, []) == Errno.E_BADF


def test_programs_fill_at_most_512_slots_of_another() -> None:
    w = World()
    a, b = w.create("a"), w.create("b")
    to_b = w.grant(b, 0, a, RWG)
    for _ in range(abi.MAX_CAPS_FROM_PROGRAMS):
        last = w.grant(a, 0, b, W)
    refused(w, a, Sys.CAP_GRANT, (0, b, W), Errno.E_NOMEM)
    mine = w.derive(a, 0)
    refused(w, a, Sys.SEND_CAP, (to_b, 1, 1 << 16), Errno.E_NOMEM, slots(mine))
    assert w.has(a, mine)
    w.derive(b, 0)
    w.give(b, ObjectType.STORAGE, 1)
    w.ok(b, Sys.CAP_DELETE, last)
    assert w.send_cap(a, to_b, [mine]) == 0
    refused(w, a, Sys.CAP_GRANT, (0, b, W), Errno.E_NOMEM)


def test_a_process_owns_at_most_64_endpoints() -> None:
    w = World()
    a = w.create("a")
    made = [w.ok(a, Sys.EP_CREATE) for _ in range(abi.MAX_ENDPOINTS - 2)]
    refused(w, a, Sys.EP_CREATE, (), Errno.E_NOMEM)
    w.ok(a, Sys.CAP_DELETE, made[0])
    w.ok(a, Sys.EP_CREATE)


def test_a_process_with_1024_unread_notices_is_given_nothing() -> None:
    w = World()
    a, b = w.create("a"), w.create("b")
    to_b = w.grant(b, 0, a, RWG)
    kept = w.derive(a, 0)
    for _ in range(abi.MAX_NOTICES_UNREAD):
        w.grant(a, kept, b, W)
        w.ok(a, Sys.CAP_REVOKE, kept, 1)
    refused(w, a, Sys.CAP_GRANT, (0, b, W), Errno.E_AGAIN)
    refused(w, a, Sys.SEND_CAP, (to_b, 1, 1 << 16), Errno.E_AGAIN, slots(kept))
    assert w.privileged(Op.GRANT_CAPABILITY, b, ObjectType.STORAGE, 1, R, None, 0, 0).result == abi.value_error(
        Errno.E_AGAIN
    )
    assert w.send(a, to_b) == 0
    assert w.receive(b, 1) is not None
    w.grant(a, 0, b, W)


def test_notices_that_went_with_their_endpoint_do_not_bar_a_process_for_ever() -> None:
    w = World()
    a, b = w.create("a"), w.create("b")
    kept = w.derive(a, 0)
    for _ in range(abi.MAX_NOTICES_UNREAD):
        w.grant(a, kept, b, W)
        w.ok(a, Sys.CAP_REVOKE, kept, 1)
    w.ok(b, Sys.CAP_DELETE, 1)
    w.grant(a, 0, b, W)
