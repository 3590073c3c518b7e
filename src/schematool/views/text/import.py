"""The text of `import`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from schematool.app.import_ import ImportReport
from schematool.views.show import Look
from schematool.views.text.words import columns, count, foreign, place


def lines(report: ImportReport, look: Look) -> Iterator[Text | str]:
    """Tell what was read and written; or the YAML itself, when nothing was."""
    if report.files and not report.written:
        for number, file in enumerate(report.files):
            yield ("\n" if number else "") + f"# {file.path}\n{file.text.rstrip()}"
        return
    yield from columns(
        [
            (
                ("read", "green"),
                one.store,
                place(one.url),
                count(one.entities, _noun(one.store)),
                f"{one.objects} objects",
            )
            for one in report.sources
        ],
        indent=0,
    )
    yield from foreign(report.foreign)
    schema = [file for file in report.files if file.what == "schema"]
    others = [file for file in report.files if file.what not in {"schema", "rollback"}]
    if schema:
        shown = schema if look.verbose or len(schema) <= 20 else schema[:10]
        yield from columns([(("wrote", "green"), file.path) for file in shown], indent=0)
        if len(shown) < len(schema):
            yield Text(f"wrote  {len(schema) - len(shown)} more files in {schema[0].path.partition('/')[0]}/")
    yield from columns([(("wrote", "green"), file.path, file.what) for file in others], indent=0)
    if report.adopted:
        yield Text(f"marked as applied in {report.env}: {', '.join(report.adopted)}")
    if report.partitions:
        many = count(len(report.partitions), "partition")
        yield Text(f"marked by their comments: {many} that `schematool partitions` looks after from now on")
    if report.verified is not None:
        different = len(report.verified.drift)
        yield Text(
            f"verified: {count(different, 'difference')}" if different else "verified: live is what the YAML says"
        )


def _noun(store: str) -> str:
    return "table" if store == "postgres" else "collection"
