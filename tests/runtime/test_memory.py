"""Guest memory: claims are checked, growth is decided before it happens, nothing of one guest reaches another."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from tests.runtime.support import ScriptHost, guest, run, start
from zos_core.runtime import reserve, traps
from zos_core.runtime.fiber import FiberState, Program
from zos_core.runtime.memory import BadPointer, GuestMemory

PAGE = 65_536
Load = Callable[[bytes], Program]


@pytest.fixture
def memory() -> GuestMemory:
    """One page, backed by address space that is unmapped at the end of Python."""
    space = reserve.reserve(1 << 20)
    space.commit(PAGE)
    memory = GuestMemory()
    memory.attach(space.start, PAGE)
    return memory


@pytest.mark.parametrize(
    ("ptr", "length"),
    [(PAGE, 1), (PAGE - 1, 2), (0, PAGE + 1), (0xFFFF_FFFF, 1), (1, 0xFFFF_FFFF), (-1, 1), (0, -1), (-2, 4)],
)
def test_a_claim_outside_of_the_memory_is_bad(memory: GuestMemory, ptr: int, length: int) -> None:
    with pytest.raises(BadPointer) as caught:
        memory.read(ptr, length)
    assert (caught.value.ptr, caught.value.length, caught.value.size) == (ptr, length, PAGE)
    with pytest.raises(BadPointer):
        memory.check(ptr, length)


def test_a_write_outside_of_the_memory_writes_nothing(memory: GuestMemory) -> None:
    with pytest.raises(BadPointer):
        memory.write(PAGE - 2, b"abc")
    assert memory.read(PAGE - 2, 2) == b"\0\0"


@pytest.mark.parametrize("ptr", [0, PAGE, PAGE + 1, 0xFFFF_FFFF])
def test_a_claim_of_no_bytes_is_never_bad(memory: GuestMemory, ptr: int) -> None:
    assert memory.read(ptr, 0) == b""
    memory.write(ptr, b"")
    memory.check(ptr, 0)


def test_the_last_bytes_can_be_read_and_written(memory: GuestMemory) -> None:
    memory.write(PAGE - 3, bytearray(b"xyz"))
    memory.write(0, memoryview(b"abc"))
    assert memory.read(PAGE - 4, 4) == b"\0xyz"
    assert memory.read(0, PAGE)[:4] == b"abc\0"


def test_a_memory_that_was_taken_away_has_no_bytes(memory: GuestMemory) -> None:
    memory.detach()
    with pytest.raises(BadPointer):
        memory.read(0, 1)
    assert (memory.size, memory.read(0, 0)) == (0, b"")


def growing(pages: int) -> str:
    """Grows by some pages and sends what the guest was told, then writes the last byte it may have."""
    return f"""
      (i32.store (i32.const 0) (memory.grow (i32.const {pages})))
      (call $send (i32.const 0) (i32.const 4))
      (i32.store8 (i32.sub (i32.mul (memory.size) (i32.const {PAGE})) (i32.const 1)) (i32.const 7))"""


def test_growth_is_seen_by_the_host_at_once(load: Load) -> None:
    host = ScriptHost()
    fiber = start(
        load(guest(growing(3) + f"(call $send (i32.const {4 * PAGE - 1}) (i32.const 1)) (call $yield)")), host
    )
    assert fiber.memory_size == 0
    fiber.resume()
    assert (fiber.memory_size, fiber.memory.size) == (4 * PAGE, 4 * PAGE)
    assert host.sent == [b"\x01\0\0\0", b"\x07"]


def test_growth_past_the_limit_answers_minus_one_and_changes_nothing(load: Load) -> None:
    host = ScriptHost()
    body = growing(3) + growing(1) + "(call $yield)"
    fiber = start(load(guest(body)), host, memory_limit_bytes=2 * PAGE)
    fiber.resume()
    assert host.sent == [b"\xff\xff\xff\xff", b"\x01\0\0\0"]
    assert fiber.memory_size == 2 * PAGE
    assert run(fiber) == [FiberState.DONE]


def test_the_limit_can_change_while_the_guest_runs(load: Load) -> None:
    def answer(host: ScriptHost, n: int, _args: object) -> int:
        host.fiber.memory_limit = n * PAGE
        return 0

    ask = "(drop (call $syscall (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"
    host = ScriptHost(answer)
    run(start(load(guest((ask + growing(1)) * 2)), host, memory_limit_bytes=PAGE))
    assert host.sent == [b"\xff\xff\xff\xff", b"\x01\0\0\0"]


def test_on_grow_decides_in_place_of_the_limit(load: Load) -> None:
    asked: list[tuple[int, int, int]] = []

    def on_grow(current: int, desired: int, maximum: int) -> bool:
        asked.append((current, desired, maximum))
        return desired < 4 * PAGE

    host = ScriptHost()
    program = load(guest(growing(2) + growing(1), memory='(memory (export "memory") 1 5)'))
    run(start(program, host, memory_limit_bytes=PAGE, on_grow=on_grow))
    assert [(current, desired) for current, desired, _ in asked] == [(PAGE, 3 * PAGE), (3 * PAGE, 4 * PAGE)]
    assert asked[0][2] == 5 * PAGE
    assert host.sent == [b"\x01\0\0\0", b"\xff\xff\xff\xff"]


def test_a_mistake_of_on_grow_comes_out_of_resume(load: Load) -> None:
    def on_grow(*_: int) -> bool:
        raise LookupError("a mistake")

    fiber = start(load(guest(growing(1))), on_grow=on_grow)
    with pytest.raises(LookupError):
        fiber.resume()
    assert fiber.state is FiberState.TRAPPED


def test_a_host_without_memory_refuses_the_growth_and_says_so(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[tuple[int, int]] = []
    host = ScriptHost()
    program = load(guest("(call $yield)" + growing(1)))
    fiber = start(program, host, on_host_refusal=lambda current, desired: refused.append((current, desired)))
    fiber.resume()

    def fail(_self: reserve.Reservation, _size: int) -> None:
        raise OSError(errno.ENOMEM, "no memory")

    with monkeypatch.context() as patch:
        patch.setattr(reserve.Reservation, "commit", fail)
        assert run(fiber) == [FiberState.DONE]
    assert host.sent == [b"\xff\xff\xff\xff"]
    assert refused == [(PAGE, 2 * PAGE)]


def test_a_host_without_memory_refuses_a_spawn_in_one_line(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_length: int, _low: int = 0) -> reserve.Reservation:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    # An unusual first size, so that no memory of a former guest serves.
    program = load(guest("", memory='(memory (export "memory") 37)'))
    with monkeypatch.context() as patch:
        patch.setattr(reserve, "reserve", fail)
        fiber = start(program)
        assert run(fiber) == [FiberState.TRAPPED]
    assert fiber.trap is not None
    assert (fiber.trap.reason, "Cannot allocate memory" in fiber.trap.message) == (traps.HOST_MEMORY, True)


def test_no_guest_sees_what_another_one_left(load: Load) -> None:
    dirty = load(guest(f"(memory.fill (i32.const 0) (i32.const 0xAA) (i32.const {PAGE}))"))
    look = load(guest(f"(call $send (i32.const 0) (i32.const {PAGE}))"))
    for _ in range(5):
        run(start(dirty))
        host = ScriptHost()
        run(start(look, host))
        assert host.sent == [bytes(PAGE)]


def test_what_grows_is_zero_even_where_another_guest_had_memory(load: Load) -> None:
    dirty = load(
        guest(f"(drop (memory.grow (i32.const 1))) (memory.fill (i32.const 0) (i32.const 9) (i32.const {2 * PAGE}))")
    )
    look = load(guest(f"(drop (memory.grow (i32.const 1))) (call $send (i32.const 0) (i32.const {2 * PAGE}))"))
    for _ in range(5):
        run(start(dirty))
        host = ScriptHost()
        run(start(look, host))
        assert host.sent == [bytes(2 * PAGE)]


def test_an_imported_memory_has_the_limits_the_import_declares(load: Load) -> None:
    host = ScriptHost()
    items = '(data (i32.const 0) "hello")'
    body = f"(call $send (i32.const 0) (i32.const 5)) {growing(1)} {growing(1)} (call $yield)"
    fiber = start(load(guest(body, memory='(import "env" "memory" (memory 2 3))', items=items)), host)
    fiber.resume()
    assert host.sent == [b"hello", b"\x02\0\0\0", b"\xff\xff\xff\xff"]
    assert fiber.memory_size == 3 * PAGE


def test_guests_with_imported_memories_do_not_share_them(load: Load) -> None:
    program = load(
        guest(
            "(call $yield) (call $send (i32.const 0) (i32.const 1)) (i32.store8 (i32.const 0) (i32.const 5))"
            "(call $yield)",
            memory='(import "env" "memory" (memory 1))',
        )
    )
    hosts = [ScriptHost(), ScriptHost()]
    fibers = [start(program, host) for host in hosts]
    for _ in range(3):
        for fiber in fibers:
            fiber.resume()
    assert [host.sent for host in hosts] == [[b"\0"], [b"\0"]]


@pytest.mark.parametrize("memory", ['(memory (export "memory") 1 2)', '(import "env" "memory" (memory 1 2))'])
def test_a_guest_that_throws_keeps_its_own_memory(load: Load, memory: str) -> None:
    # The engine makes a heap for exceptions, which must never be taken for the guest's memory.
    host = ScriptHost()
    throw = "(block $caught (try_table (catch_all $caught) (throw $problem (i32.const 1))))"
    items = f'(tag $problem (param i32)) (data (i32.const 0) "mine") (func $first {throw}) (start $first)'
    body = f"""
      {throw}
      (call $send (i32.const 0) (i32.const 4)) (call $yield)"""
    fiber = start(load(guest(body, memory=memory, items=items)), host, memory_limit_bytes=PAGE)
    fiber.resume()
    assert (host.sent, fiber.memory_size) == ([b"mine"], PAGE)


def test_a_memory_without_pages_has_no_good_claims(load: Load) -> None:
    fiber = start(load(guest("(call $send (i32.const 0) (i32.const 1))", memory='(memory (export "memory") 0)')))
    assert run(fiber) == [FiberState.TRAPPED]
    assert fiber.trap is not None and fiber.trap.reason == traps.BAD_POINTER
