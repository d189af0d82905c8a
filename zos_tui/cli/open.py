"""`zos open`: a recorded session in the desktop, or the list of those that were kept.

Rules of this file
- What is wrong with a file is said before the screen is taken: one line, and no desktop.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zos_core.record import album
from zos_tui.cli.folders import data_folder, module_cache, recordings_folder
from zos_tui.cli.messages import WRONG_USE, CommandFailed
from zos_tui.cli.settings import settings

if TYPE_CHECKING:
    from zos_tui.app import DesktopOptions


def desktop_options(arguments: argparse.Namespace) -> DesktopOptions:
    """What the command line says about the desktop, and what is settled for good. Raises `CommandFailed`."""
    from zos_tui.app import DesktopOptions

    settled = settings()
    theme, leader = arguments.theme or settled.theme, arguments.leader or settled.leader
    chosen: dict[str, Any] = {name: value for name, value in (("theme", theme), ("leader", leader)) if value}
    keep = settled.record is not False if arguments.keep is None else arguments.keep
    data, cache = data_folder(arguments.data), module_cache()
    return DesktopOptions(**chosen, data_folder=data, cache_folder=cache, record=arguments.record, keep=keep)


def open_recording(arguments: argparse.Namespace) -> int:
    """The command; its exit status. Raises `Refused` and `CommandFailed`."""
    person = sys.stdin.isatty() and sys.stdout.isatty()
    path: Path | None = arguments.file
    if path is None:
        saved = album.saved(recordings_folder(arguments.data))
        if arguments.list or arguments.json or not person or not saved:
            return _list(saved, recordings_folder(arguments.data), as_json=arguments.json)
        path = _choose(saved)
        if path is None:
            return 0
    from zos_core.past import open_recording as past_of
    from zos_tui.app import run_past

    options = desktop_options(arguments)
    past = past_of(path, options.kept.modules)
    if not person:
        past.close()
        raise CommandFailed("the desktop needs a terminal; `zos log` and `zos replay` work without one")
    return run_past(past, options)


def _list(saved: list[album.Saved], folder: Path, *, as_json: bool) -> int:
    if as_json:
        rows = [{"file": str(each.path), "bytes": each.size, "being_written": each.written} for each in saved]
        print(json.dumps(rows, indent=2))
    elif not saved:
        print(f"there are no recordings in {folder}")
    else:
        for number, each in enumerate(saved, 1):
            print(_line(number, each))
    return 0


def _line(number: int, each: album.Saved) -> str:
    note = "  being recorded" if each.written else ""
    return f"{number:>3}  {each.path.name}  {max(each.size >> 10, 1):>8} KiB{note}"


def _choose(saved: list[album.Saved]) -> Path | None:
    """Ask which; None for none. Raises `CommandFailed`."""
    _list(saved, saved[0].path.parent, as_json=False)
    print("which? [1] ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print()
        return None
    number = answer.strip() or "1"
    if not number.isdecimal() or not 1 <= int(number) <= len(saved):
        raise CommandFailed(f"there is no recording {number!r} in this list", WRONG_USE)
    return saved[int(number) - 1].path
