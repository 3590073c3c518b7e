"""Records squashed migrations where the ledger still has those that they stand for."""

from __future__ import annotations

from collections.abc import Mapping

from schematool.app.history import whole
from schematool.app.standing import Standing
from schematool.app.workspace import Workspace
from schematool.core.history.names import order
from schematool.core.history.status import State
from schematool.engines.contract import Engine


def record_squashed(workspace: Workspace, standing: Standing, engines: Mapping[str, Engine]) -> None:
    """Put each on the ledger; the old ones go off it with the last file of the squash. Call it under the locks."""
    squashed = standing.halves(State.SQUASHED)
    files = {(half.store, half.id) for half in standing.halves(*State) if half.unit}
    for half in squashed:
        if half.unit is None:
            continue
        names = half.unit.replaces
        more = any(h.store == half.store and h.id in names and order(h.id) > order(half.id) for h in squashed)
        gone = () if more else tuple(name for name in names if (half.store, name) not in files)
        (unit,) = whole(workspace, [half.unit])
        engines[half.store].adopt(unit, gone)
