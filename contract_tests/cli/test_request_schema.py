"""The JSON Schema of request files, checked with python-jsonschema."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from contract_tests.reading.cases import BodyCase, base_body, body_cases
from contract_tests.reading.uri import is_uri
from kling_elements.cli import request_files
from kling_elements.cli.request_schema import PATH_SCHEMA, request_schema
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.document import follow, walk

_IMAGE_RULES = {"R13", "R14", "R15", "R16", "R17"}
_PATHS_TO_SELF = "#/$defs/"
_REQUEST = """\
# yaml-language-server: $schema=element.schema.json
element_name: Mara
element_description: A red-haired pilot
reference_type: image_refer
element_image_list:
  frontal_image: mara.jpg
  refer_images:
    - image_url: photos/side.png
    - image_url: https://example.com/back.png
tag_list: [{tag_id: o_102}]
"""


@cache
def _validator() -> jsonschema.Draft202012Validator:
    formats = jsonschema.FormatChecker(formats=[])
    formats.checks("uri")(lambda value: not isinstance(value, str) or is_uri(value))
    schema = request_schema(CONTRACT)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=formats)


def _breaks_inexpressible_rule(case: BodyCase) -> bool:
    """Return whether a schema cannot express the broken rule, as with images and the body's size."""
    return any(
        (rule in _IMAGE_RULES and "/element_image_list/" in pointer) or (pointer, rule) == ("", "R03")
        for pointer, rule in case.violations
    )


def _schema_violations(text: str) -> list[str]:
    return [error.json_path for error in _validator().iter_errors(YAML(typ="safe", pure=True).load(text))]


def test_every_request_that_the_rules_accept_is_valid() -> None:
    cases = body_cases("accepted")

    assert len(cases) > 100
    assert [] == [case.id for case in cases if not _validator().is_valid(case.body())]


def test_every_refused_request_is_invalid_except_for_rules_about_images_and_size() -> None:
    cases = [case for case in body_cases("refused") if not _breaks_inexpressible_rule(case)]

    assert len(cases) > 200
    assert [] == [case.id for case in cases if _validator().is_valid(case.body())]


def test_a_request_file_with_paths_is_valid(tmp_path: Path) -> None:
    """The schema accepts the paths that `request_files` reads."""
    path = tmp_path / "request.yaml"
    path.write_text(_REQUEST)

    assert [] == _schema_violations(_REQUEST)
    assert {
        "/element_image_list/frontal_image": tmp_path / "mara.jpg",
        "/element_image_list/refer_images/0/image_url": tmp_path / "photos" / "side.png",
    } == request_files.read(path).images


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("element_name: Mara", "element_nme: Mara"),
        ("element_name: Mara", "element_name: ''"),
        ("image_refer", "images"),
        ("o_102", "o_999"),
        ("frontal_image: mara.jpg", "frontal_image: ftp://example.com/mara.jpg"),
        ("frontal_image: mara.jpg", "frontal_image: 'data:image/png;base64,AAAA'"),
        ("frontal_image: mara.jpg", "frontal_image: 1"),
    ],
)
def test_a_mistake_in_a_request_file_is_found(old: str, new: str) -> None:
    assert old in _REQUEST
    assert _schema_violations(_REQUEST.replace(old, new))


def test_a_video_cannot_be_a_path() -> None:
    """The service downloads videos, so they need a URL."""
    body: Any = base_body("video")
    assert _validator().is_valid(body)

    body["element_video_list"]["refer_videos"][0]["video_url"] = "mara.mp4"

    assert not _validator().is_valid(body)


@pytest.mark.parametrize(
    "text",
    [
        "mara.jpg",
        "photos/../mara",
        "/srv/mara.png",
        "C:\\mara.png",
        "http:/mara",
        "m" * 1024,
        "m" * 1025,
        "https://example.com/mara.png",
        "photos\n://mara",
        "data:image/png;base64,AAAA",
        "",
    ],
)
def test_the_schema_and_request_files_agree_on_what_a_path_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"element_image_list": {"frontal_image": text}}))

    is_path = bool(request_files.read(path).images)

    assert is_path == jsonschema.Draft202012Validator(PATH_SCHEMA).is_valid(text)


def test_the_schema_is_complete_and_contains_no_openapi_keywords() -> None:
    """Each part of the schema has a title, for the lists in editors."""
    schema = request_schema(CONTRACT)
    references = [node["$ref"] for _, node in walk(schema) if isinstance(node, dict) and "$ref" in node]

    assert references
    for reference in references:
        assert reference.startswith(_PATHS_TO_SELF)
        assert follow(schema, reference)["title"]
    properties = {name for _, node in walk(schema) if isinstance(node, dict) for name in node}
    assert not {name for name in properties if name.startswith("x-")} | (properties & {"discriminator"})
    assert all("description" in definition for definition in schema["$defs"].values())


def test_the_contract_is_not_changed() -> None:
    """Creating the schema leaves the shared contract as it was."""
    before = json.dumps(CONTRACT.document())

    assert request_schema(CONTRACT) == request_schema(CONTRACT)
    assert before == json.dumps(CONTRACT.document())
