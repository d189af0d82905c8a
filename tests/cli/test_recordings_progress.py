"""Progress of long work on a recording: nothing for a second, then a bar; a signal ends it."""

from __future__ import annotations

import os
import signal

import pytest

from zos_tui.cli import progress as module
from zos_tui.cli.messages import Stopped
from zos_tui.cli.progress import Progress


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.os, "isatty", lambda _descriptor: True)


def test_a_bar_is_shown_and_taken_away(
    on_a_terminal: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "AFTER_S", 0.0)
    with Progress("checking", 200) as progress:
        progress(100)
    shown = capfd.readouterr().err
    assert "zos: checking [" + "#" * 15 + " " * 15 + "]  50% of 200 ticks" in shown
    assert shown.endswith("\r\x1b[K")


def test_a_line_of_output_takes_its_place(
    on_a_terminal: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "AFTER_S", 0.0)
    with Progress("reading", 200) as progress:
        progress(100)
        capfd.readouterr()
        progress.hide()
        assert capfd.readouterr().err == "\r\x1b[K"
        progress.hide()
    assert capfd.readouterr().err == ""


def test_what_is_short_or_not_on_a_terminal_shows_nothing(
    on_a_terminal: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Progress("checking", 200) as progress:
        progress(100)
    monkeypatch.setattr(module.os, "isatty", lambda _descriptor: False)
    monkeypatch.setattr(module, "AFTER_S", 0.0)
    with Progress("checking", 0) as progress:
        progress(1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_status(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as stopped, Progress("replaying", 10) as progress:
        os.kill(os.getpid(), number)
        for done in range(10):
            progress(done)
    assert stopped.value.status == 128 + number
    assert signal.getsignal(number) is before
