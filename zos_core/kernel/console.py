"""Consoles: what programs write, and what people type.

Rules of this file (seed: Console I/O Model; kernel: Console)
- A console belongs to one process; its reader is that process or the child it lent it to.
- Output waits in a buffer of 64 KiB; when it is full the writer waits, and nothing is dropped.
- Input is a message on the reader's slot 1, delivered by privilege and never by a system call.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Errno, ObjectType, Rights
from zos_core.kernel import capabilities
from zos_core.kernel import effects as e
from zos_core.kernel import transient as t
from zos_core.kernel.call import WAIT, Call, Outcome, State, refuse
from zos_core.kernel.commits import InsertHow
from zos_core.kernel.state import Cap, Committed

# Plain integers: the attribute of an enum costs more than the comparison.
_CONSOLE, _SPAWN = int(ObjectType.CONSOLE), int(InsertHow.SPAWN)
_WRITE = int(Rights.WRITE)


def default_console(c: Committed, pid: int) -> Cap | None:
    """The lowest slot with a Console that was filled at spawn or by pid 0 (abi: SYS_CONSOLE_WRITE)."""
    found: Cap | None = None
    for cap in c.spaces[pid].slots.values():
        if cap.object_type != _CONSOLE or (found is not None and found.slot < cap.slot):
            continue
        if cap.how == _SPAWN or cap.by_pid == abi.PID_SUPERVISOR:
            found = cap
    return found


def sys_console_write(s: State, call: Call) -> Outcome:
    """SYS_CONSOLE_WRITE(len, console) text -> status; console 0 is the default, slot + 1 any other."""
    # BYTE PATH 5: SYS_CONSOLE_WRITE checks the Console capability of the writer
    length, which, _ = call.args
    if length > len(call.data):
        return refuse(call, Errno.E_INVAL, "less was sent than declared")
    return write(s, call, which, abi.Stream.OUTPUT, call.data[:length])


def write(s: State, call: Call, which: int, stream: abi.Stream, data: bytes) -> Outcome:
    """Append to a console, or wait for room; shared by SYS_CONSOLE_WRITE and WASI descriptors."""
    cap = s.committed.cap(call.pid, which - 1) if which else default_console(s.committed, call.pid)
    if cap is None:
        return refuse(call, Errno.E_BADF if which else Errno.E_PERM, "no console capability")
    if cap.object_type != _CONSOLE:
        return refuse(call, Errno.E_BADF, "not a console")
    if not cap.perms & _WRITE:
        return refuse(call, Errno.E_PERM, "the capability lacks the right")
    return _append(s, call, cap, stream, data)


def _append(s: State, call: Call, cap: Cap, stream: int, data: bytes) -> Outcome:
    """As much as fits; the rest waits, and the use is charged when the last byte is in."""
    console = cap.object_id
    room = max(abi.MAX_CONSOLE_BUFFER - s.transient.console_sizes.get(console, 0), 0)
    effects: list[e.Effect] = []
    if data and room:
        effects.append(e.ConsoleAppend(console, stream, data[:room], cap.id, call.now))
    if len(data) > room:
        wait = t.Wait(t.WaitKind.CONSOLE, call.num, call.event, None, cap.id, 0, console, stream, data[room:])
        return Outcome(WAIT, (), [*effects, e.BeginWait(call.pid, wait)])
    commits, after = capabilities.spend(s, cap, call.pid)
    return Outcome(0, commits, [*effects, *after])


def resume_write(s: State, call: Call, wait: t.Wait) -> Outcome:
    cap = s.committed.caps.get(wait.cap_id)
    if cap is None or cap.pid != call.pid:
        return refuse(call, Errno.E_PERM, "the console capability went while the write waited")
    return _append(s, call, cap, wait.stream, wait.rest)


def deliver_console_input(s: State, call: Call) -> Outcome:
    """Privileged (pid,) data -> status: one MSG_CONSOLE_INPUT to the reader of that process's console."""
    (pid,) = call.args
    own = s.committed.console_of(pid)
    reader = pid if own is None else own.reader
    if not s.committed.alive(reader):
        return refuse(call, Errno.E_NOENT, "no such process")
    if len(call.data) > abi.MAX_SYSTEM_PAYLOAD:
        return refuse(call, Errno.E_OVERFLOW, "input too long for one message")
    endpoint = capabilities.notice_endpoint(s.committed, reader)
    if not endpoint:
        return refuse(call, Errno.E_BADF, "the process owns no input endpoint")
    if s.transient.queues[endpoint].inputs >= abi.MAX_QUEUE:
        return refuse(call, Errno.E_AGAIN, "input queue full")
    # BYTE PATH 3: keystrokes become one kernel message, MSG_CONSOLE_INPUT, from pid 0
    message = t.Message(abi.PID_SUPERVISOR, abi.Tag.CONSOLE_INPUT, call.data)
    return Outcome(0, (), (e.Enqueue(endpoint, reader, message),))


def drain_console_output(s: State, call: Call) -> Outcome:
    """Privileged (console,) -> status: empties the buffer and wakes whoever waits for room."""
    # BYTE PATH 7: drain_console_output empties the buffer; the caller hands the bytes to the callback
    (console,) = call.args
    writers = [pid for pid, wait in s.transient.waits.items() if wait.console == console and wait.result is None]
    return Outcome(0, (), (e.ConsoleDrained(console), *(e.Wake(pid) for pid in writers)))


def split_input(data: bytes, limit: int = abi.MAX_SYSTEM_PAYLOAD) -> list[bytes]:
    """`data` in pieces of at most `limit` bytes that never split a UTF-8 character."""
    pieces = []
    while len(data) > limit:
        cut = limit
        while cut > limit - 4 and data[cut] & 0xC0 == 0x80:
            cut -= 1
        cut = cut if data[cut] & 0xC0 != 0x80 else limit
        pieces.append(data[:cut])
        data = data[cut:]
    return [*pieces, data] if data else pieces
