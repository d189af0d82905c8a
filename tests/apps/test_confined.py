"""`confined`: every attempt and what it is told, and that the table tells the truth when it is given something."""

from __future__ import annotations

import pytest

from tests.apps.support import Tab
from zos_core import abi
from zos_core.abi import ObjectType, Rights
from zos_core.policy import Rule

TOLD = {
    "send through an empty slot": "E_BADF",
    "send through a slot above them all": "E_BADF",
    "send through a Console": "E_BADF",
    "send more than was handed over": "E_INVAL",
    "receive what is meant for init": "E_PERM",
    "wait for what is meant for the service": "E_PERM",
    "receive from an empty slot": "E_BADF",
    "call an endpoint of its own": "E_BUSY",
    "reply to a call init never made": "E_NOENT",
    "reply for the permission service": "E_NOENT",
    "move a capability it may not grant": "E_PERM",
    "move an empty slot": "E_BADF",
    "move a capability twice": "E_INVAL",
    "move the capability it sends by": "E_INVAL",
    "move more capabilities than fit": "E_OVERFLOW",
    "use what it has just moved away": "E_BADF",
    "derive read and grant from a right to write": "a copy with -w-",
    "derive rights that do not exist": "E_INVAL",
    "derive from an empty slot": "E_BADF",
    "outlive the expiry of what it derives from": "a copy with -w-",
    "use it more often than what it derives from": "a copy with -w-",
    "grant itself what it may not grant": "E_PERM",
    "grant init what it may not grant": "E_PERM",
    "grant something to nobody": "E_NOENT",
    "revoke init's endpoint from everybody": "E_PERM",
    "revoke the permission service's endpoint": "E_PERM",
    "revoke an empty slot": "E_BADF",
    "delete an empty slot": "E_BADF",
    "use a slot again that it has deleted": "E_BADF",
    "find a capability on init or the service": "E_BADF",
    "start a program": "E_BADF",
    "end init, by its pid": "E_BADF",
    "end the permission service, by its pid": "E_BADF",
    "end whatever a slot names": "E_BADF",
    "write to another console": "E_BADF",
    "list what others have stored": "E_BADF",
    "read what others have stored": "E_BADF",
    "store something": "E_BADF",
    "delete what others have stored": "E_BADF",
    "grow its memory past its ceiling": "-1",
    "INIT:GRANT the factory to itself": "only text",
    "INIT:REVOKE init's own endpoint": "only text",
    "INIT:SPAWN a program": "only text",
    "ask init to grant the factory": "E_PERM",
    "ask init to revoke from the service": "E_PERM",
    "ask init for everybody's permissions": "E_PERM",
    "register init's endpoint as its own service": "a name, no access",
    "register as the permission service": "E_PERM",
    "answer a prompt in the person's name": "a no",
    "ask the person in another's name": "a no",
    "have a slot revoked that it does not hold": "a no",
    "a message that is too long": "E_OVERFLOW",
    "more bytes than a call may bring": "E_OVERFLOW",
    "more random bytes than there are": "E_OVERFLOW",
    "more endpoints than a process may have": "E_NOMEM",
    "interrupts and ports": "E_NOSYS",
    "what only the supervisor may do": "E_NOSYS",
}


def verdicts(text: str) -> dict[str, tuple[str, str]]:
    """What each attempt was told, and the verdict."""
    rows = [line for line in text.splitlines() if line.startswith("  ")]
    return {row[2:48].rstrip(): (row[50:68].rstrip(), row[70:]) for row in rows}


def test_every_attempt_is_refused_with_its_reason() -> None:
    tab = Tab("confined")
    ended = tab.ending()
    assert verdicts(tab.text()) == {what: (told, "refused") for what, told in TOLD.items()}
    assert tab.text().splitlines()[-1] == f"{len(TOLD)} attempts, 0 allowed"
    assert (ended.code, ended.trap) == (0, None)
    assert max(map(len, tab.text().splitlines())) < 80


def test_the_attempts_leave_nothing_behind() -> None:
    tab = Tab("idle", ["block"])
    before = [(each.pid, each.capabilities) for each in tab.supervisor.snapshot().processes]
    confined = tab.supervisor.spawn("confined")
    assert tab.supervisor.run_until(lambda: tab.supervisor.exit_of(confined) is not None)
    tab.settle()
    after = [
        (each.pid, each.capabilities) for each in tab.supervisor.snapshot().processes if each.pid != confined
    ]
    assert [(pid, [cap.cap_id for cap in caps]) for pid, caps in after] == [
        (pid, [cap.cap_id for cap in caps]) for pid, caps in before
    ]
    assert tab.supervisor.snapshot().degraded == ""


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (Rule(ObjectType.PROCESS, abi.FACTORY, Rights.WRITE), {"start a program", "INIT:SPAWN a program"}),
        (Rule(ObjectType.STORAGE, 1, Rights.READ), {"list what others have stored", "read what others have stored"}),
        (Rule(ObjectType.STORAGE, 1, Rights.WRITE), {"store something", "delete what others have stored"}),
        (Rule(ObjectType.PROCESS, abi.PID_INIT, Rights.READ), {"find a capability on init or the service"}),
        (Rule(ObjectType.CONSOLE, 1, Rights.WRITE), {"write to another console"}),
    ],
)
def test_what_it_is_given_shows_as_allowed(rule: Rule, allowed: set[str]) -> None:
    """A table that says "refused" whatever happens would prove nothing."""
    tab = Tab("confined", grants=[rule])
    code = tab.ending().code
    assert {what for what, (_, verdict) in verdicts(tab.text()).items() if verdict == "ALLOWED"} == allowed
    assert code == len(allowed)
