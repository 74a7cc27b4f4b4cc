"""The coverage of the contract as one page: the request side of the OpenAPI file, each keyword coloured and counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import frozen
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from tools.mutate.keywords import Keyword

_STYLE: Final = Path(__file__).with_name("coverage_page.css")
_WORD: Final = re.compile(r"\[[^\]]*\]|[^\s,\]]+")
_STATES: Final = {
    (True, True): ("both", "from both sides"),
    (True, False): ("half", "never refused"),
    (False, True): ("half", "never accepted"),
    (False, False): ("none", "never met"),
}
_BLOCK: Final = re.compile(
    r"(#/components/[^/]+/[^/]+"  # a schema or a parameter
    r"|#/paths/[^/]+/[^/]+/(?:requestBody|parameters/[^/]+))(?:/|$)"
)


class Count(Protocol):
    """How many values a keyword accepted and refused."""

    accepted: int
    refused: int


class Coverage(Protocol):
    """What the page tells of."""

    counts: dict[Keyword, Any]
    values: int


@frozen
class _Token:
    """A keyword, or one word of it, in the text of the file.

    Attributes:
        line: Its line, from 0.
        start: Its first column.
        end: The column behind it.
        uses: The count of each way to it.
    """

    line: int
    start: int
    end: int
    uses: Mapping[Keyword, Count]

    @property
    def state(self) -> tuple[str, str]:
        """The class of its colour, and that in words; one way that lacks a side makes the whole lack it."""
        counts = self.uses.values()
        return _STATES[all(count.accepted for count in counts), all(count.refused for count in counts)]


def page(coverage: Coverage, text: str) -> str:
    """The page.

    Args:
        coverage: The counts.
        text: The OpenAPI file.
    """
    total = len(coverage.counts)
    accepted = sum(bool(count.accepted) for count in coverage.counts.values())
    refused = sum(bool(count.refused) for count in coverage.counts.values())
    blocks = list(_blocks(coverage.counts, text))
    content = f"""
<header>
<h1>Coverage of the contract</h1>
<p>Each keyword of the contract's requests that can refuse something, and how many of the tables' {coverage.values:,}
values it has accepted and refused. What a keyword of an accepted request had something to say about counts as accepted,
what it refused itself as refused. A line unfolds into the ways that lead to it. Path, method, token, media type and
whether there is a body at all are no keywords: R01 to R03 of the rules table show those.</p>
<div class="sums">{_sum("accepted a value", accepted, total)}{_sum("refused a value", refused, total)}</div>
<p class="legend">{_legend()}</p>
<nav>{" ".join(f'<a class="{state}" href="#{name}">{name}</a>' for name, state, _ in blocks)}</nav>
</header>
<main>{"".join(block for _, _, block in blocks)}</main>"""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>Coverage of the contract</title>\n"
        f"<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n<body>{content}\n</body>\n</html>\n"
    )


def _sum(what: str, part: int, total: int) -> str:
    share = f"{100 * part // total} %" if total else "-"
    state = "both" if part == total else "half"
    return (
        f'<figure class="{state}"><b>{share}</b><figcaption>{part} of {total} {what}</figcaption>'
        f'<meter max="{total}" value="{part}">{share}</meter></figure>'
    )


def _legend() -> str:
    return " ".join(f'<mark class="{state}">{words}</mark>' for state, words in dict.fromkeys(_STATES.values()))


def _blocks(counts: Mapping[Keyword, Count], text: str) -> Iterator[tuple[str, str, str]]:
    """Name, state and HTML of each part of the file that has keywords in it, in the order of the file."""
    document = YAML().load(text)
    lines = text.splitlines()
    by_block: dict[str, dict[str, dict[Keyword, Count]]] = {}
    for keyword, count in counts.items():
        found = _BLOCK.match(keyword.where)
        block = found[1] if found else "#"
        by_block.setdefault(block, {}).setdefault(keyword.where, {})[keyword] = count
    starts = {block: _position(document, block) for block in by_block}
    for block in sorted(by_block, key=starts.__getitem__):
        tokens = [_token(document, lines, where, uses) for where, uses in by_block[block].items()]
        first = starts[block][0]
        name = next(iter(next(iter(by_block[block].values())))).route if "/paths/" in block else block.split("/")[-1]
        name = name.split(" / ")[0] if "/paths/" in block else name
        states = {token.state[0] for token in tokens}
        state = next(state for state in ("none", "half", "both") if state in states)
        depth = _indent(lines[first])
        inner = "".join(_line(n, lines[n], depth, tokens) for n in range(first, _end(lines, first)))
        yield name, state, f'<section id="{name}"><h2>{escape(name)}</h2>{inner}</section>'


def _position(document: Any, where: str) -> tuple[int, int]:
    """Line and column, from 0, of the key or item that a JSON Pointer ends in."""
    node: Any = document
    at = (0, 0)
    for part in where.removeprefix("#").split("/")[1:]:
        if isinstance(node, CommentedSeq):
            at, node = node.lc.item(int(part)), node[int(part)]
        else:
            name = part.replace("~1", "/").replace("~0", "~")
            at, node = node.lc.key(name), node[name]
    return at


def _token(document: Any, lines: list[str], where: str, uses: Mapping[Keyword, Count]) -> _Token:
    line, start = _position(document, where)
    is_item = where.rsplit("/", 1)[-1].isdecimal()
    word = _WORD.match(lines[line], start) if is_item else None
    return _Token(line, start, word.end() if word else len(lines[line].rstrip()), uses)


def _end(lines: list[str], first: int) -> int:
    """The line behind a block: the next that is indented no further than its first."""
    depth = _indent(lines[first])
    following = (n for n in range(first + 1, len(lines)) if lines[n].strip() and _indent(lines[n]) <= depth)
    end = next(following, len(lines))
    while not lines[end - 1].strip():
        end -= 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _line(number: int, line: str, depth: int, tokens: list[_Token]) -> str:
    """One line of the file, moved to the left; one that has keywords unfolds into the ways to them."""
    here = sorted((token for token in tokens if token.line == number), key=lambda token: token.start)
    code, behind = "", depth
    for token in here:
        state, words = token.state
        marked = f'<mark class="{state}" title="{words}">{escape(line[token.start : token.end])}</mark>'
        code += escape(line[behind : token.start]) + marked
        behind = token.end
    code += escape(line[behind:])
    shown = f'<span class="number">{number + 1}</span><code>{code}</code>'
    if not here:
        return f'<div class="line">{shown}</div>'
    uses = [use for token in here for use in token.uses.items()]
    least = f"{min(count.accepted for _, count in uses)} ✓ {min(count.refused for _, count in uses)} ✗"
    return f'<details><summary class="line">{shown}<span class="least">{least}</span></summary>{_uses(uses)}</details>'


def _uses(uses: list[tuple[Keyword, Count]]) -> str:
    rows = []
    for name, group in groupby(uses, key=lambda use: use[0].name):
        rows.append(f'<tr><th colspan="3">{escape(name)}</th></tr>')
        for keyword, count in group:
            cells = _cell(count.accepted, "✓") + _cell(count.refused, "✗")
            rows.append(f"<tr><td>{escape(keyword.route)}</td>{cells}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _cell(times: int, sign: str) -> str:
    state = "" if times else ' class="none"'
    return f"<td{state}>{times:,} {sign}</td>"
