"""Every action of the desktop, by name: one table for the leader's keys, the command palette and the help page.

Rules of this file
- A command is its name; `Desktop.action_<name>` does it. A test walks the table and finds each method.
- The first key is the one that hints and help show; the others do the same.
- Keys are Textual key names, as pressed after the leader.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Command(NamedTuple):
    """One action: `group` orders the help page, `title` is what the palette and the hints show."""

    name: str
    keys: tuple[str, ...]
    title: str
    group: str
    help: str
    hint: bool = True


COMMANDS: tuple[Command, ...] = (
    Command("new_tab", ("c",), "New terminal", "Tabs", "Open a tab on a new terminal process"),
    Command("start_program", ("s",), "Start program…", "Tabs", "Bundled, recent or any .wasm; and what it is given"),
    Command("cancel_compile", ("z",), "Cancel compiling", "Tabs", "Stop the compiler that has worked longest", False),
    Command("close_tab", ("x",), "Close tab", "Tabs", "Close the tab; asks when its process still lives"),
    Command("next_tab", ("n", "right"), "Next tab", "Tabs", "Switch to the tab on the right"),
    Command("previous_tab", ("p", "left"), "Previous tab", "Tabs", "Switch to the tab on the left"),
    Command("rename_tab", ("r",), "Rename tab…", "Tabs", "Give the tab a name of your own"),
    Command("move_left", ("less_than_sign",), "Move tab left", "Tabs", "Swap the tab with its left neighbour", False),
    Command("move_right", ("greater_than_sign",), "Move tab right", "Tabs", "Swap with its right neighbour", False),
    Command("restart_tab", ("R",), "Run again", "Tabs", "Run an ended tab's program again, in place"),
    Command("next_panel", ("o", "tab"), "Next panel", "View", "Terminal, processes, capabilities, messages"),
    Command("scrollback", ("left_square_bracket",), "Scrollback", "View", "Read back with arrows, page keys; q leaves"),
    Command("search", ("slash",), "Search…", "View", "Find text in the tab and its scrollback; n and N move on"),
    Command("copy", ("y",), "Copy selection", "View", "Copy what the mouse selected (OSC 52)"),
    Command("toggle_theme", ("t",), "Light or dark", "View", "Switch between the light and the dark theme"),
    Command("toggle_mode", ("m",), "Line or raw", "Process", "Who edits a line: the tab, or the program itself"),
    Command("process_details", ("e",), "Process details…", "Process", "Figures, endpoints, last calls, how it ended"),
    Command("kill_process", ("k",), "Kill process…", "Process", "Kill the selected process; asks first"),
    Command("answer_prompt", ("a",), "Answer a program…", "Authority", "Open the question a program has asked"),
    Command("list_answers", ("A",), "Answers…", "Authority", "Every answer given; v takes one back"),
    Command("grant_capability", ("g",), "Grant…", "Authority", "Give a process a capability on an object"),
    Command("derive_capability", ("d",), "Derive…", "Authority", "Give a weaker copy of the selected capability"),
    Command("revoke_capability", ("v",), "Revoke…", "Authority", "Shows all that would go, and from whom; asks first"),
    Command("revoke_by_query", ("V",), "Revoke by query…", "Authority", "“every Storage capability”, “granted by 4”"),
    Command("inspect_capability", ("i",), "Inspect…", "Authority", "Where it came from, what was derived from it"),
    Command("show_objects", ("w",), "Who can reach…", "Authority", "Objects, who can reach each, and through whom"),
    Command("timeline", ("T",), "Timeline", "Session", "Look back over this session; there, return to now"),
    Command("open_recording", ("O",), "Open recording…", "Session", "Look at a session that was recorded before"),
    Command("pause_recording", ("P",), "Pause recording", "Session", "Stop writing, or say what to do after a pause"),
    Command("forget_recording", ("F",), "Forget recording…", "Session", "Delete what was recorded of this session"),
    Command("palette", ("colon",), "All commands", "Desktop", "Find any command by name"),
    Command("help", ("question_mark", "f1"), "Help", "Desktop", "Keys and what they do"),
    Command("quit_desktop", ("q",), "Quit", "Desktop", "Leave; asks when programs still run"),
)

LOOKING: frozenset[str] = frozenset(
    (
        *("next_tab", "previous_tab", "next_panel", "scrollback", "search", "copy", "toggle_theme"),
        *("process_details", "inspect_capability", "show_objects"),
        *("timeline", "open_recording", "palette", "help", "quit_desktop"),
    )
)
"""What changes nothing, and can be done in the past."""

BY_NAME: dict[str, Command] = {command.name: command for command in COMMANDS}

KEY_LABELS: dict[str, str] = {
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "right": "→",
    "left": "←",
    "backslash": "\\",
    "right_square_bracket": "]",
    "underscore": "_",
}
_FUNCTION_KEY = re.compile(r"f\d+")


def key_label(key: str) -> str:
    """How a key is written for a person: `ctrl+b` is `Ctrl+B`, `slash` is `/`, `f12` is `F12`."""
    if key in KEY_LABELS:
        return KEY_LABELS[key]
    if _FUNCTION_KEY.fullmatch(key):
        return key.upper()
    if "+" in key:
        parts = (KEY_LABELS.get(part, part.capitalize()) for part in key.split("+"))
        return "+".join(parts)
    return key


def command_for_key(key: str) -> str | None:
    """The command a key after the leader names: `tab:3` for a digit, None for a key without meaning."""
    if key.startswith("shift+") and len(key) == len("shift+x"):
        key = key[-1].upper()
    if len(key) == 1 and key in "123456789":
        return f"tab:{key}"
    return next((command.name for command in COMMANDS if key in command.keys), None)
