"""`was:` that cannot be: found while compiling, for every kind of either store, each at its place."""

from __future__ import annotations

from schematool.core.diagnostic import Findings
from schematool.core.load import load
from schematool.core.lower import mongo, postgres

POSTGRES = """\
entity: users
store: postgres
fields:
  id: bigint
  status: text
  new_name: { type: text, was: status }
  same: { type: text, was: same }
  one: { type: text, was: old }
  two: { type: text, was: old }
  a: { type: text, was: b }
  b: { type: text, was: a }
  c: { type: text, was: d }
  d: { type: text, was: before }
primary_key: { on: [id], name: users_key, was: users_key }
checks:
  fine: { check: id > 0, was: fair }
  fair: id < 9
indexes:
  - { on: [c], name: by_c, was: by_d }
  - { on: [d], name: by_d }
triggers:
  touch:
    when: before update
    execute: f()
    was: touch
---
enum: mood
values:
  - { value: glad, was: sad }
  - sad
---
view: now
store: postgres
query: select 1
was: now
---
function: f
returns: trigger
language: plpgsql
body: begin return new; end
was: f
---
entity: people
store: postgres
was: users
fields: { id: bigint }
"""

MONGO = """\
entity: notes
store: mongo
was: notes
fields:
  a: { type: string, was: b }
  b: string
  in: { type: object, fields: { c: { type: int, was: d }, d: { type: int, was: c } } }
indexes:
  - { on: a, name: x, was: x }
---
view: recent
store: mongo
from: notes
pipeline: []
was: recent
"""


def said(text: str, store: str) -> list[tuple[int, int, str]]:
    """Line, column and message of every finding about a rename."""
    model, loaded = load({"schema.yaml": text})
    found = Findings()
    (postgres if store == "postgres" else mongo).lower(model, found)

    assert not loaded
    assert {one.code for one in found} == {"ST118"}
    assert all(one.hint for one in found)
    return sorted((one.span.line, one.span.column, one.message) for one in found if one.span)


def test_contradictions_of_tables() -> None:
    """Of itself, of what is still declared, of what two claim, in a circle; a name that is handed on is none."""
    assert said(POSTGRES, "postgres") == [
        (6, 32, "the column `status` is still declared"),
        (7, 28, "`same` was never called otherwise"),
        (8, 27, "two cannot both have been the column `old`"),
        (9, 27, "two cannot both have been the column `old`"),
        (10, 25, "`a` and `b` cannot trade their names at once"),
        (11, 25, "`b` and `a` cannot trade their names at once"),
        (14, 48, "`users_key` was never called otherwise"),
        (16, 31, "the constraint `fair` is still declared"),
        (19, 33, "the index `by_d` is still declared"),
        (25, 10, "`touch` was never called otherwise"),
        (29, 25, "the enum value `sad` is still declared"),
        (35, 6, "`now` was never called otherwise"),
        (41, 6, "`f` was never called otherwise"),
        (45, 6, "the table `users` is still declared"),
    ]


def test_contradictions_of_collections() -> None:
    """The same, inside of documents too."""
    assert said(MONGO, "mongo") == [
        (3, 6, "`notes` was never called otherwise"),
        (5, 27, "the field `b` is still declared"),
        (7, 54, "`in.c` and `in.d` cannot trade their names at once"),
        (7, 80, "`in.d` and `in.c` cannot trade their names at once"),
        (9, 28, "`x` was never called otherwise"),
        (15, 6, "`recent` was never called otherwise"),
    ]
