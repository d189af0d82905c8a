"""What a person has settled for good, in one TOML file; a flag of the command line goes before it.

    theme = "light"        # dark
    leader = "ctrl+a"      # ctrl+b
    record = false         # whether the desktop records its sessions: true
    data = "~/zos"         # what must be kept, instead of the user's data folder

Rules of this file (supervisor: Command line)
- The file need not exist. One that cannot be read, or says something unknown, is an error of one line: what a person
  wrote there is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from zos_tui.cli.messages import WRONG_USE, CommandFailed
from zos_tui.typed import parse_key

THEMES = ("dark", "light")


@dataclass(frozen=True, slots=True)
class Settings:
    """None stands for what the file does not say."""

    theme: str | None = None
    leader: str | None = None
    record: bool | None = None
    data: Path | None = None


def _theme(value: Any) -> str:
    if value not in THEMES:
        raise ValueError(f"must be {' or '.join(THEMES)}")
    return str(value)


def _leader(value: Any) -> str:
    return parse_key(_text(value))


def _record(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _data(value: Any) -> Path:
    folder = Path(_text(value)).expanduser()
    if not folder.is_absolute():
        raise ValueError("must be an absolute path, or one that begins with ~")
    return folder


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text in quotes")
    return value


_READ: dict[str, Callable[[Any], Any]] = {"theme": _theme, "leader": _leader, "record": _record, "data": _data}


def parse_settings(text: bytes) -> Settings:
    """Raises ValueError with one line."""
    from zos_core.toml import parse_table

    table, read = parse_table(text, "the configuration"), {}
    for name, value in table.items():
        if name not in _READ:
            raise ValueError(f"there is no setting {name!r}; there are {', '.join(_READ)}")
        try:
            read[name] = _READ[name](value)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{name} {error}") from None
    return Settings(**read)


def settings_file() -> Path:
    return user_config_path("zos", appauthor=False) / "config.toml"


@cache
def settings() -> Settings:
    """What the file says, read once. Raises `CommandFailed`."""
    from zos_core.toml import MAX_BYTES

    path = settings_file()
    try:
        with path.open("rb") as file:
            return parse_settings(file.read(MAX_BYTES + 1))
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise CommandFailed(f"{path}: {why}", WRONG_USE) from None
