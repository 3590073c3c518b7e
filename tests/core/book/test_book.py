"""What the book says: facts from the YAML, the drafts and the migration files; the same in HTML and Markdown."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from schematool.app.compile import compile_schema
from schematool.app.verify import VerifyReport
from schematool.core.book.addresses import slugs
from schematool.core.book.changes import changes
from schematool.core.book.facts import Book, book
from schematool.core.book.markdown import pages
from schematool.core.book.plans import PlanFact, plans
from schematool.core.book.site import site
from schematool.core.diagnostic import Span
from schematool.core.erd.diagram import Diagram
from schematool.core.errors import InputError
from schematool.core.history.unit import Command, Migration, Unit
from schematool.core.patterns import Plan, PlanNode, Proof, State
from schematool.views.envelope import render
from schematool.views.outcome import Outcome

SCHEMA = """\
entity: users
store: postgres
description: People <b>who</b> "log in"
sensitive: true
fields:
  id: { type: uuid, default: gen_random_uuid() }
  email: { type: text, required: true, unique: true, description: Where mail goes }
  role: { type: varchar(20), one_of: [nurse, doctor], default: "'nurse'" }
primary_key: [id]
checks:
  has_an_at: email like '%@%'
---
entity: visits
store: postgres
fields:
  id: { type: uuid }
  user_id: { type: uuid, required: true, references: users.id, on_delete: cascade }
  at: { type: timestamptz, required: true }
  room: text
primary_key: [id]
indexes:
  - { on: [user_id, at desc], name: visits_by_user }
  - { on: [room] }
---
entity: notes
store: mongo
fields:
  visitId: { type: string, format: uuid, required: true, references: visits.id }
  body: { type: object, fields: { text: { type: string, required: true } } }
indexes:
  - { on: { visitId: 1 } }
