"""The grant dialog: a capability from the root of an object to a process, with rights, expiry and uses.

An object is one that exists, or one that granting makes: a storage namespace, a network origin, a memory ceiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.widget import Widget
from textual.widgets import Input, Select

from zos_core.abi import ObjectType, Rights
from zos_core.snapshot import ObjectSnapshot, ProcessSnapshot, rights_text
from zos_tui.widgets.authority_form import (
    AuthorityForm,
    Field,
    FormError,
    Limits,
    entry,
    process_choice,
    read_number,
)
from zos_tui.widgets.capability_list import kind_of, object_text
from zos_tui.widgets.rights_field import RightsField

GiveGrant = Callable[[int, ObjectType, int, Limits], int]
"""`(to_pid, object type, object id, limits)`: the slot it went to. Raises `Refused`."""

MAX_OBJECT_ID = 2**64 - 1
_MIB = 1 << 20
NEW_KINDS: dict[ObjectType, tuple[str, str]] = {
    ObjectType.STORAGE: ("a namespace by number…", "number of the namespace"),
    ObjectType.NETWORK: ("an origin by number…", "number of the origin"),
    ObjectType.MEMORY: ("a ceiling…", "MiB its memory may grow to"),
}
"""Objects that granting makes: what the choice is called, and what is to be filled in."""
USUAL: dict[ObjectType, Rights] = {
    ObjectType.STORAGE: Rights.READ | Rights.WRITE,
    ObjectType.NETWORK: Rights.READ | Rights.WRITE,
    ObjectType.MEMORY: Rights.READ | Rights.WRITE,
}
"""Rights to start from; for the other types writing alone."""
_ORDER = (
    ObjectType.STORAGE,
    ObjectType.NETWORK,
    ObjectType.MEMORY,
    ObjectType.CONSOLE,
    ObjectType.PROCESS,
    ObjectType.ENDPOINT,
)


def object_options(objects: Sequence[ObjectSnapshot]) -> list[tuple[str, str]]:
    """Choices as (what is shown, `type:id`); `type:` for one that granting makes."""
    options = []
    for kind in _ORDER:
        for each in objects:
            if each.object_type is kind:
                named = object_text(kind, each.object_id, each.name)
                options.append((f"{kind_of(kind):<9}{named}", f"{int(kind)}:{each.object_id}"))
        if kind in NEW_KINDS:
            options.append((f"{kind_of(kind):<9}{NEW_KINDS[kind][0]}", f"{int(kind)}:"))
    return options


class GrantDialog(AuthorityForm):
    DEFAULT_CSS = """
    GrantDialog {
        & #numbered { display: none; }
        & #numbered.-shown { display: block; }
    }
    """

    def __init__(
        self, processes: Sequence[ProcessSnapshot], objects: Sequence[ObjectSnapshot], chosen: int | None,
        carry_out: GiveGrant,
    ) -> None:  # fmt: skip
        super().__init__("Grant a capability")
        self._processes = processes
        self._options = object_options(objects)
        self._chosen = chosen
        self._carry_out = carry_out

    def content(self) -> tuple[Widget, ...]:
        objects = Select(self._options, allow_blank=False, compact=True, type_to_search=False, id="object")
        numbered = Field("Number", entry("number", ""), id="numbered")
        # From the start, since a person may tab ahead of the first layout.
        numbered.set_class(self._options[0][1].endswith(":"), "-shown")
        return (
            Field("To", process_choice(self._processes, self._chosen)),
            Field("Object", objects),
            numbered,
            *self.limits_fields(Rights.NONE, Rights.ALL),
        )

    def on_mount(self) -> None:
        self._follow_object()

    @property
    def _object(self) -> tuple[ObjectType, int | None]:
        value = str(self.query_one("#object", Select).value)
        kind, _, number = value.partition(":")
        return ObjectType(int(kind)), int(number) if number else None

    def on_select_changed(self, event: Select.Changed) -> None:
        event.stop()
        if event.select.id == "object":
            self._follow_object()

    def _follow_object(self) -> None:
        kind, number = self._object
        self.query_one("#numbered").set_class(number is None, "-shown")
        if number is None:
            self.query_one("#number", Input).placeholder = NEW_KINDS[kind][1]
        self.query_one(RightsField).allow(Rights.ALL, USUAL.get(kind, Rights.WRITE))

    def give(self) -> str:
        limits, (kind, number) = self.read_limits(), self._object
        if number is None:
            number = self._read_new(kind)
        slot = self._carry_out(self.receiver, kind, number, limits)
        return f"Granted {kind_of(kind)} {rights_text(limits.perms)} to pid {self.receiver}, slot {slot}"

    def _read_new(self, kind: ObjectType) -> int:
        what = NEW_KINDS[kind][1]
        number = read_number(self.query_one("#number", Input).value, f"The {what}", MAX_OBJECT_ID)
        if number is None:
            raise FormError(f"Fill in the {what}")
        return number * _MIB if kind is ObjectType.MEMORY else number
