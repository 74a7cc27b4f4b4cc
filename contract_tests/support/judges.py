"""Client, mock server and oracle, which must agree on every request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from contract_tests.reading import oracle
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import create_app
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.errors import ContractError, StatusError

_UNKNOWN_ID = 1201
"""The business code of a look-up or deletion for an unknown id."""


class Judges:
    """Client, mock server and oracle, and a tally of their verdicts. The client's requests go to the mock server.

    Attributes:
        client: The client.
        mock: A caller of the mock server.
        sent: The requests that the client sent for its last verdict.
        verdicts: The number of requests that all three accepted (True) or refused (False).
        rules: The number of the client's reports of each rule.
        distinct: The hashes of all different bodies.
    """

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.verdicts: Counter[bool] = Counter()
        self.rules: Counter[str] = Counter()
        self.distinct = set[int]()
        self.client = AuthenticatedClient(
            api_key="test-token", http_client={"transport": httpx.MockTransport(self._receive)}
        )
        self.mock = Caller(create_app(unique_external_ids=False, callbacks=False))

    def _receive(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.mock.respond(request)

    def client_verdict(self, call: Callable[[], Any]) -> bool:
        """Return whether the client sends a request. If it does, the mock server must accept it."""
        self.sent.clear()
        code: object = _UNKNOWN_ID
        try:
            call()
        except ContractError as error:
            assert [] == self.sent
            self.rules.update({violation.rule for violation in error.violations})
            return False
        except StatusError as error:
            code = error.code
        assert (_UNKNOWN_ID, 1) == (code, len(self.sent))
        return True

    def agree(self, request: object, **verdicts: bool) -> None:
        """Fail if the verdicts differ."""
        assert 1 == len(set(verdicts.values())), f"{verdicts} on {request!r}"
        self.verdicts[verdicts["oracle"]] += 1

    def agree_on_create(self, body: Any) -> None:
        """Fail if the verdicts on a body differ, or if the client sends anything except that body."""
        sends = self.client_verdict(lambda: create_element.sync(client=self.client, body=body))
        assert [body] * sends == [json.loads(request.content) for request in self.sent]
        content = json.dumps(body)
        status = self.mock.post(content=content.encode()).status
        self.agree(content, oracle=oracle.accepts(body), client=sends, mock={200: True, 400: False}[status])
        self.distinct.add(hash(json.dumps(body, sort_keys=True)))

    def close(self) -> None:
        """Close the client and the mock server."""
        self.client.close()
        self.mock.app.close()
