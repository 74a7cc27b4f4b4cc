"""Whether the tests show each keyword of the contract's requests from both sides: a value accepted, and one refused.

The values are those of the tables that the rules tests run through client, wire, mock server and oracle:
contract_tests/reading/rules.yaml, and contract_tests/reading/operation_cases.py for the other operations. What is made
at random counts for nothing here, so that the figure does not depend on luck. A keyword has accepted a value if the
whole request was accepted and the keyword had something to say; it has refused one if the request was refused and it
did so itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from attrs import frozen

from contract_tests.reading import cases, operation_cases, oracle
from kling_elements.media import videos
from kling_elements.media.limits import video_limits
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node
from scripts.spec import SpecError, load
from tools.mutate.keywords import Keyword, Mark, Requests, accepted, requests
from tools.mutate.parts import Outcome, run
from tools.mutate.video_keywords import video_file

NAME = "contract coverage"


@frozen
class Judged:
    """One value of the tables.

    Attributes:
        name: Which one.
        expected: The table's verdict, true if the value is accepted.
        marks: What the keywords say of it.
    """

    name: str
    expected: bool
    marks: list[Mark]


def tables(document: Node, known: dict[str, Requests]) -> Iterator[Judged]:
    """Every value of the tables."""
    create = known["createElement"]
    for case in (*cases.body_cases("accepted"), *cases.body_cases("refused")):
        yield Judged(case.id, case.verdict == "accepted", _of_body(create, case.body()))
    for http in cases.http_cases():
        if http.status == HTTPStatus.OK:
            yield Judged(http.id, True, _of_body(create, json.loads(http.content())))  # noqa: FBT003 - a field
        elif http.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            yield Judged(http.id, False, _of_size(create, len(http.content()), 0))  # noqa: FBT003 - a field
    for call in (*operation_cases.ACCEPTED, *operation_cases.REFUSED):
        yield Judged(call.id, not call.violations, _of_call(known[call.operation], call))
    file, limits = video_file(document), video_limits(Contract(document))
    for video in cases.video_cases():
        report = videos.inspect(video.video.opened(), video.id, limits)
        yield Judged(video.id, not video.violations, list(file.marks(report)))


def _of_body(operation: Requests, body: Any) -> list[Mark]:
    """What is said of a body. One that is too large is not looked into."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    by_size = _of_size(operation, len(text), oracle.count(body))
    return [*by_size, *(operation.body.marks(body) if operation.body and accepted(by_size) else ())]


def _of_size(operation: Requests, length: int, values: int) -> list[Mark]:
    return list(operation.size.marks((length, values))) if operation.size else []


def _of_call(operation: Requests, call: operation_cases.Case) -> list[Mark]:
    if "body" in call.arguments:
        return _of_body(operation, call.arguments["body"])
    return [
        mark
        for name, parameter in operation.parameters.items()
        for mark in parameter.marks([call.parameters[name]] if name in call.parameters else [])
    ]


def prove() -> Outcome:
    """Return what the tables show."""
    try:
        document = load()
        known = requests(document)
    except SpecError as error:
        return Outcome("nothing was counted", (str(error),))
    shapes = [*(shape for each in known.values() for shape in each.shapes), video_file(document)]
    keywords = [keyword for shape in shapes for keyword in shape.keywords]
    sides: dict[str, set[Keyword]] = {"accepted": set(), "refused": set()}
    disputed = []
    values = list(tables(document, known))
    for value in values:
        verdict = accepted(value.marks)
        if verdict != value.expected:
            disputed.append(value.name)
        sides["accepted"] |= {keyword for keyword, said in value.marks if said and verdict}
        sides["refused"] |= {keyword for keyword, said in value.marks if not said}
    problems = [
        f"has not {side} a value: {keyword.name}, of {keyword.route} ({keyword.where})"
        for side, shown in sides.items()
        for keyword in keywords
        if keyword not in shown
    ]
    problems += [f"the keywords say another thing than the table of: {name}" for name in disputed]
    figures = ", ".join(f"{len(shown)} of {len(keywords)} {side} a value" for side, shown in sides.items())
    return Outcome(f"{figures}, among {len(values)} values", tuple(problems))


def main() -> int:
    """Run this part of the proof alone; return the exit code."""
    return run({NAME: prove})


if __name__ == "__main__":
    sys.exit(main())
