"""`pattern:` documents to patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from schematool.core.model.entity import Declaration, Model, Options, Plain
from schematool.core.patterns import sql
from schematool.core.patterns.model import Cache, Parameter, Pattern, listed

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_REQUEST = ("collection", "filter", "sort", "projection", "limit", "pipeline")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def read_patterns(model: Model) -> tuple[Pattern, ...]:
    """Every pattern of the model, in the order of the files."""
    return tuple(_pattern(thing, model) for thing in model.declarations if thing.kind == "pattern")


def _pattern(thing: Declaration, model: Model) -> Pattern:
    options = thing.options
    query = str(options.get("query") or "")
    request = {word: options[word] for word in _REQUEST if word in options}
    if thing.store == "postgres":
        known = {entity.name for entity in model.entities if entity.store == "postgres"}
        entities = sql.relations_of(query, known)
    else:
        entities = tuple(dict.fromkeys((str(options.get("collection") or ""), *_looked_up(request.get("pipeline")))))
    return Pattern(
        thing.name,
        thing.store,
        thing.span,
        thing.description,
        query,
        request,
        tuple(_parameters(thing)),
        _inner(options, "expect"),
        _cache(options),
        entities,
        options,
    )


def _parameters(thing: Declaration) -> Iterator[Parameter]:
    given = thing.options.get("parameters")
    for name, words in given.items() if isinstance(given, Mapping) else ():
        span = thing.options.span(f"parameters.{name}") or thing.span
        if isinstance(words, Mapping):
            source = words.get("from")
            yield Parameter(
                name,
                str(words["type"]),
                span,
                words.get("example"),
                "example" in words,
                str(source) if source else None,
            )
        else:
            yield Parameter(name, str(words), span)


def _cache(options: Options) -> Cache | None:
    words = options.get("cache")
    if not isinstance(words, Mapping):
        return None
    key = str(words.get("key") or "")
    return Cache(
        key,
        tuple(_PLACEHOLDER.findall(key)),
        _seconds(words.get("ttl")),
        listed(words.get("invalidated_by")),
        _inner(options, "cache"),
    )


def _seconds(duration: Plain) -> int | None:
    if isinstance(duration, str) and duration[-1:] in _SECONDS:
        return int(duration[:-1]) * _SECONDS[duration[-1]]
    return int(duration) if isinstance(duration, int | str) else None


def _inner(options: Options, word: str) -> Options:
    """The words below one word; their places are those of the whole document."""
    inner = options.get(word)
    if not isinstance(inner, Mapping):
        return Options()
    spans = {path.removeprefix(f"{word}."): span for path, span in options.spans.items() if path.startswith(f"{word}.")}
    return Options(inner, spans)


def placeholders(value: Plain) -> Iterator[str]:
    """The parameters of a Mongo request: texts that are `:name` and nothing else."""
    if isinstance(value, str) and re.fullmatch(r":[A-Za-z_]\w*", value):
        yield value[1:]
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from placeholders(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from placeholders(inner)


def used_parameters(pattern: Pattern) -> tuple[str, ...]:
    """The parameters that the query or request names, each once."""
    if pattern.store == "postgres":
        return sql.parameters_of(pattern.query)
    return tuple(dict.fromkeys(name for value in pattern.request.values() for name in placeholders(value)))


def _looked_up(pipeline: Plain) -> Iterator[str]:
    """The collections that an aggregation reads beside its own."""
    if isinstance(pipeline, tuple):
        for stage in pipeline:
            yield from _looked_up(stage)
    elif isinstance(pipeline, Mapping):
        for name, words in pipeline.items():
            if name in {"$lookup", "$graphLookup"} and isinstance(words, Mapping) and "from" in words:
                yield str(words["from"])
            if name == "$unionWith":
                yield str(words.get("coll", "") if isinstance(words, Mapping) else words)
            yield from _looked_up(words)
