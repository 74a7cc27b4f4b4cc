"""The OpenAPI file keeps the house rules, and each house rule notices when it is broken."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.paths import ELEMENTS
from scripts.codegen import lint
from scripts.nodes import follow, resolve
from scripts.spec import SPEC, SpecError, load

Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def document() -> Any:
    return load()


def test_the_spec_keeps_every_house_rule(document: Any) -> None:
    """Nothing is found in the file as it is."""
    assert lint.problems(document) == []


def _at(place: str, change: Change) -> Change:
    return lambda document: change(follow(document, place))


def _schema(name: str, **keywords: Any) -> Change:
    """Sets keywords of a component, with `_` for `-`; None takes one away."""

    def change(schema: dict[str, Any]) -> None:
        for keyword, value in keywords.items():
            key = keyword.replace("x_", "x-").replace("_", "-") if keyword.startswith("x_") else keyword
            schema.pop(key, None)
            if value is not None:
                schema[key] = value

    return _at(f"#/components/schemas/{name}", change)


_POST = "#/paths/~1kling~1v1~1general~1advanced-custom-elements/post"
_BODY = f"{_POST}/requestBody/content/application~1json"
_GET = "#/paths/~1kling~1v1~1general~1advanced-custom-elements~1{id}/get"

_DELETION = "#/paths/~1kling~1v1~1general~1delete-elements/post/x-deletion"


def _refusal(**members: Any) -> Change:
    """Sets members of the row by which a look-up says that there is no such task; None takes one away."""

    def change(rows: list[dict[str, Any]]) -> None:
        rows[0] = {name: value for name, value in {**rows[0], **members}.items() if value is not None}

    return _at(f"{_GET}/x-absent", change)


_FAULTS: dict[str, tuple[Change, str]] = {
    "a misspelt keyword": (_schema("ElementName", maxLenght=20), "ElementName: unknown keyword maxLenght"),
    "an unknown format": (_schema("HttpUrl", format="urL"), "HttpUrl: unknown format urL"),
    "a misspelt extension": (_schema("ImageBase64", x_imege={}), "unknown extension x-imege"),
    "a misspelt limit of an extension": (
        lambda d: d["components"]["schemas"]["ImageBase64"]["x-image"]["displayed-sides"].update({"min-pix": 300}),
        "x-image/displayed-sides: has ['min-pix', 'min-px'] instead of ['min-px']",
    ),
    "a limit that is no number": (
        lambda d: d["components"]["schemas"]["ImageBase64"]["x-image"]["displayed-sides"].update({"min-px": "300"}),
        "x-image/displayed-sides/min-px: is no positive number",
    ),
    "a keyword of another type": (
        _schema("ElementName", maxItems=3),
        "ElementName: maxItems says nothing about type string",
    ),
    "a length without a type": (_schema("ElementName", type=None), "without a type lets every other type through"),
    "an enum without a type": (_schema("TagId", type=None), "TagId: enum and const need texts and the type string"),
    "an enum of another type": (
        _schema("TagId", type="integer"),
        "TagId: enum and const need texts and the type string",
    ),
    "an enum of numbers": (
        _schema("TaskStatus", enum=[1, 2]),
        "TaskStatus: enum and const need texts and the type string beside them, or other tools take them for any",
    ),
    "a constant without a type": (
        lambda d: d["components"]["schemas"]["VideoElementRequest"]["properties"]["reference_type"].pop("type"),
        "VideoElementRequest/properties/reference_type: enum and const need texts",
    ),
    "a minimum of nothing": (_schema("ElementName", minLength=0), "ElementName: a minimum of 0 refuses nothing"),
    "a length that a pattern implies": (
        _schema("HttpUrl", minLength=1),
        "HttpUrl: minLength says nothing beside a pattern",
    ),
    "a default that is not the constant": (
        lambda d: d["components"]["schemas"]["ImageElementRequest"]["properties"]["reference_type"].update(default="x"),
        '"image_refer" was expected',
    ),
    "a format of several types": (
        _schema("DeleteElementRequest/properties/element_id", format="int64", type=["string", "integer"]),
        "element_id: format needs a type of its own beside it",
    ),
    "too few names of an enum": (
        _schema("TagId", x_enum_varnames=["TRENDING"]),
        "TagId: x-enum-varnames and enum differ in length",
    ),
    "a pattern without words": (
        _schema("HttpUrl", x_expected=None),
        "HttpUrl: x-expected and pattern or format go together",
    ),
    "words without a pattern": (
        _schema("ElementName", x_expected="a name"),
        "ElementName: x-expected and pattern or format go together",
    ),
    "a number that need not be exact": (
        lambda d: d["components"]["parameters"]["PageSize"]["schema"].update({"x-exact": False}),
        "PageSize/schema: x-exact is true or absent",
    ),
    "a requirement of no property": (
        _schema("ElementTag", required=["tag_id", "tag_name"]),
        "ElementTag: requires tag_name, which is no property",
    ),
    "an excluded property that is allowed": (
        _schema("ImageElementRequest", x_excluded={"tag_list": "R09"}),
        "ImageElementRequest: x-excluded names tag_list, which is allowed",
    ),
    "a component that nothing uses": (
        lambda d: d["components"]["schemas"].update(Idle={"type": "string"}),
        "#/components/schemas/Idle: is used nowhere",
    ),
    "a link with a body": (
        _at(f"{_GET}/responses/200/links/delete", lambda link: link.update(requestBody="$response.body#/data/task_id")),
        "links/delete: a link with a requestBody is refused by openapi-generator",
    ),
    "a described variable": (
        lambda d: d["servers"][1]["variables"]["host"].update(description="The host."),
        "#/servers/1/variables/host: a server variable with a description is refused by swagger-parser",
    ),
    "a component that is a reference": (
        _schema("TagList", **{"$ref": "#/components/schemas/HttpUrl"}),
        "#/components/schemas/TagList: a component that is a reference is dropped by many tools",
    ),
    "a property without a description": (
        lambda d: d["components"]["schemas"]["ErrorDetail"]["properties"]["type"].pop("description"),
        "ErrorDetail/properties/type: has no description",
    ),
    "a mapping that contradicts the constant": (
        lambda d: follow(d, f"{_BODY}/schema/discriminator")["mapping"].update(
            image_refer="#/components/schemas/VideoElementRequest",
            video_refer="#/components/schemas/ImageElementRequest",
        ),
        "the mapping sends image_refer to #/components/schemas/VideoElementRequest",
    ),
    "a mapping that lacks a branch": (
        lambda d: follow(d, f"{_BODY}/schema/discriminator")["mapping"].pop("video_refer"),
        "the discriminator's mapping and the branches of oneOf differ",
    ),
    "branches that overlap": (
        lambda d: d["components"]["schemas"]["VideoElementRequest"]["required"].remove("reference_type"),
        "does not require reference_type, so the branches overlap",
    ),
    "an open request": (
        _schema("ReferImage", additionalProperties=True),
        "ReferImage: additionalProperties must be false in a request",
    ),
    "a closed answer": (
        _schema("TaskInfo", additionalProperties=False),
        "TaskInfo: additionalProperties must be true in an answer",
    ),
    "an example that does not conform": (
        lambda d: d["components"]["examples"]["fromVideo"]["value"].update(element_name="x" * 21),
        f"{_BODY}/examples/fromVideo: #: ",
    ),
    "an answer's example that does not conform": (
        lambda d: d["components"]["examples"]["submitted"]["value"].update(data=[]),
        "responses/200/content/application~1json/examples/submitted: #/data: ",
    ),
    "a parameter's example that does not conform": (
        _at(f"{_GET}/parameters/0", lambda parameter: parameter.update(example="..")),
        f"{_GET}/parameters/0/example: ",
    ),
    "an unknown rule": (_schema("ElementName", x_source="R99"), "ElementName/x-source: unknown rule R99"),
    "a source of a keyword that is not there": (
        lambda d: d["components"]["schemas"]["ImageBase64"]["x-source"].update(maxLenght="R15"),
        "ImageBase64/x-source: names maxLenght, which is not there",
    ),
    "a rule without a place": (
        lambda d: d["components"]["securitySchemes"]["bearerToken"].pop("x-source"),
        "#/x-rules/R02: is in no x-source",
    ),
    "a limit that large images would escape": (
        _schema("ImageBase64", minLength=8),
        "ImageBase64: minLength would not be enforced beside x-image",
    ),
    "an image in another encoding": (
        _schema("ImageBase64", contentEncoding="base64url"),
        "ImageBase64: the contentEncoding beside x-image must be base64",
    ),
    "a text shorter than its file": (_schema("ImageBase64", maxLength=13981012), "maxLength must be 13981016"),
    "a body without room for the images": (
        lambda d: d["components"]["schemas"]["ElementImageList"]["properties"]["refer_images"].update(maxItems=4),
        "x-body-size: max-bytes must have room for 5 images of 13981016 characters",
    ),
    "a body without a limit": (
        lambda d: follow(d, _BODY).pop("x-body-size"),
        f"{_POST}/requestBody: needs an x-source, and an x-body-size",
    ),
    "a success without an envelope": (
        _schema("CreateElementResponse", x_envelope=None),
        f"{_POST}/responses/200: needs an x-envelope",
    ),
    "a default address with variables": (
        lambda d: d["servers"].reverse(),
        "#/servers/0: must be an address without variables",
    ),
    "no rules": (lambda d: d.pop("x-rules"), "#/x-rules: is missing"),
    "no business codes": (lambda d: d.pop("x-business-codes"), "#/x-business-codes: is missing"),
    "a business code that is no number": (
        lambda d: d["x-business-codes"].update(E1303=d["x-business-codes"].pop("1303")),
        "#/x-business-codes/E1303: is no code",
    ),
    "a business code without a meaning": (
        lambda d: d["x-business-codes"]["1303"].pop("meaning"),
        "#/x-business-codes/1303: has ['created', 'http-status', 'retry'] instead of",
    ),
    "a business code of unknown consequence": (
        lambda d: d["x-business-codes"]["1303"].update(created="sometimes"),
        "#/x-business-codes/1303: created must be one of ['earlier', 'never', 'perhaps']",
    ),
    "a business code with an unknown remedy": (
        lambda d: d["x-business-codes"]["1303"].update(retry="later"),
        "retry one of ['after-look-up', 'after-waiting', 'never']",
    ),
    "a document without dialects": (lambda d: d.pop("x-dialects"), "#/x-dialects: is missing"),
    "an absence of no dialect": (_refusal(dialect="latin"), "x-absent/0: latin is none of x-dialects"),
    "an absence with an unknown code": (_refusal(code=1299), "x-absent/0: 1299 is none of x-business-codes"),
    "an absence without a code": (_refusal(code=None), "x-absent/0: needs a dialect and a code"),
    "an absence with something unknown": (_refusal(status=400), "x-absent/0: needs a dialect and a code"),
    "an absence in words that nobody recognises": (
        _refusal(**{"message-matches": None}),
        "x-absent/0: needs a dialect and a code, and has message and message-matches or neither",
    ),
    "an absence that is not recognised by its words": (
        _refusal(message="No task for id: {id}"),
        "x-absent/0: message-matches does not match the message",
    ),
    "an absence that is unique": (_refusal(**{"unique-over": "user"}), "x-absent/0: unique-over must be one of"),
    "a duplicate that is unique over nothing": (
        _at(f"{_POST}/x-duplicate/1", lambda row: row.pop("unique-over")),
        "x-duplicate/1: unique-over must be one of ['account', 'user'] in x-duplicate, and is nowhere else",
    ),
    "a deletion in no dialect": (
        _at(_DELETION, lambda answers: answers.pop("live")),
        "delete-elements/post/x-deletion: has other names than x-dialects",
    ),
    "a deletion like no example": (
        _at(_DELETION, lambda answers: answers["live"].update(example="gone")),
        "x-deletion/live: gone is none of the examples",
    ),
    "a deletion that leaves who knows what": (
        _at(_DELETION, lambda answers: answers["live"].pop("remains")),
        "x-deletion/live: has ['example'] instead of ['example', 'remains']",
    ),
    "a parameter without a source": (
        lambda d: d["paths"][f"{ELEMENTS}/{{id}}"].pop("x-source"),
        f"{_GET}/parameters/0: needs an x-source",
    ),
    "an extension that is no object": (_schema("ImageBase64", x_image=5), "ImageBase64/x-image: is no object"),
    "a source that is a list": (_schema("ElementName", x_source=["R04"]), "ElementName/x-source: is of type list"),
    "a limit below nothing": (
        lambda d: d["components"]["schemas"]["ImageBase64"]["x-image"]["displayed-sides"].update({"min-px": -1}),
        "x-image/displayed-sides/min-px: is no positive number",
    ),
    "a reference to nowhere": (
        _schema("ReferImage/properties/image_url", **{"$ref": "#/components/schemas/None"}),
        "ReferImage/properties/image_url/$ref: #/components/schemas/None: no such place",
    ),
    "a length that is no number": (_schema("ElementName", maxLength="x"), "ElementName: /maxLength: "),
    "a pattern that is none": (_schema("ElementName", pattern="["), "ElementName: /pattern: "),
    "a default that its schema refuses": (
        lambda d: d["components"]["parameters"]["PageNumber"]["schema"].update(default=0),
        "PageNumber/schema/default: 0 is less than the minimum of 1",
    ),
    "a reference to itself": (
        _schema("ReferImage/properties/image_url", **{"$ref": "#/components/schemas/ReferImage/properties/image_url"}),
        "image_url/$ref: #/components/schemas/ReferImage/properties/image_url: a reference to itself",
    ),
    "a reference into another file": (
        _schema("ReferImage/properties/image_url", **{"$ref": "other.yaml#/components/schemas/HttpUrl"}),
        "ReferImage/properties/image_url/$ref: other.yaml#/components/schemas/HttpUrl: a reference begins with #",
    ),
    "a reference by a bare name": (
        _schema("ReferImage/properties/image_url", **{"$ref": "HttpUrl"}),
        "ReferImage/properties/image_url/$ref: HttpUrl: a reference begins with #",
    ),
    "no valid OpenAPI": (lambda d: d["info"].pop("title"), '#/info: "title" is a required property'),
    "a misspelt part of an operation": (_at(_POST, lambda post: post.update(sumary="x")), "sumary"),
}


@pytest.mark.parametrize(("change", "expected"), _FAULTS.values(), ids=_FAULTS)
def test_a_fault_is_noticed(document: Any, change: Change, expected: str) -> None:
    """Each fault gives a line that names the place and the fault."""
    faulty = copy.deepcopy(document)
    change(faulty)

    assert [line for line in lint.problems(faulty) if expected in line]


def test_each_rule_of_the_house_has_a_fault() -> None:
    """No house rule is without a planted fault: there are more faults than rules."""
    assert len(_FAULTS) > len(lint.RULES)


def test_a_file_that_is_missing_or_no_yaml_gives_one_clear_error(tmp_path: Path) -> None:
    """The error names the file; a key that stands twice is an error too."""
    broken = tmp_path / "broken.yaml"
    for text in ("a: 1\na: 2\n", "a: [", "- a\n"):
        broken.write_text(text)
        with pytest.raises(SpecError, match=r"broken\.yaml"):
            load(broken)
    with pytest.raises(SpecError, match=r"missing\.yaml"):
        load(tmp_path / "missing.yaml")


def test_a_reference_to_nowhere_gives_one_clear_error(document: Any) -> None:
    """The error names the reference."""
    with pytest.raises(SpecError, match=re.escape("#/components/schemas/Nothing")):
        follow(document, "#/components/schemas/Nothing")
    with pytest.raises(SpecError, match=re.escape("#/components/schemas/Nothing")):
        resolve(document, {"$ref": "#/components/schemas/Nothing"})


def test_the_command_prints_what_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 0 for the file as it is, and with 1 and the problem for a bad one."""
    assert lint.main() == 0
    assert capsys.readouterr().out == "kling-elements.yaml: 0 problems\n"

    document = load()
    document["paths"][f"{ELEMENTS}/{{id}}"]["get"]["parameters"][0]["name"] = "uid"
    monkeypatch.setattr(lint, "load", lambda: document)
    assert lint.main() == 1
    assert "Path parameter 'id'" in capsys.readouterr().out  # what only openapi-spec-validator sees

    def fail() -> Any:
        raise SpecError("kling-elements.yaml: not a mapping")

    monkeypatch.setattr(lint, "load", fail)
    assert lint.main() == 1
    assert capsys.readouterr().out == "kling-elements.yaml: not a mapping\nkling-elements.yaml: 1 problems\n"


