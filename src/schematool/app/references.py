"""Checking references that cross from documents to rows or documents: orphans, and values that can refer to nothing.

No snapshot spans two databases, so what is found is a candidate first: children are read before parents, and after a
grace period each candidate is asked for again on both sides. Only what then still refers to nothing is told, as counts
and ids of documents.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from schematool.app.journal import Journal
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.errors import WorldError
from schematool.core.links import Link, read_links
from schematool.core.model.entity import Model
from schematool.engines.contract import Counted, Engine, Listener, Ordered, ReferredTo, Referring

GRACE_SECONDS = 2.0
"""How long after the first look a candidate is asked for again: a transfer between the stores may be under way."""
SHOWN = 20
"""So many ids of documents are named; the number is always the whole one."""
CHUNK = 1_000
_FAR_MORE = 20
"""So many times more keys than references make it quicker to ask for each than to read all keys."""


@dataclass(frozen=True, slots=True)
class ReferenceCheck:
    """What was found of one reference. `values`: by what they are.

    `strategy`: `distinct`, `merge`, `batches`, or empty where nothing was to be compared. `orphans`: documents that
    refer to nothing; `ids`: those of the first of them.
    """

    source: str
    target: str
    strategy: str
    values: Mapping[str, int] = field(default_factory=dict)
    orphans: int = 0
    ids: tuple[str, ...] = ()


def check_references(  # noqa: PLR0913  # one call says all that a check is told
    model: Model,
    engines: Mapping[str, Engine],
    file: Path,
    listen: Listener,
    *,
    resume: bool = False,
    only: str | None = None,
    grace_seconds: float = GRACE_SECONDS,
) -> tuple[tuple[ReferenceCheck, ...], tuple[Diagnostic, ...]]:
    """Check every reference of a collection whose both ends are open.

    `file`: where the state of an interrupted run is kept; `resume` goes on from it. Memory stays flat, whatever the
    number of references.
    """
    links = [
        link
        for link in read_links(model)
        if {"mongo", link.store} <= set(engines) and only in {None, link.collection, link.entity}
    ]
    if not links:
        return (), ()
    checks: list[ReferenceCheck] = []
    found: list[Diagnostic] = []
    journal = Journal(file, resume=resume)
    try:
        for link in links:
            if link.kind is None:
                message = f"`{link.source}` is of a type that cannot be compared with `{link.target}`"
                found.append(Diagnostic("ST630", message, link.span, severity=Severity.NOTE, subject=link.source))
                continue
            checks.append(_Check(link, engines, journal, listen).run(grace_seconds))
            found += _findings(link, checks[-1])
    except sqlite3.Error as error:
        journal.stop()
        message = f"cannot write down how far the check came: {error}"
        raise WorldError(Diagnostic("ST008", message, hint="make room, then run it again with --resume")) from error
    except BaseException:
        journal.stop()
        raise
    journal.close()
    return tuple(checks), tuple(found)


class _Check:
    """One reference on its way: classify, compare, ask again."""

    def __init__(self, link: Link, engines: Mapping[str, Engine], journal: Journal, listen: Listener) -> None:
        self.link, self.journal, self.listen = link, journal, listen
        self.name = f"{link.source} → {link.target}"
        self.children = cast("Referring", engines["mongo"])
        self.parents = cast("ReferredTo", engines[link.store])
        self.ordered = cast("Ordered", engines[link.store]) if isinstance(engines[link.store], Ordered) else None

    def run(self, grace_seconds: float) -> ReferenceCheck:
        """Do all of it, or what is left of it."""
        if (done := self.journal.result(self.name)) is not None:
            return _from_json(done)
        kinds = self.journal.kinds(self.name)
        if kinds is None:
            kinds = self.children.classes(self.link)
            self.journal.counted(self.name, kinds)
        total = kinds.get("canonical", 0)
        strategy = self._compare(total) if total else ""
        self.listen(Counted(self.name, total, total))
        orphans, ids = self._asked_again(grace_seconds)
        check = ReferenceCheck(self.link.source, self.link.target, strategy, kinds, orphans, ids)
        self.journal.end(self.name, _to_json(check))
        return check

    def _compare(self, total: int) -> str:
        """Write every candidate down, in the quickest way there is; says which.

        Few distinct values are asked for; else two sorted streams go side by side; else each batch is asked for.
        """
        link, name, after, seen = self.link, self.name, self.journal.position(self.name), self.journal.seen(self.name)
        if not seen and (values := self.children.distinct(link)) is not None:
            for start in range(0, len(values), CHUNK):
                self.journal.missing(name, self.parents.absent(link, values[start : start + CHUNK]))
            return "distinct"
        merge = self._merge(total, after)
        for batch in self.children.batches(link, after):
            absent = merge.absent(batch.values) if merge else self.parents.absent(link, sorted(set(batch.values)))
            self.journal.missing(name, absent)
            self.journal.passed(name, batch.position, batch.seen)
            seen += batch.seen
            self.listen(Counted(name, min(seen, total - 1), total))
        return "merge" if merge else "batches"

    def _merge(self, total: int, after: str | None) -> _Merge | None:
        if self.ordered is None or self.link.kind != "uuid" or not self.children.is_sorted(self.link):
            return None
        rows = self.ordered.rows(self.link)
        if rows is None or rows > max(total, 1) * _FAR_MORE:
            return None
        return _Merge(self.ordered.keys(self.link, after))

    def _asked_again(self, grace_seconds: float) -> tuple[int, tuple[str, ...]]:
        """Count the documents whose candidate is still referred to and still refers to nothing."""
        orphans, waited = 0, False
        ids: list[str] = []
        self.journal.none_held(self.name)
        for values in self.journal.candidates(self.name, CHUNK):
            if not waited:
                time.sleep(grace_seconds)
                waited = True
            if still := self.parents.absent(self.link, values):
                count, some = self._holders(still, SHOWN - len(ids))
                orphans += count
                ids += some
        return orphans, tuple(ids)

    def _holders(self, values: Sequence[str], most: int) -> tuple[int, tuple[str, ...]]:
        """Count the documents of some of the candidates; one with many in its list is counted with the first."""
        if not self.link.many:
            return self.children.holders(self.link, values, most)
        count = 0
        ids: list[str] = []
        for one in self.children.holding(self.link, values):
            if self.journal.held(self.name, one):
                count += 1
                ids += [one] if len(ids) < most else []
        return count, tuple(ids)


class _Merge:
    """Two sorted streams side by side: each is read once, and nothing of either is kept."""

    def __init__(self, keys: Iterator[str]) -> None:
        self._keys = keys
        self._key: str | None = next(keys, None)

    def absent(self, values: Sequence[str]) -> Sequence[str]:
        """Those of the next values, in order, that the keys pass over."""
        missing: list[str] = []
        key: str | None = self._key
        keys = self._keys
        for value in values:
            while key is not None and key < value:
                key = next(keys, None)
            if key != value:
                missing.append(value)
        self._key = key
        return missing


def _findings(link: Link, check: ReferenceCheck) -> Iterator[Diagnostic]:
    if check.orphans:
        noun, verb = ("document", "refers") if check.orphans == 1 else ("documents", "refer")
        more = check.orphans - len(check.ids)
        notes = (*(f"_id: {one}" for one in check.ids), *((f"and {more:,} more",) if more > 0 else ()))
        message = f"{check.orphans:,} {noun} of `{link.collection}` {verb} by `{link.path}` to no `{link.target}`"
        restore = "restore what they refer to, or remove them"
        yield Diagnostic("ST630", message, link.span, restore, subject=link.source, notes=notes)
    wrong = {kind: number for kind, number in check.values.items() if kind in _BAD and number}
    if wrong:
        told = ", ".join(f"{number:,} {_BAD[kind]}" for kind, number in wrong.items())
        message = f"`{link.source}` holds what can refer to no `{link.target}`: {told}"
        hint = "store a UUID as PostgreSQL prints it: 36 characters, lower case" if link.kind == "uuid" else None
        yield Diagnostic("ST631", message, link.span, hint, subject=link.source)


_BAD: Mapping[str, str] = {
    "other spelling": "spelled otherwise",
    "malformed": "malformed",
    "wrong type": "of a wrong type",
}


def _to_json(check: ReferenceCheck) -> str:
    return json.dumps([check.source, check.target, check.strategy, dict(check.values), check.orphans, list(check.ids)])


def _from_json(text: str) -> ReferenceCheck:
    source, target, strategy, values, orphans, ids = json.loads(text)
    return ReferenceCheck(source, target, strategy, values, orphans, tuple(ids))
