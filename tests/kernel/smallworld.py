"""A world small enough to be explored whole: three processes, their endpoints, and at most six capabilities.

Rules of this file
- A state is written as bytes, its `Key`. States that differ only in ids, in slot numbers, in the moment they were
  reached or in what a queued message says have one key: the forest of capabilities is written as an unordered one.
- `Scene(key)` reads a key; `Scene.kernel()` and `Scene.model()` build the same state for the kernel, by its own
  commits, and for the reference model. Ids, slots and the clock begin above all that are in use, so that a number
  that comes back is seen.
- `key_of(kernel state)` writes a key. `key_of(Scene(key).kernel()) == key`.

    key    = alive u8 a process, tree...          trees in the order of their bytes
    tree   = object type, whose, messages, node count, sender a message..., node...
    node   = depth, pid, whether in slot 0, rights, milliseconds left or 0, uses left or 0     children sorted
"""

from __future__ import annotations

from typing import NamedTuple

from tests.kernel import model as m
from zos_core import abi
from zos_core.kernel import commits as k
from zos_core.kernel.call import State
from zos_core.kernel.commits import InsertHow
from zos_core.kernel.reduce import reduce
from zos_core.kernel.state import Cap
from zos_core.kernel.transient import Message, Queue, Statistics, Transient

Key = bytes
Nodes = list[tuple[int, ...]]

A, B, C = PIDS = (3, 4, 5)
"""Not 1 and 2, which nobody may end. `a` has started the others."""
PARENTS = {A: 0, B: A, C: A}
MAX_CAPS, MAX_ENDPOINTS = 6, 3
NOW_MS = 1000
NS_PER_MS = 1_000_000
NOW = NOW_MS * NS_PER_MS

FIRST_SLOT, FRESH_SLOT = abi.SLOT_FIRST_FREE, 40
FRESH_CAP, FRESH_ENDPOINT, FRESH_PID = 100, 50, 9
"""What is handed out next, above everything a scene holds: 3 processes, 6 capabilities and a root for each object."""

_NODE = 6
_TREE_HEAD = 4
_ENDPOINT, _PROCESS, _ALL = int(abi.ObjectType.ENDPOINT), int(abi.ObjectType.PROCESS), int(abi.Rights.ALL)
_RW, _WG = int(abi.Rights.READ | abi.Rights.WRITE), int(abi.Rights.WRITE | abi.Rights.GRANT)
_ROOT, _SPAWN = int(InsertHow.ROOT), int(InsertHow.SPAWN)


class Row(NamedTuple):
    """One capability of a scene. Parents come before their children; `parent` 0 is a root, held by pid 0."""

    id: int
    parent: int
    pid: int
    slot: int
    object_type: int
    object_id: int
    perms: int
    expires_at: int
    uses: int


