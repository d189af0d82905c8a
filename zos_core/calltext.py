"""Logged calls as text for a person: name, arguments by what they mean, answer.

Rules of this file
- One home for the trace of a run, the questions about a recording, the message log and the details of a process.
- What a program said (a path) is quoted, and made harmless before it is shown.
"""

from __future__ import annotations

from zos_core import abi
from zos_core.abi import Errno, ObjectType, Sys
from zos_core.axiom.syslog import WAITING, SysEvent
from zos_core.kernel.dispatch import Op
from zos_core.prompts import harmless
from zos_core.snapshot import Named, rights_text
from zos_core.wasi.preview1 import FIRST_CALL, Err, function_name
from zos_core.wasi.rows import split

ARGUMENTS: dict[int, tuple[str, ...]] = {
    Sys.DEBUG: ("len",),
    Sys.LIST_CAPS: ("form",),
    Sys.LIST_PROCS: ("form",),
    Sys.CONSOLE_WRITE: ("len", "console"),
    Sys.RANDOM: ("len",),
    Sys.EXIT: ("code",),
    Sys.SLEEP: ("ns_low", "ns_high"),
    Sys.SPAWN: ("slot", "flags"),
    Sys.KILL: ("slot",),
    Sys.CAP_GRANT: ("slot", "to", "rights"),
    Sys.CAP_REVOKE: ("slot", "keep_own"),
    Sys.CAP_DELETE: ("slot",),
    Sys.CAP_INSPECT: ("slot",),
    Sys.CAP_DERIVE: ("slot", "rights"),
    Sys.EP_CREATE: ("part",),
    Sys.SEND: ("slot", "tag", "len"),
    Sys.RECEIVE: ("slot",),
    Sys.CALL: ("slot", "tag", "len"),
    Sys.REPLY: ("to", "tag", "len"),
    Sys.SEND_CAP: ("slot", "tag", "len_caps"),
    Sys.RECEIVE_WAIT: ("slot", "ms_low", "ms_high"),
    Sys.STORAGE_READ: ("slot", "key_len", "offset"),
    Sys.STORAGE_WRITE: ("slot", "key_len"),
    Sys.STORAGE_DELETE: ("slot", "key_len"),
    Sys.STORAGE_LIST: ("slot", "prefix_len", "cursor"),
}
"""What the arguments of a call mean; the others have none, or are unknown."""
_UNKNOWN = ("arg1", "arg2", "arg3")


def call_name(num: int) -> str:
    """A system call, a privilege or a function of WASI as the pages name it."""
    if num >= FIRST_CALL:
        return function_name(num)
    if num >= abi.FIRST_PRIVILEGE:
        return Op(num).name.lower().replace("_", " ") if num in Op.__members__.values() else f"privilege 0x{num:x}"
    return f"SYS_{Sys(num).name}" if num in Sys.__members__.values() else f"SYS_{num:#04x}"


def call_text(row: SysEvent, named: Named | None = None) -> str:
    """`SYS_SEND(slot=4, MSG_CONSOLE_INPUT, len=12) = 0`, `fd_read(4, 512, directory 0 r--) = SUCCESS, 512 bytes`.

    Where `named` is given, a directory is called by its path.
    """
    again = "resumed " if row.resumes else ""
    equals = "" if row.result == WAITING else "= "
    return f"{call_name(row.num)}({arguments_text(row, named)}) {again}{equals}{answer_text(row)}"


def arguments_text(row: SysEvent, named: Named | None = None) -> str:
    """What stands between the brackets."""
    if row.num >= FIRST_CALL:
        return _descriptor_arguments(row, named or _by_number)
    names = ARGUMENTS.get(row.num, () if row.num in Sys.__members__.values() else _UNKNOWN)
    return ", ".join(_argument(each, value) for each, value in zip(names, row.args, strict=False))


def _by_number(_object_type: int, object_id: int) -> str:
    """A directory, as it is numbered in its session."""
    return f"directory {object_id - abi.FIRST_DIRECTORY}"


def _descriptor_arguments(row: SysEvent, named: Named) -> str:
    """The call's own, then each directory it needs and with what right."""
    own, needs = split(row.num, row.args)
    said = [repr(harmless(each)) if isinstance(each, str) else str(int(each)) for each in own]
    said += [f"{named(ObjectType.STORAGE, need.directory)} {rights_text(need.rights)}" for need in needs]
    return ", ".join(said)


def answer_text(row: SysEvent) -> str:
    """`waits`, a number, `SUCCESS, 512 bytes`, or `E_BADF (no capability in that slot)`."""
    if row.result == WAITING:
        return "waits"
    if row.error is not Errno.E_OK:
        return f"{row.error.name} ({harmless(row.reason or row.error.text)})"
    if row.num >= FIRST_CALL:
        return Err(row.result).name + (f", {row.size} byte{'s' * (row.size > 1)}" if row.size else "")
    return str(row.result)


def went_well(row: SysEvent) -> bool:
    """Whether the caller got what it wanted, or still waits for it."""
    fine = row.num < FIRST_CALL or row.result in (WAITING, Err.SUCCESS)
    return fine and row.error is Errno.E_OK


def _argument(name: str, value: int) -> str:
    if name == "tag":
        known = value in abi.Tag.__members__.values()
        return f"MSG_{abi.Tag(value).name}" if known else f"tag={value:#x}"
    if name == "rights":
        return f"rights={rights_text(value)}"
    if name == "code":
        return f"code={value - (1 << 32) if value & abi.ERROR_BIT else value}"
    return f"{name}={value}"
