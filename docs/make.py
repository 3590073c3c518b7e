"""Make the reference pages from what they describe: the command line, the codes, the language.

`make docs` writes them; `tests/docs` fails with that command when one is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer.main

from schematool.app import erd
from schematool.app.workspace import open_workspace
from schematool.cli.main import app
from schematool.core.codes import ROWS
from schematool.core.erd.words import Rows
from schematool.core.language_page import language_page

FOLDER = Path(__file__).resolve().parent
MARK = "<!-- Made by `make docs`. Do not edit. -->"
FAMILIES = {
    "ST0": "Usage and configuration",
    "ST1": "The language",
    "ST2": "Hazards of both stores and of PostgreSQL",
    "ST3": "Hazards of MongoDB",
    "ST4": "History and integrity",
    "ST5": "The world",
    "ST6": "Drift, what is not modelled, patterns and data",
}


def pages() -> Mapping[str, str]:
    """Return every page that is made, by file name."""
    return {"cli.md": cli_page(), "codes.md": codes_page(), "language.md": language_page()}


def cli_page() -> str:
    """Return the reference of the command line, read from the program itself."""
    program: Any = typer.main.get_command(app)
    lines = ["# The command line", "", MARK, "", program.help, "", program.epilog.replace("\n", " ").strip(), ""]
    for name, verb in verbs(program):
        lines += [f"## {name}", "", *paragraph(verb.help), *usage(name, verb), *table(verb), *examples(verb)]
    return "\n".join(lines).rstrip() + "\n"


def verbs(program: Any) -> list[tuple[str, Any]]:
    """Return every verb with its name; those of a group have two words."""
    found: list[tuple[str, Any]] = []
    for name, verb in program.commands.items():
        inner = getattr(verb, "commands", None)
        found += [(f"{name} {word}", one) for word, one in inner.items()] if inner else [(name, verb)]
    return found


def paragraph(text: str) -> list[str]:
    """Return a help text as one paragraph."""
    return [" ".join(text.split()), ""]


def usage(name: str, verb: Any) -> list[str]:
    """Return the line that says how a verb is typed."""
    places = [parameter.metavar or f"[{parameter.name.upper()}]" for parameter in arguments(verb)]
    return ["```text", " ".join(["schematool", name, "[OPTIONS]", *places]), "```", ""]


def arguments(verb: Any) -> list[Any]:
    """Return the positional parameters."""
    return [parameter for parameter in verb.params if parameter.param_type_name == "argument"]


def table(verb: Any) -> list[str]:
    """Return arguments and options with what they mean."""
    rows = ["| | |", "|---|---|"]
    for parameter in verb.params:
        if parameter.name == "help" or getattr(parameter, "hidden", False):
            continue
        if parameter.param_type_name == "argument":
            shown = f"`{parameter.name.upper()}`"
        else:
            shown = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        rows.append(f"| {shown} | {' '.join((parameter.help or '').split()).replace('|', chr(92) + '|')} |")
    return [*rows, ""]


def examples(verb: Any) -> list[str]:
    """Return the examples of a verb's help."""
    lines = [line.strip() for line in (verb.epilog or "").splitlines()]
    commands = [line for line in lines if line.startswith("$ ")]
    return ["```console", *commands, "```", ""] if commands else []


def codes_page() -> str:
    """Return the catalogue of codes: what `explain` says, on one page."""
    lines = ["# Codes", "", MARK, "", "`schematool explain CODE` prints the same.", ""]
    for family, title in FAMILIES.items():
        lines += [f"## {title}", ""]
        for row in (row for row in ROWS if row.code.startswith(family)):
            permit = f" Permit: `--allow {row.permit}`." if row.permit else ""
            lines += [f"### {row.code}: {row.title}", "", f"{row.severity.value.capitalize()}.{permit}", ""]
            lines += [text for part in (row.why, row.remedy) if part for text in (part, "")]
            if row.example:
                lines += ["```yaml", row.example.rstrip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def diagrams(*, check: bool = False) -> list[erd.ErdReport]:
    """Draw the clinic, as a picture and as the Mermaid text of its page; `check`: only compare."""
    workspace = open_workspace(FOLDER.parent, {})
    files = ((FOLDER / "clinic.svg", Rows.ALL), (FOLDER / "clinic.md", Rows.KEYS))
    return [erd.run(workspace, erd.Wish(rows=rows, output=file, check=check)) for file, rows in files]


def main() -> int:
    """Write the pages."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    diagrams()
    return 0


if __name__ == "__main__":
    sys.exit(main())
