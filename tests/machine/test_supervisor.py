"""The supervisor as a boundary: consoles apart, input in order, refusals as one line, services that start again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import wasmtime

from tests.machine.rig import ECHO, FREE_SLOT, SPIN, call, exit_with, guest, poll_for_ever, write
from zos_core import abi
from zos_core.abi import ExitHow, ObjectType, ProcessState, RevokeReason, Rights, Sys
from zos_core.errors import CallRefused, InputRefused, SpawnRefused
from zos_core.kernel.dispatch import Op
from zos_core.supervisor import MachineConfig, Supervisor

MANIFEST = 'id = "test"\nname = "{}"\n'
POLLER = guest(poll_for_ever())


@pytest.fixture
def apps(tmp_path: Path) -> Callable[[str, bytes], None]:
    """Writes a bundled program of its own; two services that only listen are there."""

    def add(name: str, source: bytes) -> None:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "app.toml").write_text(MANIFEST.format(name))
        (folder / f"{name}.wasm").write_bytes(wasmtime.wat2wasm(source))

    add("init", POLLER)
    add("permission", POLLER)
    return add


@pytest.fixture
def sup(apps: Callable[[str, bytes], None], tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(MachineConfig(apps=tmp_path, seed=b"seed"))
    supervisor.boot()
    yield supervisor
    supervisor.close()


def listen(sup: Supervisor, pid: int) -> list[bytes]:
    """What a process writes from here on, piece by piece."""
    heard: list[bytes] = []
    sup.register_console_callback(pid, lambda data, stream: heard.append(data))
    return heard


def deliveries(sup: Supervisor) -> list[tuple[int, int]]:
    """(pid, size) of each console input the log tells of."""
    return [(row.args[0], row.size) for row in sup.recent_events() if row.num == Op.DELIVER_CONSOLE_INPUT]


# --- consoles -----------------------------------------------------------------------------------------------------


def test_each_keystroke_is_one_message_to_its_own_process_and_no_other(sup: Supervisor) -> None:
    a, b = sup.spawn(ECHO), sup.spawn(ECHO)
    from_a, from_b = listen(sup, a), listen(sup, b)
    for key in "héy":
        sup.send_input_to_process(a, key)
    sup.send_input_to_process(b, "pasted text")
    assert sup.run_until(lambda: len(from_a) == 3 and len(from_b) == 1)
    assert from_a == [b"h", "é".encode(), b"y"]
    assert from_b == [b"pasted text"]
    assert deliveries(sup) == [(a, 1), (a, 2), (a, 1), (b, 11)]


def test_a_long_paste_is_split_between_characters_and_arrives_whole(sup: Supervisor) -> None:
    pid = sup.spawn(ECHO)
    heard = listen(sup, pid)
    text = "漢字" * 4000
    sup.send_input_to_process(pid, text)
    assert sup.run_until(lambda: sum(map(len, heard)) == len(text.encode()))
    assert "".join(piece.decode() for piece in heard) == text
    assert max(size for _, size in deliveries(sup)) <= abi.MAX_SYSTEM_PAYLOAD


def test_input_waits_in_order_for_a_program_that_is_slow_and_is_then_refused(sup: Supervisor) -> None:
    pid = sup.spawn(guest(SPIN))
    sup.poll_syscalls()
    for _ in range(abi.MAX_QUEUE):
        sup.send_input_to_process(pid, "k")
    sup.poll_syscalls()
    for _ in range(16):
        sup.send_input_to_process(pid, "x" * 4088)
    with pytest.raises(InputRefused, match="does not read its input"):
        sup.send_input_to_process(pid, "y" * 4088)


def test_input_for_one_that_ended_or_lost_its_endpoint_is_refused_in_one_line(sup: Supervisor) -> None:
    gone, deaf = sup.spawn(POLLER), sup.spawn(POLLER)
    sup.kill_process(gone)
    with pytest.raises(InputRefused, match="has ended"):
        sup.send_input_to_process(gone, "x")
    for slot in (1, 0):
        sup.revoke_capability(deaf, slot)
    with pytest.raises(InputRefused, match="no input endpoint"):
        sup.send_input_to_process(deaf, "x")


def test_what_was_written_before_anyone_listened_is_kept_and_its_end_when_it_is_much(sup: Supervisor) -> None:
    early = sup.spawn(guest(write("early")))
    assert sup.run_until(lambda: sup.exit_of(early) is not None)
    assert listen(sup, early) == [b"early"]
    stamp = "(i32.store (i32.const 0) (local.get $i)) (call $send (i32.const 0) (i32.const 4096))"
    count = "(local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const 100)))"
    much = sup.spawn(guest(f"(loop $l {stamp} (drop {call(Sys.CONSOLE_WRITE, 4096)}) {count})"))
    assert sup.run_until(lambda: sup.exit_of(much) is not None)
    kept = b"".join(listen(sup, much))
    assert len(kept) == abi.MAX_CONSOLE_BACKLOG
    assert kept[-4096:-4092] == (99).to_bytes(4, "little")


def test_a_callback_that_raises_is_dropped_and_the_machine_goes_on(
    sup: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = sup.spawn(ECHO), sup.spawn(ECHO)

    def fail(data: bytes, stream: int) -> None:
        raise RuntimeError("a broken widget")

    sup.register_console_callback(bad, fail)
    heard = listen(sup, good)
    sup.send_input_to_process(bad, "1")
    sup.send_input_to_process(good, "2")
    assert sup.run_until(lambda: bool(heard))
    assert "a broken widget" in caplog.text
    assert listen(sup, bad) == [b"1"]


def test_a_callback_may_act_on_the_machine_without_disturbing_the_order(sup: Supervisor) -> None:
    two = guest(write("first") + write("second", at=2048) + poll_for_ever())
    pid, other = sup.spawn(two), sup.spawn(guest(SPIN))
    heard: list[bytes] = []

    def act(data: bytes, stream: int) -> None:
        heard.append(data)
        if len(heard) == 1:
            sup.kill_process(other)
            heard.append(b"killed")

    sup.register_console_callback(pid, act)
    assert sup.run_until(lambda: len(heard) == 3)
    assert heard == [b"first", b"killed", b"second"]


# --- privileges ---------------------------------------------------------------------------------------------------


def test_a_preview_is_what_the_revocation_then_removes_and_tells(sup: Supervisor) -> None:
    a, b = sup.spawn(POLLER), sup.spawn(POLLER)
    slot = sup.grant_capability(a, ObjectType.STORAGE, 4, Rights.ALL)
    gateway = sup.machine.gateway
    given = gateway.syscall(a, Sys.CAP_GRANT, slot, b, 7, b"").result
    gateway.syscall(b, Sys.CAP_DERIVE, given, 1, 0, b"")
    before = sup.snapshot()
    preview = sup.preview_revocation(a, slot)
    assert sup.snapshot().sequence == before.sequence == preview.sequence
    assert sup.revoke_capability(a, slot) == preview
    assert [(each.pid, each.slot) for each in preview.removed] == [(b, given + 1), (b, given), (a, slot)]
    assert {(n.pid, n.reason, n.delivered) for n in preview.notices} == {
        (a, RevokeReason.EXPLICIT, True), (b, RevokeReason.EXPLICIT, True),
    }  # fmt: skip
    with pytest.raises(CallRefused, match="E_BADF"):
        sup.revoke_capability(a, slot)


@pytest.mark.parametrize(
    ("kind", "thing", "perms", "uses"),
    [(ObjectType.ENDPOINT, 999, 1, 0), (ObjectType.STORAGE, 2**70, 1, 0), (ObjectType.STORAGE, 1, 99, 0),
     (ObjectType.STORAGE, 1, 1, 2**40)],
)  # fmt: skip
def test_a_grant_that_makes_no_sense_is_refused_in_one_line(
    sup: Supervisor, kind: ObjectType, thing: int, perms: int, uses: int
) -> None:
    pid = sup.spawn(POLLER)
    with pytest.raises(CallRefused) as refused:
        sup.grant_capability(pid, kind, thing, perms, uses=uses)
    assert "\n" not in str(refused.value)
    sup.poll_syscalls()


def test_a_message_by_privilege_reaches_an_endpoint_the_process_owns_and_no_other(sup: Supervisor) -> None:
    pid = sup.spawn(guest(poll_for_ever(exit_with(1), slot=0)))
    with pytest.raises(CallRefused, match="E_PERM"):
        sup.send_message(pid, abi.SLOT_INIT, 5, b"")
    sup.send_message(pid, 0, 5, b"go")
    assert sup.run_until(lambda: sup.exit_of(pid) is not None)


def test_a_kill_is_final_and_a_second_one_refused(sup: Supervisor) -> None:
    pid = sup.spawn(guest(SPIN))
    sup.poll_syscalls()
    sup.kill_process(pid)
    exit_now = sup.exit_of(pid)
    assert exit_now is not None and exit_now.how is ExitHow.KILLED
    with pytest.raises(CallRefused, match="E_NOENT"):
        sup.kill_process(pid)
    process = sup.snapshot().process(pid)
    assert process is not None and process.state is ProcessState.EXITED


# --- programs that cannot start -----------------------------------------------------------------------------------

REFUSED = {
    "no module": (b"not a module", "WebAssembly"),
    "cut short": (b"\0asm\1\0\0\0\1", ""),
    "unknown import": (
        b'(module (import "env" "zos_open" (func)) (memory (export "memory") 1) (func (export "_start")))', "zos_open"),
    "import of another type": (
        b'(module (import "env" "zos_yield" (func (param i32))) (memory (export "memory") 1) (func (export "_start")))',
        "zos_yield"),
    "no start": (b'(module (memory (export "memory") 1))', "_start"),
    "no memory": (b'(module (func (export "_start")))', "memory"),
    "twenty memories": (f'(module {"(memory 1)" * 20} (func (export "_start")))'.encode(), "memor"),
    "64-bit memory": (b'(module (memory (export "memory") i64 1) (func (export "_start")))', ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_program_that_cannot_start_is_refused_in_one_line_that_says_why(sup: Supervisor, name: str) -> None:
    source, word = REFUSED[name]
    with pytest.raises(SpawnRefused) as refused:
        sup.spawn(source, name="broken")
    text = str(refused.value)
    assert word in text and "\n" not in text and len(text) < 500
    assert [p.name for p in sup.snapshot().processes] == ["init", "permission"]


def test_a_program_of_no_name_and_a_file_that_is_not_there_are_refused(sup: Supervisor, tmp_path: Path) -> None:
    for program in ("nothing", tmp_path / "none.wasm", tmp_path):
        with pytest.raises(SpawnRefused) as refused:
            sup.spawn(program)
        assert "\n" not in str(refused.value)


# --- services that fault ------------------------------------------------------------------------------------------

CRASHES_WHEN_TOLD = guest(write("up") + poll_for_ever("unreachable", slot=0))


@pytest.mark.parametrize("service", ["init", "permission"])
def test_a_service_that_faults_starts_again_three_times_a_minute_and_then_the_machine_says_it_is_degraded(
    apps: Callable[[str, bytes], None], tmp_path: Path, service: str
) -> None:
    apps(service, CRASHES_WHEN_TOLD)
    sup = Supervisor(MachineConfig(apps=tmp_path, seed=b"seed"))
    sup.boot()
    pid = {"init": 1, "permission": 2}[service]
    heard = listen(sup, pid)
    echo = sup.spawn(ECHO)
    spoken = listen(sup, echo)
    before = sup.snapshot().process(pid)
    for starts in range(1, abi.MAX_RESTARTS_PER_MINUTE + 2):
        assert sup.run_until(lambda starts=starts: len(heard) == starts)  # type: ignore[misc]
        assert sup.snapshot().degraded == ""
        sup.send_message(pid, 0, 1, b"")
    assert sup.run_until(lambda: sup.exit_of(pid) is not None)
    assert service in sup.snapshot().degraded
    assert before is not None and before.capabilities
    sup.send_input_to_process(echo, "still here")
    assert sup.run_until(lambda: spoken[-1:] == [b"still here"])
    assert len(spoken) == 2, "and was told of what it lost with the service"
    assert len(heard) == abi.MAX_RESTARTS_PER_MINUTE + 1
    sup.close()


def test_a_restarted_service_keeps_its_capabilities_and_its_messages(
    apps: Callable[[str, bytes], None], tmp_path: Path
) -> None:
    apps("init", CRASHES_WHEN_TOLD)
    sup = Supervisor(MachineConfig(apps=tmp_path, seed=b"seed"))
    sup.boot()
    slot = sup.grant_capability(1, ObjectType.STORAGE, 8, Rights.ALL, FREE_SLOT)
    before = sup.snapshot().process(1)
    for _ in range(2):
        sup.send_message(1, 0, 1, b"")
    heard = listen(sup, 1)
    assert sup.run_until(lambda: len(heard) == 3)
    after = sup.snapshot().process(1)
    assert before is not None and after is not None
    assert [c.cap_id for c in after.capabilities] == [c.cap_id for c in before.capabilities]
    assert slot in [c.slot for c in after.capabilities]
    assert after.exit is None
    sup.close()


# --- programs that start programs ---------------------------------------------------------------------------------


def test_a_program_starts_a_registered_one_and_hears_of_its_end(
    sup: Supervisor, apps: Callable[[str, bytes], None]
) -> None:
    apps("child", guest(exit_with(42)))
    name = b"\x05child"
    stores = "".join(f"(i32.store8 (i32.const {at}) (i32.const {byte}))" for at, byte in enumerate(name))
    body = f"""{stores} (call $send (i32.const 0) (i32.const {len(name)}))
      (local.set $i {call(Sys.SPAWN, FREE_SLOT)})
      (loop $wait (br_if $wait (i32.le_s {call(Sys.RECEIVE_WAIT, 1, -1, -1)} (i32.const 0)))
        (drop (call $recv (i32.const 0) (i32.const 100)))
        (br_if $wait (i32.ne (i32.load (i32.const 4)) (i32.const {int(abi.Tag.PROCESS_EXITED)}))))
      {exit_with('(i32.load offset=13 (i32.const 0))')}"""
    pid = sup.spawn(guest(f"(drop {call(Sys.RECEIVE_WAIT, 0, -1, -1)}) {body}"))
    sup.grant_capability(pid, ObjectType.PROCESS, abi.FACTORY, Rights.WRITE, FREE_SLOT)
    sup.send_message(pid, 0, 1, b"")
    assert sup.run_until(lambda: sup.exit_of(pid) is not None)
    ended = sup.exit_of(pid)
    assert ended is not None and ended.code == 42
    child = sup.snapshot().process(pid + 1)
    assert child is not None and (child.name, child.parent) == ("child", pid)


def test_a_program_cannot_start_what_is_not_registered(sup: Supervisor) -> None:
    name = b"\x08/bin/lsx"
    stores = "".join(f"(i32.store8 (i32.const {at}) (i32.const {byte}))" for at, byte in enumerate(name))
    ask = f"{stores} (call $send (i32.const 0) (i32.const {len(name)})) {exit_with(call(Sys.SPAWN, FREE_SLOT))}"
    pid = sup.spawn(guest(f"(drop {call(Sys.RECEIVE_WAIT, 0, -1, -1)}) {ask}"))
    sup.grant_capability(pid, ObjectType.PROCESS, abi.FACTORY, Rights.WRITE, FREE_SLOT)
    sup.send_message(pid, 0, 1, b"")
    assert sup.run_until(lambda: sup.exit_of(pid) is not None)
    ended = sup.exit_of(pid)
    assert ended is not None and ended.code & 0xF == abi.Errno.E_NOENT
