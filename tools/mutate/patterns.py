"""Regular expressions that differ from a given one in one part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|\(\?:|\{\d+\}|.", re.DOTALL)
_ITEM = re.compile(r"(?:\\.|[^\\])-(?:\\.|[^\\])|\\.|[^\\]", re.DOTALL)
_COUNT = re.compile(r"\{(\d+)\}")
_UNKNOWN = {"(", "*", "+", "?", "{", "["}  # a quantifier of nothing, one of another kind, a group that captures
_INSTEAD = {"*": ("", "+"), "+": ("", "*"), "?": ("", "*")}


@dataclass(frozen=True)
class _Part:
    """What stands between two others in a sequence.

    Attributes:
        text: The part itself, without its quantifier.
        quantifier: How often it may come, or nothing.
        alternatives: What is in a group; none where the part is no group.
    """

    text: str
    quantifier: str
    alternatives: tuple[tuple[_Part, ...], ...] = ()


def variants(pattern: str) -> Iterator[str]:
    """Yield patterns in which one part is missing, comes more or less often, or has one character or range less.

    Args:
        pattern: A regular expression of literals, escapes, classes, groups `(?:...)`, alternatives, `^`, `$` and the
            quantifiers `*`, `+`, `?` and `{n}`.

    Raises:
        ValueError: It has something else, of which no variant would be made.
    """
    tokens = _TOKEN.findall(pattern)
    alternatives = _parsed(tokens)
    if tokens:
        raise ValueError(f"the pattern {pattern!r} has a bracket that does not close")
    seen = {pattern}
    for variant in _of_alternatives(alternatives):
        if variant not in seen:
            seen.add(variant)
            yield variant


def _parsed(tokens: list[str]) -> tuple[tuple[_Part, ...], ...]:
    """Take alternatives off the front of the tokens, up to the end or to the bracket that closes them."""
    alternatives: list[list[_Part]] = [[]]
    while tokens and tokens[0] != ")":
        first = tokens.pop(0)
        if first == "|":
            alternatives.append([])
            continue
        if first in _UNKNOWN or _COUNT.fullmatch(first):
            raise ValueError(f"no variants of a pattern are known with {first!r} here")
        inner: tuple[tuple[_Part, ...], ...] = ()
        if first == "(?:":
            inner = _parsed(tokens)
            if not tokens:
                raise ValueError("the pattern has a group that does not close")
            tokens.pop(0)
        quantifier = tokens.pop(0) if tokens and (tokens[0] in _INSTEAD or _COUNT.fullmatch(tokens[0])) else ""
        alternatives[-1].append(_Part(first, quantifier, inner))
    return tuple(map(tuple, alternatives))


def _of_alternatives(alternatives: tuple[tuple[_Part, ...], ...]) -> Iterator[str]:
    texts = ["".join(map(_text, sequence)) for sequence in alternatives]
    for index, sequence in enumerate(alternatives):
        before, after = texts[:index], texts[index + 1 :]
        if before or after:
            yield "|".join([*before, *after])
        yield from ("|".join([*before, variant, *after]) for variant in _of_sequence(sequence))


def _of_sequence(sequence: tuple[_Part, ...]) -> Iterator[str]:
    texts = [_text(part) for part in sequence]
    for index, part in enumerate(sequence):
        before, after = "".join(texts[:index]), "".join(texts[index + 1 :])
        yield from (before + variant + after for variant in _of_part(part))


def _of_part(part: _Part) -> Iterator[str]:
    bare = _text(_Part(part.text, "", part.alternatives))
    yield ""
    yield from (bare + quantifier for quantifier in _quantifiers(part.quantifier))
    if part.alternatives:
        yield from (f"(?:{inner}){part.quantifier}" for inner in _of_alternatives(part.alternatives) if inner)
    elif part.text.startswith("["):
        start = 2 if part.text.startswith("[^") else 1
        items = _ITEM.findall(part.text[start:-1])
        smaller = [items[:index] + items[index + 1 :] for index in range(len(items)) if len(items) > 1]
        yield from (f"{part.text[:start]}{''.join(rest)}]{part.quantifier}" for rest in smaller)


def _quantifiers(quantifier: str) -> Iterator[str]:
    if count := _COUNT.fullmatch(quantifier):
        times = int(count[1])
        yield from ("", f"{{{times - 1}}}", f"{{{times + 1}}}", f"{{{times},}}")
    else:
        yield from _INSTEAD.get(quantifier, ())


def _text(part: _Part) -> str:
    inner = "|".join("".join(map(_text, sequence)) for sequence in part.alternatives)
    return (f"(?:{inner})" if part.alternatives else part.text) + part.quantifier
