"""What a person is told of a program before it runs: what it is, what it imports, what it asks for.

Pure: from a `ProgramSummary` to lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from zos_core.snapshot import ProgramSummary, RequestSummary, rights_text
from zos_core.wasi.preview1 import MODULE as WASI_MODULE
from zos_tui.figures import size
from zos_tui.previews import plural

SYSTEM_MODULES = {WASI_MODULE: "WASI", "env": "zos"}
_MEMORY = ("env", "memory")


def kind_line(summary: ProgramSummary) -> str:
    """`Bundled program, zos ABI · 41.2K`, `WASI program · 362K`."""
    kind = "WASI program" if summary.wasi else "Program of the zos ABI"
    return f"{'Bundled · ' if summary.bundled else ''}{kind} · {size(summary.size)}"


def imports_line(summary: ProgramSummary) -> str:
    """Imports by where they come from, counted: `WASI: 24 functions · not in this system: 2`."""
    known = [each for each in summary.imports if each not in summary.foreign and each != _MEMORY]
    counted = Counter(SYSTEM_MODULES.get(module, module) for module, _ in known)
    parts = [f"{module}: {plural(number, 'function')}" for module, number in sorted(counted.items())]
    if summary.foreign:
        parts.append(f"not in this system: {len(summary.foreign)}")
    return " · ".join(parts) or "Imports nothing"


def names(imports: Iterable[tuple[str, str]]) -> str:
    """Every import by name, those of one module together."""
    by_module: dict[str, list[str]] = {}
    for module, name in imports:
        by_module.setdefault(module, []).append(name)
    return "\n".join(f"{module}: {', '.join(found)}" for module, found in by_module.items())


def request_line(request: RequestSummary) -> str:
    """`directory /data rw-, required: “keeps the notes”`."""
    if request.directory is not None:
        what = f"directory {request.directory}"
    else:
        what = " ".join(filter(None, (request.object_type.name.lower(), request.object_text)))
    reason = f": “{request.reason}”" if request.reason else ""
    return f"{what} {rights_text(request.perms)}{', required' if request.required else ''}{reason}"
