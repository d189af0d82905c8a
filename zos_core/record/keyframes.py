"""Keyframes: copies of committed state along a log, so that the state at any commit is near one of them.

Rules of this file
- A keyframe is the whole of committed state after a commit, packed and compressed. It stays in memory: nothing that
  was read from a file is ever unpacked here.
- They stand so far apart as going on from one may cost; work is counted in microseconds of an ordinary computer.
- Memory is bounded: when the copies take more than `MAX_BYTES`, every other one goes, and they stand further apart.
"""

from __future__ import annotations

import pickle
import zlib
from bisect import bisect_right
from typing import NamedTuple

from zos_core.kernel.state import Committed

MAX_BYTES = 64 << 20
LEAST_APART = 100_000
"""Work between two keyframes, in microseconds."""
_US_PER_CAP = 8
"""What a copy costs: those of a great state stand further apart."""
_COPIES_SHARE = 4
"""Making copies takes at most one part in so many of the time."""
_FAST = 1


class Keyframe(NamedTuple):
    """Committed state after commit `commit`, which stands in tick `tick`."""

    commit: int
    tick: int
    packed: bytes

    def state(self) -> Committed:
        """A fresh copy, the caller's own."""
        state: Committed = pickle.loads(zlib.decompress(self.packed))
        return state


def keyframe(commit: int, tick: int, state: Committed) -> Keyframe:
    packed = pickle.dumps(state, pickle.HIGHEST_PROTOCOL)
    return Keyframe(commit, tick, zlib.compress(packed, _FAST))


class Keyframes:
    """Keyframes by rising commit. `first` is the state that everything starts from.

    They stand at least `apart` microseconds of work from each other; 0 is one at every chance.
    """

    def __init__(self, first: Keyframe, max_bytes: int = MAX_BYTES, apart: float = LEAST_APART) -> None:
        self._frames = [first]
        self._max_bytes, self._apart = max_bytes, apart
        self._since = 0.0
        self.size = len(first.packed)

    def __len__(self) -> int:
        return len(self._frames)

    def passed(self, work: float, commit: int, tick: int, state: Committed) -> None:
        """So much work has led to `state`, which is after `commit` and is copied when that is worth it."""
        self._since += work
        copying = len(state.caps) * _US_PER_CAP
        if self._apart and self._since < max(self._apart, copying * _COPIES_SHARE):
            return
        self._since = 0.0
        self._frames.append(made := keyframe(commit, tick, state))
        self.size += len(made.packed)
        while self.size > self._max_bytes and len(self._frames) > 1:
            self._thin()

    def _thin(self) -> None:
        """Keep the first, and every other one after it."""
        self._frames = self._frames[::2]
        self.size = sum(len(frame.packed) for frame in self._frames)
        self._apart *= 2

    def before(self, commit: int) -> Keyframe:
        """The last keyframe that is not after this commit."""
        return self._frames[max(0, bisect_right(self._frames, commit, key=lambda frame: frame.commit) - 1)]
