"""The commit log: every fact in order, each named by a hash over all before it.

Rules of this file (kernel: Axiom)
- Appending is cheap and hashing is late: `seal` computes the chain of all commits not yet hashed, skipping none.
- In memory: the commits above a base. The base (sequence number, head, committed state) moves forward, so a machine
  that runs for weeks stays bounded; the state at the base is reduced by the same `apply` as the live one.
- Sequence numbers start at 1; `head` is the id of the last sealed commit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from zos_core.kernel.commits import ZERO_ID, Body, commit_id, encode
from zos_core.kernel.reduce import apply
from zos_core.kernel.state import Committed

KEPT_COMMITS = 100_000
_MOVE_BY = 10_000


class Entry(NamedTuple):
    """A commit without its hashes, as it is appended."""

    seq: int
    timestamp: int
    caused_by: int
    body: Body


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as the log tells it."""

    seq: int
    timestamp: int
    caused_by: int
    body: Body
    prev: bytes
    id: bytes


@dataclass(frozen=True, slots=True)
class BadCommit:
    """The first commit whose hash does not follow from what stands before it."""

    seq: int
    expected: bytes
    found: bytes

    def describe(self) -> str:
        return f"commit {self.seq} does not follow from the one before: {self.found.hex()[:16]} found"


class CommitLog:
    def __init__(self, kept: int = KEPT_COMMITS) -> None:
        self._kept = kept
        self._entries: list[tuple[int, int, int, Body]] = []
        self._ids: list[bytes] = []
        self.base_seq = 0
        self.base_head = ZERO_ID
        self.base_state = Committed()
        self.seq = 0

    def append(self, timestamp: int, caused_by: int, body: Body) -> None:
        self.seq = seq = self.seq + 1
        self._entries.append((seq, timestamp, caused_by, body))

    def seal(self) -> bytes:
        """Hash what has not been hashed, move the base when enough stands above it, and return the head."""
        ids, prev, sha256 = self._ids, self._last_id(), hashlib.sha256
        for entry in self._entries[len(ids) :]:
            prev = sha256(prev + encode(*entry)).digest()
            ids.append(prev)
        if len(ids) > self._kept + _MOVE_BY:
            self._move_base(_MOVE_BY)
        return prev

    def _last_id(self) -> bytes:
        return self._ids[-1] if self._ids else self.base_head

    def _move_base(self, count: int) -> None:
        for entry in self._entries[:count]:
            apply(self.base_state, entry[3])
        self.base_seq += count
        self.base_head = self._ids[count - 1]
        del self._entries[:count], self._ids[:count]

    @property
    def head(self) -> bytes:
        """The id of the newest commit."""
        return self.seal()

    def commit(self, seq: int) -> Commit | None:
        """The commit with this number, or None when it is below the base or not there yet."""
        at = seq - self.base_seq - 1
        if not 0 <= at < len(self._entries):
            return None
        self.seal()
        entry = self._entries[at]
        return Commit(*entry, prev=self._ids[at - 1] if at else self.base_head, id=self._ids[at])

    def entries(self, after: int = 0) -> list[Entry]:
        """Entries above the base with a higher number, oldest first."""
        return [Entry._make(entry) for entry in self._entries[max(after - self.base_seq, 0) :]]

    def verify(self) -> BadCommit | None:
        """Walk the chain from the base; the first commit that does not follow, or None."""
        self.seal()
        prev = self.base_head
        for entry, found in zip(self._entries, self._ids, strict=True):
            prev = commit_id(prev, encode(*entry))
            if prev != found:
                return BadCommit(entry[0], prev, found)
        return None
