"""The consoles the supervisor keeps: bounded by what is listed and by who listens, not by how long a machine runs."""

from __future__ import annotations

from zos_core.abi import MAX_ENDED_LISTED, Stream
from zos_core.consoles import Consoles
from zos_core.snapshot import ConsoleMode

FIRST, SECOND, THIRD = 1, 2, 3


def ended(count: int) -> Consoles:
    """So many processes that wrote a word each; none has ended yet."""
    consoles = Consoles()
    for pid in range(FIRST, FIRST + count):
        consoles.open(pid, ConsoleMode.LINE)
        consoles.write(pid, Stream.OUTPUT, b"word")
    return consoles


def test_the_output_of_a_process_is_kept_while_the_kernel_lists_it() -> None:
    consoles = ended(MAX_ENDED_LISTED + 1)
    for pid in range(FIRST, FIRST + MAX_ENDED_LISTED + 1):
        consoles.ended(pid)
    assert FIRST not in consoles and SECOND in consoles
    heard: list[bytes] = []
    consoles.register(SECOND, lambda data, stream: heard.append(data))
    assert heard == [b"word"]


def test_a_console_somebody_listens_to_stays_until_nobody_does() -> None:
    consoles = ended(MAX_ENDED_LISTED + 1)
    consoles.register(FIRST, lambda data, stream: None)
    for pid in range(FIRST, FIRST + MAX_ENDED_LISTED + 1):
        consoles.ended(pid)
    assert FIRST in consoles
    consoles.unregister(FIRST)
    assert FIRST not in consoles


def test_input_waits_for_those_who_have_some_and_for_nobody_else() -> None:
    consoles = ended(THIRD)
    consoles.enqueue(SECOND, [b"a", b"b"])
    consoles.enqueue(THIRD, [b"c"])
    assert list(consoles.waiting) == [SECOND, THIRD]
    assert consoles.take(SECOND, 1) == [b"a"] and list(consoles.waiting) == [SECOND, THIRD]
    assert consoles.take(SECOND, 9) == [b"b"] and list(consoles.waiting) == [THIRD]
    consoles.ended(THIRD)
    assert list(consoles.waiting) == []
