"""The whole way of a request: a program, the permission service, a person's answer, and what the program holds then."""

from __future__ import annotations

import pytest

from tests.apps.puppet import PUPPET, Puppet
from tests.apps.support import ASKING, PATIENCE_S, Tab, booted
from zos_core import abi
from zos_core.abi import SLOT_INPUT, SLOT_PERMISSION, CapEntry, ObjectType, RevokeReason, Rights, Sys, Tag
from zos_core.policy import Policy, Rule
from zos_core.prompts import MAX_REPEATS, Choice, Decision
from zos_core.services import CapabilityResponse, CapsListResponse, HeldCapability, RequestCapability, RevokeCapability
from zos_core.supervisor import Supervisor

READ_WRITE = Rights.READ | Rights.WRITE
STORAGE = RequestCapability(ObjectType.STORAGE, READ_WRITE, "keep things", 9)
FACTORY = RequestCapability(ObjectType.PROCESS, Rights.WRITE, "start things", abi.FACTORY)


@pytest.fixture
def supervisor() -> Supervisor:
    return booted(ASKING)


def ask(puppet: Puppet, wish: RequestCapability) -> None:
    payload = wish.pack()
    puppet.begin(Sys.CALL, SLOT_PERMISSION, Tag.REQUEST_CAPABILITY, len(payload), payload)


def response(puppet: Puppet) -> CapabilityResponse:
    sender, tag, payload = puppet.answer().message
    assert (sender, tag) == (abi.PID_PERMISSION, Tag.CAPABILITY_RESPONSE)
    return CapabilityResponse.unpack(payload)


def decide(supervisor: Supervisor, choice: Choice, expires_in_ms: int = 0) -> None:
    (prompt,) = supervisor.prompts()
    supervisor.answer_prompt(prompt.request_id, Decision(choice, expires_in_ms))


def given(supervisor: Supervisor, puppet: Puppet, wish: RequestCapability, choice: Choice, ms: int = 0) -> CapEntry:
    """Ask, have it answered with a yes, and look at what came."""
    ask(puppet, wish)
    decide(supervisor, choice, ms)
    slot = response(puppet).slot
    (held,) = (each for each in puppet.caps() if each.slot == slot)
    return held


def listed(puppet: Puppet) -> tuple[HeldCapability, ...]:
    _, tag, payload = puppet.call(SLOT_PERMISSION, Tag.LIST_MY_CAPS, b"")
    assert tag == Tag.CAPS_LIST_RESPONSE
    return CapsListResponse.unpack(payload).held


@pytest.mark.parametrize(("wish", "uses"), [(FACTORY, 1), (STORAGE, 0)])
def test_once(supervisor: Supervisor, wish: RequestCapability, uses: int) -> None:
    """One use where uses are counted, otherwise until the process ends."""
    held = given(supervisor, Puppet(supervisor), wish, Choice.ONCE)
    assert (held.object_type, held.object_id, held.rights) == (wish.object_type, wish.object_id, wish.perms)
    assert (held.uses_left, held.expires_at_ns) == (uses, 0)


