"""The collector of cycles, in a Python process that runs a machine.

What start-up made is never looked at again, and a machine makes many small objects that stay, in its logs: looking at
the young ones every 700 allocations, as Python does by itself, is a tenth of the time that starting a program takes.
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE = 2_000, 20
WHOLE = 100
NEVER = 1_000_000
"""For whoever places whole collections where nobody waits."""


def spare(whole: int = WHOLE) -> None:
    """Leave everything that exists alone for good, and look at what comes less often."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, whole)
