"""Types and tables that are set aside under another name: which, and how values get from them to the new ones.

A value of an enum, a range or a domain is read from what the other prints. Of a row it is not: attributes that came,
went or changed places would be taken for each other. For the while there is a cast between the two rows, which the
server also uses inside of arrays, with all their bounds, and under domains (find_coercion_pathway, parse_coerce.c).
"""

from __future__ import annotations

from collections.abc import Iterator

from schematool.core.catalog import Catalog, Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.decide import Decision
from schematool.core.plan.postgres.domains import underneath
from schematool.core.plan.postgres.names import aside, name, name_aside, table_of
from schematool.core.plan.postgres.renames import multirange_path, range_parts
from schematool.core.plan.postgres.types import using, without_length
from schematool.core.sql.names import object_name
from schematool.core.sql.quote import identifier, qualified

Row = tuple[tuple[str, str], ...]
"""The names and types of what a row is made of, in order."""


def function_aside(of: Id, type_: Id) -> str:
    """The statement that sets a function aside with the type, of which it is one."""
    schema, own, arguments = of.path
    now = ", ".join(name(aside(type_)) if one == name(type_) else one for one in arguments.split(", "))
    return f"ALTER FUNCTION {qualified(schema, own)}({now}) RENAME TO {identifier(name_aside(own))}"


def range_aside(range_: pg.Range) -> Iterator[str]:
    """Statements that follow the type aside with its multirange and its functions."""
    own = range_.id.name
    _, multirange = multirange_path(range_)
    names = (own, name_aside(own)), (multirange, name_aside(multirange))
    yield from (up for up, _ in range_parts(range_, *names))


def carried(decision: Decision, value: str, old: str, new: str) -> str:
    """What carries a value over from its old type, whatever was set aside of that, to its new one."""
    of = _set_aside(decision, old)
    if of is not None and old == new and _holds_rows(decision, of):
        return f"{value}::{new}"
    before, after = underneath(old, decision.old_domains), underneath(new, decision.new_domains)
    # What is behind a domain is assigned to it: a cast to it would cut what is too long.
    if _set_aside(decision, before) is not None:
        return f"{value}::text{'[]' if after.endswith('[]') else ''}::{without_length(after)}"
    return value if before == after else using(value, before, after) or value


def cast_between(decision: Decision, of: Id) -> Iterator[str]:
    """Statements that make the cast from the rows that were set aside to the new ones, where there are any."""
    old, new = (_row_of(side, of) for side in (decision.before, decision.after))
    if old is None or new is None or not _has_values(decision, of):
        return
    had = dict(old)
    parts = (_part(decision, had.get(own), own, type_) for own, type_ in new)
    yield (
        f"CREATE FUNCTION {_function(of)} RETURNS {name(of)}\n"
        f"    RETURN CASE WHEN $1 IS DISTINCT FROM NULL THEN ROW({', '.join(parts)})::{name(of)} END"
    )
    yield f"CREATE CAST ({name(aside(of))} AS {name(of)}) WITH FUNCTION {_function(of)}"


def without_cast(decision: Decision, of: Id) -> Iterator[str]:
    """Statements that remove it."""
    if any(cast_between(decision, of)):
        yield f"DROP CAST ({name(aside(of))} AS {name(of)})"
        yield f"DROP FUNCTION {_function(of)}"


def _function(of: Id) -> str:
    schema, own = of.path
    return f"{qualified(schema, object_name(own, None, '_schematool_cast'))}({name(aside(of))})"


def _part(decision: Decision, had: str | None, own: str, type_: str) -> str:
    return f"NULL::{type_}" if had is None else carried(decision, f"($1).{identifier(own)}", had, type_)


def _set_aside(decision: Decision, type_: str) -> Id | None:
    """The type or table that a type is, or is an array of, if it is set aside."""
    plain = type_.partition("[")[0]
    return next((of for of in decision.swaps | decision.rebuilds if plain in _type_names(decision.old(of))), None)


def _type_names(thing: pg.PgObject) -> tuple[str, ...]:
    multirange = (qualified(*multirange_path(thing)),) if isinstance(thing, pg.Range) else ()
    return (name(thing.id), *multirange)


def _holds_rows(decision: Decision, of: Id) -> bool:
    """Whether values of the type are rows, before and after, or domains of rows."""
    old, new = decision.old(of), decision.new(of)
    if isinstance(old, pg.Domain) and isinstance(new, pg.Domain) and old.base == new.base:
        base = _set_aside(decision, old.base)
        return base is not None and _holds_rows(decision, base)
    return all(_row_of(side, of) is not None for side in (decision.before, decision.after))


def _row_of(catalog: Catalog, of: Id) -> Row | None:
    match catalog.objects.get(of):
        case pg.Composite(attributes=attributes):
            return tuple((attribute.name, attribute.type) for attribute in attributes)
        case pg.Table(columns=columns):
            found = (catalog.objects.get(Id("column", (*of.path, column))) for column in columns)
            return tuple((column.id.name, column.type) for column in found if isinstance(column, pg.Column))
        case _:
            return None


def _has_values(decision: Decision, of: Id) -> bool:
    """Whether something that is carried over has values of it inside."""
    others = (user for user in decision.before.needed_by.get(of, frozenset()) if table_of(user) != of)
    return any(user in decision.retyped | decision.swaps or table_of(user) in decision.rebuilds for user in others)