def test_for_a_time(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    held = given(supervisor, puppet, STORAGE, Choice.FOR_A_TIME, 50)
    assert held.expires_at_ns > 0
    gone = lambda: all(each.slot != held.slot for each in puppet.caps())  # noqa: E731
    assert supervisor.run_until(gone, PATIENCE_S)
    sender, tag, payload = puppet.do(Sys.RECEIVE, SLOT_INPUT).message
    assert (sender, tag, len(payload)) == (abi.PID_SUPERVISOR, Tag.CAP_REVOKED, 14)
    assert abi.unpack_revoked(payload) == (held.slot, ObjectType.STORAGE, 9, RevokeReason.EXPIRED)


def test_for_this_session_is_asked_once_a_program_and_each_answer_is_listed(supervisor: Supervisor) -> None:
    first, second = Puppet(supervisor), Puppet(supervisor)
    before = given(supervisor, first, STORAGE, Choice.SESSION)
    ask(second, STORAGE)
    again = response(second)
    assert supervisor.prompts() == () and again.slot
    assert [(each.prompt.pid, each.slot, each.stands) for each in supervisor.answers()] == [
        (first.pid, before.slot, True),
        (second.pid, again.slot, True),
    ]


def test_what_was_taken_back_is_asked_about_again(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    held = given(supervisor, puppet, STORAGE, Choice.SESSION)
    supervisor.revoke_capability(puppet.pid, held.slot)
    assert [each.stands for each in supervisor.answers()] == [False]
    ask(puppet, STORAGE)
    decide(supervisor, Choice.DENY)
    assert response(puppet).error == "denied at the prompt"


def test_an_answer_for_the_session_outlives_its_process_and_can_be_withdrawn(supervisor: Supervisor) -> None:
    gone, later = Puppet(supervisor), Puppet(supervisor)
    given(supervisor, gone, STORAGE, Choice.SESSION)
    supervisor.kill_process(gone.pid)
    (answer,) = supervisor.answers()
    assert answer.stands
    supervisor.withdraw_answer(answer.request_id)
    ask(later, STORAGE)
    assert [each.pid for each in supervisor.prompts()] == [later.pid]


def test_another_program_by_the_same_name_is_asked_about(supervisor: Supervisor) -> None:
    given(supervisor, Puppet(supervisor), STORAGE, Choice.SESSION)
    other_bytes = PUPPET.replace(b'(memory (export "memory") 4)', b'(memory (export "memory") 5)')
    impostor = Puppet(supervisor, source=other_bytes)
    ask(impostor, STORAGE)
    (prompt,) = supervisor.prompts()
    assert (prompt.pid, prompt.name) == (impostor.pid, "puppet")


def test_a_program_that_asks_without_end_is_seen_to(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    given(supervisor, puppet, STORAGE, Choice.SESSION)
    for _ in range(MAX_REPEATS):
        ask(puppet, STORAGE)
        assert response(puppet).slot
    ask(puppet, STORAGE)
    assert len(supervisor.prompts()) == 1


def test_a_no_is_heard_and_holds(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    before = puppet.caps()
    ask(puppet, STORAGE)
    decide(supervisor, Choice.DENY)
    assert response(puppet).error == "denied at the prompt"
    ask(puppet, STORAGE)
    assert response(puppet).error == "denied before in this session"
    assert supervisor.prompts() == () and puppet.caps() == before


def test_an_object_that_is_not_there_is_denied_without_a_prompt(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    ask(puppet, RequestCapability(ObjectType.ENDPOINT, Rights.WRITE, "talk", 10_000))
    assert response(puppet).error == "denied at the prompt"


def test_what_was_given_is_listed_until_it_is_given_back(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    held = given(supervisor, puppet, STORAGE, Choice.SESSION)
    other = given(supervisor, puppet, FACTORY, Choice.ONCE)
    rows = (
        HeldCapability(held.slot, ObjectType.STORAGE, READ_WRITE),
        HeldCapability(other.slot, ObjectType.PROCESS, Rights.WRITE),
    )
    assert listed(puppet) == rows
    _, _, payload = puppet.call(SLOT_PERMISSION, Tag.REVOKE_CAPABILITY, RevokeCapability(held.slot).pack())
    assert CapabilityResponse.unpack(payload) == CapabilityResponse(held.slot)
    assert listed(puppet) == rows[1:]
    assert all(each.slot != held.slot for each in puppet.caps())


def test_the_list_is_of_what_was_given_and_the_table_of_what_is_held(supervisor: Supervisor) -> None:
    """The service cannot look into another's table: what somebody took away stays on its list, and names nothing."""
    puppet = Puppet(supervisor)
    held = given(supervisor, puppet, STORAGE, Choice.SESSION)
    supervisor.revoke_capability(puppet.pid, held.slot)
    assert [each.slot for each in listed(puppet)] == [held.slot]
    assert puppet.do(Sys.CAP_INSPECT, held.slot).result == 0
    _, _, payload = puppet.call(SLOT_PERMISSION, Tag.REVOKE_CAPABILITY, RevokeCapability(held.slot).pack())
    assert CapabilityResponse.unpack(payload).error == "no capability in that slot, or of the wrong type"
    assert listed(puppet) == ()


def test_a_policy_gives_no_more_rights_than_its_rule() -> None:
    supervisor = booted(Policy(allow=(Rule(ObjectType.STORAGE, 9, Rights.READ),)))
    puppet = Puppet(supervisor)
    ask(puppet, STORAGE)
    slot = response(puppet).slot
    assert next(each.rights for each in puppet.caps() if each.slot == slot) == Rights.READ


def test_the_shell_asks_for_the_factory_and_runs_a_program_once() -> None:
    tab = Tab("terminal", policy=ASKING, lines=60)
    (factory,) = (cap.slot for cap in tab.caps() if cap.object_type is ObjectType.PROCESS)
    tab.supervisor.revoke_capability(tab.pid, factory)
    tab.settle()
    tab.press("run crash exit 3\r")
    assert tab.prompt().name == "terminal"
    tab.answer(Choice.ONCE)
    assert any(row.startswith("crash (") and row.endswith(") ended with code 3") for row in tab.rows())
    tab.press("run crash exit 4\r")
    tab.answer(Choice.DENY)
    assert tab.rows()[-2:] == ["run: denied: denied at the prompt", "zero>"]
