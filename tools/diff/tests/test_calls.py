"""`make diff`: what each change of an operation breaks, and of what surrounds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.diff.documents import changes_between

_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_ERROR = {"application/json": {"schema": {"type": "object", "properties": {"code": {"type": "integer"}}}}}
_DOCUMENT: Any = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1.0.0"},
    "servers": [
        {"url": "https://one.example.com"},
        {"url": "https://{host}", "variables": {"host": {"default": "two.example.com", "description": "Where."}}},
    ],
    "security": [{"token": []}],
    "x-business-codes": {"1": {"http-status": 400, "meaning": "no", "retry": "never"}},
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, **_TEXT}],
            "get": {"responses": {"200": {"description": "One."}}},
            "post": {
                "operationId": "changeThing",
                "parameters": [
                    {"$ref": "#/components/parameters/Page"},
                    {"name": "X-Trace", "in": "header", **_TEXT},
                    {"name": "must", "in": "query", "required": True, **_TEXT},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"x-body-size": {"max-bytes": 9, "x-source": "R1"}, **_TEXT},
                        "text/plain": _TEXT,
                    },
                },
                "callbacks": {
                    "changed": {
                        "{$request.body#/url}": {
                            "post": {
                                "security": [],
                                "parameters": [{"name": "sign", "in": "header", **_TEXT}],
                                "requestBody": {"content": {"application/json": {"schema": {"maxLength": 9}}}},
                                "responses": {"2XX": {"description": "Heard."}},
                            }
                        }
                    }
                },
                "responses": {
                    "200": {
                        "description": "Changed.",
                        "headers": {"X-Id": _TEXT, "X-Must": {"required": True, **_TEXT}},
                        "content": {"application/json": _TEXT, "text/html": _TEXT},
                    },
                    "404": {"$ref": "#/components/responses/Error"},
                    "5XX": {"description": "Failed.", "content": _ERROR},
                    "default": {"$ref": "#/components/responses/Error"},
                },
            },
        }
    },
    "components": {
        "parameters": {"Page": {"name": "page", "in": "query", "schema": {"maximum": 9}}},
        "responses": {"Error": {"description": "No.", "content": _ERROR, "headers": {"Allow": _TEXT}}},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A key."}},
    },
}
_PATH = "/things/{id}"


def _copy() -> Any:
    """The document, none of whose parts are the same object."""
    return json.loads(json.dumps(_DOCUMENT))


def _told(change: Callable[[Any], object], *, back: bool = False) -> str:
    """Return whom a change of the document breaks, or taking it back, and the name of what was changed there."""
    before, after = _copy(), _copy()
    change(after)
    changes = changes_between(after, before) if back else changes_between(before, after)
    breaks = [str(each).removeprefix("breaks ").partition(":")[0] for each in changes]
    return ", ".join(f"{whom} {each.pointer.rpartition('/')[2]}" for whom, each in zip(breaks, changes, strict=True))


def _post(document: Any) -> Any:
    return document["paths"][_PATH]["post"]


def _answer(document: Any) -> Any:
    return _post(document)["responses"]["200"]


def _callback(document: Any) -> Any:
    return _post(document)["callbacks"]["changed"]["{$request.body#/url}"]["post"]


def _parameter(document: Any, **parameter: Any) -> None:
    _post(document)["parameters"].append({**_TEXT, **parameter})


def _status(document: Any, status: str, response: Any) -> None:
    _post(document)["responses"][status] = response


# the change, what is told of it, and what is told of taking it back
_KINDS: dict[str, tuple[Callable[[Any], object], str, str]] = {
    "an operation is gone": (lambda d: d["paths"][_PATH].pop("post"), "caller post", "server post"),
    "a path is gone": (lambda d: d["paths"].clear(), "caller get, caller post", "server get, server post"),
    "another method": (
        lambda d: d["paths"][_PATH].update(put=d["paths"][_PATH].pop("get")),
        "caller get, server put",
        "caller put, server get",
    ),
    "another name of an operation": (
        lambda d: _post(d).update(operationId="x"),
        "nobody operationId",
        "nobody operationId",
    ),
    "something unknown of an operation": (
        lambda d: _post(d).update({"x-absent": [{"dialect": "live", "code": 1203}]}),
        "caller and server x-absent",
        "caller and server x-absent",
    ),
    # parameters
    "a query parameter": (lambda d: _parameter(d, name="size", **{"in": "query"}), "server 3", "caller 3"),
    "a required query parameter": (
        lambda d: _parameter(d, name="size", required=True, **{"in": "query"}),
        "caller and server 3",
        "caller and server 3",
    ),
    "a header that may be left out": (
        lambda d: _parameter(d, name="X-New", **{"in": "header"}),
        "server 3",
        "caller 3",
    ),
    "a header that may not be left out": (
        lambda d: _parameter(d, name="X-New", required=True, **{"in": "header"}),
        "caller and server 3",
        "caller and server 3",
    ),
    "a parameter that need not be there": (
        lambda d: _post(d)["parameters"][2].update(required=False),
        "server required",
        "caller required",
    ),
    "a limit of a parameter": (
        lambda d: d["components"]["parameters"]["Page"]["schema"].update(maximum=8),
        "caller maximum",
        "server maximum",
    ),
    "a parameter without a schema": (
        lambda d: _post(d)["parameters"][1].pop("schema"),
        "server schema",
        "caller schema",
    ),
    "another style of a parameter": (
        lambda d: _post(d)["parameters"][2].update(style="form"),
        "caller and server style",
        "caller and server style",
    ),
    # bodies
    "no body": (
        lambda d: _post(d).pop("requestBody"),
        "caller and server requestBody",
        "caller and server requestBody",
    ),
    "a body where there was none": (
        lambda d: d["paths"][_PATH]["get"].update(requestBody={"content": {"a/b": _TEXT}}),
        "server requestBody",
        "caller requestBody",
    ),
    "a body that may be left out": (
        lambda d: _post(d)["requestBody"].update(required=False),
        "server required",
        "caller required",
    ),
    "a media type of requests fewer": (
        lambda d: _post(d)["requestBody"]["content"].pop("text/plain"),
        "caller text~1plain",
        "server text~1plain",
    ),
    "a smaller body": (
        lambda d: _post(d)["requestBody"]["content"]["application/json"]["x-body-size"].update({"max-bytes": 8}),
        "caller max-bytes",
        "server max-bytes",
    ),
    "another encoding of parts": (
        lambda d: _post(d)["requestBody"]["content"]["text/plain"].update(encoding={"a": {"contentType": "b/c"}}),
        "caller and server encoding",
        "caller and server encoding",
    ),
    # responses
    "a media type of responses fewer": (
        lambda d: _answer(d)["content"].pop("text/html"),
        "caller and server text~1html",
        "caller text~1html",
    ),
    "a success fewer": (lambda d: _post(d)["responses"].pop("200"), "caller and server 200", "caller 200"),
    "another success": (
        lambda d: _status(d, "201", _post(d)["responses"].pop("200")),
        "caller and server 200, caller 201",
        "caller and server 201, caller 200",
    ),
    "a failure that the default covers": (
        lambda d: _status(d, "409", {"description": "No.", "content": _ERROR}),
        "nobody 409",
        "nobody 409",
    ),
    "a failure that a range covers, in another shape": (
        lambda d: _status(d, "503", {"description": "No.", "content": {"application/json": _TEXT}}),
        "caller and server type, caller code, nobody 503",
        "caller and server type, server code, nobody 503",
    ),
    "no default": (lambda d: _post(d)["responses"].pop("default"), "server default", "caller default"),
    "a header of responses fewer": (lambda d: _answer(d)["headers"].pop("X-Id"), "caller X-Id", "server X-Id"),
    "a header of responses that may be missing": (
        lambda d: _answer(d)["headers"]["X-Must"].update(required=False),
        "caller required",
        "server required",
    ),
    "another type of a header": (
        lambda d: _answer(d)["headers"].update({"X-Id": {"schema": {"type": "integer"}}}),
        "caller and server type",
        "caller and server type",
    ),
    # who may call
    "everybody may call": (lambda d: _post(d).update(security=[]), "server security", "caller security"),
    "everybody may call as well": (
        lambda d: _post(d).update(security=[{}, {"token": []}]),
        "server security",
        "caller security",
    ),
    "a scope more": (lambda d: _post(d).update(security=[{"token": ["all"]}]), "caller security", "server security"),
    "a second scheme besides": (
        lambda d: _post(d).update(security=[{"token": [], "key": []}]),
        "caller security",
        "server security",
    ),
    "another scheme": (
        lambda d: _post(d).update(security=[{"key": []}]),
        "caller and server security",
        "caller and server security",
    ),
    "another scheme that will do": (
        lambda d: _post(d).update(security=[{"token": []}, {"key": []}]),
        "server security",
        "caller security",
    ),
    "another scheme of the same name": (
        lambda d: d["components"]["securitySchemes"]["token"].update(scheme="basic"),
        "caller and server scheme",
        "caller and server scheme",
    ),
    # callbacks
    "no callback": (lambda d: _post(d).pop("callbacks"), "caller post", "server post"),
    "a longer notification": (
        lambda d: _callback(d)["requestBody"]["content"]["application/json"]["schema"].update(maxLength=10),
        "caller maxLength",
        "server maxLength",
    ),
    "a header of notifications fewer": (lambda d: _callback(d)["parameters"].clear(), "caller 0", "server 0"),
    "an answer to notifications more": (
        lambda d: _callback(d)["responses"].update({"4XX": {"description": "Not heard."}}),
        "server 4XX",
        "caller 4XX",
    ),
    # the document
    "a server fewer": (lambda d: d["servers"].pop(0), "caller 0", "nobody 0"),
    "another host": (
        lambda d: d["servers"][1]["variables"]["host"].update(default="three.example.com"),
        "caller and server default",
        "caller and server default",
    ),
    "another meaning of a code": (
        lambda d: d["x-business-codes"]["1"].update(retry="after-waiting"),
        "caller and server retry",
        "caller and server retry",
    ),
    "a code fewer": (lambda d: d["x-business-codes"].clear(), "caller 1", "server 1"),
    "a webhook": (
        lambda d: d.update(webhooks={"w": {"post": {"responses": {}}}}),
        "caller and server webhooks",
        "caller and server webhooks",
    ),
}


@pytest.mark.parametrize("kind", _KINDS)
def test_a_change_around_schemas_breaks(kind: str) -> None:
    """What is asked of one side, or taken from it, breaks that side; so does taking the change back."""
    change, there, back = _KINDS[kind]

    assert there == _told(change)
    assert back == _told(change, back=True)


_HARMLESS: dict[str, Callable[[Any], object]] = {
    "nothing": lambda _: None,
    "words": lambda d: _post(d).update(summary="New.", description="New.", tags=["new"], deprecated=True),
    "words of a parameter": lambda d: d["components"]["parameters"]["Page"].update(description="Which."),
    "words of a code": lambda d: d["x-business-codes"]["1"].update(meaning="not at all"),
    "words of a scheme": lambda d: d["components"]["securitySchemes"]["token"].update(description="New."),
    "words of a server": lambda d: d["servers"][1]["variables"]["host"].update(description="New."),
    "the title": lambda d: d["info"].update(title="New", description="New."),
    "links": lambda d: _answer(d).update(links={"next": {"operationId": "changeThing"}}),
    "the name of a path parameter": lambda d: d.update(
        paths={
            "/things/{thing}": {
                **d["paths"][_PATH],
                "parameters": [{"name": "thing", "in": "path", "required": True, **_TEXT}],
            }
        }
    ),
    "the order of servers": lambda d: d["servers"].reverse(),
    "the order of parameters": lambda d: _post(d)["parameters"].reverse(),
    "the case of a header": lambda d: _post(d)["parameters"][1].update(name="x-trace"),
    "the case of a response's header": lambda d: _answer(d)["headers"].update(
        {"x-id": _answer(d)["headers"].pop("X-Id")}
    ),
    "the case of a media type": lambda d: _answer(d)["content"].update(
        {"Text/HTML": _answer(d)["content"].pop("text/html")}
    ),
    "a parameter in place of its reference": lambda d: _post(d)["parameters"].__setitem__(
        0, d["components"]["parameters"]["Page"]
    ),
    "a response in place of its reference": lambda d: _status(d, "404", d["components"]["responses"]["Error"]),
    "security that is said again": lambda d: _post(d).update(security=[{"token": []}]),
    "another name of a scheme": lambda d: (
        d.update(security=[{"key": []}]),
        d["components"].update(securitySchemes={"key": {"type": "http", "scheme": "bearer"}}),
    ),
    "another name of a callback": lambda d: _post(d).update(callbacks={"new": _post(d)["callbacks"]["changed"]}),
    "a status as a number": lambda d: _post(d)["responses"].update({200: _post(d)["responses"].pop("200")}),
}


@pytest.mark.parametrize("kind", _HARMLESS)
def test_no_alarm_for(kind: str) -> None:
    """Neither for the change nor for taking it back."""
    assert "" == _told(_HARMLESS[kind])
    assert "" == _told(_HARMLESS[kind], back=True)


def test_what_needs_a_line_of_its_own_is_said_in_words() -> None:
    """An operation is told by its name, security by the ways to prove who one is."""
    after = _copy()
    del after["paths"][_PATH]["get"]
    _post(after)["security"] = [{}]

    assert [
        'breaks caller: #/paths/~1things~1{id}/get: "get" -> nothing (request)',
        'breaks server: #/paths/~1things~1{id}/post/security: ["token"] -> ["nothing is asked for"] (request)',
    ] == sorted(map(str, changes_between(_DOCUMENT, after)))
