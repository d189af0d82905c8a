"""CPython itself, which compiles for half a minute: only in the soak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.wasi.programs.support import GUEST, PATIENCE_S, Programs, output_of, recording, replay_elsewhere, start

SCRIPT = f"""
import json, os
with open('{GUEST}/numbers', 'w') as file:
    json.dump([n * n for n in range(5)], file)
print(sum(range(10 ** 5)), sorted(os.listdir('{GUEST}')))
try:
    open('/etc/passwd')
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.soak
def test_cpython_runs_a_script_and_is_replayed(programs: Programs, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "cpython.zosrec"
    with recording(path) as (machine, _):
        tab = start(machine, programs.python, "-c", SCRIPT, folder=folder, memory=256 << 20)
        assert machine.run_until(lambda: tab.ended is not None, 10 * PATIENCE_S)
        assert tab.ends().code == 0
    assert json.loads((folder / "numbers").read_text()) == [0, 1, 4, 9, 16]
    assert output_of(replay_elsewhere(path, folder, tmp_path)) == tab.shown
    assert bytes(tab.shown) == b"4999950000 ['numbers']\nFileNotFoundError\n"
