"""What of a session is recorded: its recorder, if there is one, and the past that somebody looks at.

Rules of this file
- A session that need not be recorded goes on without, and says why.
- The past of a running session stands on its own recording, read-only; where there is none, on the commits in memory.
- What records, and what reads recordings, is imported where it is used: most of `zos run` is over before it would be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zos_core.config import MachineConfig
from zos_core.errors import Refused
from zos_core.runtime.machine import Machine
from zos_core.snapshot import RecordingState

if TYPE_CHECKING:
    from zos_core.past import Past, Storages
    from zos_core.record.recorder import ModuleBytes, Recorder

_THIS_SESSION = "this session"


class Recorded:
    """Records `machine` if `config` says so. Raises `Refused` when it must be and cannot."""

    def __init__(self, machine: Machine, config: MachineConfig, started_ms: int, module_bytes: ModuleBytes) -> None:
        self._machine, self._config = machine, config
        self._past: Past | None = None
        self._not_recorded = ""
        self.recorder = self._begin(started_ms, module_bytes)

    def _begin(self, started_ms: int, module_bytes: ModuleBytes) -> Recorder | None:
        config = self._config
        if config.record is None:
            return None
        from zos_core.record.recorder import Recorder
        from zos_core.record.recording import header_of

        header = header_of(config.seed, config.limits, config.full_audit, started_ms)
        try:
            return Recorder(self._machine, config.record, header, module_bytes)
        except Refused as refused:
            if config.must_record:
                raise
            self._not_recorded = str(refused)
            return None

    @property
    def problem(self) -> str:
        """Why there is no recording, or it stopped before the session, one line; empty when nothing is wrong."""
        return self._not_recorded if self.recorder is None else self.recorder.problem

    def wait_durable(self) -> None:
        """Wait until everything up to here survives a kill; not if it never will, or is held by a pause."""
        if self.recorder is not None:
            self.recorder.wait_durable(self.recorder.tick)

    def past(self, named: Storages) -> Past:
        """This session as it was, up to here; the one before is closed. Raises `Refused`."""
        from zos_core.past import kept_past, open_recording

        self.close_past()
        recorder = self.recorder
        if recorder is None or recorder.state is RecordingState.FORGOTTEN:
            self._past = kept_past(self._machine, _THIS_SESSION, named)
        else:
            self.wait_durable()
            self._past = open_recording(recorder.path, self._config.cache, _THIS_SESSION, named)
        return self._past

    def close_past(self) -> None:
        if self._past is not None:
            self._past.close()

    def close(self) -> None:
        # A recording is whole only when nobody reads it as its writer closes it.
        self.close_past()
        if self.recorder is not None:
            self.recorder.close()
