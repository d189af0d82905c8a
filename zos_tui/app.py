"""The Textual app of the desktop, and `run_desktop`, which the command line calls.

Rules of this file
- The app holds themes, the leader's key and signals; everything on screen belongs to `Desktop`.
- It leaves the terminal clean however it ends: a quit, SIGHUP, SIGTERM, or an error.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Textual reads this when it is imported: how long a lone Escape may wait for the rest of a sequence, in ms.
os.environ.setdefault("ESCDELAY", "25")
# And this: how finely what has changed waits to be drawn. An echo would wait for up to a sixtieth of a second. It is no
# pace of drawing: output is handed over at that of a screen, and lists are shown a few times a second.
os.environ.setdefault("TEXTUAL_FPS", "1000")

from textual.theme import Theme

from zos_core.record import album
from zos_tui.desktop import DEFAULT_LEADER, DEFAULT_PROGRAM, Desktop
from zos_tui.kept import Kept
from zos_tui.key_order import KeysInTurn
from zos_tui.ports import Machine, Past
from zos_tui.pump import prepare_interpreter
from zos_tui.recents import Recents
from zos_tui.starts import Start
from zos_tui.theme import DARK, LIGHT, THEMES, palette_for
from zos_tui.widgets.terminal_view import TerminalView
from zos_tui.workspace import BREAKPOINTS

THEME_NAMES = {"dark": DARK, "light": LIGHT}
SIGNAL_EXIT_BASE = 128
MODULE_CACHE = "modules"
"""Where compiled modules are kept, inside the data folder."""
STORAGE_FILE = "storage.sqlite"
"""What programs have stored, inside the data folder."""
RECENT_FILE = "recent.json"
"""The last programs of the start dialog, inside the data folder."""

FONTS = "DejaVu Sans Mono, Noto Sans Mono CJK JP, Menlo, Consolas"
_FONT_FACE = re.compile(r"@font-face \{[^}]*\}\s*")


@dataclass(frozen=True, slots=True)
class DesktopOptions:
    """What `zos` was asked for. `theme` is `dark` or `light`; `leader` a Textual key name, as `ctrl+b`.

    `data_folder` is what must be kept, None keeps nothing; compiled modules go to `cache_folder`, or beside it.
    `record` is a file for all of the session; without one the session goes into the data folder, unless `keep` is
    False.
    """

    program: str = DEFAULT_PROGRAM
    args: tuple[str, ...] = ()
    theme: str = "dark"
    leader: str = DEFAULT_LEADER
    data_folder: Path | None = None
    record: Path | None = None
    keep: bool = True
    cache_folder: Path | None = None

    @property
    def kept(self) -> Kept:
        recordings = None if self.data_folder is None else self.data_folder / album.FOLDER
        modules = self.cache_folder or (None if self.data_folder is None else self.data_folder / MODULE_CACHE)
        return Kept(recordings, modules)


class DesktopApp(KeysInTurn, inherit_bindings=False):
    """Its exit value is the exit status of the command. Textual's own Ctrl+Q and Ctrl+P belong to the programs."""

    TITLE = "Zero OS"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    CommandPalette > Vertical { max-width: 90; background: $panel; }
    CommandPalette SearchIcon { display: none; }
    CommandPalette #--input { background: $panel; }
    CommandPalette CommandList { background: $panel; }
    """
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS

    def __init__(
        self, make_machine: Callable[[], Machine], options: DesktopOptions, past: Past | None = None
    ) -> None:
        """With `past` it shows that, and no machine is made."""
        super().__init__()
        self._options = options
        for theme in THEMES.values():
            self.register_theme(theme)
        self.theme = THEME_NAMES.get(options.theme, DARK)
        self.desktop = self._desktop(make_machine, past)

    def _desktop(self, make_machine: Callable[[], Machine], past: Past | None) -> Desktop:
        options = self._options
        if past is not None:
            from zos_tui.past_desktop import PastDesktop

            return PastDesktop(past, options.leader, options.kept, running=False)
        recents = Recents(None if options.data_folder is None else options.data_folder / RECENT_FILE)
        return Desktop(make_machine, Start(options.program, options.args), options.leader, recents, options.kept)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self.exit, SIGNAL_EXIT_BASE + number)
        self.set_keymap({"leader": self._options.leader})
        self.theme_changed_signal.subscribe(self, self._repaint_terminals)
        self.push_screen(self.desktop)
        self.call_after_refresh(prepare_interpreter)

    def _repaint_terminals(self, theme: Theme) -> None:
        for view in self.desktop.query(TerminalView):
            view.use_palette(palette_for(theme.name))

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """The screen as SVG that loads nothing from outside: the reader's own fixed-width font."""
        svg = super().export_screenshot(title=title, simplify=simplify)
        return _FONT_FACE.sub("", svg).replace("Fira Code", FONTS)

    async def on_unmount(self) -> None:
        self.desktop.shut_down()


def run_desktop(options: DesktopOptions) -> int:
    """Show the desktop until it is left; returns the exit status."""
    return _run(DesktopApp(lambda: make_machine(options), options))


def run_past(past: Past, options: DesktopOptions) -> int:
    """Show a recorded session until it is left; returns the exit status."""
    return _run(DesktopApp(lambda: past, options, past))


def _run(app: DesktopApp) -> int:
    app.run()
    return app.return_value if app.return_value is not None else (app.return_code or 0)


def make_machine(options: DesktopOptions) -> Machine:
    """The machine of a desktop with these options. Raises `Refused` and OSError."""
    # Imported here so that the first frame is on screen before the engine is loaded (desktop: Speed).
    from datetime import datetime

    from zos_core.policy import Policy
    from zos_core.supervisor import MachineConfig, Supervisor

    folder, record = options.data_folder, options.record
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        if record is None and options.keep:
            record = album.begin(folder / album.FOLDER, datetime.now())
    return Supervisor(
        MachineConfig(
            policy=Policy(trust_bundled=True, interactive=True),
            cache=options.kept.modules,
            storage=None if folder is None else folder / STORAGE_FILE,
            record=record,
            must_record=options.record is not None,
        )
    )
