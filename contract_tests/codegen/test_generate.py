"""`make gen` generates the committed client. A failure changes nothing."""

from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from scripts.codegen import generate, lint
from scripts.codegen.generate import CLIENT, EDITS, HEADER
from scripts.spec import ROOT, SPEC, SpecError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a client generated from the unchanged contract."""
    target = tmp_path_factory.mktemp("made") / "client"
    generate.generate(target)
    return target


def _changed_spec(folder: Path, old: str, new: str) -> Path:
    """Return the contract's YAML with one string replaced, which must occur exactly once."""
    text = SPEC.read_text("utf-8")
    assert 1 == text.count(old)
    path = folder / "changed.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    shutil.copytree(SPEC.parent / "gateways", folder / "gateways")
    return path


def test_the_committed_client_is_up_to_date(made: Path) -> None:
    """The generator writes the committed files, byte for byte, and no others."""
    assert [] == generate.differences(CLIENT, made)


def test_every_module_says_where_it_comes_from(made: Path) -> None:
    """The first line of each module warns against edits."""
    assert {path.read_text("utf-8").splitlines()[0] for path in made.rglob("*.py")} == {HEADER.strip()}


def test_the_client_is_marked_as_typed_and_as_generated(made: Path) -> None:
    """Type checkers can therefore use its types, and reviews collapse its files."""
    assert (made / "py.typed").is_file()
    assert "generated_client/** linguist-generated" in (ROOT / ".gitattributes").read_text("utf-8")


