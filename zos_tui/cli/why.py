"""`zos why`: the chain behind a refusal, a link a line."""

from __future__ import annotations

import argparse
import json
from contextlib import closing

from zos_core.record.recording import Recording
from zos_core.record.why import explain
from zos_tui.cli.messages import visible
from zos_tui.cli.progress import Progress


def why(arguments: argparse.Namespace) -> int:
    """Print the chain, the refusal first. Raises `Refused`."""
    with closing(Recording(arguments.file)) as recording, Progress("reading", recording.last_tick()) as progress:
        links = explain(recording, arguments.pid, arguments.seq, progress)
    if arguments.json:
        print(json.dumps([link._asdict() for link in links], indent=2, ensure_ascii=False))
        return 0
    for at, link in enumerate(links):
        commit = f", commit {link.commit}" if link.commit else ""
        place = f"(tick {link.tick}, {link.time_ns / 1e9:.6f} s{commit})"
        print(f"{'  ' if at else ''}{visible(link.text)} {place}")
    return 0
