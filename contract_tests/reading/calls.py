"""The calls of the API without their values: a second reading of the documents.

The create call comes from the two documents (R01, R02, R03, R31, R34), the other calls from what the vendor publishes.
"""

from __future__ import annotations

from typing import Any

from contract_tests.reading.paths import DELETION, ELEMENTS, PRESETS

_JSON = "application/json"
_FAILURES = {
    **{status: [_JSON] for status in ("400", "401", "403", "404", "429", "default")},
    "5XX": [_JSON, "text/html"],  # a proxy's page
}
_HEADERS = {"401": ["WWW-Authenticate"], "429": ["Retry-After"], "default": ["Allow"]}
_RESPONSES = {"200": [_JSON], **_FAILURES}
_BODY = {"required": True, "media types": [_JSON]}
_TOKEN: list[dict[str, list[str]]] = [{"bearerToken": []}]
_PAGE = {"query pageNum": "optional", "query pageSize": "optional"}
# the defaults of most calls
_USUAL: dict[str, Any] = {
    "security": _TOKEN,
    "parameters": {},
    "body": None,
    "responses": _RESPONSES,
    "headers": _HEADERS,
}
_USUAL |= {"links": {}, "callbacks": []}

CALLS: dict[str, dict[str, Any]] = {
    "createElement": {
        **_USUAL,
        "call": f"post {ELEMENTS}",
        "body": _BODY,
        "links": {"200 lookUp": {"operationId": "getElement", "parameters": {"id": "$response.body#/data/task_id"}}},
        "callbacks": ["taskStatusChanged post {$request.body#/callback_url} notifyTaskStatusChanged"],
    },
    "getElement": {
        **_USUAL,
        "call": f"get {ELEMENTS}/{{id}}",
        "parameters": {"path id": "required"},
        "links": {"200 delete": {"operationId": "deleteElement"}},
    },
    "listElements": {**_USUAL, "call": f"get {ELEMENTS}", "parameters": _PAGE},
    "listPresetElements": {**_USUAL, "call": f"get {PRESETS}", "parameters": _PAGE},
    "deleteElement": {**_USUAL, "call": f"post {DELETION}", "body": _BODY, "responses": {**_RESPONSES, "204": []}},
    "notifyTaskStatusChanged": {
        **_USUAL,
        "call": "post {$request.body#/callback_url}",
        "security": [],
        "parameters": {f"header webhook-{part}": "optional" for part in ("id", "timestamp", "signature")},
        "body": _BODY,
        "responses": {"2XX": [], "4XX": []},
        "headers": {},
    },
}
SERVERS = [("https://www.kkiai.com", {}), ("https://{host}", {"host": "gateway.example.com"})]
SCHEMES = {"bearerToken": ("http", "bearer")}
