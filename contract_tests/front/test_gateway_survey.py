"""What a survey asks of a gateway, and what it concludes from the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import httpx
import pytest
import respx
from attrs import evolve

from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from kling_elements import gateway_survey
from kling_elements.gateway_paths import path_choices
from kling_elements.gateway_survey import Survey, SurveyError, survey_gateway
from kling_elements.mock import create_app
from kling_elements.passport import Passport, passport_of
from kling_elements.testing import respx_router
from kling_elements_client import AuthenticatedClient
from kling_elements_client.errors import ConnectionFailedError

TOKEN = "sk-secret-1234567890"
URL = "https://gateway.example.com"
_OTHER_DELETION = DELETION.replace("delete-elements", "delete-advanced-elements")
Respond = Callable[[str, str], httpx.Response | None]
"""Returns the response to a method and a path; None for a path that does not exist."""


def envelope(status: int, code: int | str, message: str) -> httpx.Response:
    """Return a refusal in the service's envelope."""
    return httpx.Response(status, json={"code": code, "message": message, "request_id": "r"})


def page(*tasks: dict[str, Any]) -> httpx.Response:
    """Return a page of a list."""
    return httpx.Response(200, json={"code": 0, "message": "SUCCEED", "data": list(tasks)})


def absent(path: str) -> httpx.Response:
    """Return the response that people saw to the look-up of an unknown id."""
    return envelope(400, 1201, f"Task not found by id/external id: {path.rpartition('/')[2]}")


def missing(method: str, path: str) -> httpx.Response:
    """Return the response of a common gateway to a path that it lacks."""
    words = f"Invalid URL ({method} {path}) (request id: 20261128{len(path)}aB3dEf)"
    return httpx.Response(404, json={"error": {"message": words, "type": "invalid_request_error", "code": ""}})


