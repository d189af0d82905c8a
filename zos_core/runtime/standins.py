"""Stand-ins: functions that do nothing and answer 0, for imports that this system does not have.

A program that was built for another host as well may import functions of that host's own. Where a person says so
(`--stub-imports`), each such import is renamed to a number in a module of stand-ins, which has a function of just its
type under that number. No index of the program changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from zos_core.runtime.binary import HEADER, Reader, SectionId, encode_section, encode_u32, sections
from zos_core.runtime.module import Contents, Import, is_foreign, read_contents, read_import

STAND_INS = "zos_stand_ins"
"""The module that stand-ins are imported from."""


def stand_ins(imports: Iterable[Import]) -> str:
    """A module in the text format with a function for every import this system does not have; empty for none."""
    lines: list[str] = []
    for item in imports:
        if item.type is None or not is_foreign(item):
            continue
        parameters, results = " ".join(item.type.parameters), " ".join(item.type.results)
        zeros = " ".join(f"({kind}.const 0)" for kind in item.type.results)
        lines.append(f'  (func (export "{len(lines)}") (param {parameters}) (result {results}) {zeros})')
    return "\n".join(["(module", *lines, ")"]) if lines else ""


def to_stand_ins(data: bytes) -> bytes:
    """The binary module, importing from the module of stand-ins what this system does not have."""
    contents = read_contents(data)
    if not any(item.type is not None and is_foreign(item) for item in contents.imports):
        return data
    pieces = []
    for section in sections(data):
        content = data[section.start : section.end]
        if section.id == SectionId.IMPORT:
            content = _renamed(Reader(data, section.start, section.end), contents)
        pieces.append(encode_section(section.id, content))
    return HEADER + b"".join(pieces)


def _renamed(reader: Reader, contents: Contents) -> bytes:
    """The content of an import section, the foreign ones under the names of their stand-ins."""
    count = reader.u32()
    out, number = [encode_u32(count)], 0
    for _ in range(count):
        names = Reader(reader.data, reader.at, reader.end)
        item = read_import(reader, contents)
        if item.type is not None and is_foreign(item):
            names.name()
            names.name()
            out += [_name(STAND_INS), _name(str(number)), names.data[names.at : reader.at]]
            number += 1
        else:
            out.append(names.data[names.at : reader.at])
    return b"".join(out)


def _name(text: str) -> bytes:
    return encode_u32(len(text)) + text.encode()
