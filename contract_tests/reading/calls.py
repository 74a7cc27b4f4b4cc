"""What the calls of the API look like from outside, but for the values that they carry: a second reading.

The create call is that of the two documents (R01, R02, R03, R31, R34), the rest is what the vendor publishes.
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
_ANSWERS: dict[str, Any] = {"answers": {"200": [_JSON], **_FAILURES}, "headers": _HEADERS}
_BODY = {"required": True, "media types": [_JSON]}
_TOKEN: list[dict[str, list[str]]] = [{"bearerToken": []}]
_PAGE = {"query pageNum": "optional", "query pageSize": "optional"}

CALLS: dict[str, dict[str, Any]] = {
    "createElement": {
        "call": f"post {ELEMENTS}",
        "security": _TOKEN,
        "parameters": {},
        "body": _BODY,
        **_ANSWERS,
        "links": {"200 lookUp": {"operationId": "getElement", "parameters": {"id": "$response.body#/data/task_id"}}},
        "callbacks": ["taskStatusChanged {$request.body#/callback_url} post notifyTaskStatusChanged"],
    },
    "getElement": {
        "call": f"get {ELEMENTS}/{{id}}",
        "security": _TOKEN,
        "parameters": {"path id": "required"},
        "body": None,
        **_ANSWERS,
        "links": {"200 delete": {"operationId": "deleteElement"}},
        "callbacks": [],
    },
    "listElements": {
        "call": f"get {ELEMENTS}",
        "security": _TOKEN,
        "parameters": _PAGE,
        "body": None,
        **_ANSWERS,
        "links": {},
        "callbacks": [],
    },
    "listPresetElements": {
        "call": f"get {PRESETS}",
        "security": _TOKEN,
        "parameters": _PAGE,
        "body": None,
        **_ANSWERS,
        "links": {},
        "callbacks": [],
    },
    "deleteElement": {
        "call": f"post {DELETION}",
        "security": _TOKEN,
        "parameters": {},
        "body": _BODY,
        **_ANSWERS,
        "answers": {**_ANSWERS["answers"], "204": []},
        "links": {},
        "callbacks": [],
    },
    "notifyTaskStatusChanged": {
        "call": "post {$request.body#/callback_url}",
        "security": [],
        "parameters": {f"header webhook-{part}": "optional" for part in ("id", "timestamp", "signature")},
        "body": _BODY,
        "answers": {"2XX": [], "4XX": []},
        "headers": {},
        "links": {},
        "callbacks": [],
    },
}
SERVERS = [("https://www.kkiai.com", {}), ("https://{host}", {"host": "www.kkiai.com"})]
SCHEMES = {"bearerToken": ("http", "bearer")}
