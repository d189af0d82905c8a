"""Init and the permission service, as other programs meet them."""

from __future__ import annotations

import struct

import pytest

from tests.apps.puppet import Puppet
from tests.apps.support import PATIENCE_S, booted
from zos_core import abi
from zos_core.abi import SLOT_INIT, SLOT_OWN_ENDPOINT, SLOT_PERMISSION, Errno, ObjectType, Rights, Sys, Tag
from zos_core.services import (
    CapabilityResponse,
    CapsListResponse,
    GrantPermission,
    HeldCapability,
    ListPermissions,
    LookupResponse,
    LookupService,
    Message,
    Prompt,
    PromptAnswer,
    RegisterService,
    RequestCapability,
    RevokeCapability,
    RevokePermission,
    SpawnResponse,
    SpawnService,
)
from zos_core.supervisor import Supervisor

WRITE_GRANT = Rights.WRITE | Rights.GRANT
PROMPT_SLOT = 3


@pytest.fixture
def supervisor() -> Supervisor:
    return booted()


def register(puppet: Puppet, name: str, rights: Rights = WRITE_GRANT, claimed_id: int | None = None) -> int:
    """Register an endpoint of the puppet's own; its id."""
    slot, endpoint_id = puppet.endpoint()
    given = puppet.do(Sys.CAP_DERIVE, slot, rights).result
    payload = RegisterService(name, endpoint_id if claimed_id is None else claimed_id).pack()
    assert puppet.send_cap(SLOT_INIT, Tag.REGISTER_SERVICE, payload, given) == Errno.E_OK
    return endpoint_id


def lookup(puppet: Puppet, name: str) -> LookupResponse:
    sender, tag, payload = puppet.call(SLOT_INIT, Tag.LOOKUP_SERVICE, LookupService(name).pack())
    assert (sender, tag) == (abi.PID_INIT, Tag.LOOKUP_RESPONSE)
    return LookupResponse.unpack(payload)


def caps_of(supervisor: Supervisor, pid: int) -> int:
    (process,) = (each for each in supervisor.snapshot().processes if each.pid == pid)
    return len(process.capabilities)


def test_a_registered_service_can_be_reached_by_its_name(supervisor: Supervisor) -> None:
    server, client = Puppet(supervisor), Puppet(supervisor)
    endpoint_id = register(server, "echo")
    found = lookup(client, "echo")
    assert found.found and found.endpoint_id == endpoint_id
    (held,) = (each for each in client.caps() if each.slot == found.slot)
    assert (held.object_type, held.object_id, held.rights) == (ObjectType.ENDPOINT, endpoint_id, Rights.WRITE)
    assert client.do(Sys.SEND, found.slot, 77, 2, b"hi").result == Errno.E_OK


def test_an_unknown_name_is_not_found(supervisor: Supervisor) -> None:
    assert lookup(Puppet(supervisor), "nobody") == LookupResponse(False, 0, 0)


def test_the_permission_service_is_registered(supervisor: Supervisor) -> None:
    found = lookup(Puppet(supervisor), "permission")
    assert found.found and found.slot


def test_an_id_in_a_payload_is_not_believed(supervisor: Supervisor) -> None:
    server, client = Puppet(supervisor), Puppet(supervisor)
    endpoint_id = register(server, "liar", claimed_id=abi.ENDPOINT_INIT)
    found = lookup(client, "liar")
    assert found.endpoint_id == endpoint_id
    (held,) = (each for each in client.caps() if each.slot == found.slot)
    assert held.object_id == endpoint_id


def test_without_a_capability_that_can_be_granted_nobody_gets_access(supervisor: Supervisor) -> None:
    server, client = Puppet(supervisor), Puppet(supervisor)
    payload = RegisterService("bare", 99).pack()
    assert server.do(Sys.SEND, SLOT_INIT, Tag.REGISTER_SERVICE, len(payload), payload).result == Errno.E_OK
    assert lookup(client, "bare") == LookupResponse(True, 99, 0)


def test_a_name_belongs_to_who_came_first_until_it_ends(supervisor: Supervisor) -> None:
    first, second, client = Puppet(supervisor), Puppet(supervisor), Puppet(supervisor)
    first_id = register(first, "name")
    held = caps_of(supervisor, abi.PID_INIT)
    register(second, "name")
    assert lookup(client, "name").endpoint_id == first_id
    assert caps_of(supervisor, abi.PID_INIT) == held, "a refused registration leaves nothing with init"
    supervisor.kill_process(first.pid)
    assert not lookup(client, "name").found
    second_id = register(second, "name")
    assert lookup(client, "name").endpoint_id == second_id


