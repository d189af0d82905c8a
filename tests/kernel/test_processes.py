"""Processes: what they have at birth, how one starts another, what an end takes along, and a restart in place."""

from __future__ import annotations

import pytest

from tests.kernel.world import CONSOLE_SLOT, FACTORY, RWG, G, R, W, World
from zos_core import abi
from zos_core.abi import Errno, ExitHow, ObjectType, ProcessState, RevokeReason, Sys
from zos_core.kernel.commits import NO_SLOT, CapInserted, CapRemoved, CapUsed, NoticeUndeliverable, ProcessExited
from zos_core.kernel.dispatch import Op

FACTORY_SLOT = CONSOLE_SLOT + 1
NAME = b"\x05child"
PROCESS = ObjectType.PROCESS


@pytest.fixture
def w() -> World:
    return World()


def rows(w: World, pid: int) -> list[tuple[int, int, int, int]]:
    return [(c.slot, c.object_type, c.object_id, c.perms) for c in w.committed.held_by(pid)]


# --- birth --------------------------------------------------------------------------------------------------------


def test_a_process_is_born_with_what_the_page_lists_and_nothing_else(w: World) -> None:
    pid = w.create("p")
    init, permission = w.endpoint(abi.PID_INIT), w.endpoint(abi.PID_PERMISSION)
    own, incoming = w.endpoint(pid, 0), w.endpoint(pid, 1)
    assert rows(w, pid) == [
        (0, ObjectType.ENDPOINT, own, RWG),
        (1, ObjectType.ENDPOINT, incoming, RWG),
        (2, ObjectType.ENDPOINT, init, W),
        (3, ObjectType.ENDPOINT, permission, W),
        (4, ObjectType.CONSOLE, w.console(pid), W),
        (5, ObjectType.MEMORY, abi.DEFAULT_MEMORY, W),
    ]
    for cap in w.committed.held_by(pid):
        root = w.committed.caps[cap.parent]
        assert (root.pid, root.parent, root.perms) == (0, 0, RWG)


def test_every_living_object_has_one_root_held_by_pid_0(w: World) -> None:
    for _ in range(3):
        w.create("p", FACTORY)
    roots = [c for c in w.committed.caps.values() if not c.parent]
    assert {c.pid for c in roots} == {0}
    assert len({(c.object_type, c.object_id) for c in roots}) == len(roots)
    held = {(c.object_type, c.object_id) for c in w.committed.caps.values()}
    assert held == {(c.object_type, c.object_id) for c in roots}


def test_pids_start_at_1_and_never_return(w: World) -> None:
    first = w.create("p")
    assert first == 3
    w.kill(first)
    assert w.create("p") == 4


def test_arguments_are_given_at_birth(w: World) -> None:
    pid = w.create("p", args=(b"p", b"\xff two"))
    answer = w.ask(pid, Sys.GET_ARGS)
    assert answer.data == abi.pack_args([b"p", b"\xff two"])
    assert answer.result == len(answer.data)


def test_the_list_of_processes_is_public_and_tells_how_they_are(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT, "child")
    w.privileged(Op.UPDATE_PROCESS_MEMORY, a, 65_536)
    w.blocks(a, Sys.SLEEP, 1)
    w.kill(child)
    data = w.ask(abi.PID_INIT, Sys.LIST_PROCS, 1).data
    expected = [(1, 0, 0, 0, "init"), (2, 0, 0, 0, "permission"), (3, 0, 1, 65_536, "a"), (4, 3, 2, 0, "child")]
    assert data == abi.pack_procs([abi.ProcEntry(*row) for row in expected], 1)
    short = w.ask(abi.PID_INIT, Sys.LIST_PROCS, 0).data
    assert short == abi.pack_procs([abi.ProcEntry(*row) for row in expected], 0)


def test_the_last_256_ended_processes_stay_listed(w: World) -> None:
    for _ in range(abi.MAX_ENDED_LISTED + 10):
        w.kill(w.create("p"))
    listed = [pid for pid in w.committed.processes if pid > 2]
    assert listed == list(range(13, 3 + abi.MAX_ENDED_LISTED + 10))
    assert set(w.transient.stats) == {1, 2, *listed}
    w.check()


