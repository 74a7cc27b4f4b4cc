"""`make diff` reports what each change of a schema breaks, in a request and in a response."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from contract_tests.support.tables import for_each_row
from tools.diff.documents import changes_between
from tools.diff.tests.schema_changes import SCHEMA_CHANGES, SchemaChange
from tools.diff.tests.schema_documents import TEXT, broken_party, document_with


@for_each_row(SCHEMA_CHANGES, "change")
@pytest.mark.parametrize("use", ["request", "response"])
def test_a_change_of_a_schema_breaks_the_expected_party(change: SchemaChange, use: str) -> None:
    """The party depends on which values now conform, and on who sends them."""
    assert getattr(change.breaks, use) == broken_party({"schema": change.before}, {"schema": change.after}, use)


_VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 3, 4, 6, 8, 9, 9.25, 9.75, 1.5, 10),
    *("", "a", "b", "c", "ab", "abc", "b" * 20, "a" * 21, "2020-01-01", "http://x/y"),
    *([], [1], [1, 1], ["aa"], ["aaa"], [1, 2, 3], ["a", "b", "c", "d"]),
    *(
        {},
        {"p": 1},
        {"p": "x"},
        {"p": "x", "z": 1},
        {"p": None},
        {"q": 1},
        {"q": "x"},
        {"z": "aa"},
        {"z": "aaa"},
        {"z": 1},
    ),
]


def _conform(schema: dict[str, Any]) -> list[bool]:
    """Return whether each value conforms, by a validator without code of the comparison."""
    whole = {**schema, "components": {"schemas": {"Thing": TEXT}}}
    validator = jsonschema_rs.validator_for(whole, validate_formats=True)
    return [validator.is_valid(value) for value in _VALUES]


def test_every_break_that_a_value_proves_is_reported() -> None:
    """For pairs of the schemas above: if a value stops conforming, callers break; if one starts to, servers break.

    Keywords that the validator ignores are left out. So are open objects with properties, because a new property of an
    open object is not compared with values that others may already send under its name.
    """
    all_schemas = [schema for change in SCHEMA_CHANGES for schema in (change.before, change.after)]
    schemas = [
        schema
        for schema in all_schemas
        if "x-exact" not in schema
        and not (schema.get("properties") and schema.get("additionalProperties") is not False)
    ]
    conforming = [_conform(schema) for schema in schemas]
    pairs = [(old, new) for old in range(len(schemas)) for new in range(len(schemas)) if (old + new) % 7 == 0]
    witnessed, missed = 0, []
    for old, new in pairs:
        changes = changes_between(document_with("request", schemas[old]), document_with("request", schemas[new]))
        reported = {party.value for change in changes for party in change.breaks}
        verdicts = list(zip(conforming[old], conforming[new], strict=True))
        broken = {
            party for party, change in {"caller": (True, False), "server": (False, True)}.items() if change in verdicts
        }
        witnessed += len(broken)
        missed += [(schemas[old], schemas[new], party) for party in broken - reported]

    assert [] == missed
    assert witnessed > 1000
