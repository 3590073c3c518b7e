"""The words that describe a PostgreSQL database: records and documents of the language's table."""

from __future__ import annotations

from schematool.core.load import words_seed
from schematool.core.load.shapes import (
    FIELD_OR_EXPRESSION,
    Choice,
    Document,
    Either,
    Expression,
    Key,
    ListOf,
    MapOf,
    Name,
    Named,
    Record,
    Shape,
    Text,
    Truth,
    Value,
    Whole,
    either,
)

NAMES = ListOf(Name(), least=1)
NAME_OR_NAMES = either(Name(), NAMES)
ACTION = Text(
    "an action",
    r"(?i)\s*(restrict|cascade|no action|set null|set default|set (null|default) \(.+\))\s*",
)
MATCH = Choice(("simple", "full"))
DEFERRABLE = either(Truth(), Choice(("immediate", "deferred")))
PARAMETERS = MapOf(Value(), "parameter")
GRANTS = either(
    MapOf(either(Choice(("all",)), NAMES), "role"),
    ListOf(Named("grant")),
)

DESCRIPTION = Key("description", Text("a sentence"), "What it is for; stored as its COMMENT.")
WAS = Key(
    "was",
    Name(),
    "The name it had before: renames it, with everything that depends on it, instead of drop and add.",
)
SCHEMA = Key("schema", Name(), "The schema that it lives in; `public` when not given.")
OWNER = Key("owner", Name(), "The role that owns it; not managed when not given.")
GRANT = Key("grants", GRANTS, "Who may do what: role to privileges, or a list with columns and grant options.")
REVOKE = Key("revokes", GRANTS, "Built-in privileges taken away, such as PUBLIC's `execute` on a function.")
LABELS = Key("security_labels", MapOf(Text(), "provider"), "Security labels by provider.")
COMMON = (DESCRIPTION, WAS, SCHEMA, OWNER, GRANT, REVOKE, LABELS)
TABLESPACE = Key("tablespace", Name(), "The tablespace that it is stored in.")
STORAGE_PARAMETERS = Key(
    "options", PARAMETERS, "Storage parameters such as `fillfactor`; `toast.` in front for the TOAST table."
)
CLUSTERED = Key("clustered", Truth(), "Its index is the one that CLUSTER uses.")
INDEX_DESCRIPTION = Key("index_description", Text("a sentence"), "Stored as the COMMENT of its index.")
PARENTS_NAMES = Key(
    "parents_names",
    Truth(),
    "NOT NULL constraints are called as in the parent, as `CREATE TABLE … PARTITION OF` does it (PostgreSQL 18).",
)
STATES = Choice(("origin", "always", "replica", "disabled"))
ENABLED = Key("enabled", STATES, "When it fires: `origin` unless given.")
ONLY = Key(
    "only",
    Truth(),
    "Of a partitioned table: without one in its partitions; it is invalid until each of them has one attached.",
)
CONSTRAINT_TIMING = Key("deferrable", DEFERRABLE, "Checked at commit if asked (`true`), or always so (`deferred`).")

_SEQUENCE_KEYS = (
    Key("start", Whole(), "The first value."),
    Key("increment", Whole(), "The step; may be negative."),
    Key("minimum", Whole(), "The least value."),
    Key("maximum", Whole(), "The greatest value."),
    Key("cache", Whole(1), "How many values a session takes at once."),
    Key("cycle", Truth(), "Start again after the last value."),
)

