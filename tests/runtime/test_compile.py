"""Compiling: large modules in a child process, everything through a cache that trusts nobody else."""

from __future__ import annotations

import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.support import guest, run, start
from zos_core.runtime import cache, compile, probe
from zos_core.runtime.compile import CompileJob, load_program
from zos_core.runtime.engine import Engine
from zos_core.runtime.fiber import FiberState
from zos_core.runtime.module import ModuleRefused
from zos_core.runtime.shim import SHIM_TEXT

SMALL = guest("(call $yield)")


@pytest.fixture
def large() -> bytes:
    """A module too large to be compiled in place; most of it is data."""
    return guest("", memory='(memory (export "memory") 8)', items=f'(data (i32.const 0) "{"x" * (300 << 10)}")')


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "cache"


@pytest.fixture(autouse=True)
def shims_made(engine: Engine) -> None:
    """The engine of all tests keeps its shims in no test's folder."""
    engine.linked(SHIM_TEXT)


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{cache.SUFFIX}"))


def works(job: CompileJob) -> bool:
    return run(start(job.wait()))[-1] is FiberState.DONE


def test_a_module_is_compiled_once(engine: Engine, folder: Path) -> None:
    first = CompileJob(engine, SMALL, folder)
    second = CompileJob(engine, SMALL, folder)
    assert (first.cached, second.cached) == (False, True)
    assert works(first) and works(second)
    assert len(entries(folder)) == 1
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(entries(folder)[0].stat().st_mode) & 0o077 == 0


def test_a_shim_is_compiled_once_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert works(CompileJob(Engine(), SMALL, folder))
    assert len(entries(folder)) == 2, "the module and its shim"
    monkeypatch.delattr(Engine, "compile")
    assert works(CompileJob(Engine(), SMALL, folder))


def test_another_module_or_other_settings_have_another_entry(engine: Engine, folder: Path) -> None:
    assert cache.entry_key(b"a", "s") != cache.entry_key(b"b", "s") != cache.entry_key(b"b", "t")
    CompileJob(engine, SMALL, folder)
    CompileJob(engine, guest(""), folder)
    assert len(entries(folder)) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign format", "other machine code"])
def test_a_damaged_entry_is_compiled_again(engine: Engine, folder: Path, damage: str) -> None:
    CompileJob(engine, SMALL, folder)
    path = entries(folder)[0]
    content = path.read_bytes()
    damaged = {
        "cut": content[:-1],
        "flipped": content[:200] + bytes([content[200] ^ 1]) + content[201:],
        "empty": b"",
        "foreign format": b"something else",
        "other machine code": cache.pack_entry(b"\x7fELF but not from this engine"),
    }[damage]
    path.write_bytes(damaged)
    job = CompileJob(engine, SMALL, folder)
    assert not job.cached
    assert works(job)
    assert path.read_bytes() == content
    assert CompileJob(engine, SMALL, folder).cached


def test_an_entry_that_others_could_have_written_is_compiled_again(engine: Engine, folder: Path) -> None:
    CompileJob(engine, SMALL, folder)
    path = entries(folder)[0]
    path.chmod(0o666)
    assert not CompileJob(engine, SMALL, folder).cached
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    target = folder / "elsewhere"
    path.rename(target)
    path.symlink_to(target)
    assert not CompileJob(engine, SMALL, folder).cached


def test_an_entry_of_another_user_is_compiled_again(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CompileJob(engine, SMALL, folder)
    path = entries(folder)[0]
    assert cache.read_entry(path) is not None
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.read_entry(path) is None
    job = CompileJob(engine, SMALL, folder)
    assert job.cache_problem is not None and "not used" in job.cache_problem
    assert not job.cached and works(job)


@pytest.mark.parametrize("kind", ["file", "writable by others", "link"])
def test_a_directory_that_cannot_be_trusted_is_not_used(engine: Engine, folder: Path, kind: str) -> None:
    if kind == "file":
        folder.write_text("")
    elif kind == "link":
        (folder.parent / "real").mkdir(mode=0o700)
        folder.symlink_to(folder.parent / "real")
    else:
        folder.mkdir()
        folder.chmod(0o777)
    job = CompileJob(engine, SMALL, folder)
    assert job.cache_problem is not None and "\n" not in job.cache_problem
    assert works(job)
    assert kind == "file" or entries(folder) == []


def test_a_large_module_is_compiled_by_a_child_and_then_only_loaded(
    engine: Engine, folder: Path, large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "compile", None)
    job = CompileJob(engine, large, folder)
    assert not job.done and job.program is None
    assert works(job)
    assert job.poll() and job.elapsed_s > 0
    again = CompileJob(engine, large, folder)
    assert again.cached and again.done and works(again)


def test_a_large_module_needs_no_cache(engine: Engine, large: bytes) -> None:
    assert run(start(load_program(engine, large)))[-1] is FiberState.DONE


def test_compiling_can_be_cancelled(engine: Engine, folder: Path, large: bytes) -> None:
    job = CompileJob(engine, large, folder)
    job.cancel()
    assert job.poll() and job.program is None
    assert job.error == "compiling was cancelled"
    assert entries(folder) == []
    job.cancel()
    assert job.error == "compiling was cancelled"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os.abort()", f"ended by signal {signal.SIGABRT:d}"),
        ("import os; os.kill(os.getpid(), 9)", f"ended by signal {signal.SIGKILL:d}"),
        ("raise SystemExit('no more memory')", "no more memory"),
        ("raise SystemExit(3)", "ended with status 3"),
        ("pass", "ended with status 0"),
        ("import sys; print('x' * 200_000, file=sys.stderr); raise SystemExit('the end')", "the end"),
    ],
)
def test_a_compiler_that_fails_is_one_line(
    engine: Engine, folder: Path, large: bytes, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    monkeypatch.setattr(compile, "child_command", lambda *_: [sys.executable, "-c", program])
    with pytest.raises(ModuleRefused, match=words) as refused:
        load_program(engine, large, folder)
    assert "\n" not in str(refused.value)
    assert entries(folder) == []


@pytest.mark.parametrize("padding", [0, 300 << 10])
def test_invalid_code_is_refused_in_one_line_wherever_it_is_compiled(engine: Engine, padding: int) -> None:
    text = f'(data (i32.const 0) "{"x" * padding}")'
    data = guest("(drop (i32.const 1))", memory='(memory (export "memory") 8)', items=text)
    binary = bytearray(compile.prepare(data).wasm)
    at = binary.rindex(b"\x41\x01\x1a")
    binary[at : at + 3] = b"\x1a\x1a\x1a"
    with pytest.raises(ModuleRefused) as refused:
        load_program(engine, bytes(binary))
    assert "\n" not in str(refused.value)


def test_the_child_refuses_wrong_use_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compile.main([]) == 2
    assert compile.main([str(tmp_path / "absent"), str(tmp_path / "out")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and "usage" in lines[0] and "No such file" in lines[1]


def test_fibers_work_on_this_python() -> None:
    assert probe.main() == 0
    assert probe.probe().ok


@pytest.mark.parametrize(
    ("program", "timeout_s", "words"),
    [("import os; os.kill(os.getpid(), 11)", 60.0, "signal 11"), ("while 1: pass", 0.2, "timed out")],
)
def test_a_python_on_which_fibers_crash_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, program: str, timeout_s: float, words: str
) -> None:
    monkeypatch.setattr(probe, "child_command", lambda *_: [sys.executable, "-c", program])
    result = probe.probe(timeout_s)
    assert not result.ok
    assert words in result.message and "\n" not in result.message
