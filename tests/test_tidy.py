"""The repository read as a whole: bounds on what a reader must hold in mind, and nothing left lying about.

Every rule is a function from the tracked files to a list of complaints, so that each is also tried on an example it
must catch. Patterns are built from pieces where they would otherwise find themselves.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 450
PACKAGES = ("zos_core", "zos_tui")
IMPORTERS = (*PACKAGES, "benchmarks")
TEXT = {".py", ".rs", ".h", ".c", ".toml", ".md", ".sh", ".tcss", ".wat", ".mk", ""}
GENERATED = {".svg", ".png", ".lock", ".wasm"}

ENTRY_POINTS = {"zos_tui.cli.main"}
PUBLIC = {
    "zos_core.app_protocol",  # for views and for tools that drive a program's endpoint
    "zos_core.services",  # for tools that speak to init and to the permission service
}
"""Modules nobody in the tree has to import: the command, and what is offered to programs built on the core."""

BYTE_PATH = {
    1: ("zos_tui/keys",),
    2: ("zos_core/supervisor",),
    3: ("zos_core/kernel/",),
    4: ("apps/",),
    5: ("apps/", "zos_core/kernel/", "zos_core/runtime/"),
    6: ("zos_core/kernel/",),
    7: ("zos_core/",),
    8: ("zos_core/", "zos_tui/"),
    9: ("zos_tui/widgets/",),
}
"""Where the stations of one byte stand, from the key to the screen."""

MARKERS = re.compile(
    r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|NotImplemented" r"Error|\b(?:to" r"do|unimple" r"mented)!"
    r"|mark\.(?:sk" r"ip|x" r"fail|fla" r"ky)|pytest\.(?:sk" r"ip|x" r"fail|import" r"orskip)\(|unittest\.sk" r"ip"
)  # fmt: skip
SLEEPS = re.compile(r"\btime\.sl" r"eep\(|\bfrom time import .*\bsl" r"eep\b")
MACHINE_PATHS = re.compile(
    rb"(?<![\w.])/(?:wo" rb"rk|tm" rb"p/briefs|ro" rb"ot|ho" rb"me/\w+|Us" rb"ers/\w+)/|(?<![\w.])\.\./sha" rb"red"
    rb"|\bpy" rb"pi\.org|python" rb"hosted\.org|registry\.np" rb"mjs|static\.cra" rb"tes\.io|deb\.deb" rb"ian\.org"
)  # fmt: skip
STATION = re.compile(r"BYTE PA" r"TH (\d+):")


class File(NamedTuple):
    """A tracked file, by its path from the root with forward slashes."""

    path: str
    data: bytes

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix

    @property
    def text(self) -> str:
        return self.data.decode()

    @property
    def is_source(self) -> bool:
        return self.suffix in (".py", ".rs", ".h", ".c") and not self.path.startswith("tests/")


def read_repository(root: Path) -> list[File]:
    """What git tracks or would track; every file when this is no checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        names = [path.relative_to(root).as_posix() for path in root.rglob("*")]
        names = [name for name in names if not re.search(r"(?:^|/)(?:\.|__pycache__|build/|dist/|target/)", name)]
    return [File(name, (root / name).read_bytes()) for name in sorted(set(names)) if (root / name).is_file()]


@pytest.fixture(scope="module")
def files(root: Path) -> list[File]:
    return read_repository(root)


# --- the rules ----------------------------------------------------------------------------------------------------


