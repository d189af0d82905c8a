"""What a person does about authority, by its messages: what is asked of the machine, what comes back on screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Input, Select

from tests.tui.drive import Stage, drive
from tests.tui.fake_machine import FakeMachine, capability, process
from zos_core.abi import Errno, ObjectType, Rights, Sys
from zos_core.prompts import Choice, Decision
from zos_core.snapshot import ConsoleMode, EventKind
from zos_tui.chronicle import KIND_FILTERS
from zos_tui.starts import Start
from zos_tui.widgets.answers_dialog import AnswersDialog
from zos_tui.widgets.capability_details import CapabilityDetails
from zos_tui.widgets.capability_list import CapabilityList
from zos_tui.widgets.grant_dialog import GrantDialog
from zos_tui.widgets.line_table import LineTable
from zos_tui.widgets.message_log import MessageLog
from zos_tui.widgets.objects_dialog import ObjectsDialog
from zos_tui.widgets.process_details import ProcessDetails
from zos_tui.widgets.process_list import ProcessList
from zos_tui.widgets.prompt_bar import PromptBar
from zos_tui.widgets.prompt_dialog import PromptDialog
from zos_tui.widgets.revoke_dialog import RevokeDialog
from zos_tui.widgets.tab_bar import TabBar

READ_WRITE = Rights.READ | Rights.WRITE
Scenario = Callable[[Stage], Awaitable[None]]


def shared() -> FakeMachine:
    """`owner` (3, in the first tab) holds Storage 7 in slot 5, `reader` (4) has it from there, `copy` (5) from that."""
    machine = FakeMachine()

    def furnish() -> None:
        if machine.on_poll is None or 3 not in machine.processes:
            return
        machine.on_poll = None
        reader, copy = machine.spawn("reader"), machine.spawn("copy")
        storage = capability(0, ObjectType.STORAGE, 7, "storage 7", Rights.ALL)
        machine.insert(3, replace(storage, how="grant"))
        machine.derive_capability(3, 5, reader, READ_WRITE)
        machine.derive_capability(reader, 5, copy, Rights.READ)
        machine.asked.clear()

    machine.on_poll = furnish
    return machine


def play(scenario: Scenario, size: tuple[int, int] = (120, 40)) -> FakeMachine:
    """Drive the desktop over `shared()`, once its lists show it, with the Storage capability selected."""

    async def prepared(stage: Stage) -> None:
        capabilities = stage.desktop.query_one(CapabilityList)
        await stage.until(lambda: stage.machine.on_poll is None, "the programs")
        stage.desktop.refresh_lists()
        await stage.until(lambda: len(capabilities.rows) == 4, "what the first tab's process holds")
        capabilities.select(5)
        await scenario(stage)

    machine = drive(prepared, size=size, machine=shared())
    assert machine.asked.pop() == ("close",)
    return machine


def slots(machine: FakeMachine, pid: int) -> list[int]:
    return [each.slot for each in machine.processes[pid].capabilities]


# --- giving -----------------------------------------------------------------------------------------------------------


def test_a_grant_names_process_object_rights_expiry_and_uses() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("g")
        assert isinstance(stage.app.screen, GrantDialog)
        await stage.press("tab", "tab", "g", "tab", *"5s", "tab", "3", "enter")
        await stage.until(lambda: stage.app.screen is stage.desktop, "the dialog gone")
        assert stage.notice == "Granted Storage rwg to pid 3, slot 6"
        rows = stage.desktop.query_one(CapabilityList).rows
        assert [row.cells[4].text for row in rows if row.key == 6] == ["5s"]

    assert play(scenario).asked == [("grant", 3, ObjectType.STORAGE, 7, Rights.ALL, 5000, 3)]


def test_a_process_that_has_only_just_started_is_the_one_a_grant_is_for() -> None:
    """The lists follow a machine at their own pace; what is done to the process of a tab must not wait for that."""

    async def scenario(stage: Stage) -> None:
        stage.desktop.begin(Start("pingpong"))
        started = stage.desktop.book.active
        assert started is not None
        assert stage.desktop.selected_process is not None and stage.desktop.selected_process.pid == started.pid

    play(scenario)


def test_what_a_form_cannot_read_and_what_the_machine_refuses_stay_in_the_dialog_as_one_line() -> None:
    async def scenario(stage: Stage) -> None:
        def problem() -> str:
            return str(stage.app.screen.query_one("#problem").render())

        await stage.command("g")
        await stage.press("tab", "tab", "tab", *"soon", "enter")
        assert problem() == "a duration is a number with ms, s, m or h, not 'soon'"
        await stage.press("ctrl+u", "tab", *"-1", "enter")
        assert problem() == "uses is a number above 0, not '-1'"
        await stage.press("ctrl+u", "shift+tab", "shift+tab", "r", "w", "enter")
        assert problem() == "Choose at least one right: r, w or g"
        select = stage.app.screen.query_one("#object")
        select.value = f"{int(ObjectType.STORAGE)}:"  # type: ignore[attr-defined]
        await stage.until(lambda: stage.app.screen.query_one("#numbered").display, "the number")
        stage.app.screen.query_one("#number").focus()
        await stage.press(*"666", "enter")
        assert problem() == "grant to 3: E_INVAL: no such object"
        await stage.press("escape")
        assert stage.app.screen is stage.desktop

    assert slots(play(scenario), 3) == [0, 1, 4, 5]


def test_a_copy_is_derived_with_no_right_its_source_lacks() -> None:
    async def scenario(stage: Stage) -> None:
        stage.desktop.select_process(4)
        stage.desktop.query_one(CapabilityList).select(5)
        await stage.command("d")
        await stage.press("tab", "g", "w", "enter")
        await stage.until(lambda: stage.app.screen is stage.desktop, "the dialog gone")

    assert play(scenario).asked == [("derive", 4, 5, 3, Rights.READ, None, None)]


# --- taking -----------------------------------------------------------------------------------------------------------


def test_a_revocation_shows_everything_that_would_go_and_takes_just_that() -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.deaf.add(5)
        await stage.command("v")
        dialog = stage.app.screen
        assert isinstance(dialog, RevokeDialog) and dialog.preview is not None
        going = [(row.depth, row.holder, row.removed.slot, row.notice) for row in dialog.preview.rows]
        assert going == [
            (0, "terminal (3)", 5, "revoked"),
            (1, "reader (4)", 5, "revoked"),
            (2, "copy (5)", 5, "revoked, undeliverable"),
        ]
        counts = "3 capabilities would go, from 3 processes · 1 notice cannot be delivered"
        assert dialog.preview.summary == counts
        await stage.press("n")
        assert stage.machine.asked == []
        await stage.command("v")
        await stage.press("y")
        await stage.until(lambda: slots(stage.machine, 5) == [0, 1, 4], "it gone everywhere")
        gone = "✗ Revoked 3 capabilities, from terminal (3), reader (4), copy (5) · 1 notice undeliverable"
        assert stage.notice == gone

    assert play(scenario).asked == [("revoke", (3, 5))]


def test_keeping_its_own_takes_only_what_was_derived() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("v")
        await stage.press("o", "y")
        await stage.until(lambda: slots(stage.machine, 4) == [0, 1, 4], "the copies gone")

    assert slots(play(scenario), 3) == [0, 1, 4, 5]


def test_if_more_would_go_by_then_it_asks_again_and_marks_what_is_more() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("v")
        stage.machine.before_revoking = lambda: stage.machine.derive_capability(3, 5, 4, Rights.READ) and None
        await stage.press("y")
        await stage.until(lambda: stage.app.screen.query("#box").first().border_title[:4] == "More", "the question")
        assert slots(stage.machine, 3) == [0, 1, 4, 5]
        dialog = stage.app.screen
        assert isinstance(dialog, RevokeDialog) and dialog.preview is not None
        assert [row.removed.slot for row in dialog.preview.rows if row.added] == [6]
        await stage.press("y")
        await stage.until(lambda: slots(stage.machine, 4) == [0, 1, 4], "all of it gone")

    assert play(scenario).asked[-1] == ("revoke", (3, 5))


def test_a_query_names_capabilities_and_takes_them_as_one_step() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("V")
        await stage.press(*"everything granted by pid 3")
        table = stage.app.screen.query_one(LineTable)
        assert [row.cells[0].text for row in table.rows] == ["reader (4)"]
        await stage.press("ctrl+u", *"every storage capability", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, RevokeDialog), "the preview")
        await stage.press("y")
        await stage.until(lambda: slots(stage.machine, 3) == [0, 1, 4], "it gone")

    assert play(scenario).asked == [("revoke", (3, 5), (4, 5), (5, 5))]


def test_a_loss_is_told_in_tab_process_row_list_and_log_at_once() -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.take(stage.machine.preview_revocations([(3, 4)]), "expired")
        assert stage.desktop.pump is not None
        stage.desktop.pump.touched()
        face = stage.desktop.query_one(TabBar)
        await stage.until(lambda: face.faces[0].lost == "output revoked" and face.faces[0].flashing, "the tab")
        rows = {row.key: row for row in stage.desktop.query_one(ProcessList).rows}
        assert rows[3].cells[2].text == "✗ expired"
        held = {row.key: [cell.text for cell in row.cells] for row in stage.desktop.query_one(CapabilityList).rows}
        assert held[4][:4] == ["✗4", "expired", "console 3", "---"]
        assert stage.desktop.query_one(MessageLog).rows[-1].cells[4].text == "✗ slot 4 expired"
        await stage.until(lambda: not face.faces[0].flashing, "dim after a moment")
        assert face.faces[0].lost == "output revoked"

    play(scenario)


# --- looking ----------------------------------------------------------------------------------------------------------


def test_from_the_details_of_a_copy_its_source_can_be_revoked() -> None:
    async def scenario(stage: Stage) -> None:
        stage.desktop.select_process(4)
        stage.desktop.show_panel("capabilities")
        stage.desktop.query_one(CapabilityList).select(5)
        await stage.press("enter")
        assert isinstance(stage.app.screen, CapabilityDetails)
        tree = stage.app.screen.query_one(LineTable)
        held = [row.cells[0].text for row in tree.rows]
        assert held == ["the system", "└ terminal (3)", "  └ ▶ reader (4)", "    └ copy (5)"]
        await stage.press("up", "up", "v")
        assert isinstance(stage.app.screen, CapabilityDetails), "the root belongs to the system"
        await stage.press("down", "v", "y")
        await stage.until(lambda: slots(stage.machine, 5) == [0, 1, 4], "it gone everywhere")

    assert play(scenario).asked == [("revoke", (3, 5))]


def test_objects_show_who_can_reach_them_and_through_whom() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("w")
        dialog = stage.app.screen
        assert isinstance(dialog, ObjectsDialog)
        objects, tree = dialog.query_one("#objects", LineTable), dialog.query_one("#tree", LineTable)
        while objects.selected != (ObjectType.STORAGE, 7):
            await stage.press("down")
        assert [row.cells[0].text for row in tree.rows] == ["terminal (3)", "└ reader (4)", "  └ copy (5)"]

    play(scenario)


def test_details_of_a_process_show_its_calls_and_lead_to_its_tab() -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.call(3, Sys.SEND, 9, 1, 2, result=7)
        stage.machine.call(4, Sys.YIELD)
        stage.desktop.show_panel("processes")
        await stage.press("enter")
        assert isinstance(stage.app.screen, ProcessDetails)
        calls = stage.app.screen.query_one(LineTable).rows
        refused = ["SYS_SEND", "slot=9, tag=0x1, len=2", f"E_BADF ({Errno.E_BADF.text})"]
        assert [[cell.text for cell in row.cells[1:]] for row in calls] == [refused]
        await stage.press("t")
        await stage.until(lambda: stage.view.has_focus, "its tab")

    play(scenario)


def test_processes_are_sorted_filtered_frozen_and_shown_as_a_tree() -> None:
    async def scenario(stage: Stage) -> None:
        processes = stage.desktop.query_one(ProcessList)

        def pids() -> list[object]:
            return [row.key for row in processes.rows]

        stage.desktop.show_panel("processes")
        await stage.press("s", "s")
        assert pids() == [5, 4, 3, 2, 1] and "▼ memory" in processes.heading
        await stage.press("t")
        assert pids() == [1, 2, 3, 4, 5] and processes.rows[1].cells[1].text == "└ permission"
        await stage.press("escape", "slash", *"read", "enter")
        await stage.until(lambda: pids() == [4], "one process")
        await stage.press("escape", "f")
        stage.machine.spawn("late")
        stage.desktop.refresh_lists()
        assert 6 not in pids() and "frozen" in processes.heading
        await stage.press("f")
        stage.desktop.refresh_lists()
        assert 6 in pids()

    play(scenario)


def test_the_log_follows_filters_tells_messages_on_demand_and_leads_to_processes() -> None:
    async def scenario(stage: Stage) -> None:
        log, lists = stage.desktop.query_one(MessageLog), stage.desktop.lists
        assert lists is not None
        stage.desktop.show_panel("messages")
        for number in range(30):
            stage.machine.tell(EventKind.REFUSED, 3 + number % 2, f"refused {number}")
        lists.acted()
        assert log.rows[-1].cells[4].text == "refused 29" and log.selected == log.rows[-1].key
        await stage.press("up")
        stage.machine.tell(EventKind.MESSAGE, 4, "a message")
        stage.machine.tell(EventKind.REFUSED, 4, "refused 30")
        lists.acted()
        assert log.selected == log.rows[-3].key and "reading back" in log.heading
        await stage.press("enter")
        assert stage.desktop.query_one(ProcessList).selected == 3
        stage.desktop.show_panel("messages")
        await stage.press("p", "f")
        await stage.until(lambda: log.view.pid == 3 and log.view.kinds == KIND_FILTERS[1], "a narrower view")
        await stage.until(lambda: not log.rows, "no revocation of pid 3")
        await stage.press("escape", "i")
        await stage.until(lambda: "with IPC" in log.heading, "messages too")
        stage.machine.tell(EventKind.MESSAGE, 4, "another message")
        lists.acted()
        assert log.rows[-1].cells[4].text == "another message"
        assert all(row.cells[4].text != "a message" for row in log.rows)

    play(scenario)


# --- questions --------------------------------------------------------------------------------------------------------


async def _ask(stage: Stage, reason: str = "to keep your notes") -> None:
    stage.machine.ask(4, reason)
    assert stage.desktop.pump is not None
    stage.desktop.pump.touched()
    await stage.until(lambda: stage.desktop.query_one(PromptBar).painted, "the question on the screen")


@pytest.mark.parametrize(
    "key, decision",
    [
        ("o", Decision(Choice.ONCE)),
        ("2", Decision(Choice.FOR_A_TIME, 600_000)),
        ("s", Decision(Choice.SESSION)),
        ("d", Decision(Choice.DENY)),
        ("enter", Decision(Choice.DENY)),
    ],
)
def test_a_question_is_opened_by_the_person_and_answered_once_it_could_be_read(key: str, decision: Decision) -> None:
    async def scenario(stage: Stage) -> None:
        await _ask(stage)
        await stage.command("a")
        dialog = stage.app.screen
        assert isinstance(dialog, PromptDialog)
        await stage.until(lambda: dialog.armed, "the guard over")
        await stage.press(key)
        await stage.until(lambda: stage.app.screen is stage.desktop, "the answer")
        assert not stage.desktop.query_one(PromptBar).display

    assert ("answer", 50, decision) in play(scenario).asked


def test_keys_typed_ahead_answer_nothing() -> None:
    async def scenario(stage: Stage) -> None:
        stage.desktop.show_panel("terminal")
        await _ask(stage)
        await stage.press("y", "o", "s", "enter")
        await stage.until(lambda: stage.inputs(3) == b"yos\r", "they went to the program")
        stage.desktop.action_answer_prompt()
        await stage.until(lambda: isinstance(stage.app.screen, PromptDialog), "the dialog")
        dialog = stage.app.screen
        assert isinstance(dialog, PromptDialog)
        dialog.armed = False
        dialog.action_answer(1)
        assert stage.app.screen is dialog
        await stage.press("escape")
        assert stage.desktop.query_one(PromptBar).display, "it still waits"

    machine = play(scenario)
    assert not [ask for ask in machine.asked if ask[0] == "answer"]


def test_a_question_not_yet_painted_cannot_be_opened() -> None:
    async def scenario(stage: Stage) -> None:
        stage.machine.ask(4, "quick")
        stage.desktop.action_answer_prompt()
        assert stage.app.screen is stage.desktop and stage.notice == "No program asks for anything"

    play(scenario)


def test_the_key_that_gives_does_not_overtake_what_was_typed_before_it() -> None:
    async def scenario(stage: Stage) -> None:
        await stage.command("g")
        dialog = stage.app.screen
        assert isinstance(dialog, GrantDialog)
        dialog.query_one("#object", Select).value = f"{int(ObjectType.STORAGE)}:7"
        expires = dialog.query_one("#expires", Input)
        expires.focus()
        await stage.until(lambda: expires.has_focus, "the field")
        for key, character in (("5", "5"), ("s", "s"), ("ctrl+s", None)):
            stage.app.post_message(events.Key(key, character))
        await stage.until(lambda: stage.app.screen is stage.desktop, "it given")

    (granted,) = (asked for asked in play(scenario).asked if asked[0] == "grant")
    assert 5000 in granted


def test_a_row_of_the_log_gets_the_name_of_a_process_that_was_not_listed_yet() -> None:
    async def scenario(stage: Stage) -> None:
        log, lists = stage.desktop.query_one(MessageLog), stage.desktop.lists
        assert lists is not None
        stage.machine.tell(EventKind.STARTED, 77, "late started")
        lists.pull()
        lists.acted()
        assert (log.rows[-1].cells[4].text, log.rows[-1].cells[3].text) == ("late started", "")
        stage.machine.processes[77] = process(77, "late")
        lists.refresh_now()
        assert log.rows[-1].cells[3].text == "late"

    play(scenario)


def test_an_answer_is_taken_back_in_three_keys() -> None:
    async def scenario(stage: Stage) -> None:
        asked = stage.machine.ask(4, "to keep your notes")
        stage.machine.answer_prompt(asked.request_id, Decision(Choice.SESSION))
        assert 6 in slots(stage.machine, 4)
        await stage.command("A")
        assert isinstance(stage.app.screen, AnswersDialog)
        await stage.press("v")
        await stage.until(lambda: 6 not in slots(stage.machine, 4), "it taken back")

    play(scenario)


def test_an_answer_that_outlived_its_process_is_withdrawn() -> None:
    async def scenario(stage: Stage) -> None:
        asked = stage.machine.ask(4, "to keep your notes")
        stage.machine.answer_prompt(asked.request_id, Decision(Choice.SESSION))
        stage.machine.answered = [replace(each, slot=99, stands=True) for each in stage.machine.answered]
        await stage.command("A")
        (row,) = stage.app.screen.query_one(LineTable).rows
        assert row.cells[-1].text == "next run"
        await stage.press("v")
        await stage.until(lambda: not stage.machine.answered[0].stands, "it withdrawn")
        assert stage.notice == f"{asked.name} is asked about again when it wants this"

    play(scenario)


def test_a_person_chooses_raw_and_the_program_may_ask_for_the_same_mode_again() -> None:
    async def scenario(stage: Stage) -> None:
        assert stage.desktop.pump is not None
        for _ in range(2):
            stage.machine.say(3, b"\x1b[?7200h")
            stage.desktop.pump.touched()
            await stage.until(lambda: stage.machine.modes[3] is ConsoleMode.LINE, "line mode by the program")
            await stage.command("m")
            await stage.until(lambda: stage.machine.modes[3] is ConsoleMode.RAW, "raw mode by the person")

    drive(scenario)
