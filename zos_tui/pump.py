"""The one place where the machine meets the event loop.

Rules of this file
- The machine runs in turns on the event loop's own thread; between two turns the loop gets several passes of its own,
  because a key needs several (reader thread, parser, app, widget) before it reaches its process.
- Nothing to do means waiting on an event: an idle desktop costs nothing. Deadlines come from the machine itself.
- For a short while after a key, turns are short and output is handed over at once; otherwise turns are long and output
  goes in batches, at the pace of a screen (desktop: Speed).
- Output is handed over in pieces within a time budget; an echo goes before everything else. What waits is bounded: a
  console whose output nobody has taken yet is held, so that its writer waits in the kernel and nothing is dropped.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable

from zos_core import collector
from zos_core.snapshot import PollReport
from zos_tui.ports import Machine

KEY_WINDOW_S = 0.1
KEY_BUDGET_MS = 2.0
TURN_BUDGET_MS = 3.0
BATCH_S = 1 / 30
FEED_KEY_S = 0.001
FEED_TURN_S = 0.003
PIECE_BYTES = 4 << 10
HOLD_ABOVE_BYTES = 64 << 10
HOLD_ABOVE_KEY_BYTES = 16 << 10
"""While someone types, what another process may have waiting: a flood steps aside until the typing pauses."""
LOOP_PASSES = 16
SWITCH_INTERVAL_S = 0.001
COLLECT_EVERY_S = 60.0
COLLECT_AFTER_KEY_S = 1.0

Sink = Callable[[bytes], None]


def prepare_interpreter() -> None:
    """Short thread switches (Textual reads and writes in threads), and no long pauses of the collector.

    What start-up made is left alone for good. Whole collections, 100 ms with full scrollbacks, are the pump's to place.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    collector.spare(collector.NEVER)