FIELD = Record(
    "postgres field",
    "A column. `name: type` is its short form.",
    (
        Key(
            "type",
            Text("a type"),
            "PostgreSQL's own type name, or a declared enum, domain, composite or range.",
            True,
            "varchar(50)",
        ),
        Key("required", Truth(), "NOT NULL."),
        Key(
            "default",
            Expression(),
            "The default, an SQL expression: text constants carry their own quotes.",
            example="now()",
        ),
        Key("one_of", ListOf(Value(), least=1), "The allowed values: a CHECK named `<table>_<field>_check`."),
        Key("check", Expression(), "A condition on this field: a CHECK named `<table>_<field>_check`."),
        Key(
            "references",
            either(Name("an entity and its field"), Named("reference")),
            "What it points at: a foreign key named `<table>_<field>_fkey`.",
            example="patients.id",
        ),
        Key(
            "on_delete",
            ACTION,
            "What a delete of the row pointed at does here: restrict, cascade, set null, set default.",
        ),
        Key("on_update_reference", ACTION, "What a change of the key pointed at does here."),
        Key(
            "unique",
            either(Truth(), Name("a constraint name")),
            "No two rows alike: a UNIQUE constraint; a text is its name.",
        ),
        Key("description", Text("a sentence"), "What it holds; stored as its COMMENT."),
        Key("comment", Text("a sentence"), "The same as `description`."),
        WAS,
        Key(
            "generated",
            either(Expression(), Named("generated")),
            "Computed from other fields; stored unless said otherwise.",
        ),
        Key(
            "identity",
            either(Choice(("always", "by default")), Named("identity")),
            "Numbered by PostgreSQL itself.",
        ),
        Key(
            "on_update",
            Expression(),
            "Set to this whenever the row is updated: a trigger and its function are made.",
            example="now()",
        ),
        Key("collation", Name(), "How its text sorts."),
        Key("storage", Choice(("plain", "external", "extended", "main")), "How PostgreSQL keeps large values."),
        Key(
            "compression",
            Choice(("pglz", "lz4", "default")),
            "How large values are compressed; `default` for an heir whose parent has another.",
        ),
        Key("statistics", Whole(-1), "The statistics target of ANALYZE."),
        Key("options", PARAMETERS, "Attribute options such as `n_distinct`."),
        Key("foreign_options", PARAMETERS, "Options of a foreign table's column."),
        Key("required_name", Name(), "The name of the NOT NULL constraint (PostgreSQL 18)."),
        Key("required_no_inherit", Truth(), "NOT NULL is not for child tables (PostgreSQL 18)."),
        Key("required_validated", Truth(), "`false`: rows that are there already may be NULL (PostgreSQL 18)."),
        Key("required_description", Text("a sentence"), "Why; the COMMENT of the NOT NULL constraint (PostgreSQL 18)."),
        Key("inherited", Truth(), "It comes from a parent or a type; only what is its own here is said."),
        LABELS,
        words_seed.FIELD_KEY,
    ),
)

