"""Rewriting a guest's memory before compiling (abi: The module).

A shared memory becomes an unshared one with the same limits: a shared one could block the machine and escape its limit.
Atomic instructions work on the result, and waiting on it traps. An imported memory becomes one of the module's own with
the limits that the import declared, so that every memory comes to be in the same way. A module has one memory, with
index 0 either way, so no instruction changes.
"""

from __future__ import annotations

from zos_core.runtime.binary import (
    HEADER,
    IS_SHARED,
    Limits,
    Reader,
    Section,
    SectionId,
    encode_section,
    encode_u32,
    sections,
)
from zos_core.runtime.module import Contents, Span, read_contents

_BEFORE_MEMORY = frozenset(
    {SectionId.CUSTOM, SectionId.TYPE, SectionId.IMPORT, SectionId.FUNCTION, SectionId.TABLE, SectionId.MEMORY}
)
"""Sections that come before that of the memories, and that section itself."""


def own_memory(data: bytes) -> bytes:
    """The binary module, whose one memory is unshared and its own; the same object when it was so before.

    Raises `ModuleRefused` when the module cannot be read.
    """
    contents = read_contents(data)
    if contents.memory_imports:
        return _define_memory(data, contents)
    shared = [limits.start for limits in contents.memories if limits.shared]
    if not shared:
        return data
    rewritten = bytearray(data)
    for at in shared:
        rewritten[at] &= ~IS_SHARED
    return bytes(rewritten)


def _memory_section(data: bytes, limits: Limits) -> bytes:
    """A section with one memory of the given limits, unshared."""
    flags = data[limits.start] & ~IS_SHARED
    return encode_section(SectionId.MEMORY, bytes((1, flags)) + data[limits.start + 1 : limits.end])


def _without_import(data: bytes, section: Section, removed: Span) -> bytes:
    """An import section without one of its imports."""
    reader = Reader(data, section.start, section.end)
    count = reader.u32()
    rest = data[reader.at : removed.start] + data[removed.end : section.end]
    return encode_section(SectionId.IMPORT, encode_u32(count - 1) + rest)


def _define_memory(data: bytes, contents: Contents) -> bytes:
    """The module with its memory defined where it was imported."""
    removed = contents.memory_imports[0]
    pieces: list[bytes] = []
    place = None
    for section in sections(data):
        if section.id == SectionId.IMPORT:
            pieces.append(_without_import(data, section, removed))
            continue
        if place is None and section.id not in _BEFORE_MEMORY:
            place = len(pieces)
        if section.id != SectionId.MEMORY:
            pieces.append(encode_section(section.id, data[section.start : section.end]))
    place = len(pieces) if place is None else place
    pieces.insert(place, _memory_section(data, contents.memories[0]))
    return HEADER + b"".join(pieces)
