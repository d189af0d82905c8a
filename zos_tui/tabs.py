"""The tabs of a desktop, in order: which process each shows, what it is called, how it ended, what was not seen.

Pure: no widget, no machine. A tab outlives its process (desktop: Tabs); its `key` never returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from zos_core.abi import SLOT_INPUT, ObjectType, Rights
from zos_core.snapshot import ConsoleMode, ExitSnapshot, ProcessSnapshot
from zos_tui.starts import Start


@dataclass(slots=True)
class Tab:
    """`start` is what to start again; `given` is a name the user chose, which wins over a title."""

    key: int
    pid: int
    start: Start
    title: str = ""
    given: str = ""
    mode: ConsoleMode = ConsoleMode.LINE
    unseen: bool = False
    refused: bool = False
    ended: ExitSnapshot | None = None
    deaf: bool = False
    """Its process has lost its input endpoint: keystrokes are refused (kernel: Capabilities, the table of types)."""
    silent: bool = False
    """Its process has lost its console: nothing it writes is shown."""
    _could_hear: bool = False
    _could_speak: bool = False

    @property
    def label(self) -> str:
        return self.given or self.title or self.start.label

    @property
    def live(self) -> bool:
        return self.ended is None

    @property
    def revoked(self) -> str:
        """Which of its two ways to the person its process has lost, in words; empty while it has both."""
        lost = [word for word, gone in (("input", self.deaf), ("output", self.silent)) if gone]
        return f"{' and '.join(lost)} revoked" if lost else ""

    def observe(self, process: ProcessSnapshot) -> None:
        """Note what its process holds: what it once had and has no longer is a loss."""
        held = process.capabilities
        hears = any(each.slot == SLOT_INPUT and each.perms & Rights.READ for each in held)
        speaks = any(each.object_type is ObjectType.CONSOLE and each.perms & Rights.WRITE for each in held)
        self._could_hear |= hears
        self._could_speak |= speaks
        self.deaf, self.silent = self._could_hear and not hears, self._could_speak and not speaks

    def begin_again(self, pid: int, mode: ConsoleMode) -> None:
        """Another process takes its place."""
        self.pid, self.mode, self.ended = pid, mode, None
        self.deaf = self.silent = self._could_hear = self._could_speak = False


@dataclass(slots=True)
class TabBook:
    """Tabs in the order they are shown, and the active one. An empty book has no active tab."""

    tabs: list[Tab] = field(default_factory=list)
    active: Tab | None = None
    _next_key: int = 1

    def __iter__(self) -> Iterator[Tab]:
        return iter(self.tabs)

    def __len__(self) -> int:
        return len(self.tabs)

    def open(self, pid: int, start: Start, *, activate: bool = True) -> Tab:
        """Add a tab after the last one."""
        tab = Tab(self._next_key, pid, start)
        self._next_key += 1
        self.tabs.append(tab)
        if activate or self.active is None:
            self.activate(tab)
        return tab

    def activate(self, tab: Tab) -> None:
        """Make it the active one; what it had not shown yet is seen now."""
        self.active = tab
        tab.unseen = False

    def close(self, tab: Tab) -> None:
        """Remove it; its right neighbour becomes active, or else the left one."""
        at = self.tabs.index(tab)
        del self.tabs[at]
        if self.active is tab:
            self.active = None
            if self.tabs:
                self.activate(self.tabs[min(at, len(self.tabs) - 1)])

    def of_pid(self, pid: int) -> Tab | None:
        return next((tab for tab in self.tabs if tab.pid == pid and tab.live), None)

    def of_key(self, key: int) -> Tab | None:
        return next((tab for tab in self.tabs if tab.key == key), None)

    def neighbour(self, by: int) -> Tab | None:
        """The tab `by` places to the right of the active one, round the end."""
        if self.active is None:
            return None
        return self.tabs[(self.tabs.index(self.active) + by) % len(self.tabs)]

    def move(self, by: int) -> bool:
        """Move the active tab by one place; False at the edge."""
        if self.active is None:
            return False
        at = self.tabs.index(self.active)
        to = at + by
        if not 0 <= to < len(self.tabs):
            return False
        self.tabs[at], self.tabs[to] = self.tabs[to], self.tabs[at]
        return True

    def live(self) -> list[Tab]:
        return [tab for tab in self.tabs if tab.live]
