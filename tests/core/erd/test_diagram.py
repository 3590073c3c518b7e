"""What a diagram says: cardinalities from keys and nullability, both stores, parts of it."""

from __future__ import annotations

import pytest
from tests.core.erd.inventing import invented

from schematool.core.erd.diagram import Diagram, Link, apart, around, diagram, focus, with_rows
from schematool.core.erd.mermaid import mermaid, too_large
from schematool.core.erd.words import Grouping, Rows
from schematool.core.load import load

SCHEMA = """\
entity: users
store: postgres
fields:
  id: { type: uuid }
  email: { type: text, required: true, unique: true }
  manager: { type: uuid, references: users.id }
primary_key: [id]
---
entity: profiles
store: postgres
fields:
  user_id: { type: uuid, references: users.id }
  note: text
primary_key: [user_id]
---
entity: groups
store: postgres
fields: { id: uuid, owner: { type: uuid, required: true, references: users.id } }
primary_key: [id]
---
entity: members
store: postgres
fields:
  user_id: { type: uuid, references: users.id }
  group_id: { type: uuid, references: groups.id }
primary_key: [user_id, group_id]
---
entity: badges
store: postgres
fields: { user_id: uuid, group_id: uuid, given: date }
foreign_keys:
  of_a_member: { on: [user_id, group_id], references: members }
indexes:
  - { on: [user_id, group_id], unique: true }
---
entity: drafts
store: postgres
fields: { user_id: { type: uuid, references: users.id }, open: boolean }
indexes:
  - { on: [user_id], unique: true, where: open }
---
entity: events
store: mongo
fields:
  userId: { type: string, format: uuid, required: true, references: users.id }
  who:
    type: object
    fields:
      editor: { type: string, format: uuid, required: true, references: users.id }
      deep:
        type: object
        fields:
          deeper:
            type: object
            fields: { reviewer: { type: string, format: uuid, references: users.id }, other: int }
  groups: { type: array, items: { type: string, format: uuid, references: groups.id } }
  previous: { type: objectId, references: events._id }
indexes:
  - { on: { previous: 1 }, unique: true, sparse: true }
---
bucket: fs
"""


def drawn() -> Diagram:
    """Make the diagram of all of it."""
    model, found = load({"schema/all.yaml": SCHEMA})
    assert not found.errors
    return diagram(model)


def said(link: Link) -> str:
    """Tell a link in one line: how many parents a child has, and how many children a parent."""
    kind = "across" if link.across else "within"
    return f"{link.parent} {link.parent_end.value} / {link.child_end.value} {kind}"


EXPECTED = {
    ("users", "manager"): "users zero or one / zero or many within",
    ("profiles", "user_id"): "users one / zero or one within",
    ("groups", "owner"): "users one / zero or many within",
    ("members", "user_id"): "users one / zero or many within",
    ("members", "group_id"): "groups one / zero or many within",
    ("badges", "user_id, group_id"): "members zero or one / zero or one within",
    ("drafts", "user_id"): "users zero or one / zero or many within",
    ("events", "userId"): "users one / zero or many across",
    ("events", "who.editor"): "users zero or one / zero or many across",
    ("events", "who.deep.deeper.reviewer"): "users zero or one / zero or many across",
    ("events", "groups"): "groups zero or many / zero or many across",
    ("events", "previous"): "events zero or one / zero or one within",
}


def test_cardinalities_come_from_keys_and_nullability() -> None:
    """Unique is one-to-one, nullable is zero-or-one, a partial unique index proves nothing, an array is many."""
    assert {(link.child, link.said): said(link) for link in drawn().links} == EXPECTED


def test_a_table_of_two_references_is_a_join_table() -> None:
    """So says its title, and no other's."""
    assert [(box.key, box.note) for box in drawn().boxes if box.note] == [("fs", "bucket"), ("members", "join table")]


def test_embedded_documents_are_shown_two_levels_deep() -> None:
    """What is deeper is counted, but a reference is shown wherever it is, with all that is around it."""
    events = drawn().box("events")
    assert events

    assert [(row.path, row.type) for row in events.rows] == [
        ("_id", "objectId"),
        ("userId", "string (uuid)"),
        ("who", "object"),
        ("who.editor", "string (uuid)"),
        ("who.deep", "object"),
        ("who.deep.deeper", "object {2}"),
        ("who.deep.deeper.reviewer", "string (uuid)"),
        ("groups", "array of string (uuid)"),
        ("previous", "objectId"),
    ]


