"""A password is in nothing that the program prints or writes: every verb, every format, every way to fail.

The verbs and their options are read from the program, so that a new one is tried without being told to anybody.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import typer.main

from schematool.cli.main import app, run
from schematool.views.outcome import Format

PROGRAM: Any = typer.main.get_command(app)
CANARY = "Zq7@canary/x:y"
ENCODED = "Zq7%40canary%2Fx%3Ay"
SIGN = "Zq7"

POSTGRES = f"postgresql://me:{ENCODED}@127.0.0.1:1/app?connect_timeout=2"
MONGO = f"mongodb://me:{ENCODED}@127.0.0.1:1/app?serverSelectionTimeoutMS=20&connectTimeoutMS=200"

# What `dev` says of its stores, and how it goes wrong.
FAULTS = {
    "no server": (f'url = "{POSTGRES}"', f'url = "{MONGO}"'),
    "not escaped": (
        f'url = "postgresql://me:{CANARY}@127.0.0.1:1/app"',
        f'url = "mongodb://me:{CANARY}@127.0.0.1:1/a?serverSelectionTimeoutMS=20&connectTimeoutMS=200"',
    ),
    "no such port": (f'url = "postgresql://me:{ENCODED}@db:99999999/app"', f'url = "mongodb://me:{ENCODED}@db:x/app"'),
    "no such option": (f'url = "{POSTGRES}&nonsense=1"', f'url = "{MONGO}&w=nonsense&tls=maybe"'),
    "in the query": (
        f'url = "postgresql://127.0.0.1:1/app?user=me&password={ENCODED}&sslpassword={ENCODED}"',
        f'url = "mongodb://127.0.0.1:1/app?tls=true&tlsCertificateKeyFile=/no/where&tlsCertificateKeyFilePassword={ENCODED}'
        f'&serverSelectionTimeoutMS=20"',
    ),
    "a variable that is not set": (f'url = "postgresql://me:{ENCODED}@${{NOT_SET}}/app"', f'url = "{MONGO}"'),
    "from a program": (
        'url = "postgresql://me@127.0.0.1:1/app"\npassword_command = ["cat", "word"]',
        f'url = "{MONGO}"',
    ),
    "not TOML": (f'url = "{POSTGRES}', f'url = "{MONGO}"'),
    "another scheme": (f'url = "mysql://me:{ENCODED}@127.0.0.1:1/app"', f'url = "redis://me:{ENCODED}@127.0.0.1:1/0"'),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project of one migration in each store; the clinic's would take longer and say no more."""
    root = tmp_path / "project"
    for store in ("postgres", "mongo"):
        (root / "migrations" / store).mkdir(parents=True)
    (root / "migrations/postgres/0001_a.sql").write_text("create table a (id int);\n")
    (root / "migrations/mongo/0001_a.json").write_text('{"commands": [{"create": "a"}]}\n')
    (root / "schema").mkdir()
    (root / "schema/a.yaml").write_text("entity: a\nstore: postgres\nfields: { id: int }\nprimary_key: [id]\n")
    (root / "word").write_text(CANARY)
    monkeypatch.chdir(root)
    return root


def words(verb: str) -> list[str]:
    """The shortest way to call a verb: with something for each argument that it must have."""
    needed = [p for p in PROGRAM.commands[verb].params if p.required]
    return [verb, *(word for p in needed for word in ([p.opts[0], "x"] if p.opts[0].startswith("-") else ["0001"]))]


def has_format(verb: str) -> bool:
    """Whether the verb takes --format."""
    return any("--format" in p.opts for p in PROGRAM.commands[verb].params)


def printed(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the program in this process; return its exit code and all that reached either stream."""
    with pytest.raises(SystemExit) as end:
        run(list(arguments))
    captured = capfd.readouterr()
    return int(end.value.code or 0), captured.out + captured.err


@pytest.mark.parametrize("fault", FAULTS)
def test_no_verb_in_no_format_tells_it(
    fault: str, folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Streams, logs, warnings and every file of the project are searched for it."""
    postgres, mongo = FAULTS[fault]
    (folder / "schematool.toml").write_text(
        f"[env.dev.postgres]\n{postgres}\n[env.dev.mongo]\n{mongo}\n"
        f'[scratch]\npostgres_url = "{POSTGRES}"\nmongo_url = "{MONGO}"\n'
    )
    known = {path for path in folder.rglob("*") if path.is_file()}
    told: dict[tuple[str, str], tuple[int, str]] = {}
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for verb in PROGRAM.commands:
            # The text of an error is the same whatever the verb; all formats are tried where there is a report.
            formats = list(Format) if verb in {"config", "doctor", "status", "up"} else [Format.TEXT]
            for name in formats if has_format(verb) else [""]:
                flags = ["--format", name, "--verbose"] if name else []
                told[verb, name] = printed(capfd, *words(verb), *flags)
    written = [path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file() and path not in known]

    assert {key: text for key, (_, text) in told.items() if SIGN in text} == {}
    assert SIGN not in caplog.text
    assert [str(one.message) for one in warned if SIGN in str(one.message)] == []
    assert [text for text in written if SIGN in text] == []
    assert told["status", "text"][0] in {2, 3}


def test_flags_and_a_defect_tell_nothing(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL of the command line, and a traceback that is asked for, are masked as well."""
    (folder / "schematool.toml").write_text("")
    flags = ("--postgres-url", POSTGRES, "--mongo-url", MONGO)
    told = [printed(capfd, verb, *flags)[1] for verb in ("status", "migrate", "verify", "doctor", "config")]
    told.append(printed(capfd, "diff", POSTGRES, MONGO)[1])
    monkeypatch.setenv("SCHEMATOOL_DEBUG", "1")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"a defect with {CANARY}, {ENCODED} and {POSTGRES}")

    monkeypatch.setattr("schematool.app.status.run", broken)
    code, text = printed(capfd, "status", *flags)
    told.append(text)

    assert code == 3
    assert "Traceback" in text
    assert [text for text in told if SIGN in text] == []


def test_the_canary_would_be_seen(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With masking taken away the same search finds it, so that the tests above can fail."""
    (folder / "schematool.toml").write_text(f'[env.dev.postgres]\nurl = "{POSTGRES}"\n')
    monkeypatch.setattr("schematool.core.secret.mask", lambda text, *_: text)
    monkeypatch.setattr("schematool.core.secret._hidden", lambda _: [])

    assert SIGN in printed(capfd, "config")[1]
