"""What a program is, in a few lines: kind and size, imports counted and by name on demand, requests with reasons.

What this system does not have is named, with a switch that lets it answer 0.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Collapsible, Static

from zos_core.snapshot import ProgramSummary
from zos_tui.programs import imports_line, kind_line, names, request_line
from zos_tui.widgets.tick import Tick


class ProgramAbout(Vertical):
    DEFAULT_CSS = """
    ProgramAbout {
        height: auto;
        margin-bottom: 1;
        & Static { height: auto; }
        & Collapsible { background: transparent; border: none; padding: 0; height: auto; }
        & Collapsible > Contents { padding: 0 0 0 2; }
        & CollapsibleTitle { padding: 0; width: 1fr; background: transparent; color: $text-quiet; }
        & CollapsibleTitle:hover, & CollapsibleTitle:focus { background: $selected; color: $foreground; }
        & .missing { color: $warning; }
    }
    """

    def __init__(self, summary: ProgramSummary, *, stub: bool = False) -> None:
        super().__init__()
        self._summary = summary
        self._stub = stub

    def compose(self) -> ComposeResult:
        summary = self._summary
        title = summary.title if summary.title != summary.name else ""
        said = " — ".join(filter(None, (title, summary.description)))
        yield Static(kind_line(summary) + (f" · {said}" if said else ""), classes="strong", markup=False)
        with Collapsible(title=imports_line(summary).replace("[", r"\["), id="imports"):
            yield Static(names(summary.imports), markup=False)
        if summary.foreign:
            yield Static(f"! Not in this system: {names(summary.foreign)}", classes="missing", markup=False)
            yield Tick("let them answer 0", self._stub, id="stub")
        for request in summary.requests:
            yield Static(f"Asks for {request_line(request)}", markup=False)

    @property
    def stub_imports(self) -> bool:
        """Whether what is missing may answer 0."""
        return bool(self._summary.foreign) and self.query_one("#stub", Tick).value

    def check(self) -> None:
        """Raises ValueError when it cannot be started as it is."""
        if self._summary.foreign and not self.stub_imports:
            raise ValueError("Some imports are not in this system: tick “let them answer 0” to start all the same")
