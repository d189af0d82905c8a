"""What the command says on standard error, and the status it ends with.

Rules of this file (supervisor: Command line)
- An error is one line, `zos: …`; status 2 is wrong use, 1 a failed run, 128 + N an end by signal N.
- What a program or a file said is made harmless before it is shown: no control character reaches a terminal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

FAILED = 1
WRONG_USE = 2
SIGNAL_BASE = 128


class CommandFailed(Exception):
    """A command that cannot do what it was asked; the text is one line for a person."""

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


class Stopped(Exception):
    """The command was told to end by a signal, or by writing where nobody reads (SIGPIPE). Nothing is said."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.status = SIGNAL_BASE + number


def visible(text: str) -> str:
    """The text with U+FFFD for whatever is not a printable character or a tab."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)


def complain(text: str) -> None:
    """One line on standard error, if anybody reads it."""
    tell(f"zos: {visible(' '.join(text.split()))}\n")


def tell(text: str) -> None:
    """Text on standard error as it is, if anybody reads it. Python has no stream for a descriptor that was closed."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()


def open_standard_descriptors() -> None:
    """Give descriptors 0, 1 and 2 to the null device where the caller left them closed.

    Otherwise the next file that is opened takes the number, and a program would read or write it. The null device is
    opened the wrong way round for output, so that writing to a closed descriptor stays an error.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)


def flush_output() -> None:
    """Write what is still buffered for standard output. Raises OSError; what cannot be written is then forgotten,
    so that the interpreter's exit does not try again."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        raise
