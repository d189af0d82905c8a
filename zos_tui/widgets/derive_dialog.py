"""The derive dialog: a weaker copy of one process's capability for another, below it in the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.widget import Widget
from textual.widgets import Static

from zos_core.snapshot import CapabilitySnapshot, ProcessSnapshot, rights_text
from zos_tui.figures import countdown
from zos_tui.previews import plural
from zos_tui.widgets.authority_form import AuthorityForm, Field, Limits, process_choice
from zos_tui.widgets.capability_list import kind_of, object_text

GiveDerived = Callable[[int, Limits], int]
"""`(to_pid, limits)`: the slot it went to. Raises `Refused`."""


class DeriveDialog(AuthorityForm):
    """No right, no later expiry and no more uses than `capability` has can be given."""

    def __init__(
        self, holder: ProcessSnapshot, capability: CapabilitySnapshot, processes: Sequence[ProcessSnapshot],
        now_ns: int, carry_out: GiveDerived,
    ) -> None:  # fmt: skip
        super().__init__(f"Derive from {holder.name} ({holder.pid}), slot {capability.slot}")
        self._holder = holder
        self._capability = capability
        self._processes = processes
        self._now_ns = now_ns
        self._carry_out = carry_out

    def content(self) -> tuple[Widget, ...]:
        other = next((each.pid for each in self._processes if each.pid > 2 and each.pid != self._holder.pid), None)
        each = self._capability
        return (
            Static(self._bounds(), id="bounds", markup=False),
            Field("To", process_choice(self._processes, other)),
            *self.limits_fields(each.perms, each.perms),
        )

    def _bounds(self) -> str:
        each = self._capability
        named = object_text(each.object_type, each.object_id, each.object_name)
        bounds = [f"{kind_of(each.object_type)} {named}", f"at most {rights_text(each.perms)}"]
        bounds += [f"at most {countdown(each.expires_at - self._now_ns)}"] if each.expires_at else []
        bounds += [f"at most {plural(each.uses_left, 'use')}"] if each.uses_left else []
        return " · ".join(bounds)

    def give(self) -> str:
        limits = self.read_limits()
        slot = self._carry_out(self.receiver, limits)
        return f"Derived {rights_text(limits.perms)} for pid {self.receiver}, slot {slot}"
