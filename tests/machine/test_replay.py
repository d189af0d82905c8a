"""A run is a pure function of what came from outside: the same again, and the same from its rows alone."""

from __future__ import annotations

import hashlib

from tests.machine.rig import (
    ECHO,
    FREE_SLOT,
    MS,
    FakeWorld,
    ReplayWorld,
    Rig,
    call,
    guest,
    poll_for_ever,
    repeat,
    write,
)
from zos_core.abi import ObjectType, Sys
from zos_core.kernel.state import state_hash
from zos_core.runtime import commands as c
from zos_core.runtime.engine import Engine

READS_CLOCKS = guest(
    f"""(loop $l
      (drop {call(Sys.GET_TIME)}) (drop {call(Sys.GET_WALLCLOCK)})
      (drop {call(Sys.RANDOM, 64)}) (drop (call $recv (i32.const 0) (i32.const 64)))
      (call $send (i32.const 0) (i32.const 3)) (drop {call(Sys.CONSOLE_WRITE, 3)})
      (drop {call(Sys.SLEEP, 3 * MS)}) (br $l))"""
)
COMPUTES = guest(
    "(loop $l (i32.store (i32.const 16) (local.tee $i (i32.add (i32.mul (local.get $i) (i32.const 1664525))"
    " (i32.const 1013904223)))) (br $l))"
)
CHATTERS = guest(repeat(200, f"(drop {call(Sys.SEND, FREE_SLOT, 3)}) (drop {call(Sys.EP_CREATE)})") + write("said"))
FAULTS = guest(f"(drop {call(Sys.SLEEP, 9 * MS)}) unreachable")
SOURCES = (ECHO, READS_CLOCKS, COMPUTES, CHATTERS, FAULTS, guest(poll_for_ever()))


def scenario(rig: Rig) -> None:
    """A little of everything, in ticks of odd lengths."""
    echo, clocks, computes, chatters, _, poller = [rig.create(source) for source in SOURCES]
    rig.connect(chatters, echo)
    for turn in range(30):
        commands: list[c.Command] = [c.Input(echo, b"key %d" % turn)]
        if turn == 5:
            commands += [c.GrantCap(poller, ObjectType.STORAGE, 3, 7, None, 11, 0), c.Hold(clocks, True)]
        if turn == 20:
            commands += [c.Kill(computes), c.Hold(clocks, False), c.Kill(computes)]
        rig.tick(commands, slices=5 + turn % 7, ns=(turn * 731) % 5000 * 1000)
    rig.run(20, 9, 2 * MS)


def everything(rig: Rig) -> dict[str, object]:
    """What two equal runs have in common, to the last bit."""
    machine = rig.machine
    return {
        "head": machine.gateway.commits.head,
        "state": state_hash(machine.gateway.state.committed),
        "log": [tuple(row) for row in machine.gateway.syslog.rows],
        "fuel": {pid: process.fiber.fuel_used for pid, process in machine.processes.items()},
        "memory": {
            pid: hashlib.sha256(process.fiber.memory.read(0, process.fiber.memory_size)).hexdigest()
            for pid, process in machine.processes.items()
        },
        "output": dict(rig.output),
        "ended": rig.ended,
    }


def test_the_same_commands_on_the_same_clocks_give_the_same_machine(engine: Engine) -> None:
    first, second = Rig(engine, FakeWorld(step=13)), Rig(engine, FakeWorld(step=13))
    scenario(first)
    scenario(second)
    assert everything(first) == everything(second)
    assert len(first.ended) == 3


def test_other_clocks_give_another_machine(engine: Engine) -> None:
    first, second = Rig(engine, FakeWorld(step=13)), Rig(engine, FakeWorld(step=14))
    scenario(first)
    scenario(second)
    assert everything(first)["head"] != everything(second)["head"]


def test_the_rows_alone_give_the_machine_again(engine: Engine) -> None:
    """Every reading, every command and every slice is in the rows; a replay has no clock and counts its slices."""
    live = Rig(engine, FakeWorld(step=13))
    scenario(live)
    world = ReplayWorld()
    replay = Rig(engine, world)
    for source in SOURCES:
        replay.load(source)
    for row in live.rows:
        world.load(row)
        replay.tick(row.commands, row.slices)
        assert world.readings == []
    assert replay.rows == live.rows
    assert everything(replay) == everything(live)


def test_a_replay_with_one_command_less_is_noticed(engine: Engine) -> None:
    live = Rig(engine, FakeWorld(step=13))
    scenario(live)
    world = ReplayWorld()
    replay = Rig(engine, world)
    for source in SOURCES:
        replay.load(source)
    dropped = next(at for at, row in enumerate(live.rows) if any(isinstance(x, c.Input) for x in row.commands))
    for at, row in enumerate(live.rows[: dropped + 1]):
        world.load(row)
        replay.tick(() if at == dropped else row.commands, row.slices)
    assert replay.machine.gateway.commits.head != live.machine.gateway.commits.head
