"""WASI programs without a toolchain: a list of calls, made into a module that says what each was answered.

    script = Script()
    file = script.open("notes", OFlags.CREAT, RW)
    script.write(file, b"hello")
    script.call("fd_tell", file, script.out(8), err=Err.NOTCAPABLE)
    answers = script.answers(output_of(script.module()))
    assert not script.complaints(answers)

Rules of this file
- A call names the errno it expects, success if it names none, `ANY` if that is not the question.
- A call is given constants: numbers, text (a pointer and a length), buffers, or a `Cell`, read when it is made.
- After each call the program writes the errno and then the bytes of every buffer of that call to descriptor 1.
- Memory below `FIRST_FREE` is the program's own; a test may use any address as a number to break rules with.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from zos_core.wasi import preview1
from zos_core.wasi.preview1 import U32, Err, FdFlags, OFlags, Right, Whence

FOLLOW = preview1.LOOKUP_SYMLINK_FOLLOW
READ, WRITE = Right.FD_READ, Right.FD_WRITE
RW = READ | WRITE
EVERYTHING = preview1.ALL_RIGHTS
ROOT = 3
"""The descriptor of the first directory that a program is given."""
NO_DESCRIPTOR = 0xFFFF_FFFF
FOR_EVER = 1 << 31
ANY = frozenset(Err)
FUNCTIONS = {each.name: each for each in preview1.FUNCTIONS}

_VOICE, _SAY_AT, _SAY_SIZE, _SAID, _ERRNO = 0, 8, 12, 16, 20
FIRST_FREE = 1024
_SAY = f"""
(func $say (param $at i32) (param $size i32)
  (loop $more
    (i32.store (i32.const {_SAY_AT}) (local.get $at))
    (i32.store (i32.const {_SAY_SIZE}) (local.get $size))
    (i32.store (i32.const {_SAID}) (i32.const 0))
    (drop (call $fd_write (i32.load (i32.const {_VOICE})) (i32.const {_SAY_AT}) (i32.const 1) (i32.const {_SAID})))
    (local.set $at (i32.add (local.get $at) (i32.load (i32.const {_SAID}))))
    (local.set $size (i32.sub (local.get $size) (i32.load (i32.const {_SAID}))))
    (if (i32.eqz (i32.load (i32.const {_SAID}))) (then (return)))
    (br_if $more (local.get $size))))
