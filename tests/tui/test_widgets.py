"""Widgets one by one: what they show for a value, and what they post for a gesture."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.drive import until
from tests.tui.fake_machine import capability, process
from zos_core.abi import ExitHow, ObjectType, Rights
from zos_core.snapshot import ConsoleMode, Counters, ExitSnapshot, MachineSnapshot
from zos_tui.app import DesktopOptions
from zos_tui.commands import command_for_key, key_label
from zos_tui.rates import Rates
from zos_tui.theme import DARK, THEMES, palette_for
from zos_tui.widgets.capability_list import CapabilityList
from zos_tui.widgets.confirm import Confirm
from zos_tui.widgets.line_table import Cell, Column, LineTable, Row, fitting
from zos_tui.widgets.process_list import ProcessList
from zos_tui.widgets.status_line import Status, StatusLine
from zos_tui.widgets.tab_bar import TabBar, TabFace
from zos_tui.widgets.terminal_view import TerminalView


class Showcase(App[None]):
    """One widget on a screen; keeps the messages that reach the app, without Textual's own."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = DARK
        self.widget = widget
        self.said: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.widget

    def on_mount(self) -> None:
        self.widget.focus()

    def hear(self, message: Message) -> None:
        self.said.append(message)

    on_line_table_highlighted = on_line_table_chosen = hear
    on_tab_bar_picked = on_tab_bar_new_wanted = on_tab_bar_close_wanted = hear
    on_terminal_view_typed = on_terminal_view_copied = on_terminal_view_changed = hear


def show(widget: Widget, scenario: Callable[[Showcase, Pilot[None]], Awaitable[None]], size: tuple[int, int]) -> None:
    async def play() -> None:
        app = Showcase(widget)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(play())


def lines(widget: Widget) -> list[str]:
    return ["".join(segment.text for segment in widget.render_line(y)).rstrip() for y in range(widget.size.height)]


def machine_of(*processes: Any, time_ns: int = 0) -> MachineSnapshot:
    by_pid = {one.pid: one for one in processes}
    return MachineSnapshot(time_ns, 0, processes, (), Counters(), "", by_pid=by_pid)


# --- tables -----------------------------------------------------------------------------------------------------------


def test_columns_that_do_not_fit_go_by_rank() -> None:
    columns = (Column("a", 4), Column("b", 4, rank=2), Column("c", 4, rank=1))
    assert fitting(columns, 20) == [0, 1, 2]
    assert fitting(columns, 12) == [0, 2]
    assert fitting(columns, 5) == [0]
    assert fitting(columns, 1) == [0]


def test_the_selection_stays_with_its_row_and_moves_by_key_and_mouse() -> None:
    table = LineTable((Column("n", 6, flexible=True),), "THINGS", "None")

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        assert lines(table)[2] == " None"
        table.show_rows([Row(n, (Cell(f"row {n}"),)) for n in range(10)])
        await pilot.press("down", "down")
        assert table.selected == 2
        table.show_rows([Row(n, (Cell(f"row {n}"),)) for n in (2, 5, 7)])
        assert table.selected == 2
        table.show_rows([Row(n, (Cell(f"row {n}"),)) for n in (5, 7)])
        assert table.selected == 5
        await pilot.click(table, offset=(2, 3))
        assert table.selected == 7
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.said[-1], LineTable.Chosen), "the choice")
        assert lines(table)[:4] == [" THINGS           2", " n", " row 5", "▌row 7"]

    show(table, scenario, (20, 6))


def test_a_long_table_scrolls_and_says_what_is_in_view() -> None:
    table = LineTable((Column("n", 6, flexible=True),), "MANY", "None")

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        table.show_rows([Row(n, (Cell(f"row {n}"),)) for n in range(100)])
        await pilot.press("end")
        assert "97-100 of 100" in lines(table)[0]
        assert lines(table)[-1] == "▌row 99"
        await pilot.press("home")
        assert lines(table)[2] == "▌row 0"

    show(table, scenario, (30, 6))


def test_the_process_list_shows_states_in_words_and_rates_between_snapshots() -> None:
    processes = ProcessList()
    rates = Rates()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        ended = ExitSnapshot(ExitHow.EXITED, 3)
        one, two = process(1, "init"), replace(process(2, "worker"), exit=ended)
        rates.update(machine_of(one, two))
        busy = replace(one, fuel=one.fuel + 5_000_000, syscalls=one.syscalls + 10)
        later = machine_of(busy, two, time_ns=2_000_000_000)
        processes.show(later, rates.update(later), {}, 0.0)
        text = lines(processes)
        assert "○ waiting" in text[2] and "2.5M" in text[2] and "█" in text[2]
        assert "■ exited 3" in text[3]

    show(processes, scenario, (90, 8))


