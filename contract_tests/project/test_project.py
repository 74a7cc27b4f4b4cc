"""The project follows its own rules, and its demonstration shows what it says."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import zipfile
from pathlib import Path
from typing import get_type_hints

import pytest

from kling_elements import KlingElements
from kling_elements_client.models import Task
from kling_elements_runtime.document import operations, walk
from kling_elements_runtime.packaged import packaged
from scripts import demo
from scripts.codegen import generate
from scripts.spec import ROOT, SPEC, load

_CLIENT_NAMES = "UNSET AuthenticatedClient Response Unset api contract errors models types"
_MODEL_NAMES = """
    BalanceDeduction CreateElementResponse DeleteElementRequest DeleteElementResponse Element ElementImageList
    ElementTag ElementVideoList ElementVoice ErrorDetail ErrorResponse ImageElementRequest NamedTag ReferImage
    ReferVideo TagId Task TaskInfo TaskListResponse TaskResponse TaskResult TaskStatus VideoElementRequest
"""
_ERROR_NAMES = """
    AuthenticationError BusinessError ConnectionFailedError ContractError InvalidResponseError KlingError
    MediaError NotFoundError OperationNotOfferedError PermissionDeniedError RateLimitError RequestTimeoutError
    ResponseError ResponseSummary ServerError StatusError TransportError Violation
"""
_CONTRACT_NAMES = """
    CONTRACT CheckedRequest business_codes check document means operation operations schema_violations violations
"""
_FRONT_NAMES = """
    AsyncKlingElements AuthenticationError BatchError BusinessError ConnectionFailedError Contract ContractError
    CreateAllError Element ElementImageList ElementTag ElementUnavailableError ElementVideoList
    ExternalIdUsedError Gateway HttpClientOptions ImageElementRequest InvalidResponseError KlingElements
    KlingError LookUpUnavailableError MediaError NoTaskError NotFoundError OperationNotOfferedError Outcome
    PermissionDeniedError PollPolicy RateLimitError ReferImage ReferVideo RequestTimeoutError ResponseError
    RetryPolicy ServerError StatusError TagId Task TaskError TaskFailedError Timeout TransportError
    UnknownStatusError VideoElementRequest WaitAllError WaitTimeoutError gateways
"""


def test_the_runtime_contains_no_name_of_this_api() -> None:
    """Except for one attribute of errors, the runtime could serve a client of any API."""
    paths = (ROOT / "kling_elements_runtime").rglob("*.py")
    text = "\n".join(path.read_text("utf-8") for path in paths).replace("kling_elements_runtime", "")
    document = load()
    names = {operation["operationId"] for _, _, operation in operations(document)}
    names |= {part for path in document["paths"] for part in path.split("/")} | document["components"]["schemas"].keys()
    for _, node in walk(document["components"]):
        if isinstance(node, dict):
            names |= {*node.get("properties", ()), *([node["name"]] if "in" in node else [])}
    compound = {name for name in names if re.search("[_-]|[a-z][A-Z]", name)}  # a single word may mean something else

    assert {"external_task_id", "request_id"} == compound & set(re.findall(r"[\w-]+", text))
    assert not re.findall("kling|subject|kkiai|openai", text.lower())
    words = "(?<![a-z])(?:tasks?|elements?)(?![a-z])"
    exceptions = "external_task_id|task-ids|tasks of one event loop|task that runs"  # errors, x-envelope, and asyncio's
    assert not re.findall(words, re.sub(exceptions, "", text.lower()))


def test_the_extensions_that_the_runtime_reads_are_generic() -> None:
    """The runtime uses only the extensions that openapi/extensions.md calls generic."""
    page = (ROOT / "openapi" / "extensions.md").read_text("utf-8")
    extensions = set(re.findall("`(x-[a-z-]+)`", "".join(re.findall(r"(?m)^\| (`.+?) \|", page))))
    (generic,) = re.findall(r"(?s)`kling_elements_runtime` reads (.+?)\. These are generic", page)
    text = "".join(path.read_text("utf-8") for path in (ROOT / "kling_elements_runtime").rglob("*.py"))

    assert extensions
    assert set(re.findall("x-[a-z-]+", generic)) == extensions & set(re.findall(r"\bx-[a-z-]+", text))


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("kling_elements_client", _CLIENT_NAMES),
        ("kling_elements_client.models", _MODEL_NAMES),
        ("kling_elements_client.errors", _ERROR_NAMES),
        ("kling_elements_client.contract", _CONTRACT_NAMES),
        ("kling_elements", _FRONT_NAMES),
        ("kling_elements.mock", "create_app"),
    ],
)
def test_the_public_names_are_these(module: str, names: str) -> None:
    """Each module exports exactly the names in the tables above."""
    imported = importlib.import_module(module)

    assert sorted(names.split()) == sorted(imported.__all__)
    assert all(getattr(imported, name) is not None for name in imported.__all__)
    assert set(imported.__all__) <= set(dir(imported))


def test_each_export_list_is_complete() -> None:
    """The `__all__` of a module has each public class and function that it defines."""
    paths = [path for folder in ("kling_elements_runtime", "kling_elements") for path in (ROOT / folder).rglob("*.py")]
    listing = [path for path in paths if "\n__all__ = " in path.read_text("utf-8")]
    forgotten = {}
    for path in listing:
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        own = {
            name
            for name, value in vars(module).items()
            if inspect.isroutine(value) or inspect.isclass(value)
            if value.__module__ == module.__name__ and not name.startswith("_")
        }
        forgotten[module.__name__] = own - set(module.__all__)

    assert "kling_elements.webhooks" in forgotten
    assert {} == {name: names for name, names in forgotten.items() if names}


def test_the_contract_can_be_read_from_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package in a packed program has no folder."""
    archive = tmp_path / "program.pyz"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed_client/__init__.py", "")
        packed.writestr("packed_client/openapi.json", '{"openapi": "3.1.0"}')
    monkeypatch.syspath_prepend(archive)

    assert {"openapi": "3.1.0"} == packaged("packed_client.contract")()


