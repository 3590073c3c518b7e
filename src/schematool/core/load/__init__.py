"""Text to entities: the strict loader of the language. All findings of a run come together, each with its place."""

from __future__ import annotations

from collections.abc import Mapping

from schematool.core.diagnostic import Findings, Severity, Span, in_order
from schematool.core.load.documents import document
from schematool.core.load.references import resolve
from schematool.core.load.tree import parse
from schematool.core.model.entity import Declaration, Entity, Model

__all__ = ["load"]


def load(files: Mapping[str, str]) -> tuple[Model, Findings]:
    """Read the files (path relative to the project, to text), in order of path.

    Never raises for what is in them: what is wrong is in the findings, sorted by place, and the model holds the rest.
    """
    found = Findings()
    entities: list[Entity] = []
    declarations: list[Declaration] = []
    for file in sorted(files):
        nodes = parse(file, files[file], found)
        if not nodes and not any(finding.span and finding.span.file == file for finding in found):
            found.add(
                "ST120",
                "this file declares nothing",
                Span(file, 1, 1, 1, files[file].partition("\n")[0]),
                severity=Severity.WARNING,
            )
        for node in nodes:
            match document(node, found):
                case Entity() as entity:
                    entities.append(entity)
                case Declaration() as declaration:
                    declarations.append(declaration)
                case None:
                    pass
    model = resolve(Model(tuple(entities), tuple(declarations)), found)
    ordered = Findings(in_order(dict.fromkeys(found)))
    return model, ordered
