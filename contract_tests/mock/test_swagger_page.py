"""The Swagger UI page at `/docs`, and the contract at `/openapi.json`."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest

from contract_tests.support.documents import changed_contract
from contract_tests.support.mock_caller import NO_TOKEN, Caller, headers_of, shared_caller
from kling_elements.mock import create_app, swagger_page
from kling_elements_client import contract
from kling_elements_runtime.document import operations, resolve
from scripts.spec import ROOT

_NO_HEADERS = {"authorization": None, "content-type": None}
_FILES = {
    "/docs/page.css": "text/css; charset=utf-8",
    "/docs/page.js": "text/javascript; charset=utf-8",
    "/docs/favicon-32x32.png": "image/png",
    "/docs/swagger-ui.css": "text/css; charset=utf-8",
    "/docs/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def _get(path: str, caller: Caller | None = None) -> tuple[int, dict[str, str], str]:
    reply = (caller or shared_caller()).send("GET", path, headers=_NO_HEADERS)
    return reply.status, headers_of(reply), reply.body.decode("utf-8", "replace")


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_loads_only_files_of_this_server(path: str) -> None:
    """The page uses exactly the files of the table and no inline script, and its policy allows no other host."""
    status, headers, page = _get(path)
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))

    assert (200, "text/html; charset=utf-8", "nosniff") == (
        status,
        headers["content-type"],
        headers["x-content-type-options"],
    )
    assert _POLICY == policy
    assert set(_FILES) | {"/openapi.json"} == set(re.findall(r'(?:src|href)="([^"]+)"', page))
    assert page.count("<script") == page.count("<script src=") == 2
    assert "<title>Kling Elements: mock server</title>" in page
    assert '<meta name="viewport" content="width=device-width' in page


@pytest.mark.parametrize("path", _FILES)
def test_each_file_is_served_with_its_type(path: str) -> None:
    """HEAD returns the same headers."""
    status, headers, text = _get(path)
    head = shared_caller().send("HEAD", path, headers=_NO_HEADERS)

    assert (200, _FILES[path]) == (status, headers["content-type"])
    assert text
    assert (200, headers) == (head.status, headers_of(head))


@pytest.mark.parametrize(
    "path",
    [
        "/docs/swagger-ui.js",
        "/docs/index.html",
        "/docs/../pyproject.toml",
        "/docs/%2e%2e/__init__.py",
        "/docs/page.css/",
        "/docs//page.css",
    ],
)
def test_no_other_file_is_served(path: str) -> None:
    NO_TOKEN.check(shared_caller().send("GET", path, headers=_NO_HEADERS))


def test_the_contract_is_that_of_the_server() -> None:
    """Only its servers and its description differ. The description also lists the tags and codes."""
    _, headers, text = _get("/openapi.json")
    served = json.loads(text)
    document = copy.deepcopy(contract.document())
    added = served["info"].pop("description").removeprefix(document["info"].pop("description"))

    assert "application/json" == headers["content-type"]
    assert [{"url": "/"}] == served.pop("servers")
    del document["servers"]
    assert document == served
    assert all(part in added for part in ("`o_102` Character", "| 1303 | 429 |", "<summary>Business codes</summary>"))


def test_a_contract_without_tags_and_codes_is_served_too() -> None:
    """Nothing is added to the description."""

    def change(document: dict[str, Any]) -> None:
        for operation in document["paths"].values():
            operation.pop("post", None)
        document["components"]["schemas"].pop("TagId")
        document["components"]["schemas"]["ErrorResponse"]["properties"].pop("code")

    page = swagger_page.pages(changed_contract(change), None)["/openapi.json"]()

    assert contract.document()["info"]["description"] == json.loads(page.body)["info"]["description"]


def test_a_token_is_filled_in_only_if_any_is_accepted() -> None:
    """A server's only token is not on the page."""
    caller = Caller(create_app("sk-mine"))

    assert 'data-scheme="bearerToken" data-token="try-it"' in _get("/docs")[2]
    assert 'data-scheme="bearerToken" data-token=""' in _get("/docs", caller)[2]
    assert "enter the token that the server was started with" in _get("/docs", caller)[2]
    assert "sk-mine" not in _get("/docs", caller)[2]


def test_without_swagger_ui_the_page_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The greeting says the same, and the contract is still served."""

    def distribution(name: str) -> object:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(swagger_page, "distribution", distribution)

    for path in ("/docs", "/docs/swagger-ui.css"):
        status, headers, text = _get(path)
        assert (404, "text/plain; charset=utf-8") == (status, headers["content-type"])
        assert (
            'This page needs Swagger UI: run pip install "kling-elements[cli]", and start the server again.\n' == text
        )
    assert 200 == _get("/openapi.json")[0]
    assert 'in a browser; first run pip install "kling-elements[cli]")' in _get("/")[2]
    assert shared_caller().app.docs_path is None


def test_the_package_with_swagger_ui_is_not_imported() -> None:
    """The package would import Flask, which the server doesn't need."""
    command = [sys.executable, "-m", "contract_tests.support.programs.swagger_page_imports"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "200 False\n" == result.stdout


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_a_path_of_the_contract_is_not_the_page(path: str) -> None:
    """The contract's path takes precedence, and the greeting doesn't mention the page."""

    def change(document: dict[str, Any]) -> None:
        document["paths"][path] = document["paths"].pop("/kling/v1/general/advanced-presets-elements")

    caller = Caller(create_app(contract=changed_contract(change)))

    assert "data" in caller.ask("GET", path)
    NO_TOKEN.check(caller.send("GET", "/docs/page.css", headers=_NO_HEADERS))
    assert "in a browser" not in _get("/", caller)[2]
    assert caller.app.docs_path is None


def test_every_operation_and_response_has_an_example() -> None:
    """The page shows an example, or at least a default, of each body, response, parameter and header."""
    document = contract.document()
    missing = []
    for path, method, operation in operations(document):
        responses = [resolve(document, response) for response in operation["responses"].values()]
        bodies = [*responses, operation.get("requestBody", {})]
        contents = [content for body in bodies for content in body.get("content", {}).values()]
        headers = [header for response in responses for header in response.get("headers", {}).values()]
        parameters = [resolve(document, parameter) for parameter in operation.get("parameters", [])]
        missing += [(path, method, part) for part in contents if not part.get("examples")]
        missing += [
            (path, method, part)
            for part in [*headers, *parameters]
            if "example" not in part and "default" not in part["schema"]
        ]

    assert [] == missing


def test_the_first_example_of_a_create_can_be_sent_again() -> None:
    """The example has neither an external id nor a callback, so that you can press Execute repeatedly."""
    document = contract.document()
    (body,) = (
        operation["requestBody"]["content"]["application/json"]
        for _, _, operation in operations(document)
        if operation["operationId"] == "createElement"
    )
    example = resolve(document, next(iter(body["examples"].values())))["value"]

    assert {"element_name", "element_description", "reference_type", "element_image_list"} == set(example)
    assert [200, 200] == [shared_caller().post(example).status for _ in range(2)]
