"""`make diff` reports what changes of operations, parameters, responses and security break."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract_tests.support.tables import for_each_row
from tools.diff.changes import Change
from tools.diff.documents import changes_between
from tools.diff.tests.example_document import DOCUMENT, ERROR_CONTENT, WITH_STRING

_PATH = "/things/{id}"


def _copy() -> Any:
    """Return a deep copy of the document."""
    return json.loads(json.dumps(DOCUMENT))


def _broken_by(change: Callable[[Any], object], *, is_reversed: bool = False) -> set[str]:
    """Return the party that a change or its reversal breaks, with the names of the changed places."""
    before, after = _copy(), _copy()
    change(after)
    changes = changes_between(after, before) if is_reversed else changes_between(before, after)
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
    _post(document)["parameters"].append({**WITH_STRING, **parameter})


def _status(document: Any, status: str, response: Any) -> None:
    _post(document)["responses"][status] = response


@dataclass(frozen=True, kw_only=True)
class _CallChange:
    """A change of the document, with the broken parties in the form of `_broken_by`.

    Attributes:
        id: A name for the change.
        change: A function that makes it.
        breaks: The broken parties.
        reversal_breaks: The parties that its reversal breaks. By default, the opposite of `breaks`.
    """

    id: str
    change: Callable[[Any], object]
    breaks: str = ""
    reversal_breaks: str = ""

    @property
    def broken_by_reversal(self) -> str:
        """What the reversed change breaks."""
        opposite = {"caller": "server", "server": "caller"}
        return self.reversal_breaks or re.sub("caller|server", lambda party: opposite[party[0]], self.breaks)


_CALL_CHANGES = [
    _CallChange(id="an operation is gone", change=lambda d: d["paths"][_PATH].pop("post"), breaks="caller post"),
    _CallChange(id="a path is gone", change=lambda d: d["paths"].clear(), breaks="caller get, caller post"),
    _CallChange(
        id="another method",
        change=lambda d: d["paths"][_PATH].update(put=d["paths"][_PATH].pop("get")),
        breaks="caller get, server put",
    ),
    _CallChange(
        id="another name of an operation",
        change=lambda d: _post(d).update(operationId="x"),
        breaks="nobody operationId",
    ),
    _CallChange(
        id="an unknown member of an operation",
        change=lambda d: _post(d).update({"x-absent": [{"dialect": "live", "code": 1203}]}),
        breaks="both x-absent",
    ),
    # parameters
    _CallChange(
        id="a query parameter", change=lambda d: _parameter(d, name="size", **{"in": "query"}), breaks="server 3"
    ),
    _CallChange(
        id="a required query parameter",
        change=lambda d: _parameter(d, name="size", required=True, **{"in": "query"}),
        breaks="both 3",
    ),
    _CallChange(
        id="an optional header", change=lambda d: _parameter(d, name="X-New", **{"in": "header"}), breaks="server 3"
    ),
    _CallChange(
        id="a required header",
        change=lambda d: _parameter(d, name="X-New", required=True, **{"in": "header"}),
        breaks="both 3",
    ),
    _CallChange(
        id="a parameter that becomes optional",
        change=lambda d: _post(d)["parameters"][2].update(required=False),
        breaks="server required",
    ),
    _CallChange(
        id="a limit of a parameter",
        change=lambda d: d["components"]["parameters"]["Page"]["schema"].update(maximum=8),
        breaks="caller maximum",
    ),
    _CallChange(
        id="a parameter without a schema",
        change=lambda d: _post(d)["parameters"][1].pop("schema"),
        breaks="server schema",
    ),
    _CallChange(
        id="another style of a parameter",
        change=lambda d: _post(d)["parameters"][2].update(style="form"),
        breaks="both style",
    ),
    # bodies
    _CallChange(id="no body", change=lambda d: _post(d).pop("requestBody"), breaks="both requestBody"),
    _CallChange(
        id="a body where there was none",
        change=lambda d: d["paths"][_PATH]["get"].update(requestBody={"content": {"a/b": WITH_STRING}}),
        breaks="server requestBody",
    ),
    _CallChange(
        id="an optional body", change=lambda d: _post(d)["requestBody"].update(required=False), breaks="server required"
    ),
    _CallChange(
        id="one media type of requests removed",
        change=lambda d: _post(d)["requestBody"]["content"].pop("text/plain"),
        breaks="caller text~1plain",
    ),
    _CallChange(
        id="a smaller body",
        change=lambda d: _post(d)["requestBody"]["content"]["application/json"]["x-body-size"].update({"max-bytes": 8}),
        breaks="caller max-bytes",
    ),
    _CallChange(
        id="another encoding of parts",
        change=lambda d: _post(d)["requestBody"]["content"]["text/plain"].update(
            encoding={"a": {"contentType": "b/c"}}
        ),
        breaks="both encoding",
    ),
    # responses
    _CallChange(
        id="one media type of responses removed",
        change=lambda d: _response(d)["content"].pop("text/html"),
        breaks="both text~1html",
        reversal_breaks="caller text~1html",
    ),
    _CallChange(
        id="one success response removed",
        change=lambda d: _post(d)["responses"].pop("200"),
        breaks="both 200",
        reversal_breaks="caller 200",
    ),
    _CallChange(
        id="another success",
        change=lambda d: _status(d, "201", _post(d)["responses"].pop("200")),
        breaks="both 200, caller 201",
        reversal_breaks="both 201, caller 200",
    ),
    _CallChange(
        id="a failure that the default covers",
        change=lambda d: _status(d, "409", {"description": "No.", "content": ERROR_CONTENT}),
        breaks="nobody 409",
    ),
    _CallChange(
        id="a failure that a range covers, in another shape",
        change=lambda d: _status(d, "503", {"description": "No.", "content": {"application/json": WITH_STRING}}),
        breaks="both type, caller code, nobody 503",
    ),
    _CallChange(id="no default", change=lambda d: _post(d)["responses"].pop("default"), breaks="server default"),
    _CallChange(
        id="one header of responses removed", change=lambda d: _response(d)["headers"].pop("X-Id"), breaks="caller X-Id"
    ),
    _CallChange(
        id="a header of responses that may be missing",
        change=lambda d: _response(d)["headers"]["X-Must"].update(required=False),
        breaks="caller required",
    ),
    _CallChange(
        id="another type of a header",
        change=lambda d: _response(d)["headers"].update({"X-Id": {"schema": {"type": "integer"}}}),
        breaks="both type",
    ),
    # who may call
    _CallChange(id="only anonymous calls", change=lambda d: _post(d).update(security=[]), breaks="server security"),
    _CallChange(
        id="anonymous calls allowed too",
        change=lambda d: _post(d).update(security=[{}, {"token": []}]),
        breaks="server security",
    ),
    _CallChange(
        id="one more scope", change=lambda d: _post(d).update(security=[{"token": ["all"]}]), breaks="caller security"
    ),
    _CallChange(
        id="a second required scheme",
        change=lambda d: _post(d).update(security=[{"token": [], "key": []}]),
        breaks="caller security",
    ),
    _CallChange(id="another scheme", change=lambda d: _post(d).update(security=[{"key": []}]), breaks="both security"),
    _CallChange(
        id="an alternative scheme",
        change=lambda d: _post(d).update(security=[{"token": []}, {"key": []}]),
        breaks="server security",
    ),
    _CallChange(
        id="another scheme of the same name",
        change=lambda d: d["components"]["securitySchemes"]["token"].update(scheme="basic"),
        breaks="both scheme",
    ),
    # callbacks
    _CallChange(id="no callback", change=lambda d: _post(d).pop("callbacks"), breaks="caller post"),
    _CallChange(
        id="a longer notification",
        change=lambda d: _callback(d)["requestBody"]["content"]["application/json"]["schema"].update(maxLength=10),
        breaks="caller maxLength",
    ),
    _CallChange(
        id="one header of notifications removed", change=lambda d: _callback(d)["parameters"].clear(), breaks="caller 0"
    ),
    _CallChange(
        id="one more response to a notification",
        change=lambda d: _callback(d)["responses"].update({"4XX": {"description": "Not heard."}}),
        breaks="server 4XX",
    ),
    # the document
    _CallChange(
        id="a server removed", change=lambda d: d["servers"].pop(0), breaks="caller 0", reversal_breaks="nobody 0"
    ),
    _CallChange(
        id="another host",
        change=lambda d: d["servers"][1]["variables"]["host"].update(default="three.example.com"),
        breaks="both default",
    ),
    _CallChange(
        id="another meaning of a code",
        change=lambda d: d["x-business-codes"]["1"].update(retry="after-waiting"),
        breaks="both retry",
    ),
    _CallChange(id="a code removed", change=lambda d: d["x-business-codes"].clear(), breaks="caller 1"),
    _CallChange(
        id="a webhook", change=lambda d: d.update(webhooks={"w": {"post": {"responses": {}}}}), breaks="both webhooks"
    ),
]


_HARMLESS = [
    _CallChange(id="nothing", change=lambda _: None),
    _CallChange(
        id="words", change=lambda d: _post(d).update(summary="New.", description="New.", tags=["new"], deprecated=True)
    ),
    _CallChange(
        id="words of a parameter", change=lambda d: d["components"]["parameters"]["Page"].update(description="Which.")
    ),
    _CallChange(id="words of a code", change=lambda d: d["x-business-codes"]["1"].update(meaning="not at all")),
    _CallChange(
        id="words of a scheme", change=lambda d: d["components"]["securitySchemes"]["token"].update(description="New.")
    ),
    _CallChange(
        id="words of a server", change=lambda d: d["servers"][1]["variables"]["host"].update(description="New.")
    ),
    _CallChange(id="the title", change=lambda d: d["info"].update(title="New", description="New.")),
    _CallChange(id="links", change=lambda d: _response(d).update(links={"next": {"operationId": "changeThing"}})),
    _CallChange(
        id="the name of a path parameter",
        change=lambda d: d.update(
            paths={
                "/things/{thing}": {
                    **d["paths"][_PATH],
                    "parameters": [{"name": "thing", "in": "path", "required": True, **WITH_STRING}],
                }
            }
        ),
    ),
    _CallChange(id="the order of servers", change=lambda d: d["servers"].reverse()),
    _CallChange(id="the order of parameters", change=lambda d: _post(d)["parameters"].reverse()),
    _CallChange(id="the case of a header", change=lambda d: _post(d)["parameters"][1].update(name="x-trace")),
    _CallChange(
        id="the case of a response's header",
        change=lambda d: _response(d)["headers"].update({"x-id": _response(d)["headers"].pop("X-Id")}),
    ),
    _CallChange(
        id="the case of a media type",
        change=lambda d: _response(d)["content"].update({"Text/HTML": _response(d)["content"].pop("text/html")}),
    ),
    _CallChange(
        id="a parameter in place of its reference",
        change=lambda d: _post(d)["parameters"].__setitem__(0, d["components"]["parameters"]["Page"]),
    ),
    _CallChange(
        id="a response in place of its reference",
        change=lambda d: _status(d, "404", d["components"]["responses"]["Error"]),
    ),
    _CallChange(id="security that is said again", change=lambda d: _post(d).update(security=[{"token": []}])),
    _CallChange(
        id="another name of a scheme",
        change=lambda d: (
            d.update(security=[{"key": []}]),
            d["components"].update(securitySchemes={"key": {"type": "http", "scheme": "bearer"}}),
        ),
    ),
    _CallChange(
        id="another name of a callback",
        change=lambda d: _post(d).update(callbacks={"new": _post(d)["callbacks"]["changed"]}),
    ),
    _CallChange(
        id="a status as a number",
        change=lambda d: _post(d)["responses"].update({200: _post(d)["responses"].pop("200")}),
    ),
]


@for_each_row([*_CALL_CHANGES, *_HARMLESS])
def test_a_change_around_schemas_breaks_the_expected_party(row: _CallChange) -> None:
    """The party that loses something or has more to do breaks. Changed descriptions break nobody."""
    assert set(filter(None, row.breaks.split(", "))) == _broken_by(row.change)
    assert set(filter(None, row.broken_by_reversal.split(", "))) == _broken_by(row.change, is_reversed=True)


def test_lines_about_operations_and_security_are_readable() -> None:
    """The lines show the operation's id and the ways to authenticate."""
    after = _copy()
    del after["paths"][_PATH]["get"]
    _post(after)["security"] = [{}]

    assert [
        'breaks caller: #/paths/~1things~1{id}/get: "get" -> nothing (request)',
        'breaks server: #/paths/~1things~1{id}/post/security: ["token"] -> ["nothing is required"] (request)',
    ] == sorted(map(str, changes_between(DOCUMENT, after)))
