"""Compare two documents, operation by operation: servers, security, parameters, bodies and responses."""

from __future__ import annotations

from collections.abc import Mapping

from kling_elements_runtime.document import Node
from tools.diff.calls import (
    Calls,
    DeclaredCall,
    callbacks_of,
    calls_of,
    fallback_response,
    headers_of,
    is_success,
    media_types,
    uncovered_ways,
    ways_to_authenticate,
)
from tools.diff.changes import Change, Changes, Effect, Use
from tools.diff.keywords import effect_of_assertions, effect_of_presence, effect_of_sets
from tools.diff.places import ABSENT, NOWHERE, WORDS, Place, differences
from tools.diff.schemas import SchemaComparison, pair

_COMPARED = {"operationId", "parameters", "requestBody", "responses", "callbacks", "security"}
_OF_PARAMETERS = {"name", "in", "required", "schema", "content"}
_OPEN = ("header", "cookie")  # both sides ignore unknown ones


def changes_between(old: Node, new: Node) -> list[Change]:
    """Return every change that matters to a caller or a server, with those that break callers first.

    Raises:
        SpecError: A reference leads nowhere, or a schema can't be compared.
    """
    changes = Changes()
    _Comparison(old, new, changes).compare()
    return list(changes)


class _Comparison:
    """Compares two documents."""

    def __init__(self, old: Node, new: Node, changes: Changes) -> None:
        self._old, self._new = self._documents = Place(old, "#", old), Place(new, "#", new)
        self._schemas = SchemaComparison(changes)
        self._add = changes.add

    def compare(self) -> None:
        self._compare_servers()
        self._compare_schemes()
        self._compare_calls(calls_of(self._old.child("paths")), calls_of(self._new.child("paths")), Use.REQUEST)
        self._compare_codes()
        self._compare_opaque(self._old.child("webhooks"), self._new.child("webhooks"), Use.RESPONSE)

    def _compare_opaque(self, old: Place, new: Place, use: Use) -> None:
        """Compare nodes whose meaning is not analysed. A difference breaks both parties."""
        for before, after in differences(old, new):
            self._add(before, after, Effect.OTHER, use)

    def _compare_servers(self) -> None:
        """Compare the servers. Only a removed URL breaks a party, the callers."""
        old, new = ({s.node["url"]: s for s in document.child("servers").items()} for document in self._documents)
        for url in dict.fromkeys([*old, *new]):
            before, after = pair(url, old, new)
            if before and after:
                self._compare_opaque(before.child("variables"), after.child("variables"), Use.REQUEST)
            else:
                removed = bool(before)
                effect = Effect.REMOVED if removed else Effect.ADDED
                self._add(before, after, effect, Use.REQUEST if removed else None)

    def _security_schemes(self) -> list[dict[str, Place]]:
        """Return the security schemes of both documents, by name."""
        return [document.child("components").child("securitySchemes").children() for document in self._documents]

    def _compare_schemes(self) -> None:
        old, new = self._security_schemes()
        for name, scheme in old.items():
            if name in new:
                self._compare_opaque(scheme.resolve(), new[name].resolve(), Use.REQUEST)

    def _compare_codes(self) -> None:
        """Compare the business codes without their `meaning`, which is text for people."""
        old, new = (document.child("x-business-codes").children() for document in self._documents)
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

    def _compare_call(self, old: DeclaredCall, new: DeclaredCall, use: Use) -> None:
        """Compare one operation. A callback's `use` is the response, because the server sends its request."""
        before, after = old.place, new.place
        if before.child("operationId").node != after.child("operationId").node:
            self._add(before.child("operationId"), after.child("operationId"), Effect.OTHER, None)
        self._compare_security(before, after, use)
        self._compare_parameters(old.parameters(), new.parameters(), use)
        self._compare_body(before.child("requestBody").resolve(), after.child("requestBody").resolve(), use)
        self._compare_responses(before.child("responses"), after.child("responses"), use.other)
        self._compare_calls(callbacks_of(before), callbacks_of(after), use.other)
        for name in dict.fromkeys([*before.children(), *after.children()]):
            if name not in WORDS | _COMPARED:
                self._compare_opaque(before.child(name), after.child(name), use)

    def _compare_security(self, old: Place, new: Place, use: Use) -> None:
        """Compare the ways to authenticate. More ways are wider and fewer narrower. Requiring nothing is a way too."""
        schemes = self._security_schemes()
        were = ways_to_authenticate(old.child("security") or self._old.child("security"), *schemes)
        are = ways_to_authenticate(new.child("security") or self._new.child("security"), *schemes[::-1])
        effect = effect_of_sets({*uncovered_ways(were, are)}, {*uncovered_ways(are, were)})
        at_old, at_new = (Place(place.document, f"{place.pointer}/security", None) for place in (old, new))
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
                required = Effect.WIDER if before.node.get("required") else Effect.NONE
                self._add(before, after, required | (Effect.REMOVED if key[0] in _OPEN else Effect.NARROWER), use)
            else:
                required = Effect.NARROWER if after.node.get("required") else Effect.NONE
                self._add(before, after, required | (Effect.ADDED if key[0] in _OPEN else Effect.WIDER), use)

    def _compare_required(self, old: Place, new: Place, use: Use) -> None:
        before, after = old.child("required"), new.child("required")
        self._add(before, after, effect_of_assertions(before.node, after.node), use)

    def _compare_schema(self, old: Place, new: Place, use: Use) -> None:
        before, after = old.child("schema"), new.child("schema")
        if before and after:
            self._schemas.compare(before, after, use)
        else:
            self._add(before, after, effect_of_presence(bool(before), bool(after)), use)

    def _compare_body(self, old: Place, new: Place, use: Use) -> None:
        if old and new:
            self._compare_required(old, new, use)
            self._compare_content(old.child("content"), new.child("content"), use)
        elif old or new:
            required = bool((old or new).node.get("required"))
            one_way, other_way = (Effect.NARROWER, Effect.WIDER) if old else (Effect.WIDER, Effect.NARROWER)
            self._add(old, new, one_way | (other_way if required else Effect.NONE), use)

    def _compare_content(self, old: Place, new: Place, use: Use) -> None:
        were, are = media_types(old), media_types(new)
        for name in dict.fromkeys([*were, *are]):
            before, after = pair(name, were, are)
            if before and after:
                self._compare_schema(before, after, use)
                self._schemas.compare_media(before.child("x-body-size"), after.child("x-body-size"), use)
                self._compare_opaque(before.child("encoding"), after.child("encoding"), use)
            else:
                # in a request and in a response, a removed type breaks the caller that uses it
                self._add(before, after, Effect.REMOVED | Effect.NARROWER if before else Effect.WIDER, use)

    def _compare_responses(self, old: Place, new: Place, use: Use) -> None:
        were, are = old.children(), new.children()
        for status in dict.fromkeys([*were, *are]):
            before, after = pair(status, were, are)
            if before and after:
                self._compare_response(before.resolve(), after.resolve(), use)
                continue
            fallback = fallback_response(status, are if before else were)
            if fallback:  # a range or `default` covers this failure before or after the change
                old_response, new_response = ((response or fallback).resolve() for response in (before, after))
                self._compare_content(old_response.child("content"), new_response.child("content"), use)
                self._add(before, after, Effect.OTHER, None)
            elif before:
                removed = Effect.REMOVED if is_success(status) else Effect.NONE
                self._add(before, after, removed | Effect.NARROWER, use)
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