RECORDS: tuple[Record, ...] = (
    FIELD,
    Record(
        "reference",
        "A foreign key of one field, with what the short form cannot say.",
        (
            Key(
                "field",
                Name("an entity and its field"),
                "The entity and the field that it points at.",
                True,
                "patients.id",
            ),
            Key("on_delete", ACTION, "What a delete of the row pointed at does here."),
            Key("on_update", ACTION, "What a change of the key pointed at does here."),
            CONSTRAINT_TIMING,
            Key("match", MATCH, "How NULLs count in a key of several fields."),
            Key("name", Name(), "The constraint's name."),
            Key("validated", Truth(), "`false`: rows that are there already are not checked (NOT VALID)."),
            Key("enforced", Truth(), "`false`: declared only (PostgreSQL 18)."),
            Key("was", Name(), "The constraint's name before."),
            Key("description", Text("a sentence"), "Why; stored as its COMMENT."),
        ),
    ),
    Record(
        "generated",
        "A computed column.",
        (
            Key("as", Expression(), "The expression.", True),
            Key("stored", Truth(), "`false` for a virtual column (PostgreSQL 18)."),
        ),
    ),
    Record(
        "identity",
        "A column that PostgreSQL numbers.",
        (
            Key("always", Truth(), "`true`: nobody else may give a value. `false`: by default."),
            *_SEQUENCE_KEYS,
            Key("name", Name(), "The name of the sequence behind it."),
            Key("unlogged", Truth(), "Whether the sequence is; as its table is unless given (PostgreSQL 15)."),
            Key("description", Text("a sentence"), "Stored as the COMMENT of the sequence."),
            Key("grants", GRANTS, "Who may use the sequence: role to privileges, or a list."),
            Key("revokes", GRANTS, "Built-in privileges on the sequence that are taken away."),
        ),
    ),
    Record(
        "grant",
        "Privileges, with what the short form cannot say.",
        (
            Key("to", NAME_OR_NAMES, "The roles; `PUBLIC` for all.", True),
            Key("privileges", either(Choice(("all",)), NAMES), "What they may do.", True),
            Key("fields", NAMES, "Only on these columns."),
            Key("grantable", Truth(), "They may pass it on."),
        ),
    ),
    Record(
        "primary key",
        "A primary key, with what the short form cannot say.",
        (
            Key("on", NAMES, "Its fields in order.", True),
            Key("name", Name(), "Its name; `<table>_pkey` when not given."),
            Key("include", NAMES, "Further fields carried in its index."),
            CONSTRAINT_TIMING,
            Key("with", PARAMETERS, "Storage parameters of its index."),
            TABLESPACE,
            CLUSTERED,
            INDEX_DESCRIPTION,
            Key(
                "without_overlaps",
                Truth(),
                "The last field is a range that must not overlap (PostgreSQL 18).",
            ),
            ONLY,
            Key("was", Name(), "Its name before."),
            Key("description", Text("a sentence"), "Stored as its COMMENT."),
        ),
    ),
    Record(
        "unique constraint",
        "A unique constraint, with what the short form cannot say.",
        (
            Key("on", NAMES, "Its fields in order.", True),
            Key("name", Name(), "Its name, in a list; in a mapping the key is the name."),
            Key("include", NAMES, "Further fields carried in its index."),
            Key("nulls_not_distinct", Truth(), "Two NULLs count as alike (PostgreSQL 15)."),
            CONSTRAINT_TIMING,
            Key("with", PARAMETERS, "Storage parameters of its index."),
            TABLESPACE,
            CLUSTERED,
            INDEX_DESCRIPTION,
            Key(
                "without_overlaps",
                Truth(),
                "The last field is a range that must not overlap (PostgreSQL 18).",
            ),
            ONLY,
            Key("was", Name(), "Its name before."),
            Key("description", Text("a sentence"), "Stored as its COMMENT."),
        ),
    ),
    Record(
        "check constraint",
        "A condition on a row, with what the short form cannot say.",
        (
            Key("check", Expression(), "The condition.", True),
            Key("no_inherit", Truth(), "Not for child tables."),
            Key("validated", Truth(), "`false`: rows that are there already are not checked (NOT VALID)."),
            Key("enforced", Truth(), "`false`: declared only (PostgreSQL 18)."),
            Key("was", Name(), "Its name before."),
            Key("description", Text("a sentence"), "Stored as its COMMENT."),
        ),
    ),
    Record(
        "foreign key",
        "A foreign key of one or more fields.",
        (
            Key("on", NAMES, "The fields here.", True),
            Key("references", Name("an entity"), "The entity that it points at.", True),
            Key("fields", NAMES, "The fields there; its primary key when not given."),
            Key("name", Name(), "Its name, in a list; in a mapping the key is the name."),
            Key("on_delete", ACTION, "What a delete of the row pointed at does here."),
            Key("on_update", ACTION, "What a change of the key pointed at does here."),
            CONSTRAINT_TIMING,
            Key("match", MATCH, "How NULLs count in a key of several fields."),
            Key("period", Truth(), "The last field is a range that must be covered (PostgreSQL 18)."),
            Key("validated", Truth(), "`false`: rows that are there already are not checked (NOT VALID)."),
            Key("enforced", Truth(), "`false`: declared only (PostgreSQL 18)."),
            Key("was", Name(), "Its name before."),
            Key("description", Text("a sentence"), "Stored as its COMMENT."),
        ),
    ),
    Record(
        "exclusion constraint",
        "No two rows for which all the comparisons are true.",
        (
            Key(
                "elements",
                ListOf(Text("an element"), least=1),
                "Expression `with` operator.",
                True,
                "[room with =, during with &&]",
            ),
            Key("method", Name(), "The index method; `gist` when not given."),
            Key("include", NAMES, "Further fields carried in its index."),
            Key("where", Expression(), "Only for rows where this is true."),
            CONSTRAINT_TIMING,
            Key("with", PARAMETERS, "Storage parameters of its index."),
            TABLESPACE,
            CLUSTERED,
            INDEX_DESCRIPTION,
            Key("was", Name(), "Its name before."),
            Key("description", Text("a sentence"), "Stored as its COMMENT."),
        ),
    ),
    Record(
        "postgres index",
        "An index. Its parts are fields or expressions, each with `desc`, `nulls first`, an operator class and so on.",
        (
            Key(
                "on",
                either(Text(FIELD_OR_EXPRESSION), ListOf(Text(FIELD_OR_EXPRESSION), least=1)),
                "What it sorts by, in order.",
                True,
                "[patient_id, start_time desc]",
            ),
            Key("name", Name(), "Its name; `<table>_<fields>_idx` when not given."),
            Key(
                "unique",
                Truth(),
                "No two rows alike. Prefer `unique:` where it needs no condition or expression.",
            ),
            Key("where", Expression(), "Only rows where this is true."),
            Key("include", NAMES, "Further fields carried in it."),
            Key("method", Name(), "btree, hash, gin, gist, spgist, brin or an extension's."),
            Key("with", PARAMETERS, "Storage parameters."),
            Key("nulls_not_distinct", Truth(), "Two NULLs count as alike (PostgreSQL 15)."),
            TABLESPACE,
            Key(
                "statistics",
                MapOf(Whole(), "part number"),
                "Statistics target of its expressions, by number of the part.",
            ),
            Key("clustered", Truth(), "The index that CLUSTER uses."),
            ONLY,
            Key("part_of", Name(), "Of a partition: the parent's index that it belongs to, where that is not found."),
            DESCRIPTION,
            WAS,
        ),
    ),
    Record(
        "trigger",
        "A trigger.",
        (
            Key(
                "when",
                Text(
                    "a moment",
                    r"(?i)\s*(before|after|instead of)\s+(insert|update|delete|truncate)(\s+or\s+(insert|update|delete|truncate))*\s*",
                ),
                "The moment and the events.",
                True,
                "before update",
            ),
            Key("columns", NAMES, "Only updates of these fields."),
            Key("for_each", Choice(("row", "statement")), "`row` unless given."),
            Key(
                "execute",
                Text("a function call"),
                "The function with its arguments.",
                True,
                "update_timestamp()",
            ),
            Key("condition", Expression(), "Only when this is true of OLD and NEW."),
            Key("old_table", Name(), "The name of the transition table with the rows before."),
            Key("new_table", Name(), "The name of the transition table with the rows after."),
            Key("constraint", Truth(), "A constraint trigger, which can be deferred."),
            CONSTRAINT_TIMING,
            Key("from", Name("an entity"), "The other table of a constraint trigger."),
            ENABLED,
            DESCRIPTION,
            WAS,
        ),
    ),
    Record(
        "policy",
        "A row-level security policy.",
        (
            Key(
                "for",
                Choice(("all", "select", "insert", "update", "delete")),
                "The command; `all` unless given.",
            ),
            Key("to", NAME_OR_NAMES, "The roles; PUBLIC unless given."),
            Key("using", Expression(), "Which rows are seen."),
            Key("check", Expression(), "Which rows may be written."),
            Key("restrictive", Truth(), "Must hold besides the others, instead of any one of them."),
            DESCRIPTION,
            WAS,
        ),
    ),
    Record(
        "rule",
        "A rewrite rule.",
        (
            Key("definition", Text("SQL"), "The whole CREATE RULE statement.", True),
            ENABLED,
            DESCRIPTION,
            WAS,
        ),
    ),
    Record(
        "statistics",
        "Extended statistics.",
        (
            Key("on", ListOf(Text(FIELD_OR_EXPRESSION), least=1), "The fields or expressions.", True),
            Key(
                "kinds",
                ListOf(Choice(("ndistinct", "dependencies", "mcv"))),
                "Which kinds; all unless given.",
            ),
            Key("target", Whole(-1), "The statistics target."),
            Key("owner", Name(), "The role that owns it."),
            DESCRIPTION,
            WAS,
        ),
    ),
    Record(
        "partition key",
        "How a table is divided: one of `range`, `list` or `hash`, with its fields or expressions.",
        (
            Key("range", ListOf(Text(FIELD_OR_EXPRESSION), least=1), "By ranges of these."),
            Key("list", ListOf(Text(FIELD_OR_EXPRESSION), least=1), "By values of this."),
            Key("hash", ListOf(Text(FIELD_OR_EXPRESSION), least=1), "By the hash of these."),
            Key(
                "every",
                Choice(("day", "week", "month", "quarter", "year")),
                "Of a range of one date or time: how long a partition is. `schematool partitions` makes them ahead.",
            ),
            Key("ahead", Whole(0), "How many partitions after the present one are made ahead; 3 unless given."),
            Key("keep", Whole(0), "How many before the present one are kept; older ones are detached, with consent."),
            Key(
                "default",
                Truth(),
                "With `every`: a partition for rows that no other takes, `<table>_default`; `true` unless given.",
            ),
        ),
    ),
    Record(
        "distribution",
        "How a table is spread over the nodes of Citus. The migration that makes or changes it says so to Citus where the "
        "extension is there, and notes it (in `public.schematool_distribution`) where it is not: the same files run on "
        "a laptop and on a cluster, and `verify` compares either. Without Citus all but the spreading is proven, which "
        "`generate` and `verify` say (ST604); name a server with it as `postgres_url` under `[scratch]`, and the whole "
        "is. The project's own tests have no Citus server: they show what is said to it, not that it agrees. Citus "
        "itself is set up with the cluster, by no migration; its schema-based sharding has no words here.",
        (
            Key("field", Name(), "The field by which its rows are spread, or `everywhere`.", True, "patient_id"),
            Key(
                "beside",
                Name("an entity"),
                "The table whose rows of the same value lie on the same node; unless given, none (`colocate_with => 'none'`).",
            ),
            Key("shards", Whole(1), "How many parts there are."),
        ),
    ),
    Record(
        "partition",
        "One part of a divided table.",
        (
            Key(
                "from",
                ListOf(Expression(), least=1),
                "Range: the first values inside.",
                example="[\"'2026-01-01'\"]",
            ),
            Key("to", ListOf(Expression(), least=1), "Range: the first values outside."),
            Key("in", ListOf(Expression(), least=1), "List: the values."),
            Key("modulus", Whole(1), "Hash: the number of parts."),
            Key("remainder", Whole(0), "Hash: which of them."),
            Key("default", Truth(), "What no other partition takes."),
            Key("partition_by", Named("partition key"), "Divided again."),
            Key("partitions", MapOf(Named("partition"), "partition"), "Its own parts."),
            PARENTS_NAMES,
            SCHEMA,
            STORAGE_PARAMETERS,
            TABLESPACE,
            DESCRIPTION,
            WAS,
        ),
    ),
    Record(
        "place among partitions",
        "What a partition that is an entity of its own holds, and of which table.",
        (
            Key("entity", Name("an entity"), "The divided table.", True, "payments"),
            Key("from", ListOf(Expression(), least=1), "Range: the first values inside."),
            Key("to", ListOf(Expression(), least=1), "Range: the first values outside."),
            Key("in", ListOf(Expression(), least=1), "List: the values."),
            Key("modulus", Whole(1), "Hash: the number of parts."),
            Key("remainder", Whole(0), "Hash: which of them."),
            Key("default", Truth(), "What no other partition takes."),
        ),
    ),
    Record(
        "enum value",
        "A value of an enum that had another name.",
        (
            Key("value", Text("a value"), "The value.", True),
            Key("was", Text("a value"), "Its name before."),
        ),
    ),
    Record(
        "attribute",
        "A member of a composite type.",
        (
            Key("type", Text("a type"), "Its type.", True),
            Key("collation", Name(), "How its text sorts."),
            DESCRIPTION,
            WAS,
        ),
    ),
)

