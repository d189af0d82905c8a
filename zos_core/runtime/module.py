"""Modules: what a guest's bytes must be before they are compiled, and what is known of them.

A program imports from `env` what `ENV_FUNCTIONS` lists, and perhaps its memory; it exports `_start`, and its memory
unless it imports it (abi: The module). Any other import is refused by name. A program that imports from
`wasi_snapshot_preview1` is of another kind: it may import any function of that interface (`wasi.preview1`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from zos_core import abi
from zos_core.runtime.binary import (
    Limits,
    ModuleRefused,
    Reader,
    SectionId,
    read_limits,
    read_value_type,
    sections,
)
from zos_core.wasi import preview1

__all__ = ["Import", "MemoryLimits", "ModuleInfo", "ModuleKind", "ModuleRefused", "inspect"]


class ModuleKind(IntEnum):
    """Which system interface a program was built for."""

    ZOS = 0
    WASI = 1


class ItemKind(IntEnum):
    """What an import or an export is, as the binary format numbers it."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3
    TAG = 4


class FunctionType(NamedTuple):
    parameters: tuple[str, ...]
    results: tuple[str, ...]

    def __str__(self) -> str:
        return f"({', '.join(self.parameters)}) -> ({', '.join(self.results)})"


class Import(NamedTuple):
    """One import; `type` is the type of a function."""

    module: str
    name: str
    kind: ItemKind
    type: FunctionType | None

    def __str__(self) -> str:
        what = f"function {self.type}" if self.type is not None else self.kind.name.lower()
        return f"{_quoted(self.module)} {_quoted(self.name)} ({what})"


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """The memory of a module, in pages of 64 KiB."""

    min_pages: int
    max_pages: int | None
    shared: bool
    imported: bool


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """What is known of a module that passed the checks. `sha256` is of its bytes as they were given."""

    sha256: bytes
    kind: ModuleKind
    imports: tuple[Import, ...]
    memory: MemoryLimits
    has_start_section: bool
    uses_exceptions: bool
    name: str | None
    custom_manifest: bytes | None


MAX_ITEMS = 100_000
"""Types, imports, exports, and functions before `_start` of one module."""

MEMORY_NAME = "memory"
START_NAME = "_start"
ENV = "env"
MANIFEST_SECTION = "zos.manifest"

_I32 = "i32"
ENV_FUNCTIONS: dict[str, FunctionType] = {
    "zos_syscall": FunctionType((_I32, _I32, _I32, _I32), (_I32,)),
    "zos_send_bytes": FunctionType((_I32, _I32), ()),
    "zos_recv_bytes": FunctionType((_I32, _I32), (_I32,)),
    "zos_yield": FunctionType((), ()),
    "zos_get_pid": FunctionType((), (_I32,)),
}
"""What a program may import from `env` (abi: The module)."""


class Span(NamedTuple):
    """The bytes `start:end` of a module."""

    start: int
    end: int


@dataclass(slots=True)
class Contents:
    """What the sections hold, before any of it is judged. The memories start with the imported ones."""

    types: list[FunctionType] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[int] = field(default_factory=list)
    memories: list[Limits] = field(default_factory=list)
    memory_imports: list[Span] = field(default_factory=list)
    exports: dict[str, tuple[int, int]] = field(default_factory=dict)
    has_start_section: bool = False
    uses_exceptions: bool = False
    name: str | None = None
    custom_manifest: bytes | None = None

    def function_type(self, type_index: int) -> FunctionType:
        if type_index >= len(self.types):
            raise ModuleRefused("the module names a type that it does not have")
        return self.types[type_index]


def _quoted(name: str) -> str:
    """A guest's name for a line of text: quoted, control characters made visible, of bounded length."""
    return repr(name if len(name) <= 80 else name[:77] + "...").replace("'", '"')


def _read_types(reader: Reader, contents: Contents) -> None:
    for _ in range(reader.count(MAX_ITEMS, "types")):
        if reader.u8() != 0x60:
            raise ModuleRefused("the module uses garbage-collected types, which are not supported")
        parameters = tuple(read_value_type(reader) for _ in range(reader.count(1000, "parameters")))
        results = tuple(read_value_type(reader) for _ in range(reader.count(1000, "results")))
        contents.types.append(FunctionType(parameters, results))


def read_import(reader: Reader, contents: Contents) -> Import:
    """The next import; what it adds to the index spaces goes into `contents`."""
    start = reader.at
    module, name, code = reader.name(), reader.name(), reader.u8()
    if code > max(ItemKind):
        raise ModuleRefused(f"the import {_quoted(module)} {_quoted(name)} is of an unknown kind")
    kind, function = ItemKind(code), None
    if kind is ItemKind.FUNCTION:
        type_index = reader.u32()
        function = contents.function_type(type_index)
        contents.functions.append(type_index)
    elif kind is ItemKind.TABLE:
        read_value_type(reader)
        read_limits(reader)
    elif kind is ItemKind.MEMORY:
        contents.memories.append(read_limits(reader))
        contents.memory_imports.append(Span(start, reader.at))
    elif kind is ItemKind.GLOBAL:
        read_value_type(reader)
        reader.u8()
    else:
        reader.u8()
        reader.u32()
    return Import(module, name, kind, function)


def _read_custom(reader: Reader, contents: Contents) -> None:
    name = reader.name()
    if name == MANIFEST_SECTION and contents.custom_manifest is None:
        contents.custom_manifest = reader.take(reader.end - reader.at)
    elif name == "name" and not reader.done and reader.u8() == 0:
        reader.u32()
        contents.name = reader.name()


