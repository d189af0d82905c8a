"""Init and the permission service start again in place after a fault: what they forget, and what still holds.

The fault is an end of fuel: the service is given little, and asked for something cheap until it has none left.
"""

from __future__ import annotations

import pytest

from tests.apps.puppet import Answer, Puppet
from tests.apps.support import ASKING, PATIENCE_S, machine
from zos_core import abi
from zos_core.abi import SLOT_INIT, SLOT_OWN_ENDPOINT, SLOT_PERMISSION, Errno, ObjectType, Rights, Sys, Tag
from zos_core.kernel.commits import ProcessRestarted
from zos_core.launcher import Options
from zos_core.prompts import Choice, Decision
from zos_core.services import (
    CapabilityResponse,
    LookupResponse,
    LookupService,
    RegisterService,
    RequestCapability,
    SpawnResponse,
    SpawnService,
)
from zos_core.supervisor import Supervisor

LITTLE_FUEL = 100_000
CALLS = {
    abi.PID_INIT: (SLOT_INIT, Tag.LOOKUP_SERVICE, LookupService("nobody").pack()),
    abi.PID_PERMISSION: (SLOT_PERMISSION, Tag.LIST_MY_CAPS, b""),
}
"""What costs a service some fuel and changes nothing."""


@pytest.fixture
def supervisor(request: pytest.FixtureRequest) -> Supervisor:
    """A machine where one service has little fuel: the one the test names."""
    supervisor = machine(ASKING)
    for name, pid in (("init", abi.PID_INIT), ("permission", abi.PID_PERMISSION)):
        options = Options(fuel=LITTLE_FUEL if pid == request.param else None)
        assert supervisor.spawn(name, options=options) == pid
    assert supervisor.run_until_idle(PATIENCE_S)
    return supervisor


def restarts(supervisor: Supervisor) -> int:
    return sum(isinstance(each.body, ProcessRestarted) for each in supervisor.machine.gateway.commits.entries())


def exhaust(supervisor: Supervisor, pid: int) -> Answer:
    """Call a service until it faults; what the call it faulted in was answered."""
    stranger = Puppet(supervisor, "stranger")
    slot, tag, payload = CALLS[pid]
    for _ in range(LITTLE_FUEL):
        answer = stranger.do(Sys.CALL, slot, tag, len(payload), payload)
        if restarts(supervisor):
            assert supervisor.run_until_idle(PATIENCE_S)
            return answer
    raise AssertionError("it never faulted")


def capabilities_of(supervisor: Supervisor, pid: int) -> list[tuple[ObjectType, int, Rights]]:
    process = supervisor.snapshot().process(pid)
    assert process is not None
    return sorted((cap.object_type, cap.object_id, cap.perms) for cap in process.capabilities)


def lookup(puppet: Puppet, name: str) -> LookupResponse:
    _, _, payload = puppet.call(SLOT_INIT, Tag.LOOKUP_SERVICE, LookupService(name).pack())
    return LookupResponse.unpack(payload)


def begin(puppet: Puppet, slot: int, tag: Tag, payload: bytes) -> None:
    puppet.begin(Sys.CALL, slot, tag, len(payload), payload)


@pytest.mark.parametrize("supervisor", [abi.PID_INIT], indirect=True)
def test_init_forgets_names_and_keeps_nothing_of_theirs(supervisor: Supervisor) -> None:
    at_boot = capabilities_of(supervisor, abi.PID_INIT)
    server, client = Puppet(supervisor), Puppet(supervisor)
    slot, endpoint = server.endpoint()
    given = server.do(Sys.CAP_DERIVE, slot, Rights.WRITE | Rights.GRANT).result
    assert server.send_cap(SLOT_INIT, Tag.REGISTER_SERVICE, RegisterService("echo", endpoint).pack(), given) == 0
    assert lookup(client, "echo").found
    answer = exhaust(supervisor, abi.PID_INIT)
    assert answer.result == abi.length_error(Errno.E_NOENT)
    assert capabilities_of(supervisor, abi.PID_INIT) == at_boot
    assert not lookup(client, "echo").found
    assert server.do(Sys.RECEIVE, slot).message == (abi.PID_INIT, Tag.SERVICE_READY, b"")


