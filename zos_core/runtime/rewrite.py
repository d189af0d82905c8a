"""Rewriting a shared memory to an unshared one (abi: The module).

A shared memory could block the machine and escape its limit. Only its flags change, one byte, so nothing else in the
module moves; atomic instructions work on the result, and waiting on it traps.
"""

from __future__ import annotations

from zos_core.runtime.binary import IS_SHARED
from zos_core.runtime.module import memories


def unshare(data: bytes) -> bytes:
    """The binary module with every memory, imported or its own, unshared; the same object when none was shared.

    Raises `ModuleRefused` when the module cannot be read.
    """
    shared = [limits.flags_at for limits in memories(data) if limits.shared]
    if not shared:
        return data
    rewritten = bytearray(data)
    for at in shared:
        rewritten[at] &= ~IS_SHARED
    return bytes(rewritten)
