"""Plans for PostgreSQL without a server: their order, their locks, their hazards, their online forms."""

from __future__ import annotations

import cProfile
import random
from dataclasses import replace
from typing import Any

import pytest

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.change import Renamed
from schematool.core.diff import diff
from schematool.core.model import postgres as pg
from schematool.core.plan import Style
from schematool.core.plan.postgres import align, bounds, plan, rename, types, unfounded
from schematool.core.step import Lock, Work, segments

ATOMIC = Style(online=False)
PUBLIC = pg.Schema(id=Id("schema", ("public",)))


def table(name: str, *columns: pg.Column, **more: Any) -> list[Object]:
    """A table with its columns."""
    of = Id("table", ("public", name))
    return [replace(pg.Table(id=of, columns=tuple(c.id.name for c in columns)), **more), *columns]


def column(table_name: str, name: str, type_: str = "integer", **more: Any) -> pg.Column:
    """A column."""
    return replace(pg.Column(id=Id("column", ("public", table_name, name)), type=type_), **more)


def key(table_name: str, column_name: str = "id") -> pg.Constraint:
    """A primary key."""
    return pg.Constraint(
        id=Id("constraint", ("public", table_name, f"{table_name}_pkey")),
        table=Id("table", ("public", table_name)),
        type="primary key",
        definition=f"PRIMARY KEY ({column_name})",
        columns=(column_name,),
    )


def foreign(table_name: str, column_name: str, other: str) -> pg.Constraint:
    """A foreign key to the other table's id."""
    return pg.Constraint(
        id=Id("constraint", ("public", table_name, f"{table_name}_{column_name}_fkey")),
        table=Id("table", ("public", table_name)),
        type="foreign key",
        definition=f"FOREIGN KEY ({column_name}) REFERENCES public.{other}(id)",
        columns=(column_name,),
        references=Id("table", ("public", other)),
    )


def index(table_name: str, column_name: str) -> pg.Index:
    """An index on one column."""
    name = f"{table_name}_{column_name}_idx"
    return pg.Index(
        id=Id("index", ("public", name)),
        table=Id("table", ("public", table_name)),
        definition=f"CREATE INDEX {name} ON public.{table_name} USING btree ({column_name})",
    )


def catalog(*things: Object) -> Catalog:
    """A catalog with the dependencies that follow from the objects' own fields."""
    needs: list[tuple[Id, Id]] = []
    keys = {
        thing.id.path[1]: thing.id for thing in things if isinstance(thing, pg.Constraint) and "pkey" in thing.id.name
    }
    for thing in things:
        if isinstance(thing, pg.Column | pg.Default):
            needs.append((thing.id, Id("table", thing.id.path[:2])))
        if isinstance(thing, pg.Default):
            needs.append((thing.id, Id("column", thing.id.path)))
        if isinstance(thing, pg.Constraint | pg.Index):
            needs.append((thing.id, thing.table))
        if isinstance(thing, pg.Constraint) and thing.references and thing.references.name in keys:
            needs += [(thing.id, thing.references), (thing.id, keys[thing.references.name])]
    return Catalog.of("postgres", (PUBLIC, *things), needs, "18.1")


def texts(before: Catalog, after: Catalog, style: Style = ATOMIC) -> list[str]:
    """The statements of a plan."""
    return [step.statement for step in plan(before, after, style)]


def test_nothing_to_do_is_nothing() -> None:
    """Equal catalogs need no statement."""
    one = catalog(*table("a", column("a", "id")), key("a"))

    assert plan(one, one) == ()


def test_the_same_input_gives_the_same_statements() -> None:
    """Neither the order of the objects nor that of their dependencies shows in the plan."""
    things = [
        thing
        for name in ("c", "a", "d", "b")
        for thing in (*table(name, column(name, "id"), column(name, "x")), key(name), index(name, "x"))
    ]
    things += [foreign("a", "x", "b"), foreign("b", "x", "c"), foreign("d", "x", "a")]
    expected = texts(catalog(), catalog(*things))
    shuffler = random.Random(7)  # noqa: S311  # a shuffle for a test

    for _ in range(10):
        shuffler.shuffle(things)
        assert texts(catalog(), catalog(*things)) == expected


def test_a_table_follows_what_it_refers_to_and_brings_its_own_things() -> None:
    """The key is inside of CREATE TABLE, the index comes right after, the referred table is first."""
    after = catalog(
        *table("a", column("a", "id"), column("a", "z_id")),
        key("a"),
        foreign("a", "z_id", "z"),
        index("a", "z_id"),
        *table("z", column("z", "id")),
        key("z"),
    )

    heads = [text.split("(")[0].strip() for text in texts(catalog(), after)]

    assert heads == [
        "CREATE TABLE public.z",
        "CREATE TABLE public.a",
        "CREATE INDEX a_z_id_idx ON public.a USING btree",
    ]


