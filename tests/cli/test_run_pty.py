"""`zos run` on a real terminal: who edits the line, which keys end a run, and that the terminal comes back."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.support import GUESTS, Person, command

ECHO, LINES, HEX, FLOOD = (GUESTS / f"{name}.wat" for name in ("echo7", "lines", "hex", "flood"))
CTRL_C, CTRL_D, CTRL_BACKSLASH, CTRL_Z = b"\x03", b"\x04", b"\x1c", b"\x1a"

Start = Callable[..., Person]


@pytest.fixture
def start() -> Iterator[Start]:
    people: list[Person] = []

    def begin(*arguments: str | Path) -> Person:
        people.append(Person(command("run", *arguments)))
        return people[-1]

    yield begin
    for each in people:
        each.leave()


# --- line mode ----------------------------------------------------------------------------------------------------


def test_in_line_mode_the_terminal_edits_and_the_program_gets_whole_lines(start: Start) -> None:
    person = start(HEX, "ready")
    before = person.attributes
    person.sees(b"ready")
    assert person.canonical
    person.type("hélx\x7flo\n".encode())
    person.sees("héllo".encode().hex().encode() + b"0a")
    person.type(b"rest" + CTRL_D)
    person.sees(b"rest".hex().encode() + b"\r\n")
    person.type(CTRL_D)
    assert person.ends() == 7
    assert person.attributes == before


def test_ctrl_c_in_line_mode_is_a_character_and_twice_it_ends_the_run(start: Start) -> None:
    person = start(HEX, "ready")
    person.sees(b"ready")
    person.type(b"half a line" + CTRL_C)
    person.sees(b"03\r\n")
    person.type(b"x\n")
    assert b"half".hex().encode() not in person.sees(b"780a")
    person.type(CTRL_C)
    person.sees(b"03\r\n")
    person.type(CTRL_C)
    assert person.ends() == 128 + signal.SIGINT


@pytest.mark.parametrize("flags", [(), ("--raw",)], ids=["line", "raw"])
def test_ctrl_backslash_ends_a_program_that_never_reads(start: Start, flags: tuple[str, ...]) -> None:
    person = start(*flags, FLOOD)
    before = person.attributes
    person.sees(b"yyy")
    person.type(b"keys that nobody reads")
    person.type(CTRL_BACKSLASH)
    assert person.ends() == 128 + signal.SIGQUIT
    assert person.attributes == before


# --- raw mode -----------------------------------------------------------------------------------------------------


def test_in_raw_mode_every_key_is_the_program_s(start: Start) -> None:
    person = start("--raw", HEX, "ready\n")
    before = person.attributes
    person.sees(b"ready\r\n")
    assert not person.canonical and person.attributes != before
    for keys in (b"a", CTRL_C, CTRL_Z, b"\r", b"\x1b[A", b"\x11", "漢".encode()):
        person.type(keys)
        assert person.sees(keys.hex().encode() + b"\r\n") == b"", "the terminal echoed"
    person.type(CTRL_D)
    assert person.ends() == 7
    assert person.attributes == before


def test_a_character_in_two_halves_is_one_message(start: Start) -> None:
    person = start("--raw", HEX, "ready")
    person.sees(b"ready")
    first, rest = "漢".encode()[:1], "漢".encode()[1:]
    person.type(first)
    person.until(lambda: not person.waits_to_be_read, "the first byte taken")
    person.type(rest)
    assert person.sees("漢".encode().hex().encode()) == b""


def test_a_manifest_asks_for_raw_mode_and_the_shell_edits_its_own_line(start: Start) -> None:
    person = start("terminal")
    person.sees(b"zero>")
    assert not person.canonical
    person.type(b"echo onx\x7fe\r")
    person.sees(b"\r\none")
    person.type(b"exit\r")
    assert person.ends() == 0


def test_a_program_switches_its_console_by_mode_7200(start: Start) -> None:
    person = start(ECHO)
    person.until(lambda: person.canonical, "line mode")
    person.type(b"\x1b[?7200l\n")
    person.until(lambda: not person.canonical, "raw mode")
    person.type(b"\x1b[?7200h")
    person.until(lambda: person.canonical, "line mode again")
    assert b"7200" not in person.shown.replace(b"^[[?7200l", b""), "the terminal saw it"
    person.type(CTRL_D)
    assert person.ends() == 7


# --- what reaches the terminal ------------------------------------------------------------------------------------

CLIPBOARD = "\x1b]52;c;aGFjaw==\x07"
TITLE = "\x1b]2;owned\x1b\\"
DEVICE = "\x1bP+q544e\x1b\\\x1b[c\x1b[>0q\x1b[6n"


def test_only_harmless_output_reaches_the_terminal(start: Start) -> None:
    person = start(HEX, f"{CLIPBOARD}{TITLE}{DEVICE}\x1b[31mred\x1b[0m\n")
    person.sees(b"\x1b[31mred\x1b[0m\r\n")
    assert b"\x1b]" not in person.shown and b"\x1bP" not in person.shown
    assert b"\x1b[c" not in person.shown and b"\x1b[6n" not in person.shown


def test_unsafe_terminal_lets_everything_pass(start: Start) -> None:
    person = start("--unsafe-terminal", HEX, f"{CLIPBOARD}{DEVICE}")
    person.sees((CLIPBOARD + DEVICE).encode())


def test_a_program_learns_the_size_and_its_changes(start: Start) -> None:
    person = start(HEX, "\x1b[18t\x1b[?2048h")
    person.sees(b"\x1b[8;40;120t".hex().encode())
    person.sees(b"\x1b[48;40;120;0;0t".hex().encode())
    person.resize(90, 30)
    person.sees(b"\x1b[48;30;90;0;0t".hex().encode())


ON = "\x1b[?1049h\x1b[?25l\x1b[?1000h\x1b[31m"
OFF = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[0m")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_however_it_ends_the_terminal_comes_back(start: Start, number: signal.Signals) -> None:
    person = start("--raw", HEX, ON + "ready")
    before = person.attributes
    person.sees(b"ready")
    person.process.send_signal(number)
    assert person.ends() == 128 + number
    assert person.attributes == before
    for each in OFF:
        assert each in person.shown.partition(b"ready")[2]


def test_a_fault_in_raw_mode_says_so_on_a_clean_terminal(start: Start) -> None:
    person = start("--raw", "crash", "unreachable")
    before = person.attributes
    person.sees(b"zos: crash: unreachable")
    assert person.ends() == 134
    assert person.attributes == before


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() -> None:
    """A shell with job control, since the kernel stops only processes that have someone to continue them."""
    person = Person(["bash", "--norc", "--noprofile", "-i"], PS1="PROMPT>", TEXT="\x1b[?25lready")
    try:
        person.sees(b"PROMPT>")
        person.type(shlex.join(command("run", HEX)).encode() + b' "$TEXT"\n')
        person.sees(b"\x1b[?25lready")
        person.type(CTRL_Z)
        assert b"\x1b[?25h" in person.sees(b"Stopped")
        person.sees(b"PROMPT>")
        person.type(b"fg\n")
        person.sees(b"\x1b[?25l")
        person.type(b"on\n")
        person.sees(b"6f6e0a")
        person.type(CTRL_D)
        person.sees(b"PROMPT>")
        person.type(b"echo status=$?\n")
        person.sees(b"status=7\r\n")
    finally:
        person.leave()


# --- compiling ----------------------------------------------------------------------------------------------------


def test_a_compile_that_takes_long_says_so_and_ctrl_c_cancels_it(tmp_path: Path) -> None:
    """A compiler that never comes back, in place of a huge module."""
    program = tmp_path / "huge.wat"
    padding = "x" * (300 << 10)
    program.write_text(f'(module (memory (export "memory") 1) (data "{padding}") (func (export "_start")))')
    slow = "import sys; sys.argv = ['zos', *sys.argv[1:]]; import zos_core.runtime.compile as compile; "
    slow += "compile.child_command = lambda *_: [sys.executable, '-c', 'import signal; signal.pause()']; "
    slow += "from zos_tui.cli.main import main; sys.exit(main())"
    person = Person([sys.executable, "-c", slow, "run", str(program)], XDG_CACHE_HOME=str(tmp_path / "cache"))
    try:
        person.sees(b"zos: compiling huge, 1 s")
        person.type(CTRL_C)
        assert person.ends() == 128 + signal.SIGINT
        assert person.shown.endswith(b"\r\x1b[K")
    finally:
        person.leave()
