"""The real desktop on a real pty: keys in, and the screen that comes out."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.person import Terminal
from tests.wasi.programs.support import find_all

PROGRAM = """
import os
import sys
from pathlib import Path
from zos_tui.app import DesktopOptions, run_desktop
os.chdir(sys.argv[1])
sys.exit(run_desktop(DesktopOptions(data_folder=Path(sys.argv[1]))))
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    one = Terminal(sys.executable, "-c", PROGRAM, str(tmp_path))
    try:
        one.until("zero>")
        yield one
    finally:
        one.leave()


def test_a_person_types_into_the_shell_opens_a_second_tab_and_quits(terminal: Terminal) -> None:
    terminal.type("echo héllo 漢字\r", "\nhéllo 漢字 ")
    terminal.type("ps\r", "permission")
    terminal.type("\x1b[A\x1b[A", "echo héllo 漢字")
    terminal.type("\x03\x02c", "2 terminal")
    terminal.type("echo second\r", "\nsecond ")
    terminal.type("\x021", "\nhéllo 漢字 ", gone="\nsecond ")
    terminal.type("\x02q", "Quit with 2 programs running?")
    os.write(terminal.fd, b"y")
    assert terminal.end() == 0
    assert b"\x1b[?1049l" in terminal.tail and b"\x1b[?25h" in terminal.tail


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_clean(terminal: Terminal, number: signal.Signals) -> None:
    terminal.process.send_signal(number)
    assert terminal.end() == 128 + number
    assert b"\x1b[?1049l" in terminal.tail and b"\x1b[?25h" in terminal.tail


def test_authority_comes_and_goes_while_a_program_writes(terminal: Terminal) -> None:
    """Grant for a time, see it expire; grant by a question, derive, revoke at the root: both lose it."""
    terminal.type("\x02s", "Start a program")
    terminal.type("notes\r", "notes> ")
    terminal.type("\x02g", "opens a ▼ choice")
    terminal.type("\t\t1\t\t2s\r", "Granted Storage rw- to pid 4, slot 6")
    terminal.until("slot 6 storage 1 rw-")
    terminal.type("watch\r", "write 1: ok")

    terminal.until("notes ✗ expired")
    terminal.until("✗ slot 6 expired")
    terminal.until("received MSG_CAP_REVOKED: slot 6 storage, expired or spent")
    rail = [line[80:] for line in terminal.text.splitlines()]
    assert any("notes" in line and "✗ expired" in line for line in rail), "the process row"
    assert any("✗6" in line and "expired" in line and "storage 1" in line for line in rail), "the list"

    terminal.until(": E_BADF")
    terminal.type("\r", " written, ")
    terminal.type("ask\r", "notes (pid 4) asks for storage ")
    terminal.type("\x02a", "Esc answers later")
    terminal.type("s", "notes (4): session")
    terminal.until("slot 7 storage ")
    terminal.type("watch\r", "write 2: ok")

    terminal.type("\x02o", "Enter opens")
    terminal.type("\x02o", "Enter inspects")
    terminal.type("\x1b[F", "▌   7 Storage")
    terminal.type("\x02d", "Derive from notes (4), slot 7")
    terminal.type("\x13", "Derived rw- for pid 3")
    terminal.type("\x02v", "2 capabilities would go, from 2 processes")
    terminal.type("y", "Revoked 2 capabilities, from terminal (3), notes (4)")
    terminal.until("received MSG_CAP_REVOKED: slot 7 storage, explicit")
    terminal.until("1 terminal ● ✗ revoked  2 notes ✗ revoked")


def test_a_program_of_somebody_else_is_browsed_for_given_a_folder_and_spoken_to(
    terminal: Terminal, tmp_path: Path
) -> None:
    """The way of a person who has a `.wasm` file: find it, see what it is, give it a folder, start it, use it."""
    (tmp_path / "place" / "mine").mkdir(parents=True)
    (tmp_path / "place" / "micropython.wasm").symlink_to(find_all().micropython.path)
    terminal.type("\x02s", "Start a program")
    terminal.type("./pla", "./place/")
    terminal.type("\x1b[C", "micropython.wasm")
    terminal.type("\x1b[B\x1b[B", "mine/")
    terminal.type("\x1b[B\r", "WASI program · 362K")
    terminal.until("WASI: 24 functions · not in this system: 2")
    terminal.type(" ", "[x] let them answer 0")
    terminal.type("\x0e", "as the same path")
    terminal.type("place/mi", "place/mine/")
    terminal.type("\x1b[C", "place/mine/")
    terminal.type("\t/data", "as /data")
    terminal.type("\x13", "Compiling micropython, ")
    terminal.until("Use Ctrl-D to exit")
    terminal.until("\n>>>")
    terminal.type("print(open('/data/kept', 'w').write('x' * 42))\r", "\n42")
    assert (tmp_path / "place" / "mine" / "kept").read_text() == "x" * 42
    assert (tmp_path / "recent.json").stat().st_mode & 0o777 == 0o600
    terminal.type("\x04", "[exited 0]")
