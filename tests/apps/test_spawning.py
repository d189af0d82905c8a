"""Init starts a program for somebody: a person is asked in the caller's name, and init waits for nobody."""

from __future__ import annotations

import pytest

from tests.apps.puppet import Puppet
from tests.apps.support import ASKING, PATIENCE_S, booted
from zos_core import abi
from zos_core.abi import SLOT_INIT, SLOT_PERMISSION, ObjectType, Rights, Sys, Tag
from zos_core.policy import Policy, Rule
from zos_core.prompts import Choice, Decision
from zos_core.services import (
    CapabilityResponse,
    LookupService,
    RequestCapability,
    SpawnResponse,
    SpawnService,
)
from zos_core.snapshot import ProcessSnapshot, PromptSnapshot
from zos_core.supervisor import Supervisor


@pytest.fixture
def supervisor() -> Supervisor:
    return booted(ASKING)


def ask_for(puppet: Puppet, name: str) -> None:
    payload = SpawnService(name).pack()
    puppet.begin(Sys.CALL, SLOT_INIT, Tag.SPAWN_SERVICE, len(payload), payload)


def response(puppet: Puppet) -> SpawnResponse:
    sender, tag, payload = puppet.answer().message
    assert (sender, tag) == (abi.PID_INIT, Tag.SPAWN_RESPONSE)
    return SpawnResponse.unpack(payload)


def prompt_of(supervisor: Supervisor, pid: int) -> PromptSnapshot:
    (prompt,) = (each for each in supervisor.prompts() if each.pid == pid)
    return prompt


def decide(supervisor: Supervisor, puppet: Puppet, choice: Choice, expires_in_ms: int = 0) -> None:
    supervisor.answer_prompt(prompt_of(supervisor, puppet.pid).request_id, Decision(choice, expires_in_ms))


def process(supervisor: Supervisor, pid: int) -> ProcessSnapshot:
    found = supervisor.snapshot().process(pid)
    assert found is not None
    return found


def holds_factory(puppet: Puppet) -> bool:
    return any((each.object_type, each.object_id) == (ObjectType.PROCESS, abi.FACTORY) for each in puppet.caps())


@pytest.mark.parametrize("choice", [Choice.ONCE, Choice.FOR_A_TIME, Choice.SESSION])
def test_a_yes_starts_the_program_once(supervisor: Supervisor, choice: Choice) -> None:
    earlier = supervisor.spawn("idle", ["block"])
    puppet = Puppet(supervisor)
    ask_for(puppet, "idle")
    assert puppet.waits
    prompt = prompt_of(supervisor, puppet.pid)
    assert (prompt.name, prompt.object_type, prompt.object_id) == ("puppet", ObjectType.PROCESS, abi.FACTORY)
    assert (prompt.perms, prompt.reason) == (Rights.WRITE, "start idle, once")
    decide(supervisor, puppet, choice, 60_000)
    answer = response(puppet)
    assert answer.success and answer.pid not in (0, earlier)
    started = process(supervisor, answer.pid)
    assert (started.name, started.parent, started.exit) == ("idle", abi.PID_INIT, None)
    assert not holds_factory(puppet), "the one use is over"


