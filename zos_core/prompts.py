"""Prompts: what programs ask of a person, through the permission service, and what was answered.

Rules of this file (supervisor: Asking for authority)
- A prompt comes from pid 2 alone and is shown with what the system knows: who, the exact object, the rights. The
  reason is the program's own text and is made harmless before anyone sees it.
- One open prompt a process. What a person has allowed a program for the session is not asked again, until it is taken
  back: a program is the bytes of its module, whatever its name. A denial holds too, in the permission service.
- Every answer is listed, those that were given without asking too.
- Without a person the policy answers, and its default is no.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import Enum

from zos_core import abi
from zos_core.abi import Malformed, ObjectType, Rights
from zos_core.kernel.state import Committed
from zos_core.policy import Policy, Rule
from zos_core.runtime import commands as c
from zos_core.snapshot import AnswerSnapshot, PromptSnapshot

MAX_REASON_SHOWN = 400
MAX_ANSWERS = 1000
MAX_REPEATS = 16
"""How often an answer for the session is given without asking: a program that asks without end is seen to."""
_ONCE_BY_COUNT = frozenset({ObjectType.CONSOLE, ObjectType.PROCESS})
_UNNAMED = 0


class Choice(Enum):
    """What a person can answer. ONCE is one use where uses are counted, otherwise until the process exits."""

    DENY = "deny"
    ONCE = "once"
    FOR_A_TIME = "for a time"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer; `expires_in_ms` belongs to FOR_A_TIME."""

    choice: Choice
    expires_in_ms: int = 0


def harmless(text: str) -> str:
    """Untrusted text for one line of a screen: control characters made visible, length bounded."""
    shown = "".join(_visible(character) for character in text[: MAX_REASON_SHOWN + 1])
    return shown if len(text) <= MAX_REASON_SHOWN else shown[:MAX_REASON_SHOWN] + "…"


Wish = tuple[bytes, int, int, int]
"""A program, and a type, object and rights that it wants."""


def _wish(prompt: PromptSnapshot) -> Wish:
    return prompt.program, prompt.object_type, prompt.object_id, prompt.perms


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return character if character.isprintable() else "\ufffd"


