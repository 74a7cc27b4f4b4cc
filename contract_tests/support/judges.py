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

_NOBODYS = 1201
"""The business code where a look-up or a deletion finds nothing, as nothing was created."""


class Judges:
    """The three that must agree, and the tally of what they said. The client's requests go to the mock server.

    Attributes:
        client: The client.
        mock: A caller of the mock server.
        sent: What the client sent for its last verdict.
        said: How often all said yes, and how often no.
        rules: How often the client named each rule.
        distinct: A number for each body that differs from the others.
    """

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.said: Counter[bool] = Counter()
        self.rules: Counter[str] = Counter()
        self.distinct = set[int]()
        self.client = AuthenticatedClient(
            api_key="test-token", http_client={"transport": httpx.MockTransport(self._receive)}
        )
        self.mock = Caller(create_app(unique_external_ids=False, callbacks=False))

    def _receive(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.mock.answer(request)

    def client_verdict(self, call: Callable[[], Any]) -> bool:
        """Tell whether the client sends a request; the mock server must take what it sends."""
        self.sent.clear()
        code: object = _NOBODYS
        try:
            call()
        except ContractError as error:
            assert [] == self.sent
            self.rules.update({violation.rule for violation in error.violations})
            return False
        except StatusError as error:
            code = error.code
        assert (_NOBODYS, 1) == (code, len(self.sent))
        return True

    def agree(self, what: object, **verdicts: bool) -> None:
        """Fail unless all give one verdict."""
        assert len(set(verdicts.values())) == 1, f"{verdicts} on {what!r}"
        self.said[verdicts["oracle"]] += 1

    def agree_on_create(self, body: Any) -> None:
        """Fail unless all give one verdict on a body, and the client sends exactly that body, or nothing."""
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
