"""Reads text search configurations, dictionaries, parsers and templates, as the statements that make them."""

from __future__ import annotations

from collections import defaultdict

from schematool.core.catalog import Id
from schematool.core.model.postgres import Defined
from schematool.core.sql.quote import identifier, qualified
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import own

_DICTIONARY = "quote_ident(n.nspname) || '.' || quote_ident(d.dictname)"

CONFIGURATION_QUERY = f"""
SELECT c.oid, c.cfgname, c.cfgnamespace, c.cfgowner, n.nspname AS parser_schema, p.prsname
  FROM pg_ts_config c
  JOIN pg_ts_parser p ON p.oid = c.cfgparser
  JOIN pg_namespace n ON n.oid = p.prsnamespace
 WHERE {own(oids.TEXT_SEARCH_CONFIGURATION, "c.oid", "c.cfgnamespace")}"""

# Token types have numbers in the catalog and names in the parser only.
MAPPING_QUERY = f"""
SELECT m.mapcfg, t.alias, string_agg({_DICTIONARY}, ', ' ORDER BY m.mapseqno) AS dictionaries
  FROM pg_ts_config_map m
  JOIN pg_ts_config c ON c.oid = m.mapcfg
  JOIN LATERAL ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype
  JOIN pg_ts_dict d ON d.oid = m.mapdict
  JOIN pg_namespace n ON n.oid = d.dictnamespace
 WHERE m.mapcfg >= {oids.FIRST_USER_OID}
 GROUP BY m.mapcfg, m.maptokentype, t.alias
 ORDER BY m.mapcfg, m.maptokentype"""

DICTIONARY_QUERY = f"""
SELECT d.oid, d.dictname, d.dictnamespace, d.dictowner, d.dictinitoption, n.nspname AS template_schema, t.tmplname
  FROM pg_ts_dict d
  JOIN pg_ts_template t ON t.oid = d.dicttemplate
  JOIN pg_namespace n ON n.oid = t.tmplnamespace
 WHERE {own(oids.TEXT_SEARCH_DICTIONARY, "d.oid", "d.dictnamespace")}"""

PARSER_QUERY = f"""
SELECT p.oid, p.prsname, p.prsnamespace, p.prsstart::text AS start, p.prstoken::text AS gettoken,
       p.prsend::text AS finish, p.prsheadline::text AS headline, p.prslextype::text AS lextypes
  FROM pg_ts_parser p WHERE {own(oids.TEXT_SEARCH_PARSER, "p.oid", "p.prsnamespace")}"""

TEMPLATE_QUERY = f"""
SELECT t.oid, t.tmplname, t.tmplnamespace, t.tmplinit::text AS init, t.tmpllexize::text AS lexize
  FROM pg_ts_template t WHERE {own(oids.TEXT_SEARCH_TEMPLATE, "t.oid", "t.tmplnamespace")}"""


def read_text_search(reading: Reading) -> None:
    """All four kinds."""
    _configurations(reading)
    _dictionaries(reading)
    _parsers(reading)
    _templates(reading)


def _configurations(reading: Reading) -> None:
    rows = reading.rows(CONFIGURATION_QUERY)
    mappings = defaultdict(list)
    if rows:
        for row in reading.rows(MAPPING_QUERY):
            mappings[row.mapcfg].append(row)
    for row in rows:
        schema = reading.schemas[row.cfgnamespace]
        reference = f"TEXT SEARCH CONFIGURATION {qualified(schema, row.cfgname)}"
        thing = Defined(
            id=Id("text search configuration", (schema, row.cfgname)),
            create=(
                f"CREATE {reference} (PARSER = {qualified(row.parser_schema, row.prsname)})",
                *(
                    f"ALTER {reference} ADD MAPPING FOR {identifier(mapping.alias)} WITH {mapping.dictionaries}"
                    for mapping in mappings[row.oid]
                ),
            ),
            drop=f"DROP {reference}",
            reference=reference,
            **reading.rest(oids.TEXT_SEARCH_CONFIGURATION, row.oid, row.cfgowner),
        )
        reading.add(oids.TEXT_SEARCH_CONFIGURATION, row.oid, thing)


def _dictionaries(reading: Reading) -> None:
    for row in reading.rows(DICTIONARY_QUERY):
        schema = reading.schemas[row.dictnamespace]
        reference = f"TEXT SEARCH DICTIONARY {qualified(schema, row.dictname)}"
        # The options are stored as they are written.
        given = f", {row.dictinitoption}" if row.dictinitoption else ""
        thing = Defined(
            id=Id("text search dictionary", (schema, row.dictname)),
            create=(f"CREATE {reference} (TEMPLATE = {qualified(row.template_schema, row.tmplname)}{given})",),
            drop=f"DROP {reference}",
            reference=reference,
            **reading.rest(oids.TEXT_SEARCH_DICTIONARY, row.oid, row.dictowner),
        )
        reading.add(oids.TEXT_SEARCH_DICTIONARY, row.oid, thing)


def _parsers(reading: Reading) -> None:
    for row in reading.rows(PARSER_QUERY):
        schema = reading.schemas[row.prsnamespace]
        reference = f"TEXT SEARCH PARSER {qualified(schema, row.prsname)}"
        headline = "" if row.headline == "-" else f", HEADLINE = {row.headline}"
        thing = Defined(
            id=Id("text search parser", (schema, row.prsname)),
            create=(
                f"CREATE {reference} (START = {row.start}, GETTOKEN = {row.gettoken}, END = {row.finish},"
                f" LEXTYPES = {row.lextypes}{headline})",
            ),
            drop=f"DROP {reference}",
            reference=reference,
            **reading.rest(oids.TEXT_SEARCH_PARSER, row.oid),
        )
        reading.add(oids.TEXT_SEARCH_PARSER, row.oid, thing)


def _templates(reading: Reading) -> None:
    for row in reading.rows(TEMPLATE_QUERY):
        schema = reading.schemas[row.tmplnamespace]
        reference = f"TEXT SEARCH TEMPLATE {qualified(schema, row.tmplname)}"
        init = "" if row.init == "-" else f"INIT = {row.init}, "
        thing = Defined(
            id=Id("text search template", (schema, row.tmplname)),
            create=(f"CREATE {reference} ({init}LEXIZE = {row.lexize})",),
            drop=f"DROP {reference}",
            reference=reference,
            **reading.rest(oids.TEXT_SEARCH_TEMPLATE, row.oid),
        )
        reading.add(oids.TEXT_SEARCH_TEMPLATE, row.oid, thing)
