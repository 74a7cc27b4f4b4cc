"""Generate the client from the OpenAPI file: `make gen`. With --check, only say whether the client is out of date."""

from __future__ import annotations

import argparse
import contextlib
import filecmp
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.strings import in_double_quote_literal

from kling_elements_runtime.document import Node
from scripts.codegen import gateways, lint, template_functions
from scripts.spec import ROOT, SPEC, SpecError, inline, source

CLIENT = ROOT / "generated_client" / "kling_elements_client"
TEMPLATES = Path(__file__).with_name("templates")
HEADER = "# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.\n\n"

_BODY = "body: {{ endpoint.bodies[0].prop.get_type_string() | as_unembedded_code }}"

# Edits of the generator's own templates: a text that must occur exactly once, and its replacement.
EDITS: Mapping[str, Sequence[tuple[str, str]]] = {
    "endpoint_macros.py.jinja": [
        (
            _BODY,
            f"{_BODY} | Mapping[str, Any] | CheckedRequest",
        ),
    ],
    "api_init.py.jinja": [('""" Contains methods for accessing the API """', '"""The operations by tag."""')],
    "endpoint_init.py.jinja": [
        ('""" Contains endpoint functions for accessing the API """', '"""One module for each operation."""')
    ],
}

# Isolated, because the repository's own settings of ruff must not change the output.
FORMATTING = (
    "ruff check . --isolated --no-cache --fix-only --select=I,F401,F811,UP035 --target-version=py311",
    "ruff format . --isolated --no-cache --target-version=py311 --line-length=120",
)


class EditedTemplates(BaseLoader):
    """Loads the generator's own templates, with `EDITS` applied."""

    def __init__(self, edits: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        self._edits = edits
        self._stock = PackageLoader("openapi_python_client")
        self.loaded: set[str] = set()

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool] | None]:
        """Return the text of a template.

        Raises:
            SpecError: A string that an edit replaces does not occur exactly once.
        """
        source, name, is_fresh = self._stock.get_source(environment, template)
        for anchor, replacement in self._edits.get(template, ()):
            if source.count(anchor) != 1:
                raise SpecError(f"template {template}: found {source.count(anchor)} times instead of once: {anchor}")
            source = source.replace(anchor, replacement)
        self.loaded.add(template)
        return source, name, is_fresh

    def check_edits_used(self) -> None:
        """Raise SpecError if there are edits of templates that the generator never loaded."""
        if unused := set(self._edits) - self.loaded:
            raise SpecError(f"edited templates that the generator does not use: {', '.join(sorted(unused))}")


class ContractProject(Project):
    """The generator, with our templates, and with the OpenAPI document in the package that it writes."""

    def __init__(
        self,
        *,
        written: Node,
        overlays: Mapping[str, Node],
        edits: Mapping[str, Sequence[tuple[str, str]]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._written = written
        self._overlays = overlays
        self._edited_templates = EditedTemplates(edits)
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), self._edited_templates])
        self.env.globals.update(
            base_url=in_double_quote_literal(written["servers"][0]["url"]),
            **template_functions.by_name(inline(written)),
        )

    def _build_api(self) -> None:
        super()._build_api()
        self._edited_templates.check_edits_used()
        contract = self.env.get_template("contract.py.jinja").render()
        (self.package_dir / "contract.py").write_text(contract, encoding="utf-8")
        (self.package_dir / "py.typed").touch()
        self._build_gateways()
        _write_json(self.package_dir / "openapi.json", self._written)
        for path in sorted(self.package_dir.rglob("*.py")):
            path.write_text(HEADER + path.read_text("utf-8").lstrip(), encoding="utf-8")

    def _build_gateways(self) -> None:
        contract = inline(self._written)
        documents = gateways.documents(self._written, self._overlays)
        text = self.env.get_template("gateways.py.jinja").render(
            addresses={name: gateways.address_of(document) for name, document in documents.items()},
            lifted=gateways.lifted_rules(contract, documents),
        )
        (self.package_dir / "gateways.py").write_text(text, encoding="utf-8")
        (self.package_dir / "gateways").mkdir()
        for name, overlay in self._overlays.items():
            _write_json(self.package_dir / "gateways" / f"{name}.json", overlay)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def generate(target: Path, spec: Path = SPEC, edits: Mapping[str, Sequence[tuple[str, str]]] = EDITS) -> None:
    """Write a client into a folder that does not exist yet.

    Raises:
        SpecError: The document breaks a rule, or the generator gives a warning.
    """
    written = source(spec)
    document = inline(written)
    overlays = gateways.overlays(spec.parent / "gateways")
    if problems := lint.find_problems(document) or lint.gateway_problems(gateways.documents(written, overlays)):
        raise SpecError("\n".join(problems))
    config = Config.from_sources(
        ConfigFile(post_hooks=list(FORMATTING), package_name_override="kling_elements_client"),
        MetaType.NONE,
        spec,
        "utf-8",
        False,  # noqa: FBT003 - the generator names this argument `overwrite` only in its own code
        target,
    )
    data = GeneratorData.from_dict(document, config=config)
    if isinstance(data, GeneratorError):
        raise SpecError(f"{data.header}: {data.detail}")
    with _with_environments_ruff(), contextlib.redirect_stdout(io.StringIO()):
        warnings = ContractProject(written=written, overlays=overlays, edits=edits, openapi=data, config=config).build()
    if warnings:  # the generator only warns when it drops a schema
        raise SpecError("\n".join(f"{warning.header}: {warning.detail}" for warning in warnings))


@contextlib.contextmanager
def _with_environments_ruff() -> Iterator[None]:
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
    try:
        yield
    finally:
        os.environ["PATH"] = path


def _swap(target: Path, new: Path, old: Path) -> None:
    """Replace a folder with another one.

    Raises:
        SpecError: The folder could not be replaced; the old one is back in its place.
    """
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError as error:
        if old.exists():
            old.rename(target)
        raise SpecError(f"{target}: {error.strerror}") from error


def differences(old: Path, new: Path) -> list[str]:
    """Return the files that differ between two folders, each with `+` (new), `-` (gone) or `~` (changed)."""
    names = {tree: {p.relative_to(tree) for p in _files(tree)} for tree in (old, new)}
    both = names[old] & names[new]
    changed = {name for name in both if not filecmp.cmp(old / name, new / name, shallow=False)}
    marked = [("-", names[old] - both), ("+", names[new] - both), ("~", changed)]
    return [f"{mark} {name.as_posix()}" for mark, paths in marked for name in sorted(paths)]


def _files(tree: Path) -> Iterator[Path]:
    return (path for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 1 if there was an error, or if --check finds the client out of date; otherwise 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if the client is out of date")
    parser.add_argument("--spec", type=Path, default=SPEC, help="the OpenAPI file")
    parser.add_argument("--target", type=Path, default=CLIENT, help="the folder of the client")
    options = parser.parse_args(arguments)
    target: Path = options.target
    target.parent.mkdir(parents=True, exist_ok=True)
    # next to the target, so that the swap is two renames on one file system
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".generating-") as scratch:
        new_client = Path(scratch) / "new"
        try:
            generate(new_client, options.spec)
            changes = differences(target, new_client)
            if changes and not options.check:
                _swap(target, new_client, Path(scratch) / "old")
        except SpecError as error:
            print(f"error: the client was not generated\n{error}", file=sys.stderr)
            return 1
    if options.check:
        if changes:
            print("out of date relative to the spec or the templates; run `make gen`:", *changes, sep="\n")
        return int(bool(changes))
    print(
        f"{target.name}: {len(changes)} files changed" if changes else f"{target.name}: up to date", *changes, sep="\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
