"""Recomputes both chains of a recording with nothing but the standard library, as docs/formats.md describes them.

    python docs/verify_example.py FILE

Prints a head as JSON, the same as `zos head FILE`, or one line that names the first tick that does not follow.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    "tick, time_ns, wallclock_ms, slices, commands, checkpoint, "
    "readings, refusals, results, commits, syslog, output"
)


def with_length(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def items(data: bytes) -> Iterator[bytes]:
    """The items of a list, each after its length."""
    while data:
        (length,) = struct.unpack_from("<I", data)
        if len(data) < 4 + length:
            raise ValueError("a list is cut short")
        yield data[4 : 4 + length]
        data = data[4 + length :]


def modules_started(commands: str) -> list[bytes]:
    """The modules of a tick's Create commands: `["@Create", name, module, ...]`."""
    started = [command[2] for command in json.loads(commands) if command[0] == "@Create"]
    return [bytes.fromhex(module.removeprefix("x")) for module in started]


def check(db: sqlite3.Connection) -> dict[str, object]:
    """Walk both chains. Raises ValueError that names the first bad tick."""
    header = dict(db.execute("SELECT key, value FROM header"))
    texts = (text.encode() for key in sorted(header) for text in (key, header[key]))
    start = tick_hash = hashlib.sha256(b"".join(map(with_length, texts))).digest()
    modules = dict(db.execute("SELECT sha256, data FROM modules"))
    started: set[bytes] = set()
    commit_head, commits, ticks = bytes(32), 0, 0
    rows = db.execute(f"SELECT {COLUMNS}, head, hash FROM ticks ORDER BY tick")
    for tick, time_ns, wallclock_ms, slices, commands, checkpoint, *blobs, head, stored in rows:
        ticks += 1
        try:
            if tick != ticks:
                raise ValueError("it is missing")
            columns = (commands.encode(), checkpoint.encode(), *blobs)
            numbers = struct.pack("<QQQI", tick, time_ns, wallclock_ms, slices)
            tick_hash = hashlib.sha256(tick_hash + numbers + b"".join(map(with_length, columns)) + head).digest()
            if tick_hash != stored:
                raise ValueError("its hash does not follow")
            for commit in items(blobs[3]):
                commits += 1
                commit_head = hashlib.sha256(commit_head + commit).digest()
            if commit_head != head:
                raise ValueError(f"commit {commits} is not its head")
            for module in modules_started(commands):
                started.add(module)
                if hashlib.sha256(modules[module]).digest() != module:
                    raise ValueError("a module was altered")
        except (ValueError, TypeError, AttributeError, LookupError, struct.error) as error:
            raise ValueError(f"tick {ticks}: {error}") from None
    if set(modules) != started:
        raise ValueError("there is a module that no tick has started")
    return {
        "session": header["session"], "header": start.hex(), "ticks": ticks, "commits": commits,
        "tick_hash": tick_hash.hex(), "commit_head": commit_head.hex(),
    }  # fmt: skip


def main(path: Path) -> int:
    try:
        # Without a log beside it nobody is writing the file, and SQLite need not create anything to read it.
        how = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
        db = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)
        sys.stdout.write(json.dumps(check(db), indent=2) + "\n")
    except (ValueError, LookupError, sqlite3.Error) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("usage: python docs/verify_example.py FILE")
    sys.exit(main(Path(sys.argv[1])))
