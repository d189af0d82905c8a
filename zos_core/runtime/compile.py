"""Compiling: from a guest's bytes to a program, through the cache, in a child process when it may take long.

Rules of this file
- Compiling can take half a minute, it can crash, and a thread cannot be cancelled: a module of more than
  `MAX_IN_PLACE` bytes is compiled by a child process, which writes the result; here it is only loaded.
- A job has one outcome: a program, or one line that says why there is none.

Run as a program (`python -m zos_core.runtime.compile IN OUT`) this file is that child: IN is a checked binary module,
OUT gets a cache entry. It exits 0, or 1 with one line on standard error.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zos_core.runtime import cache, capi
from zos_core.runtime.engine import Engine, Module
from zos_core.runtime.module import ModuleRefused
from zos_core.runtime.program import Prepared, Program, prepare

if TYPE_CHECKING:
    import subprocess
    import tempfile

MAX_IN_PLACE = 256 << 10
"""Bytes of a module that may be compiled in this process: a few tens of milliseconds."""

_CHILD = "zos_core.runtime.compile"
_SOURCE, _RESULT, _ERRORS = "in.wasm", "out", "errors"


def child_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this package in a child process of the same Python."""
    return [sys.executable, "-m", module, *arguments]


def child_environment() -> dict[str, str]:
    """This process's environment, in which a child finds this package wherever it was loaded from."""
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{inherited}" if inherited else root}


def child_failure(status: int, errors: str) -> str:
    """One line about a child process that ended with `status` and wrote `errors`."""
    if status < 0:
        return f"it was ended by signal {-status} ({signal.strsignal(-status)})"
    lines = errors.strip().splitlines()
    return lines[-1] if lines else f"it ended with status {status}"


class CompileJob:
    """One module on its way to a program. Times are seconds.

    A small or cached module is done at once. After `poll()` has answered True, `program` is set, or `error` is.
    """

    def __init__(self, engine: Engine, data: bytes, cache_dir: Path | None = None, *, stubs: bool = False) -> None:
        self.program: Program | None = None
        self.error: str | None = None
        self.cache_problem: str | None = None
        self.cached = False
        self._engine = engine
        self._started = time.monotonic()
        self._ended: float | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._cache: cache.CompileCache | None = None
        try:
            if cache_dir is not None:
                self._cache = cache.CompileCache(cache_dir)
        except cache.CacheUnusable as problem:
            self.cache_problem = str(problem)
        try:
            self._prepared = prepare(data, stubs=stubs)
            self._begin(self._prepared)
        except ModuleRefused as refused:
            self._fail(str(refused))

    @property
    def done(self) -> bool:
        return self._ended is not None

    @property
    def elapsed_s(self) -> float:
        """How long the job has run, or ran."""
        return (self._ended if self._ended is not None else time.monotonic()) - self._started

    def _finish(self, module: Module) -> None:
        self.program = Program.of(self._engine, self._prepared.info, module, self._cache)
        self._ended = time.monotonic()

    def _fail(self, error: str) -> None:
        self.error = error
        self._ended = time.monotonic()

    def _begin(self, prepared: Prepared) -> None:
        self._key = cache.entry_key(prepared.wasm, self._engine.fingerprint)
        module = self._engine.load(self._cache.load(self._key)) if self._cache is not None else None
        if module is not None:
            self.cached = True
            self._finish(module)
        elif len(prepared.wasm) <= MAX_IN_PLACE:
            self._compile_here(prepared)
        else:
            self._start_child(prepared)

    def _compile_here(self, prepared: Prepared) -> None:
        try:
            module = self._engine.compile(prepared.wasm)
        except capi.EngineError as error:
            self._fail(f"the module is not valid: {error}")
            return
        if self._cache is not None:
            self._cache.store(self._key, module.serialize())
        self._finish(module)

    def _start_child(self, prepared: Prepared) -> None:
        import subprocess
        import tempfile

        try:
            self._folder = tempfile.TemporaryDirectory(prefix="zos-compile-")
            source, result, errors = (Path(self._folder.name, name) for name in (_SOURCE, _RESULT, _ERRORS))
            source.write_bytes(prepared.wasm)
            # A file, not a pipe: nobody reads while the child runs, and a full pipe would stop it for ever.
            with errors.open("wb") as stderr:
                self._child = subprocess.Popen(
                    child_command(_CHILD, str(source), str(result)),
                    env=child_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                )
        except OSError as error:
            self._close()
            self._fail(f"the module could not be compiled: {error}")

    def poll(self) -> bool:
        """Whether the job is done. Never waits."""
        if self._child is not None and self._folder is not None and self._child.poll() is not None:
            self._collect(self._child, Path(self._folder.name))
        return self.done

    def wait(self) -> Program:
        """Waits for the end. Raises `ModuleRefused` with the job's error."""
        if self._child is not None:
            self._child.wait()
        self.poll()
        if self.program is None:
            raise ModuleRefused(self.error or "the module was not compiled")
        return self.program

    def cancel(self) -> None:
        """Ends a job that is not done; its error says so."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._close()
            self._fail("compiling was cancelled")

    def _collect(self, child: subprocess.Popen[bytes], folder: Path) -> None:
        code = cache.read_entry(folder / _RESULT) if child.returncode == 0 else None
        errors = (folder / _ERRORS).read_text(errors="replace")
        self._close()
        module = self._engine.load(code)
        if code is None or module is None:
            self._fail(f"the compiler failed: {child_failure(child.returncode, errors)}")
            return
        if self._cache is not None:
            self._cache.store(self._key, code)
        self._finish(module)

    def _close(self) -> None:
        self._child = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def load_program(engine: Engine, data: bytes, cache_dir: Path | None = None, *, stubs: bool = False) -> Program:
    """A program from a module, binary or text. Waits for the compiler. Raises `ModuleRefused`."""
    return CompileJob(engine, data, cache_dir, stubs=stubs).wait()


def main(arguments: list[str]) -> int:
    """The child process."""
    if len(arguments) != 2:
        sys.stderr.write(f"usage: python -m {_CHILD} IN OUT\n")
        return 2
    source, result = map(Path, arguments)
    try:
        cache.write_entry(result, Engine().compile(source.read_bytes()).serialize())
    except (OSError, capi.EngineError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
