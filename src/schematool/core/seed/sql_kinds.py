"""The kind of every PostgreSQL type, from its row in pg_type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schematool.core.seed import kinds, words
from schematool.core.seed.chance import again
from schematool.core.seed.kinds import Composed, Kind, Labels, Listed, Opaque, Ordered, Spanning, Textual
from schematool.core.seed.specimens import Type


@dataclass(frozen=True, slots=True)
class Typed:
    """The kind of a column's type; of a domain that of its base, with the conditions on VALUE of all on the way."""

    kind: Kind | None
    checks: tuple[str, ...] = ()
    required: bool = False
    sql: str = ""


def typed(oid: int, modifier: int, types: Mapping[int, Type]) -> Typed:
    """Find the kind of a type; its `kind` is None where nothing is known of its values."""
    of = types[oid]
    if of.kind == "d":
        inner = typed(of.base, of.modifier if modifier < 0 else modifier, types)
        return Typed(inner.kind, inner.checks + of.checks, inner.required or of.required, of.sql)
    return Typed(_kind(of, modifier, types), sql=of.sql)


def _kind(of: Type, modifier: int, types: Mapping[int, Type]) -> Kind | None:
    match of.kind:
        case "e":
            return Labels(of.labels)
        case "c":
            members = [(name, typed(oid, mod, types)) for name, oid, mod in of.members]
            return Composed(tuple((name, inner.kind, inner.checks) for name, inner in members))
        case "r" | "m":
            row = types[of.range] if of.kind == "m" else of
            inner = typed(row.subtype, -1, types).kind
            return Spanning(inner, of.kind == "m") if isinstance(inner, Ordered) else None
        case _ if of.category == "A" and of.element in types:
            element = typed(of.element, modifier, types)
            return Listed(element.kind, element.checks) if element.kind else None
        case _:
            return _base(of.name, modifier)


def _base(name: str, modifier: int) -> Kind | None:
    match name:
        case "int2":
            return kinds.whole(16)
        case "int4":
            return kinds.whole(32)
        case "int8" | "xid8":
            return kinds.whole(64)
        case "oid" | "xid" | "cid":
            return Ordered("number", str, 0, (1 << 32) - 1, (0, 10_000))
        case "numeric":
            return kinds.decimal(None, 2) if modifier < 4 else _numeric(modifier - 4)
        case "float4" | "float8" | "money":
            # Six digits are exact in four bytes.
            return Ordered("number", kinds.spelled_decimal(2), -999_999, 999_999, (0, 100_000), 2)
        case "varchar" | "bpchar":
            return Textual(modifier - 4 if modifier > 4 else (1 if name == "bpchar" else None))
        case "text" | "citext":
            return Textual()
        case "name":
            return Textual(63)
        case "bool":
            return Labels(("false", "true"))
        case "bit":
            return _bits(max(modifier, 1))
        case "varbit":
            return _bits(modifier if modifier > 0 else 16)
        case "vector" | "halfvec":
            return Opaque(lambda n: "[" + ",".join(_coordinates(n, modifier if modifier > 0 else 3)) + "]")
        case _:
            if made := _OPAQUE.get(name):
                return Opaque(made, _CAPACITIES.get(name, kinds.OPEN))
            return _TIMES.get(name)


def _numeric(modifier: int) -> Kind:
    scale = ((modifier & 0x7FF) ^ 1024) - 1024
    return kinds.decimal((modifier >> 16) & 0xFFFF, max(scale, 0))


def _bits(count: int) -> Opaque:
    shown = min(count, 40)
    return Opaque(lambda n: f"{n % (1 << shown):0{shown}b}".rjust(count, "0"), 1 << shown)


def _coordinates(number: int, count: int) -> list[str]:
    made = []
    for _ in range(count):
        made.append(f"0.{number % 1000:03d}")
        number = again(number + 1)
    return made


_TIMES: Mapping[str, Ordered] = {
    "date": kinds.DATE,
    "timestamp": kinds.TIMESTAMP,
    "timestamptz": kinds.TIMESTAMPTZ,
    "time": kinds.TIME,
    "timetz": kinds.TIME,
    "interval": kinds.SPAN,
}


