"""The same programs recorded: a replay gives what they wrote, asks no host, and a changed answer is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.support import ROOT, environment, zos
from tests.record.test_verify_example import run_example
from tests.record.test_versions import other_pythons, run_with
from tests.wasi.programs.scripts import ICEPLL, JAVASCRIPT, JAVASCRIPT_SAYS, PYTHON, PYTHON_SAYS
from tests.wasi.programs.support import (
    SCRIPTS,
    Programs,
    change_a_result,
    check_recording,
    output_of,
    recording,
    replay_elsewhere,
    run,
    start,
)
from zos_tui.cli.folders import module_cache


class Case(NamedTuple):
    """A run by the command; `says` is all that it writes, None when that is not the question here."""

    program: str
    args: tuple[str, ...] = ()
    stdin: bytes = b""
    says: str | None = None
    code: int = 0


CASES = {
    "icepll": Case("icepll", ("-i", "12", "-o", "60"), says=ICEPLL),
    "micropython": Case("micropython", (f"{SCRIPTS}/files.py", "an argument"), says=PYTHON_SAYS),
    "micropython from a pipe": Case("micropython", stdin=b"import sys, time\nprint(time.time_ns(), sys.argv)\n"),
    "quickjs evaluates": Case("quickjs", ("-e", "print(Math.random(), Date.now())")),
    "quickjs": Case("quickjs", (f"{SCRIPTS}/files.js",), says=JAVASCRIPT_SAYS, code=3),
    "quickjs prompts": Case("quickjs", stdin=b"6 * 7\nDate.now()\n"),
}
_OUTSIDE = """
import sys
from pathlib import Path
touched = []
def watch(event, arguments):
    if event == "open" or event.startswith(("os.", "shutil.")):
        if arguments and not isinstance(arguments[0], int):
            touched.append((event, *map(str, arguments)))
from tests.record.sessions import replayed
path, cache = map(Path, sys.argv[1:])
replayed(path, cache)
sys.addaudithook(watch)
replayed(path, cache)
own = (str(cache), str(path), str(Path.cwd()), sys.prefix, sys.base_prefix)
print([each for each in touched if not any(place in str(each) for place in own)])
"""
_FACTS = """
import sys
from pathlib import Path
from tests.record.sessions import replayed
facts = replayed(Path(sys.argv[1]), Path(sys.argv[2]))
print(facts.head, facts.state, sorted(facts.output.items()), sorted(facts.memory.items()))
"""
_RECORD = """
import sys
from pathlib import Path
from tests.record.sessions import Facts, tell_facts
from tests.wasi.programs.support import Programs, Program, recording, start
path, folder, scripts, module = map(Path, sys.argv[1:])
with recording(path) as (machine, facts):
    start(machine, Program(module, stubs=True), "/scripts/files.py", folder=folder, scripts=scripts).ends()
print(facts.head, facts.state, sorted(facts.output.items()), sorted(facts.memory.items()))
"""


@pytest.fixture
def filled(scripts: Path) -> Path:
    (scripts / "files.py").write_text(PYTHON)
    (scripts / "files.js").write_text(JAVASCRIPT)
    return scripts


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_run_is_replayed_without_its_files(
    name: str, programs: Programs, root: Path, tmp_path: Path, folder: Path, filled: Path
) -> None:
    case, path = CASES[name], tmp_path / "run.zosrec"
    done = run(
        getattr(programs, case.program), *case.args, folder=folder, scripts=filled, record=path, stdin=case.stdin
    )
    assert (done.returncode, done.stderr) == (case.code, b"")
    assert case.says is None or done.stdout.decode() == case.says
    check_recording(root, path)
    shutil.rmtree(filled)
    assert output_of(replay_elsewhere(path, folder, tmp_path)) == done.stdout
    tick = change_a_result(path)
    assert f"tick {tick}: " in zos("verify", path).stderr.decode()
    assert f"tick {tick}: " in run_example(root, path).stderr


def test_prompts_in_tabs_are_replayed(programs: Programs, root: Path, tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "tabs.zosrec"
    with recording(path) as (machine, facts):
        python, javascript = start(machine, programs.micropython, folder=folder), start(machine, programs.quickjs)
        python.sees(b">>> ")
        javascript.sees(b"qjs > ")
        python.type(b"open('/given/n', 'w').write('seven')\n")
        javascript.type(b"6 * 7\n")
        python.sees(b">>> ")
        javascript.sees(b"42")
        python.press_ctrl_d()
        javascript.press_ctrl_d()
        assert (python.ends().code, javascript.ends().code) == (0, 0)
    assert output_of(facts, python.pid) == python.shown and output_of(facts, javascript.pid) == javascript.shown
    check_recording(root, path)
    assert replay_elsewhere(path, folder, tmp_path) == facts
    tick = change_a_result(path)
    assert f"tick {tick}: " in zos("verify", path).stderr.decode()


def test_a_replay_touches_nothing_but_the_recording(
    programs: Programs, tmp_path: Path, folder: Path, filled: Path
) -> None:
    """Watched by Python's own audit hook, in a process of its own."""
    path = tmp_path / "run.zosrec"
    run(programs.micropython, f"{SCRIPTS}/files.py", folder=folder, scripts=filled, record=path)
    before = sorted(folder.rglob("*"))
    assert before
    told = subprocess.run(
        [sys.executable, "-P", "-c", _OUTSIDE, str(path), str(module_cache())], env=environment(), cwd=ROOT,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (told.stdout, told.stderr) == ("[]\n", "")
    assert sorted(folder.rglob("*")) == before


def test_recordings_of_programs_replay_on_every_python(
    programs: Programs, tmp_path: Path, folder: Path, filled: Path
) -> None:
    """In a ring: each version's recording on the next one, this one's on another and another's on this one."""
    versions = [sys.executable, *other_pythons()]
    for at, python in enumerate(versions):
        path, other = tmp_path / f"{at}.zosrec", versions[(at + 1) % len(versions)]
        expected = run_with(python, _RECORD, path, folder, filled, programs.micropython.path)
        shutil.rmtree(folder)
        assert run_with(other, _FACTS, path, module_cache()) == expected, (python, other)
        folder.mkdir()
