"""The descriptions say the same as the contract."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.codegen.contract_changes import POST, SCHEMAS, Change, changed, put
from scripts.codegen import lint

_IMAGE = f"{SCHEMAS}/ImageBase64/x-image"
_VIDEO = f"{SCHEMAS}/ReferVideo/properties/video_url/x-video"
_SIZE = f"{POST}/requestBody/content/application~1json/x-body-size"
# what differs: the change, the place of the message, and a part of the message
_DIFFERENCES: dict[str, tuple[Change, str, str]] = {
    "another size of images": (
        put(f"{_IMAGE}/file-size/max-bytes", 10_485_761),
        f"{SCHEMAS}/ImageBase64/description",
        "must say: JPEG or PNG, at most 10,485,761 bytes, both sides",
    ),
    "another size of images, in the operation": (
        put(f"{_IMAGE}/file-size/max-bytes", 20_971_520),
        f"{POST}/description",
        "must say: JPEG or PNG, at most 20 MiB (20,971,520 bytes), both sides",
    ),
    "another format of images": (
        put(f"{_IMAGE}/format/one-of", ["jpeg", "png", "webp"]),
        f"{POST}/description",
        "must say: JPEG or PNG or webp, at most",
    ),
    "other sides of images": (
        put(f"{_IMAGE}/displayed-sides/min-px", 1300),
        f"{POST}/description",
        "both sides at least 1,300 px as displayed",
    ),
    "another ratio of images": (
        put(f"{_IMAGE}/aspect-ratio/max-long-to-short", 2.6),
        f"{POST}/description",
        "the longer side at most 2.6 times the shorter",
    ),
    "another duration of videos": (
        put(f"{_VIDEO}/duration", {"min-seconds": 3, "max-seconds": 10, "tolerance-frames": 2}),
        f"{SCHEMAS}/ReferVideo/properties/video_url/description",
        "must say: MP4 or MOV, 3 to 10 seconds long (give or take 2 frames), exactly",
    ),
    "another displayed size of videos": (
        put(f"{_VIDEO}/displayed-size", {"one-of-px": [[1280, 720]], "pixel-aspect": "any"}),
        f"{POST}/description",
        "exactly 1280x720 px as displayed, with any pixels",
    ),
    "another size of videos": (
        put(f"{_VIDEO}/file-size/max-bytes", 104_857_600),
        f"{POST}/description",
        "at most 100 MiB (104,857,600 bytes)",
    ),
    "another size of bodies": (
        put(f"{_SIZE}/max-values", 99_999),
        f"{POST}/requestBody/description",
        "must say: The body has at most 56,972,640 bytes and 99,999 JSON values.",
    ),
    "a body without a description": (
        put(f"{POST}/requestBody/description"),
        f"{POST}/requestBody/description",
        "must say: The body has at most 56,972,640 bytes and 100,000 JSON values.",
    ),
    "another name of a tag": (
        put("TagId/x-enum-varnames", ["MEME", "CHARACTER", "ANIMAL", "PROP", "CLOTHING", "SCENE", "EFFECT", "OTHER"]),
        f"{SCHEMAS}/TagId/description",
        "must say: `o_101` Meme, `o_102` Character",
    ),
    "another effect of a code": (
        put("#/x-business-codes/5000/created", "never"),
        "#/x-business-codes",
        "see: | 5000 | 500 | internal error | no | yes, once a look-up shows that there is none |",
    ),
    "another remedy of a code": (
        put("#/x-business-codes/1302/retry", "never"),
        "#/x-business-codes",
        "see: | 1302 | 429 | rate limit exceeded | no | no |",
    ),
    "a missing code": (
        put("#/x-business-codes/5002"),
        "#/x-business-codes",
        "see: | 5002 | 504 | internal timeout | perhaps | yes, once a look-up shows that there is none |",
    ),
    "a second table": (
        put(
            "ErrorDetail/description",
            "| code | HTTP status | meaning | was an element created? | does sending again help? |",
        ),
        "#/x-business-codes",
        "exactly one description must have the table of them",
    ),
    "the id of a rule": (
        put("ElementName/description", "The element's name (R04)."),
        f"{SCHEMAS}/ElementName/description",
        "R04 means nothing to a reader",
    ),
    "the name of an extension": (
        put("NamedTag/properties/description/description", "See x-business-codes."),
        f"{SCHEMAS}/NamedTag/properties/description/description",
        "x-business means nothing to a reader",
    ),
    "the name of a document that readers do not have": (
        put("#/components/examples/sample/summary", "The sample of the first document"),
        "#/components/examples/sample/summary",
        "first document means nothing to a reader",
    ),
    "advice in other words": (
        put("VideoElementRequest/description", "An element from a video."),
        "#/x-rules/R26",
        "needs `says`, and a description that has the same words",
    ),
    "advice without words": (
        put("#/x-rules/R12/says"),
        "#/x-rules/R12",
        "needs `says`, and a description that has the same words",
    ),
    "a branch without a title": (
        put("ImageElementRequest/title"),
        f"{POST}/requestBody/content/application~1json/schema",
        "ImageElementRequest is one of several branches, so its title must be ImageElementRequest",
    ),
    "a branch with another title": (
        put("HttpUrl/title", "Address"),
        f"{SCHEMAS}/ImageReference",
        "HttpUrl is one of several branches, so its title must be HttpUrl",
    ),
}


@pytest.mark.parametrize(("change", "place", "message"), _DIFFERENCES.values(), ids=_DIFFERENCES)
def test_a_description_that_differs_from_the_contract_is_reported(
    document: Any, change: Change, place: str, message: str
) -> None:
    """The line contains the place and the expected sentence."""
    lines = lint.find_problems(changed(document, change))

    assert [line for line in lines if line.startswith(f"{place}: ") and message in line]


def test_values_of_examples_are_not_checked_as_prose(document: Any) -> None:
    """An example's value may contain R04, because callers send that value."""

    def change(document: Any) -> None:
        examples = document["components"]["examples"]
        examples["fromVideo"]["value"]["element_description"] = "R04"
        examples["notificationNewer"]["value"]["outputs"][0]["description"] = "x-image"

    assert [] == lint.find_problems(changed(document, change))
