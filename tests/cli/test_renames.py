"""`was:` of every kind in both stores: refused where the old name is not there, made once where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.test_offline import write
from tests.conftest import Ran

SCHEMA = """\
schema: app@
was: app%
---
enum: mood@
schema: app@
was: mood%
values: [{ value: glad@, was: glad% }, sad]
---
domain: posi@
schema: app@
was: posi%
type: integer
checks: { above: value > 0 }
---
composite: pair@
schema: app@
was: pair%
fields:
  left: integer
  right@: { type: text, was: right% }
---
range: span@
schema: app@
was: span%
subtype: float8
---
collation: plain@
schema: app@
was: plain%
locale: C
---
sequence: numbers@
schema: app@
was: numbers%
---
function: half@
schema: app@
was: half%
arguments: [n int, 'why varchar = null']
returns: integer
volatility: immutable
body: select n / 2
---
function: half@
schema: app@
was: half%
arguments: [n bigint, 'why varchar = null']
returns: bigint
body: select n / 2
---
procedure: act@
schema: app@
was: act%
arguments: [n int]
body: select 1
---
function: plus
schema: app@
arguments: [a int, b int]
returns: integer
volatility: immutable
body: select a + b
---
aggregate: total@
schema: app@
was: total%
arguments: [integer]
state_function: app@.plus
state_type: integer
---
function: stamp
schema: app@
returns: trigger
language: plpgsql
body: begin return new; end
---
function: seen
schema: app@
returns: event_trigger
language: plpgsql
body: begin null; end
---
event_trigger: watching@
was: watching%
on: ddl_command_end
tags: [COMMENT]
execute: app@.seen()
---
entity: users@
store: postgres
schema: app@
was: users%
fields:
  id: bigint
  email@: { type: text, was: email%, required: true }
  feeling: app@.mood@
  of: { type: bigint, references: { field: users@.id, name: points@, was: points% } }
primary_key: { on: [id], name: the_key@, was: the_key% }
unique:
  one_each@: { on: [email@], was: one_each% }
checks:
  small@: { check: id < 1000, was: small% }
exclusions:
  apart@: { method: btree, elements: [id with =], was: apart% }
indexes:
  - { on: [feeling], name: by_feeling@, was: by_feeling% }
statistics:
  jointly@: { on: [id, feeling], was: jointly% }
policies:
  own@: { using: id > 0, was: own% }
row_level_security: true
triggers:
  stamped@: { when: before update, execute: app@.stamp(), was: stamped% }
rules:
  quiet@:
    definition: create rule quiet@ as on delete to app@.users@ do also nothing
    was: quiet%
---
entity: parts
store: postgres
schema: app@
fields: { id: integer, k: integer }
partition_by: { list: [k] }
partitions:
  parts_one@: { in: [1], was: parts_one% }
---
view: glance@
store: postgres
schema: app@
was: glance%
query: select id, feeling from app@.users@
---
materialized_view: kept@
schema: app@
was: kept%
query: select id from app@.users@
---
entity: notes@
store: mongo
was: notes%
fields:
  a@: { type: string, was: a% }
  in:
    type: object
    fields:
      b@: { type: int, was: b% }
indexes:
  - { on: { in.b@: 1 }, name: by_b@, was: by_b% }
---
view: recent@
store: mongo
was: recent%
from: notes@
pipeline: []
---
bucket: files@
was: files%
"""
TWICE = 1
"""A bucket is two collections."""


def renamed(new: str, old: str) -> dict[str, str]:
    """The project's schema, every name with `new` behind it and `was:` with `old`."""
    return {"schema/all.yaml": SCHEMA.replace("@", new).replace("%", old)}


def places(text: str) -> list[tuple[int, int]]:
    """Line and column of every value of `was:`."""
    return [
        (number, line.index("was: ") + len("was: ") + 1)
        for number, line in enumerate(text.splitlines(), 1)
        if "was: " in line
    ]


def test_a_rename_needs_its_old_name_and_is_made_once(project: Path, run_cli: Callable[..., Ran]) -> None:
    """On nothing `was:` means nothing; a wrong one is refused at its place; a right one keeps all, and may stay."""
    write(project, renamed("1", "0"))
    built = run_cli("generate", "-m", "first", cwd=project)
    assert built.exit_code == 0, built.stderr
    files = renamed("2", "_nowhere")
    write(project, files)
    refused = run_cli("generate", "--format", "json", cwd=project)
    compared = run_cli("diff", "migrations", "schema", "--format", "json", cwd=project)
    write(project, renamed("2", "1"))
    made = run_cli("generate", "-m", "renamed", cwd=project)
    again = run_cli("generate", "--check", cwd=project)
    write(project, {"schema/more.yaml": "sequence: more\n"})
    later = run_cli("generate", "-m", "later", cwd=project)

    found = json.loads(refused.stdout)["diagnostics"]
    messages = [one["message"] for one in found]
    assert refused.exit_code == 2
    assert {one["code"] for one in found} == {"ST119"}
    assert sorted({(one["line"], one["column"]) for one in found}) == places(files["schema/all.yaml"])
    assert len(found) == len(places(files["schema/all.yaml"])) + TWICE
    assert all(one["hint"] and one["file"] == "schema/all.yaml" for one in found)
    assert "there is no column `email_nowhere` to become `email2`, and no `email2` either" in messages
    warned = [one for one in json.loads(compared.stdout)["diagnostics"] if one["code"] == "ST119"]
    assert compared.exit_code == 0
    assert {one["severity"] for one in warned} == {"warning"}
    assert len(warned) == len(found)

    assert (made.exit_code, again.exit_code, later.exit_code) == (0, 0, 0), made.stderr + again.stdout + later.stderr
    text = (project / "migrations/postgres/0002_renamed.sql").read_text()
    statements = [line for line in text.splitlines() if line and not line.startswith("--")]
    assert [line for line in statements if " RENAME " not in line] == []
    assert len(statements) > len(places(SCHEMA.partition("store: mongo")[0]))
    text = (project / "migrations/postgres/0003_later.sql").read_text()
    assert [line for line in text.splitlines() if line and not line.startswith("--")] == [
        "CREATE SEQUENCE public.more;"
    ]
