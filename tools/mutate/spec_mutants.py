"""Spec mutation: change one constraint of the OpenAPI file at a time, and check whether a witness notices.

The witnesses use the tables of contract_tests, which were written from the documents. Cases generated from the contract
would be useless, because they change with the contract.
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
from tools.mutate.equivalents import EQUIVALENTS
from tools.mutate.mutants import Mutant, mutants
from tools.mutate.proof_parts import PartResult, run_parts
from tools.mutate.request_witnesses import request_witnesses
from tools.mutate.response_witnesses import response_witnesses
from tools.mutate.witness import Candidate, Witness

NAME = "spec mutants"
_EXPENSIVE = 2  # cost of a witness
_MAX_RECENT = 12  # witnesses that noticed a mutant; often the next mutant is at the same place


Trial: TypeAlias = tuple[Mutant, Witness | None]
"""A mutant and the first witness that noticed it, if any did."""


def prove() -> PartResult:
    """Try every mutant of the OpenAPI file."""
    document: Node = json.loads(json.dumps(load()))  # YAML aliases would put one object in two places
    witnesses = [*response_witnesses(), *request_witnesses()]
    logging.disable(logging.WARNING)  # the client warns about unusual responses, and there are thousands here
    try:
        if wrong := untrue_witnesses(document, witnesses):
            return PartResult(
                "no mutant was tried", tuple(f"not true of the contract itself: {name}" for name in wrong)
            )
        # A mutant may accept values that SQLite refuses, such as a text for the page size, and the server logs that.
        # Messages about the contract itself were shown above.
        with redirect_stderr(StringIO()):
            trials = try_mutants(mutants(document), witnesses)
        return result_of(trials, EQUIVALENTS)
    finally:
        logging.disable(logging.NOTSET)


def untrue_witnesses(document: Node, witnesses: Iterable[Witness]) -> list[str]:
    """Return the names of witnesses that contradict the contract itself, and so prove nothing about a mutant."""
    with closing(Candidate(document)) as candidate:
        return [witness.name for witness in witnesses if witness.testifies_against(candidate)]


def try_mutants(all_mutants: Iterable[Mutant], witnesses: Sequence[Witness]) -> list[Trial]:
    """Ask witnesses about each mutant, until one notices it.

    The order only saves time: first the witnesses that noticed one of the last mutants, then quick ones, beginning with
    those of the mutant's rule. Also to save time, expensive witnesses check only mutants of their own rules. At worst,
    a mutant that they would notice is reported as a survivor.
    """
    ordered = cache(lambda rule: _most_likely_first(rule, witnesses))
    recent: list[Witness] = []
    trials: list[Trial] = []
    for mutant in all_mutants:
        with closing(Candidate(mutant.document)) as candidate:
            recent_ids = set(map(id, recent))  # a witness that changes the candidate can be asked only once
            likely = chain(recent, (witness for witness in ordered(mutant.rule) if id(witness) not in recent_ids))
            witness = next(
                (likely_witness for likely_witness in likely if likely_witness.testifies_against(candidate)), None
            )
        trials.append((mutant, witness))
        if witness is not None and witness.cost < _EXPENSIVE:
            recent = [witness, *(earlier for earlier in recent if earlier is not witness)][:_MAX_RECENT]
    return trials


def _most_likely_first(rule: str | None, witnesses: Sequence[Witness]) -> list[Witness]:
    relevant = [witness for witness in witnesses if rule in witness.rules or witness.cost < _EXPENSIVE]
    first = [witness for witness in relevant if rule in witness.rules or not witness.cost]
    last = [witness for witness in relevant if rule not in witness.rules and witness.cost]
    return [*sorted(first, key=lambda witness: (witness.cost, rule not in witness.rules)), *last]


def result_of(trials: Sequence[Trial], equivalents: Mapping[str, str]) -> PartResult:
    """Return the result of trials, given the mutants that are equivalent to the contract."""
    noticed = {mutant.name: witness.name for mutant, witness in trials if witness}
    survivors = [mutant.name for mutant, witness in trials if not witness]
    problems = [f"survives: {name}" for name in survivors if name not in equivalents]
    for name in equivalents:
        if name in noticed:
            problems.append(f"is not equivalent: {noticed[name]} notices it; delete it from equivalents.py: {name}")
        elif name not in survivors:
            problems.append(f"is not a mutant any more; delete it from equivalents.py: {name}")
    return PartResult(
        f"{len(noticed)} of {len(trials)} mutants killed, {len(equivalents.keys() & set(survivors))} equivalent",
        tuple(problems),
    )


def main() -> int:
    """Run only this part of the proof; return the exit code."""
    return run_parts({NAME: prove})


if __name__ == "__main__":
    sys.exit(main())
