"""What programs with descriptors can do to the machine and to each other: nothing, but to themselves."""

from __future__ import annotations

import hashlib
import os
import resource
from pathlib import Path

import pytest

from tests.cli.support import Person, command, zos
from tests.wasi.programs.support import GUEST, Programs, run, start
from zos_core.abi import EXIT_FAULT_STATUS, ExitHow
from zos_core.axiom.syslog import WAITING
from zos_core.supervisor import Supervisor
from zos_core.wasi.descriptors import MAX_DESCRIPTORS
from zos_core.wasi.preview1 import FIRST_CALL, NUMBERS, Err

MIB = 1 << 20
PIPED = bytes(range(256)) * 4096
"""1 MiB with every byte in it, ends of lines and of input among them."""
CAT = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (loop $again
      (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 65536))
      (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
      (if (i32.eqz (i32.load (i32.const 8))) (then (return)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
      (br $again))))"""
WRITES_MUCH = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_sync" (func $sync (param i32) (result i32)))
  (memory (export "memory") 520)
  (data (i32.const 0) "much") (data (i32.const 16) "\\00\\00\\01\\00\\00\\00\\00\\02")
  (func (export "_start")
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1) (i64.const -1)
        (i64.const 0) (i32.const 0) (i32.const 32)) (then unreachable))
    (loop $again
      (if (call ${call}) (then unreachable))
      (br $again))))"""
WRITE_32_MIB = "write (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 36)"
SYNC = "sync (i32.load (i32.const 32))"


# --- pipes ------------------------------------------------------------------------------------------------------------


def test_a_mebibyte_through_a_pipe_comes_out_as_it_went_in(tmp_path: Path, programs: Programs) -> None:
    cat = tmp_path / "cat.wat"
    cat.write_text(CAT)
    done = zos("run", cat, stdin=PIPED)
    assert (done.returncode, done.stderr, done.stdout == PIPED) == (0, b"", True)
    script = "import sys\nwhile data := sys.stdin.buffer.read(5000): sys.stdout.buffer.write(data)"
    done = run(programs.micropython, "-c", script, stdin=PIPED)
    assert (done.returncode, done.stderr, done.stdout == PIPED) == (0, b"", True)
    script = "const a = new Uint8Array(9e3).buffer; let n; while ((n = os.read(0, a, 0, 9e3)) > 0) os.write(1, a, 0, n)"
    done = run(programs.quickjs, "--std", "-e", script, stdin=PIPED)
    assert (done.returncode, done.stderr, done.stdout == PIPED) == (0, b"", True)


def test_ten_megabytes_of_output_arrive_whole(programs: Programs) -> None:
    script = "const a = new Uint8Array(100000); for (let n = 0; n < 100; n++) os.write(1, a.fill(n).buffer, 0, 100000)"
    done = run(programs.quickjs, "--std", "-e", script)
    assert (done.returncode, done.stderr) == (0, b"")
    expected = b"".join(bytes([number]) * 100_000 for number in range(100))
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(expected).digest()


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_program_has_1024_descriptors_and_the_machine_goes_on(
    programs: Programs, machine: Supervisor, folder: Path
) -> None:
    script = f"""
import time
held = []
try:
    while True:
        held.append(open('{GUEST}/file', 'w'))
except OSError as error:
    print(len(held), error.errno)
while True:
    time.sleep_ms(10)
"""
    tab = start(machine, programs.micropython, "-c", script, folder=folder)
    count, errno = map(int, (tab.sees(b"\n")).split())
    assert (count, errno) == (MAX_DESCRIPTORS - 4, Err.MFILE)
    other = start(machine, programs.micropython, "-c", f"print(open('{GUEST}/other', 'w').write('on'))", folder=folder)
    other.sees(b"2\n")
    before = len(os.listdir("/proc/self/fd"))
    machine.kill_process(tab.pid)
    assert len(os.listdir("/proc/self/fd")) < before - MAX_DESCRIPTORS // 2


def test_a_command_with_few_descriptors_of_its_own_says_so_to_the_program(programs: Programs, folder: Path) -> None:
    script = f"""
held = []
try:
    while True:
        held.append(open('{GUEST}/file', 'w'))
except OSError as error:
    print(error.errno)
held.clear()
import gc
gc.collect()
print(open('{GUEST}/file', 'w').write('on'))
"""
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))  # noqa: E731
    done = run(programs.micropython, "-c", script, folder=folder, preexec_fn=limit)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{Err.NFILE}\n2\n".encode(), b"")


