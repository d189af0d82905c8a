"""The SysLog: a row for each call that exercises a capability and for each refusal, and none for idle polling."""

from __future__ import annotations

import pytest

from tests.kernel.world import CONSOLE_SLOT, FACTORY, World
from zos_core import abi
from zos_core.abi import Errno, ObjectType, Sys
from zos_core.axiom.syslog import KEPT_EVENTS, WAITING, SysEvent, SysLog
from zos_core.kernel.dispatch import Op


class Logged(World):
    def __init__(self, *, full_audit: bool = False) -> None:
        super().__init__(full_audit=full_audit)
        self.a, self.b = self.create("a", FACTORY), self.create("b")
        self.to_b = self.grant(self.b, 0, self.a)

    def rows_of(self, pid: int, num: int, *args: int, data: bytes = b"") -> list[SysEvent]:
        """The rows that one call adds."""
        before = self.gateway.event
        a1, a2, a3 = (*args, 0, 0, 0)[:3]
        self.ask(pid, num, a1, a2, a3, data=data)
        return list(self.gateway.syslog.after(before))


@pytest.fixture
def w() -> Logged:
    return Logged()


def test_every_call_that_exercises_a_capability_has_a_row_reads_included(w: Logged) -> None:
    w.send(w.a, w.to_b)
    exercised = [
        (w.a, Sys.SEND, (w.to_b, 7, 2), b"hi"),
        (w.b, Sys.RECEIVE, (0,), b""),
        (w.b, Sys.RECEIVE_WAIT, (0, 1), b""),
        (w.a, Sys.CONSOLE_WRITE, (1,), b"x"),
        (w.a, Sys.CAP_GRANT, (0, w.b, 2), b""),
        (w.a, Sys.CAP_DERIVE, (0, 2), b""),
        (w.a, Sys.CAP_REVOKE, (0, 1), b""),
        (w.a, Sys.SEND_CAP, (w.to_b, 1, 0), b""),
        (w.a, Sys.SPAWN, (CONSOLE_SLOT + 1,), b"\1c"),
    ]
    for pid, num, args, data in exercised:
        (row,) = w.rows_of(pid, num, *args, data=data)
        assert (row.pid, row.num, row.size, row.error) == (pid, num, len(data), Errno.E_OK)
        assert row.args[: len(args)] == args
    (row,) = w.rows_of(w.b, Sys.CAP_DELETE, 1)
    assert row.num == Sys.CAP_DELETE


QUIET = (
    Sys.YIELD, Sys.SLEEP, Sys.GET_TIME, Sys.GET_WALLCLOCK, Sys.GET_PID, Sys.RANDOM, Sys.LIST_CAPS, Sys.LIST_PROCS,
    Sys.RECEIVE,
)  # fmt: skip


@pytest.mark.parametrize("num", QUIET)
def test_what_exercises_nothing_is_left_out_unless_full_auditing_is_on(num: int) -> None:
    quiet, full = Logged(), Logged(full_audit=True)
    assert quiet.rows_of(quiet.a, num) == []
    (row,) = full.rows_of(full.a, num)
    assert (row.pid, row.num) == (full.a, num)


@pytest.mark.parametrize(
    ("num", "args", "code"),
    [
        (Sys.RANDOM, (99_999,), Errno.E_OVERFLOW),
        (Sys.LIST_CAPS, (9,), Errno.E_INVAL),
        (Sys.RECEIVE, (999,), Errno.E_BADF),
        (0x55, (), Errno.E_NOSYS),
    ],
)
def test_a_refusal_of_a_quiet_call_has_a_row_with_its_reason(
    w: Logged, num: int, args: tuple[int, ...], code: Errno
) -> None:
    refusals = w.gateway.syslog.refusals
    (row,) = w.rows_of(w.a, num, *args)
    assert row.error is code and row.reason
    assert w.gateway.syslog.refusals == refusals + 1


def test_a_call_that_waits_has_two_rows_and_the_second_names_the_first(w: Logged) -> None:
    (first,) = w.rows_of(w.a, Sys.CALL, w.to_b, 1)
    assert first.result == WAITING and first.error is Errno.E_OK
    w.again(w.a)
    assert w.gateway.syslog.rows[-1] is first
    w.receive(w.b)
    w.ok(w.b, Sys.REPLY, w.a, 2, 0)
    w.again(w.a)
    last = w.gateway.syslog.rows[-1]
    assert (last.num, last.result, last.resumes) == (Sys.CALL, 8, first.seq)


def test_what_the_supervisor_does_is_logged_with_sender_pid_0(w: Logged) -> None:
    before = w.gateway.event
    w.give(w.a, ObjectType.STORAGE, 1)
    w.privileged(Op.DELIVER_CONSOLE_INPUT, w.a, data=b"k")
    w.privileged(Op.SEND_MESSAGE, w.a, 0, 5, data=b"m")
    w.kill(w.b)
    rows = list(w.gateway.syslog.after(before))
    assert [row.num for row in rows] == [
        Op.GRANT_CAPABILITY, Op.DELIVER_CONSOLE_INPUT, Op.SEND_MESSAGE, Op.KILL_PROCESS,
    ]  # fmt: skip
    assert {row.pid for row in rows} == {abi.PID_SUPERVISOR}
    w.privileged(Op.KILL_PROCESS, w.b)
    assert w.gateway.syslog.rows[-1].error is Errno.E_NOENT


def test_a_commit_names_the_row_of_the_call_that_caused_it(w: Logged) -> None:
    before = w.gateway.commits.seq
    w.send(w.a, w.to_b)
    (commit,) = w.gateway.commits.entries(before)
    assert commit.caused_by == w.gateway.syslog.rows[-1].seq
    assert commit.timestamp == w.gateway.now


def test_the_last_10_000_rows_stay_and_recording_keeps_every_one() -> None:
    log = SysLog()
    log.record(True)
    for seq in range(1, KEPT_EVENTS + 101):
        log.append(SysEvent(seq, 0, 1, Sys.SEND, (0, 0, 0), 0, 0))
    assert (len(log.rows), log.rows[0].seq, log.total) == (KEPT_EVENTS, 101, KEPT_EVENTS + 100)
    assert [row.seq for row in log.after(KEPT_EVENTS + 98)] == [KEPT_EVENTS + 99, KEPT_EVENTS + 100]
    assert len(log.take()) == KEPT_EVENTS + 100
    assert log.take() == []
