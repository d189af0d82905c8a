"""Fields of text that take their keys in the order in which they were typed.

A key that edits without writing (Backspace, an arrow) is a binding. Textual hands it from the field up to the app, from
queue to queue, before it is run, and letters that were typed after it overtake it. These fields run it at once.
"""

from __future__ import annotations

from textual import events
from textual.widget import Widget
from textual.widgets import Input, TextArea


async def run_own_binding(field: Widget, event: events.Key) -> None:
    """What `field` itself binds to a key that writes nothing; any other key goes its usual way."""
    if event.is_printable:
        return
    for binding in field._bindings.key_to_bindings.get(event.key, ()):
        # One that has nothing to do here says so, and leaves the key to others: a line cannot be scrolled.
        if not binding.priority and await field.app.run_action(binding.action, field):
            event.stop()
            event.prevent_default()
            return


class LineInput(Input):
    """One line."""

    async def _on_key(self, event: events.Key) -> None:
        # Textual calls the handlers of the base classes by itself.
        await run_own_binding(self, event)


class LinesInput(TextArea):
    """Several lines."""

    async def _on_key(self, event: events.Key) -> None:
        await run_own_binding(self, event)
