"""A booted machine without a desktop, and pairs of guests that share an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from zos_core import abi, collector
from zos_core.abi import ObjectType, Rights
from zos_core.supervisor import MachineConfig, Supervisor

GRANTED_SLOT = 100
"""Where a sender finds the receiver's endpoint; its guest is written for this slot."""


@contextmanager
def machine(config: MachineConfig | None = None) -> Iterator[Supervisor]:
    """A machine with its two services, at rest, in a process whose collector is set as `zos run` sets it."""
    supervisor = Supervisor(config)
    try:
        supervisor.boot()
        supervisor.run_until_idle()
        collector.spare()
        yield supervisor
    finally:
        supervisor.close()


def endpoint_of(supervisor: Supervisor, pid: int) -> int:
    """The id of the endpoint in the process's slot 0."""
    process = supervisor.snapshot().process(pid)
    assert process is not None
    return next(cap.object_id for cap in process.capabilities if cap.slot == abi.SLOT_OWN_ENDPOINT)


def connect(supervisor: Supervisor, receiver: bytes, sender: Callable[[int], bytes]) -> tuple[int, int]:
    """Starts both guests; the sender holds a capability on the receiver's endpoint. Their pids, receiver first."""
    to = supervisor.spawn(receiver, name="receiver")
    by = supervisor.spawn(sender(GRANTED_SLOT), name="sender")
    supervisor.grant_capability(by, ObjectType.ENDPOINT, endpoint_of(supervisor, to), Rights.WRITE, GRANTED_SLOT)
    return to, by