---
enum: urgency
values: [low, high]
---
pattern: visits_of_a_user
store: postgres
description: The last visits
query: select * from visits where user_id = :user order by at desc
parameters: { user: uuid }
expect: { uses_index: visits_by_user, no_sort: true }
cache: { key: "user:{user}", ttl: 5m, invalidated_by: [visits] }
---
pattern: notes_of_a_visit
store: mongo
collection: notes
filter: { visitId: ":visit" }
parameters: { visit: uuid }
"""


def unit(store: str, *statements: str) -> Unit:
    """Make the half of a migration."""
    commands = tuple(Command(text, Span("x", 1, 1)) for text in statements)
    return Unit("0001_a", store, commands, None, "", None)


MIGRATION = Migration(
    "0001_a",
    unit(
        "postgres",
        "CREATE TABLE public.users (id uuid)",
        "CREATE TABLE public.visits (id uuid, user_id uuid REFERENCES public.users(id))",
        "CREATE INDEX CONCURRENTLY visits_by_user ON public.visits (user_id)",
        "COMMENT ON TABLE public.visits IS 'not about users'",
        "DROP INDEX visits_room_idx",
    ),
    unit(
        "mongo", json.dumps({"create": "notes"}), json.dumps({"createIndexes": "notes", "indexes": [{"name": "a_1"}]})
    ),
)


def made(text: str = SCHEMA, migrations: tuple[Migration, ...] = (MIGRATION,)) -> Book:
    """Gather the book of a schema."""
    compiled = compile_schema({"schema/all.yaml": text})
    drafts = {store: draft.catalog for store, draft in compiled.drafts.items()}
    return book("Shop", compiled.model, drafts, migrations, "migrations")


def test_indexes_say_what_they_serve() -> None:
    """Patterns that name it, references that it leads with, uniqueness; nothing is nothing."""
    visits = made().entity("visits")
    assert visits

    assert {index.name: index.serves for index in visits.indexes} == {
        "visits_by_user": ("pattern visits_of_a_user", "reference to users"),
        "visits_room_idx": (),
    }


def test_history_is_of_the_statements_about_an_entity() -> None:
    """Its table, its indexes by their names; not a table that only refers to it, nor a word in a text."""
    history = {entity.key: entity.history for entity in made().entities}

    assert [len(touch.statements) for touch in history["users"]] == [1]
    assert [len(touch.statements) for touch in history["visits"]] == [4]
    assert history["notes"][0].file == "migrations/mongo/0001_a.json"
    assert history["notes"][0].statements == ("create notes", "createIndexes notes (a_1)")


def test_entities_of_one_name_in_both_stores_are_told_apart() -> None:
    """Patterns and migrations of each are on its own page."""
    text = SCHEMA + "---\nentity: users\nstore: mongo\nfields: { name: string }\n"
    text += "---\npattern: everyone\nstore: mongo\ncollection: users\n"
    second = replace(unit("mongo", '{"create": "users"}'), id="0002_b")
    found = made(text, (MIGRATION, Migration("0002_b", None, second)))
    both = {key: found.entity(key) for key in ("users (postgres)", "users (mongo)")}

    assert {key: entity and entity.patterns for key, entity in both.items()} == {
        "users (postgres)": (),
        "users (mongo)": ("everyone",),
    }
    assert all(entity and len(entity.history) == 1 for entity in both.values())


def test_a_book_of_nothing_is_a_book() -> None:
    """What `docs serve` shows where the YAML is wrong from the start."""
    files = site(Book("Empty", Diagram((), ())), notice="<p>wrong</p>")

    assert set(files) == {"index.html", "search.html", "schema.svg", "search.js", "style.css"}
    assert all("<p>wrong</p>" in text for name, text in files.items() if name.endswith(".html"))


def test_relations_are_told_both_ways() -> None:
    """Who refers to an entity is on its page as well as what it refers to; across databases too."""
    visits = made().entity("visits")
    assert visits

    assert [link.parent for link in visits.refers_to] == ["users"]
    assert [(link.child, link.across) for link in visits.referred_by] == [("notes", True)]


class Page(HTMLParser):
    """Reads a page: its links and ids, what it loads, whether every element is closed."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element says."""
        said = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in said:
            assert said["id"] not in self.ids, f"{said['id']} is there twice"
            self.ids.add(said["id"] or "")
        if tag == "a" and said.get("href"):
            self.links.append(said["href"] or "")
        if tag in {"script", "img", "link", "iframe"}:
            self.loads += [value for key, value in attrs if key in {"src", "href"} and value]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself, as in SVG."""
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert self.open.pop() == tag


def test_the_site_holds_together() -> None:
    """Every page is well formed, every link leads to a page or a place in one, and nothing comes from elsewhere."""
    files = site(made(), changes(made(), made(SCHEMA.replace("room", "hall")), "old", "new"))
    read = {name: Page(text) for name, text in files.items() if name.endswith(".html")}

    assert set(read) == {
        *("index.html", "search.html", "patterns.html", "others.html", "history.html", "changes.html"),
        *("entities/users.html", "entities/visits.html", "entities/notes.html"),
    }
    for name, page in read.items():
        assert page.open == []
        assert page.headings.count(1) == 1
        assert all(deeper - level <= 1 for level, deeper in zip(page.headings, page.headings[1:], strict=False)), name
        assert all(address == "data:," or "://" not in address for address in page.loads)
        for address in page.links:
            file, _, place = address.partition("#")
            target = _resolved(name, file)
            assert target in files, f"{name} leads to {address}"
            assert not place or place in read[target].ids, f"{name} leads to {address}"


def _resolved(name: str, file: str) -> str:
    if not file:
        return name
    parts: list[str] = []
    for part in (*PurePosixPath(name).parent.parts, *PurePosixPath(file).parts):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_what_a_schema_says_is_never_markup() -> None:
    """A description is text, wherever it stands: in a page, in the index of the search, in a diagram."""
    files = site(made(SCHEMA.replace("Where mail goes", "</script><script>alert(1)</script>")))

    assert not any("<b>who</b>" in text for text in files.values())
    assert not any("<script>alert" in text for text in files.values())
    assert "&lt;b&gt;who&lt;/b&gt;" in files["entities/users.html"]


def test_the_search_index_is_json_with_everything() -> None:
    """Entities, fields at any depth, indexes, constraints, patterns, types: each with its address."""
    found = re.search(r'<script type="application/json" id="index">(.*?)</script>', site(made())["search.html"])
    assert found
    entries = {(entry["k"], entry["n"]): entry["u"] for entry in json.loads(found.group(1))}

    assert entries["field", "notes.body.text"] == "entities/notes.html#field-body.text"
    assert {("entity", "users"), ("index", "visits_by_user"), ("check", "has_an_at"), ("enum", "urgency")} <= set(
        entries
    )
    assert entries["pattern", "visits_of_a_user"] == "patterns.html#pattern-visits_of_a_user"


def test_markdown_says_the_same() -> None:
    """One file for each entity with its tables and its diagram; links between them lead somewhere."""
    files = pages(made())

    assert set(files) == {"README.md", "patterns.md", *(f"entities/{name}.md" for name in ("notes", "users", "visits"))}
    visits = files["entities/visits.md"]
    assert "| `user_id` FK | `uuid` | yes |  | → [users](users.md); on delete cascade |  |" in visits
    assert "| `visits_room_idx` | `(room)` | nothing that is declared |  |" in visits
    assert "notes" in visits
    assert "People &lt;b>who&lt;/b>" in files["README.md"]
    for name, text in files.items():
        for address in re.findall(r"\]\(([^)#]+)", text):
            assert _resolved(name, address) in files, f"{name} leads to {address}"


CHANGES = [
    ("room: text", "hall: { type: text, was: room }", [(">", "field", "hall"), ("~", "index", "visits_room_idx")]),
    ("room: text", "room: integer", [("~", "field", "room")]),
    ("room: text", "room: text\n  floor: integer", [("+", "field", "floor")]),
    ("  - { on: [room] }\n", "", [("-", "index", "visits_room_idx")]),
    (
        "on_delete: cascade",
        "on_delete: restrict",
        [("~", "field", "user_id"), ("~", "foreign key", "visits_user_id_fkey")],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_changes_are_told_by_entity(old: str, new: str, expected: list[tuple[str, str, str]]) -> None:
    """What came, went, changed or was renamed, each on the entity that it belongs to."""
    text = SCHEMA.replace(old, new)
    if "hall" in new:
        text = text.replace("on: [room]", "on: [hall], name: visits_room_idx")
    (change,) = changes(made(), made(text), "old", "new").entities

    assert (change.key, change.what) == ("visits", "changed")
    assert [(line.symbol, line.kind, line.name) for line in change.lines] == expected


def test_changes_of_whole_entities_and_patterns() -> None:
    """An entity that is new, gone or renamed, a pattern that reads otherwise, a type with another value."""
    text = SCHEMA.replace("entity: notes", "entity: remarks\nwas: notes").replace(
        "collection: notes", "collection: remarks"
    )
    text = text.replace("at desc\nparam", "at\nparam").replace("[low, high]", "[low]")
    text += "---\nentity: rooms\nstore: postgres\nfields: { id: uuid }\nprimary_key: [id]\n"
    found = {change.key: change.what for change in changes(made(), made(text), "old", "new").entities}
    back = {change.key: change.what for change in changes(made(text), made(), "new", "old").entities}

    assert found == {
        "remarks": "renamed",
        "rooms": "added",
        "pattern notes_of_a_visit": "changed",
        "pattern visits_of_a_user": "changed",
        "enum urgency": "changed",
    }
    assert back["rooms"] == "removed"
    assert changes(made(), made(), "a", "b").entities == ()


PROOF = {
    "command": "verify",
    "data": {
        "patterns": [
            {
                "pattern": "visits_of_a_user",
                "state": "holds",
                "reason": None,
                "plan": {
                    "nodes": [
                        {"text": "Limit", "depth": 0, "index": None},
                        {"text": "Index Scan using visits_by_user on visits", "depth": 1, "index": "visits_by_user"},
                    ],
                    "rows_read": 12.0,
                    "rows_returned": 12.0,
                    "buffers": 1234,
                },
            },
            {"pattern": "notes_of_a_visit", "state": "unproven", "reason": "`notes` is empty", "plan": None},
        ]
    },
}


def test_patterns_stand_with_their_plans() -> None:
    """The kept answer of `verify --patterns`: state, indexes, numbers and steps, in the site and in Markdown."""
    compiled = compile_schema({"schema/all.yaml": SCHEMA})
    drafts = {store: draft.catalog for store, draft in compiled.drafts.items()}
    proven = book("Shop", compiled.model, drafts, plans=plans("plans.json", json.dumps(PROOF)))
    page, text = site(proven)["entities/visits.html"], pages(proven)["patterns.md"]

    assert "<dt>Plan</dt><dd>holds</dd><dt>Indexes used</dt><dd><code>visits_by_user</code></dd>" in page
    assert "<dt>Buffers</dt><dd>1,234</dd>" in page
    assert "<pre>Limit\n  Index Scan using visits_by_user on visits</pre>" in page
    assert "- plan: holds\n- rows returned: 12\n- rows read: 12\n- buffers: 1,234" in text
    assert "- plan: unproven: `notes` is empty" in text


def test_plans_are_read_from_what_verify_prints() -> None:
    """The shape is that of the report itself, as JSON."""
    plan = Plan((PlanNode("IXSCAN", "IXSCAN using a_1", depth=1, index="a_1"),), measured=True, keys=3)
    report = VerifyReport(env="dev", patterns=(Proof("notes_of_a_visit", "mongo", State.HOLDS, plan),))
    found = plans("plans.json", render(Outcome("verify", report)))

    assert found == {
        "notes_of_a_visit": PlanFact("holds", "", ("a_1",), ("  IXSCAN using a_1",), (("keys", "3"),)),
    }


@pytest.mark.parametrize("text", ["", "[]", '{"command": "lint", "data": {"patterns": []}}', '{"data": null}'])
def test_plans_that_are_none(text: str) -> None:
    """A file that is something else says how it is made."""
    with pytest.raises(InputError) as error:
        plans("plans.json", text)

    assert "verify --patterns" in str(error.value.diagnostics[0].hint)


def test_files_never_fall_together() -> None:
    """Names that differ by case, or by what no file system holds, get files of their own."""
    found = slugs(["Users", "users", "a/b", "a b", "ünïcode", "../x"])

    assert len({name.lower() for name in found.values()}) == 6
    assert not any("/" in name or name.startswith(".") for name in found.values())
