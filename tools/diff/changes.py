"""Changes of a contract, and the parties that they break."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, Flag, auto
from typing import Any

from tools.diff.places import ABSENT, Place

_MAX_VALUE_LENGTH = 60  # characters of a value that a line shows


class Party(Enum):
    """A party to the contract."""

    CALLER = "caller"
    SERVER = "server"


class Use(Enum):
    """Where a schema is used: a caller sends requests, and a server sends responses."""

    REQUEST = "request"
    RESPONSE = "response"

    @property
    def other(self) -> Use:
        """Return the opposite direction: in a callback, the server sends the request."""
        return Use.RESPONSE if self is Use.REQUEST else Use.REQUEST


class Effect(Flag):
    """The effect of a change on the set of conforming values, or on the API."""

    NONE = 0
    NARROWER = auto()
    WIDER = auto()
    ADDED = auto()
    REMOVED = auto()
    OTHER = NARROWER | WIDER
    """Not comparable, such as two patterns: some values may stop conforming, and others may start to."""


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
        pointer: Its place in the old document, or in the new one if the old document lacks it.
        moved_to: Its place in the new document, or an empty string if that is the same.
        before: The value in the old document, or `ABSENT`.
        after: The value in the new document, or `ABSENT`.
        breaks: The parties that it breaks, over all uses.
        uses: Its uses in requests and responses.
    """

    pointer: str
    moved_to: str
    before: Any
    after: Any
    breaks: frozenset[Party]
    uses: frozenset[Use]

    def __str__(self) -> str:
        parties = " and ".join(party.value for party in Party if party in self.breaks) or "nobody"
        uses = " and ".join(use.value for use in Use if use in self.uses)
        moved = f" (now {self.moved_to})" if self.moved_to else ""
        line = f"breaks {parties}: {self.pointer}{moved}: {_short_json(self.before)} -> {_short_json(self.after)}"
        return line + (f" ({uses})" if uses else "")


class Changes:
    """A collection of changes. A change that several references lead to is kept once, with all its uses."""

    def __init__(self) -> None:
        """Create an empty collection."""
        self._changes: dict[tuple[str, str], Change] = {}

    def add(
        self, old: Place, new: Place, effect: Effect, use: Use | None, shown: tuple[Any, Any] | None = None
    ) -> None:
        """Add a change if it has an effect.

        Args:
            old: The place in the old document. It is absent for an addition.
            new: The place in the new document. It is absent for a removal.
            effect: The effect of the change.
            use: Where the place is used, or None if the change breaks nobody.
            shown: The values to show instead of the two nodes.
        """
        if not effect:
            return
        pointer = old.pointer_or_empty or new.pointer_or_empty
        moved_to = new.pointer_or_empty if new.pointer_or_empty != pointer else ""
        breaks = frozenset(party for (part, user), party in _BREAKS.items() if part in effect and user is use)
        uses = frozenset[Use]() if use is None else frozenset({use})
        change = Change(pointer, moved_to, *(shown or (old.node, new.node)), breaks, uses)
        earlier = self._changes.setdefault((pointer, moved_to), change)
        merged = replace(earlier, breaks=earlier.breaks | breaks, uses=earlier.uses | uses)
        self._changes[pointer, moved_to] = merged

    def __iter__(self) -> Iterator[Change]:
        """Yield the changes that break callers, then those that break servers, then the others, in document order."""
        return iter(sorted(self._changes.values(), key=_urgency))


def _urgency(change: Change) -> int:
    return sum((Party.CALLER not in change.breaks, not change.breaks))


def _short_json(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[: _MAX_VALUE_LENGTH - 1]}…"
