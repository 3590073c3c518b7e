"""Plain values of checked options, by the type that the language's table promises."""

from __future__ import annotations

from collections.abc import Mapping

from schematool.core.model.entity import Options, Plain

Words = Mapping[str, Plain]


def text(words: Words, key: str) -> str | None:
    """A text, or None."""
    value = words.get(key)
    return None if value is None else str(value)


def truth(words: Words, key: str, default: bool = False) -> bool:
    """A truth value."""
    value = words.get(key)
    return default if value is None else value is True


def whole(words: Words, key: str) -> int | None:
    """A whole number, or None."""
    value = words.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def names(words: Words, key: str) -> tuple[str, ...]:
    """One text or a list of them, as a tuple."""
    value = words.get(key)
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, tuple) else (str(value),)


def mapping(words: Words, key: str) -> Mapping[str, Plain]:
    """A mapping; empty when it is not given."""
    value = words.get(key)
    return value if isinstance(value, Mapping) else {}


def record(value: Plain, short: str) -> Words:
    """A record, or the short form that stands for its one key."""
    return value if isinstance(value, Mapping) else {short: value}


def named(options: Options, key: str) -> tuple[tuple[str | None, str, Plain], ...]:
    """(name or None, path for its place, value) of what may be a mapping by name or a list."""
    value = options.get(key)
    if isinstance(value, Mapping):
        return tuple((name, f"{key}.{name}", inner) for name, inner in value.items())
    if isinstance(value, tuple):
        return tuple((None, f"{key}.{number}", inner) for number, inner in enumerate(value))
    return ()


def parameters(words: Words, key: str) -> tuple[tuple[str, str], ...]:
    """Storage parameters and their like: (name, value as text), in their order, which the server keeps."""
    return tuple((name, parameter(value)) for name, value in mapping(words, key).items())


def parameter(value: Plain) -> str:
    """A parameter's value as SQL text.

    >>> parameter(True), parameter(70)
    ('true', '70')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
