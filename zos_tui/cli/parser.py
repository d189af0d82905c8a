"""The command line: every command and flag, what it means, and how its value is read.

Rules of this file
- It imports nothing heavy: `zos --help` is answered before the machine is loaded.
- Wrong use is one line that names the flag and points to the help.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

from zos_core import abi
from zos_tui.cli import values
from zos_tui.cli.messages import WRONG_USE, CommandFailed
from zos_tui.cli.recordings_parser import add_json, add_recording_commands

_DESKTOP = """\
Zero OS in the terminal: a capability microkernel whose programs are WebAssembly.
Without a command it opens the desktop, with a shell in its first tab.

What should always be so stands in config.toml (`zos doctor` says where): theme, leader, record, data."""

_EXAMPLES = """\
examples:
  zos                                            the desktop
  zos run terminal                               a shell in this terminal, without the desktop
  printf 'echo hi\\nexit\\n' | zos run terminal    the same, through a pipe
  zos run --memory 8M --trace ./hello.wasm       a program of your own, with its system calls
  zos COMMAND --help                             what a command takes"""

_RUN = """\
Run one process on this terminal, without the desktop, until it ends.

PROGRAM is the name of a bundled program (see `zos apps`), or a path to a .wasm or .wat file; write ./NAME for a file
without such an ending. Everything after PROGRAM is the program's own.

The exit status is the program's exit code; 134 when it faulted, with one line on standard error that says how; 137
when it was killed; 1 when it could not be started; 2 for wrong use; 128 + N when signal N ended the run.

Pipes and files are byte-exact: input goes to the program line by line, output comes on standard output, errors on
standard error. On a terminal only text, colours, cursor, erase, modes and the alternate screen pass."""

_RUN_KEYS = """\
keys, on a terminal:
  line mode (the default): the terminal edits the line, Enter delivers it. Ctrl-D at an empty line is the end of
  input. Ctrl-C is given to the program as a character; twice within a second, it ends the run (status 130).
  raw mode (programs that ask for it, or --raw): every key is delivered at once, Ctrl-C and Ctrl-Z too.
  In both, Ctrl-\\ ends the run (status 131).

authority:
  A program holds what its manifest asks for and --grant or --policy allows; without them, its console alone.
  --grant TYPE[:OBJECT][:RIGHTS][:for=TIME]
    TYPE    endpoint, console, storage, network, process or memory
    OBJECT  a number; for a process also `factory`, which starts bundled programs. With an object, the program gets
            the capability even if it did not ask; without one, the rule only answers what it asks for.
    RIGHTS  letters of r (read), w (write), g (grant to others); all three when left out
    TIME    how long it holds: 30s, 10m, 2h
  --policy FILE, where FILE has lines such as
    allow = ["process:factory:w", "storage:rw:for=10m"]
    deny = ["network"]
    It only answers what is asked for. A --grant is looked at before it, every denial before both.
  A program built for WASI reaches just the directories that --dir gives it. Each is a Storage capability, and can be
  revoked while it runs.

examples:
  zos run --grant process:factory:w terminal
  zos run --grant process:factory:for=10m --deny storage terminal
  zos run --fuel 50M ./untrusted.wasm one two
  zos run --dir .::/data:ro --env LANG=C ./tool.wasm /data/input.txt"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and nothing else."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise CommandFailed(f"{message} (see `{self.prog} --help`)", WRONG_USE)


# --- commands -----------------------------------------------------------------------------------------------------


def build() -> Parser:
    """The parser; `command` of its result is None for the desktop."""
    parser = Parser(prog="zos", description=_DESKTOP, epilog=_EXAMPLES)
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    desktop = parser.add_argument_group("the desktop")
    desktop.add_argument("--theme", choices=("dark", "light"), help="colours of the desktop (dark)")
    desktop.add_argument(
        "--leader", type=values.key, metavar="KEY",
        help="the key that speaks to the desktop instead of the program (ctrl+b)",
    )  # fmt: skip
    recorded = desktop.add_mutually_exclusive_group()
    recorded.add_argument(
        "--record", type=Path, metavar="FILE",
        help="write all of the session into FILE, not into the data folder, which keeps the last 20",
    )  # fmt: skip
    recorded.add_argument(
        "--no-record", action="store_const", const=False, dest="keep", help="do not record the session"
    )
    desktop.add_argument("--data", type=Path, metavar="DIR", help="keep what is stored in DIR (the user's data folder)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_run(commands)
    add_recording_commands(commands)
    _add_storage(commands)
    apps = commands.add_parser("apps", help="list the bundled programs", description="List the bundled programs.")
    add_json(apps)
    doctor = commands.add_parser(
        "doctor",
        help="what works on this machine, what does not, and what to do",
        description="Check this machine, a line each: ok, warn or fail, and what to do. Status 1 when something fails.",
    )
    add_json(doctor)
    bench = commands.add_parser(
        "bench",
        help="run the benchmarks of a checkout",
        description="Run the benchmarks, each beside what one would use instead. They come with a checkout only.",
    )
    bench.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="for the benchmarks themselves")
    return parser


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="DIR", default=argparse.SUPPRESS,
        help="keep what programs store in DIR (the user's data folder)",
    )  # fmt: skip