def test_circles_of_foreign_keys_are_opened() -> None:
    """Two tables that refer to each other: one key must wait, in both directions."""
    things = [
        *table("a", column("a", "id"), column("a", "b_id")),
        *table("b", column("b", "id"), column("b", "a_id")),
        key("a"),
        key("b"),
        foreign("a", "b_id", "b"),
        foreign("b", "a_id", "a"),
    ]

    up, down = texts(catalog(), catalog(*things)), texts(catalog(*things), catalog())

    assert sum(text.startswith("ALTER TABLE") and "ADD CONSTRAINT" in text for text in up) >= 1
    assert up.index(next(t for t in up if "ADD CONSTRAINT" in t)) > 1
    assert down[0].startswith("ALTER TABLE")
    assert "DROP CONSTRAINT" in down[0]


def test_an_index_on_a_table_in_use_is_built_online_and_alone() -> None:
    """CONCURRENTLY, in a segment of its own that is no transaction; on a new table it is a plain one."""
    before = catalog(*table("a", column("a", "id")))
    after = catalog(*table("a", column("a", "id")), index("a", "id"))

    (step,) = plan(before, after)

    assert step.statement.startswith("CREATE INDEX CONCURRENTLY a_id_idx")
    assert (step.alone, step.lock, step.work) == (True, Lock.SHARE_UPDATE_EXCLUSIVE, Work.ONLINE)
    assert [segment.transactional for segment in segments(plan(before, after))] == [False]
    assert "CONCURRENTLY" not in "".join(texts(catalog(), after, Style()))
    assert texts(before, after)[0].startswith("CREATE INDEX a_id_idx")


def test_a_check_on_a_table_in_use_is_validated_apart() -> None:
    """NOT VALID first, VALIDATE in a transaction of its own, so that the strong lock is not held through the scan."""
    check = pg.Constraint(
        id=Id("constraint", ("public", "a", "pos")),
        table=Id("table", ("public", "a")),
        type="check",
        definition="CHECK ((id > 0))",
    )
    things = table("a", column("a", "id"))
    cut = segments(plan(catalog(*things), catalog(*things, check)))

    assert [[step.statement for step in segment.steps] for segment in cut] == [
        ["ALTER TABLE public.a ADD CONSTRAINT pos CHECK ((id > 0)) NOT VALID"],
        ["ALTER TABLE public.a VALIDATE CONSTRAINT pos"],
    ]


def test_not_null_goes_through_a_check() -> None:
    """SET NOT NULL trusts the validated check, so that it does not scan under its strong lock."""
    before = catalog(*table("a", column("a", "id")))
    after = catalog(*table("a", column("a", "id", not_null=True)))

    statements = texts(before, after, Style())

    assert [text.split("public.a ")[1].split(" ")[0] for text in statements] == ["ADD", "VALIDATE", "ALTER", "DROP"]


@pytest.mark.parametrize(
    ("before", "after", "hazards"),
    [
        ("integer", "bigint", {"ST203"}),
        ("character varying(10)", "character varying(20)", set()),
        ("character varying(20)", "text", set()),
        ("numeric(10,2)", "numeric(12,2)", set()),
        ("numeric(10,2)", "numeric(10,1)", {"ST201", "ST203"}),
        ("timestamp without time zone", "date", {"ST201", "ST203"}),
        ("integer[]", "integer", {"ST201", "ST203"}),
        ("text", "integer", {"ST203"}),
    ],
)
def test_what_a_new_type_means_is_said(before: str, after: str, hazards: set[str]) -> None:
    """A rewrite and a loss are hazards; a wider type of the same kind is neither."""
    (step,) = plan(
        catalog(*table("a", column("a", "x", before))), catalog(*table("a", column("a", "x", after))), ATOMIC
    )

    assert {hazard.code for hazard in step.hazards} == hazards


@pytest.mark.parametrize(
    ("old", "new", "using"),
    [
        ("integer", "bigint", "x::bigint"),
        ("text", "uuid", "x::uuid"),
        ("integer", "uuid", "x::text::uuid"),
        ("public.a", "public.b", "x::text::public.b"),
        ("public.a[]", "public.b[]", "x::text[]::public.b[]"),
        ("character varying(10)", "character varying(5)", None),
        ("timestamp(3) without time zone", "timestamp without time zone", None),
        ("text[]", "jsonb", "to_jsonb(x)"),
        ("text", "jsonb", "x::jsonb"),
        ("jsonb", "date", "(x #>> '{}')::date"),
    ],
)
def test_values_are_carried_over(old: str, new: str, using: str | None) -> None:
    """By a cast where there is one, through text where there is none, by assignment where only the length changes."""
    assert types.using("x", old, new) == using


