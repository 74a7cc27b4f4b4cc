"""Witnesses about calls and responses, about the mock server's behaviour, and about descriptions."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx
import jsonschema_rs

from contract_tests.reading import dialect_cases
from contract_tests.reading.calls import CALLS, SCHEMES, SERVERS
from contract_tests.reading.cases import MAX_IMAGE_CHARACTERS
from contract_tests.reading.gateway_cases import GATEWAY_CASES
from contract_tests.reading.image_body import BODY
from contract_tests.reading.images import Picture
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.reading.response_cases import (
    BUSINESS_CODES,
    NO_NAMES,
    NO_WORDS,
    NOTIFICATION,
    OTHER_NAMES,
    OUTPUT_TYPES,
    RESPONSE_CASES,
    RESPONSES,
    SHAPES,
    STATUS_WORDS,
    TAG_NAMES,
    TASK_CASES,
    UNUSABLE,
    WORDS,
    ResponseCase,
    TaskCase,
)
from contract_tests.reading.videos import RecordedFile
from contract_tests.support import read_tasks
from contract_tests.support.documents import calls, response_schemas, schemes, servers
from kling_elements.media import images, videos
from kling_elements.media_limits import image_limits, video_limits
from kling_elements.outcomes import is_absent
from kling_elements.tasks import find_task
from kling_elements_client.errors import ResponseError
from kling_elements_runtime.document import escape, walk
from kling_elements_runtime.responses import ResponseReader
from scripts.nodes import follow, resolve
from tools.mutate.witness import Candidate, Holds, Witness

_POST = f"#/paths/{escape(ELEMENTS)}/post"
_CALLBACK = f"{_POST}/callbacks/taskStatusChanged/{escape('{$request.body#/callback_url}')}/post"
_SCHEMAS = "#/components/schemas"
# Annotations: they assert nothing, but generated code and readers use them.
_ANNOTATIONS: dict[str, Any] = {
    f"{_SCHEMAS}/ImageElementRequest/properties/reference_type/default": "image_refer",
    f"{_SCHEMAS}/VideoElementRequest/properties/reference_type/default": "video_refer",
    f"{_SCHEMAS}/ImageBase64/contentEncoding": "base64",
    f"{_SCHEMAS}/ImageBase64/format": "image-base64",
    **{
        f"{_SCHEMAS}/{schema}/properties/{name}/anyOf/{branch}/format": "int64"
        for schema, name, branch in (
            ("DeleteElementRequest", "element_id", 1),
            ("CreateElementResponse", "id", 1),
            ("CreateElementResponse", "task_id", 1),
            ("Task", "task_id", 1),
            ("Task", "created_at", 0),
            ("Task", "updated_at", 0),
            ("TaskResult", "element_id", 0),
            ("Element", "element_id", 0),
            ("ElementVoice", "voice_id", 1),
            ("NamedTag", "id", 1),
        )
    },
}
_ENVELOPE = {"code", "message", "request_id"}
_DEFAULT_PAGE_SIZE = 30  # tasks, if no size is given


def response_witnesses() -> Iterator[Witness]:
    """Yield every witness that is not about one request."""
    yield _witness("the calls", lambda candidate: calls(candidate.document) == CALLS)
    yield _witness("the servers", lambda candidate: servers(candidate.document) == SERVERS)
    yield _witness("the security schemes", lambda candidate: schemes(candidate.document) == SCHEMES, "R02")
    yield _witness("the kinds of ids", _kinds_of_ids, None)
    yield _witness("the business codes", _business_codes, None)
    yield _witness("the dialects", lambda candidate: candidate.contract.dialects() == dialect_cases.DIALECTS, None)
    for meaning in dialect_cases.MEANINGS:
        yield _witness(meaning.id, _is_recognized(meaning), "upstream", "R01")
    for dialect in dialect_cases.DIALECTS:
        rules = frozenset([None, "upstream", "R01"])
        yield Witness(
            f"the responses of the mock server in the dialect {dialect}", _speaks_dialect(dialect), rules, cost=1
        )
    for operation, statuses in RESPONSES.items():
        for status, types in statuses.items():
            for media_type, kinds in types.items():
                name = f"the responses of {operation} with {status} as {media_type}"
                yield _witness(name, _is_answered(operation, (status, media_type), kinds), "upstream")
    for case in RESPONSE_CASES:
        yield _witness(case.id, _read(case), "upstream")
    for task_case in TASK_CASES:
        yield _witness(task_case.id, _task_read(task_case), "upstream")
    for schema in OTHER_NAMES:
        yield _witness(f"the other names of properties of {schema}", _other_names(schema), "upstream")
    yield _witness("the meaning of words for a status", _progress_words, "upstream")
    yield _witness("elements that cannot be used", _unusable, "upstream")
    yield _witness("which outputs are elements", _elements, "upstream")
    yield _witness("the content of a notification", _is_notified, "upstream")
    yield _witness("headers are texts", _headers_are_texts, "upstream")
    yield _witness("the words for a status", _status_words, "upstream")
    yield _witness("the names of properties in responses", _property_names, "upstream")
    yield _witness("the annotations", _annotations, "upstream", "R06", "R13")
    yield _witness("the names of the tags", _tag_names, "R30")
    yield Witness("the length of a page", _page, frozenset(["upstream"]), cost=2)
    yield _witness("the message about a GIF", _words_about_images, "R14")
    yield Witness("the longest image as plain JSON Schema", _longest_text, frozenset(["R15"]), cost=2)
    yield _witness("the message about WebM", _words_about_videos, "R20")


def _witness(name: str, holds: Holds, *rules: str | None) -> Witness:
    return Witness(name, holds, frozenset(rules))


def _kinds_of_ids(candidate: Candidate) -> bool:
    kkiai = GATEWAY_CASES["kkiai"]
    return bool(candidate.document["x-ids"] == {"task": kkiai.task_ids, "element": kkiai.element_ids})


def _business_codes(candidate: Candidate) -> bool:
    rows = candidate.contract.business_codes().values()
    return {row.code: (row.http_status, row.created, row.retry) for row in rows} == BUSINESS_CODES


def _is_recognized(case: dialect_cases.Meaning) -> Holds:
    def holds(candidate: Candidate) -> bool:
        rows = candidate.contract.refusals(case.operation, case.keyword)
        return case.dialects == {row.dialect for row in rows if row.fits(case.code, case.message)}

    return holds


def _speaks_dialect(dialect: str) -> Holds:
    """Return a check of an element's whole life in the words of a dialect."""

    def holds(candidate: Candidate) -> bool:
        caller = candidate.caller_in_dialect(dialect)
        task_id = caller.create(external_task_id="e")["task_id"]
        element_id = caller.element(task_id)["element_id"]
        again, elsewhere = ({**BODY, "external_task_id": name} for name in ("e", "elsewhere"))
        deletion = ("POST", DELETION, {"element_id": element_id})
        refusals = [
            (dialect_cases.USED_BEFORE[dialect]("e"), caller.refusal("POST", ELEMENTS, again)),
            (dialect_cases.NO_TASK[dialect]("nobody"), caller.refusal("GET", f"{ELEMENTS}/nobody")),
            (dialect_cases.NO_ELEMENT[dialect], caller.refusal("POST", DELETION, {"element_id": "1"})),
        ]
        response = caller.ask(*deletion)
        refusals.append((dialect_cases.DELETED_BEFORE[dialect](str(element_id)), caller.refusal(*deletion)))
        remains = caller.send("GET", f"{ELEMENTS}/e").status == HTTPStatus.OK
        caller.ask("POST", "/_mock/used-ids", ["elsewhere"])
        counts = caller.send("POST", ELEMENTS, elsewhere).status != HTTPStatus.OK
        return (
            all(expected == refusal for expected, refusal in refusals)
            and dialect_cases.DELETION[dialect](task_id)
            == {name: response[name] for name in response.keys() - _ENVELOPE}
            and (remains, counts) == (dialect_cases.REMAINS[dialect], dialect_cases.COUNTS_ALL_CALLS[dialect])
        )

    return holds


