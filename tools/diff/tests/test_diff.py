"""`make diff` reports what a change of this contract breaks, and which version the change needs."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract_tests.support.tables import for_each_row
from scripts.nodes import follow
from scripts.spec import load
from tools.diff.__main__ import main, report
from tools.diff.changes import Change, Party
from tools.diff.documents import changes_between
from tools.diff.places import ABSENT
from tools.diff.versions import next_version

_BODY = "#/paths/~1kling~1v1~1general~1delete-elements/post/requestBody/content/application~1json"
_SCHEMAS = "#/components/schemas"
_VIDEO = f"{_SCHEMAS}/ReferVideo/properties/video_url/x-video"


@pytest.fixture(scope="module")
def contract() -> Any:
    return load()


@dataclass(frozen=True, kw_only=True)
class _Edit:
    """A change of the contract, with the broken party and the message."""

    id: str
    at: str
    now: Any
    breaks: str = ""
    says: str = ""


_EDITS = [
    _Edit(
        id="a shorter name", at=f"{_SCHEMAS}/ElementName/maxLength", now=19, breaks="caller", says="20 -> 19 (request)"
    ),
    _Edit(
        id="larger images only",
        at=f"{_SCHEMAS}/ImageBase64/x-image/displayed-sides/min-px",
        now=301,
        breaks="caller",
        says="300 -> 301 (request)",
    ),
    _Edit(
        id="one image format removed",
        at=f"{_SCHEMAS}/ImageBase64/x-image/format/one-of",
        now=["png"],
        breaks="caller",
        says='["jpeg", "png"] -> ["png"] (request)',
    ),
    _Edit(
        id="another size of videos",
        at=f"{_VIDEO}/displayed-size/one-of-px",
        now=[[1080, 1920], [1920, 1080], [1280, 720]],
        breaks="server",
        says="[[1920, 1080], [1080, 1920]] -> [[1080, 1920], [1920, 1080], [1280, 720]] (request)",
    ),
    _Edit(
        id="the sizes of videos in another order",
        at=f"{_VIDEO}/displayed-size/one-of-px",
        now=[[1080, 1920], [1920, 1080]],
    ),
    _Edit(
        id="no tolerance",
        at=f"{_VIDEO}/duration/tolerance-frames",
        now=ABSENT,
        breaks="server",
        says="1 -> nothing (request)",
    ),
    _Edit(
        id="oblong pixels",
        at=f"{_VIDEO}/displayed-size/pixel-aspect",
        now="any",
        breaks="caller and server",
        says='"square" -> "any" (request)',
    ),
    _Edit(
        id="a container of any kind",
        at=f"{_VIDEO}/container",
        now=ABSENT,
        breaks="server",
        says='{"x-source": "R20", "one-of": ["mp4", "mov"]} -> nothing (request)',
    ),
    _Edit(
        id="a new word for a status, for which any text will do",
        at=f"{_SCHEMAS}/TaskStatus/enum",
        now=["submitted", "processing", "succeed", "succeeded", "failed", "deleted"],
        breaks="nobody",
        says='nothing -> ["deleted"]',
    ),
    _Edit(
        id="costs that are texts alone, in responses and callbacks",
        at=f"{_SCHEMAS}/Task/properties/final_unit_deduction/type",
        now=["string", "null"],
        breaks="server",
        says='["string", "number", "null"] -> ["string", "null"] (response)',
    ),
    _Edit(
        id="another envelope",
        at=f"{_SCHEMAS}/TaskResponse/x-envelope/success-codes",
        now=[0],
        breaks="caller and server",
        says='[0, "0", "success", 200] -> [0] (response)',
    ),
]


@for_each_row(_EDITS)
def test_a_change_of_the_contract_breaks_the_expected_party(row: _Edit, contract: Any) -> None:
    """The change is reported once, at its place, even if several operations use that place."""
    changed = copy.deepcopy(contract)
    parent, _, name = row.at.rpartition("/")
    node = follow(changed, parent)
    del node[name]
    if row.now is not ABSENT:
        node[name] = row.now

    lines = [str(change) for change in changes_between(contract, changed)]

    assert ([f"breaks {row.breaks}: {row.at}: {row.says}"] if row.breaks else []) == lines


def test_each_number_of_media_is_compared(contract: Any) -> None:
    """The test raises every limit of images, videos and bodies by one."""
    changed = copy.deepcopy(contract)
    groups = [follow(changed, f"{_BODY}/x-body-size")]
    for pointer in (f"{_SCHEMAS}/ImageBase64/x-image", _VIDEO):
        groups += follow(changed, pointer).values()
    numbers = [(group, name) for group in groups for name, value in group.items() if isinstance(value, int | float)]
    for group, name in numbers:
        group[name] += 1

    reported = [change.pointer.rpartition("/")[2] for change in changes_between(contract, changed)]

    assert 9 == len(numbers)
    assert sorted(name for _, name in numbers) == sorted(reported)


def _changes_that_break(*parties: Party) -> list[Change]:
    return [Change("#", "", 1, 2, frozenset({party}), frozenset()) for party in parties]


@pytest.mark.parametrize(
    ("base", "parties", "needed"),
    [
        ((1, 4, 2), (Party.CALLER, Party.SERVER), (2, 0, 0)),
        ((1, 4, 2), (Party.SERVER,), (1, 5, 0)),
        ((1, 4, 2), (), (1, 4, 2)),
        ((0, 4, 2), (Party.CALLER,), (0, 5, 0)),
        ((0, 4, 2), (Party.SERVER,), (0, 4, 3)),
        ((0, 4, 2), (), (0, 4, 2)),
    ],
)
def test_the_next_version_follows_from_what_a_change_breaks(
    base: tuple[int, int, int], parties: tuple[Party, ...], needed: tuple[int, int, int]
) -> None:
    """Broken callers raise the major version, and broken servers the minor. Before 1.0.0: minor and patch."""
    assert needed == next_version(base, _changes_that_break(*parties))


def _small(version: str = "1.0.0", longest: int = 20, title: str = "Small") -> dict[str, Any]:
    """Return a contract with one operation."""
    body = {"content": {"application/json": {"schema": {"type": "string", "maxLength": longest}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": {"/call": {"post": {"requestBody": body, "responses": {"200": {"description": "Done."}}}}},
    }


_LINE = "breaks caller: #/paths/~1call/post/requestBody/content/application~1json/schema/maxLength: 20 -> 19 (request)"


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("1.0.0", "; info.version is 1.0.0, and must be at least 2.0.0"),
        ("1.9.0", "; info.version is 1.9.0, and must be at least 2.0.0"),
        ("2.0.0", ""),
        ("2.0.0-rc.1+build", ""),
        ("3.1.4", ""),
    ],
)
def test_a_break_needs_a_new_version(version: str, says: str) -> None:
    """The summary for a version that is too low contains the lowest sufficient one."""
    lines, is_enough = report("it", _small(), _small(version, 19))

    assert ([_LINE, f"it: changes: 1, breaking callers: 1, breaking servers: 0{says}"], not says) == (lines, is_enough)


def _git(folder: Path, *arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com"}
    identity |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in identity.items()}
    no_config = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GIT_")}, **identity, **no_config}
    subprocess.run(["git", "-C", str(folder), *arguments], env=environment, check=True, capture_output=True)


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document), "utf-8")  # JSON is YAML


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the contract's path in a separate repository, whose first commit, `empty`, lacks it."""
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as in a git hook, which sets several of these
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "openapi" / "kling-elements.yaml"
    path.parent.mkdir()
    _write(path, _small())
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=empty")
    _git(tmp_path, "tag", "empty")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "--message=contract")
    return path


