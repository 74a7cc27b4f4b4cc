"""Imports run one way, and each module has its tests where you would look for them."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import pytest

from contract_tests.support.tables import for_each_row
from scripts.spec import ROOT

_PRODUCT = ("kling_elements_runtime", "generated_client/kling_elements_client", "kling_elements")
_TOOLS = ("mutate", "bench", "live", "diff", "interop", "browser")


def _imports(source: str, package: str) -> set[str]:
    """Return the full names that a module of a package imports, such as `a.b.c` for `from a.b import c`."""
    names = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def _package(folder: str) -> str:
    """Return the package name of a folder."""
    return folder.removeprefix("generated_client/").replace("/", ".")


def _imports_by_module(folder: str) -> dict[str, set[str]]:
    """Return the imports of each module in a folder, or of a single module, by path."""
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.py")) or sorted(ROOT.glob(folder))]
    return {str(path): _imports((ROOT / path).read_text("utf-8"), _package(str(path.parent))) for path in paths}


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """A rule about what the modules of a folder must not import.

    Attributes:
        folder: The folder, or a pattern of modules.
        never: A regular expression that matches the beginning of the forbidden names.
        refused: An example of an import that breaks the rule.
        allowed: A similar import that does not.
    """

    folder: str
    never: str
    refused: str
    allowed: str

    @property
    def id(self) -> str:
        return f"{self.folder} never {self.never}"

    def violations(self, imported: dict[str, set[str]]) -> list[str]:
        """Return the forbidden imports, each with its module."""
        return [
            f"{path}: {name}"
            for path, names in imported.items()
            for name in sorted(names)
            if re.match(rf"(?:{self.never})(?:\.|$)", name)
        ]


_OUTSIDE = "scripts|tools|contract_tests"
_LEAVES = (
    *("advice", "clock", "elements", "errors", "media_limits", "numbers", "outcomes", "policies", "tasks"),
    "usable_contract",
)
_ARROWS = [
    Arrow(
        folder="kling_elements_runtime",
        never=f"kling_elements|kling_elements_client|{_OUTSIDE}",
        refused="from kling_elements_client import models",
        allowed="from .errors import KlingError",
    ),
    Arrow(
        folder="kling_elements_runtime/transport",
        never=r"kling_elements_runtime\.(?!(?:transport|addresses|blocking|deadline)\b)\w+",
        refused="from ..responses import UNREADABLE",
        allowed="from . import responses",
    ),
    Arrow(
        folder="generated_client/kling_elements_client",
        never=f"kling_elements|{_OUTSIDE}",
        refused="from kling_elements import media",
        allowed="import kling_elements_runtime",
    ),
    Arrow(
        folder="kling_elements",
        never=_OUTSIDE,
        refused="if TYPE_CHECKING:\n    from contract_tests.support import peers",
        allowed="from .mock import tools",
    ),
    Arrow(
        folder="kling_elements/*.py",
        never=r"kling_elements\.(?:cli|mock|testing)",
        refused="from kling_elements.mock import create_app",
        allowed="from kling_elements.media import image",
    ),
    *(
        Arrow(
            folder=f"kling_elements/{leaf}.py",
            never=rf"kling_elements\.(?!(?:{'|'.join(_LEAVES)})\b)\w+",
            refused="def f():\n    from kling_elements.media import sources",
            allowed="from kling_elements.errors import TaskError",
        )
        for leaf in _LEAVES
    ),
    Arrow(
        folder="kling_elements/lifecycle",
        never=r"kling_elements\.(?:cli|mock|testing|client|async_client|client_base)",
        refused="from kling_elements.client import KlingElements",
        allowed="from kling_elements.media import image",
    ),
    Arrow(
        folder="kling_elements/media",
        never=r"kling_elements\.(?!(?:media|media_limits|clock|numbers|usable_contract)\b)\w+",
        refused="from ..outcomes import Outcome",
        allowed="from . import outcomes",
    ),
    Arrow(
        folder="kling_elements/mock",
        never=r"kling_elements\.(?!(?:mock|gateway_catalog|numbers|strict_json|usable_contract|webhooks)\b)\w+",
        refused="from kling_elements.testing import respx_router",
        allowed="from kling_elements import strict_json",
    ),
    Arrow(
        folder="kling_elements/testing",
        never=r"kling_elements\.(?!(?:testing|gateway_catalog|mock)\b)\w+",
        refused="from kling_elements.tasks import Progress",
        allowed="from kling_elements.mock import control",
    ),
    Arrow(
        folder="kling_elements/cli",
        never=r"kling_elements\.lifecycle",
        refused="from kling_elements.lifecycle.preflight import check",
        allowed="from kling_elements.advice import without_advice",
    ),
    Arrow(
        folder="scripts",
        never="tools|contract_tests",
        refused="def f():\n    from tools import diff",
        allowed="from . import tools",
    ),
    Arrow(
        folder="scripts/spec.py",
        never=rf"kling_\w+|{_OUTSIDE}",
        refused="from kling_elements_runtime.document import Node",
        allowed="from ruamel.yaml import YAML",
    ),
    Arrow(
        folder="contract_tests/reading",
        never=rf"(?!contract_tests\.reading\.)(?:kling_elements|kling_elements_client|kling_elements_runtime|{_OUTSIDE})",
        refused="import kling_elements.media as m",
        allowed="from contract_tests.reading import cases",
    ),
    Arrow(
        folder="contract_tests/reading",
        never=r"contract_tests\.(?!reading\b)\w+",
        refused="from ..support import peers",
        allowed="from . import support",
    ),
    Arrow(
        folder="contract_tests/support",
        never=r"scripts|tools|contract_tests\.(?!(?:reading|support)\b)\w+",
        refused="from contract_tests.runtime.common import X",
        allowed="from contract_tests.reading.cases import X",
    ),
    Arrow(
        folder="contract_tests",
        never="tools",
        refused="from tools.live.client_reading import read",
        allowed="from contract_tests.support import tools",
    ),
    *(
        Arrow(
            folder=f"tools/{name}",
            never=rf"tools\.(?!{name}\b)\w+",
            refused="from tools.other.parts import X",
            allowed=f"from tools.{name} import X",
        )
        for name in _TOOLS
    ),
    *(
        Arrow(
            folder=folder,
            never=r"(?:\w+\.)*test_\w+",
            refused="from tools.live.tests import test_live",
            allowed="import pytest",
        )
        for folder in ("scripts", "tools", "contract_tests")
    ),
]


@for_each_row(_ARROWS, "arrow")
def test_imports_run_one_way(arrow: Arrow) -> None:
    """No module makes a forbidden import."""
    imported = _imports_by_module(arrow.folder)

    assert imported
    assert [] == arrow.violations(imported)


@for_each_row(_ARROWS, "arrow")
def test_a_forbidden_import_is_reported(arrow: Arrow) -> None:
    """Each rule reports its example, wherever and however a module writes the import."""
    imported = {name: _imports(getattr(arrow, name), _package(arrow.folder)) for name in ("refused", "allowed")}

    (violation,) = arrow.violations(imported)
    assert violation.startswith("refused: ")


def test_the_packages_import_only_declared_dependencies() -> None:
    """The packages import only the standard library, the runtime dependencies and the extras."""
    declared = {"aiohappyeyeballs", "attrs", "httpcore", "httpx", "jsonpath", "jsonschema_rs", "PIL"}
    declared |= {"pybase64", "ssrfguard", "standardwebhooks"}
    declared |= {"kling_elements", "kling_elements_client", "kling_elements_runtime"}
    extras = {"av", "cyclopts", "httptools", "platformdirs", "pytest", "respx", "rich", "ruamel", "uvicorn"}
    modules = set[str]().union(*(names for folder in _PRODUCT for names in _imports_by_module(folder).values()))
    names = {name.partition(".")[0] for name in modules}

    assert set() == names - declared - extras - sys.stdlib_module_names


_WEBHOOKS = ("kling_elements/webhooks.py", "kling_elements/strict_json.py")
_TESTED = {
    "contract_tests/codegen": ("scripts/*.py", "scripts/codegen/*.py"),
    "contract_tests/contract": ("contract_tests/reading/*.py",),
    "contract_tests/runtime": ("kling_elements_runtime/*.py",),
    "contract_tests/runtime/transport": ("kling_elements_runtime/transport/*.py",),
    "contract_tests/cli": ("kling_elements/cli/**/*.py",),
    "contract_tests/front": ("kling_elements/*.py",),
    "contract_tests/lifecycle": ("kling_elements/lifecycle/*.py",),
    "contract_tests/media": ("kling_elements/media/*.py",),
    "contract_tests/mock": ("kling_elements/mock/*.py",),
    "contract_tests/testing": ("kling_elements/testing/*.py",),
    "contract_tests/webhooks": _WEBHOOKS,
    "contract_tests/project": (),
    **{f"tools/{name}/tests": (f"tools/{name}/*.py", f"tools/{name}/programs/*.py") for name in _TOOLS},
}
_OF_SEVERAL_MODULES = {
    "test_deadlines.py": "a call ends in time",
    "test_documents.py": "the code of the documents runs, and everything in them exists",
    "test_fault_matrix.py": "no fault leads to a second element, and outcomes are true",
    "test_gateway_lives.py": "elements live and die at each gateway",
    "test_generated.py": "client, mock server and oracle agree on generated bodies",
    "test_generated_operations.py": "client, mock server and oracle agree on generated requests",
    "test_imports.py": "imports run one way",
    "test_killed_server.py": "a server that is killed in the middle loses nothing that it answered",
    "test_live_responses_client.py": "recorded responses of services are read as what they mean",
    "test_loosened_rule.py": "a loosened limit is noticed",
    "test_names.py": "a class name means one thing",
    "test_operations.py": "each rule of the other operations, at its limits",
    "test_private_names.py": "the private names of httpx and httpcore are used in two modules only",
    "test_project.py": "the rules of the project, and its demonstration",
    "test_rules.py": "each rule of a create, at its limits, checked four ways",
    "test_schemathesis_run.py": "Schemathesis finds nothing wrong with the mock server",
    "test_secrets.py": "no text shows the token",
    "test_secrets_of_images.py": "no text shows an image",
    "test_spoiled_responses.py": "damaged responses lead to no second element",
    "test_typing.py": "type checkers read the client as its users need it",
    "test_wire_requests.py": "what calls send",
    "test_wire_responses.py": "what calls return and raise",
}
_TESTED_THROUGH = {
    "kling_elements/cli/__main__.py": "test_start.py",
    "kling_elements/cli/waiting.py": "test_wait.py",
    "kling_elements/async_client.py": "test_client.py",
    "kling_elements/lifecycle/jobs.py": "test_create_all.py",
    "kling_elements/mock/clock.py": "test_store.py",
    "kling_elements/mock/headers.py": "test_admission.py",
    "kling_elements/mock/options.py": "test_main.py",
    "kling_elements/mock/parameters.py": "test_admission.py",
    "kling_elements/mock/reply.py": "test_refusals.py",
    "kling_elements/mock/request.py": "test_admission.py",
    "kling_elements/mock/routes.py": "test_pages.py",
    "kling_elements_runtime/business_codes.py": "test_document.py",
    "kling_elements_runtime/client_connections.py": "test_client_lifetime.py",
    "kling_elements_runtime/forks.py": "test_client_lifetime.py",
    "kling_elements_runtime/image_kinds.py": "test_image_headers.py",
    "kling_elements_runtime/uploads.py": "test_attachments.py",
}


def _tested_modules(folder: str) -> dict[Path, str]:
    """Return the modules that are tested in a folder, with the names for their tests."""
    paths = {path for pattern in _TESTED[folder] for path in ROOT.glob(pattern)}
    if folder == "contract_tests/front":
        paths -= {ROOT / path for path in _WEBHOOKS}
    return {path: path.parent.name if path.name == "__init__.py" else path.stem.strip("_") for path in paths}


def _is_for(test: Path, name: str) -> bool:
    return re.fullmatch(rf"test_{name}(?:_\w+)?\.py", test.name) is not None


def test_each_test_module_is_named_for_what_it_tests() -> None:
    """A test module has the name of a tested module, unless the table says that it tests several."""
    tests = {path: folder for folder in _TESTED for path in (ROOT / folder).glob("test_*.py")}
    names = {folder: _tested_modules(folder).values() for folder in _TESTED}
    others = {path.name for path, folder in tests.items() if not any(_is_for(path, name) for name in names[folder])}

    assert set(tests) == {path for folder in ("contract_tests", "tools") for path in (ROOT / folder).rglob("test_*.py")}
    assert set(_OF_SEVERAL_MODULES) == others


@cache
def _product() -> dict[str, set[str]]:
    """Return the imports of each of the product's modules, by module name."""
    return {_dotted(path): names for folder in _PRODUCT for path, names in _imports_by_module(folder).items()}


