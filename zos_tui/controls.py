"""What each control sequence does: literal tables from a sequence's key to one call on the emulation.

A key is what is left of a sequence without its parameters: `?h` is `CSI ? … h`. What is in no table is swallowed.
Sources: ECMA-48; DEC VT510 manual; xterm's ctlseqs; supervisor: Line mode and raw mode (mode 7200).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from zos_tui import reports
from zos_tui.cells import PLAIN
from zos_tui.charsets import ASCII, DESIGNATIONS
from zos_tui.emulation import Emulation
from zos_tui.escapes import parse_sequence, parse_string
from zos_tui.modes import ANSI_FLAGS, IN_BAND_RESIZE, PRIVATE_FLAGS, SOFT_RESET, CursorShape

MAX_TITLE = 256
MAX_LINK = 2048

LINK_SCHEMES = frozenset({"http", "https", "mailto", "ftp", "gemini"})
"""Links a program may offer. Not `file`: a click must not open a path of the host that a guest chose."""

Parameters = tuple[int, ...]
Handler = Callable[[Emulation, Parameters], None]


def _count(parameters: Parameters) -> int:
    """The first parameter, where 0 and nothing mean 1."""
    return parameters[0] or 1


def _second(parameters: Parameters) -> int:
    return (parameters[1] if len(parameters) > 1 else 0) or 1


def _set_modes(emulation: Emulation, parameters: Parameters, *, on: bool, private: bool) -> None:
    for mode in parameters:
        flag = (PRIVATE_FLAGS if private else ANSI_FLAGS).get(mode)
        if flag is not None:
            setattr(emulation.modes, flag, on)
            if mode == IN_BAND_RESIZE and private and on:
                reports.in_band_size(emulation)
        elif private and mode in ACTING_MODES:
            ACTING_MODES[mode](emulation, on)


def _set_origin(emulation: Emulation, on: bool) -> None:
    emulation.modes.origin = on
    emulation.move_to(0, 0)


def _save_or_restore(emulation: Emulation, on: bool) -> None:
    if on:
        emulation.save_cursor()
    else:
        emulation.restore_cursor()


def _alternate_cleared_on_leaving(emulation: Emulation, on: bool) -> None:
    if not on and emulation.modes.alternate_screen:
        emulation.erase_in_display(2)
    emulation.show_alternate(on)


def _alternate_with_cursor(emulation: Emulation, on: bool) -> None:
    """1049: save the cursor and show a cleared alternate screen; then the main screen and cursor again."""
    if on == emulation.modes.alternate_screen:
        return
    if on:
        emulation.save_cursor()
        emulation.show_alternate(True)
        emulation.erase_in_display(2)
    else:
        emulation.show_alternate(False)
        emulation.restore_cursor()


ACTING_MODES: dict[int, Callable[[Emulation, bool], None]] = {
    6: _set_origin,
    47: Emulation.show_alternate,
    1047: _alternate_cleared_on_leaving,
    1048: _save_or_restore,
    1049: _alternate_with_cursor,
}


def _soft_reset(emulation: Emulation) -> None:
    """DECSTR."""
    for flag, value in SOFT_RESET.items():
        setattr(emulation.modes, flag, value)
    emulation.top, emulation.bottom = 0, emulation.lines - 1
    emulation.set_pen(emulation.styles.intern(PLAIN))
    emulation.charsets = [ASCII, ASCII]
    emulation.shifted = False
    emulation.saved[emulation.grid] = type(emulation.saved[emulation.grid])()


def _alignment_test(emulation: Emulation) -> None:
    """DECALN: a screen full of E, no margins, cursor home."""
    emulation.top, emulation.bottom = 0, emulation.lines - 1
    emulation.x = emulation.y = 0
    emulation.grid.fill_rows(0, emulation.lines, 0, "E")


def _clear_tab_stops(emulation: Emulation, parameters: Parameters) -> None:
    if parameters[0] == 0:
        emulation.tabs.discard(min(emulation.x, emulation.columns - 1))
    elif parameters[0] == 3:
        emulation.tabs.clear()


def _set_tab_stop(emulation: Emulation) -> None:
    emulation.tabs.add(min(emulation.x, emulation.columns - 1))


def _set_cursor_shape(emulation: Emulation, parameters: Parameters) -> None:
    """DECSCUSR: 0-2 block, 3-4 underline, 5-6 bar; odd ones and 0 blink."""
    how = parameters[0]
    if how <= 6:
        emulation.cursor_shape = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)[(max(how, 1) - 1) // 2]
        emulation.modes.cursor_blink = how == 0 or how % 2 == 1


def _save_position(emulation: Emulation, parameters: Parameters) -> None:
    emulation.save_cursor()


def _restore_position(emulation: Emulation, parameters: Parameters) -> None:
    emulation.restore_cursor()


def _shift_out(emulation: Emulation, *, shifted: bool) -> None:
    emulation.shifted = shifted


def _return(emulation: Emulation) -> None:
    emulation.x = 0


def _move_to_line_start(emulation: Emulation, rows: int) -> None:
    emulation.move_rows(rows)
    emulation.x = 0


def _ring(emulation: Emulation) -> None:
    emulation.bell += 1


def _keypad(emulation: Emulation, *, on: bool) -> None:
    emulation.modes.application_keypad = on


CONTROLS: dict[str, Callable[[Emulation], None]] = {
    "\a": _ring,
    "\b": lambda e: e.move_columns(-1),
    "\t": lambda e: e.tab(1),
    "\n": Emulation.newline,
    "\v": Emulation.newline,
    "\f": Emulation.newline,
    "\r": _return,
    "\r\n": Emulation.return_and_newline,
    "\x0e": partial(_shift_out, shifted=True),
    "\x0f": partial(_shift_out, shifted=False),
}

ESCAPES: dict[str, Callable[[Emulation], None]] = {
    "7": Emulation.save_cursor,
    "8": Emulation.restore_cursor,
    "D": Emulation.index,
    "E": Emulation.return_and_newline,
    "H": _set_tab_stop,
    "M": Emulation.reverse_index,
    "c": Emulation.reset,
    "=": partial(_keypad, on=True),
    ">": partial(_keypad, on=False),
    "#8": _alignment_test,
}

SEQUENCES: dict[str, Handler] = {
    "@": lambda e, p: e.insert_blanks(_count(p)),
    "A": lambda e, p: e.move_rows(-_count(p)),
    "B": lambda e, p: e.move_rows(_count(p)),
    "C": lambda e, p: e.move_columns(_count(p)),
    "D": lambda e, p: e.move_columns(-_count(p)),
    "E": lambda e, p: _move_to_line_start(e, _count(p)),
    "F": lambda e, p: _move_to_line_start(e, -_count(p)),
    "G": lambda e, p: e.move_to(_count(p) - 1, e.row_in_region),
    "H": lambda e, p: e.move_to(_second(p) - 1, _count(p) - 1),
    "I": lambda e, p: e.tab(_count(p)),
    "J": lambda e, p: e.erase_in_display(p[0]),
    "?J": lambda e, p: e.erase_in_display(p[0]),
    "K": lambda e, p: e.erase_in_line(p[0]),
    "?K": lambda e, p: e.erase_in_line(p[0]),
    "L": lambda e, p: e.shift_lines(_count(p)),
    "M": lambda e, p: e.shift_lines(-_count(p)),
    "P": lambda e, p: e.delete_characters(_count(p)),
    "S": lambda e, p: e.scroll(_count(p)),
    "T": lambda e, p: e.scroll(-_count(p)) if len(p) == 1 else None,
    "X": lambda e, p: e.erase_characters(_count(p)),
    "Z": lambda e, p: e.tab(-_count(p)),
    "`": lambda e, p: e.move_to(_count(p) - 1, e.row_in_region),
    "a": lambda e, p: e.move_columns(_count(p)),
    "b": lambda e, p: e.repeat(_count(p)),
    "c": reports.primary_attributes,
    ">c": reports.secondary_attributes,
    "d": lambda e, p: e.move_to(min(e.x, e.columns - 1), _count(p) - 1),
    "e": lambda e, p: e.move_rows(_count(p)),
    "f": lambda e, p: e.move_to(_second(p) - 1, _count(p) - 1),
    "g": _clear_tab_stops,
    "h": partial(_set_modes, on=True, private=False),
    "l": partial(_set_modes, on=False, private=False),
    "?h": partial(_set_modes, on=True, private=True),
    "?l": partial(_set_modes, on=False, private=True),
    "n": reports.status,
    "?n": reports.private_status,
    "$p": partial(reports.mode, private=False),
    "?$p": partial(reports.mode, private=True),
    "!p": lambda e, p: _soft_reset(e),
    ">q": reports.version,
    " q": _set_cursor_shape,
    "r": lambda e, p: e.set_margins(_count(p) - 1, (p[1] if len(p) > 1 and p[1] else e.lines) - 1),
    "s": _save_position,
    "t": reports.window,
    "u": _restore_position,
}


def _designate(emulation: Emulation, slot: int, final: str) -> None:
    emulation.charsets[slot] = DESIGNATIONS.get(final, ASCII)


def _operating_system_command(emulation: Emulation, content: str, whole: bool) -> None:
    """OSC: titles and links. Writing the host's clipboard (52) is refused and counted; the rest is swallowed."""
    number, _, value = content.partition(";")
    if number in ("0", "2"):
        emulation.title = "".join(filter(str.isprintable, value[:MAX_TITLE]))
    elif number == "8":
        _, _, target = value.partition(";")
        emulation.set_link(target if whole and _is_safe_link(target) else None)
    elif number == "52":
        emulation.clipboard_refusals += 1


