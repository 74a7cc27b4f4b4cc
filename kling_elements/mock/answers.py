"""Refusals, and how they are worded: by the examples and the business codes that the contract has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from secrets import token_hex
from typing import Any

from kling_elements.mock.reply import HeaderList, Reply, json_reply
from kling_elements_runtime.document import Document

CHALLENGE = {"WWW-Authenticate": "Bearer"}
_UNAUTHORIZED = 401  # HTTP wants the challenge with it
_KINDS = ("x-absent", "x-duplicate", "x-too-many", "x-deleted-already")  # of refusals that dialects word


class Problem(Enum):
    """What is wrong with a request: the HTTP status, and the name of the contract's example that tells it."""

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
        """Name the two parts."""
        self.status = status
        self.example = example


class RefusedError(Exception):
    """A request is refused: `str()` of this is the message for the caller, free of tokens and media."""

    def __init__(self, reason: Problem | int, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Say what is wrong, by a problem or a business code, how to mend it, and which headers to add."""
        super().__init__(message)
        self.reason = reason
        self.headers = headers or {}


class Refusals:
    """Words refusals as a contract does, and turns them into answers in its own envelope."""

    def __init__(self, contract: Document) -> None:
        """Take the business codes of a contract, and the envelope of every problem from its examples.

        Raises:
            KeyError: The contract lacks one of them, or refuses by a code that it does not explain.
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

    def answer(self, refused: RefusedError) -> Reply:
        """Return the answer, under a request id of its own."""
        if isinstance(refused.reason, int):
            return self.code_reply(refused.reason, str(refused), headers=refused.headers)
        own = {"message": str(refused), "request_id": new_request_id()}
        return json_reply(
            {**self._envelopes[refused.reason], **own}, refused.reason.status, _header_list(refused.headers)
        )

    def refused_by(self, reason: Problem | int, detail: str, headers: Mapping[str, str] | None = None) -> RefusedError:
        """Return a refusal by a business code or a problem's: in the contract's words, and then what is wrong here."""
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
        """Return the answer with a business code: in the contract's words and with its status, unless given others."""
        row = self.business_codes[code]
        status = row.http_status if status is None else status
        needed = CHALLENGE if status == _UNAUTHORIZED else {}
        envelope = {"code": code, "message": message or row.meaning, "request_id": new_request_id()}
        return json_reply(envelope, status, _header_list({**needed, **(headers or {})}))


def new_request_id() -> str:
    """Return an id that no other answer has."""
    return token_hex(16)


def _header_list(headers: Mapping[str, str]) -> HeaderList:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
