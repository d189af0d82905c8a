"""`zos verify` and `zos head`: whether a recording is what was written, and the head to check it against later."""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from pathlib import Path

from zos_core.abi import Malformed
from zos_core.record.recording import Recording
from zos_core.record.verify import MAX_HEAD_FILE, Damage, Head, parse_head
from zos_core.record.verify import verify as walk
from zos_tui.cli.messages import CommandFailed
from zos_tui.cli.progress import Progress


def verify(arguments: argparse.Namespace) -> int:
    """Walk both chains and say what they came to. Raises `Refused` and `CommandFailed`."""
    known = None if arguments.head is None else _read_head(arguments.head)
    with closing(Recording(arguments.file)) as recording:
        head = checked(recording, known)
        print(f"{arguments.file}: {head.ticks} ticks, {head.commits} commits: both chains hold")
        print(f"head of tick {head.ticks}: {head.tick_hash}")
        if known is not None:
            print(f"nothing up to tick {known.ticks} was cut off or written anew")
        if recording.torn:
            print(f"it was not closed, or is still being written: it ends at tick {head.ticks}, the last durable one")
    return 0


def head(arguments: argparse.Namespace) -> int:
    """Print the head as JSON. Raises `Refused` and `CommandFailed`."""
    with closing(Recording(arguments.file)) as recording:
        print(checked(recording).to_json())
    return 0


def checked(recording: Recording, known: Head | None = None) -> Head:
    """The head of a recording whose chains hold. Raises `CommandFailed` that names the first damage."""
    with Progress("checking", recording.last_tick()) as progress:
        found = walk(recording, known, progress)
    if isinstance(found, Damage):
        raise CommandFailed(f"{recording.path}: {found.describe()}")
    return found


def _read_head(path: Path) -> Head:
    # Opened without waiting: nobody may be at the other end of a FIFO. Then a pipe is read to its end, as any file.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        os.set_blocking(file.fileno(), True)
        text = file.read(MAX_HEAD_FILE)
    try:
        return parse_head(text)
    except Malformed as malformed:
        raise CommandFailed(f"{path}: {malformed}") from None