def test_nobody_poses_as_the_permission_service(supervisor: Supervisor) -> None:
    liar, client = Puppet(supervisor), Puppet(supervisor)
    real = lookup(client, "permission").endpoint_id
    supervisor.kill_process(abi.PID_PERMISSION)
    register(liar, "permission")
    found = lookup(client, "permission")
    assert not found.found or found.endpoint_id == real


def test_strangers_cannot_fill_inits_table(supervisor: Supervisor) -> None:
    stranger = Puppet(supervisor)
    before = caps_of(supervisor, abi.PID_INIT)
    for tag in (Tag.SERVICE_READY, Tag.LOOKUP_SERVICE, 0x7777):
        slot, _ = stranger.endpoint()
        given = [stranger.do(Sys.CAP_DERIVE, slot, WRITE_GRANT).result for _ in range(abi.MAX_CAPS_PER_MESSAGE)]
        assert stranger.send_cap(SLOT_INIT, tag, b"", *given) == Errno.E_OK
    assert caps_of(supervisor, abi.PID_INIT) == before


@pytest.mark.parametrize("tag", [*Tag, 0x7777])
@pytest.mark.parametrize("payload", [b"", b"\xff" * 40])
def test_every_call_to_init_is_answered(supervisor: Supervisor, tag: int, payload: bytes) -> None:
    stranger = Puppet(supervisor)
    sender, _, _ = stranger.call(SLOT_INIT, tag, payload)
    assert sender == abi.PID_INIT
    assert supervisor.exit_of(abi.PID_INIT) is None


@pytest.mark.parametrize("tag", [*Tag, 0x7777])
@pytest.mark.parametrize("payload", [b"", b"\xff" * 40])
def test_every_call_to_the_permission_service_is_answered(supervisor: Supervisor, tag: int, payload: bytes) -> None:
    stranger = Puppet(supervisor)
    sender, _, _ = stranger.call(SLOT_PERMISSION, tag, payload)
    assert sender == abi.PID_PERMISSION
    assert supervisor.exit_of(abi.PID_PERMISSION) is None


def test_a_stranger_can_neither_grant_nor_revoke_through_init(supervisor: Supervisor) -> None:
    stranger = Puppet(supervisor)
    before = stranger.caps()
    wishes: list[Message] = [
        GrantPermission(stranger.pid, 50, ObjectType.PROCESS, abi.FACTORY, Rights.ALL, 0),
        RevokePermission(abi.PID_PERMISSION, 0),
        ListPermissions(abi.PID_INIT),
    ]
    for wish in wishes:
        _, tag, payload = stranger.call(SLOT_INIT, wish.TAG, wish.pack())
        assert tag == Tag.PERMISSION_RESPONSE and payload[0] == Errno.E_PERM
    _, _, payload = stranger.call(SLOT_INIT, Tag.SPAWN_SERVICE, SpawnService("idle").pack())
    assert SpawnResponse.unpack(payload) == SpawnResponse(False, 0)
    assert stranger.caps() == before


def test_the_supervisor_grants_and_revokes_through_init(supervisor: Supervisor) -> None:
    target = Puppet(supervisor)
    grant = GrantPermission(target.pid, 50, ObjectType.PROCESS, abi.FACTORY, Rights.WRITE, 0)
    supervisor.send_message(abi.PID_INIT, SLOT_OWN_ENDPOINT, grant.TAG, grant.pack())
    assert supervisor.run_until_idle(PATIENCE_S)
    assert any(each.slot == 50 and each.object_type == ObjectType.PROCESS for each in target.caps())
    revoke = RevokePermission(target.pid, 50)
    supervisor.send_message(abi.PID_INIT, SLOT_OWN_ENDPOINT, revoke.TAG, revoke.pack())
    assert supervisor.run_until_idle(PATIENCE_S)
    assert all(each.slot != 50 for each in target.caps())


def test_the_supervisor_starts_a_service_through_init(supervisor: Supervisor) -> None:
    spawn = SpawnService("idle")
    supervisor.send_message(abi.PID_INIT, SLOT_OWN_ENDPOINT, spawn.TAG, spawn.pack())
    started = lambda: any(each.name == "idle" for each in supervisor.snapshot().processes)  # noqa: E731
    assert supervisor.run_until(started, PATIENCE_S)


def request(puppet: Puppet, reason: str = "why not") -> None:
    payload = RequestCapability(ObjectType.PROCESS, Rights.WRITE, reason, abi.FACTORY).pack()
    puppet.begin(Sys.CALL, SLOT_PERMISSION, Tag.REQUEST_CAPABILITY, len(payload), payload)


