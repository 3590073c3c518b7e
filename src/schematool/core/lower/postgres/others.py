"""Extensions, schemas, event triggers, default privileges, and what carries its own SQL."""

from __future__ import annotations

import re

from schematool.core.catalog import Id
from schematool.core.lower.postgres.read import names, text
from schematool.core.lower.postgres.scope import PUBLIC, Common, Scope, was_place
from schematool.core.lower.postgres.types import shared
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Declaration
from schematool.core.sql.quote import identifier, literal
from schematool.core.sql.split import SplitError, split


def extension(scope: Scope, thing: Declaration) -> None:
    """Add an extension."""
    made = pg.Extension(
        id=Id("extension", (thing.name,)),
        comment=thing.description,
        schema=text(thing.options, "schema") or PUBLIC,
        version=text(thing.options, "version"),
    )
    scope.put(made, thing.span)


def schema(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a schema."""
    of = Id("schema", (thing.name,))
    scope.put(pg.Schema(id=of, **shared(common)), thing.span)
    if thing.was:
        scope.renamed("schema", (thing.was,), of.path, was_place(thing))


def event_trigger(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add an event trigger."""
    of = Id("event trigger", (thing.name,))
    tags = ", ".join(literal(tag) for tag in names(thing.options, "tags"))
    when = f" WHEN TAG IN ({tags})" if tags else ""
    call = scope.call(text(thing.options, "execute") or "")
    event = text(thing.options, "on")
    made = pg.EventTrigger(
        id=of,
        comment=common.comment,
        owner=common.owner,
        definition=f"CREATE EVENT TRIGGER {identifier(thing.name)} ON {event}{when} EXECUTE FUNCTION {call}",
        enabled=text(thing.options, "enabled") or "origin",
    )
    scope.put(made, thing.span)
    if thing.was:
        scope.renamed("event trigger", (thing.was,), of.path, was_place(thing))


def default_privileges(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add default privileges of a role."""
    inside, objects = text(thing.options, "schema") or "", text(thing.options, "objects") or ""
    scope.roles.add(thing.name)
    made = pg.DefaultPrivileges(
        id=Id("default privileges", (thing.name, inside, objects)),
        role=thing.name,
        schema=inside,
        object_type=objects,
        grants=common.grants,
        revokes=common.revokes,
    )
    scope.put(made, thing.span)


def carried(scope: Scope, thing: Declaration) -> None:
    """Add an object that carries its own way to be made; its identity is the server's business, so it is `extra`."""
    key = str(Id("sql", (thing.name,)))
    scope.places[Id("sql", (thing.name,))] = thing.options.span("create") or thing.options.span("up") or thing.span
    for given in (*names(thing.options, "create"), *names(thing.options, "up")):
        try:
            scope.extra += [(key, statement.text) for statement in split(given)]
        except SplitError as error:
            scope.found.add("ST121", f"this SQL cannot be read: {error}", scope.places[Id("sql", (thing.name,))])
    if thing.kind == "object" and thing.description:
        name = re.sub(r"\s+", " ", thing.name)
        scope.extra.append((key, f"COMMENT ON {name} IS {literal(thing.description)}"))
