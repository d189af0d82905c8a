"""The commands that work with a recording, in processes of their own: with pipes, and with a person who is asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.support import Person, command, zos
from zos_core.record.album import SUFFIX, hold, let_go
from zos_tui.cli.main import main

TYPED = b"ps\nspawn idle\ngrant 5 1 rw\nkill 9\nexit\n"
RUN = ("--grant", "process:factory:w", "terminal")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shell that started a program, was refused a thing or two, and left. Nobody changes it."""
    path = tmp_path_factory.mktemp("recorded") / "shell.zosrec"
    run = zos("run", "--record", path, *RUN, stdin=TYPED)
    assert run.returncode == 0 and b"started as process 4" in run.stdout, run
    assert run.stderr == b""
    return path


@pytest.fixture
def changed(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(recorded, tmp_path / "changed.zosrec"))


def execute(path: Path, statement: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(statement)
    db.close()


Command = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str]) -> Command:
    """The command in this process, for those that are asked many times."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        status = main([str(each) for each in arguments])
        told = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, status, told.out.encode(), told.err.encode())

    return run


def lines(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout.decode().splitlines()


def refused(done: subprocess.CompletedProcess[bytes], status: int = 1) -> str:
    """The one line of an error."""
    assert done.returncode == status and done.stderr.count(b"\n") == 1, done
    text = done.stderr.decode()
    assert text.startswith("zos: ") and "Traceback" not in text
    return text


def test_a_recorded_run_is_the_same_to_whoever_watches(tmp_path: Path) -> None:
    plain = zos("run", *RUN, stdin=TYPED)
    recorded = zos("run", "--record", tmp_path / "a.zosrec", *RUN, stdin=TYPED)
    assert (plain.returncode, plain.stderr) == (recorded.returncode, recorded.stderr)
    assert plain.stdout.splitlines()[-3:] == recorded.stdout.splitlines()[-3:]


def test_replay_says_what_it_replayed(recorded: Path) -> None:
    first, processes, head = lines(zos("replay", recorded))
    assert first.startswith(f"{recorded}: replayed ") and first.endswith("all as recorded")
    assert processes == "3 processes: init (1), permission (2), idle (4)"
    assert len(head.rsplit(" ", 1)[1]) == 64
    chains, *same = lines(zos("replay", recorded, "--verify"))
    assert chains.endswith("both chains hold") and same == [first, processes, head]


def test_replay_stops_where_it_is_told(recorded: Path, here: Command) -> None:
    assert "replayed 3 ticks" in lines(here("replay", recorded, "--until", "3"))[0]
    assert "replayed 3 ticks" in lines(here("replay", recorded, "--until", "tick:3"))[0]
    stopped = lines(here("replay", recorded, "--until", "commit:20"))
    assert int(stopped[2].removeprefix("head of commit ").split(":")[0]) >= 20
    assert "before commit 99999" in refused(here("replay", recorded, "--until", "commit:99999"))
    assert "is not a tick such as" in refused(here("replay", recorded, "--until", "later"), 2)


def test_a_changed_recording_is_named_by_its_first_bad_tick(changed: Path, here: Command) -> None:
    execute(changed, "UPDATE ticks SET output = zeroblob(32) WHERE tick = 5")
    assert refused(here("verify", changed)).startswith(f"zos: {changed}: tick 5: its hash does not follow")
    assert refused(here("replay", changed)) == f"zos: {changed}: tick 5: other console output\n"
    assert "tick 5" in refused(here("head", changed))


def test_a_head_shows_what_the_file_alone_cannot(recorded: Path, changed: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.json"
    head.write_bytes(zos("head", recorded).stdout)
    told = lines(zos("verify", recorded, "--head", head))
    assert told[-1].endswith("was cut off or written anew")
    ticks = json.loads(head.read_text())["ticks"]
    execute(changed, f"DELETE FROM ticks WHERE tick >= {ticks}")
    execute(changed, "DELETE FROM modules WHERE NOT EXISTS"
            " (SELECT 1 FROM ticks WHERE instr(commands, lower(hex(modules.sha256))))")  # fmt: skip
    assert lines(zos("verify", changed))
    assert f"tick {ticks}: it is missing" in refused(zos("verify", changed, "--head", head))
    assert "not an exported head" in refused(zos("verify", changed, "--head", recorded))
    assert "No such file" in refused(zos("verify", changed, "--head", tmp_path / "none"))
    assert b"written all of it anew" in zos("verify", "--help").stdout


def test_the_log_is_told_in_order_and_filtered(recorded: Path, here: Command) -> None:
    everything = lines(here("log", recorded))
    rows = json.loads(here("log", recorded, "--json").stdout)
    assert len(rows) == len(everything) > 50
    commits = [row["seq"] for row in rows if row["type"] in ("commit", "message")]
    assert commits == list(range(1, len(commits) + 1))
    for kind in ("call", "privilege", "commit", "message"):
        chosen = json.loads(here("log", recorded, "--json", "--type", kind).stdout)
        assert chosen == [row for row in rows if row["type"] == kind] != []
    mine = json.loads(here("log", recorded, "--json", "--pid", "3", "--type", "call").stdout)
    assert mine == [row for row in rows if row["type"] == "call" and row["pid"] == 3] != []
    denied = json.loads(here("log", recorded, "--json", "--denied").stdout)
    assert denied == [row for row in rows if row.get("error", "E_OK") != "E_OK"] != []
    assert json.loads(here("log", recorded, "--json", "--since", "1h").stdout) == []
    assert any("terminal (3): SYS_SPAWN(slot=" in line for line in everything)


def test_why_explains_a_refusal_of_the_log(recorded: Path, here: Command) -> None:
    row = next(
        row for row in json.loads(here("log", recorded, "--json", "--denied", "--pid", "3").stdout) if row["pid"] == 3
    )
    links = lines(here("why", recorded, "--pid", "3", "--seq", str(row["seq"])))
    assert links[0].startswith(f"terminal (3) was refused {row['call']}: {row['error']}") and len(links) > 1
    as_json = json.loads(here("why", recorded, "--pid", "3", "--seq", str(row["seq"]), "--json").stdout)
    assert [link["text"] for link in as_json] == [line.strip().rsplit(" (tick", 1)[0] for line in links]
    assert "no call 999999" in refused(here("why", recorded, "--pid", "3", "--seq", "999999"))
    assert "--seq" in refused(here("why", recorded, "--pid", "3"), 2)


def test_least_is_the_manifest_and_without_shows_what_it_was_for(recorded: Path, here: Command) -> None:
    told = lines(here("least", recorded))
    assert told[0] == "# terminal" and 'object = "factory"' in told and 'perms = "w"' in told
    assert json.loads(here("least", recorded, "--json").stdout)["terminal"][0]["type"] == "process"
    without = lines(here("replay", recorded, "--without", "process:factory"))
    assert without[0].startswith("without slot ") and "the first call that differs" in without[-3]
    assert "SYS_SPAWN" in without[-2]
    assert "no such capability" in refused(here("replay", recorded, "--without", "network:3"))
    early = lines(here("replay", recorded, "--without", "process:factory", "--until", "3"))
    assert early[-1] == "3 ticks: every call goes the same way without it"
    assert "before tick 999" in refused(here("replay", recorded, "--without", "network", "--until", "999"))
    assert "is not TYPE[:OBJECT]" in refused(here("replay", recorded, "--without", "process:factory:w"), 2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((name, b"no recording at all\n" * 300) for name in ("replay", "head", "log", "why", "least", "forget")),
        *(("verify", content) for content in (None, b"", b"SQLite format 3\0" + bytes(4080))),
    ],
)
def test_what_is_no_recording_is_one_line(name: str, content: bytes | None, tmp_path: Path, here: Command) -> None:
    path = tmp_path / "foreign"
    if content is not None:
        path.write_bytes(content)
    more = ("--pid", "3", "--seq", "1") if name == "why" else ()
    assert str(path) in refused(here(name, path, *more))
    assert path.exists() == (content is not None)


STRANGE: list[tuple[Callable[[Path], object], str]] = [
    (lambda path: path.mkdir(), "this is a directory"),
    (os.mkfifo, "a pipe or a socket"),
    (lambda path: path.symlink_to("/dev/zero"), "this is a device"),
    (lambda path: path.symlink_to(path), "symbolic links"),
    (lambda path: path.write_bytes(b""), "the file is empty"),
    (lambda path: None, "there is no such recording"),
]


@pytest.mark.parametrize(("make", "said"), STRANGE)
def test_what_is_no_file_at_all_is_one_line_and_nothing_waits(
    make: Callable[[Path], object], said: str, recorded: Path, tmp_path: Path, here: Command
) -> None:
    path = tmp_path / "strange"
    make(path)
    Path(f"{path}-wal").write_bytes(b"left over")
    for name in ("replay", "verify", "head", "log", "why", "least", "forget"):
        more = {"why": ("--pid", "3", "--seq", "1"), "forget": ("--yes",)}.get(name, ())
        assert said in refused(here(name, path, *more))
    assert str(path) in refused(here("verify", recorded, "--head", path))
    assert os.path.lexists(path) == (said != "there is no such recording")
    assert Path(f"{path}-wal").read_bytes() == b"left over"


@pytest.mark.parametrize(
    "make", [lambda path: path.write_bytes(b""), lambda path: path.mkdir(), os.mkfifo]
)
def test_an_empty_log_beside_a_recording_is_no_matter(
    make: Callable[[Path], object], changed: Path, here: Command
) -> None:
    make(Path(f"{changed}-wal"))
    assert "both chains hold" in lines(here("verify", changed))[0]


def test_a_head_may_come_through_a_pipe(recorded: Path) -> None:
    told = zos("verify", recorded, "--head", "/dev/stdin", stdin=zos("head", recorded).stdout)
    assert lines(told)[-1].endswith("was cut off or written anew")


def test_a_half_written_file_is_one_line(recorded: Path, tmp_path: Path, here: Command) -> None:
    data = recorded.read_bytes()
    half = tmp_path / "half.zosrec"
    for size, name in ((100, "verify"), (4096, "replay"), (len(data) // 2, "verify"), (len(data) // 2, "replay")):
        half.write_bytes(data[:size])
        assert str(half) in refused(here(name, half))


def test_a_recording_is_never_overwritten(recorded: Path, tmp_path: Path) -> None:
    before = recorded.read_bytes()
    assert "never overwritten" in refused(zos("run", "--record", recorded, "idle"))
    assert recorded.read_bytes() == before
    assert "cannot be written" in refused(zos("run", "--record", recorded / "inside", "idle"))


def test_a_desktop_is_recorded_too(tmp_path: Path) -> None:
    path = tmp_path / "desktop.zosrec"
    someone = Person(command("--record", path, "--data", tmp_path / "data"))
    try:
        someone.sees(b"`help` lists the commands.")
        someone.process.send_signal(signal.SIGTERM)
        someone.ends()
    finally:
        someone.leave()
    assert "both chains hold" in lines(zos("verify", path))[0]
    assert "terminal (3)" in lines(zos("replay", path))[1]


# --- forget -------------------------------------------------------------------------------------------------------


def test_forget_deletes_a_recording_and_nothing_else(changed: Path, tmp_path: Path) -> None:
    assert "--yes" in refused(zos("forget", changed), 2)
    letter = tmp_path / "letter.txt"
    letter.write_text("dear all")
    assert "not a recording" in refused(zos("forget", letter, "--yes"))
    assert changed.exists() and letter.exists()
    assert lines(zos("forget", changed, "--yes")) == [f"deleted {changed}"]
    assert not changed.exists() and letter.exists()


@pytest.fixture
def person(recorded: Path, tmp_path: Path) -> Iterator[Person]:
    """Someone at a terminal who has two recordings in the data folder, and wants to forget them."""
    folder = tmp_path / "zos" / "recordings"
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        shutil.copyfile(recorded, folder / f"{name}{SUFFIX}")
    (folder / "notes.txt").write_text("mine")
    (folder / f"a-folder{SUFFIX}").mkdir()
    someone = Person(command("forget"), XDG_DATA_HOME=str(tmp_path))
    yield someone
    someone.leave()


@pytest.mark.parametrize(("answer", "left"), [(b"n\r", 4), (b"\r", 4), (b"y\r", 2)])
def test_a_person_is_asked_before_all_is_forgotten(person: Person, answer: bytes, left: int, tmp_path: Path) -> None:
    person.sees(b"delete 2 recordings in ")
    person.sees(b"[y/N]")
    person.type(answer)
    assert person.ends() == 0
    assert len(os.listdir(tmp_path / "zos" / "recordings")) == left


def test_a_recording_that_is_being_written_is_not_forgotten(changed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "recordings"
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        shutil.copyfile(changed, folder / f"{name}{SUFFIX}")
    lock = hold(folder / f"a{SUFFIX}")
    assert "being written" in refused(zos("forget", folder / f"a{SUFFIX}", "--yes"))
    assert lines(zos("--data", tmp_path / "data", "forget", "--yes")) == [f"deleted {folder / f'b{SUFFIX}'}"]
    assert [path.name for path in folder.iterdir()] == [f"a{SUFFIX}"]
    let_go(lock)


# --- open ---------------------------------------------------------------------------------------------------------


def test_open_lists_what_was_kept_the_newest_first(changed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "recordings"
    assert lines(zos("--data", tmp_path / "data", "open")) == [f"there are no recordings in {folder}"]
    folder.mkdir(parents=True)
    for day in (1, 2):
        shutil.copyfile(changed, folder / f"2026-03-0{day}_12-00-00{SUFFIX}")
    listed = lines(zos("--data", tmp_path / "data", "open", "--list"))
    assert [line.split()[:2] for line in listed] == [
        ["1", "2026-03-02_12-00-00.zosrec"], ["2", "2026-03-01_12-00-00.zosrec"]
    ]  # fmt: skip
    told = json.loads(zos("--data", tmp_path / "data", "open", "--json").stdout)
    assert [Path(each["file"]).parent for each in told] == [folder, folder]
    assert [each["being_written"] for each in told] == [False, False] and told[0]["bytes"] > 10_000


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE header SET value = '49.0.0' WHERE key = 'engine'", "another engine: 49.0.0"),
        ("DELETE FROM ticks", "it holds no tick"),
        ("DROP TABLE modules", "other tables"),
        ("", "the desktop needs a terminal"),
    ],
)
def test_open_says_in_one_line_what_is_wrong(changed: Path, statement: str, said: str) -> None:
    execute(changed, statement)
    assert said in refused(zos("open", changed))


def test_open_refuses_what_is_no_recording(tmp_path: Path, recorded: Path) -> None:
    whole = recorded.read_bytes()
    for name, content in (("empty", b""), ("foreign", b"dear all"), ("cut", whole[: len(whole) // 3])):
        (tmp_path / name).write_bytes(content)
        refused(zos("open", tmp_path / name))
    assert "no such recording" in refused(zos("open", tmp_path / "none"))


def test_record_and_no_record_exclude_each_other(tmp_path: Path) -> None:
    assert "not allowed with" in refused(zos("--record", tmp_path / "x", "--no-record"), 2)