def test_the_pattern_of_urls_refuses_white_space_by_itself(document: Any) -> None:
    """Tools that assert no format rely on it; what is in the path is looked at, too."""
    pattern = document["components"]["schemas"]["HttpUrl"]["pattern"]
    good = ("http://a", "HTTPS://u:p@a.b:8/c%20d?e=f#g", "http://a?b", "http://a#b", "http://a/\u00e9")
    bad = (
        "http://a b",
        "http://a/b c",
        "http://u v@a",
        "http:// a",
        "http://a?b\tc",
        "http://a#\nb",
        " http://a",
        "http://",
    )

    assert [] == [url for url in good if not re.search(pattern, url)]
    assert [] == [url for url in bad if re.search(pattern, url)]


def test_no_rule_of_the_contract_stands_elsewhere() -> None:
    """The long numbers of the contract are in no other file that people wrote, but for the tests."""
    numbers = re.compile(r"13[_,]?981[_,]?016|10[_,]?485[_,]?760|209[_,]?715[_,]?200|56[_,]?972[_,]?640")
    root = SPEC.parent.parent
    written = [
        path
        for folder in ("kling_elements", "kling_elements_runtime", "scripts", "tools")
        for path in (root / folder).rglob("*")
        if path.suffix in (".py", ".jinja", ".sh")
        and path.parent.name != "tests"
        and path.name != "equivalents.py"  # names mutants of these numbers
    ]

    assert len(written) > 20
    assert [path.name for path in written if numbers.search(path.read_text("utf-8"))] == []
