"""Each rule of the linter reports a contract that breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.codegen.contract_changes import POST, SCHEMAS, Change, changed, put
from scripts.codegen import lint
from scripts.nodes import follow

_BODY = f"{POST}/requestBody/content/application~1json"
_GET = "#/paths/~1kling~1v1~1general~1advanced-custom-elements~1{id}/get"
_ABSENT = f"{_GET}/x-absent/0"
_OPEN = {"application/json": {"schema": {"type": "object", "additionalProperties": True}}}
_DELETION = "#/paths/~1kling~1v1~1general~1delete-elements/post/x-deletion"
_CODE = "#/x-business-codes/1303"
_SIDES = "ImageBase64/x-image/displayed-sides"
_MAPPING = f"{_BODY}/schema/discriminator/mapping"
_IMAGE, _VIDEO = (f"{SCHEMAS}/{kind}ElementRequest" for kind in ("Image", "Video"))


_FAULTS: dict[str, tuple[Change, str]] = {
    "a misspelt keyword": (put("ElementName/maxLenght", 20), "ElementName: unknown keyword maxLenght"),
    "an unknown format": (put("HttpUrl/format", "urL"), "HttpUrl: unknown format urL"),
    "a misspelt extension": (put("ImageBase64/x-imege", {}), "unknown extension x-imege"),
    "a misspelt limit of an extension": (
        put(f"{_SIDES}/min-pix", 300),
        "x-image/displayed-sides: has ['min-pix', 'min-px'] instead of ['min-px']",
    ),
    "a limit that is not a number": (put(f"{_SIDES}/min-px", "300"), f"{_SIDES}/min-px: must be a positive number"),
    "a negative limit": (put(f"{_SIDES}/min-px", -1), f"{_SIDES}/min-px: must be a positive number"),
    "an extension that is not an object": (put("ImageBase64/x-image", 5), "ImageBase64/x-image: must be an object"),
    "a source that is a list": (put("ElementName/x-source", ["R04"]), "ElementName/x-source: is of type list"),
    "a keyword of another type": (
        put("ElementName/maxItems", 3),
        "ElementName: maxItems has no effect on type string",
    ),
    "a length without a type": (
        put("ElementName/type"),
        "needs a type, because every other type is accepted",
    ),
    "an enum without a type": (put("TagId/type"), "TagId: enum and const need texts and the type string"),
    "an enum of another type": (put("TagId/type", "integer"), "TagId: enum and const need texts and the type string"),
    "an enum of numbers": (
        put("TaskStatus/enum", [1, 2]),
        "TaskStatus: enum and const need texts and the type string beside them: other tools ignore them otherwise",
    ),
    "a constant without a type": (
        put("VideoElementRequest/properties/reference_type/type"),
        "VideoElementRequest/properties/reference_type: enum and const need texts",
    ),
    "a minimum of 0": (put("ElementName/minLength", 0), "ElementName: a minimum of 0 refuses nothing"),
    "a length that a pattern implies": (
        put("HttpUrl/minLength", 1),
        "HttpUrl: minLength has no effect beside a pattern",
    ),
    "a length that is not a number": (put("ElementName/maxLength", "x"), "ElementName: /maxLength: "),
    "an invalid pattern": (put("ElementName/pattern", "["), "ElementName: /pattern: "),
    "a default that is not the constant": (
        put("ImageElementRequest/properties/reference_type/default", "x"),
        '"image_refer" was expected',
    ),
    "a default that its schema refuses": (
        put("#/components/parameters/PageNumber/schema/default", 0),
        "PageNumber/schema/default: 0 is less than the minimum of 1",
    ),
    "a format of several types": (
        lambda d: d["components"]["schemas"]["DeleteElementRequest"]["properties"]["element_id"].update(
            format="int64", type=["string", "integer"]
        ),
        "element_id: format needs one type beside it",
    ),
    "too few names of an enum": (
        put("TagId/x-enum-varnames", ["TRENDING"]),
        "TagId: x-enum-varnames and enum differ in length",
    ),
    "a pattern without words": (put("HttpUrl/x-expected"), "HttpUrl: x-expected and pattern or format go together"),
    "words without a pattern": (
        put("ElementName/x-expected", "a name"),
        "ElementName: x-expected and pattern or format go together",
    ),
    "a number that need not be exact": (
        put("#/components/parameters/PageSize/schema/x-exact", False),  # noqa: FBT003 - this is the value
        "PageSize/schema: x-exact must be true or absent",
    ),
    "a requirement of no property": (
        put("ElementTag/required", ["tag_id", "tag_name"]),
        "ElementTag: requires tag_name, which is not a property",
    ),
    "an excluded property that is allowed": (
        put("ImageElementRequest/x-excluded", {"tag_list": "R09"}),
        "ImageElementRequest: x-excluded contains tag_list, which is allowed",
    ),
    "a component that nothing uses": (put("Idle", {"type": "string"}), "#/components/schemas/Idle: is never used"),
    "a link with a body": (
        put(f"{_GET}/responses/200/links/delete/requestBody", "$response.body#/data/task_id"),
        "links/delete: a link with a requestBody is refused by openapi-generator",
    ),
    "a described variable": (
        put("#/servers/1/variables/host/description", "The host."),
        "#/servers/1/variables/host: a server variable with a description is refused by swagger-parser",
    ),
    "a component that is a reference": (
        put("TagList/$ref", "#/components/schemas/HttpUrl"),
        "#/components/schemas/TagList: a component that is a reference is dropped by many tools",
    ),
    "a property without a description": (
        put("ErrorDetail/properties/type/description"),
        "ErrorDetail/properties/type: has no description",
    ),
    "a mapping that contradicts the constant": (
        put(_MAPPING, {"image_refer": _VIDEO, "video_refer": _IMAGE}),
        f"the mapping sends image_refer to {_VIDEO}",
    ),
    "a mapping that lacks a branch": (
        put(f"{_MAPPING}/video_refer"),
        "the discriminator's mapping and the branches of oneOf differ",
    ),
    "branches that overlap": (
        put("VideoElementRequest/required", ["element_name"]),
        "does not require reference_type, so the branches overlap",
    ),
    "an open request": (
        put("ReferImage/additionalProperties", True),  # noqa: FBT003 - this is the value
        "ReferImage: additionalProperties must be false in a request",
    ),
    "a closed response": (
        put("TaskInfo/additionalProperties", False),  # noqa: FBT003 - this is the value
        "TaskInfo: additionalProperties must be true in a response",
    ),
    "an example that does not conform": (
        put("#/components/examples/fromVideo/value/element_name", "x" * 21),
        f"{_BODY}/examples/fromVideo: #: ",
    ),
    "a response's example that does not conform": (
        put("#/components/examples/submitted/value/data", []),
        "responses/200/content/application~1json/examples/submitted: #/data: ",
    ),
    "a parameter's example that does not conform": (
        put(f"{_GET}/parameters/0/example", ".."),
        f"{_GET}/parameters/0/example: ",
    ),
    "an unknown rule": (put("ElementName/x-source", "R99"), "ElementName/x-source: unknown rule R99"),
    "a source of a keyword that is not there": (
        put("ImageBase64/x-source/maxLenght", "R15"),
        "ImageBase64/x-source: names maxLenght, which the object does not have",
    ),
    "a rule without a place": (
        put("#/components/securitySchemes/bearerToken/x-source"),
        "#/x-rules/R02: is in no x-source",
    ),
    "a limit that large images would escape": (
        put("ImageBase64/minLength", 8),
        "ImageBase64: minLength would not be enforced beside x-image",
    ),
    "an image in another encoding": (
        put("ImageBase64/contentEncoding", "base64url"),
        "ImageBase64: the contentEncoding beside x-image must be base64",
    ),
    "a text shorter than its file": (put("ImageBase64/maxLength", 13981012), "maxLength must be 13981016"),
    "a body without room for the images": (
        put("ElementImageList/properties/refer_images/maxItems", 4),
        "x-body-size: max-bytes must have room for images of 69905080 characters",
    ),
    "a list of images without an end": (
        put("ElementImageList/properties/refer_images/maxItems"),
        "x-body-size: max-bytes must have room for images of inf characters",
    ),
    "a misspelt keyword under a name with a slash": (
        lambda d: d["components"]["schemas"]["ErrorDetail"]["properties"].update({"a/b": {"maxLenght": 1}}),
        "ErrorDetail/properties/a~1b: unknown keyword maxLenght",
    ),
    "a body without a limit": (
        put(f"{_BODY}/x-body-size"),
        f"{POST}/requestBody: needs an x-source, and an x-body-size",
    ),
    "an operation without a name": (
        put(f"{_GET}/operationId"),
        f"{_GET}: needs an operationId",
    ),
    "a success by another status without an envelope": (
        lambda d: (responses := follow(d, f"{POST}/responses")).update(
            {"201": {**responses.pop("200"), "content": _OPEN}}
        ),
        f"{POST}/responses/201: needs an x-envelope",
    ),
    "a success without JSON": (
        lambda d: (content := follow(d, f"{POST}/responses/200/content")).update(
            {"text/html": content.pop("application/json")}
        ),
        f"{POST}/responses: needs a response of success",
    ),
    "no success": (
        put(f"{POST}/responses/200"),
        f"{POST}/responses: needs a response of success",
    ),
    "a success without an envelope": (
        put("CreateElementResponse/x-envelope"),
        f"{POST}/responses/200: needs an x-envelope",
    ),
    "a default address with variables": (
        put("#/servers/0/url", "https://{host}"),
        "#/servers/0: must be an address without variables",
    ),
    "no rules": (put("#/x-rules"), "#/x-rules: is missing"),
    "no business codes": (put("#/x-business-codes"), "#/x-business-codes: is missing"),
    "a business code that is not a number": (
        put("#/x-business-codes/E1303", {}),
        "#/x-business-codes/E1303: is not a code",
    ),
    "a business code without a meaning": (
        put(f"{_CODE}/meaning"),
        f"{_CODE}: has ['created', 'http-status', 'retry'] instead of",
    ),
    "a business code of unknown consequence": (
        put(f"{_CODE}/created", "sometimes"),
        f"{_CODE}: created must be one of ['earlier', 'never', 'perhaps']",
    ),
    "a business code with an unknown remedy": (
        put(f"{_CODE}/retry", "later"),
        "retry one of ['after-look-up', 'after-waiting', 'never']",
    ),
    "a document without dialects": (put("#/x-dialects"), "#/x-dialects: is missing"),
    "an absence of no dialect": (put(f"{_ABSENT}/dialect", "latin"), "x-absent/0: latin is not in x-dialects"),
    "an absence with an unknown code": (put(f"{_ABSENT}/code", 1299), "x-absent/0: 1299 is not in x-business-codes"),
    "an absence without a code": (put(f"{_ABSENT}/code"), "x-absent/0: needs a dialect and a code"),
    "an absence with something unknown": (put(f"{_ABSENT}/status", 400), "x-absent/0: needs a dialect and a code"),
    "an absence in words that nobody recognises": (
        put(f"{_ABSENT}/message-matches"),
        "x-absent/0: needs a dialect and a code, and either both of message and message-matches or neither",
    ),
    "an absence that is not recognised by its words": (
        put(f"{_ABSENT}/message", "No task for id: {id}"),
        "x-absent/0: message-matches does not match the message",
    ),
    "an absence that is unique": (put(f"{_ABSENT}/unique-over", "user"), "x-absent/0: unique-over must be one of"),
    "a duplicate that is unique over nothing": (
        put(f"{POST}/x-duplicate/1/unique-over"),
        "x-duplicate/1: unique-over must be one of ['account', 'user'] in x-duplicate, and is allowed only there",
    ),
    "a deletion in no dialect": (
        put(f"{_DELETION}/live"),
        "delete-elements/post/x-deletion: must have the same names as x-dialects",
    ),
    "a deletion like no example": (
        put(f"{_DELETION}/live/example", "gone"),
        "x-deletion/live: gone is not one of the examples",
    ),
    "a deletion that does not say what remains": (
        put(f"{_DELETION}/live/remains"),
        "x-deletion/live: has ['example'] instead of ['example', 'remains']",
    ),
    "a parameter without a source": (
        put(f"{_GET.removesuffix('/get')}/x-source"),
        f"{_GET}/parameters/0: needs an x-source",
    ),
    "a reference to nowhere": (
        put("ReferImage/properties/image_url/$ref", "#/components/schemas/None"),
        "ReferImage/properties/image_url/$ref: #/components/schemas/None: no such place",
    ),
    "a reference to itself": (
        put("ReferImage/properties/image_url/$ref", "#/components/schemas/ReferImage/properties/image_url"),
        "image_url/$ref: #/components/schemas/ReferImage/properties/image_url: circular reference",
    ),
    "a reference into another file": (
        put("ReferImage/properties/image_url/$ref", "other.yaml#/components/schemas/HttpUrl"),
        "ReferImage/properties/image_url/$ref: other.yaml#/components/schemas/HttpUrl: a reference must begin with #",
    ),
    "a reference by a bare name": (
        put("ReferImage/properties/image_url/$ref", "HttpUrl"),
        "ReferImage/properties/image_url/$ref: HttpUrl: a reference must begin with #",
    ),
    "invalid OpenAPI": (put("#/info/title"), '#/info: "title" is a required property'),
    "a misspelt part of an operation": (put(f"{POST}/sumary", "x"), "sumary"),
}


@pytest.mark.parametrize(("change", "expected"), _FAULTS.values(), ids=_FAULTS)
def test_a_fault_in_the_contract_is_reported(document: Any, change: Change, expected: str) -> None:
    """The line names the place and the fault."""
    assert [line for line in lint.find_problems(changed(document, change)) if expected in line]


def test_there_is_a_fault_for_each_rule() -> None:
    """The table has more faults than the linter has rules."""
    assert len(_FAULTS) > len(lint.RULES)
