"""The mock server's refusals: their codes and messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from contract_tests.reading.dialect_cases import DIALECTS
from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from contract_tests.support.documents import changed_contract, with_other_codes
from contract_tests.support.mock_caller import (
    Caller,
    ExpectedRefusal,
    shared_caller,
)
from kling_elements.mock.app import create_app
from kling_elements.mock.refusals import Problem
from kling_elements.mock.reply import Reply
from kling_elements_client import contract
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import escape, follow

_POST = f"#/paths/{escape(ELEMENTS)}/post"


@pytest.mark.parametrize(
    ("message", "body"),
    [
        ("not JSON: Expecting value at line 1, column 1", b""),
        ("not UTF-8: invalid start byte at byte 0", b"\xff"),
        ("the text begins with a byte order mark; remove it", b"\xef\xbb\xbf{}"),
        ('the key "element_name" is repeated in an object', b'{"element_name":"a","element_name":"b"}'),
        ("a string contains an unpaired surrogate", b'{"element_name":"\\ud83d"}'),
        ("NaN is not JSON", b'{"element_name":NaN}'),
        ("the number 1e400 is too large for a double", b"[1e400]"),
        ("nested too deeply: at most 64 levels of arrays and objects are allowed", b"[" * 65),
        ("an integer has more than 300 digits", b"1" * 301),
    ],
)
def test_a_body_that_is_not_strict_json_is_400(message: str, body: bytes) -> None:
    """The message is that of `strict_json`."""
    expected = ExpectedRefusal(status=400, code=1200, message=f"the body cannot be read: {message}")

    expected.check(shared_caller().post(content=body))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {**BODY, "element_name": ""},
        {**BODY, "element_name": "x" * 21, "\u8d85": 1, "a~/b": 2},
        {**BODY, "tag_list": [{"tag_id": "o_101"}, {"tag_id": "o_109"}]},
    ],
)
def test_a_violation_is_400_and_names_pointer_rule_and_what_is_allowed(body: object) -> None:
    """The response lists every violation that the client would see, in the same words."""
    violations = contract.violations("createElement", body)
    message = "; ".join(f"{one.pointer or 'the body'}: {one.message} ({one.rule})" for one in violations)

    assert violations
    ExpectedRefusal(status=400, code=1200, message=message).check(
        shared_caller().post(content=json.dumps(body).encode())
    )


def test_a_message_lists_twenty_violations_and_counts_the_others() -> None:
    for count, more in [(20, ""), (21, "; and 1 more"), (1000, "; and 980 more")]:
        body = {**BODY, **{f"unknown_{number}": 1 for number in range(count)}}
        message = json.loads(shared_caller().post(body).body)["message"]

        assert min(count, 20) == message.count("(R33)")
        assert more == message.partition("; and ")[1] + message.partition("; and ")[2]


def test_a_message_is_bounded_however_long_the_keys_and_values_are() -> None:
    """The message doesn't repeat a key or an image of a megabyte."""
    image = "QUJD" * 250_000
    body = {
        **BODY,
        "k" * 1_000_000: 1,
        "element_image_list": {"frontal_image": image, "refer_images": [{"image_url": image}]},
    }
    reply = shared_caller().post(body)

    assert 400 == reply.status
    assert len(reply.body) < 2000
    assert b"QUJD" * 21 not in reply.body
    assert b"kkk" not in reply.body
    assert b"one of 1000002 characters is unknown" in reply.body


def test_each_refusal_has_a_request_id_of_its_own() -> None:
    bodies = {shared_caller().post(headers={"authorization": None}).body for _ in range(10)}

    assert 10 == len(bodies)


@pytest.mark.parametrize("problem", Problem)
def test_each_refusal_is_documented_under_its_status(problem: Problem) -> None:
    """The refusal's example is under the status in the contract, or under `default`."""
    document = contract.document()
    responses = document["paths"][ELEMENTS]["post"]["responses"]
    response = responses.get(str(problem.status), responses["default"])
    name = response["$ref"].removeprefix("#/components/responses/")
    examples = document["components"]["responses"][name]["content"]["application/json"]["examples"]

    assert {"$ref": f"#/components/examples/{problem.example}"} == examples[problem.example]
    assert {"code", "message", "request_id"} == set(document["components"]["examples"][problem.example]["value"])


