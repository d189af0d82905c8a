"""The authority behind descriptors: which capability a use exercises, what it costs, and what is refused."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.kernel.world import CONSOLE_SLOT, SECOND, G, R, W, World
from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights, Stream, Sys
from zos_core.kernel.call import WAIT, Outcome
from zos_core.kernel.descriptors import Need
from zos_core.kernel.dispatch import Op

DIRECTORY, OTHER = abi.FIRST_DIRECTORY, abi.FIRST_DIRECTORY + 1
CALL = 0x2_0007
"""Any number above the privileges."""


class Host(NamedTuple):
    """What a host answers."""

    error: int = 0
    moved: int = 0
    reason: str = ""


MOVED_FIVE = Host(moved=5)


class Asked:
    """A host that counts how often it is asked."""

    def __init__(self, answer: Host) -> None:
        self.answer, self.times = answer, 0

    def __call__(self) -> Host:
        self.times += 1
        return self.answer


@pytest.fixture
def w() -> World:
    return World()


def use(w: World, pid: int, *needs: Need, host: Host = MOVED_FIVE) -> tuple[Outcome | Host, int]:
    """What the program is told, and how often the host was asked."""
    asked = Asked(host)
    return w.gateway.exercise(pid, CALL, (3, "name"), needs, asked), asked.times


def refused(answer: Outcome | Host) -> Errno:
    assert isinstance(answer, Outcome)
    return abi.errno_of(CALL, answer.result)


def test_a_use_is_carried_out_logged_and_counted(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, DIRECTORY, R | W, uses=3)
    assert use(w, a, Need(DIRECTORY, W)) == (Host(moved=5), 1)
    row = w.gateway.syslog.rows[-1]
    assert (row.pid, row.num, row.args, row.size, row.result, row.reason) == (a, CALL, (3, "name"), 5, 0, "")
    assert w.cap(a, slot).uses_left == 2
    assert w.transient.uses[w.cap(a, slot).id].count == 1


def test_without_a_capability_the_host_is_not_asked(w: World) -> None:
    a, b = w.create("a"), w.create("b")
    w.give(b, ObjectType.STORAGE, DIRECTORY, R)
    w.give(a, ObjectType.STORAGE, OTHER, R)
    answer, asked = use(w, a, Need(DIRECTORY, Rights.NONE))
    assert (refused(answer), asked) == (Errno.E_BADF, 0)
    assert w.gateway.syslog.rows[-1].reason == "no capability on that directory"
    answer, asked = use(w, b, Need(DIRECTORY, W))
    assert (refused(answer), asked) == (Errno.E_PERM, 0)


def test_any_capability_with_the_right_will_do_the_lowest_slot_first(w: World) -> None:
    a = w.create("a")
    reads, writes = w.give(a, ObjectType.STORAGE, DIRECTORY, R), w.give(a, ObjectType.STORAGE, DIRECTORY, R | W)
    use(w, a, Need(DIRECTORY, R))
    use(w, a, Need(DIRECTORY, R | W))
    use(w, a, Need(DIRECTORY, W))
    assert [w.transient.uses[w.cap(a, slot).id].count for slot in (reads, writes)] == [1, 2]


def test_two_directories_are_two_uses_and_one_directory_twice_is_one(w: World) -> None:
    a = w.create("a")
    first, second = (w.give(a, ObjectType.STORAGE, each, W, uses=9) for each in (DIRECTORY, OTHER))
    use(w, a, Need(DIRECTORY, W), Need(OTHER, W))
    use(w, a, Need(DIRECTORY, W), Need(DIRECTORY, W))
    assert [w.cap(a, slot).uses_left for slot in (first, second)] == [7, 8]
    w.privileged(Op.REVOKE_CAPABILITY, a, second, False)
    answer, asked = use(w, a, Need(DIRECTORY, W), Need(OTHER, W))
    assert (refused(answer), asked) == (Errno.E_BADF, 0)
    assert w.cap(a, first).uses_left == 7


def test_what_the_host_refuses_costs_nothing_and_is_no_refusal_of_the_kernel(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, DIRECTORY, W, uses=1)
    assert use(w, a, Need(DIRECTORY, W), host=Host(44))[0] == Host(44)
    row = w.gateway.syslog.rows[-1]
    assert (row.result, row.error, row.reason) == (44, Errno.E_OK, "")
    assert w.has(a, slot)
    use(w, a, Need(DIRECTORY, W))
    assert not w.has(a, slot), "the one use is spent"


def test_a_request_out_of_bounds_is_logged_as_a_refusal(w: World) -> None:
    a = w.create("a")
    w.give(a, ObjectType.STORAGE, DIRECTORY, R)
    before = w.gateway.syslog.refusals
    use(w, a, Need(DIRECTORY, R), host=Host(63, reason="it leads out"))
    row = w.gateway.syslog.rows[-1]
    assert (row.error, row.reason, w.gateway.syslog.refusals) == (Errno.E_PERM, "it leads out", before + 1)


def test_what_needs_no_right_is_not_logged_while_it_is_allowed(w: World) -> None:
    a = w.create("a")
    w.give(a, ObjectType.STORAGE, DIRECTORY, R)
    total = w.gateway.syslog.total
    use(w, a, Need(DIRECTORY, Rights.NONE))
    assert w.gateway.syslog.total == total


def test_a_descriptor_fails_once_its_capability_is_gone_and_works_when_it_is_given_again(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, DIRECTORY, W)
    w.privileged(Op.REVOKE_CAPABILITY, a, slot, False)
    assert refused(use(w, a, Need(DIRECTORY, W))[0]) is Errno.E_BADF
    w.give(a, ObjectType.STORAGE, DIRECTORY, W, expires_at=SECOND)
    assert use(w, a, Need(DIRECTORY, W))[1] == 1
    w.tick(SECOND)
    assert refused(use(w, a, Need(DIRECTORY, W))[0]) is Errno.E_BADF


# --- calls that take long -------------------------------------------------------------------------------------------


def wait(w: World, pid: int) -> int:
    """Begin a call that takes long; the event that names it."""
    assert w.gateway.await_host(pid, CALL, (3,), (Need(DIRECTORY, W),)).result == WAIT
    return w.gateway.event


def test_a_long_call_waits_for_its_answer_and_is_charged_then(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, DIRECTORY, W, uses=2)
    event = wait(w, a)
    assert w.gateway.resume(a, CALL, (3,)).result == WAIT
    w.privileged(Op.HOST_DONE, a, event + 1, False, data=b"of another call")
    assert w.gateway.resume(a, CALL, (3,)).result == WAIT
    w.privileged(Op.HOST_DONE, a, event, False, data=b"answer")
    assert w.cap(a, slot).uses_left == 1
    done = w.gateway.resume(a, CALL, (3,))
    assert (done.result, done.data, w.gateway.waits(a)) == (0, b"answer", False)
    assert w.gateway.syslog.rows[-1].resumes == event


def test_a_long_call_that_fails_costs_nothing(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, DIRECTORY, W, uses=1)
    w.privileged(Op.HOST_DONE, a, wait(w, a), True, data=b"no")
    assert w.gateway.resume(a, CALL, (3,)).data == b"no"
    assert w.has(a, slot)


def test_a_long_call_is_refused_when_its_capability_goes_meanwhile(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, DIRECTORY, W)
    event = wait(w, a)
    w.privileged(Op.REVOKE_CAPABILITY, a, slot, False)
    w.privileged(Op.HOST_DONE, a, event, False, data=b"too late")
    done = w.gateway.resume(a, CALL, (3,))
    assert (abi.errno_of(CALL, done.result), done.data) == (Errno.E_BADF, b"")


def test_bytes_of_a_file_never_pass_for_a_notice(w: World) -> None:
    a = w.create("a")
    w.give(a, ObjectType.STORAGE, DIRECTORY, W)
    forged = abi.pack_received(0, abi.Tag.CAP_REVOKED, abi.pack_revoked(4, 2, 1, 1))
    w.privileged(Op.HOST_DONE, a, wait(w, a), False, data=forged)
    w.gateway.resume(a, CALL, (3,))
    assert w.gateway.syslog.rows[-1].notice == b""


# --- the console, and what is no directory --------------------------------------------------------------------------


def test_a_console_is_written_by_its_streams_and_waits_while_it_is_full(w: World) -> None:
    a = w.create("a")
    console = w.console(a)
    assert w.gateway.write_console(a, CALL, Stream.ERRORS, b"oh").result == 0
    assert w.transient.consoles[console] == [(Stream.ERRORS, b"oh")]
    assert w.gateway.write_console(a, CALL, Stream.OUTPUT, bytes(abi.MAX_CONSOLE_BUFFER)).result == WAIT
    w.privileged(Op.DRAIN_CONSOLE_OUTPUT, console)
    assert w.gateway.resume(a, CALL, (Stream.OUTPUT,)).result == 0
    w.privileged(Op.REVOKE_CAPABILITY, a, CONSOLE_SLOT, False)
    answer = w.gateway.write_console(a, CALL, Stream.OUTPUT, b"more")
    assert abi.errno_of(CALL, answer.result) is Errno.E_PERM


def test_storage_calls_do_not_reach_a_directory_and_a_program_cannot_call_by_a_descriptor_s_number(w: World) -> None:
    a = w.create("a")
    slot = w.give(a, ObjectType.STORAGE, DIRECTORY, R | W | G)
    assert abi.errno_of(Sys.STORAGE_READ, w.call(a, Sys.STORAGE_READ, slot, 1, data=b"k")) is Errno.E_BADF
    assert w.call(a, CALL, slot) == abi.value_error(Errno.E_NOSYS)


def test_a_directory_has_the_name_a_person_gave_it_and_a_namespace_has_none(w: World) -> None:
    assert w.privileged(Op.NAME_DIRECTORY, DIRECTORY, "/some/where").result == 0
    assert w.transient.directories == {DIRECTORY: "/some/where"}
    assert w.privileged(Op.NAME_DIRECTORY, 5, "/etc").result & abi.ERROR_BIT
