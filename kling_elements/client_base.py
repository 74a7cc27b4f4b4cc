"""The base class of both clients: it keeps their settings, and completes their errors."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn, Self

from attrs import evolve

from kling_elements.clock import Clock
from kling_elements.errors import redact
from kling_elements.gateway_catalog import contract_of
from kling_elements.lifecycle.calls import Call, Calls
from kling_elements.lifecycle.effects import Effects
from kling_elements.policies import PollPolicy, RetryPolicy
from kling_elements.usable_contract import require_usable
from kling_elements_client import AuthenticatedClient
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_TIMEOUT, OnViolation
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import KlingError
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.credentials import HiddenToken, Token
from kling_elements_runtime.settings import HttpClientOptions, Timeout, step_seconds


class ClientBase:
    """The settings of a client. The subclasses add the calls."""

    _effects_type: ClassVar[type[Effects]]

    def __init__(  # noqa: PLR0913 - all but two go by name
        self,
        api_key: Token | None = None,
        base_url: str | None = None,
        *,
        max_retries: int | None = None,
        retry: RetryPolicy | None = None,
        poll: PollPolicy | None = None,
        timeout: Timeout | float | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: HttpClientOptions | None = None,
        clock: Clock | None = None,
        on_violation: OnViolation = "raise",
        allow_http: bool = False,
        allow_private: bool = False,
        relax: Collection[str] = (),
        gateway: str | Path | None = None,
        contract: Contract | None = None,
    ) -> None:
        """Create a client. It opens no connection yet.

        Args:
            api_key: The gateway's API key, without `Bearer`, or a function that returns it, which is called before
                each request; by default the environment variable `KLING_API_KEY`.
            base_url: The gateway's URL; by default the environment variable `KLING_BASE_URL`, or if that is not
                set, the first server of the contract or of the gateway that you pass.
            max_retries: The maximum number of times to repeat a call if that is safe; short for
                `retry=RetryPolicy(max_retries=...)`. The number does not limit `create_all`, `wait` and `wait_all`.
            retry: When to retry a call; by default for up to 60 seconds.
            poll: The intervals at which `wait` looks up a task, and its limits.
            timeout: Seconds for each step of a request; by default the values of `Timeout()`.
            headers: More headers for every request.
            http_client: Settings of the HTTP client, such as `HttpClientOptions(proxy="http://proxy.example.com:3128")`.
                If you test without a network, use its `transport=`.
            clock: A clock of your own, for tests: clients read the time from it and sleep with it.
            on_violation: What to do with a request that breaks the contract: `raise`, `warn` or `ignore`.
            allow_http: Whether to allow plain HTTP to a gateway on another machine.
            allow_private: Whether `preflight="remote"` may read media from this machine or a private network.
            relax: The ids of rules that the gateway doesn't apply, such as `{"R28"}`. A request that breaks only these
                is logged and sent.
            gateway: The gateway, if its contract differs: a name from `gateways()`, or the `Path` of an overlay. By
                default the host of the URL decides. If you also pass `base_url`, requests go there.
            contract: The contract to check requests and responses against, in place of a gateway's. It must have the
                operations to create and to look up.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: There is no API key, or an argument has an invalid value.
        """
        if contract is not None and gateway is not None:
            raise ValueError("pass either gateway or contract: a gateway has a contract")
        if contract is None:
            contract = contract_of(gateway, base_url or os.environ.get(BASE_URL_VARIABLE))
        hidden = None if api_key is None else HiddenToken(api_key)
        del api_key  # tools that report errors show the variables of frames
        self.client: Final = AuthenticatedClient(
            hidden,
            base_url,
            on_violation=on_violation,
            allow_http=allow_http,
            timeout=DEFAULT_TIMEOUT if timeout is None else timeout,
            headers=headers,
            http_client=http_client,
            relax=relax,
            contract=None if contract is CONTRACT else require_usable(contract),
        )
        """The generated client. Use it to call a single operation yourself."""
        self._effects = self._effects_type(self.client, clock or Clock())
        policies = _policies(retry, poll, max_retries, (RetryPolicy(), PollPolicy()))
        self._calls = Calls(self._effects, *policies, allow_private=allow_private)
        self._step_seconds: Mapping[str, float] | None = None

    def with_options(
        self,
        *,
        max_retries: int | None = None,
        retry: RetryPolicy | None = None,
        poll: PollPolicy | None = None,
        timeout: Timeout | float | None = None,
    ) -> Self:
        """Return a client with other settings. Both clients share their connections, so closing one closes both.

        Args:
            max_retries: As for `__init__`.
            retry: As for `__init__`.
            poll: As for `__init__`.
            timeout: As for `__init__`.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: An argument has an invalid value.
        """
        policies = _policies(retry, poll, max_retries, (self._calls.retry, self._calls.poll))
        client = object.__new__(type(self))
        client.__dict__.update(self.__dict__)
        client._calls = Calls(self._effects, *policies, allow_private=self._calls.allow_private)
        client._step_seconds = step_seconds_of(timeout) or self._step_seconds
        return client

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.client.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client cannot be copied or pickled, because it holds a token and open connections; create another one"
        )

    def _complete_error(self, call: Call[Any], error: BaseException) -> None:
        """Add the external id and the outcome to an exception that ends a call, and remove the token from it."""
        if call.explain is not None:
            call.explain(error, self._effects)
        if isinstance(error, KlingError):
            redact(error, self.client.redact)


def step_seconds_of(timeout: Timeout | float | None) -> Mapping[str, float] | None:
    """Return the timeout of each step of a request, in seconds, or None for the client's own.

    Raises:
        TypeError: The timeout is neither a number nor a `Timeout`.
        ValueError: A number is 0 or below, or too large for a clock.
    """
    return None if timeout is None else step_seconds(timeout)


def _policies(
    retry: RetryPolicy | None,
    poll: PollPolicy | None,
    max_retries: int | None,
    defaults: tuple[RetryPolicy, PollPolicy],
) -> tuple[RetryPolicy, PollPolicy]:
    """Return both policies. A default replaces each one that is None, and `max_retries` goes into the retry policy.

    Raises:
        TypeError: A policy has the wrong type.
        ValueError: `max_retries` is not a whole number, 0 or more.
    """
    for name, policy, kind in (("retry", retry, RetryPolicy), ("poll", poll, PollPolicy)):
        if not isinstance(policy, kind | None):
            raise TypeError(f"{name} must be a {kind.__name__}, not {type(policy).__name__}")
    retry = defaults[0] if retry is None else retry
    retry = retry if max_retries is None else evolve(retry, max_retries=max_retries)
    return retry, defaults[1] if poll is None else poll