def _is_safe_link(target: str) -> bool:
    if not 0 < len(target) <= MAX_LINK or not target.isprintable():
        return False
    try:
        return urlsplit(target).scheme in LINK_SCHEMES
    except ValueError:
        return False


def _nothing() -> None:
    """What an unknown sequence does."""


def compile_control(emulation: Emulation, token: str) -> Callable[[], None]:
    """The action of one control token (`zos_tui.escapes`) on this emulation. Running it cannot raise."""
    simple = CONTROLS.get(token)
    if simple is not None:
        return partial(simple, emulation)
    introducer = token[1:2]
    if token[0] != "\x1b" or not introducer:
        return _nothing
    if introducer == "[":
        return _compile_sequence(emulation, token)
    if introducer == "]":
        _, content, whole = parse_string(token)
        return partial(_operating_system_command, emulation, content, whole)
    escape = ESCAPES.get(token[1:])
    if escape is not None:
        return partial(escape, emulation)
    if introducer in "()" and len(token) == 3:
        return partial(_designate, emulation, "()".index(introducer), token[2])
    return _nothing


def _compile_sequence(emulation: Emulation, token: str) -> Callable[[], None]:
    embedded, sequence = parse_sequence(token)
    if sequence is None:
        action = _nothing
    elif sequence.key == "m":
        action = partial(emulation.select_rendition, sequence.body)
    elif sequence.key in SEQUENCES:
        action = partial(SEQUENCES[sequence.key], emulation, sequence.numbers())
    else:
        action = _nothing
    first = [CONTROLS[control] for control in embedded if control in CONTROLS]
    return partial(_run_all, emulation, first, action) if first else action


def _run_all(emulation: Emulation, first: list[Callable[[Emulation], None]], then: Callable[[], None]) -> None:
    for control in first:
        control(emulation)
    then()
