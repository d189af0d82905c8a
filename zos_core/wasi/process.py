"""A program with descriptors: what its calls share, and the one way from them to the kernel and to the host.

Rules of this file (runtime: WASI programs)
- It owns no authority: each use of a file asks the gateway, which finds the capability, logs the call and charges it.
- A call that cannot go on raises `Waits`: the fiber is parked, and the same call comes again with the same arguments.
- A pointer outside of the program's memory answers `FAULT`.
- It reads the process's input endpoint itself: input becomes descriptor 0, a notice is taken off and logged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from zos_core import abi
from zos_core.abi import ERROR_BIT, Errno, Rights, Sys
from zos_core.axiom.gateway import Gateway
from zos_core.kernel.call import WAIT, Outcome
from zos_core.kernel.descriptors import Need
from zos_core.runtime.commands import WasiSetup
from zos_core.runtime.memory import GuestMemory, GuestSlice
from zos_core.wasi import preview1 as p1
from zos_core.wasi.descriptors import (
    DIRECTORY_RIGHTS,
    INHERITING,
    STREAM_RIGHTS,
    Descriptor,
    Descriptors,
    WasiError,
)
from zos_core.wasi.host import Answer, HostCalls, Job, unpack_answer
from zos_core.wasi.hostpaths import HostPaths
from zos_core.wasi.preview1 import Err, FileType
from zos_core.wasi.rows import join

MAX_VECTORS = 1024
"""Buffers of one read or write, as on Linux."""
MAX_PATH = 4096
MAX_AT_ONCE = 256 << 10
"""Bytes that are read or written while the machine waits; more is a job, and the caller is parked."""

MAX_MOVED = 4 << 20
"""Bytes that one call reads or writes at the most: it may move fewer than it was asked to, and says how many."""

_DIRECTIONS = int(p1.Right.FD_READ | p1.Right.FD_WRITE)
_ERRORS = {
    Errno.E_PERM: Err.ACCES,
    Errno.E_BADF: Err.BADF,
    Errno.E_NOENT: Err.NOENT,
    Errno.E_INVAL: Err.INVAL,
    Errno.E_NOMEM: Err.NOMEM,
}


class Waits(Exception):
    """The call cannot go on: it comes again when the process has been woken, at once if it does not wait."""


class Vector(NamedTuple):
    """Buffers of a read or a write, and their bytes together."""

    slices: list[GuestSlice]
    total: int


class Host(NamedTuple):
    """What the programs of one machine share: files, and how the host is asked. `handles` numbers what they open."""

    files: HostPaths
    calls: HostCalls
    handles: list[int]

    def new_handle(self) -> int:
        self.handles[0] += 1
        return self.handles[0]


class WasiProcess:
    """The state behind the calls of one program.

    Of its fiber it has the `memory`, and how to `leave` with an exit code and to `give_way` to others. `poll_from` is
    when a call that waits for several things was first made, `filled` how many random bytes one has written so far,
    `copied` the bytes that were read or written since somebody set it to 0.
    """

    def __init__(
        self, pid: int, args: Sequence[bytes], setup: WasiSetup, gateway: Gateway, host: Host,
        memory: GuestMemory, leave: Callable[[int], None], give_way: Callable[[], None],
    ) -> None:  # fmt: skip
        self.pid, self.args, self.environ, self.terminals = pid, args, setup.environ, setup.terminals
        self.gateway, self.host = gateway, host
        self.table = Descriptors()
        self.input = bytearray()
        self.input_ended = self.end_read = False
        self.poll_from: tuple[int, int] | None = None
        self.filled = 0
        self.leave, self.give_way = leave, give_way
        self.memory, self.copied = memory, 0
        self.notices = gateway.state.transient.notices
        for stream in range(3):
            kind = FileType.CHARACTER_DEVICE if self.is_terminal(stream) else FileType.UNKNOWN
            self.table.add(Descriptor(kind, STREAM_RIGHTS, stream=stream))
        for preopen in setup.preopens:
            handle = host.new_handle()
            opened = host.calls.ask(partial(host.files.open_directory, handle, preopen.object_id))
            if opened.error:
                continue
            self.table.add(
                Descriptor(
                    FileType.DIRECTORY, DIRECTORY_RIGHTS, INHERITING, handle=handle, directory=preopen.object_id,
                    preopen=preopen.guest.encode(errors="surrogateescape"),
                )
            )  # fmt: skip

    def is_terminal(self, stream: int) -> bool:
        return bool(self.terminals >> stream & 1)

    def close(self) -> None:
        """The program has ended: what it had open is closed."""
        for descriptor in self.table:
            if descriptor.stream is None:
                self.host.files.close(descriptor.handle)

    # --- descriptors and memory -----------------------------------------------------------------------------------

    def descriptor(self, number: int, rights: int = 0) -> Descriptor:
        """Raises `WasiError`: `BADF` when it is not open, `NOTCAPABLE` when it may not be used so."""
        found = self.table.get(number)
        # A flag's own operators make a flag of the result, in fifty times the time.
        if int(rights) & ~found.rights:
            raise WasiError(Err.NOTCAPABLE)
        return found

    def directory(self, number: int, rights: int) -> Descriptor:
        """A descriptor that a path starts from. Raises `WasiError`."""
        found = self.table.get(number)
        if not found.is_directory:
            raise WasiError(Err.NOTDIR)
        if int(rights) & ~found.rights:
            raise WasiError(Err.NOTCAPABLE)
        return found

    def file(self, number: int, rights: int) -> Descriptor:
        """A descriptor of a regular file; a directory is none to read, write or move in. Raises `WasiError`."""
        found = self.table.get(number)
        if found.is_directory:
            raise WasiError(Err.BADF)
        missing = int(rights) & ~found.rights
        if missing & _DIRECTIONS:
            # As POSIX has it of a descriptor that was opened the other way round.
            raise WasiError(Err.BADF)
        if missing:
            raise WasiError(Err.SPIPE if found.stream is not None else Err.NOTCAPABLE)
        return found

    def path(self, ptr: int, length: int) -> bytes:
        """Raises `WasiError` for one that names nothing, or that is no text."""
        if length > MAX_PATH:
            raise WasiError(Err.NAMETOOLONG)
        path = self.memory.read(ptr, length)
        if b"\0" in path:
            raise WasiError(Err.INVAL)
        try:
            path.decode()
        except UnicodeDecodeError:
            raise WasiError(Err.ILSEQ) from None
        return path

    def vector(self, ptr: int, count: int) -> Vector:
        """The buffers of a read or a write, every one of them checked, cut to what one call moves."""
        if count > MAX_VECTORS:
            raise WasiError(Err.INVAL)
        slices, total, memory = [], 0, self.memory
        for start, length in p1.IOVEC.iter_unpack(memory.read(ptr, p1.IOVEC.size * count)):
            memory.check(start, length)
            taken = min(length, MAX_MOVED - total)
            slices.append(GuestSlice(start, taken))
            total += taken
        self.copied += total
        return Vector(slices, total)

    def outgoing(self, vector: Vector) -> bytes | memoryview:
        """What a write to a file gives the host: the buffer itself, if there is one and nobody waits for a worker."""
        if len(vector.slices) == 1 and vector.total <= MAX_AT_ONCE:
            return self.memory.view(*vector.slices[0])
        return self.gather(vector)

    def gather(self, vector: Vector) -> bytes:
        if len(vector.slices) == 1:
            return self.memory.read(*vector.slices[0])
        return b"".join([self.memory.read(*each) for each in vector.slices])

    def scatter(self, vector: Vector, data: bytes) -> None:
        """`data` into the buffers, in order, as far as it goes."""
        if vector.slices and len(data) <= vector.slices[0].length:
            self.memory.write(vector.slices[0].ptr, data)
            return
        at = 0
        for ptr, length in vector.slices:
            piece = data[at : at + length]
            self.memory.write(ptr, piece)
            at += len(piece)

    def put_u32(self, ptr: int, value: int) -> None:
        self.memory.write(ptr, p1.U32.pack(value))

    def put_u64(self, ptr: int, value: int) -> None:
        self.memory.write(ptr, p1.U64.pack(value))

    def check(self, ptr: int, length: int) -> None:
        """Raises `BadPointer` before anything is done that cannot be undone."""
        self.memory.check(ptr, length)

    # --- the kernel and the host ----------------------------------------------------------------------------------

    def use(self, number: int, shown: tuple[object, ...], needs: Sequence[Need], act: Callable[[], Answer]) -> Answer:
        """Ask the host, if a capability allows it. Raises `WasiError` with the refusal of either."""
        asked = self.gateway.exercise(
            self.pid, p1.FIRST_CALL + number, join(shown, needs), tuple(needs), lambda: self.host.calls.ask(act)
        )
        if isinstance(asked, Outcome):
            raise WasiError(refusal_of(asked))
        return checked(asked)

    def use_later(
        self, number: int, shown: tuple[object, ...], needs: Sequence[Need], handle: int, work: Callable[[], Answer]
    ) -> Answer:
        """The same for what may take long with one file: the caller is parked. Raises `WasiError` and `Waits`."""
        number, shown = number + p1.FIRST_CALL, join(shown, needs)
        if not self.gateway.waits(self.pid):
            asked = self.gateway.await_host(self.pid, number, shown, tuple(needs))
            if asked.result != WAIT:
                raise WasiError(refusal_of(asked))
            if self.host.calls.live:
                self.host.calls.jobs.append(Job(self.pid, self.gateway.event, self.host.files.held(handle, work)))
            raise Waits
        done = self.gateway.resume(self.pid, number, shown)
        if done.result == WAIT:
            raise Waits
        if done.result:
            raise WasiError(refusal_of(done))
        return checked(unpack_answer(done.data))

    def need(self, descriptor: Descriptor, rights: Rights) -> Need:
        return Need(descriptor.directory, rights)

    # --- input ----------------------------------------------------------------------------------------------------

    def receive(self, timeout_ms: int) -> bool:
        """Take one message off the input endpoint; False when none came in time. Raises `Waits` and `WasiError`.

        `timeout_ms` is `abi.FOREVER_MS` without end, 0 only looks.
        """
        if timeout_ms:
            low, high = timeout_ms & abi.U32, timeout_ms >> 32
            got = self.gateway.syscall(self.pid, Sys.RECEIVE_WAIT, abi.SLOT_INPUT, low, high, b"")
        else:
            got = self.gateway.syscall(self.pid, Sys.RECEIVE, abi.SLOT_INPUT, 0, 0, b"")
        if got.result == WAIT:
            raise Waits
        if got.result & ERROR_BIT:
            raise WasiError(Err.BADF)
        if not got.result:
            return False
        sender, tag, payload = abi.unpack_received(got.data)
        if sender == abi.PID_SUPERVISOR and tag == abi.Tag.CONSOLE_INPUT:
            self.input += payload
            self.input_ended, self.end_read = not payload, False
        return True

    def take_notices(self) -> None:
        """Notices are for nobody in such a program: they are taken off, so that they never fill its endpoint."""
        with suppress(WasiError):
            while not self.gateway.waits(self.pid) and self.notices.get(self.pid):
                if not self.receive(0):
                    return


def refusal_of(outcome: Outcome) -> Err:
    """A refusal of the kernel in WASI's numbers."""
    return _ERRORS.get(Errno(outcome.result & ~ERROR_BIT), Err.IO)


def checked(answer: Answer) -> Answer:
    """Raises `WasiError` with what the host refused."""
    if answer.error:
        raise WasiError(Err(answer.error))
    return answer
