"""What documents look like, without what they say: kinds of values by field, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from schematool.core.author.yaml_text import Plain

MOST_FIELDS = 60
"""An object with more different fields is a map whose keys are data: they are left out."""
MOST_TEXTS = 12
"""More different texts than these are not the values of an enumeration."""
_LEAST_SEEN = 20
_NUMBERS = ("int", "long", "double", "decimal")


@dataclass(slots=True)
class Shape:
    """One field of many documents: how often it was seen, with which types; and the same of what is inside.

    `uuids`: how many of the texts were UUIDs. `texts`: the different texts, only where they were asked for and few.
    """

    seen: int = 0
    types: Counter[str] = field(default_factory=Counter)
    fields: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None
    uuids: int = 0
    texts: set[str] | None = None

    def words(self) -> Plain:
        """The field in words; `any` where its values have nothing in common."""
        names = [name for name in self.types if name != "null"]
        words: dict[str, Plain] = {"type": _type(names)}
        if "null" in self.types and names:
            words["nullable"] = True
        if names == ["string"]:
            if self.uuids == self.types["string"]:
                words["format"] = "uuid"
            elif self.texts and 1 < len(self.texts) <= MOST_TEXTS and self.types["string"] >= _LEAST_SEEN:
                words["one_of"] = sorted(self.texts)
        if "array" in names and self.items is not None and self.items.types:
            inner = self.items.words()
            words["items"] = inner
        if "object" in names and 0 < len(self.fields) <= MOST_FIELDS:
            words["fields"] = fields_in_words(self.fields, self.types["object"])
        return words if len(words) > 1 else words["type"]


def fields_in_words(fields: Mapping[str, Shape], whole: int) -> dict[str, Plain]:
    """The fields of `whole` objects; those that each of them had are required."""
    made: dict[str, Plain] = {}
    for name, shape in fields.items():
        if not name or "." in name or name.startswith("$"):
            continue  # no such field can be declared
        words = shape.words()
        if shape.seen == whole:
            more = dict(words) if isinstance(words, Mapping) else {"type": words}
            words = {"type": more.pop("type"), "required": True} | more
        made[name] = words
    return made


def _type(names: list[str]) -> Plain:
    if not names:
        return "any"
    if len(names) == 1:
        return names[0]
    if set(names) <= set(_NUMBERS):
        return "long" if set(names) == {"int", "long"} else "number"
    return sorted(names)