def test_a_dropped_column_and_table_lose_data() -> None:
    """Both say so, by name; a generated column's values can be computed again."""
    before = catalog(*table("a", column("a", "id"), column("a", "x"), column("a", "g", generated="(id + 1)")))
    after = catalog(*table("a", column("a", "id")))

    lost = {hazard.subject for step in plan(before, after) for hazard in step.hazards if hazard.code == "ST201"}

    assert lost == {"column public.a.x"}
    assert [h.code for step in plan(after, catalog()) for h in step.hazards] == ["ST201"]


def test_a_rename_takes_its_followers_along() -> None:
    """A key named after its table is renamed with it, where the YAML says so; what has a name of its own stays."""
    named = replace(index("users", "x"), id=Id("index", ("public", "own_name")))
    before = catalog(*table("users", column("users", "id"), column("users", "x")), key("users"), named)
    after = catalog(*table("people", column("people", "id"), column("people", "x")), key("people"))
    wanted = Renamed(Id("table", ("public", "users")), Id("table", ("public", "people")))

    steps = rename(before, [wanted], after)

    assert [(up.statement, down.statement) for up, down in steps] == [
        ("ALTER TABLE public.users RENAME TO people", "ALTER TABLE public.people RENAME TO users"),
        (
            "ALTER TABLE public.people RENAME CONSTRAINT users_pkey TO people_pkey",
            "ALTER TABLE public.people RENAME CONSTRAINT people_pkey TO users_pkey",
        ),
    ]


def test_a_rename_that_was_made_is_left_out() -> None:
    """`was:` may stay in the YAML for ever."""
    after = catalog(*table("people", column("people", "id")))
    wanted = Renamed(Id("table", ("public", "users")), Id("table", ("public", "people")))

    assert rename(after, [wanted], after) == ()


def test_what_everybody_may_in_public_is_as_its_major_has_it() -> None:
    """Before 15 CREATE is there until it is revoked, since then not until it is granted: only both said differ."""

    def public(version: str, **rights: Any) -> Catalog:
        thing = pg.Schema(id=Id("schema", ("public",)), **rights)
        return replace(catalog(thing), version=version)

    create = (pg.Grant("PUBLIC", "CREATE"),)
    granted, revoked = public("18.4", grants=create), public("14.2", revokes=create)

    for old, new in ((public("14.2"), granted), (revoked, public("18.4")), (public("14.2"), public("18.4"))):
        assert diff(*align(old, new)) == diff(*align(new, old)) == ()
    assert len(diff(*align(revoked, granted))) == 1
    assert len(diff(*align(public("18.4"), granted))) == 1
    assert len(diff(*align(public("14.2"), revoked))) == 1


def test_a_name_that_is_handed_on_is_given_up_first() -> None:
    """`c` was `b` and `b` was `a`, in whatever order they are asked; afterwards nothing is left to do."""

    def users(*names: str) -> Catalog:
        return catalog(*table("users", *(column("users", name) for name in names)))

    wanted = [
        Renamed(Id("column", ("public", "users", old)), Id("column", ("public", "users", new)))
        for old, new in (("a", "b"), ("b", "c"))
    ]

    assert [up.statement for up, _ in rename(users("a", "b"), wanted)] == [
        "ALTER TABLE public.users RENAME COLUMN b TO c",
        "ALTER TABLE public.users RENAME COLUMN a TO b",
    ]
    assert rename(users("b", "c"), wanted) == ()
    assert unfounded(users("a", "b"), wanted) == unfounded(users("b", "c"), wanted) == ()
    assert unfounded(users("x"), wanted) == tuple(wanted)


def test_a_routine_is_renamed_by_the_types_of_its_arguments() -> None:
    """The YAML names arguments and spells types as it likes; the server's catalogs have neither."""

    def function(name: str, arguments: str) -> pg.Function:
        of = Id("function", ("public", name, arguments))
        return pg.Function(id=of, kind="function", definition="", result="integer", signature="")

    before = catalog(function("f", "integer, public.mood[]"), function("f", "text"))
    after = catalog(function("g", "integer, public.mood[]"), function("g", "text"))
    wanted = Renamed(*(Id("function", ("public", name, "n int, moods mood[]")) for name in "fg"))

    ((up, down),) = rename(before, [wanted], after)

    assert up.statement == "ALTER ROUTINE public.f(integer, public.mood[]) RENAME TO g"
    assert down.statement == "ALTER ROUTINE public.g(integer, public.mood[]) RENAME TO f"
    assert {wanted.before, wanted.after} <= set(up.subjects)
    assert unfounded(before, [wanted], after) == unfounded(after, [wanted], after) == ()
    assert unfounded(catalog(function("f", "text")), [wanted], after) == (wanted,)


