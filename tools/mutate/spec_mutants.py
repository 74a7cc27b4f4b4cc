"""Spec mutation: changes one constraint of the OpenAPI file at a time, and sees whether anything known of it notices.

What is known are the tables of contract_tests, which were written from the documents. Cases made from the spec would be
of no use here: they change with it, so a spec cannot witness its own mistakes.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, redirect_stderr
from functools import cache
from io import StringIO
from itertools import chain
from typing import TypeAlias

from kling_elements_runtime.document import Node
from scripts.spec import load
from tools.mutate.answer_witnesses import answer_witnesses
from tools.mutate.equivalents import EQUIVALENTS
from tools.mutate.mutants import Mutant, mutants
from tools.mutate.parts import Outcome, run
from tools.mutate.request_witnesses import request_witnesses
from tools.mutate.witness import Subject, Witness

NAME = "spec mutants"
_DEAR = 2  # the cost of a witness
_MOST_RECENT = 12  # witnesses that noticed a mutant before; the next mutant is often of the same place


Verdict: TypeAlias = tuple[Mutant, Witness | None]
"""A mutant and the first witness that noticed it, if any did."""


def prove() -> Outcome:
    """Try every mutant of the OpenAPI file."""
    document: Node = json.loads(json.dumps(load()))  # YAML's aliases would be the same object in two places
    witnesses = [*answer_witnesses(), *request_witnesses()]
    logging.disable(logging.WARNING)  # the client warns of odd answers, of which there are thousands here
    try:
        if wrong := mistaken(document, witnesses):
            return Outcome("no mutant was tried", tuple(f"not true of the contract as it is: {name}" for name in wrong))
        # A mutant lets values through that SQLite refuses, as a text for the size of a page, and the server says so.
        # What it says of the contract itself was shown above.
        with redirect_stderr(StringIO()):
            tried = verdicts(mutants(document), witnesses)
        return outcome_of(tried, EQUIVALENTS)
    finally:
        logging.disable(logging.NOTSET)


def mistaken(document: Node, witnesses: Iterable[Witness]) -> list[str]:
    """Return the names of witnesses that testify against the contract itself: they would notice anything."""
    with closing(Subject(document)) as subject:
        return [witness.name for witness in witnesses if witness.testifies_against(subject)]


def verdicts(tried: Iterable[Mutant], witnesses: Sequence[Witness]) -> list[Verdict]:
    """Ask witnesses about each mutant, until one notices it.

    The order is a matter of time alone: those that noticed one of the last mutants, then quick ones, and of these those
    of the mutant's own rule. So is that dear ones are asked only about mutants of their own rules: at worst a mutant is
    said to survive that they would notice.
    """
    ordered = cache(lambda rule: _ordered(rule, witnesses))
    recent: list[Witness] = []
    found: list[Verdict] = []
    for mutant in tried:
        with closing(Subject(mutant.document)) as subject:
            asked = set(map(id, recent))  # one that changes the subject can be asked once
            likely = chain(recent, (each for each in ordered(mutant.rule) if id(each) not in asked))
            witness = next((each for each in likely if each.testifies_against(subject)), None)
        found.append((mutant, witness))
        if witness is not None and witness.cost < _DEAR:
            recent = [witness, *(other for other in recent if other is not witness)][:_MOST_RECENT]
    return found


def _ordered(rule: str | None, witnesses: Sequence[Witness]) -> list[Witness]:
    asked = [witness for witness in witnesses if rule in witness.rules or witness.cost < _DEAR]
    own = [witness for witness in asked if rule in witness.rules or not witness.cost]
    others = [witness for witness in asked if rule not in witness.rules and witness.cost]
    return [*sorted(own, key=lambda witness: (witness.cost, rule not in witness.rules)), *others]


def outcome_of(found: Sequence[Verdict], equivalents: Mapping[str, str]) -> Outcome:
    """Return what verdicts come to, where some mutants are known to say the same as the contract."""
    noticed = {mutant.name: witness.name for mutant, witness in found if witness}
    survivors = [mutant.name for mutant, witness in found if not witness]
    problems = [f"survives: {name}" for name in survivors if name not in equivalents]
    for name in equivalents:
        if name in noticed:
            problems.append(f"is no equivalent, as {noticed[name]} notices it: {name}")
        elif name not in survivors:
            problems.append(f"is an equivalent, but no mutant any more: {name}")
    return Outcome(
        f"{len(noticed)} of {len(found)} mutants killed, {len(equivalents.keys() & set(survivors))} equivalent",
        tuple(problems),
    )


def main() -> int:
    """Run this part of the proof alone; return the exit code."""
    return run({NAME: prove})


if __name__ == "__main__":
    sys.exit(main())
