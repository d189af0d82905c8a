"""How fast the terminal emulator reads console output, beside pyte: `python -m benchmarks.screen`.

Four kinds of output, in memory, fed in pieces of 4 KiB as a console delivers them. The best of several runs counts:
a slower run says something about the machine, not about the code.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import NamedTuple

import pyte

from zos_tui.screen import Screen

COLUMNS, LINES = 80, 24
PIECE_BYTES = 4096
RUNS = 5


class Row(NamedTuple):
    """One workload: megabytes a second of each emulator. `ratio` is ours over pyte's."""

    workload: str
    ours_mb_s: float
    pyte_mb_s: float

    @property
    def ratio(self) -> float:
        return self.ours_mb_s / self.pyte_mb_s


def coloured_log(size: int) -> bytes:
    """Log lines with a coloured level and a dim time."""
    rng = random.Random(1)
    levels = (b"\x1b[32mINFO \x1b[0m", b"\x1b[33mWARN \x1b[0m", b"\x1b[1;31mERROR\x1b[0m")
    line = b"\x1b[2m12:%02d:%02d.%03d\x1b[0m %s \x1b[36mkernel.cap\x1b[0m: slot %d of pid %d derived from commit %d\r\n"
    numbers = rng.randrange
    lines = (
        line % (numbers(60), numbers(60), numbers(1000), rng.choice(levels), numbers(99), numbers(99), numbers(9999))
        for _ in range(size // 100)
    )
    return b"".join(lines)


def plain(size: int) -> bytes:
    """Lines of unstyled text of mixed length."""
    rng = random.Random(2)
    words = [b"capability", b"endpoint", b"badge", b"of", b"the", b"derivation", b"revoke", b"to", b"message"]
    lines = (b" ".join(rng.choices(words, k=rng.randrange(4, 13))) + b"\r\n" for _ in range(size // 50))
    return b"".join(lines)


def true_colour_and_cjk(size: int) -> bytes:
    """Every word in a colour of its own, half of them ideographs."""
    rng = random.Random(3)
    pieces = []
    for index in range(size // 40):
        red, green, blue = rng.randbytes(3)
        pieces.append(b"\x1b[38;2;%d;%d;%dm" % (red, green, blue))
        pieces.append("能力管理系統 メッセージ ".encode() if index % 2 else b"capability endpoint ")
        if index % 6 == 5:
            pieces.append(b"\x1b[0m\r\n")
    return b"".join(pieces)


def full_screen(size: int) -> bytes:
    """An editor-like program that repaints every line in place."""
    frames = b""
    frame_number = 0
    while len(frames) < size:
        lines = (
            b"\x1b[%d;1H\x1b[7m %3d \x1b[27m \x1b[34mdef\x1b[39m function_%d(argument): return %d\x1b[K"
            % (y, y, y, frame_number)
            for y in range(1, LINES + 1)
        )
        frames += b"\x1b[H" + b"".join(lines)
        frame_number += 1
    return frames


WORKLOADS: dict[str, Callable[[int], bytes]] = {
    "coloured log": coloured_log,
    "plain text": plain,
    "true colour + CJK": true_colour_and_cjk,
    "full-screen repaint": full_screen,
}


def seconds(feed: Callable[[bytes], object], data: bytes) -> float:
    """One run over the data in pieces."""
    pieces = [data[start : start + PIECE_BYTES] for start in range(0, len(data), PIECE_BYTES)]
    started = time.perf_counter()
    for piece in pieces:
        feed(piece)
    return time.perf_counter() - started


def measure(size_bytes: int = 500_000, runs: int = RUNS) -> list[Row]:
    """Every workload on both emulators in turn, so that a busy moment hits both.

    Ours with its scrollback, pyte without (its HistoryScreen is four to five times slower).
    """
    rows = []
    for name, make in WORKLOADS.items():
        data = make(size_bytes)
        part = data[: size_bytes // 4]
        ours = theirs = float("inf")
        for _ in range(runs):
            ours = min(ours, seconds(Screen(COLUMNS, LINES).feed, data))
            theirs = min(theirs, seconds(pyte.ByteStream(pyte.Screen(COLUMNS, LINES)).feed, part))
        rows.append(Row(name, len(data) / ours / 1e6, len(part) / theirs / 1e6))
    return rows


def main() -> None:
    print(f"{'console output':22}{'zos MB/s':>10}{'pyte MB/s':>11}{'ratio':>8}")
    for row in measure():
        print(f"{row.workload:22}{row.ours_mb_s:10.1f}{row.pyte_mb_s:11.2f}{row.ratio:7.1f}x")


if __name__ == "__main__":
    main()
