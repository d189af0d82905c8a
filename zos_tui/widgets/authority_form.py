"""What giving a capability asks for, from a root or another capability: to whom, rights, how long, how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from zos_core.abi import U32, Rights
from zos_core.errors import Refused
from zos_core.policy import parse_duration_ms
from zos_core.snapshot import ProcessSnapshot
from zos_tui.widgets.dialog import Dialog
from zos_tui.widgets.rights_field import RightsField


class Limits(NamedTuple):
    """Rights, and how long and how often they hold; None is without limit. `expires_in_ms` counts from the grant."""

    perms: Rights
    expires_in_ms: int | None
    uses: int | None


class FormError(ValueError):
    """A field that cannot be read; the text is one line."""


class Field(Horizontal):
    """A label and what is filled in."""

    DEFAULT_CSS = """
    Field {
        height: 1;
        margin-bottom: 1;
        & > .label { width: 10; color: $text-quiet; }
        & > Input { width: 1fr; }
        & > Select { width: 1fr; }
    }
    """

    def __init__(self, label: str, widget: Widget, *, id: str | None = None) -> None:
        super().__init__(Static(label, classes="label", markup=False), widget, id=id)


def entry(id: str, placeholder: str, value: str = "") -> Input:
    """A one-line field."""
    made = Input(value, placeholder=placeholder, compact=True, id=id)
    made.cursor_blink = False
    return made


def process_choice(processes: Sequence[ProcessSnapshot], chosen: int | None) -> Select[int]:
    """A living process by name."""
    living = [process for process in processes if process.exit is None]
    options = [(f"{process.name} ({process.pid})", process.pid) for process in living]
    start = next((process.pid for process in living if process.pid == chosen), living[0].pid)
    return Select(options, value=start, allow_blank=False, compact=True, type_to_search=False, id="to")


class AuthorityForm(Dialog[str | None]):
    """Ends with what was given, in words, or None. A refusal of the machine keeps it open and is shown."""

    DEFAULT_CSS = """
    AuthorityForm {
        & > #box { width: 76; }
        & #bounds { color: $text-quiet; margin-bottom: 1; height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "give", "Give", priority=True),
        Binding("enter", "give", show=False),
    ]
    AUTO_FOCUS = "#to"
    keys = "Tab next field · Enter gives, or opens a ▼ choice · Esc cancels"

    def limits_fields(self, value: Rights, allowed: Rights) -> tuple[Widget, ...]:
        """Rights, expiry and uses."""
        return (
            Field("Rights", RightsField(value, allowed, id="rights")),
            Field("Expires", entry("expires", "never, or after 5s, 10m, 2h")),
            Field("Uses", entry("uses", "any number of times")),
        )

    def read_limits(self) -> Limits:
        """What the fields say. Raises `FormError`."""
        perms = self.query_one(RightsField).value
        if not perms:
            raise FormError("Choose at least one right: r, w or g")
        span = self.query_one("#expires", Input).value.strip()
        try:
            expires_in_ms = parse_duration_ms(span) if span and span != "never" else None
        except ValueError as error:
            raise FormError(str(error)) from None
        return Limits(perms, expires_in_ms, read_number(self.query_one("#uses", Input).value, "uses", U32))

    def give(self) -> str:
        """Do it; what was given, in words. Raises `FormError` or `Refused`."""
        return ""

    def action_give(self) -> None:
        try:
            self.dismiss(self.give())
        except (FormError, Refused) as problem:
            self.complain(str(problem))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_give()

    @property
    def receiver(self) -> int:
        """The process that is given it."""
        value = self.query_one("#to", Select).value
        return value if isinstance(value, int) else 0


def read_number(text: str, what: str, most: int) -> int | None:
    """A whole number above 0, None for an empty field. Raises `FormError`."""
    cleaned = text.strip()
    if not cleaned:
        return None
    if not (cleaned.isascii() and cleaned.isdecimal()) or len(cleaned) > 20 or not 0 < int(cleaned) <= most:
        raise FormError(f"{what} is a number above 0, not {cleaned[:20]!r}")
    return int(cleaned)
