"""What a person does about the recording of this session: sees that there is one, pauses it, ends it, forgets it.

Rules of this file (runtime: Time, ticks and the journal; desktop: Timeline)
- That something is recorded is always on the screen, in words and with a mark of its own for each state.
- What cannot be undone asks first. A recording that stops by itself says so once, and its state stays on the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from zos_core.snapshot import RecordingState
from zos_tui.ports import Machine, Recording

if TYPE_CHECKING:
    from textual.app import App

PHRASES = {
    RecordingState.ON: "● recording",
    RecordingState.PAUSED: "‖ recording paused",
    RecordingState.ENDED: "■ recording ended",
    RecordingState.STOPPED: "✗ recording stopped",
    RecordingState.FORGOTTEN: "○ not recorded",
}
NOT_RECORDED = PHRASES[RecordingState.FORGOTTEN]
_OVER = frozenset({RecordingState.ENDED, RecordingState.STOPPED})


class Recorded:
    """`say(line)` tells the person something, `warn(line)` what went wrong; `changed` is called after either."""

    def __init__(
        self, app: App[int], machine: Machine, say: Callable[[str], None], warn: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._app, self._machine = app, machine
        self._say, self._warn, self._changed = say, warn, changed
        self._told = ""

    @property
    def _recording(self) -> Recording | None:
        recording = self._machine.recording
        return None if recording is None or recording.state is RecordingState.FORGOTTEN else recording

    @property
    def phrase(self) -> str:
        """How the recording stands, for the status line."""
        recording = self._recording
        return NOT_RECORDED if recording is None else PHRASES[recording.state]

    def look(self) -> None:
        """Say so, once, when nothing is recorded any more and no person wanted that."""
        problem = self._machine.recording_problem
        if problem and problem != self._told:
            self._told = problem
            self._warn(problem)
            self._changed()

    # --- what a person wants --------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Pause, or ask what to do after a pause."""
        recording = self._recording
        if recording is None or recording.state in _OVER:
            self._say("Nothing is recorded")
        elif recording.state is RecordingState.ON:
            recording.pause()
            self._say("The recording is paused: nothing is written from here on")
            self._changed()
        else:
            self._ask_to_go_on(recording)

    def _ask_to_go_on(self, recording: Recording) -> None:
        from zos_tui.widgets.resume_dialog import ResumeDialog

        def answered(keep: bool | None) -> None:
            if keep is not None:
                recording.go_on(keep=keep)
                self._say("The recording goes on" if keep else f"The recording ended at the pause: {recording.path}")
                self._changed()

        self._app.push_screen(ResumeDialog(), answered)

    def forget(self) -> None:
        """Ask, and delete what was recorded of this session."""
        from zos_tui.widgets.confirm import Confirm

        recording = self._recording
        if recording is None:
            self._say("Nothing is recorded")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._delete(recording)

        details = (str(recording.path), "The session goes on, and is not recorded: a recording begins at its start.")
        self._app.push_screen(Confirm("Delete the recording of this session?", details, "Delete"), answered)

    def _delete(self, recording: Recording) -> None:
        try:
            recording.forget()
        except OSError as error:
            self._warn(f"{recording.path}: {error.strerror or error}")
        else:
            self._say("The recording of this session is deleted")
        self._changed()
