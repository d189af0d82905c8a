"""Snapshots: a machine copied into frozen values, between two ticks, live or as it was.

Rules of this file
- What committed state says is told by it alone; what else a view shows of a process are its `Figures`, which a live
  machine has and a replay can keep. So the past is shown by the code that shows the present.
"""

from __future__ import annotations

from typing import NamedTuple

from zos_core import abi
from zos_core.abi import ExitHow, ObjectType, ProcessState, Rights
from zos_core.consoles import Consoles
from zos_core.kernel.call import State
from zos_core.kernel.capabilities import Removal
from zos_core.kernel.commits import InsertHow
from zos_core.kernel.services import process_state
from zos_core.kernel.state import Cap, Process
from zos_core.runtime.machine import Machine
from zos_core.snapshot import (
    CapabilityNode,
    CapabilitySnapshot,
    ConsoleMode,
    Counters,
    EndpointSnapshot,
    ExitSnapshot,
    MachineSnapshot,
    Named,
    Notice,
    ObjectSnapshot,
    ProcessSnapshot,
    RemovedCapability,
    Revocation,
    TrapSnapshot,
)

_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


class Figures(NamedTuple):
    """What a process shows that commits do not tell. `queues` are (endpoint, messages) of its endpoints with any."""

    state: ProcessState = ProcessState.RUNNING
    memory_size: int = 0
    fuel: int = 0
    syscalls: int = 0
    messages_in: int = 0
    messages_out: int = 0
    queues: tuple[tuple[int, int], ...] = ()
    notices_unread: int = 0


UNKNOWN = Figures()


def figures_of(machine: Machine, process: Process) -> Figures:
    """The figures of a process as they are after the last tick."""
    state, pid = machine.gateway.state, process.pid
    transient = state.transient
    stats, running, queues = transient.stats.get(pid), machine.processes.get(pid), transient.queues
    return Figures(
        process_state(state, pid),
        transient.memory.get(pid, 0),
        running.fiber.fuel_used if running is not None else 0,
        stats.syscalls if stats is not None else 0,
        stats.messages_in if stats is not None else 0,
        stats.messages_out if stats is not None else 0,
        tuple(
            (endpoint, len(queues[endpoint].items))
            for endpoint in state.committed.endpoints_of(pid)
            if queues[endpoint].items
        ),
        transient.notices.get(pid, 0),
    )


class Viewer:
    """Takes snapshots. What nobody touched since the last one is not built again: an idle machine is cheap to watch."""

    def __init__(self, machine: Machine, consoles: Consoles, named: Named) -> None:
        self._machine, self._consoles, self._named = machine, consoles, named
        self._held: dict[int, tuple[object, tuple[CapabilitySnapshot, ...]]] = {}

    def snapshot(self) -> MachineSnapshot:
        """The machine as it is after the last tick."""
        machine, state, log = self._machine, self._machine.gateway.state, self._machine.gateway.commits
        figures = {pid: figures_of(machine, process) for pid, process in state.committed.processes.items()}
        processes = tuple(
            process_snapshot(state, process, figures[pid], self._capabilities(pid), self._mode(pid))
            for pid, process in sorted(state.committed.processes.items())
        )
        self._held = {pid: kept for pid, kept in self._held.items() if pid in state.committed.processes}
        stats = state.transient.stats.values()
        return MachineSnapshot(
            time_ns=machine.gateway.now,
            sequence=log.seq,
            processes=processes,
            endpoints=endpoints_of(state, figures),
            counters=Counters(
                ticks=machine.ticks,
                slices=machine.slices,
                syscalls=sum(each.syscalls for each in stats),
                messages=sum(each.messages_out for each in stats),
                commits=log.seq,
                refusals=machine.gateway.syslog.refusals,
                log_events=machine.gateway.syslog.total,
            ),
            head=log.head.hex(),
            degraded=machine.degraded,
            by_pid={process.pid: process for process in processes},
        )

    def _capabilities(self, pid: int) -> tuple[CapabilitySnapshot, ...]:
        state = self._machine.gateway.state
        held, uses = state.committed.held_by(pid), state.transient.uses
        used = tuple(use.count for cap in held if (use := uses.get(cap.id)) is not None)
        key = (self._machine.gateway.commits.structure, used)
        known = self._held.get(pid)
        if known is None or known[0] != key:
            known = self._held[pid] = (key, tuple(capability(state, cap, self._named) for cap in held))
        return known[1]

    def _mode(self, pid: int) -> ConsoleMode | None:
        return self._consoles.mode(pid) if pid in self._consoles else None


def process_snapshot(
    state: State, process: Process, figures: Figures, capabilities: tuple[CapabilitySnapshot, ...],
    console_mode: ConsoleMode | None = None,
) -> ProcessSnapshot:  # fmt: skip
    return ProcessSnapshot(
        pid=process.pid,
        parent=process.parent,
        name=process.name,
        state=figures.state if process.alive else ProcessState.EXITED,
        memory_size=figures.memory_size if process.alive else 0,
        fuel=figures.fuel,
        syscalls=figures.syscalls,
        messages_in=figures.messages_in,
        messages_out=figures.messages_out,
        queued=sum(waiting for _, waiting in figures.queues),
        notices_unread=figures.notices_unread,
        capabilities=capabilities,
        exit=exit_of(process),
        console_mode=console_mode,
        has_console=state.committed.console_of(process.pid) is not None,
    )


def endpoints_of(state: State, figures: dict[int, Figures]) -> tuple[EndpointSnapshot, ...]:
    """Every endpoint with what waits in it; `figures` are by pid."""
    waiting = dict(queue for each in figures.values() for queue in each.queues)
    return tuple(
        EndpointSnapshot(endpoint, owner, waiting.get(endpoint, 0), f"endpoint {endpoint}")
        for endpoint, owner in sorted(state.committed.endpoints.items())
    )


