"""Client, mock server and oracle, which must agree on every body."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx

from contract_tests.reading import oracle
from contract_tests.support.mock_caller import Caller
from kling_elements.mock import create_app
from kling_elements_client import AuthenticatedClient
from kling_elements_client.api.elements import create_element
from kling_elements_client.errors import ContractError


class Judges:
    """The three that must agree, and the tally of what they said."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.said: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.distinct = set[int]()
        self._client = AuthenticatedClient(
            token="test-token", httpx_args={"transport": httpx.MockTransport(self._receive)}
        )
        self._mock = Caller(create_app(unique_external_ids=False, callbacks=False))

    def _receive(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(json.loads(request.content))
        return httpx.Response(200, json={})

    def mock_status(self, content: bytes) -> int:
        """What the mock server answers to a body."""
        return self._mock.post(content=content).status

    def client_verdict(self, body: Any) -> bool:
        """Whether the client sends a body. It must send exactly that body, or nothing."""
        self.sent.clear()
        try:
            create_element.sync(client=self._client, body=body)
        except ContractError as error:
            assert self.sent == []
            self.rules.update({violation.rule for violation in error.violations})
            return False
        assert [body] == self.sent
        return True

    def agree(self, body: Any) -> bool:
        """Fails unless all give one verdict; returns it."""
        verdicts = {
            "oracle": oracle.accepts(body),
            "client": self.client_verdict(body),
            "mock": {200: True, 400: False}[self.mock_status(json.dumps(body).encode())],
        }
        assert len(set(verdicts.values())) == 1, f"{verdicts} on {json.dumps(body)}"
        self.said["accepted" if verdicts["oracle"] else "refused"] += 1
        self.distinct.add(hash(json.dumps(body, sort_keys=True)))
        return verdicts["oracle"]

    def close(self) -> None:
        """Closes the client and the mock server."""
        self._client.close()
        self._mock.app.close()
