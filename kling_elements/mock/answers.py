"""Answers, made of the examples that the contract gives by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any
from uuid import uuid4

from kling_elements.mock.asgi import Answer


class Problem(Enum):
    """What is wrong with a request: the HTTP status, and the name of the contract's example that tells it."""

    MISSING_TOKEN = 401, "missingToken"
    INVALID_TOKEN = 401, "invalidToken"
    NO_SUCH_RESOURCE = 404, "noSuchResource"
    METHOD_NOT_ALLOWED = 405, "methodNotAllowed"
    BODY_TOO_LARGE = 413, "bodyTooLarge"
    UNSUPPORTED_MEDIA_TYPE = 415, "unsupportedMediaType"
    INVALID_PARAMETERS = 400, "invalidParameters"

    def __init__(self, status: int, example: str) -> None:
        """Name the two parts."""
        self.status = status
        self.example = example


class RefusedError(Exception):
    """A request is refused: `str()` of this is the message for the caller, free of tokens and media."""

    def __init__(self, problem: Problem, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Say what is wrong, how to mend it, and with which further headers to answer."""
        super().__init__(message)
        self.problem = problem
        self.headers = headers or {}


class Refusals:
    """Turns refusals into answers in the contract's own envelope."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Take the envelope of every problem from the examples of an OpenAPI document.

        Raises:
            KeyError: The document lacks one of them.
        """
        examples = document["components"]["examples"]
        self._envelopes: dict[Problem, dict[str, Any]] = {
            problem: examples[problem.example]["value"] for problem in Problem
        }

    def answer(self, refused: RefusedError) -> Answer:
        """Return the answer, under a request id of its own."""
        own = {"message": str(refused), "request_id": uuid4().hex}
        headers = tuple((name.lower().encode(), value.encode()) for name, value in refused.headers.items())
        return Answer(refused.problem.status, encode({**self._envelopes[refused.problem], **own}), headers)


def encode(value: object) -> bytes:
    """Return a value as JSON text, in ASCII: whatever a message repeats of a request, this does not fail."""
    return json.dumps(value, separators=(",", ":")).encode()