def _diff(spec: Path, base: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main([f"--spec={spec}", "--", base])
    return code, *capsys.readouterr()


def test_the_command_reports_that_nothing_changed(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command distinguishes that from a change of descriptions only."""
    assert (0, "kling-elements.yaml since HEAD: no change\n", "") == _diff(spec, "HEAD", capsys)

    _write(spec, _small(title="Other"))
    message = "kling-elements.yaml since HEAD: only descriptions changed\n"
    assert (0, message, "") == _diff(spec, "HEAD", capsys)


def test_the_command_fails_for_a_break_until_the_version_is_raised(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints each change and the required version."""
    summary = "kling-elements.yaml since HEAD: changes: 1, breaking callers: 1, breaking servers: 0"

    _write(spec, _small(longest=19))
    missing = "; info.version is 1.0.0, and must be at least 2.0.0\n"
    assert (1, f"{_LINE}\n{summary}{missing}", "") == _diff(spec, "HEAD", capsys)

    _write(spec, _small("2.0.0", longest=19))
    assert (0, f"{_LINE}\n{summary}\n", "") == _diff(spec, "HEAD", capsys)


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("nowhere", "'nowhere' is not a commit of this git repository; set BASE to a branch, a tag or a commit"),
        ("--help", "'--help' is not a commit of this git repository; set BASE to a branch, a tag or a commit"),
        ("", "'' is not a commit of this git repository; set BASE to a branch, a tag or a commit"),
        (
            "HEAD:openapi",
            "'HEAD:openapi' is not a commit of this git repository; set BASE to a branch, a tag or a commit",
        ),
        ("empty", "empty has no openapi/kling-elements.yaml; set BASE to a commit that has this file"),
    ],
)
def test_a_base_that_cannot_be_used_is_an_error(
    spec: Path, capsys: pytest.CaptureFixture[str], base: str, says: str
) -> None:
    """The error is one line that says what is wrong with BASE and how to set it."""
    assert (2, "", f"error: {says}\n") == _diff(spec, base, capsys)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a list", "error: kling-elements.yaml: not a mapping"),
        ("openapi: 3.1.0", "error: the new document is not valid OpenAPI 3.1: #: "),
        (
            json.dumps(_small("soon")),
            "error: #/info/version: soon is not a version of three numbers",
        ),
    ],
)
def test_a_document_that_cannot_be_compared_is_an_error(
    spec: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    """The error names the file or the place in it."""
    spec.write_text(text, "utf-8")

    code, out, error = _diff(spec, "HEAD", capsys)

    assert (2, "") == (code, out)
    assert error.startswith(says)


def test_an_old_document_that_is_broken_is_an_error(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the commit."""
    spec.write_text("- a list", "utf-8")
    _git(spec.parent, "commit", "--quiet", "--all", "--message=broken")
    _write(spec, _small())

    assert (2, "", "error: kling-elements.yaml at HEAD: not a mapping\n") == _diff(spec, "HEAD", capsys)


def test_without_git_there_is_one_clear_error(
    spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install, without a traceback."""
    monkeypatch.setenv("PATH", "")

    assert (2, "", "error: git was not found; install git, or add it to PATH\n") == _diff(spec, "HEAD", capsys)
