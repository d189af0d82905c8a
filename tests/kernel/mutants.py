"""Faults that the kernel must not have, each a small change of its source, and the test that notices.

Rules of this file
- A mutant names a function and a text that stands in it exactly once: one that fits no more says so.
- What one check does twice is no mutant: a fault that changes no answer cannot be noticed.
- They stand by module, in the order of what they break there.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Mutant(NamedTuple):
    """`function` is dotted within `module` of the core, empty for all of it; `caught_by` is a file and a test in it."""

    name: str
    module: str
    function: str
    old: str
    new: str
    caught_by: str

    @property
    def path(self) -> Path:
        return ROOT / "zos_core" / f"{self.module.replace('.', '/')}.py"

    def source(self) -> str:
        """The changed module. Raises ValueError when the text does not stand in the function exactly once."""
        text, tree = _read(self.path)
        first, last = _lines_of(tree, self.function.split(".") if self.function else [], text.count("\n"))
        lines = text.splitlines(keepends=True)
        body = "".join(lines[first:last])
        if body.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {body.count(self.old)} times in {self.function}")
        return "".join(lines[:first]) + body.replace(self.old, self.new) + "".join(lines[last:])


@cache
def _read(path: Path) -> tuple[str, ast.Module]:
    text = path.read_text()
    return text, ast.parse(text)


def _lines_of(tree: ast.AST, names: Sequence[str], count: int) -> tuple[int, int]:
    """The first line and the one after the last of a function, from 0."""
    if not names:
        return (tree.lineno - 1, tree.end_lineno or count) if isinstance(tree, ast.stmt) else (0, count)
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == names[0]:
            return _lines_of(node, names[1:], count)
    raise ValueError(f"there is no {names[0]}")


# fmt: off
MUTANTS: tuple[Mutant, ...] = (
    # kernel.state
    Mutant(
        "a descendant is skipped", "kernel.state", "Committed.subtree",
        "sorted(node.children)", "sorted(node.children)[1:]",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "siblings go by falling id", "kernel.state", "Committed.subtree",
        "sorted(node.children)", "sorted(node.children, reverse=True)",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "a node goes before what is below it", "kernel.state", "Committed.subtree",
        "found.reverse()", "pass",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    # kernel.capabilities
    Mutant(
        "no ancestor is charged", "kernel.capabilities", "charge",
        "node = c.caps.get(node.parent)", "node = None",
        "test_capabilities.py::test_a_use_charges_the_capability_and_every_counted_ancestor",
    ),
    Mutant(
        "what is below a charged node keeps more uses than it", "kernel.capabilities", "charge",
        "if cap_id not in left and node.uses_left > bound > 0:", "if False:",
        "test_small_world.py::test_every_state_within_two_steps_of_the_small_world_agrees_with_the_model",
    ),
    Mutant(
        "the last use makes the uses unlimited", "kernel.capabilities", "charge",
        "node.uses_left == 1", "node.uses_left == 0",
        "test_capabilities.py::test_a_use_charges_the_capability_and_every_counted_ancestor",
    ),
    Mutant(
        "a spent node stays", "kernel.capabilities", "spend",
        "reversed(spent)", "()",
        "test_capabilities.py::test_a_use_charges_the_capability_and_every_counted_ancestor",
    ),
    Mutant(
        "of two spent nodes only the lower one goes", "kernel.capabilities", "spend",
        "reversed(spent)", "spent[:1]",
        "test_small_world.py::test_every_state_within_two_steps_of_the_small_world_agrees_with_the_model",
    ),
    Mutant(
        "a notice goes out before the removal is in force", "kernel.capabilities", "Removal.notice_to",
        "notice_endpoint(self._c, pid, gone, self.destroyed)", "notice_endpoint(self._c, pid)",
        "test_capabilities.py::test_losing_the_input_endpoint_itself_is_told_on_slot_0_with_its_own_reason",
    ),
    Mutant(
        "a loss is told twice", "kernel.capabilities", "Removal.effects",
        "out.append(e.Enqueue(endpoint, lost.pid, message))", "out += 2 * [e.Enqueue(endpoint, lost.pid, message)]",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "who named the capability is told as well", "kernel.capabilities", "Removal.losers",
        "each.cap_id not in silent", "True",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "an exit tells nobody", "kernel.capabilities", "Removal._gone",
        "if self._c.alive(pid)", "if not self._ended",
        "test_capabilities.py::test_a_loss_without_an_endpoint_to_tell_it_to_is_recorded",
    ),
    Mutant(
        "the process that ends is told of its own losses", "kernel.capabilities", "Removal._gone",
        " - self._ended", "",
        "test_small_world.py::test_every_state_within_two_steps_of_the_small_world_agrees_with_the_model",
    ),
    Mutant(
        "an exit is told as a revocation", "kernel.capabilities", "",
        "RemoveHow.SOURCE_EXIT: abi.RevokeReason.SOURCE_EXITED", "RemoveHow.SOURCE_EXIT: abi.RevokeReason.EXPLICIT",
        "test_capabilities.py::test_others_on_an_endpoint_that_went_by_revocation_are_told_reason_3",
    ),
    Mutant(
        "an expiry is told as a revocation", "kernel.capabilities", "",
        "RemoveHow.EXPIRED: abi.RevokeReason.EXPIRED", "RemoveHow.EXPIRED: abi.RevokeReason.EXPLICIT",
        "test_capabilities.py::test_a_capability_works_until_the_tick_that_reaches_its_time",
    ),
    Mutant(
        "a notice nobody can hear is not recorded", "kernel.capabilities", "Removal.commits",
        "if not self.notice_to(each.pid)", "if False",
        "test_capabilities.py::test_a_loss_without_an_endpoint_to_tell_it_to_is_recorded",
    ),
    Mutant(
        "an endpoint outlives its last reader", "kernel.capabilities", "Removal._settle",
        "self._destroy(endpoint)", "pass",
        "test_capabilities.py::test_losing_the_input_endpoint_itself_is_told_on_slot_0_with_its_own_reason",
    ),
    Mutant(
        "an endpoint goes with its first reader", "kernel.capabilities", "Removal._settle",
        "if not any(", "if True or any(",
        "test_capabilities.py::test_two_read_capabilities_that_expire_together_end_the_endpoint_and_both_say_so",
    ),
    Mutant(
        "the first cause wins over reason 3", "kernel.capabilities", "Removal._take_object",
        "if cap.id not in triggers:", "if cap.id not in goes:",
        "test_capabilities.py::test_others_on_an_endpoint_that_went_by_revocation_are_told_reason_3",
    ),
    Mutant(
        "the owner's own loss is told as the end of its source", "kernel.capabilities", "Removal._take_object",
        "if cap.id not in triggers:", "if True:",
        "test_capabilities.py::test_losing_the_input_endpoint_itself_is_told_on_slot_0_with_its_own_reason",
    ),
    Mutant(
        "an exit leaves what was derived", "kernel.capabilities", "Removal.end_process",
        "self._collect(cap.id, RemoveHow.SOURCE_EXIT)", "self.how[cap.id] = RemoveHow.SOURCE_EXIT",
        "test_capabilities.py::test_an_exit_takes_everything_below_relayed_or_not",
    ),
    Mutant(
        "capabilities on a process outlive it", "kernel.capabilities", "Removal.end_process",
        "self._take_object(abi.ObjectType.PROCESS, pid)", "pass",
        "test_processes.py::test_sys_kill_ends_the_target_and_tells_killer_and_spawner",
    ),
    Mutant(
        "a console outlives its process", "kernel.capabilities", "Removal.end_process",
        "self._take_object(abi.ObjectType.CONSOLE, console.id)", "pass",
        "test_console.py::test_what_a_program_wrote_is_still_there_when_it_has_ended",
    ),
    Mutant(
        "a deletion takes all that is below", "kernel.capabilities", "Removal.take_one",
        "self.how[cap_id] = RemoveHow.DELETED", "self._collect(cap_id, RemoveHow.DELETED)",
        "test_capabilities.py::test_delete_takes_one_node_and_hands_its_children_to_its_parent",
    ),
    Mutant(
        "what was to be kept is revoked", "kernel.capabilities", "Removal._collect",
        " and not (keep_own and at == cap_id)", "",
        "test_capabilities.py::test_revocation_may_keep_the_named_capability_but_nothing_below_it",
    ),
    Mutant(
        "what is born under a spent factory stays", "kernel.capabilities", "Removal._collect",
        "if at in born:", "if False:",
        "test_processes.py::test_the_last_use_of_the_factory_starts_the_child_and_takes_the_handle_with_it",
    ),
    Mutant(
        "a call through an endpoint that went waits for ever", "kernel.capabilities", "Removal._woken",
        "if wait.endpoint in destroyed:", "if False:",
        "test_ipc.py::test_a_call_ends_when_its_callee_ends_before_or_after_it_has_received_it",
    ),
    Mutant(
        "a wait by a revoked capability goes on", "kernel.capabilities", "Removal._woken",
        "elif wait.cap_id in self.how:", "elif False:",
        "test_ipc.py::test_a_call_ends_when_the_callers_capability_is_revoked"
        "_and_a_late_reply_does_not_answer_the_next",
    ),
    Mutant(
        "a call whose callee went gets E_BADF", "kernel.capabilities", "Removal._woken",
        "code = abi.Errno.E_NOENT if", "code = abi.Errno.E_BADF if",
        "test_ipc.py::test_a_call_ends_when_its_callee_ends_before_or_after_it_has_received_it",
    ),
    Mutant(
        "programs give one capability too many", "kernel.capabilities", "refuses_gift",
        ".given + count > abi.MAX_CAPS_FROM_PROGRAMS", ".given + count > abi.MAX_CAPS_FROM_PROGRAMS + 1",
        "test_refusals.py::test_programs_fill_at_most_512_slots_of_another",
    ),
    Mutant(
        "unread notices are no bound", "kernel.capabilities", "refuses_gift",
        "if s.transient.notices.get(pid, 0) >= abi.MAX_NOTICES_UNREAD:", "if False:",
        "test_refusals.py::test_a_process_with_1024_unread_notices_is_given_nothing",
    ),
    Mutant(
        "a full space takes one more", "kernel.capabilities", "free_slot",
        "len(space.slots) + count > abi.MAX_CAPS", "len(space.slots) >= abi.MAX_CAPS + count",
        "test_ipc.py::test_a_message_with_no_capabilities_needs_no_room_in_the_receivers_space",
    ),
    Mutant(
        "notices come to slot 0 first", "kernel.capabilities", "notice_endpoint",
        "(abi.SLOT_INPUT, abi.SLOT_OWN_ENDPOINT)", "(abi.SLOT_OWN_ENDPOINT, abi.SLOT_INPUT)",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "a notice goes to another's endpoint", "kernel.capabilities", "notice_endpoint",
        "c.endpoints.get(cap.object_id) == pid and ", "",
        "test_capabilities.py::test_without_slot_1_notices_come_to_slot_0_and_never_to_anothers_endpoint",
    ),
    # kernel.insertion
    Mutant(
        "expiry is forgotten on derive", "kernel.insertion", "Insertion.child",
        "_tighter(parent.expires_at, expires_at), _tighter", "expires_at, _tighter",
        "test_capabilities.py::test_an_expiry_is_never_later_than_that_of_its_parent",
    ),
    Mutant(
        "uses are forgotten on derive", "kernel.insertion", "Insertion.child",
        "_tighter(parent.uses_left, uses)", "uses",
        "test_capabilities.py::test_uses_are_never_more_than_those_of_the_parent",
    ),
    Mutant(
        "the wider limit wins", "kernel.insertion", "_tighter",
        "min(ours, asked)", "max(ours, asked)",
        "test_capabilities.py::test_an_expiry_is_never_later_than_that_of_its_parent",
    ),
    Mutant(
        "rights are not intersected", "kernel.insertion", "Insertion.child",
        "parent.perms & int(perms)", "int(perms)",
        "test_capabilities.py::test_rights_are_intersected_and_nothing_adds_one",
    ),
    Mutant(
        "rights are joined", "kernel.insertion", "Insertion.child",
        "parent.perms & int(perms)", "parent.perms | int(perms)",
        "test_capabilities.py::test_rights_are_intersected_and_nothing_adds_one",
    ),
    Mutant(
        "a copy hangs beside its source", "kernel.insertion", "Insertion.child",
        "parent.id, pid", "parent.parent, pid",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "a handle on a child is not under the factory", "kernel.insertion", "Insertion.handle",
        "factory.id, factory.pid", "factory.parent, factory.pid",
        "test_processes.py::test_a_spawner_waits_for_its_answer_and_gets_a_capability_on_the_child",
    ),
    Mutant(
        "an object gets a second root", "kernel.insertion", "Insertion.root",
        "found = self._c.roots.get(key) or self._roots.get(key)", "found = None",
        "test_capabilities.py::test_others_on_an_endpoint_that_went_by_revocation_are_told_reason_3",
    ),
    # kernel.reduce
    Mutant(
        "a slot is used again", "kernel.reduce", "_removed",
        "del space.slots[cap.slot]",
        "del space.slots[cap.slot]\n    space.next_slot = min(space.next_slot, max(cap.slot, 4))",
        "test_capabilities.py::test_a_revoked_slot_names_nothing_ever_again",
    ),
    Mutant(
        "an id is used again", "kernel.reduce", "_inserted",
        "s.next_cap = cap_id + 1", "s.next_cap = len(s.caps) + 1",
        "test_capabilities.py::test_the_operation_a_last_use_paid_for_completes",
    ),
    Mutant(
        "children of a deleted node are orphans", "kernel.reduce", "_removed",
        "s.caps[child].parent = cap.parent", "pass",
        "test_capabilities.py::test_delete_takes_one_node_and_hands_its_children_to_its_parent",
    ),
    Mutant(
        "a moved capability stays as well", "kernel.reduce", "_moved",
        "del source.slots[cap.slot]", "pass",
        "test_ipc.py::test_capabilities_move_at_once_and_the_receiver_learns_their_slots_with_the_message",
    ),
    Mutant(
        "an expiry outlives its capability", "kernel.reduce", "_removed",
        "s.expiring.discard(b.cap_id)", "pass",
        "test_small_world.py::test_every_state_within_two_steps_of_the_small_world_agrees_with_the_model",
    ),
    Mutant(
        "a pid is used again", "kernel.reduce", "_created",
        "s.next_pid = b.pid + 1", "s.next_pid = sum(p.alive for p in s.processes.values()) + 1",
        "test_processes.py::test_the_last_256_ended_processes_stay_listed",
    ),
    # kernel.authority
    Mutant(
        "granting needs no right", "kernel.authority", "sys_cap_grant",
        "_held(s, call, slot, Rights.GRANT)", "_held(s, call, slot)",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "revoking needs no right", "kernel.authority", "sys_cap_revoke",
        "_held(s, call, slot, Rights.GRANT)", "_held(s, call, slot)",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "E_PERM for an empty slot", "kernel.authority", "_held",
        "Errno.E_BADF", "Errno.E_PERM",
        "test_capabilities.py::test_a_revoked_slot_names_nothing_ever_again",
    ),
    Mutant(
        "a grant to one that ended", "kernel.authority", "sys_cap_grant",
        "if not s.committed.alive(to_pid):", "if to_pid not in s.committed.processes:",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "unknown rights are derived", "kernel.authority", "sys_cap_derive",
        "if perms not in RIGHTS:", "if False:",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "a revocation always keeps its own", "kernel.authority", "sys_cap_revoke",
        "keep_own=bool(keep_own)", "keep_own=True",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "a deletion multiplies a count", "kernel.authority", "sys_cap_delete",
        "if cap.uses_left and len(cap.children) > 1:", "if False:",
        "test_small_world.py::test_every_state_within_two_steps_of_the_small_world_agrees_with_the_model",
    ),
    Mutant(
        "a deletion needs the grant right", "kernel.authority", "sys_cap_delete",
        "_held(s, call, call.args[0])", "_held(s, call, call.args[0], Rights.GRANT)",
        "test_ipc.py::test_with_the_last_read_capability_the_endpoint_goes_and_everyone_on_it_is_told",
    ),
    # kernel.ipc
    Mutant(
        "sending needs no right", "kernel.ipc", "_target",
        "if not cap.perms & right:", "if False:",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "any type is sent to", "kernel.ipc", "_target",
        "if cap is None or cap.object_type != _ENDPOINT:", "if cap is None:",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "a full queue takes one more", "kernel.ipc", "sys_send",
        ">= abi.MAX_QUEUE", "> abi.MAX_QUEUE",
        "test_ipc.py::test_a_full_queue_loses_nothing_and_system_messages_have_room_above",
    ),
    Mutant(
        "a sender says who it is", "kernel.ipc", "sys_send",
        "t.Message(call.pid, tag, data)", "t.Message(tag, tag, data)",
        "test_ipc.py::test_messages_arrive_whole_in_order_and_with_the_senders_pid",
    ),
    Mutant(
        "anyone receives", "kernel.ipc", "_receive",
        "if s.committed.endpoints[cap.object_id] != call.pid:", "if False:",
        "test_ipc.py::test_only_the_owner_receives_even_if_another_holds_every_right",
    ),
    Mutant(
        "sending is free", "kernel.ipc", "sys_send",
        "if not cap.uses_left:", "if True:",
        "test_capabilities.py::test_a_use_charges_the_capability_and_every_counted_ancestor",
    ),
    Mutant(
        "calling is free", "kernel.ipc", "sys_call",
        "if cap.uses_left:", "if False:",
        "test_ipc.py::test_a_call_that_spends_its_capability_still_gets_its_reply",
    ),
    Mutant(
        "a call of one's own endpoint", "kernel.ipc", "sys_call",
        "== call.pid:", "== 0:",
        "test_capabilities.py::test_what_is_refused_is_no_use",
    ),
    Mutant(
        "anyone replies", "kernel.ipc", "sys_reply",
        "if due is None or wait is None or wait.event != due or wait.result is not None:",
        "if wait is None or wait.kind is not t.WaitKind.CALL:",
        "test_ipc.py::test_a_call_waits_for_its_one_reply",
    ),
    Mutant(
        "a reply is accepted twice", "kernel.ipc", "sys_reply",
        "if due is None or wait is None or wait.event != due or wait.result is not None:", "if due is None:",
        "test_ipc.py::test_a_call_ends_when_the_endpoint_goes_and_its_owner_lives",
    ),
    Mutant(
        "a late reply is accepted", "kernel.ipc", "sys_reply",
        " or wait.event != due", "",
        "test_ipc.py::test_a_call_ends_when_the_callers_capability_is_revoked"
        "_and_a_late_reply_does_not_answer_the_next",
    ),
    Mutant(
        "a capability without the grant right travels", "kernel.ipc", "_movable",
        "if not node.perms & _GRANT:", "if False:",
        "test_ipc.py::test_one_capability_that_may_not_travel_keeps_all_of_them_at_home",
    ),
    Mutant(
        "an empty slot travels", "kernel.ipc", "_movable",
        "return refuse(call, Errno.E_BADF, f\"no capability in slot {slot}\")", "continue",
        "test_capabilities.py::test_what_is_refused_is_no_use",
    ),
    Mutant(
        "a slot travels twice", "kernel.ipc", "sys_send_cap",
        "len(set(slots)) != count or slot in slots", "slot in slots",
        "test_refusals.py::test_a_slot_named_twice_or_the_sending_one_does_not_travel",
    ),
    Mutant(
        "a move needs no room", "kernel.ipc", "sys_send_cap",
        "capabilities.refuses_gift(s, owner, count) if to_others and count else None", "None",
        "test_refusals.py::test_programs_fill_at_most_512_slots_of_another",
    ),
    Mutant(
        "a mover keeps its endpoint", "kernel.ipc", "_send_with",
        "capabilities.Removal(s, call.pid, places)", "capabilities.Removal(s, call.pid)",
        "test_ipc.py::test_who_gives_its_last_read_capability_away_has_lost_its_endpoint",
    ),
    # kernel.effects
    Mutant(
        "the newest message comes first", "kernel.effects", "Enqueue.perform",
        "queue.items.append(message)", "queue.items.appendleft(message)",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
    Mutant(
        "a wait is answered twice", "kernel.effects", "Answer.perform",
        " and wait.event == self.event and wait.result is None", "",
        "test_processes.py::test_the_last_use_of_the_factory_starts_the_child_and_takes_the_handle_with_it",
    ),
    # kernel.privilege
    Mutant(
        "an expiry comes a tick late", "kernel.privilege", "expire",
        ".expires_at <= call.now", ".expires_at < call.now",
        "test_capabilities.py::test_a_capability_works_until_the_tick_that_reaches_its_time",
    ),
    Mutant(
        "what is below an expired node stays", "kernel.privilege", "expire",
        "removal.take(due, RemoveHow.EXPIRED)", "[removal.take_one(cap_id) for cap_id in due]",
        "test_capabilities.py::test_a_capability_works_until_the_tick_that_reaches_its_time",
    ),
    Mutant(
        "a revocation takes the root of an object", "kernel.privilege", "revocation",
        "keep_own=keep_own or not cap.parent", "keep_own=keep_own",
        "test_capabilities.py::test_an_object_keeps_its_root_when_pid_0_revokes_it",
    ),
    Mutant(
        "anyone grants by text", "kernel.privilege", "_command",
        "case [\"GRANT\", *numbers] if call.pid == abi.PID_INIT:", "case [\"GRANT\", *numbers]:",
        "test_services.py::test_from_anyone_else_the_text_is_only_text",
    ),
    Mutant(
        "anyone revokes by text", "kernel.privilege", "_command",
        "case [\"REVOKE\", *numbers] if call.pid == abi.PID_INIT:", "case [\"REVOKE\", *numbers]:",
        "test_services.py::test_from_anyone_else_the_text_is_only_text",
    ),
    Mutant(
        "anyone spawns by text", "kernel.privilege", "_command",
        " if call.pid == abi.PID_INIT or factory(s.committed, call.pid) is not None:", ":",
        "test_services.py::test_from_anyone_else_the_text_is_only_text",
    ),
    Mutant(
        "a taken slot is filled", "kernel.privilege", "grant_capability",
        "if slot is not None and c.cap(pid, slot) is not None:", "if False:",
        "test_capabilities.py::test_only_a_privileged_grant_fills_an_explicit_free_slot",
    ),
    # kernel.process
    Mutant(
        "the permission service is killed", "kernel.process", "",
        ", abi.PID_INIT, abi.PID_PERMISSION)", ", abi.PID_INIT)",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "killing needs no right", "kernel.process", "sys_kill",
        "not cap.perms & Rights.WRITE or ", "",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "killing is free", "kernel.process", "_end",
        "if paid_by is None", "if True",
        "test_processes.py::test_a_spawn_charges_the_factory_and_the_handle_has_no_more_uses_than_it_has_left",
    ),
    Mutant(
        "a spawner is not told of an end", "kernel.process", "_end",
        "if c.alive(process.parent):", "if False:",
        "test_processes.py::test_an_exit_tells_the_spawner_its_code_as_a_signed_number",
    ),
    Mutant(
        "spawning is free", "kernel.process", "_hand_over",
        "capabilities.spend(s, spawner, request.pid, removal)", "([], [])",
        "test_processes.py::test_a_spawn_charges_the_factory_and_the_handle_has_no_more_uses_than_it_has_left",
    ),
    Mutant(
        "a child for a factory that moved away", "kernel.process", "create_process",
        " or spawner.pid != request.pid", "",
        "test_text_spawn.py::test_who_has_given_the_factory_away_meanwhile_starts_nothing_with_it",
    ),
    # kernel.console
    Mutant(
        "keystrokes go to who lent them", "kernel.console", "deliver_console_input",
        "pid if own is None else own.reader", "pid",
        "test_console.py::test_lent_keystrokes_go_to_the_child_until_it_ends",
    ),
    Mutant(
        "a full console drops what is too much", "kernel.console", "_append",
        "if len(data) > room:", "if False:",
        "test_console.py::test_a_full_buffer_makes_its_writer_wait_and_loses_nothing",
    ),
    Mutant(
        "writing needs no right", "kernel.console", "write",
        "if not cap.perms & _WRITE:", "if False:",
        "test_refusals.py::test_a_refused_call_answers_its_code_and_changes_nothing",
    ),
    Mutant(
        "a console from anyone is the default", "kernel.console", "default_console",
        "if cap.how == _SPAWN or cap.by_pid == abi.PID_SUPERVISOR:", "if True:",
        "test_console.py::test_a_program_that_lost_its_console_is_refused_until_pid_0_gives_it_one",
    ),
    # axiom.gateway
    Mutant(
        "a call is carried out and not committed", "axiom.gateway", "Gateway._carry_out",
        "self.commits.extend(self.now, event, outcome.commits)", "pass",
        "test_capabilities.py::test_revocation_takes_all_below_post_order_siblings_by_age_the_named_one_last",
    ),
)
