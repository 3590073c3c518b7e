"""Constraints as PostgreSQL writes their definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from schematool.core.lower.postgres.read import Words, names, parameters, text, truth
from schematool.core.model.entity import Plain
from schematool.core.sql.quote import identifier, literal


def columns(names_: Iterable[str]) -> str:
    """`(a, b)`."""
    return f"({', '.join(map(identifier, names_))})"


def _keys(fields: Sequence[str], words: Words) -> str:
    if truth(words, "without_overlaps"):
        return f"({', '.join(map(identifier, fields))} WITHOUT OVERLAPS)"
    return columns(fields)


def primary_key(fields: Sequence[str], words: Words) -> str:
    """`PRIMARY KEY (id)` with what follows."""
    return f"PRIMARY KEY {_keys(fields, words)}{_of_index(words)}{timing(words.get('deferrable'))}"


def unique(fields: Sequence[str], words: Words) -> str:
    """`UNIQUE (email)` with what follows."""
    distinct = " NULLS NOT DISTINCT" if truth(words, "nulls_not_distinct") else ""
    return f"UNIQUE{distinct} {_keys(fields, words)}{_of_index(words)}{timing(words.get('deferrable'))}"


def exclusion(words: Words) -> str:
    """`EXCLUDE USING gist (room WITH =, during WITH &&)`."""
    elements = ", ".join(names(words, "elements"))
    where = text(words, "where")
    predicate = f" WHERE ({where})" if where else ""
    head = f"EXCLUDE USING {identifier(text(words, 'method') or 'gist')} ({elements})"
    return f"{head}{_of_index(words)}{predicate}{timing(words.get('deferrable'))}"


def check(condition: str, words: Words | None = None) -> str:
    """`CHECK (end_time > start_time)`."""
    return f"CHECK ({condition})" + (" NO INHERIT" if words and truth(words, "no_inherit") else "")


def one_of(field: str, values: Sequence[Plain], *, array: bool, type_text: str) -> str:
    """The CHECK of a field's allowed values; an array may hold any of them."""
    listed = ", ".join(constant(value) for value in values)
    if array:
        return check(f"{identifier(field)} <@ ARRAY[{listed}]::{type_text}")
    return check(f"{identifier(field)} IN ({listed})")


def constant(value: Plain) -> str:
    """A value of YAML as an SQL constant.

    >>> constant("it's"), constant(3), constant(True)
    ("'it''s'", '3', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | float) else literal(str(value))


def foreign_key(fields: Sequence[str], table: str, pointed: Sequence[str], words: Words) -> str:
    """`FOREIGN KEY (patient_id) REFERENCES public.patients(id) ON DELETE RESTRICT`."""
    period = truth(words, "period")
    parts = [f"FOREIGN KEY {_period(fields, period)} REFERENCES {table}{_period(pointed, period) if pointed else ''}"]
    if match := text(words, "match"):
        parts.append(f"MATCH {match.upper()}")
    for word, clause in (("on_update", "ON UPDATE"), ("on_delete", "ON DELETE")):
        if action := text(words, word):
            parts.append(f"{clause} {_action(action)}")
    return " ".join(parts) + timing(words.get("deferrable"))


def _period(fields: Sequence[str], period: bool) -> str:
    quoted = [identifier(name) for name in fields]
    if period and quoted:
        quoted[-1] = f"PERIOD {quoted[-1]}"
    return f"({', '.join(quoted)})"


def _action(text_: str) -> str:
    head, bracket, rest = text_.strip().partition("(")
    if not bracket:
        return head.strip().upper()
    inside = ", ".join(identifier(name.strip().strip('"')) for name in rest.rstrip(") ").split(","))
    return f"{head.strip().upper()} ({inside})"


def timing(value: Plain) -> str:
    """` DEFERRABLE INITIALLY DEFERRED`, or nothing."""
    if value in {True, "immediate"}:
        return " DEFERRABLE"
    return " DEFERRABLE INITIALLY DEFERRED" if value == "deferred" else ""


def _of_index(words: Words) -> str:
    parts = ""
    if include := names(words, "include"):
        parts += f" INCLUDE {columns(include)}"
    if options := parameters(words, "with"):
        parts += f" WITH ({', '.join(f'{name}={literal(value)}' for name, value in options)})"
    if tablespace := text(words, "tablespace"):
        parts += f" USING INDEX TABLESPACE {identifier(tablespace)}"
    return parts


def fields_of(value: Plain) -> tuple[str, ...]:
    """The fields of a key, in its short or long form."""
    given = value.get("on") if isinstance(value, Mapping) else value
    if isinstance(given, tuple):
        return tuple(str(name) for name in given)
    return () if given is None else (str(given),)
