"""Pydantic 2: a model for each row and document, that validates what the database would take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schematool.core.model.entity import Plain
from schematool.core.models.python_text import WIDTH, call, docstring, quoted, safe
from schematool.core.models.shape import NOTE, Many, Member, Models, Nested, OneOf, Record, Scalar, Shape, pascal, title

_TYPES = {
    "text": "str",
    "integer": "int",
    "big": "int",
    "float": "float",
    "decimal": "Decimal",
    "boolean": "bool",
    "date": "datetime.date",
    "datetime": "datetime.datetime",
    "instant": "datetime.datetime",
    "time": "datetime.time",
    "span": "datetime.timedelta",
    "uuid": "UUID",
    "bytes": "bytes",
    "json": "Any",
    "objectId": "ObjectIdText",
    "any": "Any",
}
_RESERVED = frozenset(
    {"copy", "construct", "dict", "fields", "from_orm", "json", "parse_file", "parse_obj", "parse_raw", "schema"}
    | {"schema_json", "update_forward_refs", "validate", "datetime", "list", "str", "int", "float", "bool", "bytes"}
    | {"Any", "UUID", "Decimal", "Literal", "Field", "Model", "ObjectIdText"}
)
_HEAD = '''"""{note}"""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

ObjectIdText = Annotated[
    str,
    BeforeValidator(str),
    StringConstraints(pattern=r"^[0-9a-f]{{24}}$"),
]
"""An `_id` of MongoDB as text; bson's ObjectId is taken as well."""


class Model(BaseModel):
    """What all models have in common."""

    model_config = ConfigDict(
        populate_by_name=True,
        from_attributes=True,
        protected_namespaces=(),
    )
'''


def render(models: Models) -> str:
    """Write the module."""
    parts = [_HEAD.format(note=NOTE)]
    parts += [_enum(one, models.descriptions.get(str(one.name))) for one in models.enums]
    records = (*models.parts, *models.entities)
    # Pydantic looks names of types up in the class first: no field may be called as one.
    reserved = _RESERVED | {record.name for record in records} | {str(one.name) for one in models.enums}
    parts += [_class(record, reserved) for record in records]
    return "\n\n".join(parts).rstrip() + "\n"


def _enum(of: OneOf, description: str | None) -> str:
    taken: set[str] = set()
    members = [f"    {safe(str(value), taken, _ENUM)} = {quoted(str(value))}" for value in of.values]
    said = docstring(description or f"The values of {of.name}", "    ")
    return "\n".join((f"class {of.name}(str, Enum):", said, "", *members, ""))


_ENUM = frozenset({"mro", "name", "value", *dir(str)})


def _class(record: Record, reserved: frozenset[str]) -> str:
    said = docstring(record.description or title(record), "    ")
    taken: set[str] = set()
    aliases: list[str] = []
    lines = [
        line for member in record.members for line in _member(member, record.name, _Names(taken, reserved), aliases)
    ]
    return "\n".join((*aliases, f"class {record.name}(Model):", said, "", *lines, ""))


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a class: those of its fields so far, and those that no field may have."""

    taken: set[str]
    reserved: frozenset[str]

    def of(self, name: str) -> str:
        """The name of a field; Pydantic keeps what begins with `model_` for itself."""
        return safe(name, self.taken, self.reserved | ({name} if name.startswith("model_") else set()))


def _member(member: Member, owner: str, names: _Names, aliases: list[str]) -> Iterator[str]:
    name = names.of(member.name)
    said = annotation(_with_alias(member.shape, f"{owner}{pascal(member.name)}_", aliases))
    missing = not member.required
    absent = member.nullable or (missing and member.default is None) or member.default == "now"
    if absent and said != "Any":
        said += " | None"
    arguments = []
    if missing:
        arguments.append(f"default={_default(member)}")
    if name != member.name:
        arguments.append(f"alias={quoted(member.name)}")
    if member.read_only:
        arguments.append("frozen=True")
    arguments += _limits(member.shape)
    if member.description:
        arguments.append(f"description={quoted(' '.join(member.description.split()))}")
    if not arguments:
        yield f"    {name}: {said}"
    elif arguments == ["default=None"] and len(f"    {name}: {said} = None") <= WIDTH:
        yield f"    {name}: {said} = None"
    else:
        yield call(f"{name}: {said} = Field", arguments, "    ")


def _with_alias(shape: Shape, name: str, aliases: list[str]) -> Shape:
    """Give a choice between values a name of its own; the underscore keeps it apart from every class."""
    match shape:
        case Many():
            return Many(_with_alias(shape.inner, name, aliases))
        case OneOf(name=None):
            values = [_literal(value) for value in shape.values]
            one = f"{name} = Literal[{', '.join(values)}]"
            if len(one) > WIDTH:
                one = "\n".join((f"{name} = Literal[", *(f"    {value}," for value in values), "]"))
            aliases += [one, "\n"]
            return OneOf(shape.values, name)
        case _:
            return shape


def annotation(shape: Shape) -> str:
    """Write the type of a shape."""
    match shape:
        case Scalar(name="text", format="uuid"):
            return "UUID"
        case Scalar():
            return _TYPES[shape.name]
        case OneOf(name=str() as name):
            return name
        case OneOf():
            return "Any"
        case Many():
            return f"list[{annotation(shape.inner)}]"
        case Nested():
            return shape.name


def _literal(value: Plain) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def _default(member: Member) -> str:
    if member.default is None or member.default == "now" or isinstance(member.shape, Many | Nested):
        return "None"
    if isinstance(member.shape, OneOf) and member.shape.name:
        return f"{member.shape.name}({quoted(str(member.default))})"
    return _literal(member.default)


def _limits(shape: Shape) -> list[str]:
    if not isinstance(shape, Scalar):
        return []
    found = []
    if shape.name == "text" and shape.format != "uuid":
        found += [f"min_length={shape.least}"] if shape.least is not None else []
        found += [f"max_length={shape.longest}"] if shape.longest is not None else []
    if shape.digits is not None:
        found += [f"max_digits={shape.digits[0]}", f"decimal_places={shape.digits[1]}"]
    found += [f"ge={shape.minimum}"] if shape.minimum is not None else []
    found += [f"le={shape.maximum}"] if shape.maximum is not None else []
    return found