def response(puppet: Puppet) -> CapabilityResponse:
    _, tag, payload = puppet.answer().message
    assert tag == Tag.CAPABILITY_RESPONSE
    return CapabilityResponse.unpack(payload)


def test_without_prompts_every_request_is_denied(supervisor: Supervisor) -> None:
    supervisor.revoke_capability(abi.PID_PERMISSION, PROMPT_SLOT)
    puppet = Puppet(supervisor)
    request(puppet)
    assert response(puppet) == CapabilityResponse(0, "no prompt answered")


class Person:
    """Stands in for pid 0's prompts: they go to an endpoint of a puppet's, and are answered as the supervisor."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._puppet = Puppet(supervisor, "person")
        self._slot, endpoint_id = self._puppet.endpoint()
        supervisor.revoke_capability(abi.PID_PERMISSION, PROMPT_SLOT)
        supervisor.grant_capability(
            abi.PID_PERMISSION, ObjectType.ENDPOINT, endpoint_id, Rights.WRITE, slot=PROMPT_SLOT
        )

    def next_prompt(self) -> Prompt:
        sender, tag, payload = self._puppet.do(Sys.RECEIVE, self._slot).message
        assert (sender, tag) == (abi.PID_PERMISSION, Tag.PROMPT)
        return Prompt.unpack(payload)

    def answer(self, prompt: Prompt, allowed: bool, slot: int = 0) -> None:
        payload = PromptAnswer(prompt.request_id, allowed, slot).pack()
        self._supervisor.send_message(abi.PID_PERMISSION, SLOT_OWN_ENDPOINT, Tag.PROMPT_ANSWER, payload)


def test_an_allowed_request_is_answered_with_its_slot_and_can_be_given_back(supervisor: Supervisor) -> None:
    person, puppet = Person(supervisor), Puppet(supervisor)
    request(puppet, "start things")
    prompt = person.next_prompt()
    assert (prompt.pid, prompt.object_type, prompt.perms) == (puppet.pid, ObjectType.PROCESS, Rights.WRITE)
    assert (prompt.object_id, prompt.reason) == (abi.FACTORY, "start things")
    assert puppet.waits
    slot = supervisor.grant_capability(puppet.pid, ObjectType.PROCESS, abi.FACTORY, Rights.WRITE)
    person.answer(prompt, True, slot)
    assert response(puppet) == CapabilityResponse(slot, None)
    _, tag, payload = puppet.call(SLOT_PERMISSION, Tag.LIST_MY_CAPS, b"")
    assert tag == Tag.CAPS_LIST_RESPONSE
    assert CapsListResponse.unpack(payload).held == (HeldCapability(slot, ObjectType.PROCESS, Rights.WRITE),)
    _, _, payload = puppet.call(SLOT_PERMISSION, Tag.REVOKE_CAPABILITY, RevokeCapability(slot).pack())
    assert CapabilityResponse.unpack(payload) == CapabilityResponse(slot, None)
    assert all(each.slot != slot for each in puppet.caps())
    _, _, payload = puppet.call(SLOT_PERMISSION, Tag.LIST_MY_CAPS, b"")
    assert CapsListResponse.unpack(payload).held == ()


def test_a_denial_holds_without_another_prompt(supervisor: Supervisor) -> None:
    person, puppet = Person(supervisor), Puppet(supervisor)
    request(puppet)
    person.answer(person.next_prompt(), False)
    assert response(puppet) == CapabilityResponse(0, "denied at the prompt")
    request(puppet, "another reason")
    assert response(puppet) == CapabilityResponse(0, "denied before in this session")


def test_only_the_supervisor_answers_prompts(supervisor: Supervisor) -> None:
    person, puppet, liar = Person(supervisor), Puppet(supervisor), Puppet(supervisor)
    request(puppet)
    prompt = person.next_prompt()
    payload = PromptAnswer(prompt.request_id, True, 5).pack()
    liar.do(Sys.SEND, SLOT_PERMISSION, Tag.PROMPT_ANSWER, len(payload), payload)
    assert puppet.waits
    person.answer(prompt, False)
    assert response(puppet).error == "denied at the prompt"


def test_a_process_can_give_up_only_its_own(supervisor: Supervisor) -> None:
    first, second = Puppet(supervisor), Puppet(supervisor)
    before = second.caps()
    first.call(SLOT_PERMISSION, Tag.REVOKE_CAPABILITY, struct.pack("<I", before[-1].slot + 40))
    first.call(SLOT_PERMISSION, Tag.REVOKE_CAPABILITY, struct.pack("<I", SLOT_INIT))
    assert second.caps() == before
    assert all(each.slot != SLOT_INIT for each in first.caps())
