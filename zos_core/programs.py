"""Programs: from what a person or a program names to bytes and a manifest.

Rules of this file (supervisor: Programs and manifests)
- A registered name is a bundled app's. A program can start registered names only, never a path of the host.
- A person can also name a `.wasm` or `.wat` file; its manifest is inside it, beside it, or the default one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from zos_core import abi
from zos_core.bundle import apps_folder
from zos_core.errors import SpawnRefused
from zos_core.manifest import Manifest, ManifestRefused, parse
from zos_core.runtime.binary import ModuleRefused
from zos_core.runtime.module import ModuleKind, inspect
from zos_core.runtime.program import to_binary
from zos_core.toml import MAX_BYTES

MANIFEST_FILE = "app.toml"
_SUFFIXES = (".wasm", ".wat")


@dataclass(frozen=True, slots=True)
class ProgramSource:
    """A program ready to be compiled. `name` is how the machine lists it, `bundled` that it came with the system.

    `sha256` of `data` names the program.
    """

    name: str
    data: bytes
    sha256: bytes
    manifest: Manifest
    bundled: bool
    kind: ModuleKind = ModuleKind.ZOS


@dataclass(frozen=True, slots=True)
class BundledProgram:
    """A registered name, as a list shows it."""

    name: str
    title: str
    description: str
    version: str


class Registry:
    """The bundled programs, read from their folders when they are asked for."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = apps_folder() if folder is None else folder
        self._loaded: dict[str, ProgramSource] = {}

    def names(self) -> list[str]:
        built = (path.parent for path in self._folder.glob(f"*/{MANIFEST_FILE}"))
        return sorted(path.name for path in built if (path / f"{path.name}.wasm").is_file())

    def list(self) -> list[BundledProgram]:
        """Every bundled program; one with a broken manifest is left out."""
        found = []
        for name in self.names():
            try:
                manifest = parse((self._folder / name / MANIFEST_FILE).read_bytes())
            except (ManifestRefused, OSError):
                continue
            found.append(BundledProgram(name, manifest.name, manifest.description, manifest.version))
        return found

    def registered(self, name: str) -> ProgramSource:
        """A bundled program. Raises `SpawnRefused`."""
        if name not in self._loaded:
            if name not in self.names():
                raise SpawnRefused(f"no program is called {name!r}; see `zos apps`")
            folder = self._folder / name
            try:
                manifest = parse((folder / MANIFEST_FILE).read_bytes())
                data = (folder / f"{name}.wasm").read_bytes()
            except (ManifestRefused, OSError) as error:
                raise SpawnRefused(f"{name}: {error}") from None
            self._loaded[name] = ProgramSource(name, data, hashlib.sha256(data).digest(), manifest, bundled=True)
        return self._loaded[name]

    def resolve(self, program: str | Path | bytes, name: str | None = None) -> ProgramSource:
        """What a person names: a bundled app, a path to a module, or a module's bytes. Raises `SpawnRefused`."""
        if isinstance(program, bytes):
            return _foreign(program, name or "program", None)
        path = Path(program)
        looks_like_path = isinstance(program, Path) or path.suffix in _SUFFIXES or path.name != str(program)
        if not looks_like_path:
            return self.registered(str(program))
        try:
            data = _read_regular(path, abi.MAX_MODULE + 1)
        except OSError as error:
            raise SpawnRefused(f"{path}: {error.strerror}") from None
        if len(data) > abi.MAX_MODULE:
            raise SpawnRefused(f"{path}: modules over {abi.MAX_MODULE >> 20} MiB are refused")
        return _foreign(data, name or path.stem, path.with_suffix(".toml"))


def _read_regular(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a file. A pipe or a device could block whoever reads it. Raises OSError."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return file.read(limit)


def _foreign(data: bytes, name: str, beside: Path | None) -> ProgramSource:
    """A module that did not come with the system: its name is cleaned, its manifest is only a wish."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name).encode()[: abi.MAX_NAME].decode(errors="ignore")
    shown = shown or "program"
    try:
        binary = to_binary(data)
        info = inspect(binary, stubs=True)
        text: bytes | None = info.custom_manifest
        if text is None and beside is not None and beside.is_file() and beside.stat().st_size <= MAX_BYTES:
            text = beside.read_bytes()
        manifest = Manifest(id=f"local.{shown}", name=shown) if text is None else parse(text)
    except (ModuleRefused, ManifestRefused, OSError) as error:
        raise SpawnRefused(f"{shown}: {error}") from None
    return ProgramSource(shown, binary, info.sha256, manifest, bundled=False, kind=info.kind)
