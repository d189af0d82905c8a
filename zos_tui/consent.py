"""What programs ask of the person, from the question on the screen to the answer.

Rules of this file (supervisor: Asking for authority)
- A question opens no dialog by itself: it stands in the prompt bar, and a person opens it. Keys that were on their way
  when it appeared belong to a program and answer nothing.
- Only what has been painted can be opened; the dialog has a guard of its own.
"""

from __future__ import annotations

from zos_core.snapshot import PromptSnapshot
from zos_tui.ports import Machine
from zos_tui.widgets.prompt_bar import PromptBar


class Consent:
    """Shows the questions of `machine` in `bar`; `leader` is how the leader's key is written."""

    def __init__(self, machine: Machine, bar: PromptBar, leader: str) -> None:
        self._machine = machine
        self._bar = bar
        self._leader = leader

    def look(self) -> None:
        """Show what is asked at present."""
        self._bar.show(self._machine.prompts(), self._leader)

    def next_question(self) -> PromptSnapshot | None:
        """The oldest question that has been on the screen and still stands."""
        self.look()
        return next((prompt for prompt in self._bar.asked if prompt.request_id in self._bar.painted), None)

    def stands(self, prompt: PromptSnapshot) -> bool:
        """Whether nobody has answered it, and its process has not gone."""
        return any(each.request_id == prompt.request_id for each in self._machine.prompts())
