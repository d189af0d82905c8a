"""Where the desktop finds what it keeps: recordings, and compiled programs. A folder that is None is not used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zos_core.record import album


@dataclass(frozen=True, slots=True)
class Kept:
    """`recordings` are those of earlier sessions, `modules` compiled programs."""

    recordings: Path | None = None
    modules: Path | None = None

    def saved(self) -> list[album.Saved]:
        """The recordings there are, the newest first."""
        return [] if self.recordings is None else album.saved(self.recordings)
