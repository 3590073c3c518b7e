"""Indexes: their keys, names and CREATE INDEX statements."""

from __future__ import annotations

import re
from collections.abc import Collection

from schematool.core.catalog import Id
from schematool.core.lower.postgres.constraints import columns
from schematool.core.lower.postgres.read import mapping, names, parameters, text, truth
from schematool.core.lower.postgres.scope import Scope
from schematool.core.model.entity import IndexSpec
from schematool.core.model.postgres import Index
from schematool.core.sql.names import choose, expression_name
from schematool.core.sql.quote import identifier, literal, qualified

# What may follow a key: COLLATE, an operator class with parameters, ASC or DESC, NULLS FIRST or LAST.
_TAIL = re.compile(
    r'\s*(collate\s+\S+\s*)?(?!asc\b|desc\b|nulls\b)("[^"]+"|[\w.]+(\s*\([^()]*\))?)?\s*(asc|desc)?\s*(nulls\s+(first|last))?\s*\Z',
    re.IGNORECASE,
)
_ORDER = re.compile(r"\s+((?:asc|desc)(?:\s+nulls\s+(?:first|last))?|nulls\s+(?:first|last))\s*\Z", re.IGNORECASE)


def index(scope: Scope, table: Id, spec: IndexSpec, fields: Collection[str], parent: Id | None = None) -> None:
    """Add one index of a table or materialised view; `parent` is the table that it is a partition of."""
    schema, table_name = table.path
    keys = [key_text(key.text, fields) for key in spec.keys]
    used: set[str] = set()
    parts = [_called(key.text, fields, used) for key in spec.keys] + list(names(spec.options, "include"))
    name = spec.name or choose(table_name, parts, "idx", scope.relations_of(schema))
    of = Id("index", (schema, name))
    plain = tuple(part for part in parts if part in fields)
    whole = text(spec.options, "part_of") if parent else None
    made = Index(
        id=of,
        comment=spec.description,
        table=table,
        definition=_statement(spec, name, table, keys),
        unique=spec.unique,
        method=text(spec.options, "method") or "btree",
        columns=plain,
        valid=not truth(spec.options, "only"),
        parent=Id("index", (parent.path[0], whole)) if parent and whole else None,
        clustered=truth(spec.options, "clustered"),
        tablespace=text(spec.options, "tablespace"),
        statistics=tuple(
            sorted((int(n), int(str(v))) for n, v in mapping(spec.options, "statistics").items() if n.isdigit())
        ),
    )
    scope.put(made, spec.span)
    if spec.was:
        scope.renamed("index", (schema, spec.was), of.path, spec.options.span("was") or spec.span)


def _statement(spec: IndexSpec, name: str, table: Id, keys: list[str]) -> str:
    unique = "UNIQUE " if spec.unique else ""
    method = identifier(text(spec.options, "method") or "btree")
    only = "ONLY " if truth(spec.options, "only") else ""
    statement = (
        f"CREATE {unique}INDEX {identifier(name)} ON {only}{qualified(*table.path)} USING {method} ({', '.join(keys)})"
    )
    if include := names(spec.options, "include"):
        statement += f" INCLUDE {columns(include)}"
    if truth(spec.options, "nulls_not_distinct"):
        statement += " NULLS NOT DISTINCT"
    if options := parameters(spec.options, "with"):
        statement += f" WITH ({', '.join(f'{key}={literal(value)}' for key, value in options)})"
    if where := text(spec.options, "where"):
        statement += f" WHERE ({where})"
    return statement


def _called(key: str, fields: Collection[str], used: set[str]) -> str:
    field = leading_field(key, fields)
    return expression_name(key, used) if field is None else field


def leading_field(key: str, fields: Collection[str]) -> str | None:
    """The field that a key begins with, when it is one: `start_time desc` but not `date(start_time)`."""
    text_ = key.strip()
    for name in sorted(fields, key=len, reverse=True):
        for written in (name, identifier(name)):
            if text_ == written or (text_.startswith(f"{written} ") and _TAIL.match(text_[len(written) :])):
                return name
    return None


def key_text(key: str, fields: Collection[str]) -> str:
    """A key as CREATE INDEX takes it: fields quoted, expressions in parentheses where they need them.

    >>> key_text("userName desc", ["userName"]), key_text("lower(email)", ["email"]), key_text("a || b", ["a", "b"])
    ('"userName" desc', 'lower(email)', '(a || b)')
    """
    text_ = key.strip()
    field = leading_field(text_, fields)
    if field is not None:
        written = field if text_.startswith(field) else identifier(field)
        return identifier(field) + text_[len(written) :]
    end = _closing(text_)
    if end is not None and _TAIL.match(text_[end:]):
        return text_
    if re.fullmatch(r"[A-Za-z_][\w$]*", _ORDER.sub("", text_)):
        return text_
    order = _ORDER.search(text_)
    if order:
        return f"({text_[: order.start()]}) {order.group(1)}"
    return f"({text_})"


def _closing(text_: str) -> int | None:
    """Where the parenthesis that the text begins with (after a function's name, if any) is closed."""
    head = re.match(r'(?:"[^"]+"|[\w.]+)?\s*\(', text_)
    if head is None:
        return None
    depth, quote = 0, ""
    for position, character in enumerate(text_):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return position + 1
    return None
