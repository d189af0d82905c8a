"""The least authority: what the programs of a recorded run exercised, as the manifests that would have been enough.

Rules of this file (supervisor: Programs and manifests; runtime: WASI programs)
- Only calls that went well count. What every process is given anyway (its endpoints, its console, its memory) and
  what one program got from another is in no manifest; but a giver needs what it gives, and the right to give it.
- Pids 1 and 2 are the system's own and need no manifest.
- A directory of the host stands in no manifest: a person names it when the program is started.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from zos_core import abi
from zos_core.abi import Malformed, ObjectType, Rights, Sys
from zos_core.axiom.syslog import WAITING, SysEvent
from zos_core.calltext import call_name, went_well
from zos_core.errors import Refused
from zos_core.kernel import commits as k
from zos_core.kernel.commits import InsertHow
from zos_core.kernel.dispatch import Op
from zos_core.kernel.state import Cap, Committed
from zos_core.kernel.transient import SpawnRequest
from zos_core.record.history import Past, RecordedCommit, happenings
from zos_core.record.plain import unpack_commands
from zos_core.record.recording import Progress, Recording
from zos_core.record.uses import exercised
from zos_core.runtime import commands as c
from zos_core.snapshot import rights_text
from zos_core.wasi.directories import DirectoryGrant

_GIVEN_ANYWAY = frozenset({ObjectType.CONSOLE, ObjectType.MEMORY})
_SERVICES = (abi.PID_INIT, abi.PID_PERMISSION)
_STARTS = f'"@{c.Create.__name__}"'
"""What the commands of a tick contain if a program starts in it."""


@dataclass(slots=True)
class Need:
    """One capability a program needed. `calls` are the names of what it was used for.

    `directory` is how to give it with no more than those rights, None when it is no directory of the host.
    """

    program: str
    object_type: ObjectType
    object_id: int
    rights: Rights = Rights.NONE
    calls: set[str] = field(default_factory=set)
    directory: DirectoryGrant | None = None

    @property
    def is_directory(self) -> bool:
        return self.object_type is ObjectType.STORAGE and self.object_id >= abi.FIRST_DIRECTORY


def least(recording: Recording, progress: Progress | None = None) -> dict[str, list[Need]]:
    """What each program of the run needed, by its name; a program that needed nothing has an empty list.

    Raises `Refused` for a recording that cannot be read.
    """
    tally = _Tally()
    for happening in happenings(recording, progress):
        if isinstance(happening.what, SysEvent):
            tally.call(happening.what)
        else:
            tally.commit(happening.what)
        tally.past.add(happening)
    found = tally.needs()
    directories = [need for needs in found.values() for need in needs if need.is_directory]
    given = _preopens(recording) if directories else {}
    for need in directories:
        host = tally.past.directories.get(need.object_id, "?")
        preopen = given.get((need.program, need.object_id), c.Preopen(need.object_id, host, host))
        # A directory is given to read, or to read and write.
        need.directory = DirectoryGrant(Path(preopen.host), preopen.guest, need.rights | Rights.READ)
    return found


def _preopens(recording: Recording) -> dict[tuple[str, int], c.Preopen]:
    """The directories that programs started with, by the program's name and the object. Raises `Refused`."""
    found = {}
    for row in recording.ticks():
        try:
            commands = unpack_commands(row.commands) if _STARTS in row.commands else ()
        except Malformed as malformed:
            raise Refused(f"{recording.path}: tick {row.tick}: {malformed}") from None
        for command in commands:
            if isinstance(command, c.Create) and command.wasi is not None:
                found.update({(command.name, each.object_id): each for each in command.wasi.preopens})
    return found


