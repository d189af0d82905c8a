"""`zos run` through pipes: bytes in, bytes out, the status, and one line for whatever goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import GUESTS, PATIENCE_S, ROOT, command, environment, zos

ECHO, LINES, HEX, SHARED, FLOOD = (GUESTS / f"{name}.wat" for name in ("echo7", "lines", "hex", "shared", "flood"))


# --- bytes --------------------------------------------------------------------------------------------------------


def test_a_shell_reads_a_script_and_prints_its_output_alone() -> None:
    done = zos("run", "terminal", stdin=b"echo hi\nexit\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hi\n", b"")


def test_a_program_built_elsewhere_echoes_its_input_and_exits_7() -> None:
    done = zos("run", ECHO, stdin="héllo 漢字\n".encode())
    assert (done.returncode, done.stdout, done.stderr) == (7, "héllo 漢字\n".encode(), b"")


def test_every_byte_goes_through_in_both_directions() -> None:
    data = bytes(range(256)).replace(b"\x04", b"") * 700 + b"\xff\xfe no newline at the end"
    assert len(data) > 128 << 10
    assert zos("run", ECHO, stdin=data).stdout == data


def test_a_line_longer_than_all_that_may_wait_loses_nothing() -> None:
    data = "a漢".encode() * 60_000
    assert zos("run", ECHO, stdin=data).stdout == data


@pytest.mark.parametrize("flags", [(), ("--line",), ("--raw",)], ids=["own", "line", "raw"])
def test_input_that_is_no_terminal_comes_line_by_line_and_the_last_as_it_is(flags: tuple[str, ...]) -> None:
    done = zos("run", *flags, LINES, stdin=b"one\n\ntwo\rstill two\nrest")
    assert (done.returncode, done.stdout) == (0, b"[one\n][\n][two\rstill two\n][rest]")


def test_a_program_that_ends_leaves_the_rest_of_its_input_unread() -> None:
    with subprocess.Popen(
        command("run", LINES), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"one\nexit\nnever\n")
        process.stdin.flush()
        assert process.wait(PATIENCE_S) == 0
        assert process.stdout.read() == b"[one\n]"


def test_a_closed_standard_input_is_an_empty_one() -> None:
    assert subprocess.call(["sh", "-c", 'exec "$@" <&-', "sh", *command("run", ECHO)], env=environment()) == 7


def test_a_shared_memory_becomes_one_of_its_own() -> None:
    done = zos("run", SHARED)
    assert (done.returncode, done.stdout, done.stderr) == (5, b"shared\n", b"")


def test_arguments_reach_the_program_byte_for_byte_and_flags_after_it_are_its_own() -> None:
    argument = os.fsdecode(b"--trace \xff")
    assert zos("run", HEX, argument).stdout == b"--trace \xff"


# --- ends ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "status"), [("0", 0), ("3", 3), ("255", 255), ("300", 44), ("-1", 255)])
def test_the_status_is_the_exit_code_as_a_shell_has_it(code: str, status: int) -> None:
    assert zos("run", "crash", "exit", code).returncode == status


FAULTS = [
    ("unreachable", b"unreachable in crash::ways::unreachable"),
    ("div0", b"integer divide by zero in crash::ways::divide_by_zero"),
    ("memory", b"memory out of bounds in crash::ways::outside_memory"),
    ("pointer", b"BadPointer in crash::ways::bad_pointer"),
    ("stack", b"stack overflow in crash::ways::"),
]


@pytest.mark.parametrize(("way", "line"), FAULTS)
def test_a_fault_is_134_and_one_line_that_says_where(way: str, line: bytes) -> None:
    done = zos("run", "crash", way)
    assert done.returncode == 134
    assert done.stderr.startswith(b"zos: crash: " + line) and done.stderr.count(b"\n") == 1
    assert done.stdout == b""


def test_a_panic_says_why_in_one_line() -> None:
    done = zos("run", "crash", "panic")
    assert done.returncode == 1
    assert done.stderr.startswith(b"zos: crash: PANIC: asked to") and done.stderr.count(b"\n") == 1


def test_fuel_and_memory_are_limits() -> None:
    spent = zos("run", "--fuel", "1M", "crash", "loop")
    assert spent.returncode == 134 and spent.stderr.startswith(b"zos: crash: out of fuel in crash::ways::endless")
    small = zos("run", "--memory", "64K", "crash", "exit", "0")
    assert small.returncode == 134 and small.stderr.startswith(b"zos: crash: memory limit")


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    with subprocess.Popen(
        command("run", FLOOD), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(640) == (b"y" * 63 + b"\n") * 10
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE
        assert process.stderr.read() == b""


def test_output_that_cannot_be_written_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("run", ECHO), input=b"x\n", stdout=full, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert (done.returncode, done.stderr) == (1, b"zos: standard output: No space left on device\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_a_run_that_nobody_reads(number: signal.Signals) -> None:
    """The pipe fills, the program waits for a reader, and the signal is still heard."""
    with subprocess.Popen(
        command("run", FLOOD), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(1) == b"y"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number
        assert process.stderr.read() == b""


# --- authority ----------------------------------------------------------------------------------------------------

SPAWNS = b"spawn idle\nexit\n"


def test_without_a_grant_the_shell_starts_nothing_and_with_one_it_does() -> None:
    denied, granted = zos("run", "terminal", stdin=SPAWNS), zos("run", "--grant", "process", "terminal", stdin=SPAWNS)
    assert b"started" in granted.stdout and b"started" not in denied.stdout


def test_a_denial_comes_before_a_grant() -> None:
    both = zos("run", "--grant", "process:factory", "--deny", "process", "terminal", stdin=SPAWNS)
    # `--grant` with an object gives it by name: only what the manifest asked for is denied.
    assert b"started" in both.stdout
    answered = zos("run", "--grant", "process", "--deny", "process", "terminal", stdin=SPAWNS)
    assert answered.stdout == zos("run", "terminal", stdin=SPAWNS).stdout


def test_a_required_capability_that_is_not_given_stops_the_run(tmp_path: Path) -> None:
    program = tmp_path / "greedy.wat"
    program.write_bytes(SHARED.read_bytes())
    program.with_suffix(".toml").write_text(
        'id = "x"\nname = "Greedy"\n'
        '[[capability]]\ntype = "process"\nobject = "factory"\nperms = "w"\nrequired = true\n'
    )
    done = zos("run", program)
    assert done.returncode == 1
    assert done.stderr == b"zos: greedy needs process:factory, which was not granted\n"
    assert zos("run", "--grant", "process:factory:w", program).returncode == 5


def test_a_policy_file_answers_what_is_asked_for(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('allow = ["process:factory:w"]')
    assert b"started" in zos("run", "--policy", policy, "terminal", stdin=SPAWNS).stdout
    assert b"started" not in zos("run", "--policy", policy, "--deny", "process", "terminal", stdin=SPAWNS).stdout
    policy.write_text('deny = ["process"]')
    assert b"started" not in zos("run", "--policy", policy, "--grant", "process", "terminal", stdin=SPAWNS).stdout


def test_a_policy_file_gives_nothing_by_name(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('allow = ["process:factory:w"]')
    asks_for_nothing = zos("run", "--policy", policy, "confined")
    assert asks_for_nothing.stdout == zos("run", "confined").stdout
    assert asks_for_nothing.stdout != zos("run", "--grant", "process:factory:w", "confined").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("allow = 1", "the policy's allow must be a list of texts"),
        ("allow = [1]", "the policy's allow must be a list of texts"),
        ('deny = ["bogus"]', "the policy's deny: object types are"),
        ("grants = []", "a policy has the lists allow and deny, not 'grants'"),
        ("allow = [", "the policy is not TOML: "),
        ("#" * 70_000, "the policy is longer than 65536 bytes"),
        ("\0", "the policy is not TOML: "),
    ],
)
def test_a_policy_file_that_is_none_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    done = zos("run", "--policy", policy, "terminal")
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1
    assert f"--policy: {policy}: {said}".encode() in done.stderr


# --- watching -----------------------------------------------------------------------------------------------------


def test_a_trace_names_calls_arguments_and_refusals() -> None:
    lines = zos("run", "--trace", ECHO, stdin=b"hello\n").stderr.decode().splitlines()
    calls = [line.partition("] ")[2] for line in lines]
    assert "SYS_CONSOLE_WRITE(len=6, console=0) = 0" in calls
    assert calls[-1].startswith("SYS_EXIT(code=7)")
    refused = zos("run", "--trace", "terminal", stdin=b"revoke 4\nexit\n").stderr.decode()
    assert "E_" in refused, refused


def test_debug_text_comes_on_standard_error_only_when_asked_for() -> None:
    asked, not_asked = zos("run", "--debug", "crash", "panic"), zos("run", "crash", "exit", "0")
    assert asked.stderr.startswith(b"PANIC: asked to") and asked.stderr.count(b"\n") == 1
    assert not_asked.stderr == b""


def test_a_seed_repeats_a_run_and_no_seed_does_not(tmp_path: Path) -> None:
    program = tmp_path / "random.wat"
    program.write_text("""(module
      (import "env" "zos_syscall" (func $syscall (param i32 i32 i32 i32) (result i32)))
      (import "env" "zos_send_bytes" (func $send (param i32 i32)))
      (import "env" "zos_recv_bytes" (func $recv (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (drop (call $syscall (i32.const 8) (i32.const 32) (i32.const 0) (i32.const 0)))
        (drop (call $recv (i32.const 0) (i32.const 32)))
        (call $send (i32.const 0) (i32.const 32))
        (drop (call $syscall (i32.const 7) (i32.const 32) (i32.const 0) (i32.const 0)))))""")
    first, again = zos("run", "--seed", "c0ffee", program).stdout, zos("run", "--seed", "c0ffee", program).stdout
    assert len(first) == 32 and first == again
    assert zos("run", program).stdout != zos("run", program).stdout


# --- what cannot be run -------------------------------------------------------------------------------------------


def test_programs_that_cannot_be_run_are_one_line_each(tmp_path: Path) -> None:
    broken, binary, long = tmp_path / "broken.wat", tmp_path / "broken.wasm", "x" * 70_000
    broken.write_text("(module")
    binary.write_bytes(b"\0asm\1\0\0\0\xff\xff")
    zeros, pipe = tmp_path / "zeros.wasm", tmp_path / "pipe.wasm"
    zeros.write_bytes(bytes(1000))
    os.mkfifo(pipe)
    for arguments, said in [
        (("nosuch",), b"no program is called 'nosuch'"),
        ((tmp_path / "absent.wasm",), b"No such file or directory"),
        ((f"{tmp_path}/",), b"Is a directory"),
        ((broken,), b"this is not a WebAssembly module"),
        ((binary,), b"broken"),
        ((zeros,), b"not a WebAssembly module: it does not begin with \\0asm"),
        ((pipe,), b"pipe.wasm: not a regular file"),
        (("idle", long), b"an argument is longer than"),
        (("--grant", "endpoint:99999", ECHO), b"echo7"),
    ]:
        done = zos("run", *arguments)
        assert done.returncode == 1, arguments
        assert done.stderr.startswith(b"zos: ") and said in done.stderr and done.stderr.count(b"\n") == 1, done.stderr


def test_an_import_nobody_offers_is_named(tmp_path: Path) -> None:
    program = tmp_path / "wants.wat"
    program.write_text('(module (import "env" "fly" (func)) (memory (export "memory") 1) (func (export "_start")))')
    done = zos("run", program)
    assert done.returncode == 1 and b"fly" in done.stderr and done.stderr.count(b"\n") == 1


def test_it_runs_from_any_folder(tmp_path: Path) -> None:
    assert zos("run", "crash", "exit", "3", cwd=tmp_path).returncode == 3
    assert zos("run", str(ECHO.relative_to(ROOT)), cwd=ROOT).returncode == 7


def test_a_trace_that_nobody_reads_stops_the_program_and_not_the_signals() -> None:
    with subprocess.Popen(
        command("run", "--trace", FLOOD), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, env=environment(),
    ) as process:  # fmt: skip
        assert process.stderr is not None
        line = process.stderr.readline()
        assert b"SYS_CONSOLE_WRITE(len=64, console=0) = 0" in line
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
