"""The desktop on a pseudo-terminal, as a user starts it, with a cache folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from benchmarks.ptys import Terminal

COMMAND = (sys.executable, "-m", "zos_tui.cli.main")
PROMPT = "zero>"
LEADER = b"\x02"


@contextmanager
def private_folders() -> Iterator[dict[str, str]]:
    """Environment variables that keep a program out of the user's own folders, and Python's compiled modules in one
    where they can be written, as they are for whoever has installed it."""
    with TemporaryDirectory(prefix="zos-bench-") as folder:
        names = ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "PYTHONPYCACHEPREFIX")
        yield {**dict.fromkeys(names, folder), "PYTHONDONTWRITEBYTECODE": ""}


@contextmanager
def desktop() -> Iterator[Terminal]:
    """A desktop whose shell shows its prompt."""
    with private_folders() as environment, Terminal(COMMAND, environment) as terminal:
        terminal.until(lambda text: PROMPT in text)
        yield terminal


def spawn(terminal: Terminal, program: str, pid: int) -> None:
    """Starts a program in a tab of its own by typing it into the shell; `pid` is the one it will get."""
    terminal.write(f"spawn {program}\r".encode())
    terminal.until(lambda text: f"started as process {pid}" in text)
