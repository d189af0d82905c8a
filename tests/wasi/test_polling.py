"""`poll_oneoff`: clocks, readiness of descriptors, and what cannot be waited for."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.wasi.support import Guests
from tests.wasi.wat import READ, ROOT, RW, WRITE, Answer, Err, OFlags, Out, Script
from zos_core.wasi.preview1 import EVENT, Clock, EventType

MS = 1_000_000
NEVER = 2**64 - 1
FIRST = 0x1234_5678_9ABC_DEF0
ABSOLUTE = 1


class Event(NamedTuple):
    user_data: int
    err: Err
    type: EventType
    size: int
    flags: int


def clock(user_data: int, timeout: int, *, which: int = Clock.MONOTONIC, flags: int = 0) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", user_data, EventType.CLOCK, which, timeout, 0, flags)


def ready(user_data: int, fd: int, kind: int) -> bytes:
    return struct.pack("<QB7xI28x", user_data, kind, fd)


def poll(script: Script, *subscriptions: bytes, err: Err = Err.SUCCESS) -> None:
    count = len(subscriptions)
    table: Out = script.filled(b"".join(subscriptions))
    script.call("poll_oneoff", table.at, script.out(EVENT.size * count), count, script.out(4), err=err)


def events(answer: Answer) -> list[Event]:
    count = int.from_bytes(answer.data[-4:], "little")
    found = EVENT.iter_unpack(answer.data[: count * EVENT.size])
    return [Event(user, Err(err), EventType(kind), size, flags) for user, err, kind, size, flags in found]


def test_a_clock_is_waited_for_as_long_as_it_takes_and_no_longer(guests: Guests) -> None:
    script = Script()
    now = [script.out(8) for _ in range(4)]
    script.call("clock_time_get", 1, 0, now[0])
    poll(script, clock(FIRST, 20 * MS))
    script.call("clock_time_get", 1, 0, now[1])
    poll(script, clock(1, 0), clock(2, NEVER))
    poll(script, clock(3, 3600_000 * MS), clock(4, 5 * MS))
    poll(script, clock(5, 0, flags=ABSOLUTE), clock(6, 1, which=Clock.REALTIME, flags=ABSOLUTE))
    run = guests.check(script)
    before, first, after, at_once, second, past = run.answers
    assert events(first) == [Event(FIRST, Err.SUCCESS, EventType.CLOCK, 0, 0)]
    assert 20 * MS <= after.number - before.number < 10_000 * MS
    assert [each.user_data for each in events(at_once)] == [1]
    assert [each.user_data for each in events(second)] == [4]
    assert [each.user_data for each in events(past)] == [5, 6]


def test_a_moment_to_come_is_waited_for(guests: Guests) -> None:
    """The time of a subscription is put in by the program itself: what a clock says, a little later."""
    script = Script()
    table = script.filled(clock(7, 0, flags=ABSOLUTE))
    script.call("clock_time_get", 1, 0, table.at + 24)
    script.call("poll_oneoff", table.at, script.out(EVENT.size), 1, script.out(4))
    assert events(guests.check(script).answers[1]) == [Event(7, Err.SUCCESS, EventType.CLOCK, 0, 0)]


def test_files_and_output_are_always_ready_and_a_clock_is_not_told_with_them(guests: Guests, inside: Path) -> None:
    (inside / "f").write_bytes(b"text")
    script = Script()
    script.open("f", 0, int(RW | 1 << 27))
    file = ROOT + 1
    poll(
        script, ready(1, 1, EventType.FD_WRITE), ready(2, 2, EventType.FD_WRITE), ready(3, file, EventType.FD_READ),
        ready(4, file, EventType.FD_WRITE), clock(5, 60_000 * MS),
    )  # fmt: skip
    told = events(guests.check(script, inside).answers[1])
    assert [(each.user_data, each.err) for each in told] == [(number, Err.SUCCESS) for number in (1, 2, 3, 4)]


def test_input_is_ready_when_there_is_some_or_it_has_ended(guests: Guests) -> None:
    script = Script()
    poll(script, ready(1, 0, EventType.FD_READ))
    script.read(0, 3)
    poll(script, ready(2, 0, EventType.FD_READ), clock(3, NEVER))
    script.read(0, 10)
    poll(script, ready(4, 0, EventType.FD_READ), clock(5, NEVER))
    script.read(0, 10)
    run = guests.check(script, stdin=[b"abcde"])
    assert [each.user_data for at in (0, 2, 4) for each in events(run.answers[at])] == [1, 2, 4]
    assert run.answers[3].data[:2] == b"de"


def test_input_that_does_not_come_lets_the_clock_win(guests: Guests) -> None:
    script = Script()
    poll(script, ready(1, 0, EventType.FD_READ), clock(2, 10 * MS))
    pid, output = guests.start(script)
    assert guests.wait(lambda: guests.supervisor.exit_of(pid) is not None)
    (answer,) = script.answers(bytes(output))
    assert events(answer) == [Event(2, Err.SUCCESS, EventType.CLOCK, 0, 0)]


def test_who_waits_is_woken_by_input_and_burns_nothing_meanwhile(guests: Guests) -> None:
    script = Script()
    poll(script, ready(1, 0, EventType.FD_READ), clock(2, NEVER))
    script.read(0, 8)
    pid, output = guests.start(script)
    assert guests.supervisor.run_until_idle()
    slices = guests.supervisor.poll_syscalls().slices
    assert slices == 0
    guests.supervisor.send_input_to_process(pid, b"wake up")
    assert guests.wait(lambda: guests.supervisor.exit_of(pid) is not None)
    told, read = script.answers(bytes(output))
    assert [each.user_data for each in events(told)] == [1]
    assert read.data[:7] == b"wake up"


@pytest.mark.parametrize(
    ("subscription", "err"),
    [
        (ready(9, 77, EventType.FD_READ), Err.BADF),
        (ready(9, 0xFFFF_FFFF, EventType.FD_WRITE), Err.BADF),
        (clock(9, MS, which=Clock.PROCESS_CPUTIME), Err.NOTSUP),
        (clock(9, MS, which=4), Err.INVAL),
    ],
)
def test_what_cannot_be_waited_for_is_told_as_an_event(guests: Guests, subscription: bytes, err: Err) -> None:
    script = Script()
    poll(script, subscription, clock(1, 60_000 * MS))
    assert [(each.user_data, each.err) for each in events(guests.check(script).answers[0])] == [(9, err)]


def test_a_descriptor_without_the_right_is_told_so(guests: Guests, inside: Path) -> None:
    script = Script()
    script.open("f", OFlags.CREAT, int(WRITE))
    script.open("f", 0, int(READ))
    poll(script, ready(1, ROOT + 1, EventType.FD_READ), ready(2, ROOT + 2, EventType.FD_WRITE))
    told = events(guests.check(script, inside).answers[2])
    assert [each.user_data for each in told] == [1, 2]
    assert {each.err for each in told} <= {Err.NOTCAPABLE, Err.BADF}


def test_a_subscription_to_nothing_known_is_refused(guests: Guests) -> None:
    script = Script()
    for kind in (3, 255):
        poll(script, ready(1, 0, kind), err=Err.INVAL)
    poll(script, clock(1, 0), ready(2, 1, 3), err=Err.INVAL)
    guests.check(script)