def long_functions(files: Iterable[File]) -> list[str]:
    found = []
    for file in files:
        if file.suffix != ".py" or not file.is_source:
            continue
        for node in ast.walk(ast.parse(file.data)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno
                if lines > MAX_FUNCTION_LINES:
                    found.append(f"{file.path}: {node.name} has {lines} lines")
    return found


def long_files(files: Iterable[File]) -> list[str]:
    counted = ((file.path, file.data.count(b"\n")) for file in files if file.is_source)
    return [f"{path} has {lines} lines" for path, lines in counted if lines > MAX_FILE_LINES]


def undescribed_files(files: Iterable[File]) -> list[str]:
    python = (file for file in files if file.suffix == ".py")
    return [f"{file.path} does not say what it is" for file in python if not ast.get_docstring(ast.parse(file.data))]


def leftover_markers(files: Iterable[File]) -> list[str]:
    return grep(MARKERS, files)


def sleeps(files: Iterable[File]) -> list[str]:
    return grep(SLEEPS, (file for file in files if file.suffix == ".py"))


def machine_paths(files: Iterable[File]) -> list[str]:
    return [f"{file.path}: {match.group().decode()}" for file in files for match in MACHINE_PATHS.finditer(file.data)]


def grep(pattern: re.Pattern[str], files: Iterable[File]) -> list[str]:
    found = []
    for file in files:
        if file.suffix in TEXT and file.suffix not in GENERATED:
            lines = enumerate(file.text.splitlines(), 1)
            found += [f"{file.path}:{number}: {match[0]}" for number, line in lines if (match := pattern.search(line))]
    return found


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported_modules(file: File) -> set[str]:
    """Every dotted name the file may import, from any depth: `from a import b` is `a` or `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.data)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_started_directly(file: File) -> bool:
    """A module run with `python -m`."""
    return file.path.endswith("/__main__.py") or b'if __name__ == "__main__"' in file.data


def dead_modules(files: Iterable[File]) -> list[str]:
    python = [file for file in files if file.suffix == ".py"]
    imported: set[str] = set()
    for file in python:
        if file.path.split("/")[0] in IMPORTERS:
            imported |= imported_modules(file) - {module_name(file.path)}
    return [
        f"{file.path} is imported by nobody"
        for file in python
        if file.path.split("/")[0] in PACKAGES
        and not file.path.endswith("/__init__.py")
        and module_name(file.path) not in imported | ENTRY_POINTS | PUBLIC
        and not is_started_directly(file)
    ]


def broken_byte_path(files: Iterable[File]) -> list[str]:
    """The tags of the tour from key to screen: every station once, each where that station stands."""
    stations: dict[int, list[str]] = {number: [] for number in BYTE_PATH}
    found = []
    for file in files:
        if file.path.split("/")[0] not in (*PACKAGES, "apps") or file.suffix not in TEXT:
            continue
        for number in map(int, STATION.findall(file.text)):
            stations.setdefault(number, []).append(file.path)
    for number, paths in sorted(stations.items()):
        if len(paths) != 1 or number not in BYTE_PATH:
            found.append(f"station {number} stands in {', '.join(paths) or 'no file'}")
        elif not paths[0].startswith(BYTE_PATH[number]):
            found.append(f"station {number} stands in {paths[0]}, not in {' or '.join(BYTE_PATH[number])}")
    return found


Rule = Callable[[Iterable[File]], list[str]]
RULES: tuple[Rule, ...] = (
    long_functions, long_files, undescribed_files, leftover_markers, sleeps, machine_paths, dead_modules,
    broken_byte_path,
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_repository(rule: Rule, files: list[File]) -> None:
    complaints = rule(files)
    assert not complaints, "\n".join(["", *complaints])


# --- each rule catches what it is for -----------------------------------------------------------------------------

SIXTY_TWO = b"def f():\n" + b"    pass\n" * 61
CAUGHT: list[tuple[Rule, str, bytes]] = [
    (long_functions, "zos_core/a.py", SIXTY_TWO),
    (long_files, "zos_core/a.py", b"\n" * 451),
    (long_files, "apps/terminal/src/lib.rs", b"\n" * 451),
    (undescribed_files, "tests/a.py", b"x = 1\n"),
    (leftover_markers, "zos_core/a.py", b"# TO" b"DO later\n"),
    (leftover_markers, "apps/init/src/lib.rs", b"unimple" b"mented!()\n"),
    (leftover_markers, "tests/a.py", b"@pytest.mark.sk" b"ipif(True)\n"),
    (leftover_markers, "zos_core/a.py", b"raise NotImplemented" b"Error\n"),
    (sleeps, "tests/a.py", b"time.sl" b"eep(1)\n"),
    (sleeps, "tests/a.py", b"from time import monotonic, sl" b"eep\n"),
    (machine_paths, "README.md", b"cd /wo" b"rk/main"),
    (machine_paths, "README.md", b"see ../sha" b"red/spec"),
    (machine_paths, "apps/init/init.wasm", b"\0\xff/ho" b"me/someone/src/lib.rs\0"),
    (machine_paths, "Makefile", b"--index-url https://py" b"pi.org/simple"),
    (dead_modules, "zos_core/a.py", b"import zos_core.a\n"),
    (broken_byte_path, "zos_tui/keys.py", b"# BYTE PA" b"TH 1: twice\n# BYTE PA" b"TH 1: twice\n"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "data"), CAUGHT)
def test_a_rule_catches_its_example(rule: Rule, path: str, data: bytes) -> None:
    assert rule([File(path, data)]) != []


def test_a_byte_path_in_order_is_accepted_and_a_misplaced_station_is_not() -> None:
    tag = b"BYTE PA" b"TH %d: here"  # fmt: skip
    tour = [File(f"{places[0]}x.py", tag % number) for number, places in BYTE_PATH.items()]
    assert broken_byte_path(tour) == []
    swapped = [tour[0]._replace(path=tour[8].path), tour[8]._replace(path=tour[0].path), *tour[1:8]]
    assert len(broken_byte_path(swapped)) == 2


def test_an_imported_module_is_alive() -> None:
    command = File("zos_tui/b.py", b'from zos_core import a\nif __name__ == "__main__":\n    a.run()\n')
    assert dead_modules([File("zos_core/a.py", b""), command]) == []


def test_tests_and_generated_files_are_read_with_their_own_measure() -> None:
    assert long_functions([File("tests/a.py", SIXTY_TWO)]) == []
    assert leftover_markers([File("screenshots/a.svg", b"<text>TO" b"DO</text>")]) == []
