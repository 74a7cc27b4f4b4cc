"""Names mean one thing in the whole repository."""

from __future__ import annotations

import ast
from collections import defaultdict

from scripts.spec import ROOT

_FOLDERS = ("kling_elements_runtime", "generated_client", "kling_elements", "contract_tests", "scripts", "tools")
_SAME_CLASS = {
    # the generated client is the client of the runtime, bound to this contract
    "AuthenticatedClient": ["generated_client/kling_elements_client/client.py", "kling_elements_runtime/client.py"],
}


def test_a_class_name_means_one_thing() -> None:
    """No two classes share a name, even if nested or private, unless the table allows it."""
    definitions = defaultdict(list)
    for path in (path for folder in _FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                definitions[node.name].append(str(path.relative_to(ROOT)))

    assert _SAME_CLASS == {name: sorted(paths) for name, paths in definitions.items() if len(paths) > 1}