@pytest.mark.parametrize("module", ["kling_elements", "kling_elements.media"])
def test_public_type_hints_can_be_resolved(module: str) -> None:
    """The hints can be resolved at run time, as frameworks do."""
    imported = importlib.import_module(module)
    public = [getattr(imported, name) for name in imported.__all__]
    functions = [item for item in public if inspect.isfunction(item)]
    classes = [item for item in public if inspect.isclass(item)]
    functions += [function for item in classes for function in vars(item).values() if inspect.isfunction(function)]

    unresolved = []
    for item in (*functions, *classes):
        try:
            get_type_hints(item)
        except NameError as error:  # pragma: no cover - names that only type checkers see
            unresolved.append(f"{item}: {error}")

    assert functions
    assert [] == unresolved


def test_make_fuzz_runs_all_generated_tests() -> None:
    """The target must run every module that reads the number of examples from the environment."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (run,) = re.findall("KLING_FUZZ=.* pytest (.*)$", makefile, re.MULTILINE)
    modules = (ROOT / "contract_tests").rglob("test_*.py")
    asking = {path for path in modules if re.search(r'environ\.get\("KLING_FUZZ"', path.read_text("utf-8"))}

    assert asking
    assert asking == {path for pattern in run.split() for path in ROOT.glob(pattern)}


def test_the_demo_creates_an_element_and_recovers_a_lost_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo shows a refused request, an element, a lost response and its recovery, and says what to try next."""
    assert 0 == demo.main()

    printed = capsys.readouterr().out
    assert "kling_elements_client: up to date" in printed
    assert ["R04", "R16", "R33"] == re.findall(r"\[(R\d\d)\]$", printed, re.MULTILINE)
    assert 2 == len(re.findall(r"frontal_image=\w*Path\('.*grace_hopper\.jpg'\)", printed))
    assert printed.index("Rear Admiral Grace Hopper") < printed.index("[R04]")
    assert "throws away on purpose" in printed
    first, second = re.findall(r"element_id: ([0-9]+)$", printed, re.MULTILINE)
    assert 2**53 < int(first) < int(second)
    assert "outcome: may_exist, external_task_id: grace-hopper-2" in printed
    assert "1 element with this external_task_id" in printed
    assert "What to try next:" == printed.splitlines()[-4]


def test_the_demo_stops_if_the_client_cannot_be_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo does not continue with an old client."""
    monkeypatch.setattr(generate, "main", lambda _: 1)

    assert 1 == demo.main()


def test_the_demo_fails_if_the_bad_request_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo must show what it claims."""
    monkeypatch.setattr(KlingElements, "create", lambda *_: Task(task_id="7"))

    assert 1 == demo.main()
    assert capsys.readouterr().out.endswith("error: the request was sent, although it breaks the contract\n")


def test_locked_requirements_have_hashes_and_no_addresses() -> None:
    """Packages can come from any index, but only in the locked form."""
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text("utf-8")
        assert "://" not in text
        pinned = re.findall(r"^[a-z]\S*==.*$", text, re.MULTILINE)
        assert pinned == re.findall(r"^[a-z]\S*==.*\\$(?=\n    --hash=sha256:)", text, re.MULTILINE)
        assert pinned == [line for line in text.splitlines() if not line.startswith("    --hash=")]


def test_locked_npm_programs_have_hashes_and_no_addresses() -> None:
    """Programs can come from any registry, and package.json requires exact versions."""
    asked, locked = (
        json.loads((ROOT / "requirements" / f"package{end}.json").read_text("utf-8")) for end in ("", "-lock")
    )
    packages = {name: package for name, package in locked["packages"].items() if name}

    assert asked["dependencies"] == locked["packages"][""]["dependencies"]
    assert asked["dependencies"] == {
        name: packages[f"node_modules/{name}"]["version"] for name in asked["dependencies"]
    }
    assert [] == [name for name, package in packages.items() if "integrity" not in package or "resolved" in package]


def test_the_generator_is_pinned_exactly() -> None:
    """Otherwise another version could generate a different client."""
    assert '"openapi-python-client==' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_no_hand_written_module_is_too_long() -> None:
    """Hand-written modules have at most 400 lines."""
    folders = ("kling_elements_runtime", "kling_elements", "scripts", "tools", "contract_tests")
    written = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]

    assert written
    assert [] == [path.name for path in written if len(path.read_text("utf-8").splitlines()) > 400]


def test_the_client_contains_the_current_contract() -> None:
    """The client's document equals openapi/kling-elements.yaml."""
    contract = importlib.import_module("kling_elements_client.contract")

    assert contract.document() == load(SPEC)


def test_each_row_of_a_table_has_a_name(request: pytest.FixtureRequest) -> None:
    """No test that is collected with this one has a row number in its id."""
    unnamed = r"(?:^|-)(?:{}\d+|<lambda>\d*)(?:-|$)"
    tables = [item for item in request.session.items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]

    assert [] == [
        item.nodeid
        for item in tables
        for name in item.callspec.params
        if re.search(unnamed.format(name), item.callspec.id)
    ]
