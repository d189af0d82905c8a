"""The commands of the desktop in Textual's command palette: every action by name (desktop: Command palette)."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from zos_tui.commands import COMMANDS, Command, key_label
from zos_tui.desktop import Desktop


class DesktopCommands(Provider):
    """All of `commands.COMMANDS`, run on the desktop the palette was opened over."""

    def _run(self, command: Command) -> None:
        desktop = next((screen for screen in reversed(self.app.screen_stack) if isinstance(screen, Desktop)), None)
        if desktop is not None:
            desktop.call_after_refresh(partial(desktop.run_command, command.name))

    @staticmethod
    def _help(command: Command) -> str:
        return f"{command.help}  (leader {key_label(command.keys[0])})"

    async def discover(self) -> Hits:
        for command in COMMANDS:
            yield DiscoveryHit(command.title, partial(self._run, command), help=self._help(command))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in COMMANDS:
            score = matcher.match(f"{command.title} {command.name}")
            if score > 0:
                title = matcher.highlight(command.title)
                yield Hit(score, title, partial(self._run, command), help=self._help(command))
