"""Builds the bundled guest programs into place, or checks that the committed modules are what the sources give.

    build.py                     build every app to apps/NAME/NAME.wasm
    build.py --output DIR        build to DIR/NAME.wasm instead
    build.py --check             rebuild in a folder of another name and compare every byte
    build.py --test              run the crates' unit tests on this machine

Rules of this file
- The bytes depend on the sources and on the toolchain named in TOOLCHAIN, on nothing else: not on the folder, the
  environment, the user's cargo configuration or the time. Another toolchain is refused, never tried.
- After linking, a module keeps the custom sections `name` (a fault shows function names) and `zos.manifest`; what
  else the standard library brought along is dropped, and the names are written as people write them.
- Standard library only, so that it runs before anything is installed. Any failure is one line and exit code 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

APPS = Path(__file__).resolve().parent
CUSTOM_SECTION = 0
KEPT_CUSTOM_SECTIONS = (b"name", b"zos.manifest")
FUNCTION_NAMES = 1
WASM_HEADER = b"\0asm\x01\0\0\0"

ESCAPES = {
    "SP": "@", "BP": "*", "RF": "&", "LT": "<", "GT": ">", "LP": "(", "RP": ")", "C": ",",
}  # fmt: skip
"""The legacy mangling's names for punctuation."""


class BuildError(Exception):
    """A failure with one clear line."""


class Section(NamedTuple):
    """One section of a module: its id, its content, and the bytes of both with the length."""

    id: int
    content: bytes
    encoded: bytes


# --- the module format --------------------------------------------------------------------------------------------