def test_the_capability_list_shows_rights_in_fixed_columns_expiry_and_use() -> None:
    capabilities = CapabilityList()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        plain = capability(4, ObjectType.CONSOLE, 1, "console 1", Rights.WRITE)
        passing = replace(capability(5, ObjectType.STORAGE, 2, "notes", Rights.ALL, uses=1200), expires_at=95 * 10**9)
        capabilities.show(process(7, "notes", plain, passing), 5 * 10**9)
        text = lines(capabilities)
        assert "CAPABILITIES of notes (7)" in text[0]
        assert "-w-" in text[2] and "never" in text[2]
        assert "rwg" in text[3] and "1.2k" in text[3] and "1m30s" in text[3]
        capabilities.show(None, 0)
        assert lines(capabilities)[2] == " Holds no capability"

    show(capabilities, scenario, (80, 8))


# --- bars -------------------------------------------------------------------------------------------------------------


def test_the_tab_bar_keeps_the_active_tab_in_view_and_posts_clicks() -> None:
    bar = TabBar()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        faces = [TabFace(key, f"program-{key}", key == 6, unseen=key == 5) for key in range(1, 9)]
        bar.show(faces)
        text = lines(bar)[0]
        assert "6 program-6" in text and text.startswith("‹") and "›" in text and "program-5 ●" in text
        await pilot.click(bar, offset=(text.index("program-5"), 0))
        await pilot.click(bar, offset=(text.index("+"), 0))
        await until(pilot, lambda: len(app.said) == 2, "two messages")
        assert isinstance(app.said[0], TabBar.Picked) and app.said[0].key == 5
        assert isinstance(app.said[1], TabBar.NewWanted)
        bar.show([TabFace(1, "a", True), TabFace(2, "漢字" * 20, False, ended="killed")])
        assert lines(bar)[0] == " 1 a  2 " + "漢字漢字漢字漢字漢… ■  +"

    show(bar, scenario, (50, 1))


def test_the_status_line_gives_way_in_order_and_shows_a_notice_in_place() -> None:
    line = StatusLine()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        line.show(Status("RAW", "terminal · pid 3", "3 processes", "Ctrl+B for keys"))
        assert lines(line)[0] == " RAW  terminal · pid 3      3 processes  Ctrl+B for keys"
        line.notice("input refused: a long sentence about it", warning=True)
        assert lines(line)[0].startswith(" RAW  ! input refused: a long sentence") and "3 proc" not in lines(line)[0]
        line.notice("漢字" * 20)
        assert lines(line)[0] == " RAW  " + "漢字" * 8 + "…  Ctrl+B for keys"

    show(line, scenario, (57, 1))


def test_a_question_is_answered_yes_only_deliberately() -> None:
    async def play(*keys: str) -> bool | None:
        app: App[None] = Showcase(StatusLine())
        answers: list[bool | None] = []
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(Confirm("Really?"), answers.append)
            await pilot.pause()
            await pilot.press(*keys)
            await until(pilot, lambda: answers, "an answer")
        return answers[0]

    assert [asyncio.run(play(*keys)) for keys in (["enter"], ["escape"], ["n"], ["y"], ["right", "enter"])] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_key_labels_and_leader_keys() -> None:
    assert [key_label(key) for key in ("ctrl+b", "question_mark", "c", "f1")] == ["Ctrl+B", "?", "c", "F1"]
    assert [command_for_key(key) for key in ("3", "R", "shift+r", "r", "f9")] == [
        "tab:3",
        "restart_tab",
        "restart_tab",
        "rename_tab",
        None,
    ]
    assert key_label(DesktopOptions().leader) == "Ctrl+B"


# --- the terminal -----------------------------------------------------------------------------------------------------


def terminal(mode: ConsoleMode = ConsoleMode.RAW) -> TerminalView:
    return TerminalView(1, 40, 6, palette_for(DARK), mode)


def segments(view: TerminalView, y: int) -> list[Segment]:
    return list(view.render_line(y))


def test_only_rows_that_changed_are_painted_again() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(b"one\r\ntwo\r\nthree")
        await pilot.pause()
        before = [view.render_line(y) for y in range(6)]
        view.feed(b"!")
        after = [view.render_line(y) for y in range(6)]
        assert [y for y in range(6) if before[y] is not after[y]] == [2]

    show(view, scenario, (40, 6))