def _octets(number: int) -> str:
    return f"{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _mac(number: int, head: str) -> str:
    return f"{head}:{number >> 24 & 255:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def _point(number: int) -> str:
    return f"({number % 36_000 / 100 - 180:.2f},{number // 36_000 % 18_000 / 100 - 90:.2f})"


def _object(number: int) -> str:
    return f'{{"id": {number % (1 << 40)}, "name": "{words.MAKERS["words"](again(number))}"}}'


_OPAQUE: Mapping[str, Callable[[int], str]] = {
    "uuid": words.uuid,
    "bytea": lambda n: f"\\x{n & 0xFFFFFFFFFFFF:012x}",
    "json": _object,
    "jsonb": _object,
    "xml": lambda n: f"<item><id>{n % (1 << 40)}</id></item>",
    "inet": lambda n: f"10.{_octets(n)}",
    "cidr": lambda n: f"10.{_octets(n)}/32",
    "macaddr": lambda n: _mac(n, "02:00"),
    "macaddr8": lambda n: _mac(n, "02:00:00:00"),
    "point": _point,
    "line": lambda n: f"{{1,{n % 100_000},0}}",
    "lseg": lambda n: f"[(0,0),{_point(n)}]",
    "box": lambda n: f"{_point(n)},(0,0)",
    "path": lambda n: f"((0,0),{_point(n)},(0,1))",
    "polygon": lambda n: f"((0,0),{_point(n)},(0,1))",
    "circle": lambda n: f"<{_point(n)},1>",
    "tsvector": lambda n: f"'{words.MAKERS['word'](again(n))}':1 'n{n % (1 << 40)}':2",
    "tsquery": lambda n: f"'{words.MAKERS['word'](again(n))}' & 'n{n % (1 << 40)}'",
    "pg_lsn": lambda n: f"{n >> 32 & 0xFF:X}/{n & 0xFFFFFFFF:X}",
    "pg_snapshot": lambda n: f"{n % (1 << 31) + 1}:{n % (1 << 31) + 1}:",
    "txid_snapshot": lambda n: f"{n % (1 << 31) + 1}:{n % (1 << 31) + 1}:",
    "hstore": lambda n: f'"n"=>"{n % (1 << 40)}"',
    "ltree": lambda n: f"top.n{n % (1 << 40)}",
    "lquery": lambda n: f"*.n{n % (1 << 40)}",
    "jsonpath": lambda n: f"$.n{n % (1 << 40)}",
    "char": lambda n: chr(97 + n % 26),
    "tid": lambda n: f"({n >> 8 & 0xFFFFFF},{n & 255})",
    "cube": lambda n: f"({n % 1_000_000})",
    "seg": lambda n: f"{n % 1_000_000}",
    "geometry": lambda n: f"POINT{_point(n).replace(',', ' ')}",
    "geography": lambda n: f"POINT{_point(n).replace(',', ' ')}",
    # What can only name something that is there.
    "regclass": lambda _: "pg_class",
    "regtype": lambda _: "integer",
    "regproc": lambda _: "now",
    "regprocedure": lambda _: "now()",
    "regnamespace": lambda _: "pg_catalog",
    "regrole": lambda _: "pg_monitor",
    "regconfig": lambda _: "simple",
    "regdictionary": lambda _: "simple",
    "regcollation": lambda _: '"C"',
    "regoper": lambda _: "||/",
    "regoperator": lambda _: "+(integer,integer)",
    "aclitem": lambda _: "=r/pg_monitor",
    "int2vector": lambda n: f"{n % 30_000}",
    "oidvector": lambda n: f"{n % 1_000_000}",
    "refcursor": lambda n: f"cursor{n % (1 << 40)}",
    "query_int": lambda n: f"{n % 1_000_000}",
}
_CAPACITIES: Mapping[str, int] = {
    **{name: 1 for name in _OPAQUE if name.startswith("reg") or name == "aclitem"},
    **dict.fromkeys(("inet", "cidr"), 1 << 24),
    **dict.fromkeys(("macaddr", "macaddr8", "pg_snapshot", "txid_snapshot", "tid", "pg_lsn"), 1 << 31),
    **dict.fromkeys(("line", "int2vector"), 30_000),
    **dict.fromkeys(("point", "lseg", "box", "path", "polygon", "circle", "geometry", "geography"), 600_000_000),
    **dict.fromkeys(("oidvector", "cube", "seg", "query_int"), 1_000_000),
    "char": 26,
}
