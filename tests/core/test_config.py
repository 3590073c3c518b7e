"""The configuration: what it says, where it came from, what is wrong with it."""

from __future__ import annotations

import pytest

from schematool.core.config import EMBEDDED, parse, scratch_place, target
from schematool.core.timeouts import Timeouts

TEXT = """\
default_env = "local"
lock_timeout = 5

[env.local]

[env.prod]
protected = true
[env.prod.postgres]
url = "${DATABASE_URL}"
[env.prod.mongo]
url = "${MONGO_URL:-mongodb://db/app}"

[scratch]
postgres_url = "postgresql://scratch/x"
"""


def test_ledger_has_no_setting() -> None:
    """Where the ledger is was once a key that reached no engine; it is fixed, and the key is told to be unknown."""
    _, found = parse("schematool.toml", 'ledger_schema = "ops"\n')

    assert [(each.code, each.message) for each in found] == [("ST002", "unknown key `ledger_schema`")]


def test_flag_beats_variable_beats_table_beats_default() -> None:
    """The four places of a URL are asked in order, and the answer says which one it was."""
    config, found = parse("schematool.toml", TEXT)
    assert not found
    variables = {"DATABASE_URL": "postgresql://table/x", "SCHEMATOOL_POSTGRES_URL": "postgresql://variable/x"}
    flags = {"postgres": "postgresql://flag/x"}

    by_flag, _ = target(config, "prod", variables, flags=flags)
    by_variable, _ = target(config, "prod", variables)
    by_table, _ = target(config, "prod", {"DATABASE_URL": "postgresql://table/x"})
    by_default, _ = target(config, None, {})

    assert by_flag.places["postgres"].origin == "--postgres-url"
    assert by_variable.places["postgres"].origin == "SCHEMATOOL_POSTGRES_URL"
    assert by_table.places["postgres"].origin == "schematool.toml:9"
    assert by_table.protected
    assert (by_default.name, by_default.places["mongo"].origin) == ("local", EMBEDDED)


def test_unset_variable_is_a_finding_with_its_place() -> None:
    """`${NAME}` without a value points at itself; another environment is not bothered by it."""
    config, _ = parse("schematool.toml", TEXT)
    _, found = target(config, "prod", {})
    _, none = target(config, "local", {})

    assert [(d.code, d.span.line if d.span else 0, d.span.column if d.span else 0) for d in found] == [("ST004", 9, 8)]
    assert not none


def test_only_the_default_environment_is_embedded() -> None:
    """A production environment without a URL has no store: never a fresh, empty database."""
    config, _ = parse("schematool.toml", "[env.prod.postgres]\nurl = 'postgresql://p/x'\n")
    chosen, _ = target(config, "prod", {})

    assert set(chosen.places) == {"postgres"}


def test_every_mistake_is_found_at_once() -> None:
    """Unknown keys and wrong types are reported together, each at its line."""
    text = 'exclude = "x"\nshcema = "y"\n[env.dev]\nprotected = "yes"\n[env.dev.postgres]\nulr = "z"\n'
    _, found = parse("schematool.toml", text)

    assert sorted(d.span.line for d in found if d.span) == [1, 2, 4, 6]
    assert any(d.hint == "did you mean `schema`?" for d in found)


def test_pyproject_table_is_read() -> None:
    """`[tool.schematool]` says the same as schematool.toml."""
    text = "[project]\nname = 'x'\n[tool.schematool]\nschema = 'entities'\n[tool.schematool.env.dev.postgres]\nurl = 'postgresql://h/d'\n"
    config, found = parse("pyproject.toml", text)

    assert not found
    assert config.schema == "entities"
    assert config.environments["dev"].urls["postgres"].span.line == 6


def test_scratch_is_its_own_place() -> None:
    """What tries things out is never the database of an environment by accident."""
    config, _ = parse("schematool.toml", TEXT)

    assert scratch_place(config, "postgres", {})[0].origin == "schematool.toml:14"
    assert scratch_place(config, "mongo", {"SCHEMATOOL_MONGO_URL": "mongodb://live/x"})[0].origin == EMBEDDED


def test_broken_toml_points_at_its_line() -> None:
    """What is not TOML is a finding with the line that the reader stumbled over."""
    _, found = parse("schematool.toml", "a = 1\nb = = 2\n")

    assert [(d.code, d.span.line if d.span else 0) for d in found] == [("ST002", 2)]


def test_models_have_places() -> None:
    """Each target has its file; a target that is not known, and a place that is no text, are told."""
    config, found = parse("schematool.toml", '[models]\npydantic = "app/models.py"\n')
    _, wrong = parse("schematool.toml", '[models]\npydantik = "x"\ntypescript = 5\n')

    assert (dict(config.models), list(found)) == ({"pydantic": "app/models.py"}, [])
    assert [(each.message, each.hint) for each in wrong] == [
        ("unknown key `pydantik`", "did you mean `pydantic`?"),
        ("`models.typescript` must be a string", None),
    ]


def test_timeouts_of_an_environment() -> None:
    """What is said replaces the default; what is not keeps it."""
    config, found = parse("schematool.toml", TEXT + "[env.prod.postgres.timeouts]\nbrief = 0.5\nlock = 3\n")
    chosen, _ = target(config, "prod", {"DATABASE_URL": "postgresql://x/y"})

    assert not found
    assert chosen.timeouts == Timeouts(brief=0.5, lock=3.0)
    assert target(config, None, {})[0].timeouts == Timeouts()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("brief = -1", "`env.x.postgres.timeouts.brief` must be 0 (no limit) or more and at most 2147483 seconds"),
        ("lock = 0", "`env.x.postgres.timeouts.lock` must be more than 0 and at most 2147483 seconds"),
        ("rows = 1e9", "`env.x.postgres.timeouts.rows` must be 0 (no limit) or more and at most 2147483 seconds"),
        ("build = nan", "`env.x.postgres.timeouts.build` must be 0 (no limit) or more and at most 2147483 seconds"),
        ('brief = "5s"', "`env.x.postgres.timeouts.brief` must be a number"),
        ("breif = 5", "unknown key `breif`"),
    ],
)
def test_a_timeout_that_cannot_be(line: str, message: str) -> None:
    """Negative, endless, no number, misspelt: a finding at its line."""
    _, found = parse("schematool.toml", f"[env.x.postgres.timeouts]\n{line}\n")

    assert [(each.code, each.message, each.span.line if each.span else 0) for each in found] == [("ST002", message, 2)]


def test_mongo_has_no_timeouts() -> None:
    """The key is PostgreSQL's."""
    _, found = parse("schematool.toml", "[env.x.mongo.timeouts]\nbrief = 1\n")

    assert [each.message for each in found] == ["unknown key `timeouts`"]
