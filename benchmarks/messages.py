"""Messages a second between two processes, beside `multiprocessing.Pipe` between two processes of the host.

16 bytes each. Ours crosses two WebAssembly programs in one thread, with every message audited and committed; a pipe
crosses the host's kernel, with both ends on cores of their own where there are two.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from benchmarks import guests, rig
from benchmarks.measure import Effort, Paired, Row, pair
from zos_core import abi
from zos_core.supervisor import Supervisor

ROUND_S = 0.05
PIPE_MESSAGES_A_ROUND = 2000
PIPE_TRIPS_A_ROUND = 400
PAYLOAD = bytes(guests.PAYLOAD_BYTES)
_MARK = b"mark"
_END = b"end"


def received_rate(supervisor: Supervisor, pid: int) -> Callable[[], float]:
    """A function that measures one round: messages that process `pid` received a second."""

    def received() -> int:
        process = supervisor.snapshot().process(pid)
        assert process is not None
        return process.messages_in

    def measure() -> float:
        before, started = received(), time.perf_counter()
        while (spent := time.perf_counter() - started) < ROUND_S:
            supervisor.poll_syscalls()
        return (received() - before) / spent

    return measure


def pipe_end(connection: Connection) -> None:
    """The other process: replies to a mark and to nothing else, until the end."""
    while (data := connection.recv_bytes()) != _END:
        if data == _MARK:
            connection.send_bytes(data)


@contextmanager
def pipe() -> Iterator[Connection]:
    """Our end of a pipe to a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=pipe_end, args=(theirs,), daemon=True)
    process.start()
    try:
        ours.send_bytes(_MARK)
        ours.recv_bytes()
        yield ours
        ours.send_bytes(_END)
    finally:
        process.join(10)


def pipe_rate(connection: Connection) -> float:
    """Messages a second, all of them received."""
    started = time.perf_counter()
    for _ in range(PIPE_MESSAGES_A_ROUND):
        connection.send_bytes(PAYLOAD)
    connection.send_bytes(_MARK)
    connection.recv_bytes()
    return PIPE_MESSAGES_A_ROUND / (time.perf_counter() - started)


def pipe_trip_rate(connection: Connection) -> float:
    """Round trips a second."""
    started = time.perf_counter()
    for _ in range(PIPE_TRIPS_A_ROUND):
        connection.send_bytes(_MARK)
        connection.recv_bytes()
    return PIPE_TRIPS_A_ROUND / (time.perf_counter() - started)


def _beside(receiver: bytes, sender: Callable[[int], bytes], theirs: Callable[[], float], rounds: int) -> Paired:
    with rig.machine() as supervisor:
        to, _ = rig.connect(supervisor, receiver, sender)
        return pair(received_rate(supervisor, to), theirs, rounds)


def run(effort: Effort) -> Iterator[Row]:
    own = abi.SLOT_OWN_ENDPOINT
    with pipe() as connection:
        flow = _beside(guests.receives(own), guests.sends, lambda: pipe_rate(connection), effort.rounds)
        trips = _beside(guests.replies(own), guests.calls, lambda: pipe_trip_rate(connection), effort.rounds)
    yield Row("messages from one process to another", "/s", flow.ours, "multiprocessing.Pipe", flow.theirs, flow.ratio)
    yield Row("calls and replies between two processes", "/s", trips.ours, "multiprocessing.Pipe, there and back",
              trips.theirs, trips.ratio)  # fmt: skip
