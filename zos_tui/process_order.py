"""Which processes a list shows, and in what order: filtered by text, sorted by a column, or as a tree.

Pure. Ended processes come last in every order but the tree's; ties are broken by pid, so rows do not jump.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from zos_core.snapshot import ProcessSnapshot
from zos_tui.rates import ProcessRates

Key = Callable[[ProcessSnapshot, ProcessRates], float | str]

SORTS: dict[str, tuple[bool, Key]] = {
    "pid": (False, lambda process, _: process.pid),
    "name": (False, lambda process, _: process.name),
    "memory": (True, lambda process, _: process.memory_size),
    "cpu/s": (True, lambda _, rates: rates.fuel),
    "calls/s": (True, lambda _, rates: rates.syscalls),
    "queue": (True, lambda process, _: process.queued),
    "caps": (True, lambda process, _: len(process.capabilities)),
    "in": (True, lambda process, _: process.messages_in),
    "out": (True, lambda process, _: process.messages_out),
    "parent": (False, lambda process, _: process.parent),
}
"""By column: whether its natural order is downwards, and what it compares."""


@dataclass(frozen=True, slots=True)
class Order:
    """`sort` is a key of `SORTS`; `needle` a part of a name or a pid; `tree` puts children under their parent."""

    sort: str = "pid"
    reverse: bool = False
    needle: str = ""
    tree: bool = False

    @property
    def downwards(self) -> bool:
        return SORTS[self.sort][0] is not self.reverse

    def describe(self) -> str:
        """What differs from the plain list, for a title: empty when nothing does."""
        parts = [f"“{self.needle}”"] if self.needle else []
        if self.tree:
            parts.append("tree")
        elif self != Order(needle=self.needle):
            parts.append(f"{'▼' if self.downwards else '▲'} {self.sort}")
        return " · ".join(parts)


class Placed(NamedTuple):
    """A process in its place; `depth` is above 0 only in a tree."""

    process: ProcessSnapshot
    depth: int = 0


def arranged(
    processes: Sequence[ProcessSnapshot], rates: Mapping[int, ProcessRates], order: Order
) -> tuple[Placed, ...]:
    """The processes to show, in order."""
    needle = order.needle.lower()
    found = [each for each in processes if needle in each.name.lower() or needle == str(each.pid)]
    if order.tree:
        return tuple(_tree(found))
    key, idle = SORTS[order.sort][1], ProcessRates()
    found.sort(key=lambda each: each.pid)
    found.sort(key=lambda each: key(each, rates.get(each.pid, idle)), reverse=order.downwards)
    found.sort(key=lambda each: each.exit is not None)
    return tuple(map(Placed, found))


def _tree(processes: Sequence[ProcessSnapshot]) -> Iterator[Placed]:
    """Parents before children; a process whose parent is not shown stands at the left."""
    shown = {each.pid for each in processes}
    children: dict[int, list[ProcessSnapshot]] = {}
    for each in sorted(processes, key=lambda each: -each.pid):
        children.setdefault(each.parent if each.parent in shown else 0, []).append(each)
    stack = [(each, 0) for each in children.get(0, [])]
    while stack:
        process, depth = stack.pop()
        yield Placed(process, depth)
        stack += [(child, depth + 1) for child in children.get(process.pid, [])]
