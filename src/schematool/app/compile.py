"""The YAML of a project, loaded and lowered for both stores; every finding of the run together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schematool.app.twins import lowerer
from schematool.app.workspace import fingerprint
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

    model, found = load(files)
    drafts = {store: lowerer(store).lower(model, found) for store in STORES}
    return Compiled(model, drafts, fingerprint(files), in_order(d for d in found if d not in found.errors)), found
