"""`zos storage`: what programs have stored, by namespace.

Rules of this file
- A namespace is named by its number, as `list` and the desktop show it; a key by its text.
- Values are bytes: `get` and `export` write them as they are, `put` reads them from standard input.
- One process at a time works on a data folder; while another `zos` has it, this says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import closing
from pathlib import Path

from zos_core import abi
from zos_core.errors import Refused
from zos_core.record.store import Store
from zos_core.view import size_text
from zos_tui.cli.folders import storage_file
from zos_tui.cli.messages import CommandFailed, visible


def storage(arguments: argparse.Namespace) -> int:
    """Carry out one action. Raises `Refused` and `CommandFailed`."""
    with closing(Store.open(storage_file(arguments.data))) as store:
        match arguments.action:
            case "list":
                return _list(store, arguments.namespace, as_json=arguments.json)
            case "get":
                sys.stdout.buffer.write(_value(store, arguments.namespace, arguments.key))
            case "put":
                _put(store, arguments.namespace, arguments.key)
            case _:
                _export(store, arguments.namespace, arguments.folder)
    return 0


def _list(store: Store, namespace: int | None, *, as_json: bool) -> int:
    rows = _namespaces(store) if namespace is None else _keys(store, namespace)
    if as_json:
        print(json.dumps([row for row, _ in rows], indent=2, ensure_ascii=False))
    else:
        for _, line in rows:
            print(line)
    return 0


Rows = list[tuple[dict[str, str | int], str]]
"""Each row as JSON says it, and as a line."""


def _namespaces(store: Store) -> Rows:
    return [
        (
            {"namespace": n.id, "program": n.program, "origin": n.origin, "bytes": n.used, "keys": n.keys},
            f"{n.id:>4}  {size_text(n.used):>10}  {n.keys:>6} keys  {n.program} ({n.origin[:16]})",
        )
        for n in store.namespaces()
    ]


def _keys(store: Store, namespace: int) -> Rows:
    found = ((key.decode(errors="backslashreplace"), size) for key, size in store.keys(namespace))
    return [({"key": key, "bytes": size}, f"{size_text(size):>10}  {visible(key)}") for key, size in found]


def _value(store: Store, namespace: int, key: str) -> bytes:
    value = store.value(namespace, os.fsencode(key))
    if value is None:
        raise CommandFailed(f"namespace {namespace} has no key {visible(key)}")
    return value


def _put(store: Store, namespace: int, key: str) -> None:
    value, name = sys.stdin.buffer.read(abi.MAX_VALUE + 1), os.fsencode(key)
    if not 0 < len(name) <= abi.MAX_KEY or len(value) > abi.MAX_VALUE:
        raise CommandFailed(f"a key has 1 to {abi.MAX_KEY} bytes, a value at most {abi.MAX_VALUE >> 20} MiB")
    store.put(namespace, name, value)


def _export(store: Store, namespace: int, folder: Path) -> None:
    """Each key to a file of its own; a key that is no plain file name is written percent-encoded."""
    try:
        folder.mkdir(parents=True, exist_ok=False)
        for key, _ in store.keys(namespace):
            (folder / _file_name(key)).write_bytes(store.value(namespace, key) or b"")
    except FileExistsError:
        raise CommandFailed(f"{folder}: it is there already; name a new folder") from None
    except OSError as error:
        raise Refused(f"{folder}: {error.strerror}") from None


def _file_name(key: bytes) -> str:
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in key)
