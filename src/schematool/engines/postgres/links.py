"""Whether rows that documents refer to are there. Needs SELECT on the key and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schematool.core.links import Link
from schematool.core.sql.quote import identifier, literal, qualified
from schematool.engines.postgres.session import Session


def absent(session: Session, link: Link, tokens: Sequence[str]) -> tuple[str, ...]:
    """Those of the values that no row has; in their order."""
    table, column = _place(link)
    # The array has the key's own type, so that the key's index is used; sorted values make it twice as fast.
    statement = (
        f"SELECT position FROM unnest(%s::text[]::{_type(session, link)}[]) WITH ORDINALITY AS asked(key, position)"
        f" WHERE NOT EXISTS (SELECT FROM {table} WHERE {column} = asked.key) ORDER BY position"
    )
    return tuple(tokens[position - 1] for (position,) in session.execute(statement, [list(tokens)]))


def keys(session: Session, link: Link, after: str | None) -> Iterator[str]:
    """Every value of the key in its order, streamed by COPY; for uuid, whose order is that of its text."""
    table, column = _place(link)
    beyond = f" WHERE {column} > {literal(after)}" if after is not None else f" WHERE {column} IS NOT NULL"
    statement = f"COPY (SELECT {column} FROM {table}{beyond} ORDER BY {column}) TO STDOUT"
    with session.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        rest = ""
        for block in copy:
            *lines, rest = (rest + bytes(block).decode()).split("\n")
            yield from lines


def estimate(session: Session, link: Link) -> int:
    """About how many rows there are, without counting; -1 for a table that was never analyzed."""
    found = session.one(
        "SELECT reltuples::bigint FROM pg_catalog.pg_class WHERE oid = %s::regclass",
        [qualified(link.schema, link.entity)],
    )
    return int(found)


def is_uuid(session: Session, link: Link) -> bool:
    """Whether the key is a uuid as the database has it."""
    return _type(session, link) == "uuid"


def _type(session: Session, link: Link) -> str:
    return str(
        session.one(
            "SELECT pg_catalog.format_type(atttypid, NULL) FROM pg_catalog.pg_attribute"
            " WHERE attrelid = %s::regclass AND attname = %s AND NOT attisdropped",
            [qualified(link.schema, link.entity), link.field],
        )
    )


def _place(link: Link) -> tuple[str, str]:
    return qualified(link.schema, link.entity), identifier(link.field)