def test_colours_are_the_themes_own_and_reverse_is_resolved() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(b"\x1b[31mr\x1b[0;7mi\x1b[0;38;5;231mw\x1b[0;38;2;1;2;3mt\x1b[0m\r\n")
        palette = palette_for(DARK)
        styles = [segment.style for segment in segments(view, 0)[:4]]
        assert all(style is not None and style.color is not None and style.bgcolor is not None for style in styles)
        shown = [tuple(style.color.triplet) for style in styles]  # type: ignore[union-attr, arg-type]
        assert shown == [palette.base[1], palette.background, (255, 255, 255), (1, 2, 3)]
        assert tuple(styles[1].bgcolor.triplet) == palette.foreground  # type: ignore[union-attr, arg-type]

    show(view, scenario, (40, 6))


@pytest.mark.parametrize("hostile", ["\x9b31m", "\x85", "\u202e", "\u2066", "\x1b]52;c;aGk=\x07", "\x1b]8;;file:///etc\x07x"])
def test_nothing_a_terminal_could_obey_leaves_the_pane(hostile: str) -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(hostile.encode() + b"end")
        drawn = segments(view, 0)
        text = "".join(segment.text for segment in drawn)
        assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066" for c in text)
        assert all(segment.style is None or segment.style.link is None for segment in drawn)
        assert app.clipboard == ""

    show(view, scenario, (40, 6))


def test_web_links_pass() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(b"\x1b]8;;https://example.org/\x07here\x1b]8;;\x07")
        style = segments(view, 0)[0].style
        assert style is not None and style.link == "https://example.org/"

    show(view, scenario, (40, 6))


def numbered(count: int) -> bytes:
    return b"\r\n".join(b"line %d" % n for n in range(count))


def test_reading_back_stays_in_place_while_output_goes_on() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(numbered(50))
        view.read_back(True)
        await pilot.press("pageup", "up")
        assert lines(view)[0].startswith("line 38") and "6 of 44 lines back" in lines(view)[0]
        view.feed(b"\r\nmore\r\nmore")
        assert lines(view)[1] == "line 39"
        await pilot.press("g")
        assert lines(view)[1] == "line 1"
        await pilot.press("q")
        assert lines(view)[5] == "more"
        assert not [message for message in app.said if isinstance(message, TerminalView.Typed)]

    show(view, scenario, (40, 6))


def test_a_key_after_the_wheel_returns_to_the_prompt_and_is_typed() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(numbered(50))
        view.viewport.scroll(-10)
        await pilot.press("a")
        assert lines(view)[5] == "line 49"
        await until(pilot, lambda: any(isinstance(message, TerminalView.Typed) for message in app.said), "the key")

    show(view, scenario, (40, 6))


def test_search_finds_marks_and_moves_between_matches() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(numbered(50))
        assert view.search("LINE 4") == 0
        assert view.search("line 4") == 11
        assert "match 11 of 11" in lines(view)[0] or view.viewport.top is None
        await pilot.press("n")
        assert view.viewport.current == 9
        await pilot.press("N", "N")
        assert view.viewport.current == 0
        assert any(line.startswith("line 4") for line in lines(view))
        await pilot.press("escape")
        assert not view.reading and not view.viewport.matches

    show(view, scenario, (40, 6))


def test_a_drag_selects_cells_and_copies_them_a_double_click_a_word() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed("hello wide 漢字 world\r\nsecond".encode())
        await pilot.mouse_down(view, offset=(6, 0))
        await pilot.hover(view, offset=(3, 1))
        await pilot.mouse_up(view, offset=(3, 1))
        copied = [message for message in app.said if isinstance(message, TerminalView.Copied)]
        assert [message.text for message in copied] == ["wide 漢字 world\nsec"]
        await pilot.click(view, offset=(12, 0), times=2)
        copied = [message for message in app.said if isinstance(message, TerminalView.Copied)]
        assert copied[-1].text == "漢字"
        await pilot.press("a")
        assert view.viewport.selection is None

    show(view, scenario, (40, 6))


def test_a_program_that_asks_gets_the_mouse() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        view.feed(b"\x1b[?1000h\x1b[?1006h")
        await pilot.click(view, offset=(4, 2))
        typed = [message.data for message in app.said if isinstance(message, TerminalView.Typed)]
        assert typed == [b"\x1b[<0;5;3M", b"\x1b[<0;5;3m"]
        assert view.viewport.selection is None

    show(view, scenario, (40, 6))


def test_a_size_query_is_answered_with_the_size_of_the_pane() -> None:
    view = terminal()

    async def scenario(app: Showcase, pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(50, 9)
        await until(pilot, lambda: view.terminal.columns == 50, "the new size")
        view.feed(b"\x1b[18t")
        await until(pilot, lambda: app.said, "the answer")
        typed = [message for message in app.said if isinstance(message, TerminalView.Typed)]
        assert [(message.data, message.by_hand) for message in typed] == [(b"\x1b[8;9;50t", False)]

    show(view, scenario, (40, 6))
