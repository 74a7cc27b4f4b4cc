"""Check that the tests show each keyword of the contract's requests from both sides: accepting and refusing a value.

The values come from the tables that the rules tests run through client, wire, mock server and oracle:
contract_tests/reading/rules.yaml, and contract_tests/reading/operation_cases.py for the other operations. Random values
do not count, so that the figures do not depend on luck. A keyword has accepted a value if the whole request was
accepted and the keyword applied; it has refused a value if the request was refused and the keyword itself refused it.
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
from kling_elements.media_limits import video_limits
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node
from scripts.spec import SpecError, load
from tools.mutate.keywords import Keyword, Mark, RequestKeywords, all_accept, request_keywords
from tools.mutate.proof_parts import PartResult, run_parts
from tools.mutate.video_keywords import video_file

NAME = "contract coverage"


@frozen
class CheckedValue:
    """A value from the tables, with the verdicts on it.

    Attributes:
        name: Its id in the tables.
        expected: The verdict of the table: true if the value is accepted.
        marks: The verdicts of the keywords.
    """

    name: str
    expected: bool
    marks: list[Mark]


def tables(document: Node, operations: dict[str, RequestKeywords]) -> Iterator[CheckedValue]:
    """Yield every value of the tables."""
    create = operations["createElement"]
    for case in (*cases.body_cases("accepted"), *cases.body_cases("refused")):
        yield CheckedValue(case.id, case.verdict == "accepted", _marks_of_body(create, case.body()))
    for http in cases.http_cases():
        if http.status == HTTPStatus.OK:
            yield CheckedValue(http.id, True, _marks_of_body(create, json.loads(http.content())))  # noqa: FBT003 - a field
        elif http.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            yield CheckedValue(http.id, False, _marks_of_size(create, len(http.content()), 0))  # noqa: FBT003 - a field
    for call in (*operation_cases.ACCEPTED, *operation_cases.REFUSED):
        yield CheckedValue(call.id, not call.violations, _marks_of_call(operations[call.operation], call))
    file, limits = video_file(document), video_limits(Contract(document))
    for video in cases.video_cases():
        report = videos.inspect(video.video.open(), video.id, limits)
        yield CheckedValue(video.id, not video.violations, list(file.marks(report)))


def _marks_of_body(operation: RequestKeywords, body: Any) -> list[Mark]:
    """Return the verdicts on a body, or only those on its size if it is too large."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    by_size = _marks_of_size(operation, len(text), oracle.count(body))
    return [*by_size, *(operation.body.marks(body) if operation.body and all_accept(by_size) else ())]


def _marks_of_size(operation: RequestKeywords, length: int, values: int) -> list[Mark]:
    return list(operation.size.marks((length, values))) if operation.size else []


def _marks_of_call(operation: RequestKeywords, call: operation_cases.Case) -> list[Mark]:
    if "body" in call.arguments:
        return _marks_of_body(operation, call.arguments["body"])
    return [
        mark
        for name, parameter in operation.parameters.items()
        for mark in parameter.marks([call.parameters[name]] if name in call.parameters else [])
    ]


def prove() -> PartResult:
    """Return whether the tables show every keyword from both sides."""
    try:
        document = load()
        operations = request_keywords(document)
    except SpecError as error:
        return PartResult("nothing was counted", (str(error),))
    shapes = [*(shape for operation in operations.values() for shape in operation.shapes), video_file(document)]
    keywords = [keyword for shape in shapes for keyword in shape.keywords]
    sides: dict[str, set[Keyword]] = {"accepted": set(), "refused": set()}
    disputed: list[str] = []
    values = list(tables(document, operations))
    for value in values:
        is_accepted = all_accept(value.marks)
        if is_accepted != value.expected:
            disputed.append(value.name)
        sides["accepted"] |= {keyword for keyword, accepts in value.marks if accepts and is_accepted}
        sides["refused"] |= {keyword for keyword, accepts in value.marks if not accepts}
    problems = [
        f"no value {side}: add one to the tables for {keyword.name}, of {keyword.route} ({keyword.pointer})"
        for side, shown in sides.items()
        for keyword in keywords
        if keyword not in shown
    ]
    problems += [f"the keywords and the table disagree about: {name}" for name in disputed]
    figures = ", ".join(f"{len(shown)} of {len(keywords)} {side} a value" for side, shown in sides.items())
    return PartResult(f"{figures}, among {len(values)} values", tuple(problems))


def main() -> int:
    """Run only this part of the proof; return the exit code."""
    return run_parts({NAME: prove})


if __name__ == "__main__":
    sys.exit(main())
