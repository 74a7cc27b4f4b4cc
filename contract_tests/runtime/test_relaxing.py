"""Which rules can be relaxed, and which violations are left."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements_runtime.contract import MAX_VIOLATIONS
from kling_elements_runtime.document import Document
from kling_elements_runtime.errors import Violation
from kling_elements_runtime.relaxing import enforced, known_rules

_OWN, _BASE = Document({"x-rules": {"R1": {}}}), Document({"x-rules": {"R1": {}, "R2": {}}})


def test_each_document_may_have_the_rule() -> None:
    assert {"R1", "R2"} == known_rules({"R2", "R1"}, _OWN, _BASE)
    assert frozenset() == known_rules([], _OWN)


def test_no_document_is_read_if_no_rule_is_relaxed() -> None:
    assert frozenset() == known_rules((), Document(lambda: pytest.fail("the document was read")))


def test_an_unknown_rule_is_refused_with_the_rules_that_exist() -> None:
    unknown: Any = {"R3", 7, "R1"}

    with pytest.raises(ValueError, match=r"^there is no rule 7, R3; there are R1, R2$"):
        known_rules(unknown, _OWN, _BASE)


@pytest.mark.parametrize("rules", ["R1", None, 1])
def test_anything_but_a_collection_of_ids_is_refused(rules: Any) -> None:
    """A string is a collection too, of letters."""
    with pytest.raises(TypeError, match=r"^the ids of rules must be a set, such as {'R01'}, not "):
        known_rules(rules, _OWN)


def test_violations_of_relaxed_rules_are_not_enforced() -> None:
    first, second = Violation("/a", "R1", "is wrong"), Violation("/b", "R2", "is wrong")

    assert [second] == enforced([first, second], frozenset({"R1"}))


def test_all_violations_are_enforced_if_there_may_be_more_than_are_listed() -> None:
    """The list might lack a violation of a rule that is not relaxed."""
    violations = [Violation(f"/{index}", "R1", "is wrong") for index in range(MAX_VIOLATIONS)]

    assert violations == enforced(violations, frozenset({"R1"}))
    assert [] == enforced(violations[1:], frozenset({"R1"}))