ENTITY = Record(
    "postgres entity",
    "A table.",
    (
        Key("entity", Name(), "The table's name.", True),
        Key("store", Choice(("postgres",)), "The store that holds it.", True),
        DESCRIPTION,
        WAS,
        SCHEMA,
        Key("fields", MapOf(either(Text("a type"), Named("postgres field")), "field"), "Its columns in order."),
        Key("primary_key", either(Name(), NAMES, Named("primary key")), "The fields that identify a row."),
        Key(
            "unique",
            either(
                ListOf(either(NAMES, Named("unique constraint"))),
                MapOf(either(NAMES, Named("unique constraint")), "constraint"),
            ),
            "Combinations of fields of which no two rows are alike; a mapping names them.",
            example="{ one_active_per_room: [room, slot] }",
        ),
        Key(
            "checks",
            MapOf(either(Expression(), Named("check constraint")), "constraint"),
            "Conditions that every row meets, by name.",
        ),
        Key(
            "foreign_keys",
            either(ListOf(Named("foreign key")), MapOf(Named("foreign key"), "constraint")),
            "Foreign keys of several fields.",
        ),
        Key("exclusions", MapOf(Named("exclusion constraint"), "constraint"), "Exclusion constraints by name."),
        Key("indexes", ListOf(Named("postgres index")), "Its indexes."),
        Key("triggers", MapOf(Named("trigger"), "trigger"), "Its triggers by name."),
        Key(
            "inherited_triggers",
            MapOf(STATES, "trigger"),
            "Of a partition: when triggers that it has from its parent fire, where that is not as in the parent.",
        ),
        Key("rules", MapOf(Named("rule"), "rule"), "Its rewrite rules by name."),
        Key(
            "row_level_security",
            either(Truth(), Choice(("forced", "forced when on"))),
            "Policies decide who sees which rows; `forced` also for the owner; `forced when on`: but it is off.",
        ),
        Key("policies", MapOf(Named("policy"), "policy"), "Row-level security policies by name."),
        Key("statistics", MapOf(Named("statistics"), "statistics"), "Extended statistics by name."),
        Key("partition_by", Named("partition key"), "How it is divided into partitions."),
        Key("partitions", MapOf(Named("partition"), "partition"), "Its partitions by name."),
        Key(
            "distribute_by",
            either(Name(), Named("distribution")),
            "How Citus spreads it over nodes: a field, or `everywhere`.",
        ),
        Key(
            "partition_of",
            Named("place among partitions"),
            "A partition with more of its own than a line in its parent can say; its fields are the parent's.",
        ),
        PARENTS_NAMES,
        Key("inherits", NAMES, "The tables that it inherits from."),
        Key("of_type", Name(), "The composite type that its columns come from."),
        Key("unlogged", Truth(), "Not written to the log: fast, and empty after a crash."),
        Key("access_method", Name(), "The table access method; `heap` unless given."),
        STORAGE_PARAMETERS,
        TABLESPACE,
        Key(
            "replica_identity",
            either(Choice(("default", "full", "nothing")), MapOf(Name(), "index")),
            "What logical replication sends of old rows.",
            example="full, or { index: users_email_key }",
        ),
        OWNER,
        GRANT,
        REVOKE,
        LABELS,
        Key("sensitive", Truth(), "Holds what must not appear in logs; stricter rules apply."),
        words_seed.ENTITY_KEY,
    ),
)

