"""What can testify against a mutant: something that is known of the contract by another reading than the spec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import jsonschema_rs

from contract_tests.reading.answer_cases import values_of
from contract_tests.reading.oracle import Oracle
from contract_tests.support.mock_caller import Caller
from kling_elements.mock.app import MockServer
from kling_elements.mock.options import Options
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, follow


class Subject:
    """A document that witnesses are asked about.

    Attributes:
        document: The document.
        contract: It as a contract.
    """

    def __init__(self, document: Node) -> None:
        """Take the document; what is made from it is made when it is asked for."""
        self.document = document
        self.contract = Contract(document)
        self._oracles: dict[str, Oracle] = {}
        self._speaking: dict[str, Caller] = {}
        self._verdicts: dict[tuple[str, str], bool] = {}  # several answers share a schema

    @cached_property
    def server(self) -> MockServer:
        """A mock server of the document, of which tasks are done at once."""
        options = Options(tick_seconds=0, unique_external_ids=False, callbacks=False)
        return MockServer(self.contract, options)

    @cached_property
    def caller(self) -> Caller:
        """A caller of that server, with a token that no other witness uses."""
        return Caller(self.server, token="sk-witness")  # noqa: S106 - any will do

    def speaking(self, dialect: str) -> Caller:
        """Return a caller of another mock server, which speaks a dialect and lets no external id repeat."""
        if dialect not in self._speaking:
            options = Options(tick_seconds=0, dialect=dialect, callbacks=False)
            self._speaking[dialect] = Caller(MockServer(self.contract, options), dialect=dialect)
        return self._speaking[dialect]

    def oracle(self, operation_id: str) -> Oracle:
        """A judge of bodies that shares no code with the client."""
        if operation_id not in self._oracles:
            self._oracles[operation_id] = Oracle(self.document, operation_id)
        return self._oracles[operation_id]

    def lets_through(self, place: str, kinds: str) -> bool:
        """Whether the schema at a place lets exactly the values of some kinds through."""
        if (place, kinds) not in self._verdicts:
            shared = {name: self.document[name] for name in ("components", "paths")}
            validator = jsonschema_rs.Draft202012Validator({**follow(self.document, place), **shared})
            self._verdicts[place, kinds] = all(
                conforms == validator.is_valid(value) for value, conforms in values_of(kinds)
            )
        return self._verdicts[place, kinds]

    def close(self) -> None:
        """Let go of what was made."""
        if "server" in self.__dict__:
            self.server.close()
        for caller in self._speaking.values():
            caller.app.close()


Holds: TypeAlias = Callable[[Subject], bool]


@dataclass(frozen=True)
class Witness:
    """Something that is true of the contract.

    Attributes:
        name: What it is, in words.
        holds: Whether it is true of a document.
        rules: The rules that it is about.
        cost: What it takes to find out: 0 for less than a millisecond, 1 for about one, 2 for more.
    """

    name: str
    holds: Holds
    rules: frozenset[str | None]
    cost: int = 0

    def testifies_against(self, subject: Subject) -> bool:
        """Whether it is not true of a document. One that it cannot be asked about fails it, as it would a test."""
        try:
            return not self.holds(subject)
        except Exception:  # noqa: BLE001 - whatever a broken contract breaks
            return True
