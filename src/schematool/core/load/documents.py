"""Checked trees to the dataclasses of `core.model.entity`. Nothing is looked up here; that is `references`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from schematool.core.diagnostic import Findings, Span
from schematool.core.load.language import DOCUMENTS, KINDS, documents_of
from schematool.core.load.near import did_you_mean
from schematool.core.load.reader import Reader
from schematool.core.load.shapes import Document
from schematool.core.load.tree import Mapping, Node, Scalar, Sequence
from schematool.core.model.entity import (
    Declaration,
    Entity,
    Field,
    IndexKey,
    IndexSpec,
    Options,
    Plain,
    Reference,
)

_ENTITY_WORDS = frozenset({"entity", "store", "description", "was", "fields", "indexes", "schema", "sensitive"})
_FIELD_WORDS = frozenset(
    {
        "type",
        "required",
        "default",
        "one_of",
        "references",
        "description",
        "comment",
        "was",
        "fields",
        "items",
    }
)
_INDEX_WORDS = frozenset({"on", "name", "unique", "was", "description"})
_REFERENCE_WORDS = {"on_delete": "on_delete", "on_update_reference": "on_update"}


def document(node: Node, found: Findings) -> Entity | Declaration | None:
    """One document as an entity or declaration; None when too much of it is wrong."""
    if not isinstance(node, Mapping) or not node.entries:
        found.add(
            "ST108",
            "a document is a mapping of keys to values",
            node.span,
            hint=f"it begins with one of {', '.join(KINDS)}",
        )
        return None
    chosen = _choose(node, found)
    if chosen is None:
        return None
    title = node.get(chosen.kind)
    first = node.key(chosen.kind)
    where = title.span if title is not None else first.span if first is not None else node.span
    good = Reader(found).record(node, chosen.record, where)
    if good is None:
        return None
    return _entity(good, chosen, found) if chosen.kind == "entity" else _declaration(good, chosen)


def _choose(node: Mapping, found: Findings) -> Document | None:
    kind = _kind(node)
    if kind is None:
        first = node.entries[0][0]
        hint = did_you_mean(first.text, KINDS) or f"begin with one of {', '.join(KINDS)}"
        found.add("ST108", "this document does not say what it is", first.span, hint=hint)
        return None
    by_store = documents_of(kind)
    store = node.get("store")
    if isinstance(store, Scalar) and store.text in by_store:
        return by_store[store.text]
    key = node.key(kind)
    place = store.span if store is not None else key.span if key is not None else node.span
    if store is not None and any("store" in document.record.by_name for document in by_store.values()):
        expected = " or ".join(f"`{name}`" for name in by_store)
        meant = did_you_mean(store.text, by_store) if isinstance(store, Scalar) else None
        found.add("ST104", f"the store of `{kind}` is {expected}", place, hint=meant)
        return None
    for candidate in by_store.values():
        if candidate.default_store is not None or len(by_store) == 1:
            return candidate
    found.add("ST105", "`store` is missing", place, hint="write `store: postgres` or `store: mongo`")
    return None


def _kind(node: Mapping) -> str | None:
    """The first key, or else the first key that is a kind (`schema: app` may stand above `entity: users`)."""
    kinds = [key.text for key, _ in node.entries if key.text in KINDS]
    strong = [kind for kind in kinds if kind not in _WEAK_KINDS]
    if kinds and kinds[0] == node.entries[0][0].text and (kinds[0] not in _WEAK_KINDS or not strong):
        return kinds[0]
    chosen = strong or kinds
    return chosen[0] if chosen else None


_WEAK_KINDS = frozenset(
    kind for kind in KINDS if any(kind in other.record.by_name for other in DOCUMENTS if other.kind != kind)
)
"""Kinds that are also keys of other documents (`schema`, `collation`)."""


def plain(node: Node) -> Plain:
    """The values alone."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return tuple(plain(item) for item in node.items)
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}


def options(node: Mapping, without: Collection[str] = ()) -> Options:
    """Keys with their plain values and places; of those in `without` the place alone."""
    values: dict[str, Plain] = {}
    spans: dict[str, Span] = {}
    for key, value in node.entries:
        if key.text in without:
            spans[key.text] = key.span if isinstance(value, Mapping) else value.span
        else:
            values[key.text] = plain(value)
            _places(key.text, key.span, value, spans)
    return Options(values, spans)


def _places(path: str, key: Span, node: Node, spans: dict[str, Span]) -> None:
    spans[path] = key if isinstance(node, Mapping) else node.span
    if isinstance(node, Mapping):
        for inner, value in node.entries:
            _places(f"{path}.{inner.text}", inner.span, value, spans)
    elif isinstance(node, Sequence):
        for number, value in enumerate(node.items):
            _places(f"{path}.{number}", value.span, value, spans)


def _text(node: Mapping, key: str) -> str | None:
    value = node.get(key)
    return str(value.value) if isinstance(value, Scalar) else None


def _truth(node: Mapping, key: str) -> bool:
    value = node.get(key)
    return isinstance(value, Scalar) and value.value is True


def _title_span(node: Mapping, kind: str) -> Span:
    title = node.get(kind)
    return title.span if title is not None else node.span


def _declaration(node: Mapping, chosen: Document) -> Declaration:
    return Declaration(
        kind=chosen.kind,
        name=_text(node, chosen.kind) or "",
        store=chosen.store,
        span=_title_span(node, chosen.kind),
        description=_text(node, "description"),
        was=_text(node, "was"),
        options=options(node, {chosen.kind, "store", "description", "was"}),
    )