@contextmanager
def gateway(respond: Respond) -> Iterator[respx.MockRouter]:
    """Run a gateway that answers as a function says."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        return respond(request.method, path) or missing(request.method, path)

    with respx.mock(base_url=URL, assert_all_called=False) as router:
        router.route().mock(side_effect=answer)
        yield router


def run_survey(respond: Respond, *, confirm: bool = True) -> Survey:
    """Return the survey of a gateway that answers as a function says."""
    with gateway(respond), AuthenticatedClient(TOKEN, URL) as client:
        return survey_gateway(client, confirm=confirm)


def make_passport(respond: Respond) -> Passport:
    """Return the passport of such a gateway."""
    return passport_of(run_survey(respond), date(2026, 11, 28))


def respond_as_usual(method: str, path: str) -> httpx.Response | None:
    """Answer as a gateway that offers everything, and has neither tasks nor presets."""
    if re.fullmatch(f"{ELEMENTS}/[^/]+", path):
        return absent(path)
    if (method, path) in (("GET", ELEMENTS), ("GET", PRESETS)):
        return page()
    if (method, path) == ("POST", DELETION):
        return envelope(400, 1201, "Element not found")
    return None


def respond_except(**answers: httpx.Response) -> Respond:
    """Return the usual gateway with other answers: to a `look_up`, the `list`, the `presets` and the `deletion`."""

    def respond(method: str, path: str) -> httpx.Response | None:
        own = {ELEMENTS: "list", PRESETS: "presets", DELETION: "deletion"}.get(path, "look_up")
        normal = respond_as_usual(method, path)
        return answers.get(own, normal) if normal is not None else None

    return respond


def targets(passport: Passport) -> list[str]:
    """Return the targets of the actions except those about the address."""
    return [action["target"] for action in passport.overlay["actions"] if "servers" not in action["target"]]


def test_a_look_up_in_unknown_words_shows_the_path_if_there_is_no_list() -> None:
    """The gateway answers a look-up in another way than a missing path."""
    refused = envelope(400, 1299, "nobody has seen these words")

    survey = run_survey(lambda _, path: refused if re.fullmatch(f"{ELEMENTS}/[^/]+", path) else None, confirm=False)

    assert ELEMENTS == survey.path_prefix.path + survey.path_prefix.elements


def test_a_survey_only_reads() -> None:
    """Without confirmation nothing is posted except the request of a list, and nothing is ever created."""
    with respx_router(URL, app=create_app()) as router, AuthenticatedClient(TOKEN, URL) as client:
        survey_gateway(client)
        before = len(router.calls)
        survey_gateway(client, confirm=True)
        requests = [(call.request.method, call.request.url.path) for call in router.calls]
        assert [] == router.kling.tasks()

    assert {"GET"} == {method for method, _ in requests[:before]}
    assert ("POST", ELEMENTS) not in requests
    posted = {path for method, path in requests[before:] if method == "POST"}
    assert {DELETION, _OTHER_DELETION} == {path for path in posted if "nobody" not in path}


def test_a_deletion_is_only_asked_of_an_id_that_cannot_exist() -> None:
    with gateway(respond_as_usual) as router, AuthenticatedClient(TOKEN, URL) as client:
        survey_gateway(client, confirm=True)
        bodies = [json.loads(call.request.content) for call in router.calls if call.request.method == "POST"]

    assert 3 == len(bodies)
    assert all(re.fullmatch("nobody-[0-9a-f-]{36}", body["element_id"]) for body in bodies)


def test_presets_are_asked_by_post_only_if_get_is_not_offered() -> None:
    result = run_survey(
        lambda method, path: (
            page()
            if (method, path) == ("POST", PRESETS)
            else (None if path == PRESETS else respond_as_usual(method, path))
        )
    )

    assert ("yes", "post") == (result.presets.state, result.presets.choice and result.presets.choice.method)
    assert ["GET", "POST"] == [answer.call.partition(" ")[0] for answer in result.presets.answers]
    presets = run_survey(respond_as_usual).presets
    assert ["GET"] == [answer.call.partition(" ")[0] for answer in presets.answers]


@pytest.mark.parametrize(
    "refusal", [envelope(401, 1002, f"{TOKEN} is not a key"), envelope(200, 1002, "Authorization is invalid")]
)
def test_a_key_that_is_refused_ends_the_survey(refusal: httpx.Response) -> None:
    """Nothing can be found out without a key, and the message does not repeat it."""
    with pytest.raises(SurveyError, match="the gateway does not accept the key: ") as caught:
        run_survey(lambda _method, _path: refusal)

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("before", ["", URL, f"{URL}{'/long' * 12}"])
def test_a_gateway_without_any_known_path_is_no_gateway(before: str) -> None:
    """An error that echoes the path still counts as the same error."""
    with pytest.raises(SurveyError, match=r"none of the known paths exists: GET /kling/v1/general/.*; look for"):
        run_survey(lambda method, path: missing(method, before + path))


@pytest.mark.parametrize("answer", [httpx.Response(200, html="<html>Welcome</html>"), httpx.Response(200, json={})])
def test_a_server_that_answers_every_path_alike_is_no_gateway(answer: httpx.Response) -> None:
    with pytest.raises(SurveyError, match="none of the known paths exists"):
        run_survey(lambda _method, _path: answer)


def test_a_gateway_in_trouble_is_asked_later() -> None:
    with pytest.raises(SurveyError, match=r"the gateway is not answering look-ups: .* returned HTTP 503, code 5001"):
        run_survey(lambda _method, _path: envelope(503, 5001, "maintenance"))


def test_a_connection_that_breaks_ends_the_survey() -> None:
    def broken(_method: str, _path: str) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(ConnectionFailedError):
        run_survey(broken)


def test_the_prefix_with_a_known_absence_wins() -> None:
    """A gateway may answer anything to paths of another kind."""

    def respond(method: str, path: str) -> httpx.Response | None:
        if path.startswith("/v1/"):
            return respond_as_usual(method, f"/kling{path}")
        return envelope(400, 1200, "unsupported model") if path.startswith(f"{ELEMENTS}/") else None

    assert "/v1/general" == run_survey(respond).path_prefix.path


def test_a_list_says_more_than_an_answer_that_nobody_knows() -> None:
    """A gateway may answer anything to paths of another kind, and say an absence in its own words."""

    def respond(_method: str, path: str) -> httpx.Response | None:
        if path == "/v1/general/advanced-custom-elements":
            return page()
        return envelope(400, 1200, "unsupported model") if path.startswith(f"{ELEMENTS}/") else None

    assert "/v1/general" == run_survey(respond).path_prefix.path


def test_a_list_shows_the_prefix_if_absences_do_not() -> None:
    """A gateway may answer an unknown id as it answers an unknown path."""

    def respond(method: str, path: str) -> httpx.Response | None:
        is_list = path in (ELEMENTS, PRESETS)
        return respond_as_usual(method, path) if is_list else envelope(404, 1203, "no such resource")

    result = run_survey(respond)

    assert ("/kling/v1/general", ("documented",)) == (result.path_prefix.path, result.dialects)
    assert ("unknown", None) == (result.deletion.state, result.deletion.choice)
    (sentence,) = [text for text in passport_of(result, date(2026, 11, 28)).unknown if "delete path" in text]
    assert sentence.endswith("; look for it in the gateway's documents")


def test_an_absence_in_unknown_words_is_not_taken_for_one() -> None:
    """Taken for an absence, another refusal would make `get_or_create` create an element twice."""
    passport = make_passport(respond_except(look_up=envelope(400, 1200, "task_not_exist")))

    (sentence,) = [text for text in passport.unknown if text.startswith("the response to an unknown id")]
    assert 'returned HTTP 400, code 1200 "task_not_exist", which the contract does not know' in sentence
    assert "add a row to x-absent" in sentence
    assert not any("x-absent" in target or "x-dialects" in target for target in targets(passport))


def test_two_dialects_are_reported_as_undecided() -> None:
    def respond(method: str, path: str) -> httpx.Response | None:
        is_number = path.rpartition("/")[2].isdigit()
        return envelope(404, 1203, "no such resource") if is_number else respond_as_usual(method, path)

    passport = make_passport(respond)

    assert any("the client reads all dialects" in text for text in passport.unknown)
    assert not any("x-dialects" in target for target in targets(passport))


@pytest.mark.parametrize("status", [403, 408, 429, 500, 503])
@pytest.mark.parametrize("name", ["list", "presets"])
def test_a_list_that_is_refused_for_another_reason_stays_open(status: int, name: str) -> None:
    """The passport removes nothing that may be offered."""
    passport = make_passport(respond_except(**{name: httpx.Response(status, json={"message": "not now"})}))

    (sentence,) = [text for text in passport.unknown if text.startswith("whether there is a list of")]
    assert f"returned HTTP {status}" in sentence
    assert "rerun later" in sentence
    assert [] == targets(passport)


@pytest.mark.parametrize("refusal", [httpx.Response(404, text="404 page not found"), httpx.Response(405)])
def test_a_list_that_is_not_there_is_removed(refusal: httpx.Response) -> None:
    passport = make_passport(respond_except(list=refusal))

    assert ["$.components.pathItems.Elements.get", "$.components.examples.ownTasks"] == targets(passport)


def test_a_list_at_another_path_than_creates_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passport could not say where creates are then."""
    choice = path_choices("listElements")[0]
    elsewhere = evolve(choice, path="/own-elements")
    monkeypatch.setattr(
        gateway_survey,
        "path_choices",
        lambda name: (elsewhere, choice) if name == "listElements" else path_choices(name),
    )

    assert choice is run_survey(respond_as_usual).listing.choice


