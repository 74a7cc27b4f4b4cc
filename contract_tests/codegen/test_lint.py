"""The OpenAPI file follows the rules of the linter."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from scripts.codegen import lint
from scripts.nodes import follow, resolve
from scripts.spec import SPEC, SpecError, load, source


def test_the_contract_follows_every_rule(document: Any) -> None:
    assert [] == lint.find_problems(document)


def test_a_schema_may_refer_to_itself(document: Any) -> None:
    """Recursion is allowed in a request, with and without images."""
    recursive = copy.deepcopy(document)
    for name in ("ReferImage", "NamedTag"):
        recursive["components"]["schemas"][name]["properties"]["inner"] = {"$ref": f"#/components/schemas/{name}"}

    assert [] == lint.find_problems(recursive)


def test_a_missing_or_invalid_file_gives_one_clear_error(tmp_path: Path) -> None:
    """The error names the file. A duplicate key counts as invalid."""
    broken = tmp_path / "broken.yaml"
    for text in ("a: 1\na: 2\n", "a: [", "- a\n"):
        broken.write_text(text)
        with pytest.raises(SpecError, match=r"broken\.yaml"):
            load(broken)
    with pytest.raises(SpecError, match=r"missing\.yaml"):
        load(tmp_path / "missing.yaml")


def test_a_reference_to_nowhere_gives_one_clear_error(document: Any) -> None:
    """The error quotes the reference."""
    with pytest.raises(SpecError, match=re.escape("#/components/schemas/Nothing")):
        follow(document, "#/components/schemas/Nothing")
    with pytest.raises(SpecError, match=re.escape("#/components/schemas/Nothing")):
        resolve(document, {"$ref": "#/components/schemas/Nothing"})


def test_the_command_prints_what_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 0 for the unchanged file, and 1 for a bad one."""
    assert 0 == lint.main()
    assert "kling-elements.yaml: 0 problems\n" == capsys.readouterr().out

    document = source()
    document["components"]["pathItems"]["Element"]["get"]["parameters"][0]["name"] = "uid"
    monkeypatch.setattr(lint, "source", lambda: document)
    assert 1 == lint.main()
    assert "Path parameter 'id'" in capsys.readouterr().out  # only openapi-spec-validator notices this

    def fail() -> Any:
        raise SpecError("kling-elements.yaml: not a mapping")

    monkeypatch.setattr(lint, "source", fail)
    assert 1 == lint.main()
    assert "kling-elements.yaml: not a mapping\nkling-elements.yaml: 1 problems\n" == capsys.readouterr().out


def test_the_url_pattern_alone_refuses_white_space(document: Any) -> None:
    """The pattern also covers the path, because many tools ignore formats."""
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


def test_no_other_file_repeats_a_limit_of_the_contract() -> None:
    """Only tests and the contract contain its long numbers."""
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

    assert written
    assert [] == [path.name for path in written if numbers.search(path.read_text("utf-8"))]
