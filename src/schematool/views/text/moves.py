"""What `migrate` and `rollback` share: the plan, the times, the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from schematool.core.line import statement_line
from schematool.core.secret import Url
from schematool.views.text.words import columns, count, place, seconds, symbol

if TYPE_CHECKING:
    from schematool.app.migrate import Move
    from schematool.app.verify import VerifyReport


def heading(env: str, stores: Mapping[str, Url]) -> Text:
    """`staging · postgres db.internal/app · mongo …`."""
    return Text.assemble((env, "bold"), "".join(f" · {store} {place(url)}" for store, url in stores.items()))


def plan(moves: tuple[Move, ...], mark: str, *, statements: bool = False) -> Iterator[Text | str]:
    """Tell each half: how many statements, whether in a transaction, what is dangerous."""
    rows: list[list[str | tuple[str, str]]] = []
    for move in moves:
        where = "" if move.transactional or move.store == "mongo" else "outside a transaction"
        noun = "command" if move.store == "mongo" else "statement"
        told = "; ".join(part for part in (where, move.note) if part)
        rows.append([symbol(mark), move.id, move.store, count(len(move.statements), noun), told])
        for danger in move.dangers:
            detail = f"{danger.subject}: {danger.detail}" if danger.detail else danger.subject
            rows.append(["", "", "", (danger.code, "yellow"), detail])
    yield from columns(rows)
    if statements:
        for move in moves:
            yield Text(f"\n-- {move.id} ({move.store})", "cyan")
            yield from (text if move.store == "mongo" else f"{text};" for text in move.statements)


def done(moves: tuple[Move, ...], verb: str, took: float, verified: VerifyReport | None) -> Iterator[Text]:
    """Tell what was done and whether the databases are as they must be."""
    if verified is not None:
        total = sum(store.entities for store in verified.stores)
        if verified.ok:
            text = f" verified {count(len(verified.stores), 'store')}, {count(total, 'entity')}, no drift"
            yield Text.assemble("  ", symbol("*"), text)
        else:
            yield Text.assemble(
                "  ", symbol("!"), f" {count(len(verified.drift), 'difference')} after it: run `schematool verify`"
            )
    migrations = len({move.id for move in moves})
    yield Text(f"{count(migrations, 'migration')} {verb} in {seconds(took)}")


def short_statements(move: Move) -> list[str]:
    """The statements, one line each."""
    return [statement_line(move.store, text) for text in move.statements]
