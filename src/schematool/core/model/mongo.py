"""The objects of a MongoDB database in normal form.

Identities (kind, path): collection (name) · view (name) · index (collection, name) · sharding (collection) ·
field (collection, "a.b.c"), the last only as the subject of renames and documentation, never as an object that a server
lists.

A `Spec` is a document as Extended JSON text in normal form: the same text means the same to the server, and
different text means something else, so that equality of text is equality of meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from schematool.core.catalog import Id

Spec: TypeAlias = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A collection with its options; an absent option is None, at the server's default.

    `validator` etc. are normal-form text for comparing; `command` is the options document exactly as `create` would
    take it (Extended JSON), which is carried along for rendering and rollback but not compared.
    `options`: whatever else the server lists, (name, Spec), so that nothing goes unnoticed.
    `uuid` is the live collection's identity, carried along to pin commands to it.
    """

    id: Id
    validator: Spec | None = None
    validation_level: str | None = None
    validation_action: str | None = None
    capped: bool = False
    size: int | None = None
    max: int | None = None
    time_series: Spec | None = None
    clustered: Spec | None = None
    collation: Spec | None = None
    expire_after_seconds: int | None = None
    pre_and_post_images: bool = False
    encrypted_fields: Spec | None = None
    storage_engine: Spec | None = None
    index_option_defaults: Spec | None = None
    options: tuple[tuple[str, Spec], ...] = ()
    command: Spec = field(default="{}", compare=False)
    uuid: str | None = field(default=None, compare=False, metadata={"live": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index; the `_id_` index is never an object unless it is special (clustered).

    `keys` in order as (path, kind), where kind is `1`, `-1`, any other number as text, or `text`, `2d`, `2dsphere`,
    `hashed`. `options`: every other option in normal form, (name, Spec), sorted by name, defaults left out, collation
    expanded and resolved against the collection's. `hidden`, `prepare_unique` and `building` are states.
    `command`: the spec as `createIndexes` would take it.
    """

    id: Id
    keys: tuple[tuple[str, str], ...]
    unique: bool = False
    sparse: bool = False
    hidden: bool = False
    prepare_unique: bool = False
    building: bool = False
    expire_after_seconds: int | None = None
    partial_filter: Spec | None = None
    collation: Spec | None = None
    options: tuple[tuple[str, Spec], ...] = ()
    command: Spec = field(default="{}", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view: `view_on` and the `pipeline`, which is order-sensitive throughout."""

    id: Id
    view_on: str
    pipeline: Spec = "[]"
    collation: Spec | None = None
    command: Spec = field(default="{}", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharding:
    """How a collection is sharded. Id kind `sharding`, path as that of the collection.

    `key` in order as (path, `1` or `hashed`). `zones` as (zone, first key inside, first key outside), sorted; bounds
    name every field of the key, as the server completes them. A server without a router cannot be asked: there it is
    what the migrations said (`engines.mongo.sharding`).
    """

    id: Id
    key: tuple[tuple[str, str], ...]
    unique: bool = False
    zones: tuple[tuple[str, Spec, Spec], ...] = ()
