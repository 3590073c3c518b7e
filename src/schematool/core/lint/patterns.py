"""Rules about what the schema is asked: caches that lie, indexes that nobody needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.lint.keys import redundant_index, referring_keys
from schematool.core.model.entity import Entity, IndexSpec, Model
from schematool.core.patterns import Pattern, read_patterns
from schematool.core.patterns.rules import constants
from schematool.core.patterns.sql import words_of
from schematool.core.sql.names import object_name


def cache_that_lies(model: Model) -> Iterator[Diagnostic]:
    """ST162: two answers under one key, or an answer that stays after what it was made of has changed."""
    for pattern in read_patterns(model):
        cache = pattern.cache
        if cache is None:
            continue
        for parameter in pattern.parameters:
            if parameter.name not in cache.placeholders:
                message = f"answers for different `{parameter.name}` would share one key"
                yield _finding(message, pattern, "cache.key", f"put `{{{parameter.name}}}` into the key")
        late = [name for name in pattern.entities if name not in cache.invalidated_by]
        for name in late if cache.invalidated_by or cache.seconds is None else ():
            message = f"`{pattern.name}` reads `{name}`, whose changes would not be seen"
            yield _finding(message, pattern, "cache.invalidated_by", f"add `{name}` to `invalidated_by`")
        for number, name in enumerate(cache.invalidated_by):
            if name not in pattern.entities:
                message = f"`{pattern.name}` does not read `{name}`, which would empty its cache"
                yield _finding(message, pattern, f"cache.invalidated_by.{number}", "remove it")


def _finding(message: str, pattern: Pattern, word: str, hint: str) -> Diagnostic:
    return Diagnostic("ST162", message, pattern.place(word), hint, Severity.WARNING, pattern.name)


def index_without_purpose(model: Model) -> Iterator[Diagnostic]:
    """ST161: an index that no constraint needs and no pattern uses, of an entity that patterns read.

    Of an entity without patterns nothing is said: how it is read was not written down.
    """
    patterns = read_patterns(model)
    for entity in model.entities:
        reading = [pattern for pattern in patterns if entity.name in pattern.entities]
        doubled = {finding.span for finding in redundant_index(entity)} if reading else set()
        for index in entity.indexes if reading else ():
            if index.span in doubled or guards(entity, index) or _serves(entity, index, reading):
                continue
            keys = ", ".join(key.text for key in index.keys)
            message = f"the index on ({keys}) of `{entity.name}` serves no pattern and no constraint"
            hint = "declare the `pattern:` that needs it, or remove it"
            yield Diagnostic("ST161", message, index.span, hint, Severity.NOTE, entity.name)


def guards(entity: Entity, index: IndexSpec) -> bool:
    """Whether something other than a query needs it: uniqueness, a lifetime, or a reference."""
    if index.unique or "expire_after" in index.options:
        return True
    first = _first(index)
    return any(first in key for key, _ in referring_keys(entity))


def _first(index: IndexSpec) -> str:
    return re.sub(r"(?i)\s+(asc|desc)?(\s+nulls\s+(first|last))?\s*$", "", index.keys[0].text.strip()).strip('"')


def _serves(entity: Entity, index: IndexSpec, patterns: Sequence[Pattern]) -> bool:
    """A pattern that says which indexes it uses is taken at its word; another one serves by the fields it names."""
    name = index_name(entity, index)
    for pattern in patterns:
        if name in pattern.indexes:
            return True
        if not pattern.indexes and _first(index) in _named(pattern):
            return True
    return False


def _named(pattern: Pattern) -> frozenset[str]:
    if pattern.store == "postgres":
        return words_of(pattern.query)
    return frozenset(path for value in pattern.request.values() for path in constants(value))


def index_name(entity: Entity, index: IndexSpec) -> str:
    """The name that an index has, or will be given where no other has it."""
    if index.name:
        return index.name
    if entity.store == "mongo":
        return "_".join(f"{key.text}_{key.direction}" for key in index.keys)
    return object_name(entity.name, "_".join(re.sub(r"\W.*", "", key.text.strip()) for key in index.keys), "idx")
