"""Where the command keeps files, by the platform's own rules (supervisor: Command line)."""

from __future__ import annotations

import contextlib
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from zos_core.record import album
from zos_tui.cli.settings import settings

APPLICATION = "zos"


def cache_folder() -> Path:
    """What can be made again. Created for this user alone; whoever uses it checks that it is so."""
    folder = user_cache_path(APPLICATION, appauthor=False)
    with contextlib.suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def module_cache() -> Path:
    """Compiled programs."""
    return cache_folder() / "modules"


def data_folder(chosen: Path | None = None) -> Path:
    """What must be kept: the folder a person chose, here or for good, or the user's own. Raises `CommandFailed`."""
    return chosen or settings().data or user_data_path(APPLICATION, appauthor=False)


def storage_file(chosen: Path | None = None) -> Path:
    """What programs have stored. It need not exist."""
    return data_folder(chosen) / "storage.sqlite"


def recordings_folder(chosen: Path | None = None) -> Path:
    """Sessions the desktop has recorded, see `zos_core.record.album`. It need not exist."""
    return data_folder(chosen) / album.FOLDER