class Scene:
    """A state, taken apart once, from which as many kernels and models are built as there are steps to try."""

    def __init__(self, key: Key) -> None:
        self.alive = [pid for pid, alive in zip(PIDS, key, strict=False) if alive]
        self.rows: list[Row] = []
        self.endpoints: list[tuple[int, int, bytes]] = []
        """(id, owner, senders of what is queued; 0 for a notice)"""
        self._slots = dict.fromkeys((0, *PIDS), FIRST_SLOT)
        at = len(PIDS)
        while at < len(key):
            at = self._read_tree(key, at)
        self.held = [row for row in self.rows if row.parent]
        self._bodies = self._commits()

    def _take_slot(self, pid: int) -> int:
        self._slots[pid] = slot = self._slots[pid] + 1
        return slot - 1

    def _add(self, parent: int, pid: int, slot: int, thing: tuple[int, int], *rest: int) -> int:
        row = Row(len(self.rows) + 1, parent, pid, slot, *thing, *rest)
        self.rows.append(row)
        return row.id

    def _read_tree(self, key: Key, at: int) -> int:
        kind, whose, messages, nodes = key[at : at + _TREE_HEAD]
        at += _TREE_HEAD
        thing = (kind, whose)
        if kind == _ENDPOINT:
            thing = (kind, len(self.endpoints) + 1)
            self.endpoints.append((thing[1], whose, key[at : at + messages]))
        at += messages
        path = [self._add(0, 0, self._take_slot(0), thing, _ALL, 0, 0)]
        for start in range(at, at + nodes * _NODE, _NODE):
            depth, pid, own, perms, left, uses = key[start : start + _NODE]
            slot = abi.SLOT_OWN_ENDPOINT if own else self._take_slot(pid)
            expires_at = NOW + left * NS_PER_MS if left else 0
            path[depth:] = [self._add(path[depth - 1], pid, slot, thing, perms, expires_at, uses)]
        return at + nodes * _NODE

    def _commits(self) -> list[k.Body]:
        bodies: list[k.Body] = [k.ProcessCreated(pid, PARENTS[pid], "p") for pid in PIDS]
        bodies += [k.ProcessExited(pid, abi.ExitHow.EXITED, 0) for pid in PIDS if pid not in self.alive]
        bodies += [k.EndpointCreated(endpoint, owner) for endpoint, owner, _ in self.endpoints]
        bodies += [k.CapInserted(row.id, row.parent, *row[2:], 0, _SPAWN if row.parent else _ROOT) for row in self.rows]
        return bodies

    def kernel(self) -> State:
        committed = reduce(self._bodies)
        committed.next_cap, committed.next_endpoint, committed.next_pid = FRESH_CAP, FRESH_ENDPOINT, FRESH_PID
        for space in committed.spaces.values():
            space.next_slot = FRESH_SLOT
        t = Transient()
        for pid in self.alive:
            t.stats[pid], t.notices[pid], t.reply_rights[pid] = Statistics(), 0, {}
        for endpoint, owner, senders in self.endpoints:
            queue = t.queues[endpoint] = Queue()
            queue.items.extend(Message(sender, abi.Tag.CAP_REVOKED, bytes([at])) for at, sender in enumerate(senders))
            system = senders.count(0)
            queue.programs = len(senders) - system
            t.notices[owner] += system
        return State(committed, t)

    def model(self) -> m.Model:
        nodes: dict[int, m.Node] = {}
        for row in self.rows:
            parent = nodes.get(row.parent)
            nodes[row.id] = m.Node(
                row.object_type, row.object_id, row.perms, parent, row.expires_at, row.uses, row.pid,
                row.slot if parent else -1,
            )  # fmt: skip
        return m.Model(
            NOW, list(nodes.values()), {endpoint: owner for endpoint, owner, _ in self.endpoints}, set(self.alive),
            dict(PARENTS), dict.fromkeys(PIDS, FRESH_SLOT), FRESH_PID - 1, FRESH_ENDPOINT - 1,
            console_of=dict.fromkeys(PIDS, -1),
        )  # fmt: skip


def key_of(s: State, now: int = NOW) -> Key:
    """The key of a state whose clock stands at `now` ns."""
    c = s.committed
    caps = c.caps
    trees = []
    for (kind, thing), root in c.roots.items():
        nodes = [_node(caps, child, 1, now) for child in caps[root].children]
        nodes.sort()
        body = b"".join(nodes)
        senders, whose = b"", thing
        if kind == _ENDPOINT:
            senders = bytes([message.from_pid for message in s.transient.queues[thing].items])
            whose = c.endpoints[thing]
        trees.append(bytes((kind, whose, len(senders), len(body) // _NODE)) + senders + body)
    trees.sort()
    return bytes([c.processes[pid].how is None for pid in PIDS]) + b"".join(trees)


def _node(caps: dict[int, Cap], cap_id: int, depth: int, now: int) -> bytes:
    cap = caps[cap_id]
    left = (cap.expires_at - now) // NS_PER_MS if cap.expires_at else 0
    head = bytes((depth, cap.pid, cap.slot == abi.SLOT_OWN_ENDPOINT, cap.perms, left, cap.uses_left))
    if not cap.children:
        return head
    below = [_node(caps, child, depth + 1, now) for child in cap.children]
    below.sort()
    return head + b"".join(below)


_OWN_A, _OWN_B, _HANDLE = (1, A, 1, _ALL, 0, 0), (1, B, 1, _ALL, 0, 0), (1, A, 0, _WG, 0, 0)


def _key(on_a: Nodes, on_b: Nodes, on_process_b: Nodes) -> Key:
    """Everyone alive, nothing queued, and these nodes on the endpoints of `a` and `b` and on the process `b`."""
    trees = [
        bytes((kind, whose, 0, len(nodes))) + b"".join(map(bytes, nodes))
        for kind, whose, nodes in (
            (_ENDPOINT, A, on_a), (_ENDPOINT, B, on_b), (_PROCESS, A, []), (_PROCESS, B, on_process_b),
            (_PROCESS, C, []),
        )
    ]  # fmt: skip
    return bytes([1] * len(PIDS)) + b"".join(sorted(trees))


STARTS: dict[str, Key] = {
    "apart": _key([_OWN_A], [_OWN_B], [_HANDLE]),
    "a relay of counted uses": _key([_OWN_A, (2, B, 0, _WG, 0, 2), (3, C, 0, _WG, 1, 2)], [_OWN_B], [_HANDLE]),
    "two that read": _key([_OWN_A], [_OWN_B, (2, A, 0, _WG, 0, 2), (3, C, 0, _WG, 0, 1), (2, B, 0, _RW, 1, 0)], []),
}
"""`a` and `b` own an endpoint each, `c` has none and hears nothing; in the first two `a` may end `b`."""
