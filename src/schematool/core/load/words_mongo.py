"""The words that describe a MongoDB database: records and documents of the language's table."""

from __future__ import annotations

from schematool.core.load import words_seed
from schematool.core.load.shapes import (
    Anything,
    Choice,
    Document,
    Key,
    ListOf,
    MapOf,
    Name,
    Named,
    Number,
    Record,
    Text,
    Truth,
    Value,
    Whole,
    either,
)

DESCRIPTION = Key(
    "description",
    Text("a sentence"),
    "What it is for; kept in the validator where MongoDB has a place for it.",
)
WAS = Key("was", Name(), "The name it had before: renames it instead of drop and add.")
DURATION = either(Whole(0), Text("a time", r"\d+(s|m|h|d|w)"))
# Any number but 0 is a direction, and another number is another index: `{ a: 2 }` stands beside `{ a: 1 }`.
DIRECTION = either(Choice(("text", "2d", "2dsphere", "hashed")), Number())
FIELDS = MapOf(either(Text("a type"), Named("mongo field")), "field")
NUMBER = either(Number(), Text("a decimal", r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"))
FIELD = either(Text("a type"), Named("mongo field"))
COMPOSED = (
    Key(
        "any_of", ListOf(FIELD, least=1), "It must be as at least one of these says.", example="[string, { type: int }]"
    ),
    Key("all_of", ListOf(FIELD, least=1), "It must be as each of these says."),
    Key("exactly_one_of", ListOf(FIELD, least=1), "It must be as one of these says, and as no other."),
    Key("not", FIELD, "It must not be as this says."),
)
"""Words that put descriptions together, of fields and of whole documents."""
CLIENT_ENCRYPTION = Anything()
COLLATION = Key("collation", Named("mongo collation"), "How its text compares; fixed when it is made.")

RECORDS: tuple[Record, ...] = (
    Record(
        "mongo field",
        "A field of a document. `name: type` is its short form.",
        (
            Key(
                "type",
                either(Text("a type"), ListOf(Text("a type"), least=1)),
                "MongoDB's own type name (`string`, `objectId`, `date`, `int`, …), or several.",
                example="string",
            ),
            Key("required", Truth(), "Must be there (it may still be null where `nullable` says so)."),
            Key("nullable", Truth(), "May be null."),
            Key(
                "default",
                Value(),
                "What applications put there when they have nothing better; documented, not enforced by MongoDB.",
            ),
            Key("one_of", ListOf(Value(), least=1), "The allowed values."),
            Key(
                "references",
                either(Name("an entity and its field"), Named("mongo reference")),
                "What its value points at, in either store.",
                example="encounters.id",
            ),
            Key(
                "format",
                Choice(("uuid", "date", "time", "date-time", "email", "uri")),
                "A text in this form, checked by a pattern.",
            ),
            Key("pattern", Text("a regular expression"), "A text that matches this."),
            Key("min_length", Whole(0), "The least number of characters."),
            Key("max_length", Whole(0), "The greatest number of characters."),
            Key("minimum", NUMBER, 'The least value; an exact decimal in quotes: "0.1".'),
            Key("maximum", NUMBER, 'The greatest value; an exact decimal in quotes: "0.1".'),
            Key("exclusive_minimum", Truth(), "Greater than `minimum`, not equal."),
            Key("exclusive_maximum", Truth(), "Less than `maximum`, not equal."),
            Key("multiple_of", NUMBER, 'A whole multiple of this; an exact decimal in quotes: "0.01".'),
            Key("items", FIELD, "What an array holds."),
            Key("items_in_order", ListOf(FIELD, least=1), "What an array holds, place by place, instead of `items`."),
            Key("further_items", either(Truth(), Text("a type"), Named("mongo field")), "What may follow those."),
            Key("min_items", Whole(0), "The least number of items."),
            Key("max_items", Whole(0), "The greatest number of items."),
            Key("unique_items", Truth(), "No two items alike."),
            Key("fields", FIELDS, "What an object holds."),
            Key(
                "additional_fields",
                either(Truth(), Text("a type"), Named("mongo field")),
                "Whether an object may hold fields that are not declared, and of which shape.",
            ),
            Key(
                "field_patterns",
                MapOf(either(Text("a type"), Named("mongo field")), "pattern"),
                "Fields whose names match a pattern.",
            ),
            Key("min_fields", Whole(0), "The least number of fields of an object."),
            Key("max_fields", Whole(0), "The greatest number of fields of an object."),
            Key(
                "dependencies",
                MapOf(either(ListOf(Name(), least=1), Named("mongo field")), "field"),
                "Fields that must be there when another is, or what must hold then.",
            ),
            *COMPOSED,
            Key("encrypt", CLIENT_ENCRYPTION, "How a driver encrypts it (client-side field level encryption)."),
            Key("encrypt_metadata", CLIENT_ENCRYPTION, "What `encrypt` inside of it has in common."),
            Key("title", Text("a title"), "A short title."),
            DESCRIPTION,
            WAS,
            Key("sensitive", Truth(), "Must not appear in logs."),
            words_seed.FIELD_KEY,
        ),
    ),
    Record(
        "mongo reference",
        "A reference, with what the short form cannot say.",
        (
            Key("field", Name("an entity and its field"), "The entity and the field that it points at.", True),
            Key("verified", Truth(), "`false`: `verify` does not look for values that point at nothing."),
        ),
    ),
    Record(
        "mongo collation",
        "How text compares.",
        (
            Key("locale", Text("a locale"), "The locale; `simple` for bytes.", True, "de"),
            Key("strength", Whole(1), "1 letters, 2 accents too, 3 case too (the default), 4, 5."),
            Key("case_level", Truth(), "Case counts below strength 3."),
            Key("case_first", Choice(("upper", "lower", "off")), "Which case sorts first."),
            Key("numeric_ordering", Truth(), "10 after 2."),
            Key("alternate", Choice(("non-ignorable", "shifted")), "Whether spaces and punctuation count."),
            Key("max_variable", Choice(("punct", "space")), "What `shifted` ignores."),
            Key("backwards", Truth(), "Accents from the end, as in French."),
            Key("normalization", Truth(), "Normalise text before it is compared."),
        ),
    ),
    Record(
        "mongo index",
        "An index.",
        (
            Key(
                "on",
                either(Name("a field path"), MapOf(DIRECTION, "field path")),
                "Its fields with 1 or -1 (any number but 0 is one), text, 2d, 2dsphere or hashed.",
                True,
                "{ doctorId: 1, createdAt: -1 }",
            ),
            Key("name", Name(), "Its name; MongoDB's own (`doctorId_1_createdAt_-1`) when not given."),
            Key("unique", Truth(), "No two documents alike."),
            Key("sparse", Truth(), "Leaves out documents without the field."),
            Key("where", Anything(), "Only documents that match this filter (partialFilterExpression)."),
            Key(
                "expire_after",
                DURATION,
                "Documents go this long after the date in the field: seconds, or `30d`.",
            ),
            Key("hidden", Truth(), "Kept up to date, not used by queries."),
            Key(
                "prepare_unique",
                Truth(),
                "Refuses new duplicates and leaves old ones: a state on the way to `unique`.",
            ),
            COLLATION,
            Key("weights", MapOf(Whole(1), "field path"), "Text: how much each field counts."),
            Key("default_language", Text("a language"), "Text: the language of documents that do not say."),
            Key("language_override", Name(), "Text: the field that says the language."),
            Key("text_version", Whole(1), "Text: the version of the index."),
            Key("wildcard_projection", MapOf(Anything(), "field path"), "Wildcard: which fields."),
            Key("bits", Whole(1), "2d: the precision."),
            Key("min", Number(), "2d: the least coordinate."),
            Key("max", Number(), "2d: the greatest coordinate."),
            Key("sphere_version", Whole(1), "2dsphere: the version of the index."),
            Key("coarsest_indexed_level", Whole(0), "2dsphere: the coarsest cell."),
            Key("finest_indexed_level", Whole(0), "2dsphere: the finest cell."),
            Key("storage_engine", Anything(), "Options of the storage engine."),
            Key("description", Text("a sentence"), "Why it is there."),
            WAS,
        ),
    ),
    Record(
        "validation",
        "How strictly documents are checked.",
        (
            Key(
                "level",
                Choice(("off", "moderate", "strict")),
                "`moderate` leaves documents alone that are wrong already; `strict` unless given.",
            ),
            Key(
                "action",
                Choice(("error", "warn")),
                "`error` refuses; `warn` writes the whole document to the server's log.",
            ),
            Key(
                "additional",
                Truth(),
                "Whether fields that are not declared are allowed; `true` unless given.",
            ),
        ),
    ),
    Record(
        "time series",
        "A collection of measurements.",
        (
            Key("time_field", Name(), "The field with the time.", True),
            Key("meta_field", Name(), "The field that says what is measured."),
            Key("granularity", Choice(("seconds", "minutes", "hours")), "How far apart measurements are."),
            Key("bucket_max_span", Whole(1), "Seconds that a bucket spans at most (MongoDB 6.3)."),
            Key("bucket_rounding", Whole(1), "Seconds that a bucket's start is rounded to (MongoDB 6.3)."),
        ),
    ),
    Record(
        "capped",
        "A collection of a fixed size that drops the oldest.",
        (
            Key("size", Whole(1), "Bytes at most.", True),
            Key("max", Whole(1), "Documents at most."),
        ),
    ),
    Record(
        "clustered",
        "A collection kept in the order of `_id`.",
        (Key("name", Name(), "The name of the clustered index."),),
    ),
    Record(
        "shard key",
        "How a collection is spread over shards.",
        (
            Key("on", MapOf(Choice((1, "hashed")), "field path"), "The fields of the key.", True),
            Key("unique", Truth(), "The key is unique over all shards."),
            Key("zones", ListOf(Named("zone")), "Which values go where."),
        ),
    ),
    Record(
        "zone",
        "Where a range of shard keys goes.",
        (
            Key("zone", Name(), "The zone.", True),
            Key("from", Anything(), "The first key inside.", True),
            Key("to", Anything(), "The first key outside.", True),
        ),
    ),
)

ENTITY = Record(
    "mongo entity",
    "A collection.",
    (
        Key("entity", Name(), "The collection's name.", True),
        Key("store", Choice(("mongo",)), "The store that holds it.", True),
        Key("description", Text("a sentence"), "What it is for."),
        WAS,
        Key("fields", FIELDS, "What its documents hold; compiled to a `$jsonSchema` validator."),
        Key(
            "additional_fields",
            either(Truth(), Text("a type"), Named("mongo field")),
            "Whether documents may hold fields that are not declared; `true` unless given.",
        ),
        Key("field_patterns", MapOf(FIELD, "pattern"), "Fields whose names match a pattern."),
        Key("min_fields", Whole(0), "The least number of fields of a document, `_id` among them."),
        Key("max_fields", Whole(0), "The greatest number of fields of a document, `_id` among them."),
        Key(
            "dependencies",
            MapOf(either(ListOf(Name(), least=1), Named("mongo field")), "field"),
            "Fields that must be there when another is, or what must hold then.",
        ),
        *COMPOSED,
        Key("encrypt_metadata", CLIENT_ENCRYPTION, "What `encrypt` of its fields has in common."),
        Key(
            "checks",
            MapOf(Anything(), "name"),
            "Conditions over several fields, as `$expr` expressions, by name.",
            example="{ ends_after_start: { $gt: [$endedAt, $startedAt] } }",
        ),
        Key(
            "validator",
            Anything(),
            "The validator as MongoDB takes it, instead of the one that `fields` and `checks` would make.",
        ),
        Key(
            "validation",
            either(Truth(), Named("validation")),
            "How strictly documents are checked; `false` for not at all.",
        ),
        Key("indexes", ListOf(Named("mongo index")), "Its indexes."),
        COLLATION,
        Key("capped", Named("capped"), "A fixed size; the oldest go."),
        Key("time_series", Named("time series"), "Measurements over time."),
        Key("clustered", either(Truth(), Named("clustered")), "Kept in the order of `_id`."),
        Key("expire_after", DURATION, "Documents of a time series or clustered collection go after this long."),
        Key("pre_and_post_images", Truth(), "Change streams can show documents before and after."),
        Key("encrypted_fields", Anything(), "Queryable encryption, as `create` takes it."),
        Key("storage_engine", Anything(), "Options of the storage engine."),
        Key("index_option_defaults", Anything(), "Defaults of its indexes."),
        Key("shard_key", Named("shard key"), "How it is spread over shards."),
        Key("sensitive", Truth(), "Holds what must not appear in logs; `action: warn` is refused."),
        words_seed.ENTITY_KEY,
    ),
)

DOCUMENTS: tuple[Document, ...] = (
    Document(
        "entity",
        "mongo",
        ENTITY,
        "entity: notes\nstore: mongo\nfields:\n  text: { type: string, required: true }\nindexes:\n  - on: { text: text }\n",
    ),
    Document(
        "view",
        "mongo",
        Record(
            "mongo view",
            "A view of a collection.",
            (
                Key("view", Name(), "Its name.", True),
                Key("store", Choice(("mongo",)), "The store that holds it.", True),
                Key("from", Name("an entity"), "The collection or view that it reads.", True),
                Key("pipeline", ListOf(Anything()), "The aggregation stages.", True),
                COLLATION,
                Key("description", Text("a sentence"), "What it is for."),
                WAS,
            ),
        ),
        "view: signedNotes\nstore: mongo\nfrom: clinicalNotes\npipeline:\n  - $match: { status: signed }\n",
    ),
    Document(
        "bucket",
        "mongo",
        Record(
            "bucket",
            "A GridFS bucket: `<name>.files` and `<name>.chunks` with the indexes that drivers expect.",
            (
                Key("bucket", Name(), "Its name; `fs` is the drivers' default.", True),
                Key("store", Choice(("mongo",)), "The store that holds it."),
                Key("description", Text("a sentence"), "What it is for."),
                Key("indexes", ListOf(Named("mongo index")), "Further indexes of `<name>.files`."),
                Key("metadata", FIELDS, "The fields of `metadata` of its files."),
                WAS,
                Key("sensitive", Truth(), "Holds what must not appear in logs."),
            ),
        ),
        "bucket: fs\n",
        "mongo",
    ),
)
