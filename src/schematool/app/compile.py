"""The YAML of a project, loaded and lowered for both stores; every finding of the run together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schematool.app.twins import lowerer
from schematool.app.workspace import fingerprint
from schematool.core.catalog import Id
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Findings, in_order
from schematool.core.errors import InputError
from schematool.core.lower import Draft
from schematool.core.model.entity import Model


@dataclass(frozen=True, slots=True)
class Compiled:
    """The meaning of a set of YAML files. `warnings` do not stop anything."""

    model: Model
    drafts: Mapping[str, Draft]
    fingerprint: str
    warnings: tuple[Diagnostic, ...] = ()


def compile_schema(files: Mapping[str, str]) -> Compiled:
    """Load and lower; `InputError` with every error there is."""
    compiled, found = compile_with_findings(files)
    if found.errors:
        raise InputError(*found)
    return compiled


def compile_with_findings(files: Mapping[str, str]) -> tuple[Compiled, Findings]:
    """Load and lower, handing back what is wrong instead of raising it."""
    from schematool.core.load import load  # noqa: PLC0415  # the YAML reader is not needed when nothing changed
    from schematool.core.patterns.rules import unknown_indexes  # noqa: PLC0415  # the same

    model, found = load(files)
    drafts = {store: lowerer(store).lower(model, found) for store in STORES}
    found.extend(unknown_indexes(model, index_owners(drafts.values())))
    return Compiled(model, drafts, fingerprint(files), in_order(d for d in found if d not in found.errors)), found


def index_owners(drafts: Iterable[Draft]) -> dict[str, str]:
    """Which entity each declared index or key belongs to, by the name that the servers know it by."""
    owners: dict[str, str] = {}
    for thing in (thing for draft in drafts for thing in draft.catalog):
        table = getattr(thing, "table", None)
        path = table.path if isinstance(table, Id) else thing.id.path[:-1]
        if thing.id.kind == "index" or getattr(thing, "type", None) in {"primary key", "unique", "exclude"}:
            owners[thing.id.name] = ".".join(path).removeprefix("public.")
    return owners
