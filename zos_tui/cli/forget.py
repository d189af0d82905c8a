"""`zos forget`: delete one recording, or all that the desktop has kept.

Rules of this file
- It asks, and without a terminal it wants `--yes`.
- A file that is named must be a recording, whatever it is called. In the desktop's own folder the name is enough: what
  a full disk has cut short goes, too. One that is being written stays.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from zos_core.record import album
from zos_core.record.recording import Recording
from zos_tui.cli.folders import recordings_folder
from zos_tui.cli.messages import WRONG_USE, CommandFailed


def forget(arguments: argparse.Namespace) -> int:
    """Delete what the person agrees to. Raises `Refused` and `CommandFailed`."""
    folder = recordings_folder(arguments.data)
    if arguments.file is None:
        found = [each.path for each in album.saved(folder) if not each.written][::-1]
    else:
        with closing(Recording(arguments.file)):
            found = [arguments.file]
        if album.is_written(arguments.file):
            raise CommandFailed(f"{arguments.file}: it is being written; leave that session, or forget it there")
    if not found:
        print(f"there are no recordings in {folder}")
        return 0
    size = sum(part.stat().st_size for path in found for part in album.parts(path))
    what = str(found[0]) if len(found) == 1 else f"{len(found)} recordings in {found[0].parent}"
    if not (arguments.yes or _agrees(f"delete {what} ({max(size >> 10, 1)} KiB)?")):
        print("nothing was deleted")
        return 0
    for path in found:
        album.delete(path)
    print(f"deleted {what}")
    return 0


def _agrees(question: str) -> bool:
    if not sys.stdin.isatty():
        raise CommandFailed("nobody is there to be asked; --yes deletes without asking", WRONG_USE)
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
