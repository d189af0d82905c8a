"""Committed state: processes, the derivation forest of capabilities, endpoints, consoles.

Rules of this file
- Only `apply` (kernel/reduce.py) changes what stands here; everyone else reads.
- Every object has one root capability, held by pid 0; every other capability on it is below that root.
- Ids of capabilities, endpoints, consoles and processes rise and never return; so do slots, except that a
  privileged grant may fill an explicit free one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from zos_core import abi

_ENDPOINT = int(abi.ObjectType.ENDPOINT)
"""A plain integer: the attribute of an enum costs more than the comparison."""


@dataclass(slots=True)
class Cap:
    """A node of the derivation forest. `given` tells that a program other than its holder put it there."""

    id: int
    object_type: int
    object_id: int
    perms: int
    parent: int
    expires_at: int
    uses_left: int
    pid: int
    slot: int
    by_pid: int
    how: int
    given: bool
    children: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Space:
    """The slots of one process."""

    slots: dict[int, Cap] = field(default_factory=dict)
    next_slot: int = abi.SLOT_FIRST_FREE
    given: int = 0


@dataclass(slots=True)
class Process:
    """`how` is None while it lives. `console` was made for it, `borrowed` was lent to it to read; 0 for none."""

    pid: int
    parent: int
    name: str
    console: int = 0
    borrowed: int = 0
    how: abi.ExitHow | None = None
    code: int = 0
    reason: str = ""
    description: str = ""

    @property
    def alive(self) -> bool:
        return self.how is None


@dataclass(slots=True)
class Console:
    """Belongs to the process it was made for; `reader` is that process or the child it lent it to."""

    id: int
    owner: int
    reader: int


@dataclass(slots=True)
class Committed:
    """Everything that is reduced from commits, and nothing else."""

    processes: dict[int, Process] = field(default_factory=dict)
    spaces: dict[int, Space] = field(default_factory=lambda: {abi.PID_SUPERVISOR: Space(next_slot=1)})
    caps: dict[int, Cap] = field(default_factory=dict)
    roots: dict[tuple[int, int], int] = field(default_factory=dict)
    by_object: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    endpoints: dict[int, int] = field(default_factory=dict)
    consoles: dict[int, Console] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)
    expiring: set[int] = field(default_factory=set)
    next_pid: int = 1
    next_cap: int = 1
    next_endpoint: int = 1
    next_console: int = 1

    def alive(self, pid: int) -> bool:
        process = self.processes.get(pid)
        return process is not None and process.how is None

    def cap(self, pid: int, slot: int) -> Cap | None:
        space = self.spaces.get(pid)
        return None if space is None else space.slots.get(slot)

    def held_by(self, pid: int) -> list[Cap]:
        """The capabilities of one process by rising slot."""
        space = self.spaces.get(pid)
        return [] if space is None else [space.slots[slot] for slot in sorted(space.slots)]

    def subtree(self, cap_id: int) -> list[Cap]:
        """Post-order: siblings by rising id, the node itself last (kernel: Capabilities, revoke)."""
        found = [self.caps[cap_id]]
        if not found[0].children:
            return found
        # Backwards it is a pre-order with the siblings falling, which needs no second visit of a node.
        stack, found = found, []
        while stack:
            node = stack.pop()
            found.append(node)
            if node.children:
                stack.extend(map(self.caps.__getitem__, sorted(node.children)))
        found.reverse()
        return found

    def tops(self, object_type: int, object_id: int) -> list[int]:
        """Ids of the capabilities on an object that are not below another one on it, rising."""
        ids, caps = self.by_object.get((object_type, object_id), ()), self.caps
        return sorted([cap_id for cap_id in ids if caps[cap_id].parent not in ids])

    def console_of(self, pid: int) -> Console | None:
        """The console made for this process."""
        process = self.processes.get(pid)
        return None if process is None else self.consoles.get(process.console)

    def endpoints_of(self, pid: int) -> list[int]:
        """Endpoints this process owns: it holds a read capability to each of them, or they would be gone."""
        space, endpoints = self.spaces.get(pid), self.endpoints
        held = () if space is None else space.slots.values()
        owned = {cap.object_id for cap in held if cap.object_type == _ENDPOINT}
        return sorted([endpoint for endpoint in owned if endpoints.get(endpoint) == pid])


def state_hash(state: Committed) -> bytes:
    """SHA-256 over every fact of committed state in a fixed order: equal states, equal hashes."""
    digest = hashlib.sha256()
    for process in sorted(state.processes.values(), key=lambda p: p.pid):
        digest.update(
            repr(
                (
                    *("process", process.pid, process.parent, process.name, process.console, process.borrowed),
                    *(process.how, process.code, process.reason, process.description),
                )
            ).encode()
        )
    for pid in sorted(state.spaces):
        space = state.spaces[pid]
        digest.update(repr(("space", pid, space.next_slot, space.given)).encode())
        for slot in sorted(space.slots):
            cap = space.slots[slot]
            digest.update(
                repr(
                    (
                        *(slot, cap.id, cap.object_type, cap.object_id, cap.perms, cap.parent, cap.expires_at),
                        *(cap.uses_left, cap.by_pid, cap.how, cap.given, sorted(cap.children)),
                    )
                ).encode()
            )
    digest.update(repr(sorted(state.endpoints.items())).encode())
    digest.update(repr([(c.id, c.owner, c.reader) for _, c in sorted(state.consoles.items())]).encode())
    digest.update(repr((state.ended, sorted(state.roots.items()), sorted(state.expiring))).encode())
    digest.update(repr((state.next_pid, state.next_cap, state.next_endpoint, state.next_console)).encode())
    return digest.digest()
