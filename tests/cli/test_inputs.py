"""Input on its way to a process: lines, keys, and what never waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zos_core import abi
from zos_tui.cli.inputs import END, READ_AHEAD, InputQueue

CHUNKS = st.lists(
    st.binary(max_size=40) | st.text(max_size=9).map(str.encode) | st.just(b"ab\n") | st.just(b"x" * 5000), max_size=12
)
PLENTY = 1 << 30


@given(CHUNKS, st.booleans())
def test_no_byte_is_lost_and_no_message_is_too_long(chunks: list[bytes], lines: bool) -> None:
    queue = InputQueue(lines=lines)
    for chunk in chunks:
        queue.add(chunk)
    queue.end()
    messages = queue.take(PLENTY)
    assert messages[-1] == END
    assert b"".join(messages[:-1]) == b"".join(chunks)
    assert all(0 < len(message) <= abi.MAX_SYSTEM_PAYLOAD for message in messages[:-1])


@given(st.lists(st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")), max_size=8), st.data())
def test_each_line_is_one_message_wherever_reading_was_cut(lines: list[bytes], choose: st.DataObject) -> None:
    data = b"".join(line + b"\n" for line in lines) + b"rest"
    cut = choose.draw(st.integers(0, len(data)))
    queue = InputQueue(lines=True)
    queue.add(data[:cut])
    queue.add(data[cut:])
    queue.end()
    assert queue.take(PLENTY) == [*(line + b"\n" for line in lines), b"rest", END]


@given(st.text(min_size=1, max_size=20), st.data())
def test_a_character_is_never_split(text: str, choose: st.DataObject) -> None:
    data = text.encode()
    cut = choose.draw(st.integers(0, len(data)))
    queue = InputQueue(lines=False)
    queue.add(data[:cut])
    queue.add(data[cut:])
    assert "".join(message.decode() for message in queue.take(PLENTY)) == text


@given(CHUNKS, st.lists(st.integers(0, 2 * abi.MAX_SYSTEM_PAYLOAD), max_size=20))
def test_what_is_taken_fits_into_the_room(chunks: list[bytes], rooms: list[int]) -> None:
    queue = InputQueue(lines=True)
    for chunk in chunks:
        queue.add(chunk)
    for room in rooms:
        assert sum(map(len, queue.take(room))) <= room


def test_it_asks_for_more_only_while_little_waits() -> None:
    queue = InputQueue(lines=True)
    assert queue.wants_more and not queue
    queue.add(b"y\n" * READ_AHEAD)
    assert queue and not queue.wants_more
    queue.take(PLENTY)
    assert queue.wants_more and not queue


def test_an_interrupt_forgets_what_was_typed_ahead() -> None:
    queue = InputQueue(lines=False)
    queue.add(b"typed ahead\xc3")
    queue.interrupt()
    queue.add(b"x")
    assert queue.take(PLENTY) == [abi.INTERRUPT, b"x"]
