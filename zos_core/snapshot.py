"""What a view may know of a machine: frozen values, copied out of the kernel between two ticks.

Rules of this file
- Nothing here refers to live state; a snapshot can be kept, compared and drawn at leisure.
- Times are nanoseconds of uptime; sizes are bytes; rights are the bits of `abi.Rights`.
- What every turn or every end makes is a NamedTuple: a frozen dataclass takes four times as long to make.
- `processes` is ordered by pid and ends with the recently ended ones still listed (kernel: Processes).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from zos_core.abi import ExitHow, ObjectType, ProcessState, Rights

Named = Callable[[int, int], str]
"""What a person calls the object of a type and an id."""


def rights_text(rights: int) -> str:
    """Rights in fixed columns: `rwg`, with `-` for an absent one."""
    columns = (("r", Rights.READ), ("w", Rights.WRITE), ("g", Rights.GRANT))
    return "".join(letter if rights & bit else "-" for letter, bit in columns)


class ConsoleMode(Enum):
    """Who edits a line: the tab (`LINE`) or the program, keystroke by keystroke (`RAW`)."""

    LINE = "line"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in a session: after `commit`, in `tick`, whose time is `time_ns`."""

    tick: int
    commit: int
    time_ns: int


class RecordingState(Enum):
    """How a session's recording stands. `STOPPED` is not for a person's wish: the disk, or a limit."""

    ON = "recording"
    PAUSED = "recording paused"
    ENDED = "recording ended"
    STOPPED = "recording stopped"
    FORGOTTEN = "recording forgotten"


@dataclass(frozen=True, slots=True)
class CapabilitySnapshot:
    """One filled slot. `object_name` is for people; `parent` is a capability id, 0 for a root."""

    cap_id: int
    slot: int
    object_type: ObjectType
    object_id: int
    object_name: str
    perms: Rights
    parent: int
    parent_pid: int
    how: str
    granted_by: int
    expires_at: int
    uses_left: int
    children: int
    uses: int
    last_used: int


@dataclass(frozen=True, slots=True)
class TrapSnapshot:
    """Why a process faulted: a short reason, the engine's message, the guest's frames, innermost first."""

    reason: str
    message: str
    frames: tuple[str, ...] = ()


class ExitSnapshot(NamedTuple):
    """How a process ended. `code` is the exit code, -1 for a kill; `trap` is set for a fault."""

    how: ExitHow
    code: int
    trap: TrapSnapshot | None = None

    def describe(self) -> str:
        """One phrase for a person: `exited 0`, `killed`, `faulted: unreachable`."""
        if self.how is ExitHow.EXITED:
            return f"exited {self.code}"
        if self.how is ExitHow.KILLED:
            return "killed"
        return f"faulted: {self.trap.reason if self.trap else 'unknown'}"


@dataclass(frozen=True, slots=True)
class ProcessSnapshot:
    """One process. Counters run from its start; a view that wants rates takes differences."""

    pid: int
    parent: int
    name: str
    state: ProcessState
    memory_size: int
    fuel: int
    syscalls: int
    messages_in: int
    messages_out: int
    queued: int
    notices_unread: int
    capabilities: tuple[CapabilitySnapshot, ...]
    exit: ExitSnapshot | None = None
    console_mode: ConsoleMode | None = None
    has_console: bool = False


