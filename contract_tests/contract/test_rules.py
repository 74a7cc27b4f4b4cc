"""Every rule of the documents, at its limits.

Bodies are checked by the client, on the wire, by the mock server and by the oracle; video files by the check of videos;
HTTP by the mock server.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import respx

from contract_tests.reading import oracle
from contract_tests.reading.cases import (
    BodyCase,
    HttpCase,
    VideoCase,
    base_body,
    bases,
    body_cases,
    http_cases,
    rules,
    value_at,
    video_cases,
)
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.mock_caller import headers_of, shared_caller
from contract_tests.support.mock_requests import chunks, exchange, scope
from contract_tests.support.running import URL
from contract_tests.support.tables import for_each_row
from contract_tests.support.video_checks import video_report
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.contract import violations
from kling_elements_client.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ACCEPTED = body_cases("accepted")
_REFUSED = body_cases("refused")
_HTTP = http_cases()
_VIDEOS = video_cases()
_NOT_TESTABLE = {"R12", "R24", "R25", "R26"}
_BY_FILES_ALONE = {"R20", "R21", "R22", "R23"}
_BY_HTTP_ALONE = {"R01", "R02", "R34"}


@pytest.fixture(scope="module")
def shared_client() -> AuthenticatedClient:
    """Return one client for all tests, because opening an SSL context is slow."""
    return AuthenticatedClient(api_key="test-token", base_url=URL)


def _is_error_envelope(response: dict[str, Any]) -> bool:
    code, *texts = (response.get(key) for key in ("code", "message", "request_id"))
    return isinstance(code, int) and code != 0 and all(isinstance(text, str) and text for text in texts)


@for_each_row(_ACCEPTED, "case")
def test_the_check_finds_nothing_in_an_accepted_body(case: BodyCase) -> None:
    assert not violations("createElement", case.body())


@for_each_row(_REFUSED, "case")
def test_the_check_names_each_place_and_rule_of_a_refused_body(case: BodyCase) -> None:
    """The check reports exactly the expected violations, and each has a message."""
    reported = violations("createElement", case.body())

    assert case.violations == {(violation.pointer, violation.rule) for violation in reported}
    assert all(violation.message for violation in reported)


@for_each_row(_VIDEOS, "case")
def test_the_check_of_videos_names_each_rule_that_a_file_breaks(case: VideoCase) -> None:
    """The check reports exactly the expected violations; an accepted file was checked by every rule."""
    report = video_report(case.video)

    assert case.violations == {violation.rule for violation in report.violations}
    assert report.conforms == (not case.violations)
    assert case.violations or not report.unchecked


def test_every_rule_about_a_video_is_shown_from_both_sides() -> None:
    """Each rule about videos has an accepted and a refused file."""
    assert [_BY_FILES_ALONE] * 2 == [
        {c.rule for c in _VIDEOS if bool(c.violations) == refused} for refused in (False, True)
    ]


@for_each_row(_ACCEPTED, "case")
def test_the_client_sends_an_accepted_body_as_it_is(case: BodyCase, shared_client: AuthenticatedClient) -> None:
    """The client sends one request, whose JSON equals the body."""
    body: Any = case.body()

    with respx.mock(base_url=URL) as gateway:
        gateway.post(ELEMENTS).respond(json={})
        create_element.sync_detailed(client=shared_client, body=body)
        sent = [json.loads(call.request.read()) for call in gateway.calls]

    assert [case.body()] == sent


@for_each_row(_REFUSED, "case")
def test_the_client_does_not_send_a_refused_body(case: BodyCase, shared_client: AuthenticatedClient) -> None:
    """The caller gets the violations, and the gateway gets no request."""
    body: Any = case.body()

    with respx.mock(base_url=URL, assert_all_called=False) as gateway:
        gateway.post(ELEMENTS).respond(json={})
        with pytest.raises(ContractError) as caught:
            create_element.sync_detailed(client=shared_client, body=body)
        sent = [call.request for call in gateway.calls]

    assert not sent
    assert case.violations == {(violation.pointer, violation.rule) for violation in caught.value.violations}


@for_each_row(_ACCEPTED, "case")
def test_the_mock_server_accepts_an_accepted_body(case: BodyCase) -> None:
    """The response is 200 with a JSON object."""
    reply = shared_caller().post(content=json.dumps(case.body()).encode())

    assert 200 == reply.status
    assert isinstance(json.loads(reply.body), dict)


@for_each_row(_REFUSED, "case")
def test_the_mock_server_names_each_place_in_a_refused_body(case: BodyCase) -> None:
    """The response is 400, and its message contains exactly the expected violations, with place and rule."""
    reply = shared_caller().post(content=json.dumps(case.body()).encode())
    response = json.loads(reply.body)

    assert 400 == reply.status
    assert _is_error_envelope(response)
    named = re.findall(r"(?:^|; )(the body|/.*?): .+? \(([^()\s]+)\)(?=; |$)", response["message"])
    assert case.violations == {(place.removeprefix("the body"), rule) for place, rule in named}


@for_each_row(_ACCEPTED, "case")
def test_the_oracle_accepts_an_accepted_body(case: BodyCase) -> None:
    """Another library with the same contract accepts the body."""
    assert not oracle.refusals(case.body())


@for_each_row(_REFUSED, "case")
def test_the_oracle_refuses_a_refused_body(case: BodyCase) -> None:
    """The oracle may also report other places, because it doesn't choose a branch."""
    lines = oracle.refusals(case.body())

    assert lines
    assert all(any(line.startswith(f"{place or 'the body'} ") for line in lines) for place, _ in case.violations)


