"""Read business codes and refusals of an OpenAPI document: `x-business-codes`, and extensions such as `x-absent`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from attrs import frozen


@frozen
class BusinessCode:
    """The meaning of a business code: a row of the document's `x-business-codes`.

    Attributes:
        code: The code.
        http_status: The HTTP status that it comes with.
        meaning: A description of the error.
        created: Whether the refused request created something; `earlier` means that an earlier request with the same
            id of the caller may have.
        retry: Whether sending the request again can help, and when.
    """

    code: int
    http_status: int
    meaning: str
    created: Literal["never", "perhaps", "earlier"]
    retry: Literal["never", "after-waiting", "after-look-up"]


@frozen
class DialectRefusal:
    """A refusal as one dialect of gateways phrases it: a row of an extension such as `x-absent`.

    Attributes:
        dialect: The dialect, one of `x-dialects`.
        code: The business code.
        message: The dialect's message, with the names of the request's values in braces, or None if the code suffices.
        pattern: A regular expression for the messages of such responses, or None if the code suffices.
    """

    dialect: str
    code: int
    message: str | None = None
    pattern: re.Pattern[str] | None = None

    def fits(self, code: int | None, message: str | None) -> bool:
        """Return whether a response with this code and message is this refusal."""
        return code == self.code and (self.pattern is None or bool(self.pattern.search(message or "")))


def read_business_codes(document: Mapping[str, Any]) -> dict[int, BusinessCode]:
    """Return the meanings of the business codes of a document, by their numbers."""
    return {
        int(code): BusinessCode(int(code), row["http-status"], row["meaning"], row["created"], row["retry"])
        for code, row in document["x-business-codes"].items()
    }


def read_refusals(definition: Mapping[str, Any], keyword: str) -> tuple[DialectRefusal, ...]:
    """Return the refusals of one kind that an operation object has, such as `x-absent`."""
    return tuple(
        DialectRefusal(
            row["dialect"],
            row["code"],
            row.get("message"),
            re.compile(row["message-matches"], re.DOTALL) if "message-matches" in row else None,
        )
        for row in definition.get(keyword, ())
    )
