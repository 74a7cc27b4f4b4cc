"""Witnesses about requests, from the rules table and the table of the other operations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from contract_tests.reading import oracle
from contract_tests.reading.cases import BodyCase, HttpCase, VideoCase, body_cases, http_cases, video_cases
from contract_tests.reading.operation_cases import ACCEPTED, REFUSED, Case
from contract_tests.reading.paths import DELETION
from contract_tests.support.mock_caller import Caller, headers_of
from kling_elements.media import videos
from kling_elements.media_limits import video_limits
from tools.mutate.witness import Candidate, Holds, Witness

_CREATE = "createElement"
_MAX_SMALL_LENGTH = (
    20_000  # characters or bytes; the oracle takes seconds for a large body, and other tests check those
)
_UPSTREAM: frozenset[str | None] = frozenset(["upstream"])
_SIZE: frozenset[str | None] = frozenset(["R15"])  # large bodies also witness the rule about sizes
_LISTED, _UNKNOWN_ID = (200, 0), (400, 1201)


def request_witnesses() -> Iterator[Witness]:
    """Yield a witness for each case of the tables and each way to check it, quick ones first."""
    bodies = [(case, cache(case.body)) for case in (*body_cases("accepted"), *body_cases("refused"))]
    small = [(case, body) for case, body in bodies if len(json.dumps(body())) <= _MAX_SMALL_LENGTH]
    small_ids = {case.id for case, _ in small}
    operation_cases = [*ACCEPTED, *REFUSED]
    for case, body in bodies:
        is_small = case.id in small_ids
        rules = _rules(case) if is_small else _rules(case) | _SIZE
        yield Witness(f"{case.id}, by the client", _by_client(case, body), rules, 0 if is_small else 2)
    yield from (Witness(f"{case.id}, by the client", _operation_by_client(case), _UPSTREAM) for case in operation_cases)
    yield from (Witness(f"{case.id}, by the mock server", _operation_by_server(case), _UPSTREAM) for case in ACCEPTED)
    for size, status in ((65_536, 400), (65_537, 413)):
        yield Witness(f"deleteElement-{status}-{size} bytes, by the mock server", _deletion(size, status), _UPSTREAM)
    for http_case in http_cases():
        cost = 2 if len(http_case.content()) > _MAX_SMALL_LENGTH else 0
        yield Witness(f"{http_case.id}, by the mock server", _by_server(http_case), frozenset([http_case.rule]), cost)
    yield from (Witness(f"{case.id}, by the oracle", _by_oracle(case, body), _rules(case), 1) for case, body in small)
    yield from (
        Witness(f"{case.id}, by the oracle", _operation_by_oracle(case), _UPSTREAM, 1) for case in operation_cases
    )
    yield from (Witness(video.id, _by_file(video), frozenset([video.rule])) for video in video_cases())


def _rules(case: BodyCase) -> frozenset[str | None]:
    return frozenset([case.rule, *(rule for _, rule in case.violations)])


def _by_client(case: BodyCase, body: Callable[[], Any]) -> Holds:
    def holds(candidate: Candidate) -> bool:
        violations = candidate.contract.violations(_CREATE, body())
        return case.violations == {(violation.pointer, violation.rule) for violation in violations}

    return holds


def _by_oracle(case: BodyCase, body: Callable[[], Any]) -> Holds:
    return lambda candidate: (case.verdict == "accepted") == candidate.oracle(_CREATE).accepts(body())


def _by_server(case: HttpCase) -> Holds:
    headers = {"authorization": None, "content-type": None, **{n.lower(): value for n, value in case.headers.items()}}

    def holds(candidate: Candidate) -> bool:
        reply = Caller(candidate.server).send(case.method, case.path, content=case.content(), headers=headers)
        return case.status == reply.status and case.response_headers.items() <= headers_of(reply).items()

    return holds


def _by_file(case: VideoCase) -> Holds:
    file = cache(case.video.open)

    def holds(candidate: Candidate) -> bool:
        report = videos.inspect(file(), "video", video_limits(candidate.contract))
        return case.violations == {violation.rule for violation in report.violations}

    return holds


def _operation_by_client(case: Case) -> Holds:
    def holds(candidate: Candidate) -> bool:
        contract = candidate.contract
        if "body" in case.arguments:
            violations = contract.violations(case.operation, case.arguments["body"])
        else:
            violations = contract.parameter_violations(case.operation, case.parameters)
        return set(case.violations) == {
            (violation.pointer, violation.rule, violation.message) for violation in violations
        }

    return holds


def _operation_by_oracle(case: Case) -> Holds:
    def holds(candidate: Candidate) -> bool:
        if "body" in case.arguments:
            accepted = candidate.oracle(case.operation).accepts(case.arguments["body"])
        else:
            accepted = oracle.accepts_parameters(case.parameters, case.operation, candidate.document)
        return accepted == (not case.violations)

    return holds


def _operation_by_server(case: Case) -> Holds:
    body = case.arguments.get("body")
    method = "GET" if body is None else "POST"
    expected = _LISTED if case.operation.startswith("list") else _UNKNOWN_ID

    def holds(candidate: Candidate) -> bool:
        reply = Caller(candidate.server).send(method, case.target or "", body)
        return expected == (reply.status, json.loads(reply.body)["code"])

    return holds


def _deletion(size: int, status: int) -> Holds:
    return lambda candidate: status == Caller(candidate.server).send("POST", DELETION, content=b" " * size).status
