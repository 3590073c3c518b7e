"""A catalog as JSON text and back: the snapshot file. The same catalog gives the same bytes everywhere."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.model import mongo, postgres

FORMAT = 1
"""Raised when an old snapshot can no longer be read as it is; it is then made again from the migrations."""


def _classes(module: types.ModuleType) -> Mapping[str, type]:
    return {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == module.__name__
    }


_STORES: Mapping[str, Mapping[str, type]] = {"postgres": _classes(postgres), "mongo": _classes(mongo)}


def encode(catalog: Catalog) -> str:
    """Write a catalog: one object a line, attributes at their default left out, sorted by identity."""
    needs = {of: sorted(needed) for of, needed in catalog.needs_of.items()}
    lines = [
        json.dumps(_object(catalog.objects[of], needs.get(of, [])), ensure_ascii=False)
        for of in sorted(catalog.objects)
    ]
    body = ",\n".join(lines)
    head = f'"format": {FORMAT},\n"store": {json.dumps(catalog.store)},\n"version": {json.dumps(catalog.version)}'
    return f'{{\n{head},\n"objects": [\n{body}\n]\n}}\n'


def _object(thing: Object, needs: list[Id]) -> dict[str, Any]:
    record: dict[str, Any] = {"is": type(thing).__name__, "id": [thing.id.kind, *thing.id.path]}
    for field in dataclasses.fields(thing):  # type: ignore[arg-type]  # every catalog object is a dataclass
        value = getattr(thing, field.name)
        if field.metadata.get("live"):
            continue  # an identity of one server: the same catalog must give the same bytes everywhere
        if field.name != "id" and value != field.default:
            record[field.name] = _plain(value)
    if needs:
        record["needs"] = [[of.kind, *of.path] for of in needs]
    return record


def _plain(value: Any) -> Any:
    if isinstance(value, Id):
        return [value.kind, *value.path]
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def decode(text: str) -> Catalog:
    """Read what `encode` wrote. Raises ValueError when it is something else."""
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError("not a catalog of this format")
    classes = _STORES[data["store"]]
    objects: list[Object] = []
    needs: list[tuple[Id, Id]] = []
    for record in data["objects"]:
        of = _id(record["id"])
        kind = classes[record["is"]]
        readers = _readers(kind)
        values = {key: readers[key](value) for key, value in record.items() if key not in {"is", "id", "needs"}}
        objects.append(kind(id=of, **values))
        needs += ((of, _id(needed)) for needed in record.get("needs", ()))
    return Catalog.of(data["store"], objects, needs, data["version"])


def _id(path: list[str]) -> Id:
    return Id(path[0], tuple(path[1:]))


@cache
def _readers(kind: type) -> Mapping[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(kind)
    return {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """How a value of this type is read back from plain JSON."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        (real,) = (_reader(part) for part in inner if part is not type(None))
        return lambda value: None if value is None else real(value)
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            item = _reader(inner[0])
            return lambda value: tuple(item(each) for each in value)
        items = [_reader(part) for part in inner]
        return lambda value: tuple(read(each) for read, each in zip(items, value, strict=True))
    if hint is Id:
        return _id
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        readers = _readers(hint)
        return lambda value: hint(**{key: readers[key](part) for key, part in value.items()})
    return lambda value: value
