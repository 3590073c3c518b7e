"""The text of `diff`: changes grouped by entity, or the statements alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from rich.text import Text

from schematool.app.diff import Block, DiffLine, DiffReport
from schematool.core.describe import Described
from schematool.core.diagnostic import Severity
from schematool.views.show import Look
from schematool.views.text.folding import by_entity, folded
from schematool.views.text.words import columns, symbol


def lines(report: DiffReport, look: Look) -> Iterator[Text | str]:
    """Tell the differences; with `--sql`, print nothing but statements and comments."""
    if report.sql:
        yield from _left_out(report)
        yield from statements(report.blocks)
        return
    if not report.changes:
        yield Text(f"no differences between {report.before} and {report.after}")
        return
    yield from changes(report.changes, verbose=look.verbose)
    counted = Counter(line.change.symbol for line in report.changes)
    words = {"+": "added", "~": "changed", "-": "removed", ">": "renamed"}
    parts = [f"{counted[mark]} {word}" for mark, word in words.items() if counted[mark]]
    consent = f" · needs consent: {', '.join(report.permits)}" if report.permits else ""
    yield Text(f"{', '.join(parts)}{consent}")


def _left_out(report: DiffReport) -> Iterator[str]:
    """Say in the script itself what it does not do: one side has what the model cannot hold."""
    for found in report.diagnostics:
        if found.severity is Severity.ERROR and any(block.store == "postgres" for block in report.blocks):
            yield f"-- not in these statements: {' '.join(found.message.split())}"


def changes(found: tuple[DiffLine, ...], *, verbose: bool = False) -> Iterator[Text]:
    """Tell changes below the entities that they belong to."""
    told = [(line, "") for line in by_entity(found, _look_at)] if verbose else folded(found, _look_at)
    for (store, entity), group in groupby(told, key=lambda pair: (pair[0].store, pair[0].change.entity)):
        yield Text.assemble(("  " + entity, "bold"), f"  ({store})")
        yield from columns([_row(*pair) for pair in group], indent=4)


def _look_at(line: DiffLine) -> tuple[str, Described]:
    return line.store, line.change


def _row(line: DiffLine, parts: str) -> list[str | tuple[str, str]]:
    told = line.change
    codes = " ".join(line.codes)
    return [symbol(told.symbol), told.kind, told.name, parts or told.detail, line.effect, (codes, "yellow")]


def statements(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Print statements that can be run as they stand: psql takes the SQL, a Mongo command is one document.

    Plain strings: Rich would expand the tabs of a function body.
    """
    for block in blocks:
        if block.store == "mongo":
            yield from (step.statement for step in block.steps)
            continue
        if block.transactional:
            yield "begin;"
        for step in block.steps:
            yield _ended(step.statement)
        if block.transactional:
            yield "commit;"


def _ended(statement: str) -> str:
    """End a statement with a semicolon; on a line of its own where a comment would swallow it."""
    text = statement.rstrip()
    if text.endswith(";"):
        return text
    return f"{text}\n;" if "--" in text.rsplit("\n", 1)[-1] else f"{text};"