def test_a_no_starts_nothing(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    before = len(supervisor.snapshot().processes)
    ask_for(puppet, "idle")
    decide(supervisor, puppet, Choice.DENY)
    assert response(puppet) == SpawnResponse(False, 0)
    ask_for(puppet, "clock")
    assert response(puppet) == SpawnResponse(False, 0), "a denial holds"
    assert supervisor.prompts() == ()
    assert len(supervisor.snapshot().processes) == before


def test_init_serves_others_while_a_person_is_asked(supervisor: Supervisor) -> None:
    asking, other = Puppet(supervisor), Puppet(supervisor)
    ask_for(asking, "idle")
    sender, tag, _ = other.call(SLOT_INIT, Tag.LOOKUP_SERVICE, LookupService("permission").pack())
    assert (sender, tag) == (abi.PID_INIT, Tag.LOOKUP_RESPONSE)
    ask_for(other, "clock")
    decide(supervisor, other, Choice.ONCE)
    assert process(supervisor, response(other).pid).name == "clock"
    assert asking.waits
    decide(supervisor, asking, Choice.ONCE)
    assert process(supervisor, response(asking).pid).name == "idle"


def test_one_open_prompt_a_process_counts_those_through_init(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    payload = SpawnService("idle").pack()
    puppet.do(Sys.SEND, SLOT_INIT, Tag.SPAWN_SERVICE, len(payload), payload)
    wish = RequestCapability(ObjectType.NETWORK, Rights.READ, "more", 3).pack()
    _, _, answer = puppet.call(SLOT_PERMISSION, Tag.REQUEST_CAPABILITY, wish)
    assert CapabilityResponse.unpack(answer).error == "another request of this process is open"


def test_who_does_not_wait_and_uses_the_capability_itself_gets_one_program(supervisor: Supervisor) -> None:
    """The capability is in the caller's table for a moment; what it does with it there was its one use."""
    puppet = Puppet(supervisor)
    payload = SpawnService("idle").pack()
    puppet.do(Sys.SEND, SLOT_INIT, Tag.SPAWN_SERVICE, len(payload), payload)
    before = {each.pid for each in supervisor.snapshot().processes}
    decide(supervisor, puppet, Choice.ONCE)
    (factory,) = (
        cap for cap in process(supervisor, puppet.pid).capabilities if cap.object_type is ObjectType.PROCESS
    )
    supervisor.revoke_capability(puppet.pid, factory.slot)
    assert supervisor.run_until_idle(PATIENCE_S)
    assert {each.pid for each in supervisor.snapshot().processes} == before


def test_a_caller_that_ended_starts_nothing(supervisor: Supervisor) -> None:
    puppet = Puppet(supervisor)
    ask_for(puppet, "idle")
    prompt = prompt_of(supervisor, puppet.pid)
    supervisor.kill_process(puppet.pid)
    supervisor.answer_prompt(prompt.request_id, Decision(Choice.ONCE))
    assert supervisor.run_until_idle(PATIENCE_S)
    assert all(each.name != "idle" for each in supervisor.snapshot().processes)


def test_without_the_permission_service_the_answer_is_no(supervisor: Supervisor) -> None:
    waiting, late = Puppet(supervisor), Puppet(supervisor)
    ask_for(waiting, "idle")
    assert waiting.waits
    supervisor.kill_process(abi.PID_PERMISSION)
    assert response(waiting) == SpawnResponse(False, 0)
    ask_for(late, "idle")
    assert response(late) == SpawnResponse(False, 0)


@pytest.mark.parametrize("name", [" idle", "idle\n", "a:b"])
def test_a_name_that_is_none_is_refused_at_once(supervisor: Supervisor, name: str) -> None:
    puppet = Puppet(supervisor)
    text = name.encode()
    payload = bytes([len(text)]) + text
    puppet.begin(Sys.CALL, SLOT_INIT, Tag.SPAWN_SERVICE, len(payload), payload)
    if name == "a:b":
        decide(supervisor, puppet, Choice.ONCE)
    assert response(puppet) == SpawnResponse(False, 0)


def test_a_policy_can_answer_instead_of_a_person() -> None:
    supervisor = booted(Policy(allow=(Rule(ObjectType.PROCESS, abi.FACTORY),)))
    puppet = Puppet(supervisor)
    ask_for(puppet, "idle")
    answer = response(puppet)
    assert process(supervisor, answer.pid).name == "idle"


def test_nobody_else_can_answer_or_ask_for_another(supervisor: Supervisor) -> None:
    asking, liar = Puppet(supervisor), Puppet(supervisor)
    ask_for(asking, "idle")
    for number in range(4):
        forged = number.to_bytes(4, "little") + b"\x01" + (7).to_bytes(4, "little")
        liar.do(Sys.SEND, SLOT_INIT, Tag.PROMPT_ANSWER, len(forged), forged)
    assert asking.waits
    decide(supervisor, asking, Choice.DENY)
    assert response(asking) == SpawnResponse(False, 0)