def test_a_list_in_words_of_the_service_is_removed() -> None:
    """The code 1202 means that the path has no such method, whatever the status is."""
    assert "$.components.pathItems.Elements.get" in targets(
        make_passport(respond_except(list=envelope(400, 1202, "no GET")))
    )


@pytest.mark.parametrize(
    "refusal", [httpx.Response(405), envelope(404, 1202, "no POST"), httpx.Response(503), httpx.Response(403)]
)
def test_a_path_of_deletions_that_is_not_shown_is_not_written(refusal: httpx.Response) -> None:
    """The passport keeps the contract's path, and reports that it is unconfirmed."""
    passport = make_passport(respond_except(deletion=refusal))

    assert [] == targets(passport)
    assert any(text.startswith("the delete path: POST ") for text in passport.unknown)


def test_the_contracts_own_path_of_deletions_is_preferred() -> None:
    """The service has both."""
    result = run_survey(
        lambda method, path: envelope(400, 1201, "no element") if "delete" in path else respond_as_usual(method, path)
    )

    assert result.deletion.choice is not None
    assert "/delete-elements" == result.deletion.choice.path


def test_without_confirmation_the_path_of_deletions_stays_open() -> None:
    passport = passport_of(run_survey(respond_as_usual, confirm=False), date(2026, 11, 28))

    (sentence,) = [text for text in passport.unknown if "delete path" in text]
    assert "rerun with --confirm" in sentence


