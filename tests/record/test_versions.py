"""A recording made by this Python replays on the others that are installed: nothing in it is Python's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.record.sessions import Facts, record_session, replayed
from zos_core.record.recording import Recording

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 60
VERSIONS = ((3, 11), (3, 12), (3, 13))
_REPLAY = """
import sys
from pathlib import Path
from tests.record.sessions import replayed
facts = replayed(Path(sys.argv[1]), Path(sys.argv[2]))
print(facts.head, facts.state, sorted(facts.memory.items()))
"""
_RECORD = """
import sys
from pathlib import Path
from tests.record.sessions import record_session
path, facts = record_session(Path(sys.argv[1]), Path(sys.argv[2]), seed=int(sys.argv[3]))
print(facts.head, facts.state, sorted(facts.memory.items()))
"""
_FINGERPRINT = "from zos_core.runtime.engine import settings_fingerprint; print(settings_fingerprint())"


def other_pythons() -> list[str]:
    """Tested versions that are installed beside this one, whole: where pyenv keeps them, or on the path."""
    found = []
    for major, minor in VERSIONS:
        if (major, minor) == sys.version_info[:2]:
            continue
        pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{major}.{minor}.*/bin/python"))
        candidates = (*map(str, pyenv), shutil.which(f"python{major}.{minor}"))
        found += [each for each in candidates if each is not None and is_whole(each)][:1]
    return found


def is_whole(python: str) -> bool:
    """Not a stand-in that only says how to install it, and built with what the core needs."""
    return subprocess.run([python, "-c", "import ctypes, sqlite3"], capture_output=True, check=False).returncode == 0


def run_with(python: str, code: str, *arguments: str | Path) -> str:
    """In another interpreter, with the packages of this one: all that the core needs of them is pure Python."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    done = subprocess.run(
        [python, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *packages])},
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_this_python_recorded_replays_on_the_others(tmp_path: Path, cache: Path) -> None:
    path, live = record_session(tmp_path, cache, seed=13)
    assert replayed(path, cache) == live
    for python in other_pythons():
        assert run_with(python, _REPLAY, path, cache) == in_words(live), python


def test_what_the_others_recorded_replays_on_this_python(tmp_path: Path, cache: Path) -> None:
    for seed, python in enumerate(other_pythons(), 14):
        live = run_with(python, _RECORD, tmp_path, cache, str(seed))
        assert in_words(replayed(tmp_path / f"session-{seed}.zosrec", cache)) == live, python


def in_words(facts: Facts) -> str:
    return f"{facts.head} {facts.state} {sorted(facts.memory.items())}"


def test_a_recording_does_not_depend_on_which_python_made_it(recorded: Path) -> None:
    """Where only one Python is installed, at least this: the same fingerprint in a process of its own."""
    recording = Recording(recorded)
    fingerprint = recording.header.fingerprint
    recording.close()
    for python in (sys.executable, *other_pythons()):
        assert run_with(python, _FINGERPRINT) == fingerprint