def test_a_file_that_grows_too_large_is_an_error_of_the_program(programs: Programs, folder: Path) -> None:
    run(programs.quickjs, "-e", "0")  # so that nothing is left to compile into the cache
    script = f"""
        const data = new Uint8Array(50000).buffer;
        const file = os.open("{GUEST}/file", os.O_WRONLY | os.O_CREAT);
        let written;
        do written = os.write(file, data, 0, 50000); while (written > 0);
        print(written, os.close(file));
    """
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))  # noqa: E731
    done = run(programs.quickjs, "--std", "-e", script, folder=folder, preexec_fn=limit)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{-Err.FBIG} 0\n".encode(), b"")
    assert (folder / "file").stat().st_size == MIB


def test_memory_ends_where_it_was_said_to(programs: Programs) -> None:
    script = "const held = []; try { for (;;) held.push(new Uint8Array(1 << 20).fill(1)); } catch (e) { print(e.name) }"
    done = run(programs.quickjs, "-e", script, flags=["--memory", "8M"])
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.startswith(b"InternalError")
    done = run(programs.micropython, "-c", "a = []\nwhile True: a.append(bytearray(10000))")
    assert done.returncode == 1 and b"MemoryError" in done.stderr


def test_fuel_ends_a_program_that_never_does(programs: Programs) -> None:
    done = run(programs.quickjs, "-e", "for (;;);", flags=["--fuel", "300000000"])
    assert done.returncode == EXIT_FAULT_STATUS
    assert done.stderr.startswith(b"zos: quickjs: out of fuel") and done.stderr.count(b"\n") == 1


def test_deep_recursion_ends_the_program_alone(programs: Programs, machine: Supervisor) -> None:
    deep = start(machine, programs.micropython, "-c", "def f(n): return f(n + 1) + 1\nf(0)")
    script = "const f = n => f(n + 1) + 1; try { f(0) } catch (e) { print(e.name) }"
    other = start(machine, programs.quickjs, "-e", script)
    assert deep.ends().how in (ExitHow.EXITED, ExitHow.FAULTED) and deep.ends().code != 0
    assert other.ends().how in (ExitHow.EXITED, ExitHow.FAULTED)
    assert start(machine, programs.quickjs, "-e", "print(1)").ends().code == 0


def test_an_endless_loop_leaves_the_others_alone(programs: Programs, machine: Supervisor) -> None:
    endless = start(machine, programs.quickjs, "-e", "for (;;);")
    tab = start(machine, programs.micropython)
    tab.sees(b">>> ")
    tab.type(b"6 * 7\n")
    tab.sees(b"42\n>>> ")
    machine.kill_process(endless.pid)
    tab.press_ctrl_d()
    assert tab.ends().code == 0 and endless.ends().how is ExitHow.KILLED


# --- killed while the host works --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("function", "call"), [("fd_write", WRITE_32_MIB), ("fd_sync", SYNC)])
def test_a_program_is_killed_while_the_disk_works_for_it(
    function: str, call: str, machine: Supervisor, programs: Programs, folder: Path
) -> None:
    start(machine, programs.micropython, "-c", "0", folder=folder).ends()
    before = len(os.listdir("/proc/self/fd"))
    tab = start(machine, WRITES_MUCH.replace("{call}", call).encode(), folder=folder)
    number = FIRST_CALL + NUMBERS[function]

    def waits() -> bool:
        rows = [row for row in machine.recent_events() if row.num == number and row.pid == tab.pid]
        return bool(rows) and rows[-1].result == WAITING

    tab.wait(waits, function)
    machine.kill_process(tab.pid)
    assert tab.ends().how is ExitHow.KILLED
    tab.wait(lambda: len(os.listdir("/proc/self/fd")) <= before, "its files closed")
    other = start(machine, programs.micropython, "-c", f"print(open('{GUEST}/much', 'w').write('on'))", folder=folder)
    other.sees(b"2\n")
    assert other.ends().code == 0 and (folder / "much").read_text() == "on"


# --- waiting ----------------------------------------------------------------------------------------------------------


def processor_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_program_that_sleeps_uses_no_processor(programs: Programs, people: list[Person]) -> None:
    script = "print('sleeps'); os.sleep(4000); print('woke'); os.sleep(60000)"
    people.append(Person(command("run", programs.quickjs.path, "--std", "-e", script)))
    person = people[-1]
    person.sees(b"sleeps")
    before = processor_s(person.process.pid)
    person.sees(b"woke")
    assert processor_s(person.process.pid) - before < 0.04, "more than 1 % of four seconds"
