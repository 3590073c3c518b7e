"""Two catalogs to the steps between them, in an order that works, with their locks and hazards."""

from __future__ import annotations

from dataclasses import dataclass

from schematool.core.step import Step


@dataclass(frozen=True, slots=True)
class Style:
    """How to make changes: `online` prefers steps that keep readers and writers going over a single transaction.

    `undoes`: the steps that this plan takes back, so that what they put aside is fetched and not made anew.
    """

    online: bool = True
    undoes: tuple[Step, ...] = ()
