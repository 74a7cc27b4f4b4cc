"""Check the descriptions in the OpenAPI file against the rest of it. Viewers of the file show only descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kling_elements_runtime.document import Node, operations, pointer, walk
from scripts.codegen import describe
from scripts.codegen.soundness import Problems
from scripts.nodes import follow, reachable, schemas

_UNKNOWN_TO_READERS = re.compile(r"\bR\d\d\b|\bx-[a-z]+|\b(?:first|second) document\b")
_IN_WORDS = {"x-image": describe.image, "x-video": describe.video}


def missing_numbers(document: Node) -> Problems:
    """Find limits of media and bodies, and names of tags, that are missing from the description beside them.

    The operation must repeat the limits of media, because some viewers do not show the target of a reference.
    """
    for place, schema in schemas(document):
        yield from _missing_words(place, schema, _media_in_words(schema))
        if "x-enum-varnames" in schema:
            yield from _missing_words(place, schema, [describe.names(schema)])
    for path, method, operation in operations(document):
        place = "#" + pointer(["paths", path, method])
        body = operation.get("requestBody", {})
        sent = [text for node in reachable(document, [body]) for text in _media_in_words(node)]
        yield from _missing_words(place, operation, sent)
        if body:
            size = describe.body_size(body["content"]["application/json"]["x-body-size"])
            yield from _missing_words(f"{place}/requestBody", body, [size])


def missing_codes(document: Node) -> Problems:
    """Find business codes that are missing or different in a description's table."""
    lines = [line for _, text in _texts(document) for line in text.splitlines() if line.startswith("|")]
    table = describe.table_of_codes(document)
    if lines != table:
        wrong = [line for line in table if line not in lines] or [line for line in lines if line not in table] or table
        yield "#/x-business-codes", f"exactly one description must have the table of them; see: {wrong[0]}"


def unexplained_names(document: Node) -> Problems:
    """Find names of rules, extensions and documents in descriptions, where they mean nothing to readers."""
    for place, text in _texts(document):
        if name := _UNKNOWN_TO_READERS.search(text):
            yield place, f"{name[0]} means nothing to a reader: say it in words"


def missing_rules(document: Node) -> Problems:
    """Find rules that need a description, because nothing else contains them, and have none."""
    prose = " ".join(_on_one_line(text) for _, text in _texts(document))
    for rule, row in document["x-rules"].items():
        if row["carried-by"] == "description" and row.get("says", rule) not in prose:
            yield f"#/x-rules/{rule}", "needs `says`, and a description that has the same words"


def untitled_branches(document: Node) -> Problems:
    """Find branches that are not titled with their class name. Viewers call them #0 and #1."""
    for place, schema in schemas(document):
        branches = [branch for keyword in ("oneOf", "anyOf") for branch in schema.get(keyword, ()) if "$ref" in branch]
        for branch in branches if len(branches) > 1 else ():
            name = branch["$ref"].rpartition("/")[2]
            if follow(document, branch["$ref"]).get("title") != name:
                yield place, f"{name} is one of several branches, so its title must be {name}"


def _media_in_words(node: Node) -> list[str]:
    return [words(node[name]) for name, words in _IN_WORDS.items() if name in node]


def _missing_words(place: str, node: Node, sentences: list[str]) -> Problems:
    description = _on_one_line(node.get("description", ""))
    yield from ((f"{place}/description", f"must say: {text}") for text in sentences if text not in description)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _texts(document: Node) -> Iterator[tuple[str, str]]:
    """Yield each description and summary with its place, except in the values of examples."""
    for place, node in walk(document):
        if isinstance(node, str) and re.search("/(?:description|summary)$", place) and "/value/" not in place:
            yield place, node
