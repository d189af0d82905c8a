"""Zero OS, the machine: a capability microkernel whose programs are real WebAssembly.

    from zos_core import MachineConfig, Supervisor

    sup = Supervisor(MachineConfig())
    sup.boot()
    pid = sup.spawn("terminal")

Imports run one way: supervisor → runtime, record, wasi → axiom → kernel → abi.

Glossary

- *capability*: an unforgeable right of one process on one object: read, write, grant. Programs name it by *slot*.
- *root*: the first capability on an object, held by pid 0. All others are below it in the *derivation forest*.
- *grant*, *derive*: pass a weaker copy to another process; make one for oneself. *Move*: send the capability itself.
- *revoke*: take a capability and everything derived from it, everywhere, in one step.
- *endpoint*: a queue of messages with one owner, who alone receives. *Notice*: a message from pid 0 about a loss.
- *console*: where a process writes and a person types; a tab of the desktop, or the terminal of `zos run`.
- *commit*: a fact that committed state is reduced from, named by a hash over all before it. *SysLog*: one row a call.
- *gateway*: the one way to the kernel. *Privilege*: what pid 0, the supervisor, asks of it.
- *fiber*: one running instance of a program, polled a *slice* at a time. *Tick*: one step of the machine, to which
  everything from outside belongs, as a *command* at its start or a *reading* at the call.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zos_core.abi import Errno, ObjectType, ProcessState, Rights, Stream
    from zos_core.config import MachineConfig
    from zos_core.errors import CallRefused, InputRefused, Refused, RevocationGrew, SpawnRefused
    from zos_core.launcher import Options
    from zos_core.policy import Policy, Rule
    from zos_core.prompts import Choice, Decision
    from zos_core.snapshot import ConsoleMode, MachineSnapshot, PollReport, ProcessSnapshot, Revocation
    from zos_core.supervisor import Supervisor

_HOMES = {
    "abi": ("Errno", "ObjectType", "ProcessState", "Rights", "Stream"),
    "config": ("MachineConfig",),
    "errors": ("CallRefused", "InputRefused", "Refused", "RevocationGrew", "SpawnRefused"),
    "launcher": ("Options",),
    "policy": ("Policy", "Rule"),
    "prompts": ("Choice", "Decision"),
    "snapshot": ("ConsoleMode", "MachineSnapshot", "PollReport", "ProcessSnapshot", "Revocation"),
    "supervisor": ("Supervisor",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CallRefused",
    "Choice",
    "ConsoleMode",
    "Decision",
    "Errno",
    "InputRefused",
    "MachineConfig",
    "MachineSnapshot",
    "ObjectType",
    "Options",
    "Policy",
    "PollReport",
    "ProcessSnapshot",
    "ProcessState",
    "Refused",
    "Revocation",
    "RevocationGrew",
    "Rights",
    "Rule",
    "SpawnRefused",
    "Stream",
    "Supervisor",
]


def __getattr__(name: str) -> Any:
    """Public names are imported when they are used: the kernel must not load an engine for being in this package."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
