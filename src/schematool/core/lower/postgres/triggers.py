"""Triggers and rules, and the functions that `on_update` stands for."""

from __future__ import annotations

import re
from typing import TypeAlias

from schematool.core.catalog import Id
from schematool.core.diagnostic import Span
from schematool.core.lower.postgres.constraints import timing
from schematool.core.lower.postgres.read import Words, mapping, names, record, text, truth
from schematool.core.lower.postgres.scope import Scope
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Options
from schematool.core.sql.names import object_name
from schematool.core.sql.quote import identifier, qualified

Was: TypeAlias = tuple[str, Span | None]
"""A name before, and where it stands."""


def all_of(scope: Scope, relation: Id, options: Options) -> None:
    """Add the triggers and rules under a table's or view's keys."""
    for name, value in mapping(options, "triggers").items():
        place = options.span(f"triggers.{name}") or Span("", 1, 1)
        words = record(value, "execute")
        trigger(scope, relation, name, words, place, None, _was(words, options, f"triggers.{name}.was"))
    for name, state in mapping(options, "inherited_triggers").items():
        of = Id("trigger", (*relation.path, name))
        clone = pg.Trigger(id=of, table=relation, definition="", enabled=str(state), inherited=True)
        scope.put(clone, options.span(f"inherited_triggers.{name}") or Span("", 1, 1))
    for name, value in mapping(options, "rules").items():
        words = record(value, "definition")
        of = Id("rule", (*relation.path, name))
        made = pg.Rule(
            id=of,
            comment=text(words, "description"),
            table=relation,
            definition=(text(words, "definition") or "").strip().rstrip(";"),
            enabled=text(words, "enabled") or "origin",
        )
        scope.put(made, options.span(f"rules.{name}") or Span("", 1, 1))
        if was := text(words, "was"):
            scope.renamed("rule", (*relation.path, was), of.path, options.span(f"rules.{name}.was") or Span("", 1, 1))


def trigger(  # noqa: PLR0913, PLR0917  # one argument for each source of a word
    scope: Scope, relation: Id, name: str, words: Words, place: Span, description: str | None, was: Was | None
) -> None:
    """Add one trigger."""
    of = Id("trigger", (*relation.path, name))
    made = pg.Trigger(
        id=of,
        comment=description or text(words, "description"),
        table=relation,
        definition=_statement(scope, relation, name, words),
        enabled=text(words, "enabled") or "origin",
        constraint=truth(words, "constraint"),
    )
    scope.put(made, place)
    if was:
        before, was_at = was
        scope.renamed("trigger", (*relation.path, before), of.path, was_at or place)


def _was(words: Words, options: Options, path: str) -> Was | None:
    was = text(words, "was")
    return (was, options.span(path)) if was else None


def _statement(scope: Scope, relation: Id, name: str, words: Words) -> str:
    constraint = truth(words, "constraint")
    moment = " ".join((text(words, "when") or "").upper().split())
    if columns := names(words, "columns"):
        listed = ", ".join(map(identifier, columns))
        moment = re.sub(r"\bUPDATE\b", lambda _: f"UPDATE OF {listed}", moment, count=1)
    create = "CREATE CONSTRAINT TRIGGER" if constraint else "CREATE TRIGGER"
    parts = [f"{create} {identifier(name)} {moment} ON {qualified(*relation.path)}"]
    if origin := text(words, "from"):
        parts.append(f"FROM {qualified(*scope.relation(origin).path)}")
    if constraint and (when := timing(words.get("deferrable"))):
        parts.append(when.strip())
    transition = [
        f"{kind} TABLE AS {identifier(given)}"
        for kind, key in (("OLD", "old_table"), ("NEW", "new_table"))
        if (given := text(words, key))
    ]
    if transition:
        parts.append(f"REFERENCING {' '.join(transition)}")
    parts.append(f"FOR EACH {(text(words, 'for_each') or 'row').upper()}")
    if condition := text(words, "condition"):
        parts.append(f"WHEN ({condition})")
    parts.append(f"EXECUTE FUNCTION {scope.call(text(words, 'execute') or '')}")
    return " ".join(parts)


def on_update(scope: Scope, table: Id, field: str, expression: str, place: Span) -> None:
    """Keep a field at an expression on every update: a function and a trigger, both named `<table>_<field>_touch`."""
    schema, table_name = table.path
    name = object_name(table_name, field, "touch")
    full = qualified(schema, name)
    body = f"\nBEGIN\n    NEW.{identifier(field)} := {expression};\n    RETURN NEW;\nEND;\n"
    tag = dollar_tag(body)
    definition = f"CREATE OR REPLACE FUNCTION {full}()\n RETURNS trigger\n LANGUAGE plpgsql\nAS {tag}{body}{tag}"
    function = pg.Function(
        id=Id("function", (schema, name, "")),
        kind="function",
        definition=definition,
        result="trigger",
        signature="",
        language="plpgsql",
    )
    scope.put(function, place)
    head = f"CREATE TRIGGER {identifier(name)} BEFORE UPDATE ON {qualified(*table.path)}"
    statement = f"{head} FOR EACH ROW EXECUTE FUNCTION {full}()"
    scope.put(pg.Trigger(id=Id("trigger", (*table.path, name)), table=table, definition=statement), place)


def dollar_tag(body: str) -> str:
    """A dollar quote that the body does not hold.

    >>> dollar_tag("return new;"), dollar_tag("select $function$x$function$")
    ('$function$', '$function_$')
    """
    tag = "function"
    while f"${tag}$" in body:
        tag += "_"
    return f"${tag}$"
