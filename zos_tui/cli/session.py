"""One process on this terminal: keys and pipes in, console out, until it ends or is told to.

Rules of this file (supervisor: Line mode and raw mode; runtime: How, SIGINT)
- One loop: hand over input, one tick, show output, wait. It waits in poll(), until the machine's own next deadline;
  nothing is polled for, and nothing blocks but that one call.
- Input is read only while the machine takes it, and the program waits while its output is not read.
- Ctrl-C in line mode is input (0x03); twice in a row within a second it ends the run. Ctrl-\\ always ends it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable, Sequence

from zos_core import abi
from zos_core.errors import CallRefused, InputRefused
from zos_core.snapshot import ConsoleMode, ExitSnapshot, PollReport
from zos_core.supervisor import Supervisor
from zos_tui.cli.console import STDIN, HostConsole
from zos_tui.cli.inputs import END, InputQueue
from zos_tui.cli.messages import CommandFailed, Stopped
from zos_tui.cli.outputs import HOLD_ABOVE
from zos_tui.cli.signals import ENDING, SignalPipe
from zos_tui.cli.termfilter import Request

READ_BYTES = 64 << 10
WATCHED_TICK_MS = 2
"""A short tick while calls are traced: the log must not run over between two looks."""

TWICE_NS = 1_000_000_000
"""Two Ctrl-C within this time, and no key between them, end a run in line mode."""

_MODES = {Request.LINE: ConsoleMode.LINE, Request.RAW: ConsoleMode.RAW}
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Session:
    """`watches` return lines for standard error after each tick: a trace, debug text."""

    def __init__(
        self, machine: Supervisor, pid: int, console: HostConsole, signals: SignalPipe,
        watches: Sequence[Callable[[], list[str]]] = (),
    ) -> None:  # fmt: skip
        self._machine, self._pid, self._console, self._signals = machine, pid, console, signals
        self._output = console.output
        self._input = InputQueue(lines=not console.input_is_terminal)
        self._watches = watches
        self._written: list[tuple[bytes, int]] = []
        self._reading = True
        self._refused = self._held = False
        self._interrupted_ns = -TWICE_NS

    def run(self) -> ExitSnapshot:
        """Until the process has ended and its output is written. Raises `Stopped` and `CommandFailed`."""
        self._machine.register_console_callback(self._pid, self._collect)
        while True:
            self._deliver()
            report = self._machine.poll_syscalls(budget_ms=WATCHED_TICK_MS if self._watches else abi.MAX_TICK_MS)
            self._show()
            self._output.write()
            turned = self._hold(self._output.size > HOLD_ABOVE)
            how = self._machine.exit_of(self._pid)
            if how is not None:
                self._drain(0)
                return how
            self._wait(report, at_once=turned)
            if self._watches:
                # A hold stops what a program writes, not what is told about it: the machine itself waits.
                self._drain(HOLD_ABOVE)

    # --- between two ticks ----------------------------------------------------------------------------------------

    def _collect(self, data: bytes, stream: int) -> None:
        # Only taken here: an error while it is shown is this command's, and must not look like a broken callback.
        self._written.append((data, stream))

    def _show(self) -> None:
        written, self._written = self._written, []
        for data, stream in written:
            for request in self._console.show(stream, data):
                self._answer(request)
        for watch in self._watches:
            for line in watch():
                self._console.say(line)

    def _answer(self, request: Request) -> None:
        if request in _MODES:
            self._machine.set_console_mode(self._pid, _MODES[request])
            self._console.set_mode(_MODES[request])
        else:
            self._input.push(self._console.size_answer(request))

    def _deliver(self) -> None:
        """Hand the machine as much input as it takes."""
        if self._refused:
            self._input.clear()
            return
        try:
            for message in self._input.take(self._machine.input_room(self._pid)):
                if message == END:
                    self._machine.send_end_of_input(self._pid)
                else:
                    self._machine.send_input_to_process(self._pid, message)
        except InputRefused as refused:
            self._refused, self._reading = True, False
            self._console.say(f"zos: {refused}")

    def _hold(self, held: bool) -> bool:
        """Stop the program's output, or let it go on, from the next tick; whether that is a change."""
        changed, self._held = held != self._held, held
        self._machine.hold_console(self._pid, held)
        return changed

    def _drain(self, size: int) -> None:
        """Wait for readers until no more than `size` bytes of output are left; a signal ends that, too."""
        while self._output.size > size:
            self._poll(None, reading=False)
            self._output.write()

    # --- waiting --------------------------------------------------------------------------------------------------

    def _wait(self, report: PollReport, *, at_once: bool) -> None:
        """Until something comes from outside, or the machine has something to do: `at_once` when it has by now."""
        timeout_ms: float | None = None
        if at_once or not report.idle or self._deliverable():
            timeout_ms = 0
        elif report.wake_at_ns is not None:
            # Rounded up: waking a moment early would mean another tick for nothing.
            timeout_ms = max(0, (report.wake_at_ns - self._machine.uptime_ns()) // 1_000_000 + 1)
        self._poll(timeout_ms, reading=self._reading and self._input.wants_more)

    def _deliverable(self) -> bool:
        return bool(self._input) and self._machine.input_room(self._pid) >= abi.MAX_SYSTEM_PAYLOAD

    def _poll(self, timeout_ms: float | None, *, reading: bool) -> None:
        poll = select.poll()
        poll.register(self._signals.descriptor, select.POLLIN)
        if reading:
            poll.register(STDIN, select.POLLIN)
        if self._output.descriptor is not None:
            poll.register(self._output.descriptor, select.POLLOUT)
        ready = dict(poll.poll(timeout_ms))
        if self._signals.descriptor in ready:
            for number in self._signals.take():
                self._signalled(number)
        if reading and STDIN in ready:
            self._read(hung_up=bool(ready[STDIN] & _GONE))

    def _read(self, *, hung_up: bool) -> None:
        try:
            data = os.read(STDIN, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            if not self._console.input_is_terminal:
                raise CommandFailed(f"standard input: {error.strerror}") from None
            data, hung_up = b"", True
        if data:
            self._interrupted_ns = -TWICE_NS
            self._input.add(data)
            return
        # A terminal says "end" at each Ctrl-D and goes on; everything else ends once.
        self._input.end()
        self._reading = self._console.input_is_terminal and not hung_up

    # --- signals --------------------------------------------------------------------------------------------------

    def _signalled(self, number: signal.Signals) -> None:
        if number in ENDING:
            self._end(number)
        elif number is signal.SIGINT:
            self._interrupt()
        elif number is signal.SIGWINCH:
            self._input.push(self._console.resized())
        elif number is signal.SIGTSTP:
            self._console.leave()
            self._signals.stop()
            self._take_terminal()
        elif number is signal.SIGCONT:
            self._take_terminal()

    def _take_terminal(self) -> None:
        self._console.enter()
        self._input.push(self._console.resized())

    def _interrupt(self) -> None:
        now = self._machine.uptime_ns()
        if self._console.mode is not ConsoleMode.LINE or now - self._interrupted_ns < TWICE_NS:
            self._end(signal.SIGINT)
        self._interrupted_ns = now
        self._input.interrupt()

    def _end(self, number: signal.Signals) -> None:
        self._output.clear()
        with contextlib.suppress(CallRefused):  # it has ended meanwhile
            self._machine.kill_process(self._pid)
        raise Stopped(number)
