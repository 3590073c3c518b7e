"""What lowering knows of the whole model, and what it has made so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from schematool.core.catalog import Id
from schematool.core.change import Renamed
from schematool.core.diagnostic import Findings, Span
from schematool.core.load.types import base
from schematool.core.lower.postgres.read import Words, mapping, names, text, truth
from schematool.core.model.entity import Declaration, Entity, Model, Plain
from schematool.core.model.postgres import Grant, PgObject
from schematool.core.sql.quote import qualified

PUBLIC = "public"
_TYPE_KINDS = frozenset({"enum", "domain", "composite", "range"})


@dataclass(slots=True)
class Scope:
    """The one mutable thing of lowering: it gathers objects with their places, renames and roles."""

    model: Model
    found: Findings
    objects: dict[Id, PgObject] = field(default_factory=dict)
    places: dict[Id, Span] = field(default_factory=dict)
    renames: dict[Renamed, Span] = field(default_factory=dict)
    extra: list[tuple[str, str]] = field(default_factory=list)
    roles: set[str] = field(default_factory=set)
    taken: dict[str, set[str]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    routines: dict[str, str] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember the names that others may use without their schema."""
        for entity in self.model.entities:
            if entity.store == "postgres":
                self.entities.setdefault(entity.name, entity)
                self.entities.setdefault(f"{entity.schema or PUBLIC}.{entity.name}", entity)
        for thing in self.model.declarations:
            schema = text(thing.options, "schema") or PUBLIC
            if thing.store != "postgres":
                continue
            if thing.kind in _TYPE_KINDS:
                self.types.setdefault(thing.name, qualified(schema, thing.name))
                self.types[f"{schema}.{thing.name}"] = qualified(schema, thing.name)
            elif thing.kind in {"function", "procedure"}:
                self.routines.setdefault(thing.name, qualified(schema, thing.name))

    def put(self, thing: PgObject, place: Span) -> None:
        """Add an object; two of one identity are a finding."""
        if thing.id in self.objects:
            first = self.places.get(thing.id, place)
            message = f"{thing.id.kind} `{thing.id.name}` is made twice, first at {first.file}:{first.line}"
            self.found.add("ST110", message, place, hint="rename or remove one of them", subject=str(thing.id))
            return
        self.objects[thing.id] = thing
        self.places[thing.id] = place

    def renamed(self, kind: str, before: tuple[str, ...], after: tuple[str, ...], place: Span) -> None:
        """Note a `was:`."""
        self.renames[Renamed(Id(kind, before), Id(kind, after))] = place

    def relations_of(self, schema: str) -> set[str]:
        """The names of relations and constraints that are taken in a schema."""
        return self.taken.setdefault(schema, set())

    def entity(self, name: str) -> Entity | None:
        """A PostgreSQL entity by name or `schema.name`."""
        return self.entities.get(name)

    def relation(self, name: str) -> Id:
        """The identity of the table or view of this name; a table where nothing of that name is declared."""
        entity = self.entity(name)
        if entity is not None:
            return Id("table", (entity.schema or PUBLIC, entity.name))
        kinds = {"view": "view", "materialized_view": "materialized view"}
        for thing in self.model.declarations:
            schema = text(thing.options, "schema") or PUBLIC
            if thing.kind in kinds and thing.store == "postgres" and name in {thing.name, f"{schema}.{thing.name}"}:
                return Id(kinds[thing.kind], (schema, thing.name))
        schema, _, bare = name.rpartition(".")
        return Id("table", (schema or PUBLIC, bare))

    def type_text(self, given: str) -> str:
        """A type as written, with declared types in full: `urgency[]` becomes `public.urgency[]`."""
        match = re.match(r'\s*((?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))?)(.*)\Z', given, re.DOTALL)
        if match is None:
            return given
        word = match.group(1).replace('"', "")
        full = self.types.get(word) or self.types.get(base(given))
        return full + match.group(2) if full else given.strip()

    def call(self, given: str) -> str:
        """A function call, its declared function in full: `touch()` becomes `public.touch()`."""
        head, bracket, rest = given.strip().partition("(")
        name = head.strip().replace('"', "")
        full = self.routines.get(name)
        arguments = f"({rest}" if bracket else "()"
        return (full or head.strip()) + arguments

    def common(self, words: Words, description: str | None) -> Common:
        """Comment, owner, privileges and labels of an object."""
        owner = text(words, "owner")
        given, taken = self.grants(words, "grants"), self.grants(words, "revokes")
        self.roles |= {grant.grantee for grant in (*given, *taken)} - {"PUBLIC", "OWNER"}
        if owner:
            self.roles.add(owner)
        labels = tuple(sorted((name, str(value)) for name, value in mapping(words, "security_labels").items()))
        whole = tuple(grant for grant in given if grant.column is None)
        return Common(description, owner, whole, tuple(grant for grant in taken if grant.column is None), labels)

    def grants(self, words: Words, key: str) -> tuple[Grant, ...]:
        """Privileges in either form; `all` stays a word, the server spells it out."""
        value = words.get(key)
        if isinstance(value, Mapping):
            pairs: list[tuple[str, tuple[str, ...], Words]] = [
                (role, listed(privileges), {}) for role, privileges in value.items()
            ]
        else:
            records = [item for item in value if isinstance(item, Mapping)] if isinstance(value, tuple) else []
            pairs = [(role, listed(item["privileges"]), dict(item)) for item in records for role in names(item, "to")]
        return tuple(
            Grant("PUBLIC" if role.upper() == "PUBLIC" else role, privilege.upper(), truth(more, "grantable"), column)
            for role, privileges, more in pairs
            for privilege in privileges
            for column in names(more, "fields") or (None,)
        )


@dataclass(frozen=True, slots=True)
class Common:
    """What every object has."""

    comment: str | None
    owner: str | None
    grants: tuple[Grant, ...]
    revokes: tuple[Grant, ...]
    security_labels: tuple[tuple[str, str], ...]


_QUOTED_PATH = re.compile(r'"(?:[^"]|"")+"(?:\."(?:[^"]|"")+")*')


def collation_text(given: str | None) -> str | None:
    """A collation as SQL names it: `C` becomes `"C"`; what is in quotes already stays."""
    if given is None or _QUOTED_PATH.fullmatch(given):
        return given
    if "." in given and "-" not in given:
        return qualified(*given.split("."))
    return '"' + given.replace('"', '""') + '"'


def listed(value: Plain) -> tuple[str, ...]:
    """One text or several."""
    return tuple(str(item) for item in value) if isinstance(value, tuple) else (str(value),)


def was_place(thing: Entity | Declaration) -> Span:
    """Where the `was` of an entity or declaration stands."""
    return thing.options.span("was") or thing.span


def schema_of(thing: Entity | Declaration) -> str:
    """The schema that an entity or declaration lives in."""
    return (thing.schema if isinstance(thing, Entity) else text(thing.options, "schema")) or PUBLIC
