"""The book as a static site: pages that need no script and nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from schematool.core.book.addresses import slugs
from schematool.core.book.assets import asset
from schematool.core.book.changes import Changes, EntityChange
from schematool.core.book.facts import Book, EntityFact, PatternFact, shown
from schematool.core.book.markup import code, facts, link, scrolling, store, table
from schematool.core.book.plans import PlanFact
from schematool.core.erd.diagram import Diagram, Link, around, with_rows
from schematool.core.erd.picture import Picture, arrange
from schematool.core.erd.svg import style, svg
from schematool.core.erd.words import Grouping, Rows

MANY = 25
"""With more entities than this no picture shows all fields."""

OVERVIEW = 0.75
"""How large the whole is shown on the first page, where one looks for a way and reads elsewhere."""

LARGE = 120
"""With more than this the whole is shown in parts, one for each folder of the schema."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
    )
)


def site(book: Book, changed: Changes | None = None, *, notice: str = "", script: str = "") -> dict[str, str]:
    """Every file of the site, by its path.

    `notice` stands at the top of each page (HTML), `script` is the address of a script for each: both for `docs serve`.
    """
    return _Site(book, changed, notice, script).files()


class _Site:
    def __init__(self, book: Book, changed: Changes | None, notice: str, script: str) -> None:
        self.book, self.changed, self.notice, self.script = book, changed, notice, script
        self.slugs = slugs(entity.key for entity in book.entities)

    def files(self) -> dict[str, str]:
        book = self.book
        rows = Rows.ALL if len(book.diagram.boxes) <= MANY else Rows.KEYS
        made = {
            "index.html": self.page("", book.title, self.index(), "index.html"),
            "search.html": self.page("", "Search", self.search(), "search.html", own="search.js"),
            "style.css": asset("style.css") + style(),
            "search.js": asset("search.js"),
            "schema.svg": svg(self.whole(rows), title=book.title),
        }
        for entity in book.entities:
            made[self.address(entity.key)] = self.page("../", entity.key, self.entity(entity), "")
        if book.patterns:
            made["patterns.html"] = self.page("", "Patterns", self.patterns(), "patterns.html")
        if book.others:
            made["others.html"] = self.page("", "Types and more", self.others(), "others.html")
        if book.migrations:
            made["history.html"] = self.page("", "History", self.history(), "history.html")
        if self.changed is not None:
            title = f"Changes from {self.changed.before} to {self.changed.after}"
            made["changes.html"] = self.page("", title, self.changes(self.changed), "changes.html")
        return made

    def address(self, key: str) -> str:
        return f"entities/{self.slugs[key]}.html"

    def page(self, up: str, title: str, body: Iterator[str], here: str, own: str = "") -> str:
        """A page around `body`; `up` leads from it to the first page's folder."""
        places = [("index.html", "Entities"), ("patterns.html", "Patterns"), ("others.html", "Types and more")]
        places += [("history.html", "History"), ("changes.html", "Changes")]
        there = {"index.html": True, "patterns.html": bool(self.book.patterns), "others.html": bool(self.book.others)}
        there |= {"history.html": bool(self.book.migrations), "changes.html": self.changed is not None}
        nav = "".join(
            f'<a href="{up}{address}"{" aria-current=page" if address == here else ""}>{name}</a>'
            for address, name in places
            if there[address]
        )
        name = title if title == self.book.title else f"{title} · {self.book.title}"
        scripts = [f"{up}{own}"] if own else []
        scripts += [self.script] if self.script else []
        return "\n".join(
            [
                '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
                f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>{escape(name)}</title>",
                f'<link rel="stylesheet" href="{up}style.css">\n<link rel="icon" href="data:,">\n</head>\n<body>',
                '<a class="skip" href="#main">Skip to the content</a>',
                f'<header><div><a class="home" href="{up}index.html">{escape(self.book.title)}</a>',
                f'<nav aria-label="Pages">{nav}</nav>',
                f'<form role="search" action="{up}search.html"><input type="search" name="q" aria-label="Search" '
                'placeholder="Search"> <button>Search</button></form></div></header>',
                f'<main id="main">\n{self.notice}<h1>{escape(title)}</h1>',
                *body,
                "</main>\n<footer>Made by schematool from the YAML of the schema.</footer>",
                *(f'<script src="{escape(address)}" defer></script>' for address in scripts),
                "</body>\n</html>\n",
            ]
        )

    # --- pages ---

    def whole(self, rows: Rows) -> Picture:
        by = Grouping.FOLDER if len(self.book.diagram.boxes) > LARGE else Grouping.NONE
        return arrange(with_rows(self.book.diagram, rows), by)

    def index(self) -> Iterator[str]:
        book = self.book
        many = {name: sum(entity.store == name for entity in book.entities) for name in ("postgres", "mongo")}
        across = sum(one.across for one in book.diagram.links)
        counted = [
            _counted(many["postgres"], "table", " in PostgreSQL"),
            _counted(many["mongo"], "collection", " in MongoDB"),
            _counted(len(book.diagram.links), "reference"),
            f"{across} of them across databases" if across else "",
        ]
        yield f'<p class="lead">{", ".join(filter(None, counted))}.</p>'
        keys = self.whole(Rows.KEYS)
        picture = svg(keys, title="The whole schema", inline=True, link=self.address, scale=OVERVIEW)
        yield "<h2>Diagram</h2>"
        yield scrolling("Diagram of the whole schema", picture)
        yield f"<p>{link('schema.svg', 'The diagram with all fields')}; here each entity leads to its page.</p>"
        yield "<h2>Entities</h2>"
        yield table(
            f"All {len(book.entities)} entities",
            ("Name", "Store", "Fields", "Description"),
            (
                (link(self.address(one.key), one.key), store(one.store), str(len(one.fields)), escape(one.description))
                for one in book.entities
            ),
        )

    def entity(self, entity: EntityFact) -> Iterator[str]:
        yield f"<p>{store(entity.store)} <span class=place>{escape(entity.place)}</span></p>"
        if entity.description:
            yield f'<p class="lead">{escape(entity.description)}</p>'
        said = [("Sensitive", "must not appear in logs")] if entity.sensitive else []
        said += [("Was", code(entity.was))] if entity.was else []
        said += [(name.capitalize(), "<br>".join(map(code, shown(value)))) for name, value in entity.options]
        if said:
            yield facts(said)
        yield "<h2>Fields</h2>"
        yield self._fields(entity)
        yield "<h2>Around it</h2>"
        yield self._around(entity)
        yield from self._relations(entity)
        if entity.parts:
            yield "<h2>Constraints and triggers</h2>"
            rows = [(code(p.name), escape(p.kind), code(p.text), escape(p.description)) for p in entity.parts]
            yield table(f"Constraints and triggers of {entity.key}", ("Name", "Kind", "Text", "Description"), rows)
        if entity.indexes:
            yield "<h2>Indexes</h2>"
            rows = [
                (
                    code(i.name),
                    ("unique " if i.unique else "") + code(i.text),
                    self._serves(i.serves),
                    escape(i.description),
                )
                for i in entity.indexes
            ]
            yield table(f"Indexes of {entity.key}", ("Name", "On", "Serves", "Description"), rows)
        own = [pattern for pattern in self.book.patterns if entity.key in pattern.entities]
        if own:
            yield "<h2>Patterns</h2>"
            for pattern in own:
                yield from self._pattern(pattern, "../", 3)
        yield "<h2>History</h2>"
        if not entity.history:
            yield '<p class="soft">No migration file speaks of it.</p>'
        for touch in entity.history:
            yield f"<h3>{escape(touch.migration)}</h3><p class=place>{escape(touch.file)}</p>"
            yield f"<pre>{escape(chr(10).join(touch.statements))}</pre>"

    def _fields(self, entity: EntityFact) -> str:
        rows = []
        for field in entity.fields:
            name = "&nbsp;&nbsp;&nbsp;" * field.depth + code(field.name)
            marks = f' <span class="mark">{" ".join(field.marks)}</span>' if field.marks else ""
            rules = "<br>".join(escape(rule) for rule in field.rules)
            if field.refers and field.refers in self.slugs:
                rules = f"→ {self._to(field.refers, '../')}" + (f"<br>{rules}" if rules else "")
            default = "" if field.default is None else code(field.default)
            required = "yes" if field.required else ""
            rows.append((name + marks, code(field.type), required, default, rules, escape(field.description)))
        heads = ("Name", "Type", "Required", "Default", "Rules", "Description")
        ids = [f"field-{field.path}" for field in entity.fields]
        return table(f"Fields of {entity.key}", heads, rows, ids)

    def _to(self, key: str, up: str) -> str:
        return link(f"{up}{self.address(key)}", key)

    def _around(self, entity: EntityFact) -> str:
        near: Diagram = around(self.book.diagram, entity.key)
        picture = svg(
            arrange(near),
            title=f"{entity.key} and what is near it",
            inline=True,
            link=lambda key: f"../{self.address(key)}",
        )
        return scrolling(f"Diagram around {entity.key}", picture)

    def _relations(self, entity: EntityFact) -> Iterator[str]:
        for title, links, inwards in (
            ("Refers to", entity.refers_to, False),
            ("Referred to by", entity.referred_by, True),
        ):
            if links:
                yield f"<h2>{title}</h2>"
                yield table(
                    f"{title}: {len(links)}",
                    ("Entity", "Fields", "How many"),
                    (
                        (
                            self._to(one.child if inwards else one.parent, "../"),
                            f"{code(one.said)} → {code(', '.join(one.parent_paths))}",
                            escape(_cardinality(one)),
                        )
                        for one in links
                    ),
                )

    def _serves(self, serves: Sequence[str]) -> str:
        if not serves:
            return '<span class="soft">nothing that is declared</span>'
        said = []
        for one in serves:
            kind, _, name = one.partition(" ")
            said.append(
                f'pattern <a href="#pattern-{escape(name)}">{escape(name)}</a>' if kind == "pattern" else escape(one)
            )
        return "<br>".join(said)

    def _pattern(self, pattern: PatternFact, up: str, level: int) -> Iterator[str]:
        yield f'<h{level} id="pattern-{escape(pattern.name)}">{escape(pattern.name)} {store(pattern.store)}</h{level}>'
        if pattern.description:
            yield f"<p>{escape(pattern.description)} <span class=place>{escape(pattern.place)}</span></p>"
        yield f"<pre>{escape(pattern.text)}</pre>"
        said = [("Reads", ", ".join(self._to(key, up) for key in pattern.entities if key in self.slugs))]
        for title, pairs in (
            ("Parameters", pattern.parameters),
            ("Expected", pattern.expect),
            ("Cached", pattern.cache),
        ):
            if pairs:
                said.append((title, "<br>".join(f"{escape(name)}: {code(value)}" for name, value in pairs)))
        yield facts(said)
        if pattern.plan is not None:
            yield from _plan(pattern.plan)

    def patterns(self) -> Iterator[str]:
        about = "The queries that applications make, what their plans must look like, and how answers are cached."
        yield f'<p class="lead">{about}</p>'
        for pattern in self.book.patterns:
            yield from self._pattern(pattern, "", 2)

    def others(self) -> Iterator[str]:
        yield '<p class="lead">Types, functions, views, extensions and whatever else belongs to the schema.</p>'
        for thing in sorted(self.book.others, key=lambda thing: (thing.kind, thing.name)):
            name = f"{escape(thing.kind)} {code(thing.name)} {store(thing.store)}"
            yield f'<h2 id="{escape(f"{thing.kind}-{thing.name}")}">{name}</h2>'
            about = f"{escape(thing.description)} " if thing.description else ""
            yield f"<p>{about}<span class=place>{escape(thing.place)}</span></p>"
            if thing.text:
                yield f"<pre>{escape(thing.text)}</pre>"

    def history(self) -> Iterator[str]:
        yield '<p class="lead">The migrations, the newest last, with the entities that each changes.</p>'
        rows = [
            (code(id_), ", ".join(self._to(key, "") for key in keys if key in self.slugs))
            for id_, keys in self.book.migrations
        ]
        yield table(f"{len(rows)} migrations", ("Migration", "Entities"), rows)

    def changes(self, changed: Changes) -> Iterator[str]:
        if not changed.entities:
            yield '<p class="lead">Nothing is different.</p>'
        for one in changed.entities:
            name = link(self.address(one.key), one.key) if one.key in self.slugs else escape(one.key)
            yield f"<h2>{name} {store(one.store)} <span class=soft>{one.what}</span></h2>"
            yield _changed(one)

    def search(self) -> Iterator[str]:
        entries = self._entries()
        yield '<form role="search" action="search.html"><label for="q">Entities, fields, indexes, patterns</label><br>'
        yield '<input type="search" id="q" name="q" autocomplete="off"></form>'
        yield '<p id="told" role="status"></p><ul class="plain" id="results"></ul>'
        yield '<div id="all"><h2>A to Z</h2>'
        for entity in self.book.entities:
            names = ", ".join(escape(field.path) for field in entity.fields)
            yield f"<p>{self._to(entity.key, '')} <span class=soft>{names}</span></p>"
        for pattern in self.book.patterns:
            name = link(f"patterns.html#pattern-{pattern.name}", pattern.name)
            yield f"<p>{name} <span class=soft>pattern</span></p>"
        yield "</div>"
        # In a script element only `<` can end it or open a comment (HTML, 4.12.1.3).
        index = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        yield f'<script type="application/json" id="index">{index}</script>'

    def _entries(self) -> list[Mapping[str, str]]:
        found: list[Mapping[str, str]] = []

        def add(kind: str, name: str, text: str, address: str) -> None:
            found.append({"k": kind, "n": name, "t": text, "u": address})

        for entity in self.book.entities:
            address = self.address(entity.key)
            add("entity", entity.key, entity.description, address)
            for field in entity.fields:
                add("field", f"{entity.key}.{field.path}", field.description, f"{address}#field-{field.path}")
            for index in entity.indexes:
                add("index", index.name, f"of {entity.key}", address)
            for part in entity.parts:
                add(part.kind, part.name, f"of {entity.key}", address)
        for pattern in self.book.patterns:
            add("pattern", pattern.name, pattern.description, f"patterns.html#pattern-{pattern.name}")
        for thing in self.book.others:
            add(thing.kind, thing.name, thing.description, f"others.html#{thing.kind}-{thing.name}")
        return found


