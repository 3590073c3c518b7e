"""The ledgers of other migration tools in live databases: named, never written, and no part of the schema."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from schematool.app.catalogs import excluding
from schematool.core.catalog import Catalog
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import Refused
from schematool.core.history.status import before_us
from schematool.core.history.unit import LedgerRow
from schematool.engines.contract import Engine, Foreign, Inspection

_TABLES = frozenset({"table", "collection"})


def foreign_ledgers(
    engines: Mapping[str, Engine], ledgers: Mapping[str, Sequence[LedgerRow]], known: Collection[str], *, adopting: bool
) -> tuple[Foreign, ...]:
    """Every ledger of another tool; `known`: the ids of our own migrations, in files or lock.

    yoyo's table is also ours, so what it did before us is told by its rows. `adopting`: they have not been taken over.
    """
    found: list[Foreign] = []
    for store, engine in engines.items():
        rows = before_us(ledgers[store], known, adopting=adopting)
        if rows:
            found.append(Foreign("yoyo", store, "public._yoyo_migration", (), len(rows), rows[-1].id))
        found += engine.foreign()
    return tuple(found)


def require_settled(found: Sequence[Foreign]) -> None:
    """Refuse to build on what another tool left half done."""
    bad = [
        Diagnostic(
            "ST414",
            f"{one.tool} ({one.table} in {one.store}): {one.trouble}",
            hint=f"finish or repair it with {one.tool} first, then run this again",
            subject=one.table,
        )
        for one in found
        if one.trouble
    ]
    if bad:
        raise Refused(*bad, state="nothing was changed")


def inspected(engine: Engine, exclude: Sequence[str], recorded: Catalog | None = None) -> Inspection:
    """Read a live database without what is not the schema's; see `left_out`."""
    return excluding(engine.inspect(), left_out(engine, exclude, recorded))


def left_out(engine: Engine, exclude: Sequence[str], recorded: Catalog | None = None) -> tuple[str, ...]:
    """What `exclude` names, and the ledgers of other tools; but a table that a migration of ours made is ours."""
    ours = {".".join(key.path) for key in recorded.objects if key.kind in _TABLES} if recorded else set()
    return (*exclude, *(name for one in engine.foreign() for name in one.owned if name not in ours))
