"""`zos bench`: the benchmarks of a checkout."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from zos_tui.cli.messages import CommandFailed
from zos_tui.cli.version import checkout


def bench(arguments: Sequence[str]) -> int:
    """Run them in a Python of their own; its status. Raises `CommandFailed` where there are none."""
    root = checkout()
    if root is None or not (root / "benchmarks" / "__main__.py").is_file():
        raise CommandFailed("the benchmarks come with a checkout of the source, and this is an installed package")
    return subprocess.call([sys.executable, "-m", "benchmarks", *arguments], cwd=root)
