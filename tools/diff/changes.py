"""What changed, and whom that breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, Flag, auto
from typing import Any

from tools.diff.places import ABSENT, Place

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

    def add(
        self, old: Place, new: Place, effect: Effect, use: Use | None, shown: tuple[Any, Any] | None = None
    ) -> None:
        """Take a change, if it has an effect.

        Args:
            old: The place in the old document; one that is not there is absent.
            new: The place in the new document.
            effect: What it does.
            use: In what; None where it makes no difference, as something else lets all of it through.
            shown: What to tell in place of the two nodes.
        """
        if not effect:
            return
        pointer = old.found_at or new.found_at
        moved_to = new.found_at if new.found_at != pointer else ""
        breaks = frozenset(party for (part, where), party in _BREAKS.items() if part in effect and where is use)
        uses = frozenset[Use]() if use is None else frozenset({use})
        change = Change(pointer, moved_to, *(shown or (old.node, new.node)), breaks, uses)
        earlier = self._found.setdefault((pointer, moved_to), change)
        merged = replace(earlier, breaks=earlier.breaks | breaks, uses=earlier.uses | uses)
        self._found[pointer, moved_to] = merged

    def __iter__(self) -> Iterator[Change]:
        """Those that break callers first, then those that break servers; each in the order of the document."""
        return iter(sorted(self._found.values(), key=_urgency))


def _urgency(change: Change) -> int:
    return sum((Party.CALLER not in change.breaks, not change.breaks))


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