class Pump:
    """Runs a machine on an asyncio loop and hands its console output to sinks, one a process.

    `on_report` sees every turn's report; `on_failure` one line when the machine itself fails, after which it rests.
    """

    def __init__(
        self,
        machine: Machine,
        on_report: Callable[[PollReport], None],
        on_failure: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._machine = machine
        self._on_report = on_report
        self._on_failure = on_failure
        self._now = now
        self._sinks: dict[int, Sink] = {}
        self._waiting: dict[int, bytearray] = {}
        self._held: set[int] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._typed_pid = 0
        self._typed_at = -KEY_WINDOW_S
        self._handed_at = -BATCH_S
        self._collected_at = now()
        self.turns = 0

    # --- what the desktop tells it ------------------------------------------------------------------------------

    def attach(self, pid: int, sink: Sink) -> None:
        """Give the output of `pid` to `sink`, which is called on the loop, between turns."""
        self._sinks[pid] = sink
        self._waiting.setdefault(pid, bytearray())
        self._machine.register_console_callback(pid, lambda data, _stream: self._collect(pid, data))
        self._wake.set()

    def detach(self, pid: int) -> None:
        """Stop taking the output of `pid`; what waits is forgotten."""
        self._machine.unregister_console_callback(pid)
        self._release(pid)
        self._sinks.pop(pid, None)
        self._waiting.pop(pid, None)

    def typed(self, pid: int) -> None:
        """A key went to `pid`: be quick for a while."""
        self._typed_pid = pid
        self._typed_at = self._now()
        self._wake.set()

    def touched(self) -> None:
        """Something was asked of the machine: run it."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def drain(self, pid: int) -> None:
        """Hand over everything that waits for `pid`, however much: its last words come before its end."""
        sink, waiting = self._sinks.get(pid), self._waiting.get(pid)
        if sink and waiting:
            sink(bytes(waiting))
            waiting.clear()

    # --- the loop -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`. A failure of the machine ends the turns, not the desktop."""
        while not self._stopping:
            self._wake.clear()
            try:
                rest_s = self.turn()
            except Exception as error:
                self._on_failure(f"the machine stopped: {type(error).__name__}: {error}")
                return
            if rest_s is None or rest_s > 0:
                await self._rest(rest_s)
            else:
                for _ in range(LOOP_PASSES):
                    await asyncio.sleep(0)
            self._collect_garbage()

    def turn(self) -> float | None:
        """One turn: poll, hand over. Returns how long to rest: 0 for not at all, None for until woken."""
        self.turns += 1
        quick = self.quick
        report = self._machine.poll_syscalls(budget_ms=KEY_BUDGET_MS if quick else TURN_BUDGET_MS)
        next_batch_s = self._hand_over(quick)
        released = self._release_drained(quick)
        self._on_report(report)
        if released or not report.idle:
            return 0.0
        rests = [] if next_batch_s is None else [next_batch_s]
        if report.wake_at_ns is not None:
            rests.append(max(0.0, (report.wake_at_ns - self._machine.uptime_ns()) / 1e9))
        if self._held:
            rests.append(max(0.0, KEY_WINDOW_S - (self._now() - self._typed_at)))
        return min(rests, default=None)

    def _release_drained(self, quick: bool) -> bool:
        """Let consoles go whose output has been taken; other ones than the typed-in one when the typing pauses."""
        ready = [
            pid
            for pid in self._held
            if len(self._waiting.get(pid, b"")) <= HOLD_ABOVE_BYTES // 2 and (not quick or pid == self._typed_pid)
        ]
        for pid in ready:
            self._release(pid)
        return bool(ready)

    async def _rest(self, seconds: float | None) -> None:
        timer = None
        if seconds is not None:
            timer = asyncio.get_running_loop().call_later(seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()

    @property
    def quick(self) -> bool:
        """Someone is typing: what can wait should."""
        return self._now() - self._typed_at < KEY_WINDOW_S

    def _collect_garbage(self) -> None:
        """A whole collection now and then, when nobody is typing."""
        now = self._now()
        if now - self._collected_at > COLLECT_EVERY_S and now - self._typed_at > COLLECT_AFTER_KEY_S:
            gc.collect()
            self._collected_at = self._now()

    # --- output -------------------------------------------------------------------------------------------------

    def _collect(self, pid: int, data: bytes) -> None:
        # The process's callback: bytes wait here, per process, for the next hand-over.
        waiting = self._waiting.get(pid)
        if waiting is None:
            return
        waiting += data
        limit = HOLD_ABOVE_KEY_BYTES if self.quick and pid != self._typed_pid else HOLD_ABOVE_BYTES
        if len(waiting) > limit and pid not in self._held:
            self._held.add(pid)
            self._machine.hold_console(pid, True)

    def _release(self, pid: int) -> None:
        if pid in self._held:
            self._held.discard(pid)
            self._machine.hold_console(pid, False)

    def _hand_over(self, quick: bool) -> float | None:
        """Give out what waits, within a budget. Returns when to come again: None when nothing waits."""
        now = self._now()
        if not any(self._waiting.values()):
            return None
        if not quick and now - self._handed_at < BATCH_S:
            return BATCH_S - (now - self._handed_at)
        deadline = now + (FEED_KEY_S if quick else FEED_TURN_S)
        if quick and self._waiting.get(self._typed_pid):
            # The echo alone: what other processes wrote waits, so that it is drawn before anything else is done.
            self._feed(self._typed_pid, deadline)
        else:
            for pid in tuple(self._waiting):
                self._feed(pid, deadline)
        left = any(self._waiting.values())
        if not left:
            self._handed_at = now
        return 0.0 if left else None

    def _feed(self, pid: int, deadline: float) -> None:
        waiting, sink = self._waiting[pid], self._sinks[pid]
        while waiting:
            sink(bytes(waiting[:PIECE_BYTES]))
            del waiting[:PIECE_BYTES]
            if self._now() >= deadline:
                break