def _read(case: ResponseCase) -> Holds:
    response = httpx.Response(case.status, json=case.body)

    def holds(candidate: Candidate) -> bool:
        reader = ResponseReader(candidate.contract, lambda text: text, logging.getLogger(__name__))
        try:
            reader.model_of(case.operation, response, lambda value: value)
        except ResponseError as error:
            return case.outcome == type(error).__name__ and case.is_absence == is_absent(error)
        return case.outcome == "success"

    return holds


def _task_read(case: TaskCase) -> Holds:
    expected = None if case.task_id is None else (case.task_id, case.element_id)

    def holds(candidate: Candidate) -> bool:
        task = find_task(case.body, candidate.contract, case.schema)
        return expected == read_tasks.ids(task, candidate.contract)

    return holds


def _other_names(schema: str) -> Holds:
    expected = {alias: {name} for name, aliases in OTHER_NAMES[schema].items() for alias in aliases}
    expected |= {alias: set() for alias in NO_NAMES[schema]}

    def holds(candidate: Candidate) -> bool:
        actual = {alias: read_tasks.documented_names(schema, alias, candidate.contract) for alias in expected}
        return expected == actual

    return holds


def _progress_words(candidate: Candidate) -> bool:
    read = partial(read_tasks.word, contract=candidate.contract)
    has_progress = all(read(word.upper())[0] == progress for word, (progress, _) in WORDS.items())
    is_written = all(read(word)[1] == written for word, (_, written) in WORDS.items())
    return has_progress and is_written and all(read(word) == ("UNKNOWN", word) for word in NO_WORDS)


