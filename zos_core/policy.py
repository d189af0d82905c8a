"""Policy: who answers a manifest when no person does.

Rules of this file (supervisor: Asking for authority)
- The default answer is no. A rule allows or denies a type of object, perhaps one object, perhaps fewer rights.
- The first rule that fits decides; denials are looked at first.
- A policy file is TOML with two lists of rules as they are written for `--grant` and `--deny`:
  `allow = ["storage:rw:for=10m"]` and `deny = ["network"]`. It answers what is asked for, and gives nothing unasked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from zos_core import abi
from zos_core.abi import ObjectType, Rights
from zos_core.manifest import CapabilityRequest, parse_object_type, parse_rights
from zos_core.toml import parse_table

_DURATION = re.compile(r"(\d+)(ms|s|m|h)?", re.ASCII)
_UNIT_MS = {"ms": 1, "s": 1000, "": 1000, "m": 60_000, "h": 3_600_000}
_FACTORY_NAMES = ("factory", "spawn")
_MAX_OBJECT_ID = 2**64 - 1
_MAX_DURATION_MS = 10 * 365 * 24 * 3_600_000
_MAX_DIGITS = 30
"""Digits that are read at all: more than any number in range has."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`object_id` None fits any object; `expires_in_ms` 0 means no expiry."""

    object_type: ObjectType
    object_id: int | None = None
    perms: Rights = Rights.ALL
    expires_in_ms: int = 0

    def fits(self, object_type: ObjectType, object_id: int | None) -> bool:
        return self.object_type is object_type and self.object_id in (None, object_id)


def parse_duration_ms(text: str) -> int:
    """`10`, `10s`, `5m`, `2h`, `250ms` in milliseconds, above 0 and at most ten years. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"a duration is a number with ms, s, m or h, not {text!r}")
    duration = int(match[1][:_MAX_DIGITS]) * _UNIT_MS[match[2] or ""]
    if not 0 < duration <= _MAX_DURATION_MS:
        raise ValueError(f"a duration is above 0 and at most ten years, not {text!r}")
    return duration


def _object_number(text: str) -> int:
    number = int(text[:_MAX_DIGITS])
    if number > _MAX_OBJECT_ID:
        raise ValueError(f"an object's number has 64 bits, {text} has more")
    return number


def parse_rule(text: str) -> Rule:
    """`TYPE[:OBJECT][:rwg][:for=10m]`. Raises ValueError with one line."""
    kind, *rest = text.split(":")
    object_type = parse_object_type(kind)
    object_id: int | None = None
    perms, expires_in_ms = Rights.ALL, 0
    for word in rest:
        if word.startswith("for="):
            expires_in_ms = parse_duration_ms(word[4:])
        elif word in _FACTORY_NAMES and object_type is ObjectType.PROCESS:
            object_id = abi.FACTORY
        elif word.isascii() and word.isdigit():
            object_id = _object_number(word)
        elif word:
            perms = parse_rights(word)
    return Rule(object_type, object_id, perms, expires_in_ms)


@dataclass(frozen=True, slots=True)
class Policy:
    """`trust_bundled`: a bundled program that a person starts is given what its manifest asks for.

    `interactive`: a person answers what programs ask for while they run.
    """

    allow: tuple[Rule, ...] = ()
    deny: tuple[Rule, ...] = ()
    trust_bundled: bool = False
    interactive: bool = False

    def answer(self, request: CapabilityRequest, object_id: int | None, *, bundled_by_user: bool) -> Rule | None:
        """The rule that gives the request something, or None; `object_id` is what exactly is asked for."""
        if any(rule.fits(request.object_type, object_id) for rule in self.deny):
            return None
        trusted = Rule(request.object_type) if self.trust_bundled and bundled_by_user else None
        return self.rule_for(request.object_type, object_id) or trusted

    def rule_for(self, object_type: ObjectType, object_id: int | None) -> Rule | None:
        """The first rule that allows this object, unless one denies it."""
        if any(rule.fits(object_type, object_id) for rule in self.deny):
            return None
        return next((rule for rule in self.allow if rule.fits(object_type, object_id)), None)


_LISTS = ("allow", "deny")


def parse_policy(text: str | bytes) -> Policy:
    """A policy file. Raises ValueError with one line that names the rule that is none."""
    table = parse_table(text, "the policy")
    unknown = sorted(set(table) - set(_LISTS))
    if unknown:
        raise ValueError(f"a policy has the lists {' and '.join(_LISTS)}, not {unknown[0]!r}")
    allow, deny = (_rules(name, table.get(name, [])) for name in _LISTS)
    return Policy(allow=allow, deny=deny)


def _rules(name: str, texts: object) -> tuple[Rule, ...]:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"the policy's {name} must be a list of texts")
    try:
        return tuple(map(parse_rule, texts))
    except ValueError as error:
        raise ValueError(f"the policy's {name}: {error}") from None