def _reached(test: Path, own: set[str]) -> set[str]:
    """Return a test module's own modules, its imports, and the imports of all of these."""
    imported = _product()

    def modules(names: set[str]) -> set[str]:
        return (names | {name.rpartition(".")[0] for name in names}) & imported.keys()

    first = own | modules(_imports(test.read_text("utf-8"), _package(str(test.parent.relative_to(ROOT)))))
    return first.union(*(modules(imported[name]) for name in first))


def _dotted(path: str) -> str:
    """Return the dotted name of a module."""
    return _package(path.removesuffix(".py")).removesuffix(".__init__")


@pytest.mark.parametrize(
    "folder", ["cli", "front", "lifecycle", "media", "mock", "runtime", "runtime/transport", "testing"]
)
def test_each_module_without_tests_of_its_name_is_tested_through_another(folder: str) -> None:
    """The table names a test module that reaches it."""
    modules = {str(path.relative_to(ROOT)): name for path, name in _tested_modules(f"contract_tests/{folder}").items()}
    tests = list((ROOT / "contract_tests" / folder).glob("test_*.py"))
    nameless = {
        path
        for path, name in modules.items()
        if not (path.endswith("__init__.py") or any(_is_for(test, name) for test in tests))
    }
    table = {path: test for path, test in _TESTED_THROUGH.items() if path in modules}

    assert nameless == table.keys()
    for path, name in table.items():
        (test,) = [test for test in tests if test.name == name]
        own = {_dotted(module) for module, module_name in modules.items() if _is_for(test, module_name)}
        own |= {_dotted(other) for other, other_name in table.items() if other_name == name and other != path}
        assert _dotted(path) in _reached(test, own), path


def test_the_table_of_modules_without_tests_of_their_name_has_only_modules() -> None:
    assert [] == [path for path in _TESTED_THROUGH if not (ROOT / path).is_file()]


def test_the_architecture_mentions_every_package() -> None:
    """ARCHITECTURE.md has a sentence about each package and each folder of scripts, tests and tools."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    folders = [path.parent.name for path in (ROOT / "kling_elements").glob("*/__init__.py")]
    packages = [_package(folder) for folder in _PRODUCT]
    packages += ["contract_tests/reading", "scripts", *(f"tools/{name}" for name in _TOOLS)]

    assert {"cli", "lifecycle", "media", "mock", "testing"} == set(folders)
    assert [] == [name for name in (*packages, *(f"`{name}/`" for name in folders)) if name not in text]
