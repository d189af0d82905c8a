"""The `zos` command: what was asked for, to the module that does it.

Rules of this file
- A command's module is imported when it is used: `zos run` loads no Textual, `zos --help` no machine.
- What a person can cause ends in one line on standard error and a status, never in a traceback.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import signal
import sys
from collections.abc import Callable, Sequence

from zos_tui.cli.messages import (
    FAILED,
    SIGNAL_BASE,
    CommandFailed,
    Stopped,
    complain,
    flush_output,
    open_standard_descriptors,
)
from zos_tui.cli.parser import build

Command = Callable[[argparse.Namespace], int]
_OPEN_FILES = 65_536


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (`sys.argv` without its first item when None); returns the exit status."""
    open_standard_descriptors()
    with contextlib.suppress(AttributeError, ValueError):
        # A name or a path may hold what this terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            return _dispatch(build().parse_args(argv))
        finally:
            flush_output()
    except KeyboardInterrupt:
        return SIGNAL_BASE + signal.SIGINT
    except BrokenPipeError:
        return SIGNAL_BASE + signal.SIGPIPE
    except Stopped as stopped:
        return stopped.status
    except CommandFailed as failed:
        complain(str(failed))
        return failed.status
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(where + (error.strerror or str(error)))
    except (ImportError, MemoryError) as error:
        complain(f"{str(error) or type(error).__name__} (see `zos doctor`)")
    return FAILED


def _dispatch(arguments: argparse.Namespace) -> int:
    if arguments.version:
        return _version()
    match arguments.command:
        case None:
            return _desktop(arguments)
        case "apps":
            from zos_tui.cli.apps import apps

            return apps(as_json=arguments.json)
        case "doctor":
            from zos_tui.cli.doctor import doctor

            return doctor(as_json=arguments.json)
        case "bench":
            from zos_tui.cli.bench import bench

            return bench(arguments.arguments)
    return _refusable(arguments)


def _version() -> int:
    from zos_tui.cli.version import version

    print(f"zos {version()}")
    return 0


def _refusable(arguments: argparse.Namespace) -> int:
    """A command that works with a machine or a recording, which may refuse. Raises `CommandFailed`."""
    from zos_core.errors import Refused

    try:
        return _command(arguments.command)(arguments)
    except Refused as refused:
        raise CommandFailed(str(refused)) from None


def _command(name: str) -> Command:
    match name:
        case "run":
            _allow_open_files()
            from zos_tui.cli.run import run as command
        case "replay":
            from zos_tui.cli.replay import replay as command
        case "verify":
            from zos_tui.cli.verify import verify as command
        case "head":
            from zos_tui.cli.verify import head as command
        case "log":
            from zos_tui.cli.log import log as command
        case "why":
            from zos_tui.cli.why import why as command
        case "least":
            from zos_tui.cli.least import show_least as command
        case "open":
            from zos_tui.cli.open import open_recording as command
        case "storage":
            from zos_tui.cli.storage import storage as command
        case _:
            from zos_tui.cli.forget import forget as command
    return command


def _allow_open_files() -> None:
    """As many open files as this user may have: programs open some, and must not take those of the machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _desktop(arguments: argparse.Namespace) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandFailed("the desktop needs a terminal; `zos run PROGRAM` works without one")
    _allow_open_files()
    from zos_tui.app import run_desktop
    from zos_tui.cli.open import desktop_options

    return run_desktop(desktop_options(arguments))


if __name__ == "__main__":
    sys.exit(main())
