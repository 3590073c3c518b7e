"""The text of `doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.doctor import DoctorReport, Examined
from schematool.engines.contract import Check, Health
from schematool.views.show import Look
from schematool.views.text.words import place

_SIGNS = {
    Health.OK: ("ok", "green"),
    Health.NOTE: ("note", "cyan"),
    Health.WARNING: ("warning", "yellow"),
    Health.ERROR: ("error", "red bold"),
}


def lines(report: DoctorReport, look: Look) -> Iterator[Text | str]:
    """Tell every check; with `roles` the statements as they are typed."""
    for store in report.stores:
        where = f" · {place(store.url)}" if store.url else ""
        yield Text.assemble((report.env, "bold"), f" · {store.store}{where}")
        for check in store.checks:
            yield from _check(check)
        if report.roles:
            yield from _roles(store)
    checks = [check for store in report.stores for check in store.checks]
    count = {health: sum(check.health is health for check in checks) for health in Health}
    told = [f"{count[h]} {h.value}{'' if count[h] == 1 else 's'}" for h in (Health.ERROR, Health.WARNING) if count[h]]
    yield Text(", ".join(told) if told else "nothing is wrong")


def _check(check: Check) -> Iterator[Text]:
    word, style = _SIGNS[check.health]
    code = f"  {check.code}" if check.code else ""
    yield Text.assemble("  ", (f"{word:8}", style), f"{check.subject:11}{check.text}", (code, "dim"))
    if check.hint:
        yield Text.assemble(" " * 21, ("hint: ", "cyan bold"), check.hint)


def _roles(store: Examined) -> Iterator[str]:
    """Comments and statements, ready for psql or mongosh."""
    comment, end = ("--", ";") if store.store == "postgres" else ("//", "")
    for title, statements in (("to verify and to see the status", store.reader), ("to migrate", store.migrator)):
        if statements:
            yield f"\n{comment} {title}"
        for statement in statements:
            yield statement if statement.startswith("--") else statement + end
    yield ""
