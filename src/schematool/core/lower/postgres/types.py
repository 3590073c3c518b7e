"""Enums, domains, composite and range types, sequences, collations."""

from __future__ import annotations

from typing import Any, TypedDict

from schematool.core.catalog import Id
from schematool.core.lower.postgres import constraints
from schematool.core.lower.postgres.read import Words, mapping, record, text, truth, whole
from schematool.core.lower.postgres.scope import Common, Scope, collation_text, schema_of
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Declaration
from schematool.core.sql.quote import literal, qualified


def enum(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add an enum; values with `was` are renames."""
    of = Id("type", (schema_of(thing), thing.name))
    values = thing.options.get("values")
    labels: list[str] = []
    for number, value in enumerate(values if isinstance(values, tuple) else ()):
        words = record(value, "value")
        label = str(words["value"])
        labels.append(label)
        if was := text(words, "was"):
            scope.renamed(
                "enum value",
                (*of.path, was),
                (*of.path, label),
                thing.options.span(f"values.{number}.was") or thing.span,
            )
    repeated = {label for label in labels if labels.count(label) > 1}
    for label in sorted(repeated):
        scope.found.add("ST110", f"`{label}` is twice in this enum", thing.options.span("values") or thing.span)
    scope.put(pg.Enum(id=of, labels=tuple(dict.fromkeys(labels)), **shared(common)), thing.span)


def domain(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a domain with its checks."""
    of = Id("type", (schema_of(thing), thing.name))
    checks = []
    for name, value in sorted(mapping(thing.options, "checks").items()):
        words = record(value, "check")
        definition = constraints.check(text(words, "check") or "")
        checks.append(pg.DomainCheck(name, definition, truth(words, "validated", True), text(words, "description")))
    collation = text(thing.options, "collation")
    made = pg.Domain(
        id=of,
        base=scope.type_text(text(thing.options, "type") or ""),
        collation=collation_text(collation),
        not_null=truth(thing.options, "required"),
        not_null_name=text(thing.options, "required_name"),
        default=text(thing.options, "default"),
        checks=tuple(checks),
        **shared(common),
    )
    scope.put(made, thing.span)


def composite(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a composite type."""
    of = Id("type", (schema_of(thing), thing.name))
    attributes = []
    for name, value in mapping(thing.options, "fields").items():
        words = record(value, "type")
        collation = text(words, "collation")
        attributes.append(
            pg.Attribute(
                name,
                scope.type_text(text(words, "type") or ""),
                collation_text(collation),
                text(words, "description"),
            )
        )
        if was := text(words, "was"):
            scope.renamed(
                "attribute", (*of.path, was), (*of.path, name), thing.options.span(f"fields.{name}.was") or thing.span
            )
    scope.put(pg.Composite(id=of, attributes=tuple(attributes), **shared(common)), thing.span)


def range_type(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a range type."""
    schema = schema_of(thing)
    collation = text(thing.options, "collation")
    inside, _, own = (text(thing.options, "multirange") or "").rpartition(".")
    made = pg.Range(
        id=Id("type", (schema, thing.name)),
        subtype=scope.type_text(text(thing.options, "subtype") or ""),
        operator_class=text(thing.options, "operator_class"),
        collation=collation_text(collation),
        canonical=text(thing.options, "canonical"),
        difference=text(thing.options, "difference"),
        multirange=qualified(inside or schema, own) if own else None,
        **shared(common),
    )
    scope.put(made, thing.span)


def sequence(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a sequence."""
    options = thing.options
    owned = text(options, "owned_by")
    made = pg.Sequence(
        id=Id("sequence", (schema_of(thing), thing.name)),
        type=text(options, "type") or "bigint",
        **counting(options),
        cache=whole(options, "cache") or 1,
        cycle=truth(options, "cycle"),
        persistence="unlogged" if truth(options, "unlogged") else "permanent",
        owned_by=_owner(scope, owned) if owned else None,
        **shared(common),
    )
    scope.put(made, thing.span)


class Counting(TypedDict):
    """Where a sequence begins, its step, and its bounds."""

    start: int
    increment: int
    minimum: int | None
    maximum: int | None


def counting(words: Words) -> Counting:
    """How a sequence counts; it begins where CREATE SEQUENCE would have it unless the words say where."""
    increment, minimum, maximum = (whole(words, word) for word in ("increment", "minimum", "maximum"))
    step = 1 if increment is None else increment
    start = whole(words, "start")
    usual = pg.usual_start(step, minimum, maximum)
    return {"start": usual if start is None else start, "increment": step, "minimum": minimum, "maximum": maximum}


def _owner(scope: Scope, given: str) -> Id:
    table, _, column = given.rpartition(".")
    return Id("column", (*scope.relation(table).path, column))


def collation(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a collation."""
    of = Id("collation", (schema_of(thing), thing.name))
    words: list[str] = []
    for key, word in (
        ("provider", "provider"),
        ("locale", "locale"),
        ("lc_collate", "lc_collate"),
        ("lc_ctype", "lc_ctype"),
        ("rules", "rules"),
    ):
        value = text(thing.options, key)
        if value is not None:
            words.append(f"{word} = {value if key == 'provider' else literal(value)}")
    if thing.options.get("deterministic") is False:
        words.append("deterministic = false")
    made = pg.Defined(
        id=of,
        create=(f"CREATE COLLATION {qualified(*of.path)} ({', '.join(words)})",),
        drop=f"DROP COLLATION {qualified(*of.path)}",
        reference=f"COLLATION {qualified(*of.path)}",
        **shared(common),
    )
    scope.put(made, thing.span)


def shared(common: Common) -> dict[str, Any]:
    """What every object has, as keyword arguments."""
    return {
        "comment": common.comment,
        "owner": common.owner,
        "grants": common.grants,
        "revokes": common.revokes,
        "security_labels": common.security_labels,
    }