@dataclass(frozen=True, slots=True)
class EndpointSnapshot:
    endpoint_id: int
    owner: int
    queued: int
    name: str


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals since boot."""

    ticks: int = 0
    slices: int = 0
    syscalls: int = 0
    messages: int = 0
    commits: int = 0
    refusals: int = 0
    log_events: int = 0


@dataclass(frozen=True, slots=True)
class MachineSnapshot:
    """The whole machine as one frozen value."""

    time_ns: int
    sequence: int
    processes: tuple[ProcessSnapshot, ...]
    endpoints: tuple[EndpointSnapshot, ...]
    counters: Counters
    head: str
    degraded: str = ""
    by_pid: dict[int, ProcessSnapshot] = field(default_factory=dict, repr=False, compare=False)

    def process(self, pid: int) -> ProcessSnapshot | None:
        """The process with this pid, ended ones included, or None when it is no longer listed."""
        return self.by_pid.get(pid)


@dataclass(frozen=True, slots=True)
class CapabilityNode:
    """A capability in its derivation tree; `depth` counts from where the walk began."""

    cap_id: int
    pid: int
    process: str
    slot: int
    perms: Rights
    how: str
    granted_by: int
    expires_at: int
    uses_left: int
    depth: int


@dataclass(frozen=True, slots=True)
class ObjectSnapshot:
    """Something a capability can name, and how many do."""

    object_type: ObjectType
    object_id: int
    name: str
    holders: int


class EventKind(Enum):
    """What a row of the message log tells of."""

    REVOKED = "revoked"
    RECEIVED = "received"
    GRANTED = "granted"
    REFUSED = "refused"
    FAULT = "fault"
    EXIT = "exit"
    STARTED = "started"
    INPUT = "input"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class EventSnapshot:
    """One row of the message log. `pid` is whom it concerns, `by_pid` who caused it; `commit` is 0 for none."""

    time_ns: int
    kind: EventKind
    pid: int
    by_pid: int
    text: str
    commit: int
    event: int


@dataclass(frozen=True, slots=True)
class CommitSnapshot:
    """One row of the timeline: commit `seq`, in `tick`. `pid` is whom it concerns, 0 for the system."""

    seq: int
    tick: int
    time_ns: int
    kind: str
    pid: int
    text: str


@dataclass(frozen=True, slots=True)
class RemovedCapability:
    """One capability that a revocation took, in the order it went."""

    cap_id: int
    pid: int
    slot: int
    object_type: ObjectType
    object_id: int
    perms: Rights


@dataclass(frozen=True, slots=True)
class Notice:
    """One MSG_CAP_REVOKED; `delivered` is False when its process owns no endpoint to take it."""

    pid: int
    slot: int
    reason: int
    delivered: bool


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a revocation removed, or for a preview would remove. `sequence` is the commit it was computed at."""

    removed: tuple[RemovedCapability, ...]
    notices: tuple[Notice, ...]
    sequence: int

    @property
    def cap_ids(self) -> frozenset[int]:
        return frozenset(each.cap_id for each in self.removed)


@dataclass(frozen=True, slots=True)
class PromptSnapshot:
    """A question for the person. `reason` is the program's own text, made harmless; quote it, never trust it."""

    request_id: int
    pid: int
    name: str
    object_type: ObjectType
    object_id: int
    object_name: str
    perms: Rights
    reason: str
    asked_at: int
    program: bytes = b""
    """SHA-256 of the module that asks."""


@dataclass(frozen=True, slots=True)
class AnswerSnapshot:
    """What was answered. `slot` is where the capability went, None when nothing was given.

    `stands`: the same program is given the same again without asking, until somebody takes it back.
    """

    request_id: int
    prompt: PromptSnapshot
    choice: str
    slot: int | None
    stands: bool = False


class ProcessEnded(NamedTuple):
    pid: int
    name: str
    exit: ExitSnapshot


@dataclass(frozen=True, slots=True)
class ConsoleOpened:
    """A program started another one with a console of its own: a desktop shows it as a tab."""

    pid: int
    name: str
    mode: ConsoleMode


class PollReport(NamedTuple):
    """What one tick did. `idle` means nothing is ready; `wake_at_ns` is the next deadline in uptime, or None.

    `logged` counts what the logs have gained since the report before: nothing, in most turns of programs that poll.
    """

    ticks: int
    slices: int
    syscalls: int
    idle: bool
    wake_at_ns: int | None
    ended: tuple[ProcessEnded, ...] = ()
    opened: tuple[ConsoleOpened, ...] = ()
    logged: int = 0


@dataclass(frozen=True, slots=True)
class RequestSummary:
    """What a manifest asks for. `directory` is the path a program wants to know a directory by, None for the rest.

    `reason` is the program's own text, made harmless.
    """

    object_type: ObjectType
    object_text: str
    perms: Rights
    required: bool
    reason: str
    directory: str | None = None


@dataclass(frozen=True, slots=True)
class ProgramSummary:
    """What a program says of itself before it runs. `imports` are (module, name), `foreign` those nobody here has.

    `size` is bytes; `wasi` that it has descriptors, and can use directories.
    """

    name: str
    title: str
    description: str
    size: int
    wasi: bool
    bundled: bool
    imports: tuple[tuple[str, str], ...]
    foreign: tuple[tuple[str, str], ...]
    requests: tuple[RequestSummary, ...]
