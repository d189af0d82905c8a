"""Where the command keeps files, by the platform's own rules (supervisor: Command line)."""

from __future__ import annotations

import contextlib
from pathlib import Path

from platformdirs import user_cache_path

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
