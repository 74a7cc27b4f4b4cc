"""The base of both clients: their settings, and what is put onto an error that ends a call early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Generic, NoReturn, TypeVar

import httpx

from kling_elements.calls import Call, Calls
from kling_elements.clock import Clock
from kling_elements.contracts import usable
from kling_elements.errors import redact
from kling_elements.outside import Outside
from kling_elements.policies import PollPolicy, RetryPolicy
from kling_elements_client import AuthenticatedClient
from kling_elements_client.client import DEFAULT_TIMEOUT, OnViolation
from kling_elements_client.errors import KlingError
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.credentials import Hidden, Token

Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)


class ClientBase(Generic[Transport]):
    """Hold the settings of a client of either kind; its calls are in the subclasses."""

    _outside: ClassVar[type[Outside]]

    def __init__(  # noqa: PLR0913 - all but two go by name
        self,
        token: Token | None = None,
        base_url: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        poll: PollPolicy | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        on_violation: OnViolation = "raise",
        allow_http: bool = False,
        allow_private: bool = False,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        httpx_args: Mapping[str, Any] | None = None,
        contract: Contract | None = None,
    ) -> None:
        """Make a client; no connection is opened yet.

        Args:
            token: The gateway's API key, without `Bearer`, or a function that returns it, which is asked before each
                request; by default that of the environment variable `KLING_API_KEY`.
            base_url: The gateway's address; by default that of the environment variable `KLING_BASE_URL`, or else the
                contract's first server.
            retry: When a create is sent again.
            poll: How often `wait` looks a task up.
            transport: What carries requests in place of the network, for tests.
            clock: What tells the time and sleeps, for tests.
            on_violation: What to do with a request that breaks the contract: `raise`, `warn` or `ignore`.
            allow_http: Whether a gateway elsewhere than on this machine may be called without TLS.
            allow_private: Whether `preflight="remote"` may look at media on this machine or in a private network.
            timeout: Seconds for each step of a request, by default 10 to connect, 300 to read and 600 to write.
            headers: More headers for every request.
            httpx_args: More arguments for httpx's client, such as `proxy` or `verify`.
            contract: The contract to check requests and answers against; by default the one of the package. Another
                one must have the same operations.

        Raises:
            TypeError: An argument has a wrong type.
            ValueError: There is no token, or one of the arguments cannot be used.
        """
        hidden = None if token is None else Hidden(token)
        del token  # no variable of this frame holds it, as frames are shown with errors
        for name, policy, kind in (("retry", retry, RetryPolicy), ("poll", poll, PollPolicy)):
            if not isinstance(policy, kind | None):
                raise TypeError(f"{name} must be a {kind.__name__}, not {type(policy).__name__}")
        carried = {} if transport is None else {"transport": transport}
        self.client: Final = AuthenticatedClient(
            hidden,
            base_url,
            on_violation=on_violation,
            allow_http=allow_http,
            timeout=timeout,
            headers=headers,
            httpx_args={**(httpx_args or {}), **carried},
            contract=None if contract is None else usable(contract),
        )
        """The generated client underneath, for single operations."""
        self._io = self._outside(self.client, clock or Clock())
        self._calls = Calls(self._io, retry or RetryPolicy(), poll or PollPolicy(), allow_private=allow_private)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.client.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client holds a token and connections and cannot be copied or pickled; make another one")

    def _ended(self, call: Call[Any], error: BaseException) -> None:
        """Put onto what ends a call early what is known, and take the token out."""
        if call.explain is not None:
            call.explain(error, self._io)
        if isinstance(error, KlingError):
            redact(error, self.client.redact)
