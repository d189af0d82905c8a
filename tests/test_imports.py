"""Imports as they happen: the core and the headless commands load no screen and no event loop.

The contracts of pyproject.toml read the source; these tests ask a fresh interpreter what it really loaded.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

UNWANTED = ("asyncio", "rich", "textual")
LOADED = f"import json, sys; print(json.dumps([name for name in {UNWANTED!r} if name in sys.modules]))"
HELP = """
import contextlib, io, sys
from zos_tui.cli.main import main
sys.argv = ["zos", *{arguments!r}]
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
    main()
assert "usage" in said.getvalue().lower(), said.getvalue()
"""


def loaded_after(code: str, root: Path) -> list[str]:
    """Which unwanted packages a fresh interpreter has loaded after running `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOADED}"], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


@pytest.mark.parametrize("module", ["zos_core", "zos_core.abi", "zos_core.kernel", "zos_core.supervisor"])
def test_the_core_loads_no_screen_and_no_event_loop(module: str, root: Path) -> None:
    assert loaded_after(f"import {module}", root) == []


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]], ids=" ".join)
def test_headless_commands_load_no_screen(arguments: list[str], root: Path) -> None:
    assert "textual" not in loaded_after(HELP.format(arguments=arguments), root)


def test_the_question_can_be_answered_with_yes(root: Path) -> None:
    assert loaded_after("import asyncio", root) == ["asyncio"]
