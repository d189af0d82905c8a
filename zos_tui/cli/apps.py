"""`zos apps`: the bundled programs, as a table or as JSON."""

from __future__ import annotations

import json

from zos_core.programs import Registry


def apps(*, as_json: bool) -> int:
    """Print one program a line, by name."""
    found = Registry().list()
    if as_json:
        keys = ("name", "title", "version", "description")
        print(json.dumps([{key: getattr(app, key) for key in keys} for app in found], indent=2, ensure_ascii=False))
        return 0
    width = max((len(app.name) for app in found), default=0)
    for app in found:
        print(f"{app.name:<{width}}  {app.description}")
    return 0
