"""Comments, owners, privileges and security labels: what every kind of object has in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schematool.core.catalog import Id
from schematool.core.model import postgres as pg
from schematool.core.model.postgres import Grant
from schematool.core.plan.postgres.names import grant_target, name, reference, relation
from schematool.core.plan.postgres.not_nulls import not_null_name
from schematool.core.sql.names import object_name
from schematool.core.sql.quote import identifier, literal

Privileges = tuple[tuple[Grant, ...], tuple[Grant, ...]]
"""Grants and revokes, relative to what the server gives by itself."""


def on_create(thing: pg.PgObject, initial: Privileges = ((), ())) -> Iterator[str]:
    """Statements that follow the CREATE of an object; `initial` is what default privileges give it."""
    yield from _owner_and_privileges(None, initial, thing)
    if thing.comment is not None:
        yield f"COMMENT ON {reference(thing)} IS {literal(thing.comment)}"
    yield from _labels((), thing)
    yield from _inner_comments(None, thing)
    yield from _extensions((), thing)
    yield from _identity_privileges(None, thing)


def on_alter(before: pg.PgObject, after: pg.PgObject) -> Iterator[str]:
    """Statements for the common attributes that differ."""
    # A sequence that a table owns has that table's owner, and no ALTER … OWNER TO of its own.
    own = after.owner if isinstance(before, pg.Sequence) and before.owned_by else before.owner
    yield from _owner_and_privileges(own, (before.grants, before.revokes), after)
    if before.comment != after.comment:
        yield f"COMMENT ON {reference(after)} IS {_text(after.comment)}"
    yield from _labels(before.security_labels, after)
    yield from _inner_comments(before, after)
    yield from _extensions(before.depends_on_extensions, after)
    yield from _identity_privileges(before, after)


def _owner_and_privileges(had: str | None, before: Privileges, after: pg.PgObject) -> Iterator[str]:
    """The owner, then the privileges; but what the new owner had been granted goes before.

    Revoked afterwards, it would be taken from the owner.
    """
    grants, revokes = before
    owners = tuple(grant for grant in grants if after.owner != had and grant.grantee == after.owner)
    yield from privileges((owners, ()), ((), ()), after)
    yield from owner(had, after)
    rest = tuple(grant for grant in grants if grant not in owners)
    yield from privileges((rest, revokes), (after.grants, after.revokes), after)


def _text(comment: str | None) -> str:
    return "NULL" if comment is None else literal(comment)


def owner(before: str | None, thing: pg.PgObject) -> Iterator[str]:
    """ALTER … OWNER TO, where the owner is another."""
    if thing.owner is None or thing.owner == before:
        return
    target = reference(thing)
    yield f"ALTER {target} OWNER TO {role(thing.owner)}"


def _labels(before: tuple[tuple[str, str], ...], thing: pg.PgObject) -> Iterator[str]:
    old, new = dict(before), dict(thing.security_labels)
    for provider in sorted(old.keys() | new.keys()):
        if old.get(provider) != new.get(provider):
            yield f"SECURITY LABEL FOR {identifier(provider)} ON {reference(thing)} IS {_text(new.get(provider))}"


def _extensions(before: tuple[str, ...], thing: pg.PgObject) -> Iterator[str]:
    for extension in before:
        if extension not in thing.depends_on_extensions:
            yield f"ALTER {reference(thing)} NO DEPENDS ON EXTENSION {identifier(extension)}"
    for extension in thing.depends_on_extensions:
        if extension not in before:
            yield f"ALTER {reference(thing)} DEPENDS ON EXTENSION {identifier(extension)}"


def _identity_privileges(before: pg.PgObject | None, after: pg.PgObject) -> Iterator[str]:
    """The sequence of an identity column is no object of its own, but has privileges of its own."""
    if isinstance(after, pg.Column) and after.identity:
        old = before.identity if isinstance(before, pg.Column) else None
        had: Privileges = (old.grants, old.revokes) if old else ((), ())
        sequence = pg.Sequence(id=identity_sequence(after), owner=after.owner)
        yield from privileges(had, (after.identity.grants, after.identity.revokes), sequence)


def identity_sequence(column: pg.Column) -> Id:
    """The identity of the sequence behind an identity column."""
    schema, table, own = column.id.path
    if column.identity and column.identity.sequence:
        schema, _, sequence = column.identity.sequence.partition(".")
        return Id("sequence", (schema, sequence))
    return Id("sequence", (schema, object_name(table, own, "seq")))


def _inner_comments(before: pg.PgObject | None, after: pg.PgObject) -> Iterator[str]:
    """Comments on what is inside of an object and is no object of its own."""
    old = {key: comment for key, _, comment in (_inner(before) if before else ())}
    for key, target, comment in sorted(_inner(after)):
        if old.get(key, "") != (comment or ""):
            yield f"COMMENT ON {target} IS {_text(comment or None)}"


def _inner(thing: pg.PgObject) -> Iterator[tuple[str, str, str]]:
    """What is inside: by what it is known before and after, as COMMENT names it, and its comment."""
    match thing:
        case pg.View() | pg.MaterializedView():
            commented = dict(thing.column_comments)
            for column, _ in thing.columns:
                yield column, f"COLUMN {name(thing.id)}.{identifier(column)}", commented.get(column) or ""
        case pg.Composite():
            for attribute in thing.attributes:
                own = attribute.name
                yield own, f"COLUMN {name(thing.id)}.{identifier(own)}", attribute.comment or ""
        case pg.Domain():
            for check in thing.checks:
                own = check.name
                yield own, f"CONSTRAINT {identifier(own)} ON DOMAIN {name(thing.id)}", check.comment or ""
        case pg.Constraint() if thing.type in pg.INDEXED:
            index = f"{identifier(thing.id.path[0])}.{identifier(thing.id.name)}"
            yield "index", f"INDEX {index}", thing.index_comment or ""
        case pg.Column():
            if thing.identity:
                yield "sequence", f"SEQUENCE {name(identity_sequence(thing))}", thing.identity.comment or ""
            if thing.not_null:
                own = not_null_name(thing)
                yield (
                    "not null",
                    f"CONSTRAINT {identifier(own)} ON {relation(thing.id)}",
                    thing.not_null_comment or "",
                )
        case _:
            return


def role(text: str) -> str:
    """A role as SQL takes it; PUBLIC and OWNER are not names."""
    if text == "PUBLIC":
        return "PUBLIC"
    return "CURRENT_ROLE" if text == "OWNER" else identifier(text)


def privileges(before: Privileges, after: Privileges, thing: pg.PgObject) -> Iterator[str]:
    """GRANT and REVOKE that turn one set of (grants, revokes) into another."""
    if before == after:
        return
    granted, revoked = set(before[0]), set(before[1])
    wanted, unwanted = set(after[0]), set(after[1])
    own = thing.owner or "OWNER"
    target = grant_target(thing)
    column = thing.id.name if isinstance(thing, pg.Column) else None
    kept = {(g.grantee, g.privilege, g.column) for g in wanted}
    # What is granted to the owner is the option to grant: the privilege itself is the owner's by nature.
    kept |= {(g.grantee, g.privilege, g.column) for g in granted if g.grantee == "OWNER" and g.grantable}
    lost = {g for g in granted - wanted if (g.grantee, g.privilege, g.column) not in kept}
    demoted = {g for g in granted - wanted if g.grantable and (g.grantee, g.privilege, g.column) in kept}
    for grantee, words in _grouped(lost | (unwanted - revoked), column):
        yield f"REVOKE {words} ON {target} FROM {_grantee(grantee, own)}"
    for grantee, words in _grouped(demoted, column):
        yield f"REVOKE GRANT OPTION FOR {words} ON {target} FROM {_grantee(grantee, own)}"
    # REVOKE on a relation takes the privileges on its columns too.
    whole = {(g.grantee, g.privilege) for g in lost if g.column is None}
    fresh = wanted - granted | {g for g in wanted if g.column and (g.grantee, g.privilege) in whole}
    for grantable in (False, True):
        chosen = {g for g in fresh if g.grantable is grantable} | (set() if grantable else revoked - unwanted)
        for grantee, words in _grouped(chosen, column):
            option = " WITH GRANT OPTION" if grantable else ""
            yield f"GRANT {words} ON {target} TO {_grantee(grantee, own)}{option}"


def _grantee(text: str, owner: str) -> str:
    return role(owner if text == "OWNER" else text)


def _grouped(grants: Iterable[Grant], column: str | None) -> list[tuple[str, str]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for grant in sorted(grants, key=lambda g: (g.grantee, g.column or "", g.privilege)):
        inside = column or grant.column
        words = f"{grant.privilege} ({identifier(inside)})" if inside else grant.privilege
        groups.setdefault((grant.grantee, inside or ""), []).append(words)
    return [(grantee, ", ".join(words)) for (grantee, _), words in groups.items()]


def default_privileges(before: pg.DefaultPrivileges | None, after: pg.DefaultPrivileges) -> Iterator[str]:
    """ALTER DEFAULT PRIVILEGES statements from one setting to another; `before` None: the built-in one."""
    scope = f"ALTER DEFAULT PRIVILEGES FOR ROLE {role(after.role)}"
    if after.schema:
        scope += f" IN SCHEMA {identifier(after.schema)}"
    objects = after.object_type.upper()
    old: Privileges = (before.grants, before.revokes) if before else ((), ())
    for words in _default_words(old, (after.grants, after.revokes), after.role, objects):
        yield f"{scope} {words}"


def _default_words(before: Privileges, after: Privileges, owner: str, objects: str) -> Iterator[str]:
    granted, revoked, wanted, unwanted = set(before[0]), set(before[1]), set(after[0]), set(after[1])
    for grantee, words in _grouped((granted - wanted) | (unwanted - revoked), None):
        yield f"REVOKE {words} ON {objects} FROM {_grantee(grantee, owner)}"
    for grantable in (False, True):
        chosen = {g for g in wanted - granted if g.grantable is grantable} | (
            set() if grantable else revoked - unwanted
        )
        for grantee, words in _grouped(chosen, None):
            option = " WITH GRANT OPTION" if grantable else ""
            yield f"GRANT {words} ON {objects} TO {_grantee(grantee, owner)}{option}"
