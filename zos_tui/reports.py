"""What a terminal answers to a program that asks: attributes, position, modes, version and size.

Each answer goes to `emulation.reply` as bytes, which the program reads as console input. Nothing here tells a guest
about the host: no colours, no window position, no clipboard, no title.
"""

from __future__ import annotations

from zos_tui.emulation import Emulation
from zos_tui.modes import ANSI_FLAGS, PRIVATE_FLAGS, REPORTED_ONLY

Parameters = tuple[int, ...]

NOT_RECOGNISED, SET, RESET = 0, 1, 2
"""States in a DECRPM answer."""


def primary_attributes(emulation: Emulation, parameters: Parameters) -> None:
    """DA1: a VT220 with ANSI colour."""
    if parameters[0] == 0:
        emulation.reply(b"\x1b[?62;22c")


def secondary_attributes(emulation: Emulation, parameters: Parameters) -> None:
    """DA2: VT220, firmware version 1, no cartridge."""
    if parameters[0] == 0:
        emulation.reply(b"\x1b[>1;1;0c")


def status(emulation: Emulation, parameters: Parameters) -> None:
    """DSR: 5 is it well, 6 where is the cursor."""
    if parameters[0] == 5:
        emulation.reply(b"\x1b[0n")
    elif parameters[0] == 6:
        emulation.reply(f"\x1b[{_position(emulation)}R".encode())


def private_status(emulation: Emulation, parameters: Parameters) -> None:
    """DECXCPR: the cursor's position on page 1."""
    if parameters[0] == 6:
        emulation.reply(f"\x1b[?{_position(emulation)};1R".encode())


def _position(emulation: Emulation) -> str:
    return f"{emulation.row_in_region + 1};{min(emulation.x, emulation.columns - 1) + 1}"


def mode(emulation: Emulation, parameters: Parameters, *, private: bool) -> None:
    """DECRQM. Line mode counts as set until a program chooses, as it is the default of a console."""
    number = parameters[0]
    flag = (PRIVATE_FLAGS.get(number) or REPORTED_ONLY.get(number)) if private else ANSI_FLAGS.get(number)
    state = NOT_RECOGNISED
    if flag is not None:
        state = RESET if getattr(emulation.modes, flag) is False else SET
    emulation.reply(f"\x1b[{'?' if private else ''}{number};{state}$y".encode())


def version(emulation: Emulation, parameters: Parameters) -> None:
    """XTVERSION."""
    if parameters[0] == 0:
        emulation.reply(b"\x1bP>|Zero OS\x1b\\")


def window(emulation: Emulation, parameters: Parameters) -> None:
    """Window operations: only 18, the size in cells; a guest has no say over the window and no pixels."""
    if parameters[0] == 18:
        emulation.reply(f"\x1b[8;{emulation.lines};{emulation.columns}t".encode())


def in_band_size(emulation: Emulation) -> None:
    """The size report of mode 2048; sizes in pixels are unknown, hence 0."""
    emulation.reply(f"\x1b[48;{emulation.lines};{emulation.columns};0;0t".encode())
