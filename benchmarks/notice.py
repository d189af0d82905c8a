"""From a person's yes to a revocation to the notice on the screen, while two other programs compute without end.

The revoked capability is the shell's: its own words about MSG_CAP_REVOKED must stand in its tab, so the way is key,
preview confirmed, kernel, notice queued, program woken, console, screen. Beside it, in turn: `kill` of a job in a shell
of the host with two loops beside it, to the shell's own word about it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from benchmarks.desktop import LEADER, desktop, spawn
from benchmarks.measure import Effort, Row, Target, paired, percentile
from benchmarks.ptys import Terminal

TARGET_MS = 100
FIRST_PID = 4
LOOPS = 2
FIRST_SLOT = 7 + LOOPS
"""The shell holds seven capabilities and one on each program it started; slots are never used again."""
SAMPLES_A_ROUND = 4
BUSY = "timeout 300 sh -c 'while :; do :; done' &"
END = b"\x1b[F"
GIVE = b"\x13"


def grant_storage(terminal: Terminal, first: bool) -> None:
    """Gives the shell the use of namespace 1; the dialog offers it by itself from the second time on."""
    terminal.write(LEADER + b"g")
    terminal.until(lambda text: "opens a ▼ choice" in text)
    terminal.write((b"\t\t1" if first else b"") + GIVE)
    terminal.until(lambda text: "Granted Storage" in text)


def select_the_capability(terminal: Terminal, slot: int) -> None:
    terminal.write(END)
    terminal.until(lambda text: f"▌{slot:>4} Storage" in text)


def revoked_seconds(terminal: Terminal, slot: int) -> float:
    """From the key that says yes to the shell's own word."""
    terminal.write(LEADER + b"v")
    terminal.until(lambda text: "1 capability would go" in text)
    return terminal.seconds(b"y", lambda text: f"✗ slot {slot} Storage revoked" in text)


def killed_seconds(terminal: Terminal, number: int) -> float:
    """From Enter to the shell's word about the job."""
    job = f"sleep 9{number:03}"
    terminal.write(f"{job} &\r".encode())
    terminal.write(b"kill %%; wait %%")
    terminal.until(lambda text: text.endswith("wait %%"))
    return terminal.seconds(b"\r", lambda text: any("Terminated" in line and job in line for line in text.splitlines()))


def measure(samples: int) -> list[tuple[float, float]]:
    """Seconds of ours and of the alternative, in turn."""
    shell = shutil.which("bash") or "bash"
    with desktop() as ours, Terminal([shell, "--norc", "--noprofile", "-i"], {"PS1": "$ "}) as theirs:
        theirs.until(lambda text: text.endswith("$"))
        for loop in range(LOOPS):
            spawn(ours, "crash loop", FIRST_PID + loop)
            theirs.write(f"{BUSY}\r".encode())
        for help_of_panel in ("Enter opens", "Enter inspects"):
            ours.write(LEADER + b"o")
            ours.until(lambda text, wanted=help_of_panel: wanted in text)
        found = []
        for slot in range(FIRST_SLOT, FIRST_SLOT + samples):
            grant_storage(ours, first=slot == FIRST_SLOT)
            select_the_capability(ours, slot)
            found.append((revoked_seconds(ours, slot), killed_seconds(theirs, slot)))
        theirs.write(b"kill %1 %2; exit\r")
    return found


def run(effort: Effort) -> Iterator[Row]:
    found = measure(max(5, effort.rounds // SAMPLES_A_ROUND))
    medians = paired(found)
    ours, theirs = (percentile(column, 95) for column in zip(*found, strict=True))
    what, alternative = "a yes to revoking to its notice on screen, two loops", "kill of a job in bash, two loops"
    target = Target(f"under {TARGET_MS} ms", ours * 1e3 < TARGET_MS)
    yield Row(f"{what}: median", "ms", medians.ours * 1e3, alternative, medians.theirs * 1e3, medians.ratio)
    yield Row(f"{what}: p95", "ms", ours * 1e3, alternative, theirs * 1e3, ours / theirs, target)
