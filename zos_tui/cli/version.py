"""The version of this system: what was installed, or what a checkout says of itself."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import zos_core

DISTRIBUTION = "zos-desktop"


def checkout() -> Path | None:
    """The folder of the checkout this runs from, None for an installed package."""
    root = Path(zos_core.__path__[0]).resolve().parent
    return root if (root / "pyproject.toml").is_file() and (root / "apps").is_dir() else None


def version() -> str:
    """The version; `unknown` when neither an installation nor a checkout says it."""
    root = checkout()
    if root is not None:
        return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"
