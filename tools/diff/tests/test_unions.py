"""`make diff` matches the branches of a choice by the values of its discriminator."""

from __future__ import annotations

from typing import Any

import pytest

from tools.diff.tests.schema_documents import broken_party, object_schema


def _choice(**branches: str) -> dict[str, Any]:
    """Return a choice by `kind`, whose values select the given components."""
    component_names = dict.fromkeys(branches.values())
    schemas = {n: object_schema(required=("kind",), kind={"const": k}) for k, n in branches.items()}
    mapping = {kind: f"#/components/schemas/{name}" for kind, name in branches.items()}
    union = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in component_names],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }
    return {"schema": union, **schemas}


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({"a": "A", "b": "B"}, {"a": "A"}, "caller"),
        ({"a": "A"}, {"a": "A", "b": "B"}, "server"),
        ({"a": "A", "b": "B"}, {"a": "A", "c": "C"}, "both"),
        ({"a": "A", "b": "B"}, {"b": "New", "a": "Other"}, "none"),
    ],
)
def test_branches_are_matched_by_the_values_of_the_discriminator(
    before: dict[str, str], after: dict[str, str], verdict: str
) -> None:
    """A removed value breaks callers, and a new one servers. Names of branches are never sent."""
    assert verdict == broken_party(_choice(**before), _choice(**after))


def test_another_discriminator_breaks_both() -> None:
    """Both parties have to use another property."""
    before, after = _choice(a="A"), _choice(a="A")
    after["schema"]["discriminator"]["propertyName"] = "type"

    assert "both" == broken_party(before, after)


def test_adding_or_removing_a_discriminator_breaks_nobody() -> None:
    """The branches already decide which values conform."""
    before, after = _choice(a="A", b="B"), _choice(a="A", b="B")
    del after["schema"]["discriminator"]

    assert ["none", "none"] == [broken_party(before, after), broken_party(after, before)]