_FUNCTION_KEYS = (
    *COMMON,
    Key(
        "arguments",
        either(Text("arguments"), ListOf(Text("an argument"))),
        "Its arguments as in CREATE FUNCTION.",
        example="[amount numeric, rate numeric default 0.19]",
    ),
    Key("language", Name(), "plpgsql, sql or another language; `sql` unless given."),
    Key(
        "body",
        Text("a body"),
        "What it does; without the dollar quotes. `begin atomic …` and `return …` stand for themselves.",
    ),
    Key("security", Choice(("invoker", "definer")), "Whose privileges it runs with; `invoker` unless given."),
    Key("set", MapOf(Value(), "setting"), "Settings while it runs.", example="{ search_path: pg_catalog }"),
    Key("definition", Text("SQL"), "The whole CREATE statement instead of the words above."),
)

DOCUMENTS: tuple[Document, ...] = (
    Document(
        "entity",
        "postgres",
        ENTITY,
        "entity: rooms\nstore: postgres\nfields:\n  id: { type: bigint, identity: always }\n  name: { type: text, required: true }\nprimary_key: [id]\n",
    ),
    Document(
        "enum",
        "postgres",
        Record(
            "enum",
            "An enumeration type.",
            (
                Key("enum", Name(), "Its name.", True),
                Key(
                    "values",
                    ListOf(either(Text("a value"), Named("enum value")), least=0),
                    "Its values in order.",
                    True,
                    "[low, high]",
                ),
                *COMMON,
            ),
        ),
        "enum: urgency\nvalues: [routine, urgent, stat]\n",
        "postgres",
    ),
    Document(
        "domain",
        "postgres",
        Record(
            "domain",
            "A type with conditions.",
            (
                Key("domain", Name(), "Its name.", True),
                Key("type", Text("a type"), "The type that it is made of.", True),
                Key("required", Truth(), "NOT NULL."),
                Key("required_name", Name(), "The name of the NOT NULL constraint (PostgreSQL 17)."),
                Key("default", Expression(), "The default of columns of it."),
                Key("collation", Name(), "How its text sorts."),
                Key(
                    "checks",
                    MapOf(either(Expression(), Named("check constraint")), "constraint"),
                    "Conditions on VALUE, by name.",
                ),
                *COMMON,
            ),
        ),
        "domain: email_address\ntype: varchar(100)\nchecks:\n  has_an_at: value like '%@%'\n",
        "postgres",
    ),
    Document(
        "composite",
        "postgres",
        Record(
            "composite",
            "A type with members.",
            (
                Key("composite", Name(), "Its name.", True),
                Key(
                    "fields",
                    MapOf(either(Text("a type"), Named("attribute")), "field"),
                    "Its members in order.",
                    True,
                ),
                *COMMON,
            ),
        ),
        "composite: address\nfields: { street: text, city: text }\n",
        "postgres",
    ),
    Document(
        "range",
        "postgres",
        Record(
            "range",
            "A range type.",
            (
                Key("range", Name(), "Its name.", True),
                Key("subtype", Text("a type"), "What it is a range of.", True),
                Key("operator_class", Name(), "How the subtype sorts."),
                Key("collation", Name(), "How its text sorts."),
                Key("canonical", Name(), "The function that makes values canonical."),
                Key("difference", Name(), "The function that tells the distance of two values."),
                Key("multirange", Name(), "The name of its multirange type; with its schema where that is another."),
                *COMMON,
            ),
        ),
        "range: time_of_day_range\nsubtype: time\n",
        "postgres",
    ),
    Document(
        "sequence",
        "postgres",
        Record(
            "sequence",
            "A sequence that is not an identity column's.",
            (
                Key("sequence", Name(), "Its name.", True),
                Key(
                    "type",
                    Choice(("smallint", "integer", "bigint")),
                    "The type of its values; `bigint` unless given.",
                ),
                *_SEQUENCE_KEYS,
                Key("unlogged", Truth(), "Not written to the log."),
                Key("owned_by", Name("an entity and its field"), "The field that takes it along when dropped."),
                *COMMON,
            ),
        ),
        "sequence: invoice_numbers\nstart: 1000\n",
        "postgres",
    ),
    Document(
        "function",
        "postgres",
        Record(
            "function",
            "A function.",
            (
                Key("function", Name(), "Its name.", True),
                *_FUNCTION_KEYS,
                Key("returns", Text("a type"), "What it returns.", example="trigger"),
                Key(
                    "volatility",
                    Choice(("immutable", "stable", "volatile")),
                    "Whether it always gives the same answer; `volatile` unless given.",
                ),
                Key("strict", Truth(), "NULL for any NULL argument, without being called."),
                Key("leakproof", Truth(), "Tells nothing of its arguments."),
                Key(
                    "parallel",
                    Choice(("safe", "restricted", "unsafe")),
                    "Whether it may run in parallel; `unsafe` unless given.",
                ),
                Key("cost", Value(), "Its estimated cost."),
                Key("rows", Value(), "The estimated number of rows."),
                Key("support", Name(), "Its planner support function."),
                Key("window", Truth(), "A window function."),
            ),
        ),
        "function: update_timestamp\nreturns: trigger\nlanguage: plpgsql\nbody: |\n  begin\n    new.updated_at = now();\n    return new;\n  end;\n",
        "postgres",
    ),
    Document(
        "procedure",
        "postgres",
        Record("procedure", "A procedure.", (Key("procedure", Name(), "Its name.", True), *_FUNCTION_KEYS)),
        "procedure: purge_sessions\nlanguage: sql\nbody: delete from sessions where ended_at < now()\n",
        "postgres",
    ),
    Document(
        "trigger",
        "postgres",
        Record(
            "trigger document",
            "A trigger that stands by itself; it may as well stand in its entity under `triggers`.",
            (
                Key("trigger", Name(), "Its name.", True),
                Key("on", Name("an entity"), "The entity or view that it watches.", True),
                *next(record for record in RECORDS if record.name == "trigger").keys,
            ),
        ),
        "trigger: update_users_timestamp\non: users\nwhen: before update\nexecute: update_timestamp()\n",
        "postgres",
    ),
    Document(
        "view",
        "postgres",
        Record(
            "postgres view",
            "A view.",
            (
                Key("view", Name(), "Its name.", True),
                Key("store", Choice(("postgres",)), "The store that holds it."),
                Key("query", Text("SQL"), "The SELECT.", True),
                Key("columns", NAMES, "Names for its columns."),
                Key(
                    "descriptions",
                    MapOf(Text("a sentence"), "column"),
                    "What its columns hold; stored as their COMMENTs.",
                ),
                Key("security_barrier", Truth(), "No leaky condition is pushed below it."),
                Key("security_invoker", Truth(), "Rights of the caller (PostgreSQL 15)."),
                Key("check_option", Choice(("local", "cascaded")), "Writes must stay visible in it."),
                Key("defaults", MapOf(Expression(), "column"), "Defaults for inserts."),
                Key("triggers", MapOf(Named("trigger"), "trigger"), "Its triggers by name."),
                Key("rules", MapOf(Named("rule"), "rule"), "Its rewrite rules by name."),
                *COMMON,
            ),
        ),
        "view: active_users\nquery: select id, full_name from users where status = 'active'\n",
        "postgres",
    ),
    Document(
        "materialized_view",
        "postgres",
        Record(
            "materialized view",
            "A view that keeps its rows.",
            (
                Key("materialized_view", Name(), "Its name.", True),
                Key("query", Text("SQL"), "The SELECT.", True),
                Key("columns", NAMES, "Names for its columns."),
                Key(
                    "descriptions",
                    MapOf(Text("a sentence"), "column"),
                    "What its columns hold; stored as their COMMENTs.",
                ),
                Key("populated", Truth(), "`false`: made empty, filled by the first refresh."),
                Key("indexes", ListOf(Named("postgres index")), "Its indexes."),
                Key("statistics", MapOf(Whole(-1), "column"), "Statistics targets of its columns."),
                Key("access_method", Name(), "The table access method."),
                STORAGE_PARAMETERS,
                TABLESPACE,
                *COMMON,
            ),
        ),
        "materialized_view: visits_by_month\nquery: select date_trunc('month', start_time) as month, count(*) from encounters group by 1\n",
        "postgres",
    ),
    Document(
        "extension",
        "postgres",
        Record(
            "extension",
            "An extension of the server.",
            (
                Key("extension", Name(), "Its name.", True, "uuid-ossp"),
                Key("schema", Name(), "The schema that its objects go to; `public` when not given."),
                Key("version", Text("a version"), "Its version; the server's default when not given."),
                DESCRIPTION,
            ),
        ),
        "extension: uuid-ossp\n",
        "postgres",
    ),
    Document(
        "schema",
        "postgres",
        Record(
            "schema",
            "A schema.",
            (Key("schema", Name(), "Its name.", True), DESCRIPTION, WAS, OWNER, GRANT, REVOKE, LABELS),
        ),
        "schema: billing\ndescription: Invoices and payments\n",
        "postgres",
    ),
    Document(
        "collation",
        "postgres",
        Record(
            "collation",
            "A way of sorting text.",
            (
                Key("collation", Name(), "Its name.", True),
                Key("provider", Choice(("icu", "libc", "builtin")), "Who sorts; `libc` unless given."),
                Key("locale", Text("a locale"), "The locale.", example="de-u-co-phonebk"),
                Key("lc_collate", Text("a locale"), "libc: how text sorts."),
                Key("lc_ctype", Text("a locale"), "libc: what is a letter."),
                Key("deterministic", Truth(), "`false`: texts that sort alike are equal."),
                Key("rules", Text("rules"), "ICU rules (PostgreSQL 16)."),
                *COMMON,
            ),
        ),
        "collation: ignore_case\nprovider: icu\nlocale: und-u-ks-level2\ndeterministic: false\n",
        "postgres",
    ),
    Document(
        "aggregate",
        "postgres",
        Record(
            "aggregate",
            "An aggregate function.",
            (
                Key("aggregate", Name(), "Its name.", True),
                Key(
                    "arguments",
                    either(Text("arguments"), ListOf(Text("an argument"))),
                    "The types of its arguments.",
                    True,
                ),
                Key("state_function", Name(), "The function called for each row.", True),
                Key("state_type", Text("a type"), "The type of the state.", True),
                Key("initial", Text("a value"), "The first state."),
                Key("final_function", Name(), "The function that makes the result of the state."),
                Key("parallel", Choice(("safe", "restricted", "unsafe")), "Whether it may run in parallel."),
                Key("options", MapOf(Value(), "option"), "Further options as in CREATE AGGREGATE."),
                *COMMON,
            ),
        ),
        "aggregate: product\narguments: numeric\nstate_function: numeric_mul\nstate_type: numeric\ninitial: '1'\n",
        "postgres",
    ),
    Document(
        "event_trigger",
        "postgres",
        Record(
            "event trigger",
            "A trigger on commands that define things.",
            (
                Key("event_trigger", Name(), "Its name.", True),
                Key(
                    "on",
                    Choice(("ddl_command_start", "ddl_command_end", "table_rewrite", "sql_drop", "login")),
                    "The event.",
                    True,
                ),
                Key("tags", ListOf(Text("a command tag"), least=1), "Only these commands."),
                Key("execute", Text("a function call"), "The function.", True),
                ENABLED,
                DESCRIPTION,
                WAS,
                OWNER,
            ),
        ),
        "event_trigger: no_drops\non: sql_drop\nexecute: refuse_drop()\n",
        "postgres",
    ),
    Document(
        "default_privileges",
        "postgres",
        Record(
            "default privileges",
            "What objects made from now on allow.",
            (
                Key("default_privileges", Name("a role"), "The role that makes them.", True),
                Key("schema", Name(), "Only in this schema."),
                Key(
                    "objects",
                    Choice(("tables", "sequences", "functions", "types", "schemas", "large objects")),
                    "Which objects; large objects need PostgreSQL 18.",
                    True,
                ),
                GRANT,
                REVOKE,
            ),
        ),
        "default_privileges: app_owner\nobjects: tables\ngrants: { reporting: [select] }\n",
        "postgres",
    ),
    Document(
        "object",
        "postgres",
        Record(
            "object",
            "A rarely used object that carries its own way to be made: compared as the server prints it, changed by drop and create.",
            (
                Key(
                    "object",
                    Text("a name"),
                    "Its name as COMMENT and DROP write it.",
                    True,
                    "operator public.=== (text, text)",
                ),
                Key(
                    "create",
                    either(Text("SQL"), ListOf(Text("SQL"), least=1)),
                    "The statements that make it.",
                    True,
                ),
                Key("drop", Text("SQL"), "The statement that removes it; `drop <object>` when not given."),
                DESCRIPTION,
            ),
        ),
        "object: cast (text as jsonb)\ncreate: create cast (text as jsonb) with inout as assignment\n",
        "postgres",
    ),
    Document(
        "sql",
        "postgres",
        Record(
            "sql",
            "What has no words of its own: statements, proven and verified by what they do to the catalog.",
            (
                Key("sql", Name(), "A name for it.", True),
                Key("up", Text("SQL"), "The statements that make it.", True),
                Key("down", Text("SQL"), "The statements that remove it."),
                DESCRIPTION,
            ),
        ),
        "sql: visit_publication\nup: create publication visits for table appointments, encounters\ndown: drop publication visits\n",
        "postgres",
    ),
)

__all__ = ["DOCUMENTS", "RECORDS", "Either", "Shape"]
