"""Collations of MongoDB: what the server adds to `{locale: …}`, and the shortest form that it reads the same way."""

from __future__ import annotations

from schematool.core.extended_json import Document, Value, same, text, truth

DEFAULTS: Document = {
    "caseLevel": False,
    "caseFirst": "off",
    "strength": 3,
    "numericOrdering": False,
    "alternate": "non-ignorable",
    "maxVariable": "punct",
    "normalization": False,
    "backwards": False,
}
"""In the order in which the server prints them, after `locale` and before `version`."""

_NORMALIZED = (
    "as", "bn", "el", "fa", "fa_AF", "gu", "he", "hi", "ig", "km", "kn", "kok", "mr", "my", "or", "pa", "ps", "si",
    "ta", "te", "vi", "yi", "yo",
)  # fmt: skip

# Read back from createIndexes on mongod 6.0.5 (ICU 57.1) for each locale that it takes.
LOCALES: dict[str, Document] = {
    **{locale: {"normalization": True} for locale in _NORMALIZED},
    "da": {"caseFirst": "upper"},
    "fr_CA": {"backwards": True},
    "mt": {"caseFirst": "upper"},
    "th": {"alternate": "shifted", "normalization": True},
}
"""What a locale has other than `DEFAULTS`."""

_FLAGS = frozenset({"caseLevel", "numericOrdering", "normalization", "backwards"})


def normal_collation(collation: Value, *, of_index: bool) -> str | None:
    """A collation with everything written out, as text; None for the simple one, which is also what absence means.

    `of_index`: createIndexes asks ICU for what a locale implies. create fills in the general defaults itself and leaves
    only `backwards` to the locale (both observed on 6.0.5). `version` is ICU's, not the user's, and is left out.
    """
    if not isinstance(collation, dict) or collation.get("locale") == "simple":
        return None
    locale = collation.get("locale")
    implied = LOCALES.get(locale, {}) if isinstance(locale, str) else {}
    if not of_index:
        implied = {key: value for key, value in implied.items() if key == "backwards"}
    full: Document = {"locale": locale, **DEFAULTS, **implied}
    given = {key: _option(key, value) for key, value in collation.items() if key not in {"locale", "version"}}
    return text({**full, **given})


def short_collation(collation: Document) -> Document:
    """Leave out of a full collation what every server fills in again; nothing where the locale has its own ideas."""
    if collation.get("locale") in LOCALES:
        return collation
    return {key: value for key, value in collation.items() if key == "locale" or DEFAULTS.get(key) != value}


def _option(key: str, value: Value) -> Value:
    return truth(value) if key in _FLAGS else same(value)