def test_focus_follows_references_both_ways() -> None:
    """At depth 1 what an entity refers to and what refers to it, with the links between all of these."""
    near = focus(drawn(), "members", 1)

    assert [box.key for box in near.boxes] == ["badges", "groups", "members", "users"]
    assert ("groups", "owner") in {(link.child, link.said) for link in near.links}
    assert [box.key for box in focus(drawn(), "fs", 3).boxes] == ["fs"]


def test_around_an_entity_are_its_own_links_alone() -> None:
    """Neighbours with what the links name and their keys; not the links between neighbours."""
    near = around(drawn(), "members")

    assert {said(link) for link in near.links} == {
        "users one / zero or many within",
        "groups one / zero or many within",
        "members zero or one / zero or one within",
    }
    assert {box.key: [row.path for row in box.rows] for box in near.boxes} == {
        "badges": ["user_id", "group_id"],
        "groups": ["id"],
        "members": ["user_id", "group_id"],
        "users": ["id"],
    }


def test_keys_alone_keep_what_links_name() -> None:
    """A field that a line ends at is there, and so is what it is embedded in; the rest is counted."""
    events = with_rows(drawn(), Rows.KEYS).box("events")
    assert events

    assert [row.path for row in events.rows if not row.marks] == ["who", "who.deep", "who.deep.deeper"]
    assert all(not box.rows and box.hidden for box in with_rows(drawn(), Rows.NONE).boxes)


def test_many_references_between_groups_are_said_in_words() -> None:
    """A few are lines; with hundreds, each is named in its row."""
    few, many = diagram(invented(12)), diagram(invented(300))

    assert apart(few, Grouping.STORE) == few
    assert len(apart(many, Grouping.FOLDER).links) < len(many.links)
    assert any(" → " in row.type for box in apart(many, Grouping.FOLDER).boxes for row in box.rows)


def test_mermaid() -> None:
    """Words that Mermaid 11.17's own parser takes: `mermaid.parse` of the npm package was run on this very text."""
    assert mermaid(with_rows(drawn(), Rows.KEYS)) == GOLDEN


GOLDEN = """\
erDiagram
  badges {
    uuid user_id FK
    uuid group_id FK
  }
  drafts {
    uuid user_id FK
  }
  events["events (MongoDB)"] {
    objectId _id PK
    string(uuid) userId FK
    object who
    array_of_string_(uuid) groups FK
    objectId previous FK, UK
  }
  fs["fs (MongoDB bucket)"] {
    objectId _id PK
  }
  groups {
    uuid id PK
    uuid owner FK
  }
  members {
    uuid user_id PK, FK
    uuid group_id PK, FK
  }
  profiles {
    uuid user_id PK, FK
  }
  users {
    uuid id PK
    text email UK
    uuid manager FK
  }
  members |o--o| badges : "user_id, group_id"
  users |o--o{ drafts : "user_id"
  groups }o..o{ events : "groups, by value"
  events |o--o| events : "previous"
  users ||..o{ events : "userId, by value"
  users |o..o{ events : "who.deep.deeper.reviewer, by value"
  users |o..o{ events : "who.editor, by value"
  users ||--o{ groups : "owner"
  groups ||--o{ members : "group_id"
  users ||--o{ members : "user_id"
  users ||--o| profiles : "user_id"
  users |o--o{ users : "manager"
"""


@pytest.mark.parametrize(
    ("name", "type_", "line"),
    [
        ("1st id", "numeric(10,2)", "numeric _1st_id"),
        ("größe", "double precision", "double_precision größe"),
        ("order%", "varchar(20)[]", "varchar(20)[] order_"),
        ("pk", "text", "text _pk"),
    ],
)
def test_mermaid_words(name: str, type_: str, line: str) -> None:
    """Whatever PostgreSQL takes as a name becomes a word that Mermaid takes; its parser was asked about each."""
    text = f'entity: "a b"\nstore: postgres\nfields: {{ "{name}": "{type_}" }}\n'
    model, _ = load({"schema/a.yaml": text})

    assert mermaid(diagram(model)) == f'erDiagram\n  "a b" {{\n    {line}\n  }}\n'


@pytest.mark.parametrize("name", ["style", "End", "one", "class-x", "direction TB", "title"])
def test_a_word_of_mermaids_own_is_in_quotes(name: str) -> None:
    """A table of that name is an entity like others; `make mermaid` asks its parser."""
    model, _ = load({"schema/a.yaml": f"entity: {name}\nstore: postgres\nfields: {{ a: text }}\n"})

    assert f'  "{name.replace(" ", "_")}" {{' in mermaid(diagram(model))


def test_mermaid_that_nobody_draws_is_known() -> None:
    """GitHub draws no more than 50,000 characters."""
    many = diagram(invented(300))

    assert too_large(many, mermaid(many))
    assert not too_large(drawn(), mermaid(drawn()))
