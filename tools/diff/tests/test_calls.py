"""`make diff`: what each change of an operation, or of its parameters, answers and security, breaks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract_tests.support.tables import for_each_row
from tools.diff.changes import Change
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
    """Return a copy of the document that shares no object with it."""
    return json.loads(json.dumps(_DOCUMENT))


def _broken_by(change: Callable[[Any], object], *, back: bool = False) -> set[str]:
    """Return the party that a change breaks, or its reversal, with the name of each changed place."""
    before, after = _copy(), _copy()
    change(after)
    changes = changes_between(after, before) if back else changes_between(before, after)
    return {f"{_affected_party(change)} {change.pointer.rpartition('/')[2]}" for change in changes}


def _affected_party(change: Change) -> str:
    return "both" if len(change.breaks) > 1 else next((party.value for party in change.breaks), "nobody")


def _post(document: Any) -> Any:
    return document["paths"][_PATH]["post"]


def _response(document: Any) -> Any:
    return _post(document)["responses"]["200"]


def _callback(document: Any) -> Any:
    return _post(document)["callbacks"]["changed"]["{$request.body#/url}"]["post"]


def _parameter(document: Any, **parameter: Any) -> None:
    _post(document)["parameters"].append({**_TEXT, **parameter})


def _status(document: Any, status: str, response: Any) -> None:
    _post(document)["responses"][status] = response


@dataclass(frozen=True)
class _Kind:
    """A change of the document, and what it breaks, in the form of `_broken_by`.

    Attributes:
        id: A name for the change.
        change: A function that makes it.
        there: What the change breaks.
        back: What its reversal breaks; empty if that is the same for the other party.
    """

    id: str
    change: Callable[[Any], object]
    there: str = ""
    back: str = ""

    @property
    def broken_by_reversal(self) -> str:
        """What the reversed change breaks."""
        other = {"caller": "server", "server": "caller"}
        return self.back or re.sub("caller|server", lambda party: other[party[0]], self.there)


_KINDS = [
    _Kind("an operation is gone", lambda d: d["paths"][_PATH].pop("post"), "caller post"),
    _Kind("a path is gone", lambda d: d["paths"].clear(), "caller get, caller post"),
    _Kind(
        "another method", lambda d: d["paths"][_PATH].update(put=d["paths"][_PATH].pop("get")), "caller get, server put"
    ),
    _Kind("another name of an operation", lambda d: _post(d).update(operationId="x"), "nobody operationId"),
    _Kind(
        "an unknown member of an operation",
        lambda d: _post(d).update({"x-absent": [{"dialect": "live", "code": 1203}]}),
        "both x-absent",
    ),
    # parameters
    _Kind("a query parameter", lambda d: _parameter(d, name="size", **{"in": "query"}), "server 3"),
    _Kind(
        "a required query parameter", lambda d: _parameter(d, name="size", required=True, **{"in": "query"}), "both 3"
    ),
    _Kind("an optional header", lambda d: _parameter(d, name="X-New", **{"in": "header"}), "server 3"),
    _Kind(
        "a required header",
        lambda d: _parameter(d, name="X-New", required=True, **{"in": "header"}),
        "both 3",
    ),
    _Kind(
        "a parameter that becomes optional",
        lambda d: _post(d)["parameters"][2].update(required=False),
        "server required",
    ),
    _Kind(
        "a limit of a parameter",
        lambda d: d["components"]["parameters"]["Page"]["schema"].update(maximum=8),
        "caller maximum",
    ),
    _Kind("a parameter without a schema", lambda d: _post(d)["parameters"][1].pop("schema"), "server schema"),
    _Kind("another style of a parameter", lambda d: _post(d)["parameters"][2].update(style="form"), "both style"),
    # bodies
    _Kind("no body", lambda d: _post(d).pop("requestBody"), "both requestBody"),
    _Kind(
        "a body where there was none",
        lambda d: d["paths"][_PATH]["get"].update(requestBody={"content": {"a/b": _TEXT}}),
        "server requestBody",
    ),
    _Kind("an optional body", lambda d: _post(d)["requestBody"].update(required=False), "server required"),
    _Kind(
        "one media type of requests removed",
        lambda d: _post(d)["requestBody"]["content"].pop("text/plain"),
        "caller text~1plain",
    ),
    _Kind(
        "a smaller body",
        lambda d: _post(d)["requestBody"]["content"]["application/json"]["x-body-size"].update({"max-bytes": 8}),
        "caller max-bytes",
    ),
    _Kind(
        "another encoding of parts",
        lambda d: _post(d)["requestBody"]["content"]["text/plain"].update(encoding={"a": {"contentType": "b/c"}}),
        "both encoding",
    ),
    # responses
    _Kind(
        "one media type of responses removed",
        lambda d: _response(d)["content"].pop("text/html"),
        "both text~1html",
        "caller text~1html",
    ),
    _Kind("one success response removed", lambda d: _post(d)["responses"].pop("200"), "both 200", "caller 200"),
    _Kind(
        "another success",
        lambda d: _status(d, "201", _post(d)["responses"].pop("200")),
        "both 200, caller 201",
        "both 201, caller 200",
    ),
    _Kind(
        "a failure that the default covers",
        lambda d: _status(d, "409", {"description": "No.", "content": _ERROR}),
        "nobody 409",
    ),
    _Kind(
        "a failure that a range covers, in another shape",
        lambda d: _status(d, "503", {"description": "No.", "content": {"application/json": _TEXT}}),
        "both type, caller code, nobody 503",
    ),
    _Kind("no default", lambda d: _post(d)["responses"].pop("default"), "server default"),
    _Kind("one header of responses removed", lambda d: _response(d)["headers"].pop("X-Id"), "caller X-Id"),
    _Kind(
        "a header of responses that may be missing",
        lambda d: _response(d)["headers"]["X-Must"].update(required=False),
        "caller required",
    ),
    _Kind(
        "another type of a header",
        lambda d: _response(d)["headers"].update({"X-Id": {"schema": {"type": "integer"}}}),
        "both type",
    ),
    # who may call
    _Kind("only anonymous calls", lambda d: _post(d).update(security=[]), "server security"),
    _Kind("anonymous calls allowed too", lambda d: _post(d).update(security=[{}, {"token": []}]), "server security"),
    _Kind("one more scope", lambda d: _post(d).update(security=[{"token": ["all"]}]), "caller security"),
    _Kind(
        "a second required scheme", lambda d: _post(d).update(security=[{"token": [], "key": []}]), "caller security"
    ),
    _Kind("another scheme", lambda d: _post(d).update(security=[{"key": []}]), "both security"),
    _Kind(
        "an alternative scheme",
        lambda d: _post(d).update(security=[{"token": []}, {"key": []}]),
        "server security",
    ),
    _Kind(
        "another scheme of the same name",
        lambda d: d["components"]["securitySchemes"]["token"].update(scheme="basic"),
        "both scheme",
    ),
    # callbacks
    _Kind("no callback", lambda d: _post(d).pop("callbacks"), "caller post"),
    _Kind(
        "a longer notification",
        lambda d: _callback(d)["requestBody"]["content"]["application/json"]["schema"].update(maxLength=10),
        "caller maxLength",
    ),
    _Kind("one header of notifications removed", lambda d: _callback(d)["parameters"].clear(), "caller 0"),
    _Kind(
        "one more response to a notification",
        lambda d: _callback(d)["responses"].update({"4XX": {"description": "Not heard."}}),
        "server 4XX",
    ),
    # the document
    _Kind("a server removed", lambda d: d["servers"].pop(0), "caller 0", "nobody 0"),
    _Kind(
        "another host",
        lambda d: d["servers"][1]["variables"]["host"].update(default="three.example.com"),
        "both default",
    ),
    _Kind(
        "another meaning of a code", lambda d: d["x-business-codes"]["1"].update(retry="after-waiting"), "both retry"
    ),
    _Kind("a code removed", lambda d: d["x-business-codes"].clear(), "caller 1"),
    _Kind("a webhook", lambda d: d.update(webhooks={"w": {"post": {"responses": {}}}}), "both webhooks"),
]


_HARMLESS = [
    _Kind("nothing", lambda _: None),
    _Kind("words", lambda d: _post(d).update(summary="New.", description="New.", tags=["new"], deprecated=True)),
    _Kind("words of a parameter", lambda d: d["components"]["parameters"]["Page"].update(description="Which.")),
    _Kind("words of a code", lambda d: d["x-business-codes"]["1"].update(meaning="not at all")),
    _Kind("words of a scheme", lambda d: d["components"]["securitySchemes"]["token"].update(description="New.")),
    _Kind("words of a server", lambda d: d["servers"][1]["variables"]["host"].update(description="New.")),
    _Kind("the title", lambda d: d["info"].update(title="New", description="New.")),
    _Kind("links", lambda d: _response(d).update(links={"next": {"operationId": "changeThing"}})),
    _Kind(
        "the name of a path parameter",
        lambda d: d.update(
            paths={
                "/things/{thing}": {
                    **d["paths"][_PATH],
                    "parameters": [{"name": "thing", "in": "path", "required": True, **_TEXT}],
                }
            }
        ),
    ),
    _Kind("the order of servers", lambda d: d["servers"].reverse()),
    _Kind("the order of parameters", lambda d: _post(d)["parameters"].reverse()),
    _Kind("the case of a header", lambda d: _post(d)["parameters"][1].update(name="x-trace")),
    _Kind(
        "the case of a response's header",
        lambda d: _response(d)["headers"].update({"x-id": _response(d)["headers"].pop("X-Id")}),
    ),
    _Kind(
        "the case of a media type",
        lambda d: _response(d)["content"].update({"Text/HTML": _response(d)["content"].pop("text/html")}),
    ),
    _Kind(
        "a parameter in place of its reference",
        lambda d: _post(d)["parameters"].__setitem__(0, d["components"]["parameters"]["Page"]),
    ),
    _Kind("a response in place of its reference", lambda d: _status(d, "404", d["components"]["responses"]["Error"])),
    _Kind("security that is said again", lambda d: _post(d).update(security=[{"token": []}])),
    _Kind(
        "another name of a scheme",
        lambda d: (
            d.update(security=[{"key": []}]),
            d["components"].update(securitySchemes={"key": {"type": "http", "scheme": "bearer"}}),
        ),
    ),
    _Kind("another name of a callback", lambda d: _post(d).update(callbacks={"new": _post(d)["callbacks"]["changed"]})),
    _Kind("a status as a number", lambda d: _post(d)["responses"].update({200: _post(d)["responses"].pop("200")})),
]


@for_each_row([*_KINDS, *_HARMLESS], "kind")
def test_a_change_around_schemas_breaks_the_expected_party(kind: _Kind) -> None:
    """A change breaks the party that loses something or has more to do; a change of descriptions breaks nobody."""
    assert set(filter(None, kind.there.split(", "))) == _broken_by(kind.change)
    assert set(filter(None, kind.broken_by_reversal.split(", "))) == _broken_by(kind.change, back=True)


def test_lines_about_operations_and_security_are_readable() -> None:
    """A line names an operation by its id, and security by the ways to authenticate."""
    after = _copy()
    del after["paths"][_PATH]["get"]
    _post(after)["security"] = [{}]

    assert [
        'breaks caller: #/paths/~1things~1{id}/get: "get" -> nothing (request)',
        'breaks server: #/paths/~1things~1{id}/post/security: ["token"] -> ["nothing is required"] (request)',
    ] == sorted(map(str, changes_between(_DOCUMENT, after)))