def test_a_new_enum_value_is_committed_before_its_use() -> None:
    """PostgreSQL refuses a new value in the transaction that adds it; without a use there is no boundary."""
    of = Id("type", ("public", "mood"))
    before = [*table("a", column("a", "m", "public.mood")), pg.Enum(id=of, labels=("ok",))]
    after = [*table("a", column("a", "m", "public.mood")), pg.Enum(id=of, labels=("ok", "new"))]
    use = pg.Default(id=Id("default", ("public", "a", "m")), expression="'new'::public.mood")

    assert [step.commit_after for step in plan(catalog(*before), catalog(*after))] == [False]
    assert [step.commit_after for step in plan(catalog(*before), catalog(*after, use))] == [True, False]


def test_what_is_made_without_its_password_needs_consent() -> None:
    """A password is never read, so that asterisks would be written in its place: said, and not done unasked."""
    of = Id("user mapping", ("archive", "app"))
    text = "CREATE USER MAPPING FOR app SERVER archive OPTIONS (\"user\" 'app', {})"
    known, hidden = (
        pg.Defined(id=of, create=(text.format(more),), drop="DROP USER MAPPING FOR app SERVER archive", reference="")
        for more in ("fetch '9'", f"password '{pg.SECRET}'")
    )

    (open_step,) = plan(catalog(), catalog(known), ATOMIC)
    (hidden_step,) = plan(catalog(), catalog(hidden), ATOMIC)

    assert open_step.hazards == ()
    assert [(hazard.code, hazard.subject) for hazard in hidden_step.hazards] == [("ST210", str(of))]


def test_work_grows_with_the_schema_and_not_with_its_square() -> None:
    """Counted in calls, since a clock would judge the machine: twice the tables are about twice the work."""

    def calls(count: int) -> int:
        things = [
            thing
            for number in range(count)
            for thing in (
                *table(f"t{number}", column(f"t{number}", "id", not_null=True), column(f"t{number}", "p")),
                key(f"t{number}"),
                *([foreign(f"t{number}", "p", f"t{number - 1}")] if number else []),
            )
        ]
        whole = catalog(PUBLIC, *things)
        profile = cProfile.Profile()
        profile.runcall(plan, Catalog.of("postgres", [PUBLIC], (), "18"), whole, ATOMIC)
        return sum(entry.callcount for entry in profile.getstats())

    assert calls(160) < 2.6 * calls(80)


@pytest.mark.parametrize(
    ("wide", "narrow", "types", "covered", "met"),
    [
        ("FOR VALUES IN ('a', NULL)", "FOR VALUES IN ('a')", ("text",), True, True),
        ("FOR VALUES IN ('a')", "FOR VALUES IN ('b')", ("text",), False, False),
        ("FOR VALUES FROM (1) TO (9)", "FOR VALUES FROM (2) TO (10)", ("integer",), False, True),
        ("FOR VALUES FROM ('1') TO ('9')", "FOR VALUES FROM ('2') TO ('10')", ("text",), None, None),
        ("FOR VALUES FROM (MINVALUE) TO ('9')", "FOR VALUES FROM (MINVALUE) TO ('10')", ("bigint",), False, True),
        ("FOR VALUES FROM (1) TO (5)", "FOR VALUES FROM (5) TO (MAXVALUE)", ("integer",), False, False),
        ("FOR VALUES WITH (modulus 2, remainder 1)", "FOR VALUES WITH (modulus 4, remainder 3)", (), True, True),
        ("FOR VALUES WITH (modulus 2, remainder 0)", "FOR VALUES WITH (modulus 4, remainder 3)", (), False, False),
        ("DEFAULT", "FOR VALUES IN ('a')", ("text",), True, None),
    ],
)
def test_bounds_are_compared(
    wide: str, narrow: str, types: tuple[str, ...], covered: bool | None, met: bool | None
) -> None:
    """Whether one covers the other and whether they meet; nothing is said of values whose order only a server knows."""
    one, other = bounds.bound(wide), bounds.bound(narrow)

    assert (bounds.covers(one, other, types), bounds.overlap(one, other, types)) == (covered, met)
