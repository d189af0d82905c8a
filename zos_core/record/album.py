"""The album: the folder in which the desktop keeps the recordings of its sessions.

Rules of this file (runtime: Time, ticks and the journal)
- A recording is named by when its session began. The last 20 are kept; older ones go when a session begins.
- Whoever writes a recording holds a lock on it, which goes with the process, however that ends. What is being written
  is never deleted by another.
"""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

FOLDER = "recordings"
"""Its name, inside the data folder."""
SUFFIX = ".zosrec"
_OWN = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(_\d+)?" + re.escape(SUFFIX))
"""What `begin` calls a recording. What a person has put there under another name is never deleted by itself."""
KEPT = 20
BESIDE = ("-wal", "-shm")
"""Endings of the files SQLite keeps beside a recording that is open, or was never closed."""


class Saved(NamedTuple):
    """A recording in the album. `size` counts all of its files, in bytes."""

    path: Path
    size: int
    written: bool

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(SUFFIX)


def parts(path: Path) -> list[Path]:
    """The files of a recording that are there: itself, and what SQLite has left beside it."""
    return [part for part in (path, *(Path(f"{path}{ending}") for ending in BESIDE)) if part.exists()]


def delete(path: Path) -> None:
    """Delete a recording with all of its files; one that is gone already is none."""
    for part in parts(path):
        part.unlink(missing_ok=True)


_held: dict[tuple[int, int], int] = {}
"""Descriptors that hold locks of this process, by the file they are of.

Such a file must not be opened and closed here: that would drop the locks SQLite holds on it for this process.
"""


def hold(path: Path) -> int:
    """Lock a recording that is about to be written, until `let_go` of what this answers. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    _held[_file(os.fstat(descriptor))] = descriptor
    return descriptor


def let_go(lock: int) -> None:
    """Give a lock back, after the database has been closed."""
    _held.pop(_file(os.fstat(lock)), None)
    os.close(lock)


def _file(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def is_written(path: Path) -> bool:
    """Whether a process writes this recording at present; False for one that is gone."""
    try:
        if _file(path.stat()) in _held:
            return True
        let_go(hold(path))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def saved(folder: Path) -> list[Saved]:
    """The recordings of a folder, the newest first."""
    files = (path for path in folder.glob(f"*{SUFFIX}") if path.is_file())
    found = sorted(files, key=lambda path: path.name, reverse=True)
    return [Saved(path, _size(path), is_written(path)) for path in found]


def _size(path: Path) -> int:
    """Of all of its files, in bytes; one that goes meanwhile has none."""
    size = 0
    for part in parts(path):
        with suppress(FileNotFoundError):
            size += part.stat().st_size
    return size


def begin(folder: Path, now: datetime) -> Path:
    """Make room for one more, as far as that can be done, and say what it is to be called: a file that is not there."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = [each for each in saved(folder) if _OWN.fullmatch(each.path.name)]
        for old in own[KEPT - 1 :]:
            if not old.written:
                delete(old.path)
    stem = now.strftime("%Y-%m-%d_%H-%M-%S")
    path, count = folder / f"{stem}{SUFFIX}", 1
    while path.exists():
        count += 1
        path = folder / f"{stem}_{count}{SUFFIX}"
    return path
