"""What a contract of your own has to contain, and that each call follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contract_tests.reading.cases import base_body
from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.documents import changed_contract
from contract_tests.support.scripted import ScriptedClient, task
from kling_elements import KlingElements, webhooks
from kling_elements.elements import elements_of
from kling_elements.media import image
from kling_elements.usable_contract import require_usable
from kling_elements_client import contract
from kling_elements_client.api.elements import create_element, get_element
from kling_elements_client.models import Task

Change = Callable[[dict[str, Any]], object]


def _without_status_words(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["TaskStatus"]["x-progress"]


def _without_envelope(document: dict[str, Any]) -> None:
    del document["components"]["schemas"]["CreateElementResponse"]["x-envelope"]


def _image_limits(document: dict[str, Any]) -> dict[str, Any]:
    limits: dict[str, Any] = document["components"]["schemas"]["ImageBase64"]["x-image"]
    return limits


def _with_other_paths(document: dict[str, Any]) -> None:
    document["paths"] = {f"/v2{path}": item for path, item in document["paths"].items()}


def _create(document: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][ELEMENTS]["post"]
    return operation


def _without_success(document: dict[str, Any]) -> None:
    responses = _create(document)["responses"]
    for status in [status for status in responses if status.startswith("2")]:
        del responses[status]


def _with_lost_body(document: dict[str, Any]) -> None:
    _create(document)["requestBody"]["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/Gone"}


_CREATE = "/paths/" + ELEMENTS.replace("/", "~1") + "/post"
_LACKING: dict[str, Change] = {
    "/x-business-codes": lambda d: d.pop("x-business-codes"),
    "/x-business-codes/1303/retry": lambda d: d["x-business-codes"]["1303"].pop("retry"),
    "/components/schemas/CreateElementResponse/x-envelope": _without_envelope,
    "/components/schemas/TaskListResponse/x-envelope/lists": lambda d: d["components"]["schemas"]["TaskListResponse"][
        "x-envelope"
    ].pop("lists"),
    "/components/schemas/ImageBase64/x-image/aspect-ratio": lambda d: _image_limits(d).pop("aspect-ratio"),
    "/components/schemas/ImageBase64/x-image/file-size/x-source": lambda d: _image_limits(d)["file-size"].pop(
        "x-source"
    ),
    "/components/schemas/ReferVideo/properties/video_url/x-video/duration/tolerance-frames": lambda d: d["components"][
        "schemas"
    ]["ReferVideo"]["properties"]["video_url"]["x-video"]["duration"].pop("tolerance-frames"),
    "/servers/0": lambda d: d.update(servers=[]),
    "/components/schemas/TaskStatus/x-progress": _without_status_words,
    "the operation createElement": lambda d: d["paths"][ELEMENTS].pop("post"),
    "the operation getElement": lambda d: d["paths"].pop(f"{ELEMENTS}/{{id}}"),
    "operations that can be read .'paths'.": lambda d: d.pop("paths"),
    "operations that can be read .#/components/schemas/Gone: no such place in the document.": _with_lost_body,
    f"{_CREATE}/requestBody": lambda d: _create(d).pop("requestBody"),
    f"{_CREATE}/requestBody/x-source": lambda d: _create(d)["requestBody"].pop("x-source"),
    f"{_CREATE}/requestBody/content/application~1json/x-body-size": lambda d: _create(d)["requestBody"]["content"][
        "application/json"
    ].pop("x-body-size"),
    f"{_CREATE}/requestBody/content/application~1json/schema/x-source": lambda d: _create(d)["requestBody"]["content"][
        "application/json"
    ]["schema"].pop("x-source"),
    f"{_CREATE}/responses": lambda d: _create(d).pop("responses"),
    f"{_CREATE}/responses/2XX": _without_success,
    "/components/parameters/PageNumber/schema/maximum": lambda d: d["components"]["parameters"]["PageNumber"][
        "schema"
    ].pop("maximum"),
    "/paths/" + ELEMENTS.replace("/", "~1") + "/get/parameters/pageNum": lambda d: d["paths"][ELEMENTS]["get"][
        "parameters"
    ].pop(0),
}


@pytest.mark.parametrize(("name", "change"), _LACKING.items(), ids=_LACKING)
def test_a_contract_that_lacks_something_is_refused_when_a_client_is_made(name: str, change: Change) -> None:
    """The message lists the missing parts, and says how to begin."""
    lacking = changed_contract(change)
    message = rf"^the contract lacks {name}: begin with a copy of"

    for use in (
        lambda: KlingElements("any-token", contract=lacking),
        lambda: webhooks.parse(b"{}", {}, verify=False, contract=lacking),
        lambda: image("https://media.example.com/front.jpg", contract=lacking),
        lambda: elements_of(Task(), contract=lacking),
    ):
        with pytest.raises(ValueError, match=message):
            use()


def test_everything_that_a_contract_lacks_is_named_at_once() -> None:
    """You can then add all missing parts in one go."""

    def change(document: dict[str, Any]) -> None:
        _without_status_words(document)
        del document["paths"][ELEMENTS]["post"]

    with pytest.raises(ValueError, match="lacks the operation createElement, /components/schemas/TaskStatus/"):
        require_usable(changed_contract(change))


def test_a_contract_with_other_limits_is_usable() -> None:
    """The package's own contract is usable."""
    copied = changed_contract(lambda document: document["components"]["schemas"]["ElementName"].update(maxLength=3))

    assert copied is require_usable(copied)
    assert contract.CONTRACT is require_usable(contract.CONTRACT)


def test_each_call_goes_to_the_path_of_the_clients_contract() -> None:
    """Creates and look-ups use the same path."""
    client = ScriptedClient(KlingElements, task(), task(), contract=changed_contract(_with_other_paths))
    with client.kling.client as raw_client:
        create_element.sync(client=raw_client, body=base_body("image"))  # type: ignore[arg-type]
        get_element.sync("7", client=raw_client)

    path = f"/v2{ELEMENTS}"
    assert [f"POST {path}", f"GET {path}/7"] == [f"{r.method} {r.url.path}" for r in client.gateway.requests]


def test_a_body_checked_by_another_contract_is_not_sent() -> None:
    """The message says to check the body with the client's own contract, which might refuse it."""
    other_contract = changed_contract(
        lambda document: document["components"]["schemas"]["ElementName"].update(maxLength=3)
    )
    body = base_body("image")
    client = ScriptedClient(KlingElements, task(), contract=other_contract)
    with client.kling.client as raw_client:
        with pytest.raises(ValueError, match=r"^the body was checked by another contract: check it with `client"):
            create_element.sync(client=raw_client, body=contract.check("createElement", body))
        assert "" == client.gateway.calls()

        shorter = {**body, "element_name": "Mia"}  # type: ignore[dict-item]
        create_element.sync(client=raw_client, body=raw_client.contract.check("createElement", shorter))

    assert "create" == client.gateway.calls()
