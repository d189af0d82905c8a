"""What a machine tells a person or a tool when it says no: one line each, never a traceback."""

from __future__ import annotations

from zos_core.abi import Errno
from zos_core.snapshot import Revocation


class Refused(Exception):
    """The machine refused what was asked; the text is one line."""


class CallRefused(Refused):
    """A privileged call answered an error; `code` is it."""

    def __init__(self, what: str, code: Errno, reason: str = "") -> None:
        super().__init__(f"{what}: {code.name}: {reason or code.text}")
        self.code = code


class RevocationGrew(Refused):
    """More would go than a person confirmed; `preview` is what would go by now."""

    def __init__(self, preview: Revocation) -> None:
        super().__init__(f"{len(preview.removed)} capabilities would go by now: look again")
        self.preview = preview


class SpawnRefused(Refused):
    """A program that cannot be started: not found, not a module, not allowed."""


class SpawnDenied(SpawnRefused):
    """A program that needs authority nobody gives it."""


class InputRefused(Refused):
    """Console input that nobody takes."""
