"""`AuthenticatedClient`, the base class of every generated client."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from types import TracebackType
from typing import Any, ClassVar, Final, Literal, NoReturn, Self, TypeVar, get_args

import httpx
from attrs import evolve

from kling_elements_runtime import logs, parameters, settings
from kling_elements_runtime.addresses import is_loopback
from kling_elements_runtime.client_connections import ClientConnections
from kling_elements_runtime.contract import CheckedRequest, Contract, RequestContent
from kling_elements_runtime.credentials import HiddenToken, Token, credentials
from kling_elements_runtime.deadline import within
from kling_elements_runtime.document import Operation
from kling_elements_runtime.errors import (
    ContractError,
    MediaError,
    OperationNotOfferedError,
    ResponseError,
    Violation,
)
from kling_elements_runtime.failures import clear_variables, transport_errors
from kling_elements_runtime.relaxing import enforced, known_rules
from kling_elements_runtime.requests import RequestBuilder
from kling_elements_runtime.responses import CALL, ResponseReader, request_id_of
from kling_elements_runtime.settings import Timeout
from kling_elements_runtime.transport.bodies import ENCODINGS
from kling_elements_runtime.transport.route import Route

T = TypeVar("T")
OnViolation = Literal["raise", "warn", "ignore"]

DEFAULT_TIMEOUT: Final = Timeout()
_NOT_LOGGED: Final = nullcontext()


class AuthenticatedClient:
    """A client of one gateway, with one token and a pool of connections. Threads may share it.

    Use it as a context manager (`with` or `async with`), or call `close` or `aclose`.

    A generated client derives its class from this one, and sets the class variables.

    Attributes:
        contract: The contract to check requests and responses against, unless you pass another one.
        token_variable: The environment variable for the API key, if you pass none.
        base_url_variable: The environment variable for the gateway's URL, if you pass none.
        first_server: The gateway's URL, if you pass none and the environment variable is not set.
        log: The logger of requests and unusual responses.
        reuse_seconds: The maximum idle time of a connection for a request that must not be sent twice. A server may
            close an idle connection at any time, and then nobody knows whether it got the request.
        log_variable: The environment variable that switches this logger and its parents on.
    """

    contract: Contract
    token_variable: ClassVar[str]
    base_url_variable: ClassVar[str]
    first_server: ClassVar[str]
    log: ClassVar[logging.Logger]
    log_variable: ClassVar[str]
    reuse_seconds: ClassVar[float] = 1.0

    def __init__(  # noqa: PLR0913 - all but two go by name
        self,
        api_key: Token | HiddenToken | None = None,
        base_url: str | None = None,
        *,
        on_violation: OnViolation = "raise",
        relax: Collection[str] = (),
        allow_http: bool = False,
        timeout: Timeout | float = DEFAULT_TIMEOUT,
        headers: Mapping[str, str] | None = None,
        http_client: Mapping[str, Any] | None = None,
        contract: Contract | None = None,
    ) -> None:
        """Create a client. It opens no connection yet.

        Args:
            api_key: The gateway's API key, without `Bearer`, or a function that returns it and is called before each
                request. By default the client uses the environment variable for the key.
            base_url: The gateway's URL, to which the operation's path is appended. By default the client uses the
                environment variable for it, or else the contract's first server.
            on_violation: What to do with a request that breaks the contract. `raise` raises `ContractError` and sends
                nothing; `warn` logs the violations and sends; `ignore` sends. A body that cannot be written as JSON is
                never sent.
            relax: The ids of rules, such as `{"R28"}`. A request that breaks only these is sent, with a warning in the
                log.
            allow_http: Whether to allow plain HTTP to a gateway on another machine.
            timeout: Seconds for each step of a request, by default 10 to connect, 300 to read and 600 to write.
            headers: More headers for every request.
            http_client: More arguments for `httpx.Client` and `httpx.AsyncClient`, such as `proxy` or `verify`. The
                environment's proxies are used unless the gateway is on this machine.
            contract: The contract to check requests and responses against. The default is the package's.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: There is no API key, or an argument has an unusable value.
        """
        logs.set_up(self.log, self.log_variable)
        if contract is not None:
            self.contract = contract
        hidden = (
            api_key
            if isinstance(api_key, HiddenToken)
            else HiddenToken(self._token_from_environment() if api_key is None else api_key)
        )
        del api_key  # error pages show the variables of each frame
        self._credentials = credentials(hidden, self.token_variable)
        self._responses = ResponseReader(self.contract, self._credentials.redact, self.log)
        paths = {operation.path for operation in self.contract.operations().values()}
        if base_url is None:
            base_url = self.default_base_url(contract)
        url = settings.check_url(base_url, allow_http=allow_http, paths=paths)
        self._base_url = str(url)
        self._request_log = logs.RequestLog(self.log, self._base_url, self._credentials.redact)
        if on_violation not in get_args(OnViolation):
            raise ValueError(f"on_violation must be 'raise', 'warn' or 'ignore', not {on_violation!r}")
        self._on_violation = on_violation
        self.relaxed_rules: Final = known_rules(relax, type(self).contract, self.contract)
        """The ids of the rules that are relaxed."""
        limits = httpx.Timeout(**settings.step_seconds(timeout))
        default_headers = httpx.Headers({"Accept-Encoding": ENCODINGS})
        default_headers.update(settings.check_headers(headers or {}))
        http_settings = {
            **settings.check_http_client(http_client or {}),
            "base_url": url,
            "timeout": limits,
            "headers": default_headers,
        }
        self._route = Route.of(
            url, http_settings, on_this_machine=is_loopback(url.host), reuse_seconds=self.reuse_seconds
        )
        self._connections = ClientConnections(http_settings, self._route)
        self._request_builder = RequestBuilder(self._credentials.authorization)

    @classmethod
    def _token_from_environment(cls) -> str:
        return os.environ.get(cls.token_variable, "")

    @classmethod
    def default_base_url(cls, contract: Contract | None = None) -> str:
        """Return the gateway's default URL, from the environment or else the contract's first server.

        Args:
            contract: The contract, or None for the package's.

        Raises:
            ValueError: The contract is for gateways with different URLs.
        """
        url = os.environ.get(cls.base_url_variable) or (
            cls.first_server if contract is None else contract.first_server()
        )
        if "{" in url:
            raise ValueError(
                f"the contract does not say where the gateway is: pass base_url, or set {cls.base_url_variable}"
            )
        return url

    @property
    def base_url(self) -> str:
        """The gateway's URL."""
        return self._base_url

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r}, on_violation={self._on_violation!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client cannot be copied or pickled, because it holds a token and open connections; create another one"
        )

    def redact(self, text: str) -> str:
        """Return a string without the token, even if the token is escaped for JSON, a URL or a JSON Pointer."""
        return self._credentials.redact(text)

    def get_httpx_client(self) -> httpx.Client:
        """Return the `httpx.Client`, which is created on first use. It does not hold the token.

        Do not change its settings, because they are read only once.
        """
        return self._connections.sync().http

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the `httpx.AsyncClient` of the running event loop, created on first use. It does not hold the token.

        Do not change its settings, because they are read only once.

        Raises:
            RuntimeError: No event loop is running.
        """
        return self._connections.of_running_loop().http

    def send(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: RequestContent | None = None,
    ) -> httpx.Response:
        """Send one request and return the response, with its body read. `deadline.within` limits the time.

        Args:
            method: The HTTP method.
            url: A path on the gateway, with the query.
            headers: More headers.
            content: The body, as `encode` returns it.

        Raises:
            TransportError: No response arrived.
            ValueError: The URL is not a path on the gateway, so the token must not be sent there.
            RuntimeError: The client is closed.
        """
        connections = self._connections.sync()
        request = self._request_builder.build(connections.http, method, url, headers, content)
        entry = self._request_log.begin(url, request, content)
        with entry or _NOT_LOGGED, transport_errors(request, self._base_url, self.redact), within(_seconds(request)):
            response = connections.send(request)
        if entry is not None:
            entry.finish(response)
        response.extensions[CALL] = request.method, str(request.url)
        return response

    async def send_async(
        self,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: RequestContent | None = None,
    ) -> httpx.Response:
        """Send one request on an event loop of asyncio; see `send`."""
        connections = self._connections.of_running_loop()
        request = self._request_builder.build(connections.http, method, url, headers, content)
        entry = self._request_log.begin(url, request, content)
        with entry or _NOT_LOGGED, transport_errors(request, self._base_url, self.redact), within(_seconds(request)):
            response = await connections.send(request)
        if entry is not None:
            entry.finish(response)
        response.extensions[CALL] = request.method, str(request.url)
        return response

    def encode(self, operation_id: str, body: object) -> RequestContent:
        """Return the JSON text of a request body. `on_violation` says what happens if it breaks the contract.

        Args:
            operation_id: The operation's `operationId`.
            body: A model, a JSON value, or a body that this client's contract has checked for this operation.

        Raises:
            ContractError: The body does not conform, and `on_violation` is `raise` or it cannot be written as JSON.
            MediaError: A file in the body cannot be read.
            ValueError: The body was checked for another operation, or by another contract.
        """
        checked = body if isinstance(body, CheckedRequest) else self.contract.check(operation_id, body)
        if checked.operation_id != operation_id:
            raise ValueError(f"the body was checked for {checked.operation_id}, not for {operation_id}")
        if checked.contract is not self.contract:
            raise ValueError("the body was checked by another contract: check it with `client.contract.check`")
        violations = self._redact_violations(checked.violations)
        if checked.error is not None:
            raise MediaError(self.redact(checked.error.source), self.redact(checked.error.reason), violations)
        if checked.content is None:
            raise ContractError(violations)
        self._report(operation_id, violations)
        return checked.content

    def operation(self, operation_id: str) -> Operation:
        """Return an operation of the contract.

        Raises:
            OperationNotOfferedError: The contract has no such operation.
        """
        offered = self.contract.operations()
        if operation_id not in offered:
            raise OperationNotOfferedError(
                f"the contract of this gateway does not offer {operation_id}, only {', '.join(offered)}"
            )
        return offered[operation_id]

    def request_target(self, operation_id: str, values: Mapping[str, object]) -> str:
        """Return the path and query of a request. `on_violation` says what happens if they break the contract.

        Args:
            operation_id: The operation's `operationId`.
            values: The parameters by their names in the contract; one that is `UNSET` is left out.

        Raises:
            ContractError: The parameters do not conform, and `on_violation` is `raise` or they cannot be written.
            OperationNotOfferedError: The contract has no such operation.
        """
        operation = self.operation(operation_id)
        if not operation.parameters and not values:
            return operation.path
        checked = parameters.check(self.contract, operation_id, values)
        violations = self._redact_violations(checked.violations)
        if checked.text is None:
            raise ContractError(violations)
        self._report(operation_id, violations)
        return checked.text

    def decode(self, operation_id: str, response: httpx.Response, model: Callable[[Mapping[str, Any]], T]) -> T:
        """Return the model of a successful response.

        Raises:
            ResponseError: The response reports a failure, or breaks the contract; see `errors`.
        """
        try:
            return self._responses.model_of(operation_id, response, model)
        except ResponseError as error:
            clear_variables(error)  # a response may repeat the token, and contains it until it is redacted
            raise

    def request_id_of(self, response: httpx.Response, parsed: object) -> str | None:
        """Return the gateway's id of a successful request, or None if the response contains none.

        Args:
            response: The response.
            parsed: The model that `decode` returned for its body. Its `request_id` takes precedence over the header's.
        """
        return request_id_of(response, getattr(parsed, "request_id", None), self._credentials.redact)

    @property
    def is_closed(self) -> bool:
        """Whether the client was closed, so that it sends no more requests."""
        return self._connections.is_closed

    def close(self) -> None:
        """Close the client, and the connections of synchronous calls."""
        self._connections.close()

    async def aclose(self) -> None:
        """Close the client, and the connections of synchronous calls and of the running event loop."""
        await self._connections.aclose()

    def __enter__(self) -> Self:
        self._connections.check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self._connections.check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _redact_violations(self, violations: list[Violation]) -> list[Violation]:
        return [evolve(v, pointer=self.redact(v.pointer), message=self.redact(v.message)) for v in violations]

    def _report(self, operation_id: str, violations: list[Violation]) -> None:
        """Raise, warn about or ignore violations, depending on `on_violation` and `relax`."""
        if self._on_violation == "raise" and (broken := enforced(violations, self.relaxed_rules)):
            raise ContractError(broken)
        if violations and self._on_violation != "ignore":
            reasons = "; ".join(map(str, violations))
            self.log.warning("%s is sent although it breaks the contract: %s", operation_id, reasons)


def _seconds(request: httpx.Request) -> float:
    """Return the seconds that a request may take in total, if each of its steps uses up its timeout."""
    seconds: Mapping[str, float] = request.extensions["timeout"]
    return sum(seconds.values())
