"""Rules about migration files, generated or by hand: dangers without consent, and what cannot run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from schematool.core.codes import CODES
from schematool.core.diagnostic import Diagnostic, Severity, Span, in_order
from schematool.core.history.loss import losses, made
from schematool.core.history.unit import Unit
from schematool.core.sql.elsewhere import instead

_NAME = r'(?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?'
_ALONE = re.compile(
    r"\s*(create\s+(unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|reindex\b.*\bconcurrently|vacuum\b"
    r"|create\s+database|drop\s+database|alter\s+system|create\s+tablespace|drop\s+tablespace)",
    re.IGNORECASE,
)
_TRANSACTION = re.compile(r"\s*(begin|start\s+transaction|commit|end|rollback|abort|savepoint)\b\s*", re.IGNORECASE)
_CREATE_TABLE = re.compile(rf"\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?({_NAME})", re.IGNORECASE)
_CREATE_INDEX = re.compile(
    rf"\s*create\s+(?:unique\s+)?index\s+(?!concurrently\b).*?\bon\s+(?:only\s+)?({_NAME})", re.IGNORECASE | re.DOTALL
)
_ALTER_TABLE = re.compile(
    rf"\s*alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?({_NAME})\s+(.*)", re.IGNORECASE | re.DOTALL
)
_VALIDATED = re.compile(
    r"\badd\s+(constraint\s+\S+\s+)?(check|foreign\s+key|exclude|unique|primary\s+key)\b", re.IGNORECASE
)
_SET_NOT_NULL = re.compile(r"\balter\s+(column\s+)?\S+\s+set\s+not\s+null\b", re.IGNORECASE)


def lint_units(units: Iterable[Unit]) -> tuple[Diagnostic, ...]:
    """Run every rule over parsed migration halves, in the order in which they are applied."""
    found: list[Diagnostic] = []
    views: set[str] = set()
    for unit in units:
        found += _consents(unit)
        found += _uncovered_losses(unit, views)
        if unit.store == "postgres":
            found += _transactions(unit)
            found += _scans(unit)
            found += lint_untried(unit)
    return in_order(found)


def lint_nothing(unit: Unit, up_file: str, down_file: str) -> tuple[Diagnostic, ...]:
    """Find a file without a statement; a migration whose two files are both empty is one finding.

    `up_file`, `down_file`: their paths, since there is no statement whose place could be told.
    """
    if "ST425" in _allowed(unit) or (unit.up and (unit.down is None or unit.down)):
        return ()
    noun = "command" if unit.store == "mongo" else "statement"
    if not unit.up:
        message, file, hint = f"`{unit.id}` has no {noun}: it does nothing", up_file, "write it, or delete its files"
    else:
        message = f"the rollback file of `{unit.id}` has no {noun}: it takes nothing back"
        file, hint = down_file, "write it, or delete the file: then `rollback` says that there is no way back"
    return (Diagnostic("ST425", message, Span(file, 1, 1), hint, Severity.WARNING, unit.id),)


def lint_untried(unit: Unit) -> tuple[Diagnostic, ...]:
    """Tell of statements that run otherwise, or not at all, while the migration is tried."""
    return tuple(
        Diagnostic(
            "ST426", f"on scratch this is not run as it is: {found.why}", command.span, None, Severity.NOTE, unit.id
        )
        for command in (*unit.up, *(unit.down or ()))
        if (found := instead(command.text))
    )


def _consents(unit: Unit) -> Iterator[Diagnostic]:
    """A consent to something that no one knows protects from nothing."""
    for consent in unit.consents:
        if consent.code not in CODES:
            message = f"`{consent.code}` is no code of schematool"
            yield Diagnostic("ST160", message, consent.span, "remove it, or correct the code", Severity.WARNING)


def _allowed(unit: Unit) -> frozenset[str]:
    return frozenset(consent.code for consent in unit.consents)


_CONSENTS = {
    "postgres": "-- schematool: allow ST201 because …",
    "mongo": '"allow": [{"code": "ST201", "because": "…"}]',
}


def _uncovered_losses(unit: Unit, views: set[str]) -> Iterator[Diagnostic]:
    """Statements that delete data in a file that does not say so.

    MongoDB drops a view with the command that drops a collection: `views` are those of the migrations so far.
    """
    allowed = "ST201" in _allowed(unit)
    for command in unit.up:
        name, is_view = made(command.text) if unit.store == "mongo" else (None, False)
        if name:
            (views.add if is_view else views.discard)(name)
        if not allowed and any(loss.certain and loss.name not in views for loss in losses(unit.store, command.text)):
            hint = f"say so in the file: `{_CONSENTS[unit.store]}`"
            yield Diagnostic("ST201", "this deletes data", command.span, hint, Severity.ERROR, unit.id)


def _transactions(unit: Unit) -> Iterator[Diagnostic]:
    """What cannot stand in the one transaction of a file."""
    for command in (*unit.up, *(unit.down or ())):
        if unit.transactional and _ALONE.match(command.text):
            hint = "put it into a migration of its own that begins with `-- transactional: false`"
            message = "PostgreSQL refuses this inside a transaction"
            yield Diagnostic("ST122", message, command.span, hint, Severity.ERROR, unit.id)
        elif _TRANSACTION.match(command.text):
            message = "a migration file is one transaction already"
            yield Diagnostic("ST122", message, command.span, "remove it", Severity.ERROR, unit.id)


def _scans(unit: Unit) -> Iterator[Diagnostic]:
    """Whole-table work under a lock that blocks, on tables that this file did not make itself."""
    if "ST204" in _allowed(unit):
        return
    made: set[str] = set()
    for command in unit.up:
        if created := _CREATE_TABLE.match(command.text):
            made.add(_bare(created.group(1)))
            continue
        why = _blocking(command.text, made)
        if why:
            hint = f"{why}, or say so in the file: `-- schematool: allow ST204 because …`"
            message = "this reads the whole table while it blocks writers"
            yield Diagnostic("ST204", message, command.span, hint, Severity.WARNING, unit.id)


def _blocking(text: str, made: set[str]) -> str | None:
    """What to do instead, when a statement scans an existing table under a lock."""
    if (index := _CREATE_INDEX.match(text)) and _bare(index.group(1)) not in made:
        return "use CREATE INDEX CONCURRENTLY in a file of its own"
    altered = _ALTER_TABLE.match(text)
    if altered is None or _bare(altered.group(1)) in made:
        return None
    action = altered.group(2)
    if _VALIDATED.search(action) and not re.search(r"(?i)\bnot\s+valid\b|\bnot\s+enforced\b|\busing\s+index\b", action):
        return "add it NOT VALID and validate it in the next file, or build its index concurrently first"
    if _SET_NOT_NULL.search(action):
        return "add a CHECK (… IS NOT NULL) NOT VALID, validate it, then SET NOT NULL"
    return None


def _bare(name: str) -> str:
    return re.sub(r"\s|\"", "", name).rpartition(".")[2].lower()
