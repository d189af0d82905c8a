"""`Insertion`: the one way capabilities come to be within a call, and the counterpart of `Removal`.

Rules of this file (kernel: Capabilities)
- Every object has one root, held by pid 0, made with the object or at its first grant.
- A child never has a right, an expiry or a use its parent lacks.
- Ids and slots are handed out rising, also several within one call.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights
from zos_core.kernel import commits as k
from zos_core.kernel.commits import InsertHow
from zos_core.kernel.state import Cap, Committed

_CREATED_BY_A_GRANT = frozenset({ObjectType.STORAGE, ObjectType.NETWORK, ObjectType.MEMORY})
_OBJECT_TYPES = frozenset(ObjectType)
RIGHTS = range(int(Rights.ALL) + 1)


def refuses_grant(
    c: Committed, object_type: int, object_id: int, perms: int, expires_at: int, uses: int
) -> Errno | None:
    """Why pid 0 cannot give such a capability from a root, or None."""
    numbers = 0 <= object_id < 2**64 and 0 <= expires_at < 2**64 and 0 <= uses <= abi.U32
    if object_type not in _OBJECT_TYPES or perms not in RIGHTS or not numbers:
        return Errno.E_INVAL
    known = (object_type, object_id) in c.roots or object_type in _CREATED_BY_A_GRANT
    return None if known else Errno.E_NOENT

# Plain integers: arithmetic on enums costs ten times as much, and what is inserted is read at every call.
_ALL = int(abi.Rights.ALL)
_HANDLE_RIGHTS = int(abi.Rights.WRITE | abi.Rights.GRANT)
_ENDPOINT = int(abi.ObjectType.ENDPOINT)
_ROOT, _SPAWN = int(InsertHow.ROOT), int(InsertHow.SPAWN)


class Insertion:
    """Collects commits; hand `commits` on when the call succeeds."""

    def __init__(self, c: Committed) -> None:
        self._c = c
        self._next_cap, self._next_endpoint = c.next_cap, c.next_endpoint
        self._slots: dict[int, int] = {}
        self._roots: dict[tuple[int, int], int] = {}
        self.commits: list[k.Body] = []

    def slot(self, pid: int) -> int:
        """The next slot of a space."""
        at = self._slots.get(pid)
        if at is None:
            space = self._c.spaces.get(pid)
            at = abi.SLOT_FIRST_FREE if space is None else space.next_slot
        self._slots[pid] = at + 1
        return at

    def _insert(
        self, parent: int, pid: int, slot: int, object_type: int, object_id: int, perms: int, expires_at: int,
        uses: int, by_pid: int, how: int,
    ) -> int:  # fmt: skip
        """All of them plain integers: a commit tells the same live and read back."""
        cap_id = self._next_cap
        self._next_cap += 1
        self.commits.append(
            k.CapInserted(
                cap_id, parent, pid, slot, object_type, object_id, perms, expires_at, uses, by_pid, how
            )
        )  # fmt: skip
        return cap_id

    def root(self, object_type: int, object_id: int) -> int:
        """The id of an object's root, made if there is none."""
        kind, by = int(object_type), abi.PID_SUPERVISOR
        key = (kind, object_id)
        found = self._c.roots.get(key) or self._roots.get(key)
        if found is None:
            slot = self.slot(by)
            found = self._roots[key] = self._insert(0, by, slot, kind, object_id, _ALL, 0, 0, by, _ROOT)
        return found

    def under_root(
        self, object_type: int, object_id: int, pid: int, slot: int, perms: int, expires_at: int = 0, uses: int = 0,
        how: int = _SPAWN,
    ) -> int:  # fmt: skip
        """A capability that pid 0 gives from the root of an object."""
        kind, by = int(object_type), abi.PID_SUPERVISOR
        root = self.root(kind, object_id)
        return self._insert(root, pid, slot, kind, object_id, int(perms), expires_at, uses, by, int(how))

    def child(
        self, parent: Cap, pid: int, slot: int, perms: int, expires_at: int, uses: int, by_pid: int, how: InsertHow
    ) -> int:
        """A weaker copy: rights intersected, expiry no later, uses no more (0 means without limit)."""
        expires_at, uses = _tighter(parent.expires_at, expires_at), _tighter(parent.uses_left, uses)
        kept = parent.perms & int(perms)
        return self._insert(
            parent.id, pid, slot, parent.object_type, parent.object_id, kept, expires_at, uses, by_pid, int(how)
        )

    def handle(self, factory: Cap, child_pid: int, slot: int) -> int:
        """The spawner's capability on its child: its own object, but under the factory capability it used."""
        left = max(factory.uses_left - 1, 1) if factory.uses_left else 0
        return self._insert(
            factory.id, factory.pid, slot, factory.object_type, child_pid, _HANDLE_RIGHTS, factory.expires_at, left,
            abi.PID_SUPERVISOR, _SPAWN,
        )  # fmt: skip

    def endpoint(self, owner: int, slot: int) -> int:
        """An endpoint, and its owner's full capability; returns the endpoint's id."""
        endpoint = self._next_endpoint
        self._next_endpoint += 1
        self.commits.append(k.EndpointCreated(endpoint, owner))
        self.under_root(_ENDPOINT, endpoint, owner, slot, _ALL)
        return endpoint


def _tighter(ours: int, asked: int) -> int:
    return min(ours, asked) if ours and asked else ours or asked


def expiry(now: int, expires_in_ms: int) -> int:
    """Absolute expiry in ns of uptime, 0 for never; what does not fit 64 bits is never reached."""
    return min(now + expires_in_ms * 1_000_000, 2**64 - 1) if expires_in_ms else 0
