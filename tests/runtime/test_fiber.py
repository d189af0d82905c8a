"""A fiber runs a guest slice by slice; whatever a guest or a host does ends in a state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.support import CALL, FOREVER, ScriptHost, guest, repeat, resident_bytes, run, start
from zos_core.runtime import hostcalls
from zos_core.runtime.fiber import SUSPEND_RETRY, Fiber, FiberState, ProcessExit, Program

READY, WAITING, DONE, TRAPPED, KILLED = FiberState
Load = Callable[[bytes], Program]


def test_arguments_and_results_are_unsigned_32_bit_numbers(load: Load) -> None:
    body = """
      (i32.store (i32.const 8) (call $syscall (i32.const -1) (i32.const 0) (i32.const 0x7fffffff) (i32.const -2)))
      (call $send (i32.const 8) (i32.const 4))"""
    host = ScriptHost(lambda *_: 0xFFFF_FFFE)
    fiber = start(load(guest(body)), host)
    assert run(fiber) == [DONE]
    assert host.calls == [(0xFFFF_FFFF, 0, 0x7FFF_FFFF, 0xFFFF_FFFE)]
    assert host.sent == [b"\xfe\xff\xff\xff"]
    assert fiber.exit_code == 0


def test_bytes_go_both_ways_and_the_pid_comes_from_the_host(load: Load) -> None:
    body = """
      (i32.store (i32.const 100) (call $get_pid))
      (call $send (i32.const 100) (i32.const 4))
      (i32.store (i32.const 100) (call $recv (i32.const 200) (i32.const 3)))
      (call $send (i32.const 100) (i32.const 4))
      (call $send (i32.const 200) (i32.const 4))"""
    host = ScriptHost()
    host.reply = b"abcdef"
    assert run(start(load(guest(body)), host)) == [DONE]
    assert host.sent == [b"\x2a\0\0\0", b"\x03\0\0\0", b"abc\0"]


def test_a_waiting_call_is_asked_again_with_the_same_arguments(load: Load) -> None:
    host = ScriptHost(lambda _host, n, _args: SUSPEND_RETRY if n < 3 else 7)
    body = f"(i32.store (i32.const 0) {CALL}) (call $send (i32.const 0) (i32.const 4))"
    fiber = start(load(guest(body)), host)
    assert run(fiber) == [WAITING, WAITING, DONE]
    assert host.calls == [(1, 2, 3, 4)] * 3
    assert host.sent == [b"\x07\0\0\0"]


def test_a_call_waits_deep_within_a_guest_s_stack_and_many_fibers_wait_at_once(load: Load) -> None:
    items = f"""
      (func $deep (param $n i32) (result i32)
        (if (result i32) (local.get $n)
          (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
          (else {CALL})))"""
    body = "(i32.store (i32.const 0) (call $deep (i32.const 500))) (call $send (i32.const 0) (i32.const 4))"
    program = load(guest(body, items=items))
    hosts = [ScriptHost(lambda _host, n, _args: SUSPEND_RETRY if n == 1 else 1000) for _ in range(20)]
    fibers = [start(program, host) for host in hosts]
    assert [fiber.resume() for fiber in fibers] == [WAITING] * 20
    assert [fiber.resume() for fiber in reversed(fibers)] == [DONE] * 20
    assert [host.sent for host in hosts] == [[(1500).to_bytes(4, "little")]] * 20


@pytest.mark.parametrize(
    "call",
    [f"(drop {CALL})", "(call $send (i32.const 0) (i32.const 1))", "(drop (call $recv (i32.const 0) (i32.const 1)))"],
)
def test_a_host_can_stop_the_slice_after_any_call(load: Load, call: str) -> None:
    class Stopping(ScriptHost):
        def syscall(self, num: int, a1: int, a2: int, a3: int) -> int:
            self.fiber.stop_after_call = True
            return super().syscall(num, a1, a2, a3)

        def send_bytes(self, ptr: int, length: int) -> None:
            self.fiber.stop_after_call = True
            super().send_bytes(ptr, length)

        def recv_bytes(self, ptr: int, max_len: int) -> int:
            self.fiber.stop_after_call = True
            return super().recv_bytes(ptr, max_len)

    host = Stopping()
    assert run(start(load(guest(f"{call} (call $send (i32.const 0) (i32.const 2)) {call}")), host)).count(READY) == 3


def test_a_stopped_guest_has_not_seen_the_answer_yet(load: Load) -> None:
    host = ScriptHost()
    fiber = start(load(guest("(call $yield) (call $send (i32.const 0) (i32.const 1)) (call $yield)")), host)
    assert fiber.resume() is READY
    assert (host.yields, host.sent) == (1, [])
    assert fiber.resume() is READY
    assert (host.yields, host.sent) == (2, [b"\0"])
    assert fiber.resume() is DONE


def test_a_loop_without_calls_is_preempted_by_fuel(load: Load) -> None:
    fiber = start(load(guest(repeat(100_000, ""))), slice_fuel=10_000)
    states = run(fiber)
    assert states[-1] is DONE
    assert len(states) > 50
    # A slice is as long as the fuel it was given, whatever the guest does.
    assert fiber.fuel_used // len(states) in range(9_000, 10_001)


def test_a_start_section_is_a_part_of_the_program_and_preempted_like_it(load: Load) -> None:
    items = f"(func $first (local $i i32) {repeat(100_000, '')} (drop {CALL})) (start $first)"
    host = ScriptHost(lambda _host, n, _args: SUSPEND_RETRY if n == 1 else 0)
    fiber = start(load(guest("(call $send (i32.const 0) (i32.const 1))", items=items)), host, slice_fuel=10_000)
    states = run(fiber)
    assert states.count(WAITING) == 1 and states.count(READY) > 50 and states[-1] is DONE
    assert host.sent == [b"\0"]


def test_a_start_section_can_end_the_program(load: Load) -> None:
    def leave(*_: object) -> int:
        raise ProcessExit(3)

    fiber = start(load(guest(CALL + " drop", items=f"(func $first (drop {CALL})) (start $first)")), ScriptHost(leave))
    assert run(fiber) == [DONE]
    assert fiber.exit_code == 3


def test_fuel_is_the_same_at_every_call_of_two_runs(load: Load) -> None:
    program = load(guest(repeat(50, f"{repeat(5_000, '', '$j')} (call $yield) (drop {CALL})")))

    def record(waits: int) -> tuple[list[int], list[FiberState], int]:
        host = ScriptHost(lambda _host, n, _args: SUSPEND_RETRY if n % 5 == waits else n)
        fiber = start(program, host, slice_fuel=7_001)
        states = run(fiber)
        return host.fuel, states, fiber.fuel_used

    first = record(2)
    assert first == record(2)
    assert len(set(first[0])) > 40
    assert first[2] >= first[0][-1] > 0


def test_waiting_costs_no_fuel_beyond_asking_again(load: Load) -> None:
    program = load(guest(f"(drop {CALL})"))
    used = []
    for waits in (0, 1, 2):
        fiber = start(program, ScriptHost(lambda _host, n, _args, w=waits: SUSPEND_RETRY if n <= w else 0))
        run(fiber)
        used.append(fiber.fuel_used)
    assert used[2] - used[1] == used[1] - used[0]
    assert 0 < used[1] - used[0] < 20


def test_the_total_fuel_of_a_program_can_be_limited(load: Load) -> None:
    fiber = start(load(guest(FOREVER)), fuel_limit=1_000_000, slice_fuel=100_000)
    states = run(fiber)
    assert (states[-1], len(states)) == (TRAPPED, 10)
    assert fiber.trap is not None and fiber.trap.reason == "out of fuel"
    assert fiber.fuel_used == 1_000_000


def test_a_program_without_any_fuel_is_stopped_before_its_first_instruction(load: Load) -> None:
    fiber = start(load(guest("(call $send (i32.const 0) (i32.const 1))")), fuel_limit=0)
    assert run(fiber) == [TRAPPED]
    assert fiber.trap is not None and fiber.trap.reason == "out of fuel"
    with pytest.raises(ValueError, match="at least one"):
        start(fiber.program, slice_fuel=0)


def test_an_exit_code_ends_the_guest_at_once(load: Load) -> None:
    def leave(_host: ScriptHost, _n: int, args: tuple[int, ...]) -> int:
        raise ProcessExit(args[1])

    host = ScriptHost(leave)
    fiber = start(load(guest(f"(drop {CALL}) (call $send (i32.const 0) (i32.const 1))")), host)
    assert run(fiber) == [DONE]
    assert (fiber.exit_code, fiber.trap, host.sent) == (2, None, [])


@pytest.mark.parametrize("mistake", [ValueError("a mistake"), KeyboardInterrupt(), SystemExit(2), MemoryError()])
def test_a_mistake_of_the_host_stops_the_guest_and_comes_out_of_resume(load: Load, mistake: BaseException) -> None:
    def fail(*_: object) -> int:
        raise mistake

    fiber = start(load(guest(f"(drop {CALL})")), ScriptHost(fail))
    with pytest.raises(type(mistake)) as raised:
        fiber.resume()
    assert raised.value is mistake
    assert fiber.state is TRAPPED
    assert hostcalls.current is None
    assert run(start(load(guest("")))) == [DONE]


def test_an_answer_that_is_no_number_is_a_mistake_of_the_host(load: Load) -> None:
    fiber = start(load(guest(f"(drop {CALL})")), ScriptHost(lambda *_: None))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError):
        fiber.resume()


@pytest.mark.parametrize("which", ["send", "recv", "yield"])
def test_mistakes_in_every_call_come_out(load: Load, which: str) -> None:
    class Failing(ScriptHost):
        def send_bytes(self, ptr: int, length: int) -> None:
            raise ZeroDivisionError

        def recv_bytes(self, ptr: int, max_len: int) -> int:
            raise ZeroDivisionError

        def yield_now(self) -> None:
            raise ZeroDivisionError

    calls = {
        "send": "(call $send (i32.const 0) (i32.const 1))",
        "recv": "(drop (call $recv (i32.const 0) (i32.const 1)))",
        "yield": "(call $yield)",
    }
    with pytest.raises(ZeroDivisionError):
        start(load(guest(calls[which])), Failing()).resume()


def test_one_fiber_cannot_resume_another(load: Load) -> None:
    program = load(guest(f"(drop {CALL})"))
    other = start(program)

    def nested(*_: object) -> int:
        other.resume()
        return 0

    with pytest.raises(RuntimeError, match="while another one runs"):
        start(program, ScriptHost(nested)).resume()
    assert run(other) == [DONE]


def test_an_ended_fiber_cannot_be_resumed(load: Load) -> None:
    fiber = start(load(guest("")))
    run(fiber)
    with pytest.raises(RuntimeError, match="has ended"):
        fiber.resume()
    assert (fiber.memory_size, fiber.state) == (0, DONE)


# --- killing ------------------------------------------------------------------------------------------------------


def _never_run(_fiber: Fiber) -> None: ...


def _one_slice(fiber: Fiber) -> None:
    fiber.resume()


STATES = {
    "before the first slice": ("", _never_run),
    "preempted": (FOREVER, _one_slice),
    "yielded": ("(call $yield)", _one_slice),
    "waiting": (f"(drop {CALL})", _one_slice),
}


@pytest.mark.parametrize("name", STATES)
def test_a_fiber_can_be_killed_in_every_state(load: Load, name: str) -> None:
    body, reach = STATES[name]
    fiber = start(load(guest(body)), ScriptHost(lambda *_: SUSPEND_RETRY))
    reach(fiber)
    used = fiber.fuel_used
    fiber.kill()
    fiber.kill()
    assert (fiber.state, fiber.memory_size, fiber.fuel_used) == (KILLED, 0, used)


def test_killing_an_ended_fiber_changes_nothing(load: Load) -> None:
    done, trapped = start(load(guest(""))), start(load(guest("unreachable")))
    for fiber in (done, trapped):
        run(fiber)
        fiber.kill()
    assert (done.state, trapped.state) == (DONE, TRAPPED)


def test_a_fiber_can_be_killed_while_its_start_section_runs(load: Load) -> None:
    fiber = start(load(guest("", items=f"(func $first {FOREVER}) (start $first)")))
    assert fiber.resume() is READY
    fiber.kill()
    assert fiber.state is KILLED


@pytest.mark.parametrize("answer", [0, SUSPEND_RETRY])
def test_a_guest_that_kills_itself_in_a_call_never_sees_the_answer(load: Load, answer: int) -> None:
    def suicide(host: ScriptHost, *_: object) -> int:
        host.fiber.kill()
        assert host.fiber.state is READY
        return answer

    host = ScriptHost(suicide)
    fiber = start(load(guest(f"(drop {CALL}) (call $send (i32.const 0) (i32.const 1))")), host)
    assert run(fiber) == [KILLED]
    assert (host.sent, fiber.exit_code, fiber.trap) == ([], None, None)


def test_a_guest_can_have_another_one_killed(load: Load) -> None:
    victim = start(load(guest(f"(drop {CALL})")), ScriptHost(lambda *_: SUSPEND_RETRY))
    victim.resume()

    def murder(*_: object) -> int:
        victim.kill()
        return 0

    killer = start(load(guest(f"(drop {CALL}) (drop {CALL})")), ScriptHost(murder))
    assert run(killer) == [DONE]
    assert victim.state is KILLED


def test_a_forgotten_fiber_frees_what_it_held(load: Load) -> None:
    program = load(guest("(call $yield)"))
    before = _mappings()
    for _ in range(300):
        start(program).resume()
    assert _mappings() - before < 300


def _mappings() -> int:
    return len(Path("/proc/self/maps").read_text().splitlines())


def test_ten_thousand_spawns_and_kills_leave_nothing_behind(load: Load) -> None:
    programs = [load(guest("(call $yield)")), load(guest(f"(drop {CALL})")), load(guest("unreachable"))]

    def spawn(count: int) -> None:
        for number in range(count):
            fiber = start(programs[number % 3], ScriptHost(lambda *_: SUSPEND_RETRY))
            fiber.resume()
            fiber.kill()

    spawn(1_000)
    before = resident_bytes()
    spawn(10_000)
    assert resident_bytes() - before < 8 << 20


def test_a_thousand_processes_are_alive_at_once(load: Load) -> None:
    program = load(guest(f"{repeat(2, '(call $yield)')}"))
    before = resident_bytes()
    fibers = [start(program) for _ in range(1_000)]
    assert {fiber.resume() for fiber in fibers} == {READY}
    assert resident_bytes() - before < 40 << 20
    assert {fiber.resume() for fiber in fibers} == {READY}
    assert {fiber.resume() for fiber in fibers} == {DONE}
