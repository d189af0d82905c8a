"""The rows of the message log: what a person is told of a start, an end, a grant, a loss and a refusal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machine.rig import ECHO, guest, poll_for_ever
from zos_core.abi import PID_SUPERVISOR, ObjectType, Rights
from zos_core.events import EventLog
from zos_core.snapshot import EventKind
from zos_core.supervisor import MachineConfig, Supervisor

POLLER = guest(poll_for_ever())


@pytest.fixture
def sup() -> Iterator[Supervisor]:
    supervisor = Supervisor(MachineConfig(seed=b"seed"))
    supervisor.boot()
    supervisor.run_until_idle()
    yield supervisor
    supervisor.close()


def told(log: EventLog, kind: EventKind) -> list[tuple[int, int, str]]:
    """(pid, by, text) of the rows of this kind since the last look."""
    return [(row.pid, row.by_pid, row.text) for row in log.news() if row.kind is kind]


def test_a_machine_boots_and_a_shell_starts_without_a_refusal(sup: Supervisor) -> None:
    sup.spawn("terminal")
    sup.run_until_idle()
    assert told(sup.event_log(), EventKind.REFUSED) == []


def test_an_end_is_told_once_with_who_brought_it_about(sup: Supervisor) -> None:
    pid = sup.spawn(POLLER, name="poller")
    sup.run_until_idle()
    log = sup.event_log()
    log.news()
    sup.kill_process(pid)
    rows = log.news()
    assert [(row.kind, row.pid, row.by_pid, row.text) for row in rows] == [
        (EventKind.EXIT, pid, PID_SUPERVISOR, "killed")
    ]


def test_what_others_lose_by_an_end_is_told(sup: Supervisor) -> None:
    source, holder = sup.spawn(POLLER, name="source"), sup.spawn(POLLER, name="holder")
    own = next(cap.object_id for cap in sup.snapshot().process(source).capabilities if cap.slot == 0)
    slot = sup.grant_capability(holder, ObjectType.ENDPOINT, own, Rights.WRITE)
    sup.run_until_idle()
    log = sup.event_log()
    log.news()
    sup.kill_process(source)
    assert told(log, EventKind.REVOKED) == [(holder, PID_SUPERVISOR, f"✗ slot {slot} gone with its source")]


def test_a_single_byte_of_input_is_one_byte(sup: Supervisor) -> None:
    pid = sup.spawn(ECHO, name="echo")
    log = sup.event_log()
    log.news()
    for text in (b"x", b"yz"):
        sup.send_input_to_process(pid, text)
        sup.run_until_idle()
    texts = [text for _, _, text in told(log, EventKind.INPUT)]
    assert texts == ["1 byte of console input", "2 bytes of console input"]


def test_a_report_says_whether_there_is_anything_to_read(sup: Supervisor) -> None:
    log = sup.event_log()
    sup.poll_syscalls()
    log.news()
    pid = sup.spawn(POLLER)
    report = sup.poll_syscalls()
    assert report.logged and [row.pid for row in log.news()] == [pid], "also what came between two reports"
    sup.run_until_idle()
    sup.poll_syscalls()
    looked = 0
    while looked < 3:
        report = sup.poll_syscalls()
        looked += report.slices
        assert not report.logged, "it polled, and nothing came of it"
    assert log.news() == []
    sup.kill_process(pid)
    assert sup.poll_syscalls().logged and log.news()
