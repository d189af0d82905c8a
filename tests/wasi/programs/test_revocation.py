"""What a program has by descriptors is taken away while it runs, and given again: it is told so, and goes on."""

from __future__ import annotations

from pathlib import Path

from tests.wasi.programs.scripts import HOLDS_A_FILE, SPEAKS_FOR_EVER, WRITES_FOR_EVER
from tests.wasi.programs.support import GUEST, READ_WRITE, Programs, Tab, start
from zos_core.abi import Errno, ObjectType, RevokeReason, Rights, Sys, unpack_revoked
from zos_core.axiom.syslog import SysEvent
from zos_core.snapshot import EventKind, EventSnapshot
from zos_core.supervisor import Supervisor
from zos_core.wasi.preview1 import FIRST_CALL, NUMBERS, Err

EXPIRES_MS = 300


def rows_of(machine: Supervisor, function: str) -> list[SysEvent]:
    return [row for row in machine.recent_events() if row.num == FIRST_CALL + NUMBERS[function]]


def told(events: list[EventSnapshot], kind: EventKind, pid: int) -> list[str]:
    """What the message log says of a process."""
    return [event.text for event in events if event.kind is kind and event.pid == pid]


def notices(machine: Supervisor, pid: int) -> list[tuple[int, int, int]]:
    """The (type, object, reason) of every MSG_CAP_REVOKED that a process has received."""
    found = []
    for row in machine.recent_events():
        if row.pid == pid and row.num == Sys.RECEIVE and row.notice:
            lost = unpack_revoked(row.notice)
            found.append((lost.object_type, lost.object_id, lost.reason))
    return found


def refused(tab: Tab) -> int:
    """Wait for the next refusal; its errno."""
    tab.sees(b"refused ")
    return int(tab.sees(b"\n").split()[-1])


def test_a_directory_is_revoked_while_micropython_writes_and_granted_again(
    programs: Programs, machine: Supervisor, folder: Path
) -> None:
    log = machine.event_log()
    tab = start(machine, programs.micropython, "-c", WRITES_FOR_EVER, folder=folder)
    tab.sees(b"wrote 3\n")
    cap = tab.capability(ObjectType.STORAGE)
    assert cap is not None and str(folder) in cap.object_name
    machine.revoke_capability(tab.pid, cap.slot)
    written, revoked_at = (folder / "count").read_text(), machine.machine.gateway.event
    assert refused(tab) == Err.BADF
    assert refused(tab) == Err.BADF
    assert (folder / "count").read_text() == written
    assert tab.ended is None

    machine.grant_capability(tab.pid, ObjectType.STORAGE, cap.object_id, READ_WRITE)
    tab.sees(b"wrote ")
    tab.sees(b"wrote ")
    assert int((folder / "count").read_text()) > int(written)

    opens = [row for row in rows_of(machine, "path_open") if row.seq > revoked_at]
    assert {(row.error, row.reason) for row in opens} == {
        (Errno.E_BADF, "no capability on that directory"), (Errno.E_OK, ""),
    }  # fmt: skip
    assert notices(machine, tab.pid) == [(ObjectType.STORAGE, cap.object_id, RevokeReason.EXPLICIT)]
    events = log.news()
    assert told(events, EventKind.REVOKED, tab.pid) == [f"✗ slot {cap.slot} revoked"]
    assert told(events, EventKind.RECEIVED, tab.pid) == [f"received MSG_CAP_REVOKED: slot {cap.slot} storage, explicit"]
    refusals = told(events, EventKind.REFUSED, tab.pid)
    assert len(refusals) >= 2
    refusal = f"path_open(3, 'count', 9, directory {folder} -w-) = E_BADF (no capability on that directory)"
    assert set(refusals) == {refusal}
    (granted,) = told(events, EventKind.GRANTED, tab.pid)
    assert granted.endswith(" rw-")


def test_an_open_file_fails_by_the_next_write_and_works_again(
    programs: Programs, machine: Supervisor, folder: Path
) -> None:
    tab = start(machine, programs.micropython, "-c", HOLDS_A_FILE, folder=folder)
    tab.sees(b"wrote\n")
    cap = tab.capability(ObjectType.STORAGE)
    assert cap is not None
    machine.revoke_capability(tab.pid, cap.slot)
    size = (folder / "held").stat().st_size
    assert refused(tab) == refused(tab) == Err.BADF
    assert (folder / "held").stat().st_size == size
    machine.grant_capability(tab.pid, ObjectType.STORAGE, cap.object_id, Rights.READ)
    assert refused(tab) in (Err.BADF, Err.ACCES)
    assert refused(tab) == Err.ACCES, "reading is no right to write"
    machine.grant_capability(tab.pid, ObjectType.STORAGE, cap.object_id, READ_WRITE)
    tab.sees(b"wrote\n")
    assert (folder / "held").stat().st_size > size