def _refusals(contract: Contract, dialect: str) -> Iterator[Reply]:
    """Yield one reply for each kind of refusal and for each fault with a code."""
    app = create_app(contract=contract, dialect=dialect, rate=1, concurrency=1, manual_clock=True)
    with closing(app):
        caller = Caller(app)
        yield caller.post(headers={"authorization": None})
        yield caller.post(headers={"authorization": "Basic sk-test"})
        yield caller.send("GET", "/_mock/elements", client_host="192.0.2.1")
        yield caller.send("GET", "/x")
        yield caller.send("PUT", ELEMENTS)
        yield caller.post(headers={"content-type": "text/plain"})
        yield caller.send("POST", DELETION, content=bytes(65_537))
        yield caller.post({})
        yield caller.send("GET", f"{ELEMENTS}/e")
        named = {**BODY, "external_task_id": "e"}
        assert 200 == caller.post(named).status
        yield caller.post(named)
        yield caller.post()
        app.clock.step(1)
        yield caller.post()
        app.clock.step(1)
        (preset, *_) = caller.ask("GET", PRESETS)["data"]
        ours, theirs = caller.element("e")["element_id"], preset["task_result"]["elements"][0]["element_id"]
        yield caller.send("POST", DELETION, {"element_id": str(theirs)})
        yield caller.send("POST", DELETION, {"element_id": "1"})
        assert 200 == caller.send("POST", DELETION, {"element_id": str(ours)}).status
        yield caller.send("POST", DELETION, {"element_id": str(ours)})
        for code in contract.business_codes():
            caller.queue(f"code:{code}")
            yield caller.post()
        caller.queue("odd-envelope")
        yield caller.post()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_code_is_the_one_that_the_contract_has(dialect: str) -> None:
    """A contract with other codes leads to refusals with those codes."""
    other = with_other_codes(7000)
    ours, theirs = (
        [(reply.status, json.loads(reply.body)) for reply in _refusals(one, dialect)]
        for one in (contract.CONTRACT, other)
    )

    assert [(status, body["code"] + 7000, _without_ids(body)) for status, body in ours] == [
        (status, body["code"], _without_ids(body)) for status, body in theirs
    ]


def _without_ids(body: dict[str, Any]) -> str:
    return re.sub("[0-9]{9,}", "", body["message"])


def _contract_with(place: str, **changes: Any) -> Contract:
    """Return the contract with changes at a place; None removes a member."""

    def change(document: dict[str, Any]) -> None:
        node = follow(document, place)
        node.update(changes)
        for name in [name for name, value in changes.items() if value is None]:
            del node[name]

    return changed_contract(change)


@pytest.mark.parametrize(
    ("expected", "place", "changes"),
    [
        *(
            (name, "#/components/examples", {name: None})
            for name in ("bodyTooLarge", "rateLimited", "invalidValue", "internalError")
        ),
        ("x-business-codes lacks 1302", "#/x-business-codes", {"1302": None}),
        ("x-business-codes lacks 1303", "#/x-business-codes", {"1303": None}),
        ("x-business-codes lacks 1299", f"{_POST}/x-duplicate/0", {"code": 1299}),
        ("x-too-many", _POST, {"x-too-many": None}),
        ("x-too-many", _POST, {"x-too-many": []}),
    ],
)
def test_a_document_that_does_not_explain_a_refusal_fails_at_the_start(
    expected: str, place: str, changes: dict[str, Any]
) -> None:
    """Otherwise the server would fail at the first such refusal."""
    with pytest.raises(KeyError, match=f"^['\"]{expected}['\"]$"):
        create_app(contract=_contract_with(place, **changes))


def test_the_token_is_never_repeated() -> None:
    """No refusal contains it, at any place of a request."""
    secret = "sk-secret-4711"
    good = {"authorization": f"Bearer {secret}"}
    for reply in [
        shared_caller().post(headers={"authorization": f"Basic {secret}"}),
        shared_caller().send("POST", f"/{secret}", headers=good),
        shared_caller().send(secret, ELEMENTS, headers=good),
        shared_caller().post(headers={**good, "content-type": secret}),
        shared_caller().post({}, headers=good),
    ]:
        assert 400 <= reply.status < 500
        assert secret not in f"{reply}"
