"""Describe parts of the contract in words, for docstrings, the tables of docs/, and the contract's descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kling_elements_runtime.document import Node, references, walk
from scripts.nodes import resolve

_MIB = 1024 * 1024
_FORMATS = {"jpeg": "JPEG", "png": "PNG", "mp4": "MP4", "mov": "MOV"}
_WAS_CREATED = {"never": "no", "perhaps": "perhaps", "earlier": "not by this request, perhaps by an earlier one"}
_CAN_RETRY = {
    "never": "no",
    "after-waiting": "yes, after waiting",
    "after-look-up": "yes, once a look-up shows that there is none",
}
_LENGTH_KEYWORDS = {"string": ("minLength", "maxLength", "character"), "array": ("minItems", "maxItems", "item")}


def value(document: Node, schema: Node) -> str:
    """Return a value's description with its limits and the id of their rule."""
    chain = list(_chain(document, schema))
    text = next(node["description"] for node in chain if "description" in node).strip()
    extra = limits(resolve(document, schema))
    rule = next((node["x-source"] for node in chain if isinstance(node.get("x-source"), str)), None)
    if extra:
        text += f" {extra[0].upper()}{extra[1:]}."
    if rule is not None and rule != "upstream" and rule not in text:
        text = f"{text.removesuffix('.')} ({rule})."
    return f"{text} For a file, pass its `pathlib.Path`." if holds_image(document, schema) else text


def holds_image(document: Node, schema: Node) -> bool:
    """Return whether a value of this schema may be an image."""
    target = resolve(document, schema)
    return any("x-image" in resolve(document, branch) for branch in target.get("anyOf", [target]))


def limits(schema: Node) -> str:
    """Return a value's limits, such as `1 to 20 characters`, `1 to 3 items`, or its pattern in words.

    The text is empty if the schema has none.
    """
    parts = []
    if "minimum" in schema and "maximum" in schema:
        parts.append(f"{schema['minimum']:,} to {schema['maximum']:,}")
    low, high, unit = _LENGTH_KEYWORDS.get(str(schema.get("type")), ("", "", ""))
    if low in schema and high in schema:
        numbers = str(schema[low]) if schema[low] == schema[high] else f"{schema[low]} to {schema[high]:,}"
        parts.append(f"{numbers} {unit}{'' if schema[high] == 1 else 's'}")
    elif high in schema:
        parts.append(f"at most {schema[high]:,} {unit}s")
    if "x-expected" in schema:
        parts.append(schema["x-expected"])
    return ", ".join(parts)


def rules_table(document: Node) -> list[str]:
    """Return the rules as a Markdown table of what they require, their limits, and what enforces them."""
    carriers = {
        "schema": "the request's schema",
        "media": "the image's content",
        "http": "the call",
        "example": "an example",
        "service": "only the service",
        "description": "advice",
    }
    lines = ["| rule | requires | limits | enforced by |", "|---|---|---|---|"]
    for rule, meaning in document["x-rules"].items():
        rule_limits = "; ".join(filter(None, dict.fromkeys(_limits_of_rule(document, rule))))
        lines.append(f"| {rule} | {meaning['asks']} | {rule_limits} | {carriers[meaning['carried-by']]} |")
    return lines


def _limits_of_rule(document: Node, rule: str) -> Iterator[str]:
    for place, node in walk(document):
        source = node.get("x-source") if isinstance(node, dict) else None
        if source == rule and re.search("/x-(image|video|body-size)", place):
            group = place.rpartition("/")[2].removeprefix("x-")
            yield from (f"{group} `{name}` {_words(value)}" for name, value in node.items() if name != "x-source")
        elif source == rule:
            yield limits(node)
            yield ", ".join(f"`{value}`" for value in node.get("enum", [node["const"]] if "const" in node else []))
        elif isinstance(source, dict):
            yield limits({name: node[name] for name in node if name == "type" or source.get(name) == rule})


def _words(value: Any) -> str:
    if isinstance(value, list):
        return " or ".join("x".join(map(str, item)) if isinstance(item, list) else str(item) for item in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _chain(document: Node, schema: Node) -> Iterator[Node]:
    """Yield a schema, and then each schema along its chain of references."""
    yield schema
    yield from (node for _, node in references(document, schema))


def image(limits: Node) -> str:
    """Return the limits of an `x-image` in words."""
    return (
        f"{_alternatives(limits['format'])}, at most {_bytes(limits['file-size']['max-bytes'])}, both sides at least "
        f"{limits['displayed-sides']['min-px']:,} px as displayed, the longer side at most "
        f"{limits['aspect-ratio']['max-long-to-short']} times the shorter"
    )


def video(limits: Node) -> str:
    """Return the limits of an `x-video` in words."""
    duration, size = limits["duration"], limits["displayed-size"]
    frames = duration["tolerance-frames"]
    return (
        f"{_alternatives(limits['container'])}, {duration['min-seconds']} to {duration['max-seconds']} seconds long "
        f"(give or take {'one frame' if frames == 1 else f'{frames} frames'}), exactly {_words(size['one-of-px'])} px "
        f"as displayed, with {size['pixel-aspect']} pixels, at most {_bytes(limits['file-size']['max-bytes'])}"
    )


def body_size(limits: Node) -> str:
    """Return the limits of an `x-body-size` in words."""
    return f"The body has at most {limits['max-bytes']:,} bytes and {limits['max-values']:,} JSON values."


def names(schema: Node) -> str:
    """Return the values of an enum, each with its name in `x-enum-varnames`."""
    pairs = zip(schema["enum"], schema["x-enum-varnames"], strict=False)
    return ", ".join(f"`{value}` {name.capitalize()}" for value, name in pairs)


def table_of_codes(document: Node) -> list[str]:
    """Return the business codes as the lines of a Markdown table."""
    lines = [
        "| code | HTTP status | meaning | was an element created? | does sending again help? |",
        "|---|---|---|---|---|",
    ]
    for code, row in document["x-business-codes"].items():
        cells = (code, str(row["http-status"]), row["meaning"], _WAS_CREATED[row["created"]], _CAN_RETRY[row["retry"]])
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _alternatives(choice: Node) -> str:
    return " or ".join(_FORMATS.get(name, name) for name in choice["one-of"])


def _bytes(count: int) -> str:
    return f"{count // _MIB:,} MiB ({count:,} bytes)" if count % _MIB == 0 else f"{count:,} bytes"
