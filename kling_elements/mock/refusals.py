"""Build refusals from the examples and business codes of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from secrets import token_hex
from typing import Any

from kling_elements.mock.reply import HeaderList, Reply, json_reply
from kling_elements_runtime.document import Document

CHALLENGE = {"WWW-Authenticate": "Bearer"}
_UNAUTHORIZED = 401  # HTTP requires the challenge header with this status
# the kinds of refusal that dialects may word differently
_KINDS = ("x-absent", "x-duplicate", "x-too-many", "x-deleted-already")


class Problem(Enum):
    """A problem with a request: the HTTP status, and the name of the contract's example for it."""

    MISSING_TOKEN = 401, "missingToken"
    INVALID_TOKEN = 401, "invalidToken"
    PERMISSION_DENIED = 403, "permissionDenied"
    NO_SUCH_RESOURCE = 404, "noSuchResource"
    METHOD_NOT_ALLOWED = 405, "methodNotAllowed"
    BODY_TOO_LARGE = 413, "bodyTooLarge"
    UNSUPPORTED_MEDIA_TYPE = 415, "unsupportedMediaType"
    INVALID_PARAMETERS = 400, "invalidParameters"
    INVALID_VALUE = 400, "invalidValue"
    RATE_LIMITED = 429, "rateLimited"
    INTERNAL_ERROR = 500, "internalError"

    def __init__(self, status: int, example: str) -> None:
        """Split the value into status and example."""
        self.status = status
        self.example = example


class RefusedError(Exception):
    """A request is refused. The message is for the caller, and contains no token and no media."""

    def __init__(self, reason: Problem | int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.headers = headers or {}


class Refusals:
    """The refusals of a contract, in its words and its envelope."""

    def __init__(self, contract: Document) -> None:
        """Read the business codes of a contract, and the envelope of every problem from the examples.

        Raises:
            KeyError: The contract lacks an example, or uses a code in a refusal without explaining the code.
        """
        self.business_codes = contract.business_codes()
        examples = contract.document()["components"]["examples"]
        self._envelopes: dict[Problem, dict[str, Any]] = {
            problem: examples[problem.example]["value"] for problem in Problem
        }
        codes = {envelope["code"] for envelope in self._envelopes.values()} | {
            row.code
            for operation_id in contract.operations()
            for keyword in _KINDS
            for row in contract.refusals(operation_id, keyword)
        }
        if unknown := codes - self.business_codes.keys():
            raise KeyError(f"x-business-codes lacks {', '.join(map(str, sorted(unknown)))}")

    def response(self, refused: RefusedError) -> Reply:
        """Return the response to a refused request, with a new request id."""
        if isinstance(refused.reason, int):
            return self.code_reply(refused.reason, str(refused), headers=refused.headers)
        details = {"message": str(refused), "request_id": new_request_id()}
        return json_reply(
            {**self._envelopes[refused.reason], **details}, refused.reason.status, _header_list(refused.headers)
        )

    def refusal_for(self, reason: Problem | int, detail: str, headers: Mapping[str, str] | None = None) -> RefusedError:
        """Return the refusal for a code or problem, with the meaning from the contract and a detail."""
        code: int = self._envelopes[reason]["code"] if isinstance(reason, Problem) else reason
        return RefusedError(code, f"{self.business_codes[code].meaning}: {detail}", headers)

    def code_reply(
        self,
        code: int,
        message: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the response with a business code; message and status are the contract's unless you pass others."""
        row = self.business_codes[code]
        status = row.http_status if status is None else status
        required = CHALLENGE if status == _UNAUTHORIZED else {}
        envelope = {"code": code, "message": message or row.meaning, "request_id": new_request_id()}
        return json_reply(envelope, status, _header_list({**required, **(headers or {})}))


def new_request_id() -> str:
    """Return a new random request id."""
    return token_hex(16)


def _header_list(headers: Mapping[str, str]) -> HeaderList:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
