"""The dialects of the service, which differ in the words of refusals and in the traces of deletions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kling_elements.mock.refusals import Problem, Refusals, RefusedError
from kling_elements_runtime.document import Document

_MAX_VALUE_LENGTH = 200  # characters of a request's value that a message repeats


class Dialect:
    """One dialect: its words for refusals, and the traces that a deletion leaves.

    Attributes:
        deletion_example: The name of the example for a deletion's response. Empty if the contract has no deletions.
        keeps_deleted: Whether look-ups and lists still show a deleted element.
        counts_all_calls: Whether an external id is refused too if another call of the account used it.
        too_many: The code that refuses one task too many. If this dialect has none, it is another dialect's; if the
            contract has no creates, it is 0.
    """

    def __init__(self, contract: Document, name: str, refusals: Refusals) -> None:
        """Read a dialect from a contract.

        Raises:
            KeyError: The contract has deletions but no response to them in this dialect, or it has creates but no code
                for a create too many.
        """
        self._contract = contract
        self._name = name
        self._refusals = refusals
        deletes = self._definition("deleteElement")
        response: Mapping[str, Any] = deletes["x-deletion"][name] if deletes else {"example": "", "remains": False}
        self.deletion_example: str = response["example"]
        self.keeps_deleted: bool = response["remains"]
        creates = self._definition("createElement")
        self.counts_all_calls = any(
            row["dialect"] == name and row.get("unique-over") == "account" for row in creates.get("x-duplicate", ())
        )
        too_many = sorted(creates["x-too-many"], key=lambda row: row["dialect"] != name) if creates else [{"code": 0}]
        if not too_many:
            raise KeyError("x-too-many")
        self.too_many_code: int = too_many[0]["code"]

    def refusal(self, operation_id: str, *keywords: str, detail: str, **values: object) -> RefusedError:
        """Return the refusal of a request.

        Args:
            operation_id: The operation.
            keywords: The kinds of refusal that fit, such as `x-absent`; the first that the dialect has is used.
            detail: The problem in words, used if the dialect has only a code and no message.
            values: The values of the request that the dialect's message may repeat, by name.
        """
        for row in (row for keyword in keywords for row in self._contract.refusals(operation_id, keyword)):
            if row.dialect == self._name:
                if row.message is None:
                    return self._refusals.refusal_for(row.code, detail)
                shown = {name: str(value)[:_MAX_VALUE_LENGTH] for name, value in values.items()}
                return RefusedError(row.code, row.message.format(**shown))
        return self._refusals.refusal_for(Problem.INVALID_VALUE, detail)  # nobody has seen the real response

    def _definition(self, operation_id: str) -> Mapping[str, Any]:
        operation = self._contract.operations().get(operation_id)
        return operation.definition if operation else {}


def check_dialect(contract: Document, name: str | None) -> str:
    """Check the name of a dialect, and return it; for None, return the contract's first dialect.

    Raises:
        ValueError: The contract has no such dialect.
    """
    names = contract.dialects()
    if name is None:
        return names[0]
    if name not in names:
        raise ValueError(f"there is no dialect {name!r}; use one of {', '.join(names)}")
    return name