@for_each_row(_HTTP, "case")
def test_the_mock_server_answers_http_as_the_rules_say(case: HttpCase) -> None:
    """The status and the listed headers are right, and every failure has the documented envelope."""
    content = case.content()
    headers = [("content-length", str(len(content))), *case.headers.items()]
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers]
    reply, _ = exchange(scope(method=case.method, raw_path=case.path.encode(), headers=encoded), chunks(content))
    response = json.loads(reply.body)

    assert case.status == reply.status
    assert case.response_headers.items() <= headers_of(reply).items()
    assert (case.status != 200) == _is_error_envelope(response)


def test_every_rule_is_in_the_table() -> None:
    """The rules R01 to R35 are in order, and each has a title."""
    assert [f"R{number:02}" for number in range(1, 36)] == [rule.id for rule in rules()]
    assert all(rule.title for rule in rules())


def test_every_rule_has_cases_or_a_reason() -> None:
    """A rule without cases says why it has none."""
    with_reason = {rule.id for rule in rules() if rule.not_testable}
    with_cases = (
        {case.rule for case in (*_ACCEPTED, *_REFUSED)}
        | {case.rule for case in _HTTP}
        | {case.rule for case in _VIDEOS}
    )

    assert _NOT_TESTABLE == with_reason
    assert with_cases == {rule.id for rule in rules()} - _NOT_TESTABLE


@pytest.mark.parametrize("cases", [_ACCEPTED, _REFUSED], ids=["accepted", "refused"])
def test_every_rule_about_a_body_is_shown_from_both_sides(cases: list[BodyCase]) -> None:
    """Each rule about bodies has an accepted and a refused body."""
    about_a_body = {rule.id for rule in rules()} - _NOT_TESTABLE - _BY_HTTP_ALONE - _BY_FILES_ALONE

    assert about_a_body == {case.rule for case in cases}


def test_the_rules_about_http_are_shown_from_both_sides() -> None:
    """Path, method, token, media type and JSON each have an accepted request and several refused ones."""
    statuses = {rule: {case.status for case in _HTTP if case.rule == rule} for rule in ("R01", "R02", "R03")}

    assert {"R01": {200, 404, 405}, "R02": {200, 401}, "R03": {200, 400, 401, 405, 413, 415}} == statuses


@pytest.mark.parametrize("cases", [_ACCEPTED, _REFUSED, _HTTP, _VIDEOS], ids=["accepted", "refused", "http", "videos"])
def test_no_case_occurs_twice(cases: Sequence[BodyCase | HttpCase | VideoCase]) -> None:
    assert [] == [case_id for case_id, times in Counter(case.id for case in cases).items() if times > 1]


@for_each_row(_REFUSED, "case")
def test_the_place_of_a_violation_is_in_the_body(case: BodyCase) -> None:
    """The test finds misspelt pointers in rules.yaml, and refused bodies that equal their base."""
    body = case.body()

    for pointer, _ in case.violations:
        value_at(body, pointer)
    assert body not in [base_body(name) for name in bases()]


@pytest.mark.parametrize("name", bases())
def test_every_base_is_valid(name: str) -> None:
    """Check and oracle accept every base, so each refusal is due to the change in the case."""
    assert not violations("createElement", base_body(name))
    assert not oracle.refusals(base_body(name))


def test_the_sample_is_that_of_the_first_document() -> None:
    """The sample equals the document's example request without comments."""
    sample = """
    {
        "element_name": "bodyysh11112311213",
        "element_description": "test",
        "reference_type": "image_refer",
        "element_image_list": {
            "frontal_image": "https://imageproxy.zhongzhuan.chat/api/proxy/image/bb9bd34363da4fa486c9e645a6b1349e.png",
            "refer_images": [
                {
                    "image_url": "https://imageproxy.zhongzhuan.chat/api/proxy/image/bb9bd34363da4fa486c9e645a6b1349e.png"
                }
            ]
        }
    }
    """

    assert json.loads(sample) == base_body("sample")
