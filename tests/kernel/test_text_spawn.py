"""A program started by text (kernel: The init debug channel): who asked is not parked, and may act meanwhile."""

from __future__ import annotations

import pytest

from tests.kernel.world import CONSOLE_SLOT, FACTORY, RWG, World
from zos_core import abi
from zos_core.abi import Errno, Sys
from zos_core.kernel.dispatch import Op
from zos_core.kernel.transient import SpawnRequest

FACTORY_SLOT = CONSOLE_SLOT + 1
TEXT = b"INIT:SPAWN:clock"


class Asked(World):
    """`a` has asked for a program by text, with a factory capability it may give away; `b` can be sent to."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = self.create("a", FACTORY._replace(perms=RWG)), self.create("b")
        self.to_b = self.grant(self.b, 0, self.a)
        assert self.call(self.a, Sys.DEBUG, len(TEXT), data=TEXT) == 0
        self.request: SpawnRequest = self.take_spawn()

    def answer(self) -> Errno:
        """What the supervisor is told when the program has been compiled."""
        args = ("clock", self.a, self.request, b"", (), abi.DEFAULT_MEMORY)
        return abi.errno_of(Op.CREATE_PROCESS, self.privileged(Op.CREATE_PROCESS, *args).result)


@pytest.fixture
def w() -> Asked:
    return Asked()


def test_the_program_is_started_under_the_factory_it_was_asked_with(w: Asked) -> None:
    assert w.answer() is Errno.E_OK
    handle = w.cap(w.a, w.slots(w.a)[-1])
    assert handle.parent == w.request.cap_id
    assert w.committed.processes[handle.object_id].parent == w.a


def test_who_has_given_the_factory_away_meanwhile_starts_nothing_with_it(w: Asked) -> None:
    assert w.send_cap(w.a, w.to_b, [FACTORY_SLOT]) == 0
    before = w.fingerprint()
    assert w.answer() is Errno.E_BADF
    assert w.fingerprint() == before


def test_who_has_deleted_the_factory_meanwhile_starts_nothing(w: Asked) -> None:
    w.ok(w.a, Sys.CAP_DELETE, FACTORY_SLOT)
    before = w.fingerprint()
    assert w.answer() is Errno.E_BADF
    assert w.fingerprint() == before