# --- spawning -----------------------------------------------------------------------------------------------------


def test_a_spawner_waits_for_its_answer_and_gets_a_capability_on_the_child(w: World) -> None:
    a = w.create("a", FACTORY)
    w.blocks(a, Sys.SPAWN, FACTORY_SLOT, 0, data=NAME + b"\x01\0x\0\0")
    w.blocks(a, *w.waiting[a])
    request = w.take_spawn()
    assert (request.pid, request.name, request.args, request.flags) == (a, "child", (b"x", b""), 0)
    child = w.create("child", request=request)
    answer = w.again(a)
    slot = int.from_bytes(answer.data[4:], "little")
    assert (answer.result, answer.data[:4]) == (child, child.to_bytes(4, "little"))
    handle = w.cap(a, slot)
    assert (handle.object_type, handle.object_id, handle.perms) == (PROCESS, child, W | G)
    assert handle.parent == w.cap(a, FACTORY_SLOT).id
    assert w.committed.processes[child].parent == a


def test_who_loses_the_factory_loses_what_it_has_on_its_children(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT)
    w.privileged(Op.REVOKE_CAPABILITY, a, FACTORY_SLOT, False)
    assert [(n.object_id, n.reason) for n in w.notices(a)] == [(child, 1), (abi.FACTORY, 1)]
    assert w.committed.alive(child)


def test_a_refused_spawn_answers_the_code_and_costs_no_use(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, PROCESS, abi.FACTORY, W, uses=2)
    w.blocks(a, Sys.SPAWN, slot, 0, data=NAME)
    request = w.take_spawn()
    w.privileged(Op.REFUSE_SPAWN, a, request.event, Errno.E_NOENT)
    assert w.again(a) == (abi.value_error(Errno.E_NOENT), b"")
    assert w.cap(a, slot).uses_left == 2


def test_a_spawn_charges_the_factory_and_the_handle_has_no_more_uses_than_it_has_left(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, PROCESS, abi.FACTORY, W, uses=3)
    w.spawn(a, slot)
    handle = w.committed.held_by(a)[-1]
    assert (w.cap(a, slot).uses_left, handle.uses_left) == (2, 2)
    assert w.call(a, Sys.KILL, handle.slot) == 0
    assert w.cap(a, slot).uses_left == 1


def test_the_last_use_of_the_factory_starts_the_child_and_takes_the_handle_with_it(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, PROCESS, abi.FACTORY, RWG, uses=1)
    weaker = w.derive(a, slot, W)
    child = w.spawn(a, slot)
    assert w.committed.alive(child)
    handle = next(c.slot for c in w.commits() if isinstance(c, CapInserted) and c.object_id == child and c.pid == a)
    gone = [c.slot for c in w.commits() if isinstance(c, CapRemoved)]
    assert gone == [weaker, handle, slot]
    assert [(n.slot, n.reason) for n in w.notices(a)] == [(s, RevokeReason.EXPIRED) for s in gone]
    w.check()


def test_a_factory_that_went_while_the_program_was_compiled_starts_nothing(w: World) -> None:
    a = w.create("a", FACTORY)
    w.blocks(a, Sys.SPAWN, FACTORY_SLOT, 0, data=NAME)
    request = w.take_spawn()
    w.privileged(Op.REVOKE_CAPABILITY, a, FACTORY_SLOT, False)
    assert w.again(a).result == abi.value_error(Errno.E_BADF)
    refused = w.privileged(Op.CREATE_PROCESS, "child", a, request, b"", (), abi.DEFAULT_MEMORY)
    assert refused.result == abi.value_error(Errno.E_BADF)
    assert not refused.commits


def test_a_late_answer_to_a_spawn_does_not_end_a_later_wait(w: World) -> None:
    a = w.create("a", FACTORY)
    w.blocks(a, Sys.SPAWN, FACTORY_SLOT, 0, data=NAME)
    request = w.take_spawn()
    w.privileged(Op.REVOKE_CAPABILITY, a, FACTORY_SLOT, False)
    w.again(a)
    w.blocks(a, Sys.SLEEP, 1_000)
    w.privileged(Op.REFUSE_SPAWN, a, request.event, Errno.E_BADF)
    w.blocks(a, *w.waiting[a])


