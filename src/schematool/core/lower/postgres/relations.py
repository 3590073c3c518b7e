"""Views and materialised views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from schematool.core.catalog import Id
from schematool.core.diagnostic import Span
from schematool.core.lower.postgres import triggers
from schematool.core.lower.postgres.indexes import index
from schematool.core.lower.postgres.read import Words, mapping, names, parameters, text, truth
from schematool.core.lower.postgres.scope import Common, Scope, schema_of, was_place
from schematool.core.lower.postgres.types import shared
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Declaration, IndexKey, IndexSpec, Options
from schematool.core.sql.quote import identifier, literal, qualified


def view(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a view with its triggers, rules and the defaults of its columns."""
    of = Id("view", (schema_of(thing), thing.name))
    options: list[tuple[str, str]] = [
        (word, "true") for word in ("security_barrier", "security_invoker") if truth(thing.options, word)
    ]
    if check := text(thing.options, "check_option"):
        options.append(("check_option", check))
    common = _with_columns(scope, thing, common)
    made = pg.View(
        id=of,
        definition=_query(thing),
        columns=tuple((name, "") for name in names(thing.options, "columns")),
        options=tuple(sorted(options)),
        **shared(common),
    )
    scope.put(made, thing.span)
    if thing.was:
        scope.renamed("view", (of.path[0], thing.was), of.path, was_place(thing))
    for column, expression in mapping(thing.options, "defaults").items():
        place = thing.options.span(f"defaults.{column}") or thing.span
        scope.put(pg.Default(id=Id("default", (*of.path, column)), expression=str(expression)), place)
    _descriptions(scope, thing, of)
    triggers.all_of(scope, of, thing.options)


def materialized_view(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a materialised view with its indexes."""
    of = Id("materialized view", (schema_of(thing), thing.name))
    common = _with_columns(scope, thing, common)
    stored = parameters(thing.options, "options")
    statistics = mapping(thing.options, "statistics")
    made = pg.MaterializedView(
        id=of,
        definition=_query(thing),
        columns=tuple((name, "") for name in names(thing.options, "columns")),
        options=tuple(pair for pair in stored if not pair[0].startswith("toast.")),
        toast_options=tuple((key.removeprefix("toast."), value) for key, value in stored if key.startswith("toast.")),
        tablespace=text(thing.options, "tablespace"),
        access_method=text(thing.options, "access_method"),
        populated=truth(thing.options, "populated", True),
        column_statistics=tuple(sorted((name, int(str(value))) for name, value in statistics.items())),
        **shared(common),
    )
    scope.put(made, thing.span)
    if thing.was:
        scope.renamed("materialized view", (of.path[0], thing.was), of.path, was_place(thing))
    _descriptions(scope, thing, of)
    for spec in index_specs(thing):
        # The view's columns are only known to the server, so keys are taken as they are written.
        index(scope, of, spec, _plain_words(spec))


def _with_columns(scope: Scope, thing: Declaration, common: Common) -> Common:
    """A view keeps the privileges on its columns itself."""
    columns = tuple(grant for grant in scope.grants(thing.options, "grants") if grant.column is not None)
    return replace(common, grants=(*common.grants, *columns))


def _plain_words(spec: IndexSpec) -> list[str]:
    return [word for key in spec.keys if (word := key.text.split()[0]).isidentifier()]


def _query(thing: Declaration) -> str:
    return (text(thing.options, "query") or "").strip().rstrip(";").rstrip()


def _descriptions(scope: Scope, thing: Declaration, of: Id) -> None:
    """Comments on columns that only the server knows: as statements of their own."""
    for column, said in mapping(thing.options, "descriptions").items():
        statement = f"COMMENT ON COLUMN {qualified(*of.path)}.{identifier(column)} IS {literal(str(said))}"
        scope.extra.append((str(of), statement))


def index_specs(thing: Declaration) -> tuple[IndexSpec, ...]:
    """The `indexes` of a declaration."""
    given = thing.options.get("indexes")
    return tuple(
        _spec(value, f"indexes.{number}", thing)
        for number, value in enumerate(given if isinstance(given, tuple) else ())
        if isinstance(value, Mapping)
    )


def _spec(words: Words, path: str, thing: Declaration) -> IndexSpec:
    place = thing.options.span(f"{path}.on") or thing.span
    inner = {
        key.removeprefix(f"{path}."): span for key, span in thing.options.spans.items() if key.startswith(f"{path}.")
    }
    return IndexSpec(
        keys=tuple(
            IndexKey(key, None, _key_place(inner, number, place)) for number, key in enumerate(names(words, "on"))
        ),
        span=place,
        name=text(words, "name"),
        unique=truth(words, "unique"),
        was=text(words, "was"),
        description=text(words, "description"),
        options=Options(dict(words), inner),
    )


def _key_place(spans: Mapping[str, Span], number: int, otherwise: Span) -> Span:
    return spans.get(f"on.{number}", otherwise)
