"""Two documents, operation by operation: who may call what, with what, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping

from kling_elements_runtime.document import Node
from tools.diff.calls import (
    Call,
    Calls,
    callbacks_of,
    calls_of,
    headers_of,
    is_success,
    media_types,
    status_around,
    ways_of,
    without_equal,
)
from tools.diff.changes import Change, Changes, Effect, Use
from tools.diff.keywords import of_assertions, of_presence, of_sets
from tools.diff.places import ABSENT, NOWHERE, WORDS, Place, differences
from tools.diff.schemas import SchemaComparison, pair

_COMPARED = {"operationId", "parameters", "requestBody", "responses", "callbacks", "security"}
_OF_PARAMETERS = {"name", "in", "required", "schema", "content"}
_OPEN = ("header", "cookie")  # where both sides pass over what they do not know


def changes_between(old: Node, new: Node) -> list[Change]:
    """Everything that differs for those who live by a contract, what breaks callers first.

    Raises:
        SpecError: A reference leads nowhere, or a schema says what cannot be compared here.
    """
    changes = Changes()
    _Comparison(old, new, changes).compare()
    return list(changes)


class _Comparison:
    """Compares two documents."""

    def __init__(self, old: Node, new: Node, changes: Changes) -> None:
        self._old, self._new = Place(old, "#", old), Place(new, "#", new)
        self._schemas = SchemaComparison(changes)
        self._add = changes.add

    def compare(self) -> None:
        self._compare_servers()
        self._compare_schemes()
        self._compare_calls(calls_of(self._old.child("paths")), calls_of(self._new.child("paths")), Use.REQUEST)
        self._compare_codes()
        self._compare_opaque(self._old.child("webhooks"), self._new.child("webhooks"), Use.RESPONSE)

    def _compare_opaque(self, old: Place, new: Place, use: Use) -> None:
        """What is compared by its words: it is the same, or it breaks both."""
        for before, after in differences(old, new):
            self._add(before, after, Effect.OTHER, use)

    def _compare_servers(self) -> None:
        """An address that is gone cannot be called; a new one need not be, and the order is the client's business."""
        old, new = ({s.node["url"]: s for s in each.child("servers").items()} for each in (self._old, self._new))
        for url in dict.fromkeys([*old, *new]):
            before, after = pair(url, old, new)
            if before and after:
                self._compare_opaque(before.child("variables"), after.child("variables"), Use.REQUEST)
            else:
                gone = bool(before)
                self._add(before, after, Effect.REMOVED if gone else Effect.ADDED, Use.REQUEST if gone else None)

    def _compare_schemes(self) -> None:
        old, new = (each.child("components").child("securitySchemes").children() for each in (self._old, self._new))
        for name, scheme in old.items():
            if name in new:
                self._compare_opaque(scheme.resolved(), new[name].resolved(), Use.REQUEST)

    def _compare_codes(self) -> None:
        """Callers act on what a business code means; the words for it are for people."""
        old, new = (each.child("x-business-codes").children() for each in (self._old, self._new))
        for code in dict.fromkeys([*old, *new]):
            before, after = pair(code, old, new)
            if not (before and after):
                self._add(before, after, Effect.REMOVED if before else Effect.ADDED, Use.RESPONSE)
                continue
            for name in dict.fromkeys([*before.children(), *after.children()]):
                if name != "meaning":
                    self._compare_opaque(before.child(name), after.child(name), Use.RESPONSE)

    def _compare_calls(self, old: Calls, new: Calls, use: Use) -> None:
        for key in dict.fromkeys([*old, *new]):
            if key not in new:
                self._add(old[key].place, NOWHERE, Effect.REMOVED, use, (old[key].title, ABSENT))
            elif key not in old:
                self._add(NOWHERE, new[key].place, Effect.ADDED, use, (ABSENT, new[key].title))
            else:
                self._compare_call(old[key], new[key], use)

    def _compare_call(self, old: Call, new: Call, use: Use) -> None:
        """Finds what changed in one operation; in a callback, which the server sends, `use` is the response."""
        before, after = old.place, new.place
        if before.child("operationId").node != after.child("operationId").node:
            self._add(before.child("operationId"), after.child("operationId"), Effect.OTHER, None)
        self._compare_security(before, after, use)
        self._compare_parameters(old.parameters(), new.parameters(), use)
        self._compare_body(before.child("requestBody").resolved(), after.child("requestBody").resolved(), use)
        self._compare_responses(before.child("responses"), after.child("responses"), use.other)
        self._compare_calls(callbacks_of(before), callbacks_of(after), use.other)
        for name in dict.fromkeys([*before.children(), *after.children()]):
            if name not in WORDS | _COMPARED:
                self._compare_opaque(before.child(name), after.child(name), use)

    def _compare_security(self, old: Place, new: Place, use: Use) -> None:
        """More ways to prove who one is are wider, fewer are narrower; to be asked for nothing is a way too."""
        known = [each.child("components").child("securitySchemes").children() for each in (self._old, self._new)]
        were = ways_of(old.child("security") or self._old.child("security"), *known)
        are = ways_of(new.child("security") or self._new.child("security"), *known[::-1])
        effect = of_sets({*without_equal(were, are)}, {*without_equal(are, were)})
        at_old, at_new = (Place(each.document, f"{each.pointer}/security", None) for each in (old, new))
        self._add(at_old, at_new, effect, use, ([*were.values()], [*are.values()]))

    def _compare_parameters(
        self, old: Mapping[tuple[str, str], Place], new: Mapping[tuple[str, str], Place], use: Use
    ) -> None:
        for key in dict.fromkeys([*old, *new]):
            before, after = old.get(key, NOWHERE), new.get(key, NOWHERE)
            if before and after:
                self._compare_required(before, after, use)
                self._compare_schema(before, after, use)
                for name in dict.fromkeys([*before.children(), *after.children()]):
                    if name not in WORDS | _OF_PARAMETERS:
                        self._compare_opaque(before.child(name), after.child(name), use)
                self._compare_content(before.child("content"), after.child("content"), use)
            elif before:
                needed = Effect.WIDER if before.node.get("required") else Effect.NONE
                self._add(before, after, needed | (Effect.REMOVED if key[0] in _OPEN else Effect.NARROWER), use)
            else:
                needed = Effect.NARROWER if after.node.get("required") else Effect.NONE
                self._add(before, after, needed | (Effect.ADDED if key[0] in _OPEN else Effect.WIDER), use)

    def _compare_required(self, old: Place, new: Place, use: Use) -> None:
        before, after = old.child("required"), new.child("required")
        self._add(before, after, of_assertions(before.node, after.node), use)

    def _compare_schema(self, old: Place, new: Place, use: Use) -> None:
        before, after = old.child("schema"), new.child("schema")
        if before and after:
            self._schemas.compare(before, after, use)
        else:
            self._add(before, after, of_presence(bool(before), bool(after)), use)

    def _compare_body(self, old: Place, new: Place, use: Use) -> None:
        if old and new:
            self._compare_required(old, new, use)
            self._compare_content(old.child("content"), new.child("content"), use)
        elif old or new:
            needed = bool((old or new).node.get("required"))
            one_way, other_way = (Effect.NARROWER, Effect.WIDER) if old else (Effect.WIDER, Effect.NARROWER)
            self._add(old, new, one_way | (other_way if needed else Effect.NONE), use)

    def _compare_content(self, old: Place, new: Place, use: Use) -> None:
        were, are = media_types(old), media_types(new)
        for name in dict.fromkeys([*were, *are]):
            before, after = pair(name, were, are)
            if before and after:
                self._compare_schema(before, after, use)
                self._schemas.compare_media(before.child("x-body-size"), after.child("x-body-size"), use)
                self._compare_opaque(before.child("encoding"), after.child("encoding"), use)
            else:
                # who asks for a type that is gone gets none, whichever way it goes
                self._add(before, after, Effect.REMOVED | Effect.NARROWER if before else Effect.WIDER, use)

    def _compare_responses(self, old: Place, new: Place, use: Use) -> None:
        were, are = old.children(), new.children()
        for status in dict.fromkeys([*were, *are]):
            before, after = pair(status, were, are)
            if before and after:
                self._compare_response(before.resolved(), after.resolved(), use)
                continue
            around = status_around(status, are if before else were)
            if around:  # a failure that was promised by a range or by `default` already, or still is
                contents = [(each or around).resolved().child("content") for each in (before, after)]
                self._compare_content(contents[0], contents[1], use)
                self._add(before, after, Effect.OTHER, None)
            elif before:
                gone = Effect.REMOVED if is_success(status) else Effect.NONE
                self._add(before, after, gone | Effect.NARROWER, use)
            else:
                self._add(before, after, Effect.WIDER, use)

    def _compare_response(self, old: Place, new: Place, use: Use) -> None:
        self._compare_content(old.child("content"), new.child("content"), use)
        were, are = headers_of(old), headers_of(new)
        for name in dict.fromkeys([*were, *are]):
            before, after = pair(name, were, are)
            if before and after:
                self._compare_required(before, after, use)
                self._compare_schema(before, after, use)
            else:
                self._add(before, after, Effect.REMOVED if before else Effect.ADDED, use)
