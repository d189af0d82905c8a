"""The system-call ABI: literal bytes, round trips, refusals by convention, and what no decoder accepts."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos_core import abi
from zos_core.abi import CapEntry, Errno, Malformed, ProcEntry, Returns, Rights, Sys
from zos_core.snapshot import rights_text

u8, u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64))
i32 = st.integers(-(2**31), 2**31 - 1)
entries = st.lists(st.builds(CapEntry, u32, u8, u8, u64, u64, u32), max_size=6)
REFUSALS = [code for code in Errno if code is not Errno.E_OK]


# --- literal bytes: what a program built elsewhere sends and reads -------------------------------------------------


def test_cap_revoked_is_the_fourteen_bytes_of_the_seed() -> None:
    payload = abi.pack_revoked(5, abi.ObjectType.STORAGE, 0x1122334455667788, abi.RevokeReason.EXPIRED)
    assert payload == bytes.fromhex("05000000 03 8877665544332211 02")
    assert len(payload) == 14


def test_process_exited() -> None:
    assert abi.pack_exited(7, abi.ExitHow.KILLED, -1) == bytes.fromhex("07000000 01 ffffffff")


def test_received_message() -> None:
    assert abi.pack_received(0, abi.Tag.CONSOLE_INPUT, b"ls\n") == bytes.fromhex("00000000 02000000") + b"ls\n"


def test_capability_rows() -> None:
    entry = CapEntry(slot=4, object_type=2, rights=6, object_id=9, expires_at_ns=1_000, uses_left=3)
    assert abi.pack_caps([entry], 0) == bytes.fromhex("01000000 04000000 02 0900000000000000")
    assert abi.pack_caps([entry], 1) == bytes.fromhex(
        "01000000 04000000 02 06 0900000000000000 e803000000000000 03000000"
    )
    assert abi.pack_inspect(entry) == bytes.fromhex("02 06 0000 04000000 0900000000000000")


def test_process_rows() -> None:
    entry = ProcEntry(pid=3, parent=1, state=1, memory_bytes=65_536, name="café")
    assert abi.pack_procs([entry], 0) == bytes.fromhex("01000000 03000000 0500") + "café".encode()
    assert abi.pack_procs([entry], 1) == (
        bytes.fromhex("01000000 03000000 01000000 01 0000010000000000 0500") + "café".encode()
    )


def test_small_results() -> None:
    assert abi.pack_endpoint_created(6, 17) == bytes.fromhex("06000000 00000000 1100000000000000")
    assert abi.pack_spawned(8, 9) == bytes.fromhex("08000000 09000000")
    assert abi.pack_received_caps([10, 11]) == bytes.fromhex("02000000 0a000000 0b000000")
    assert abi.pack_received_caps([]) == bytes(4)
    assert abi.pack_args([b"terminal", b""]) == bytes.fromhex("02000000 0800") + b"terminal" + bytes(2)


def test_numbers_of_the_seed() -> None:
    assert (abi.Tag.CONSOLE_INPUT, abi.Tag.CAP_REVOKED) == (0x0002, 0x3010)
    assert [kind.value for kind in abi.ObjectType] == [1, 2, 3, 4, 5, 6]
    assert (Rights.READ, Rights.WRITE, Rights.GRANT) == (1, 2, 4)
    assert [reason.value for reason in abi.RevokeReason] == [1, 2, 3]


# --- round trips --------------------------------------------------------------------------------------------------


@given(u32, u8, u64, u8)
def test_revoked_round_trip(slot: int, kind: int, object_id: int, reason: int) -> None:
    assert abi.unpack_revoked(abi.pack_revoked(slot, kind, object_id, reason)) == (slot, kind, object_id, reason)


@given(u32, u8, i32)
def test_exited_round_trip(pid: int, how: int, code: int) -> None:
    assert abi.unpack_exited(abi.pack_exited(pid, how, code)) == (pid, how, code)


@given(u32, u32, st.binary(max_size=64))
def test_received_round_trip(pid: int, tag: int, payload: bytes) -> None:
    assert abi.unpack_received(abi.pack_received(pid, tag, payload)) == (pid, tag, payload)


@given(entries)
def test_caps_round_trip(rows: list[CapEntry]) -> None:
    assert abi.unpack_caps(abi.pack_caps(rows, 1)) == tuple(rows)


@given(u64, u32)
def test_limits_round_trip(expires_in_ms: int, uses: int) -> None:
    packed = abi.pack_limits(expires_in_ms, uses)
    assert abi.unpack_limits(packed) == (expires_in_ms, uses)
    assert abi.unpack_limits(packed[:8]) == (expires_in_ms, 0)
    assert abi.unpack_limits(b"") == (0, 0)


def spawn_request(name: bytes, args: list[bytes]) -> bytes:
    return bytes([len(name)]) + name + b"".join(struct.pack("<H", len(arg)) + arg for arg in args)


@given(st.text(max_size=20), st.lists(st.binary(max_size=20), max_size=4))
def test_spawn_request_as_a_guest_writes_it(name: str, args: list[bytes]) -> None:
    assert abi.unpack_spawn(spawn_request(name.encode(), args)) == (name, tuple(args))


# --- malformed input ----------------------------------------------------------------------------------------------

FIXED_SIZES = [(abi.unpack_revoked, 14), (abi.unpack_exited, 9)]


@pytest.mark.parametrize(("decode", "size"), FIXED_SIZES)
@given(data=st.binary(max_size=32))
def test_fixed_layouts_take_just_their_size(decode: object, size: int, data: bytes) -> None:
    assert callable(decode)
    if len(data) == size:
        decode(data)
    else:
        with pytest.raises(Malformed):
            decode(data)


@pytest.mark.parametrize("data", [b"", bytes(7)])
def test_a_received_message_has_a_header(data: bytes) -> None:
    with pytest.raises(Malformed):
        abi.unpack_received(data)


@given(entries, st.integers(-30, 30).filter(bool))
def test_a_capability_list_of_another_length_is_refused(rows: list[CapEntry], change: int) -> None:
    packed = abi.pack_caps(rows, 1)
    with pytest.raises(Malformed):
        abi.unpack_caps(packed[:change] if change < 0 else packed + bytes(change))


@pytest.mark.parametrize("size", [1, 4, 7, 9, 11, 13])
def test_limits_of_another_length_are_refused(size: int) -> None:
    with pytest.raises(Malformed):
        abi.unpack_limits(bytes(size))


@pytest.mark.parametrize(
    "data",
    [b"", b"\x05term", b"\x01\xff", b"\x01a\x01", b"\x01a\x02\x00x", b"\x01a\x00\x00\x01"],
    ids=["empty", "name cut", "name no UTF-8", "length cut", "argument cut", "second length cut"],
)
def test_a_malformed_spawn_request_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        abi.unpack_spawn(data)


@given(st.binary(max_size=64))
def test_spawn_decoder_answers_or_refuses(data: bytes) -> None:
    try:
        name, args = abi.unpack_spawn(data)
    except Malformed:
        return
    assert spawn_request(name.encode(), list(args)) == data


# --- result conventions -------------------------------------------------------------------------------------------


def test_refusals_by_convention() -> None:
    assert abi.refusal(Sys.SEND, Errno.E_AGAIN) == 5
    assert abi.refusal(Sys.CAP_GRANT, Errno.E_NOMEM) == 0x8000_0006
    assert abi.refusal(Sys.RECEIVE, Errno.E_BADF) == 0xFFFF_FFF9


@pytest.mark.parametrize("num", [num for num in Sys if num not in abi.PLAIN_VALUES])
@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_reads_back_as_its_code(num: Sys, code: Errno) -> None:
    assert abi.errno_of(num, abi.refusal(num, code)) is code


@pytest.mark.parametrize("num", sorted(abi.RETURNS))
@given(result=st.integers(0, 0x7FFF_FFFF))
def test_a_value_or_a_length_below_the_error_bit_is_a_success(num: int, result: int) -> None:
    assert abi.RETURNS[num] in (Returns.VALUE, Returns.LENGTH)
    assert abi.errno_of(num, result) is Errno.E_OK


@pytest.mark.parametrize("num", sorted(abi.PLAIN_VALUES))
def test_a_plain_value_is_never_an_error(num: int) -> None:
    assert abi.errno_of(num, 7) is Errno.E_OK


def test_every_error_has_its_text() -> None:
    assert all(code.text for code in Errno)


# --- names and rights ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "valid"), [
    ("terminal", True), ("漢字", True), ("x" * 64, True), ("x" * 65, False), ("漢" * 22, False),
    ("", False), ("a\nb", False), ("a\x1b[31m", False), ("a\u202eb", False),
])  # fmt: skip
def test_names(name: str, valid: bool) -> None:
    assert abi.valid_name(name) is valid


def test_rights_in_columns() -> None:
    assert [rights_text(rights) for rights in (0, 1, 2, 4, 6, 7)] == ["---", "r--", "-w-", "--g", "-wg", "rwg"]
