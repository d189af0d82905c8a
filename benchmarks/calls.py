"""What an audited system call costs, and how many a second there are, beside an empty host call.

The send is measured whole: `zos_send_bytes` and `SYS_SEND` from a guest's loop, the kernel's decision, the commit and
its hash, the log row, and the tick and slice around 128 of them. Only the emptying of the queue is left out: between
two ticks the benchmark throws the messages away by hand, so that no receiver is in the number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from benchmarks import guests, rig, stock
from benchmarks.measure import Effort, Row, Target, pair
from zos_core.supervisor import Supervisor

TICKS_A_ROUND = 8
STOCK_CALLS_A_ROUND = 1000
CONSOLE_S_A_ROUND = 0.03
SYSCALL_ALTERNATIVE = "wasmtime.Func like zos_syscall, empty"
BARE_ALTERNATIVE = "wasmtime.Func () -> (), empty"


def send_cost(supervisor: Supervisor) -> Callable[[], float]:
    """A function that measures one round of sends: seconds each."""
    receiver, _ = rig.connect(supervisor, guests.sleeps(), guests.sends)
    machine = supervisor.machine
    queue = machine.gateway.state.transient.queues[rig.endpoint_of(supervisor, receiver)]

    def empty_queue() -> int:
        sent = len(queue.items)
        queue.items.clear()
        queue.programs = 0
        return sent

    def measure() -> float:
        spent, sent = 0.0, 0
        for _ in range(TICKS_A_ROUND):
            started = time.perf_counter()
            machine.tick((), lambda: False)
            spent += time.perf_counter() - started
            sent += empty_queue()
        return spent / sent

    while not empty_queue():
        machine.tick((), lambda: False)
    return measure


def console_rate(supervisor: Supervisor) -> Callable[[], float]:
    """A function that measures one round of console writes, delivered to a callback: writes a second."""
    pid = supervisor.spawn(guests.writes(), name="writer")
    received = 0

    def take(data: bytes, _stream: int) -> None:
        nonlocal received
        received += len(data)

    supervisor.register_console_callback(pid, take)

    def measure() -> float:
        before, started = received, time.perf_counter()
        while (spent := time.perf_counter() - started) < CONSOLE_S_A_ROUND:
            supervisor.poll_syscalls()
        return (received - before) / guests.PAYLOAD_BYTES / spent

    return measure


def run(effort: Effort) -> Iterator[Row]:
    whole, bare = stock.empty_syscall(), stock.empty_call()
    with rig.machine() as supervisor:
        send = send_cost(supervisor)
        by_syscall = pair(send, lambda: whole.seconds_a_call(STOCK_CALLS_A_ROUND), effort.rounds)
        by_bare = pair(send, lambda: bare.seconds_a_call(STOCK_CALLS_A_ROUND), effort.rounds)
    with rig.machine() as supervisor:
        write = pair(console_rate(supervisor), lambda: 1 / whole.seconds_a_call(STOCK_CALLS_A_ROUND), effort.rounds)
    what = "audited 16-byte SYS_SEND"
    target = Target("at most 1x the alternative", by_syscall.ratio <= 1)
    yield Row(what, "µs", by_syscall.ours * 1e6, SYSCALL_ALTERNATIVE, by_syscall.theirs * 1e6, by_syscall.ratio, target)
    yield Row(what, "µs", by_bare.ours * 1e6, BARE_ALTERNATIVE, by_bare.theirs * 1e6, by_bare.ratio)
    yield Row("audited SYS_SEND", "/s", 1 / by_syscall.ours, SYSCALL_ALTERNATIVE, 1 / by_syscall.theirs,
              1 / by_syscall.ratio)  # fmt: skip
    yield Row("audited SYS_CONSOLE_WRITE, 16 bytes, to its callback", "/s", write.ours, SYSCALL_ALTERNATIVE,
              write.theirs, write.ratio)  # fmt: skip