def _add_storage(commands: Any) -> None:
    storage = commands.add_parser(
        "storage", help="what programs have stored", description="What programs have stored, by namespace."
    )
    actions = storage.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the namespaces, or the keys of one")
    listing.add_argument("namespace", nargs="?", type=values.whole, metavar="NAMESPACE", help="its number")
    add_json(listing)
    get = actions.add_parser("get", help="write a value to standard output")
    put = actions.add_parser("put", help="set a value from standard input")
    export = actions.add_parser("export", help="write every value of a namespace into a new folder")
    for action in (get, put, export):
        action.add_argument(
            "namespace", type=values.whole, metavar="NAMESPACE", help="its number, see `zos storage list`"
        )
    for action in (get, put):
        action.add_argument("key", metavar="KEY")
    export.add_argument("folder", type=Path, metavar="FOLDER")
    for action in (listing, get, put, export):
        _add_data(action)


def _add_run(commands: Any) -> None:
    run = commands.add_parser(
        "run", help="run one program on this terminal, without the desktop", description=_RUN, epilog=_RUN_KEYS,
        usage="zos run [FLAGS] PROGRAM [ARGS...]",
    )  # fmt: skip
    authority = run.add_argument_group("authority")
    authority.add_argument(
        "--grant", action="append", default=[], type=values.rule, metavar="RULE",
        help="allow and give, see below; repeatable",
    )  # fmt: skip
    authority.add_argument(
        "--deny", action="append", default=[], type=values.rule, metavar="RULE",
        help="refuse what is asked for, before any --grant; repeatable",
    )  # fmt: skip
    authority.add_argument(
        "--policy", type=values.policy, metavar="FILE", help="a TOML file with lists of such rules, allow and deny"
    )
    wasi = run.add_argument_group("programs built for WASI")
    wasi.add_argument(
        "--dir", action="append", default=[], type=values.directory, metavar="HOST[::GUEST][:ro]", dest="directories",
        help="give a directory of this computer, under the path GUEST, with :ro to read only; repeatable",
    )  # fmt: skip
    wasi.add_argument(
        "--env", action="append", default=[], type=values.variable, metavar="NAME[=VALUE]",
        help="an environment variable; without a value, this command's own; repeatable",
    )  # fmt: skip
    wasi.add_argument(
        "--stub-imports", action="store_true", help="let functions it imports that are not here answer 0"
    )
    limits = run.add_argument_group("limits")
    limits.add_argument(
        "--fuel", type=values.fuel, metavar="N", help="fault the program after N units of work, such as 50M (no limit)"
    )
    limits.add_argument(
        "--memory", type=values.memory, default=abi.DEFAULT_MEMORY, metavar="SIZE", help="memory it may grow to (64M)"
    )
    limits.add_argument("--seed", type=values.seed, metavar="HEX", help="seed of its random numbers, to repeat a run")
    console = run.add_argument_group("console")
    mode = console.add_mutually_exclusive_group()
    mode.add_argument("--line", dest="mode", action="store_const", const="line", help="line mode at the start")
    mode.add_argument("--raw", dest="mode", action="store_const", const="raw", help="raw mode at the start")
    console.add_argument(
        "--unsafe-terminal", action="store_true",
        help="let everything the program writes reach the terminal: titles, clipboard, device strings, reports",
    )  # fmt: skip
    _add_data(run)
    watch = run.add_argument_group("watching")
    watch.add_argument("--debug", action="store_true", help="its debug text on standard error")
    watch.add_argument(
        "--record", type=Path, metavar="FILE", default=argparse.SUPPRESS,
        help="write all of the session into FILE, for replay and the like",
    )  # fmt: skip
    watch.add_argument("--trace", action="store_true", help="its audited system calls on standard error, a line each")
    run.add_argument("program", metavar="PROGRAM", help="a bundled program's name, or a path to a .wasm or .wat file")
    rest = run.add_argument("args", nargs=argparse.REMAINDER, metavar="ARGS", help="the program's own arguments")
    rest.required = False
