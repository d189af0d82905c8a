"""The example of the documentation, run as a stranger would: it comes to the same head, and names the same bad tick."""

from __future__ import annotations

import ast
import json
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from zos_core.record.recording import Recording
from zos_core.record.verify import Head, verify

MAX_LINES = 100


def run_example(root: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """With nothing on the path but the standard library."""
    example = root / "docs" / "verify_example.py"
    return subprocess.run(
        [sys.executable, "-I", "-S", str(example), str(path)], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_stranger_comes_to_the_same_head(root: Path, recorded: Path) -> None:
    recording = Recording(recorded)
    head = verify(recording)
    recording.close()
    assert isinstance(head, Head)
    told = run_example(root, recorded)
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout) == asdict(head)
    assert not list(recorded.parent.glob(f"{recorded.name}-*")), "looking leaves nothing behind"


def test_a_stranger_names_the_first_bad_tick(root: Path, recorded: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zosrec"
    for tick, statement in (
        (3, "UPDATE ticks SET wallclock_ms = 7 WHERE tick = 3"),
        (2, "DELETE FROM ticks WHERE tick = 2"),
        (4, "UPDATE ticks SET syslog = X'00' WHERE tick >= 4"),
        (1, "UPDATE header SET value = '9' WHERE key = 'started'"),
        (1, "UPDATE modules SET data = X'00'"),
    ):
        shutil.copyfile(recorded, changed)
        with sqlite3.connect(changed) as db:
            db.execute(statement)
        db.close()
        told = run_example(root, changed)
        assert told.returncode == 1
        assert told.stderr.startswith(f"{changed}: tick {tick}: ") and told.stderr.count("\n") == 1


def test_a_stranger_needs_little_and_nothing_of_ours(root: Path) -> None:
    source = (root / "docs" / "verify_example.py").read_text()
    assert source.count("\n") < MAX_LINES
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                     else [node.module or ""] if isinstance(node, ast.ImportFrom) else [])
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names