def _plan(plan: PlanFact) -> Iterator[str]:
    """What a server did, and whether that is what was expected."""
    said = [("Plan", f"{escape(plan.state)}{': ' if plan.reason else ''}{escape(plan.reason)}")]
    said += [("Indexes used", ", ".join(code(name) for name in plan.indexes) or "none")] if plan.steps else []
    said += [(name.capitalize(), number) for name, number in plan.measures]
    yield facts(said)
    if plan.steps:
        yield f"<pre>{escape(chr(10).join(plan.steps))}</pre>"


def _cardinality(one: Link) -> str:
    across = ", across databases by value" if one.across else ""
    return f"{one.child_end.value} for each {one.parent}; {one.parent_end.value} for each {one.child}{across}"


def _changed(one: EntityChange) -> str:
    rows = []
    for line in one.lines:
        mark = {"+": "plus", "-": "minus"}.get(line.symbol, "")
        before = f'<span class="minus">{code(line.before)}</span>' if line.before else ""
        after = f'<span class="plus">{code(line.after)}</span>' if line.after else ""
        rows.append(
            (f'<span class="{mark}">{escape(line.symbol)}</span> {escape(line.kind)}', code(line.name), before, after)
        )
    return table(f"{one.key} {one.what}", ("What", "Name", "Before", "After"), rows) if rows else ""


def _counted(many: int, noun: str, where: str = "") -> str:
    """`57 tables in PostgreSQL`; nothing of what there is none of."""
    return f"{many:,} {noun}{'' if many == 1 else 's'}{where}" if many else ""
