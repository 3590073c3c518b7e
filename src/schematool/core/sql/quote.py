"""Names and texts as PostgreSQL would quote them itself."""

from __future__ import annotations

import re

# pg_get_keywords() of 14 to 18, all but category U (unreserved): those that quote_ident() puts in quotes.
# A word that only a later major knows is quoted for the earlier ones too, where that changes nothing.
_COLUMN_NAME = """
    between bigint bit boolean char character coalesce dec decimal exists extract float greatest
    grouping inout int integer interval json json_array json_arrayagg json_exists json_object
    json_objectagg json_query json_scalar json_serialize json_table json_value least merge_action
    national nchar none normalize nullif numeric out overlay position precision real row setof smallint
    substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement xmlexists
    xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""
_TYPE_OR_FUNCTION = """
    authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull
    join left like natural notnull outer overlaps right similar tablesample verbose
"""
_RESERVED = """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
    create current_catalog current_date current_role current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign from grant group having in
    initially intersect into lateral leading limit localtime localtimestamp not null offset on only or
    order placing primary references returning select session_user some symmetric system_user table then
    to trailing true union unique user using variadic when where window with
"""
KEYWORDS = frozenset(f"{_COLUMN_NAME} {_TYPE_OR_FUNCTION} {_RESERVED}".split())
"""Words that cannot stand for a name everywhere without quotes."""

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


def identifier(name: str) -> str:
    """Write one name, in double quotes where PostgreSQL's own quote_ident() would put them.

    >>> identifier("users"), identifier("User"), identifier("order"), identifier('a"b')
    ('users', '"User"', '"order"', '"a""b"')

    Raises `ValueError` for what can be no name at all: empty, or with a NUL in it.
    """
    if not name or "\0" in name:
        raise ValueError(f"{name!r} cannot be a name in PostgreSQL")
    if _PLAIN.match(name) and name not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def qualified(*names: str) -> str:
    """Write names joined by dots, each quoted as it must be.

    >>> qualified("public", "order")
    'public."order"'
    """
    return ".".join(map(identifier, names))


def literal(text: str) -> str:
    r"""Write a text constant as quote_literal() does, the same whatever standard_conforming_strings says.

    >>> print(literal("it's"), literal("C:\\"))
    'it''s' E'C:\\'

    Raises `ValueError` for a NUL, which no text of PostgreSQL can hold.
    """
    if "\0" in text:
        raise ValueError("a text in PostgreSQL cannot hold a NUL")
    quoted = text.replace("'", "''")
    return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in text else f"'{quoted}'"