def read_leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number and the position behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def leb(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def counted(data: bytes) -> bytes:
    return leb(len(data)) + data


def sections(module: bytes) -> Iterator[Section]:
    if module[:8] != WASM_HEADER:
        raise BuildError("the linker wrote no WebAssembly module")
    at = 8
    while at < len(module):
        size, body = read_leb(module, at + 1)
        yield Section(module[at], module[body : body + size], module[at : body + size])
        at = body + size


def demangle(symbol: str) -> str:
    """`_ZN4core3fmt5write17h...E` as `core::fmt::write`; what is not mangled that way stays as it is."""
    match = re.match(r"_ZN((?:\d+[^\d].*)+)E", symbol)
    if match is None:
        return symbol
    rest, parts = match.group(1), []
    while number := re.match(r"\d+", rest):
        start = number.end()
        end = start + int(number.group())
        parts.append(rest[start:end])
        rest = rest[end:]
    if len(parts) > 1 and re.fullmatch(r"h[0-9a-f]{16}", parts[-1]):
        parts.pop()
    return "::".join(_unescape(part) for part in parts)


def _unescape(part: str) -> str:
    def replacement(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] == "u" else ESCAPES.get(code, match.group())

    if part.startswith("_$"):
        part = part[1:]
    return re.sub(r"\$(u[0-9a-f]+|[A-Z]+)\$", replacement, part).replace("..", "::")


def readable_names(content: bytes) -> bytes:
    """The `name` section with its function names demangled; other subsections are dropped."""
    _, at = read_leb(content, 0)
    at += len(b"name")
    while at < len(content):
        kind = content[at]
        size, body = read_leb(content, at + 1)
        if kind == FUNCTION_NAMES:
            return counted(b"name") + bytes([kind]) + counted(_readable_map(content[body : body + size]))
        at = body + size
    raise BuildError("the module names no functions")


def _readable_map(names: bytes) -> bytes:
    count, at = read_leb(names, 0)
    out = [leb(count)]
    for _ in range(count):
        index, at = read_leb(names, at)
        size, at = read_leb(names, at)
        out += [leb(index), counted(demangle(names[at : at + size].decode()).encode())]
        at += size
    return b"".join(out)


def strip(module: bytes) -> bytes:
    """The module without custom sections other than the kept ones."""
    out = [WASM_HEADER]
    for section in sections(module):
        if section.id != CUSTOM_SECTION:
            out.append(section.encoded)
            continue
        size, at = read_leb(section.content, 0)
        name = section.content[at : at + size]
        if name in KEPT_CUSTOM_SECTIONS:
            content = readable_names(section.content) if name == b"name" else section.content
            out.append(bytes([CUSTOM_SECTION]) + counted(content))
    return b"".join(out)


# --- building -----------------------------------------------------------------------------------------------------


def app_names(folder: Path) -> list[str]:
    """Every folder with a manifest is an app."""
    return sorted(path.parent.name for path in folder.glob("*/app.toml"))


def toolchain() -> dict[str, str]:
    """What TOOLCHAIN names, once the tools on this machine have proved to be just that."""
    wanted: dict[str, str] = tomllib.loads((APPS / "TOOLCHAIN").read_text())
    for tool, arguments in (("rustc", ["-V"]), ("cargo", ["-V"]), ("linker", ["-flavor", "gnu", "--version"])):
        path = wanted[f"{tool}-path"]
        try:
            found = subprocess.run([path, *arguments], capture_output=True, text=True, check=False).stdout.strip()
        except OSError:
            found = "nothing"
        if found != wanted[tool]:
            raise BuildError(f"toolchain differs from apps/TOOLCHAIN: {path} is {found!r}, not {wanted[tool]!r}")
    return wanted


def run_cargo(tools: dict[str, str], folder: Path, arguments: list[str], target_folder: Path) -> None:
    """Runs cargo offline with an environment of its own: no user configuration, no flags from outside."""
    environment = {
        "PATH": os.pathsep.join({str(Path(tools["linker-path"]).parent), "/usr/bin", "/bin"}),
        "HOME": str(target_folder),
        "CARGO_HOME": str(target_folder / "cargo-home"),
        "CARGO_TARGET_DIR": str(target_folder),
        "CARGO_INCREMENTAL": "0",
        "RUSTC": tools["rustc-path"],
        "LC_ALL": "C.UTF-8",
    }
    command = [tools["cargo-path"], *arguments, "--offline", "--locked"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"cargo {arguments[0]} failed:\n{done.stderr.strip()}\n{done.stdout.strip()}")


def build(folder: Path, tools: dict[str, str]) -> dict[str, bytes]:
    """Every app of the workspace in `folder`, as the bytes that are committed."""
    with tempfile.TemporaryDirectory(prefix="zos-guests-") as scratch:
        # Panics name source files: by the same names in any folder. Joined to the flags of .cargo/config.toml.
        remap = f'target.{tools["target"]}.rustflags=["--remap-path-prefix={folder}=apps"]'
        run_cargo(tools, folder, ["build", "--release", "--target", tools["target"], "--config", remap], Path(scratch))
        built = Path(scratch) / tools["target"] / "release"
        return {name: strip((built / f"{name}.wasm").read_bytes()) for name in app_names(folder)}


def copy_of_sources(to: Path) -> Path:
    """The workspace somewhere else, without what was built from it."""
    folder = to / "elsewhere" / "guests"
    shutil.copytree(APPS, folder, ignore=shutil.ignore_patterns("*.wasm", "target", "__pycache__"))
    return folder


def check(tools: dict[str, str]) -> str:
    with tempfile.TemporaryDirectory(prefix="zos-rebuild-") as scratch:
        rebuilt = build(copy_of_sources(Path(scratch)), tools)
    committed = {name: APPS / name / f"{name}.wasm" for name in rebuilt}
    different = [n for n, path in committed.items() if not path.is_file() or path.read_bytes() != rebuilt[n]]
    if different:
        raise BuildError(f"differ from what their sources give: {', '.join(different)}; run apps/build.py")
    return f"{len(rebuilt)} modules are what their sources give, byte for byte"


def build_into_place(tools: dict[str, str], output: Path | None) -> str:
    modules = build(APPS, tools)
    for name, module in modules.items():
        path = output / f"{name}.wasm" if output else APPS / name / f"{name}.wasm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(module)
    return f"built {len(modules)} modules, {sum(map(len, modules.values())):,} bytes"


def run_tests(tools: dict[str, str]) -> str:
    with tempfile.TemporaryDirectory(prefix="zos-tests-") as scratch:
        run_cargo(tools, APPS, ["test", "--workspace"], Path(scratch))
    return "the crates' unit tests pass"


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the bundled guest programs, or check the committed ones.")
    parser.add_argument("--check", action="store_true", help="rebuild elsewhere and compare every byte")
    parser.add_argument("--test", action="store_true", help="run the crates' unit tests on this machine")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write DIR/NAME.wasm instead of into place")
    options = parser.parse_args()
    try:
        tools = toolchain()
        if options.check:
            done = check(tools)
        else:
            done = run_tests(tools) if options.test else build_into_place(tools, options.output)
    except (BuildError, OSError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
