"""Who may import whom, and where the tests of a module are: what a reader of the tree can rely on."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass

import pytest

from scripts.codegen.spec import ROOT

_PRODUCT = ("kling_elements_runtime", "generated_client/kling_elements_client", "kling_elements")
_TOOLS = ("mutate", "bench", "live", "diff")
_OWN = "kling_elements|kling_elements_client|kling_elements_runtime|scripts|tools|contract_tests"


def _imports(source: str) -> set[str]:
    """Return what a module imports, each with all its dots, such as `a.b.c` for `from a.b import c`."""
    names = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names}
    return names


def _imported(folder: str) -> dict[str, set[str]]:
    """Return what each module in a folder imports, by its path."""
    return {
        str(path.relative_to(ROOT)): _imports(path.read_text("utf-8")) for path in sorted((ROOT / folder).rglob("*.py"))
    }


@dataclass(frozen=True)
class Arrow:
    """What nothing in a folder imports.

    Attributes:
        folder: The folder.
        never: A regular expression for the beginnings of the names.
        modules: How many modules the folder has at least.
    """

    folder: str
    never: str
    modules: int = 5


_ARROWS = [
    Arrow("kling_elements_runtime", "kling_elements|kling_elements_client|scripts|tools|contract_tests"),
    Arrow("generated_client", "kling_elements|scripts|tools|contract_tests"),
    Arrow("kling_elements", "scripts|tools|contract_tests"),
    Arrow("scripts", "tools|contract_tests"),
    Arrow("contract_tests/reading", rf"(?!contract_tests\.reading\.)(?:{_OWN})"),
    Arrow("contract_tests/support", r"tools|contract_tests\.(?!reading|support)"),
    *(Arrow(f"tools/{name}", rf"tools\.(?!{name}\.)\w+") for name in _TOOLS),
    *(Arrow(folder, r"(?:\w+\.)*test_\w+", 2) for folder in ("scripts", "tools", "contract_tests")),
]


def _strays(imported: dict[str, set[str]], never: str) -> list[str]:
    """Return what is imported and must not be, with the module that does it."""
    return [
        f"{path}: {name}"
        for path, names in imported.items()
        for name in sorted(names)
        if re.match(rf"(?:{never})(?:\.|$)", name)
    ]


@pytest.mark.parametrize("arrow", _ARROWS, ids=lambda arrow: f"{arrow.folder} never {arrow.never}")
def test_imports_run_one_way(arrow: Arrow) -> None:
    """No package knows what is built on it, or needs tools or tests; tables need only tables; no test is imported."""
    imported = _imported(arrow.folder)

    assert len(imported) >= arrow.modules
    assert [] == _strays(imported, arrow.never)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import kling_elements", "kling_elements"),
        ("import kling_elements.media as m", "kling_elements.media"),
        ("def f():\n    from scripts.codegen import lint", "scripts.codegen.lint"),
        ("if TYPE_CHECKING:\n    from contract_tests.support import peers", "contract_tests.support.peers"),
        ("from contract_tests.client.test_wire import X", "contract_tests.client.test_wire.X"),
        ("from contract_tests import client", "contract_tests.client"),
    ],
)
def test_an_import_that_goes_the_wrong_way_is_found(source: str, name: str) -> None:
    """Wherever in a module it is, and however it is written: the second reading may import none of these."""
    arrow = next(arrow for arrow in _ARROWS if arrow.folder == "contract_tests/reading")

    assert [f"cases.py: {name}"] == _strays({"cases.py": _imports(source)}, arrow.never)


def test_a_test_module_that_is_imported_is_found() -> None:
    """By its name, or by a name out of it; what only begins like one is none."""
    sources = {"a": "from tools.live.tests import test_live", "b": "import pytest", "c": "import x.test_y.z"}

    strays = _strays({name: _imports(source) for name, source in sources.items()}, _ARROWS[-1].never)
    assert ["a: tools.live.tests.test_live", "c: x.test_y.z"] == strays


def test_the_packages_need_only_what_they_declare() -> None:
    """Without the extras, nothing but the standard library and the runtime dependencies is imported."""
    declared = {"aiohappyeyeballs", "attrs", "httpcore", "httpx", "jsonschema_rs", "PIL", "pybase64", "ssrfguard"}
    declared |= {"standardwebhooks", "kling_elements", "kling_elements_client", "kling_elements_runtime"}
    declared |= {"av", "httptools", "pytest", "respx", "uvicorn"}  # these are in the extras
    modules = set[str]().union(*(names for folder in _PRODUCT for names in _imported(folder).values()))
    names = {name.partition(".")[0] for name in modules if not name.startswith(".")}

    assert set() == names - declared - sys.stdlib_module_names


def _names(*folders: str) -> set[str]:
    """Return the names that modules in folders give to their tests; a package's own, and those in it."""
    files = {path for folder in folders for path in [ROOT / folder, *(ROOT / folder).rglob("*.py")]}
    return {path.parent.name if path.name == "__init__.py" else path.stem.strip("_") for path in files}


_TESTED = {
    "contract_tests/contract": ("scripts/codegen", "contract_tests/reading"),
    "contract_tests/client": _PRODUCT[:2],
    "contract_tests/lifecycle": ("kling_elements",),
    "contract_tests/media": ("kling_elements/media",),
    "contract_tests/mock": ("kling_elements/mock", "kling_elements/testing"),
    "contract_tests/webhooks": ("kling_elements",),
    "contract_tests/project": (),
    **{f"tools/{name}/tests": (f"tools/{name}",) for name in _TOOLS},
}


def test_each_test_module_is_named_for_what_it_tests() -> None:
    """That is a module of its package, or else ARCHITECTURE.md says what it shows; it names no others."""
    explained = set(re.findall(r"`(test_\w+\.py)`", (ROOT / "ARCHITECTURE.md").read_text("utf-8")))
    tests = [path for folder in ("contract_tests", "tools") for path in (ROOT / folder).rglob("test_*.py")]
    others = set()
    for path in tests:
        names = _names(*_TESTED[str(path.parent.relative_to(ROOT))])
        if not any(re.fullmatch(rf"test_{name}(?:_\w+)?", path.stem) for name in names):
            others.add(path.name)

    assert len(tests) > 90
    assert others == explained
