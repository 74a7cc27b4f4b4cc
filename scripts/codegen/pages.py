"""Write the generated tables of docs/: `make gen`. With --check, only say whether a page is out of date."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kling_elements_runtime.document import Node, operations, references
from scripts.codegen import describe, gateways
from scripts.nodes import resolve
from scripts.spec import ROOT, SpecError, load, source

PAGES = ROOT / "docs"
_TABLE = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)
_TYPES = {"string": "string", "array": "list", "object": "object", "integer": "whole number", "number": "number"}
_CLOSED = "R33"  # no other fields, a rule of every object
_REQUEST_NAMES = {"ImageElementRequest": "images", "VideoElementRequest": "video"}


def request_fields(document: Node) -> list[str]:
    """Return a table of the request fields with their types, limits, meanings and rules, line by line."""
    fields: dict[str, dict[str, Any]] = {}
    for _, _, operation in operations(document):
        if "requestBody" not in operation or "operationId" not in operation:
            continue
        schema = resolve(document, operation["requestBody"]["content"]["application/json"]["schema"])
        for shape in schema.get("oneOf", [schema]):
            branch = resolve(document, shape)
            request = _REQUEST_NAMES.get(str(branch.get("title")), f"`{operation['operationId']}`")
            for path, required, node in _fields_of(document, branch):
                field = fields.setdefault(path, {"requests": [], "required": required, "nodes": []})
                field["requests"].append(request)
                field["nodes"].append(node)
    lines = ["| field | in | type | limits | meaning | rule |", "|---|---|---|---|---|---|"]
    for path, field in fields.items():
        kind = _type_of(document, field["nodes"][0]) + (", required" if field["required"] else "")
        cells = (f"`{path}`", ", ".join(field["requests"]), kind, *_describe(document, field["nodes"]))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def task_fields(document: Node) -> list[str]:
    """Return a table of a task's fields with their types and meanings, line by line."""
    lines = ["| field | type | meaning |", "|---|---|---|"]
    for path, _, node in _fields_of(document, document["components"]["schemas"]["Task"]):
        _, meaning, _ = _describe(document, [node])
        lines.append(f"| `{path}` | {_type_of(document, node)} | {meaning} |")
    return lines


def tags(document: Node) -> list[str]:
    """Return a table of the tags, line by line."""
    schema = document["components"]["schemas"]["TagId"]
    pairs = zip(schema["x-enum-varnames"], schema["enum"], strict=True)
    return ["| name | id |", "|---|---|", *(f"| `TagId.{name}` | `{value}` |" for name, value in pairs)]


def gateways_table(document: Node) -> list[str]:
    """Return a table of the gateways and what each offers, line by line."""
    overlays = gateways.overlays()
    titles = {name: overlay["info"]["title"] for name, overlay in overlays.items()}
    return gateways.table(document, gateways.documents(source(), overlays), titles)


TABLES: Mapping[str, Callable[[Node], list[str]]] = {
    "codes": describe.table_of_codes,
    "fields": request_fields,
    "gateways": gateways_table,
    "rules": describe.rules_table,
    "tags": tags,
    "task-fields": task_fields,
}


def rewrite(page: str, document: Node) -> str:
    """Return a page with a new table between each pair of marks.

    Raises:
        SpecError: A mark names a table that does not exist.
    """

    def table(match: re.Match[str]) -> str:
        if match[2] not in TABLES:
            raise SpecError(f"no table is called {match[2]}: use one of {', '.join(TABLES)}")
        return match[1] + "".join(f"{line}\n" for line in TABLES[match[2]](document)) + match[3]

    return _TABLE.sub(table, page)


def _fields_of(document: Node, schema: Node, prefix: str = "") -> Iterator[tuple[str, bool, Node]]:
    """Yield the path of each field, whether it is required, and its schema."""
    for name, node in schema.get("properties", {}).items():
        yield f"{prefix}{name}", name in schema.get("required", ()), node
        shape, path = _shape(document, node), f"{prefix}{name}"
        if shape.get("type") == "array":
            shape, path = _shape(document, shape["items"]), f"{path}[]"
        yield from _fields_of(document, shape, f"{path}.")


def _shape(document: Node, schema: Node) -> Node:
    """Return the target of a schema's references, or the branch with fields or items if it has branches."""
    target = resolve(document, schema)
    branches = [resolve(document, branch) for branch in target.get("anyOf", ())]
    return next((branch for branch in branches if "properties" in branch or "items" in branch), target)


def _type_of(document: Node, schema: Node) -> str:
    if describe.holds_image(document, schema):
        return "image"
    target = resolve(document, schema)
    kinds = [kind for branch in target.get("anyOf", [target]) for kind in _kinds(resolve(document, branch))]
    return " or ".join(dict.fromkeys(kinds)) or "any"


def _kinds(schema: Node) -> Iterator[str]:
    kind = schema.get("type", ())
    for name in [kind] if isinstance(kind, str) else kind:
        if name != "null":
            yield _TYPES[name]


def _describe(document: Node, nodes: Sequence[Node]) -> tuple[str, str, str]:
    """Return a field's limits, meaning and rules, merged over all requests that have it."""
    chains = [[node, *(referred for _, referred in references(document, node))] for node in nodes]
    meanings = (next((link["description"] for link in chain if "description" in link), "") for chain in chains)
    sentences = (sentence for text in meanings for sentence in re.split(r"(?<=\.) ", " ".join(text.split())))
    meaning = " ".join(dict.fromkeys(sentences))
    limits = dict.fromkeys(limit for node in nodes for limit in _limits(document, node))
    return "; ".join(limits), meaning, ", ".join(sorted({rule for chain in chains for rule in _rules(document, chain)}))


def _rules(document: Node, chain: Sequence[Node]) -> Iterator[str]:
    """Yield a field's rules, including those of its branches and media."""
    branches = [resolve(document, branch) for link in chain for branch in link.get("anyOf", ())]
    for link in (*chain, *branches):
        media = [limit for name in ("x-image", "x-video") for limit in link.get(name, {}).values()]
        for node in (link, *media):
            source = node.get("x-source", {})
            values = [source] if isinstance(source, str) else source.values()
            yield from (value for value in values if value in document["x-rules"] and value != _CLOSED)


def _limits(document: Node, schema: Node) -> Iterator[str]:
    target = resolve(document, schema)
    if limit := describe.limits(target):
        yield limit
    yield from (f"`{value}`" for value in target.get("enum", [target["const"]] if "const" in target else []))
    for branch in target.get("anyOf", ()):
        if "x-image" in resolve(document, branch):
            yield describe.image(resolve(document, branch)["x-image"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Return 1 if there was an error, or if --check finds a page out of date; otherwise 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a page is out of date")
    parser.add_argument("--folder", type=Path, default=PAGES, help="the folder of the pages")
    options = parser.parse_args(arguments)
    changed = []
    try:
        document = load()
        for path in sorted(options.folder.glob("*.md")):
            page = path.read_text("utf-8")
            new = rewrite(page, document)
            if new != page:
                changed.append(path.name)
                if not options.check:
                    path.write_text(new, encoding="utf-8")
    except SpecError as error:
        print(f"error: the pages were not written\n{error}", file=sys.stderr)
        return 1
    if options.check and changed:
        print("out of date relative to the spec; run `make gen`:", *changed, sep="\n")
        return 1
    print(f"{options.folder.name}: {len(changed)} pages changed" if changed else f"{options.folder.name}: up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
