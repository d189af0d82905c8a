"""`python -m benchmarks [NAME...] [--json] [--quick]`."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.measure import FULL, QUICK, Effort, Row, table

INTERRUPTED = 130
FAILURES = (ImportError, OSError, RuntimeError, subprocess.SubprocessError)
"""What a benchmark can run into on a computer: a package or program that is missing, silent, or refused."""

BENCHMARKS: dict[str, str] = {
    # name: what it measures; the module of that name has `run(effort)`
    "calls": "system calls beside empty host calls",
    "messages": "messages between two processes beside a pipe",
    "recording": "messages while they are recorded, beside the same without",
    "replaying": "a recorded session of ten minutes replayed, beside its length",
    "timeline": "jumps in a million commits beside reducing them all, and ten minutes replayed",
    "spawning": "processes started beside subprocesses",
    "revocation": "10,000 capabilities revoked at once, beside a recursive DELETE of SQLite",
    "resident": "memory of idle processes beside sleeping ones",
    "wasi": "programs built for WASI beside the engine's own WASI",
    "emulator": "the terminal emulator beside pyte",
    "startup": "start to first paint, beside an empty Textual app",
    "latency": "key to echo beside an endless loop, and an Input of Textual",
    "notice": "revoking to the notice on the screen beside two endless loops, and killing a job in bash",
    "idle": "processor time of an idle desktop, beside a Textual clock",
}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Benchmarks, each beside what one would use instead.",
        epilog="\n".join(f"  {name:10} {what}" for name, what in BENCHMARKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these; all when none is named")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--quick", action="store_true", help="shorter and rougher: does it work at all")
    args = parser.parse_args(argv)
    unknown = [name for name in args.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
    return args


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measure(names: Sequence[str], effort: Effort, rows: list[Row]) -> int:
    """Adds every row; the exit status. A benchmark that fails is one line, and the others go on."""
    status = 0
    for name in names:
        tell(f"{name}: {BENCHMARKS[name]} ...")
        try:
            rows.extend(importlib.import_module(f"benchmarks.{name}").run(effort))
        except KeyboardInterrupt:
            tell(f"{name}: interrupted")
            return INTERRUPTED
        except FAILURES as error:
            tell(f"{name}: failed: {error}")
            status = 1
    return status


def as_json(rows: Sequence[Row]) -> str:
    host = {"python": platform.python_version(), "platform": platform.platform()}
    return json.dumps({"host": host, "rows": [asdict(row) for row in rows]}, indent=2, ensure_ascii=False)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    rows: list[Row] = []
    status = measure(args.names or list(BENCHMARKS), QUICK if args.quick else FULL, rows)
    print(as_json(rows) if args.json else table(rows))
    return status


if __name__ == "__main__":
    sys.exit(main())
