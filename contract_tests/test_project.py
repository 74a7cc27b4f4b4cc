"""The project keeps its own rules, and its documents say what is so."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import respx

from kling_elements_client.api.elements import create_element
from scripts import demo, generate, wording
from scripts.spec import ROOT, SPEC, load

_README = (ROOT / "README.md").read_text("utf-8")
_DOCUMENTS = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "ADR.md", "CHANGELOG.md"]
_CLIENT_NAMES = "UNSET AuthenticatedClient Response Unset api contract errors models types"
_MODEL_NAMES = """
    CreateElementResponse CreatedTask ElementImageList ElementTag ElementVideoList ErrorDetail ErrorResponse
    ImageElementRequest ReferImage ReferVideo TagId TaskInfo TaskStatus VideoElementRequest
"""
_ERROR_NAMES = """
    Answer AuthenticationError BusinessError ContractError InvalidResponse KlingError NotFoundError
    PermissionDeniedError RateLimitError ResponseError ServerError StatusError TransportError Violation
"""
_CONTRACT_NAMES = "CheckedRequest Operation check document operations schema_violations violations"
_GENERATED, _WRITTEN = ROOT / "generated_client" / "kling_elements_client", ROOT / "kling_elements"


def _imported(path: Path) -> set[str]:
    """The top-level names of what a module imports; a relative import counts as none."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [(_GENERATED, {"kling_elements", "scripts", "contract_tests"}), (_WRITTEN, {"scripts", "contract_tests"})],
    ids=["generated", "hand-written"],
)
def test_imports_run_one_way(package: Path, forbidden: set[str]) -> None:
    """The client knows nothing of what is built on it, and neither package needs the tests or the scripts."""
    modules = list(package.rglob("*.py"))

    assert len(modules) > 5
    assert [path.name for path in modules if _imported(path) & forbidden] == []


def test_the_packages_need_only_what_they_declare() -> None:
    """Without the extra, nothing but the standard library and the runtime dependencies is imported."""
    allowed = {*sys.stdlib_module_names, "attrs", "httpx", "jsonschema_rs", "PIL", "kling_elements_client"}
    allowed |= {"kling_elements", "uvicorn"}  # uvicorn is in the extra
    found = set[str]().union(*(_imported(path) for tree in (_GENERATED, _WRITTEN) for path in tree.rglob("*.py")))

    assert found - allowed == set()


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("kling_elements_client", _CLIENT_NAMES),
        ("kling_elements_client.models", _MODEL_NAMES),
        ("kling_elements_client.errors", _ERROR_NAMES),
        ("kling_elements_client.contract", _CONTRACT_NAMES),
        ("kling_elements.mock", "create_app"),
    ],
)
def test_the_public_names_are_these(module: str, names: str) -> None:
    """What is exported is what is listed here, each of it is there, and nothing is exported by accident."""
    imported = importlib.import_module(module)

    assert sorted(names.split()) == sorted(imported.__all__)
    assert all(getattr(imported, name) is not None for name in imported.__all__)
    assert set(imported.__all__) <= set(dir(imported))


def test_a_name_that_the_client_does_not_have_is_an_attribute_error() -> None:
    """As for any module."""
    client = importlib.import_module("kling_elements_client")

    with pytest.raises(AttributeError, match="'kling_elements_client' has no attribute 'Client'"):
        _ = client.Client


def test_importing_the_client_loads_nothing_heavy() -> None:
    """httpx, attrs, jsonschema-rs and Pillow come with the first use."""
    code = "import sys, kling_elements_client; print({'httpx', 'attrs', 'jsonschema_rs', 'PIL'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


def test_the_readme_shows_the_rules_as_the_spec_has_them() -> None:
    """The table is the one that follows from the spec."""
    shown = _README.partition("<!-- rules -->\n")[2].partition("<!-- /rules -->")[0].splitlines()

    table = wording.rules_table(load())
    assert table == shown, "put this between the marks of README.md:\n" + "\n".join(table)


