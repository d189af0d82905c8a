"""A start: one program with all that a person chose for it. What a tab runs again, and what recent programs keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from zos_core.abi import DEFAULT_MEMORY
from zos_core.launcher import Options
from zos_core.wasi.directories import DirectoryGrant

MODULE_SUFFIXES = (".wasm", ".wat")


@dataclass(frozen=True, slots=True)
class Start:
    """`program` is a bundled name or a path; `memory` bytes; with `stub_imports` what is missing answers 0."""

    program: str
    args: tuple[str, ...] = ()
    directories: tuple[DirectoryGrant, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    memory: int = DEFAULT_MEMORY
    stub_imports: bool = False

    @property
    def label(self) -> str:
        """What a tab calls it."""
        return PurePath(self.program).stem

    @property
    def options(self) -> Options:
        return Options(
            memory=self.memory, directories=self.directories, environ=self.environ, stub_imports=self.stub_imports
        )


def is_path(program: str) -> bool:
    """Whether a person means a file, and not a bundled program by its name."""
    return "/" in program or program.startswith("~") or program.endswith(MODULE_SUFFIXES)


def absolute(program: str) -> str:
    """A file by its whole path, `~` included; a bundled program as it is."""
    return str(Path(program).expanduser().absolute()) if is_path(program) else program
