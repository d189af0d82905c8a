"""Messages between processes: literal bytes, round trips of every class, and hostile payloads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos_core import services
from zos_core.abi import CapEntry, Malformed, Tag, valid_name

u8, u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
names = st.text(min_size=1, max_size=16).filter(valid_name)
reasons = st.text(max_size=40)
held = st.lists(st.builds(services.HeldCapability, u32, u8, u8), max_size=5)
rows = st.builds(CapEntry, u32, u8, u8, u64, u64, u32)

messages = st.one_of(
    st.builds(services.RegisterService, names, u64),
    st.builds(services.LookupService, names),
    st.builds(services.LookupResponse, st.booleans(), u64, u32),
    st.builds(services.SpawnService, names),
    st.builds(services.SpawnResponse, st.booleans(), u32),
    st.builds(services.ServiceReady),
    st.builds(services.GrantPermission, u32, u32, u8, u64, u8, u64),
    st.builds(services.RevokePermission, u32, u32),
    st.builds(services.ListPermissions, u32),
    st.builds(services.PermissionResponse, u8, u32),
    st.builds(services.PermissionList, u8, st.lists(rows, min_size=1, max_size=4).map(tuple)),
    st.builds(services.RequestCapability, u8, u8, reasons, st.none() | u64),
    st.builds(services.RevokeCapability, u32),
    st.builds(services.ListMyCaps),
    st.builds(services.CapabilityResponse, u32),
    st.builds(services.CapabilityResponse, st.just(0), reasons),
    st.builds(services.CapsListResponse, held.map(tuple)),
    st.builds(services.Prompt, u32, u32, u8, u8, u64, reasons),
    st.builds(services.PromptAnswer, u32, st.booleans(), u32),
)

LITERAL = [
    (services.RegisterService("clock", 0x1_0000_0002), "05 636c6f636b 02000000 01000000"),
    (services.LookupService("clock"), "05 636c6f636b"),
    (services.LookupResponse(True, 0x1_0000_0002, 7), "01 02000000 01000000 07000000"),
    (services.SpawnService("idle"), "04 69646c65"),
    (services.SpawnResponse(True, 12), "01 0c000000"),
    (services.ServiceReady(), ""),
    (services.GrantPermission(3, 9, 2, 4, 6, 500), "03000000 09000000 02 0400000000000000 06 f401000000000000"),
    (services.RevokePermission(3, 9), "03000000 09000000"),
    (services.ListPermissions(3), "03000000"),
    (services.PermissionResponse(9, 4), "09 04000000"),
    (services.RequestCapability(3, 3, "save", None), "03 03 0400 73617665"),
    (services.RequestCapability(3, 3, "save", 8), "03 03 0400 73617665 0800000000000000"),
    (services.RevokeCapability(5), "05000000"),
    (services.ListMyCaps(), ""),
    (services.CapabilityResponse(slot=5), "01 05000000"),
    (services.CapabilityResponse(error="no"), "00 0200 6e6f"),
    (services.CapsListResponse((services.HeldCapability(4, 2, 2),)), "01 04000000 02 02"),
    (services.Prompt(1, 3, 3, 3, 8, "save"), "01000000 03000000 03 03 0800000000000000 0400 73617665"),
    (services.PromptAnswer(1, True, 6), "01000000 01 06000000"),
]


@pytest.mark.parametrize(("message", "data"), LITERAL, ids=lambda value: type(value).__name__)
def test_literal_bytes(message: services.Message, data: str) -> None:
    assert message.pack() == bytes.fromhex(data)
    assert type(message).unpack(bytes.fromhex(data)) == message


@given(messages)
def test_round_trip_through_the_table_by_tag(message: services.Message) -> None:
    assert services.decode(message.TAG, message.pack()) == message


@given(messages, st.integers(1, 20))
def test_a_cut_message_is_refused(message: services.Message, cut: int) -> None:
    payload = message.pack()
    if len(payload) < cut or (message.TAG is Tag.REQUEST_CAPABILITY and cut == 8):
        return  # without its object id a request is a shorter request
    with pytest.raises(Malformed):
        type(message).unpack(payload[:-cut])


@given(messages)
def test_a_byte_too_many_is_refused(message: services.Message) -> None:
    with pytest.raises(Malformed):
        type(message).unpack(message.pack() + b"\0")


@given(st.sampled_from(sorted(services.MESSAGES)), st.binary(max_size=64))
def test_whatever_decodes_has_one_spelling(tag: Tag, payload: bytes) -> None:
    try:
        message = services.decode(tag, payload)
    except Malformed:
        return
    assert message.pack() == payload


def test_the_table_is_keyed_by_the_tags_of_its_classes() -> None:
    assert all(kind.TAG is tag for tag, kinds in services.MESSAGES.items() for kind in kinds)


@pytest.mark.parametrize("tag", [0, Tag.CONSOLE_INPUT, Tag.APP_STATE, Tag.CAP_REVOKED, 0xFFFF])
def test_other_tags_are_refused(tag: int) -> None:
    with pytest.raises(Malformed):
        services.decode(tag, b"")


@pytest.mark.parametrize("name", [b"", b"\x1b[2J", b"x" * 65, b"\xff"], ids=["empty", "escape", "long", "no UTF-8"])
def test_a_bad_name_is_refused(name: bytes) -> None:
    with pytest.raises(Malformed):
        services.LookupService.unpack(bytes([len(name)]) + name)


def test_an_empty_permission_list_reads_as_the_asker_expects() -> None:
    payload = services.PermissionList(0, ()).pack()
    assert services.PermissionList.unpack(payload).entries == ()
    assert services.PermissionResponse.unpack(payload).slot == 0


def test_more_than_a_list_can_count_is_refused() -> None:
    held = tuple(services.HeldCapability(slot, 1, 1) for slot in range(256))
    assert len(services.CapsListResponse(held[:255]).pack()) == 1 + 255 * 6
    with pytest.raises(ValueError, match="255"):
        services.CapsListResponse(held).pack()


def test_text_longer_than_its_length_field_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        services.LookupService("x" * 256).pack()
