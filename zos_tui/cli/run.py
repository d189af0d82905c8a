"""`zos run`: one process on this terminal, without the desktop; its exit code is the command's.

Rules of this file (supervisor: Command line)
- A fault is status 134 and one line that says what happened, a kill 137; otherwise the program's own code.
- Nothing but what the program writes goes to standard output.
- Authority is what `--grant` gives and `--policy` allows: nobody is there to ask, so every other request is denied.
"""

from __future__ import annotations

import argparse
import os
import select
import signal

from zos_core import abi, collector
from zos_core.abi import ExitHow
from zos_core.launcher import Launch, Options
from zos_core.policy import Policy
from zos_core.snapshot import ConsoleMode, ExitSnapshot
from zos_core.supervisor import MachineConfig, Supervisor
from zos_tui.cli.console import STDERR, HostConsole
from zos_tui.cli.folders import module_cache, storage_file
from zos_tui.cli.messages import Stopped, complain, tell
from zos_tui.cli.outputs import OutputQueue
from zos_tui.cli.session import Session
from zos_tui.cli.signals import ENDING, SignalPipe
from zos_tui.cli.trace import CallTrace, DebugText

COMPILE_POLL_MS = 20
PROGRESS_AFTER_S = 1.0
SEED_BYTES = 32
_PANIC = "PANIC:"
_ERASE_LINE = "\r\x1b[K"


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit status. Raises `Refused`, `CommandFailed` and `Stopped`."""
    console = HostConsole(OutputQueue(), unsafe=arguments.unsafe_terminal)
    with SignalPipe() as signals:
        machine = Supervisor(_config(arguments))
        try:
            options = Options(
                arguments.memory, arguments.fuel, tuple(arguments.grant), plain=not console.is_terminal,
                directories=tuple(arguments.directories), environ=tuple(arguments.env),
                terminals=console.terminals, stub_imports=arguments.stub_imports,
            )  # fmt: skip
            launch = machine.launch(arguments.program, [os.fsencode(each) for each in arguments.args], options=options)
            machine.boot()
            _compile(launch, console, signals)
            collector.spare()
            pid = machine.finish_launch(launch)
            return _session(arguments, machine, pid, launch.source.name, console, signals)
        finally:
            machine.close()
            for problem in filter(None, (machine.recording_problem, machine.storage_problem)):
                complain(problem)


def _config(arguments: argparse.Namespace) -> MachineConfig:
    filed = arguments.policy or Policy()
    policy = Policy(allow=(*arguments.grant, *filed.allow), deny=(*arguments.deny, *filed.deny))
    seed = os.urandom(SEED_BYTES) if arguments.seed is None else arguments.seed
    return MachineConfig(
        policy=policy, cache=module_cache(), storage=storage_file(arguments.data), seed=seed, record=arguments.record
    )


def _compile(launch: Launch, console: HostConsole, signals: SignalPipe) -> None:
    """Wait for the compiler, and say so when it takes long. Raises `Stopped`."""
    shown = False
    poll = select.poll()
    poll.register(signals.descriptor, select.POLLIN)
    try:
        while not launch.done:
            if launch.elapsed_s > PROGRESS_AFTER_S and os.isatty(STDERR):
                shown = True
                tell(f"{_ERASE_LINE}zos: compiling {launch.source.name}, {launch.elapsed_s:.0f} s (Ctrl-C cancels)")
            poll.poll(COMPILE_POLL_MS)
            for number in signals.take():
                if number in ENDING or number is signal.SIGINT:
                    launch.cancel()
                    raise Stopped(number)
                if number is signal.SIGTSTP:
                    signals.stop()
    finally:
        if shown:
            tell(_ERASE_LINE)


def _session(
    arguments: argparse.Namespace, machine: Supervisor, pid: int, name: str, console: HostConsole, signals: SignalPipe
) -> int:
    debug = DebugText(machine, pid)
    watches = [CallTrace(machine, pid).lines] if arguments.trace else []
    watches += [debug.lines] if arguments.debug else []
    own_mode = machine.console_mode(pid) if console.is_terminal else ConsoleMode.LINE
    mode = own_mode if arguments.mode is None else ConsoleMode(arguments.mode)
    machine.set_console_mode(pid, mode)
    with console:
        console.set_mode(mode)
        how = Session(machine, pid, console, signals, watches).run()
    debug.lines()
    if how.how is ExitHow.EXITED and how.code and debug.last.startswith(_PANIC) and not arguments.debug:
        complain(f"{name}: {debug.last}")
    elif how.how is not ExitHow.EXITED:
        complain(f"{name}: {describe_end(how)}")
    return exit_status(how)


def exit_status(how: ExitSnapshot) -> int:
    """The end of a process as a shell sees it."""
    match how.how:
        case ExitHow.FAULTED:
            return abi.EXIT_FAULT_STATUS
        case ExitHow.KILLED:
            return abi.EXIT_KILL_STATUS
    return how.code & 0xFF


def describe_end(how: ExitSnapshot) -> str:
    """`unreachable in crash::main (wasm `unreachable` instruction executed)`."""
    if how.trap is None:
        return how.describe()
    where = f" in {how.trap.frames[0]}" if how.trap.frames else ""
    message = how.trap.message.replace("wasm trap: ", "")
    return f"{how.trap.reason}{where}" + (f" ({message})" if message not in ("", how.trap.reason) else "")
