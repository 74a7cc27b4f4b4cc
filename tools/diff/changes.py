"""What changed, and whom that breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, Flag, auto
from typing import Any, Final

ABSENT: Final[Any] = object()
"""Stands where one of the documents has nothing; None is a JSON value."""

_LONGEST_VALUE = 60  # characters of a value that a line shows


class Party(Enum):
    """Who lives by the contract."""

    CALLER = "caller"
    SERVER = "server"


class Use(Enum):
    """Who sends what a schema describes: the caller a request, the server a response."""

    REQUEST = "request"
    RESPONSE = "response"

    @property
    def other(self) -> Use:
        """The opposite direction: in a callback the server sends the request."""
        return Use.RESPONSE if self is Use.REQUEST else Use.REQUEST


class Effect(Flag):
    """What a change does to what conforms, or to what the API has."""

    NONE = 0
    NARROWER = auto()
    WIDER = auto()
    ADDED = auto()
    REMOVED = auto()
    OTHER = NARROWER | WIDER
    """Cannot be compared, as two patterns: some may conform no longer, and some only now."""


_BREAKS: Mapping[tuple[Effect, Use], Party] = {
    (Effect.NARROWER, Use.REQUEST): Party.CALLER,
    (Effect.NARROWER, Use.RESPONSE): Party.SERVER,
    (Effect.WIDER, Use.REQUEST): Party.SERVER,
    (Effect.WIDER, Use.RESPONSE): Party.CALLER,
    (Effect.ADDED, Use.REQUEST): Party.SERVER,
    (Effect.ADDED, Use.RESPONSE): Party.SERVER,
    (Effect.REMOVED, Use.REQUEST): Party.CALLER,
    (Effect.REMOVED, Use.RESPONSE): Party.CALLER,
}


@dataclass(frozen=True)
class Change:
    """One difference between two documents.

    Attributes:
        pointer: Where it stands, in the old document if it is there, otherwise in the new one.
        moved_to: Where it stands in the new document, if that is elsewhere; empty if not.
        before: What the old document says; `ABSENT` if nothing.
        after: What the new one says.
        breaks: Whom it breaks, over all uses.
        uses: In what it is used.
    """

    pointer: str
    moved_to: str
    before: Any
    after: Any
    breaks: frozenset[Party]
    uses: frozenset[Use]

    def __str__(self) -> str:
        whom = " and ".join(party.value for party in Party if party in self.breaks) or "nobody"
        where = " and ".join(use.value for use in Use if use in self.uses)
        moved = f" (now {self.moved_to})" if self.moved_to else ""
        says = f"{self.pointer}{moved}: {_shown(self.before)} -> {_shown(self.after)}"
        return f"breaks {whom}: {says}" + (f" ({where})" if where else "")


class Changes:
    """The changes found so far. One that is met again, by another reference, is kept once with all its uses."""

    def __init__(self) -> None:
        """Begins without any."""
        self._found: dict[tuple[str, str], Change] = {}

    def add(self, pointers: tuple[str, str], shown: tuple[Any, Any], effect: Effect, use: Use | None) -> None:
        """Takes a change.

        Args:
            pointers: Where it stands in the old and in the new document; empty where it is not there.
            shown: What the old and the new document say there, or `ABSENT`.
            effect: What it does.
            use: In what; None where it makes no difference, as something else lets all of it through.
        """
        pointer = pointers[0] or pointers[1]
        moved_to = pointers[1] if pointers[1] != pointer else ""
        breaks = frozenset(party for (part, where), party in _BREAKS.items() if part in effect and where is use)
        uses = frozenset[Use]() if use is None else frozenset({use})
        change = Change(pointer, moved_to, *shown, breaks, uses)
        earlier = self._found.setdefault((pointer, moved_to), change)
        merged = replace(earlier, breaks=earlier.breaks | breaks, uses=earlier.uses | uses)
        self._found[pointer, moved_to] = merged

    def __iter__(self) -> Iterator[Change]:
        """Those that break callers first, then those that break servers; each in the order of the document."""
        return iter(sorted(self._found.values(), key=_urgency))


def _urgency(change: Change) -> int:
    return sum((Party.CALLER not in change.breaks, not change.breaks))


def canonical(value: Any) -> str:
    """A text that is the same for equal JSON values; 1 and 1.0 are equal, 1 and true are not."""

    def normal(part: Any) -> Any:
        if isinstance(part, dict):
            return {str(name): normal(inner) for name, inner in part.items()}
        if isinstance(part, list):
            return [normal(inner) for inner in part]
        return int(part) if isinstance(part, float) and part.is_integer() else part

    return json.dumps(normal(value), sort_keys=True, default=str)


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
