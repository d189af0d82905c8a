"""Untrusted TOML: bounded, and refused in one line that says what it was to be."""

from __future__ import annotations

import tomllib
from typing import Any

MAX_BYTES = 64 << 10
"""Length of a text that is read at all."""


def parse_table(text: str | bytes, what: str) -> dict[str, Any]:
    """The table of `text`; `what` names it in the error, as `the manifest`. Raises ValueError with one line."""
    if len(text) > MAX_BYTES:
        raise ValueError(f"{what} is longer than {MAX_BYTES} bytes")
    try:
        return tomllib.loads(text if isinstance(text, str) else text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{what} is not TOML: {' '.join(str(error).split())}") from None
