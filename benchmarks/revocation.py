"""Revoking a capability with 10,000 descendants in other processes, beside a recursive DELETE in SQLite.

Ours is the supervisor's revocation as one step: the set in order, 10,000 commits applied, 10,000 notices queued, the
row in the log. SQLite deletes the same tree from a table in memory with an index on the parent: it keeps no order, no
log, and tells nobody.
"""

from __future__ import annotations

import gc
import random
import sqlite3
import time
from collections.abc import Iterator

from benchmarks.measure import Effort, Row, Target, pair
from zos_core import abi
from zos_core.axiom.gateway import Gateway
from zos_core.kernel.dispatch import Op

DESCENDANTS = 10_000
HOLDERS = 25
MOST_ROUNDS = 12
TARGET_MS = 100.0
_STORAGE = abi.ObjectType.STORAGE
_DELETE = """
    WITH RECURSIVE gone(id) AS (SELECT ? UNION ALL SELECT cap.id FROM cap JOIN gone ON cap.parent = gone.id)
    DELETE FROM cap WHERE id IN gone
"""


class Still:
    """A machine's clocks that stand still."""

    def uptime_ns(self) -> int:
        return 0

    def wallclock_ms(self) -> int:
        return 0


def parents() -> list[int]:
    """The parent of each descendant by its index, -1 for the named capability: broad, and some twenty deep."""
    rng = random.Random(1)
    return [rng.randrange(-1, at) if at else -1 for at in range(DESCENDANTS)]


def _done(gateway: Gateway, op: Op, *args: object) -> int:
    outcome = gateway.privileged(op, *args)
    assert not outcome.result & abi.ERROR_BIT, outcome.reason
    return outcome.result


def forest() -> tuple[Gateway, tuple[int, int]]:
    """A machine without programs to run, and the capability from which all the others were derived."""
    gateway = Gateway(Still(), b"")
    _done(gateway, Op.GENESIS, bytes(32))
    create = ("p", 0, None, abi.pack_args(()), (), abi.DEFAULT_MEMORY)
    pids = [_done(gateway, Op.CREATE_PROCESS, *create) for _ in range(2 + HOLDERS)][2:]
    top = (pids[0], _done(gateway, Op.GRANT_CAPABILITY, pids[0], _STORAGE, 1, int(abi.Rights.ALL), None, 0, 0))
    made: list[tuple[int, int]] = []
    for at, parent in enumerate(parents()):
        source, to = made[parent] if parent >= 0 else top, pids[at % HOLDERS]
        made.append((to, _done(gateway, Op.DERIVE_CAPABILITY, *source, to, int(abi.Rights.ALL), 0, 0)))
    gateway.commits.seal()
    return gateway, top


def revoked_ms() -> float:
    """Milliseconds of one revocation, from the call to its last notice."""
    gateway, top = forest()
    gc.collect()
    started = time.perf_counter()
    _done(gateway, Op.REVOKE_CAPABILITY, *top, False)
    spent = time.perf_counter() - started
    left = [cap for cap in gateway.state.committed.caps.values() if cap.object_type == _STORAGE and cap.parent]
    assert not left, f"{len(left)} are left"
    return spent * 1000


def deleted_ms() -> float:
    """Milliseconds of one recursive DELETE and its commit."""
    with sqlite3.connect(":memory:") as table:
        table.execute("CREATE TABLE cap (id INTEGER PRIMARY KEY, parent INTEGER, pid INTEGER, slot INTEGER)")
        table.execute("CREATE INDEX below ON cap (parent)")
        rows = ((at + 2, parent + 2, at % HOLDERS, at) for at, parent in enumerate(parents()))
        table.executemany("INSERT INTO cap VALUES (?, ?, ?, ?)", [(1, 0, 0, 0), *rows])
        table.commit()
        before = table.total_changes
        started = time.perf_counter()
        table.execute(_DELETE, (1,))
        table.commit()
        spent = time.perf_counter() - started
        count = table.total_changes - before
    table.close()
    assert count == DESCENDANTS + 1, f"{count} were deleted"
    return spent * 1000


def run(effort: Effort) -> Iterator[Row]:
    measured = pair(revoked_ms, deleted_ms, min(effort.rounds, MOST_ROUNDS))
    target = Target(f"under {TARGET_MS:.0f} ms", measured.ours < TARGET_MS)
    what = f"revoking {DESCENDANTS:,} descendants, each told"
    yield Row(what, "ms", measured.ours, "SQLite, recursive DELETE in memory", measured.theirs, measured.ratio, target)
