"""The pages that need no token: a greeting at `/`, and `/health`."""

from __future__ import annotations

import copy
import json

import pytest

from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS
from contract_tests.support.mock_caller import NO_TOKEN, Caller, headers_of, shared_caller
from kling_elements.mock import create_app
from kling_elements_client import contract
from kling_elements_runtime.contract import Contract

NO_HEADERS = {"authorization": None, "content-type": None}


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", None])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_needs_no_token(method: str, host: str | None) -> None:
    """A container's health check, for example, has none."""
    reply = shared_caller().send(method, "/health", headers=NO_HEADERS, client_host=host)

    assert (200, {"status": "ok"}) == (reply.status, json.loads(reply.body))
    assert {"content-type": "application/json"} == headers_of(reply)


def test_the_greeting_lists_the_calls_and_paths() -> None:
    """The greeting is plain text with each call's method, the token, and the server's own paths."""
    reply = shared_caller().send("GET", "/", headers=NO_HEADERS)
    text = reply.body.decode()

    assert {"content-type": "text/plain; charset=utf-8"} == headers_of(reply)
    assert text.startswith(
        "This is the mock server of kling-elements: it answers as the service does, and creates nothing"
    )
    for part in (f"POST    {ELEMENTS}  (createElement)", f"GET     {ELEMENTS}/{{id}}  (getElement)", PRESETS, DELETION):
        assert part in text
    for part in (
        "Authorization: Bearer <token>",
        "GET     /docs",
        "/openapi.json",
        "/health",
        "/_mock/faults",
        "/_mock/clock",
        "--help",
    ):
        assert part in text


@pytest.mark.parametrize("path", ["/", "/health", "/docs", "/docs/page.js", "/openapi.json"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_pages_accept_only_get(path: str, method: str) -> None:
    """Other methods are refused like an unknown path."""
    NO_TOKEN.check(shared_caller().send(method, path, headers=NO_HEADERS))
    assert 404 == shared_caller().send(method, path).status


def test_contract_paths_override_pages() -> None:
    """If a contract has the path `/health`, the server answers as the contract says."""
    document = copy.deepcopy(contract.document())
    document["paths"]["/health"] = {"get": document["paths"][PRESETS]["get"]}
    del document["paths"][PRESETS]
    caller = Caller(create_app(contract=Contract(document)))

    assert 401 == caller.send("GET", "/health", headers=NO_HEADERS).status
    assert "data" in caller.ask("GET", "/health")
    assert 200 == caller.send("GET", "/", headers=NO_HEADERS).status
