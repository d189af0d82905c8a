"""What may be given, what a use costs, and `Removal`: the one way anything is taken away.

Rules of this file (kernel: Capabilities)
- A program fills at most 512 of another's 1024 slots, and none while that one has 1024 notices unread.
- Every loss - revoke, delete, expiry, a spent count, an exit, a destroyed endpoint - is collected by a `Removal`,
  which computes the whole set first: what a preview shows is what a revocation does.
- Commits come in the order things go: post-order below each named node, then destroyed endpoints, then notices.
- Where an endpoint's end reaches a capability that another cause reaches too, reason 3 wins; the owner's own read
  capability, whose loss ended the endpoint, keeps the cause that took it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from zos_core import abi
from zos_core.kernel import commits as k
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import State
from zos_core.kernel.commits import RemoveHow
from zos_core.kernel.state import Cap, Committed

_ENDPOINT, _READ = int(abi.ObjectType.ENDPOINT), int(abi.Rights.READ)
_REASONS = {
    RemoveHow.REVOKED: abi.RevokeReason.EXPLICIT,
    RemoveHow.EXPIRED: abi.RevokeReason.EXPIRED,
    RemoveHow.SPENT: abi.RevokeReason.EXPIRED,
    RemoveHow.SOURCE_EXIT: abi.RevokeReason.SOURCE_EXITED,
    RemoveHow.DELETED: abi.RevokeReason.EXPLICIT,
}


def free_slot(c: Committed, pid: int, count: int = 1) -> int | None:
    """The first of `count` rising slots in a space with room for them, or None."""
    space = c.spaces[pid]
    if pid == abi.PID_SUPERVISOR:
        return space.next_slot
    full = len(space.slots) + count > abi.MAX_CAPS or space.next_slot + count > abi.MAX_SLOT
    return None if full else space.next_slot


def refuses_gift(s: State, pid: int, count: int = 1) -> abi.Errno | None:
    """Why a program may not put `count` capabilities into the space of `pid`, or None."""
    if s.transient.notices.get(pid, 0) >= abi.MAX_NOTICES_UNREAD:
        return abi.Errno.E_AGAIN
    if s.committed.spaces[pid].given + count > abi.MAX_CAPS_FROM_PROGRAMS:
        return abi.Errno.E_NOMEM
    return None if free_slot(s.committed, pid, count) is not None else abi.Errno.E_NOMEM


def charge(c: Committed, cap: Cap) -> tuple[list[k.CapUsed], list[int]]:
    """Commits for one use of a counted node and every counted ancestor, and the ids of those it spends.

    What hangs below a charged node is brought down to what that has left: nobody has a use its parent lacks.
    """
    used: list[k.CapUsed] = []
    spent: list[int] = []
    left: dict[int, int] = {}
    node: Cap | None = cap
    top = cap
    while node is not None and node.uses_left:
        top = node
        left[node.id] = node.uses_left - 1
        if node.uses_left == 1:
            spent.append(node.id)
        else:
            used.append(k.CapUsed(node.id, node.uses_left - 1))
        node = c.caps.get(node.parent)
    below = [(child, left.get(top.id, 0)) for child in sorted(top.children)] if left else []
    while below:
        cap_id, bound = below.pop()
        node = c.caps[cap_id]
        if cap_id not in left and node.uses_left > bound > 0:
            used.append(k.CapUsed(cap_id, bound))
        below.extend((child, min(bound, left.get(cap_id, node.uses_left))) for child in sorted(node.children))
    return used, spent


def notice_endpoint(c: Committed, pid: int, gone: Iterable[int] = (), destroyed: Iterable[int] = ()) -> int:
    """The endpoint that takes what the system tells `pid`: the one in slot 1, else in slot 0, else 0."""
    for slot in (abi.SLOT_INPUT, abi.SLOT_OWN_ENDPOINT):
        cap = c.cap(pid, slot)
        if cap is None or cap.id in gone or cap.object_type != abi.ObjectType.ENDPOINT:
            continue
        if c.endpoints.get(cap.object_id) == pid and cap.object_id not in destroyed:
            return cap.object_id
    return 0


def spend(
    s: State, cap: Cap, by_pid: int, removal: Removal | None = None
) -> tuple[list[k.Body], list[e.Effect]]:
    """What one use of `cap` costs: charges, and the end of what it spends, after the operation it paid for.

    `removal` is what the same call takes away besides; its commits and effects are in the answer.
    """
    if removal is None:
        if not cap.uses_left:
            return [], []
        removal = Removal(s, by_pid)
    used, spent = charge(s.committed, cap)
    removal.take(reversed(spent), RemoveHow.SPENT)
    kept = [commit for commit in used if commit.cap_id not in removal.how]
    return [*kept, *removal.commits()], removal.effects()


class Lost(NamedTuple):
    """A capability that goes, and where it is when it does."""

    cap_id: int
    pid: int
    slot: int
    object_type: int
    object_id: int
    perms: int


class Removal:
    """Collects everything that goes in one step. Build it up, then read `commits()` and `effects()`.

    What else happens in the same call: `moved` tells where capabilities move, cap id to (pid, slot); `born` are
    capabilities that come to be, by the id of their parent.
    """

    def __init__(
        self, s: State, by_pid: int, moved: Mapping[int, tuple[int, int]] | None = None,
        born: Mapping[int, Lost] | None = None,
    ) -> None:  # fmt: skip
        self._c, self._t, self._by = s.committed, s.transient, by_pid
        self._moved, self._born = moved or {}, born or {}
        self.how: dict[int, RemoveHow] = {}
        self.silent: set[int] = set()
        self.destroyed: list[int] = []
        self._triggers: set[int] = set()
        self._ended: set[int] = set()
        self._fresh: list[int] = list(self._moved)
        self._removed: list[k.CapRemoved] = []
        self._listening: set[int] = set()
        self._targets: dict[int, int] = {}
        if self._fresh:
            self._settle()

    def take(self, cap_ids: Iterable[int], how: RemoveHow, *, keep_own: bool = False, silent: bool = False) -> None:
        """Everything below some nodes, and they themselves unless `keep_own`. `silent`: their holder named them."""
        for cap_id in cap_ids:
            self._collect(cap_id, how, keep_own)
            if silent:
                self.silent.add(cap_id)
        self._settle()

    def _collect(self, cap_id: int, how: RemoveHow, keep_own: bool = False) -> None:
        goes, born = self.how, self._born
        for cap in self._c.subtree(cap_id):
            at = cap.id
            if at in born:
                goes.setdefault(born[at].cap_id, how)
            if at not in goes and not (keep_own and at == cap_id):
                goes[at] = how
                self._fresh.append(at)

    def take_one(self, cap_id: int) -> None:
        """Delete one node by its holder's wish: its children go to its parent."""
        self.how[cap_id] = RemoveHow.DELETED
        self.silent.add(cap_id)
        self._fresh.append(cap_id)
        self._settle()

    def end_process(self, pid: int) -> None:
        """All that an ending process takes along (kernel: Processes), in the order the page names it."""
        self._ended.add(pid)
        for endpoint in self._c.endpoints_of(pid):
            self._destroy(endpoint)
        self._take_object(abi.ObjectType.PROCESS, pid)
        for cap in self._c.held_by(pid):
            self._collect(cap.id, RemoveHow.SOURCE_EXIT)
        console = self._c.console_of(pid)
        if console is not None:
            self._take_object(abi.ObjectType.CONSOLE, console.id)
        self._settle()

    def _take_object(self, object_type: int, object_id: int) -> None:
        goes, triggers, how = self.how, self._triggers, RemoveHow.SOURCE_EXIT
        for top in self._c.tops(object_type, object_id):
            for cap in self._c.subtree(top):
                if cap.id not in triggers:
                    goes[cap.id] = how

    def _destroy(self, endpoint: int) -> None:
        if endpoint not in self.destroyed:
            self.destroyed.append(endpoint)
            self._take_object(abi.ObjectType.ENDPOINT, endpoint)

    def _settle(self) -> None:
        """Endpoints whose owner no longer holds a read capability go too: it went, or it moved away."""
        fresh, self._fresh, caps = self._fresh, [], self._c.caps
        endpoints = dict.fromkeys(
            [
                cap.object_id
                for cap in map(caps.__getitem__, fresh)
                if _reads(cap) and self._c.endpoints[cap.object_id] == cap.pid
            ]
        )
        for endpoint in endpoints:
            owner = self._c.endpoints[endpoint]
            reads = [cap for cap in self._c.spaces[owner].slots.values() if _reads(cap) and cap.object_id == endpoint]
            if not any(cap.id not in self.how and self._place(cap)[0] == owner for cap in reads):
                self._triggers.update(cap.id for cap in reads if cap.id in self.how)
                self._destroy(endpoint)

    def _place(self, cap: Cap) -> tuple[int, int]:
        """The process and the slot of a capability when this call has been carried out."""
        return self._moved.get(cap.id) or (cap.pid, cap.slot)

    def _gone(self) -> list[k.CapRemoved]:
        """What goes, in order; collected once, when everything has been taken."""
        if len(self._removed) != len(self.how):
            caps, moved, by = self._c.caps, self._moved, self._by
            born = {lost.cap_id: lost for lost in self._born.values()}
            self._removed = removed = []
            for cap_id, how in self.how.items():
                cap = caps.get(cap_id) or born[cap_id]
                pid, slot = moved.get(cap_id) or (cap.pid, cap.slot)
                removed.append(k.CapRemoved(cap_id, pid, slot, int(how), by))
            holders = {gone.pid for gone in removed} - self._ended
            self._listening = {pid for pid in holders if self._c.alive(pid)}
        return self._removed

    def _lost(self, gone: k.CapRemoved) -> Lost:
        for born in self._born.values():
            if born.cap_id == gone.cap_id:
                return born
        cap = self._c.caps[gone.cap_id]
        return Lost(cap.id, gone.pid, gone.slot, cap.object_type, cap.object_id, cap.perms)

    def removed(self) -> list[Lost]:
        """What goes, in order."""
        return list(map(self._lost, self._gone()))

    def losers(self) -> list[Lost]:
        """Capabilities whose holders get a notice: living programs that did not name them."""
        gone, listening, silent = self._gone(), self._listening, self.silent
        if not listening:
            return []
        return [self._lost(each) for each in gone if each.pid in listening and each.cap_id not in silent]

    def reason(self, lost: Lost) -> abi.RevokeReason:
        return _REASONS[self.how[lost.cap_id]]

    def notice_to(self, pid: int) -> int:
        """The endpoint a loser's notice goes to once this removal is in force, 0 if there is none."""
        if pid not in self._targets:
            gone = {*self.how, *self._moved} if self._moved else self.how
            self._targets[pid] = notice_endpoint(self._c, pid, gone, self.destroyed)
        return self._targets[pid]

    def commits(self) -> list[k.Body]:
        out: list[k.Body] = [*self._gone()]
        out += [k.EndpointDestroyed(endpoint) for endpoint in self.destroyed]
        out += [k.NoticeUndeliverable(each.pid, each.slot) for each in self.losers() if not self.notice_to(each.pid)]
        return out

    def effects(self) -> list[e.Effect]:
        """Notices, then the ends of calls and waits that went through what is gone."""
        out: list[e.Effect] = [e.CapsForgotten(tuple(self.how))] if self.how else []
        for lost in self.losers():
            endpoint = self.notice_to(lost.pid)
            if endpoint:
                payload = abi.pack_revoked(lost.slot, lost.object_type, lost.object_id, self.reason(lost))
                message = t.Message(abi.PID_SUPERVISOR, abi.Tag.CAP_REVOKED, payload)
                out.append(e.Enqueue(endpoint, lost.pid, message))
        out += self._woken()
        out += [e.EndpointClosed(endpoint, self._c.endpoints[endpoint]) for endpoint in self.destroyed]
        return out

    def _woken(self) -> list[e.Effect]:
        out: list[e.Effect] = []
        destroyed = set(self.destroyed)
        for pid, wait in self._t.waits.items() if self.how else ():
            if pid in self._ended or wait.result is not None:
                continue
            if wait.endpoint in destroyed:
                code = abi.Errno.E_NOENT if wait.kind is t.WaitKind.CALL else abi.Errno.E_BADF
            elif wait.cap_id in self.how:
                code = abi.Errno.E_PERM if wait.kind is t.WaitKind.CONSOLE else abi.Errno.E_BADF
            else:
                continue
            out.append(e.Answer(pid, wait.event, _wait_error(wait, code)))
        return out


def _reads(cap: Cap) -> bool:
    return cap.object_type == _ENDPOINT and bool(cap.perms & _READ)


def _wait_error(wait: t.Wait, code: abi.Errno) -> int:
    """`code` in the convention of the call that waits."""
    return abi.refusal(wait.num, code)
