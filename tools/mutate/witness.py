"""Witnesses against mutants: facts about the contract that come from another source than the YAML file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import jsonschema_rs

from contract_tests.reading.oracle import Oracle
from contract_tests.reading.response_cases import values_of
from contract_tests.support.mock_caller import Caller
from kling_elements.mock.app import MockServer
from kling_elements.mock.options import Options
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, follow


class Candidate:
    """A document that witnesses check.

    Attributes:
        document: The document.
        contract: The document as a contract.
    """

    def __init__(self, document: Node) -> None:
        """Create a candidate. Its servers, callers and oracles are created on first use."""
        self.document = document
        self.contract = Contract(document)
        self._oracles: dict[str, Oracle] = {}
        self._callers: dict[str, Caller] = {}
        self._verdicts: dict[tuple[str, str], bool] = {}  # several responses share a schema

    @cached_property
    def server(self) -> MockServer:
        """Return a mock server of the document. Its tasks finish at once."""
        options = Options(tick_seconds=0, unique_external_ids=False, callbacks=False)
        return MockServer(self.contract, options)

    @cached_property
    def caller(self) -> Caller:
        """Return a caller of `server` with a token that no other witness uses."""
        return Caller(self.server, token="sk-witness")  # noqa: S106 - any will do

    def caller_in_dialect(self, dialect: str) -> Caller:
        """Return a caller of a mock server that speaks a dialect and refuses repeated external ids."""
        if dialect not in self._callers:
            options = Options(tick_seconds=0, dialect=dialect, callbacks=False)
            self._callers[dialect] = Caller(MockServer(self.contract, options), dialect=dialect)
        return self._callers[dialect]

    def oracle(self, operation_id: str) -> Oracle:
        """Return an oracle for the bodies of an operation, which shares no code with the client."""
        if operation_id not in self._oracles:
            self._oracles[operation_id] = Oracle(self.document, operation_id)
        return self._oracles[operation_id]

    def accepts_exactly(self, place: str, kinds: str) -> bool:
        """Return whether a place's schema accepts the values of some kinds and no others."""
        if (place, kinds) not in self._verdicts:
            shared = {name: self.document[name] for name in ("components", "paths")}
            validator = jsonschema_rs.Draft202012Validator({**follow(self.document, place), **shared})
            self._verdicts[place, kinds] = all(
                conforms == validator.is_valid(value) for value, conforms in values_of(kinds)
            )
        return self._verdicts[place, kinds]

    def close(self) -> None:
        """Close all servers."""
        if "server" in self.__dict__:
            self.server.close()
        for caller in self._callers.values():
            caller.app.close()


Holds: TypeAlias = Callable[[Candidate], bool]


@dataclass(frozen=True)
class Witness:
    """A fact about the contract.

    Attributes:
        name: The fact, in words.
        holds: Returns whether it is true of a document.
        rules: The rules that it is about.
        cost: The time of a check: 0 for less than a millisecond, 1 for about one, 2 for more.
    """

    name: str
    holds: Holds
    rules: frozenset[str | None]
    cost: int = 0

    def testifies_against(self, candidate: Candidate) -> bool:
        """Return whether the fact is untrue of a document, or its check raises an error."""
        try:
            return not self.holds(candidate)
        except Exception:  # noqa: BLE001 - a broken contract may break anything
            return True