"""


class Out(NamedTuple):
    """A buffer that a call fills; what is in it is said after the call."""

    at: int
    size: int


class Cell(NamedTuple):
    """Four bytes in memory, mostly a descriptor; as an argument, what they hold when the call is made."""

    at: int


class Vector(NamedTuple):
    """An array of buffers: its address and how many; `shown` are those that a call fills."""

    at: int
    count: int
    shown: tuple[Out, ...] = ()


Errs = Err | frozenset[Err]
Argument = int | str | bytes | Out | Cell | Vector


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    words: tuple[int | Cell, ...]
    shown: tuple[Out, ...]
    said: str
    errs: frozenset[Err]


@dataclass(frozen=True, slots=True)
class Store:
    """Puts a number, or what a cell holds, into a cell."""

    cell: Cell
    value: int | Cell


@dataclass(frozen=True, slots=True)
class Loop:
    times: int
    steps: list[Step] = field(default_factory=list)


Step = Call | Store | Loop


class Answer(NamedTuple):
    """What one call was answered: `data` is what its buffers held afterwards, one after the other."""

    call: Call
    err: Err
    data: bytes

    @property
    def number(self) -> int:
        return int.from_bytes(self.data, "little")


class Script:
    """The calls of one program, in order. `pages` of memory, of 64 KiB."""

    def __init__(self, pages: int = 4) -> None:
        self._pages = pages
        self._free = FIRST_FREE
        self._data: list[tuple[int, bytes]] = []
        self._steps: list[Step] = []
        self._into = self._steps

    # --- memory -----------------------------------------------------------------------------------------------

    def out(self, size: int) -> Out:
        """A buffer of its own. Empty it with `filled` to see which bytes a call leaves alone."""
        at = self._free
        self._free += -(-size // 8) * 8 + 8
        assert self._free <= self._pages << 16
        return Out(at, size)

    def filled(self, data: bytes) -> Out:
        """A buffer that holds something before the call."""
        buffer = self.out(len(data))
        self._data.append((buffer.at, data))
        return buffer

    def cell(self, value: int = NO_DESCRIPTOR) -> Cell:
        return Cell(self.filled(U32.pack(value)).at)

    def data(self, *pieces: bytes) -> Vector:
        """Buffers to be written from."""
        return self.vector(*(self.filled(piece) for piece in pieces))

    def buffers(self, *sizes: int) -> Vector:
        """Buffers to be read into."""
        outs = tuple(self.out(size) for size in sizes)
        return self.vector(*outs)._replace(shown=outs)

    def vector(self, *buffers: Out | tuple[int, int]) -> Vector:
        """An array of (address, length), which need not be true."""
        packed = b"".join(struct.pack("<II", at & 0xFFFF_FFFF, size & 0xFFFF_FFFF) for at, size in buffers)
        return Vector(self.filled(packed).at, len(buffers))

    # --- calls ------------------------------------------------------------------------------------------------

    def call(self, name: str, *arguments: Argument, err: Errs = Err.SUCCESS) -> None:
        """One call, which must answer `err`, or one of those."""
        words: list[int | Cell] = []
        shown: list[Out] = []
        for each in arguments:
            match each:
                case str() | bytes():
                    text = each.encode() if isinstance(each, str) else each
                    words += [self.filled(text).at, len(text)]
                case Out():
                    words.append(each.at)
                    shown.append(each)
                case Vector():
                    words += [each.at, each.count]
                    shown += each.shown
                case _:
                    words.append(each)
        assert len(words) == len(FUNCTIONS[name].parameters), f"{name} takes other arguments than {words}"
        said = f"{len(list(_calls(self._steps)))}: {name}({', '.join(map(repr, arguments))})"
        errs = err if isinstance(err, frozenset) else frozenset([err])
        self._into.append(Call(name, tuple(words), tuple(shown), said, errs))

    def set(self, cell: Cell, value: int | Cell) -> None:
        self._into.append(Store(cell, value))

    def speak_through(self, descriptor: int | Cell) -> None:
        """From here on answers are written to another descriptor."""
        self.set(Cell(_VOICE), descriptor)

    @contextmanager
    def repeat(self, times: int) -> Iterator[None]:
        """What is called inside is called that often."""
        loop, outer = Loop(times), self._into
        self._into.append(loop)
        self._into = loop.steps
        yield
        self._into = outer

    # --- the calls that most tests make -----------------------------------------------------------------------

    def open(
        self, path: str | bytes, oflags: int = 0, rights: int = 0, *, at: int | Cell = ROOT, flags: int = 0,
        inheriting: int = 0, fdflags: int = 0, err: Errs = Err.SUCCESS,
    ) -> Cell:  # fmt: skip
        """`path_open` into a cell, which is no descriptor if that fails."""
        descriptor = self.cell()
        self.set(descriptor, NO_DESCRIPTOR)
        self.call("path_open", at, flags, path, oflags, rights, inheriting, fdflags, descriptor.at, err=err)
        return descriptor

    def create(self, path: str | bytes, content: bytes = b"", *, at: int | Cell = ROOT) -> None:
        """Three calls: a file with that content."""
        descriptor = self.open(path, OFlags.CREAT | OFlags.TRUNC, RW, at=at)
        self.write(descriptor, content)
        self.close(descriptor)

    def read(self, descriptor: int | Cell, size: int, *, err: Errs = Err.SUCCESS) -> None:
        """Says the bytes and then, in four more, how many there were."""
        self.call("fd_read", descriptor, self.buffers(size), self.out(4), err=err)

    def write(self, descriptor: int | Cell, data: bytes, *, err: Errs = Err.SUCCESS) -> None:
        """Says how many bytes were written, in four."""
        self.call("fd_write", descriptor, self.data(data), self.out(4), err=err)

    def seek(
        self, descriptor: int | Cell, offset: int, whence: Whence = Whence.SET, *, err: Errs = Err.SUCCESS
    ) -> None:
        self.call("fd_seek", descriptor, offset, whence, self.out(8), err=err)

    def close(self, descriptor: int | Cell, *, err: Errs = Err.SUCCESS) -> None:
        self.call("fd_close", descriptor, err=err)

    def readdir(self, descriptor: int | Cell, size: int = 4096, cookie: int = 0, *, err: Errs = Err.SUCCESS) -> None:
        """Says the buffer and then, in four bytes, how much of it is used."""
        buffer = self.out(size)
        used = self.out(4)
        self.call("fd_readdir", descriptor, buffer, size, cookie, used, err=err)

    def stat(self, path: str | bytes, *, at: int | Cell = ROOT, flags: int = 0, err: Errs = Err.SUCCESS) -> None:
        self.call("path_filestat_get", at, flags, path, self.out(preview1.FILESTAT.size), err=err)

    def fdstat(self, descriptor: int | Cell, *, err: Errs = Err.SUCCESS) -> None:
        self.call("fd_fdstat_get", descriptor, self.out(preview1.FDSTAT.size), err=err)

    # --- the module, and what it said -------------------------------------------------------------------------

    def module(self) -> bytes:
        """The program, as text."""
        used = sorted({"fd_write", *(each.name for each in _calls(self._steps))})
        loops = sum(isinstance(each, Loop) for each in _flat(self._steps))
        data = [(_VOICE, U32.pack(1)), *self._data]
        return "\n".join(
            [
                "(module",
                *map(_import, used),
                f'(memory (export "memory") {self._pages})',
                *(f'(data (i32.const {at}) "{"".join(f"{chr(92)}{byte:02x}" for byte in held)}")' for at, held in data),
                _SAY,
                f'(func (export "_start") {"(local i32)" * loops}',
                *_code(self._steps, iter(range(loops))),
                "))",
            ]
        ).encode()

    def calls_made(self, output: bytes | bytearray) -> int:
        """About how many calls a program has made that does everything in one loop."""
        calls = list(_calls(self._steps))
        return len(output) * len(calls) // sum(4 + sum(each.size for each in call.shown) for call in calls)

    def complaints(self, answers: Sequence[Answer]) -> list[str]:
        """Calls that were answered otherwise than they expect, and the first one that never was answered."""
        found = [
            f"{each.call.said} -> {each.err.name}, not {' or '.join(sorted(err.name for err in each.call.errs))}"
            for each in answers
            if each.err not in each.call.errs
        ]
        unanswered = [each.said for each in _calls(self._steps) if FUNCTIONS[each.name].result][len(answers) :]
        return found + [f"{said} was not answered" for said in unanswered[:1]]

    def answers(self, output: bytes) -> list[Answer]:
        """What a run of the program said, call by call, as far as it came."""
        return list(_parse(self._steps, _Reader(output)))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            raise EOFError
        return self.data[self.at - size : self.at]


def _parse(steps: Sequence[Step], said: _Reader) -> Iterator[Answer]:
    for step in steps:
        match step:
            case Call() if FUNCTIONS[step.name].result:
                try:
                    err = Err(U32.unpack(said.take(4))[0])
                    yield Answer(step, err, said.take(sum(each.size for each in step.shown)))
                except EOFError:
                    return
            case Loop(times, inner):
                for _ in range(times):
                    if said.at >= len(said.data):
                        return
                    yield from _parse(inner, said)


def _flat(steps: Sequence[Step]) -> Iterator[Step]:
    for each in steps:
        yield each
        if isinstance(each, Loop):
            yield from _flat(each.steps)


def _calls(steps: Sequence[Step]) -> Iterator[Call]:
    return (each for each in _flat(steps) if isinstance(each, Call))


def _import(name: str) -> str:
    function = FUNCTIONS[name]
    result = "(result i32)" if function.result else ""
    return f'(import "{preview1.MODULE}" "{name}" (func ${name} (param {" ".join(function.parameters)}) {result}))'


def _code(steps: Sequence[Step], locals_left: Iterator[int]) -> Iterator[str]:
    for step in steps:
        match step:
            case Call():
                yield from _call_code(step)
            case Store(cell, value):
                yield f"(i32.store (i32.const {cell.at}) {_word(value, 'i32')})"
            case Loop(times, inner):
                local = next(locals_left)
                yield f"(local.set {local} (i32.const {times})) (loop $l{local}"
                yield from _code(inner, locals_left)
                yield f"(br_if $l{local} (local.tee {local} (i32.sub (local.get {local}) (i32.const 1)))))"


def _call_code(call: Call) -> Iterator[str]:
    function = FUNCTIONS[call.name]
    words = " ".join(_word(word, kind) for word, kind in zip(call.words, function.parameters, strict=True))
    made = f"(call ${call.name} {words})"
    if not function.result:
        yield made
        return
    yield f"(i32.store (i32.const {_ERRNO}) {made}) (call $say (i32.const {_ERRNO}) (i32.const 4))"
    for each in call.shown:
        yield f"(call $say (i32.const {each.at}) (i32.const {each.size}))"


def _word(word: int | Cell, kind: str) -> str:
    if isinstance(word, Cell):
        return f"({kind}.load (i32.const {word.at}))"
    return f"({kind}.const {int(word) & (0xFFFF_FFFF if kind == 'i32' else 0xFFFF_FFFF_FFFF_FFFF)})"


__all__ = [
    "ANY", "EVERYTHING", "FOLLOW", "FOR_EVER", "NO_DESCRIPTOR", "READ", "ROOT", "RW", "WRITE", "Answer", "Cell", "Err",
    "FdFlags", "OFlags", "Out", "Right", "Script", "Vector", "Whence",
]  # fmt: skip
