"""What a person does about authority: opens the dialogs, asks the machine, and says what came of it.

Rules of this file
- Nothing is taken before everything that would go has been shown; what was confirmed is handed over with the request,
  and if more would go by then the person is asked again (kernel: Capabilities).
- Dialogs are rarely used and are imported when they are opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zos_core.abi import PID_SUPERVISOR, ObjectType
from zos_core.errors import Refused, RevocationGrew
from zos_core.snapshot import AnswerSnapshot, CapabilitySnapshot, MachineSnapshot, ProcessSnapshot, Revocation
from zos_tui.ports import Machine, Targets
from zos_tui.previews import Preview, plural, preview
from zos_tui.watch import Watch

if TYPE_CHECKING:
    from textual.app import App

    from zos_core.prompts import Decision
    from zos_core.snapshot import PromptSnapshot
    from zos_tui.widgets.authority_form import Limits
    from zos_tui.widgets.revoke_dialog import Confirmed
    from zos_tui.widgets.tree_dialog import NodeAction

NAMED_HOLDERS = 4


class Authority:
    """`say(line)` tells the person something for a moment, `warn(line)` what went wrong."""

    def __init__(
        self, app: App[int], machine: Machine, watch: Watch, say: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        self._app = app
        self._machine = machine
        self._watch = watch
        self._say = say
        self._warn = warn

    # --- giving -------------------------------------------------------------------------------------------------

    def grant(self, pid: int | None = None) -> None:
        """Ask what to grant; `pid` is the process chosen at first."""
        from zos_tui.widgets.grant_dialog import GrantDialog

        def carry_out(to_pid: int, kind: ObjectType, object_id: int, limits: Limits) -> int:
            return self._machine.grant_capability(
                to_pid, kind, object_id, limits.perms, expires_in_ms=limits.expires_in_ms, uses=limits.uses
            )

        processes = self._fresh().processes
        self._app.push_screen(GrantDialog(processes, self._machine.objects(), pid, carry_out), self._given)

    def derive(self, pid: int, slot: int) -> None:
        """Ask whom to give a weaker copy of that capability."""
        from zos_tui.widgets.derive_dialog import DeriveDialog

        held = self._held(pid, slot)
        if held is None:
            return

        def carry_out(to_pid: int, limits: Limits) -> int:
            return self._machine.derive_capability(pid, slot, to_pid, *limits)

        processes, now_ns = self._fresh().processes, self._machine.uptime_ns()
        self._app.push_screen(DeriveDialog(*held, processes, now_ns, carry_out), self._given)

    def _given(self, what: str | None) -> None:
        if what:
            self._say(what)
            self._watch.acted()

    # --- taking -------------------------------------------------------------------------------------------------

    def revoke(self, pid: int, slot: int) -> None:
        """Show what revoking that capability would take, and take it when confirmed."""
        held = self._held(pid, slot)
        if held is not None:
            holder, capability = held
            what = f"{capability.object_name}, slot {slot} of {holder.name} ({pid})"
            self._revoke_all([(pid, slot)], what)

    def revoke_by_query(self, query: str = "") -> None:
        """Ask for words that name capabilities; revoke what they name as one step."""
        from zos_tui.widgets.query_dialog import QueryDialog, described

        def found(targets: tuple[tuple[int, int], ...] | None) -> None:
            if targets:
                self._revoke_all(targets, described(len(targets)))

        self._app.push_screen(QueryDialog(self._fresh(), query), found)

    def _revoke_all(
        self, targets: Targets, what: str, *, keep_own: bool = False, seen: Revocation | None = None
    ) -> None:
        from zos_tui.widgets.revoke_dialog import RevokeDialog

        def look(keep: bool) -> Preview:
            return preview(self._machine, self._fresh(), targets, keep_own=keep, seen=seen)

        def answered(confirmed: Confirmed | None) -> None:
            if confirmed is not None:
                self._take(targets, what, confirmed.revocation, confirmed.keep_own)

        dialog = RevokeDialog(what, look, keep_own=keep_own, grown=seen is not None)
        self._app.push_screen(dialog, answered)

    def _take(self, targets: Targets, what: str, confirmed: Revocation, keep_own: bool) -> None:
        try:
            went = self._machine.revoke_capabilities(targets, keep_own=keep_own, confirmed=confirmed)
        except RevocationGrew:
            self._revoke_all(targets, what, keep_own=keep_own, seen=confirmed)
            return
        except Refused as refusal:
            self._warn(str(refusal))
            return
        self._say_what_went(went)
        self._watch.acted()

    def _say_what_went(self, went: Revocation) -> None:
        names = {process.pid: process.name for process in self._snapshot.processes}
        holders = sorted({removed.pid for removed in went.removed})
        named = ", ".join(f"{names.get(pid, 'pid')} ({pid})" for pid in holders[:NAMED_HOLDERS])
        more = f" and {plural(len(holders) - NAMED_HOLDERS, 'other')}" if len(holders) > NAMED_HOLDERS else ""
        undelivered = sum(not notice.delivered for notice in went.notices)
        told = f" · {plural(undelivered, 'notice')} undeliverable" if undelivered else ""
        self._say(f"✗ Revoked {plural(len(went.removed), 'capability')}, from {named}{more}{told}")

    # --- looking ------------------------------------------------------------------------------------------------

    def inspect(self, pid: int, slot: int) -> None:
        """Show where that capability came from and what was derived from it."""
        from zos_tui.widgets.capability_details import CapabilityDetails

        held = self._held(pid, slot)
        if held is None:
            return
        holder, capability = held
        origin, derived = self._machine.origin_of(pid, slot), self._machine.derived_from(pid, slot)
        name = f"{holder.name} ({pid})"
        dialog = CapabilityDetails(name, capability, origin, derived, self._machine.uptime_ns())
        self._app.push_screen(dialog, self._act)

    def objects(self, first: tuple[ObjectType, int] | None = None) -> None:
        """Show who can reach what; `first` is the object shown at first."""
        from zos_tui.widgets.objects_dialog import ObjectsDialog

        objects, now_ns = self._machine.objects(), self._machine.uptime_ns()
        self._app.push_screen(ObjectsDialog(objects, self._machine.holders_of, now_ns, first), self._act)

    def _act(self, wanted: NodeAction | None) -> None:
        if wanted is None:
            return
        if wanted.action == "revoke":
            self.revoke(wanted.pid, wanted.slot)
        elif wanted.action == "derive":
            self.derive(wanted.pid, wanted.slot)
        elif (held := self._held(wanted.pid, wanted.slot)) is not None:
            self.objects((held[1].object_type, held[1].object_id))

    # --- questions of programs ----------------------------------------------------------------------------------

    def ask_person(self, prompt: PromptSnapshot, stands: Callable[[PromptSnapshot], bool]) -> None:
        """Open a program's question; `stands` tells whether it still waits for an answer."""
        from zos_tui.widgets.prompt_dialog import PromptDialog

        def answered(decision: Decision | None) -> None:
            if decision is None:
                return
            if not stands(prompt):
                self._say(f"{prompt.name} ({prompt.pid}) asks no longer")
                return
            self._machine.answer_prompt(prompt.request_id, decision)
            self._say(f"{prompt.name} ({prompt.pid}): {decision.choice.value}")
            self._watch.acted()

        self._app.push_screen(PromptDialog(prompt), answered)

    def answers(self) -> None:
        """List the answers given; one is taken back at once, with all that was derived from it."""
        from zos_tui.widgets.answers_dialog import AnswersDialog

        snapshot = self._fresh()
        held = frozenset((each.pid, cap.slot) for each in snapshot.processes for cap in each.capabilities)

        def chosen(answer: AnswerSnapshot | None) -> None:
            if answer is not None:
                self._take_back(answer)

        self._app.push_screen(AnswersDialog(self._machine.answers(), held), chosen)

    def _take_back(self, answer: AnswerSnapshot) -> None:
        self._machine.withdraw_answer(answer.request_id)
        place = (answer.prompt.pid, answer.slot or 0)
        holder = self._fresh().process(place[0])
        if holder is None or all(each.slot != answer.slot for each in holder.capabilities):
            self._say(f"{answer.prompt.name} is asked about again when it wants this")
            return
        try:
            confirmed = self._machine.preview_revocations([place])
        except Refused as refusal:
            self._warn(str(refusal))
            return
        self._take([place], "What was allowed", confirmed, keep_own=False)

    # --- the parts ----------------------------------------------------------------------------------------------

    @property
    def _snapshot(self) -> MachineSnapshot:
        return self._watch.snapshot or self._machine.snapshot()

    def _fresh(self) -> MachineSnapshot:
        return self._machine.snapshot()

    def _held(self, pid: int, slot: int) -> tuple[ProcessSnapshot, CapabilitySnapshot] | None:
        """The holder and the capability in its slot; None, and a word, when it is not there any more."""
        holder = None if pid == PID_SUPERVISOR else self._fresh().process(pid)
        held = () if holder is None else holder.capabilities
        capability = next((each for each in held if each.slot == slot), None)
        if holder is None or capability is None:
            self._say(f"Slot {slot} of pid {pid} is empty by now")
            return None
        return holder, capability
