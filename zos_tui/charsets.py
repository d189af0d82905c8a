"""The character sets a program can put in place of ASCII (ECMA-35 designations, VT100 and VT220).

Each is a table for `str.translate`; None is plain ASCII, which needs no translation.
"""

from __future__ import annotations

Charset = dict[int, str] | None

ASCII: Charset = None

DEC_GRAPHICS: Charset = dict(zip(range(0x5F, 0x7F), "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·", strict=True))
"""DEC special graphics: line drawing in the place of `_` to `~`."""

UNITED_KINGDOM: Charset = {0x23: "£"}

DESIGNATIONS: dict[str, Charset] = {"B": ASCII, "0": DEC_GRAPHICS, "2": DEC_GRAPHICS, "A": UNITED_KINGDOM}
"""Final character of `ESC (` and `ESC )` to the set; any other final selects ASCII."""
