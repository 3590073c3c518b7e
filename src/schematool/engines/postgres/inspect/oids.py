"""The fixed oids of the system catalogs: part of PostgreSQL's own headers, the same in every version.

They are how pg_depend, pg_description and pg_seclabel say which catalog an object lives in.
"""

from __future__ import annotations

from typing import Final

ACCESS_METHOD: Final = 2601
ATTRIBUTE_DEFAULT: Final = 2604
CAST: Final = 2605
CLASS: Final = 1259
COLLATION: Final = 3456
CONSTRAINT: Final = 2606
CONVERSION: Final = 2607
DEFAULT_ACL: Final = 826
EVENT_TRIGGER: Final = 3466
EXTENSION: Final = 3079
FOREIGN_DATA_WRAPPER: Final = 2328
FOREIGN_SERVER: Final = 1417
LANGUAGE: Final = 2612
OPERATOR: Final = 2617
OPERATOR_CLASS: Final = 2616
OPERATOR_CLASS_OPERATOR: Final = 2602
OPERATOR_CLASS_FUNCTION: Final = 2603
OPERATOR_FAMILY: Final = 2753
POLICY: Final = 3256
PROCEDURE: Final = 1255
PUBLICATION: Final = 6104
PUBLICATION_RELATION: Final = 6106
PUBLICATION_SCHEMA: Final = 6237
REWRITE: Final = 2618
SCHEMA: Final = 2615
STATISTICS: Final = 3381
SUBSCRIPTION: Final = 6100
TEXT_SEARCH_CONFIGURATION: Final = 3602
TEXT_SEARCH_DICTIONARY: Final = 3600
TEXT_SEARCH_PARSER: Final = 3601
TEXT_SEARCH_TEMPLATE: Final = 3764
TRANSFORM: Final = 3576
TRIGGER: Final = 2620
TYPE: Final = 1247
USER_MAPPING: Final = 1418

FIRST_USER_OID: Final = 16384
"""What initdb makes has a lower oid (FirstNormalObjectId of access/transam.h)."""
