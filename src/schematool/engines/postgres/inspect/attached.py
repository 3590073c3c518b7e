"""Reads what hangs on a table: triggers, rules, policies, extended statistics; and event triggers."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.model.postgres import EventTrigger, Policy, Rule, Statistics, Trigger
from schematool.core.sql.quote import identifier, literal, qualified
from schematool.core.sql.unnamed import without_casts
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import not_a_member, ours

ENABLED = {"O": "origin", "D": "disabled", "R": "replica", "A": "always"}
COMMANDS = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}

# Before 15 a partition's copy of a trigger counts as internal; those of foreign keys do in every version.
TRIGGER_QUERY = f"""
SELECT t.oid, t.tgname, t.tgrelid, t.tgenabled, t.tgconstraint, t.tgparentid, pg_get_triggerdef(t.oid) AS definition
  FROM pg_trigger t
  JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE t.tgrelid >= {oids.FIRST_USER_OID}
   AND (NOT t.tgisinternal OR (t.tgparentid <> 0 AND p.proname NOT LIKE 'RI!_FKey!_%' ESCAPE '!'))
   AND {not_a_member(oids.TRIGGER, "t.oid")}"""

RULE_QUERY = f"""
SELECT r.oid, r.rulename, r.ev_class, r.ev_enabled,
       CASE WHEN r.rulename <> '_RETURN' THEN pg_get_ruledef(r.oid) END AS definition
  FROM pg_rewrite r
 WHERE r.ev_class >= {oids.FIRST_USER_OID} AND {not_a_member(oids.REWRITE, "r.oid")}"""

POLICY_QUERY = """
SELECT p.oid, p.polname, p.polrelid, p.polcmd, p.polpermissive, p.polroles,
       pg_get_expr(p.polqual, p.polrelid) AS using_expression,
       pg_get_expr(p.polwithcheck, p.polrelid) AS check_expression
  FROM pg_policy p
"""

STATISTICS_QUERY = f"""
SELECT s.oid, s.stxname, s.stxnamespace, s.stxowner, s.stxrelid, s.stxstattarget,
       pg_get_statisticsobjdef(s.oid) AS definition
  FROM pg_statistic_ext s
 WHERE s.stxrelid >= {oids.FIRST_USER_OID} AND {not_a_member(oids.STATISTICS, "s.oid")}"""

EVENT_TRIGGER_QUERY = f"""
SELECT e.oid, e.evtname, e.evtevent, e.evtowner, e.evtenabled, e.evttags, n.nspname, p.proname
  FROM pg_event_trigger e
  JOIN pg_proc p ON p.oid = e.evtfoid
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE {ours(oids.EVENT_TRIGGER, "e.oid")}"""


def read_triggers(reading: Reading) -> None:
    """Row, statement, constraint and INSTEAD OF triggers, with the copies that partitions have."""
    for row in reading.rows_of(TRIGGER_QUERY, "tgrelid"):
        table = reading.ids[oids.CLASS, row.tgrelid]
        thing = Trigger(
            id=Id("trigger", (*table.path, row.tgname)),
            table=table,
            definition=row.definition,
            enabled=ENABLED[row.tgenabled],
            constraint=row.tgconstraint != 0,
            inherited=row.tgparentid != 0,
            **reading.rest(oids.TRIGGER, row.oid),
        )
        reading.add(oids.TRIGGER, row.oid, thing)
        if row.tgconstraint:
            reading.ids.setdefault((oids.CONSTRAINT, row.tgconstraint), thing.id)


def read_rules(reading: Reading) -> None:
    """Rewrite rules; a view's own stands for the view."""
    for row in reading.rows_of(RULE_QUERY, "ev_class"):
        table = reading.ids[oids.CLASS, row.ev_class]
        if row.definition is None:
            reading.ids[oids.REWRITE, row.oid] = table
            continue
        thing = Rule(
            id=Id("rule", (*table.path, row.rulename)),
            table=table,
            definition=without_casts(row.definition.strip().removesuffix(";")),
            enabled=ENABLED[row.ev_enabled],
            **reading.rest(oids.REWRITE, row.oid),
        )
        reading.add(oids.REWRITE, row.oid, thing)


def read_policies(reading: Reading) -> None:
    """Row-level security policies; role 0 is PUBLIC in the catalogs."""
    for row in reading.rows_of(POLICY_QUERY, "polrelid"):
        table = reading.ids[oids.CLASS, row.polrelid]
        roles = (reading.roles.get(role, str(role)) if role else "PUBLIC" for role in row.polroles)
        thing = Policy(
            id=Id("policy", (*table.path, row.polname)),
            table=table,
            command=COMMANDS[row.polcmd],
            permissive=row.polpermissive,
            roles=tuple(sorted(roles)),
            using=row.using_expression and without_casts(row.using_expression),
            check=row.check_expression and without_casts(row.check_expression),
            **reading.rest(oids.POLICY, row.oid),
        )
        reading.add(oids.POLICY, row.oid, thing)


def read_statistics(reading: Reading) -> None:
    """Extended statistics; the target's default was -1 until 16 and is NULL since 17."""
    for row in reading.rows_of(STATISTICS_QUERY, "stxrelid"):
        target = row.stxstattarget
        thing = Statistics(
            id=Id("statistics", (reading.schemas[row.stxnamespace], row.stxname)),
            table=reading.ids[oids.CLASS, row.stxrelid],
            definition=row.definition,
            target=None if target is None or target < 0 else target,
            **reading.rest(oids.STATISTICS, row.oid, row.stxowner),
        )
        reading.add(oids.STATISTICS, row.oid, thing)


def read_event_triggers(reading: Reading) -> None:
    """Event triggers, as the statement that makes them."""
    for row in reading.rows(EVENT_TRIGGER_QUERY):
        tags = ", ".join(literal(tag) for tag in row.evttags or ())
        when = f" WHEN TAG IN ({tags})" if tags else ""
        function = qualified(row.nspname, row.proname)
        thing = EventTrigger(
            id=Id("event trigger", (row.evtname,)),
            definition=f"CREATE EVENT TRIGGER {identifier(row.evtname)} ON {row.evtevent}{when}"
            f" EXECUTE FUNCTION {function}()",
            enabled=ENABLED[row.evtenabled],
            **reading.rest(oids.EVENT_TRIGGER, row.oid, row.evtowner),
        )
        reading.add(oids.EVENT_TRIGGER, row.oid, thing)
