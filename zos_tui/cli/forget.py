"""`zos forget`: delete one recording, or all that the desktop has kept.

Rules of this file
- It asks, and without a terminal it wants `--yes`.
- A file that is named must be a recording, whatever it is called. In the desktop's own folder the name is enough: what
  a full disk has cut short goes, too.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path

from zos_core.record.recording import BESIDE, Recording
from zos_tui.cli.folders import RECORDING_SUFFIX, recordings_folder
from zos_tui.cli.messages import WRONG_USE, CommandFailed


def forget(arguments: argparse.Namespace) -> int:
    """Delete what the person agrees to. Raises `Refused` and `CommandFailed`."""
    folder = recordings_folder(arguments.data)
    if arguments.file is None:
        found = sorted(path for path in folder.glob(f"*{RECORDING_SUFFIX}") if path.is_file())
    else:
        with closing(Recording(arguments.file)):
            found = [arguments.file]
    if not found:
        print(f"there are no recordings in {folder}")
        return 0
    size = sum(part.stat().st_size for path in found for part in _parts(path))
    what = str(found[0]) if len(found) == 1 else f"{len(found)} recordings in {found[0].parent}"
    if not (arguments.yes or _agrees(f"delete {what} ({max(size >> 10, 1)} KiB)?")):
        print("nothing was deleted")
        return 0
    for path in found:
        for part in _parts(path):
            part.unlink()
    print(f"deleted {what}")
    return 0


def _parts(path: Path) -> list[Path]:
    """The recording, and what SQLite has left beside it."""
    return [part for part in (path, *(Path(f"{path}{ending}") for ending in BESIDE)) if part.exists()]


def _agrees(question: str) -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed("nobody is there to be asked; --yes deletes without asking", WRONG_USE)
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
