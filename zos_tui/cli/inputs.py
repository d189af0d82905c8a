"""What was read and not yet handed to the machine: bytes to messages, bounded.

Rules of this file (supervisor: Line mode and raw mode; abi: MSG_CONSOLE_INPUT)
- Input that is no terminal is cut into lines, the last one as it is; a terminal's is handed on as it was read.
- A message has at most the bytes a system message may have, and splits no UTF-8 character.
- Order is kept, no byte is lost, and whoever asks `wants_more` first never has to hold more than a little.
"""

from __future__ import annotations

from collections import deque

from zos_core import abi
from zos_core.kernel.console import split_input

END = b""
"""In the place of a message: nothing follows."""
READ_AHEAD = abi.MAX_PENDING_INPUT


class InputQueue:
    """Messages for one process. With `lines` each is one line, or a part of one that is too long."""

    def __init__(self, *, lines: bool) -> None:
        self._lines = lines
        self._messages: deque[bytes] = deque()
        self._size = 0
        self._rest = b""

    @property
    def wants_more(self) -> bool:
        return self._size < READ_AHEAD

    def __bool__(self) -> bool:
        return bool(self._messages)

    def add(self, data: bytes) -> None:
        """What was read."""
        data = self._rest + data
        if not self._lines:
            whole = _whole_characters(data)
            self._rest = data[whole:]
            self.push(data[:whole])
            return
        *lines, rest = data.split(b"\n")
        for line in lines:
            self.push(line + b"\n")
        *pieces, self._rest = split_input(rest) or [b""]
        for piece in pieces:
            self.push(piece)

    def push(self, data: bytes) -> None:
        """A message of its own, after what is there."""
        for piece in split_input(data):
            self._messages.append(piece)
            self._size += len(piece)

    def end(self) -> None:
        """Nothing follows: the last line as it is, then the end of input."""
        self.push(self._rest)
        self._rest = b""
        self._messages.append(END)

    def interrupt(self) -> None:
        """Ctrl-C of a person: what was typed ahead is forgotten, as a terminal does."""
        self.clear()
        self.push(abi.INTERRUPT)

    def clear(self) -> None:
        self._messages.clear()
        self._size = 0
        self._rest = b""

    def take(self, room: int) -> list[bytes]:
        """The next messages that fit into `room` bytes together."""
        taken = []
        while self._messages and len(self._messages[0]) <= room:
            taken.append(self._messages.popleft())
            room -= len(taken[-1])
            self._size -= len(taken[-1])
        return taken


def _whole_characters(data: bytes) -> int:
    """Bytes of `data` before a UTF-8 character that is cut off at its end."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return len(data) - back if length > back else len(data)
    return len(data)
