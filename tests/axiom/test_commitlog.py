"""The chain of commits: it follows, it notices any edit, and it stays true while its base moves forward."""

from __future__ import annotations

import hashlib
import struct

import pytest

from tests.kernel.world import RWG, World
from zos_core import abi
from zos_core.abi import ObjectType, Sys
from zos_core.axiom.commitlog import CommitLog
from zos_core.axiom.replay import state_at
from zos_core.kernel.commits import ZERO_ID, EndpointCreated, Genesis, MessageSent, ProcessCreated, encode
from zos_core.kernel.reduce import reduce
from zos_core.kernel.state import state_hash


def busy_world(rounds: int = 3) -> World:
    """A world in which a little of everything has happened."""
    w = World()
    for turn in range(rounds):
        a, b = w.create("a"), w.create("b")
        to_b = w.grant(b, 0, a, uses=2)
        w.send(a, to_b, 1, b"x")
        w.derive(a, to_b, RWG, ms=1)
        w.send_cap(a, to_b, [w.derive(a, 0)])
        w.tick(2_000_000)
        w.give(a, ObjectType.STORAGE, turn, slot=200)
        w.ok(a, Sys.CAP_REVOKE, 200)
        w.kill(b)
        w.call(a, Sys.EXIT, turn)
    return w


def test_each_commit_names_the_one_before_and_the_call_that_caused_it() -> None:
    w = busy_world()
    prev = ZERO_ID
    for seq, commit in enumerate(w.gateway.commits.entries(), 1):
        assert (commit.seq, commit.prev) == (seq, prev)
        assert 0 < commit.caused_by <= w.gateway.event
        prev = commit.id
    assert w.gateway.commits.head == prev
    assert isinstance(w.commits()[0], Genesis)


def test_a_stranger_recomputes_the_chain_from_the_documented_encoding() -> None:
    log = CommitLog()
    log.extend(0, 1, [Genesis(abi.ABI_VERSION, b"h" * 32)])
    log.extend(5, 2, [ProcessCreated(1, 0, "hé")])
    log.extend(5, 2, [EndpointCreated(1, 1)])
    first = hashlib.sha256(bytes(32) + struct.pack("<QQQBI", 1, 0, 1, 0, abi.ABI_VERSION) + b"h" * 32).digest()
    second = hashlib.sha256(first + struct.pack("<QQQBIIH", 2, 5, 2, 1, 1, 0, 3) + "hé".encode()).digest()
    third = hashlib.sha256(second + struct.pack("<QQQBQI", 3, 5, 2, 5, 1, 1)).digest()
    assert [commit.id for commit in log.entries()] == [first, second, third]


def test_verify_notices_an_edit_of_any_field_of_any_commit_and_names_the_first() -> None:
    w = busy_world(1)
    log = w.gateway.commits
    assert log.verify() is None
    for at, entry in enumerate(log._entries):
        for position, value in enumerate(entry):
            if position == 3:
                continue
            log._entries[at] = (*entry[:position], edited(value), *entry[position + 1 :])
            bad = log.verify()
            assert bad is not None and bad.describe()
            assert bad.found == log._ids[at]
        log._entries[at] = entry
    assert log.verify() is None


def edited(value: object) -> object:
    if isinstance(value, str):
        return value + "!"
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    assert isinstance(value, int)
    return value ^ 1


def test_verify_notices_a_changed_id_a_missing_commit_and_two_in_the_wrong_order() -> None:
    log = busy_world(1).gateway.commits
    log.seal()
    good = list(log._ids)
    log._ids[4] = bytes(32)
    assert log.verify().seq == 5  # type: ignore[union-attr]
    log._ids[:] = good
    entries = list(log._entries)
    log._entries[6], log._entries[7] = entries[7], entries[6]
    assert log.verify() is not None
    log._entries[:] = entries
    del log._entries[3], log._ids[3]
    assert log.verify() is not None


def test_hashing_late_gives_the_same_chain_as_hashing_at_once() -> None:
    early, late = CommitLog(), CommitLog()
    for number in range(50):
        early.extend(number, number, [MessageSent(1, 2, number, 4)])
        early.seal()
        late.extend(number, number, [MessageSent(1, 2, number, 4)])
    assert early.head == late.head


def test_the_state_at_any_commit_is_what_it_was() -> None:
    w = World()
    seen = []
    for _ in range(12):
        w.create("p")
        seen.append((w.gateway.commits.seq, state_hash(w.gateway.state.committed)))
    for seq, known in seen:
        assert state_hash(state_at(w.gateway.commits, seq)) == known
    for seq in (-1, w.gateway.commits.seq + 1):
        with pytest.raises(ValueError, match="is not in the log"):
            state_at(w.gateway.commits, seq)


def test_a_moving_base_keeps_the_chain_whole_and_the_state_right() -> None:
    """The same history in a log that keeps everything and in one that keeps little."""
    w, keeper = World(kept=300), World()
    short, whole = w.gateway.commits, keeper.gateway.commits
    for _ in range(40):
        for world in (w, keeper):
            turn(world)
            world.gateway.commits.seal()
    assert short.base_seq > 1000
    assert short.seq - short.base_seq <= 2 * 300
    assert short.head == whole.head
    assert short.verify() is None and whole.verify() is None
    for seq in (short.base_seq, short.base_seq + 7, short.seq):
        assert state_at(short, seq) == state_at(whole, seq)
    assert state_at(short) == w.gateway.state.committed
    assert short.commit(short.base_seq) is None
    assert short.commit(short.base_seq + 1) == whole.commit(short.base_seq + 1)


def turn(w: World) -> None:
    a = w.create("a")
    for _ in range(15):
        w.derive(a, 0)
    w.ok(a, Sys.CAP_REVOKE, 0)
    w.kill(a)


def test_the_commits_alone_give_the_live_state_in_any_process() -> None:
    w = busy_world()
    bodies = [commit.body for commit in w.gateway.commits.entries()]
    assert reduce(bodies) == w.gateway.state.committed
    assert state_hash(reduce(bodies)) == state_hash(w.gateway.state.committed)
    assert all(encode((1, 2, 3, *entry[3:])) for entry in w.gateway.commits._entries)


def test_equal_states_only_have_equal_hashes() -> None:
    hashes = set()
    w = World()
    for _ in range(5):
        hashes.add(state_hash(w.gateway.state.committed))
        w.create("p")
    pid = w.create("p")
    for change in ("derive", "revoke", "lend"):
        hashes.add(state_hash(w.gateway.state.committed))
        if change == "derive":
            w.derive(pid, 0)
        elif change == "revoke":
            w.ok(pid, Sys.CAP_REVOKE, 0, 1)
        else:
            w.committed.processes[pid].borrowed = 1
    hashes.add(state_hash(w.gateway.state.committed))
    assert len(hashes) == 9
