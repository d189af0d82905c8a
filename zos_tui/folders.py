"""Folders of the host as a person browses them: what is in one, and how a half-typed path goes on.

Rules of this file
- Looking never fails: a folder that cannot be read is empty. At most `MAX_ENTRIES` are shown of one.
- A path stays as it was typed (`~/`, relative); only what is completed is added to it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from zos_tui.starts import MODULE_SUFFIXES

MAX_ENTRIES = 500


class Entry(NamedTuple):
    """`path` is what to type for it; a folder's ends with `/`. `size` is bytes, 0 for a folder."""

    path: str
    name: str
    is_folder: bool
    size: int = 0


def entries(typed: str, *, folders_only: bool = False) -> list[Entry]:
    """What the last part of a typed path can become: folders, then programs, by name.

    What begins with a dot is left out unless that part does, too.
    """
    above, prefix = _split(typed)
    folder = Path(above or ".").expanduser() if above != "~" else Path.home()
    found = []
    try:
        with os.scandir(folder) as items:
            for item in items:
                entry = _entry(above, item)
                hidden = item.name.startswith(".") and not prefix.startswith(".")
                fits = item.name.lower().startswith(prefix.lower()) and item.name.isprintable() and not hidden
                if entry is not None and fits and (entry.is_folder or not folders_only):
                    found.append(entry)
    except (OSError, ValueError, RuntimeError):
        return []
    return sorted(found, key=lambda each: (not each.is_folder, each.name.lower()))[:MAX_ENTRIES]


def completion(typed: str, *, folders_only: bool = False) -> str | None:
    """The typed path with all that its candidates have in common; None when there is nothing to add."""
    if not typed:
        return None
    _, prefix = _split(typed)
    names = [each for each in entries(typed, folders_only=folders_only) if each.name.startswith(prefix)]
    if not names:
        return None
    paths = [each.path for each in names]
    longest = _common(min(paths), max(paths))
    longest = paths[0] if longest == typed else longest
    return longest if longest != typed and longest.startswith(typed) else None


def parent(typed: str) -> str:
    """The folder above the one that is typed, as it would be typed."""
    above, _ = _split(typed)
    folder = above.rstrip("/")
    if above == "/":
        return "/"
    if folder in ("", ".", "~") or folder.rsplit("/", 1)[-1] == "..":
        return {"": "../", ".": "../", "~": f"{Path.home().parent}/".replace("//", "/")}.get(folder, f"{folder}/../")
    return folder[: folder.rindex("/") + 1] if "/" in folder else "./"


def _common(one: str, other: str) -> str:
    """What both begin with."""
    same = (at for at, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return one[: next(same, min(len(one), len(other)))]


def _split(typed: str) -> tuple[str, str]:
    """The folder with its `/`, and what follows it."""
    if typed == "~":
        return "~/", ""
    above, slash, prefix = typed.rpartition("/")
    return above + slash, prefix


def _entry(above: str, item: os.DirEntry[str]) -> Entry | None:
    """None for what is neither a folder nor a program."""
    try:
        if item.is_dir():
            return Entry(f"{above}{item.name}/", item.name, True)
        if item.name.endswith(MODULE_SUFFIXES) and item.is_file():
            return Entry(f"{above}{item.name}", item.name, False, item.stat().st_size)
    except OSError:
        return None
    return None