def test_the_readme_names_targets_that_exist() -> None:
    """Each `make` command of the documents is a target with a line of help, and `make help` shows it."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    named = {
        name for path in _DOCUMENTS for name in re.findall(r"[`$] ?make ([a-z]+)\b", (ROOT / path).read_text("utf-8"))
    }
    command = ["make", "--no-print-directory", "help"]
    helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {"demo", "test", "gen", "mock", "fuzz", "lint"} <= targets
    assert named - targets == set()
    assert targets == {line.split()[0] for line in helped.splitlines()}


def test_ci_runs_the_command_of_the_readme() -> None:
    """What is green in CI is what a newcomer runs."""
    assert "$ make test" in _README
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_every_path_in_the_documents_exists(document: str) -> None:
    """Links and code spans that look like a path of this project are one."""
    text = (ROOT / document).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    folders = "openapi|generated_client|kling_elements|contract_tests|scripts|requirements"
    spans = re.findall(rf"`((?:{folders})/[\w./-]*)`", text)

    assert [path for path in (*links, *spans) if not (ROOT / path).exists()] == []


def test_the_example_of_the_readme_works(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It sends one request and prints the task; changed to break a rule, it sends none and prints which."""
    (example,) = re.findall(r"```python\n(.*?)```", _README, re.DOTALL)
    monkeypatch.setenv("KLING_API_KEY", "test-token")
    task = {"task_id": "7", "task_status": "submitted"}
    with respx.mock(base_url=load()["servers"][0]["url"]) as gateway:
        route = gateway.post("/kling/v1/general/advanced-custom-elements").respond(json={"code": 0, "data": task})

        exec(compile(example, "README.md", "exec"), {})
        assert capsys.readouterr().out == "CreatedTask(task_id='7', task_status=<TaskStatus.SUBMITTED: 'submitted'>)\n"
        assert route.call_count == 1

        exec(compile(example.replace('"Mara"', '""'), "README.md", "exec"), {})
        assert capsys.readouterr().out == "/element_name: has 0 characters, at least 1 needed [R04]\n"
        assert route.call_count == 1


def test_the_example_of_the_readme_is_short() -> None:
    """It is what a newcomer reads first: about 15 lines besides the imports."""
    (example,) = re.findall(r"```python\n(.*?)```", _README, re.DOTALL)
    lines = [line for line in example.splitlines() if line and not line.startswith("from ")]

    assert len(lines) <= 15


def test_the_demonstration_creates_a_subject_and_shows_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """It ends by itself, with an answer of the server and with the violations of a request that was not sent."""
    assert demo.main() == 0

    printed = capsys.readouterr().out
    assert "kling_elements_client: up to date" in printed
    assert "frontal_image=<81744 characters>" in printed
    assert "HTTP 200" in printed
    assert '"task_status": "submitted"' in printed
    assert re.findall(r"\[(R\d\d)\]$", printed, re.MULTILINE) == ["R04", "R16", "R33"]


def test_the_demonstration_stops_when_the_client_cannot_be_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not go on with an old client."""
    monkeypatch.setattr(generate, "main", lambda _: 1)

    assert demo.main() == 1


def test_the_demonstration_fails_if_the_bad_request_is_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A demonstration that no longer shows what it says is an error."""
    monkeypatch.setattr(create_element, "sync", lambda **_: httpx.Response(200))

    assert demo.main() == 1
    assert capsys.readouterr().out.endswith("error: the request was sent\n")


def test_the_locked_requirements_have_hashes_and_no_address() -> None:
    """They can be installed from any index, and only as they were resolved."""
    for path in (ROOT / "requirements").iterdir():
        text = path.read_text("utf-8")
        assert "://" not in text
        pinned = re.findall(r"^[a-z]\S*==.*$", text, re.MULTILINE)
        assert pinned == re.findall(r"^[a-z]\S*==.*\\$(?=\n    --hash=sha256:)", text, re.MULTILINE)
        assert pinned == [line for line in text.splitlines() if not line.startswith("    --hash=")]


def test_the_generator_is_pinned_exactly() -> None:
    """Another version would make another client."""
    assert '"openapi-python-client==' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_no_file_is_longer_than_a_reader_likes() -> None:
    """Modules that people wrote have at most 400 lines, tests aside."""
    written = [path for folder in ("kling_elements", "scripts") for path in (ROOT / folder).rglob("*.py")]

    assert len(written) > 10
    assert [path.name for path in written if len(path.read_text("utf-8").splitlines()) > 400] == []


def test_the_spec_in_the_client_is_the_spec() -> None:
    """The document that the client ships is the file that people write."""
    contract = importlib.import_module("kling_elements_client.contract")

    assert contract.document() == load(SPEC)
