"""Questions to a recording: why a call was refused, the least authority of a run, the run without a capability."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.apps.puppet import Puppet
from tests.machine.rig import FREE_SLOT, call, exit_with, guest, poll_for_ever, write
from zos_core import abi
from zos_core import manifest as manifests
from zos_core.abi import ObjectType, Rights, Sys
from zos_core.axiom.syslog import SysEvent
from zos_core.errors import Refused
from zos_core.kernel.dispatch import Op
from zos_core.launcher import Options
from zos_core.policy import parse_rule
from zos_core.record.history import happenings
from zos_core.record.least import least, manifest, shared_objects
from zos_core.record.recording import Recording
from zos_core.record.replayer import Replayer
from zos_core.record.why import Link, explain
from zos_core.record.without import Divergence, Without
from zos_core.runtime.engine import Engine
from zos_core.services import RequestCapability
from zos_core.supervisor import MachineConfig, Supervisor

Story = Callable[[Supervisor], None]
ASK = f"(drop {call(Sys.SEND, FREE_SLOT, 5)})"
SENDS_WHEN_TOLD = guest(poll_for_ever(ASK))
"""Sends to slot 300 for every message it gets."""
STORES_WHEN_TOLD = guest(poll_for_ever(f"(call $send (i32.const 0) (i32.const 2)) (drop {call(0x71, FREE_SLOT, 1)})"))
WAITS = guest(poll_for_ever())


def record(path: Path, cache: Path, story: Story) -> Recording:
    """A recorded session in which a story happens."""
    supervisor = Supervisor(MachineConfig(record=path, cache=cache))
    try:
        supervisor.boot()
        supervisor.run_until_idle()
        story(supervisor)
        supervisor.run_until_idle()
    finally:
        supervisor.close()
    return Recording(path)


def chain(recording: Recording, num: int, pid: int = 3) -> list[Link]:
    """The chain behind the last refusal of a call of `pid`."""
    seqs = [
        row.what.seq for row in happenings(recording)
        if isinstance(row.what, SysEvent) and (row.what.pid, row.what.num) == (pid, num) and row.what.error
    ]  # fmt: skip
    return explain(recording, pid, seqs[-1])


def texts(links: list[Link]) -> str:
    return "\n".join(link.text for link in links)


def tell(supervisor: Supervisor, pid: int) -> None:
    supervisor.send_input_to_process(pid, "now")
    supervisor.run_until_idle()


def endpoint(supervisor: Supervisor, pid: int) -> int:
    cap = supervisor.machine.gateway.state.committed.cap(pid, 0)
    assert cap is not None
    return cap.object_id


def give(supervisor: Supervisor, pid: int, reader: int, **limits: int) -> None:
    supervisor.grant_capability(
        pid, ObjectType.ENDPOINT, endpoint(supervisor, reader), Rights.WRITE, FREE_SLOT, **limits
    )


# --- why ----------------------------------------------------------------------------------------------------------


def never(supervisor: Supervisor) -> None:
    tell(supervisor, supervisor.spawn(SENDS_WHEN_TOLD, name="asker"))


def revoked(supervisor: Supervisor) -> None:
    pid, reader = supervisor.spawn(SENDS_WHEN_TOLD, name="asker"), supervisor.spawn(WAITS, name="reader")
    give(supervisor, pid, reader)
    tell(supervisor, pid)
    supervisor.revoke_capability(pid, FREE_SLOT)
    tell(supervisor, pid)


def spent(supervisor: Supervisor) -> None:
    pid, reader = supervisor.spawn(SENDS_WHEN_TOLD, name="asker"), supervisor.spawn(WAITS, name="reader")
    give(supervisor, pid, reader, uses=1)
    tell(supervisor, pid)
    tell(supervisor, pid)


def expired(supervisor: Supervisor) -> None:
    pid, reader = supervisor.spawn(SENDS_WHEN_TOLD, name="asker"), supervisor.spawn(WAITS, name="reader")
    give(supervisor, pid, reader, expires_in_ms=1)
    held = supervisor.machine.gateway.state.committed
    assert supervisor.run_until(lambda: held.cap(pid, FREE_SLOT) is None)
    tell(supervisor, pid)


def source_ended(supervisor: Supervisor) -> None:
    pid, reader = supervisor.spawn(SENDS_WHEN_TOLD, name="asker"), supervisor.spawn(WAITS, name="reader")
    give(supervisor, pid, reader)
    supervisor.kill_process(reader)
    tell(supervisor, pid)


def too_few_rights(supervisor: Supervisor) -> None:
    pid = supervisor.spawn(STORES_WHEN_TOLD, name="asker")
    supervisor.grant_capability(pid, ObjectType.STORAGE, 7, Rights.READ, FREE_SLOT)
    tell(supervisor, pid)


def wrong_type(supervisor: Supervisor) -> None:
    pid = supervisor.spawn(SENDS_WHEN_TOLD, name="asker")
    supervisor.grant_capability(pid, ObjectType.STORAGE, 7, Rights.ALL, FREE_SLOT)
    tell(supervisor, pid)


def does(*calls: str) -> Callable[[Supervisor], int]:
    """A program that makes these calls for every message."""
    return lambda supervisor: supervisor.spawn(
        guest(poll_for_ever("".join(f"(drop {each})" for each in calls))), name="asker"
    )


def queue_full(supervisor: Supervisor) -> None:
    pid, reader = does(call(Sys.SEND, FREE_SLOT, 5))(supervisor), supervisor.spawn("idle")
    give(supervisor, pid, reader)
    for _ in range(abi.MAX_QUEUE + 1):
        tell(supervisor, pid)


def receives_from_another(supervisor: Supervisor) -> None:
    pid, reader = does(call(Sys.RECEIVE, FREE_SLOT))(supervisor), supervisor.spawn(WAITS, name="reader")
    supervisor.grant_capability(pid, ObjectType.ENDPOINT, endpoint(supervisor, reader), Rights.ALL, FREE_SLOT)
    tell(supervisor, pid)


def grants_to_nobody(supervisor: Supervisor) -> None:
    tell(supervisor, does(call(Sys.CAP_GRANT, 0, 999, 1))(supervisor))


def replies_to_the_dead(supervisor: Supervisor) -> None:
    pid = does(call(Sys.REPLY, 4))(supervisor)
    supervisor.kill_process(supervisor.spawn("idle"))
    tell(supervisor, pid)


def replies_to_the_living(supervisor: Supervisor) -> None:
    tell(supervisor, does(call(Sys.REPLY, 1))(supervisor))


def test_what_the_system_was_refused_is_explained_as_well(tmp_path: Path, cache: Path) -> None:
    def story(supervisor: Supervisor) -> None:
        revoked(supervisor)
        supervisor.kill_process(4)
        for refused in (
            lambda: supervisor.derive_capability(3, FREE_SLOT, 1, Rights.ALL),
            lambda: supervisor.grant_capability(4, ObjectType.NETWORK, 1, Rights.ALL),
        ):
            with pytest.raises(Refused):
                refused()

    recording = record(tmp_path / "a.zosrec", cache, story)
    assert "it was revoked by the person at the machine" in texts(chain(recording, Op.DERIVE_CAPABILITY, 0))
    assert texts(chain(recording, Op.GRANT_CAPABILITY, 0)).endswith("\nreader (4) was killed")
    recording.close()


def test_a_no_at_a_prompt_is_told_only_where_something_was_missing(tmp_path: Path, cache: Path) -> None:
    def story(supervisor: Supervisor) -> None:
        puppet = Puppet(supervisor)
        wish = RequestCapability(ObjectType.STORAGE, Rights.READ, "please", 7).pack()
        puppet.begin(Sys.CALL, abi.SLOT_PERMISSION, abi.Tag.REQUEST_CAPABILITY, len(wish), wish)
        puppet.answer()
        assert puppet.do(Sys.STORAGE_READ, 200, 1, 0, b"k").result & abi.ERROR_BIT
        slot = supervisor.grant_capability(puppet.pid, ObjectType.STORAGE, 7, Rights.READ)
        assert puppet.do(Sys.STORAGE_READ, slot, 1, 0, b"k").result & abi.ERROR_BIT

    recording = record(tmp_path / "a.zosrec", cache, story)
    seqs = [row.what.seq for row in happenings(recording)
            if isinstance(row.what, SysEvent) and row.what.num == Sys.STORAGE_READ and row.what.error]  # fmt: skip
    told = "it had asked for a storage capability and was told no"
    assert [told in texts(explain(recording, 3, seq)) for seq in seqs] == [True, False]
    recording.close()


@pytest.mark.parametrize(
    ("story", "num", "said"),
    [
        (never, Sys.SEND, ["asker (3) was refused SYS_SEND: E_BADF", "nothing was ever in slot 300 of asker (3)"]),
        (revoked, Sys.SEND, ["it was revoked by the person at the machine", "the call was revoke all of the system",
                             "slot 300 of asker (3) had been granted by the system"]),
        (spent, Sys.SEND, ["its last use was spent by asker (3)", "had been granted by the system"]),
        (expired, Sys.SEND, ["its time was over at ", "had been granted by the system for 0.001 s"]),
        (source_ended, Sys.SEND, ["it went with the owner of the endpoint: reader (4) was killed"]),
        (too_few_rights, Sys.STORAGE_WRITE, ["slot 300 holds storage 7 r--; the call needs -w-",
                                             "the system holds rwg in slot", "had been granted by the system"]),
        (queue_full, Sys.SEND, ["SYS_SEND: E_AGAIN, queue full", "no capability was missing",
                                "idle (4), who receives from it, had not taken what was waiting there"]),
        (receives_from_another, Sys.RECEIVE, ["SYS_RECEIVE: E_PERM", "reader (4) receives from it, and nobody else"]),
        (grants_to_nobody, Sys.CAP_GRANT, ["SYS_CAP_GRANT: E_NOENT", "no process 999 was ever started"]),
        (replies_to_the_dead, Sys.REPLY, ["SYS_REPLY: E_NOENT", "idle (4) was killed"]),
        (replies_to_the_living, Sys.REPLY, ["SYS_REPLY: E_NOENT", "init (1) lives, but had made no call"]),
        (wrong_type, Sys.SEND, ["slot 300 holds storage 7 rwg, not a capability of the type that this call takes"]),
    ],
)  # fmt: skip
def test_a_refusal_is_explained(story: Story, num: int, said: list[str], tmp_path: Path, cache: Path) -> None:
    recording = record(tmp_path / "a.zosrec", cache, story)
    links = chain(recording, num)
    for text in said:
        assert text in texts(links)
    assert [link.tick for link in links[1:]] == sorted((link.tick for link in links[1:]), reverse=True)
    recording.close()


def test_what_went_with_the_capability_above_it_names_that_one(tmp_path: Path, cache: Path) -> None:
    """middle (4) was given a capability and passed it on to asker (3); then middle's was revoked."""

    def story(supervisor: Supervisor) -> None:
        asker, reader = supervisor.spawn(SENDS_WHEN_TOLD, name="asker"), supervisor.spawn(WAITS, name="reader")
        passes_on = guest(poll_for_ever(f"(drop {call(Sys.CAP_GRANT, FREE_SLOT, asker, Rights.WRITE)})"))
        middle = supervisor.spawn(passes_on, name="middle")
        supervisor.grant_capability(
            middle, ObjectType.ENDPOINT, endpoint(supervisor, reader), Rights.ALL, FREE_SLOT
        )
        # What the asker is given comes next after what it holds, and it sends to slot 300: fill up to there.
        supervisor.grant_capability(asker, ObjectType.NETWORK, 1, Rights.READ, FREE_SLOT - 1)
        tell(supervisor, middle)
        tell(supervisor, asker)
        supervisor.revoke_capability(middle, FREE_SLOT)
        tell(supervisor, asker)

    recording = record(tmp_path / "a.zosrec", cache, story)
    said = texts(chain(recording, Sys.SEND))
    assert "it was revoked by the person at the machine" in said
    assert "it went with slot 300 of middle (5), endpoint" in said
    assert "slot 300 of asker (3) had been granted by middle (5)" in said
    assert "slot 300 of middle (5) had been granted by the system" in said
    recording.close()


