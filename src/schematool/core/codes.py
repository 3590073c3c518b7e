"""The one catalogue of codes: what `lint`, `--allow`, `explain`, SARIF and the documentation say about each.

ST0xx usage and configuration · ST1xx language, loading, lowering · ST2xx hazards (PostgreSQL and shared) ·
ST3xx hazards of MongoDB · ST4xx history, integrity · ST5xx the world · ST6xx drift and what is not modelled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from schematool.core.diagnostic import Severity
from schematool.core.step import Hazard, Step


@dataclass(frozen=True, slots=True)
class Code:
    """One row. `permit`: the word that consents to a hazard; None for what needs no consent.

    `severity` is the one that `lint` and SARIF use. `example` is the smallest input that raises it.
    """

    code: str
    title: str
    permit: str | None = None
    severity: Severity = Severity.ERROR
    why: str = ""
    remedy: str = ""
    example: str = ""


_WARNING = Severity.WARNING
_NOTE = Severity.NOTE

# One line of thought a row; keep the rows sorted by code. Append yours in its hundred.
ROWS: tuple[Code, ...] = (
    # --- ST0xx: usage and configuration -------------------------------------------------------------------
    Code(
        "ST001",
        "no project here",
        why="schematool looks for schematool.toml, or [tool.schematool] in pyproject.toml, in this folder and above.",
        remedy="Run `schematool init` in the folder that should hold the schema, or pass `--project FOLDER`.",
    ),
    Code(
        "ST002",
        "the configuration cannot be read",
        why="schematool.toml must be TOML and hold only the keys that schematool knows, so that a misspelt one is seen.",
        remedy="Correct the line that the frame shows; `schematool config` prints what is in effect.",
        example='[env.dev.postgres]\nulr = "postgresql://localhost/app"',
    ),
    Code(
        "ST003",
        "not the URL of a database",
        why="The scheme of the URL says which store it is.",
        remedy="Use postgresql://user@host/database or mongodb://host/database.",
    ),
    Code(
        "ST004",
        "an environment variable is not set",
        why="A URL with a hole in it could name the wrong database.",
        remedy="Set the variable, or give a default: ${NAME:-default}.",
        example='[env.prod.postgres]\nurl = "${DATABASE_URL}"',
    ),
    Code(
        "ST005",
        "no environment of that name",
        why="The name after --env must be a table [env.NAME] of the configuration.",
        remedy="Use one of the names that the message lists, or add the table.",
    ),
    Code(
        "ST006",
        "a path leaves the project",
        why="schematool reads and writes below the project only, after links are resolved.",
        remedy="Move the file into the project, or remove the link.",
    ),
    Code(
        "ST007",
        "cannot be compared",
        why="`diff` takes schema, migrations, live, empty, git:REF, a folder, or a database URL.",
        remedy="Use one of these for FROM and for TO.",
    ),
    Code(
        "ST008",
        "a file cannot be read or written",
        why="The system refused it, or it is not UTF-8 text.",
        remedy="Correct the file or its permissions.",
    ),
    Code(
        "ST009",
        "wrong use of a flag",
        why="Some flags exclude each other, or need a value of a certain form.",
        remedy="`schematool COMMAND --help` shows examples.",
    ),
    Code(
        "ST010",
        "something is there already",
        why="`import` writes a schema and the beginning of its history; it never writes over what somebody else wrote.",
        remedy="Import into an empty project, or print what you want with `schematool import --stdout --only NAME`.",
    ),
    Code(
        "ST011",
        "a URL or a password cannot be fetched",
        why="The configuration says which file or which program has the secret, and that one does not give a line of text.",
        remedy="Look at the file, or run the program by hand; it must print the secret alone, on one line.",
        example='[env.prod.postgres]\nurl_command = ["pass", "show", "clinic/postgres"]',
    ),
    Code(
        "ST016",
        "letters that a PNG does not have",
        why="A PNG is drawn without a font of the machine, so that it is the same everywhere. It has the letters of "
        "Latin, Greek, Cyrillic and Vietnamese; in an SVG the reader's own fonts write all scripts.",
        remedy="Draw an SVG: `schematool erd -o schema.svg`.",
    ),
    Code(
        "ST015",
        "too large for Mermaid",
        severity=_WARNING,
        why="Mermaid draws nothing of more than 50,000 characters or 500 relations unless its `maxTextSize` and `maxEdges` are raised, which GitHub does not allow.",
        remedy="Show less (`--fields none`, `--focus ENTITY`), or draw a picture instead: `schematool erd -o schema.svg`.",
    ),
    # --- ST1xx: the language ------------------------------------------------------------------------------
    Code(
        "ST100",
        "this is not YAML",
        why="The parser cannot go on from here; nothing of the rest of the file is read.",
        remedy="Correct the line that the frame shows: quote values with `: `, `#`, `@` or a leading `%` in them, indent by spaces.",
        example="\tentity: users",
    ),
    Code(
        "ST101",
        "unknown key",
        why="A misspelt key would be left out in silence, and the database would lack what you meant.",
        remedy="Use the word that the hint names; `schematool docs language` or an editor with the JSON Schema lists all of them.",
        example="fields: { name: { type: text, requird: true } }",
    ),
    Code(
        "ST102",
        "unknown type",
        why="The type is neither built in nor declared.",
        remedy="Correct it, declare it (`enum:`, `domain:`, `composite:`, `range:`), or add the `extension:` that brings it.",
        example="fields: { id: uuidd }",
    ),
    Code(
        "ST103",
        "a key is written twice",
        why="YAML readers keep one of the two in silence, and not all of them the same.",
        remedy="Remove one of them.",
        example="required: true\nrequired: false",
    ),
    Code(
        "ST104",
        "a value of the wrong shape",
        why="The key is known, but what stands behind it cannot be meant.",
        remedy="Write what the message expects.",
        example="indexes: email",
    ),
    Code(
        "ST105",
        "something is missing",
        why="Without it the document cannot be compiled.",
        remedy="Add the key that the message names.",
        example="entity: users\nfields: { id: uuid }",
    ),
    Code(
        "ST106",
        "ambiguous YAML",
        why="`no`, `on`, `017`, `1.10`, `12:30:45` and dates are read in different ways by different YAML readers.",
        remedy="Put it in quotes, or write the number or the truth that you mean.",
        example="required: yes",
    ),
    Code(
        "ST107",
        "too large or too deep",
        why="The caps keep a small hostile file from filling the memory.",
        remedy="Split the file, and write shared parts out instead of by alias.",
        example="a: &a [x, x]\nb: &b [*a, *a]",
    ),
    Code(
        "ST108",
        "not a document of the language",
        why="A document says what it is by its first key.",
        remedy="Begin it with `entity:`, `enum:`, `function:` or another kind.",
        example="entitiy: users",
    ),
    Code(
        "ST109",
        "a YAML feature that is not read",
        why="Tags and merge keys make a file mean what it does not say.",
        remedy="Write the value out.",
        example="fields: { <<: *common }",
    ),
    Code(
        "ST110",
        "declared twice",
        why="Two things would share one name in the database.",
        remedy="Rename or remove one of them.",
        example="entity: users   # in two files",
    ),
    Code(
        "ST111",
        "refers to something that is not there",
        why="The entity is not declared, or not in a store that can be referred to.",
        remedy="Correct the name, or declare it.",
        example="references: patient.id",
    ),
    Code(
        "ST112",
        "types that do not fit",
        why="A reference must be able to hold the values that it points at, across stores too.",
        remedy="Give both fields the same type; a uuid is `type: string, format: uuid` in MongoDB.",
        example="patient_id: { type: integer, references: patients.id }   # a uuid",
    ),
    Code(
        "ST113",
        "unknown field",
        why="A key, index or reference names a field that the entity does not have.",
        remedy="Correct the name, or add the field.",
        example="primary_key: [idd]",
    ),
    Code(
        "ST114",
        "a name that the server would change or refuse",
        why="PostgreSQL cuts names at 63 bytes without a word, and two names may become one.",
        remedy="Choose another name.",
        example="indexes: [{ on: [a], name: a_name_of_more_than_sixty_three_bytes }]",
    ),
    Code(
        "ST116",
        "words that contradict each other",
        why="Only one of them can be meant.",
        remedy="Keep one.",
        example="on_delete: cascade   # without references",
    ),
    Code(
        "ST117",
        "a default that is a bare word",
        why="A default is an SQL expression: a bare word would be a column, which PostgreSQL refuses.",
        remedy="Put SQL quotes inside of YAML quotes.",
        example="default: active",
    ),
    Code(
        "ST118",
        "a rename that cannot be",
        why="`was` names something that is still there, or that two things claim.",
        remedy="Remove `was`, or the old name.",
        example="full_name: { type: text, was: full_name }",
    ),
    Code(
        "ST119",
        "a rename of what is not there",
        why="`was` names something that the database does not hold, under the old name or the new one: the new thing "
        "would be made empty, and what was to be kept would be dropped or is somewhere else.",
        remedy="Correct the name in `was`, or remove `was` where the thing is new.",
        example="mail: { type: text, was: e_mail }   # the migrations made it as `email`",
    ),
    Code(
        "ST120",
        "a file that declares nothing",
        severity=_WARNING,
        why="It is empty, or holds comments only; perhaps something was forgotten.",
        remedy="Write a document into it, or remove it.",
    ),
    Code(
        "ST121",
        "SQL that cannot be read",
        why="A quote, comment or parenthesis is not closed, so that the statements cannot be told apart.",
        remedy="Close it.",
        example="up: select 'open",
    ),
    Code(
        "ST122",
        "cannot stand in this transaction",
        why="A migration file is one transaction, and some statements refuse to run in one.",
        remedy="Put them into a migration of their own that begins with `-- transactional: false`.",
        example="create index concurrently on users (email);   -- in a file with other statements",
    ),
    Code(
        "ST123",
        "not one SQL expression",
        why="A default, a condition or a part of an index is put into a statement; what could end it there could be another statement.",
        remedy="Write one expression: parentheses in pairs, no semicolon, no comma outside of parentheses, no other clause.",
        example='default: "1); drop table users; --"',
    ),
    Code(
        "ST130",
        "MongoDB's validation cannot say this",
        why="$jsonSchema of MongoDB is a part of draft 4: some words it refuses, others it passes over in silence.",
        remedy="The hint says how to write it instead; conditions over several fields go under `checks`.",
        example="fields:\n  born: { type: date, minimum: 0 }",
    ),
    Code(
        "ST131",
        "an index that would not do what it says",
        why="MongoDB refuses it; or takes it without a word, and then expires nothing, or cannot tell it from another.",
        remedy="Follow the hint of the message.",
        example="indexes:\n  - { on: { place: hashed }, expire_after: 30d }",
    ),
    Code(
        "ST132",
        "this cannot be renamed",
        why="MongoDB has no way to rename it, or nothing tells whether it was renamed already.",
        remedy="Take `was` away, or write the migration by hand with `schematool new`.",
    ),
    Code(
        "ST133",
        "a pattern that does not fit the schema",
        why="It names a parameter, an index, an entity or a field that is not there, or does more than to read. What "
        "it promises could not be proven.",
        remedy="Correct the word that the frame shows.",
        example="pattern: by_name\nstore: postgres\nquery: select * from users where name = :nam\nparameters: { name: text }",
    ),
    Code(
        "ST134",
        "a table that cannot be divided so",
        why="PostgreSQL keeps a key, and what refers to one, within each partition only; and a partition can be made "
        "ahead only for a range of one date or time.",
        remedy="Add the fields that the table is divided by to its keys, or divide it otherwise.",
        example="primary_key: [id]\npartition_by: { range: [start_time], every: month }",
    ),
    Code(
        "ST135",
        "Citus would not spread a table so",
        why="A key is kept within each shard only, so it must hold the field by which the table is spread; a foreign "
        "key must lead to a row on the same node.",
        remedy="Follow the hint of the message.",
        example="primary_key: [id]\ndistribute_by: patient_id",
    ),
    Code(
        "ST136",
        "MongoDB would not shard a collection so",
        why="A shard key needs an index of its own, single values, and unique indexes that begin with it.",
        remedy="Follow the hint of the message.",
        example="shard_key: { on: { clinicId: hashed }, unique: true }",
    ),
    Code(
        "ST150",
        "a reference without an index",
        severity=_WARNING,
        why="A delete or change of the row pointed at reads this whole table, under a lock; across databases, `verify "
        "--data` and every clean-up read the whole collection.",
        remedy="Add an index whose first field is the one that refers.",
        example="doctor_id: { type: uuid, references: users.id }   # and no index on doctor_id",
    ),
    Code(
        "ST151",
        "an index that another one already serves",
        severity=_WARNING,
        why="It costs time at every write and never helps a query.",
        remedy="Remove it, or say why it stays: `# schematool: allow ST151 because …` on its line.",
        example="email: { type: text, unique: true } with indexes: [{ on: [email] }]",
    ),
    Code(
        "ST152",
        "a timestamp without time zone",
        severity=_NOTE,
        why="It does not say which instant it is: it means another one for each session's time zone.",
        remedy="Use `timestamptz`, unless all clocks agree on one zone.",
        example="created_at: timestamp",
    ),
    Code(
        "ST153",
        "a type that has a better one",
        severity=_WARNING,
        why="money depends on the server's locale, char(n) pads, serial leaves its sequence unprotected, json keeps text.",
        remedy="Use numeric, text or varchar, `identity: always`, jsonb.",
        example="price: money",
    ),
    Code(
        "ST154",
        "no primary key",
        severity=_WARNING,
        why="Rows cannot be told apart, and logical replication cannot update them.",
        remedy="Add `primary_key: [id]`.",
        example="entity: logs   # without primary_key",
    ),
    Code(
        "ST155",
        "no description",
        severity=_NOTE,
        why="What is not written down is known to one person.",
        remedy="Add `description:`.",
        example="fields: { x1: integer }",
    ),
    Code(
        "ST156",
        "a length that is only a habit",
        severity=_NOTE,
        why="varchar(n) takes no less space than text, and a longer n is one more migration.",
        remedy="Use text with a CHECK where the length means something.",
        example="name: varchar(255)",
    ),
    Code(
        "ST157",
        "a validator that would log what is sensitive",
        why="With `action: warn` MongoDB writes the whole document into its log.",
        remedy="Use `action: error`, with `level: moderate` while old documents are being corrected.",
        example="sensitive: true, validation: { action: warn }",
    ),
    Code(
        "ST158",
        "an index that MongoDB needs elsewhere",
        why="A collection can have one text index only.",
        remedy="Put all text fields into one index.",
        example="indexes: [{ on: { a: text } }, { on: { b: text } }]",
    ),
    Code(
        "ST159",
        "an allowance without its reason",
        severity=_WARNING,
        why="Whoever reads it later must be able to judge whether it still holds.",
        remedy="Write `# schematool: allow ST151 because …`.",
        example="# schematool: allow ST151",
    ),
    Code(
        "ST160",
        "an allowance that allows nothing",
        severity=_NOTE,
        why="The finding is gone; the comment would hide the next one.",
        remedy="Remove the comment.",
        example="# schematool: allow ST151 because …   # where nothing is found",
    ),
    Code(
        "ST161",
        "an index that serves nothing",
        severity=_NOTE,
        why="No constraint needs it, and none of the patterns that read its entity uses it: it costs time at every "
        "write. Of an entity that no pattern reads, nothing is said.",
        remedy="Declare the `pattern:` that needs it, remove it, or say why it stays: `# schematool: allow ST161 "
        "because …`.",
        example="indexes: [{ on: [status] }]   # and no pattern with `uses_index: users_status_idx`",
    ),
    Code(
        "ST162",
        "a cache that lies",
        severity=_WARNING,
        why="A key without all parameters gives one caller the answer of another; an entity that is read and not in "
        "`invalidated_by` leaves old answers in place.",
        remedy="Name every parameter in `key`, and every entity that the pattern reads in `invalidated_by`.",
        example='cache: { key: "tasks", invalidated_by: [tasks] }   # of a pattern with the parameter user_id',
    ),
    Code(
        "ST166",
        "a shard key that spreads badly",
        severity=_WARNING,
        why="All documents with one key stay on one shard, and all that come at one time go to one shard if it grows "
        "with time.",
        remedy="Begin with a field of many values that applications ask for, or hash one.",
        example="shard_key: { on: { createdAt: 1 } }",
    ),
    Code(
        "ST190",
        "the server refuses what the schema declares",
        why="Every declaration is built on a scratch server, which has the last word on types, expressions and names.",
        remedy="Correct the declaration that the frame shows; the message is the server's own.",
        example="fields:\n  age: { type: integer, default: \"'old'\" }",
    ),
    # --- ST2xx: hazards -----------------------------------------------------------------------------------
    Code(
        "ST201",
        "deletes data",
        permit="data-loss",
        why="A dropped column, table or collection cannot be undone, nor can what a narrower type does not keep: rollback "
        "restores the shape, not the values.",
        remedy="Stop reading and writing it, deploy, and drop it one release later. If it was renamed, say so with "
        "`was: old_name` at the new one.",
        example='alter table "users" drop column "nickname";',
    ),
    Code(
        "ST202",
        "values are not restored on rollback",
        severity=_NOTE,
        why="Rolling back brings the column or table back empty; its values went with the migration.",
        remedy="Take a backup of the values before, if they may be needed again.",
    ),
    Code(
        "ST203",
        "rewrites a table",
        permit="table-rewrite",
        severity=_WARNING,
        why="PostgreSQL writes the whole table and its indexes again under ACCESS EXCLUSIVE: nobody reads or writes it "
        "meanwhile.",
        remedy="Add a new column, fill it in batches, switch over, and drop the old one.",
        example='alter table "users" alter column "age" type bigint;',
    ),
    Code(
        "ST204",
        "scans a table under a lock that blocks",
        permit="blocking-lock",
        severity=_WARNING,
        why="The statement reads the whole table while it holds a lock that stops writers, or everyone.",
        remedy="Use the online form: NOT VALID and VALIDATE, CONCURRENTLY, or a CHECK before SET NOT NULL.",
        example='alter table "users" alter column "email" set not null;',
    ),
    Code(
        "ST205",
        "cannot be rolled back",
        permit="irreversible",
        why="There is no command that takes this back.",
        remedy="Write the rollback by hand in the .rollback file, or consent to a migration without one.",
    ),
    Code(
        "ST206",
        "may be a rename",
        permit="data-loss",
        why="One thing goes and one of the same shape comes: dropping and adding would lose the values that a rename "
        "keeps. schematool never guesses.",
        remedy="Write `was: old_name` at the new one; or, if it really is another thing, consent to the loss with "
        "`--allow data-loss`.",
        example="fields:\n  mail: { type: text }   # was called email before",
    ),
    Code(
        "ST207",
        "breaks running code by a rename",
        severity=_NOTE,
        why="Programs that still use the old name fail from the moment of the migration.",
        remedy="Add the new name beside the old one, move the programs, and drop the old one later.",
    ),
    Code(
        "ST208",
        "works only where there are no rows",
        permit="existing-rows",
        severity=_WARNING,
        why="On the scratch database the migration failed when the tables had rows, and worked when they were empty: "
        "a required column without a default, for example, or a check that existing rows may not meet.",
        remedy="Give the new column a default, or fill it in between two migrations. If the tables are empty "
        "everywhere, consent with `--allow existing-rows`.",
        example='alter table "users" add column "email" text not null;',
    ),
    Code(
        "ST209",
        "removes a label that rows may hold",
        permit="existing-rows",
        severity=_WARNING,
        why="A label of an enumeration goes; where a row still holds it, the migration fails and nothing is changed.",
        remedy="Give those rows another label first, in a migration of its own made with `schematool new`.",
        example="enum: urgency\nvalues: [routine, urgent]   # stat is gone",
    ),
    Code(
        "ST210",
        "is made without its password",
        permit="unknown-password",
        severity=_WARNING,
        why="Passwords of user mappings and subscriptions are never read, so what is made has asterisks in their place "
        "and cannot connect.",
        remedy="Give it its password by hand after the migration: `ALTER USER MAPPING … OPTIONS (SET password …)`, "
        "`ALTER SUBSCRIPTION … CONNECTION …`.",
        example="CREATE USER MAPPING FOR app SERVER archive OPTIONS (user 'app', password '********')",
    ),
    Code(
        "ST250",
        "detaches a partition",
        permit="detach",
        severity=_WARNING,
        why="Its rows are in no answer of the table any more. They stay, in a table of their own, until someone "
        "archives or drops that.",
        remedy="Raise `keep`, or consent: `schematool partitions --allow detach`.",
        example="partition_by: { range: [start_time], every: month, keep: 24 }",
    ),
    # --- ST3xx: hazards of MongoDB ------------------------------------------------------------------------
    Code(
        "ST301",
        "tightens a validator",
        permit="validator-tightening",
        severity=_WARNING,
        why="Documents that were accepted until now are refused, on insert and, at level strict, on every update.",
        remedy="Find the documents that do not match first, correct them, and use level moderate for a while.",
    ),
    Code(
        "ST302",
        "leaves a moment without an index",
        permit="index-gap",
        severity=_WARNING,
        why="The old index must go before the new one can be built; queries scan the collection meanwhile.",
        remedy="Do it at a quiet time, or build an index under another key first.",
    ),
    Code(
        "ST303",
        "rebuilds a collection",
        permit="collection-rebuild",
        why="This option can only be set when a collection is created, so the documents must be copied.",
        remedy="Create a new collection and move the documents and the programs over.",
    ),
    Code(
        "ST304",
        "takes a collection out of use",
        permit="data-loss",
        why="The collection is renamed to `_schematool_trash.<migration>.<name>`: programs do not find it any more, its "
        "documents are still there. Rolling back renames it back and loses nothing; `schematool purge` deletes it for "
        "good.",
        remedy="Stop reading and writing it, deploy, and drop it one release later. If it was renamed, say so with "
        "`was: old_name` at the new one.",
        example='{ "renameCollection": "old", "to": "_schematool_trash.0007_drop_old.old" }',
    ),
    Code(
        "ST305",
        "moves documents between shards",
        permit="resharding",
        severity=_WARNING,
        why="Every document may be copied to another shard, which takes hours, disk and network for a large collection.",
        remedy="Do it at a quiet time, with room for a copy of the collection on every shard.",
        example='{ "reshardCollection": "notes", "key": { "clinicId": "hashed" } }',
    ),
    # --- ST4xx: history and integrity ---------------------------------------------------------------------
    Code(
        "ST401",
        "a migration was edited after it was applied",
        why="What ran is not what the file says, so a new database would not be like this one.",
        remedy="Restore the file from version control, or accept it with `schematool lock ID`.",
    ),
    Code(
        "ST402",
        "an applied migration has no file",
        why="The ledger of the database names a migration that is not in migrations/.",
        remedy="Restore the file, or use the branch that has it.",
    ),
    Code(
        "ST403",
        "out of order",
        why="A migration that was not applied stands before one that was.",
        remedy="Rename its files to the next free number and run `schematool lock`, or apply it knowingly by its id.",
    ),
    Code(
        "ST404",
        "a migration was begun and not finished",
        severity=_WARNING,
        why="Something stopped it in the middle; the ledger says how far it came.",
        remedy="Run `schematool migrate`: it asks the database what is there and finishes.",
    ),
    Code(
        "ST405",
        "schematool.lock does not match the files",
        why="A migration file changed, came or went without the lock file knowing.",
        remedy="Restore the files from version control, or accept them with `schematool lock`.",
    ),
    Code(
        "ST406",
        "no migration of that name",
        why="The id must be one of the files in migrations/.",
        remedy="`schematool status` lists them.",
    ),
    Code(
        "ST407",
        "the schema has changes that no migration has",
        severity=_WARNING,
        why="The YAML and the newest snapshot differ.",
        remedy='Run `schematool generate -m "what changed"`.',
    ),
    Code(
        "ST408",
        "the migration is not proven",
        why="Applied to a scratch database it did not do what the YAML says, or its rollback did not take it back.",
        remedy="This is a defect of schematool unless a hand-written migration is the cause: please report it.",
    ),
    Code(
        "ST409",
        "a migration file is not well formed",
        why="It cannot be read as statements, or as commands, with the header that schematool expects.",
        remedy="Correct the place that the frame shows.",
    ),
    Code(
        "ST410",
        "consent is missing",
        why="A step is dangerous in a way that nobody has consented to.",
        remedy="Add the `--allow` that the message names, after reading the steps.",
    ),
    Code(
        "ST411",
        "no terminal to ask",
        why="The command asks before it changes a database, and there is nobody to answer.",
        remedy="Add `--yes`, or `--dry-run` to see only.",
    ),
    Code(
        "ST412",
        "cannot be rolled back: it has no rollback file",
        why="The migration was written without a way back.",
        remedy="Write the .rollback file, or roll back to a later migration.",
    ),
    Code(
        "ST413",
        "migrations are pending",
        severity=_WARNING,
        why="There are migrations in migrations/ that this database does not have.",
        remedy="Run `schematool migrate`.",
    ),
    Code(
        "ST416",
        "the database is not empty",
        why="`seed` invents rows; among rows that are there already nobody could tell them apart, and keys would collide.",
        remedy="Seed an empty database, or declare `seed: { rows: 0 }` for an entity whose rows stay as they are.",
    ),
    Code(
        "ST417",
        "a table or collection cannot be filled",
        why="No value was found for a condition or a type, or the server refused every row that was tried. Nothing is filled by half.",
        remedy="Help with `seed: { values: […] }` on the field, take the entity out with `seed: { rows: 0 }`, or fill the others with `--partial`.",
    ),
    Code(
        "ST418",
        "a protected environment takes no invented rows",
        why="`protected = true` says that its data is real.",
        remedy="Seed another environment.",
    ),
    Code(
        "ST414",
        "the ledger of another migration tool is not in order",
        why="Before schematool takes a database over, the tool that migrated it so far must be done: a migration that "
        "failed half-way, or a lock that is held, means that nobody knows what the database has.",
        remedy="Finish or repair it with that tool, then run `schematool adopt` again.",
    ),
    Code(
        "ST415",
        "the database is not what the migrations make",
        permit="drift",
        why="`adopt` records migrations as applied without running them. Where the database has something else, the "
        "ledger would say what is not true.",
        remedy="Make them the same: change the YAML or the database. `--allow drift` records them all the same, and "
        "`verify` goes on telling the differences.",
    ),
    Code(
        "ST421",
        "only a part of what was squashed is applied",
        why="One file now stands for many, and this database has some of them and lacks the others: the file can "
        "neither be run nor be recorded.",
        remedy="Check out the commit before the squash, run `schematool migrate` there, and come back.",
    ),
    Code(
        "ST422",
        "a statement on data would be lost by a squash",
        why="`squash` writes anew what the migrations make of the schema. What they do to rows and documents is in no "
        "catalog, and a database that has rows already needs it.",
        remedy="Squash a range without it, or keep it: `--carry-data` puts these statements at the end, as they are.",
    ),
    Code(
        "ST423",
        "the ledger was changed by hand",
        why="A row or document is not as any run leaves it: it was changed, taken out, or restored alone. What the "
        "database has can then not be told from it.",
        remedy="`schematool repair --plan` prints what puts it right, `schematool repair` does it. Where a row is gone, "
        "the database itself is asked whether it has what the migration makes.",
    ),
    Code(
        "ST424",
        "a file among the migrations that nobody reads",
        severity=_WARNING,
        why="It is called like a migration, and lies or ends where none is looked for. Perhaps it was meant as one.",
        remedy="Move it to the folder of its store and give it the ending `.sql` or `.json`, or keep it elsewhere.",
        example="migrations/0007_add_notes.sql   # not in migrations/postgres",
    ),
    Code(
        "ST425",
        "a migration that does nothing",
        severity=_WARNING,
        why="Its file holds comments at most. It would be recorded as applied, and once it is, what is written into it "
        "later never runs. An empty rollback file takes nothing back, and the ledger would say that it did.",
        remedy="Write its statements, or delete its files. Where it is meant so, say why in the file: `-- schematool: "
        "allow ST425 because …`; in a file of MongoDB, `allow`.",
    ),
    Code(
        "ST426",
        "a statement that is not tried as it is",
        severity=_NOTE,
        why="Migrations are tried on a scratch database before anybody has agreed to them, and there nothing may change "
        "the server, run programs on it, touch its files or talk to another server. `migrate` runs the statement as it "
        "is, for the first time.",
        remedy="Look at it twice. Nothing has to be done.",
        example="CREATE SUBSCRIPTION news CONNECTION 'host=publisher' PUBLICATION news;",
    ),
    # --- ST5xx: the world ---------------------------------------------------------------------------------
    Code(
        "ST500",
        "stopped by a signal",
        why="Ctrl-C or a signal of the system; the running statement was cancelled and its transaction rolled back.",
        remedy="`schematool status` says where things stand; run the command again to go on.",
    ),
    Code(
        "ST501",
        "the server cannot be reached",
        why="No connection could be made to the URL.",
        remedy="Check host, port and network; `schematool up` starts the embedded servers.",
    ),
    Code(
        "ST502",
        "another run holds the lock",
        why="Only one migration runs on a database at a time.",
        remedy="Wait for it, or raise --lock-timeout.",
    ),
    Code(
        "ST503",
        "no server to try it on",
        why="A change is proven on a scratch database before it is written.",
        remedy="Install the embedded servers with `pip install 'schematool[embedded]'`, or set [scratch] in the "
        "configuration.",
    ),
    Code(
        "ST504",
        "git could not answer",
        why="git:REF needs a repository that has REF.",
        remedy="Check the name with `git rev-parse REF`.",
    ),
    Code(
        "ST505",
        "a server of ours did not start",
        why="The embedded server or the container could not be run on this system.",
        remedy="The message has its last words and the place of its log; or set a URL of a server of your own.",
    ),
    Code(
        "ST508",
        "the lock was lost on the way",
        why="The run was out of touch with the server for so long that another may have taken its place.",
        remedy="Run `schematool status`, then `schematool migrate`: it goes on where things stand.",
    ),
    Code(
        "ST506",
        "the database can only be read",
        why="It is a standby, or default_transaction_read_only is on; a migration writes.",
        remedy="Use the URL of the primary, and a role that may write.",
    ),
    Code(
        "ST507",
        "a pooler shares the session",
        why="In transaction mode a pooler gives the session that holds the migration lock to other clients.",
        remedy="Use the URL of the server itself, or a pool in session mode.",
    ),
    Code(
        "ST510",
        "a statement failed",
        why="The server refused it; the frame shows where, the text below it what the server said.",
        remedy="Correct the cause and run `schematool migrate` again.",
    ),
    Code(
        "ST511",
        "a statement took longer than it may",
        why="Everybody waits behind a statement that holds a strong lock, so one that should be over at once (ALTER, "
        "DROP, TRUNCATE, CREATE TRIGGER) gets 5 s and no more; builds of indexes, VALIDATE, and what reads or writes "
        "rows get as long as they need. It was cancelled and rolled back, and is not tried again: the next try would "
        "hold everybody up as long.",
        remedy="Most often a table is rewritten or scanned by what looked harmless: `schematool lint` and `schematool "
        "explain ST203` name the form that holds nobody up. Where it must be, announce it in the file: `-- schematool: "
        "allow ST203 because …` (or ST204, a scan) lifts the limit, `-- schematool: statement_timeout 10min` above "
        "the first statement is another one; `schematool lock` accepts the edit. For a whole environment there is `[env.NAME.postgres.timeouts]` with "
        "`brief`, `build`, `rows` and `lock` in seconds, 0 for no limit.",
        example='alter table "events" alter column "id" type bigint;',
    ),
    Code(
        "ST520",
        "documents share a key that must be unique",
        why="The index is built and refuses new duplicates already, but old documents share keys; every one of them is "
        "named by its `_id`. Nothing was lost and nobody is held up.",
        remedy="Remove or change all but one of each group, then run `schematool migrate` again: it goes on from there.",
        example='{ "collMod": "users", "index": { "name": "email_1", "unique": true }, "dryRun": true }',
    ),
    Code(
        "ST521",
        "documents do not satisfy the stricter validator",
        why="Made strict, the validator would refuse every change of these documents. It stands at level moderate, "
        "which checks new documents and lets these be changed. They are counted and named by `_id`, never shown.",
        remedy="Correct them, then run `schematool migrate` again; or declare `validation: { level: moderate }`.",
        example='{ "collMod": "notes", "validationLevel": "strict" }',
    ),
    Code(
        "ST522",
        "the collection was replaced meanwhile",
        why="Every command is pinned to the UUID of the collection that was looked at; one of the same name was made "
        "in its place (MongoDB 361).",
        remedy="`schematool verify` shows what differs; put the collection back, then run the command again.",
    ),
    Code(
        "ST531",
        "a server of a version that is not supported",
        why="schematool is tested on PostgreSQL 14 to 18 and MongoDB 6 to 8; others may print or refuse what these do not.",
        remedy="Use a server of one of these versions.",
    ),
    Code(
        "ST532",
        "the role has too few rights, or too many",
        severity=_WARNING,
        why="A verifier needs to read the ledger and nothing else; a migrator needs to own what it changes; nobody needs a superuser.",
        remedy="`schematool doctor --roles` prints the statements that make a role for each purpose.",
    ),
    Code(
        "ST533",
        "the connection leaves this machine unprotected",
        severity=_WARNING,
        why="Without encryption everybody on the way reads the password and the data; without a certificate that is checked, anybody can be the server.",
        remedy="PostgreSQL: sslmode=verify-full and sslrootcert=…; MongoDB: tls=true and, for an authority of your own, tlsCAFile=….",
        example="postgresql://app@db.internal/clinic",
    ),
    Code(
        "ST534",
        "the server's clock and ours differ",
        severity=_WARNING,
        why="The ledger has the server's time, and logs of this machine have ours: in an incident they must agree.",
        remedy="Let both follow the same time server.",
    ),
    Code(
        "ST535",
        "something was left behind",
        severity=_WARNING,
        why="A run that was killed, or a failed index build, leaves things that take room and help nobody.",
        remedy="Follow the hint; nothing of it is removed without being asked.",
    ),
    Code(
        "ST536",
        "the database is not in UTF-8",
        severity=_WARNING,
        why="Migration files are UTF-8; a character that the database cannot hold makes a statement fail.",
        remedy="Make a new database with ENCODING 'UTF8' and move the data.",
    ),
    Code(
        "ST537",
        "a transaction stands in the way",
        severity=_WARNING,
        why="Whoever has a transaction open keeps its locks, and CREATE INDEX CONCURRENTLY waits for it to end.",
        remedy="End it: commit or roll it back, or `select pg_terminate_backend(PID)`.",
    ),
    Code(
        "ST598",
        "interrupted",
        severity=_NOTE,
        why="The user or the system asked the program to stop.",
        remedy="`schematool status` tells where the databases stand; a plain `schematool migrate` goes on from there.",
    ),
    Code(
        "ST599",
        "a defect of schematool",
        why="Something happened that the program does not expect.",
        remedy="Please report it with the output of `schematool --version` and the command that was run.",
    ),
    Code(
        "ST519",
        "the address is taken",
        why="Another program listens on this port, or this user may not.",
        remedy="Stop the other one, or choose a port: `schematool docs serve --port 0` takes a free one.",
    ),
    # --- ST6xx: drift and what is not modelled ------------------------------------------------------------
    Code(
        "ST601",
        "differs from what was recorded",
        why="Someone or something changed the database outside of the migrations.",
        remedy="Take the change into the YAML, or undo it: `schematool diff live migrations --sql` prints how.",
    ),
    Code(
        "ST602",
        "is not modelled",
        why="The database holds an object or an attribute that schematool can neither describe nor compare.",
        remedy="Remove it, or leave it to its owner with `exclude` in the configuration.",
    ),
    Code(
        "ST611",
        "a collection is put aside",
        severity=_NOTE,
        why="A migration took it out of use; its documents still take their room, under a name that no catalog shows.",
        remedy="`schematool rollback` brings it back; `schematool purge --older-than 30d` deletes it for good.",
    ),
    Code(
        "ST612",
        "an index was left half done",
        severity=_WARNING,
        why="It is still being built, half-way to unique, or a bridge that only stands while others are exchanged.",
        remedy="`schematool migrate` ends a migration that was stopped; otherwise drop the index by hand.",
    ),
    Code(
        "ST613",
        "documents never expire",
        severity=_WARNING,
        why="An index with a lifetime deletes documents by a date. Where the field holds anything else, MongoDB passes "
        "over the document without a word.",
        remedy="Store dates in the field; declare it `type: date`, so that nothing else gets in.",
    ),
    Code(
        "ST614",
        "documents do not satisfy the validator",
        why="They were there before the validator, or came past it. At level strict every change of them is refused.",
        remedy="Correct them; `verify --data` counts them again.",
    ),
    Code(
        "ST615",
        "a bucket lacks an index",
        severity=_WARNING,
        why="Drivers make the indexes of GridFS before the first write to an empty bucket only, so a bucket that was "
        "restored or copied may lack them: every read of a file is then a scan.",
        remedy="Declare it, `bucket: NAME`, and generate a migration.",
    ),
    Code(
        "ST620",
        "a pattern does not use its index",
        why="The plan that the server makes at this volume reads the rows in another way than was promised.",
        remedy="Look at the plan below the finding; correct the index, the query or the expectation.",
    ),
    Code(
        "ST621",
        "a pattern reads a whole table or collection",
        why="What is quick with a thousand rows stops a service with ten million.",
        remedy="Add the index that the filter needs, or take the entity out of `no_seq_scan`.",
    ),
    Code(
        "ST622",
        "a pattern sorts, or goes to disk",
        why="No index gives the order, so every row is read before the first is returned; or what is sorted or hashed "
        "does not fit into memory.",
        remedy="Add the order to the index, or say `no_sort: false`, `no_spill: false`.",
    ),
    Code(
        "ST623",
        "a pattern takes more than its budget",
        why="It reads more rows, pages, keys or documents than was promised for what it returns.",
        remedy="Look at the plan below the finding: a filter that no index serves, or a budget that was too small.",
    ),
    Code(
        "ST624",
        "a pattern is not proven",
        severity=_WARNING,
        why="A plan on empty or very small tables says nothing about a full database, and a query that finds no row "
        "shows nothing of what it costs.",
        remedy="Fill the database with `schematool seed`, give parameters an `example`, run ANALYZE after a load.",
    ),
    Code(
        "ST625",
        "the server refuses a pattern",
        why="The query cannot be planned as it is written, or did not end in half a minute.",
        remedy="The message is the server's own; correct the query.",
    ),
    Code(
        "ST630",
        "a reference without what it refers to",
        why="PostgreSQL keeps its own foreign keys whole; what a document refers to, nobody keeps. The finding was "
        "asked for again after a while, so it is no transfer under way.",
        remedy="Restore what is referred to, or remove the documents that the ids name.",
    ),
    Code(
        "ST631",
        "a value that can refer to nothing",
        why="A key that is spelled otherwise than the key it means is found by no query, although a cast may take it.",
        remedy="Store UUIDs as PostgreSQL prints them, and declare `format: uuid`, so that nothing else gets in.",
    ),
    Code(
        "ST632",
        "a constraint that was never validated",
        severity=_WARNING,
        why="NOT VALID keeps new rows right; old ones may break it, and the planner does not rely on it.",
        remedy="Correct the rows that are counted, then ALTER TABLE … VALIDATE CONSTRAINT.",
    ),
    Code(
        "ST634",
        "a partition cannot be made ahead",
        severity=_WARNING,
        why="Another partition has a part of its time, or the table is not divided in this database.",
        remedy="Let declared partitions end where a period begins; run `schematool migrate` first.",
    ),
    Code(
        "ST635",
        "rows cannot be moved out of the default partition",
        why="Moving a row deletes it in one partition and inserts it in another, and the foreign keys that refer to it "
        "would act on the delete.",
        remedy="Drop these foreign keys, run `schematool partitions`, and add them again.",
    ),
    Code(
        "ST604",
        "there is no Citus on this server",
        severity=_NOTE,
        why="What spreads a table over nodes is in the migrations, for a cluster. A server without the extension only "
        "notes it: all else is proven there, and not that Citus takes it.",
        remedy="Name a server with Citus as `postgres_url` under `[scratch]`, and migrations are proven on it whole.",
        example="distribute_by: clinic_id",
    ),
    Code(
        "ST605",
        "this server is no router",
        severity=_NOTE,
        why="Only a router (mongos) shards. A server without one notes how collections are to be sharded, so that the "
        "same files run on a developer's machine; all else in them is proven there.",
        remedy="Nothing, on a laptop. To prove that collections shard, name a mongos as `mongo_url` under `[scratch]`.",
    ),
    Code(
        "ST603",
        "cannot be said in YAML",
        why="What was built of the YAML that `import` would write is not what was read: the language lacks a word, or "
        "the server prints an expression otherwise the second time.",
        remedy="Please report it with the definition; meanwhile leave the object out with `exclude`.",
    ),
)

CODES = {row.code: row for row in sorted(ROWS, key=lambda row: row.code)}
"""Every row by its code."""

PERMITS = tuple(sorted({row.permit for row in ROWS if row.permit}))
"""The words that `--allow` knows."""

UNKNOWN = Code("ST000", "unknown code")


def row(code: str) -> Code:
    """Find the row of a code; a row without text for a code that nobody has described yet."""
    return CODES.get(code, UNKNOWN)


def permit_of(hazard: Hazard) -> str | None:
    """Name the permit that consents to a hazard; None when it needs none."""
    return row(hazard.code).permit


def hazards_of(steps: Iterable[Step]) -> tuple[Hazard, ...]:
    """Collect the hazards of a plan, in its order, each once."""
    return tuple(dict.fromkeys(hazard for step in steps for hazard in step.hazards))


def unpermitted(hazards: Iterable[Hazard], allowed: Collection[str]) -> tuple[Hazard, ...]:
    """Keep the hazards that need a consent nobody gave. `allowed` holds permits, codes, or `all`."""
    if "all" in allowed:
        return ()
    return tuple(h for h in hazards if (permit := permit_of(h)) and permit not in allowed and h.code not in allowed)
