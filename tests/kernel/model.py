"""A reference model of the capability rules in plain Python: a list of nodes that point at their parents, and sets.

It shares no code and no idea of data layout with the kernel. Children are found by looking at every node, what is
lost is found by asking again until nothing changes, and an ancestor is charged by walking up. It is slow and it is
short, so that it can be read against the page it stands for (kernel: Capabilities).

Each operation answers the error code that the kernel must answer, 0 for success, and leaves in `told` the notices
that must then be waiting, as (pid, slot, object type, object id, reason).
"""

from __future__ import annotations

from dataclasses import dataclass, field

OK, PERM, NOENT, INVAL, BADF, BUSY = 0, 1, 2, 3, 7, 8
READ, WRITE, GRANT = 1, 2, 4
ENDPOINT, CONSOLE, STORAGE, PROCESS, MEMORY = 1, 2, 3, 5, 6
EXPLICIT, EXPIRED, EXITED = 1, 2, 3
FACTORY = 0
NEVER = 0
NO_SLOT = 0xFFFF_FFFF


@dataclass(eq=False)
class Node:
    """One capability: `parent` None for the root of an object, which pid 0 holds."""

    kind: int
    thing: int
    perms: int
    parent: Node | None
    until: int
    uses: int
    pid: int
    slot: int

    def key(self) -> tuple[object, ...]:
        return ("root", self.kind, self.thing) if self.parent is None else (self.pid, self.slot)


Notice = tuple[int, int, int, int, int]