class Prompts:
    """`own_storage(pid)` is the namespace of a process's program, `program_of(pid)` the SHA-256 of its module.

    `named(type, id)` calls an object by name.
    """

    def __init__(
        self, state: Committed, policy: Policy, own_storage: Callable[[int], int | None],
        program_of: Callable[[int], bytes], named: Callable[[int, int], str],
    ) -> None:  # fmt: skip
        self._state, self._policy = state, policy
        self._own_storage, self._program_of, self._named = own_storage, program_of, named
        self._open: dict[int, PromptSnapshot] = {}
        self._allowed: dict[Wish, int] = {}
        self._answers: list[AnswerSnapshot] = []

    # --- from the machine -----------------------------------------------------------------------------------------

    def receive(self, from_pid: int, tag: int, payload: bytes, now_ns: int) -> c.AnswerPrompt | None:
        """A message to pid 0: a prompt to show, or one that is answered without a person."""
        if from_pid != abi.PID_PERMISSION or tag != abi.Tag.PROMPT:
            return None
        try:
            from zos_core.services import Prompt

            asked = Prompt.unpack(payload)
            object_type = ObjectType(asked.object_type)
        except (Malformed, ValueError):
            return None
        process = self._state.processes.get(asked.pid)
        object_id = self._exact_object(asked.pid, object_type, asked.object_id)
        name = "" if process is None else process.name
        prompt = PromptSnapshot(
            request_id=asked.request_id,
            pid=asked.pid,
            name=name,
            object_type=object_type,
            object_id=object_id or 0,
            object_name="" if object_id is None else self._named(object_type, object_id),
            perms=Rights(asked.perms & abi.Rights.ALL),
            reason=harmless(asked.reason),
            asked_at=now_ns,
            program=self._program_of(asked.pid),
        )
        if process is None or not process.alive or object_id is None:
            return self._command(prompt, None)
        if self._allowed.get(_wish(prompt)):
            self._allowed[_wish(prompt)] -= 1
            self._note(prompt, Decision(Choice.SESSION))
            return self._command(prompt, Rule(object_type))
        if any(each.pid == asked.pid for each in self._open.values()):
            return self._command(prompt, None)
        if self._policy.interactive:
            self._open[asked.request_id] = prompt
            return None
        return self._decided_by_policy(prompt)

    def _exact_object(self, pid: int, object_type: ObjectType, object_id: int) -> int | None:
        """The object a request means; None when there is no such thing to give."""
        if object_type is ObjectType.STORAGE and object_id == _UNNAMED:
            return self._own_storage(pid)
        made_by_granting = object_type in (ObjectType.STORAGE, ObjectType.NETWORK, ObjectType.MEMORY)
        return object_id if made_by_granting or (object_type, object_id) in self._state.roots else None

    def _decided_by_policy(self, prompt: PromptSnapshot) -> c.AnswerPrompt:
        rule = self._policy.rule_for(prompt.object_type, prompt.object_id)
        self._note(prompt, Decision(Choice.DENY if rule is None else Choice.SESSION))
        return self._command(prompt, rule)

    # --- from the person ------------------------------------------------------------------------------------------

    def open(self) -> tuple[PromptSnapshot, ...]:
        """Prompts nobody has answered, oldest first; those of processes that ended are dropped."""
        for request_id, prompt in list(self._open.items()):
            if not self._state.alive(prompt.pid):
                del self._open[request_id]
        return tuple(self._open.values())

    def answer(self, request_id: int, decision: Decision) -> c.AnswerPrompt | None:
        """The command that carries out an answer; None when nobody asks under this number any more."""
        prompt = self._open.pop(request_id, None)
        if prompt is None:
            return None
        self._note(prompt, decision)
        if decision.choice is Choice.DENY:
            return self._command(prompt, None)
        if decision.choice is Choice.SESSION:
            self._allowed[_wish(prompt)] = MAX_REPEATS
        expires = decision.expires_in_ms if decision.choice is Choice.FOR_A_TIME else 0
        once = decision.choice is Choice.ONCE and prompt.object_type in _ONCE_BY_COUNT
        return self._command(prompt, Rule(prompt.object_type, expires_in_ms=expires), uses=int(once))

    def granted(self, command: c.AnswerPrompt, slot: int) -> None:
        """Note where the capability of an answer went, so that it can be taken back."""
        for at in range(len(self._answers) - 1, -1, -1):
            if self._answers[at].request_id == command.request_id:
                self._answers[at] = replace(self._answers[at], slot=slot)
                return

    def answers(self) -> tuple[AnswerSnapshot, ...]:
        """Every answer of this session, oldest first."""
        return tuple(replace(each, stands=each.slot is not None and _wish(each.prompt) in self._allowed)
                     for each in self._answers)  # fmt: skip

    def taken(self, places: Collection[tuple[int, int]]) -> None:
        """A person took what is at these (pid, slot): who was given one of them for the session asks again."""
        for each in self._answers:
            if (each.prompt.pid, each.slot) in places:
                self._allowed.pop(_wish(each.prompt), None)

    def withdraw(self, request_id: int) -> None:
        """The answer under this number is not given again without asking."""
        for each in self._answers:
            if each.request_id == request_id:
                self._allowed.pop(_wish(each.prompt), None)

    # --- the parts ------------------------------------------------------------------------------------------------

    def _note(self, prompt: PromptSnapshot, decision: Decision) -> None:
        self._answers.append(AnswerSnapshot(prompt.request_id, prompt, decision.choice.value, None))
        del self._answers[:-MAX_ANSWERS]

    def _command(self, prompt: PromptSnapshot, rule: Rule | None, uses: int = 0) -> c.AnswerPrompt:
        perms = 0 if rule is None else int(prompt.perms & rule.perms)
        expires = 0 if rule is None else rule.expires_in_ms
        return c.AnswerPrompt(
            prompt.request_id, perms != 0, prompt.pid, prompt.object_type, prompt.object_id, perms, expires, uses
        )
