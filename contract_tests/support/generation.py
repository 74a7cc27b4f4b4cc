"""The configuration of Schemathesis: real pictures and unusual URLs for formats that it does not know.

`schemathesis run` loads this module too, by its environment variable SCHEMATHESIS_HOOKS.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

from contract_tests.reading.images import Picture, base64_of
from kling_elements_client import contract

GOOD_PICTURES = (
    Picture(mode="1"),
    Picture(format="jpeg"),
    Picture(mode="1", width=750),
    Picture(mode="1", height=750),
    Picture(format="jpeg", orientation=6, height=400),
)
BAD_PICTURES = (
    Picture(mode="1", width=299),
    Picture(format="jpeg", height=299),
    Picture(mode="1", width=751),
    Picture(mode="1", height=751),
    Picture(format="gif"),
    Picture(mode="1", truncate_to=24),
    Picture(format="jpeg", truncate_to=100),
    Picture(mode="1", patch=(16, "00000000")),
)
_ABSENT = 1201

_SCHEMES = ("http://", "https://", "HTTPS://", "ftp://", "http:", "https:/", "//", "")
_HOSTS = (
    "example.com",
    "a",
    "[::1]",
    "127.0.0.1",
    "user@example.com",
    "user:@a:1",
    "",
    "@",
    ":80",
    "[::g]",
    "a b",
    "é.example",
)
_URL_ENDS = (
    "",
    "/",
    ":8080/x.png",
    "/%41?q=[]",
    "/%4",
    "#f#g",
    "?a=b#c",
    "/é",
    "/\n",
    "/ ",
    "\n",
    "/a|b",
    "/" + "x" * 300,
)


def encode_picture(picture: Picture) -> str:
    """Return a picture as the string that a request contains."""
    return base64_of(picture.build())


def image_texts() -> st.SearchStrategy[str]:
    """Return a strategy for Base64 strings of whole pictures, good and bad."""
    return st.sampled_from([encode_picture(picture) for picture in (*GOOD_PICTURES, *BAD_PICTURES)])


def good_image_texts() -> st.SearchStrategy[str]:
    """Return a strategy for Base64 strings of pictures that the contract allows."""
    return st.sampled_from([encode_picture(picture) for picture in GOOD_PICTURES])


def mutated_image_texts() -> st.SearchStrategy[str]:
    """Return a strategy for Base64 strings of pictures with bytes changed near the start or cut off."""

    def mutated(data: bytes, offset: int, change: bytes, length: int) -> str:
        return base64_of((data[:offset] + change + data[offset + len(change) :])[:length])

    pictures = [picture.build() for picture in (*GOOD_PICTURES, *BAD_PICTURES)]
    lengths = st.just(1 << 20) | st.integers(0, 1000)
    return st.builds(mutated, st.sampled_from(pictures), st.integers(0, 250), st.binary(max_size=3), lengths)


def odd_urls() -> st.SearchStrategy[str]:
    """Return a strategy for strings that are URLs or nearly URLs."""
    return st.builds(
        "{}{}{}".format, st.sampled_from(_SCHEMES), st.sampled_from(_HOSTS), st.sampled_from(_URL_ENDS)
    ) | st.sampled_from(["https://example.com/a.png", "http://example.com"])


def operation(operation_id: str = "createElement") -> Any:
    """Return an operation as Schemathesis sees it; headers are not generated."""
    config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
    schema = schemathesis.openapi.from_dict(contract.document(), config=config)
    called = contract.operation(operation_id)
    return schema[called.path][called.method.upper()]


schemathesis.openapi.format("image-base64", good_image_texts())


def _code(response: schemathesis.Response) -> int | None:
    """Return the business code of a response with status 400, or None for any other status."""
    code: int | None = response.json()["code"] if response.status_code == HTTPStatus.BAD_REQUEST else None
    return code


@schemathesis.check
def created_element_can_be_found(_: Any, response: schemathesis.Response, case: schemathesis.Case[Any]) -> None:
    """Check that a task of the mock server can be looked up, even after its element's deletion."""
    if case.operation.definition.raw["operationId"] == "getElement" and _code(response) == _ABSENT:
        tasks = httpx.get(f"{case.operation.base_url}/_mock/elements", trust_env=False).json()
        task_id = (case.path_parameters or {})["id"]
        assert [] == [task for task in tasks if task["task_id"] == task_id]


@schemathesis.check
def a_conforming_request_is_only_refused_as_absent(
    _: Any, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Check that a valid request is refused only for an unknown id. An invalid one has the same status."""
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        assert _code(response) in (None, _ABSENT)


def as_integer(_: Any, body: Any) -> Any:
    """Return a body with 5 in place of 5.0, because `x-exact` distinguishes them, unlike JSON Schema."""
    id_ = body.get("element_id") if isinstance(body, dict) else None
    return {**body, "element_id": int(id_)} if isinstance(id_, float) and id_.is_integer() else body


_hook: Any = schemathesis.hook("map_body")
_hook.apply_to(operation_id="deleteElement")(as_integer)
