"""What the program says and does without any server: arguments, exit code, both streams, files written, together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import Ran

GOLDEN = Path(__file__).parent / "golden"

SCHEMA = """\
entity: users
store: postgres
fields:
  id:    { type: uuid, default: gen_random_uuid() }
  email: { type: text, required: true }
primary_key: [id]
"""
BROKEN = """\
entity: users
store: postgres
fields:
  id:    { type: uuidd }
  email: { typ: text }
"""
CONFIG = """\
[env.dev]

[env.prod]
protected = true

[env.prod.postgres]
url = "${PROD_URL}"
"""

CASES: dict[str, tuple[Sequence[str], dict[str, str]]] = {
    "no_project": (("status",), {}),
    "config": (("config",), {"schematool.toml": CONFIG}),
    "config_unknown_key": (("config",), {"schematool.toml": 'shcema = "x"\n[env.dev.postgres]\nulr = "y"\n'}),
    "config_not_toml": (("config",), {"schematool.toml": "[env.dev\n"}),
    "config_unset_variable": (("config", "--env", "prod"), {"schematool.toml": CONFIG}),
    "config_unknown_env": (("config", "--env", "prdo"), {"schematool.toml": CONFIG}),
    "config_github": (("config", "--env", "prod", "--format", "github"), {"schematool.toml": CONFIG}),
    "lint_clean": (("lint",), {"schematool.toml": "", "schema/users.yaml": SCHEMA}),
    "lint_findings": (("lint",), {"schematool.toml": "", "schema/users.yaml": BROKEN}),
    "lint_concise": (("lint", "--format", "concise"), {"schematool.toml": "", "schema/users.yaml": BROKEN}),
    "lint_sarif": (("lint", "--format", "sarif"), {"schematool.toml": "", "schema/users.yaml": BROKEN}),
    "lint_junit": (("lint", "--format", "junit"), {"schematool.toml": "", "schema/users.yaml": BROKEN}),
    "lint_markdown": (("lint", "--format", "markdown"), {"schematool.toml": "", "schema/users.yaml": BROKEN}),
    "lint_json": (("lint", "--format", "json"), {"schematool.toml": "", "schema/users.yaml": BROKEN}),
    "explain_code": (("explain", "ST201"), {}),
    "explain_unknown": (("explain", "ST299"), {"schematool.toml": ""}),
    "explain_entity": (("explain", "users"), {"schematool.toml": "", "schema/users.yaml": SCHEMA}),
    "erd": (("erd", "--fields", "keys"), {"schematool.toml": "", "schema/users.yaml": SCHEMA}),
    "erd_unknown_focus": (("erd", "--focus", "user"), {"schematool.toml": "", "schema/users.yaml": SCHEMA}),
    "erd_no_picture": (("erd", "-o", "users.jpg"), {"schematool.toml": "", "schema/users.yaml": SCHEMA}),
    "erd_broken": (("erd",), {"schematool.toml": "", "schema/users.yaml": BROKEN}),
    "new": (("new", "Fill in countries"), {"schematool.toml": ""}),
    "diff_unknown_source": (("diff", "foo", "bar"), {"schematool.toml": ""}),
    "diff_not_a_database": (("diff", "http://a/b", "live"), {"schematool.toml": ""}),
    "generate_unknown_permit": (("generate", "--allow", "everything"), {"schematool.toml": ""}),
    "rollback_number_and_to": (("rollback", "2", "--to", "0001_a"), {"schematool.toml": ""}),
    "unknown_verb": (("dif",), {}),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_says(name: str, tmp_path: Path, run_cli: Callable[..., Ran], golden: Callable[[Path, str], None]) -> None:
    """Arguments, exit code, standard output, standard error and files written are as reviewed."""
    arguments, files = CASES[name]
    write(tmp_path, files)
    ran = run_cli(*arguments)
    written = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    text = "\n".join(
        [
            f"$ schematool {' '.join(arguments)}",
            f"exit {ran.exit_code}",
            "--- stdout",
            ran.stdout,
            "--- stderr",
            ran.stderr,
            "--- files",
            *(file for file in written if file not in files),
            "",
        ]
    )
    golden(GOLDEN / f"{name}.txt", text.replace(str(tmp_path), "PROJECT"))


def write(root: Path, files: dict[str, str]) -> None:
    """Put files below a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


VERBS = [
    *("init", "generate", "import", "new", "lint", "lock"),
    *("migrate", "rollback", "purge", "up", "down"),
    *("diff", "verify", "status", "explain", "erd", "config"),
    *("docs build", "docs serve", "docs diff"),
]


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_three_examples(verb: str, run_cli: Callable[..., Ran]) -> None:
    """`--help` of every verb ends with three lines that can be pasted."""
    ran = run_cli(*verb.split(), "--help")

    assert ran.exit_code == 0
    assert ran.stdout.count(f"$ schematool {verb}") == 3


def test_help_lists_every_verb(run_cli: Callable[..., Ran]) -> None:
    """The first page names the verbs on their three panels, and the exit codes."""
    page = run_cli("--help").stdout

    assert all(f" {verb.split()[0]} " in page for verb in VERBS)
    assert all(f" {panel} " in page for panel in ("Author", "Apply", "Inspect"))
    assert "130 interrupted" in page


