"""Manifests: what a program is, and what it asks for.

Rules of this file (supervisor: Programs and manifests)
- A manifest is TOML: `app.toml` of a bundled app, a `zos.manifest` section in a module, or `NAME.toml` beside it.
- It is untrusted text: bounded, checked field by field, refused by one line that names the field.
- Asking gives nothing; a policy or a person answers.
- A directory of the host is asked for by the path the program will know it by (`dir:/data`): which directory that is,
  and whether there is one at all, is a person's to say, never a policy's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zos_core import abi
from zos_core.abi import ObjectType, Rights
from zos_core.snapshot import ConsoleMode
from zos_core.toml import parse_table

MAX_REQUESTS = 32
DIRECTORY_PREFIX = "dir:"
_MAX_TEXT = 400
_OBJECT_TYPES = {kind.name.lower(): kind for kind in ObjectType}
_RIGHTS = {"r": Rights.READ, "w": Rights.WRITE, "g": Rights.GRANT}


class ManifestRefused(ValueError):
    """A manifest that does not say what it should; the text is one line."""


@dataclass(frozen=True, slots=True)
class CapabilityRequest:
    """One `[[capability]]` table. `object_text` is as written: `factory`, a number, a name of its type, `dir:/path`."""

    object_type: ObjectType
    object_text: str
    perms: Rights
    required: bool
    reason: str

    @property
    def object_id(self) -> int | None:
        """The object, when the text alone decides it: the process factory or a number."""
        if self.object_type is ObjectType.PROCESS and self.object_text == "factory":
            return abi.FACTORY
        return int(self.object_text) if self.object_text.isascii() and self.object_text.isdigit() else None

    @property
    def directory(self) -> str | None:
        """The path that the program will know a directory of the host by; None when it asks for something else."""
        asked = self.object_type is ObjectType.STORAGE and self.object_text.startswith(DIRECTORY_PREFIX)
        return self.object_text.removeprefix(DIRECTORY_PREFIX) if asked else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """`plain_argument` is given to a program whose console is no terminal, so that it prints no decoration."""

    id: str
    name: str
    version: str = "0"
    description: str = ""
    console: ConsoleMode = ConsoleMode.LINE
    plain_argument: str = ""
    requests: tuple[CapabilityRequest, ...] = ()


def parse_rights(text: str) -> Rights:
    """Rights from letters (`rw`, `-w-`). Raises ValueError for any other letter."""
    rights = Rights.NONE
    for letter in text.replace("-", ""):
        if letter not in _RIGHTS:
            raise ValueError(f"rights are letters of rwg, not {letter!r}")
        rights |= _RIGHTS[letter]
    return rights


def parse_object_type(text: str) -> ObjectType:
    """An object type by name. Raises ValueError that lists them."""
    try:
        return _OBJECT_TYPES[text.lower()]
    except KeyError:
        raise ValueError(f"object types are {', '.join(_OBJECT_TYPES)}, not {text!r}") from None


def _text(table: dict[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ManifestRefused(f"the manifest's {key} must be a text of at most {_MAX_TEXT} characters")
    return value


def _request(table: object) -> CapabilityRequest:
    if not isinstance(table, dict):
        raise ManifestRefused("each capability of the manifest must be a table")
    required = table.get("required", False)
    if not isinstance(required, bool):
        raise ManifestRefused("a capability's required must be true or false")
    try:
        kind, perms = parse_object_type(_text(table, "type")), parse_rights(_text(table, "perms"))
    except ValueError as error:
        raise ManifestRefused(f"a capability of the manifest: {error}") from None
    request = CapabilityRequest(kind, _text(table, "object", ""), perms, required, _text(table, "reason", ""))
    if request.directory is not None:
        _check_directory(request)
    return request


def _check_directory(request: CapabilityRequest) -> None:
    """Raises `ManifestRefused` for a path or rights that no directory can be given with."""
    if not request.directory or not request.directory.isprintable():
        raise ManifestRefused(f"a directory of the manifest is {DIRECTORY_PREFIX} and a printable path")
    if not request.perms or request.perms & ~(Rights.READ | Rights.WRITE):
        raise ManifestRefused(f"the rights on the directory {request.directory} must be r, w or both")


def parse(text: str | bytes) -> Manifest:
    """A manifest from TOML. Raises `ManifestRefused`."""
    try:
        table = parse_table(text, "the manifest")
    except ValueError as error:
        raise ManifestRefused(str(error)) from None
    asked = table.get("capability", [])
    if not isinstance(asked, list) or len(asked) > MAX_REQUESTS:
        raise ManifestRefused(f"the manifest's capability must be at most {MAX_REQUESTS} tables")
    console = _text(table, "console", ConsoleMode.LINE.value)
    if console not in (ConsoleMode.LINE.value, ConsoleMode.RAW.value):
        raise ManifestRefused('the manifest\'s console must be "line" or "raw"')
    name = _text(table, "name")
    if not abi.valid_name(name):
        raise ManifestRefused(f"the manifest's name must be printable and at most {abi.MAX_NAME} bytes")
    return Manifest(
        id=_text(table, "id"),
        name=name,
        version=_text(table, "version", "0"),
        description=_text(table, "description", ""),
        console=ConsoleMode(console),
        plain_argument=_text(table, "plain-argument", ""),
        requests=tuple(_request(each) for each in asked),
    )
