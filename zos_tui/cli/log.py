"""`zos log`: what a recording tells: system calls, what the system did, commits, refusals, messages.

Rules of this file
- One line a row, in the order things came about; `--json` is one list, written as it is read.
- Everything a program could have put into a text is made harmless before it is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import StrEnum
from typing import Any

from zos_core import abi
from zos_core.abi import Errno
from zos_core.axiom.syslog import SysEvent
from zos_core.calltext import call_name, call_text
from zos_core.kernel import commits as k
from zos_core.record.history import Happening, RecordedCommit, happenings
from zos_core.record.plain import to_plain
from zos_core.record.recording import Recording
from zos_tui.cli.messages import visible
from zos_tui.cli.progress import Progress

_PIDS = ("pid", "from_pid", "to_pid", "by_pid", "owner", "parent")
"""Fields of a commit that name a process."""
_NS_PER_MS = 1_000_000
_STDOUT = 1


class Kind(StrEnum):
    """What `--type` chooses from."""

    CALL = "call"
    PRIVILEGE = "privilege"
    COMMIT = "commit"
    MESSAGE = "message"


def log(arguments: argparse.Namespace) -> int:
    """Print the rows that were asked for. Raises `Refused`."""
    with closing(Recording(arguments.file)) as recording:
        if stat.S_ISFIFO(os.fstat(_STDOUT).st_mode):
            # Whoever reads the pipe may have the screen, and may take as long as they like.
            _print(arguments, happenings(recording), lambda: None)
            return 0
        with Progress("reading", recording.last_tick()) as progress:
            _print(arguments, happenings(recording, progress), progress.hide)
    return 0


def _print(arguments: argparse.Namespace, rows: Iterator[Happening], before: Callable[[], None]) -> None:
    """The chosen rows; `before` makes room for each."""
    separator = "["
    for row, names in _chosen(arguments, rows):
        before()
        if arguments.json:
            print(separator + json.dumps(_as_json(row), ensure_ascii=False))
            separator = ","
        else:
            print(_line(row, names))
    if arguments.json:
        print("[]" if separator == "[" else "]")


def _chosen(arguments: argparse.Namespace, rows: Iterator[Happening]) -> Iterator[tuple[Happening, dict[int, str]]]:
    """Rows that pass every filter, each with the names of processes by then."""
    names: dict[int, str] = {}
    for row in rows:
        what = row.what
        if isinstance(what, RecordedCommit) and isinstance(what.body, k.ProcessCreated):
            names[what.body.pid] = what.body.name
        time_ns = what.time_ns if isinstance(what, SysEvent) else what.timestamp
        if (
            time_ns >= arguments.since * _NS_PER_MS
            and (not arguments.type or kind_of(what) in arguments.type)
            and (arguments.pid is None or arguments.pid in _pids(what))
            and (not arguments.denied or (isinstance(what, SysEvent) and what.error is not Errno.E_OK))
        ):
            yield row, names


def kind_of(what: SysEvent | RecordedCommit) -> Kind:
    if isinstance(what, SysEvent):
        return Kind.CALL if what.pid else Kind.PRIVILEGE
    return Kind.MESSAGE if isinstance(what.body, k.MessageSent) else Kind.COMMIT


def _pids(what: SysEvent | RecordedCommit) -> set[int]:
    if isinstance(what, RecordedCommit):
        return {getattr(what.body, name) for name in _PIDS if hasattr(what.body, name)}
    return {what.pid} if what.pid or not what.args or not isinstance(what.args[0], int) else {0, what.args[0]}


def _line(row: Happening, names: dict[int, str]) -> str:
    what = row.what
    if isinstance(what, SysEvent):
        return f"[{what.time_ns / 1e9:10.6f}] {'call':6} {what.seq:>6}  {call_line(what, names)}"
    fields = ", ".join(f"{name}={_shown(value)}" for name, value in what.body._asdict().items())
    told = f"{type(what.body).__name__}({fields}) by call {what.caused_by}"
    return f"[{what.timestamp / 1e9:10.6f}] {'commit':6} {what.seq:>6}  {told}"


def call_line(event: SysEvent, names: dict[int, str]) -> str:
    """`terminal (3): SYS_SEND(slot=4, …) = 0`."""
    if event.pid:
        return f"{visible(names.get(event.pid, '?'))} ({event.pid}): {call_text(event)}"
    args = ", ".join(map(_shown, event.args))
    answer = f"= {event.result & ~abi.ERROR_BIT}" if event.error is Errno.E_OK else f"= {event.error.name}"
    reason = f" ({visible(event.reason)})" if event.reason else ""
    return f"the system: {call_name(event.num)}({args}) {answer}{reason}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(visible(value))
    if isinstance(value, bytes):
        return value.hex() or "''"
    return visible(str(to_plain(value))) if isinstance(value, tuple) else str(value)


def _as_json(row: Happening) -> dict[str, Any]:
    what = row.what
    common = {"tick": row.tick, "type": kind_of(what).value, "seq": what.seq}
    if isinstance(what, SysEvent):
        return {
            **common,
            "time_ns": what.time_ns,
            "pid": what.pid,
            "call": call_name(what.num),
            "args": [_json_value(value) for value in what.args],
            "size": what.size,
            "result": what.result,
            "error": what.error.name,
            "reason": what.reason,
            "resumes": what.resumes,
        }
    fields = {name: _json_value(value) for name, value in what.body._asdict().items()}
    kind = type(what.body).__name__
    return {**common, "time_ns": what.timestamp, "caused_by": what.caused_by, "commit": kind, **fields}


def _json_value(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value if isinstance(value, str) else to_plain(value)
