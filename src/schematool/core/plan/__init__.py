"""Two catalogs to the steps between them, in an order that works, with their locks and hazards."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """How to make changes: `online` prefers steps that keep readers and writers going over a single transaction.

    """

    online: bool = True