class _Tally:
    """`past` is all before the next call; `_entered` who was first given a capability that a manifest can name."""

    def __init__(self) -> None:
        self.past = Past()
        self._needs: dict[tuple[str, int, int], Need] = {}
        self._programs: dict[str, None] = {}
        self._waiting: dict[int, list[tuple[Cap, Rights]]] = {}
        self._entered: dict[int, int] = {}

    def needs(self) -> dict[str, list[Need]]:
        found: dict[str, list[Need]] = {name: [] for name in self._programs}
        for _, need in sorted(self._needs.items()):
            found.setdefault(need.program, []).append(need)
        return found

    def call(self, event: SysEvent) -> None:
        caps = self.past.state.caps
        if not went_well(event):
            return
        if event.num == Op.CREATE_PROCESS:
            # A program can also be asked for by the debug channel, where no slot is named.
            for request in event.args:
                if isinstance(request, SpawnRequest) and request.cap_id in caps:
                    self._credit(caps[request.cap_id], Rights.WRITE, call_name(Sys.SPAWN))
            return
        used = self._waiting.pop(event.resumes, []) if event.resumes else exercised(event, self.past.state)
        if event.result == WAITING:
            self._waiting[event.seq] = used
            return
        for cap, right in used:
            self._credit(cap, right, call_name(event.num))

    def commit(self, commit: RecordedCommit) -> None:
        state = self.past.state
        match commit.body:
            case k.ProcessCreated(pid, _, name) if pid not in _SERVICES:
                self._programs.setdefault(name)
            case k.CapInserted() as born if born.parent_cap in state.caps and not state.caps[born.parent_cap].pid:
                if not _given_anyway(state, born) and born.pid not in _SERVICES:
                    self._entered[born.cap_id] = born.pid
            case k.CapMoved(cap_id) if cap_id in state.caps:
                self._credit(state.caps[cap_id], Rights.GRANT, call_name(Sys.SEND_CAP))

    def _credit(self, cap: Cap, right: Rights, call: str) -> None:
        """Note the use where the authority came in; whoever passed it on needs it with the right to give it."""
        caps, node = self.past.state.caps, cap
        while node.id not in self._entered:
            parent = caps.get(node.parent)
            if parent is None or (node.object_type, node.object_id) != (parent.object_type, parent.object_id):
                return
            if node.how == InsertHow.GRANT and parent.pid != node.pid:
                right |= Rights.GRANT
            node = parent
        program, kind = self.past.program(self._entered[node.id]), ObjectType(node.object_type)
        need = self._needs.setdefault((program, kind, node.object_id), Need(program, kind, node.object_id))
        need.rights |= right
        need.calls.add(call)


def _given_anyway(state: Committed, born: k.CapInserted) -> bool:
    """What every process has at its start, and endpoints it made itself."""
    own = born.object_type == ObjectType.ENDPOINT and state.endpoints.get(born.object_id) == born.pid
    at_start = born.how == InsertHow.SPAWN and born.slot < abi.SLOT_FIRST_FREE
    return own or at_start or born.object_type in _GIVEN_ANYWAY


def manifest(needs: list[Need], shared: frozenset[tuple[ObjectType, int]] = frozenset()) -> str:
    """The `[[capability]]` tables of one program as TOML. `shared` are objects that other programs use, too."""
    tables = []
    for need in needs:
        if need.is_directory:
            continue
        tables.append(
            "[[capability]]\n"
            f'type = "{need.object_type.name.lower()}"\n'
            f"object = {json.dumps(_object_text(need, shared))}\n"
            f'perms = "{rights_text(need.rights).replace("-", "")}"\n'
            "required = true\n"
            f"reason = {json.dumps(', '.join(sorted(need.calls)))}\n"
        )
    return "\n".join(tables)


def _object_text(need: Need, shared: frozenset[tuple[ObjectType, int]]) -> str:
    if need.object_type is ObjectType.PROCESS and need.object_id == abi.FACTORY:
        return "factory"
    if need.object_type is ObjectType.STORAGE and (need.object_type, need.object_id) not in shared:
        return "own"
    return str(need.object_id)


def shared_objects(found: dict[str, list[Need]]) -> frozenset[tuple[ObjectType, int]]:
    """Objects that more than one program used: none of them can call them its own."""
    seen: dict[tuple[ObjectType, int], int] = {}
    for needs in found.values():
        for need in needs:
            key = (need.object_type, need.object_id)
            seen[key] = seen.get(key, 0) + 1
    return frozenset(key for key, count in seen.items() if count > 1)