def test_a_call_that_was_not_refused_or_is_not_there_is_refused(tmp_path: Path, cache: Path) -> None:
    recording = record(tmp_path / "a.zosrec", cache, revoked)
    good = next(row.what.seq for row in happenings(recording)
                if isinstance(row.what, SysEvent) and row.what.pid == 3 and not row.what.error)  # fmt: skip
    for pid, seq, said in ((3, good, "was not refused"), (9, good, "not of pid 9"), (3, 10**9, "no call")):
        with pytest.raises(Refused, match=said):
            explain(recording, pid, seq)
    recording.close()


def test_a_write_without_a_console_names_when_it_went(tmp_path: Path, cache: Path) -> None:
    def story(supervisor: Supervisor) -> None:
        pid = supervisor.spawn(guest(poll_for_ever(write("x"))), name="writer")
        console = next(cap.slot for cap in supervisor.machine.gateway.state.committed.held_by(pid)
                       if cap.object_type == ObjectType.CONSOLE)  # fmt: skip
        supervisor.revoke_capability(pid, console)
        tell(supervisor, pid)

    recording = record(tmp_path / "a.zosrec", cache, story)
    said = texts(chain(recording, Sys.CONSOLE_WRITE))
    assert "held console" in said and "revoked by the person" in said and "given at the start of the process" in said
    recording.close()