def exit_of(process: Process) -> ExitSnapshot | None:
    """How a process ended, None while it lives."""
    if process.how is None:
        return None
    if process.how is not ExitHow.FAULTED:
        return ExitSnapshot(process.how, process.code)
    message, *frames = process.description.split("\n")
    return ExitSnapshot(process.how, abi.EXIT_FAULT_STATUS, TrapSnapshot(process.reason, message, tuple(frames)))


def capability(state: State, cap: Cap, named: Named) -> CapabilitySnapshot:
    """A filled slot as a person sees it."""
    parent, use = state.committed.caps.get(cap.parent), state.transient.uses.get(cap.id)
    return CapabilitySnapshot(
        cap_id=cap.id,
        slot=cap.slot,
        object_type=ObjectType(cap.object_type),
        object_id=cap.object_id,
        object_name=named(cap.object_type, cap.object_id),
        perms=Rights(cap.perms),
        parent=cap.parent,
        parent_pid=parent.pid if parent is not None else 0,
        how=InsertHow(cap.how).name.lower(),
        granted_by=cap.by_pid,
        expires_at=cap.expires_at,
        uses_left=cap.uses_left,
        children=len(cap.children),
        uses=use.count if use is not None else 0,
        last_used=use.last if use is not None else 0,
    )


def object_name(state: State, object_type: int, object_id: int) -> str:
    """An object as a person calls it."""
    match object_type:
        case ObjectType.ENDPOINT:
            owner = state.committed.endpoints.get(object_id)
            return f"endpoint {object_id}" if owner is None else f"endpoint {object_id} of {_named(state, owner)}"
        case ObjectType.CONSOLE:
            console = state.committed.consoles.get(object_id)
            return f"console {object_id}" if console is None else f"console of {_named(state, console.owner)}"
        case ObjectType.PROCESS:
            return "process factory" if object_id == abi.FACTORY else _named(state, object_id)
        case ObjectType.STORAGE if object_id >= abi.FIRST_DIRECTORY:
            number = object_id - abi.FIRST_DIRECTORY
            return f"directory {state.transient.directories.get(object_id, number)}"
        case ObjectType.MEMORY:
            return f"up to {size_text(object_id)}"
    return f"{ObjectType(object_type).name.lower()} {object_id}"


def _named(state: State, pid: int) -> str:
    process = state.committed.processes.get(pid)
    return "the system" if pid == abi.PID_SUPERVISOR else f"{process.name} ({pid})" if process else f"pid {pid}"


def size_text(size: int) -> str:
    """A size in the largest unit that keeps it whole, or in tenths."""
    for unit, suffix in _SIZES:
        if size >= unit:
            return f"{size // unit} {suffix}" if size % unit == 0 else f"{size / unit:.1f} {suffix}"
    return f"{size} B"


def revocation_of(removal: Removal, sequence: int) -> Revocation:
    """What a removal takes, as a person is shown it."""
    return Revocation(
        removed=tuple(
            RemovedCapability(lost.cap_id, lost.pid, lost.slot, ObjectType(lost.object_type), lost.object_id,
                              Rights(lost.perms))
            for lost in removal.removed()
        ),
        notices=tuple(
            Notice(lost.pid, lost.slot, removal.reason(lost), removal.notice_to(lost.pid) != 0)
            for lost in removal.losers()
        ),
        sequence=sequence,
    )  # fmt: skip


def origin_of(state: State, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
    """The chain of grants that led to a slot, from the root down to it; empty when the slot is."""
    chain, cap = list[Cap](), state.committed.cap(pid, slot)
    while cap is not None:
        chain.insert(0, cap)
        cap = state.committed.caps.get(cap.parent)
    return tuple(_node(state, each, depth) for depth, each in enumerate(chain))


def derived_from(state: State, pid: int, slot: int) -> tuple[CapabilityNode, ...]:
    """A slot's capability and everything derived from it, parents before children, siblings by rising id."""
    top = state.committed.cap(pid, slot)
    stack, out = [(top, 0)] if top is not None else [], list[CapabilityNode]()
    while stack:
        cap, depth = stack.pop()
        out.append(_node(state, cap, depth))
        children = sorted(cap.children, reverse=True)
        stack.extend((state.committed.caps[child], depth + 1) for child in children)
    return tuple(out)


def _node(state: State, cap: Cap, depth: int) -> CapabilityNode:
    return CapabilityNode(
        cap_id=cap.id,
        pid=cap.pid,
        process=_named(state, cap.pid),
        slot=cap.slot,
        perms=Rights(cap.perms),
        how=InsertHow(cap.how).name.lower(),
        granted_by=cap.by_pid,
        expires_at=cap.expires_at,
        uses_left=cap.uses_left,
        depth=depth,
    )


def objects(state: State, named: Named) -> tuple[ObjectSnapshot, ...]:
    """Everything a capability names at present, by type and id."""
    caps = state.committed.caps
    return tuple(
        ObjectSnapshot(
            ObjectType(kind), object_id, named(kind, object_id), sum(caps[each].pid != 0 for each in held)
        )
        for (kind, object_id), held in sorted(state.committed.by_object.items())
    )


def holders_of(state: State, object_type: int, object_id: int) -> tuple[CapabilityNode, ...]:
    """Who can reach an object, and through whom: every capability on it below the tops, as a tree."""
    tops = (state.committed.caps[top] for top in state.committed.tops(object_type, object_id))
    return tuple(node for top in tops for node in derived_from(state, top.pid, top.slot))