@pytest.mark.parametrize(
    ("tasks", "elements", "expected"),
    [
        ([1], [2], {"task": "integer"}),
        (["1"], ["2"], {"element": "digits"}),
        (["1"], ["elem_8"], {"element": "text"}),
        (["1"], [2], {}),
        (["task_1"], [2], {}),
        ([1, "1"], [2, "2"], {}),
        ([], [], {}),
    ],
)
def test_kinds_of_ids_come_from_lists_and_presets(
    tasks: list[Any], elements: list[Any], expected: dict[str, str]
) -> None:
    """Kinds that differ, or that the contract cannot describe, stay open."""
    own = page(*({"id": task, "status": "succeed"} for task in tasks))
    presets = page(*({"task_result": {"elements": [{"element_id": element}]}} for element in elements))
    passport = make_passport(respond_except(list=own, presets=presets))

    updates = [action["update"] for action in passport.overlay["actions"] if action["target"] == "$['x-ids']"]
    assert ([expected] if expected else []) == updates
    are_open = {word for word in ("tasks", "elements") if any(f"ids of {word}:" in text for text in passport.unknown)}
    is_open = {"tasks": tasks in ([], ["task_1"], [1, "1"]), "elements": elements in ([], [2, "2"])}
    assert {word for word, value in is_open.items() if value} == are_open


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            envelope(400, 1201, "Task not found by id/external id: x"),
            "the service's own (code, message, request_id)",
        ),
        (
            httpx.Response(404, json={"error": {"message": "no task", "type": "x"}}),
            "an `error` object, as in OpenAI's API",
        ),
        (httpx.Response(404, json={"detail": "no task"}), "another JSON object"),
        (httpx.Response(404, html="<p>no task</p>"), "no JSON object"),
    ],
)
def test_the_envelope_of_errors_is_named(answer: httpx.Response, words: str) -> None:
    (sentence,) = [
        text for text in make_passport(respond_except(look_up=answer)).findings if text.startswith("error format: ")
    ]

    assert f"error format: {words}" == sentence


def test_a_key_that_a_gateway_repeats_is_nowhere() -> None:
    """A gateway may repeat the header in any of its answers."""
    echo = f"no such thing for Bearer {TOKEN}"

    def respond(method: str, path: str) -> httpx.Response | None:
        response = respond_as_usual(method, path)
        if response is None or response.is_success:
            return response
        return envelope(response.status_code, response.json()["code"], f"{response.json()['message']} {echo}")

    passport = make_passport(respond)

    assert TOKEN not in json.dumps(passport.overlay) + repr(passport)
    assert "***" in json.dumps(passport.overlay)


def test_a_long_message_is_cut() -> None:
    passport = make_passport(respond_except(list=envelope(404, 1203, "word " * 40)))

    (sentence,) = [text for text in passport.findings if text.startswith("list: ")]
    assert f'{"word " * 12}..."' in sentence
