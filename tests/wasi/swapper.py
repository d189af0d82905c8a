"""A process of its own that changes what two names stand for as fast as it can, until its input ends.

    python swapper.py exchange DIR/one DIR/other     the two change places, at one stroke
    python swapper.py replace DIR/one DIR/other      `one` is away for a moment, then is what `other` was
    python swapper.py come DIR/one DIR/other         `other` is `one` for a moment, then there is none

It says how often when it ends.
"""

from __future__ import annotations

import ctypes
import os
import select
import sys

AT_FDCWD, RENAME_EXCHANGE = -100, 2
BETWEEN_LOOKS = 64


def exchange(one: bytes, other: bytes) -> None:
    if _libc.renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), "renameat2")


def replace(one: bytes, other: bytes) -> None:
    away = one + b".away"
    os.rename(one, away)
    os.rename(other, one)
    os.rename(away, other)


def come(one: bytes, other: bytes) -> None:
    os.rename(other, one)
    os.rename(one, other)


def main(how: str, one: str, other: str) -> None:
    swap = {"exchange": exchange, "replace": replace, "come": come}[how]
    names = os.fsencode(one), os.fsencode(other)
    done = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(BETWEEN_LOOKS):
            try:
                swap(*names)
                done += 1
            except OSError:
                # The program inside has taken one of them away; it is put back by whoever set the scene.
                continue
    print(done)


if __name__ == "__main__":
    _libc = ctypes.CDLL(None, use_errno=True)
    main(*sys.argv[1:])