# --- least --------------------------------------------------------------------------------------------------------


def test_the_least_manifest_is_what_was_used_and_no_more(tmp_path: Path, cache: Path) -> None:
    def story(supervisor: Supervisor) -> None:
        options = Options(grants=(parse_rule("process:factory"), parse_rule("network:5"), parse_rule("storage:7")))
        pid = supervisor.spawn("terminal", options=options)
        supervisor.send_input_to_process(pid, "spawn idle\r")
        assert supervisor.run_until(lambda: supervisor.machine.gateway.state.committed.alive(pid + 1))
        stores = supervisor.spawn(STORES_WHEN_TOLD, name="stores")
        supervisor.grant_capability(stores, ObjectType.STORAGE, 4, Rights.ALL, FREE_SLOT)
        tell(supervisor, stores)

    recording = record(tmp_path / "a.zosrec", cache, story)
    found = least(recording)
    recording.close()
    assert set(found) == {"terminal", "idle", "stores"} and found["idle"] == []
    used = [(need.object_type, need.object_id, need.rights) for need in (*found["terminal"], *found["stores"])]
    assert used == [(ObjectType.PROCESS, 0, Rights.WRITE), (ObjectType.STORAGE, 4, Rights.WRITE)]
    text = 'id = "x"\nname = "x"\n' + manifest(found["terminal"] + found["stores"], shared_objects(found))
    asked = manifests.parse(text).requests
    assert [(each.object_type, each.object_text, each.perms) for each in asked] == [
        (ObjectType.PROCESS, "factory", Rights.WRITE), (ObjectType.STORAGE, "own", Rights.WRITE),
    ]  # fmt: skip


