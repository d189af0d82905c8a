"""A busy recorded session with storage, to be killed at any moment: `python -m tests.record.busy FOLDER CACHE SEED`.

It says on standard output what it would acknowledge to a person:

    D tick              every row up to this tick survives
    R tick cap          this capability was revoked in this tick, which survives
"""

from __future__ import annotations

import random
import sys
from collections import deque
from pathlib import Path

from tests.machine.rig import FREE_SLOT
from tests.record.sessions import CHATTERS, CLOCKS, LISTENS, STORES
from zos_core.abi import ObjectType, Rights
from zos_core.errors import Refused
from zos_core.supervisor import MachineConfig, Supervisor

RECORDING, STORAGE = "busy.zosrec", "storage.sqlite"


def main(folder: Path, cache: Path, seed: int) -> None:
    chance = random.Random(seed)
    supervisor = Supervisor(MachineConfig(record=folder / RECORDING, storage=folder / STORAGE, cache=cache))
    supervisor.boot()
    pids = [supervisor.spawn(each, name="busy") for each in (STORES, STORES, CLOCKS, CHATTERS, LISTENS)]
    for namespace, pid in enumerate(pids[:2], 1):
        supervisor.grant_capability(pid, ObjectType.STORAGE, namespace, Rights.ALL, FREE_SLOT)
    revoked: deque[tuple[int, int]] = deque()
    told = 0
    while True:
        supervisor.poll_syscalls(budget_ms=chance.choice((0.5, 2, 8)))
        revoked.extend(disturb(supervisor, chance, pids))
        durable = supervisor.durable_tick
        if durable > told:
            told = durable
            say(f"D {durable}")
        while revoked and revoked[0][0] <= durable:
            tick, cap = revoked.popleft()
            say(f"R {tick} {cap}")


def disturb(supervisor: Supervisor, chance: random.Random, pids: list[int]) -> list[tuple[int, int]]:
    """Give something and take it away again; (tick, capability) of what went."""
    try:
        pid = chance.choice(pids)
        slot = supervisor.grant_capability(pid, ObjectType.NETWORK, chance.randrange(5), Rights.ALL)
        taken = supervisor.revoke_capability(pid, slot)
    except Refused:
        return []
    return [(supervisor.recorded_tick, cap) for cap in taken.cap_ids]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