def test_a_spawner_that_ended_gets_no_child(w: World) -> None:
    a = w.create("a", FACTORY)
    w.blocks(a, Sys.SPAWN, FACTORY_SLOT, 0, data=NAME)
    request = w.take_spawn()
    w.kill(a)
    refused = w.privileged(Op.CREATE_PROCESS, "child", a, request, b"", (), abi.DEFAULT_MEMORY)
    assert refused.result == abi.value_error(Errno.E_BADF)


# --- ends ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "told"), [(0, 0), (7, 7), (0xFFFF_FFFF, -1), (0x8000_0000, -(2**31))])
def test_an_exit_tells_the_spawner_its_code_as_a_signed_number(w: World, given: int, told: int) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT)
    w.call(child, Sys.EXIT, given)
    messages = w.system_messages(a)
    assert messages[-1] == (abi.Tag.PROCESS_EXITED, abi.pack_exited(child, ExitHow.EXITED, told))
    assert w.committed.processes[child].code == told


def test_a_program_that_exits_with_the_code_of_a_kill_has_not_been_killed(w: World) -> None:
    a = w.create("a")
    w.call(a, Sys.EXIT, 0xFFFF_FFFF)
    assert w.committed.processes[a].how is ExitHow.EXITED


def test_a_kill_and_a_fault_tell_the_spawner_how(w: World) -> None:
    a = w.create("a", FACTORY)
    killed, faulted = w.spawn(a, FACTORY_SLOT), w.spawn(a, FACTORY_SLOT)
    w.kill(killed)
    w.privileged(Op.FAULT_PROCESS, faulted, "unreachable", "message\nframe")
    exits = [abi.unpack_exited(p) for tag, p in w.system_messages(a) if tag == abi.Tag.PROCESS_EXITED]
    assert exits == [(killed, 1, -1), (faulted, 2, abi.EXIT_FAULT_STATUS)]
    process = w.committed.processes[faulted]
    assert (process.reason, process.description) == ("unreachable", "message\nframe")


def test_sys_kill_ends_the_target_and_tells_killer_and_spawner(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT)
    handle = w.committed.held_by(a)[-1].slot
    killer = w.create("killer")
    given = w.grant(a, handle, killer)
    assert w.call(killer, Sys.KILL, given) == 0
    assert w.committed.processes[child].how is ExitHow.KILLED
    assert w.notices(killer) == [(given, PROCESS, child, RevokeReason.SOURCE_EXITED)]
    told = w.system_messages(a)
    assert told[0] == (abi.Tag.CAP_REVOKED, abi.pack_revoked(handle, PROCESS, child, 3))
    assert told[1] == (abi.Tag.PROCESS_EXITED, abi.pack_exited(child, 1, -1))
    assert w.call(killer, Sys.KILL, given) == Errno.E_BADF


def test_a_kill_charges_what_is_left_to_be_charged(w: World) -> None:
    a = w.create("a")
    factory = w.give(a, PROCESS, abi.FACTORY, W, uses=4)
    w.spawn(a, factory)
    handle = w.committed.held_by(a)[-1]
    w.call(a, Sys.KILL, handle.slot)
    charged = [c for c in w.commits() if isinstance(c, CapUsed)]
    assert charged == [(w.cap(a, factory).id, 3), (w.cap(a, factory).id, 2)]
    w.check()


def test_a_process_may_kill_itself_by_a_capability_on_itself(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, PROCESS, a, W)
    w.call(a, Sys.KILL, slot)
    assert w.committed.processes[a].how is ExitHow.KILLED
    w.check()


def test_the_end_of_a_child_that_its_spawner_cannot_hear_is_recorded(w: World) -> None:
    a = w.create("a", FACTORY)
    child = w.spawn(a, FACTORY_SLOT)
    w.ok(a, Sys.CAP_DELETE, 0)
    w.ok(a, Sys.CAP_DELETE, 1)
    w.kill(child)
    assert (a, NO_SLOT) in [c for c in w.commits() if isinstance(c, NoticeUndeliverable)]


