"""What hangs on a table or view: triggers, rules, policies."""

from __future__ import annotations

import re

from schematool.core.author.postgres import parse
from schematool.core.author.postgres.constraints import timing
from schematool.core.author.postgres.words import Book, Words
from schematool.core.author.yaml_text import Sql
from schematool.core.model import postgres as pg

_MOMENT = re.compile(
    rf"CREATE (?:CONSTRAINT )?TRIGGER {parse.NAME} (?P<when>BEFORE|AFTER|INSTEAD OF) (?P<events>.+?)"
    rf" ON {parse.QUALIFIED}(?: FROM (?P<from>{parse.QUALIFIED}))?"
    r"(?: NOT DEFERRABLE(?: INITIALLY IMMEDIATE)?| (?P<timing>DEFERRABLE(?: INITIALLY (?:DEFERRED|IMMEDIATE))?))?"
    r"(?: REFERENCING(?P<tables>(?: (?:OLD|NEW) TABLE AS \S+)+))?"
    r" FOR EACH (?P<each>ROW|STATEMENT)(?= )"
)
_CALL = re.compile(
    rf" EXECUTE (?:FUNCTION|PROCEDURE) (?:(?P<schema>{parse.NAME})\.)?(?P<name>{parse.NAME})\((?P<rest>.*)\)\Z",
    re.DOTALL,
)


def trigger(book: Book, thing: pg.Trigger) -> Words | None:
    """A trigger as its record."""
    head = _MOMENT.match(thing.definition)
    if head is None:
        return None
    rest, condition = thing.definition[head.end() :], None
    if rest.startswith(" WHEN (") and (found := parse.group(rest[6:])):
        condition, rest = found[0], " " + found[1]
    call = _CALL.match(rest)
    if call is None:
        return None
    events = head["events"]
    columns = re.search(r"UPDATE OF (.+?)(?= OR (?:INSERT|DELETE|TRUNCATE|UPDATE)\b|\Z)", events)
    if columns:
        events = events[: columns.start()] + "UPDATE" + events[columns.end() :]
    words: Words = {"when": f"{head['when']} {events}".lower()}
    if columns:
        words["columns"] = parse.names(columns[1])
    if head["each"] == "STATEMENT":
        words["for_each"] = "statement"
    function = book.call(parse.name(call["schema"] or "pg_catalog"), parse.name(call["name"]))
    words["execute"] = f"{function}({call['rest']})"
    if condition is not None:
        words["condition"] = Sql(condition) if thing.id in book.verbatim else book.expression(condition)
    for kind, name in re.findall(r"(OLD|NEW) TABLE AS (\S+)", head["tables"] or ""):
        words[f"{kind.lower()}_table"] = parse.name(name)
    if thing.constraint:
        words["constraint"] = True
        words |= timing(head["timing"])
    if head["from"]:
        words["from"] = ".".join(parse.path(head["from"]))
    return words | _rest(thing)


def rule(thing: pg.Rule) -> Words:
    """A rewrite rule as its record."""
    return {"definition": thing.definition.strip()} | _rest(thing)


def _rest(thing: pg.Trigger | pg.Rule) -> Words:
    words: Words = {}
    if thing.enabled != "origin":
        words["enabled"] = thing.enabled
    if thing.comment is not None:
        words["description"] = thing.comment
    return words


def policy(book: Book, thing: pg.Policy) -> Words:
    """A policy as its record."""
    words: Words = {}
    if thing.command != "all":
        words["for"] = thing.command
    if thing.roles != ("PUBLIC",):
        words["to"] = list(thing.roles) if len(thing.roles) > 1 else thing.roles[0]
    for word, text in (("using", thing.using), ("check", thing.check)):
        if text is not None:
            words[word] = Sql(text) if thing.id in book.verbatim else book.expression(text)
    if not thing.permissive:
        words["restrictive"] = True
    if thing.comment is not None:
        words["description"] = thing.comment
    return words
