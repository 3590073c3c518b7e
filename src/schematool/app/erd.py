"""`erd`: the whole schema as a diagram, from the YAML alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from schematool.app.report import Report
from schematool.app.workspace import Workspace, read_text, warn, write_all
from schematool.core.diagnostic import Diagnostic
from schematool.core.erd.diagram import Box, Diagram, diagram, focus, with_rows
from schematool.core.erd.words import Form, Grouping, Rows, Theme
from schematool.core.errors import InputError
from schematool.core.load import load
from schematool.core.model.entity import Model

MANY = 25
"""With more entities than this a diagram shows only keys, unless it is told otherwise."""

BEGIN, END = "<!-- schematool erd -->", "<!-- /schematool erd -->"
"""What is between these in a Markdown file is the diagram."""


_SUFFIXES = {
    ".svg": Form.SVG,
    ".png": Form.PNG,
    ".md": Form.MERMAID,
    ".markdown": Form.MERMAID,
    ".mmd": Form.MERMAID,
    ".mermaid": Form.MERMAID,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. `form` None: what the name of the file says, else Mermaid. `rows` None: as many as fit."""

    focus: str | None = None
    depth: int = 1
    by: Grouping = Grouping.NONE
    rows: Rows | None = None
    form: Form | None = None
    theme: Theme = Theme.AUTO
    output: Path | None = None
    check: bool = False
    command: str = "schematool erd"
    """What was typed, without `--check`: the way to make a stale file anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErdReport(Report):
    """The diagram. `text` is empty for a PNG, and where it went to a file; `stale`: the file says something else."""

    command: ClassVar[str] = "erd"

    form: str
    entities: int
    relations: int
    path: str | None = None
    written: bool = False
    stale: bool = False
    text: str = ""


def run(workspace: Workspace, wish: Wish) -> ErdReport:
    """Draw, and write or compare where a file is named."""
    form = _form(wish)
    whole = diagram(read_model(workspace))
    chosen = _chosen(whole, wish)
    rows = wish.rows or (Rows.ALL if len(chosen.boxes) <= MANY else Rows.KEYS)
    shown = with_rows(chosen, rows)
    text = _mermaid(shown, wish) if form is Form.MERMAID else _svg(shown, wish)
    report = ErdReport(
        form=form.value,
        entities=len(shown.boxes),
        relations=len(shown.links),
        diagnostics=_too_large(shown, text) if form is Form.MERMAID else (),
    )
    if wish.output is None:
        return replace(report, text=text)
    report = replace(report, path=wish.output.as_posix())
    if wish.check:
        stale = _is_stale(wish.output, form, text)
        return replace(report, ok=not stale, stale=stale, hint=f"run `{wish.command}`" if stale else None)
    content = _png(shown, wish, text) if form is Form.PNG else _content(wish.output, text)
    write_all(wish.output.parent.resolve(), {wish.output.name: content})
    return replace(report, written=True)


def read_model(workspace: Workspace) -> Model:
    """The entities of the YAML; `InputError` with everything that is wrong with it."""
    model, found = load(workspace.schema_files())
    if found.errors:
        raise InputError(*found)
    return model


def _form(wish: Wish) -> Form:
    named = _SUFFIXES.get(wish.output.suffix.lower()) if wish.output else None
    form = wish.form or named or Form.MERMAID
    if wish.output is None:
        for wrong, what in ((form is Form.PNG, "a PNG"), (wish.check, "--check")):
            if wrong:
                raise InputError(Diagnostic("ST009", f"{what} needs a file", hint="name it: `--output schema.png`"))
    elif wish.form is None and named is None:
        hint = "end it with .svg, .png, .mmd or .md, or say --as"
        raise InputError(Diagnostic("ST009", f"`{wish.output.name}` does not say what to draw", hint=hint))
    return form


def _chosen(whole: Diagram, wish: Wish) -> Diagram:
    if wish.focus is None:
        return whole
    found = find_box(whole, wish.focus)
    if found is None:
        close = get_close_matches(wish.focus, [box.key for box in whole.boxes], 1)
        hint = f"did you mean `{close[0]}`?" if close else f"there are {len(whole.boxes)} entities"
        raise InputError(Diagnostic("ST009", f"there is no entity `{wish.focus}`", hint=hint))
    return focus(whole, found.key, wish.depth)


def find_box(whole: Diagram, name: str) -> Box | None:
    """The box of an entity by its key, or by its bare name where only one has it."""
    bare = [box for box in whole.boxes if box.key.rpartition(".")[2] == name]
    return whole.box(name) or (bare[0] if len(bare) == 1 else None)


def _mermaid(shown: Diagram, wish: Wish) -> str:
    from schematool.core.erd.mermaid import mermaid  # noqa: PLC0415  # a picture does not need it

    return mermaid(shown, wish.by)


def _too_large(shown: Diagram, text: str) -> tuple[Diagnostic, ...]:
    from schematool.core.erd.mermaid import MOST_LINKS, MOST_TEXT, too_large  # noqa: PLC0415  # the same

    if not too_large(shown, text):
        return ()
    message = f"GitHub draws no Mermaid of more than {MOST_TEXT:,} characters or {MOST_LINKS} relations"
    return (warn("ST015", message, hint="use `--fields none`, `--focus ENTITY`, or an SVG: `-o schema.svg`"),)


def _svg(shown: Diagram, wish: Wish) -> str:
    from schematool.core.erd.picture import arrange  # noqa: PLC0415  # Mermaid does not need it
    from schematool.core.erd.svg import svg  # noqa: PLC0415  # the same

    return svg(arrange(shown, wish.by), wish.theme)


def _png(shown: Diagram, wish: Wish, text: str) -> bytes:
    from schematool.core.erd.picture import arrange  # noqa: PLC0415  # Mermaid does not need it
    from schematool.core.erd.png import png, undrawable  # noqa: PLC0415  # the same

    picture = arrange(shown, wish.by)
    if names := undrawable(picture):
        more = f" and {len(names) - 3} more" if names[3:] else ""
        message = f"a PNG has no letters for {', '.join(f'`{name}`' for name in names[:3])}{more}"
        svg_file = wish.output.with_suffix(".svg") if wish.output else "schema.svg"
        raise InputError(Diagnostic("ST016", message, hint=f"an SVG has them all: `--output {svg_file}`"))
    return png(picture, wish.theme, _fingerprint(text))


def _fingerprint(text: str) -> str:
    """What a PNG was drawn from. Its own bytes depend on the machine's zlib; the picture does not."""
    return sha256(text.encode()).hexdigest()


def _content(path: Path, text: str) -> str:
    """The text, or the Markdown file with the text in its place."""
    if path.suffix.lower() not in {".md", ".markdown"}:
        return text
    block = f"{BEGIN}\n```mermaid\n{text}```\n{END}"
    if not path.exists():
        return f"{block}\n"
    page = read_text(path.parent.resolve(), path)
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        hint = f"write the lines `{BEGIN}` and `{END}` where it goes"
        raise InputError(Diagnostic("ST009", f"{path} has no one place for a diagram", hint=hint))
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: block, page, flags=re.DOTALL)


def _is_stale(path: Path, form: Form, text: str) -> bool:
    if not path.exists():
        return True
    if form is Form.PNG:
        from schematool.core.erd.canvas import note  # noqa: PLC0415  # the same
        from schematool.core.erd.png import NOTE  # noqa: PLC0415  # the same

        return note(path.read_bytes(), NOTE) != _fingerprint(text)
    page = read_text(path.parent.resolve(), path)
    return page.replace("\r\n", "\n") != _content(path, text).replace("\r\n", "\n")
