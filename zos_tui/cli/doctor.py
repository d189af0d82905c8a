"""`zos doctor`: what works on this machine, what does not, and what to do about it.

Rules of this file
- A check is a function that returns its findings and raises nothing a broken machine can cause.
- `fail` is what keeps `zos` from running, `warn` what makes it slower, smaller or untested.
"""

from __future__ import annotations

import json
import locale
import os
import platform
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from zos_tui.cli.folders import module_cache
from zos_tui.cli.messages import FAILED, CommandFailed
from zos_tui.cli.settings import settings, settings_file

MIN_COLUMNS, MIN_LINES = 80, 24
MIN_MAPS = 65_530
"""The usual `vm.max_map_count`: room for about 12,000 processes."""
MAPS_OF_A_PROCESS = 5
NEEDED_PROGRAMS = ("init", "permission", "terminal")
MACHINES = ("x86_64", "aarch64")


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `advice` is what to do, empty when there is nothing to do."""

    level: Level
    what: str
    advice: str = ""


def _python() -> Iterator[Finding]:
    from zos_core.runtime.probe import TESTED_PYTHONS, tested

    text = f"{platform.python_implementation()} {platform.python_version()}"
    versions = ", ".join(f"{major}.{minor}" for major, minor in TESTED_PYTHONS)
    if platform.python_implementation() != "CPython":
        yield Finding(Level.FAIL, text, f"use CPython {versions}")
    elif tested():
        yield Finding(Level.OK, text)
    else:
        yield Finding(Level.WARN, f"{text} is untested", f"tested versions: {versions}")


def _platform() -> Iterator[Finding]:
    text = f"{platform.system()} on {platform.machine()}"
    if platform.system() == "Linux" and platform.machine() in MACHINES:
        yield Finding(Level.OK, text)
    else:
        yield Finding(Level.WARN, f"{text} is untested", "tested: Linux on x86-64 and aarch64")


def _engine() -> Iterator[Finding]:
    try:
        from zos_core.runtime.probe import probe

        version = metadata.version("wasmtime")
    except (ImportError, OSError, AttributeError, metadata.PackageNotFoundError) as error:
        yield Finding(Level.FAIL, f"wasmtime does not load: {error}", "install zos again, with its dependencies")
        return
    yield Finding(Level.OK, f"wasmtime {version}")
    result = probe()
    advice = "" if result.ok else "use a tested version of CPython; see SECURITY.md for reporting a crash"
    yield Finding(Level.OK if result.ok else Level.FAIL, result.message, advice)


def _memory() -> Iterator[Finding]:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        text = f"address space is limited to {limit >> 20} MiB"
        yield Finding(Level.WARN, text, "each process reserves 4 GiB of it: try `ulimit -v unlimited`")
    try:
        maps = int(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        return
    text = f"vm.max_map_count is {maps}: room for about {maps // MAPS_OF_A_PROCESS} processes"
    if maps >= MIN_MAPS:
        yield Finding(Level.OK, text)
    else:
        yield Finding(Level.WARN, text, f"for more: sysctl -w vm.max_map_count={MIN_MAPS}")


def _programs() -> Iterator[Finding]:
    from zos_core.programs import Registry

    try:
        names = {app.name for app in Registry().list()}
    except FileNotFoundError as error:
        yield Finding(Level.FAIL, str(error), "install zos again")
        return
    missing = [name for name in NEEDED_PROGRAMS if name not in names]
    if missing:
        advice = "install zos again; in a checkout, `make guests` builds them"
        yield Finding(Level.FAIL, f"bundled programs are missing: {', '.join(missing)}", advice)
    else:
        yield Finding(Level.OK, f"{len(names)} bundled programs")


def _cache() -> Iterator[Finding]:
    from zos_core.runtime.cache import CacheUnusable, CompileCache

    folder = module_cache()
    try:
        CompileCache(folder)
    except CacheUnusable as problem:
        yield Finding(Level.WARN, str(problem), "programs are compiled again at every start")
        return
    if os.access(folder, os.W_OK):
        yield Finding(Level.OK, f"compiled programs are kept in {folder}")
    else:
        yield Finding(Level.WARN, f"{folder} cannot be written", "programs are compiled again at every start")


def _desktop() -> Iterator[Finding]:
    try:
        import textual  # noqa: F401

        yield Finding(Level.OK, f"textual {metadata.version('textual')}")
    except (ImportError, metadata.PackageNotFoundError) as error:
        advice = "the desktop needs it, `zos run` does not: install zos again"
        yield Finding(Level.FAIL, f"textual does not load: {error}", advice)


def _terminal() -> Iterator[Finding]:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Finding(Level.WARN, "not on a terminal", "the desktop needs one; run this in the terminal you mean")
        return
    size, term = os.get_terminal_size(sys.stdout.fileno()), os.environ.get("TERM", "")
    text = f"terminal {term or 'of unknown type'}, {size.columns}x{size.lines}"
    if term in ("", "dumb"):
        yield Finding(Level.WARN, text, "set TERM to what the terminal is, such as xterm-256color")
    elif size.columns < MIN_COLUMNS or size.lines < MIN_LINES:
        yield Finding(Level.WARN, text, f"the desktop is made for {MIN_COLUMNS}x{MIN_LINES} and more")
    else:
        yield Finding(Level.OK, text)
    if os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        yield Finding(Level.OK, "true colour")
    elif "256color" in term or "direct" in term:
        yield Finding(Level.OK, "256 colours")
    else:
        yield Finding(Level.WARN, "colours are few or unknown", "set COLORTERM=truecolor if the terminal has them")


def _text() -> Iterator[Finding]:
    encoding = locale.getpreferredencoding(do_setlocale=False)
    if encoding.upper().replace("-", "") == "UTF8":
        yield Finding(Level.OK, "text is UTF-8")
    else:
        yield Finding(Level.WARN, f"text is {encoding}", "choose a UTF-8 locale, such as LC_ALL=C.UTF-8")


def _settings() -> Iterator[Finding]:
    path = settings_file()
    try:
        settings()
    except CommandFailed as failed:
        yield Finding(Level.FAIL, str(failed), "mend the file, or delete it")
        return
    yield Finding(Level.OK, f"configuration in {path}" if path.is_file() else f"no configuration: {path} is not there")


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python, _platform, _engine, _memory, _programs, _cache, _settings, _desktop, _terminal, _text,
)  # fmt: skip


def doctor(*, as_json: bool) -> int:
    """Print every finding; status 1 when one is a failure."""
    findings = []
    for check in CHECKS:
        for finding in check():
            findings.append(finding)
            if not as_json:
                print(_line(finding), flush=True)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    return FAILED if any(finding.level is Level.FAIL for finding in findings) else 0


def _line(finding: Finding) -> str:
    return f"{finding.level:<4}  {finding.what}" + (f"  →  {finding.advice}" if finding.advice else "")
