"""What if: a recording run again without one capability, up to the first call that goes another way.

Rules of this file
- The capability is taken from whoever the system gave it to, before its first slice, as if its holder had deleted it:
  no notice is sent, and every slot and number stays what it was.
- From the first difference on, the recording says nothing more about this other run, and the replay ends.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

from zos_core import abi
from zos_core.abi import Malformed
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.kernel.capabilities import Removal
from zos_core.kernel.reduce import reduce
from zos_core.kernel.state import Cap, Committed
from zos_core.policy import Rule
from zos_core.record.journal import unpack_events
from zos_core.record.replayer import Difference, Replayer


class Divergence(NamedTuple):
    """`recorded` and `without` are the same call in both runs; None where one run has no call there."""

    tick: int
    recorded: SysEvent | None
    without: SysEvent | None


class Without:
    """Runs `replayer`, which must be fresh, without what `rule` names. `taken` are (pid, slot) that were emptied."""

    def __init__(self, replayer: Replayer, rule: Rule) -> None:
        self._replayer, self._rule = replayer, rule
        self._seen = 0
        self.taken: list[tuple[int, int]] = []
        replayer.machine.before_slices = self._take

    def step(self) -> Divergence | bool:
        """One tick: True when every call went as recorded, where it first did not, or False at the end.

        Raises `Refused` when the recording cannot be run again.
        """
        row = self._replayer.advance()
        if row is None:
            return False
        if isinstance(row, Difference):
            raise Refused(f"{self._replayer.recording.path}: {row.describe()}")
        self._seen = self._replayer.gateway.state.committed.next_cap - 1
        try:
            recorded = unpack_events(row.syslog)
        except Malformed as malformed:
            raise Refused(f"{self._replayer.recording.path}: tick {row.tick}: {malformed}") from None
        for theirs, ours in zip_longest(recorded, self._replayer.events):
            if theirs != ours:
                return Divergence(row.tick, theirs, ours)
        return True

    def _take(self) -> None:
        """Between the commands of a tick and its slices: empty what the commands have filled."""
        gateway = self._replayer.gateway
        state, committed = gateway.state, gateway.state.committed
        for cap_id in range(self._seen + 1, committed.next_cap):
            cap = committed.caps.get(cap_id)
            if cap is None or not self._names(committed, cap):
                continue
            removal = Removal(state, cap.pid)
            removal.take_one(cap.id)
            self.taken.append((cap.pid, cap.slot))
            effects, commits = removal.effects(), removal.commits()
            gateway.commits.extend(gateway.now, gateway.event, commits)
            reduce(commits, committed)
            for effect in effects:
                effect.perform(state.transient)

    def _names(self, committed: Committed, cap: Cap) -> bool:
        """Whether the rule means this one: given by the system, and not an endpoint to its own owner."""
        parent = committed.caps.get(cap.parent)
        given = parent is not None and not parent.pid and cap.pid != abi.PID_SUPERVISOR
        own = cap.object_type == abi.ObjectType.ENDPOINT and committed.endpoints.get(cap.object_id) == cap.pid
        return given and not own and self._rule.fits(abi.ObjectType(cap.object_type), cap.object_id)
