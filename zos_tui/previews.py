"""What a revocation would take, arranged for a person: the tree of derivations, and whom each notice goes to.

Pure but for reading the machine. The set is the machine's own preview; nothing here decides what goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from zos_core.abi import RevokeReason
from zos_core.snapshot import MachineSnapshot, Notice, RemovedCapability, Revocation
from zos_tui.ports import Machine, Targets

REASONS = {
    RevokeReason.EXPLICIT: "revoked",
    RevokeReason.EXPIRED: "expired",
    RevokeReason.SOURCE_EXITED: "source gone",
}


class Going(NamedTuple):
    """A capability that would go. `depth` is its place below the one that is revoked; `added` marks an unseen one."""

    removed: RemovedCapability
    depth: int
    holder: str
    object_name: str
    notice: str
    told: bool
    added: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """`revocation` is what a person would confirm."""

    revocation: Revocation
    rows: tuple[Going, ...]

    @property
    def summary(self) -> str:
        """Counts in one line: capabilities, processes, and notices nobody can take."""
        holders = {row.removed.pid for row in self.rows}
        line = f"{plural(len(self.rows), 'capability')} would go, from {plural(len(holders), 'process')}"
        deaf = sum(not row.told for row in self.rows)
        return f"{line} · {plural(deaf, 'notice')} cannot be delivered" if deaf else line


def plural(count: int, noun: str) -> str:
    """`1 capability`, `3 capabilities`, `2 processes`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        return f"{count} {noun[:-1]}ies"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"


def preview(
    machine: Machine, snapshot: MachineSnapshot, targets: Targets, *, keep_own: bool, seen: Revocation | None = None
) -> Preview:
    """What revoking `targets` would take; with `seen`, what that one did not name is marked. Raises `Refused`."""
    return arranged(machine, snapshot, targets, machine.preview_revocations(targets, keep_own=keep_own), seen)


def arranged(
    machine: Machine, snapshot: MachineSnapshot, targets: Targets, revocation: Revocation, seen: Revocation | None
) -> Preview:
    """A revocation as rows: parents before what was derived from them, consequences after the trees."""
    by_id = {each.cap_id: each for each in revocation.removed}
    notices = {(notice.pid, notice.slot): notice for notice in revocation.notices}
    names = {
        capability.cap_id: capability.object_name for held in snapshot.processes for capability in held.capabilities
    }
    places: dict[int, int] = {}
    for pid, slot in targets:
        for node in machine.derived_from(pid, slot):
            if node.cap_id in by_id:
                places.setdefault(node.cap_id, node.depth)
    order = [*places, *(each for each in by_id if each not in places)]
    known = revocation.cap_ids if seen is None else seen.cap_ids
    holders = {process.pid: f"{process.name} ({process.pid})" for process in snapshot.processes}
    rows = (_going(by_id[each], places.get(each, 0), notices, holders, names, known) for each in order)
    return Preview(revocation, tuple(rows))


def _going(
    removed: RemovedCapability, depth: int, notices: Mapping[tuple[int, int], Notice], holders: Mapping[int, str],
    names: Mapping[int, str], known: frozenset[int],
) -> Going:  # fmt: skip
    notice = notices.get((removed.pid, removed.slot))
    told = notice is None or notice.delivered
    word = "no notice" if notice is None else REASONS[RevokeReason(notice.reason)]
    return Going(
        removed=removed,
        depth=depth,
        holder=holders.get(removed.pid, f"pid {removed.pid}"),
        object_name=names.get(removed.cap_id) or f"{removed.object_type.name.lower()} {removed.object_id}",
        notice=word if told else f"{word}, undeliverable",
        told=told,
        added=removed.cap_id not in known,
    )
