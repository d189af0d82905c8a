"""Sessions that are recorded, opened and scrubbed on a real pty, with the real command and the real machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.person import Terminal
from zos_core.record import album
from zos_core.record.recording import Recording
from zos_core.record.verify import Head, verify

LEADER = "\x02"
Zos = Callable[..., Terminal]


@pytest.fixture
def zos(tmp_path: Path) -> Iterator[Zos]:
    """Starts the command; `--data` is a folder of the test."""
    started: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        command = (sys.executable, "-m", "zos_tui.cli.main", "--data", str(tmp_path), *arguments)
        started.append(Terminal(*command))
        return started[-1]

    yield start
    for one in started:
        one.leave()


def leave(terminal: Terminal) -> None:
    terminal.type(f"{LEADER}q", "Quit with")
    os.write(terminal.fd, b"y")
    assert terminal.end() == 0


def test_a_session_is_recorded_opened_scrubbed_and_left(zos: Zos, tmp_path: Path) -> None:
    one = zos()
    one.until("zero>")
    one.until("● recording")
    one.type("echo first\r", "\nfirst")
    one.type("echo second\r", "\nsecond")

    one.type(f"{LEADER}T", "THE PAST of this session")
    one.until("\nsecond")
    one.type("\x1b[H", "tick 1 of", gone="\nsecond")
    one.type("\x1b[F", "\nsecond", gone="tick 1 of")
    one.type("k" * 3, "commit 4")
    one.type("\x1b", "RAW", gone="THE PAST")
    one.type("echo third\r", "\nthird")
    leave(one)

    saved = album.saved(tmp_path / "recordings")
    assert [each.written for each in saved] == [False] and len(album.parts(saved[0].path)) == 1
    recording = Recording(saved[0].path)
    assert isinstance(verify(recording), Head) and not recording.torn
    recording.close()

    again = zos("open")
    again.until("which? [1]")
    again.type("\r", f"THE PAST of {saved[0].path.name}")
    again.until("No program had a console yet")
    again.type("\x1b[F", "\nthird")
    again.type("t", "Go to tick")
    again.type("2\r", "tick 2 of", gone="\nthird")
    again.type(f"{LEADER}k", "The past cannot be changed")
    os.write(again.fd, b"\x1b")
    assert again.end() == 0
    assert album.saved(tmp_path / "recordings")[0].size == saved[0].size


def test_pausing_keeping_and_forgetting_a_real_recording(zos: Zos, tmp_path: Path) -> None:
    one = zos()
    one.until("zero>")
    one.type(f"{LEADER}P", "‖ recording paused")
    one.type("echo secret\r", "\nsecret")
    one.type(f"{LEADER}T", "THE PAST", gone="")
    one.until("tick ")
    one.type("\x1b", "RAW", gone="THE PAST")
    one.type(f"{LEADER}P", "Keep it too")
    one.type("e", "■ recording ended")
    path = album.saved(tmp_path / "recordings")[0].path
    one.type(f"{LEADER}F", "Delete the recording of this session?")
    one.type("y", "○ not recorded")
    assert not path.exists() and album.parts(path) == []
    one.type(f"{LEADER}T", "nothing is recorded")
    one.type("\x1b", "RAW", gone="THE PAST")
    leave(one)


def test_the_desktop_can_be_told_not_to_record(zos: Zos, tmp_path: Path) -> None:
    one = zos("--no-record")
    one.until("zero>")
    one.until("○ not recorded")
    leave(one)
    assert not (tmp_path / "recordings").exists()


def test_what_is_no_recording_is_one_line_and_no_desktop(zos: Zos, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text("no recording")
    one = zos("open", str(foreign))
    assert one.end() == 1
    assert "this is not a recording" in one.text and b"\x1b[?1049h" not in one.tail