def test_a_change_of_the_contract_makes_the_client_out_of_date(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` only lists the outdated files. Without it, the command updates and lists them."""
    target = tmp_path / "client"
    assert 0 == generate.main(["--target", str(target)])
    capsys.readouterr()
    changed = ["--target", str(target), "--spec", str(_changed_spec(tmp_path, "maxLength: 20\n", "maxLength: 21\n"))]

    assert 1 == generate.main(["--check", *changed])
    first, *others = capsys.readouterr().out.splitlines()
    assert first.startswith("out of date")
    assert {
        "~ openapi.json",
        "~ models/image_element_request.py",
        "~ models/video_element_request.py",
    } == set(others)
    assert [] == generate.differences(target, made)

    assert 0 == generate.main(changed)
    assert "client: 3 files changed" == capsys.readouterr().out.splitlines()[0]
    assert 0 == generate.main(["--check", *changed])
    assert {"client", "changed.yaml", "gateways"} == {path.name for path in tmp_path.iterdir()}


def test_new_removed_and_changed_files_are_listed(tmp_path: Path) -> None:
    """The lines are marked `+`, `-` and `~`. Byte code is ignored."""
    for name, text in {"old/gone": "", "old/same": "1", "old/other": "1", "new/same": "1", "new/other": "2"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "new/come").touch()
    (tmp_path / "new/__pycache__").mkdir()
    (tmp_path / "new/__pycache__/x.pyc").touch()

    assert ["- gone", "+ come", "~ other"] == generate.differences(tmp_path / "old", tmp_path / "new")


def test_a_broken_contract_leaves_the_old_client_unchanged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints the problem without a traceback, and the old client stays."""
    target = tmp_path / "client"
    target.mkdir()
    (target / "kept").write_text("old")
    spec = _changed_spec(tmp_path, "maxLength: 20\n", "maxLenght: 20\n")

    assert 1 == generate.main(["--target", str(target), "--spec", str(spec)])
    captured = capsys.readouterr()
    assert "" == captured.out
    assert captured.err == (
        "error: the client was not generated\n#/components/schemas/ElementName: unknown keyword maxLenght\n"
    )
    assert ["kept"] == [path.name for path in target.iterdir()]
    assert {"client", "changed.yaml", "gateways"} == {path.name for path in tmp_path.iterdir()}


def _unmovable(path: Path, _: Path) -> Path:
    raise OSError(28, f"no room for {path.name}")


@pytest.mark.parametrize("files", [["kept"], []], ids=["an old client", "no old client"])
def test_a_failed_swap_keeps_the_old_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: list[str]
) -> None:
    """The old client is restored, and the command fails with the reason."""
    target = tmp_path / "client"
    for name in files:
        target.mkdir()
        (target / name).touch()
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda path, to: (_unmovable if path.name == "new" else rename)(path, to))

    assert 1 == generate.main(["--target", str(target)])
    assert capsys.readouterr().err.endswith(f"{target}: no room for new\n")
    assert [path.name for path in tmp_path.rglob("*")] == [*(["client"] if files else []), *files]


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ({"endpoint_macros.py.jinja": [("no such text", "")]}, "found 0 times instead of once: no such text"),
        ({"endpoint_macros.py.jinja": [("endpoint", "")]}, r"found \d+ times instead of once: endpoint"),
        ({**EDITS, "setup.py.jinja": []}, "the generator does not use: setup.py.jinja"),
    ],
    ids=["an anchor that is gone", "an anchor that is not unique", "a template that is not used"],
)
def test_an_outdated_template_edit_stops_the_generator(tmp_path: Path, edits: Any, says: str) -> None:
    """Otherwise a new version of the generator could silently drop an edit."""
    with pytest.raises(SpecError, match=says):
        generate.generate(tmp_path / "client", edits=edits)


def test_a_warning_stops_the_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing formatter, for example, is an error."""
    monkeypatch.setattr(generate, "FORMATTING", ["no-such-formatter ."])

    with pytest.raises(SpecError, match="no-such-formatter is not in PATH"):
        generate.generate(tmp_path / "client")


def _accept_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the linter find nothing."""
    monkeypatch.setattr(lint, "find_problems", lambda _: [])
    monkeypatch.setattr(lint, "gateway_problems", lambda _: [])


def test_an_unreadable_document_stops_the_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error contains the message of the generator."""
    _accept_everything(monkeypatch)
    spec = _changed_spec(tmp_path, "openapi: 3.1.0\n", "openapi: 2.0.0\n")

    with pytest.raises(SpecError, match="openapi"):
        generate.generate(tmp_path / "client", spec)


def test_an_operation_without_an_operation_id_stops_the_generator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the generator would invent a name."""
    _accept_everything(monkeypatch)
    spec = _changed_spec(tmp_path, "\n        operationId: getElement\n", "\n")

    with pytest.raises(SpecError, match="needs an operationId"):
        generate.generate(tmp_path / "client", spec)


def test_a_success_may_have_another_status(tmp_path: Path) -> None:
    """The client reads the response with any success status that the contract has."""
    spec = _changed_spec(tmp_path, "'200':\n            x-source: R34\n", "'201':\n            x-source: R34\n")

    generate.generate(tmp_path / "client", spec)

    assert ["~ openapi.json"] == generate.differences(CLIENT, tmp_path / "client")


_CREATED_TASK = """\
          description: The task that was created.
          anyOf:
            - $ref: '#/components/schemas/Task'
"""
_AFTER_SUCCESS = "                description: Look up the task that was created, by its id.\n          "
_REQUEST_BODY = "        requestBody:\n          x-source: R03\n"
_PARAMETERS = "        parameters:\n          - {name: a, in: %s, x-source: upstream, schema: {type: string}}\n"
_EXTERNAL_ID = """\
        external_task_id:
          description: Your own id for the task.
          type: [string, 'null']
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            _CREATED_TASK,
            _CREATED_TASK + "            - {type: array, items: {$ref: '#/components/schemas/TaskInfo'}}\n",
            "property data: a choice between several classes is not supported",
        ),
        (
            f"{_AFTER_SUCCESS}'400'",
            f"{_AFTER_SUCCESS}'202'",
            "operation create_element: needs exactly one response of success",
        ),
        (
            _REQUEST_BODY,
            _PARAMETERS % "header" + _REQUEST_BODY,
            "operation create_element: needs one body at most, and no parameters in headers or cookies",
        ),
        (
            _REQUEST_BODY,
            _PARAMETERS % "cookie" + _REQUEST_BODY,
            "operation create_element: needs one body at most, and no parameters in headers or cookies",
        ),
    ],
    ids=["two classes for one property", "two responses of success", "a header", "a cookie"],
)
def test_a_feature_that_the_templates_lack_is_an_error(tmp_path: Path, old: str, new: str, says: str) -> None:
    """The generator stops, because the generated code would be wrong."""
    with pytest.raises(SpecError, match=re.escape(says)):
        generate.generate(tmp_path / "client", _changed_spec(tmp_path, old, new))


def test_a_python_keyword_keeps_its_name_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The property `from` becomes the field `from_`, but stays `from` in JSON."""
    renamed = _EXTERNAL_ID.replace("external_task_id", "from")
    spec = _changed_spec(tmp_path, _EXTERNAL_ID, renamed)
    generate.generate(tmp_path / "client_with_from", spec)
    monkeypatch.syspath_prepend(tmp_path)
    info = importlib.import_module("client_with_from.models").TaskInfo

    made = info.from_dict({"from": "x", "to": "y"})

    assert "x" == made.from_
    assert {"from": "x", "to": "y"} == made.to_dict()
    assert {"from": "z"} == info(from_="z").to_dict()
