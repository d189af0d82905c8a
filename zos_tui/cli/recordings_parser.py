"""The command line of the commands that work with a recording."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from zos_tui.cli import values

_REPLAY = """\
Run a recording again in a fresh machine, without touching a file of the host or any storage, and compare: what every
call was answered, every commit, what was written to consoles, and samples of memory. The first difference is named.

With --without, run it again as if nobody had been given that capability, and name the first call that goes another
way. TYPE and OBJECT are as in `zos run --grant`: process:factory, storage, network:7."""

_VERIFY = """\
Check a recording without running it: the chain of its ticks, over every column of every row, the chain of its commits,
and its modules. The first tick or commit that does not follow is named.

A file alone can show that something in it was changed. It cannot show that its end was cut off, or that somebody has
written all of it anew, chains included: for that, export a head while you trust it (`zos head FILE > FILE.head`), keep
it elsewhere, and check against it with --head."""

_HEAD = """\
Print what names a recording up to its end: the number of its ticks and commits, and the hashes of the last of each.
Kept elsewhere, it shows later whether the recording was cut off or written anew (`zos verify FILE --head HEADFILE`)."""

_LOG = """\
Print what a recording tells, in order: system calls, what the system did, commits, refusals, messages. What exercises
no capability is not in it, unless the session was fully audited."""

_WHY = """\
Explain a refusal: what was missing, when and by whom it was revoked, expired or spent, or that it was never granted.
`zos log FILE --denied` lists the refusals with their numbers."""

_LEAST = """\
Print the smallest manifest each program of the run would have needed, as `app.toml` says it: what it exercised, and
no more. What was not used in this run is not in it."""

_OPEN = """\
Look at a recorded session in the desktop, read-only, from its first tick: go through its ticks and commits, and every
panel shows the machine as it was. Without FILE, choose among those the desktop has kept, or list them (--list, or
without a terminal)."""

_FORGET = """\
Delete a recording, or without FILE all that the desktop has kept. It asks before."""


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a JSON list instead, for programs")


def add_recording_commands(commands: Any) -> None:
    opened = _command(commands, "open", "look at a recorded session in the desktop", _OPEN, optional=True)
    opened.add_argument("--list", action="store_true", help="list the recordings that were kept, the newest first")
    add_json(opened)
    replay = _command(commands, "replay", "run a recording again and compare", _REPLAY)
    replay.add_argument(
        "--until", type=values.place, metavar="TICK|commit:N", help="stop after this tick, or with this commit's tick"
    )
    replay.add_argument("--verify", action="store_true", help="check both chains first, as `zos verify` does")
    replay.add_argument(
        "--without", type=values.subject, metavar="TYPE[:OBJECT]", help="leave a capability out, see above"
    )
    verify = _command(commands, "verify", "check a recording's chains", _VERIFY)
    verify.add_argument("--head", type=Path, metavar="HEADFILE", help="a head that was exported before")
    _command(commands, "head", "print what names a recording, to check it against later", _HEAD)
    log = _command(commands, "log", "read a recording", _LOG)
    log.add_argument("--pid", type=values.whole, metavar="N", help="only rows that name this process")
    log.add_argument(
        "--type", action="append", choices=("call", "privilege", "commit", "message"), help="only these; repeatable"
    )
    log.add_argument("--denied", action="store_true", help="only refusals")
    log.add_argument("--since", type=values.since, default=0, metavar="TIME", help="from this time on: 90s, 5m, 250ms")
    add_json(log)
    why = _command(commands, "why", "why a recorded call was refused", _WHY)
    why.add_argument("--pid", type=values.whole, required=True, metavar="N", help="the process that was refused")
    why.add_argument("--seq", type=values.whole, required=True, metavar="M", help="the number of its call in the log")
    add_json(why)
    add_json(_command(commands, "least", "the smallest manifests a run would have needed", _LEAST))
    forget = _command(commands, "forget", "delete recordings", _FORGET, optional=True)
    forget.add_argument("--yes", action="store_true", help="do not ask")


def _command(
    commands: Any, name: str, text: str, description: str, *, optional: bool = False
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=description)
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?" if optional else None, help="a recording")
    return parser