def _read_section(section_id: int, reader: Reader, contents: Contents) -> None:
    match section_id:
        case SectionId.TYPE:
            _read_types(reader, contents)
        case SectionId.IMPORT:
            count = reader.count(MAX_ITEMS, "imports")
            contents.imports += [read_import(reader, contents) for _ in range(count)]
        case SectionId.FUNCTION:
            contents.functions += [reader.u32() for _ in range(reader.count(MAX_ITEMS, "functions"))]
        case SectionId.MEMORY:
            contents.memories += [read_limits(reader) for _ in range(reader.count(MAX_ITEMS, "memories"))]
        case SectionId.EXPORT:
            for _ in range(reader.count(MAX_ITEMS, "exports")):
                name = reader.name()
                contents.exports[name] = (reader.u8(), reader.u32())
        case SectionId.START:
            contents.has_start_section = True
        case SectionId.TAG:
            contents.uses_exceptions = True
        case SectionId.CUSTOM:
            _read_custom(reader, contents)


WASI_FUNCTIONS: dict[str, FunctionType] = {
    each.name: FunctionType(each.parameters, (_I32,) if each.result else ()) for each in preview1.FUNCTIONS
}
_PROVIDED = {ENV: ENV_FUNCTIONS, preview1.MODULE: WASI_FUNCTIONS}
_STUB_TYPES = frozenset({_I32, "i64", "f32", "f64"})


def is_foreign(item: Import) -> bool:
    """Whether this system has nothing of that name."""
    if item.module == ENV and item.name == MEMORY_NAME and item.kind is ItemKind.MEMORY:
        return False
    return item.name not in _PROVIDED.get(item.module, {})


def _check_import(item: Import, stubs: bool) -> None:
    """Raises `ModuleRefused`. With `stubs` a function this system does not have is left to one that answers 0."""
    if is_foreign(item):
        can_stub = item.type is not None and _STUB_TYPES.issuperset(item.type.parameters + item.type.results)
        if not (stubs and can_stub):
            hint = "; --stub-imports lets it answer 0" if can_stub else ""
            raise ModuleRefused(f"the module imports {item}, which this system does not have{hint}")
        return
    expected = _PROVIDED[item.module].get(item.name)
    if expected is not None and item.type != expected:
        raise ModuleRefused(f"the module imports {item}; it must be a function {expected}")


def _check_memory(contents: Contents) -> MemoryLimits:
    if not contents.memories:
        raise ModuleRefused("the module has no memory")
    if len(contents.memories) > 1:
        raise ModuleRefused("the module has more than one memory")
    limits, imported = contents.memories[0], bool(contents.memory_imports)
    if not imported and contents.exports.get(MEMORY_NAME) != (ItemKind.MEMORY, 0):
        raise ModuleRefused(f'the module does not export its memory as "{MEMORY_NAME}"')
    return MemoryLimits(limits.minimum, limits.maximum, limits.shared, imported)


def _check_start(contents: Contents) -> None:
    kind, index = contents.exports.get(START_NAME, (-1, 0))
    if kind != ItemKind.FUNCTION:
        raise ModuleRefused(f'the module does not export a function "{START_NAME}"')
    if index >= len(contents.functions):
        raise ModuleRefused(f'"{START_NAME}" names a function that the module does not have')
    type_ = contents.function_type(contents.functions[index])
    if type_ != FunctionType((), ()):
        raise ModuleRefused(f'"{START_NAME}" is a function {type_}; it must be () -> ()')


def read_contents(data: bytes) -> Contents:
    """What the sections of a binary module hold. Raises `ModuleRefused` when they cannot be read."""
    contents = Contents()
    for section in sections(data):
        _read_section(section.id, Reader(data, section.start, section.end), contents)
    return contents


def inspect(data: bytes, *, max_bytes: int = abi.MAX_MODULE, stubs: bool = False) -> ModuleInfo:
    """What is known of a binary module. Raises `ModuleRefused`, with one line, for one that cannot be a program.

    With `stubs`, functions that this system does not have may be imported.
    """
    if len(data) > max_bytes:
        raise ModuleRefused(f"the module has {len(data)} bytes; at most {max_bytes} are allowed")
    sha256 = hashlib.sha256(data).digest()
    known = _known.get((sha256, stubs))
    if known is None:
        known = _inspect(data, sha256, stubs)
        while len(_known) >= _MAX_KNOWN:
            del _known[next(iter(_known))]
        _known[sha256, stubs] = known
    return known


_MAX_KNOWN = 128
_known: dict[tuple[bytes, bool], ModuleInfo] = {}
"""What was found in the last modules that could be programs: one that is started often is read once."""


def _inspect(data: bytes, sha256: bytes, stubs: bool) -> ModuleInfo:
    contents = read_contents(data)
    wasi = any(item.module == preview1.MODULE for item in contents.imports)
    for item in contents.imports:
        _check_import(item, stubs)
    memory = _check_memory(contents)
    _check_start(contents)
    return ModuleInfo(
        sha256=sha256,
        kind=ModuleKind.WASI if wasi else ModuleKind.ZOS,
        imports=tuple(contents.imports),
        memory=memory,
        has_start_section=contents.has_start_section,
        uses_exceptions=contents.uses_exceptions,
        name=contents.name,
        custom_manifest=contents.custom_manifest,
    )
