"""`init`: the first files of a project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from schematool.app.report import Report
from schematool.app.workspace import CONFIG_FILE, find_root, write_all
from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import Refused

_CONFIG = """\
# schematool: where the schema is and where the databases are. `schematool config` prints what is in effect.
schema = "schema"
migrations = "migrations"
default_env = "dev"

# Without a URL, the default environment uses embedded servers that live under .schematool/.
# [env.dev.postgres]
# url = "${DATABASE_URL:-postgresql://localhost:5432/app}"
# [env.dev.mongo]
# url = "${MONGO_URL:-mongodb://localhost:27017/app?replicaSet=rs0}"

# [env.prod]
# protected = true
# [env.prod.postgres]
# url = "${PROD_DATABASE_URL}"
# [env.prod.mongo]
# url = "${PROD_MONGO_URL}"
"""

_EXAMPLE = """\
# yaml-language-server: $schema=../.schematool/schema.json
# $schema: ../.schematool/schema.json
entity: users
store: postgres
description: Everyone who can sign in.
fields:
  id:         { type: uuid, default: gen_random_uuid() }
  email:      { type: text, required: true, description: Unique without regard to case. }
  created_at: { type: timestamptz, required: true, default: now() }
primary_key: [id]
indexes:
  - { on: [email], unique: true }
---
entity: events
store: mongo
description: What users did.
fields:
  userId: { type: string, format: uuid, required: true, references: users.id }
  kind:   { type: string, required: true, one_of: [signed_in, signed_out] }
  at:     { type: date, required: true }
indexes:
  - { on: { userId: 1, at: -1 } }
"""

_GITHUB = """\
name: schema
on: [push, pull_request]
permissions:
  contents: read
jobs:
  schema:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: { python-version: "3.12" }
      - run: pip install 'schematool[embedded]'
      - run: schematool lint --format github
      - run: schematool generate --check --format github
      - run: schematool status --format markdown >> "$GITHUB_STEP_SUMMARY" || true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitReport(Report):
    """The files that were made, and those that were there and stay as they are."""

    command: ClassVar[str] = "init"

    root: str
    written: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def run(folder: Path, *, ci: str | None = None) -> InitReport:
    """Make what is missing; nothing that exists is written over."""
    folder = folder.resolve()
    above = find_root(folder)
    if above is not None and above[0] != folder:
        raise Refused(
            Diagnostic(
                "ST009",
                f"{above[0]} is a schematool project already, and this folder is inside it",
                hint="work there, or make the new project outside of it",
            ),
            state="nothing was written",
        )
    files = _files(folder, ci)
    missing = {name: text for name, text in files.items() if not (folder / name).exists()}
    if above is not None:
        missing.pop(CONFIG_FILE, None)
    write_all(folder, missing)
    ignored = _ignore(folder)
    return InitReport(
        root=str(folder),
        written=(*missing, *ignored),
        kept=tuple(name for name in files if name not in missing),
        hint="edit schema/, then `schematool generate -m initial` and `schematool migrate`",
    )


def _files(folder: Path, ci: str | None) -> dict[str, str]:
    from schematool.core.jsonschema import schema_text  # noqa: PLC0415  # only `init` needs the whole language

    files = {CONFIG_FILE: _CONFIG, ".schematool/schema.json": schema_text()}
    if not any((folder / "schema").rglob("*.y*ml")):
        files["schema/example.yaml"] = _EXAMPLE
    if ci == "github":
        files[".github/workflows/schema.yml"] = _GITHUB
    return files


def _ignore(folder: Path) -> tuple[str, ...]:
    """Keep the data of the embedded servers out of version control, and the editor's schema in it."""
    path = folder / ".gitignore"
    text = path.read_text("utf-8") if path.exists() else ""
    if ".schematool/" in text:
        return ()
    gap = "" if not text or text.endswith("\n") else "\n"
    write_all(folder, {".gitignore": f"{text}{gap}.schematool/*\n!.schematool/schema.json\n"})
    return (".gitignore",)