def test_init_makes_a_project_that_lints_clean(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """`init` writes files that the other verbs accept, and keeps what is there when it runs again."""
    first = run_cli("init", "--ci", "github")
    again = run_cli("init", "--format", "json")
    lint = run_cli("lint", "--format", "json")

    assert first.exit_code == 0, first.stderr
    assert (tmp_path / "schematool.toml").is_file()
    assert json.loads(again.stdout)["data"]["written"] == []
    assert json.loads(lint.stdout)["data"]["errors"] == 0, lint.stdout


def test_envelope_of_an_error_has_every_key(run_cli: Callable[..., Ran]) -> None:
    """JSON has the same keys whether a command succeeds or fails."""
    failed = json.loads(run_cli("status", "--format", "json").stdout)
    worked = json.loads(run_cli("explain", "ST201", "--format", "json").stdout)

    assert failed.keys() == worked.keys()
    assert (failed["ok"], failed["exit_code"], failed["diagnostics"][0]["code"]) == (False, 2, "ST001")
    assert (worked["version"], worked["command"], worked["ok"]) == (1, "explain", True)


def test_color_is_asked_for_and_never_needed(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """Off a terminal there is no colour, `--color always` brings it, and the words are the same."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": BROKEN})
    plain = run_cli("lint").stdout
    colored = run_cli("lint", "--color", "always").stdout

    assert "\x1b[" not in plain
    assert "\x1b[31" in colored or "\x1b[1;31m" in colored
    for part in ("ST10", "schema/users.yaml:4", "^"):
        assert part in plain


def test_output_goes_to_a_file(tmp_path: Path, run_cli: Callable[..., Ran]) -> None:
    """`--output` takes the result away from standard output."""
    ran = run_cli("explain", "ST201", "--format", "json", "--output", "out.json")

    assert ran.stdout == ""
    assert json.loads((tmp_path / "out.json").read_text())["ok"]


@pytest.mark.parametrize(
    "arguments", [("--help",), ("lint",), ("config",), ("explain", "users"), ("explain", "ST201")], ids=" ".join
)
def test_pure_commands_import_no_driver(arguments: Sequence[str], tmp_path: Path) -> None:
    """What needs no server loads no driver: they cost a quarter of a second."""
    write(tmp_path, {"schematool.toml": "", "schema/users.yaml": SCHEMA})

    assert drivers_after(arguments, tmp_path) == "[]"


def drivers_after(arguments: Sequence[str], folder: Path) -> str:
    """Run the program in a process of its own and say which drivers it has loaded at the end."""
    program = (
        "import sys, atexit\n"
        "drivers = ('psycopg', 'pymongo', 'yoyo', 'bson')\n"
        "atexit.register(lambda: print([d for d in drivers if d in sys.modules], file=sys.stderr))\n"
        "from schematool.cli.main import run\n"
        f"run({list(arguments)!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False, env={**os.environ}
    )
    return done.stderr.strip().splitlines()[-1]


def test_a_defect_is_one_line_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody foresaw ends with exit code 3, one masked line, and how to report it."""
    from schematool.app import explain  # noqa: PLC0415  # the module that is made to fail
    from schematool.cli.main import run  # noqa: PLC0415  # after the settings of the user are gone

    def fail(*_: object) -> None:
        raise RuntimeError("cannot use postgresql://app:hunter2@db/app")

    monkeypatch.setattr(explain, "run", fail)
    with pytest.raises(SystemExit) as left:
        run(["explain", "ST201"])
    said = capsys.readouterr().err

    assert left.value.code == 3
    assert "this is a bug in schematool" in said
    assert "Traceback" not in said
    assert "hunter2" not in said


CANARY = "c4nary+S3cret"


@pytest.mark.parametrize("form", ["text", "concise", "json", "github", "sarif", "junit", "markdown"])
@pytest.mark.parametrize(
    "arguments",
    [("config",), ("status",), ("verify",), ("migrate", "--yes"), ("diff", "live", "empty")],
    ids=" ".join,
)
def test_no_output_ever_holds_a_password(
    arguments: Sequence[str], form: str, tmp_path: Path, run_cli: Callable[..., Ran]
) -> None:
    """A marker password in every URL turns up in no stream of any format, also when no server answers."""
    postgres = f"postgresql://app:{CANARY}@127.0.0.1:1/app?connect_timeout=1"
    mongo = f"mongodb://app:{CANARY}@127.0.0.1:1/app?serverSelectionTimeoutMS=200"
    migration = "migrations/postgres/0001_a.sql"
    write(
        tmp_path,
        {
            "schematool.toml": f'[env.dev.postgres]\nurl = "{postgres}"\n[env.dev.mongo]\nurl = "{mongo}"\n',
            migration: "-- a\n\nselect 1;\n",
            "migrations/postgres/0001_a.rollback.sql": "select 1;\n",
        },
    )
    ran = run_cli(*arguments, "--format", form)

    assert CANARY not in ran.stdout + ran.stderr
    assert arguments == ("config",) or ran.exit_code in {2, 3}
