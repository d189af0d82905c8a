"""Revoking by query: words that name capabilities, whoever holds them.

Pure. A query is read word by word; what it names narrows what the words before it left:

    storage                  every Storage capability
    granted by 4             everything process 4 granted or derived
    held by 4                everything process 4 holds
    unused                   what nobody has ever used
    network held by 4        both at once
    endpoint 12              by object: its number, or any word of its name
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from zos_core.abi import PID_SUPERVISOR, ObjectType
from zos_core.snapshot import CapabilitySnapshot, MachineSnapshot, ProcessSnapshot

Test = Callable[[ProcessSnapshot, CapabilitySnapshot], bool]
_FILLERS = frozenset({"every", "everything", "all", "capability", "capabilities", "of", "on", "by"})
_BETWEEN = frozenset({"by", "pid", "process"})
"""What may stand between a relation and its process."""
_HELD = frozenset({"held", "pid"})
_GRANTED = frozenset({"granted", "given", "derived"})
_UNUSED = frozenset({"unused", "never"})


class QueryError(ValueError):
    """A query nobody can read; the text is one line."""


class Found(NamedTuple):
    """A capability and the process that holds it."""

    holder: ProcessSnapshot
    capability: CapabilitySnapshot


def _type_of(word: str) -> ObjectType | None:
    name = word.upper()
    return next((kind for kind in ObjectType if name in (kind.name, f"{kind.name}S", f"{kind.name}ES")), None)


def _related(relation: str, words: list[str]) -> Test:
    """`granted by 4`, `held by notes`: takes the process, a pid or a name, from `words`."""
    while words and words[0] in _BETWEEN:
        del words[0]
    if not words:
        raise QueryError(f"{relation} by whom? A pid, as in “{relation} by 4”")
    who = words.pop(0)
    if relation in _HELD:
        return lambda holder, _: who in (str(holder.pid), holder.name.lower())
    if not who.isdecimal():
        raise QueryError(f"A pid, as in “{relation} by 4”, not {who!r}")
    return lambda holder, each: each.granted_by == int(who) and each.granted_by != holder.pid


def _about(word: str) -> Test:
    """By object: its number, or a part of its name."""
    if word.isdecimal():
        return lambda _, each: each.object_id == int(word)
    return lambda _, each: word in each.object_name.lower()


def parse(text: str) -> tuple[Test, ...]:
    """The tests a capability must pass, all of them; none for an empty query. Raises `QueryError`."""
    words, tests = text.lower().replace(",", " ").split(), list[Test]()
    while words:
        word = words.pop(0)
        if word in _HELD | _GRANTED:
            tests.append(_related(word, words))
        elif word in _UNUSED:
            tests.append(lambda _, each: each.uses == 0)
        elif (kind := _type_of(word)) is not None:
            tests.append(partial(_is_type, kind))
        elif word not in _FILLERS:
            tests.append(_about(word))
    return tuple(tests)


def _is_type(kind: ObjectType, _: ProcessSnapshot, capability: CapabilitySnapshot) -> bool:
    return capability.object_type is kind


def find(snapshot: MachineSnapshot, text: str) -> tuple[Found, ...]:
    """What the query names, by pid and slot; nothing for an empty query. Raises `QueryError`."""
    tests = parse(text)
    return tuple(_matching(snapshot, tests)) if tests else ()


def _matching(snapshot: MachineSnapshot, tests: tuple[Test, ...]) -> Iterator[Found]:
    for holder in snapshot.processes:
        if holder.pid == PID_SUPERVISOR or holder.exit is not None:
            continue
        for capability in holder.capabilities:
            if all(test(holder, capability) for test in tests):
                yield Found(holder, capability)