def _entity(node: Mapping, chosen: Document, found: Findings) -> Entity:
    return Entity(
        name=_text(node, "entity") or "",
        store=chosen.store,
        span=_title_span(node, "entity"),
        description=_text(node, "description"),
        was=_text(node, "was"),
        fields=_fields(node.get("fields"), chosen.store, found),
        indexes=indexes(node.get("indexes")),
        options=options(node, _ENTITY_WORDS),
        schema=_text(node, "schema"),
        sensitive=_truth(node, "sensitive"),
    )


def _fields(node: Node | None, store: str, found: Findings) -> tuple[Field, ...]:
    if not isinstance(node, Mapping):
        return ()
    return tuple(_field(key.text, key.span, value, store, found) for key, value in node.entries)


def _field(name: str, span: Span, node: Node, store: str, found: Findings) -> Field:
    if isinstance(node, Scalar):
        return Field(name, str(node.value), span, node.span)
    if not isinstance(node, Mapping):
        return Field(name, "any", span, span)
    type_node = node.get("type")
    several = type_node if isinstance(type_node, Sequence) else None
    type_span = type_node.span if type_node is not None else span
    type_name = _text(node, "type") or (_first_type(several) if several else "any")
    default = node.get("default")
    one_of = node.get("one_of")
    _contradictions(node, found)
    made = Field(
        name,
        type_name,
        span,
        type_span,
        required=_truth(node, "required"),
        default=plain(default) if default is not None else None,
        has_default=default is not None,
        one_of=tuple(plain(item) for item in one_of.items) if isinstance(one_of, Sequence) else (),
        references=_reference(node),
        description=_text(node, "description") or _text(node, "comment"),
        was=_text(node, "was"),
        fields=_fields(node.get("fields"), store, found),
        items=_items(node.get("items"), store, found),
        options=options(node, _FIELD_WORDS if several is None else _FIELD_WORDS - {"type"}),
    )
    return made if made.references is None else _without_actions(made)


def _first_type(types: Sequence) -> str:
    """Of several types the first that is not null; all of them are in the field's options under `type`."""
    names = [str(item.value) for item in types.items if isinstance(item, Scalar)]
    return next((name for name in names if name != "null"), names[0] if names else "any")


def _without_actions(field: Field) -> Field:
    kept = {key: value for key, value in field.options.items() if key not in _REFERENCE_WORDS}
    return replace(field, options=Options(kept, field.options.spans))


def _items(node: Node | None, store: str, found: Findings) -> Field | None:
    return None if node is None else _field("items", node.span, node, store, found)


def _reference(node: Mapping) -> Reference | None:
    """`references` in its short or long form; actions beside it belong to it."""
    target = node.get("references")
    if target is None:
        return None
    beside = {ours: node.get(word) for word, ours in _REFERENCE_WORDS.items()}
    entries = {ours: value for ours, value in beside.items() if value is not None}
    if isinstance(target, Mapping):
        pointed = target.get("field")
        entries.update({key.text: value for key, value in target.entries if key.text != "field"})
    else:
        pointed = target
    if not isinstance(pointed, Scalar):
        return None
    values = {key: plain(value) for key, value in entries.items()}
    spans = {key: value.span for key, value in entries.items()}
    entity, _, field = str(pointed.value).rpartition(".")
    if not entity:
        entity, field = field, ""
    return Reference(entity, field, pointed.span, Options(values, spans))


def _contradictions(node: Mapping, found: Findings) -> None:
    """Words that cannot stand together."""
    target = node.get("references")
    for word, ours in _REFERENCE_WORDS.items():
        key = node.key(word)
        if key is not None and target is None:
            found.add("ST116", f"`{word}` without `references`", key.span, hint="say what the field points at")
        if key is not None and isinstance(target, Mapping) and target.get(ours) is not None:
            found.add("ST116", f"`{word}` is written twice: here and in `references`", key.span, hint="keep one")
    givers = [key for key, _ in node.entries if key.text in {"default", "generated", "identity"}]
    if len(givers) > 1:
        found.add(
            "ST116",
            f"`{givers[1].text}` beside `{givers[0].text}`: only one can give the value",
            givers[1].span,
            hint="keep one",
        )
    comment = node.key("comment")
    if comment is not None and node.get("description") is not None:
        found.add(
            "ST116",
            "`comment` beside `description`: they mean the same",
            comment.span,
            hint="keep `description`",
        )


def indexes(node: Node | None) -> tuple[IndexSpec, ...]:
    """The list under `indexes`."""
    if not isinstance(node, Sequence):
        return ()
    return tuple(_index(item) for item in node.items if isinstance(item, Mapping))


def _index(node: Mapping) -> IndexSpec:
    on = node.get("on")
    return IndexSpec(
        keys=_index_keys(on),
        span=on.span if isinstance(on, Scalar | Sequence) else (node.entries[0][0].span if node.entries else node.span),
        name=_text(node, "name"),
        unique=_truth(node, "unique"),
        was=_text(node, "was"),
        description=_text(node, "description"),
        options=options(node, _INDEX_WORDS),
    )


def _index_keys(on: Node | None) -> tuple[IndexKey, ...]:
    match on:
        case Scalar():
            return (IndexKey(str(on.value), None, on.span),)
        case Sequence():
            return tuple(IndexKey(str(item.value), None, item.span) for item in on.items if isinstance(item, Scalar))
        case Mapping():
            return tuple(
                IndexKey(key.text, value.value, key.span)
                for key, value in on.entries
                if isinstance(value, Scalar) and isinstance(value.value, int | float | str)
            )
        case _:
            return ()
