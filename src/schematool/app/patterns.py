"""Proving access patterns: every `pattern:` document against the plan that a live server makes for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from schematool.app import seed
from schematool.app.catalogs import build_all
from schematool.app.compile import Compiled, index_owners
from schematool.app.servers import scratch_server
from schematool.app.workspace import Workspace
from schematool.core.config import STORES
from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.errors import StatementError
from schematool.core.lint.patterns import guards, index_name
from schematool.core.model.entity import Model
from schematool.core.patterns import Pattern, Proof, State, read_patterns
from schematool.core.patterns.check import prove
from schematool.engines.contract import Engine, Listener


def check_patterns(
    compiled: Compiled,
    files: Mapping[str, str],
    engines: Mapping[str, Engine],
    *,
    measure: bool = True,
    only: str | None = None,
) -> tuple[tuple[Proof, ...], tuple[Diagnostic, ...]]:
    """Prove each pattern whose store is open, in the order of the files; findings say what is broken.

    `measure`: run what only reads, and hold its numbers against the budgets; else the plans alone are compared, as is
    right on a production server. `only`: the pattern of this name, or those that read this entity.
    """
    owners = index_owners(compiled.drafts.values())
    wanted = [
        pattern
        for pattern in read_patterns(compiled.model)
        if pattern.store in engines and only in {None, pattern.name, *pattern.entities}
    ]
    told = [_proof(pattern, engines[pattern.store], files, owners, measure=measure) for pattern in wanted]
    return tuple(proof for proof, _ in told), tuple(finding for _, found in told for finding in found)


def check_at_scale(  # noqa: PLR0913, PLR0917  # one call says all that a proof is told
    workspace: Workspace,
    compiled: Compiled,
    files: Mapping[str, str],
    stores: Sequence[str],
    scale: str,
    listen: Listener,
    *,
    only: str | None = None,
) -> tuple[tuple[Proof, ...], tuple[Diagnostic, ...]]:
    """Prove the patterns on scratch databases that are made of the YAML, filled with so many rows, and dropped."""
    wish = seed.wanted(scale, [], 1, partial=True)
    with ExitStack() as stack:
        engines: dict[str, Engine] = {}
        for store in STORES:
            # All stores, although one may be asked for alone: what refers to the other needs its keys.
            server = stack.enter_context(scratch_server(workspace, store))
            engines[store] = stack.enter_context(server.scratch())
            build_all(engines[store], compiled.drafts[store])
        seed.fill(seed.prepare(engines, compiled.model, wish), listen)
        return check_patterns(
            compiled, files, {store: engine for store, engine in engines.items() if store in stores}, only=only
        )


def unused_indexes(model: Model, proofs: Iterable[Proof]) -> tuple[str, ...]:
    """The declared indexes of entities that proven patterns read, which no plan used and no constraint needs."""
    plans = [proof.plan for proof in proofs if proof.plan and proof.state is not State.UNPROVEN]
    read = {entity for plan in plans for entity in plan.entities}
    used = {index for plan in plans for index in plan.indexes}
    return tuple(
        f"{entity.name}.{index_name(entity, index)}"
        for entity in model.entities
        for index in entity.indexes
        if entity.name in read and not guards(entity, index) and index_name(entity, index) not in used
    )


def _proof(
    pattern: Pattern, engine: Engine, files: Mapping[str, str], owners: Mapping[str, str], *, measure: bool
) -> tuple[Proof, tuple[Diagnostic, ...]]:
    try:
        plan = engine.explain(pattern, measure=measure)
    except StatementError as error:
        finding = _refused(pattern, error, files)
        return Proof(pattern.name, pattern.store, State.FAILS, reason=finding.message), (finding,)
    return prove(pattern, plan, owners)


def _refused(pattern: Pattern, error: StatementError, files: Mapping[str, str]) -> Diagnostic:
    """What the server says of a query, at its place in the YAML."""
    told = error.diagnostics[0]
    word = "query" if pattern.store == "postgres" else "pipeline" if "pipeline" in pattern.request else "filter"
    place = pattern.place(word)
    if error.position is not None:
        place = _inside(place, pattern.query, error.position, files.get(place.file, ""))
    return Diagnostic("ST625", f"`{pattern.name}` is refused: {told.message}", place, told.hint, subject=pattern.name)


def _inside(place: Span, query: str, position: int, text: str) -> Span:
    """The place of an offset of a query: the line of the file that holds the same line of the query."""
    before = query[:position]
    number, offset = before.count("\n"), len(before) - (before.rfind("\n") + 1)
    wanted = query.split("\n")[number] if number < query.count("\n") + 1 else ""
    lines = text.splitlines()
    for line in range(place.line, min(place.line + number + 2, len(lines)) + 1):
        column = lines[line - 1].find(wanted)
        if wanted and column >= 0 and line >= place.line + number:
            return Span(place.file, line, column + offset + 1, 1, lines[line - 1])
    return place


def holds(proof: Proof) -> bool:
    """Say whether a pattern is answered as it promises."""
    return proof.state is State.HOLDS
