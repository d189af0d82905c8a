"""A fault put into the kernel's source, and a test run on the kernel that has it.

Rules of this file
- Each mutant runs in a process of its own, forked from one that has imported everything but the kernel; the changed
  source is compiled in memory, and no file is written.
- Caught means that the named test failed: pytest's status 1, and not that something could not be imported or found.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import math
import os
import signal
import sys
import time
from collections.abc import Sequence
from types import CodeType, ModuleType

import hypothesis.stateful
import pytest

from tests.kernel.mutants import MUTANTS, ROOT, Mutant

BOUND_S = 60
"""How long one mutant may take before it counts as one that nobody caught."""
PASSED, CAUGHT = int(pytest.ExitCode.OK), int(pytest.ExitCode.TESTS_FAILED)
HUNG = -1
UNCHANGED = "no mutant"
PREPARED = (hypothesis.stateful, pytest)
"""Imported before the fork, once for all mutants."""


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from its changed source, never from or to a cache."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._name = f"zos_core.{mutant.module}"
        self._loader = _Changed(self._name, str(mutant.path), mutant.source())

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._loader.path, loader=self._loader)


def run_tests(tests: Sequence[str]) -> int:
    """pytest's exit status for some tests of tests/kernel, without plug-ins and configuration: they cost most of it."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-x", "-q", "--no-header", "--import-mode=importlib", "-p", "no:cacheprovider", "-c", os.devnull]
    return int(pytest.main([*options, f"--rootdir={ROOT}", *(str(ROOT / "tests/kernel" / test) for test in tests)]))


def in_a_fork(mutant: Mutant | None, tests: Sequence[str]) -> int:
    """pytest's exit status for these tests with the mutant, or without one; HUNG when it takes too long."""
    pid = os.fork()
    if not pid:
        signal.alarm(BOUND_S)
        status = int(pytest.ExitCode.INTERNAL_ERROR)
        try:
            assert "zos_core" not in sys.modules, "the kernel must not be there yet"
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1), os.dup2(quiet, 2)
            if mutant is not None:
                sys.meta_path.insert(0, _Finder(mutant))
            status = run_tests(tests)
        finally:
            os._exit(status)
    _, ended = os.waitpid(pid, 0)
    return HUNG if os.WIFSIGNALED(ended) else os.WEXITSTATUS(ended)


def main(argv: Sequence[str]) -> int:
    """Runs the named mutants, or all, and says `status<TAB>name` of each; first the same tests without any."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernel.mutate", description="Runs mutants of the kernel.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=math.inf, help="start no further mutant after that long")
    args = parser.parse_args(argv)
    end = time.monotonic() + args.seconds
    chosen = [mutant for mutant in MUTANTS if not args.names or mutant.name in args.names]
    print(f"{in_a_fork(None, sorted({mutant.caught_by for mutant in chosen}))}\t{UNCHANGED}", flush=True)
    for mutant in chosen:
        if time.monotonic() >= end:
            break
        print(f"{in_a_fork(mutant, [mutant.caught_by])}\t{mutant.name}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