@pytest.mark.parametrize("supervisor", [abi.PID_INIT], indirect=True)
def test_the_permission_service_registers_again(supervisor: Supervisor) -> None:
    client = Puppet(supervisor)
    before = lookup(client, "permission").endpoint_id
    exhaust(supervisor, abi.PID_INIT)
    found = lookup(client, "permission")
    assert found.found and found.slot and found.endpoint_id == before
    begin(client, SLOT_INIT, Tag.SPAWN_SERVICE, SpawnService("idle").pack())
    (prompt,) = supervisor.prompts()
    supervisor.answer_prompt(prompt.request_id, Decision(Choice.ONCE))
    _, _, payload = client.answer().message
    assert SpawnResponse.unpack(payload).success


@pytest.mark.parametrize("supervisor", [abi.PID_INIT], indirect=True)
def test_an_order_that_init_forgot_starts_nothing(supervisor: Supervisor) -> None:
    client = Puppet(supervisor)
    begin(client, SLOT_INIT, Tag.SPAWN_SERVICE, SpawnService("idle").pack())
    exhaust(supervisor, abi.PID_INIT)
    assert client.answer().result == abi.length_error(Errno.E_NOENT)
    (prompt,) = supervisor.prompts()
    supervisor.answer_prompt(prompt.request_id, Decision(Choice.ONCE))
    assert supervisor.run_until_idle(PATIENCE_S)
    assert all(each.name != "idle" for each in supervisor.snapshot().processes)


@pytest.mark.parametrize("supervisor", [abi.PID_PERMISSION], indirect=True)
def test_an_answer_to_a_question_of_before_answers_none_of_now(supervisor: Supervisor) -> None:
    first, second = Puppet(supervisor), Puppet(supervisor)
    wish = RequestCapability(ObjectType.NETWORK, Rights.READ, "why not", 3).pack()
    begin(first, SLOT_PERMISSION, Tag.REQUEST_CAPABILITY, wish)
    (old,) = supervisor.prompts()
    exhaust(supervisor, abi.PID_PERMISSION)
    assert first.answer().result == abi.length_error(Errno.E_NOENT)
    begin(second, SLOT_PERMISSION, Tag.REQUEST_CAPABILITY, wish)
    (new,) = (each for each in supervisor.prompts() if each.pid == second.pid)
    assert new.request_id != old.request_id
    supervisor.answer_prompt(old.request_id, Decision(Choice.SESSION))
    assert supervisor.run_until_idle(PATIENCE_S)
    assert second.waits
    supervisor.answer_prompt(new.request_id, Decision(Choice.DENY))
    _, _, payload = second.answer().message
    assert CapabilityResponse.unpack(payload).error == "denied at the prompt"


@pytest.mark.parametrize("supervisor", [abi.PID_PERMISSION], indirect=True)
def test_orders_the_service_forgot_are_answered_no(supervisor: Supervisor) -> None:
    client = Puppet(supervisor)
    begin(client, SLOT_INIT, Tag.SPAWN_SERVICE, SpawnService("idle").pack())
    assert client.waits
    exhaust(supervisor, abi.PID_PERMISSION)
    _, _, payload = client.answer().message
    assert SpawnResponse.unpack(payload) == SpawnResponse(False, 0)
    assert lookup(client, "permission").found


@pytest.mark.parametrize("supervisor", [abi.PID_INIT], indirect=True)
def test_who_faults_too_often_stays_down_and_says_so(supervisor: Supervisor) -> None:
    _, tag, payload = CALLS[abi.PID_INIT]
    for _ in range(LITTLE_FUEL):
        supervisor.send_message(abi.PID_INIT, SLOT_OWN_ENDPOINT, tag, payload)
        supervisor.poll_syscalls()
        if supervisor.exit_of(abi.PID_INIT) is not None:
            break
    assert restarts(supervisor) == abi.MAX_RESTARTS_PER_MINUTE
    assert "init" in supervisor.snapshot().degraded