def test_a_directory_for_a_while_expires(programs: Programs, machine: Supervisor, folder: Path) -> None:
    log = machine.event_log()
    tab = start(machine, programs.micropython, "-c", WRITES_FOR_EVER, folder=folder)
    tab.sees(b"wrote ")
    cap = tab.capability(ObjectType.STORAGE)
    assert cap is not None
    machine.revoke_capability(tab.pid, cap.slot)
    assert refused(tab) == Err.BADF
    granted_at = machine.uptime_ns()
    slot = machine.grant_capability(tab.pid, ObjectType.STORAGE, cap.object_id, READ_WRITE, expires_in_ms=EXPIRES_MS)
    tab.sees(b"wrote ")
    assert refused(tab) == Err.BADF
    assert machine.uptime_ns() - granted_at >= EXPIRES_MS * 1_000_000
    assert notices(machine, tab.pid)[-1] == (ObjectType.STORAGE, cap.object_id, RevokeReason.EXPIRED)
    events = log.news()
    assert told(events, EventKind.REVOKED, tab.pid)[-1] == f"✗ slot {slot} expired"
    assert "expired or spent" in told(events, EventKind.RECEIVED, tab.pid)[-1]


def test_a_directory_for_some_uses_is_spent(programs: Programs, machine: Supervisor, folder: Path) -> None:
    """Each call that is carried out is one use: to open a file and to write it are two."""
    tab = start(machine, programs.micropython, "-c", HOLDS_A_FILE, folder=folder)
    tab.sees(b"wrote\n")
    cap = tab.capability(ObjectType.STORAGE)
    assert cap is not None
    machine.revoke_capability(tab.pid, cap.slot)
    assert refused(tab) == Err.BADF
    machine.grant_capability(tab.pid, ObjectType.STORAGE, cap.object_id, READ_WRITE, uses=3)
    before = (folder / "held").stat().st_size
    tab.sees(b"wrote\n")
    assert refused(tab) == Err.BADF
    assert (folder / "held").stat().st_size == before + 3


def test_a_console_is_revoked_while_quickjs_speaks(programs: Programs, machine: Supervisor, folder: Path) -> None:
    (folder / "script.js").write_text(SPEAKS_FOR_EVER)
    log = machine.event_log()
    tab = start(machine, programs.quickjs, f"{GUEST}/script.js", folder=folder)
    tab.sees(b"hi\nhi\n")
    cap = tab.capability(ObjectType.CONSOLE)
    assert cap is not None
    machine.revoke_capability(tab.pid, cap.slot)
    said, written = len(tab.shown), folder / "log"
    answer = f"{-Err.ACCES}\n"
    tab.wait(lambda: written.read_text().endswith(answer * 2), answer)
    assert len(tab.shown) == said and tab.ended is None
    machine.grant_capability(tab.pid, ObjectType.CONSOLE, cap.object_id, Rights.WRITE)
    tab.wait(lambda: written.read_text().endswith("3\n3\n"), "written again")
    tab.wait(lambda: len(tab.shown) > said, "heard again")
    events = log.news()
    assert told(events, EventKind.REVOKED, tab.pid) == [f"✗ slot {cap.slot} revoked"]
    assert set(told(events, EventKind.REFUSED, tab.pid)) == {"fd_write(1) = E_PERM (no console capability)"}


def test_two_programs_share_a_folder_and_one_loses_it(programs: Programs, machine: Supervisor, folder: Path) -> None:
    first = start(machine, programs.micropython, "-c", WRITES_FOR_EVER, folder=folder)
    second = start(machine, programs.micropython, "-c", HOLDS_A_FILE, folder=folder)
    first.sees(b"wrote ")
    second.sees(b"wrote\n")
    caps = first.capability(ObjectType.STORAGE), second.capability(ObjectType.STORAGE)
    assert caps[0] is not None and caps[1] is not None
    assert caps[0].object_id == caps[1].object_id, "the same folder is the same object"
    machine.revoke_capability(first.pid, caps[0].slot)
    assert refused(first) == Err.BADF
    second.sees(b"wrote\n")
    second.sees(b"wrote\n")
    assert b"refused" not in second.shown
