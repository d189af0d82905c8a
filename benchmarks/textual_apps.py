"""Small Textual apps that do one thing each, the plain way: `python -m benchmarks.textual_apps hello|input|clock`."""

from __future__ import annotations

import sys
from datetime import datetime

from textual.app import App, ComposeResult
from textual.widgets import Digits, Input, Static


class Hello(App[None]):
    """One line of text."""

    def compose(self) -> ComposeResult:
        yield Static("ready")


class Typing(App[None]):
    """A line to type into."""

    def compose(self) -> ComposeResult:
        yield Static("ready")
        yield Input()


class Clock(App[None]):
    """The time, once a second."""

    def compose(self) -> ComposeResult:
        yield Static("ready")
        yield Digits()

    def on_mount(self) -> None:
        self.set_interval(1, self.show_time)

    def show_time(self) -> None:
        self.query_one(Digits).update(f"{datetime.now():%H:%M:%S}")


APPS: dict[str, type[App[None]]] = {"hello": Hello, "input": Typing, "clock": Clock}


def command(name: str) -> tuple[str, ...]:
    """How to start one of them."""
    return sys.executable, "-m", "benchmarks.textual_apps", name


if __name__ == "__main__":
    APPS[sys.argv[1]]().run()