def test_an_end_leaves_nothing_of_the_process_but_its_name_and_how_it_ended(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    to_b = w.grant(b, 0, a)
    w.give(a, ObjectType.STORAGE, 5)
    w.send(a, to_b, 1)
    owned = w.committed.endpoints_of(a)
    w.blocks(a, Sys.CALL, to_b, 2, 0)
    w.kill(a)
    assert not [c for c in w.committed.caps.values() if c.pid == a]
    assert not [c for c in w.committed.caps.values() if (c.object_type, c.object_id) == (PROCESS, a)]
    assert not set(owned) & set(w.committed.endpoints) and not set(owned) & set(w.transient.queues)
    for table in (w.transient.waits, w.transient.reply_rights, w.transient.received_caps, w.transient.args,
                  w.transient.notices):  # fmt: skip
        assert a not in table
    assert a in w.transient.ended
    assert [w.receive(b), w.receive(b)] == [(a, 1, b""), (a, 2, b"")]
    w.check()


def test_the_exit_commit_comes_first_and_what_it_takes_along_after_it(w: World) -> None:
    a = w.create("a")
    before = w.gateway.commits.seq
    w.kill(a)
    fresh = w.commits(before)
    assert fresh[0] == ProcessExited(a, ExitHow.KILLED, -1)
    assert len([c for c in fresh if isinstance(c, CapRemoved) and c.pid == a]) == 6


def test_an_ended_process_is_not_killed_again(w: World) -> None:
    a = w.create("a")
    w.kill(a)
    for pid in (a, 77, 0):
        assert w.privileged(Op.KILL_PROCESS, pid).result == abi.value_error(Errno.E_NOENT)


# --- a service that starts again ----------------------------------------------------------------------------------


def test_a_restart_keeps_capabilities_and_queue_and_fails_the_calls_it_had_received(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    w.blocks(a, Sys.CALL, abi.SLOT_INIT, 1, 0)
    w.blocks(b, Sys.CALL, abi.SLOT_INIT, 2, 0)
    assert w.receive(abi.PID_INIT) == (a, 1, b"")
    held = rows(w, abi.PID_INIT)
    w.blocks(abi.PID_INIT, Sys.SLEEP, 1000)
    w.privileged(Op.RESTART_PROCESS, abi.PID_INIT, "unreachable", "message")
    assert rows(w, abi.PID_INIT) == held
    assert w.committed.alive(abi.PID_INIT)
    assert abi.PID_INIT not in w.transient.waits
    assert w.again(a).result == abi.length_error(Errno.E_NOENT)
    w.blocks(b, *w.waiting[b])
    assert w.receive(abi.PID_INIT) == (b, 2, b"")
    assert w.call(abi.PID_INIT, Sys.REPLY, b, 3, 0) == 0
    assert w.call(abi.PID_INIT, Sys.REPLY, a, 3, 0) == Errno.E_NOENT
    w.check()


def test_a_restarted_service_is_listed_as_running(w: World) -> None:
    w.privileged(Op.RESTART_PROCESS, abi.PID_PERMISSION, "unreachable", "")
    data = w.ask(abi.PID_INIT, Sys.LIST_PROCS, 1).data
    assert data[4 + 19 + 4 + 8] == ProcessState.RUNNING
    assert w.committed.ended == []


def test_only_what_the_service_itself_owns_is_handed_to_newcomers(w: World) -> None:
    other = w.create("other")
    w.ok(abi.PID_INIT, Sys.CAP_DELETE, 0)
    w.give(abi.PID_INIT, ObjectType.ENDPOINT, w.endpoint(other), R, 0)
    assert not w.has(w.create("late"), abi.SLOT_INIT)
    w.ok(abi.PID_INIT, Sys.CAP_DELETE, 0)
    w.give(abi.PID_INIT, ObjectType.CONSOLE, w.console(other), W, 0)
    assert not w.has(w.create("later"), abi.SLOT_INIT)
