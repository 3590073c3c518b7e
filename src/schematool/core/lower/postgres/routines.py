"""Functions, procedures and aggregates as their CREATE statements."""

from __future__ import annotations

import re

from schematool.core.catalog import Id
from schematool.core.lower.postgres.read import mapping, names, parameter, text, truth
from schematool.core.lower.postgres.scope import Common, Scope, schema_of, was_place
from schematool.core.lower.postgres.triggers import dollar_tag
from schematool.core.lower.postgres.types import shared
from schematool.core.model import postgres as pg
from schematool.core.model.entity import Declaration, Options
from schematool.core.sql.quote import identifier, literal, qualified


def routine(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add a function or procedure."""
    schema = schema_of(thing)
    arguments = ", ".join(names(thing.options, "arguments"))
    given = text(thing.options, "definition")
    window = truth(thing.options, "window")
    of = Id("function", (schema, thing.name, identity(arguments)))
    definition = given.strip().rstrip(";") if given else _definition(thing, qualified(schema, thing.name), arguments)
    language = text(thing.options, "language") or "sql"
    made = pg.Function(
        id=of,
        kind=thing.kind if not window else "window",
        definition=definition,
        result=text(thing.options, "returns") or "",
        signature="",
        language=language,
        body_atomic=_is_parsed(text(thing.options, "body") or "", language) or _PRINTED.search(definition) is not None,
        **shared(common),
    )
    scope.put(made, thing.span)
    if thing.was:
        scope.renamed("function", (schema, thing.was, of.path[2]), of.path, was_place(thing))


def _definition(thing: Declaration, name: str, arguments: str) -> str:
    options = thing.options
    language = text(options, "language") or "sql"
    lines = [f"CREATE OR REPLACE {thing.kind.upper()} {name}({arguments})"]
    if returns := text(options, "returns"):
        lines.append(f" RETURNS {returns}")
    lines.append(f" LANGUAGE {identifier(language)}")
    if attributes := _attributes(options):
        lines.append(" " + " ".join(attributes))
    lines += [f" SET {identifier(setting)} TO {_setting(value)}" for setting, value in _settings(options)]
    body = text(options, "body") or ""
    if _is_parsed(body, language):
        return "\n".join((*lines, body.strip().rstrip(";") if not _is_block(body) else body.strip()))
    inside = body if body.startswith("\n") or "\n" not in body.strip() else "\n" + body
    tag = dollar_tag(inside)
    return "\n".join(lines) + f"\nAS {tag}{inside}{tag}"


_PRINTED = re.compile(r"\A(?:(?!\nAS ).)*\n(?:BEGIN ATOMIC|RETURN )", re.DOTALL)
"""A definition as pg_get_functiondef prints one whose body is kept parsed."""


def _is_block(body: str) -> bool:
    return re.match(r"(?i)\s*begin\s+atomic\b", body) is not None


def _is_parsed(body: str, language: str) -> bool:
    """Whether PostgreSQL keeps the body as parsed SQL (14 and later) instead of as text."""
    return language.lower() == "sql" and (_is_block(body) or re.match(r"(?i)\s*return\b", body) is not None)


def _attributes(options: Options) -> list[str]:
    attributes: list[str] = []
    if truth(options, "window"):
        attributes.append("WINDOW")
    if volatility := text(options, "volatility"):
        attributes.append(volatility.upper())
    if truth(options, "strict"):
        attributes.append("STRICT")
    if text(options, "security") == "definer":
        attributes.append("SECURITY DEFINER")
    if truth(options, "leakproof"):
        attributes.append("LEAKPROOF")
    attributes.extend(
        f"{key.upper()} {value.upper() if key == 'parallel' else value}"
        for key in ("parallel", "cost", "rows", "support")
        if (value := text(options, key)) is not None
    )
    return attributes


def _settings(options: Options) -> list[tuple[str, str]]:
    return [(name, parameter(value)) for name, value in mapping(options, "set").items()]


def _setting(value: str) -> str:
    """Lists such as a search_path stay lists."""
    parts = [part.strip().strip("'\"") for part in value.split(",")]
    return ", ".join(literal(part) for part in parts)


def identity(arguments: str) -> str:
    """Arguments without their defaults and without OUT ones, about as pg_get_function_identity_arguments prints them.

    >>> identity("amount numeric, rate numeric default f(1, 2), out total numeric")
    'amount numeric, rate numeric'
    """
    kept = []
    for argument in split(arguments):
        bare = re.split(r"(?i)\s+default\s+|\s*=\s*", argument, maxsplit=1)[0].strip()
        if bare and not re.match(r"(?i)out\s", bare):
            kept.append(re.sub(r"(?i)^in\s+", "", bare))
    return ", ".join(kept)


def split(arguments: str) -> list[str]:
    """Cut at the commas that stand in no parenthesis and no quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for position, character in enumerate(arguments):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(arguments[start:position])
            start = position + 1
    return [*parts, arguments[start:]]


def aggregate(scope: Scope, thing: Declaration, common: Common) -> None:
    """Add an aggregate."""
    schema, options = schema_of(thing), thing.options
    arguments = ", ".join(names(options, "arguments"))
    words = [
        f"SFUNC = {text(options, 'state_function')}",
        f"STYPE = {scope.type_text(text(options, 'state_type') or '')}",
    ]
    if final := text(options, "final_function"):
        words.append(f"FINALFUNC = {final}")
    if (initial := text(options, "initial")) is not None:
        words.append(f"INITCOND = {literal(initial)}")
    if parallel := text(options, "parallel"):
        words.append(f"PARALLEL = {parallel.upper()}")
    words += [f"{key.upper()} = {parameter(value)}" for key, value in mapping(options, "options").items()]
    signature = f"{qualified(schema, thing.name)}({arguments})"
    made = pg.Defined(
        id=Id("aggregate", (schema, thing.name, arguments)),
        create=(f"CREATE AGGREGATE {signature} ({', '.join(words)})",),
        drop=f"DROP AGGREGATE {signature}",
        reference=f"AGGREGATE {signature}",
        **shared(common),
    )
    scope.put(made, thing.span)
    if thing.was:
        scope.renamed("aggregate", (schema, thing.was, arguments), made.id.path, was_place(thing))
