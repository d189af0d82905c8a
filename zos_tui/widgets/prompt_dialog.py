"""One question of a program, opened by a person: who, what exactly, why it says, and what may be answered.

Rules of this file (supervisor: Asking for authority)
- Who asks and for what is told in the system's words. The reason is the program's own: quoted, in a box of its own
  that it cannot leave, and called what it is.
- Keys count only when the question has been painted and a moment has passed; the answer chosen at first is no.
"""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from zos_core.abi import Rights
from zos_core.prompts import Choice, Decision
from zos_core.snapshot import PromptSnapshot, rights_text
from zos_tui.widgets.capability_list import kind_of, object_text
from zos_tui.widgets.dialog import Dialog

GUARD_S = 0.3
READY = "↑ ↓ and Enter, or the letter · Esc answers later"
FOR_A_TIME_MS = (("1 minute", 60_000), ("10 minutes", 600_000), ("1 hour", 3_600_000))

CHOICES: tuple[tuple[str, str, Decision], ...] = (
    ("d", "Deny, for the rest of the session", Decision(Choice.DENY)),
    ("o", "Allow once", Decision(Choice.ONCE)),
    *(
        (str(number), f"Allow for {span}", Decision(Choice.FOR_A_TIME, ms))
        for number, (span, ms) in enumerate(FOR_A_TIME_MS, 1)
    ),
    ("s", "Allow for this session", Decision(Choice.SESSION)),
)
_WORDS = ((Rights.READ, "read"), (Rights.WRITE, "write"), (Rights.GRANT, "give it to others"))


def rights_in_words(perms: Rights) -> str:
    """`read and write (rw-)`."""
    words = [word for right, word in _WORDS if perms & right]
    joined = " and ".join(words) if len(words) < 3 else f"{words[0]}, {words[1]} and {words[2]}"
    return f"{joined or 'nothing'} ({rights_text(perms)})"


class PromptDialog(Dialog[Decision | None]):
    """Dismissed with the answer, or with None for none yet: the question stays in the bar."""

    DEFAULT_CSS = """
    PromptDialog {
        & > #box {
            width: 76;
            padding: 0 2;
            border: round $accent;
            border-title-color: $accent;
        }
        & #who { text-style: bold; }
        & #facts { height: auto; }
        & #said { color: $text-quiet; margin-top: 1; }
        & #reason {
            height: auto;
            max-height: 5;
            scrollbar-size-vertical: 1;
            border-left: outer $text-quiet;
            padding: 0 1;
            margin-left: 1;
            & > Static { height: auto; }
        }
        & OptionList { height: auto; margin-top: 1; background: $panel; border: none; padding: 0; }
    }
    """
    CSS = """
    PromptDialog OptionList > .option-list--option-highlighted { background: $selected-quiet; color: $foreground; }
    PromptDialog OptionList:focus > .option-list--option-highlighted { background: $selected; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"answer({at})", show=False) for at, (key, _, _) in enumerate(CHOICES)),
    ]
    keys = "Read it first: a moment…"

    def __init__(self, prompt: PromptSnapshot) -> None:
        super().__init__("A program asks")
        self.prompt = prompt
        self.armed = False

    def content(self) -> tuple[Widget, ...]:
        prompt = self.prompt
        named = object_text(prompt.object_type, prompt.object_id, prompt.object_name)
        facts = Text.assemble(
            ("Object  ", "dim"), f"{kind_of(prompt.object_type)} · {named}\n",
            ("Rights  ", "dim"), rights_in_words(prompt.perms),
        )  # fmt: skip
        options = [Option(Text.assemble((f" {key}  ", "bold"), line)) for key, line, _ in CHOICES]
        return (
            Static(f"{prompt.name} (pid {prompt.pid}) asks for a capability.", id="who", markup=False),
            Static(facts, id="facts"),
            Static("Its reason, in its own words, which nobody has checked:", id="said", markup=False),
            VerticalScroll(Static(Text(f"“{prompt.reason}”")), id="reason", can_focus=False),
            # Nothing takes keys that were typed before anyone can have read the question.
            OptionList(*options, compact=True, disabled=True),
        )

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0
        self.call_after_refresh(self.set_timer, GUARD_S, self._arm)

    def _arm(self) -> None:
        self.armed = True
        self.query_one("#keys", Static).update(READY)
        choices = self.query_one(OptionList)
        choices.disabled = False
        choices.focus()

    def action_answer(self, at: int) -> None:
        if self.armed:
            self.dismiss(CHOICES[at][2])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_answer(event.option_index)