def test_who_passes_something_on_needs_the_right_to_give(tmp_path: Path, cache: Path) -> None:
    def story(supervisor: Supervisor) -> None:
        user = supervisor.spawn(STORES_WHEN_TOLD, name="user")
        supervisor.grant_capability(user, ObjectType.NETWORK, 1, Rights.READ, FREE_SLOT - 1)
        giver = supervisor.spawn(
            guest(poll_for_ever(f"(drop {call(Sys.CAP_GRANT, FREE_SLOT, user, Rights.WRITE)})")), name="giver"
        )
        supervisor.grant_capability(giver, ObjectType.STORAGE, 6, Rights.ALL, FREE_SLOT)
        tell(supervisor, giver)
        tell(supervisor, user)

    recording = record(tmp_path / "a.zosrec", cache, story)
    found = least(recording)
    recording.close()
    assert found["user"] == []
    assert [(need.object_type, need.rights) for need in found["giver"]] == [
        (ObjectType.STORAGE, Rights.WRITE | Rights.GRANT)
    ]


# --- without ------------------------------------------------------------------------------------------------------


def first_difference(recording: Recording, engine: Engine, rule: str) -> tuple[list[tuple[int, int]], object]:
    replayer = Replayer(recording, engine)
    run = Without(replayer, parse_rule(rule))
    while (outcome := run.step()) is True:
        pass
    replayer.close()
    return run.taken, outcome


def test_the_first_call_that_differs_without_a_capability(tmp_path: Path, cache: Path, engine: Engine) -> None:
    recording = record(tmp_path / "a.zosrec", cache, revoked)
    sent_to = next(row.what.body.to_endpoint for row in happenings(recording)
                   if not isinstance(row.what, SysEvent) and type(row.what.body).__name__ == "MessageSent"
                   and row.what.body.from_pid == 3)  # fmt: skip
    taken, outcome = first_difference(recording, engine, f"endpoint:{sent_to}")
    assert taken == [(3, FREE_SLOT)]
    assert isinstance(outcome, Divergence) and outcome.recorded is not None and outcome.without is not None
    assert (outcome.recorded.num, outcome.recorded.reason) == (Sys.SEND, "")
    assert outcome.without.reason == "no endpoint capability in that slot"
    recording.close()


def test_a_storage_it_never_had(tmp_path: Path, cache: Path, engine: Engine) -> None:
    def story(supervisor: Supervisor) -> None:
        pid = supervisor.spawn(
            guest(poll_for_ever(exit_with(call(Sys.STORAGE_READ, FREE_SLOT, 1)))), name="asker"
        )
        supervisor.grant_capability(pid, ObjectType.STORAGE, 7, Rights.READ, FREE_SLOT)
        supervisor.grant_capability(pid, ObjectType.NETWORK, 3, Rights.READ)
        tell(supervisor, pid)

    recording = record(tmp_path / "a.zosrec", cache, story)
    taken, outcome = first_difference(recording, engine, "storage:7")
    assert taken == [(3, FREE_SLOT)]
    assert isinstance(outcome, Divergence) and outcome.without is not None and outcome.recorded is not None
    assert (outcome.recorded.seq, outcome.without.num) == (outcome.without.seq, Sys.STORAGE_READ)
    assert outcome.without.reason == "no storage capability in that slot"
    assert first_difference(recording, engine, "network") == ([(3, FREE_SLOT + 1)], False)
    assert first_difference(recording, engine, "storage:8") == ([], False)
    recording.close()