@dataclass
class Model:
    now: int = 0
    nodes: list[Node] = field(default_factory=list)
    owners: dict[int, int] = field(default_factory=dict)
    alive: set[int] = field(default_factory=set)
    spawner: dict[int, int] = field(default_factory=dict)
    free_slot: dict[int, int] = field(default_factory=dict)
    pids: int = 0
    endpoints: int = 0
    consoles: int = 0
    told: list[Notice] = field(default_factory=list)
    untold: list[tuple[int, int]] = field(default_factory=list)
    exits: list[tuple[int, int, int, int]] = field(default_factory=list)
    console_of: dict[int, int] = field(default_factory=dict)

    # --- looking --------------------------------------------------------------------------------------------------

    def at(self, pid: int, slot: int) -> Node | None:
        return next((n for n in self.nodes if n.pid == pid and n.slot == slot and n.parent is not None), None)

    def root(self, kind: int, thing: int) -> Node:
        for node in self.nodes:
            if node.parent is None and (node.kind, node.thing) == (kind, thing):
                return node
        node = Node(kind, thing, READ | WRITE | GRANT, None, NEVER, 0, 0, -1)
        self.nodes.append(node)
        return node

    def below(self, node: Node) -> list[Node]:
        """The node and everything that was derived from it."""
        found = [node]
        for each in found:
            found += [n for n in self.nodes if n.parent is each]
        return found

    def take_slot(self, pid: int) -> int:
        self.free_slot[pid] = slot = self.free_slot[pid] + 1
        return slot - 1

    # --- giving ---------------------------------------------------------------------------------------------------

    def add(self, parent: Node, pid: int, slot: int, perms: int, until: int, uses: int) -> None:
        """A weaker copy."""
        limits = [t for t in (parent.until, until) if t]
        counts = [u for u in (parent.uses, uses) if u]
        node = Node(
            parent.kind, parent.thing, parent.perms & perms, parent, min(limits, default=NEVER), min(counts, default=0),
            pid, slot,
        )  # fmt: skip
        self.nodes.append(node)

    def until(self, milliseconds: int) -> int:
        return self.now + milliseconds * 1_000_000 if milliseconds else NEVER

    def grant(self, pid: int, slot: int, to: int, perms: int, milliseconds: int, uses: int) -> int:
        node = self.at(pid, slot)
        if node is None:
            return BADF
        if not node.perms & GRANT:
            return PERM
        if to not in self.alive:
            return NOENT
        self.add(node, to, self.take_slot(to), perms, self.until(milliseconds), uses)
        return OK

    def derive(self, pid: int, slot: int, perms: int, milliseconds: int, uses: int) -> int:
        node = self.at(pid, slot)
        if node is None:
            return BADF
        self.add(node, pid, self.take_slot(pid), perms, self.until(milliseconds), uses)
        return OK

    def give(self, pid: int, kind: int, thing: int, perms: int, slot: int | None, ms: int, uses: int) -> bool:
        """What pid 0 gives from a root; False when the slot is taken or there is no such object."""
        if slot is not None and self.at(pid, slot) is not None:
            return False
        exists = any(n.parent is None and (n.kind, n.thing) == (kind, thing) for n in self.nodes)
        if kind in (ENDPOINT, CONSOLE, PROCESS) and not exists:
            return False
        if slot is None:
            slot = self.take_slot(pid)
        self.free_slot[pid] = max(self.free_slot[pid], slot + 1)
        self.add(self.root(kind, thing), pid, slot, perms, self.until(ms), uses)
        return True

    def new_endpoint(self, pid: int, slot: int) -> None:
        self.endpoints += 1
        self.owners[self.endpoints] = pid
        self.add(self.root(ENDPOINT, self.endpoints), pid, slot, READ | WRITE | GRANT, NEVER, 0)

    def create(self, spawner: int, ceiling: int) -> int:
        """A process with what it has at spawn; init's endpoint is 1, the permission service's 3."""
        self.pids += 1
        pid = self.pids
        self.alive.add(pid)
        self.spawner[pid] = spawner
        self.free_slot[pid] = 4
        self.new_endpoint(pid, 0)
        self.new_endpoint(pid, 1)
        self.add(self.root(ENDPOINT, 1), pid, 2, WRITE, NEVER, 0)
        self.add(self.root(ENDPOINT, 3), pid, 3, WRITE, NEVER, 0)
        self.consoles += 1
        self.console_of[pid] = self.consoles
        self.add(self.root(CONSOLE, self.consoles), pid, self.take_slot(pid), WRITE, NEVER, 0)
        self.add(self.root(MEMORY, ceiling), pid, self.take_slot(pid), WRITE, NEVER, 0)
        self.root(PROCESS, pid)
        return pid

    # --- using ----------------------------------------------------------------------------------------------------

    def pay(self, node: Node | None) -> list[Node]:
        """One use of a node: charges it and every counted ancestor, and answers those that are spent."""
        spent = []
        while node is not None:
            if node.uses:
                node.uses -= 1
                if not node.uses:
                    spent.append(node)
            node = node.parent
        self.bring_down(spent)
        return spent

    def bring_down(self, spent: list[Node]) -> None:
        """Nobody has a use its parent lacks; what is below a spent node goes with it anyway."""
        for node in self.nodes:
            above = node.parent
            while above is not None:
                if above.uses and node.uses > above.uses:
                    node.uses = above.uses
                above = above.parent

    def send(self, pid: int, slot: int) -> int:
        node = self.at(pid, slot)
        if node is None or node.kind != ENDPOINT:
            return BADF
        if not node.perms & WRITE:
            return PERM
        self.lose([(n, EXPIRED) for n in self.pay(node)])
        return OK

    def write(self, pid: int, slot: int) -> int:
        node = self.at(pid, slot)
        if node is None or node.kind != CONSOLE:
            return BADF
        if not node.perms & WRITE:
            return PERM
        self.lose([(n, EXPIRED) for n in self.pay(node)])
        return OK

    def move(self, pid: int, slot: int, slots: list[int]) -> int:
        node = self.at(pid, slot)
        if node is None or node.kind != ENDPOINT:
            return BADF
        if not node.perms & WRITE:
            return PERM
        if len({slot, *slots}) <= len(slots):
            return INVAL
        named = []
        for each in slots:
            moving = self.at(pid, each)
            if moving is None:
                return BADF
            if not moving.perms & GRANT:
                return PERM
            named.append(moving)
        to = self.owners[node.thing]
        for moving in named:
            moving.pid, moving.slot = to, self.take_slot(to)
        self.lose([(n, EXPIRED) for n in self.pay(node)])
        return OK

    def spawn(self, pid: int, slot: int, ceiling: int) -> int:
        node = self.at(pid, slot)
        if node is None or node.kind != PROCESS:
            return BADF
        if node.thing != FACTORY or not node.perms & WRITE:
            return PERM
        child = self.create(pid, ceiling)
        spent = self.pay(node)
        left = node.uses
        self.nodes.append(Node(PROCESS, child, WRITE | GRANT, node, node.until, left, pid, self.take_slot(pid)))
        self.lose([(n, EXPIRED) for n in spent])
        return OK

    # --- losing ---------------------------------------------------------------------------------------------------

    def revoke(self, pid: int, slot: int, keep: bool) -> int:
        node = self.at(pid, slot)
        if node is None:
            return BADF
        if not node.perms & GRANT:
            return PERM
        self._revoke(node, keep, node)
        return OK

    def revoke_by_privilege(self, pid: int, slot: int) -> int:
        node = self.at(pid, slot)
        if node is None:
            return BADF
        self._revoke(node, False, None)
        return OK

    def _revoke(self, node: Node, keep: bool, named: Node | None) -> None:
        taken = [n for n in self.nodes if n.parent is node] if keep else [node]
        self.lose([(n, EXPLICIT) for n in taken], named)

    def delete(self, pid: int, slot: int) -> int:
        node = self.at(pid, slot)
        if node is None:
            return BADF
        if node.uses and sum(child.parent is node for child in self.nodes) > 1:
            return BUSY
        for child in self.nodes:
            if child.parent is node:
                child.parent = node.parent
        self.lose([(node, EXPLICIT)], node)
        return OK

    def pass_time(self, ns: int) -> None:
        self.now += ns
        self.lose([(n, EXPIRED) for n in self.nodes if n.until and n.until <= self.now])

    def kill(self, pid: int, slot: int) -> int:
        node = self.at(pid, slot)
        if node is None or node.kind != PROCESS:
            return BADF
        if not node.perms & WRITE or node.thing in (FACTORY, 1, 2):
            return PERM
        self.end(node.thing, 1, -1, self.pay(node))
        return OK

    def end(self, pid: int, how: int, code: int, spent: list[Node] | None = None) -> None:
        """A process ends: whatever it owned, whatever is on it, and whatever came from what it held."""
        self.alive.discard(pid)
        own_console = self.console_of[pid]
        mine = [
            n
            for n in self.nodes
            if n.pid == pid
            or (n.kind == ENDPOINT and self.owners[n.thing] == pid)
            or (n.kind, n.thing) in ((PROCESS, pid), (CONSOLE, own_console))
        ]
        gone = [(n, EXITED) for n in mine] + [(n, EXPIRED) for n in spent or ()]
        self.lose(gone)
        spawner = self.spawner[pid]
        if spawner in self.alive and self.hears(spawner):
            self.exits.append((spawner, pid, how, code))
        elif spawner in self.alive:
            self.untold.append((spawner, NO_SLOT))

    def lose(self, seeds: list[tuple[Node, int]], named: Node | None = None) -> None:
        """All that goes when `seeds` go, for their reasons; whoever lost something it did not name is told."""
        why: dict[Node, int] = {}
        for seed, reason in seeds:
            for node in self.below(seed):
                why.setdefault(node, reason)
        before = -1
        while before != len(why):
            before = len(why)
            for endpoint, owner in list(self.owners.items()):
                on_it = [n for n in self.nodes if (n.kind, n.thing) == (ENDPOINT, endpoint)]
                reads = [n for n in on_it if n.pid == owner and n.perms & READ]
                if owner in self.alive | {0} and any(n not in why for n in reads):
                    continue
                del self.owners[endpoint]
                why |= {n: EXITED for n in on_it if not (n in reads and n in why)}
        self.nodes = [n for n in self.nodes if n not in why]
        for node, reason in why.items():
            if node is named or node.pid not in self.alive:
                continue
            if self.hears(node.pid):
                self.told.append((node.pid, node.slot, node.kind, node.thing, reason))
            else:
                self.untold.append((node.pid, node.slot))

    def hears(self, pid: int) -> bool:
        """Whether there is an endpoint for what the system tells a process: its own in slot 1, else in slot 0."""
        for slot in (1, 0):
            node = self.at(pid, slot)
            if node is not None and node.kind == ENDPOINT and self.owners[node.thing] == pid:
                return True
        return False
