"""A folder beside the one that a program is given: it must stay as it is, and nothing of it may come out.

`assault` tries everything a program can do with a path that leads there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.wasi.wat import ANY, EVERYTHING, FOLLOW, READ, ROOT, RW, WRITE, Answer, Cell, OFlags, Script
from zos_core.abi import ExitHow
from zos_core.snapshot import ExitSnapshot
from zos_core.wasi.preview1 import FILESTAT

SECRET = b"what only the outside knows"
ONLY_OUTSIDE = "a-name-that-is-only-outside"
DAMAGE = b"written by the program"
_OF_A_FOLDER = EVERYTHING & ~int(WRITE)
_OPENINGS = (
    (0, int(READ)), (0, int(RW)), (0, 0), (OFlags.DIRECTORY, _OF_A_FOLDER), (OFlags.TRUNC, int(WRITE)),
    (OFlags.TRUNC, 0), (OFlags.CREAT, int(RW)), (OFlags.CREAT | OFlags.TRUNC, int(WRITE)),
    (OFlags.CREAT | OFlags.EXCL, int(WRITE)),
)  # fmt: skip


class World:
    """`inside` is given to programs. Beside it is `outside`, and `inside-too`, whose name begins the same."""

    def __init__(self, folder: Path) -> None:
        self.inside, self.outside = folder / "inside", folder / "outside"
        (self.inside / "dir" / "sub").mkdir(parents=True)
        (self.inside / "file").write_bytes(b"of the program")
        (self.inside / "dir" / "file").write_bytes(b"of the program")
        for other in (self.outside, folder / "inside-too"):
            (other / "dir").mkdir(parents=True)
            for place in (other, other / "dir"):
                (place / "secret").write_bytes(SECRET)
                (place / ONLY_OUTSIDE).write_bytes(SECRET)
            (other / "empty").mkdir()
        self.watch(self.outside, folder / "inside-too")

    def watch(self, *paths: Path) -> None:
        """From here on these, and all below them, must stay as they are."""
        self._watched = paths
        self._before = self._look()
        stats = [path.lstat() for watched in paths for path in _all(watched)]
        self._known = {(each.st_dev, each.st_ino) for each in stats}

    def watch_again(self) -> None:
        """What is watched may have changed up to here."""
        self.watch(*self._watched)

    def _look(self) -> dict[str, tuple[object, ...]]:
        return {str(path): _fingerprint(path) for watched in self._watched for path in _all(watched)}

    def complaints(self, output: bytes, answers: Sequence[Answer] = ()) -> list[str]:
        """What a program has done to the outside, or found out of it."""
        after = self._look()
        found = [
            f"{path} was {self._before.get(path)}, is {after.get(path)}"
            for path in sorted(self._before.keys() | after.keys())
            if self._before.get(path) != after.get(path)
        ]
        found += [f"{told!r} came out" for told in (SECRET, ONLY_OUTSIDE.encode()) if told in output]
        for answer in answers:
            if answer.call.name == "path_filestat_get" and FILESTAT.unpack(answer.data)[:2] in self._known:
                found.append(f"{answer.call.said} told of a file outside")
        return found


def _all(path: Path) -> Iterator[Path]:
    if os.path.lexists(path):
        yield path
    yield from sorted(path.rglob("*"))


def _fingerprint(path: Path) -> tuple[object, ...]:
    held = _held(path)
    found = path.lstat()
    times = found.st_mtime_ns, found.st_ctime_ns, found.st_atime_ns
    return held, found.st_mode, found.st_ino, found.st_nlink, found.st_size, *times


def _held(path: Path) -> object:
    """Read before the times are: who looks twice changes nothing the second time."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    if stat.S_ISDIR(mode):
        return sorted(os.listdir(path))
    return path.read_bytes() if stat.S_ISREG(mode) else None


def assault(script: Script, path: str | bytes, at: int | Cell = ROOT) -> None:
    """Everything that can be tried with a path; what takes the path itself away comes last."""
    text = path.encode() if isinstance(path, str) else path
    for flags in (0, FOLLOW):
        for each in (text, text + b"/", text + b"/."):
            script.stat(each, at=at, flags=flags, err=ANY)
            for oflags, rights in _OPENINGS:
                _use_descriptor(script, script.open(
                    each, oflags, rights, at=at, flags=flags, inheriting=EVERYTHING, err=ANY
                ))  # fmt: skip
        script.call("path_filestat_set_times", at, flags, text, 1, 1, 5, err=ANY)
        script.call("path_link", at, flags, text, ROOT, f"stolen{flags}", err=ANY)
        script.stat(f"stolen{flags}", flags=FOLLOW, err=ANY)
    room = script.out(64)
    script.call("path_readlink", at, text, room.at, 64, script.out(4), err=ANY)
    script.call("path_link", ROOT, 0, "file", at, text, err=ANY)
    script.call("path_symlink", "file", at, text, err=ANY)
    script.call("path_rename", ROOT, "dir/file", at, text, err=ANY)
    for each in (text, text + b"/", text + b"/.", text + b"/new"):
        script.call("path_create_directory", at, each, err=ANY)
        script.call("path_remove_directory", at, each, err=ANY)
        script.call("path_unlink_file", at, each, err=ANY)
        script.call("path_rename", at, each, ROOT, "stolen", err=ANY)


def _use_descriptor(script: Script, opened: Cell) -> None:
    """Whatever that was: its bytes, its entries, and the names in it."""
    script.read(opened, 64, err=ANY)
    script.write(opened, DAMAGE, err=ANY)
    script.readdir(opened, 512, err=ANY)
    script.call("fd_filestat_set_size", opened, 0, err=ANY)
    script.call("fd_filestat_set_times", opened, 1, 1, 5, err=ANY)
    script.call("path_unlink_file", opened, "secret", err=ANY)
    script.call("path_create_directory", opened, "made", err=ANY)
    script.close(opened, err=ANY)


def is_over(how: ExitSnapshot) -> bool:
    """The program came to its end by itself."""
    return how.how is ExitHow.EXITED
