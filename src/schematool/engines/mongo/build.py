"""Runs commands outside of any migration: as they come, or in whatever order works."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.errors import OperationFailure

from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.errors import InputError, StatementError
from schematool.core.history.unit import Command
from schematool.engines.mongo.commands import SHARDING, Order, order
from schematool.engines.mongo.execute import Execution, picture, refuse_what_harms, refuse_what_is_newer
from schematool.engines.mongo.failure import statement_failure, translated
from schematool.engines.mongo.server import Server


def run(server: Server, statements: Sequence[str]) -> None:
    """Run each command, stopping at the first that fails with a `StatementError`."""
    for text in statements:
        _run(server, text, _read(text))


def build(server: Server, statements: Sequence[tuple[str, str]]) -> tuple[tuple[str, Exception], ...]:
    """Run all, going over those that fail again until a whole round brings nothing more.

    Collections first: createIndexes on one that is not there would make it, without its options.
    """
    waiting: list[tuple[str, str, Order]] = []
    failed: dict[str, Exception] = {}
    for key, text in statements:
        try:
            waiting.append((key, text, _read(text)))
        except InputError as error:
            failed[key] = error
    waiting.sort(key=lambda one: _rank(one[2]))
    while waiting:
        again: list[tuple[str, str, Order]] = []
        for key, text, read in waiting:
            try:
                _run(server, text, read)
                failed.pop(key, None)
            except StatementError as error:
                failed[key] = error
                again.append((key, text, read))
        if len(again) == len(waiting):
            break
        waiting = again
    order_of = [key for key, _ in statements]
    return tuple((key, failed[key]) for key in order_of if key in failed)


def _rank(read: Order) -> int:
    if read.name != "create":
        return 3 if read.name in SHARDING else 2
    return 1 if "viewOn" in read.document else 0


def _read(text: str) -> Order:
    try:
        return order(text)
    except ValueError as error:
        raise InputError(Diagnostic("ST409", str(error))) from None


def _run(server: Server, text: str, read: Order) -> None:
    with translated(server.url):
        now = picture(server, read)
        command = Command(text, Span("", 0, 0))
        refuse_what_harms(read, now, command)
        refuse_what_is_newer(server, read, command)
        if read.name == "createIndexes" and now.source is None:
            raise StatementError("ST510", f"the collection `{read.collection}` is not there", statement=text)
        try:
            Execution(server, "", lambda _: None).run(read, now)
        except OperationFailure as error:
            subject = read.indexes[0] if len(read.indexes) == 1 else read.collection
            raise statement_failure(
                error, text=text, span=None, url=server.url, command=read.name, subject=subject
            ) from None
