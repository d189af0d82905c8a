"""Committed state from commits alone: what proves that the log tells the whole story."""

from __future__ import annotations

from copy import deepcopy

from zos_core.axiom.commitlog import CommitLog
from zos_core.kernel.reduce import reduce
from zos_core.kernel.state import Committed


def state_at(log: CommitLog, seq: int | None = None) -> Committed:
    """The committed state after commit `seq` (the newest by default), reduced from the log's base.

    Raises ValueError when `seq` is below the base or above the newest commit.
    """
    seq = log.seq if seq is None else seq
    if not log.base_seq <= seq <= log.seq:
        raise ValueError(f"commit {seq} is not in the log: it holds {log.base_seq} to {log.seq}")
    return reduce(log.bodies(seq), deepcopy(log.base_state))


def check(log: CommitLog, committed: Committed) -> str | None:
    """Whether the chain holds and stands for the live state; one line about what does not, or None."""
    bad = log.verify()
    if bad is not None:
        return bad.describe()
    return None if state_at(log) == committed else "the commits do not give the state the machine is in"
