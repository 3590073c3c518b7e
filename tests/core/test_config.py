"""The configuration: what it says, where it came from, what is wrong with it."""

from __future__ import annotations

from schematool.core.config import EMBEDDED, parse, scratch_place, target

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
