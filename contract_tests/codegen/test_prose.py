"""The descriptions say the same as the contract."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest

from contract_tests.support.tables import for_each_row
from scripts.codegen import lint
from scripts.nodes import follow
from scripts.spec import load

_POST = "#/paths/~1kling~1v1~1general~1advanced-custom-elements/post"
_SCHEMAS = "#/components/schemas"
_IMAGE = f"{_SCHEMAS}/ImageBase64/x-image"
_VIDEO = f"{_SCHEMAS}/ReferVideo/properties/video_url/x-video"
_SIZE = f"{_POST}/requestBody/content/application~1json/x-body-size"


@pytest.fixture(scope="module")
def document() -> Any:
    return load()


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A change of the contract without its descriptions, or of descriptions without the contract.

    Attributes:
        id: A name for the change.
        at: The object that changes.
        put: Its changed members; None removes one.
        where: The place that the message names.
        says: The rest of the message.
    """

    id: str
    at: str
    put: dict[str, Any]
    where: str
    says: str


_DRIFTS = [
    Drift(
        id="another size of images",
        at=f"{_IMAGE}/file-size",
        put={"max-bytes": 10_485_761},
        where=f"{_SCHEMAS}/ImageBase64/description",
        says="must say: JPEG or PNG, at most 10,485,761 bytes, both sides",
    ),
    Drift(
        id="another size of images, in the operation",
        at=f"{_IMAGE}/file-size",
        put={"max-bytes": 20_971_520},
        where=f"{_POST}/description",
        says="must say: JPEG or PNG, at most 20 MiB (20,971,520 bytes), both sides",
    ),
    Drift(
        id="another format of images",
        at=f"{_IMAGE}/format",
        put={"one-of": ["jpeg", "png", "webp"]},
        where=f"{_POST}/description",
        says="must say: JPEG or PNG or webp, at most",
    ),
    Drift(
        id="other sides of images",
        at=f"{_IMAGE}/displayed-sides",
        put={"min-px": 1300},
        where=f"{_POST}/description",
        says="both sides at least 1,300 px as displayed",
    ),
    Drift(
        id="another ratio of images",
        at=f"{_IMAGE}/aspect-ratio",
        put={"max-long-to-short": 2.6},
        where=f"{_POST}/description",
        says="the longer side at most 2.6 times the shorter",
    ),
    Drift(
        id="another duration of videos",
        at=f"{_VIDEO}/duration",
        put={"max-seconds": 10, "tolerance-frames": 2},
        where=f"{_SCHEMAS}/ReferVideo/properties/video_url/description",
        says="must say: MP4 or MOV, 3 to 10 seconds long (give or take 2 frames), exactly",
    ),
    Drift(
        id="another displayed size of videos",
        at=f"{_VIDEO}/displayed-size",
        put={"one-of-px": [[1280, 720]], "pixel-aspect": "any"},
        where=f"{_POST}/description",
        says="exactly 1280x720 px as displayed, with any pixels",
    ),
    Drift(
        id="another size of videos",
        at=f"{_VIDEO}/file-size",
        put={"max-bytes": 104_857_600},
        where=f"{_POST}/description",
        says="at most 100 MiB (104,857,600 bytes)",
    ),
    Drift(
        id="another size of bodies",
        at=_SIZE,
        put={"max-values": 99_999},
        where=f"{_POST}/requestBody/description",
        says="must say: The body has at most 56,972,640 bytes and 99,999 JSON values.",
    ),
    Drift(
        id="a body of which nothing is said",
        at=f"{_POST}/requestBody",
        put={"description": None},
        where=f"{_POST}/requestBody/description",
        says="must say: The body has at most 56,972,640 bytes and 100,000 JSON values.",
    ),
    Drift(
        id="another name of a tag",
        at=f"{_SCHEMAS}/TagId",
        put={"x-enum-varnames": ["MEME", "CHARACTER", "ANIMAL", "PROP", "CLOTHING", "SCENE", "EFFECT", "OTHER"]},
        where=f"{_SCHEMAS}/TagId/description",
        says="must say: `o_101` Meme, `o_102` Character",
    ),
    Drift(
        id="another consequence of a code",
        at="#/x-business-codes/5000",
        put={"created": "never"},
        where="#/x-business-codes",
        says="see: | 5000 | 500 | internal error | no | yes, once a look-up shows that there is none |",
    ),
    Drift(
        id="another remedy of a code",
        at="#/x-business-codes/1302",
        put={"retry": "never"},
        where="#/x-business-codes",
        says="see: | 1302 | 429 | rate limit exceeded | no | no |",
    ),
    Drift(
        id="a code that is gone",
        at="#/x-business-codes",
        put={"5002": None},
        where="#/x-business-codes",
        says="see: | 5002 | 504 | internal timeout | perhaps | yes, once a look-up shows that there is none |",
    ),
    Drift(
        id="a second table",
        at=f"{_SCHEMAS}/ErrorDetail",
        put={"description": "| code | HTTP status | meaning | was an element created? | does sending again help? |"},
        where="#/x-business-codes",
        says="exactly one description must have the table of them",
    ),
    Drift(
        id="a rule's id",
        at=f"{_SCHEMAS}/ElementName",
        put={"description": "The element's name (R04)."},
        where=f"{_SCHEMAS}/ElementName/description",
        says="R04 means nothing to a reader",
    ),
    Drift(
        id="an extension",
        at=f"{_SCHEMAS}/NamedTag/properties/description",
        put={"description": "See x-business-codes."},
        where=f"{_SCHEMAS}/NamedTag/properties/description/description",
        says="x-business means nothing to a reader",
    ),
    Drift(
        id="a document that readers do not have",
        at="#/components/examples/sample",
        put={"summary": "The sample of the first document"},
        where="#/components/examples/sample/summary",
        says="first document means nothing to a reader",
    ),
    Drift(
        id="advice in other words",
        at=f"{_SCHEMAS}/VideoElementRequest",
        put={"description": "An element from a video."},
        where="#/x-rules/R26",
        says="needs `says`, and a description that has the same words",
    ),
    Drift(
        id="advice that nobody gives",
        at="#/x-rules/R12",
        put={"says": None},
        where="#/x-rules/R12",
        says="needs `says`, and a description that has the same words",
    ),
    Drift(
        id="a branch without a title",
        at=f"{_SCHEMAS}/ImageElementRequest",
        put={"title": None},
        where=f"{_POST}/requestBody/content/application~1json/schema",
        says="ImageElementRequest is one of several branches, so its title must be ImageElementRequest",
    ),
    Drift(
        id="a branch with a title of its own",
        at=f"{_SCHEMAS}/HttpUrl",
        put={"title": "Address"},
        where=f"{_SCHEMAS}/ImageReference",
        says="HttpUrl is one of several branches, so its title must be HttpUrl",
    ),
]


@for_each_row(_DRIFTS, "drift")
def test_words_and_numbers_that_differ_are_noticed(document: Any, drift: Drift) -> None:
    """The line names the place and the sentence that is expected there."""
    changed = copy.deepcopy(document)
    node = follow(changed, drift.at)
    node.update(drift.put)
    for name in [name for name, value in drift.put.items() if value is None]:
        del node[name]

    assert [line for line in lint.problems(changed) if line.startswith(f"{drift.where}: ") and drift.says in line]


def test_values_of_examples_are_not_checked_as_prose(document: Any) -> None:
    """A value may contain R04, because callers send it."""
    changed = copy.deepcopy(document)
    changed["components"]["examples"]["fromVideo"]["value"]["element_description"] = "R04"
    changed["components"]["examples"]["notificationNewer"]["value"]["outputs"][0]["description"] = "x-image"

    assert [] == lint.problems(changed)
