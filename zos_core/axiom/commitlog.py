"""The commit log: every fact in order, each named by a hash over all before it.

Rules of this file (kernel: Axiom)
- Appending is cheap and hashing is late: `seal` computes the chain of all commits not yet hashed, skipping none. A
  recording has it in every tick; without one it waits until much has come together, or somebody asks.
- In memory: the commits above a base. The base (sequence number, head, committed state) moves forward, so a machine
  that runs for weeks stays bounded; the state at the base is reduced by the same `apply` as the live one.
- Sequence numbers start at 1; `head` is the id of the last sealed commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

from zos_core.kernel.commits import KINDS, ZERO_ID, Body, Entry, MessageSent, body_of, commit_id, encode
from zos_core.kernel.reduce import apply
from zos_core.kernel.state import Committed

KEPT_COMMITS = 100_000
_LEAST_MOVE = 256
_LATE = 1024
"""Commits that may wait for their hashes: a millisecond's work."""
_MESSAGE = KINDS[MessageSent]
_CUT_AT = 8192
"""Entries below the base are dropped this many at a time: cutting the front of a long list is not free."""


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


class Base(NamedTuple):
    """Committed state after commit `commit`, and the commits that follow it."""

    commit: int
    state: Committed
    entries: list[Entry]


class CommitLog:
    def __init__(self, kept: int = KEPT_COMMITS) -> None:
        self._kept = kept
        self._entries: list[Entry] = []
        self._ids: list[bytes] = []
        self._start = 0
        self._recorded: list[bytes] | None = None
        self.structure = 0
        """The number of the last commit that changed committed state: a message changes none."""
        self.base_head = ZERO_ID
        self.base_state = Committed()
        self.seq = 0

    def extend(self, timestamp: int, caused_by: int, bodies: Iterable[Body]) -> None:
        """The commits of one call."""
        seq, add = self.seq, self._entries.append
        for body in bodies:
            seq += 1
            kind = KINDS[type(body)]
            add((seq, timestamp, caused_by, kind) + body)  # noqa: RUF005 - in a third of the time
            if kind != _MESSAGE:
                self.structure = seq
        self.seq = seq

    def seal(self) -> bytes:
        """Hash what has not been hashed, move the base a little if too much stands above it, and return the head."""
        ids, prev, sha256 = self._ids, self._ids[-1] if self._ids else self.base_head, hashlib.sha256
        fresh = self._entries[len(ids) :]
        for entry in fresh:
            encoded = encode(entry)
            prev = sha256(prev + encoded).digest()
            ids.append(prev)
            if self._recorded is not None:
                self._recorded.append(encoded)
        over = len(ids) - self._start - self._kept
        if over > 0:
            self._move_base(min(over, max(_LEAST_MOVE, 2 * len(fresh))))
        return prev

    def settle(self) -> None:
        """What the end of a tick does for the log."""
        if self._recorded is not None or len(self._entries) - len(self._ids) >= _LATE:
            self.seal()

    def record(self, on: bool) -> None:
        """Keep the canonical bytes of every commit until they are taken, from the first that is not sealed yet."""
        self._recorded = [] if on else None

    def take(self) -> list[bytes]:
        """Canonical bytes of what was sealed since the last call, when recording."""
        taken, self._recorded = self._recorded or [], None if self._recorded is None else []
        return taken

    def _move_base(self, count: int) -> None:
        """In small steps: a tick must not stall for what a hundred ticks appended."""
        start, self._start = self._start, self._start + count
        for entry in self._entries[start : self._start]:
            apply(self.base_state, body_of(entry))
        self.base_head = self._ids[self._start - 1]
        if self._start >= _CUT_AT:
            del self._entries[: self._start], self._ids[: self._start]
            self._start = 0

    @property
    def base_seq(self) -> int:
        """The number of the last commit that is folded into the base."""
        return self.seq - len(self._entries) + self._start

    @property
    def head(self) -> bytes:
        """The id of the newest commit."""
        return self.seal()

    def commit(self, seq: int) -> Commit | None:
        """The commit with this number, or None when it is below the base or not there yet."""
        self.seal()
        return self._commit(seq - self.base_seq - 1 + self._start) if self.base_seq < seq <= self.seq else None

    def _commit(self, at: int) -> Commit:
        entry = self._entries[at]
        prev = self._ids[at - 1] if at > self._start else self.base_head
        return Commit(entry[0], entry[1], entry[2], body_of(entry), prev, self._ids[at])

    def entries(self, after: int = 0) -> list[Commit]:
        """Commits above the base with a higher number, oldest first."""
        self.seal()
        first = self._start + max(after - self.base_seq, 0)
        return [self._commit(at) for at in range(first, len(self._entries))]

    def of_kinds(self, kinds: Iterable[type[Body]], after: int) -> list[Commit]:
        """The same, of these kinds alone: cheap when most commits are of others."""
        self.seal()
        wanted = {KINDS[kind] for kind in kinds}
        first = self._start + max(after - self.base_seq, 0)
        return [self._commit(at) for at in range(first, len(self._entries)) if self._entries[at][3] in wanted]

    def base_copy(self) -> Base:
        """The base as it is, and everything above it: both the caller's own."""
        self.seal()
        return Base(self.base_seq, deepcopy(self.base_state), self._entries[self._start :])

    def bodies(self, upto: int) -> Iterator[Body]:
        """What the commits above the base say, up to and with number `upto`."""
        return map(body_of, self._entries[self._start : self._start + upto - self.base_seq])

    def verify(self) -> BadCommit | None:
        """Walk the chain from the base; the first commit that does not follow, or None."""
        self.seal()
        prev = self.base_head
        for entry, found in zip(self._entries[self._start :], self._ids[self._start :], strict=True):
            prev = commit_id(prev, encode(entry))
            if prev != found:
                return BadCommit(entry[0], prev, found)
        return None
