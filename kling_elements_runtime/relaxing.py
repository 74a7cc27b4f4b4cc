"""Relaxed rules. A request that breaks only these is sent nevertheless."""

from __future__ import annotations

from collections.abc import Collection

from kling_elements_runtime.contract import MAX_VIOLATIONS
from kling_elements_runtime.document import Document
from kling_elements_runtime.errors import Violation


def known_rules(rules: Collection[str], *documents: Document) -> frozenset[str]:
    """Return the ids of rules as a set, if each rule is in one of the documents.

    Raises:
        TypeError: The ids are a single string, or not a collection.
        ValueError: No document has one of the rules.
    """
    if isinstance(rules, str) or not isinstance(rules, Collection):
        raise TypeError(f"the ids of rules must be a set, such as {{'R01'}}, not {type(rules).__name__}")
    if rules:
        known = {rule: None for document in documents for rule in document.document()["x-rules"]}
        if unknown := [str(rule) for rule in rules if rule not in known]:
            raise ValueError(f"there is no rule {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return frozenset(rules)


def enforced(violations: list[Violation], relaxed: frozenset[str]) -> list[Violation]:
    """Return the violations of rules that are not relaxed.

    If the list has its maximum length, return all of it, because other violations may be missing.
    """
    if len(violations) >= MAX_VIOLATIONS:
        return violations
    return [violation for violation in violations if violation.rule not in relaxed]
