"""Variants of a regular expression that differ from it in one part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|\(\?:|\{\d+\}|.", re.DOTALL)
_ITEM = re.compile(r"(?:\\.|[^\\])-(?:\\.|[^\\])|\\.|[^\\]", re.DOTALL)
_COUNT = re.compile(r"\{(\d+)\}")
_UNKNOWN = {"(", "*", "+", "?", "{", "["}  # a quantifier without a part, another kind of quantifier, a capturing group
_OTHER_QUANTIFIERS = {"*": ("", "+"), "+": ("", "*"), "?": ("", "*")}


@dataclass(frozen=True)
class _Part:
    """A part of a sequence.

    Attributes:
        text: The part without its quantifier.
        quantifier: The quantifier, or an empty string for a part that occurs once.
        alternatives: The content of a group. Other parts have none.
    """

    text: str
    quantifier: str
    alternatives: tuple[tuple[_Part, ...], ...] = ()


def variants(pattern: str) -> Iterator[str]:
    """Yield patterns in which one part is missing, occurs more or less often, or lacks one character or range.

    Args:
        pattern: A regular expression of literals, escapes, classes, groups `(?:...)`, alternatives, `^`, `$` and the
            quantifiers `*`, `+`, `?` and `{n}`.

    Raises:
        ValueError: The pattern contains anything else, which would get no variants.
    """
    tokens = _TOKEN.findall(pattern)
    alternatives = _parse(tokens)
    if tokens:
        raise ValueError(f"the pattern {pattern!r} has an unmatched bracket")
    yielded = {pattern}
    for variant in _vary_alternatives(alternatives):
        if variant not in yielded:
            yielded.add(variant)
            yield variant


def _parse(tokens: list[str]) -> tuple[tuple[_Part, ...], ...]:
    """Parse alternatives from the front of the tokens, up to the end or the closing bracket."""
    alternatives: list[list[_Part]] = [[]]
    while tokens and tokens[0] != ")":
        first = tokens.pop(0)
        if first == "|":
            alternatives.append([])
            continue
        if first in _UNKNOWN or _COUNT.fullmatch(first):
            raise ValueError(f"the pattern has {first!r} where it is not supported; extend tools/mutate/patterns.py")
        inner: tuple[tuple[_Part, ...], ...] = ()
        if first == "(?:":
            inner = _parse(tokens)
            if not tokens:
                raise ValueError("the pattern has a group that is not closed")
            tokens.pop(0)
        quantifier = (
            tokens.pop(0) if tokens and (tokens[0] in _OTHER_QUANTIFIERS or _COUNT.fullmatch(tokens[0])) else ""
        )
        alternatives[-1].append(_Part(first, quantifier, inner))
    return tuple(map(tuple, alternatives))


def _vary_alternatives(alternatives: tuple[tuple[_Part, ...], ...]) -> Iterator[str]:
    texts = ["".join(map(_text, sequence)) for sequence in alternatives]
    for index, sequence in enumerate(alternatives):
        before, after = texts[:index], texts[index + 1 :]
        if before or after:
            yield "|".join([*before, *after])
        yield from ("|".join([*before, variant, *after]) for variant in _vary_sequence(sequence))


def _vary_sequence(sequence: tuple[_Part, ...]) -> Iterator[str]:
    texts = [_text(part) for part in sequence]
    for index, part in enumerate(sequence):
        before, after = "".join(texts[:index]), "".join(texts[index + 1 :])
        yield from (before + variant + after for variant in _vary_part(part))


def _vary_part(part: _Part) -> Iterator[str]:
    bare = _text(_Part(part.text, "", part.alternatives))
    yield ""
    yield from (bare + quantifier for quantifier in _vary_quantifier(part.quantifier))
    if part.alternatives:
        yield from (f"(?:{inner}){part.quantifier}" for inner in _vary_alternatives(part.alternatives) if inner)
    elif part.text.startswith("["):
        start = 2 if part.text.startswith("[^") else 1
        items = _ITEM.findall(part.text[start:-1])
        smaller = [items[:index] + items[index + 1 :] for index in range(len(items)) if len(items) > 1]
        yield from (f"{part.text[:start]}{''.join(smaller_class)}]{part.quantifier}" for smaller_class in smaller)


def _vary_quantifier(quantifier: str) -> Iterator[str]:
    if count := _COUNT.fullmatch(quantifier):
        times = int(count[1])
        yield from ("", f"{{{times - 1}}}", f"{{{times + 1}}}", f"{{{times},}}")
    else:
        yield from _OTHER_QUANTIFIERS.get(quantifier, ())


def _text(part: _Part) -> str:
    inner = "|".join("".join(map(_text, sequence)) for sequence in part.alternatives)
    return (f"(?:{inner})" if part.alternatives else part.text) + part.quantifier