def _unusable(candidate: Candidate) -> bool:
    return {status: read_tasks.unusable(status, candidate.contract) for status in UNUSABLE} == UNUSABLE


def _elements(candidate: Candidate) -> bool:
    return {kind: read_tasks.is_element(kind, candidate.contract) for kind in OUTPUT_TYPES} == OUTPUT_TYPES


def _is_answered(operation: str, which: tuple[str, str], kinds: str) -> Holds:
    return lambda candidate: candidate.accepts_exactly(response_schemas(candidate.document, operation)[which], kinds)


def _is_notified(candidate: Candidate) -> bool:
    return candidate.accepts_exactly(f"{_CALLBACK}/requestBody/content/application~1json/schema", NOTIFICATION)


def _headers_are_texts(candidate: Candidate) -> bool:
    places = [
        f"#/components/responses/{name}/headers/{header}/schema"
        for name, response in candidate.document["components"]["responses"].items()
        for header in response.get("headers", ())
    ]
    for index, _ in enumerate(follow(candidate.document, f"{_CALLBACK}/parameters")):
        places.append(f"{_CALLBACK}/parameters/{index}/schema")
    return all(candidate.accepts_exactly(place, "string") for place in places)


def _status_words(candidate: Candidate) -> bool:
    """Check the status words in tasks, and in responses without an envelope. Any other text also conforms."""
    places = [
        follow(candidate.document, f"{_SCHEMAS}/{name}")
        for name in ("Task/properties/task_status", "CreateElementResponse/properties/status")
    ]
    return all(_words(candidate, place) == STATUS_WORDS for place in places)


def _property_names(candidate: Candidate) -> bool:
    schemas = candidate.document["components"]["schemas"]
    return all(schemas[name]["properties"].keys() == SHAPES[name].keys() for name in SHAPES)


def _words(candidate: Candidate, place: Any) -> list[str]:
    branches = [resolve(candidate.document, branch) for branch in place["anyOf"]]
    return [word for branch in branches for word in branch.get("enum", ())]


def _annotations(candidate: Candidate) -> bool:
    annotations = {
        where: value
        for where, value in walk(candidate.document["components"]["schemas"], _SCHEMAS)
        if where.rpartition("/")[2] in ("default", "format", "contentEncoding")
        and value != "uri"
        and isinstance(value, str)
    }
    return annotations == _ANNOTATIONS


def _tag_names(candidate: Candidate) -> bool:
    tags = [{"tag_id": f"o_{number}"} for number in range(101, 109)]
    task = candidate.caller.create(tag_list=tags)
    (element,) = candidate.caller.ask("GET", f"{ELEMENTS}/{task['task_id']}")["data"]["task_result"]["elements"]
    return [tag["name"] for tag in element["tag_list"]] == TAG_NAMES


def _page(candidate: Candidate) -> bool:
    for _ in range(_DEFAULT_PAGE_SIZE + 1):
        candidate.caller.create()
    return len(candidate.caller.ask("GET", ELEMENTS)["data"]) == _DEFAULT_PAGE_SIZE


def _words_about_images(candidate: Candidate) -> bool:
    file = RecordedFile(Picture(format="gif").build())
    violations = images.inspect(file, "image", image_limits(candidate.contract)).violations
    message = "the content is not a JPEG or PNG file with a complete header; it looks like GIF"
    return [message] == [violation.message for violation in violations]


def _words_about_videos(candidate: Candidate) -> bool:
    file = RecordedFile(b"\x1aE\xdf\xa3".ljust(64))
    violations = videos.inspect(file, "video", video_limits(candidate.contract)).violations
    return [violation.message for violation in violations] == [
        "the file is not an MP4 or MOV video; it looks like Matroska or WebM"
    ]


def _longest_text(candidate: Candidate) -> bool:
    """Check R15 as a length, which every validator knows. The next longer Base64 string has four more characters."""
    validator = jsonschema_rs.Draft202012Validator(candidate.document["components"]["schemas"]["ImageBase64"])
    return [validator.is_valid("A" * (MAX_IMAGE_CHARACTERS + more)) for more in (0, 4)] == [True, False]
