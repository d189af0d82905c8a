"""Checking a recording without running it: both chains, every column of every row, and the modules.

Rules of this file (runtime: Time, ticks and the journal; docs/formats.md)
- The tick chain starts at the header's hash and covers every column; the commit chain is recomputed from the canonical
  bytes, and each tick's head must be its last id. Modules are named by the SHA-256 of their bytes.
- The first tick or commit that does not follow is named.
- A file alone cannot show that its end was cut off, or that all of it was written anew: only a `Head` that was kept
  elsewhere can.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass

from zos_core.abi import Malformed
from zos_core.errors import Refused
from zos_core.kernel.commits import ZERO_ID, commit_id
from zos_core.record.journal import JournalRow, row_hash, unpack_events, unpack_list, unpack_numbers
from zos_core.record.plain import unpack_commands
from zos_core.record.recording import Progress, Recording
from zos_core.runtime import commands as c

_HASH = re.compile("[0-9a-f]{64}")
_SEQ_BYTES = 8
MAX_HEAD_FILE = 4096



@dataclass(frozen=True, slots=True)
class Head:
    """What names a recording up to a tick. Hashes are hexadecimal; `header` is where the chain starts."""

    session: str
    header: str
    ticks: int
    commits: int
    tick_hash: str
    commit_head: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


@dataclass(frozen=True, slots=True)
class Damage:
    """The first place that does not follow from what stands before it. `tick` 0 is the header."""

    tick: int
    what: str

    def describe(self) -> str:
        return f"tick {self.tick}: {self.what}" if self.tick else self.what


def parse_head(text: str | bytes) -> Head:
    """An exported head. Raises `Malformed`."""
    try:
        fields = json.loads(text)
        head = Head(**fields)
    except (ValueError, TypeError, RecursionError):
        raise Malformed("this is not an exported head") from None
    hashes = (head.header, head.tick_hash, head.commit_head)
    numbers = (head.ticks, head.commits)
    if not all(type(each) is str and _HASH.fullmatch(each) for each in hashes) or type(head.session) is not str:
        raise Malformed("this is not an exported head: a hash is none")
    if not all(type(each) is int and each >= 0 for each in numbers):
        raise Malformed("this is not an exported head: a count is none")
    return head


def verify(recording: Recording, known: Head | None = None, progress: Progress | None = None) -> Head | Damage:
    """Walk both chains: the head at their end, or the first damage. `known` is a head that was exported before.

    Raises `Refused` when the file itself cannot be read.
    """
    if known is not None and (known.header != recording.start.hex() or known.session != recording.header.session):
        return Damage(0, "the header is not the one the head was made with")
    walk = _Walk(recording)
    try:
        for row in recording.ticks(first=-(2**63)):
            damage = walk.tick(row) or _against(known, walk)
            if damage is not None:
                return damage
            if progress is not None:
                progress(row.tick)
    except Refused as refused:
        return Damage(walk.ticks + 1, str(refused).removeprefix(f"{recording.path}: "))
    if known is not None and walk.ticks < known.ticks:
        return Damage(walk.ticks + 1, f"it is missing: the head was made after tick {known.ticks}")
    strange = [name for name in recording.module_names() if name not in walk.modules]
    if strange:
        return Damage(0, "there is a module that no tick has started")
    return walk.head()


def _against(known: Head | None, walk: _Walk) -> Damage | None:
    """Whether the walk has just come to where a known head was made, and is somewhere else."""
    if known is None or walk.ticks != known.ticks or walk.head() == known:
        return None
    return Damage(walk.ticks, "it or one before it was written anew: its hash is not the one of the head")


class _Walk:
    """The state of both chains after `ticks` rows."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._hash, self._commit = recording.start, ZERO_ID
        self.ticks = self._commits = 0
        self.modules: set[object] = set()

    def head(self) -> Head:
        return Head(
            session=self._recording.header.session,
            header=self._recording.start.hex(),
            ticks=self.ticks,
            commits=self._commits,
            tick_hash=self._hash.hex(),
            commit_head=self._commit.hex(),
        )

    def tick(self, row: JournalRow) -> Damage | None:
        if row.tick != self.ticks + 1:
            why = "is missing" if row.tick > self.ticks else "comes again"
            return Damage(self.ticks + 1, f"it {why}: the next row is tick {row.tick}")
        self.ticks = row.tick
        what: str | None = None
        try:
            expected = row_hash(self._hash, row)
            if expected != row.hash:
                return Damage(row.tick, "its hash does not follow from the tick before and its columns")
            self._hash = expected
            what = self._commit_chain(row) or self._started(row)
            unpack_events(row.syslog)
            unpack_numbers(row.readings + row.refusals)
        except Malformed as malformed:
            what = f"it cannot be read: {malformed}"
        return None if what is None else Damage(row.tick, what)

    def _commit_chain(self, row: JournalRow) -> str | None:
        for encoded in unpack_list(row.commits):
            self._commits += 1
            if int.from_bytes(encoded[:_SEQ_BYTES], "little") != self._commits:
                return f"commit {self._commits} is not where it should be"
            self._commit = commit_id(self._commit, encoded)
        if self._commit != row.head:
            return f"commit {self._commits} is not the one the tick names as its head"
        return None

    def _started(self, row: JournalRow) -> str | None:
        for command in unpack_commands(row.commands):
            if isinstance(command, c.Create) and command.module not in self.modules:
                try:
                    data = self._recording.module(command.module)
                except Refused:
                    return f"the module of {command.name} is missing"
                if hashlib.sha256(data).digest() != command.module:
                    return f"the module of {command.name} was altered"
                self.modules.add(command.module)
        return None
