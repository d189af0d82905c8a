"""`zos least`: the smallest manifests that a recorded run would have needed."""

from __future__ import annotations

import argparse
import json
import shlex
from contextlib import closing

from zos_core.record.least import Need, least, manifest, shared_objects
from zos_core.record.recording import Recording
from zos_core.snapshot import rights_text
from zos_tui.cli.messages import visible
from zos_tui.cli.progress import Progress


def show_least(arguments: argparse.Namespace) -> int:
    """Print what each program exercised, as `app.toml` would say it. Raises `Refused`."""
    with closing(Recording(arguments.file)) as recording, Progress("reading", recording.last_tick()) as progress:
        found = least(recording, progress)
    if arguments.json:
        rows = {program: [_row(need) for need in needs] for program, needs in found.items()}
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    shared = shared_objects(found)
    for program, needs in found.items():
        print(f"# {visible(program)}" + ("" if needs else ": nothing but what every process has"))
        for need in needs:
            if need.directory is not None:
                option = visible(shlex.quote(str(need.directory)))
                print(f"# --dir {option} for {', '.join(sorted(need.calls))}")
        if tables := manifest(needs, shared):
            print(tables)
    return 0


def _row(need: Need) -> dict[str, object]:
    row: dict[str, object] = {
        "type": need.object_type.name.lower(),
        "object": need.object_id,
        "perms": rights_text(need.rights),
        "calls": sorted(need.calls),
    }
    return row if need.directory is None else {**row, "dir": str(need.directory)}
